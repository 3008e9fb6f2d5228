/* life_bandwidth: the bound is that of a count by hand, no network exceeds it on all boards, and bad values are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "experiments/life_bandwidth/bound.h"
#include "lib/base/status.h"
#include "lib/nn/tape.h"
#include "lib/task/life.h"
#include "lib/train/bottleneck.h"
#include "tests/made_up.h"

enum { BOARDS = 512, CELLS = 9, STEPS = 2 };

/* Share of all first boards that the network answers in every cell. */
static double success(const struct lat_learner *learner) {
  static int32_t token[BOARDS * CELLS];
  struct lat_tape *tape;
  struct lat_array *out[STEPS];
  size_t whole = 0;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  for (size_t i = 0; i < BOARDS * CELLS; i++) token[i] = (int32_t)(i / CELLS >> i % CELLS & 1);
  struct lat_learner_pass pass = {
      .tape = tape, .batch = BOARDS, .sequence = CELLS, .token = token, .steps = STEPS, .through = SIZE_MAX, .logits = out};
  assert_int_equal(learner->run(learner, &pass), LAT_OK);
  for (uint64_t first = 0; first < BOARDS; first++) {
    uint64_t board = lat_life_step(3, 3, lat_life_step(3, 3, first)), got = 0;
    for (size_t i = 0; i < CELLS; i++) {
      const float *logit = out[STEPS - 1]->value + 2 * (first * CELLS + i);
      got |= (uint64_t)(logit[1] > logit[0]) << i;
    }
    whole += got == board;
  }
  lat_tape_free(tape);
  return (double)whole / BOARDS;
}

static void no_network_exceeds_the_bound_on_all_boards(void **state) {
  (void)state;
  double bound[CELLS + 1];
  size_t distinct;
  assert_int_equal(lat_life_bound(3, 3, STEPS, bound, &distinct), LAT_OK);
  assert_true(distinct > 1 && distinct < BOARDS && bound[CELLS] >= 1 && bound[0] < 1);
  for (size_t c = 1; c <= CELLS; c++)
    for (int explicit_weights = 0; explicit_weights < 2; explicit_weights++) {
      struct lat_bottleneck config = {.rows = 3, .columns = 3, .width = 2, .hidden = 4, .channels = c, .bits = 1};
      struct lat_learner *learner;
      assert_int_equal(lat_learner_bottleneck(&config, c, &learner), LAT_OK);
      if (explicit_weights) assert_int_equal(lat_bottleneck_construct(learner), LAT_OK);
      double share = success(learner);
      if (!(share <= bound[c])) fail_msg("%g with %zu bits, bound %g", share, c, bound[c]);
      if (explicit_weights && c == CELLS && !(share >= 1)) fail_msg("%g with a bit a cell", share);
      lat_learner_free(learner);
    }
}

/* No bits: the commonest final board, counted another way. */
static void without_bits_the_commonest_board_is_the_best_answer(void **state) {
  (void)state;
  double bound[13];
  size_t distinct, most = 0;
  static size_t count[4096];
  for (uint64_t first = 0; first < 4096; first++) {
    size_t now = ++count[lat_life_step(3, 4, first)];
    if (now > most) most = now;
  }
  assert_int_equal(lat_life_bound(3, 4, 1, bound, &distinct), LAT_OK);
  assert_true(fabs(bound[0] - (double)most / 4096) <= 0);
  for (size_t w = 1; w <= 12; w++) assert_true(bound[w] >= bound[w - 1]);
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("life_bandwidth", "how=guessed", "how is constructed or trained");
  made_up_refuses("life_bandwidth", "board=5x5", "20 cells at most");
  made_up_refuses("life_bandwidth", "control=half", "none, cut or wide");
}

static void the_same_bytes_for_any_threads(void **state) {
  (void)state;
  made_up_runs_twice("life_bandwidth");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_network_exceeds_the_bound_on_all_boards),
      cmocka_unit_test(without_bits_the_commonest_board_is_the_best_answer),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(the_same_bytes_for_any_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
