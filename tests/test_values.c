#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/values.h"

static const struct lat_parameter whole = {"layers", "layers", "", LAT_INTEGER, -5, 5000, 0, {0}};
static const struct lat_parameter real = {"beta", "1", "", LAT_REAL, -1e30, 1e30, 0, {0}};
static const struct lat_parameter word = {"family", "-", "", LAT_TEXT, 0, 0, 0, {0}};

/* The values of `text` are exactly these. */
static void gives(const struct lat_parameter *parameter, const char *text, size_t count, const double *expected) {
  struct lat_values values;
  assert_int_equal(lat_values_parse(&values, parameter, text), LAT_OK);
  assert_int_equal(values.count, count);
  for (size_t i = 0; i < count; i++) {
    double value = parameter->kind == LAT_INTEGER ? (double)values.value[i].integer : values.value[i].real;
    if (!(value == expected[i])) fail_msg("%s: value %zu is %.17g, not %.17g", text, i, value, expected[i]);
  }
  lat_values_free(&values);
}
#define GIVES(parameter, text, ...) \
  gives(parameter, text, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void refuses(const struct lat_parameter *parameter, const char *text, const char *saying) {
  struct lat_values values;
  assert_int_equal(lat_values_parse(&values, parameter, text), LAT_INPUT);
  if (!strstr(lat_error_message(), saying)) fail_msg("%s: '%s' does not say '%s'", text, lat_error_message(), saying);
  if (!strstr(lat_error_message(), parameter->name)) fail_msg("%s: the parameter is not named", text);
}

static void lists_and_ranges_of_whole_numbers(void **state) {
  (void)state;
  GIVES(&whole, "3", 3);
  GIVES(&whole, " 3 , 1,2", 3, 1, 2);
  GIVES(&whole, "1:5", 1, 2, 3, 4, 5);
  GIVES(&whole, "5:1", 5, 4, 3, 2, 1);
  GIVES(&whole, "1:8:3", 1, 4, 7);
  GIVES(&whole, "1:7:3", 1, 4, 7);
  GIVES(&whole, "3:-3:-2", 3, 1, -1, -3);
  GIVES(&whole, "1:64:*2", 1, 2, 4, 8, 16, 32, 64);
  GIVES(&whole, "1:1000:*10", 1, 10, 100, 1000);
  GIVES(&whole, "1:10:*1.5", 1, 2, 3, 5, 8);
  GIVES(&whole, "64:1:*0.25", 64, 16, 4, 1);
  GIVES(&whole, "1,2:4,4,9", 1, 2, 3, 4, 9);
  GIVES(&whole, "7:7:1", 7);
}

static void steps_do_not_drift(void **state) {
  (void)state;
  GIVES(&real, "0:1:0.1", 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1);
  GIVES(&real, "-0.3:0.3:0.1", -0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3);
  GIVES(&real, "1e-3:4e-3:1e-3", 0.001, 0.002, 0.003, 0.004);
  GIVES(&real, "0.7:0:-0.35", 0.7, 0.35, 0);
  GIVES(&real, "1e-6:1:*10", 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1);
  GIVES(&real, "1e20:3e20:1e20", 1e20, 2e20, 3e20);
  struct lat_values values;
  assert_int_equal(lat_values_parse(&values, &real, "0:1000:0.01"), LAT_OK);
  assert_int_equal(values.count, 100001);
  for (size_t i = 0; i < values.count; i += 777) {
    char text[32];
    snprintf(text, sizeof text, "%zu.%02zu", i / 100, i % 100);
    if (!(values.value[i].real == strtod(text, NULL))) fail_msg("%s is %.17g", text, values.value[i].real);
  }
  lat_values_free(&values);
}

static void texts_are_split_at_commas_and_know_no_ranges(void **state) {
  struct lat_values values;
  (void)state;
  assert_int_equal(lat_values_parse(&values, &word, "parity:8, adder:4,parity:8"), LAT_OK);
  assert_int_equal(values.count, 2);
  assert_string_equal(values.value[0].text, "parity:8");
  assert_string_equal(values.value[1].text, "adder:4");
  lat_values_free(&values);
  assert_int_equal(lat_values_parse(&values, &word, ""), LAT_OK);
  assert_int_equal(values.count, 1);
  assert_string_equal(values.value[0].text, "");
  lat_values_free(&values);
}

static void wrong_values_are_refused_with_the_allowed_range(void **state) {
  (void)state;
  refuses(&whole, "5001", "from -5 to 5000");
  refuses(&whole, "1,,2", "missing");
  refuses(&whole, "", "missing");
  refuses(&whole, "1.5", "not a whole number");
  refuses(&whole, "two", "not a whole number");
  refuses(&whole, "1:5:0", "step is 0");
  refuses(&whole, "1:5:-1", "away from the end");
  refuses(&whole, "1:5:2:3", "not a whole number");
  refuses(&whole, "1:", "not a whole number");
  refuses(&whole, "1:8:*1", "away from the end");
  refuses(&whole, "8:1:*2", "away from the end");
  refuses(&whole, "0:8:*2", "positive");
  refuses(&whole, "1:6000:1000", "outside");
  refuses(&whole, "99999999999999999999", "not a whole number");
  refuses(&real, "nan", "not a number");
  refuses(&real, "1:2", "from:to:step");
  refuses(&real, "0:1:1e-9", "million");
  refuses(&real, "inf", "not a number");
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status == LAT_MEMORY; k++) {
    struct lat_values values;
    lat_memory_fail_at(k);
    status = lat_values_parse(&values, &word, "a,b,c,d,e,f,g,h,i,j");
    lat_memory_fail_at(0);
    if (status == LAT_OK) lat_values_free(&values);
    assert_int_equal(lat_memory_current(), before);
    assert_true(k < 100);
  }
  assert_int_equal(status, LAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_and_ranges_of_whole_numbers),
      cmocka_unit_test(steps_do_not_drift),
      cmocka_unit_test(texts_are_split_at_commas_and_know_no_ranges),
      cmocka_unit_test(wrong_values_are_refused_with_the_allowed_range),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
