#include "lib/store/hdf5.h"

#include <assert.h>
#include <hdf5_hl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/file.h"
#include "lib/store/point.h"

void lat_store_start(void) {
  static int started;
  if (started) return;
  H5open();
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  started = 1;
}

static char reason[256];

static herr_t keep_innermost(unsigned depth, const H5E_error2_t *error, void *data) {
  (void)data;
  if (depth == 0 && error->desc != NULL) {
    strncpy(reason, error->desc, sizeof reason - 1);
    for (char *c = reason; *c != '\0'; c++)
      if (*c == '\n') *c = ' ';
  }
  return 0;
}

const char *lat_hdf5_reason(void) {
  memset(reason, 0, sizeof reason);
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, NULL);
  return reason[0] != '\0' ? reason : "HDF5 gives no reason";
}

/* A name for HDF5 that is no file and that no other open file has: it looks for the name on the disk, and takes two files
 * of one name for the same. */
static const char *memory_name(char name[64]) {
  static unsigned long count;
  snprintf(name, 64, "/dev/null/latentlab-%lu", ++count);
  return name;
}

/* HDF5's memory driver asks these for its one block. The block is kept when the file is closed: it is the file. (HDF5's own
 * way to the image, H5Fget_file_image, leaves a wrong checksum in superblocks of version 3.) */
static void *image_resize(void *pointer, size_t size, H5FD_file_image_op_t operation, void *data) {
  struct lat_hdf5_output *output = data;
  (void)operation;
  if (size <= output->capacity) return pointer;
  size_t capacity = output->capacity + output->capacity / 2;
  if (capacity < size) capacity = size;
  char *larger = lat_realloc(pointer, capacity, 1);
  if (larger == NULL) return NULL;
  memset(larger + output->capacity, 0, capacity - output->capacity);
  output->image = larger;
  output->capacity = capacity;
  return larger;
}

static void *image_new(size_t size, H5FD_file_image_op_t operation, void *data) {
  struct lat_hdf5_output *output = data;
  lat_free(output->image);
  output->image = NULL;
  output->capacity = 0;
  return image_resize(NULL, size, operation, data);
}

static void *image_copy(void *to, const void *from, size_t size, H5FD_file_image_op_t operation, void *data) {
  (void)operation, (void)data;
  return memcpy(to, from, size);
}

static herr_t image_keep(void *pointer, H5FD_file_image_op_t operation, void *data) {
  (void)pointer, (void)data;
  if (operation == H5FD_FILE_IMAGE_OP_FILE_CLOSE) ((struct lat_hdf5_output *)data)->closed = 1;
  return 0;
}

static void *same_data(void *data) { return data; }

static herr_t keep_data(void *data) {
  (void)data;
  return 0;
}

int lat_hdf5_create(const char *path, struct lat_hdf5_output *output) {
  lat_store_start();
  *output = (struct lat_hdf5_output){.file = -1};
  H5FD_file_image_callbacks_t callbacks = {image_new, image_copy, image_resize, image_keep, same_data, keep_data, output};
  unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
  int status = LAT_OK;
  char name[64];
  hid_t creation = H5Pcreate(H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
  LAT_CHECK(status, creation >= 0 && access >= 0, LAT_MEMORY, "%s: %s", path, lat_hdf5_reason());
  int ready = H5Pset_obj_track_times(creation, 0) >= 0 && H5Pset_link_creation_order(creation, order) >= 0 &&
              H5Pset_attr_creation_order(creation, order) >= 0 && H5Pset_attr_phase_change(creation, 64, 32) >= 0 &&
              H5Pset_link_phase_change(creation, 64, 32) >= 0 && H5Pset_fapl_core(access, 1 << 16, 0) >= 0 &&
              H5Pset_file_image_callbacks(access, &callbacks) >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
              H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0;
  LAT_CHECK(status, ready, LAT_MEMORY, "%s: %s", path, lat_hdf5_reason());
  output->file = H5Fcreate(memory_name(name), H5F_ACC_TRUNC, creation, access);
  LAT_CHECK(status, output->file >= 0, LAT_MEMORY, "%s: cannot be built: %s", path, lat_hdf5_reason());
done:
  if (creation >= 0) H5Pclose(creation);
  if (access >= 0) H5Pclose(access);
  if (status != LAT_OK) lat_hdf5_discard(output);
  return status;
}

/* The length of a finished file, from its superblock of version 3: signature (8 bytes), version, sizes of offsets and
 * lengths, flags (1 each), base address, extension address, end of file (8 each, little-endian). */
static size_t image_size(const struct lat_hdf5_output *output) {
  if (output->capacity < 48 || memcmp(output->image, "\211HDF\r\n\032\n\003\010\010", 11) != 0) return 0;
  uint64_t size = 0;
  for (size_t i = 8; i-- > 0;) size = size << 8 | (unsigned char)output->image[28 + i];
  return size <= output->capacity ? (size_t)size : 0;
}

int lat_hdf5_finish(struct lat_hdf5_output *output, const char *path) {
  assert(output->file >= 0);
  int status = LAT_OK;
  herr_t closed = H5Fclose(output->file);
  output->file = -1;
  LAT_CHECK(status, closed >= 0 && output->closed, LAT_MEMORY, "%s: cannot be built: %s", path, lat_hdf5_reason());
  size_t size = image_size(output);
  LAT_CHECK(status, size > 0, LAT_FILE, "%s: this HDF5 library does not write the expected format", path);
  LAT_TRY(status, lat_store_replace(path, output->image, size));
done:
  lat_hdf5_discard(output);
  return status;
}

void lat_hdf5_discard(struct lat_hdf5_output *output) {
  if (output->file >= 0) H5Fclose(output->file);
  lat_free(output->image);
  *output = (struct lat_hdf5_output){.file = -1};
}

int lat_hdf5_open(const char *path, struct lat_hdf5_input *input) {
  lat_store_start();
  input->file = -1;
  char *bytes = NULL, name[64];
  size_t size = 0;
  int status = LAT_OK;
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  LAT_TRY(status, lat_file_read(path, &bytes, &size));
  LAT_CHECK(status, size > 0, LAT_INPUT, "%s: is empty", path);
  int ready = access >= 0 && H5Pset_fapl_core(access, 1 << 16, 0) >= 0 && H5Pset_file_image(access, bytes, size) >= 0 &&
              H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0;
  LAT_CHECK(status, ready, LAT_MEMORY, "%s: %s", path, lat_hdf5_reason());
  input->file = H5Fopen(memory_name(name), H5F_ACC_RDONLY, access);
  LAT_CHECK(status, input->file >= 0, LAT_INPUT, "%s: is no sound HDF5 file: %s", path, lat_hdf5_reason());
done:
  lat_free(bytes);
  if (access >= 0) H5Pclose(access);
  return status;
}

void lat_hdf5_close(struct lat_hdf5_input *input) {
  if (input->file >= 0) H5Fclose(input->file);
  input->file = -1;
}

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

int lat_hdf5_write(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, const void *data,
                   hid_t *dataset) {
  assert(rank <= LAT_HDF5_MAX_RANK);
  hsize_t size[LAT_HDF5_MAX_RANK], chunk[LAT_HDF5_MAX_RANK];
  for (size_t r = 0; r < rank; r++) size[r] = extent[r];
  int status = LAT_OK;
  hid_t made = -1, space = rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple((int)rank, size, NULL);
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
  made = H5Dcreate2(parent, name, stored_type(type), space, H5P_DEFAULT, creation, H5P_DEFAULT);
  LAT_CHECK(status, made >= 0, LAT_MEMORY, "%s: cannot be made: %s", name, lat_hdf5_reason());
  LAT_CHECK(status, H5Dwrite(made, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, LAT_MEMORY, "%s: cannot be filled: %s",
            name, lat_hdf5_reason());
done:
  if (creation >= 0) H5Pclose(creation);
  if (space >= 0) H5Sclose(space);
  if (made >= 0 && (dataset == NULL || status != LAT_OK)) H5Dclose(made);
  if (dataset != NULL) *dataset = status == LAT_OK ? made : -1;
  return status;
}

/* Opens a dataset with its extents. */
static int open_dataset(hid_t parent, const char *name, hid_t *dataset, size_t *rank, size_t extent[LAT_HDF5_MAX_RANK]) {
  hsize_t size[LAT_HDF5_MAX_RANK];
  hid_t space = -1;
  int status = LAT_OK;
  *dataset = H5Dopen2(parent, name, H5P_DEFAULT);
  LAT_CHECK(status, *dataset >= 0, LAT_INPUT, "%s: is missing or no dataset: %s", name, lat_hdf5_reason());
  space = H5Dget_space(*dataset);
  int dimensions = space >= 0 && H5Sget_simple_extent_type(space) != H5S_NULL ? H5Sget_simple_extent_ndims(space) : -1;
  LAT_CHECK(status, dimensions >= 0 && dimensions <= LAT_HDF5_MAX_RANK, LAT_INPUT, "%s: has %d dimensions", name,
            dimensions);
  LAT_CHECK(status, H5Sget_simple_extent_dims(space, size, NULL) == dimensions, LAT_INPUT, "%s: %s", name,
            lat_hdf5_reason());
  *rank = (size_t)dimensions;
  for (size_t r = 0; r < *rank; r++) extent[r] = (size_t)size[r];
done:
  if (space >= 0) H5Sclose(space);
  if (status != LAT_OK && *dataset >= 0) {
    H5Dclose(*dataset);
    *dataset = -1;
  }
  return status;
}

int lat_hdf5_shape(hid_t parent, const char *name, size_t *rank, size_t extent[LAT_HDF5_MAX_RANK]) {
  hid_t dataset = -1;
  int status = open_dataset(parent, name, &dataset, rank, extent);
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}

int lat_hdf5_read(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, void *data) {
  size_t has_rank = 0, has[LAT_HDF5_MAX_RANK] = {0};
  hid_t dataset = -1, stored = -1;
  int status = LAT_OK;
  LAT_TRY(status, open_dataset(parent, name, &dataset, &has_rank, has));
  LAT_CHECK(status, has_rank == rank, LAT_INPUT, "%s: has %zu dimensions where %zu are needed", name, has_rank, rank);
  for (size_t r = 0; r < rank; r++)
    LAT_CHECK(status, has[r] == extent[r], LAT_INPUT, "%s: extent %zu of dimension %zu where %zu is needed", name, has[r],
              r, extent[r]);
  stored = H5Dget_type(dataset);
  LAT_CHECK(status, stored >= 0 && H5Tget_class(stored) == H5Tget_class(type), LAT_INPUT, "%s: holds another type", name);
  LAT_CHECK(status, H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, LAT_INPUT, "%s: cannot be read: %s",
            name, lat_hdf5_reason());
done:
  if (stored >= 0) H5Tclose(stored);
  if (dataset >= 0) H5Dclose(dataset);
  return status;
}
