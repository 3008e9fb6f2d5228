#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <math.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

/* The merged points of a small sweep: layers 1, 2 x seed 0, 1, good and failed. */
static struct lat_merged *points(const char *out) {
  static const char *const set[] = {"layers=1,2", "beta=0.5", "fail=no,numeric"};
  struct lat_request request = {.size = "smoke", .set = set, .sets = 3};
  struct lat_runner runner = {.out = out, .jobs = 1};
  struct lat_sweep *plan = NULL;
  struct lat_merged *merged = NULL;
  char folder[128];
  size_t forgotten;
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &plan), LAT_OK);
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  assert_int_equal(lat_runner_run(&runner, plan), LAT_OK);
  lat_sweep_free(plan);
  snprintf(folder, sizeof folder, "%s/sample", out);
  assert_int_equal(lat_merge_read(folder, 1, NULL, &merged), LAT_OK);
  return merged;
}

static void accessors_give_values_and_missing_ones(void **state) {
  (void)state;
  char out[64];
  size_t extent[3], before = lat_memory_current();
  lat_sample_folder(out);
  struct lat_merged *merged = points(out);
  assert_int_equal(lat_merged_points(merged), 8);
  for (size_t i = 0; i < 8; i++) {
    /* beta=0.5 fail=no layers=1 seed=0 ..., then fail=numeric */
    assert_int_equal(lat_merged_failed(merged, i), i >= 4);
    int64_t layers = lat_merged_integer(merged, "layers", i);
    assert_int_equal(layers, 1 + (int64_t)(i % 4) / 2);
    assert_int_equal(lat_merged_integer(merged, "seed", i), i % 2);
    if (!(lat_merged_real(merged, "beta", i) == 0.5 && lat_merged_real(merged, "layers", i) == (double)layers)) fail();
    const double *counts = lat_merged_array(merged, "counts", i, extent), *curve;
    if (i >= 4) {
      assert_null(counts);
      assert_true(isnan(lat_merged_real(merged, "total", i)));
      assert_int_equal(lat_merged_integer(merged, "odds", i), INT64_MIN);
      assert_string_equal(lat_merged_text(merged, "name", i), "");
      continue;
    }
    assert_int_equal(extent[0], 3), assert_int_equal(extent[1], 5), assert_int_equal(extent[2], 1);
    for (int c = 0; c < 15; c++)
      if (!(counts[c] == (double)(c * layers))) fail();
    assert_ptr_equal(lat_merged_array(merged, "counts", i, extent), counts);
    curve = lat_merged_array(merged, "curve", i, extent);
    assert_int_equal(extent[0], layers);
    if (!(curve[0] == lat_merged_real(merged, "total", i))) fail();
    assert_string_equal(lat_merged_text(merged, "name", i), layers == 1 ? "odd" : "even");
    assert_true(isnan(lat_merged_real(merged, "missing", i)));
    assert_true(isnan(lat_merged_real(merged, "counts", i)));
    if (!(lat_merged_real(merged, "seconds", i) >= 0)) fail();
    assert_null(lat_merged_array(merged, "nothing", i, extent));
    assert_null(lat_merged_array(merged, "name", i, extent));
  }
  lat_merged_free(merged);
  assert_int_equal(lat_memory_current(), before);
  lat_sample_remove(out);
}

static char *content(const char *folder, const char *name) {
  struct lat_text path = {0};
  char *bytes = NULL;
  size_t count;
  assert_int_equal(lat_path(&path, "%s/%s", folder, name), LAT_OK);
  if (lat_file_read(path.bytes, &bytes, &count) != LAT_OK) fail_msg("%s", lat_error_message());
  lat_text_free(&path);
  return bytes;
}

static void tables_and_verdict_are_written_and_compared(void **state) {
  (void)state;
  char out[64], folder[128], path[160], saved[200], line[100];
  lat_sample_folder(out);
  snprintf(folder, sizeof folder, "%s/tables/sample", out);
  struct lat_merged *merged = points(out);
  struct lat_analysis *analysis = NULL;
  assert_int_equal(lat_analysis_make(&lat_experiment_sample, merged, &analysis), LAT_OK);
  assert_int_equal(lat_analysis_verdict(analysis), LAT_REFUTED);
  assert_string_equal(lat_analysis_sentence(analysis), "4 of 8 points are good");
  assert_int_equal(lat_analysis_compare(analysis, folder), LAT_INPUT); /* nothing there yet */
  snprintf(path, sizeof path, "%s/old.tsv", folder);
  assert_int_equal(lat_make_folders(folder), LAT_OK);
  assert_int_equal(lat_file_write(path, "x\n", 2), LAT_OK);
  assert_int_equal(lat_analysis_write(analysis, folder), LAT_OK);
  assert_false(lat_path_exists(path)); /* a table that is made no longer */
  assert_int_equal(lat_analysis_compare(analysis, folder), LAT_OK);
  char *totals = content(folder, "totals.tsv"), *verdict = content(folder, "verdict.json");
  snprintf(line, sizeof line, "layers (layers)\tseed\ttotal (1)\n1\t0\t%.17g\n", lat_merged_real(merged, "total", 0));
  assert_memory_equal(totals, line, strlen(line));
  assert_non_null(strstr(verdict, "\"verdict\":\"refuted\""));
  assert_non_null(strstr(verdict, "\"failed\":4"));
  assert_non_null(strstr(verdict, "\"caption\":\"Totals by layers and seed.\""));
  assert_non_null(strstr(verdict, "\"caption\":null"));
  assert_non_null(strstr(verdict, "\"rows\":4"));
  /* One byte, one table too many, one missing: each is found. */
  snprintf(saved, sizeof saved, "%s/totals.tsv", folder);
  totals[strlen(totals) - 2] ^= 1;
  assert_int_equal(lat_file_write(saved, totals, strlen(totals)), LAT_OK);
  assert_int_equal(lat_analysis_compare(analysis, folder), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "totals.tsv, line 5"));
  assert_int_equal(lat_analysis_write(analysis, folder), LAT_OK);
  assert_int_equal(lat_file_write(path, "x\n", 2), LAT_OK);
  assert_int_equal(lat_analysis_compare(analysis, folder), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "old.tsv"));
  unlink(path), unlink(saved);
  assert_int_equal(lat_analysis_compare(analysis, folder), LAT_INPUT);
  lat_free(totals), lat_free(verdict);
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  lat_sample_remove(out);
}

/* Analyses that go wrong; `wrong` says which. */
static int wrong;
static int analyse_wrong(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  (void)merged;
  if (wrong == 0) return lat_table_row(analysis, "%d", 1);
  LAT_TRY(status, lat_table_begin(analysis, wrong == 1 ? "Big Name" : "good", wrong == 2 ? "a\nb" : "a\tb", NULL));
  if (wrong == 3) LAT_TRY(status, lat_table_row(analysis, "%d", 1));
  if (wrong == 4) LAT_TRY(status, lat_table_row(analysis, "%d\t%d\t%d", 1, 2, 3));
  if (wrong == 5) LAT_TRY(status, lat_table_row(analysis, "1\t%g", (double)NAN));
  if (wrong == 6) LAT_TRY(status, lat_table_row(analysis, "%.3f\t1", -(double)INFINITY));
  if (wrong == 7) LAT_TRY(status, lat_table_row(analysis, "%d\n\t1", 1));
  if (wrong == 8) LAT_TRY(status, lat_table_begin(analysis, "good", "c", NULL));
  if (wrong == 9) return LAT_FAIL(LAT_NUMERIC, "the fit does not converge");
  /* These are right: missing on purpose, a gap, words that begin like nan and inf, a long row. */
  LAT_TRY(status, lat_table_row(analysis, "NaN\t%g", 2.0));
  LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  LAT_TRY(status, lat_table_row(analysis, "nano\tinfo"));
  LAT_TRY(status, lat_table_row(analysis, "%0900d\t1", 7));
done:
  return status;
}

static void rows_that_would_mislead_are_refused(void **state) {
  static const int codes[] = {LAT_INPUT,   LAT_INPUT, LAT_INPUT, LAT_INPUT,   LAT_INPUT, LAT_NUMERIC,
                              LAT_NUMERIC, LAT_INPUT, LAT_INPUT, LAT_NUMERIC, LAT_OK};
  (void)state;
  struct lat_experiment experiment = lat_experiment_sample;
  struct lat_merged merged = {0};
  size_t before = lat_memory_current();
  experiment.analyse = analyse_wrong;
  for (wrong = 0; wrong <= 10; wrong++) {
    struct lat_analysis *analysis = NULL;
    int status = lat_analysis_make(&experiment, &merged, &analysis);
    if (status != codes[wrong]) fail_msg("case %d gives %d: %s", wrong, status, lat_error_message());
    lat_analysis_free(analysis);
    assert_int_equal(lat_memory_current(), before);
  }
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state) {
  (void)state;
  char out[64], folder[128];
  lat_sample_folder(out);
  snprintf(folder, sizeof folder, "%s/sample", out);
  lat_merged_free(points(out));
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  uint64_t k = 1;
  for (; status == LAT_MEMORY; k++) {
    struct lat_analysis *analysis = NULL;
    struct lat_merged *merged = NULL;
    assert_int_equal(lat_merge_read(folder, 0, NULL, &merged), LAT_OK);
    lat_memory_fail_at(k);
    status = lat_analysis_make(&lat_experiment_sample, merged, &analysis);
    lat_memory_fail_at(0);
    lat_analysis_free(analysis);
    lat_merged_free(merged);
    if (lat_memory_current() != before) fail_msg("failing allocation %llu leaks", (unsigned long long)k);
  }
  assert_int_equal(status, LAT_OK);
  assert_true(k > 12); /* the copies of integers among them */
  lat_sample_remove(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(accessors_give_values_and_missing_ones),
      cmocka_unit_test(tables_and_verdict_are_written_and_compared),
      cmocka_unit_test(rows_that_would_mislead_are_refused),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests_name("analysis", tests, NULL, NULL);
}
