/* Many points into one columnar file that opens as it is in xarray, netCDF4, h5py, ncdump and HDFView.
 *
 * Dimension `point` (points sorted by canonical text); scalars are 1-D variables over it, arrays are [point, ...] padded to
 * the largest extents with _FillValue (NaN for reals, INT64_MIN for integers) beside NAME_extent_DIM variables with the
 * true extents; CF attributes units, long_name; variable-length UTF-8 strings; Conventions = "CF-1.8". Failed points are
 * rows: their status and reason say why. The merged file is a function of the point files alone. */
#ifndef LAT_STORE_MERGE_H
#define LAT_STORE_MERGE_H

#include "lib/base/text.h"
#include "lib/store/point.h"

/* An integer array as doubles: lib/sweep makes one when it is asked for; lat_merged_free frees the list. */
struct lat_merged_copy {
  struct lat_merged_copy *next;
  const struct lat_field *of;
  double *value; /* by lat_alloc */
};

/* In-memory union of points: what `analyse` functions and exports read. */
struct lat_merged {
  char *experiment;
  size_t points;
  struct lat_point *point;        /* [points], sorted by canonical text */
  struct lat_merged_copy *copies; /* NULL at first */
  int copy_failed;                /* memory for one was out: it read as missing, and an analysis of it is void */
};

/* Reads every point file (.h5) in DIR of one experiment (timing fields included when `timing` and the files exist). Damaged
 * files: LAT_INPUT naming the file, unless `damaged` is not NULL: then they are counted there and skipped. */
int lat_merge_read(const char *directory, int timing, size_t *damaged, struct lat_merged **merged);
void lat_merged_free(struct lat_merged *merged);

/* Writes the merged file (atomically) and, when there are timing fields, the same shape in `timing_path`. */
int lat_merge_write(const char *path, const char *timing_path, const struct lat_merged *merged);

/* Checks a merged file against its points: LAT_OK when every value is equal. LAT_INPUT says the first difference. */
int lat_merge_verify(const char *path, const struct lat_merged *merged);

/* Scalars as a tab-separated table: a header with name (unit), one line a point; missing values as NaN. */
int lat_merge_export(const char *path, const struct lat_merged *merged);
/* The same, appended to `table`. */
int lat_merge_table(const struct lat_merged *merged, struct lat_text *table);

#endif
