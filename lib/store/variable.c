#include "lib/store/variable.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static const struct {
  const char *name, *long_name;
  size_t text;
} own[] = {
    {"id", "identity of the point: XXH3-128 of experiment, version and canonical text", offsetof(struct lat_point, id)},
    {"canonical", "parameters of the point", offsetof(struct lat_point, canonical)},
    {"status", "ok or failed", offsetof(struct lat_point, status)},
    {"reason", "why the point failed", offsetof(struct lat_point, reason)},
    {"point_size", "size of the sweep that the point was run for", offsetof(struct lat_point, size)},
    {"point_source", "commit of the program that ran the point", offsetof(struct lat_point, source)},
    {"point_flags", "compiler flags of that program", offsetof(struct lat_point, flags)},
};
enum { OWN = sizeof own / sizeof *own };

int lat_variable_is_text(const struct lat_variable *variable) {
  return variable->kind == LAT_TEXT || variable->kind == LAT_PATH;
}

static int is_wanted(const struct lat_field *field, int results, int timings) {
  if ((field->flags & LAT_IS_PARAMETER) != 0) return 1;
  return (field->flags & LAT_IS_TIMING) != 0 ? timings : results;
}

static struct lat_variable *find(const struct lat_variables *variables, const char *name) {
  for (size_t v = 0; v < variables->count; v++)
    if (strcmp(variables->variable[v].name, name) == 0) return &variables->variable[v];
  return NULL;
}

/* One more of an array whose capacity is the next power of two. NULL: no memory. */
static void *one_more(void *array, size_t count, size_t size) {
  if (count != 0 && (count & (count - 1)) != 0) return array;
  return lat_realloc(array, count != 0 ? 2 * count : 1, size);
}

static int new_variable(struct lat_variables *variables, const char *name, struct lat_variable **made) {
  if (find(variables, name) != NULL) return LAT_FAIL(LAT_INPUT, "two variables would be named %s; rename one field", name);
  void *larger = one_more(variables->variable, variables->count, sizeof *variables->variable);
  if (larger == NULL) return LAT_MEMORY;
  variables->variable = larger;
  *made = &variables->variable[variables->count++];
  **made = (struct lat_variable){.unit = "1", .role = "point", .kind = LAT_TEXT, .extent_of = -1};
  int length = snprintf((*made)->name, sizeof(*made)->name, "%s", name);
  if ((size_t)length >= sizeof(*made)->name) return LAT_FAIL(LAT_INPUT, "the name %.80s... is too long", name);
  return LAT_OK;
}

/* The dimension of this name, new or widened to `extent`. */
static int widen(struct lat_variables *variables, const char *name, size_t extent, size_t *which) {
  size_t d = 0;
  while (d < variables->dimensions && strcmp(variables->dimension[d].name, name) != 0) d++;
  if (d == variables->dimensions) {
    void *larger = one_more(variables->dimension, variables->dimensions, sizeof *variables->dimension);
    if (larger == NULL) return LAT_MEMORY;
    variables->dimension = larger;
    variables->dimension[variables->dimensions++] = (struct lat_dimension){.extent = 1};
    snprintf(variables->dimension[d].name, LAT_DIMENSION_NAME, "%s", name);
  }
  if (variables->dimension[d].extent < extent) variables->dimension[d].extent = extent;
  *which = d;
  return LAT_OK;
}

static int new_field(struct lat_variables *variables, const struct lat_field *field) {
  struct lat_variable *made;
  int status = new_variable(variables, field->name, &made);
  if (status != LAT_OK) return status;
  snprintf(made->long_name, sizeof made->long_name, "%s", field->long_name);
  made->unit = field->unit;
  made->role = (field->flags & LAT_IS_PARAMETER) != 0 ? "parameter"
               : (field->flags & LAT_IS_TIMING) != 0  ? "timing"
                                                      : "result";
  made->kind = field->kind;
  made->fill = (field->flags & LAT_IS_PARAMETER) == 0;
  made->model = field;
  made->rank = field->rank;
  char name[LAT_DIMENSION_NAME];
  for (size_t r = 0; r < field->rank && status == LAT_OK; r++)
    status = widen(variables, lat_dimension_name(field->dimensions, r, name), field->extent[r], &made->dimension[r]);
  for (size_t r = 0; r < field->rank && status == LAT_OK; r++) {
    char whole[4 * LAT_DIMENSION_NAME];
    snprintf(whole, sizeof whole, "%.250s_extent_%s", field->name, lat_dimension_name(field->dimensions, r, name));
    if ((status = new_variable(variables, whole, &made)) != LAT_OK) break;
    snprintf(made->long_name, sizeof made->long_name, "true extent of %.80s along %.80s", field->name, name);
    made->kind = LAT_INTEGER;
    made->model = field;
    made->extent_of = (int)r;
    made->role = (field->flags & LAT_IS_TIMING) != 0 ? "timing" : "result";
  }
  return status;
}

/* A field of a later point: it must mean the same as the first of its name. */
static int next_field(struct lat_variables *variables, struct lat_variable *variable, const struct lat_field *field,
                      const struct lat_point *point) {
  const struct lat_field *model = variable->model;
  size_t which;
  if (model == NULL || variable->extent_of >= 0)
    return LAT_FAIL(LAT_INPUT, "two variables would be named %s; rename one field", field->name);
  if (model->kind != field->kind || strcmp(model->unit, field->unit) != 0 ||
      strcmp(model->dimensions, field->dimensions) != 0)
    return LAT_FAIL(LAT_INPUT,
                    "%s means something else in point %s (%.200s) than in others; delete that point or the others",
                    field->name, point->id, point->canonical);
  char name[LAT_DIMENSION_NAME];
  for (size_t r = 0; r < field->rank; r++) {
    int status = widen(variables, lat_dimension_name(field->dimensions, r, name), field->extent[r], &which);
    if (status != LAT_OK) return status;
  }
  return LAT_OK;
}

static int collect(const struct lat_merged *merged, int results, int timings, struct lat_variables *variables) {
  for (size_t p = 0; p < merged->points; p++) {
    const struct lat_record *record = &merged->point[p].record;
    for (size_t i = 0; i < record->count; i++) {
      const struct lat_field *field = &record->field[i];
      if (!is_wanted(field, results, timings)) continue;
      struct lat_variable *known = find(variables, field->name);
      int status = known == NULL ? new_field(variables, field) : next_field(variables, known, field, &merged->point[p]);
      if (status != LAT_OK) return status;
    }
  }
  return LAT_OK;
}

int lat_variables_make(const struct lat_merged *merged, int results, int timings, struct lat_variables *variables) {
  *variables = (struct lat_variables){0};
  int status = LAT_OK;
  struct lat_variable *made;
  for (size_t i = 0; i < OWN; i++) {
    LAT_TRY(status, new_variable(variables, own[i].name, &made));
    snprintf(made->long_name, sizeof made->long_name, "%s", own[i].long_name);
    made->text = own[i].text;
  }
  LAT_TRY(status, collect(merged, results, timings, variables));
  for (size_t d = 0; d < variables->dimensions; d++)
    LAT_CHECK(status, find(variables, variables->dimension[d].name) == NULL, LAT_INPUT,
              "%s is a field in one point and a dimension in another; rename one", variables->dimension[d].name);
  for (size_t v = OWN; v < variables->count; v++) {
    struct lat_variable *variable = &variables->variable[v];
    for (size_t p = 0; p < merged->points && !variable->fill && variable->extent_of < 0; p++)
      variable->fill = lat_record_find(&merged->point[p].record, variable->name) == NULL;
  }
done:
  if (status != LAT_OK) lat_variables_free(variables);
  return status;
}

void lat_variables_free(struct lat_variables *variables) {
  lat_free(variables->variable);
  lat_free(variables->dimension);
  *variables = (struct lat_variables){0};
}

size_t lat_variable_size(const struct lat_variables *variables, const struct lat_variable *variable) {
  size_t size = 1;
  for (size_t r = 0; r < variable->rank; r++) size *= variables->dimension[variable->dimension[r]].extent;
  return size;
}

/* Copies an array to the corner of a larger one of the same rank. */
static void copy_padded(const struct lat_field *field, const size_t *padded, uint64_t *values) {
  size_t has[LAT_MAX_RANK] = {1, 1, 1}, to[LAT_MAX_RANK] = {1, 1, 1}, shift = LAT_MAX_RANK - field->rank;
  for (size_t r = 0; r < field->rank; r++) {
    has[shift + r] = field->extent[r];
    to[shift + r] = padded[r];
  }
  if (has[2] == 0) return;
  for (size_t i = 0; i < has[0]; i++)
    for (size_t j = 0; j < has[1]; j++)
      memcpy(&values[(i * to[1] + j) * to[2]], &field->data.integer[(i * has[1] + j) * has[2]], has[2] * sizeof *values);
}

void lat_variable_numbers(const struct lat_variables *variables, const struct lat_variable *variable,
                          const struct lat_merged *merged, size_t first, size_t count, void *values) {
  size_t size = lat_variable_size(variables, variable), padded[LAT_MAX_RANK] = {0};
  for (size_t r = 0; r < variable->rank; r++) padded[r] = variables->dimension[variable->dimension[r]].extent;
  uint64_t *to = values, fill;
  memcpy(&fill, variable->kind == LAT_REAL ? (const void *)&(double){(double)NAN} : (const void *)&(int64_t){INT64_MIN}, 8);
  for (size_t p = 0; p < count; p++, to += size) {
    const struct lat_field *field = lat_record_find(&merged->point[first + p].record, variable->model->name);
    if (variable->extent_of >= 0) {
      *to = field != NULL ? field->extent[variable->extent_of] : 0;
      continue;
    }
    for (size_t i = 0; i < size; i++) to[i] = fill;
    if (field != NULL) copy_padded(field, padded, to);
  }
}

const char *lat_variable_text(const struct lat_variable *variable, const struct lat_point *point) {
  if (variable->model == NULL) return *(char *const *)((const char *)point + variable->text);
  const struct lat_field *field = lat_record_find(&point->record, variable->model->name);
  return field != NULL ? field->data.text[0] : "";
}
