/* A merged file against its points: the same variables, attributes and values, and nothing else. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/hdf5.h"
#include "lib/store/merge_layout.h"

static int same_string(hid_t object, const char *name, const char *expected) {
  char *found = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_get_text(object, name, &found));
  LAT_CHECK(status, strcmp(found, expected) == 0, LAT_INPUT, "attribute %s is '%.80s' where the points have '%.80s'", name,
            found, expected);
done:
  lat_free(found);
  return status;
}

static int same_integer(hid_t object, const char *name, int64_t expected) {
  int64_t found = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_get_integer(object, name, &found));
  LAT_CHECK(status, found == expected, LAT_INPUT, "attribute %s is %lld where the points have %lld", name, (long long)found,
            (long long)expected);
done:
  return status;
}

static int verify_header(hid_t file, const struct lat_merged *merged, enum lat_part *part) {
  int status = LAT_OK;
  char *format = NULL;
  LAT_TRY(status, lat_hdf5_get_text(file, "format", &format));
  *part = strcmp(format, lat_merged_format(LAT_PART_TIMING)) == 0 ? LAT_PART_TIMING : LAT_PART_RESULT;
  LAT_TRY(status, same_string(file, "format", lat_merged_format(*part)));
  LAT_TRY(status, same_integer(file, "format_version", LAT_MERGED_FORMAT));
  LAT_TRY(status, same_string(file, "Conventions", "CF-1.8"));
  LAT_TRY(status, same_string(file, "title", merged->experiment));
  LAT_TRY(status, same_string(file, "experiment", merged->experiment));
  LAT_TRY(status, same_integer(file, "experiment_version", merged->point[0].experiment_version));
done:
  lat_free(format);
  return status;
}

static int verify_points(hid_t file, size_t points) {
  int status = LAT_OK;
  size_t rank = 0, extent[LAT_HDF5_MAX_RANK] = {0};
  int64_t *number = NULL;
  LAT_TRY(status, lat_hdf5_shape(file, "point", &rank, extent));
  LAT_CHECK(status, rank == 1 && extent[0] == points, LAT_INPUT, "it has %zu points where the folder has %zu",
            rank == 1 ? extent[0] : 0, points);
  if ((number = lat_alloc(points, sizeof *number)) == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_TRY(status, lat_hdf5_read(file, "point", H5T_NATIVE_INT64, 1, &points, number));
  for (size_t p = 0; p < points; p++)
    LAT_CHECK(status, number[p] == (int64_t)p, LAT_INPUT, "point %zu has the number %lld", p, (long long)number[p]);
done:
  lat_free(number);
  return status;
}

static int verify_texts(hid_t dataset, const struct lat_variable *variable, const struct lat_merged *merged) {
  int status = LAT_OK, read = 0;
  char **text = NULL;
  hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset);
  LAT_CHECK(status, type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0, LAT_INPUT,
            "%s: holds no texts", variable->name);
  LAT_CHECK(status, space >= 0 && H5Sget_simple_extent_npoints(space) == (hssize_t)merged->points, LAT_INPUT,
            "%s: has another number of values", variable->name);
  if ((text = lat_calloc(merged->points, sizeof *text)) == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_CHECK(status, H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text) >= 0, LAT_INPUT, "%s: cannot be read: %s",
            variable->name, lat_hdf5_reason());
  read = 1;
  for (size_t p = 0; p < merged->points; p++) {
    const char *expected = lat_variable_text(variable, &merged->point[p]);
    LAT_CHECK(status, strcmp(text[p] != NULL ? text[p] : "", expected) == 0, LAT_INPUT,
              "%s of point %zu is '%.80s' where the point (%.200s) has '%.80s'", variable->name, p,
              text[p] != NULL ? text[p] : "", merged->point[p].canonical, expected);
  }
done:
  if (read) H5Dvlen_reclaim(type, space, H5P_DEFAULT, text);
  if (space >= 0) H5Sclose(space);
  if (type >= 0) H5Tclose(type);
  lat_free(text);
  return status;
}

/* The first value of a block that differs, as a sentence. */
static int compare(const struct lat_variable *variable, const struct lat_merged *merged, size_t first, size_t size,
                   size_t values, const uint64_t *found, const uint64_t *expected) {
  char is[32], should[32];
  for (size_t i = 0; i < values; i++) {
    if (found[i] == expected[i]) continue;
    size_t p = first + i / size;
    if (variable->kind == LAT_REAL) {
      double real[2];
      memcpy(&real[0], &found[i], 8);
      memcpy(&real[1], &expected[i], 8);
      if (isnan(real[0]) && isnan(real[1])) continue;
      lat_format_real(real[0], is);
      lat_format_real(real[1], should);
    } else {
      snprintf(is, sizeof is, "%lld", (long long)found[i]);
      snprintf(should, sizeof should, "%lld", (long long)expected[i]);
    }
    return LAT_FAIL(LAT_INPUT, "%s of point %zu, value %zu, is %s where the point (%.200s) has %s", variable->name, p,
                    i % size, is, merged->point[p].canonical, should);
  }
  return LAT_OK;
}

static int verify_numbers(hid_t dataset, const struct lat_variables *variables, const struct lat_variable *variable,
                          const struct lat_merged *merged) {
  size_t size = lat_variable_size(variables, variable), block = lat_merged_block(merged->points, size);
  size_t extent[1 + LAT_MAX_RANK] = {merged->points};
  for (size_t r = 0; r < variable->rank; r++) extent[1 + r] = variables->dimension[variable->dimension[r]].extent;
  hid_t type = variable->kind == LAT_REAL ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
  int status = LAT_OK;
  uint64_t *found = lat_alloc(block, size * sizeof *found), *expected = lat_alloc(block, size * sizeof *expected);
  if (found == NULL || expected == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_TRY(status, lat_hdf5_check(dataset, variable->name, type, 1 + variable->rank, extent));
  for (size_t first = 0; first < merged->points; first += block) {
    size_t count = merged->points - first < block ? merged->points - first : block;
    lat_variable_numbers(variables, variable, merged, first, count, expected);
    LAT_TRY(status, lat_hdf5_read_rows(dataset, variable->name, type, first, count, found));
    LAT_TRY(status, compare(variable, merged, first, size, count * size, found, expected));
  }
done:
  lat_free(found);
  lat_free(expected);
  return status;
}

static int verify_fill(hid_t dataset, const struct lat_variable *variable) {
  if (!variable->fill || lat_variable_is_text(variable)) return LAT_OK;
  if (variable->kind == LAT_INTEGER) return same_integer(dataset, "_FillValue", INT64_MIN);
  double fill = 0;
  int status = lat_hdf5_get_real(dataset, "_FillValue", &fill);
  return status == LAT_OK && !isnan(fill) ? LAT_FAIL(LAT_INPUT, "attribute _FillValue is %g", fill) : status;
}

static int verify_variable(hid_t file, const struct lat_variables *variables, const struct lat_variable *variable,
                           const struct lat_merged *merged) {
  int status = LAT_OK;
  hid_t dataset = lat_hdf5_exists(file, variable->name) ? H5Dopen2(file, variable->name, H5P_DEFAULT) : -1;
  LAT_CHECK(status, dataset >= 0, LAT_INPUT, "%s is missing", variable->name);
  if (lat_variable_is_text(variable))
    LAT_TRY(status, verify_texts(dataset, variable, merged));
  else
    LAT_TRY(status, verify_numbers(dataset, variables, variable, merged));
  status = same_string(dataset, "units", variable->unit);
  if (status == LAT_OK) status = same_string(dataset, "long_name", variable->long_name);
  if (status == LAT_OK) status = same_string(dataset, "role", variable->role);
  if (status == LAT_OK) status = verify_fill(dataset, variable);
  if (status != LAT_OK) lat_fail_prefix(status, "%s", variable->name);
done:
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

int lat_merge_verify(const char *path, const struct lat_merged *merged) {
  struct lat_hdf5_input input = {.file = -1};
  struct lat_variables variables = {0};
  enum lat_part part = LAT_PART_RESULT;
  H5G_info_t group;
  int status = lat_hdf5_open(path, &input);
  if (status != LAT_OK) return status;
  LAT_CHECK(status, input.sealed, LAT_INPUT, "it was cut or changed after it was written (no seal)");
  LAT_TRY(status, verify_header(input.file, merged, &part));
  LAT_TRY(status, lat_variables_make(merged, part == LAT_PART_RESULT, part == LAT_PART_TIMING, &variables));
  LAT_TRY(status, verify_points(input.file, merged->points));
  for (size_t v = 0; v < variables.count; v++)
    LAT_TRY(status, verify_variable(input.file, &variables, &variables.variable[v], merged));
  size_t expected = 1 + variables.dimensions + variables.count;
  LAT_CHECK(status, H5Gget_info(input.file, &group) >= 0 && group.nlinks == expected, LAT_INPUT,
            "it has %llu variables and dimensions where the points give %zu", (unsigned long long)group.nlinks, expected);
done:
  if (status != LAT_OK) lat_fail_prefix(status, "%s", path);
  lat_variables_free(&variables);
  lat_hdf5_close(&input);
  return status;
}
