/* The number formats, held to a list of all their values that is made here from the bit fields. */
#include "lib/nn/dtype.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/random.h"
#include "lib/base/status.h"

static const enum lat_dtype narrow[] = {LAT_DTYPE_BF16, LAT_DTYPE_FP16, LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E5M2};
static const unsigned exponent_bits[] = {8, 5, 4, 5}, mantissa_bits[] = {7, 10, 3, 2};
enum { NARROW = 4 };

/* The value of a code without sign; infinity and NaN as in IEEE 754, but E4M3 has one NaN and no infinity. */
static double decode(size_t k, unsigned code) {
  unsigned e = exponent_bits[k], p = mantissa_bits[k], exponent = code >> p, fraction = code & ((1u << p) - 1);
  int bias = (1 << (e - 1)) - 1;
  if (narrow[k] == LAT_DTYPE_FP8_E4M3) {
    if (code == 0x7f) return (double)NAN;
  } else if (exponent == (1u << e) - 1) {
    return fraction ? (double)NAN : (double)INFINITY;
  }
  if (exponent == 0) return ldexp((double)fraction, 1 - bias - (int)p);
  return ldexp((double)((1u << p) + fraction), (int)exponent - bias - (int)p);
}

static unsigned codes(size_t k) { return 1u << (exponent_bits[k] + mantissa_bits[k]); }

static void expect(enum lat_dtype dtype, double x, double wanted) {
  double found = lat_dtype_round_double(dtype, x);
  if (!(found == wanted && signbit(found) == signbit(wanted)))
    fail_msg("%s rounds %.17g to %.17g, not to %.17g", lat_dtype_name(dtype), x, found, wanted);
  if ((double)(float)x == x && (double)lat_dtype_round(dtype, (float)x) != found)
    fail_msg("%s rounds %.17g as a float to something else", lat_dtype_name(dtype), x);
}

static void every_finite_value_is_a_fixed_point(void **unused) {
  (void)unused;
  for (size_t k = 0; k < NARROW; k++)
    for (unsigned code = 0; code < codes(k); code++) {
      double value = decode(k, code);
      if (!isfinite(value)) continue;
      expect(narrow[k], value, value);
      expect(narrow[k], -value, -value);
    }
}

static void between_two_values_the_nearer_wins_and_ties_go_to_the_even_code(void **unused) {
  (void)unused;
  for (size_t k = 0; k < NARROW; k++)
    for (unsigned code = 0; isfinite(decode(k, code + 1)); code++) {
      double low = decode(k, code), high = decode(k, code + 1), middle = (low + high) / 2;
      for (int sign = -1; sign <= 1; sign += 2) {
        expect(narrow[k], sign * middle, sign * (code % 2 ? high : low));
        expect(narrow[k], sign * nextafter(middle, low), sign * low);
        expect(narrow[k], sign * nextafter(middle, high), sign * high);
        expect(narrow[k], sign * (double)nextafterf((float)middle, (float)low), sign * low);
        expect(narrow[k], sign * (double)nextafterf((float)middle, (float)high), sign * high);
        expect(narrow[k], sign * (low + 0.3 * (high - low)), sign * low);
        expect(narrow[k], sign * (low + 0.9 * (high - low)), sign * high);
      }
    }
}

static void what_is_beyond_the_range_is_infinite_or_nan(void **unused) {
  (void)unused;
  for (size_t k = 0; k < NARROW; k++) {
    unsigned last = codes(k) - 1;
    while (!isfinite(decode(k, last))) last--;
    double largest = decode(k, last), gap = largest - decode(k, last - 1), edge = largest + gap / 2;
    int e4m3 = narrow[k] == LAT_DTYPE_FP8_E4M3;
    expect(narrow[k], nextafter(edge, 0.0), largest);
    expect(narrow[k], -nextafter(edge, 0.0), -largest);
    if (e4m3) expect(narrow[k], edge, largest); /* 448 has an even code */
    const double beyond[] = {e4m3 ? nextafter(edge, 1e9) : edge, largest + gap, 1e30 * largest, (double)INFINITY};
    for (size_t i = 0; i < 4; i++) {
      if (!e4m3) {
        expect(narrow[k], beyond[i], (double)INFINITY);
        expect(narrow[k], -beyond[i], -(double)INFINITY);
      } else if (!isnan(lat_dtype_round_double(narrow[k], beyond[i])) ||
                 !isnan(lat_dtype_round_double(narrow[k], -beyond[i]))) {
        fail_msg("%g is a number in E4M3", beyond[i]);
      }
    }
    if (!isnan(lat_dtype_round(narrow[k], NAN)) || !isnan(lat_dtype_round(narrow[k], -NAN))) fail_msg("NaN is lost");
  }
}

static void fp32_is_the_cast(void **unused) {
  (void)unused;
  struct lat_random random;
  lat_random_start(&random, 7, "test_dtype fp32", 0);
  for (int i = 0; i < 200000; i++) {
    double x = ldexp(lat_random_uniform(&random) * 2 - 1, (int)lat_random_below(&random, 320) - 170);
    expect(LAT_DTYPE_FP32, x, (double)(float)x);
  }
  expect(LAT_DTYPE_FP32, 0x1.ffffffp127, (double)INFINITY);
}

static void arrays_are_rounded_as_single_numbers_are(void **unused) {
  (void)unused;
  struct lat_random random;
  lat_random_start(&random, 7, "test_dtype arrays", 0);
  enum { COUNT = 1003 };
  static float x[COUNT], y[COUNT];
  for (int d = 0; d < LAT_DTYPES; d++) {
    for (size_t i = 0; i < COUNT; i++)
      x[i] = (float)ldexp(lat_random_uniform(&random) * 2 - 1, (int)lat_random_below(&random, 60) - 30);
    x[5] = INFINITY, x[500] = NAN, x[900] = -0.0f;
    lat_dtype_round_all((enum lat_dtype)d, COUNT, x, y);
    for (size_t i = 0; i < COUNT; i++) {
      float one = lat_dtype_round((enum lat_dtype)d, x[i]);
      if (!(memcmp(&one, &y[i], sizeof one) == 0 || (isnan(one) && isnan(y[i])))) fail_msg("number %zu differs", i);
    }
    lat_dtype_round_all((enum lat_dtype)d, COUNT, x, x);
    assert_memory_equal(x, y, sizeof x);
  }
}

static void facts_are_those_of_the_list_and_of_the_specifications(void **unused) {
  (void)unused;
  for (size_t k = 0; k < NARROW; k++) {
    struct lat_dtype_facts facts = lat_dtype_facts(narrow[k]);
    uint64_t finite = 0;
    double largest = 0, smallest = (double)INFINITY;
    for (unsigned code = 0; code < codes(k); code++) {
      double value = decode(k, code);
      if (!isfinite(value)) continue;
      finite += value == 0 ? 1 : 2;
      if (value > largest) largest = value;
      if (value > 0 && value < smallest) smallest = value;
    }
    assert_int_equal(facts.finite, finite);
    assert_true(facts.largest == largest && facts.smallest == smallest);
    assert_true(facts.smallest_normal == decode(k, 1u << mantissa_bits[k]));
    assert_true(facts.unit_roundoff == (decode(k, codes(k) / 2 + 1) / decode(k, codes(k) / 2) - 1) / 2);
  }
  /* IEEE 754-2019, table 3.5; OCP 8-bit floating point 1.0, table 1. */
  const struct {
    enum lat_dtype dtype;
    unsigned bits;
    double largest, smallest_normal, smallest;
    uint64_t finite;
  } known[] = {{LAT_DTYPE_FP32, 32, 0x1.fffffep127, 0x1p-126, 0x1p-149, 4278190079u},
               {LAT_DTYPE_BF16, 16, 0x1.fep127, 0x1p-126, 0x1p-133, 65279},
               {LAT_DTYPE_FP16, 16, 65504, 0x1p-14, 0x1p-24, 63487},
               {LAT_DTYPE_FP8_E4M3, 8, 448, 0x1p-6, 0x1p-9, 253},
               {LAT_DTYPE_FP8_E5M2, 8, 57344, 0x1p-14, 0x1p-16, 247}};
  for (size_t i = 0; i < 5; i++) {
    struct lat_dtype_facts facts = lat_dtype_facts(known[i].dtype);
    assert_int_equal(facts.bits, known[i].bits);
    assert_int_equal(facts.finite, known[i].finite);
    assert_true(facts.largest == known[i].largest && facts.smallest == known[i].smallest &&
                facts.smallest_normal == known[i].smallest_normal);
  }
}

static void names_are_read_back_and_others_refused(void **unused) {
  (void)unused;
  enum lat_dtype dtype;
  for (int d = 0; d < LAT_DTYPES; d++) {
    assert_int_equal(lat_dtype_parse(lat_dtype_name((enum lat_dtype)d), &dtype), LAT_OK);
    assert_int_equal(dtype, d);
  }
  const char *const bad[] = {"", "fp8", "FP32", "float", "bf16 ", "fp8-e4m3fn"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(lat_dtype_parse(bad[i], &dtype), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), "fp32, bf16, fp16, fp8-e4m3 or fp8-e5m2"));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_finite_value_is_a_fixed_point),
      cmocka_unit_test(between_two_values_the_nearer_wins_and_ties_go_to_the_even_code),
      cmocka_unit_test(what_is_beyond_the_range_is_infinite_or_nan),
      cmocka_unit_test(fp32_is_the_cast),
      cmocka_unit_test(arrays_are_rounded_as_single_numbers_are),
      cmocka_unit_test(facts_are_those_of_the_list_and_of_the_specifications),
      cmocka_unit_test(names_are_read_back_and_others_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
