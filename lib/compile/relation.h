/* Small graphs as matrices, for the reachability machines: made, and searched the plain way. */
#ifndef LAT_COMPILE_RELATION_H
#define LAT_COMPILE_RELATION_H

#include <stddef.h>
#include <stdint.h>

#define LAT_RELATION_FAR UINT32_MAX

/* edge [n * n] is overwritten; 1 for an edge from row to column. KIND is
 *   path    i -> i+1;  cycle   the same and n-1 -> 0;  tree   i -> its parent (i - 1) / 2;
 *   random  a path through all vertices in random order up to the middle, and n / 2 random edges; `seed` for this kind only.
 * LAT_INPUT with the kinds for another name, LAT_MEMORY. */
int lat_relation_make(const char *kind, size_t vertices, uint64_t seed, unsigned char *edge);

/* distance [n * n] in edges, LAT_RELATION_FAR where there is no path, by breadth-first search from every vertex. Returns the
 * largest finite one. */
size_t lat_relation_distances(size_t vertices, const unsigned char *edge, uint32_t *distance);

#endif
