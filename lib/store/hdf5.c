#include "lib/store/hdf5.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/file.h"
#include "lib/store/point.h"
#include "lib/store/seal.h"

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
  if (output->capacity < size + LAT_SEAL_SIZE + 1) {
    char *larger = lat_realloc(output->image, size + LAT_SEAL_SIZE + 1, 1);
    if (larger == NULL) LAT_TRY(status, LAT_MEMORY);
    output->image = larger;
  }
  lat_seal_make(output->image, size, output->image + size);
  LAT_TRY(status, lat_store_replace(path, output->image, size + LAT_SEAL_SIZE));
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
  *input = (struct lat_hdf5_input){.file = -1};
  char *bytes = NULL, name[64];
  size_t size = 0;
  int status = LAT_OK;
  hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  LAT_TRY(status, lat_file_read(path, &bytes, &size));
  LAT_CHECK(status, size > 0, LAT_INPUT, "%s: is empty", path);
  enum lat_seal seal = lat_seal_check(bytes, size);
  LAT_CHECK(status, seal != LAT_SEAL_BROKEN, LAT_INPUT, "%s: its bytes are not those that were written", path);
  input->sealed = seal == LAT_SEAL_WHOLE;
  if (input->sealed) size -= LAT_SEAL_SIZE;
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
