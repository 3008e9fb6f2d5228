/* Noise in a chain of gates: the Markov chain on paper and the machines that run agree. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/noise_drift/chain.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/interval.h"

enum { STEPS = 12, VECTORS = 1000 };

static void theory(const struct lat_drift *drift, double *survival) {
  if (lat_drift_theory(drift, survival) != LAT_OK) fail_msg("%s", lat_error_message());
}

static void every_machine_survives_as_the_theory_says(void **state) {
  (void)state;
  static const double sigma[] = {0.08, 0.35, 0.55, 0.9};
  for (int r = LAT_REGENERATE_NONE; r <= LAT_REGENERATE_VECTOR; r++)
    for (size_t s = 0; s < sizeof sigma / sizeof *sigma; s++)
      for (double kappa = 1; kappa <= 16; kappa *= 16) {
        if (kappa > 1 && r != LAT_REGENERATE_CLIP && r != LAT_REGENERATE_VECTOR) continue;
        struct lat_drift drift = {.regenerator = (enum lat_regenerator)r,
                                  .sigma = sigma[s],
                                  .kappa = kappa,
                                  .steps = STEPS,
                                  .vectors = VECTORS,
                                  .seed = 5};
        int64_t survived[STEPS];
        double expected[STEPS];
        if (lat_drift_run(&drift, survived) != LAT_OK) fail_msg("%s", lat_error_message());
        theory(&drift, expected);
        for (size_t t = 0; t < STEPS; t++) {
          struct lat_interval interval = lat_interval_proportion((uint64_t)survived[t], VECTORS, 0.9999);
          if (!(interval.low <= expected[t] && expected[t] <= interval.high))
            fail_msg("%s sigma %g kappa %g step %zu: %lld of %d, theory %.4f", lat_regenerator_name(drift.regenerator),
                     sigma[s], kappa, t + 1, (long long)survived[t], VECTORS, expected[t]);
        }
      }
}

/* The chain once more, by drawing instead of quadrature. */
static double draw(const struct lat_drift *drift, size_t trials) {
  size_t alive = 0;
  for (size_t n = 0; n < trials; n++) {
    struct lat_random random;
    lat_random_start(&random, 9, "test drift", n);
    int bit = (int)lat_random_below(&random, 2), right = 1;
    double u = bit ? 1 : -1;
    for (size_t t = 0; t < drift->steps && right; t++) {
      double a = lat_random_uniform(&random), b = lat_random_uniform(&random);
      double v = u + drift->sigma * sqrt(-2 * log(1 - a)) * cos(2 * M_PI * b);
      int input = (int)lat_random_below(&random, 2);
      right = (v > 0) == bit;
      double sum = 0;
      for (int pattern = 0; pattern < 4; pattern++) {
        double s1 = pattern & 1 ? 1 : -1, s2 = pattern & 2 ? 1 : -1, tau = s1 * s2 < 0 ? 1 : -1;
        double z = s1 * v + s2 * (input ? 1 : -1) + tau - 2;
        sum += drift->regenerator == LAT_REGENERATE_NONE ? fmax(z, 0) : fmin(fmax(drift->kappa * z + 0.5, 0), 1);
      }
      u = 2 * sum - 1;
      bit ^= input;
    }
    alive += (size_t)right;
  }
  return (double)alive / (double)trials;
}

static void quadrature_agrees_with_drawing(void **state) {
  (void)state;
  enum { TRIALS = 50000 };
  static const double sigma[] = {0.02, 0.2, 0.4, 1.2};
  for (int r = LAT_REGENERATE_NONE; r <= LAT_REGENERATE_CLIP; r++)
    for (size_t s = 0; s < sizeof sigma / sizeof *sigma; s++) {
      struct lat_drift drift = {.regenerator = (enum lat_regenerator)r, .sigma = sigma[s], .kappa = 4, .steps = STEPS};
      double expected[STEPS], drawn = draw(&drift, TRIALS);
      theory(&drift, expected);
      double error = sqrt(expected[STEPS - 1] * (1 - expected[STEPS - 1]) / TRIALS);
      if (!(fabs(drawn - expected[STEPS - 1]) <= 4 * error + 1e-3))
        fail_msg("regenerator %d sigma %g: drawn %.5f, theory %.5f", r, sigma[s], drawn, expected[STEPS - 1]);
    }
}

static void without_noise_everything_survives(void **state) {
  (void)state;
  for (int r = LAT_REGENERATE_NONE; r <= LAT_REGENERATE_VECTOR; r++) {
    struct lat_drift drift = {.regenerator = (enum lat_regenerator)r, .kappa = 4, .steps = STEPS, .vectors = 70, .seed = 1};
    int64_t survived[STEPS];
    assert_int_equal(lat_drift_run(&drift, survived), LAT_OK);
    for (size_t t = 0; t < STEPS; t++) assert_int_equal(survived[t], 70);
  }
}

static void one_step_of_each_is_the_tail_of_the_normal_distribution(void **state) {
  (void)state;
  for (int r = LAT_REGENERATE_NONE; r <= LAT_REGENERATE_VECTOR; r++)
    for (double sigma = 0.2; sigma < 2; sigma *= 2) {
      struct lat_drift drift = {.regenerator = (enum lat_regenerator)r, .sigma = sigma, .kappa = 4, .steps = 1};
      double survival, want = 1 - 0.5 * erfc(1 / sigma / sqrt(2));
      theory(&drift, &survival);
      if (!(fabs(survival - want) <= 1e-4)) fail_msg("regenerator %d sigma %g: %.6f, %.6f", r, sigma, survival, want);
    }
}

static void what_cannot_be_is_refused_and_nothing_leaks(void **state) {
  (void)state;
  enum lat_regenerator regenerator;
  struct lat_netlist *netlist;
  assert_int_equal(lat_regenerator_parse("hope", &regenerator), LAT_INPUT);
  assert_int_equal(lat_drift_netlist(0, &netlist), LAT_INPUT);
  size_t before = lat_memory_current();
  for (int r = LAT_REGENERATE_TOKEN; r <= LAT_REGENERATE_COT; r++)
    for (uint64_t k = 1;; k++) {
      struct lat_drift drift = {.regenerator = (enum lat_regenerator)r, .sigma = 1, .kappa = 4, .steps = 2, .vectors = 2};
      int64_t survived[2];
      lat_memory_fail_at(k);
      int status = lat_drift_run(&drift, survived);
      lat_memory_fail_at(0);
      assert_int_equal(lat_memory_current(), before);
      if (status == LAT_OK) break;
      assert_int_equal(status, LAT_MEMORY);
    }
}

int main(void) {
  omp_set_num_threads(1);      /* the machines are small: threads would only wait for each other */
  gsl_set_error_handler_off(); /* the inverse of the Beta distribution may tell of slow convergence */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_machine_survives_as_the_theory_says),
      cmocka_unit_test(quadrature_agrees_with_drawing),
      cmocka_unit_test(without_noise_everything_survives),
      cmocka_unit_test(one_step_of_each_is_the_tail_of_the_normal_distribution),
      cmocka_unit_test(what_cannot_be_is_refused_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
