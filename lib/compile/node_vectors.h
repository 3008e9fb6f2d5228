/* Random directions for the nodes of a graph: rows of independent normal numbers, made unit vectors.
 *
 * With width >= nodes they are then made orthonormal (Gram and Schmidt, twice), so that any set of them can be read exactly
 * from its sum. With width < nodes they cannot be, and <u_v, u_w> of two different ones is about normal with deviation
 * 1 / sqrt(width). */
#ifndef LAT_COMPILE_NODE_VECTORS_H
#define LAT_COMPILE_NODE_VECTORS_H

#include <stddef.h>
#include <stdint.h>

/* vector [nodes, width], overwritten; a function of (nodes, width, seed, index). LAT_MEMORY. */
int lat_node_vectors(size_t nodes, size_t width, uint64_t seed, uint64_t index, float *vector);

#endif
