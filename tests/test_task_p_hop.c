/* p-hop against its definition, and its strings against an enumeration of all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <math.h>

#include "lib/base/status.h"
#include "tests/task_stream.h"

/* find_1(v, i) = max({0} u {j <= i : v_(j-1) = v_i}), word for word; v is counted from 1. */
static int find(const int32_t *v, int i) {
  int found = 0;
  for (int j = 2; j <= i; j++)
    if (v[j - 1] == v[i]) found = j;
  return found;
}
/* -1 where a hop does not exist. */
static int hop(const int32_t *v, int i, int p) {
  while (p-- > 0 && i > 0) i = find(v, i);
  return i > 0 ? v[i] : -1;
}

static void check_definition(const char *text, uint64_t examples) {
  struct task_stream stream;
  stream_open(&stream, text);
  int n = (int)lat_task_option(&stream.setting, "length"), letters = (int)lat_task_option(&stream.setting, "letters");
  int most = (int)lat_task_option(&stream.setting, "hops"), fixed = (int)lat_task_option(&stream.setting, "draw");
  int answer = stream.setting.supervision == LAT_SUPERVISE_ANSWER;
  for (uint64_t index = 0; index < examples; index++) {
    stream_draw(&stream, 1, "train", index);
    const int32_t *v = stream.example.token; /* the string's letters from 1 */
    int p = v[0] - letters;
    assert_true(p >= 0 && p <= most && (!fixed || p == most));
    assert_int_equal(stream.example.target[0], -1);
    for (int i = 1; i <= n; i++) {
      assert_true(v[i] >= 0 && v[i] < letters);
      if (i > 1) assert_int_not_equal(v[i], v[i - 1]);
      int wanted = answer && i < n ? -1 : hop(v, i, p);
      assert_int_equal(stream.example.target[i], wanted);
      assert_int_equal(stream.example.level[i], wanted >= 0 ? p + 1 : 0);
    }
    if (answer) assert_true(stream.example.target[n] >= 0);
  }
  stream_close(&stream);
}

static void targets_follow_the_definition(void **state) {
  (void)state;
  check_definition("p-hop", 300);
  check_definition("p-hop:hops=8:length=33:draw=fixed", 100);
  check_definition("p-hop:hops=0:length=1", 20);
  check_definition("p-hop:hops=3:length=20:letters=2", 50);
  check_definition("p-hop:hops=2:length=40:letters=26", 100);
  check_definition("p-hop:hops=64:length=512", 4);
  check_definition("p-hop:supervision=answer", 300);
  check_definition("p-hop:supervision=answer:hops=0:length=1", 20);
  check_definition("p-hop:supervision=answer:hops=0:length=2", 20);
  check_definition("p-hop:supervision=answer:hops=1:length=3", 50);
  check_definition("p-hop:supervision=answer:hops=16:length=18", 100);
  check_definition("p-hop:supervision=answer:hops=16:length=19:letters=3:draw=fixed", 100);
  check_definition("p-hop:supervision=answer:hops=5:length=9:letters=2:draw=fixed", 50);
  check_definition("p-hop:supervision=answer:hops=40:length=60:letters=26:draw=fixed", 50);
  check_definition("p-hop:supervision=answer:hops=64:length=512:letters=3:draw=fixed", 20);
}

/* Strings of 6 letters out of 3: all those that may come, come equally often. */
static void check_enumeration(const char *text, int answer) {
  enum { N = 6, LETTERS = 3, STRINGS = 729, EXAMPLES = 48000 };
  size_t count[STRINGS] = {0}, possible = 0;
  struct task_stream stream;
  stream_open(&stream, text);
  for (uint64_t index = 0; index < EXAMPLES; index++) {
    size_t code = 0;
    stream_draw(&stream, 2, "train", index);
    for (size_t i = 1; i <= N; i++) code = code * LETTERS + (size_t)stream.example.token[i];
    count[code]++;
  }
  char may[STRINGS];
  for (size_t code = 0; code < STRINGS; code++) {
    static int32_t v[N + 1];
    size_t rest = code;
    may[code] = 1;
    for (int i = N; i >= 1; i--, rest /= LETTERS) v[i] = (int32_t)(rest % LETTERS);
    for (int i = 2; i <= N; i++)
      if (v[i] == v[i - 1]) may[code] = 0;
    if (answer && hop(v, N, 2) < 0) may[code] = 0;
    possible += (size_t)may[code];
  }
  assert_true(answer ? possible > 20 && possible < 96 : possible == 96);
  for (size_t code = 0; code < STRINGS; code++) {
    if (may[code])
      stream_share(count[code], EXAMPLES, 1 / (double)possible, text);
    else
      assert_int_equal(count[code], 0);
  }
  stream_close(&stream);
}
static void strings_are_uniform_and_given_their_hops_uniform_too(void **state) {
  (void)state;
  check_enumeration("p-hop:hops=2:length=6:letters=3:draw=fixed:supervision=dense", 0);
  check_enumeration("p-hop:hops=2:length=6:letters=3:draw=fixed:supervision=answer", 1);
}

/* P(Binomial(m, q) >= p) */
static double at_least(int m, double q, int p) {
  double sum = 0;
  for (int k = p; k <= m; k++)
    sum += exp(lgamma(m + 1) - lgamma(k + 1) - lgamma(m - k + 1) + k * log(q) + (m - k) * log(1 - q));
  return sum;
}
static void as_many_positions_have_their_hops_as_the_binomial_law_says(void **state) {
  (void)state;
  static const int hops[] = {1, 2, 4, 8};
  for (size_t h = 0; h < 4; h++) {
    struct task_stream stream;
    char text[64];
    size_t defined[33] = {0};
    enum { EXAMPLES = 4000 };
    snprintf(text, sizeof text, "p-hop:draw=fixed:hops=%d", hops[h]);
    stream_open(&stream, text);
    for (uint64_t index = 0; index < EXAMPLES; index++) {
      stream_draw(&stream, 3, "train", index);
      for (size_t i = 1; i <= 32; i++) defined[i] += stream.example.target[i] >= 0;
    }
    for (int i = 2; i <= 32; i++) stream_share(defined[i], EXAMPLES, at_least(i - 2, 1. / 3, hops[h]), text);
    stream_close(&stream);
  }
}

static void hops_and_answers_are_balanced(void **state) {
  (void)state;
  for (int answer = 0; answer < 2; answer++) {
    struct task_stream stream;
    size_t hops[5] = {0}, letter[4] = {0};
    enum { EXAMPLES = 8000 };
    stream_open(&stream, answer ? "p-hop:supervision=answer" : "p-hop");
    size_t last = 0;
    for (uint64_t index = 0; index < EXAMPLES; index++) {
      stream_draw(&stream, 4, "train", index);
      hops[stream.example.token[0] - 4]++;
      if (stream.example.target[32] < 0) continue;
      last++;
      letter[stream.example.target[32]]++;
    }
    for (int p = 0; p < 5; p++) stream_share(hops[p], EXAMPLES, .2, "hops");
    for (int c = 0; c < 4; c++) stream_share(letter[c], last, .25, "answers");
    stream_close(&stream);
  }
}

static void hops_that_cannot_fit_are_refused(void **state) {
  (void)state;
  stream_refused("p-hop:hops=4:length=5", "4 hops need a string of length 6 or more, it has 5");
  stream_refused("p-hop:hops=1:length=2", "need a string of length 3");
  stream_refused("p-hop:letters=1", "option letters is 1; it lies in 2 .. 26");
  stream_refused("p-hop:draw=both", "it is one of mixed, fixed");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_follow_the_definition),
      cmocka_unit_test(strings_are_uniform_and_given_their_hops_uniform_too),
      cmocka_unit_test(as_many_positions_have_their_hops_as_the_binomial_law_says),
      cmocka_unit_test(hops_and_answers_are_balanced),
      cmocka_unit_test(hops_that_cannot_fit_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
