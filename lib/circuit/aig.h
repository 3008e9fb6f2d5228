/* An AND-inverter graph with structural hashing: the structure that mapping covers.
 *
 * Node 0 is the constant 0, nodes 1 .. inputs are the inputs, the rest are ANDs of two literals; a literal is 2 * node +
 * complemented. Fan-ins have smaller numbers than their readers. No AND occurs twice, none has a constant, equal or opposite
 * fan-ins. */
#ifndef LAT_CIRCUIT_AIG_H
#define LAT_CIRCUIT_AIG_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/netlist.h"

struct lat_aig {
  size_t inputs, outputs, nodes, capacity;
  uint32_t (*fan_in)[2]; /* [nodes] literals; 0 for the constant and the inputs */
  uint32_t *level;       /* [nodes] longest path of ANDs */
  uint32_t *output;      /* [outputs] literals */
  uint32_t *slot;        /* open hash table of AND nodes, 0 where empty */
  size_t slots;          /* a power of two */
};

/* The circuit as such a graph. A node with a table becomes ANDs by splitting off what AND, OR or XOR with one fan-in explains,
 * early fan-ins first in a tree, and else by a choice on the fan-in that leaves the simplest halves. The caller frees it with lat_aig_free.
 * LAT_MEMORY; LAT_UNSUPPORTED for over 2^31 ANDs. */
int lat_aig_from_netlist(const struct lat_netlist *netlist, struct lat_aig **aig);
void lat_aig_free(struct lat_aig *aig);

static inline int lat_aig_is_and(const struct lat_aig *aig, uint32_t node) { return node > aig->inputs; }

#endif
