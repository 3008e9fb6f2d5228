/* A small builder for generated families: two-input gates by their four-bit tables, trees, numbered ports.
 *
 * Errors are remembered: after the first failure every call is harmless, gives node 0, and lat_gates_finish returns the
 * error, so that a generator reads like its circuit. Arrays of node numbers belong to the builder. */
#ifndef LAT_CIRCUIT_GATES_H
#define LAT_CIRCUIT_GATES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/netlist.h"

/* Tables of (a, b): bit a + 2 b. */
enum {
  LAT_AND = 0x8,
  LAT_OR = 0xe,
  LAT_XOR = 0x6,
  LAT_XNOR = 0x9,
  LAT_FIRST_ONLY = 0x2, /* a and not b */
  LAT_SECOND_ONLY = 0x4 /* b and not a */
};

struct lat_gates {
  struct lat_netlist *netlist;
  void **block;
  size_t blocks, block_capacity;
  int status;
};

void lat_gates_start(struct lat_gates *gates, const char *name);

/* `count` node numbers, all 0, until lat_gates_finish. NULL after a failure (then go to lat_gates_finish). */
uint32_t *lat_gates_array(struct lat_gates *gates, size_t count);

/* One more input, or output; the name is printed as by printf. */
uint32_t lat_gates_input(struct lat_gates *gates, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lat_gates_output(struct lat_gates *gates, uint32_t node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* `count` inputs named "NAME[0]", "NAME[1]", ...; NULL as above. */
uint32_t *lat_gates_inputs(struct lat_gates *gates, const char *name, size_t count);

uint32_t lat_gates_constant(struct lat_gates *gates, int bit);
uint32_t lat_gate(struct lat_gates *gates, unsigned table, uint32_t a, uint32_t b);

/* The balanced tree of an associative gate over node[0 .. count - 1], count >= 1, in ceil(lg count) levels; neighbours are
 * paired and an odd last one waits. Overwrites node[]. */
uint32_t lat_gates_tree(struct lat_gates *gates, unsigned table, uint32_t *node, size_t count);

/* Finishes: constants folded and gates that no output reads left out. Frees all but the netlist. */
int lat_gates_finish(struct lat_gates *gates, struct lat_netlist **netlist);

/* ceil(log2 n), n >= 1. */
static inline int64_t lat_log2_up(int64_t n) {
  int64_t k = 0;
  while (((int64_t)1 << k) < n) k++;
  return k;
}

#endif
