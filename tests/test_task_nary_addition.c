/* n-ary addition: the sums are right, and so is every step on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"
#include "tests/task_help.h"

static const struct lat_task *const task = &lat_task_nary_addition;
static struct task_sample sample;

static int value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Adds by columns, as on paper, on texts with the most significant digit first. */
static void add_on_paper(char *sum, const char *number, int base) {
  int carry = 0;
  size_t wide = strlen(sum), own = strlen(number);
  for (size_t k = 0; k < wide; k++) {
    int column = value(sum[wide - 1 - k]) + (k < own ? value(number[own - 1 - k]) : 0) + carry;
    carry = column / base;
    column %= base;
    sum[wide - 1 - k] = (char)(column < 10 ? '0' + column : 'a' + column - 10);
  }
  assert_int_equal(carry, 0);
}

static void turn(char *text) {
  for (size_t i = 0, n = strlen(text); i < n / 2; i++) {
    char c = text[i];
    text[i] = text[n - 1 - i], text[n - 1 - i] = c;
  }
}

static void check_sums(enum lat_supervision supervision, const struct task_pair *pairs, int least_first, int base) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  for (uint64_t index = 0; index < 300; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[1024], answer[64], running[4096], steps[4096] = "", sum[64], *rest = text;
    task_read_tokens(&setting, &sample, 0, prompt, "", text, sizeof text);
    task_read_targets(&setting, &sample, prompt - 1, 1, "", answer, sizeof answer);
    task_read_targets(&setting, &sample, prompt - 1, 0, "", running, sizeof running);
    memset(sum, '0', strlen(answer));
    sum[strlen(answer)] = '\0';
    int operands = 0;
    for (char *end; *rest; rest = end + 1) {
      assert_non_null(end = strpbrk(rest, "+="));
      char sign = *end;
      *end = '\0';
      if (least_first) turn(rest);
      add_on_paper(sum, rest, base);
      operands++;
      if (operands > 1 && sign == '+') {
        if (least_first) turn(sum);
        strcat(strcat(steps, sum), ";");
        if (least_first) turn(sum);
      }
    }
    if (least_first) turn(sum);
    assert_string_equal(answer, sum);
    assert_string_equal(running, supervision == LAT_SUPERVISE_TRACE ? steps : "");
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.target[i] >= 0 && sample.level[i] > 0) assert_int_equal(sample.level[i], operands);
  }
}

static void the_answer_and_every_running_sum_are_those_of_paper_addition(void **state) {
  (void)state;
  check_sums(LAT_SUPERVISE_ANSWER, NULL, 1, 10);
  check_sums(LAT_SUPERVISE_TRACE, NULL, 1, 10);
  check_sums(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"order", 1}, {"digits", 3}, {"operands", 5}, {0}}, 0, 10);
  check_sums(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"base", 36}, {"digits", 9}, {"operands", 64}, {"fewest", 0}, {0}},
             1, 36);
  check_sums(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"base", 2}, {"digits", 1}, {"operands", 1}, {"fewest", 1}, {0}}, 1,
             2);
}

static void dense_targets_are_the_digits_of_the_sum_so_far(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_DENSE, (struct task_pair[]){{"digits", 3}, {0}});
  size_t prompt = task_prompt(&setting);
  for (uint64_t index = 0; index < 200; index++) {
    task_draw(&setting, 2, index, &sample);
    int sum = 0, seen = 0;
    for (size_t i = 0; i < prompt; i += 4) {
      char text[64], want[8];
      task_read_tokens(&setting, &sample, i, i + 3, "", text, sizeof text);
      if (text[0] == '\0') continue;
      turn(text);
      int number;
      assert_int_equal(sscanf(text, "%d", &number), 1);
      sum += number, seen++;
      snprintf(want, sizeof want, "%03d", sum % 1000);
      for (size_t k = 0; k < 3; k++) {
        assert_int_equal(sample.target[i + k], seen > 1 ? want[2 - k] - '0' : -1);
        assert_int_equal(sample.level[i + k], seen > 1 ? seen : 0);
      }
    }
    assert_true(seen >= 2 && seen <= 8);
  }
}

static void the_papers_trace_is_the_answer_alone(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_TRACE, (struct task_pair[]){{"trace", 1}, {0}});
  task_draw(&setting, 3, 0, &sample);
  assert_int_equal(sample.shape.sequence, 8 * 3 + 3 - 1);
  char steps[64];
  task_read_targets(&setting, &sample, 0, 0, "", steps, sizeof steps);
  assert_string_equal(steps, "");
}

static void the_number_of_operands_and_the_low_digit_are_uniform(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, NULL);
  size_t prompt = task_prompt(&setting);
  double operands[9] = {0}, low[10] = {0}, examples = 14000;
  for (uint64_t index = 0; index < 14000; index++) {
    task_draw(&setting, 4, index, &sample);
    operands[sample.level[prompt - 1]]++;
    low[sample.target[prompt - 1]]++;
  }
  /* five standard deviations of a binomial count */
  for (int n = 2; n <= 8; n++)
    if (!(operands[n] > examples / 7 - 208 && operands[n] < examples / 7 + 208)) fail_msg("n = %d: %g", n, operands[n]);
  for (int d = 0; d < 10; d++)
    if (!(low[d] > examples / 10 - 178 && low[d] < examples / 10 + 178)) fail_msg("digit %d: %g", d, low[d]);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"operands", 1}, {"fewest", 1}, {"digits", 1}, {"base", 2}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"operands", 2}, {"fewest", 0}, {"order", 1}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"operands", 64}, {"digits", 9}, {"base", 36}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"trace", 1}, {0}});
}

static void more_operands_at_least_than_at_most_are_refused(void **state) {
  (void)state;
  task_is_refused(task, (struct task_pair[]){{"operands", 1}, {0}}, "fewest");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_answer_and_every_running_sum_are_those_of_paper_addition),
      cmocka_unit_test(dense_targets_are_the_digits_of_the_sum_so_far),
      cmocka_unit_test(the_papers_trace_is_the_answer_alone),
      cmocka_unit_test(the_number_of_operands_and_the_low_digit_are_uniform),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(more_operands_at_least_than_at_most_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
