/* What writers and readers of point files must agree on. Private to lib/store. */
#ifndef LAT_STORE_LAYOUT_H
#define LAT_STORE_LAYOUT_H

#include "lib/base/text.h"
#include "lib/store/digest.h"

enum { LAT_POINT_FORMAT = 1 };

const char *lat_part_format(enum lat_part part); /* the root attribute `format` */
const char *lat_kind_name(enum lat_kind kind);
int lat_kind_parse(const char *name, enum lat_kind *kind); /* 0 when there is no such kind */

/* PATH with `ending` in place of .h5. */
int lat_path_beside(struct lat_text *text, const char *path, const char *ending);

#endif
