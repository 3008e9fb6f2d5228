/* Mano: every value is what another reading of the expression gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/task/tasks.h"
#include "tests/task_help.h"

static const struct lat_task *const task = &lat_task_mano;
static struct task_sample sample;

/* The expression as words, read by recursion; what was found is written down on the way. */
static char text[2048], found[2048];
static char *word[256];
static int words, at, modulus, value_of[256], size_of[256], depth_of[256];

static int combine(char sign, int a, int b) {
  int value = sign == '+' ? a + b : sign == '-' ? a - b : a * b;
  value %= modulus;
  return value < 0 ? value + modulus : value;
}

static int is_sign(const char *w) { return strchr("+-*", w[0]) && w[1] == '\0'; }

static int read_prefix(int *size, int *depth) {
  int own = at++, left_size, right_size, left_depth, right_depth;
  *size = *depth = 0;
  if (!is_sign(word[own])) return atoi(word[own]);
  int left = read_prefix(&left_size, &left_depth), right = read_prefix(&right_size, &right_depth);
  value_of[own] = combine(word[own][0], left, right);
  size_of[own] = *size = left_size + right_size + 1;
  depth_of[own] = *depth = 1 + (left_depth > right_depth ? left_depth : right_depth);
  sprintf(found + strlen(found), "%d ", value_of[own]);
  return value_of[own];
}

static int run_postfix(void) {
  int stack[130], size[130], depth[130], top = 0;
  for (at = 1; at < words - 1; at++) {
    if (!is_sign(word[at])) {
      stack[top] = atoi(word[at]), size[top] = depth[top] = 0, top++;
      continue;
    }
    assert_true(top >= 2);
    top--;
    stack[top - 1] = combine(word[at][0], stack[top - 1], stack[top]);
    size[top - 1] += size[top] + 1;
    depth[top - 1] = 1 + (depth[top - 1] > depth[top] ? depth[top - 1] : depth[top]);
    value_of[at] = stack[top - 1], size_of[at] = size[top - 1], depth_of[at] = depth[top - 1];
    sprintf(found + strlen(found), "%d ", stack[top - 1]);
  }
  assert_int_equal(top, 1);
  return stack[0];
}

static void check_values(enum lat_supervision supervision, const struct task_pair *pairs, int postfix, int by_depth,
                         int p) {
  struct lat_task_setting setting = task_setting(task, supervision, pairs);
  size_t prompt = task_prompt(&setting);
  modulus = p;
  for (uint64_t index = 0; index < 300; index++) {
    task_draw(&setting, 1, index, &sample);
    task_read_tokens(&setting, &sample, 0, prompt, " ", text, sizeof text);
    words = 0, found[0] = '\0';
    for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) word[words++] = w;
    int told, size = 0, depth = 0, value;
    assert_int_equal(sscanf(word[0], "len%d", &told), 1);
    assert_int_equal(words, 2 * told + 3);
    assert_string_equal(word[words - 1], "=");
    if (postfix) {
      value = run_postfix();
      size = size_of[words - 2], depth = depth_of[words - 2];
    } else {
      at = 1;
      value = read_prefix(&size, &depth);
      assert_int_equal(at, words - 1);
    }
    assert_int_equal(size, told);
    char answer[64], steps[2048];
    task_read_targets(&setting, &sample, prompt - 1, 1, " ", answer, sizeof answer);
    assert_int_equal(atoi(answer), value);
    if (supervision == LAT_SUPERVISE_TRACE) {
      task_read_targets(&setting, &sample, prompt - 1, 0, " ", steps, sizeof steps);
      if (steps[0]) strcat(steps, " ");
      strcat(strcat(steps, answer), " ");
      assert_string_equal(steps, found);
    }
    size_t front = prompt - (size_t)words;
    for (int i = 0; i < words - 1; i++) {
      int dense = supervision == LAT_SUPERVISE_DENSE && is_sign(word[i]);
      assert_int_equal(sample.target[front + (size_t)i], dense ? value_of[i] : -1);
      assert_int_equal(sample.level[front + (size_t)i], dense ? (by_depth ? depth_of[i] : size_of[i]) : 0);
    }
    for (size_t i = prompt - 1; i < sample.shape.sequence; i++)
      if (sample.target[i] >= 0 && sample.level[i] > 0) assert_int_equal(sample.level[i], by_depth ? depth : size);
  }
}

static void values_are_those_of_a_recursive_reading(void **state) {
  (void)state;
  check_values(LAT_SUPERVISE_ANSWER, NULL, 0, 0, 23);
  check_values(LAT_SUPERVISE_DENSE, (struct task_pair[]){{"level", 1}, {"operations", 9}, {0}}, 0, 1, 23);
  check_values(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"modulus", 7}, {0}}, 0, 0, 7);
  check_values(LAT_SUPERVISE_TRACE, (struct task_pair[]){{"operations", 64}, {"fewest", 0}, {"modulus", 97}, {0}}, 0, 0,
               97);
}

static void in_postfix_they_are_those_of_a_stack_machine(void **state) {
  (void)state;
  const struct task_pair pairs[] = {{"notation", 1}, {"operations", 12}, {0}};
  check_values(LAT_SUPERVISE_TRACE, pairs, 1, 0, 23);
  check_values(LAT_SUPERVISE_DENSE, pairs, 1, 0, 23);
  check_values(LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"notation", 1}, {"level", 1}, {0}}, 1, 1, 23);
}

static void lengths_signs_and_shapes_are_spread_evenly(void **state) {
  (void)state;
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, (struct task_pair[]){{"operations", 3}, {0}});
  size_t prompt = task_prompt(&setting);
  double length[4] = {0}, sign[3] = {0}, left[3] = {0}, zero = 0;
  for (uint64_t index = 0; index < 9000; index++) {
    task_draw(&setting, 4, index, &sample);
    int32_t k = sample.level[prompt - 1];
    length[k]++;
    zero += sample.target[prompt - 1] == 0;
    sign[sample.token[prompt - 2 * (size_t)k - 2] - 23]++;
    if (k == 3) { /* how many operations stand on the left of the first: the length of the left operand */
      size_t i = prompt - 7;
      int open = 1, inside = 0;
      for (; open > 0; i++) {
        int operation = sample.token[i] >= 23;
        open += operation ? 1 : -1, inside += operation;
      }
      left[inside]++;
    }
  }
  for (int i = 0; i < 3; i++) { /* five standard deviations: 45 of 9000 at 1/3, 26 of 3000 */
    if (!(length[i + 1] > 3000 - 225 && length[i + 1] < 3000 + 225)) fail_msg("length %d: %g", i + 1, length[i + 1]);
    if (!(sign[i] > 3000 - 225 && sign[i] < 3000 + 225)) fail_msg("sign %d: %g", i, sign[i]);
    if (!(left[i] > length[3] / 3 - 130 && left[i] < length[3] / 3 + 130)) fail_msg("left %d: %g", i, left[i]);
  }
  /* 0 is the commonest answer, for products; yet it is rare. */
  if (!(zero / 9000 > 1.0 / 23 && zero / 9000 < 0.12)) fail_msg("zeros: %g", zero / 9000);
}

static void promises_are_kept_at_all_sizes(void **state) {
  (void)state;
  task_keeps_its_promises(task, NULL);
  task_keeps_its_promises(task, (struct task_pair[]){{"operations", 1}, {"modulus", 2}, {0}});
  task_keeps_its_promises(task, (struct task_pair[]){{"operations", 64}, {"modulus", 97}, {"notation", 1}, {0}});
}

static void more_operations_at_least_than_at_most_are_refused(void **state) {
  (void)state;
  task_is_refused(task, (struct task_pair[]){{"operations", 2}, {"fewest", 3}, {0}}, "fewest");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_are_those_of_a_recursive_reading),
      cmocka_unit_test(in_postfix_they_are_those_of_a_stack_machine),
      cmocka_unit_test(lengths_signs_and_shapes_are_spread_evenly),
      cmocka_unit_test(promises_are_kept_at_all_sizes),
      cmocka_unit_test(more_operations_at_least_than_at_most_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
