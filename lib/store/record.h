/* A record: named, typed values with units, as one point of a sweep gives them and as HDF5 keeps them. No HDF5 here. */
#ifndef LAT_STORE_RECORD_H
#define LAT_STORE_RECORD_H

#include <stddef.h>
#include <stdint.h>

enum lat_kind {
  LAT_INTEGER, /* int64_t */
  LAT_REAL,    /* double */
  LAT_TEXT,    /* UTF-8 string */
  LAT_PATH /* parameters only: a file. A point's id takes its base name and a hash of its content, not where it lies; "" is
              none */
};

enum {
  LAT_MAY_BE_MISSING = 1, /* NaN (real) or absent is allowed */
  LAT_IS_TIMING = 2,      /* varies from run to run: kept in the timing file beside the result, never in it */
  LAT_IS_PARAMETER = 4    /* an input of the point, not a result */
};

enum { LAT_MAX_RANK = 3 };

struct lat_field {
  char *name, *unit, *long_name, *dimensions; /* dimensions: "" for a scalar, else names with commas, e.g. "step,level" */
  enum lat_kind kind;
  unsigned flags;
  size_t rank, extent[LAT_MAX_RANK];
  union {
    int64_t *integer;
    double *real;
    char **text; /* scalar texts only: text[0] */
  } data;        /* product of extents (1 for a scalar) */
};

struct lat_record {
  size_t count, capacity;
  struct lat_field *field;
};

/* Zero-initialise a record: {0}. Everything passed in is copied; `data` is int64_t[], double[], or const char *[1] for a
 * text or path. Names have letters, digits and underscores; a name given twice is an assert. Every NaN becomes the same
 * NaN. LAT_MEMORY; LAT_INPUT for a text that is not UTF-8. */
int lat_record_add(struct lat_record *record, const char *name, const char *unit, const char *long_name, enum lat_kind kind,
                   unsigned flags, const char *dimensions, size_t rank, const size_t *extent, const void *data);
const struct lat_field *lat_record_find(const struct lat_record *record, const char *name); /* NULL when there is none */
void lat_record_free(struct lat_record *record);

size_t lat_field_size(const struct lat_field *field); /* the number of values: product of the extents, 1 for a scalar */

/* 1 when `name` and the comma-separated `dimensions` are sound names and there are `rank` of the latter. */
int lat_record_is_shape(const char *name, const char *dimensions, size_t rank);
int lat_record_is_utf8(const char *text);

#endif
