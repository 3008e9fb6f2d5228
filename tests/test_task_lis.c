/* Longest increasing subsequences, against all subsequences. */
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

static const struct lat_task *const task = &lat_task_lis;

static int numbers_of(const struct lat_task_setting *setting, size_t prompt, int *number) {
  char text[4096];
  int n = 0;
  task_read_tokens(setting, &sample, 0, prompt, " ", text, sizeof text);
  for (char *w = strtok(text, " "); strcmp(w, "=") != 0; w = strtok(NULL, " ")) number[n++] = atoi(w);
  return n;
}

/* Of all 2^n subsequences, the longest increasing one that ends with number i. */
static void try_all(const int *number, int n, int *longest) {
  for (int i = 0; i < n; i++) longest[i] = 0;
  for (unsigned chosen = 1; chosen < 1U << n; chosen++) {
    int size = 0, last = -1, increasing = 1, where = 0;
    for (int i = 0; i < n; i++)
      if (chosen >> i & 1U) {
        increasing &= number[i] > last;
        last = number[i], where = i, size++;
      }
    if (increasing && size > longest[where]) longest[where] = size;
  }
}

static void check_rows(enum lat_supervision supervision, const struct task_pair *pairs) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  for (uint64_t index = 0; index < 300; index++) {
    task_draw(&setting, 1, index, &sample);
    int number[16], longest[16], n = numbers_of(&setting, prompt, number), most = 0;
    char answer[64], steps[256], want[256] = "";
    try_all(number, n, longest);
    for (int i = 0; i < n; i++) {
      size_t place = prompt - 1 - (size_t)(n - i);
      if (longest[i] > most) most = longest[i];
      sprintf(want + strlen(want), i > 0 ? " %d" : "%d", longest[i]);
      assert_int_equal(sample.target[place], supervision == LAT_SUPERVISE_DENSE ? longest[i] : -1);
      assert_int_equal(sample.level[place], supervision == LAT_SUPERVISE_DENSE ? i + 1 : 0);
    }
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", answer, sizeof answer);
    task_read_targets(&setting, &sample, prompt - 1, 0, " ", steps, sizeof steps);
    assert_int_equal(atoi(answer), most);
    assert_string_equal(steps, supervision == LAT_SUPERVISE_TRACE ? want : "");
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.level[i] > 0) assert_int_equal(sample.level[i], n);
  }
}

static void lengths_are_those_of_the_best_of_all_subsequences(void **state) {
  (void)state;
  check_rows(LAT_SUPERVISE_ANSWER, NULL);
  check_rows(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"length", 11}, {"values", 11}, {"shortest", 1}, {0}});
  check_rows(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"shortest", 2}, {"values", 1024}, {0}});
}

static void planted_runs_spread_the_answers(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, NULL);
  size_t prompt = task_prompt(&setting);
  double count[11] = {0}, commonest = 0;
  for (uint64_t index = 0; index < 5000; index++) {
    task_draw(&setting, 2, index, &sample);
    count[sample.target[prompt - 1]]++;
  }
  for (int c = 1; c <= 10; c++)
    if (count[c] > commonest) commonest = count[c];
  if (!(commonest / 5000 < 0.30)) fail_msg("one answer has %g", commonest / 5000);
  for (int c = 3; c <= 10; c++)
    if (!(count[c] > 50)) fail_msg("length %d occurs %g times", c, count[c]);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"length", 1}, {"values", 2}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"length", 128}, {"shortest", 1}, {"values", 1024}, {0}});
}

static void what_does_not_go_together_is_refused(void **state) {
  (void)state;
  task_is_refused(task, (struct task_pair[]){{"length", 2}, {"shortest", 3}, {0}}, "shortest");
  task_is_refused(task, (struct task_pair[]){{"length", 5}, {"values", 4}, {0}}, "values");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_are_those_of_the_best_of_all_subsequences),
      cmocka_unit_test(planted_runs_spread_the_answers),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(what_does_not_go_together_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
