/* What `analyse` reads. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/sweep/experiment.h"

size_t lat_merged_points(const struct lat_merged *merged) { return merged->points; }

int lat_merged_failed(const struct lat_merged *merged, size_t point) {
  return strcmp(merged->point[point].status, "ok") != 0;
}

static const struct lat_field *find(const struct lat_merged *merged, const char *name, size_t point) {
  return lat_record_find(&merged->point[point].record, name);
}

int64_t lat_merged_integer(const struct lat_merged *merged, const char *name, size_t point) {
  const struct lat_field *field = find(merged, name, point);
  return field && field->kind == LAT_INTEGER && field->rank == 0 ? field->data.integer[0] : INT64_MIN;
}

double lat_merged_real(const struct lat_merged *merged, const char *name, size_t point) {
  const struct lat_field *field = find(merged, name, point);
  if (!field || field->rank != 0) return (double)NAN;
  if (field->kind == LAT_INTEGER) return (double)field->data.integer[0];
  return field->kind == LAT_REAL ? field->data.real[0] : (double)NAN;
}

const char *lat_merged_text(const struct lat_merged *merged, const char *name, size_t point) {
  const struct lat_field *field = find(merged, name, point);
  return field && (field->kind == LAT_TEXT || field->kind == LAT_PATH) ? field->data.text[0] : "";
}

const double *lat_merged_array(const struct lat_merged *merged, const char *name, size_t point, size_t extent[3]) {
  const struct lat_field *field = find(merged, name, point);
  extent[0] = extent[1] = extent[2] = 1;
  if (!field || field->kind == LAT_TEXT || field->kind == LAT_PATH) return NULL;
  size_t count = 1;
  for (size_t i = 0; i < field->rank; i++) count *= extent[i] = field->extent[i];
  if (field->kind == LAT_REAL) return field->data.real;
  for (const struct lat_merged_copy *copy = merged->copies; copy; copy = copy->next)
    if (copy->of == field) return copy->value;
  struct lat_merged *owner = (struct lat_merged *)merged; /* the list of copies is no part of what const promises */
  struct lat_merged_copy *copy = lat_alloc(1, sizeof *copy);
  double *value = copy ? lat_alloc(count, sizeof *value) : NULL;
  if (!value) {
    lat_free(copy);
    owner->copy_failed = 1;
    return NULL;
  }
  for (size_t i = 0; i < count; i++) value[i] = (double)field->data.integer[i];
  *copy = (struct lat_merged_copy){owner->copies, field, value};
  owner->copies = copy;
  return value;
}
