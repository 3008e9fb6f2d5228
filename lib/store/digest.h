/* The digest of a point's content; its definition is in point.h. */
#ifndef LAT_STORE_DIGEST_H
#define LAT_STORE_DIGEST_H

#include "lib/store/point.h"

/* The parts of a point that go to different files. */
enum lat_part { LAT_PART_RESULT, LAT_PART_TIMING };

/* 1 when this field of the point lies in this part: a failed point has no results. */
int lat_part_has(enum lat_part part, const struct lat_point *point, const struct lat_field *field);

/* 32 hex digits and a NUL. */
void lat_point_digest(const struct lat_point *point, enum lat_part part, char digest[33]);

#endif
