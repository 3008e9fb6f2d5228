/* Life: the board is what counting neighbours cell by cell gives, on boards of all shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/task/life.h"
#include "lib/task/tasks.h"
#include "tests/task_help.h"

static struct task_sample sample;

static uint64_t step_by_counting(int rows, int columns, uint64_t board) {
  uint64_t next = 0;
  for (int i = 0; i < rows; i++)
    for (int j = 0; j < columns; j++) {
      int living = 0;
      for (int di = -1; di <= 1; di++)
        for (int dj = -1; dj <= 1; dj++)
          if (di != 0 || dj != 0)
            living += (int)(board >> ((i + di + rows) % rows * columns + (j + dj + columns) % columns) & 1);
      int now = (int)(board >> (i * columns + j) & 1);
      if (living == 3 || (living == 2 && now)) next |= UINT64_C(1) << (i * columns + j);
    }
  return next;
}

static void a_step_is_what_counting_gives_on_every_small_board(void **state) {
  (void)state;
  static const int shape[][2] = {{3, 3}, {3, 4}, {4, 3}, {4, 4}, {3, 5}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (uint64_t board = 0; board < UINT64_C(1) << shape[s][0] * shape[s][1]; board++)
      if (lat_life_step((unsigned)shape[s][0], (unsigned)shape[s][1], board) !=
          step_by_counting(shape[s][0], shape[s][1], board))
        fail_msg("%d x %d, board %llx", shape[s][0], shape[s][1], (unsigned long long)board);
}

static void large_boards_step_right_too(void **state) {
  (void)state;
  static const int shape[][2] = {{8, 8}, {7, 9}, {3, 21}, {21, 3}, {5, 5}, {6, 6}};
  struct lat_random random;
  lat_random_start(&random, 1, "boards", 0);
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (int n = 0; n < 500; n++) {
      uint64_t board = lat_random_u64(&random) >> (64 - shape[s][0] * shape[s][1]);
      assert_int_equal(lat_life_step((unsigned)shape[s][0], (unsigned)shape[s][1], board),
                       step_by_counting(shape[s][0], shape[s][1], board));
    }
}

/* A blinker turns, a block stays, a glider is one cell farther on after four steps. */
static void known_figures_do_what_they_are_known_for(void **state) {
  (void)state;
  uint64_t row = UINT64_C(7) << (3 * 8 + 2), column = UINT64_C(0x010101) << (2 * 8 + 3);
  uint64_t block = UINT64_C(0x0303) << 18, glider = UINT64_C(0x070402) << 9, moved = glider;
  assert_int_equal(lat_life_step(8, 8, row), column);
  assert_int_equal(lat_life_step(8, 8, column), row);
  assert_int_equal(lat_life_step(8, 8, block), block);
  for (int t = 0; t < 4; t++) moved = lat_life_step(8, 8, moved);
  assert_true(moved == glider << 9 || moved == glider >> 9 || moved == glider << 7 || moved == glider >> 7);
}

static void the_target_is_the_board_after_the_steps(void **state) {
  (void)state;
  for (int64_t steps = 1; steps <= 4; steps++) {
    const struct task_pair pairs[] = {{"rows", 4}, {"columns", 5}, {"steps", steps}, {0}};
    struct lat_task_setting setting = task_setting(&lat_task_life, LAT_SUPERVISE_ANSWER, pairs);
    uint64_t alive = 0;
    for (uint64_t index = 0; index < 400; index++) {
      uint64_t board = 0;
      task_draw(&setting, 3, index, &sample);
      assert_int_equal(sample.shape.sequence, 20);
      for (int i = 0; i < 20; i++) board |= (uint64_t)sample.token[i] << i;
      for (int i = 0; i < 20; i++) alive += (uint64_t)sample.token[i];
      for (int64_t t = 0; t < steps; t++) board = step_by_counting(4, 5, board);
      for (int i = 0; i < 20; i++) {
        assert_int_equal(sample.target[i], board >> i & 1);
        assert_int_equal(sample.level[i], steps);
      }
    }
    /* fair cells: five standard deviations of 8000 are 224 */
    assert_true(alive > 4000 - 224 && alive < 4000 + 224);
  }
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(&lat_task_life, NULL);
  task_keeps_its_promises(&lat_task_life, (struct task_pair[]){{"rows", 8}, {"steps", 9}, {0}});
  task_keeps_its_promises(&lat_task_life, (struct task_pair[]){{"rows", 21}, {"columns", 3}, {0}});
}

static void boards_without_a_place_are_refused(void **state) {
  (void)state;
  task_is_refused(&lat_task_life, (struct task_pair[]){{"rows", 9}, {0}}, "64 cells");
  task_is_refused(&lat_task_life, (struct task_pair[]){{"columns", 2}, {0}}, "3 columns");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_is_what_counting_gives_on_every_small_board),
      cmocka_unit_test(large_boards_step_right_too),
      cmocka_unit_test(known_figures_do_what_they_are_known_for),
      cmocka_unit_test(the_target_is_the_board_after_the_steps),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(boards_without_a_place_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
