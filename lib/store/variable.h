/* The variables of a merged file, as its writer and its checker both see them. Private to lib/store.
 *
 * Order: id, canonical, status, reason, point_size, point_source, point_flags; then every field that any point has, in the
 * order in which they first appear; after each array its extents NAME_extent_DIM. */
#ifndef LAT_STORE_VARIABLE_H
#define LAT_STORE_VARIABLE_H

#include "lib/store/dimension.h"
#include "lib/store/merge.h"

struct lat_dimension {
  char name[LAT_DIMENSION_NAME];
  size_t extent; /* the largest of all fields and points, at least 1 */
};

struct lat_variable {
  char name[3 * LAT_DIMENSION_NAME], long_name[256];
  const char *unit, *role; /* role: "parameter", "result", "timing" or "point" */
  enum lat_kind kind;
  int fill;                      /* has missing or padded values, or may have them in another sweep */
  const struct lat_field *model; /* the first field of this name; NULL: one of the points' texts */
  size_t text;                   /* offset of that text in struct lat_point */
  int extent_of;                 /* the dimension of `model` whose true extents this is, -1 for its values */
  size_t rank;                   /* without the points */
  size_t dimension[LAT_MAX_RANK];
};

struct lat_variables {
  size_t count, dimensions;
  struct lat_variable *variable;
  struct lat_dimension *dimension;
};

/* Which fields: parameters always, results and timings as asked. LAT_INPUT when a name means two things in two points (kind,
 * unit, dimensions), or is a field here and a dimension there. The points must outlive the result. LAT_MEMORY. */
int lat_variables_make(const struct lat_merged *merged, int results, int timings, struct lat_variables *variables);
void lat_variables_free(struct lat_variables *variables);

/* Values of one point, padding included. */
size_t lat_variable_size(const struct lat_variables *variables, const struct lat_variable *variable);

/* Values of points first .. first + count - 1, 8 bytes each (int64_t or double), padding and missing ones filled. */
void lat_variable_numbers(const struct lat_variables *variables, const struct lat_variable *variable,
                          const struct lat_merged *merged, size_t first, size_t count, void *values);

/* The text of one point; "" when it is missing. */
const char *lat_variable_text(const struct lat_variable *variable, const struct lat_point *point);

int lat_variable_is_text(const struct lat_variable *variable);

#endif
