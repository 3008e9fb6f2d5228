/* Directed graphs with a reachability question: from `root`, is `target` or `negative` reached? Exactly one of the two is.
 *
 * Edges are a list in the order in which a prompt tells them; loops and repeated edges do no harm. Distances count edges,
 * and V_c is the set of nodes at distance <= c from the root. */
#ifndef LAT_TASK_GRAPH_H
#define LAT_TASK_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#define LAT_UNREACHED UINT32_MAX

struct lat_graph {
  size_t nodes, edges;             /* n m */
  uint32_t *edge;                  /* [m, 2]: from, to */
  uint32_t root, target, negative; /* the target is reached from the root, the negative is not */
};

/* Room for `edges` edges, all 0; the caller fills it and frees it. */
int lat_graph_alloc(size_t nodes, size_t edges, struct lat_graph **graph);
void lat_graph_free(struct lat_graph *graph);

/* distance [n] from `source` to every node, LAT_UNREACHED where there is no path. Returns the largest finite one: the
 * eccentricity of the source among what it reaches. Breadth first over the list of edges: O(m x eccentricity), no memory. */
uint32_t lat_graph_distances(const struct lat_graph *graph, uint32_t source, uint32_t *distance);

/* |V_c| from the distances. */
size_t lat_graph_reached(size_t nodes, const uint32_t *distance, uint32_t c);

/* The largest finite distance between two nodes; `scratch` holds n numbers. */
uint32_t lat_graph_diameter(const struct lat_graph *graph, uint32_t *scratch);

/* The question is well posed: root, target, negative and all ends of edges are nodes, the target is reached and is not the
 * root, the negative is not reached. LAT_INPUT with a sentence otherwise. */
int lat_graph_check(const struct lat_graph *graph);

/* Squarings of the Boolean matrix (adjacency or identity) until the target's entry in the root's row is set: after j of
 * them paths of up to 2^j edges are covered. Computed on bits, not by a formula; LAT_MEMORY. */
int lat_graph_squarings(const struct lat_graph *graph, uint32_t *squarings);

/* Breadth-first search told one token at a time: *nodes is how many nodes are taken from the queue and *edges how many edges
 * are looked at (each node's in the order of the list) until the target is seen, both included. LAT_MEMORY. */
int lat_graph_search(const struct lat_graph *graph, size_t *nodes, size_t *edges);

/* Several graphs, owned. */
struct lat_graphs {
  size_t count;
  struct lat_graph **graph;
};
int lat_graphs_alloc(size_t count, struct lat_graphs **graphs);
void lat_graphs_free(struct lat_graphs *graphs);

#endif
