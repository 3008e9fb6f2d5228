/* Small operations on truth tables of up to 6 fan-ins, bit s being the value when fan-in j carries bit j of s. Bits above
 * 2^n are 0 before and after. Written for clearness: a table has at most 64 entries. */
#ifndef LAT_CIRCUIT_TRUTH_H
#define LAT_CIRCUIT_TRUTH_H

#include <stdint.h>

#include "lib/circuit/netlist.h"

/* The bits that a table of n fan-ins has. */
static inline uint64_t lat_truth_mask(unsigned n) { return n == 6 ? ~(uint64_t)0 : ((uint64_t)1 << (1u << n)) - 1; }

/* The table of the function that gives fan-in j of n. */
static inline uint64_t lat_truth_variable(unsigned n, unsigned j) {
  static const uint64_t wave[LAT_MAX_FAN_IN] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                                0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
  return wave[j] & lat_truth_mask(n);
}

/* Whether the value ever changes with fan-in j. */
int lat_truth_depends(uint64_t table, unsigned n, unsigned j);

/* The same function of the complemented fan-in j. */
uint64_t lat_truth_flip(uint64_t table, unsigned n, unsigned j);

/* Fan-in j fixed to `bit`: a table of the n - 1 others, in order. */
uint64_t lat_truth_fix(uint64_t table, unsigned n, unsigned j, int bit);

/* Fan-in j tied to fan-in i (complemented when `inverted`): a table of the n - 1 others, in order; i and j differ. */
uint64_t lat_truth_tie(uint64_t table, unsigned n, unsigned i, unsigned j, int inverted);

#endif
