/* Copy and reverse give the symbols once more, in the right order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/task/tasks.h"
#include "tests/task_help.h"

static struct task_sample sample;

static void check_order(const struct lat_task *task, enum lat_supervision supervision, const struct task_pair *pairs) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  for (uint64_t index = 0; index < 200; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[4096], answer[4096];
    task_read_tokens(&setting, &sample, 0, prompt, "", text, sizeof text);
    task_read_targets(&setting, &sample, 0, 1, "", answer, sizeof answer);
    size_t n = strlen(text) - 1;
    assert_int_equal(text[n], '=');
    assert_int_equal(strlen(answer), n);
    for (size_t i = 0; i < n; i++) assert_int_equal(answer[i], task == &lat_task_copy ? text[i] : text[n - 1 - i]);
    for (size_t i = 0; i < sample.shape.sequence; i++)
      assert_int_equal(sample.level[i], i + 1 >= prompt && i + 1 < prompt + n ? (int)n : 0);
  }
}

static void symbols_come_once_more_in_order_or_backwards(void **state) {
  (void)state;
  const struct lat_task *const both[] = {&lat_task_copy, &lat_task_reverse};
  for (int k = 0; k < 2; k++) {
    check_order(both[k], LAT_SUPERVISE_ANSWER, NULL);
    check_order(both[k], LAT_SUPERVISE_TRACE, NULL);
    check_order(both[k], LAT_SUPERVISE_TRACE, (struct task_pair[]){{"length", 1024}, {"symbols", 36}, {0}});
    check_order(both[k], LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"length", 1}, {"symbols", 2}, {0}});
  }
}

static void lengths_and_symbols_are_uniform(void **state) {
  (void)state;
  struct lat_task_setting setting =
      task_setting(&lat_task_copy, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"shortest", 6}, {0}});
  size_t prompt = task_prompt(&setting);
  double length[11] = {0}, symbol[10] = {0};
  for (uint64_t index = 0; index < 10000; index++) {
    task_draw(&setting, 2, index, &sample);
    length[sample.level[prompt - 1]]++;
    symbol[sample.target[prompt - 1]]++;
  }
  for (int n = 6; n <= 10; n++) /* five standard deviations: 40 and 30 */
    if (!(length[n] > 2000 - 200 && length[n] < 2000 + 200)) fail_msg("n = %d: %g", n, length[n]);
  for (int s = 0; s < 10; s++)
    if (!(symbol[s] > 1000 - 150 && symbol[s] < 1000 + 150)) fail_msg("symbol %d: %g", s, symbol[s]);
}

static void without_a_shortest_there_is_no_padding(void **state) {
  (void)state;
  struct lat_task_setting setting =
      task_setting(&lat_task_reverse, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"shortest", 0}, {0}});
  for (uint64_t index = 0; index < 100; index++) {
    task_draw(&setting, 3, index, &sample);
    assert_int_equal(sample.level[10], 10);
    for (size_t i = 0; i < 11; i++) assert_true(sample.token[i] <= 10);
  }
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  const struct lat_task *const both[] = {&lat_task_copy, &lat_task_reverse};
  for (int k = 0; k < 2; k++) {
    task_keeps_its_promises(both[k], NULL);
    task_keeps_its_promises(both[k], (struct task_pair[]){{"length", 1}, {"symbols", 2}, {0}});
    task_keeps_its_promises(both[k], (struct task_pair[]){{"length", 1024}, {"symbols", 36}, {0}});
    task_is_refused(both[k], (struct task_pair[]){{"length", 3}, {"shortest", 4}, {0}}, "shortest");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(symbols_come_once_more_in_order_or_backwards),
      cmocka_unit_test(lengths_and_symbols_are_uniform),
      cmocka_unit_test(without_a_shortest_there_is_no_padding),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
