/* Cuts: sets of at most 6 nodes, the leaves, that together decide a node, so that one table over them can stand for it. A set
 * of candidates is kept for each node, best first (priority cuts: Mishchenko, Cho, Chatterjee and Brayton, 2007). */
#ifndef LAT_CIRCUIT_CUTS_H
#define LAT_CIRCUIT_CUTS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/netlist.h"

struct lat_cut {
  uint32_t leaf[LAT_MAX_FAN_IN]; /* ascending */
  uint32_t size;
  uint32_t signature; /* bit leaf % 32 of every leaf: two sets that differ here are not nested */
  uint32_t arrival;   /* 1 + the latest leaf's */
  float area;         /* 1 + what the leaves cost (area flow) */
};

/* What makes a cut good, the most important first: arrival, size, area; or arrival, area, size; or area, arrival, size. */
enum lat_cut_order { LAT_CUT_DEPTH, LAT_CUT_DEPTH_AREA, LAT_CUT_AREA };

/* The cut {node} as seen by a reader; arrival and area are left open. */
void lat_cut_trivial(uint32_t node, struct lat_cut *cut);

/* The union of two cuts, 0 when it has more than k leaves. Arrival and area are left open. */
int lat_cut_merge(const struct lat_cut *a, const struct lat_cut *b, unsigned k, struct lat_cut *made);

/* Puts `cut` into set[0 .. *count - 1], which is sorted and has room for `most`. Does nothing when a cut of the set is a subset
 * of it; removes cuts it is a subset of. */
void lat_cut_insert(struct lat_cut *set, size_t *count, size_t most, enum lat_cut_order order, const struct lat_cut *cut);

#endif
