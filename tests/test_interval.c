/* Clopper-Pearson intervals against published values and against their own definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "lib/info/interval.h"

static void check(double got, double expected, double bound) {
  if (!(fabs(got - expected) <= bound)) fail_msg("%.17g in place of %.17g", got, expected);
}

/* Printed to four digits in many textbooks (R: binom.test). */
static void known_values(void **state) {
  (void)state;
  static const struct {
    uint64_t k, n;
    double low, high;
  } row[] = {{0, 10, 0, 0.3085},      {1, 10, 0.0025, 0.4450}, {5, 10, 0.1871, 0.8129}, {10, 10, 0.6915, 1},
             {1, 20, 0.0013, 0.2487}, {0, 1, 0, 0.975},        {1, 1, 0.025, 1}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    struct lat_interval got = lat_interval_proportion(row[i].k, row[i].n, 0.95);
    check(got.low, row[i].low, 5.1e-5);
    check(got.high, row[i].high, 5.1e-5);
  }
}

/* P(X >= k | low) = P(X <= k | high) = 2.5 %, by the binomial distribution itself. */
static void the_ends_solve_their_equations(void **state) {
  (void)state;
  static const unsigned trials[] = {1, 2, 7, 64, 1000, 100000};
  for (size_t i = 0; i < sizeof trials / sizeof *trials; i++)
    for (unsigned part = 0; part <= 4; part++) {
      unsigned n = trials[i], k = n * part / 4;
      struct lat_interval got = lat_interval_proportion(k, n, 0.95);
      if (!(got.low >= 0 && got.low <= (double)k / n && got.high >= (double)k / n && got.high <= 1))
        fail_msg("%u of %u: [%g, %g]", k, n, got.low, got.high);
      if (k > 0) check(gsl_cdf_binomial_Q(k - 1, got.low, n), 0.025, 1e-6);
      if (k < n) check(gsl_cdf_binomial_P(k, got.high, n), 0.025, 1e-6);
    }
}

/* The library's iteration alone ends without a number at 2 of 260, 8 of 351 and others. */
static void every_count_has_an_interval(void **state) {
  (void)state;
  for (unsigned n = 1; n <= 420; n += n < 250 ? 83 : 1)
    for (unsigned k = 0; k <= n && k < 12; k++) {
      struct lat_interval got = lat_interval_proportion(k, n, 0.95);
      if (!(got.low >= 0 && got.low <= (double)k / n && got.high >= (double)k / n && got.high <= 1))
        fail_msg("%u of %u: [%g, %g]", k, n, got.low, got.high);
      if (k > 0) check(gsl_cdf_binomial_Q(k - 1, got.low, n), 0.025, 1e-6);
      if (k < n) check(gsl_cdf_binomial_P(k, got.high, n), 0.025, 1e-6);
    }
}

static void no_trials_say_nothing(void **state) {
  (void)state;
  struct lat_interval got = lat_interval_proportion(0, 0, 0.95);
  check(got.low, 0, 0);
  check(got.high, 1, 0);
}

static void swapping_success_and_failure_mirrors_the_interval(void **state) {
  (void)state;
  for (uint64_t k = 0; k <= 33; k++) {
    struct lat_interval a = lat_interval_proportion(k, 33, 0.99), b = lat_interval_proportion(33 - k, 33, 0.99);
    check(a.low, 1 - b.high, 1e-9);
    check(a.high, 1 - b.low, 1e-9);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_values),
      cmocka_unit_test(the_ends_solve_their_equations),
      cmocka_unit_test(every_count_has_an_interval),
      cmocka_unit_test(no_trials_say_nothing),
      cmocka_unit_test(swapping_success_and_failure_mirrors_the_interval),
  };
  gsl_set_error_handler_off(); /* as the program does */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
