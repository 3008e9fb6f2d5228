/* The closed forms of the leak against the softmax that they speak of, summed in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/compile/certificate.h"

static unsigned differing(size_t a, size_t b) { return (unsigned)__builtin_popcountll((unsigned long long)(a ^ b)); }

/* 1 - weight of `target`, with the small terms added on their own. */
static double dense_leak(double beta, size_t tokens, size_t target) {
  double off = 0;
  for (size_t j = 0; j < tokens; j++)
    if (j != target) off += exp(-2 * beta * differing(target, j));
  return off / (1 + off);
}

static void near(double got, double want, double relative) {
  if (!(fabs(got - want) <= relative * fabs(want))) fail_msg("%.17g is not %.17g within %g", got, want, relative);
}

static void full_address_space_equals_dense_softmax(void **state) {
  (void)state;
  for (size_t m = 1; m <= 10; m++)
    for (double beta = 0.125; beta <= 16; beta *= 2) near(lat_leak(beta, m), dense_leak(beta, (size_t)1 << m, 0), 1e-12);
}

static void occupied_is_the_worst_target(void **state) {
  (void)state;
  for (size_t tokens = 1; tokens <= 130; tokens++)
    for (double beta = 0.25; beta <= 8; beta *= 2) {
      double worst = 0;
      for (size_t t = 0; t < tokens; t++) worst = fmax(worst, dense_leak(beta, tokens, t));
      if (tokens == 1)
        assert_true(lat_leak_occupied(beta, tokens) == 0);
      else
        near(lat_leak_occupied(beta, tokens), worst, 1e-12);
    }
}

static void occupied_equals_full_at_powers_of_two(void **state) {
  (void)state;
  for (size_t m = 1; m <= 20; m++) near(lat_leak_occupied(2.5, (size_t)1 << m), lat_leak(2.5, m), 1e-13);
}

static void stays_accurate_where_one_minus_a_power_would_not(void **state) {
  (void)state;
  /* m x - m (m + 1) / 2 x^2 + ..., x = e^-2 beta */
  for (double beta = 20; beta <= 300; beta += 20) near(lat_leak(beta, 12), 12 * exp(-2 * beta), 1e-12);
  near(lat_leak_occupied(40, 4096), 12 * exp(-80.0), 1e-12);
  assert_true(lat_leak(0, 3) == 1 - 1.0 / 8);
}

static void falls_with_beta_and_grows_with_tokens(void **state) {
  (void)state;
  for (size_t tokens = 2; tokens < 1000; tokens++) {
    assert_true(lat_leak_occupied(1.5, tokens + 1) > lat_leak_occupied(1.5, tokens));
    assert_true(lat_leak_occupied(1.6, tokens) < lat_leak_occupied(1.5, tokens));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(full_address_space_equals_dense_softmax),
      cmocka_unit_test(occupied_is_the_worst_target),
      cmocka_unit_test(occupied_equals_full_at_powers_of_two),
      cmocka_unit_test(stays_accurate_where_one_minus_a_power_would_not),
      cmocka_unit_test(falls_with_beta_and_grows_with_tokens),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
