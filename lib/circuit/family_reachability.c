/* Which of SIZE vertices reaches which, from the edges e[i][j], i != j, by squaring the adjacency matrix (with loops at all
 * vertices, which need no gates) until paths of SIZE - 1 edges are covered. In NC2; complete for NL. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

static void square(struct lat_gates *gates, const uint32_t *edge, uint32_t *made, uint32_t *term, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      if (i == j) continue;
      size_t terms = 0;
      for (size_t k = 0; k < n; k++)
        if (k != i && k != j) term[terms++] = lat_gate(gates, LAT_AND, edge[n * i + k], edge[n * k + j]);
      term[terms++] = edge[n * i + j]; /* last: an odd last one waits in the tree, and this one is early */
      made[n * i + j] = lat_gates_tree(gates, LAT_OR, term, terms);
    }
}

int lat_family_reachability(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "reachability");
  size_t n = (size_t)size;
  uint32_t *edge = lat_gates_array(&gates, n * n), *made = lat_gates_array(&gates, n * n),
           *term = lat_gates_array(&gates, n);
  if (edge && made && term) {
    for (size_t i = 0; i < n * n; i++)
      if (i / n != i % n) edge[i] = lat_gates_input(&gates, "e[%zu][%zu]", i / n, i % n);
    for (size_t covered = 1; covered + 1 < n; covered *= 2) {
      square(&gates, edge, made, term, n);
      memcpy(edge, made, n * n * sizeof *edge);
    }
    for (size_t i = 0; i < n * n; i++)
      if (i / n != i % n) lat_gates_output(&gates, edge[i], "r[%zu][%zu]", i / n, i % n);
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_reachability_depth(int64_t size) {
  int64_t squarings = lat_log2_up(size - 1);
  return squarings * (1 + squarings);
}

/* The path 0 -> 1 -> ... -> SIZE - 1. */
int lat_family_reachability_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  memset(bit, 0, netlist->inputs);
  for (int64_t i = 0; i + 1 < size; i++)
    bit[i * (size - 1) + i] = 1; /* row i without its diagonal: column i + 1 is number i */
  return LAT_OK;
}
