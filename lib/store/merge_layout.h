/* What the writer and the checker of merged files must agree on. Private to lib/store. */
#ifndef LAT_STORE_MERGE_LAYOUT_H
#define LAT_STORE_MERGE_LAYOUT_H

#include "lib/store/digest.h"
#include "lib/store/variable.h"

enum { LAT_MERGED_FORMAT = 1 };

static inline const char *lat_merged_format(enum lat_part part) {
  return part == LAT_PART_TIMING ? "latentlab-merged-timing" : "latentlab-merged";
}

/* Points that are written, read and compared together: about a mebibyte of `size` values of 8 bytes each. */
static inline size_t lat_merged_block(size_t points, size_t size) {
  size_t block = ((size_t)1 << 17) / (size > 0 ? size : 1);
  if (block > points) block = points;
  return block > 0 ? block : 1;
}

#endif
