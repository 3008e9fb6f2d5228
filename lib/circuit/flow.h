/* Whether a node can be one level earlier than its candidates say: a maximum flow (FlowMap: Cong and Ding, 1994).
 *
 * Let p be the latest level of a node's fan-ins. Its own least level is p when at most k nodes, all of lower level than p,
 * separate it from the inputs, and p + 1 otherwise. By Menger's theorem they exist unless k + 1 paths without a common node
 * lead from the inputs to the nodes of level p. The paths are searched one by one, each by the shortest way to an input first. */
#ifndef LAT_CIRCUIT_FLOW_H
#define LAT_CIRCUIT_FLOW_H

#include <stdint.h>

#include "lib/circuit/aig.h"
#include "lib/circuit/cuts.h"

struct lat_flow;

/* Scratch for one graph, linear in its nodes. Freed with lat_flow_free. */
int lat_flow_alloc(const struct lat_aig *aig, struct lat_flow **flow);
void lat_flow_free(struct lat_flow *flow);

/* Returns 1 and the leaves of such a cut, nearest to the node, or 0 when there is none. level[] are the least levels of all
 * nodes before `node`. After `limit` visited nodes it gives up: returns -1. */
int lat_flow_cut(struct lat_flow *flow, uint32_t node, const uint32_t *level, unsigned k, uint64_t limit,
                 struct lat_cut *cut);

#endif
