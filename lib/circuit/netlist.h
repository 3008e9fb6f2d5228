/* A combinational circuit as a network of nodes with at most 6 fan-ins and a truth table each.
 *
 * One structure for everything: AND gates, BENCH gates, BLIF covers and mapped LUTs are all nodes with tables, so that the
 * simulator, the mapper and the compiler know one thing only.
 *
 * Node numbers: 0 .. inputs-1 are the inputs, in the order in which the file declares them; nodes inputs .. nodes-1
 * compute. After lat_netlist_finish they stand in topological order: every fan-in has a smaller number than its reader.
 * Truth table: bit s of `table` is the value when fan-in j carries bit j of s (the first fan-in is the least significant).
 * A constant is a node with 0 fan-ins and table 0 or 1.
 *
 * A reader or a generator builds a netlist in any order: lat_netlist_alloc, lat_netlist_input for each input, then
 * lat_netlist_node with fan-in numbers that may not exist yet, lat_netlist_output, lat_netlist_finish. */
#ifndef LAT_CIRCUIT_NETLIST_H
#define LAT_CIRCUIT_NETLIST_H

#include <stddef.h>
#include <stdint.h>

enum { LAT_MAX_FAN_IN = 6 };

struct lat_netlist {
  char *name; /* model name, never NULL */
  size_t inputs, outputs, nodes;
  uint64_t *table;    /* [nodes]; 0 for inputs */
  uint32_t *first;    /* [nodes + 1]: fan-ins of node i are fan_in[first[i]] .. fan_in[first[i + 1] - 1] */
  uint32_t *fan_in;   /* [first[nodes]] */
  uint32_t *output;   /* [outputs]: the node an output shows; may be an input, a constant, or repeated */
  char **input_name;  /* [inputs], never NULL: files without names get "i0", "i1", ... */
  char **output_name; /* [outputs], never NULL: "o0", "o1", ... */
  size_t node_capacity, fan_in_capacity, output_capacity, input_capacity; /* while it is built */
};

/* An empty netlist. The caller frees it with lat_netlist_free. LAT_MEMORY. */
int lat_netlist_alloc(const char *name, struct lat_netlist **netlist);
void lat_netlist_free(struct lat_netlist *netlist);

/* Adds an input; all inputs must be added before the first node. `name` is copied; NULL gives the default name. Sets
 * *number (which may be NULL) to the node's number. LAT_MEMORY, LAT_INPUT for over 2^31 nodes. */
int lat_netlist_input(struct lat_netlist *netlist, const char *name, uint32_t *number);

/* Adds a node with `fan_ins` (0 .. 6) fan-ins; the bits of `table` above 2^fan_ins must be 0. Fan-ins may be forward. */
int lat_netlist_node(struct lat_netlist *netlist, unsigned fan_ins, const uint32_t *fan_in, uint64_t table,
                     uint32_t *number);

/* Adds an output that shows node `node` (which may be forward). */
int lat_netlist_output(struct lat_netlist *netlist, const char *name, uint32_t node);

/* Checks that every fan-in and output exists, sorts the nodes topologically (iteratively, and stably: a netlist that is in
 * order stays as it is), and renumbers. LAT_INPUT with the node number range in the sentence when there is a cycle; *cycle
 * (may be NULL) then gets a node of it, numbered as before the call, so that a reader can name it. */
int lat_netlist_finish(struct lat_netlist *netlist, uint32_t *cycle);

/* A deep copy. */
int lat_netlist_copy(const struct lat_netlist *from, struct lat_netlist **to);

static inline unsigned lat_netlist_fan_ins(const struct lat_netlist *netlist, size_t node) {
  return (unsigned)(netlist->first[node + 1] - netlist->first[node]);
}

/* Level of each node: 0 for inputs and constants, else 1 + the highest level of its fan-ins. `level` is [nodes], owned by
 * the caller. Returns the depth: the highest level of any node that an output shows (0 for none). */
uint32_t lat_netlist_levels(const struct lat_netlist *netlist, uint32_t *level);

#endif
