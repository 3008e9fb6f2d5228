/* The generators behind lat_families. NAME is made by lat_family_NAME(size, seed, &netlist), has
 * lat_family_NAME_depth(size) levels of two-input gates, and a sensitising assignment where one is known (circuit.h). */
#ifndef LAT_CIRCUIT_FAMILIES_H
#define LAT_CIRCUIT_FAMILIES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/gates.h"
#include "lib/circuit/netlist.h"

#define LAT_FAMILY(name)                                                            \
  int lat_family_##name(int64_t size, uint64_t seed, struct lat_netlist **netlist); \
  int64_t lat_family_##name##_depth(int64_t size);
#define LAT_FAMILY_SENSITISED(name) \
  LAT_FAMILY(name)                  \
  int lat_family_##name##_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit);

LAT_FAMILY_SENSITISED(parity)
LAT_FAMILY_SENSITISED(ripple)
LAT_FAMILY_SENSITISED(kogge_stone)
LAT_FAMILY(wallace)
LAT_FAMILY(square_root)
LAT_FAMILY_SENSITISED(comparator)
LAT_FAMILY_SENSITISED(sipser)
LAT_FAMILY_SENSITISED(s5_tree)
LAT_FAMILY_SENSITISED(s5_serial)
LAT_FAMILY_SENSITISED(batcher)
LAT_FAMILY_SENSITISED(majority)
LAT_FAMILY(popcount)
LAT_FAMILY_SENSITISED(reachability)
LAT_FAMILY(rule110)
LAT_FAMILY(layered)
LAT_FAMILY(narrow)
LAT_FAMILY_SENSITISED(multiplexer)
LAT_FAMILY_SENSITISED(decoder)

/* Sums of two numbers of `width` bits by parallel prefixes (Kogge and Stone, 1973): sum[0 .. width - 1] and, when `carry`
 * is not NULL, the carry out. 1 + 2 ceil(lg width) levels. */
void lat_gates_kogge_stone(struct lat_gates *gates, const uint32_t *a, const uint32_t *b, size_t width, uint32_t *sum,
                           uint32_t *carry);

/* One layer of 3:2 counters: sum[i] = x ^ y ^ z in 2 levels, carry[i] of weight i + 1 in 3 levels. */
void lat_gates_three_to_two(struct lat_gates *gates, uint32_t x, uint32_t y, uint32_t z, uint32_t *sum, uint32_t *carry);

#endif
