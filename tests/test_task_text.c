/* Text: its entropy is what summing over all texts gives, and what is drawn is what the grammar says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/task/tasks.h"
#include "tests/task_help.h"

static struct task_sample sample;

static struct lat_task_setting text(int64_t letters, int64_t successors, int64_t length) {
  const struct task_pair pairs[] = {{"letters", letters}, {"successors", successors}, {"length", length}, {NULL, 0}};
  return task_setting(&lat_task_text, LAT_SUPERVISE_DENSE, pairs);
}

/* All texts of three letters over five, counted in many draws: frequencies give the entropy log2 V + (N - 1) log2 s, and none occurs that has
 * no probability. The estimate is corrected by (kinds - 1) / (2 n) nats (Miller and Madow). */
static void the_entropy_of_what_is_drawn_is_the_formula(void **state) {
  (void)state;
  enum { V = 5, N = 3, DRAWS = 20000 };
  static const int64_t successors[] = {1, 2, 0};
  for (size_t s = 0; s < sizeof successors / sizeof *successors; s++) {
    struct lat_task_setting setting = text(V, successors[s], N);
    int64_t each = successors[s] > 0 ? successors[s] : V;
    size_t count[V * V * V] = {0}, kinds = 0;
    double bits = 0, exact = log2(V) + (N - 1) * log2((double)each);
    for (uint64_t i = 0; i < DRAWS; i++) {
      task_draw(&setting, 3, i, &sample);
      count[(sample.target[0] * V + sample.target[1]) * V + sample.target[2]]++;
    }
    for (size_t i = 0; i < V * V * V; i++)
      if (count[i] > 0) kinds++, bits -= (double)count[i] / DRAWS * log2((double)count[i] / DRAWS);
    assert_int_equal(kinds, V * each * each);
    bits += (double)(kinds - 1) / (2 * DRAWS * M_LN2);
    if (!(fabs(bits - exact) <= 0.02)) fail_msg("%g bits counted, %g by the formula", bits, exact);
  }
}

/* Each letter has s different successors and s different predecessors, for every alphabet that is allowed: so every place is uniform. */
static void successors_are_spread_evenly(void **state) {
  (void)state;
  for (int64_t letters = 2; letters <= 11; letters++)
    for (int64_t successors = 1; letters % 3 != 0 && successors <= letters; successors++) {
      struct lat_task_setting setting = text(letters, successors, 64);
      int seen[11][11] = {{0}};
      for (uint64_t i = 0; i < 400; i++) {
        task_draw(&setting, 1, i, &sample);
        for (size_t n = 1; n < 64; n++) seen[sample.target[n - 1]][sample.target[n]] = 1;
      }
      for (int64_t a = 0; a < letters; a++) {
        int64_t behind = 0, before = 0;
        for (int64_t b = 0; b < letters; b++) {
          behind += seen[a][b], before += seen[b][a];
          int64_t step = ((b - 3 * a - 1) % letters + letters) % letters;
          assert_int_equal(seen[a][b], step < successors);
        }
        assert_int_equal(behind, successors);
        assert_int_equal(before, successors);
      }
    }
}

static void tokens_are_the_letters_before_and_every_letter_is_asked(void **state) {
  (void)state;
  struct lat_task_setting setting = text(26, 4, 9);
  char read[32];
  task_draw(&setting, 1, 0, &sample);
  assert_int_equal(sample.shape.sequence, 9);
  assert_int_equal(sample.shape.vocabulary, 27);
  assert_int_equal(sample.shape.classes, 26);
  for (size_t n = 0; n < 9; n++) {
    assert_int_equal(sample.level[n], (int)n + 1);
    assert_in_range(sample.target[n], 0, 25);
    assert_int_equal(sample.token[n], n == 0 ? 26 : sample.target[n - 1]);
  }
  lat_task_text.token_text(&setting, 0, 26, read);
  assert_string_equal(read, "^");
  lat_task_text.token_text(&setting, 0, 2, read);
  assert_string_equal(read, "c");
}

static void bad_values_are_refused(void **state) {
  (void)state;
  task_is_refused(&lat_task_text, (struct task_pair[]){{"letters", 27}, {NULL, 0}}, "multiple of 3");
  task_is_refused(&lat_task_text, (struct task_pair[]){{"letters", 4}, {"successors", 5}, {NULL, 0}}, "more than letters");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_entropy_of_what_is_drawn_is_the_formula),
      cmocka_unit_test(successors_are_spread_evenly),
      cmocka_unit_test(tokens_are_the_letters_before_and_every_letter_is_asked),
      cmocka_unit_test(bad_values_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
