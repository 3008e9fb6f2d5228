/* Addition: digits, carries and what decides a digit, against whole numbers. */
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

static const struct lat_task *const task = &lat_task_addition;

static long long read_number(const char *text, size_t n, int least_first, int base) {
  long long number = 0;
  for (size_t k = 0; k < n; k++) {
    char c = text[least_first ? n - 1 - k : k];
    number = number * base + (c <= '9' ? c - '0' : c - 'a' + 10);
  }
  return number;
}

static long long power(long long base, size_t k) { return k == 0 ? 1 : base * power(base, k - 1); }

/* The least number of places, from k downwards, for which what lies below them cannot change digit k. */
static int decided_by(long long a, long long b, size_t k, int base) {
  int w = 1;
  for (; (size_t)w <= k; w++) {
    long long below = power(base, k + 1 - (size_t)w), up = a / below + b / below;
    if (up / power(base, (size_t)w - 1) % base == (up + 1) / power(base, (size_t)w - 1) % base) break;
  }
  return w;
}

static void check_sums(enum lat_supervision supervision, const struct task_pair *pairs, int least_first, int base,
                       int reach) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  for (uint64_t index = 0; index < 300; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[256], answer[256], carries[256];
    task_read_tokens(&setting, &sample, 0, prompt, "", text, sizeof text);
    task_read_targets(&setting, &sample, prompt - 1, 1, "", answer, sizeof answer);
    task_read_targets(&setting, &sample, prompt - 1, 0, "", carries, sizeof carries);
    size_t n = strlen(text) / 2 - 1;
    assert_true(text[n] == '+' && text[2 * n + 1] == '=' && strlen(answer) == n + 1);
    long long a = read_number(text, n, least_first, base), b = read_number(text + n + 1, n, least_first, base);
    assert_true(read_number(answer, n + 1, least_first, base) == a + b);
    if (supervision == LAT_SUPERVISE_TRACE) {
      assert_int_equal(strlen(carries), n);
      for (size_t k = 1; k <= n; k++)
        assert_int_equal(carries[k - 1] - '0', a % power(base, k) + b % power(base, k) >= power(base, k));
    }
    size_t first = 0; /* of the answer's places */
    while (sample.level[first] == 0 || first + 1 < prompt) first++;
    for (size_t i = 0; i <= n; i++) {
      size_t place = least_first ? i : n - i;
      assert_int_equal(sample.level[first + i], reach ? decided_by(a, b, place, base) : (int)n);
    }
    if (supervision == LAT_SUPERVISE_DENSE)
      for (size_t i = 0; i < n; i++) {
        size_t at = prompt - 1 - n + i, place = least_first ? i : n - 1 - i;
        assert_true(sample.target[at] == (a + b) / power(base, place) % base);
        assert_int_equal(sample.level[at], reach ? decided_by(a, b, place, base) : (int)n);
      }
  }
}

static void digits_carries_and_levels_are_those_of_whole_numbers(void **state) {
  (void)state;
  check_sums(LAT_SUPERVISE_ANSWER, NULL, 1, 10, 0);
  check_sums(LAT_SUPERVISE_TRACE, NULL, 1, 10, 0);
  check_sums(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"digits", 18}, {"order", 1}, {"level", 1}, {0}}, 0, 10, 1);
  check_sums(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"digits", 40}, {"base", 2}, {"level", 1}, {0}}, 1, 2, 1);
  check_sums(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"digits", 11}, {"base", 36}, {"order", 1}, {0}}, 0, 36, 0);
}

static void long_chains_of_carries_occur(void **state) {
  (void)state;
  struct lat_task_setting setting =
      task_setting(task, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"digits", 20}, {"base", 2}, {"level", 1}, {0}});
  int longest = 0;
  for (uint64_t index = 0; index < 500; index++) {
    task_draw(&setting, 2, index, &sample);
    for (size_t i = 0; i < sample.shape.sequence; i++)
      if (sample.level[i] > longest) longest = sample.level[i];
  }
  assert_true(longest >= 8 && longest <= 21);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"digits", 1}, {"base", 2}, {"level", 1}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"digits", 512}, {"base", 36}, {"order", 1}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"trace", 1}, {"shortest", 0}, {0}});
  task_is_refused(task, (struct task_pair[]){{"digits", 3}, {"shortest", 4}, {0}}, "shortest");
}

static void the_answer_alone_has_no_carries(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_TRACE, (struct task_pair[]){{"trace", 1}, {0}});
  task_draw(&setting, 3, 0, &sample);
  assert_int_equal(sample.shape.sequence, 12 + 5);
  char carries[64];
  task_read_targets(&setting, &sample, 0, 0, "", carries, sizeof carries);
  assert_string_equal(carries, "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(digits_carries_and_levels_are_those_of_whole_numbers),
      cmocka_unit_test(long_chains_of_carries_occur),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(the_answer_alone_has_no_carries),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
