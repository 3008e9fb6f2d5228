#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/filter.h"

#define PARAMETERS(INT, REAL, TEXT, PATH) \
  PATH(circuit, "-", "", "", "", "")      \
  TEXT(family, "-", "", "", "", "")       \
  INT(layers, "1", 0, 99, "", "", "", "") \
  REAL(beta, "1", 0, 99, "", "", "", "")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_experiment experiment = {.name = "filtered", .parameters = parameters_table};
static const struct parameters point = {.circuit = "some/where/c17.bench", .family = "parity:8", .layers = 3, .beta = 0.5};

static void takes(const char *text, int expected) {
  struct lat_filter *filter = NULL;
  int status = lat_filter_parse(&experiment, text, &filter);
  if (status != LAT_OK) fail_msg("%s: %s", text, lat_error_message());
  if (lat_filter_takes(filter, &point) != expected) fail_msg("%s is not %d", text, expected);
  lat_filter_free(filter);
}

static void refuses(const char *text, int column, const char *saying) {
  struct lat_filter *filter = NULL;
  char place[32];
  snprintf(place, sizeof place, "column %d:", column);
  assert_int_equal(lat_filter_parse(&experiment, text, &filter), LAT_INPUT);
  assert_null(filter);
  if (!strstr(lat_error_message(), place) || !strstr(lat_error_message(), saying))
    fail_msg("'%s' should say %s %s: %s", text, place, saying, lat_error_message());
}

static void comparisons_hold_or_not(void **state) {
  (void)state;
  takes("layers==3", 1), takes("layers!=3", 0), takes("layers<3", 0), takes("layers<=3", 1);
  takes("layers>3", 0), takes("layers>=3", 1), takes(" layers < 4 ", 1), takes("beta>0.4999", 1);
  takes("beta<5e-1", 0), takes("family==parity:8", 1), takes("family != \"parity:8\"", 0);
  takes("circuit==c17.bench", 1), takes("circuit==\"\"", 0), takes("layers>-1", 1);
}

static void and_binds_tighter_than_or_and_not_tightest(void **state) {
  (void)state;
  takes("layers==3||layers==3&&beta==9", 1);
  takes("(layers==3||layers==3)&&beta==9", 0);
  takes("!layers==3", 0);
  takes("!layers==3||beta==0.5", 1);
  takes("!(layers==3&&beta==0.5)", 0);
  takes("!!layers==3", 1);
  takes("layers==1 || layers==2 || layers==3", 1);
  takes("layers>0 && beta>0 && family==adder:4", 0);
  takes("((((layers==3))))", 1);
}

static void every_combination_of_three_agrees_with_c(void **state) {
  (void)state;
  for (int bits = 0; bits < 8; bits++) {
    int a = bits & 1, b = bits >> 1 & 1, c = bits >> 2;
    char text[200];
    const char *said[] = {"layers==9", "layers==3"};
    snprintf(text, sizeof text, "!%s&&(%s||!%s)||%s&&%s", said[a], said[b], said[c], said[c], said[a]);
    takes(text, (!a && (b || !c)) || (c && a));
  }
}

static void errors_give_the_column(void **state) {
  (void)state;
  refuses("", 1, "parameter is expected");
  refuses("layers", 7, "== != <");
  refuses("layers=3", 7, "equality is written ==");
  refuses("layers==", 9, "value is expected");
  refuses("layers==x", 9, "number is expected");
  refuses("layers==3 &&", 13, "parameter is expected");
  refuses("layers==3 beta==4", 11, "&& or ||");
  refuses("(layers==3", 1, "not closed");
  refuses("(layers==3 beta==1)", 12, "')' is expected");
  refuses("layers==3)", 10, "&& or ||");
  refuses("laers==3", 1, "nearest: layers");
  refuses("family<=parity:8", 7, "== or !=");
  refuses("family==\"parity", 9, "not closed");
  refuses("layers==3 && & beta==1", 14, "parameter is expected");
}

static void deep_nesting_is_refused_not_crashed_on(void **state) {
  (void)state;
  char text[2 * 100000 + 1];
  memset(text, '(', sizeof text - 1);
  text[sizeof text - 1] = '\0';
  refuses(text, 52, "nested");
  memset(text, '!', sizeof text - 1);
  refuses(text, 52, "nested");
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status == LAT_MEMORY; k++) {
    struct lat_filter *filter = NULL;
    lat_memory_fail_at(k);
    status = lat_filter_parse(&experiment, "layers==1||layers==2||layers==3||layers==4||layers==5||layers==6", &filter);
    lat_memory_fail_at(0);
    lat_filter_free(filter);
    assert_int_equal(lat_memory_current(), before);
    assert_true(k < 100);
  }
  assert_int_equal(status, LAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(comparisons_hold_or_not),
      cmocka_unit_test(and_binds_tighter_than_or_and_not_tightest),
      cmocka_unit_test(every_combination_of_three_agrees_with_c),
      cmocka_unit_test(errors_give_the_column),
      cmocka_unit_test(deep_nesting_is_refused_not_crashed_on),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
