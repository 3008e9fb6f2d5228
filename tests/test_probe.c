/* The linear probe on states whose bit is known to a line, in part, or not at all. */
#include "lib/info/probe.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/gaussian.h"
#include "tests/info_help.h"

enum { N = 4000, D = 6 };
static float x[2 * N * D];
static uint8_t bit[2 * N];

/* Numbers from N(0, 1) with scales far apart; number 2 has `apart` (2 bit - 1) added before it is scaled. */
static void make(double apart, uint64_t seed) {
  static const float scale[D] = {1, 1000, 50, 0.001f, 1, 0};
  struct lat_random random;
  help_normal(x, sizeof x / sizeof *x, seed);
  lat_random_start(&random, seed, "bits", 0);
  for (size_t r = 0; r < 2 * N; r++) {
    bit[r] = (uint8_t)lat_random_below(&random, 2);
    x[r * D + 2] += (float)(bit[r] ? apart : -apart);
    for (size_t i = 0; i < D; i++) x[r * D + i] = x[r * D + i] * scale[i] + 3;
  }
}

/* Bits that the probe of the first half gets from the second. */
static double held_out(void) {
  double weight[D + 1], loss = 0;
  assert_int_equal(lat_probe_fit(x, bit, N, D, weight), LAT_OK);
  for (size_t r = N; r < 2 * N; r++) loss += lat_probe_loss(lat_probe_logit(weight, x + r * D, D), bit[r]) / N;
  return 1 - loss;
}

/* Two Gaussian heaps: a line is the best decoder, so the bound is the information, here by its integral. */
static void two_heaps_give_their_information(void **state) {
  (void)state;
  for (double apart = 0.25; apart <= 2; apart *= 2) {
    double exact;
    assert_int_equal(lat_gaussian_levels(2, apart * apart, 1, &exact), LAT_OK);
    make(apart, 5);
    help_near(held_out(), exact, 0.02, "information");
  }
}

static void nothing_is_read_where_there_is_nothing(void **state) {
  (void)state;
  make(0, 6);
  double bits = held_out();
  if (!(bits <= 0.005 && bits >= -0.01)) fail_msg("%g bits", bits);
}

static void a_bit_that_a_line_tells_is_read_whole(void **state) {
  (void)state;
  make(40, 7);
  double bits = held_out();
  if (!(bits >= 0.995 && bits <= 1)) fail_msg("%g bits", bits);
}

/* Exclusive or of two signs is there, and no line tells it: the bound is for lines. */
static void what_no_line_tells_is_not_read(void **state) {
  (void)state;
  make(0, 8);
  for (size_t r = 0; r < 2 * N; r++) bit[r] = (x[r * D] > 3) != (x[r * D + 1] > 3);
  double bits = held_out();
  if (!(bits <= 0.01)) fail_msg("%g bits", bits);
}

/* At the minimum the slope is 0: sum (q - bit) z_i = -w_i on standardised numbers. */
static void the_weights_are_at_the_minimum(void **state) {
  (void)state;
  double weight[D + 1], slope = 0, total = 0, mean = 0, square = 0;
  make(0.7, 9);
  assert_int_equal(lat_probe_fit(x, bit, N, D, weight), LAT_OK);
  for (size_t r = 0; r < N; r++) mean += (double)x[r * D + 2] / N;
  for (size_t r = 0; r < N; r++) square += ((double)x[r * D + 2] - mean) * ((double)x[r * D + 2] - mean) / N;
  for (size_t r = 0; r < N; r++) {
    double off = 1 / (1 + exp(-lat_probe_logit(weight, x + r * D, D))) - bit[r];
    total += off;
    slope += off * ((double)x[r * D + 2] - mean) / sqrt(square);
  }
  help_near(total, 0, 1e-3, "slope of what is added");
  help_near(slope, -weight[2] * sqrt(square), 1e-3, "slope of number 2");
}

static void losses_are_those_of_the_formula(void **state) {
  (void)state;
  help_near(lat_probe_loss(0, 1), 1, 1e-15, "no idea");
  help_near(lat_probe_loss(2, 1), log2(1 + exp(-2)), 1e-15, "right");
  help_near(lat_probe_loss(2, 0), log2(1 + exp(2)), 1e-15, "wrong");
  help_near(lat_probe_loss(2000, 0), 2000 / M_LN2, 1e-9, "sure and wrong");
}

static int job(void) {
  double weight[D + 1];
  return lat_probe_fit(x, bit, 50, D, weight);
}
static void bad_input_and_no_memory_are_told(void **state) {
  (void)state;
  double weight[D + 1];
  make(1, 10);
  assert_int_equal(lat_probe_fit(x, bit, 0, D, weight), LAT_INPUT);
  assert_int_equal(lat_probe_fit(x, bit, 5, 0, weight), LAT_INPUT);
  x[7] = (float)NAN;
  assert_int_equal(lat_probe_fit(x, bit, 5, D, weight), LAT_INPUT);
  x[7] = 0;
  help_fail_each(job);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_heaps_give_their_information),      cmocka_unit_test(nothing_is_read_where_there_is_nothing),
      cmocka_unit_test(a_bit_that_a_line_tells_is_read_whole), cmocka_unit_test(what_no_line_tells_is_not_read),
      cmocka_unit_test(the_weights_are_at_the_minimum),        cmocka_unit_test(losses_are_those_of_the_formula),
      cmocka_unit_test(bad_input_and_no_memory_are_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
