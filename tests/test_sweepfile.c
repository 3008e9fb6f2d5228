#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/sweepfile.h"

static const char example[] =
    "runs:\n"
    "  - experiments: [depth_wavefront, leak_law]   # names\n"
    "    size: quick\n"
    "  - experiments: [depth_wavefront]\n"
    "    set: [\"layers=1,2,4\", \"seed=0:4:1\"]\n"
    "    filter: layers <= 2 || seed == 0\n";

static void the_example_of_the_header_is_read(void **state) {
  (void)state;
  struct lat_sweepfile *file = NULL;
  assert_int_equal(lat_sweepfile_parse("x.yaml", example, sizeof example - 1, &file), LAT_OK);
  assert_int_equal(file->runs_count, 2);
  assert_int_equal(file->runs[0].experiments_count, 2);
  assert_string_equal(file->runs[0].experiments[1], "leak_law");
  assert_string_equal(file->runs[0].size, "quick");
  assert_null(file->runs[0].filter);
  assert_int_equal(file->runs[0].set_count, 0);
  assert_null(file->runs[1].size);
  assert_int_equal(file->runs[1].set_count, 2);
  assert_string_equal(file->runs[1].set[1], "seed=0:4:1");
  assert_string_equal(file->runs[1].filter, "layers <= 2 || seed == 0");
  lat_sweepfile_free(file);
}

static void refuses(const char *text, const char *place, const char *cause) {
  struct lat_sweepfile *file = NULL;
  size_t before = lat_memory_current();
  assert_int_equal(lat_sweepfile_parse("x.yaml", text, strlen(text), &file), LAT_INPUT);
  assert_null(file);
  if (!strstr(lat_error_message(), place) || !strstr(lat_error_message(), cause))
    fail_msg("'%s' lacks '%s' or '%s'", lat_error_message(), place, cause);
  assert_int_equal(lat_memory_current(), before);
}

static void unknown_keys_are_refused_with_line_and_column(void **state) {
  (void)state;
  refuses("runs:\n  - experiments: [a]\n    sizes: 3\n", "x.yaml, line 3, column 5: ", "Unexpected key: sizes");
  refuses("run:\n  - experiments: [a]\n", "line 1, column 1: ", "Unexpected key: run");
  refuses("runs: [{experiments: [a], seed: 3}]\n", "line 1, column 27: ", "Unexpected key: seed");
  refuses("# size: here\nruns:\n  - experiments: [a]\n    \"x y\": 1\n", "line 4, column 6: ", "Unexpected key: x y");
  refuses("runs:\n  - experiments: [a]\nseed: 3\n", "line 3, column 1: ", "Unexpected key: seed");
}

static void wrong_values_are_refused_with_the_place(void **state) {
  (void)state;
  refuses("runs:\n  - experiments: a\n", "line 2, column 18: ", "Expecting SEQUENCE");
  refuses("runs:\n  - experiments: [a]\n    set: [1, {b: c}]\n", "line 3, column 14: ", "Expecting STRING");
  refuses("runs:\n  - size: quick\n", "line 2", "Missing required mapping field: experiments");
  refuses("runs: []\n", "line 1", "Insufficient entries");
  refuses("runs: [\n {\n", "x.yaml", "libyaml");
  refuses("", "x.yaml", "empty");
  refuses("# nothing\n", "x.yaml", "empty");
  struct lat_sweepfile *file = NULL;
  assert_int_equal(lat_sweepfile_parse("x.yaml", "runs:\0", 6, &file), LAT_INPUT);
  assert_int_equal(lat_sweepfile_read("/nonexistent/file.yaml", &file), LAT_INPUT);
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  uint64_t k = 1;
  for (; status == LAT_MEMORY; k++) {
    struct lat_sweepfile *file = NULL;
    lat_memory_fail_at(k);
    status = lat_sweepfile_parse("x.yaml", example, sizeof example - 1, &file);
    lat_memory_fail_at(0);
    lat_sweepfile_free(file);
    if (lat_memory_current() != before) fail_msg("failing allocation %llu leaks", (unsigned long long)k);
  }
  assert_int_equal(status, LAT_OK);
  assert_true(k > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_example_of_the_header_is_read),
      cmocka_unit_test(unknown_keys_are_refused_with_line_and_column),
      cmocka_unit_test(wrong_values_are_refused_with_the_place),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests_name("sweepfile", tests, NULL, NULL);
}
