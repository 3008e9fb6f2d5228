/* The word problem of the symmetric group S5: the product of SIZE permutations, each 25 inputs p[t][j][k] = "permutation t
 * sends j to k". Permutation 0 acts first. NC1-complete (Barrington, 1989). A product of two is a Boolean matrix product:
 * an AND and an OR of five, 4 levels. s5_tree multiplies in a balanced tree, s5_serial keeps track one permutation at a
 * time. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

enum { DEGREE = 5, CELLS = DEGREE * DEGREE };

static void multiply(struct lat_gates *gates, const uint32_t *first, const uint32_t *second, uint32_t *product) {
  uint32_t made[CELLS]; /* `product` may be one of the factors */
  for (size_t j = 0; j < DEGREE; j++)
    for (size_t k = 0; k < DEGREE; k++) {
      uint32_t term[DEGREE];
      for (size_t m = 0; m < DEGREE; m++) term[m] = lat_gate(gates, LAT_AND, first[DEGREE * j + m], second[DEGREE * m + k]);
      made[DEGREE * j + k] = lat_gates_tree(gates, LAT_OR, term, DEGREE);
    }
  memcpy(product, made, sizeof made);
}

static int make(const char *name, int64_t size, int serial, struct lat_netlist **netlist) {
  struct lat_gates gates;
  lat_gates_start(&gates, name);
  size_t n = (size_t)size;
  uint32_t *p = lat_gates_array(&gates, n * CELLS);
  if (p) {
    for (size_t i = 0; i < n * CELLS; i++)
      p[i] = lat_gates_input(&gates, "p[%zu][%zu][%zu]", i / CELLS, i / DEGREE % DEGREE, i % DEGREE);
    for (size_t t = 1; serial && t < n; t++) multiply(&gates, p, p + t * CELLS, p);
    while (!serial && n > 1) {
      for (size_t t = 0; t < n / 2; t++) multiply(&gates, p + 2 * t * CELLS, p + (2 * t + 1) * CELLS, p + t * CELLS);
      if (n % 2) memmove(p + n / 2 * CELLS, p + (n - 1) * CELLS, CELLS * sizeof *p);
      n = n / 2 + n % 2;
    }
    for (size_t i = 0; i < CELLS; i++) lat_gates_output(&gates, p[i], "q[%zu][%zu]", i / DEGREE, i % DEGREE);
  }
  return lat_gates_finish(&gates, netlist);
}

int lat_family_s5_tree(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  return make("s5_tree", size, 0, netlist);
}

int lat_family_s5_serial(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  return make("s5_serial", size, 1, netlist);
}

int64_t lat_family_s5_tree_depth(int64_t size) { return 4 * lat_log2_up(size); }
int64_t lat_family_s5_serial_depth(int64_t size) { return 4 * (size - 1); }

/* All the identity: each partial product has a 1 only where one path, of full length, makes it. */
int lat_family_s5_tree_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  (void)size;
  for (size_t i = 0; i < netlist->inputs; i++) bit[i] = i % CELLS / DEGREE == i % DEGREE;
  return LAT_OK;
}

int lat_family_s5_serial_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  return lat_family_s5_tree_sensitise(netlist, size, bit);
}
