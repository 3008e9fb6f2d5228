/* What counting reaches: cases that are known on paper, and the same counts made another way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/task_stream.h"

static struct lat_baseline baseline_of(const char *text, size_t examples, double *by_level) {
  struct lat_task_setting setting;
  struct lat_baseline b = {0};
  size_t before = lat_memory_current();
  if (lat_task_parse(text, &setting) != LAT_OK || lat_task_baseline(&setting, 5, examples, &b, by_level) != LAT_OK)
    fail_msg("%s: %s", text, lat_error_message());
  assert_int_equal(lat_memory_current(), before);
  return b;
}

static void near(double found, double wanted, double tolerance, const char *what) {
  if (!(fabs(found - wanted) <= tolerance)) fail_msg("%s: %g, and %g is expected", what, found, wanted);
}

static void three_bits_are_read_and_a_fourth_is_not(void **state) {
  (void)state;
  double level[5];
  struct lat_baseline b = baseline_of("parity:length=4", 4000, level);
  near(b.chance, .5, 0, "chance");
  near(b.majority, .5, .02, "majority");
  near(b.position, .5, .02, "position");
  near(b.ngram, .875, .01, "n-gram"); /* three positions surely, the fourth by chance */
  assert_int_equal(b.ngram_n, 3);
  assert_int_equal(b.ngram_fields, 1);
  near(b.exact, .5, .04, "whole example");
  assert_true(isnan(level[0]));
  for (int l = 1; l <= 3; l++) near(level[l], 1, 0, "level");
  near(level[4], .5, .04, "level 4");
  b = baseline_of("parity:length=1", 100, NULL);
  near(b.ngram, 1, 0, "one bit");
  near(b.exact, 1, 0, "one bit");
  assert_int_equal(b.ngram_n, 1);
  b = baseline_of("parity:length=4:supervision=answer", 4000, level);
  near(b.ngram, .5, .03, "the answer alone");
  near(b.exact, level[4], 0.03, "one answer is a whole example");
  assert_true(isnan(level[3]));
}

static void known_shares_come_out(void **state) {
  (void)state;
  double level[8];
  struct lat_baseline b = baseline_of("circuit", 4000, level);
  near(b.ngram, .575, .006, "types without operands");
  assert_int_equal(b.ngram_fields, 1);
  for (int l = 1; l <= 4; l++) near(level[l], .575, .02, "a level");
  b = baseline_of("words:group=s5:length=5", 2000, NULL);
  near(b.chance, 1. / 120, 0, "classes of s5");
  near(b.majority, 1. / 120, .004, "majority of s5");
  b = baseline_of("p-hop:hops=0", 1000, NULL);
  near(b.ngram, 1, 0, "no hop");
  b = baseline_of("crasp:k=2:length=2", 50, NULL);
  near(b.exact, 1, 0, "ab");
  near(b.majority, .5, 0, "ab");
  near(b.position, 1, 0, "ab");
  b = baseline_of("parity:length=3:supervision=trace", 2000, NULL);
  near(b.majority, .5, .05, "the trace is not scored");
}

/* The same by plain arrays: letters of base 3 and the hop token, at most three of them, make an index. */
enum { N = 7, CONTEXTS = 1 << 12, CLASSES = 3 };

static size_t index_of(const int32_t *token, size_t position, size_t n) {
  size_t code = 1;
  for (size_t back = n; back-- > 0;)
    if (position >= back) code = code * 8 + (size_t)token[position - back];
  return code;
}

static int commonest(const size_t count[CLASSES]) {
  int best = -1;
  for (int c = 0; c < CLASSES; c++)
    if (count[c] > (best < 0 ? 0 : count[best])) best = c;
  return best;
}

static void counts_are_those_of_plain_arrays(void **state) {
  (void)state;
  static size_t table[5][CONTEXTS][CLASSES]; /* n = 0 (all), 1, 2, 3 letters, the position */
  static const char *const some[] = {"p-hop:hops=3:length=7:letters=3", "p-hop:hops=1:length=7:letters=3:draw=fixed"};
  for (size_t k = 0; k < 80; k++) {
    const char *text = some[k % 2];
    size_t examples = k < 76 ? 1 + k : 20 * k;
    struct task_stream stream;
    double level[5], right[5] = {0}, by[5][5] = {{0}}, asked[5] = {0}, all = 0, whole = 0, sure[5] = {0};
    memset(table, 0, sizeof table);
    stream_open(&stream, text);
    for (size_t i = 0; i < examples; i++) {
      stream_draw(&stream, 5, "train", i);
      for (size_t p = 0; p <= N; p++) {
        int32_t target = stream.example.target[p];
        if (target < 0) continue;
        for (size_t n = 0; n < 4; n++) table[n][index_of(stream.example.token, p, n)][target]++;
        table[4][p][target]++;
      }
    }
    for (size_t i = 0; i < examples; i++) {
      int wrong[5] = {0}, any = 0;
      stream_draw(&stream, 5, "test", i);
      for (size_t p = 0; p <= N; p++) {
        int32_t target = stream.example.target[p], l = stream.example.level[p];
        if (target < 0) continue;
        int guess[5] = {commonest(table[0][1])};
        for (size_t n = 1; n < 4; n++) {
          guess[n] = commonest(table[n][index_of(stream.example.token, p, n)]);
          if (guess[n] < 0) guess[n] = guess[n - 1];
        }
        guess[4] = commonest(table[4][p]);
        if (guess[4] < 0) guess[4] = guess[0];
        any = 1, all++, asked[l]++;
        for (int g = 0; g < 5; g++) {
          right[g] += guess[g] == target;
          by[g][l] += guess[g] == target;
          wrong[g] |= guess[g] != target;
        }
      }
      whole += any;
      for (int g = 0; g < 5; g++) sure[g] += any && !wrong[g];
    }
    int levels = (int)stream.shape.levels;
    stream_close(&stream);
    struct lat_baseline b = baseline_of(text, examples, level);
    size_t n = 1;
    for (size_t g = 2; g < 4; g++)
      if (right[g] > right[n]) n = g;
    double exact = 0;
    for (int g = 0; g < 5; g++) exact = fmax(exact, sure[g]);
    near(b.majority, right[0] / all, 1e-12, "majority");
    near(b.position, right[4] / all, 1e-12, "position");
    near(b.ngram, right[n] / all, 1e-12, "n-gram");
    assert_int_equal(b.ngram_n, n);
    near(b.exact, exact / whole, 1e-12, "exact");
    for (int l = 0; l < levels; l++) {
      if (asked[l] > 0)
        near(level[l], fmax(fmax(b.chance, by[0][l] / asked[l]), fmax(by[4][l], by[n][l]) / asked[l]), 1e-12, "level");
      else
        assert_true(isnan(level[l]));
    }
  }
}

static void nothing_to_count_is_no_number(void **state) {
  (void)state;
  struct lat_task_setting setting;
  struct lat_baseline b;
  assert_int_equal(lat_task_parse("parity", &setting), LAT_OK);
  assert_int_equal(lat_task_baseline(&setting, 0, 0, &b, NULL), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "one example or more"));
  /* One string of which no position has its 12 hops: seed and index are such that nothing is asked. */
  double level[14];
  assert_int_equal(lat_task_parse("p-hop:hops=12:length=14:draw=fixed", &setting), LAT_OK);
  assert_int_equal(lat_task_baseline(&setting, 0, 1, &b, level), LAT_OK);
  assert_true(isnan(b.chance) && isnan(b.majority) && isnan(b.position) && isnan(b.ngram) && isnan(b.exact));
  for (int l = 0; l < 14; l++) assert_true(isnan(level[l]));
}

static void every_allocation_that_fails_is_reported_and_freed(void **state) {
  (void)state;
  struct lat_task_setting setting;
  size_t before = lat_memory_current();
  assert_int_equal(lat_task_parse("circuit", &setting), LAT_OK);
  for (uint64_t k = 1;; k++) {
    struct lat_baseline b;
    double level[5];
    lat_memory_fail_at(k);
    int status = lat_task_baseline(&setting, 1, 3, &b, level);
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) {
      assert_true(k > 8);
      return;
    }
    assert_int_equal(status, LAT_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_bits_are_read_and_a_fourth_is_not),
      cmocka_unit_test(known_shares_come_out),
      cmocka_unit_test(counts_are_those_of_plain_arrays),
      cmocka_unit_test(nothing_to_count_is_no_number),
      cmocka_unit_test(every_allocation_that_fails_is_reported_and_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
