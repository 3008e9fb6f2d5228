/* Where slots stand, what they replace and what is asked of them: each layout written out by hand for one word over Z5, whose
 * trace is p1 p2 p3 and whose answer is p4. */
#include "lib/task/thinking.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/task/task.h"

enum { MOST = 16, SLOT = 6, MARK = 5 };

static int32_t x[4], p[4];

static struct lat_task_setting words(struct lat_thinking thinking) {
  struct lat_task_setting setting;
  assert_int_equal(lat_task_parse("words:group=z5:length=4:supervision=trace", &setting), LAT_OK);
  int32_t token[MOST], target[MOST], level[MOST];
  struct lat_example own = {token, target, level, NULL};
  lat_task_make(&setting, 3, "test", 17, &own);
  for (int i = 0; i < 4; i++) x[i] = token[i], p[i] = (i > 0 ? p[i - 1] + x[i] : x[i]) % 5;
  setting.thinking = thinking;
  return setting;
}

/* Tokens and targets until -2; targets: 0 nothing, else the number of the running product that is asked. */
static void must_be(struct lat_thinking thinking, const int32_t *token, const int *asked) {
  struct lat_task_setting setting = words(thinking);
  struct lat_task_shape shape;
  assert_int_equal(lat_task_shape(&setting, &shape), LAT_OK);
  assert_int_equal(shape.vocabulary, SLOT + thinking.tokens);
  assert_int_equal(shape.classes, 5);
  assert_int_equal(shape.prompt, 5 + thinking.slots);
  int32_t got[MOST], target[MOST], level[MOST];
  struct lat_example example = {got, target, level, NULL};
  lat_task_make(&setting, 3, "test", 17, &example);
  size_t i = 0;
  for (; token[i] != -2; i++) {
    assert_int_equal(got[i], token[i]);
    assert_int_equal(target[i], asked[i] > 0 ? p[asked[i] - 1] : -1);
    assert_int_equal(level[i], asked[i] == 4 ? 4 : 0);
  }
  assert_int_equal(shape.sequence, i);
}

static void layouts_are_as_written(void **state) {
  (void)state;
  words((struct lat_thinking){0}); /* fills x and p */
  int32_t a = x[0], b = x[1], c = x[2], d = x[3];
  /* chain of thought; one step removed; all removed, nothing in their place */
  must_be((struct lat_thinking){.tokens = 1}, (int32_t[]){a, b, c, d, MARK, p[0], p[1], p[2], -2},
          (int[]){0, 0, 0, 0, 1, 2, 3, 4});
  must_be((struct lat_thinking){.tokens = 1, .removed = 1, .labels = LAT_LABELS_REST},
          (int32_t[]){a, b, c, d, MARK, p[1], p[2], -2}, (int[]){0, 0, 0, 0, 2, 3, 4});
  must_be((struct lat_thinking){.tokens = 1, .removed = 3, .labels = LAT_LABELS_REST}, (int32_t[]){a, b, c, d, MARK, -2},
          (int[]){0, 0, 0, 0, 4});
  /* every step a slot */
  must_be((struct lat_thinking){.tokens = 1, .slots = 3, .removed = 3}, (int32_t[]){a, b, c, d, MARK, SLOT, SLOT, SLOT, -2},
          (int[]){0, 0, 0, 0, 1, 2, 3, 4});
  must_be((struct lat_thinking){.tokens = 1, .slots = 2, .removed = 2, .labels = LAT_LABELS_REST},
          (int32_t[]){a, b, c, d, MARK, SLOT, SLOT, p[2], -2}, (int[]){0, 0, 0, 0, 0, 0, 3, 4});
  must_be((struct lat_thinking){.tokens = 1, .slots = 1, .removed = 1, .labels = LAT_LABELS_NEXT},
          (int32_t[]){a, b, c, d, MARK, SLOT, p[1], p[2], -2}, (int[]){0, 0, 0, 0, 0, 2, 0, 0});
  must_be((struct lat_thinking){.tokens = 1, .slots = 1, .removed = 1, .labels = LAT_LABELS_ANSWER},
          (int32_t[]){a, b, c, d, MARK, SLOT, p[1], p[2], -2}, (int[]){0, 0, 0, 0, 0, 0, 0, 4});
  /* two slots a step, told apart */
  must_be((struct lat_thinking){.tokens = 2, .slots = 4, .removed = 2},
          (int32_t[]){a, b, c, d, MARK, SLOT, SLOT + 1, SLOT, SLOT + 1, p[2], -2}, (int[]){0, 0, 0, 0, 1, 0, 2, 0, 3, 4});
  /* the steps that were removed and the one behind them, and nothing further is told */
  must_be((struct lat_thinking){.tokens = 1, .slots = 1, .removed = 1, .labels = LAT_LABELS_REACHED},
          (int32_t[]){a, b, c, d, MARK, SLOT, -2}, (int[]){0, 0, 0, 0, 1, 2});
  must_be((struct lat_thinking){.tokens = 1, .labels = LAT_LABELS_REACHED}, (int32_t[]){a, b, c, d, MARK, -2},
          (int[]){0, 0, 0, 0, 1});
  must_be((struct lat_thinking){.tokens = 1, .slots = 3, .removed = 3, .labels = LAT_LABELS_REACHED},
          (int32_t[]){a, b, c, d, MARK, SLOT, SLOT, SLOT, -2}, (int[]){0, 0, 0, 0, 1, 2, 3, 4});
  /* pauses: no step removed, and before the question */
  must_be((struct lat_thinking){.tokens = 1, .slots = 2, .labels = LAT_LABELS_REST},
          (int32_t[]){a, b, c, d, MARK, SLOT, SLOT, p[0], p[1], p[2], -2}, (int[]){0, 0, 0, 0, 0, 0, 1, 2, 3, 4});
  must_be((struct lat_thinking){.tokens = 1, .slots = 2, .removed = 3, .before = 1, .labels = LAT_LABELS_ANSWER},
          (int32_t[]){SLOT, SLOT, a, b, c, d, MARK, -2}, (int[]){0, 0, 0, 0, 0, 0, 4});
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  struct lat_task_shape shape;
  static const struct lat_thinking wrong[] = {{.tokens = 1, .slots = 4, .removed = 4},
                                              {.tokens = 1, .slots = 1, .removed = 2},
                                              {.tokens = 1, .slots = 3, .removed = 2, .before = 1}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct lat_task_setting setting = words(wrong[i]);
    assert_int_equal(lat_task_shape(&setting, &shape), LAT_INPUT);
  }
  struct lat_task_setting dense = words((struct lat_thinking){.tokens = 1, .slots = 1});
  dense.supervision = LAT_SUPERVISE_DENSE;
  assert_int_equal(lat_task_shape(&dense, &shape), LAT_INPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layouts_are_as_written), cmocka_unit_test(what_cannot_be_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
