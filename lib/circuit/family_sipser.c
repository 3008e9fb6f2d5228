/* The Sipser function (1983): SIZE alternating levels of AND and OR of fan-in 4 over 4^SIZE inputs, OR at the bottom. It
 * has unbounded depth SIZE and, for fan-ins that grow, needs exponential size at depth SIZE - 1 (Hastad, 1986). */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

enum { FAN_IN = 4 };

int lat_family_sipser(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "sipser");
  size_t count = (size_t)1 << 2 * size;
  uint32_t *x = lat_gates_inputs(&gates, "x", count);
  if (x) {
    for (int64_t level = 0; level < size; level++) {
      count /= FAN_IN;
      for (size_t i = 0; i < count; i++)
        x[i] = lat_gates_tree(&gates, level % 2 ? LAT_AND : LAT_OR, x + FAN_IN * i, FAN_IN);
    }
    lat_gates_output(&gates, x[0], "f");
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_sipser_depth(int64_t size) { return 2 * size; }

/* All 1: no gate of a monotone tree of equal paths is 1 before its level is reached. */
int lat_family_sipser_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  (void)size;
  memset(bit, 1, netlist->inputs);
  return LAT_OK;
}
