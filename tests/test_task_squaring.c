/* Iterated squaring, against powers by Fermat's theorem. */
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

static const struct lat_task *const task = &lat_task_squaring;

/* r^(2^n) mod p: the exponent modulo p - 1, then as many products. */
static int power_of(int r, int n, int p) {
  int exponent = 1, value = 1;
  for (int k = 0; k < n; k++) exponent = exponent * 2 % (p - 1);
  for (int k = 0; k < exponent; k++) value = value * r % p;
  return value;
}

static void check_powers(enum lat_supervision supervision, const struct task_pair *pairs, size_t most) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  int seen[1000] = {0};
  size_t moduli = 0;
  for (uint64_t index = 0; index < 400; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[1024], answer[64], steps[1024], want[1024] = "";
    int p, r, n = 0;
    task_read_tokens(&setting, &sample, 0, prompt, " ", text, sizeof text);
    assert_int_equal(sscanf(text, "mod%d %d", &p, &r), 2);
    for (const char *at = text; (at = strstr(at, "^2")); at++) n++;
    assert_true(r >= 2 && r <= p - 2 && n >= 1);
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", answer, sizeof answer);
    assert_int_equal(atoi(answer), power_of(r, n, p));
    for (int k = 1; k < n; k++) sprintf(want + strlen(want), k > 1 ? " %d" : "%d", power_of(r, k, p));
    task_read_targets(&setting, &sample, prompt - 1, 0, " ", steps, sizeof steps);
    assert_string_equal(steps, supervision == LAT_SUPERVISE_TRACE ? want : "");
    for (int k = 1; k <= n; k++) {
      size_t at = prompt - 2 - (size_t)(n - k);
      assert_int_equal(sample.target[at], supervision == LAT_SUPERVISE_DENSE ? power_of(r, k, p) : -1);
      assert_int_equal(sample.level[at], supervision == LAT_SUPERVISE_DENSE ? k : 0);
    }
    moduli += !seen[p];
    seen[p] = 1;
  }
  assert_int_equal(moduli, most);
}

static void every_square_is_the_power_that_fermat_gives(void **state) {
  (void)state;
  check_powers(LAT_SUPERVISE_ANSWER, NULL, 1);
  check_powers(LAT_SUPERVISE_DENSE, NULL, 1);
  check_powers(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"squarings", 64}, {"modulus", 997}, {0}}, 1);
  check_powers(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"moduli", 15}, {0}}, 15); /* 5, 7, .. 59 */
}

static void a_modulus_that_is_no_prime_means_the_next_prime_below(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"modulus", 58}, {0}});
  task_draw(&setting, 1, 0, &sample);
  assert_int_equal(sample.shape.classes, 53);
}

/* Squares modulo 59 are a group of 29 on which squaring is a permutation: no answer is commoner than another. */
static void answers_are_balanced_at_the_default(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, NULL);
  size_t prompt = task_prompt(&setting), classes = 0;
  double count[59] = {0};
  for (uint64_t index = 0; index < 14000; index++) {
    task_draw(&setting, 2, index, &sample);
    count[sample.target[prompt - 1]]++;
  }
  for (int c = 0; c < 59; c++) {
    classes += count[c] > 0;
    if (!(count[c] < 620)) fail_msg("%d: %g", c, count[c]); /* 500 expected, deviation 22 */
  }
  assert_int_equal(classes, 28); /* without 1 */
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"squarings", 1}, {"modulus", 5}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"squarings", 64}, {"modulus", 997}, {"moduli", 64}, {0}});
}

static void what_does_not_go_together_is_refused(void **state) {
  (void)state;
  task_is_refused(task, (struct task_pair[]){{"squarings", 2}, {"fewest", 3}, {0}}, "fewest");
  task_is_refused(task, (struct task_pair[]){{"modulus", 10}, {"moduli", 3}, {0}}, "moduli");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_square_is_the_power_that_fermat_gives),
      cmocka_unit_test(a_modulus_that_is_no_prime_means_the_next_prime_below),
      cmocka_unit_test(answers_are_balanced_at_the_default),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(what_does_not_go_together_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
