/* Reading and checking of point files and of the timing files beside them. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/hdf5.h"
#include "lib/store/layout.h"

static int read_attributes(hid_t file, struct lat_point *point, enum lat_part part, char **digest) {
  int status = LAT_OK;
  char *format = NULL;
  int64_t version = 0;
  LAT_TRY(status, lat_hdf5_get_text(file, "format", &format));
  LAT_CHECK(status, strcmp(format, lat_part_format(part)) == 0, LAT_INPUT, "its format is '%.40s'", format);
  LAT_TRY(status, lat_hdf5_get_integer(file, "format_version", &version));
  LAT_CHECK(status, version == LAT_POINT_FORMAT, LAT_INPUT, "its format has version %lld and this program reads %d",
            (long long)version, LAT_POINT_FORMAT);
  LAT_TRY(status, lat_hdf5_get_text(file, "experiment", &point->experiment));
  LAT_TRY(status, lat_hdf5_get_integer(file, "experiment_version", &point->experiment_version));
  LAT_TRY(status, lat_hdf5_get_text(file, "id", &point->id));
  LAT_TRY(status, lat_hdf5_get_text(file, "canonical", &point->canonical));
  LAT_TRY(status, lat_hdf5_get_text(file, "size", &point->size));
  LAT_TRY(status, lat_hdf5_get_text(file, "status", &point->status));
  LAT_TRY(status, lat_hdf5_get_text(file, "reason", &point->reason));
  LAT_TRY(status, lat_hdf5_get_text(file, "source", &point->source));
  LAT_TRY(status, lat_hdf5_get_text(file, "flags", &point->flags));
  LAT_TRY(status, lat_hdf5_get_text(file, "digest", digest));
done:
  lat_free(format);
  return status;
}

/* What a field's attributes say, before its data is read. */
struct about {
  char *unit, *long_name, *kind_name, *dimensions;
  enum lat_kind kind;
  int64_t flags;
};

static int read_about(hid_t file, const char *name, struct about *about) {
  int status = LAT_OK;
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  LAT_CHECK(status, dataset >= 0, LAT_INPUT, "no dataset: %s", lat_hdf5_reason());
  LAT_TRY(status, lat_hdf5_get_text(dataset, "units", &about->unit));
  LAT_TRY(status, lat_hdf5_get_text(dataset, "long_name", &about->long_name));
  LAT_TRY(status, lat_hdf5_get_text(dataset, "kind", &about->kind_name));
  LAT_TRY(status, lat_hdf5_get_integer(dataset, "field_flags", &about->flags));
  LAT_TRY(status, lat_hdf5_get_text(dataset, "dimensions", &about->dimensions));
  LAT_CHECK(status, lat_kind_parse(about->kind_name, &about->kind), LAT_INPUT, "its kind is '%.40s'", about->kind_name);
  LAT_CHECK(status, about->flags >= 0 && about->flags < 8, LAT_INPUT, "its flags are %lld", (long long)about->flags);
done:
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

static void about_free(struct about *about) {
  lat_free(about->unit);
  lat_free(about->long_name);
  lat_free(about->kind_name);
  lat_free(about->dimensions);
}

/* A dimension scale: it has no data of its own. */
static int is_scale(hid_t file, const char *name) {
  hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
  int scale = dataset >= 0 && lat_hdf5_has(dataset, "CLASS") && !lat_hdf5_has(dataset, "kind");
  if (dataset >= 0) H5Dclose(dataset);
  return scale;
}

static int read_numbers(hid_t file, const char *name, const struct about *about, struct lat_record *record) {
  size_t rank = 0, extent[LAT_HDF5_MAX_RANK] = {0}, size = 1;
  int status = LAT_OK;
  double *data = NULL;
  LAT_TRY(status, lat_hdf5_shape(file, name, &rank, extent));
  LAT_CHECK(status, lat_record_is_shape(name, about->dimensions, rank), LAT_INPUT, "%s: %zu dimensions named '%.80s'", name,
            rank, about->dimensions);
  for (size_t r = 0; r < rank; r++) {
    LAT_CHECK(status, extent[r] == 0 || size <= (SIZE_MAX >> 4) / extent[r], LAT_INPUT, "%s: is too large", name);
    size *= extent[r];
  }
  if ((data = lat_alloc(size, sizeof *data)) == NULL) LAT_TRY(status, LAT_MEMORY);
  hid_t type = about->kind == LAT_INTEGER ? H5T_NATIVE_INT64 : H5T_NATIVE_DOUBLE;
  LAT_TRY(status, lat_hdf5_read(file, name, type, rank, extent, data));
  LAT_TRY(status, lat_record_add(record, name, about->unit, about->long_name, about->kind, (unsigned)about->flags,
                                 about->dimensions, rank, extent, data));
done:
  lat_free(data);
  return status;
}

static int read_characters(hid_t file, const char *name, const struct about *about, struct lat_record *record) {
  int status = LAT_OK;
  char *text = NULL;
  hid_t type = -1, dataset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dataset >= 0) type = H5Dget_type(dataset);
  LAT_CHECK(status, type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0, LAT_INPUT,
            "%s: holds no text", name);
  LAT_CHECK(status, lat_record_is_shape(name, about->dimensions, 0), LAT_INPUT, "%s: a text has dimensions", name);
  if ((text = lat_calloc(H5Tget_size(type) + 1, 1)) == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_TRY(status, lat_hdf5_read(file, name, type, 0, NULL, text));
  LAT_TRY(status, lat_record_add(record, name, about->unit, about->long_name, about->kind, (unsigned)about->flags, "", 0,
                                 NULL, &text));
done:
  if (type >= 0) H5Tclose(type);
  if (dataset >= 0) H5Dclose(dataset);
  lat_free(text);
  return status;
}

static int read_field(hid_t file, const char *name, struct lat_record *record) {
  struct about about = {0};
  if (is_scale(file, name)) return LAT_OK;
  int status = read_about(file, name, &about);
  if (status != LAT_OK)
    lat_fail_prefix(status, "%.100s", name);
  else if (lat_record_find(record, name) != NULL)
    status = LAT_FAIL(LAT_INPUT, "%.100s: is there twice", name);
  else if (about.kind == LAT_TEXT || about.kind == LAT_PATH)
    status = read_characters(file, name, &about, record);
  else
    status = read_numbers(file, name, &about, record);
  about_free(&about);
  return status;
}

static int read_fields(hid_t file, struct lat_record *record) {
  char name[256];
  H5G_info_t group;
  int status = LAT_OK;
  LAT_CHECK(status, H5Gget_info(file, &group) >= 0, LAT_INPUT, "%s", lat_hdf5_reason());
  for (hsize_t i = 0; i < group.nlinks; i++) {
    ssize_t length = H5Lget_name_by_idx(file, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name, sizeof name, H5P_DEFAULT);
    LAT_CHECK(status,
              length > 0 && (size_t)length<sizeof name, LAT_INPUT, "field %llu: %s", (unsigned long long)i, length> 0
                  ? "its name is too long"
                  : lat_hdf5_reason());
    LAT_TRY(status, read_field(file, name, record));
  }
done:
  return status;
}

/* The sentence of a failed read, with the path once and with what to do. */
static int damaged(int status, const char *path) {
  const char *what = lat_error_message();
  size_t length = strlen(path);
  int named = strncmp(what, path, length) == 0 && strncmp(what + length, ": ", 2) == 0;
  if (status != LAT_INPUT) return named ? status : lat_fail_prefix(status, "%s", path);
  if (named) what += length + 2;
  return LAT_FAIL(LAT_INPUT, "%s: damaged or not a point file: %s; delete it and run again", path, what);
}

static int read_part(const char *path, struct lat_point *point, enum lat_part part) {
  struct lat_hdf5_input input = {.file = -1};
  char *digest = NULL, actual[33];
  int status = LAT_OK;
  *point = (struct lat_point){0};
  if (access(path, R_OK) != 0) return LAT_FAIL(LAT_INPUT, "%s: cannot be read: %s", path, strerror(errno));
  LAT_TRY(status, lat_hdf5_open(path, &input));
  LAT_CHECK(status, input.sealed, LAT_INPUT, "it was cut or changed after it was written (no seal)");
  LAT_TRY(status, read_attributes(input.file, point, part, &digest));
  LAT_TRY(status, read_fields(input.file, &point->record));
  for (size_t i = 0; i < point->record.count; i++)
    LAT_CHECK(status, lat_part_has(part, point, &point->record.field[i]), LAT_INPUT, "%s: does not belong in this file",
              point->record.field[i].name);
  lat_point_digest(point, part, actual);
  LAT_CHECK(status, strcmp(actual, digest) == 0, LAT_INPUT, "its digest does not hold");
done:
  lat_hdf5_close(&input);
  lat_free(digest);
  if (status != LAT_OK) {
    lat_point_free(point);
    damaged(status, path);
  }
  return status;
}

int lat_point_read(const char *path, struct lat_point *point) { return read_part(path, point, LAT_PART_RESULT); }

int lat_point_read_timing(const char *path, struct lat_point *point) {
  struct lat_text beside = {0};
  struct lat_point timing = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_path_beside(&beside, path, ".timing.h5"));
  if (access(beside.bytes, F_OK) != 0) goto done;
  LAT_TRY(status, read_part(beside.bytes, &timing, LAT_PART_TIMING));
  LAT_CHECK(status, strcmp(timing.id, point->id) == 0, LAT_INPUT, "%s: belongs to another point; delete it and run again",
            beside.bytes);
  for (size_t i = 0; i < timing.record.count; i++) {
    const struct lat_field *field = &timing.record.field[i];
    LAT_CHECK(status, lat_record_find(&point->record, field->name) == NULL, LAT_INPUT, "%s: %s is in the point too",
              beside.bytes, field->name);
    LAT_TRY(status, lat_record_add(&point->record, field->name, field->unit, field->long_name, field->kind, field->flags,
                                   field->dimensions, field->rank, field->extent, field->data.integer));
  }
done:
  lat_point_free(&timing);
  lat_text_free(&beside);
  return status;
}
