/* A circuit as a network whose nodes all update at once: what it shows before its values are final.
 *
 * Inputs and constants hold their values, all other nodes start at 0; one update gives every node the value of its table
 * for the present values of its fan-ins. After t updates all nodes of level <= t are final, and the others hold what a
 * machine that knows no levels holds too: by luck, often the right value. One step is `stride` updates (a block of that
 * many layers). An input vector settles at the last step at which an output changes; 0 when none ever does. It shares no
 * code with the transformer, so that the two can be held against each other. */
#ifndef LAT_CIRCUIT_SETTLE_H
#define LAT_CIRCUIT_SETTLE_H

#include "lib/circuit/simulate.h"

/* settled[n] for every input vector, over as many steps as the depth needs. 64 vectors at a time, words in parallel.
 * LAT_MEMORY. */
int lat_settle(const struct lat_netlist *netlist, const struct lat_vectors *inputs, size_t stride, uint32_t *settled);

/* Looks for an input vector that settles late (stride 1): among `first` (when not NULL: one vector), patterns (all equal,
 * one or all but one set, prefixes, alternating ones with one set) and random vectors from stream (seed, "settle", i), then
 * by flipping single inputs of the best one while that helps. The search is bounded by about `work` node updates of 64
 * vectors. bit[inputs] gets the best one found, *settled its step. LAT_MEMORY. */
int lat_settle_search(const struct lat_netlist *netlist, const unsigned char *first, uint64_t seed, double work,
                      unsigned char *bit, uint32_t *settled);

#endif
