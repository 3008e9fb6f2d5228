#include "tests/info_help.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

void help_near(double got, double expected, double bound, const char *what) {
  if (!(fabs(got - expected) <= bound)) fail_msg("%s: %.10g in place of %.10g +- %.3g", what, got, expected, bound);
}

void help_normal(float *value, size_t n, uint64_t seed) {
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  assert_non_null(generator);
  lat_random_gsl(generator, seed, "test normal", 0);
  for (size_t i = 0; i < n; i++) value[i] = (float)gsl_ran_gaussian_ziggurat(generator, 1);
  gsl_rng_free(generator);
}

void help_gaussian_pairs(float *x, float *y, size_t n, size_t d, double deviation, uint64_t seed) {
  help_normal(x, n * d, 2 * seed);
  help_normal(y, n * d, 2 * seed + 1);
  for (size_t i = 0; i < n * d; i++) y[i] = x[i] + (float)deviation * y[i];
}

double help_capacity(const double *p, size_t X, size_t Y) {
  struct lat_capacity capacity;
  if (lat_blahut_capacity(p, X, Y, 1e-9, 1000000, NULL, &capacity) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_true(capacity.converged);
  return 0.5 * (capacity.low + capacity.high);
}

void help_fail_each(int (*job)(void)) {
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    lat_memory_fail_at(k);
    int status = job();
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
    assert_true(k < 100);
  }
}
