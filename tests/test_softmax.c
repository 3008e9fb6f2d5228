/* Softmax: accuracy, exact zeros, and rows that end anywhere. */
#include "lib/nn/softmax.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/random.h"
#include "lib/nn/vector_math.h"

enum { MOST = 300 };

static void rows_agree_with_double_within_the_stated_bound(void **unused) {
  (void)unused;
  struct lat_random random;
  lat_random_start(&random, 1, "test", 2);
  for (size_t n = 1; n <= MOST; n++) {
    float x[MOST], y[MOST + 1], plain[MOST];
    float spread = n % 3 == 0 ? 1.0f : 60.0f;
    double largest = -1e9;
    for (size_t i = 0; i < n; i++) x[i] = spread * (float)(lat_random_uniform(&random) - 0.5);
    for (size_t i = 0; i < n; i++) largest = fmax(largest, (double)x[i]);
    y[n] = 5.0f;
    lat_softmax(n, x, y);
    lat_softmax_reference(n, x, plain);
    assert_true(y[n] == 5.0f);
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) {
      double bound = (6.0 + largest - (double)x[i] + log((double)n)) * 0x1p-24;
      double error = fabs((double)y[i] - (double)plain[i]);
      if (!(error <= (bound + 0x1p-24) * (double)plain[i])) fail_msg("n %zu at %zu: %g u", n, i, error * 0x1p24);
      sum += (double)y[i];
    }
    if (!(fabs(sum - 1.0) <= 4.0 * 0x1p-24)) fail_msg("the sum of %zu is %.9g", n, sum);
    lat_softmax(n, x, x);
    assert_memory_equal(x, y, n * sizeof *x); /* in place */
  }
}

static void a_far_score_has_weight_exactly_zero(void **unused) {
  (void)unused;
  for (size_t n = 1; n < 70; n++) {
    for (size_t winner = 0; winner < n; winner++) {
      float x[70], y[70];
      for (size_t i = 0; i < n; i++) x[i] = i == winner ? 60.0f : 60.0f - 104.0f - (float)i;
      lat_softmax(n, x, y);
      for (size_t i = 0; i < n; i++) assert_true(y[i] == (i == winner ? 1.0f : 0.0f));
    }
  }
  float x[2] = {0.0f, LAT_EXP_POSITIVE}, y[2];
  lat_softmax(2, x, y);
  assert_true(y[0] == 1.0f && y[1] > 0.0f);
}

static void equal_scores_share_equally(void **unused) {
  (void)unused;
  for (size_t n = 1; n <= 256; n *= 2) {
    float x[256], y[256];
    for (size_t i = 0; i < n; i++) x[i] = -1e30f;
    lat_softmax(n, x, y);
    for (size_t i = 0; i < n; i++) assert_true(y[i] == 1.0f / (float)n);
  }
}

static void adding_a_number_to_all_scores_changes_nothing(void **unused) {
  (void)unused;
  float x[37], y[37], z[37];
  for (size_t i = 0; i < 37; i++) x[i] = (float)(i * 7 % 37) * 0.25f;
  lat_softmax(37, x, y);
  for (size_t i = 0; i < 37; i++) x[i] += 1024.0f; /* exact in these numbers */
  lat_softmax(37, x, z);
  assert_memory_equal(y, z, sizeof y);
}

static void a_nan_anywhere_spoils_the_row(void **unused) {
  (void)unused;
  for (size_t n = 1; n < 40; n++) {
    for (size_t bad = 0; bad < n; bad++) {
      float x[40], y[40];
      for (size_t i = 0; i < n; i++) x[i] = (float)i;
      x[bad] = NAN;
      lat_softmax(n, x, y);
      for (size_t i = 0; i < n; i++) assert_true(isnan(y[i]));
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_agree_with_double_within_the_stated_bound),
      cmocka_unit_test(a_far_score_has_weight_exactly_zero),
      cmocka_unit_test(equal_scores_share_equally),
      cmocka_unit_test(adding_a_number_to_all_scores_changes_nothing),
      cmocka_unit_test(a_nan_anywhere_spoils_the_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
