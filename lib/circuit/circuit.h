/* Reading, writing, generating, cleaning and mapping circuits: what a caller outside this folder needs.
 *
 * Every function that makes a netlist gives it to the caller, who frees it with lat_netlist_free; on failure *netlist is
 * NULL. Formats and their traps: the header of each reader. */
#ifndef LAT_CIRCUIT_CIRCUIT_H
#define LAT_CIRCUIT_CIRCUIT_H

#include "lib/circuit/netlist.h"
#include "lib/circuit/simulate.h"

/* Reads AIGER (ascii or binary), BENCH or BLIF, told apart by content first and extension second. Wide gates and covers are
 * expanded into trees of nodes. LAT_INPUT (or LAT_UNSUPPORTED for sequential circuits) with "FILE:LINE: cause" or
 * "FILE: byte N: cause". */
int lat_circuit_read(const char *path, struct lat_netlist **netlist);

/* The same from memory; `path` only names it in messages and gives the extension. This is what the fuzzers call. */
int lat_circuit_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist);

/* Writes by extension: .aag, .aig or .blif, by temporary name and rename. Nodes become AND gates in the AIGER formats. */
int lat_circuit_write(const char *path, const struct lat_netlist *netlist);

/* A generated family, "NAME:SIZE" (e.g. "parity:64"); lat_family_list gives all. `seed` matters for random families only.
 */
int lat_family_make(const char *name_and_size, uint64_t seed, struct lat_netlist **netlist);
/* LAT_INPUT with a sentence when it names no family or a size that it has not; makes nothing. */
int lat_family_check(const char *name_and_size);

struct lat_family {
  const char *name, *size_meaning, *what, *depth_formula; /* depth in two-input gates, as text */
  int64_t minimum, maximum;                               /* of SIZE */
  int (*make)(int64_t size, uint64_t seed, struct lat_netlist **netlist);
  int64_t (*depth)(int64_t size); /* the formula, asserted by tests; -1 for sizes of which it says nothing: measure */
  /* An input assignment (bit[inputs], 0 or 1) under which the longest path decides: when every gate starts at 0 and all
   * gates update at once, some output is still wrong after depth - 1 updates. NULL where the family has none. */
  int (*sensitise)(const struct lat_netlist *netlist, int64_t size, unsigned char *bit);
};
/* All families; the last has name NULL. */
extern const struct lat_family lat_families[];

/* Folds constants, removes buffers, nodes that no output reaches and repeated fan-ins. The function and the ports stay. */
int lat_circuit_clean(const struct lat_netlist *from, struct lat_netlist **clean);

/* Covers the circuit by nodes of at most `k` (2..6) fan-ins, of the smallest possible depth for the given structure (an
 * AND-inverter graph with structural hashing), then few nodes. Inverters are free: they go into the tables. For the input
 * 0 all nodes are 0 but those that an output shows, so nodes that start at 0 are nearly at rest. The depth is proven least by
 * maximum flows, which end for every node in circuits of up to 2,500 ANDs and nearly always beyond; a search that visits more
 * than 1,000 + 10^8 / ANDs nodes is given up and the best of 8 kept candidates stands. */
int lat_circuit_map(const struct lat_netlist *from, unsigned k, struct lat_netlist **mapped);

struct lat_circuit_statistics {
  size_t inputs, outputs, nodes; /* nodes that compute */
  size_t by_fan_in[LAT_MAX_FAN_IN + 1];
  uint32_t depth;
  size_t widest_level;      /* most nodes in one level >= 1 */
  size_t skip_edges, edges; /* edges that skip at least one level */
};
int lat_circuit_measure(const struct lat_netlist *netlist, struct lat_circuit_statistics *statistics);

#endif
