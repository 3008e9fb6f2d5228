/* A sealed file of plain bytes: the state of a training that is put down and taken up again. Not for exchange between machines.
 *
 * Form: "latentlab KIND VERSION\n", the bytes, the seal (seal.h). Written by lat_store_replace: the old file stays until the new
 * one is whole. */
#ifndef LAT_STORE_BLOB_H
#define LAT_STORE_BLOB_H

#include <stddef.h>

/* `kind` is a word. LAT_FILE, LAT_MEMORY. */
int lat_blob_save(const char *path, const char *kind, int version, const void *bytes, size_t count);

/* *bytes is the caller's (lat_free). LAT_INPUT with path and reason when there is no such file, it is damaged, or of another kind
 * or version. */
int lat_blob_load(const char *path, const char *kind, int version, void **bytes, size_t *count);

#endif
