/* lib/compile/address_code: logit ranges of address codes against values derived by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four */
#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/address_code.h"

static void near(double value, double expected, double relative) {
  if (!(fabs(value / expected - 1) <= relative)) fail_msg("%.12g is not %.12g", value, expected);
}

/* sigma(2 s)^m = 7/8, so s = logit((7/8)^(1/m)) / 2. */
static void binary_range_is_the_closed_form(void **state) {
  (void)state;
  for (size_t m = 2; m <= 20; m++) {
    struct lat_address_code code;
    assert_int_equal(lat_address_code_find("binary", m, 0.125, &code), LAT_OK);
    double p = pow(0.875, 1.0 / (double)m), s = 0.5 * log(p / (1 - p));
    near(code.scale, s, 1e-9);
    near(code.logit_range, s * (double)m, 1e-9);
    near(code.leak_single, 0.125, 1e-4);
  }
}

/* For many addresses the two nearest neighbours carry nearly all the leak: 2 e^-g + 2 e^-4g = 1/7 has g = 2.6404. */
static void crowded_codes_need_the_gap_that_two_neighbours_ask_for(void **state) {
  (void)state;
  struct lat_address_code code;
  const double g = 2.640375, n = 4096, pi = 3.14159265358979323846;
  assert_int_equal(lat_address_code_find("circle", 12, 0.125, &code), LAT_OK);
  near(code.logit_range, g / (2 * pow(sin(pi / n), 2)), 1e-3);
  assert_int_equal(lat_address_code_find("quadratic", 12, 0.125, &code), LAT_OK);
  near(code.logit_range, g * (n - 1) * (n - 1), 1e-3);
  /* the layer-norm hash at its last address has neighbours on one side only: e^-g (1 + ...) = 1/7 */
  assert_int_equal(lat_address_code_find("hash", 12, 0.125, &code), LAT_OK);
  near(code.logit_gap, 1.9475, 1e-2);
  near(code.logit_range, code.logit_gap * 2 * pow(n - 1, 2) * pow(n - 2, 2), 1e-2);
}

static void single_precision_cannot_tell_the_crowded_codes_apart(void **state) {
  (void)state;
  struct lat_address_code code;
  assert_int_equal(lat_address_code_find("hash", 16, 0.125, &code), LAT_OK);
  assert_true(code.leak_single > 0.5);
}

static void bad_requests_are_refused(void **state) {
  (void)state;
  struct lat_address_code code;
  assert_int_equal(lat_address_code_find("gray", 4, 0.125, &code), LAT_INPUT);
  assert_int_equal(lat_address_code_find("binary", 1, 0.125, &code), LAT_INPUT);
  assert_int_equal(lat_address_code_find("binary", 21, 0.125, &code), LAT_INPUT);
  assert_int_equal(lat_address_code_find("binary", 4, 0, &code), LAT_INPUT);
  assert_int_equal(lat_address_code_find("binary", 4, (double)NAN, &code), LAT_INPUT);
  size_t before = lat_memory_current();
  lat_memory_fail_at(1);
  assert_int_equal(lat_address_code_find("binary", 4, 0.125, &code), LAT_MEMORY);
  lat_memory_fail_at(0);
  assert_int_equal(lat_memory_current(), before);
}

static void leak_is_the_weight_off_the_target(void **state) {
  (void)state;
  const float equal[4] = {1, 1, 1, 1}, far[2] = {0, -200};
  near(lat_softmax_leak(4, 2, equal), 0.75, 1e-7);
  assert_true(lat_softmax_leak(2, 0, far) == 0);
  assert_true(lat_softmax_leak(2, 1, far) == 1);
}

int main(void) {
  gsl_set_error_handler_off();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(binary_range_is_the_closed_form),
      cmocka_unit_test(crowded_codes_need_the_gap_that_two_neighbours_ask_for),
      cmocka_unit_test(single_precision_cannot_tell_the_crowded_codes_apart),
      cmocka_unit_test(bad_requests_are_refused),
      cmocka_unit_test(leak_is_the_weight_off_the_target),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
