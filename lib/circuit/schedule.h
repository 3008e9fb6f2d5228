/* In how many steps does a circuit get computed when a step may compute at most w gates, each from gates of earlier steps?
 *
 * List scheduling: gates that an output needs are taken in order of the longest path to an output (Hu 1961), ties by node
 * number. T lies between max(depth, ceil(size / w)) and depth + floor((size - depth) / w) (Brent 1974). T = size for w = 1,
 * where both ends meet, and T = depth from w = the widest level on. T is the least there is for trees (Hu), but not for
 * every circuit: any greedy order is within a factor 2 - 1/w of it (Graham 1966). O(size log size). */
#ifndef LAT_CIRCUIT_SCHEDULE_H
#define LAT_CIRCUIT_SCHEDULE_H

#include "lib/circuit/netlist.h"

enum { LAT_STEP_NEVER = 0 };

struct lat_schedule {
  size_t width;   /* w */
  size_t size;    /* gates that an output needs; constants count as gates, inputs do not */
  uint32_t depth; /* longest chain of them */
  size_t steps;   /* T */
  uint32_t *step; /* [nodes]: 1 .. T; 0 for inputs and for gates that no output needs */
  size_t *count;  /* [T + 1]: gates of each step, count[0] = 0 */
};

/* LAT_INPUT for width 0, LAT_MEMORY. To be freed either way. */
int lat_schedule_make(const struct lat_netlist *netlist, size_t width, struct lat_schedule *schedule);
void lat_schedule_free(struct lat_schedule *schedule);

/* Brent's bounds for a circuit of this size and depth. */
size_t lat_brent_lower(size_t size, uint32_t depth, size_t width);
size_t lat_brent_upper(size_t size, uint32_t depth, size_t width);

#endif
