/* Datasets in and out: the third part of hdf5.h. */
#include <assert.h>
#include <hdf5_hl.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/hdf5.h"

/* The type that keeps `type` in the file, the same on every machine. */
static hid_t stored_type(hid_t type) {
  if (H5Tequal(type, H5T_NATIVE_FLOAT) > 0) return H5T_IEEE_F32LE;
  if (H5Tequal(type, H5T_NATIVE_DOUBLE) > 0) return H5T_IEEE_F64LE;
  if (H5Tequal(type, H5T_NATIVE_INT64) > 0) return H5T_STD_I64LE;
  return type; /* strings */
}

/* Chunks of at most a mebibyte or so: whole dimensions from the last, then as much of the next as fits. */
static void choose_chunk(size_t rank, const size_t *extent, size_t element, hsize_t *chunk) {
  size_t left = ((size_t)1 << 20) / element;
  for (size_t r = rank; r-- > 0;) {
    size_t take = extent[r] < left ? extent[r] : left;
    chunk[r] = take > 1 ? take : 1;
    left /= chunk[r];
  }
}

/* Makes the groups on the way to `name`. HDF5 would make them itself, but with the time in their headers. */
static int make_groups(hid_t parent, const char *name) {
  int status = LAT_OK;
  char *path = lat_strdup(name);
  hid_t creation = H5Pcreate(H5P_GROUP_CREATE);
  unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  if (path == NULL) LAT_TRY(status, LAT_MEMORY);
  int ready = creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 && H5Pset_link_creation_order(creation, order) >= 0;
  LAT_CHECK(status, ready, LAT_MEMORY, "%s: %s", name, lat_hdf5_reason());
  for (char *slash = path; (slash = strchr(slash, '/')) != NULL; *slash++ = '/') {
    *slash = '\0';
    if (*path == '\0' || lat_hdf5_exists(parent, path)) continue;
    hid_t group = H5Gcreate2(parent, path, H5P_DEFAULT, creation, H5P_DEFAULT);
    LAT_CHECK(status, group >= 0, LAT_MEMORY, "%s: cannot be made: %s", path, lat_hdf5_reason());
    H5Gclose(group);
  }
done:
  if (creation >= 0) H5Pclose(creation);
  lat_free(path);
  return status;
}

int lat_hdf5_exists(hid_t parent, const char *name) {
  /* H5Lexists wants every group on the way to exist; this asks for each in turn. */
  return H5LTpath_valid(parent, name, 1) > 0;
}

int lat_hdf5_make(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, hid_t *dataset) {
  assert(rank <= LAT_HDF5_MAX_RANK);
  hsize_t size[LAT_HDF5_MAX_RANK], chunk[LAT_HDF5_MAX_RANK];
  for (size_t r = 0; r < rank; r++) size[r] = extent[r];
  int status = LAT_OK;
  *dataset = -1;
  hid_t space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, size, NULL);
  hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
  unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  int ready = space >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, 0) >= 0 &&
              H5Pset_attr_creation_order(creation, order) >= 0;
  LAT_CHECK(status, ready, LAT_MEMORY, "%s: %s", name, lat_hdf5_reason());
  LAT_TRY(status, make_groups(parent, name));
  int variable = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) > 0;
  if (rank > 0) {
    choose_chunk(rank, extent, H5Tget_size(type), chunk);
    ready = H5Pset_chunk(creation, (int)rank, chunk) >= 0 && (variable || H5Pset_fletcher32(creation) >= 0);
  } else if (H5Tget_size(type) < 60000) {
    ready = H5Pset_layout(creation, H5D_COMPACT) >= 0;
  }
  LAT_CHECK(status, ready, LAT_MEMORY, "%s: %s", name, lat_hdf5_reason());
  *dataset = H5Dcreate2(parent, name, stored_type(type), space, H5P_DEFAULT, creation, H5P_DEFAULT);
  LAT_CHECK(status, *dataset >= 0, LAT_MEMORY, "%s: cannot be made: %s", name, lat_hdf5_reason());
done:
  if (creation >= 0) H5Pclose(creation);
  if (space >= 0) H5Sclose(space);
  return status;
}

int lat_hdf5_write(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, const void *data,
                   hid_t *dataset) {
  hid_t made = -1;
  int status = lat_hdf5_make(parent, name, type, rank, extent, &made);
  if (status == LAT_OK && H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    status = LAT_FAIL(LAT_MEMORY, "%s: cannot be filled: %s", name, lat_hdf5_reason());
  if (made >= 0 && (dataset == NULL || status != LAT_OK)) H5Dclose(made);
  if (dataset != NULL) *dataset = status == LAT_OK ? made : -1;
  return status;
}

static int extents_of(hid_t dataset, const char *name, size_t *rank, size_t extent[LAT_HDF5_MAX_RANK]) {
  hsize_t size[LAT_HDF5_MAX_RANK];
  int status = LAT_OK;
  hid_t space = H5Dget_space(dataset);
  int dimensions = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_ndims(space) : -1;
  LAT_CHECK(status, dimensions >= 0 && dimensions <= LAT_HDF5_MAX_RANK, LAT_INPUT, "%s: has %d dimensions", name,
            dimensions);
  LAT_CHECK(status, H5Sget_simple_extent_dims(space, size, NULL) == dimensions, LAT_INPUT, "%s: %s", name,
            lat_hdf5_reason());
  *rank = (size_t)dimensions;
  for (size_t r = 0; r < *rank; r++) extent[r] = (size_t)size[r];
done:
  if (space >= 0) H5Sclose(space);
  return status;
}

static int open_dataset(hid_t parent, const char *name, hid_t *dataset) {
  *dataset = H5Dopen2(parent, name, H5P_DEFAULT);
  return *dataset >= 0 ? LAT_OK : LAT_FAIL(LAT_INPUT, "%s: is missing or no dataset: %s", name, lat_hdf5_reason());
}

int lat_hdf5_shape(hid_t parent, const char *name, size_t *rank, size_t extent[LAT_HDF5_MAX_RANK]) {
  hid_t dataset;
  int status = open_dataset(parent, name, &dataset);
  if (status != LAT_OK) return status;
  status = extents_of(dataset, name, rank, extent);
  H5Dclose(dataset);
  return status;
}

int lat_hdf5_check(hid_t dataset, const char *name, hid_t type, size_t rank, const size_t *extent) {
  size_t has_rank = 0, has[LAT_HDF5_MAX_RANK] = {0};
  int status = LAT_OK;
  hid_t stored = H5Dget_type(dataset);
  LAT_TRY(status, extents_of(dataset, name, &has_rank, has));
  LAT_CHECK(status, has_rank == rank, LAT_INPUT, "%s: has %zu dimensions where %zu are needed", name, has_rank, rank);
  for (size_t r = 0; r < rank; r++)
    LAT_CHECK(status, has[r] == extent[r], LAT_INPUT, "%s: extent %zu of dimension %zu where %zu is needed", name, has[r],
              r, extent[r]);
  LAT_CHECK(status, stored >= 0 && H5Tget_class(stored) == H5Tget_class(type), LAT_INPUT, "%s: holds another type", name);
done:
  if (stored >= 0) H5Tclose(stored);
  return status;
}

int lat_hdf5_read(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, void *data) {
  hid_t dataset;
  int status = open_dataset(parent, name, &dataset);
  if (status != LAT_OK) return status;
  status = lat_hdf5_check(dataset, name, type, rank, extent);
  if (status == LAT_OK && H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
    status = LAT_FAIL(LAT_INPUT, "%s: cannot be read: %s", name, lat_hdf5_reason());
  H5Dclose(dataset);
  return status;
}

/* The rows of a dataset as a selection in the file, and the space of as many in memory. */
static int select_rows(hid_t dataset, const char *name, size_t first, size_t count, hid_t *file, hid_t *memory) {
  hsize_t start[LAT_HDF5_MAX_RANK] = {first}, size[LAT_HDF5_MAX_RANK] = {0};
  int status = LAT_OK;
  *memory = -1;
  *file = H5Dget_space(dataset);
  int rank = *file >= 0 ? H5Sget_simple_extent_ndims(*file) : -1;
  LAT_CHECK(status, rank > 0 && rank <= LAT_HDF5_MAX_RANK && H5Sget_simple_extent_dims(*file, size, NULL) == rank,
            LAT_INPUT, "%s: has no rows", name);
  size[0] = count;
  *memory = H5Screate_simple(rank, size, NULL);
  LAT_CHECK(status, *memory >= 0 && H5Sselect_hyperslab(*file, H5S_SELECT_SET, start, NULL, size, NULL) >= 0, LAT_INPUT,
            "%s: %s", name, lat_hdf5_reason());
done:
  return status;
}

static void close_rows(hid_t file, hid_t memory) {
  if (memory >= 0) H5Sclose(memory);
  if (file >= 0) H5Sclose(file);
}

int lat_hdf5_write_rows(hid_t dataset, const char *name, hid_t type, size_t first, size_t count, const void *data) {
  hid_t file, memory;
  int status = select_rows(dataset, name, first, count, &file, &memory);
  if (status == LAT_OK && H5Dwrite(dataset, type, memory, file, H5P_DEFAULT, data) < 0)
    status = LAT_FAIL(LAT_MEMORY, "%s: cannot be filled: %s", name, lat_hdf5_reason());
  close_rows(file, memory);
  return status;
}

int lat_hdf5_read_rows(hid_t dataset, const char *name, hid_t type, size_t first, size_t count, void *data) {
  hid_t file, memory;
  int status = select_rows(dataset, name, first, count, &file, &memory);
  if (status == LAT_OK && H5Dread(dataset, type, memory, file, H5P_DEFAULT, data) < 0)
    status = LAT_FAIL(LAT_INPUT, "%s: cannot be read: %s", name, lat_hdf5_reason());
  close_rows(file, memory);
  return status;
}
