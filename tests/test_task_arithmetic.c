/* Arithmetic expressions: read again by recursive descent, and reduced again on the text. */
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

static const struct lat_task *const task = &lat_task_arithmetic;

/* An expression as words; values, operations and depth of every sign are written down where it stands. */
static char *word[8192];
static int words, at, p, value_of[8192], size_of[8192], depth_of[8192];

static int modulo(int a) { return (a % p + p) % p; }

/* b^(p-2) is the inverse of b (Fermat). */
static int calculate(char sign, int a, int b) {
  if (sign == '+') return modulo(a + b);
  if (sign == '-') return modulo(a - b);
  if (sign == '*') return modulo(a * b);
  if (b == 0) fail_msg("a division by 0");
  for (int k = 0; k < p - 2; k++) a = modulo(a * b);
  return a;
}

struct reading {
  int value, size, depth;
};

static struct reading sum(void);
static struct reading factor(void) {
  if (strcmp(word[at], "(") != 0) return (struct reading){atoi(word[at++]), 0, 0};
  at++;
  struct reading inside = sum();
  assert_string_equal(word[at++], ")");
  return inside;
}

static struct reading chain(const char *signs, struct reading (*part)(void)) {
  struct reading left = part();
  while (strchr(signs, word[at][0])) {
    int place = at++;
    struct reading right = part();
    left = (struct reading){calculate(word[place][0], left.value, right.value), left.size + right.size + 1,
                            1 + (left.depth > right.depth ? left.depth : right.depth)};
    value_of[place] = left.value, size_of[place] = left.size, depth_of[place] = left.depth;
  }
  return left;
}
static struct reading product(void) { return chain("*/", factor); }
static struct reading sum(void) { return chain("+-", product); }

static int is_number(const char *w) { return w[0] >= '0' && w[0] <= '9'; }
static int is_product(const char *w) { return strchr("*/", w[0]) != NULL; }
static int is_sum(const char *w) { return strchr("+-", w[0]) != NULL; }

/* The words from `from` to "=" with the first a o b replaced that stands by itself: nothing before it that binds as much,
 * nothing behind it that binds more. */
static void reduce_on_text(int from, char *result) {
  int i = from + 1;
  for (;; i++) {
    if (!(is_sum(word[i]) || is_product(word[i])) || !is_number(word[i - 1]) || !is_number(word[i + 1])) continue;
    const char *before = i - 1 > from ? word[i - 2] : "(", *behind = word[i + 2];
    if (is_product(before) || (is_sum(before) && is_sum(word[i])) || (is_sum(word[i]) && is_product(behind))) continue;
    break;
  }
  char number[16];
  snprintf(number, sizeof number, "%d", calculate(word[i][0], atoi(word[i - 1]), atoi(word[i + 1])));
  int first = i - 1, last = i + 1;
  if (first > from && strcmp(word[first - 1], "(") == 0 && strcmp(word[last + 1], ")") == 0) first--, last++;
  result[0] = '\0';
  for (int k = from; strcmp(word[k], "=") != 0; k++) {
    if (k > first && k <= last) continue;
    strcat(strcat(result, result[0] ? " " : ""), k == first ? number : word[k]);
  }
}

static void split_words(char *text) {
  words = 0;
  for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) word[words++] = w;
}

static void check_values(enum lat_supervision supervision, const struct task_pair *pairs, int modulus, int by_depth) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  p = modulus;
  for (uint64_t index = 0; index < 300; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[1 << 14], answer[64];
    task_read_tokens(&setting, &sample, 0, prompt, " ", text, sizeof text);
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", answer, sizeof answer);
    split_words(text);
    at = 0;
    struct reading whole = sum();
    assert_int_equal(at, words - 1);
    assert_string_equal(word[at], "=");
    assert_int_equal(atoi(answer), whole.value);
    for (int i = 0; i < words - 1; i++) {
      size_t place = prompt - (size_t)words + (size_t)i;
      int dense = supervision == LAT_SUPERVISE_DENSE && (is_sum(word[i]) || is_product(word[i]));
      assert_int_equal(sample.target[place], dense ? value_of[i] : -1);
      assert_int_equal(sample.level[place], dense ? (by_depth ? depth_of[i] : size_of[i]) : 0);
    }
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.level[i] > 0) assert_int_equal(sample.level[i], by_depth ? whole.depth : whole.size);
  }
}

static void values_are_those_of_recursive_descent(void **state) {
  (void)state;
  check_values(LAT_SUPERVISE_ANSWER, NULL, 11, 0);
  check_values(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"operations", 8}, {"level", 1}, {0}}, 11, 1);
  check_values(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"operations", 24}, {"modulus", 97}, {0}}, 97, 0);
  check_values(LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"operations", 1}, {"modulus", 3}, {0}}, 3, 0);
}

static void the_trace_does_one_operation_after_the_other_to_the_answer(void **state) {
  (void)state;
  struct lat_task_setting setting =
      task_setting(task, LAT_SUPERVISE_TRACE, (struct task_pair[]){{"operations", 9}, {"modulus", 7}, {0}});
  size_t prompt = task_prompt(&setting);
  p = 7;
  for (uint64_t index = 0; index < 400; index++) {
    task_draw(&setting, 1, index, &sample);
    char text[1 << 14], want[1024], have[1024], *end;
    task_read_tokens(&setting, &sample, 0, prompt, " ", text, sizeof text);
    end = text + strlen(text);
    *end++ = ' ';
    task_read_targets(&setting, &sample, prompt - 1, 0, " ", end, sizeof text - 1 - (size_t)(end - text));
    end += strlen(end);
    *end++ = ' ';
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", end, 16);
    strcat(end, " =");
    split_words(text);
    int from = 0, steps = 0;
    for (int next; (next = from) < words; from = next) {
      while (strcmp(word[next], "=") != 0) next++;
      if (++next == words) break;
      reduce_on_text(from, want);
      have[0] = '\0';
      for (int k = next; strcmp(word[k], "=") != 0; k++) strcat(strcat(have, have[0] ? " " : ""), word[k]);
      assert_string_equal(have, want);
      steps++;
    }
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.level[i] > 0) assert_int_equal(sample.level[i], steps);
  }
}

static void brackets_stand_where_the_rule_says(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"operations", 6}, {0}});
  size_t prompt = task_prompt(&setting), around_sums = 0, around_products = 0;
  for (uint64_t index = 0; index < 500; index++) {
    task_draw(&setting, 2, index, &sample);
    char text[1 << 14];
    task_read_tokens(&setting, &sample, 0, prompt, " ", text, sizeof text);
    split_words(text);
    for (int i = 0; i < words; i++) {
      if (strcmp(word[i], "(") != 0) continue;
      int end = i, open = 0, a_sum = 0;
      do {
        open += strcmp(word[end], "(") == 0, open -= strcmp(word[end], ")") == 0;
        a_sum |= open == 1 && is_sum(word[end]);
      } while (open > 0 && ++end);
      const char *before = i > 0 ? word[i - 1] : "", *behind = word[end + 1];
      int divided = strcmp(before, "/") == 0;
      if (!(divided || (a_sum && (strcmp(before, "*") == 0 || strcmp(before, "-") == 0 || is_product(behind)))))
        fail_msg("brackets between \"%s\" and \"%s\"", before, behind);
      around_sums += (size_t)a_sum, around_products += (size_t)!a_sum;
    }
  }
  assert_true(around_sums > 100 && around_products > 20);
}

static void answers_are_uniform(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, NULL);
  size_t prompt = task_prompt(&setting);
  double count[11] = {0}, sign[4] = {0}, signs = 0;
  for (uint64_t index = 0; index < 11000; index++) {
    task_draw(&setting, 3, index, &sample);
    count[sample.target[prompt - 1]]++;
    for (size_t i = 0; i < prompt; i++)
      if (sample.token[i] >= 13 && sample.token[i] <= 16) sign[sample.token[i] - 13]++, signs++;
  }
  for (int c = 0; c < 11; c++) /* five standard deviations of 30 */
    if (!(count[c] > 850 && count[c] < 1150)) fail_msg("%d: %g", c, count[c]);
  /* Numbers a that fit + - * /: 11 11 11 1 for x = 0, 11 11 10 10 for each of the ten others. */
  const double zero = 1.0 / 11 / 34, other = 10.0 / 11 / 42;
  const double want[4] = {11 * zero + 11 * other, 11 * zero + 11 * other, 11 * zero + 10 * other, zero + 10 * other};
  for (int k = 0; k < 4; k++)
    if (!(sign[k] / signs > want[k] - 0.02 && sign[k] / signs < want[k] + 0.02))
      fail_msg("sign %d: %g", k, sign[k] / signs);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"operations", 1}, {"modulus", 3}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"operations", 24}, {"fewest", 0}, {"modulus", 97}, {0}});
}

static void what_does_not_go_together_is_refused(void **state) {
  (void)state;
  task_is_refused(task, (struct task_pair[]){{"operations", 2}, {"fewest", 3}, {0}}, "fewest");
  task_is_refused(task, (struct task_pair[]){{"modulus", 9}, {0}}, "prime");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_those_of_recursive_descent),
      cmocka_unit_test(the_trace_does_one_operation_after_the_other_to_the_answer),
      cmocka_unit_test(brackets_stand_where_the_rule_says),
      cmocka_unit_test(answers_are_uniform),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(what_does_not_go_together_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
