/* exp and the activations: held to libm in double, and to what the construction needs exactly. */
#include "lib/nn/activation.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/nn/vector_math.h"

static const double unit = 0x1p-24;
static const enum lat_activation gelus[] = {LAT_ACTIVATION_GELU, LAT_ACTIVATION_GELU_TANH};
static const float cuts[] = {LAT_GELU_CUT, LAT_GELU_TANH_CUT};

static float apply(enum lat_activation kind, float x) {
  float y;
  lat_activation_forward(kind, 1, &x, &y);
  return y;
}

static float exp_of(float x) {
  float y;
  lat_exp_array(1, &x, &y);
  return y;
}

static void exp_is_within_two_roundings_where_it_is_normal(void **unused) {
  (void)unused;
  for (double at = -87.33; at < 88.72; at += 0.00037) {
    float x = (float)at;
    double exact = exp((double)x), error = fabs((double)exp_of(x) - exact) / exact;
    if (!(error <= 2.0 * unit)) fail_msg("exp(%.9g) is off by %g u", (double)x, error / unit);
  }
}

static void exp_underflows_exactly_where_it_says(void **unused) {
  (void)unused;
  for (float x = -103.9f; x > -104.1f; x = nextafterf(x, -200.0f)) {
    float y = exp_of(x);
    if (x >= LAT_EXP_POSITIVE && !(y > 0.0f)) fail_msg("exp(%.9g) is 0", (double)x);
    if (x <= LAT_EXP_ZERO && !(y == 0.0f && !signbit(y))) fail_msg("exp(%.9g) is not 0", (double)x);
  }
  for (double at = -87.33; at > -103.97; at -= 0.0013) {
    double error = fabs((double)exp_of((float)at) - exp((double)(float)at));
    if (!(error <= 0.51 * 0x1p-149 + 2.0 * unit * exp(at))) fail_msg("exp(%.9g) is off by %g", at, error);
  }
  const float zero[] = {-104.0f, -1000.0f, -FLT_MAX, -INFINITY}, infinite[] = {88.73f, 1000.0f, FLT_MAX, INFINITY};
  for (size_t i = 0; i < 4; i++) assert_true(exp_of(zero[i]) == 0.0f && isinf(exp_of(infinite[i])));
  assert_true(exp_of(0.0f) == 1.0f && exp_of(-0.0f) == 1.0f);
  assert_true(isnan(exp_of(NAN)));
}

static void exp_never_falls(void **unused) {
  (void)unused;
  /* Around 0, where a softmax of nearly equal scores lives. Not promised elsewhere: polynomials meet at halves of ln 2. */
  float before = 0.0f;
  for (float x = -0.34f; x < 0.34f; x += 1e-6f) {
    float y = exp_of(x);
    if (!((double)y >= (double)before * (1.0 - 2.0 * unit))) fail_msg("exp falls at %.9g", (double)x);
    before = y;
  }
}

static void gelus_are_within_eight_roundings_of_libm(void **unused) {
  (void)unused;
  for (size_t kind = 0; kind < 2; kind++) {
    double lowest = kind == 0 ? -13.0 : -9.87;
    for (double at = lowest; at < 14.0; at += 0.00011) {
      float x = (float)at;
      double exact = lat_activation_reference(gelus[kind], (double)x);
      double error = fabs((double)apply(gelus[kind], x) - exact);
      if (!(error <= 8.0 * unit * fabs(exact))) fail_msg("%g: off by %g u", at, error / fabs(exact) / unit);
    }
    for (double at = 1e-30; at < 1e-2; at *= 1.01) {
      float x = (float)at;
      double exact = lat_activation_reference(gelus[kind], (double)x);
      if (!(fabs((double)apply(gelus[kind], x) - exact) <= 8.0 * unit * fabs(exact))) fail_msg("%g", at);
      exact = lat_activation_reference(gelus[kind], -(double)x);
      if (!(fabs((double)apply(gelus[kind], -x) - exact) <= 8.0 * unit * fabs(exact))) fail_msg("%g", -at);
    }
  }
}

static void gelus_saturate_exactly(void **unused) {
  (void)unused;
  for (size_t kind = 0; kind < 2; kind++) {
    const float far[] = {cuts[kind], cuts[kind] + 1.0f, 14.0f, 32.0f, 1e4f, 1e20f, FLT_MAX, INFINITY};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
      float below = apply(gelus[kind], -far[i]);
      if (!(apply(gelus[kind], far[i]) == far[i])) fail_msg("%g is changed", (double)far[i]);
      if (!(below == 0.0f && !signbit(below))) fail_msg("%g gives %g", (double)-far[i], (double)below);
    }
    assert_true(isnan(apply(gelus[kind], NAN)));
    assert_true(apply(gelus[kind], 0.0f) == 0.0f && apply(gelus[kind], -0.0f) == 0.0f);
    /* nothing between 0 and the smallest normal number on the way out */
    for (float x = -8.0f; x > -15.0f; x -= 1e-4f) {
      float y = apply(gelus[kind], x);
      if (!(y == 0.0f || y <= -FLT_MIN)) fail_msg("gelu(%.9g) = %g is denormal", (double)x, (double)y);
    }
  }
}

static void gelu_of_x_minus_gelu_of_minus_x_is_x(void **unused) {
  (void)unused;
  for (size_t kind = 0; kind < 2; kind++) {
    for (double at = 1e-30; at < 1e6; at *= 1.0003) {
      float x = (float)at, difference = apply(gelus[kind], x) - apply(gelus[kind], -x);
      if (!(fabs((double)difference - (double)x) <= 2.0 * unit * (double)x)) fail_msg("at %.9g", (double)x);
    }
    for (int half = -200; half <= 200; half++) { /* the numbers that compiled circuits meet, scaled by 64 */
      float x = 32.0f * (float)half;
      assert_true(apply(gelus[kind], x) - apply(gelus[kind], -x) == x);
    }
  }
}

static void relu_is_the_larger_of_x_and_zero(void **unused) {
  (void)unused;
  const float x[] = {-INFINITY, -1.0f, -1e-40f, -0.0f, 0.0f, 1e-40f, 2.5f, INFINITY};
  const float y[] = {0.0f, 0.0f, 0.0f, 0.0f, 0.0f, 1e-40f, 2.5f, INFINITY};
  for (size_t i = 0; i < 8; i++) assert_true(apply(LAT_ACTIVATION_RELU, x[i]) == y[i]);
  assert_true(isnan(apply(LAT_ACTIVATION_RELU, NAN)));
}

static void lanes_and_remainders_give_the_same_bits_and_the_ends_are_kept(void **unused) {
  (void)unused;
  for (int kind = -1; kind < 3; kind++) {
    for (size_t n = 0; n <= 70; n++) {
      float x[72], y[72], z[72];
      for (size_t i = 0; i < 72; i++) x[i] = (float)i * 0.37f - 13.1f, y[i] = -7.0f;
      memcpy(z, x, sizeof z);
      if (kind < 0) lat_exp_array(n, x, y), lat_exp_array(n, z, z);
      if (kind >= 0) lat_activation_forward((enum lat_activation)kind, n, x, y);
      if (kind >= 0) lat_activation_forward((enum lat_activation)kind, n, z, z);
      for (size_t i = 0; i < 72; i++) {
        float one = kind < 0 ? exp_of(x[i]) : apply((enum lat_activation)kind, x[i]);
        float due = i < n ? one : -7.0f, in_place = i < n ? one : x[i];
        assert_memory_equal(&y[i], &due, sizeof due);
        assert_memory_equal(&z[i], &in_place, sizeof in_place);
      }
    }
  }
}

static void gelu_with_its_slope_is_gelu_and_its_derivative(void **unused) {
  (void)unused;
  enum { COUNT = 4003 };
  static float x[COUNT], y[COUNT], plain[COUNT], slope[COUNT];
  for (size_t i = 0; i < COUNT; i++) x[i] = (float)(0.006 * ((double)i - 2001.0));
  lat_gelu_tanh_array(COUNT, x, plain);
  lat_gelu_tanh_with_slope(COUNT, x, y, slope);
  assert_memory_equal(y, plain, sizeof y);
  for (size_t i = 0; i < COUNT; i++) {
    double at = (double)x[i], s = 1.0 / (1.0 + exp(-2.0 * sqrt(M_2_PI) * (at + 0.044715 * at * at * at)));
    double exact = s + at * s * (1.0 - s) * 2.0 * sqrt(M_2_PI) * (1.0 + 3.0 * 0.044715 * at * at);
    if (!(fabs((double)slope[i] - exact) <= 2e-6)) fail_msg("slope at %.9g: %.9g, exact %.9g", at, (double)slope[i], exact);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_within_two_roundings_where_it_is_normal),
      cmocka_unit_test(exp_underflows_exactly_where_it_says),
      cmocka_unit_test(exp_never_falls),
      cmocka_unit_test(gelus_are_within_eight_roundings_of_libm),
      cmocka_unit_test(gelus_saturate_exactly),
      cmocka_unit_test(gelu_of_x_minus_gelu_of_minus_x_is_x),
      cmocka_unit_test(relu_is_the_larger_of_x_and_zero),
      cmocka_unit_test(lanes_and_remainders_give_the_same_bits_and_the_ends_are_kept),
      cmocka_unit_test(gelu_with_its_slope_is_gelu_and_its_derivative),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
