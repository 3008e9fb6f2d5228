/* The integer square root of a number of 2 SIZE bits, digit by digit from the top: the remainder takes two more bits, 4 q + 1 is
 * subtracted from it, q being the root so far, and put back when that was too much. Serial through every borrow: the depth grows
 * with the square of SIZE. */
#include <string.h>

#include "lib/circuit/families.h"

int lat_family_square_root(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "square_root");
  size_t n = (size_t)size;
  uint32_t *x = lat_gates_inputs(&gates, "x", 2 * n), *root = lat_gates_array(&gates, n);
  uint32_t *remainder = lat_gates_array(&gates, n + 2), *difference = lat_gates_array(&gates, n + 2);
  if (x && root && remainder && difference) {
    uint32_t zero = lat_gates_constant(&gates, 0), one = lat_gates_constant(&gates, 1);
    for (size_t j = 0; j < n + 2; j++) remainder[j] = zero;
    for (size_t i = n; i-- > 0 && gates.status == 0;) {
      size_t known = n - 1 - i, width = known + 3 < n + 2 ? known + 3 : n + 2;
      memmove(remainder + 2, remainder, n * sizeof *remainder); /* at most 2 q < 2^n: the bits pushed out are 0 */
      remainder[0] = x[2 * i];
      remainder[1] = x[2 * i + 1];
      uint32_t borrow = zero;
      for (size_t j = 0; j < width; j++) {
        uint32_t minus = j == 0 ? one : j >= 2 && j - 2 < known ? root[i + 1 + (j - 2)] : zero;
        uint32_t differ = lat_gate(&gates, LAT_XOR, remainder[j], minus);
        difference[j] = lat_gate(&gates, LAT_XOR, differ, borrow);
        borrow = lat_gate(&gates, LAT_OR, lat_gate(&gates, LAT_SECOND_ONLY, remainder[j], minus),
                          lat_gate(&gates, LAT_SECOND_ONLY, differ, borrow));
      }
      root[i] = lat_gate(&gates, 0x5, borrow, borrow);
      for (size_t j = 0; j < width && i > 0; j++) {
        uint32_t kept = lat_gate(&gates, LAT_AND, borrow, remainder[j]);
        remainder[j] = lat_gate(&gates, LAT_OR, kept, lat_gate(&gates, LAT_FIRST_ONLY, difference[j], borrow));
      }
    }
    for (size_t i = 0; i < n; i++) lat_gates_output(&gates, root[i], "r[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_square_root_depth(int64_t size) { return size * size + 3 * size - 3; }
