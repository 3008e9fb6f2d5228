/* Attributes in and out: the second half of hdf5.h. */
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/hdf5.h"

static int put(hid_t object, const char *name, hid_t stored, hid_t type, const void *value) {
  int status = LAT_OK;
  hid_t attribute = -1, space = H5Screate(H5S_SCALAR);
  if (space >= 0) attribute = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
  LAT_CHECK(status, attribute >= 0 && H5Awrite(attribute, type, value) >= 0, LAT_MEMORY, "attribute %s: %s", name,
            lat_hdf5_reason());
done:
  if (attribute >= 0) H5Aclose(attribute);
  if (space >= 0) H5Sclose(space);
  return status;
}

static int put_characters(hid_t object, const char *name, size_t size, const void *value) {
  hid_t type = H5Tcopy(H5T_C_S1);
  int ready = type >= 0 && H5Tset_size(type, size) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0;
  int status =
      ready ? put(object, name, type, type, value) : LAT_FAIL(LAT_MEMORY, "attribute %s: %s", name, lat_hdf5_reason());
  if (type >= 0) H5Tclose(type);
  return status;
}

int lat_hdf5_put_text(hid_t object, const char *name, const char *value) {
  return put_characters(object, name, strlen(value) + 1, value);
}

int lat_hdf5_put_string(hid_t object, const char *name, const char *value) {
  return put_characters(object, name, H5T_VARIABLE, &value);
}

int lat_hdf5_put_integer(hid_t object, const char *name, int64_t value) {
  return put(object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}

int lat_hdf5_put_real(hid_t object, const char *name, double value) {
  return put(object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

int lat_hdf5_has(hid_t object, const char *name) { return H5Aexists(object, name) > 0; }

/* Opens a scalar attribute and its type. */
static int open_scalar(hid_t object, const char *name, hid_t *attribute, hid_t *type) {
  int status = LAT_OK;
  hid_t space = -1;
  LAT_CHECK(status, lat_hdf5_has(object, name), LAT_INPUT, "attribute %s: is missing", name);
  *attribute = H5Aopen(object, name, H5P_DEFAULT);
  LAT_CHECK(status, *attribute >= 0, LAT_INPUT, "attribute %s: %s", name, lat_hdf5_reason());
  space = H5Aget_space(*attribute);
  LAT_CHECK(status, space >= 0 && H5Sget_simple_extent_npoints(space) == 1, LAT_INPUT, "attribute %s: is no single value",
            name);
  *type = H5Aget_type(*attribute);
  LAT_CHECK(status, *type >= 0, LAT_INPUT, "attribute %s: %s", name, lat_hdf5_reason());
done:
  if (space >= 0) H5Sclose(space);
  return status;
}

static void close_scalar(hid_t attribute, hid_t type) {
  if (type >= 0) H5Tclose(type);
  if (attribute >= 0) H5Aclose(attribute);
}

int lat_hdf5_get_text(hid_t object, const char *name, char **value) {
  hid_t attribute = -1, type = -1;
  int status = LAT_OK;
  *value = NULL;
  LAT_TRY(status, open_scalar(object, name, &attribute, &type));
  LAT_CHECK(status, H5Tget_class(type) == H5T_STRING, LAT_INPUT, "attribute %s: is no text", name);
  if (H5Tis_variable_str(type) > 0) {
    char *text = NULL;
    LAT_CHECK(status, H5Aread(attribute, type, &text) >= 0 && text != NULL, LAT_INPUT, "attribute %s: %s", name,
              lat_hdf5_reason());
    *value = lat_strdup(text);
    H5free_memory(text);
    if (*value == NULL) status = LAT_MEMORY;
  } else {
    size_t size = H5Tget_size(type);
    *value = lat_calloc(size + 1, 1);
    if (*value == NULL) {
      status = LAT_MEMORY;
      goto done;
    }
    LAT_CHECK(status, H5Aread(attribute, type, *value) >= 0, LAT_INPUT, "attribute %s: %s", name, lat_hdf5_reason());
  }
done:
  close_scalar(attribute, type);
  if (status != LAT_OK) {
    lat_free(*value);
    *value = NULL;
  }
  return status;
}

static int get_number(hid_t object, const char *name, hid_t memory, int real_allowed, void *value) {
  hid_t attribute = -1, type = -1;
  int status = LAT_OK;
  LAT_TRY(status, open_scalar(object, name, &attribute, &type));
  H5T_class_t class = H5Tget_class(type);
  LAT_CHECK(status, class == H5T_INTEGER || (real_allowed && class == H5T_FLOAT), LAT_INPUT, "attribute %s: is no %s", name,
            real_allowed ? "number" : "whole number");
  LAT_CHECK(status, H5Aread(attribute, memory, value) >= 0, LAT_INPUT, "attribute %s: %s", name, lat_hdf5_reason());
done:
  close_scalar(attribute, type);
  return status;
}

int lat_hdf5_get_integer(hid_t object, const char *name, int64_t *value) {
  return get_number(object, name, H5T_NATIVE_INT64, 0, value);
}

int lat_hdf5_get_real(hid_t object, const char *name, double *value) {
  return get_number(object, name, H5T_NATIVE_DOUBLE, 1, value);
}
