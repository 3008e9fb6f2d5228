/* Whether a < b for two SIZE-bit numbers: "less" and "equal" of neighbouring digits are combined in a tree. In AC0. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

int lat_family_comparator(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "comparator");
  size_t n = (size_t)size;
  uint32_t *a = lat_gates_inputs(&gates, "a", n), *b = lat_gates_inputs(&gates, "b", n);
  uint32_t *less = lat_gates_array(&gates, n), *equal = lat_gates_array(&gates, n);
  if (a && b && less && equal) {
    for (size_t i = 0; i < n; i++) {
      less[i] = lat_gate(&gates, LAT_SECOND_ONLY, a[i], b[i]);
      equal[i] = lat_gate(&gates, LAT_XNOR, a[i], b[i]);
    }
    while (n > 1) { /* the pair (i + 1, i): the higher digit decides unless it is equal */
      for (size_t i = 0; i < n / 2; i++) {
        uint32_t below = lat_gate(&gates, LAT_AND, equal[2 * i + 1], less[2 * i]);
        less[i] = lat_gate(&gates, LAT_OR, less[2 * i + 1], below);
        equal[i] = lat_gate(&gates, LAT_AND, equal[2 * i + 1], equal[2 * i]);
      }
      if (n % 2) less[n / 2] = less[n - 1], equal[n / 2] = equal[n - 1];
      n = n / 2 + n % 2;
    }
    lat_gates_output(&gates, less[0], "less");
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_comparator_depth(int64_t size) { return 1 + 2 * lat_log2_up(size); }

/* Equal but for the last digit: a = 0, b = 1. */
int lat_family_comparator_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  memset(bit, 0, netlist->inputs);
  bit[size] = 1;
  return LAT_OK;
}
