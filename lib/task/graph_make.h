/* Families of reachability questions. Every graph is a function of (name, seed, index), and exactly one of its two
 * candidates is reached from its root.
 *
 * "prosqa:N"   a DAG of N nodes in the manner of ProsQA (Hao et al. 2024, algorithm 1): two first nodes without parents; a
 *              new node takes max(1, Poisson(1.5)) parents (the released graphs have 1.72 a node, which is its mean; the
 *              algorithm as printed has no max), with probability 0.35 only from the nodes that descend from nothing but
 *              the first one, with 0.35 the second one, else from all, nodes far from the first two being likelier (weight
 *              1 + 1.5 depth). The root is one of the first two, the target a leaf at 3 edges or more below it alone, the
 *              negative a leaf below the other one alone. As in the released data the negative thus gives itself away to a
 *              few heuristics: these graphs measure a search, not a model that might cheat.
 * "random:N"   every ordered pair of different nodes is an edge with probability 1.5 / N (Erdos and Renyi 1959, directed); root and
 *              candidates are drawn uniformly among the possible ones, the target at 2 edges or more.
 * "clique:N"   half of the nodes, the root among them, each with an edge to each other; from one of them, not the root, a path through
 *              a quarter of the nodes to the target; the rest a path that leads into the clique, the negative its first node. The V_1
 *              has about N^2 / 4 edges, and a single one of them leads on.
 * "layered:D"  D layers of 3 nodes below the root and, beside them, D layers of 3 nodes that the root does not reach; every node has
 *              two parents in the layer above, the reached ones one of them in the reached half and the other anywhere, the
 *              unreached ones both in the unreached half. Target and negative are drawn from the two halves of the last
 *              layer, so they agree in depth and in-degree, and the target lies at exactly D edges.
 *
 * Nodes are numbered, and edges listed, in random order. */
#ifndef LAT_TASK_GRAPH_MAKE_H
#define LAT_TASK_GRAPH_MAKE_H

#include "lib/task/graph.h"

/* LAT_INPUT for a name or size that does not exist (the sentence lists them), LAT_MEMORY. The caller frees it. */
int lat_graph_make(const char *name, uint64_t seed, uint64_t index, struct lat_graph **graph);

#endif
