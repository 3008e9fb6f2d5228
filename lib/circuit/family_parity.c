/* Parity of SIZE bits by a balanced tree of XORs. In NC1 and not in AC0. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

int lat_family_parity(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "parity");
  uint32_t *x = lat_gates_inputs(&gates, "x", (size_t)size);
  if (x) lat_gates_output(&gates, lat_gates_tree(&gates, LAT_XOR, x, (size_t)size), "odd");
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_parity_depth(int64_t size) { return lat_log2_up(size); }

/* Only x[0], which stands under every level of the tree, is 1. */
int lat_family_parity_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  (void)size;
  memset(bit, 0, netlist->inputs);
  bit[0] = 1;
  return LAT_OK;
}
