/* One point of a sweep in one HDF5 file: written by temporary name, close, fsync, rename. The final file is the only mark
 * of completion. Format bounds V110, fletcher32 on every dataset, no time stamps: equal runs give equal bytes. What varies
 * (host, time, threads, seconds, job) goes to the sidecar PATH with .json in place of .h5; fields with LAT_IS_TIMING go to
 * PATH with .timing.h5 in place of .h5. Scalars are 0-dimensional datasets, arrays have named dimensions (HDF5 dimension
 * scales).
 *
 * Root attributes of a point file: format = "latentlab-point", format_version, experiment, experiment_version, id,
 * canonical (the canonical parameter text), size, status ("ok" or "failed"), reason, source (git commit or "unknown"),
 * flags (compiler flags), digest (below). A failed point keeps its parameters and no results.
 *
 * The file ends with a seal, the checksum of all its bytes (seal.h): no file with a changed byte is read. Below that,
 * checksums of HDF5 cover every object header (with the scalars in it) and every chunk, and the digest covers the content,
 * however it is stored: XXH3-128 (32 hex digits, canonical byte order) over the root attributes in the order above, each as its bytes and
 * a NUL (numbers: 8 bytes, little-endian), then for each field in order name, unit, long_name, dimensions (bytes, NUL),
 * kind, flags, rank, the extents, and the values, all numbers as 8 bytes, a text as its bytes and a NUL. */
#ifndef LAT_STORE_POINT_H
#define LAT_STORE_POINT_H

#include "lib/store/record.h"

struct lat_point {
  char *experiment, *id, *canonical, *size, *status, *reason, *source, *flags;
  int64_t experiment_version;
  struct lat_record record; /* parameters (LAT_IS_PARAMETER) and results */
};

/* Call once per process before any use of HDF5: silences its own printing. Idempotent, called by all functions of
 * lib/store. */
void lat_store_start(void);

/* Writes the point atomically, before it its timing file when it has timing fields and the sidecar (JSON text or NULL): the
 * point appears last. LAT_FILE with path and reason (disk full, read-only); then no point and no temporary remains.
 * LAT_INPUT for a field named id, canonical, status, reason, point, point_... or like a dimension, for one dimension with
 * two extents, and for texts that are not UTF-8. */
int lat_point_write(const char *path, const struct lat_point *point, const char *sidecar);

/* Reads and checks all of it (checksums, attributes, types). LAT_INPUT "PATH: damaged or not a point file: WHAT; delete it
 * and run again". */
int lat_point_read(const char *path, struct lat_point *point);
void lat_point_free(struct lat_point *point); /* frees what it holds and makes it empty */

/* Adds the timing fields that lie beside PATH to a point that was read from there. No timing file: LAT_OK, nothing added.
 * LAT_INPUT as above, also when the file belongs to another point. */
int lat_point_read_timing(const char *path, struct lat_point *point);

/* 32 hex digits of XXH3-128 over "experiment\nversion\ncanonical\n". */
void lat_point_id(const char *experiment, int64_t version, const char *canonical, char id[33]);

#endif
