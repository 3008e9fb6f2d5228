/* Edit distance, against the cheapest of all ways of editing. */
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

static const struct lat_task *const task = &lat_task_edit_distance;

/* The cheapest way, by trying every first edit: no table. */
static int cheapest(const char *a, int n, const char *b, int m) {
  if (n == 0 || m == 0) return 2 * (n + m);
  int drop = 2 + cheapest(a + 1, n - 1, b, m), put = 2 + cheapest(a, n, b + 1, m - 1);
  int keep = (a[0] == b[0] ? 0 : 3) + cheapest(a + 1, n - 1, b + 1, m - 1), best = drop < put ? drop : put;
  return best < keep ? best : keep;
}

static void check_tables(enum lat_supervision supervision, const struct task_pair *pairs, int n, int slack, int letters) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  int shortest = 100, longest = 0;
  for (uint64_t index = 0; index < 150; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[256], answer[64], steps[4096], want[4096] = "", *bar, *end;
    task_read_tokens(&setting, &sample, 0, prompt, "", text, sizeof text);
    assert_non_null(bar = strchr(text, '|'));
    assert_non_null(end = strchr(text, '='));
    int m = (int)(end - bar) - 1, used = 0;
    assert_int_equal(bar - text, n);
    if (m < shortest) shortest = m;
    if (m > longest) longest = m;
    for (char c = 'a'; c <= 'z'; c++) used += strchr(text, c) != NULL;
    assert_true(used <= letters);
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", answer, sizeof answer);
    task_read_targets(&setting, &sample, prompt - 1, 0, " ", steps, sizeof steps);
    assert_int_equal(atoi(answer), cheapest(text, n, bar + 1, m));
    if (supervision == LAT_SUPERVISE_TRACE) {
      for (int i = 1; i <= n; i++) {
        for (int j = 1; j <= m; j++) sprintf(want + strlen(want), "%d ", cheapest(text, i, bar + 1, j));
        strcat(want, i < n ? ", " : ",");
      }
      assert_string_equal(steps, want);
    }
    for (int j = 1; j <= m; j++) {
      size_t place = prompt - 2 - (size_t)(m - j);
      assert_int_equal(sample.target[place], supervision == LAT_SUPERVISE_DENSE ? cheapest(text, n, bar + 1, j) : -1);
      assert_int_equal(sample.level[place], supervision == LAT_SUPERVISE_DENSE ? j : 0);
    }
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.level[i] > 0) assert_int_equal(sample.level[i], m);
  }
  assert_int_equal(shortest, n > slack ? n - slack : 1);
  assert_int_equal(longest, n + slack);
}

static void costs_are_those_of_the_cheapest_of_all_ways(void **state) {
  (void)state;
  check_tables(LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"length", 7}, {0}}, 7, 2, 10);
  check_tables(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"length", 5}, {"slack", 3}, {"letters", 26}, {0}}, 5, 3, 26);
  check_tables(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"length", 4}, {"slack", 1}, {"letters", 2}, {0}}, 4, 1, 2);
  check_tables(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"length", 1}, {"slack", 1}, {0}}, 1, 1, 10);
  check_tables(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"length", 3}, {"slack", 0}, {0}}, 3, 0, 10);
}

static void both_near_and_far_strings_occur(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, NULL);
  size_t prompt = task_prompt(&setting);
  double near = 0, far = 0, count[32] = {0}, commonest = 0;
  for (uint64_t index = 0; index < 4000; index++) {
    task_draw(&setting, 2, index, &sample);
    int32_t cost = sample.target[prompt - 1];
    near += cost <= 5, far += cost >= 14, count[cost]++;
  }
  for (int c = 0; c < 29; c++)
    if (count[c] > commonest) commonest = count[c];
  if (!(near / 4000 > 0.1 && far / 4000 > 0.2)) fail_msg("near %g, far %g", near / 4000, far / 4000);
  if (!(commonest / 4000 < 0.2)) fail_msg("one cost has %g", commonest / 4000);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"length", 1}, {"slack", 0}, {"letters", 2}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"length", 48}, {"slack", 8}, {"letters", 26}, {0}});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_are_those_of_the_cheapest_of_all_ways),
      cmocka_unit_test(both_near_and_far_strings_occur),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
