/* Figures: drawn complete or not at all, the same bytes twice, and every way to fail says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/gnuplot.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

static char folder[] = "/tmp/latentlab-plot-XXXXXX";
static char path_of[4][200];
static const char good[] = "x (1)\ty (1)\n1\t2\n2\t3\n3\t5\n";
static int empty;

static const char *at(int slot, const char *name) {
  snprintf(path_of[slot], sizeof path_of[slot], "%s/%s", folder, name);
  return path_of[slot];
}

static void put(const char *name, const char *text) {
  assert_int_equal(lat_file_write(at(3, name), text, strlen(text)), LAT_OK);
}

/* A small figure that uses the project's own style. */
static int before(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL || setenv("LATENTLAB_ANALYSIS", folder, 1) != 0) return -1;
  char *bytes;
  size_t count;
  if (lat_file_read("analysis/style.gp", &bytes, &count) != LAT_OK) return -1;
  if (lat_file_write(at(0, "style.gp"), bytes, count) != LAT_OK) return -1;
  lat_free(bytes);
  put("small.gp",
      "FORMAT = ARG1; OUTPUT = ARG2; TABLES = ARG3.'/'\n"
      "load ARG0[1 : strlen(ARG0) - strlen('small.gp')].'style.gp'\n"
      "@LEFT; @CURVES\nset label 1 heading('a', 'small') at screen 0.012, screen 0.945\n"
      "plot TABLES.'t.tsv' using 1:2 with lines lc rgb COLOUR[1] notitle\n");
  put("wrong.gp", "FORMAT = ARG1; OUTPUT = ARG2\nset terminal svg\nset output OUTPUT\nplot no_such_variable\n");
  put("t.tsv", good);
  return 0;
}

static int after(void **state) {
  (void)state;
  static const char *const files[] = {"style.gp", "small.gp", "wrong.gp", "t.tsv", "a.svg",
                                      "b.svg",    "a.png",    "b.png",    "a.pdf", "b.pdf"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(at(0, files[i]));
  return rmdir(folder); /* fails when a temporary file was left behind */
}

static void the_same_table_gives_the_same_bytes(void **state) {
  (void)state;
  static const char *const formats[] = {"svg", "png", "pdf"};
  for (int i = 0; i < 3; i++) {
    char name[2][16];
    char *bytes[2];
    size_t count[2];
    for (int j = 0; j < 2; j++) {
      snprintf(name[j], sizeof name[j], "%c.%s", 'a' + j, formats[i]);
      int status = lat_gnuplot_draw("small", formats[i], folder, at(j, name[j]), &empty);
      if (status != LAT_OK) fail_msg("%s", lat_error_message());
      assert_int_equal(lat_file_read(at(j, name[j]), &bytes[j], &count[j]), LAT_OK);
      if (j == 0 && i == 2) sleep(1); /* a PDF would carry another second */
    }
    assert_true(count[0] > 1000);
    assert_int_equal(count[0], count[1]);
    assert_memory_equal(bytes[0], bytes[1], count[0]);
    if (i == 2) assert_null(memmem(bytes[0], count[0], "CreationDate", 12));
    if (i == 0) assert_non_null(memmem(bytes[0], count[0], "Arial, Helvetica", 16));
    for (int j = 0; j < 2; j++) lat_free(bytes[j]);
  }
}

static void a_panel_without_points_is_a_frame_that_says_so(void **state) {
  (void)state;
  static const char *const rows[] = {"", "1\tNaN\n2\tNaN\n", "1\t2\n"};
  for (int i = 0; i < 3; i++) {
    char text[64], *bytes;
    size_t count;
    snprintf(text, sizeof text, "x (1)\ty (1)\n%s", rows[i]);
    put("t.tsv", text);
    empty = -1;
    if (lat_gnuplot_draw("small", "svg", folder, at(0, "a.svg"), &empty) != LAT_OK) fail_msg("%s", lat_error_message());
    assert_int_equal(empty, i < 2);
    assert_int_equal(lat_file_read(at(0, "a.svg"), &bytes, &count), LAT_OK);
    assert_int_equal(strstr(bytes, "no points in this sweep") != NULL, i < 2);
    lat_free(bytes);
  }
  put("t.tsv", good);
}

static void a_table_that_is_malformed_or_missing_is_an_error_and_the_old_figure_stays(void **state) {
  (void)state;
  static const char *const tables[] = {
      "x (1)\ty (1)\n1\n", "x (1)\ty (1)\n1\t2\t3\n", "x (1)\ty (1)\n1\tmany\n", "x (1)\ty (1)\n1\tnan\n", "", NULL};
  char *old, *now;
  size_t old_count, now_count;
  assert_int_equal(lat_gnuplot_draw("small", "svg", folder, at(0, "a.svg"), &empty), LAT_OK);
  assert_int_equal(lat_file_read(at(0, "a.svg"), &old, &old_count), LAT_OK);
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
    if (tables[i] != NULL)
      put("t.tsv", tables[i]);
    else
      unlink(at(0, "t.tsv"));
    assert_int_equal(lat_gnuplot_draw("small", "svg", folder, at(0, "a.svg"), &empty), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), "t.tsv"));
    assert_int_equal(lat_file_read(at(0, "a.svg"), &now, &now_count), LAT_OK);
    assert_int_equal(old_count, now_count);
    assert_memory_equal(old, now, old_count);
    lat_free(now);
  }
  lat_free(old);
  put("t.tsv", good);
}

static void an_undefined_variable_or_no_script_is_an_error(void **state) {
  (void)state;
  assert_int_equal(lat_gnuplot_draw("wrong", "svg", folder, at(0, "b.svg"), &empty), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "no_such_variable"));
  assert_int_equal(lat_gnuplot_draw("absent", "svg", folder, at(0, "b.svg"), &empty), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "absent.gp"));
}

static void without_gnuplot_the_package_is_named(void **state) {
  (void)state;
  char *path = strdup(getenv("PATH"));
  assert_non_null(path);
  setenv("PATH", folder, 1);
  int status = lat_gnuplot_draw("small", "svg", folder, at(0, "a.svg"), &empty);
  setenv("PATH", path, 1);
  free(path);
  assert_int_equal(status, LAT_UNSUPPORTED);
  assert_non_null(strstr(lat_error_message(), "gnuplot-nox"));
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  size_t held = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 100 && status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_gnuplot_draw("small", "svg", folder, at(0, "a.svg"), &empty);
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), held);
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
  }
  assert_int_equal(status, LAT_OK);
}

int main(void) {
  setenv("LC_ALL", "C", 1); /* as in a bare container */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_table_gives_the_same_bytes),
      cmocka_unit_test(a_panel_without_points_is_a_frame_that_says_so),
      cmocka_unit_test(a_table_that_is_malformed_or_missing_is_an_error_and_the_old_figure_stays),
      cmocka_unit_test(an_undefined_variable_or_no_script_is_an_error),
      cmocka_unit_test(without_gnuplot_the_package_is_named),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, before, after);
}
