#include "tests/made_up.h"

#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/runner.h"

enum { MOST_POINTS = 512 };

struct lat_merged *made_up(const char *experiment) {
  struct lat_merged *merged = lat_calloc(1, sizeof *merged);
  merged->experiment = lat_strdup(experiment);
  merged->point = lat_calloc(MOST_POINTS, sizeof *merged->point);
  return merged;
}

void made_up_point(struct lat_merged *merged, const char *status) {
  assert_true(merged->points < MOST_POINTS);
  merged->point[merged->points++].status = lat_strdup(status);
}

static void add(struct lat_merged *merged, const char *name, enum lat_kind kind, size_t rank, const size_t *extent,
                const void *data) {
  static const char *const places[] = {"", "place", "place,other", "place,other,third"};
  struct lat_record *record = &merged->point[merged->points - 1].record;
  if (lat_record_add(record, name, "1", name, kind, LAT_MAY_BE_MISSING, places[rank], rank, extent, data) != LAT_OK)
    fail_msg("%s: %s", name, lat_error_message());
}

void made_up_text(struct lat_merged *merged, const char *name, const char *value) {
  add(merged, name, LAT_TEXT, 0, NULL, &value);
}
void made_up_integer(struct lat_merged *merged, const char *name, int64_t value) {
  add(merged, name, LAT_INTEGER, 0, NULL, &value);
}
void made_up_real(struct lat_merged *merged, const char *name, double value) {
  add(merged, name, LAT_REAL, 0, NULL, &value);
}
void made_up_reals(struct lat_merged *merged, const char *name, size_t count, const double *value) {
  add(merged, name, LAT_REAL, 1, &count, value);
}
void made_up_grid(struct lat_merged *merged, const char *name, size_t rank, const size_t *extent, const double *value) {
  add(merged, name, LAT_REAL, rank, extent, value);
}

static const struct lat_experiment *find(const char *experiment) {
  size_t e = 0;
  while (lat_experiments[e] != NULL && strcmp(lat_experiments[e]->name, experiment) != 0) e++;
  assert_non_null(lat_experiments[e]);
  return lat_experiments[e];
}

struct lat_analysis *made_up_analyse(const char *experiment, const struct lat_merged *merged) {
  struct lat_analysis *analysis = NULL;
  if (lat_analysis_make(find(experiment), merged, &analysis) != LAT_OK) fail_msg("%s", lat_error_message());
  return analysis;
}

/* The table as its file holds it. */
static char *content(const struct lat_analysis *analysis, const char *table) {
  char folder[] = "/tmp/latentlab-made-up-XXXXXX", path[128], command[160];
  char *bytes = NULL;
  size_t count;
  assert_non_null(mkdtemp(folder));
  if (lat_analysis_write(analysis, folder) != LAT_OK) fail_msg("%s", lat_error_message());
  snprintf(path, sizeof path, "%s/%s.tsv", folder, table);
  if (lat_file_read(path, &bytes, &count) != LAT_OK) fail_msg("%s", lat_error_message());
  snprintf(command, sizeof command, "rm -r %s", folder);
  assert_int_equal(system(command), 0);
  return bytes;
}

size_t made_up_rows(const struct lat_analysis *analysis, const char *table) {
  char *bytes = content(analysis, table);
  size_t rows = 0;
  for (const char *c = bytes; *c != 0; c++) rows += *c == '\n';
  lat_free(bytes);
  return rows - 1;
}

void made_up_cell(const struct lat_analysis *analysis, const char *table, size_t row, size_t column, char text[64]) {
  char *bytes = content(analysis, table), *at = bytes;
  for (size_t r = 0; r <= row; r++) at = strchr(at, '\n') + 1;
  for (size_t c = 0; c < column; c++) at = strchr(at, '\t') + 1;
  size_t length = strcspn(at, "\t\n");
  assert_true(length < 64);
  memcpy(text, at, length);
  text[length] = 0;
  lat_free(bytes);
}

void made_up_refuses(const char *experiment, const char *set, const char *sentence) {
  struct lat_sweep *plan = NULL;
  struct lat_request request = {.size = "smoke", .sets = 1, .set = &set};
  if (lat_sweep_make(find(experiment), &request, &plan) != LAT_INPUT) fail_msg("%s was taken", set);
  if (strstr(lat_error_message(), sentence) == NULL) fail_msg("%s: %s", set, lat_error_message());
}

static size_t smoke(const char *experiment, const char *out, int threads) {
  struct lat_request request = {.size = "smoke"};
  struct lat_runner runner = {.out = out, .jobs = 1};
  struct lat_sweep *plan = NULL;
  size_t forgotten;
  omp_set_num_threads(threads);
  if (lat_sweep_make(find(experiment), &request, &plan) != LAT_OK ||
      lat_runner_prepare(out, plan, 0, &forgotten) != LAT_OK || lat_runner_run(&runner, plan) != LAT_OK)
    fail_msg("%s", lat_error_message());
  size_t points = plan->count;
  lat_sweep_free(plan);
  return points;
}

void made_up_runs_twice(const char *experiment) {
  char base[] = "/tmp/latentlab-made-up-XXXXXX", out[2][64], folder[128], command[512];
  struct lat_merged *merged = NULL;
  assert_non_null(mkdtemp(base));
  for (int k = 0; k < 2; k++) {
    snprintf(out[k], sizeof out[k], "%s/%d", base, k);
    size_t points = smoke(experiment, out[k], k == 0 ? 1 : 3);
    snprintf(folder, sizeof folder, "%s/%s", out[k], experiment);
    assert_int_equal(lat_merge_read(folder, 0, NULL, &merged), LAT_OK);
    assert_int_equal(merged->points, points);
    for (size_t i = 0; i < points; i++)
      if (lat_merged_failed(merged, i)) fail_msg("%s: %s", merged->point[i].canonical, merged->point[i].reason);
    lat_merged_free(merged);
  }
  snprintf(command, sizeof command, "for f in %s/%s/*.h5; do cmp \"$f\" %s/%s/$(basename \"$f\") || exit 1; done", out[0],
           experiment, out[1], experiment);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "rm -r %s", base);
  assert_int_equal(system(command), 0);
}
