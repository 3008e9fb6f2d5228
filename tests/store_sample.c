#include "tests/store_sample.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

const char *sample_folder(char folder[64]) {
  /* In memory where there is such a place: these tests flush thousands of files, which a busy disk makes slow. */
  strcpy(folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/latentlab-test-XXXXXX" : "/tmp/latentlab-test-XXXXXX");
  if (mkdtemp(folder) == NULL) abort();
  return folder;
}

static size_t each_file(const char *folder, int remove_it) {
  size_t count = 0;
  DIR *listing = opendir(folder);
  if (listing == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
    char path[512];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    if (remove_it) unlink(path);
    count++;
  }
  closedir(listing);
  return count;
}

size_t sample_files(const char *folder) { return each_file(folder, 0); }

void sample_folder_remove(const char *folder) {
  each_file(folder, 1);
  rmdir(folder);
}

static int add_results(size_t i, struct lat_record *record) {
  size_t steps = 1 + i % 3, extent[2] = {steps, 2}, cube_extent[3] = {2, steps, 1};
  double cube[6] = {10, 20, 30, 40, 50, 60};
  double error = 0.1 * (double)i, curve[3] = {1, 0.5, (double)NAN};
  int64_t wrong = -(int64_t)i, table[6] = {1, 2, 3, 4, 5, INT64_MAX};
  const char *verdict = i % 2 ? "größer" : "";
  int status = LAT_OK;
  LAT_TRY(status, lat_record_add(record, "wrong", "1", "wrong bits", LAT_INTEGER, 0, "", 0, NULL, &wrong));
  LAT_TRY(status, lat_record_add(record, "error", "bit", "error", LAT_REAL, LAT_MAY_BE_MISSING, "", 0, NULL, &error));
  LAT_TRY(status, lat_record_add(record, "verdict", "-", "what it is", LAT_TEXT, 0, "", 0, NULL, &verdict));
  LAT_TRY(status, lat_record_add(record, "curve", "nat", "loss", LAT_REAL, LAT_MAY_BE_MISSING, "step", 1, extent, curve));
  if (i % 4 != 1)
    LAT_TRY(status, lat_record_add(record, "table", "1", "counts", LAT_INTEGER, LAT_MAY_BE_MISSING, "step,level", 2, extent,
                                   table));
  LAT_TRY(status, lat_record_add(record, "cube", "1", "a cube", LAT_REAL, 0, "level,step,pair", 3, cube_extent, cube));
done:
  return status;
}

int sample_point(size_t i, struct lat_point *point) {
  char canonical[64], id[33];
  int failed = i % 5 == 4, status = LAT_OK;
  int64_t layers = (int64_t)(i + 1);
  const char *family = "parity:8";
  double seconds = 0.25;
  snprintf(canonical, sizeof canonical, "family=parity:8 layers=%zu", i + 1);
  lat_point_id("sample", 3, canonical, id);
  *point = (struct lat_point){.experiment = lat_strdup("sample"),
                              .id = lat_strdup(id),
                              .canonical = lat_strdup(canonical),
                              .size = lat_strdup("smoke"),
                              .status = lat_strdup(failed ? "failed" : "ok"),
                              .reason = lat_strdup(failed ? "the loss is not finite at step 7" : ""),
                              .source = lat_strdup("unknown"),
                              .flags = lat_strdup("-O3"),
                              .experiment_version = 3};
  const char *const texts[] = {point->experiment, point->id,     point->canonical, point->size,
                               point->status,     point->reason, point->source,    point->flags};
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++)
    if (texts[t] == NULL) LAT_TRY(status, LAT_MEMORY);
  struct lat_record *record = &point->record;
  LAT_TRY(status,
          lat_record_add(record, "family", "-", "circuit family", LAT_TEXT, LAT_IS_PARAMETER, "", 0, NULL, &family));
  LAT_TRY(status, lat_record_add(record, "layers", "layers", "layers of the block", LAT_INTEGER, LAT_IS_PARAMETER, "", 0,
                                 NULL, &layers));
  if (!failed) LAT_TRY(status, add_results(i, record));
  if (!failed)
    LAT_TRY(status, lat_record_add(record, "seconds", "s", "time", LAT_REAL, LAT_IS_TIMING, "", 0, NULL, &seconds));
done:
  if (status != LAT_OK) lat_point_free(point);
  return status;
}

const char *sample_path(const char *folder, const struct lat_point *point, char path[256]) {
  snprintf(path, 256, "%s/%s.h5", folder, point->id);
  return path;
}

static int same_field(const struct lat_field *a, const struct lat_field *b) {
  if (strcmp(a->name, b->name) != 0 || strcmp(a->unit, b->unit) != 0 || strcmp(a->long_name, b->long_name) != 0) return 0;
  if (strcmp(a->dimensions, b->dimensions) != 0 || a->kind != b->kind || a->flags != b->flags || a->rank != b->rank)
    return 0;
  for (size_t r = 0; r < a->rank; r++)
    if (a->extent[r] != b->extent[r]) return 0;
  if (a->kind == LAT_TEXT || a->kind == LAT_PATH) return strcmp(a->data.text[0], b->data.text[0]) == 0;
  return memcmp(a->data.integer, b->data.integer, lat_field_size(a) * sizeof(int64_t)) == 0;
}

int sample_equal(const struct lat_point *a, const struct lat_point *b) {
  const char *const of_a[] = {a->experiment, a->id, a->canonical, a->size, a->status, a->reason, a->source, a->flags};
  const char *const of_b[] = {b->experiment, b->id, b->canonical, b->size, b->status, b->reason, b->source, b->flags};
  for (size_t t = 0; t < sizeof of_a / sizeof *of_a; t++)
    if (strcmp(of_a[t], of_b[t]) != 0) return 0;
  if (a->experiment_version != b->experiment_version || a->record.count != b->record.count) return 0;
  for (size_t i = 0; i < a->record.count; i++)
    if (!same_field(&a->record.field[i], &b->record.field[i])) return 0;
  return 1;
}

int sample_same_bytes(const char *a, const char *b) {
  char *first = NULL, *second = NULL;
  size_t size = 0, other = 0;
  int same = lat_file_read(a, &first, &size) == LAT_OK && lat_file_read(b, &second, &other) == LAT_OK && size == other &&
             memcmp(first, second, size) == 0;
  lat_free(first);
  lat_free(second);
  return same;
}
