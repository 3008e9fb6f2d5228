/* The merged file: one variable a field, over the dimension `point`. */
#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/hdf5.h"
#include "lib/store/merge_layout.h"

static int write_header(hid_t file, const struct lat_merged *merged, enum lat_part part) {
  int status = LAT_OK;
  LAT_TRY(status, lat_hdf5_put_string(file, "Conventions", "CF-1.8"));
  LAT_TRY(status, lat_hdf5_put_string(file, "title", merged->experiment));
  LAT_TRY(status, lat_hdf5_put_string(file, "format", lat_merged_format(part)));
  LAT_TRY(status, lat_hdf5_put_integer(file, "format_version", LAT_MERGED_FORMAT));
  LAT_TRY(status, lat_hdf5_put_string(file, "experiment", merged->experiment));
  LAT_TRY(status, lat_hdf5_put_integer(file, "experiment_version", merged->point[0].experiment_version));
done:
  return status;
}

/* The coordinate of the points: their numbers. */
static int write_points(hid_t file, size_t points) {
  int status = LAT_OK;
  hid_t dataset = -1;
  int64_t *number = lat_alloc(points, sizeof *number);
  if (number == NULL) LAT_TRY(status, LAT_MEMORY);
  for (size_t p = 0; p < points; p++) number[p] = (int64_t)p;
  LAT_TRY(status, lat_hdf5_write(file, "point", H5T_NATIVE_INT64, 1, &points, number, &dataset));
  LAT_CHECK(status, H5DSset_scale(dataset, "point") >= 0, LAT_MEMORY, "point: %s", lat_hdf5_reason());
  LAT_TRY(status, lat_hdf5_put_string(dataset, "long_name", "number of the point, in the order of canonical"));
  LAT_TRY(status, lat_hdf5_put_string(dataset, "units", "1"));
done:
  if (dataset >= 0) H5Dclose(dataset);
  lat_free(number);
  return status;
}

static int write_texts(hid_t file, const struct lat_variable *variable, const struct lat_merged *merged, hid_t *dataset) {
  int status = LAT_OK;
  const char **text = lat_alloc(merged->points, sizeof *text);
  hid_t type = H5Tcopy(H5T_C_S1);
  if (text == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_CHECK(status, type >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 && H5Tset_cset(type, H5T_CSET_UTF8) >= 0, LAT_MEMORY,
            "%s: %s", variable->name, lat_hdf5_reason());
  for (size_t p = 0; p < merged->points; p++) text[p] = lat_variable_text(variable, &merged->point[p]);
  LAT_TRY(status, lat_hdf5_write(file, variable->name, type, 1, &merged->points, text, dataset));
done:
  if (type >= 0) H5Tclose(type);
  lat_free(text);
  return status;
}

/* Blocks of points, a chunk each, so that the padded array never lies in memory as a whole beside the file. */
static int write_numbers(hid_t file, const struct lat_variables *variables, const struct lat_variable *variable,
                         const struct lat_merged *merged, hid_t *dataset) {
  size_t size = lat_variable_size(variables, variable), block = lat_merged_block(merged->points, size);
  size_t extent[1 + LAT_MAX_RANK] = {merged->points};
  for (size_t r = 0; r < variable->rank; r++) extent[1 + r] = variables->dimension[variable->dimension[r]].extent;
  hid_t type = variable->kind == LAT_REAL ? H5T_NATIVE_DOUBLE : H5T_NATIVE_INT64;
  int status = LAT_OK;
  void *values = lat_alloc(block, size * sizeof(double));
  if (values == NULL) LAT_TRY(status, LAT_MEMORY);
  LAT_TRY(status, lat_hdf5_make(file, variable->name, type, 1 + variable->rank, extent, dataset));
  for (size_t first = 0; first < merged->points; first += block) {
    size_t count = merged->points - first < block ? merged->points - first : block;
    lat_variable_numbers(variables, variable, merged, first, count, values);
    LAT_TRY(status, lat_hdf5_write_rows(*dataset, variable->name, type, first, count, values));
  }
done:
  lat_free(values);
  return status;
}

static int write_variable(hid_t file, const struct lat_variables *variables, const struct lat_variable *variable,
                          const struct lat_merged *merged) {
  int status = LAT_OK;
  hid_t dataset = -1;
  if (lat_variable_is_text(variable))
    LAT_TRY(status, write_texts(file, variable, merged, &dataset));
  else
    LAT_TRY(status, write_numbers(file, variables, variable, merged, &dataset));
  LAT_TRY(status, lat_dimension_attach(file, dataset, 0, "point"));
  for (size_t r = 0; r < variable->rank; r++)
    LAT_TRY(status, lat_dimension_attach(file, dataset, 1 + r, variables->dimension[variable->dimension[r]].name));
  LAT_TRY(status, lat_hdf5_put_string(dataset, "units", variable->unit));
  LAT_TRY(status, lat_hdf5_put_string(dataset, "long_name", variable->long_name));
  LAT_TRY(status, lat_hdf5_put_string(dataset, "role", variable->role));
  if (variable->fill && variable->kind == LAT_REAL) LAT_TRY(status, lat_hdf5_put_real(dataset, "_FillValue", (double)NAN));
  if (variable->fill && variable->kind == LAT_INTEGER)
    LAT_TRY(status, lat_hdf5_put_integer(dataset, "_FillValue", INT64_MIN));
done:
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

static int write_part(const char *path, const struct lat_merged *merged, enum lat_part part) {
  struct lat_hdf5_output output = {.file = -1};
  struct lat_variables variables = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_variables_make(merged, part == LAT_PART_RESULT, part == LAT_PART_TIMING, &variables));
  LAT_TRY(status, lat_hdf5_create(path, &output));
  LAT_TRY(status, write_header(output.file, merged, part));
  LAT_TRY(status, write_points(output.file, merged->points));
  for (size_t d = 0; d < variables.dimensions; d++)
    LAT_TRY(status, lat_dimension_make(output.file, variables.dimension[d].name, variables.dimension[d].extent));
  for (size_t v = 0; v < variables.count; v++)
    LAT_TRY(status, write_variable(output.file, &variables, &variables.variable[v], merged));
  LAT_TRY(status, lat_hdf5_finish(&output, path));
done:
  lat_hdf5_discard(&output);
  lat_variables_free(&variables);
  return status;
}

static int has_timing(const struct lat_merged *merged) {
  for (size_t p = 0; p < merged->points; p++)
    for (size_t i = 0; i < merged->point[p].record.count; i++)
      if ((merged->point[p].record.field[i].flags & LAT_IS_TIMING) != 0) return 1;
  return 0;
}

int lat_merge_write(const char *path, const char *timing_path, const struct lat_merged *merged) {
  int status = LAT_OK;
  if (timing_path != NULL && has_timing(merged)) LAT_TRY(status, write_part(timing_path, merged, LAT_PART_TIMING));
  LAT_TRY(status, write_part(path, merged, LAT_PART_RESULT));
done:
  return status;
}
