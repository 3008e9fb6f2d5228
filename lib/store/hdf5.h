/* The few HDF5 operations that point, merged and weights files share. Private to lib/store: nothing else includes hdf5.h.
 *
 * Files are built in memory, and the finished image is put in place by lat_store_replace; reading loads the whole file
 * first. So a full disk or a vanished folder never meets HDF5 half-way, no file lock is taken, and equal content gives
 * equal bytes: format bounds V110, no time stamps, attributes and links in the order of their creation.
 *
 * Debian's HDF5 is not thread-safe: one thread at a time in lib/store. */
#ifndef LAT_STORE_HDF5_H
#define LAT_STORE_HDF5_H

#define H5_USE_110_API
#include <hdf5.h>
#include <stddef.h>
#include <stdint.h>

enum { LAT_HDF5_MAX_RANK = 8 };

/* HDF5's own innermost reason for the failure just met. Valid until the next call of this function. */
const char *lat_hdf5_reason(void);

/* A new file, held in memory until it is finished. HDF5 keeps a pointer to this struct while the file is open: it must not
 * move. Zero-initialise with {.file = -1}. */
struct lat_hdf5_output {
  hid_t file;
  char *image;
  size_t capacity;
  int closed;
};

/* `path` only names it. LAT_MEMORY. */
int lat_hdf5_create(const char *path, struct lat_hdf5_output *output);

/* Closes the file, all of whose objects must be closed, and writes it, with a seal, to `path` in one step. LAT_MEMORY, LAT_FILE with path
 * and reason. */
int lat_hdf5_finish(struct lat_hdf5_output *output, const char *path);

/* Frees it in any state, also after lat_hdf5_finish. */
void lat_hdf5_discard(struct lat_hdf5_output *output);

/* A file loaded for reading. LAT_INPUT naming the path when there is no such file, its seal is broken
 * or it is not HDF5. Zero-initialise with
 * {.file = -1}; lat_hdf5_close frees it in any state. */
struct lat_hdf5_input {
  hid_t file;
  int sealed; /* 1: the file's seal (seal.h) is there and holds; 0: there is none, as in files of other programs */
};
int lat_hdf5_open(const char *path, struct lat_hdf5_input *input);
void lat_hdf5_close(struct lat_hdf5_input *input);

/* Attributes of a file, group or dataset. `text` has a fixed length and lies in checksummed metadata (h5py: bytes);
 * `string` has variable length (h5py: str, as netCDF-4 writes it). LAT_MEMORY. */
int lat_hdf5_put_text(hid_t object, const char *name, const char *value);
int lat_hdf5_put_string(hid_t object, const char *name, const char *value);
int lat_hdf5_put_integer(hid_t object, const char *name, int64_t value);
int lat_hdf5_put_real(hid_t object, const char *name, double value);

/* Scalar attributes back, types checked. LAT_INPUT "attribute NAME: WHAT" (the caller puts the path before it) when it is
 * missing, is no scalar, or holds another type: an integer is no text, a real is no integer; an integer is a real.
 * lat_hdf5_get_text takes fixed and variable length; the caller frees *value with lat_free, NULL on failure. */
int lat_hdf5_has(hid_t object, const char *name); /* 1 when there is such an attribute */
int lat_hdf5_get_text(hid_t object, const char *name, char **value);
int lat_hdf5_get_integer(hid_t object, const char *name, int64_t *value);
int lat_hdf5_get_real(hid_t object, const char *name, double *value);

/* A dataset with all its data, native `type` in memory (H5T_NATIVE_FLOAT, H5T_NATIVE_DOUBLE, H5T_NATIVE_INT64) and its
 * little-endian twin in the file. Rank 0 lies in the object header, whose checksum covers it; others are chunked with
 * fletcher32. `name` may be a path "layer/0/ffn/up/weight": groups are made on the way. An extent may be 0. `dataset` gets
 * the open dataset (H5Dclose it), or is NULL. LAT_MEMORY. */
int lat_hdf5_write(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, const void *data,
                   hid_t *dataset);

/* The same without data, and rows `first` .. `first` + `count` - 1 of it (its first dimension). */
int lat_hdf5_make(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, hid_t *dataset);
int lat_hdf5_write_rows(hid_t dataset, const char *name, hid_t type, size_t first, size_t count, const void *data);

/* 1 when there is an object of that name (a path; missing groups on the way are fine). */
int lat_hdf5_exists(hid_t parent, const char *name);

/* Rank and extents of a dataset. LAT_INPUT "NAME: WHAT". */
int lat_hdf5_shape(hid_t parent, const char *name, size_t *rank, size_t extent[LAT_HDF5_MAX_RANK]);

/* All data of a dataset into `data`, which holds the product of the extents. LAT_INPUT "NAME: WHAT" when it is missing, its
 * rank or extents differ from those given, its type is not of the class of `type` (integers are not read as reals nor the
 * reverse), or its checksum does not hold. */
int lat_hdf5_read(hid_t parent, const char *name, hid_t type, size_t rank, const size_t *extent, void *data);

/* The same in two steps, for data that is read in rows: the check, and rows of a dataset that was checked. */
int lat_hdf5_check(hid_t dataset, const char *name, hid_t type, size_t rank, const size_t *extent);
int lat_hdf5_read_rows(hid_t dataset, const char *name, hid_t type, size_t first, size_t count, void *data);

#endif
