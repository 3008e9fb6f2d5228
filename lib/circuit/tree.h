/* Gates of any number of fan-ins as nodes of a netlist.
 *
 * While a file is read by name, most nodes do not exist yet when they are referred to. So a fan-in may be LAT_NET(id), the
 * future node of net `id`, until lat_nets_resolve replaces all of these by node numbers. */
#ifndef LAT_CIRCUIT_TREE_H
#define LAT_CIRCUIT_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/netlist.h"

enum lat_tree_gate { LAT_GATE_AND, LAT_GATE_OR, LAT_GATE_XOR };

#define LAT_NET(id) (0x80000000U | (uint32_t)(id))

/* An operand: a node or LAT_NET, possibly inverted, `level` two-input nodes above the gate's own fan-ins. */
struct lat_operand {
  uint32_t node, level, inverted;
};

/* Adds a tree of two-input nodes over `count` operands (which it overwrites) of the lowest possible depth, given their
 * levels: ceil(log2(sum of 2^level)). The root is always a new node: a buffer for one operand, a constant for none; it is
 * complemented when `inverted` is not 0. Sets *root to its number. LAT_MEMORY, LAT_INPUT for a circuit too large. */
int lat_tree(struct lat_netlist *netlist, enum lat_tree_gate gate, struct lat_operand *operand, size_t count,
             uint32_t inverted, uint32_t *root);

/* Nodes that lat_tree adds for `count` operands. */
static inline size_t lat_tree_nodes(size_t count) { return count < 2 ? 1 : count - 1; }

/* The truth table of a gate with 0..6 fan-ins, complemented when `inverted` is not 0. */
uint64_t lat_gate_table(enum lat_tree_gate gate, unsigned fan_ins, uint32_t inverted);

/* Replaces LAT_NET(id) by node_of_net[id] in all fan-ins and outputs. */
void lat_nets_resolve(struct lat_netlist *netlist, const uint32_t *node_of_net);

/* The net whose node is the first at or after `node`: the one that the node was made for, when each net's node is added
 * after its helpers. `nets` when there is none. */
size_t lat_nets_find(const uint32_t *node_of_net, size_t nets, uint32_t node);

#endif
