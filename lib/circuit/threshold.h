/* Networks of threshold gates of any number of fan-ins: what constant-depth circuits of the class TC0 are made of.
 *
 * A gate is 1 when at least `threshold` of its fan-ins, some of them complemented, are 1: AND is n of n, OR is 1 of n, MAJORITY is
 * floor(n / 2) + 1 of n. A fan-in that occurs several times counts as often, which is an integer weight. Nodes 0 .. inputs - 1
 * are the inputs, node inputs + g is gate g; fan-ins have smaller numbers than their gate, so gates stand in order. */
#ifndef LAT_CIRCUIT_THRESHOLD_H
#define LAT_CIRCUIT_THRESHOLD_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/simulate.h"

/* One wire into a gate. */
struct lat_edge {
  uint32_t source;   /* a node */
  uint32_t inverted; /* 1: the complement counts */
};

struct lat_threshold {
  size_t inputs, gates, outputs, edges;
  uint32_t *first;                                      /* [gates + 1]: gate g has edges first[g] .. first[g + 1] - 1 */
  struct lat_edge *edge;                                /* [edges] */
  uint32_t *at_least;                                   /* [gates]: the threshold k, 1 .. n */
  uint32_t *output;                                     /* [outputs]: nodes */
  size_t gate_capacity, edge_capacity, output_capacity; /* while it is built */
};

/* A network of `inputs` inputs and no gates. The caller frees it. LAT_MEMORY; LAT_INPUT for more nodes than 2^31. */
int lat_threshold_alloc(size_t inputs, struct lat_threshold **network);
void lat_threshold_free(struct lat_threshold *network);

/* Adds a gate: at least `at_least` (1 .. fan_ins) of these. Sets *node (may be NULL) to its node. Fan-ins exist already
 * (assert). LAT_INPUT for a threshold outside 1 .. fan_ins, LAT_MEMORY. */
int lat_threshold_gate(struct lat_threshold *network, size_t at_least, size_t fan_ins, const struct lat_edge *fan_in,
                       uint32_t *node);
int lat_threshold_output(struct lat_threshold *network, uint32_t node);

static inline size_t lat_threshold_nodes(const struct lat_threshold *network) { return network->inputs + network->gates; }
static inline size_t lat_threshold_fan_ins(const struct lat_threshold *network, size_t gate) {
  return network->first[gate + 1] - network->first[gate];
}

/* level[nodes]: 0 for inputs, else 1 + the highest level of a fan-in. Returns the highest level of any output. */
uint32_t lat_threshold_levels(const struct lat_threshold *network, uint32_t *level);

/* The largest number of fan-ins of a gate; 1 when there is no gate. */
size_t lat_threshold_widest(const struct lat_threshold *network);

/* The oracle: counts ones. `values` has nodes positions and as many vectors as `inputs`. */
void lat_threshold_simulate(const struct lat_threshold *network, const struct lat_vectors *inputs,
                            struct lat_vectors *values);

/* Functions in constant depth. `family` names the family of two-input gates (circuit.h) that computes the same with the same
 * ports at the same size, NULL where there is none. */
struct lat_threshold_function {
  const char *name, *size_meaning, *what, *family;
  size_t minimum, maximum; /* of size */
  uint32_t depth;          /* in threshold gates, for sizes >= 2 */
  int (*make)(size_t size, struct lat_threshold **network);
};
/* and, or, majority, parity, popcount, multiplexer, comparator; the last has name NULL. */
extern const struct lat_threshold_function lat_threshold_functions[];

/* "NAME:SIZE" as for families. LAT_INPUT with the allowed names or sizes. */
int lat_threshold_make(const char *name_and_size, struct lat_threshold **network);

#endif
