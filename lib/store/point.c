#include "lib/store/point.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/digest.h"
#include "lib/store/dimension.h"
#include "lib/store/file.h"
#include "lib/store/hdf5.h"
#include "lib/store/layout.h"

/* Names that the merged file needs for itself. */
static int is_reserved(const char *name) {
  static const char *const taken[] = {"id", "canonical", "status", "reason", "point"};
  for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
    if (strcmp(name, taken[i]) == 0) return 1;
  return strncmp(name, "point_", 6) == 0;
}

/* One extent for each dimension, and no field of a dimension's name: files need this, and so does whoever reads them. */
static int check_names(const struct lat_record *record) {
  char name[LAT_DIMENSION_NAME], other[LAT_DIMENSION_NAME];
  for (size_t i = 0; i < record->count; i++) {
    const struct lat_field *a = &record->field[i];
    if (is_reserved(a->name)) return LAT_FAIL(LAT_INPUT, "field %s: this name is reserved; choose another", a->name);
    for (size_t r = 0; r < a->rank; r++) {
      lat_dimension_name(a->dimensions, r, name);
      if (is_reserved(name)) return LAT_FAIL(LAT_INPUT, "dimension %s: this name is reserved; choose another", name);
      if (lat_record_find(record, name) != NULL)
        return LAT_FAIL(LAT_INPUT, "%s is the name of a field and of a dimension; rename one", name);
      for (size_t j = 0; j <= i; j++) {
        const struct lat_field *b = &record->field[j];
        for (size_t q = 0; q < b->rank; q++)
          if (strcmp(name, lat_dimension_name(b->dimensions, q, other)) == 0 && a->extent[r] != b->extent[q])
            return LAT_FAIL(LAT_INPUT, "dimension %s: extent %zu in %s but %zu in %s; use two names", name, b->extent[q],
                            b->name, a->extent[r], a->name);
      }
    }
  }
  return LAT_OK;
}

static int check_texts(const struct lat_point *point) {
  const char *const text[] = {point->experiment, point->id, point->canonical, point->size, point->source, point->flags};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++)
    if (!lat_record_is_utf8(text[i])) return LAT_FAIL(LAT_INPUT, "'%.80s' is not UTF-8", text[i]);
  return LAT_OK;
}

static int write_attributes(hid_t file, const struct lat_point *point, enum lat_part part) {
  char digest[33];
  lat_point_digest(point, part, digest);
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_put_text(file, "format", lat_part_format(part)));
  LAT_TRY(status, lat_hdf5_put_integer(file, "format_version", LAT_POINT_FORMAT));
  LAT_TRY(status, lat_hdf5_put_text(file, "experiment", point->experiment));
  LAT_TRY(status, lat_hdf5_put_integer(file, "experiment_version", point->experiment_version));
  LAT_TRY(status, lat_hdf5_put_text(file, "id", point->id));
  LAT_TRY(status, lat_hdf5_put_text(file, "canonical", point->canonical));
  LAT_TRY(status, lat_hdf5_put_text(file, "size", point->size));
  LAT_TRY(status, lat_hdf5_put_text(file, "status", point->status));
  LAT_TRY(status, lat_hdf5_put_text(file, "reason", point->reason));
  LAT_TRY(status, lat_hdf5_put_text(file, "source", point->source));
  LAT_TRY(status, lat_hdf5_put_text(file, "flags", point->flags));
  LAT_TRY(status, lat_hdf5_put_text(file, "digest", digest));
done:
  return status;
}

static int write_data(hid_t file, const struct lat_field *field, hid_t *dataset) {
  if (field->kind == LAT_INTEGER)
    return lat_hdf5_write(file, field->name, H5T_NATIVE_INT64, field->rank, field->extent, field->data.integer, dataset);
  if (field->kind == LAT_REAL)
    return lat_hdf5_write(file, field->name, H5T_NATIVE_DOUBLE, field->rank, field->extent, field->data.real, dataset);
  const char *text = field->data.text[0];
  hid_t type = H5Tcopy(H5T_C_S1);
  int ready = type >= 0 && H5Tset_size(type, strlen(text) + 1) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  int status = ready ? lat_hdf5_write(file, field->name, type, 0, NULL, text, dataset)
                     : LAT_FAIL(LAT_MEMORY, "%s: %s", field->name, lat_hdf5_reason());
  if (type >= 0) H5Tclose(type);
  return status;
}

static int write_field(hid_t file, const struct lat_field *field) {
  char name[LAT_DIMENSION_NAME];
  hid_t dataset = -1;
  int status = LAT_OK;
  for (size_t r = 0; r < field->rank; r++) {
    lat_dimension_name(field->dimensions, r, name);
    if (!lat_hdf5_exists(file, name)) LAT_TRY(status, lat_dimension_make(file, name, field->extent[r]));
  }
  LAT_TRY(status, write_data(file, field, &dataset));
  for (size_t r = 0; r < field->rank; r++)
    LAT_TRY(status, lat_dimension_attach(file, dataset, r, lat_dimension_name(field->dimensions, r, name)));
  LAT_TRY(status, lat_hdf5_put_text(dataset, "units", field->unit));
  LAT_TRY(status, lat_hdf5_put_text(dataset, "long_name", field->long_name));
  LAT_TRY(status, lat_hdf5_put_text(dataset, "kind", lat_kind_name(field->kind)));
  LAT_TRY(status, lat_hdf5_put_integer(dataset, "field_flags", field->flags));
  LAT_TRY(status, lat_hdf5_put_text(dataset, "dimensions", field->dimensions));
done:
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

static int write_part(const char *path, const struct lat_point *point, enum lat_part part) {
  struct lat_hdf5_output output = {.file = -1};
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_create(path, &output));
  LAT_TRY(status, write_attributes(output.file, point, part));
  for (size_t i = 0; i < point->record.count; i++)
    if (lat_part_has(part, point, &point->record.field[i]))
      LAT_TRY(status, write_field(output.file, &point->record.field[i]));
  LAT_TRY(status, lat_hdf5_finish(&output, path));
done:
  lat_hdf5_discard(&output);
  return status;
}

static int has_timing(const struct lat_point *point) {
  for (size_t i = 0; i < point->record.count; i++)
    if (lat_part_has(LAT_PART_TIMING, point, &point->record.field[i])) return 1;
  return 0;
}

/* A reason may quote a file's bytes or be cut inside a character; then every byte outside ASCII becomes a question mark. */
static int clean_reason(const char *reason, char **clean) {
  *clean = lat_strdup(reason);
  if (*clean == NULL) return LAT_MEMORY;
  if (!lat_record_is_utf8(reason))
    for (char *c = *clean; *c != '\0'; c++)
      if ((unsigned char)*c >= 0x80) *c = '?';
  return LAT_OK;
}

int lat_point_write(const char *path, const struct lat_point *given, const char *sidecar) {
  struct lat_text beside = {0};
  struct lat_point copy = *given;
  const struct lat_point *point = &copy;
  int status = clean_reason(given->reason, &copy.reason);
  if (status != LAT_OK) return status;
  if ((status = check_names(&point->record)) != LAT_OK || (status = check_texts(point)) != LAT_OK) {
    lat_fail_prefix(status, "%s", path);
    goto done;
  }
  /* The point itself comes last: when it is there, all of it is. */
  if (has_timing(point)) {
    LAT_TRY(status, lat_path_beside(&beside, path, ".timing.h5"));
    LAT_TRY(status, write_part(beside.bytes, point, LAT_PART_TIMING));
  }
  if (sidecar != NULL) {
    LAT_TRY(status, lat_path_beside(&beside, path, ".json"));
    LAT_TRY(status, lat_store_replace(beside.bytes, sidecar, strlen(sidecar)));
  }
  LAT_TRY(status, write_part(path, point, LAT_PART_RESULT));
done:
  lat_text_free(&beside);
  lat_free(copy.reason);
  return status;
}

void lat_point_free(struct lat_point *point) {
  char *text[] = {point->experiment, point->id,     point->canonical, point->size,
                  point->status,     point->reason, point->source,    point->flags};
  for (size_t i = 0; i < sizeof text / sizeof *text; i++) lat_free(text[i]);
  lat_record_free(&point->record);
  *point = (struct lat_point){0};
}
