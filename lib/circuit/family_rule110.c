/* SIZE steps of the cellular automaton rule 110 on a ring of 32 cells. Predicting it is P-complete (Neary and Woods, 2006).
 */
#include <string.h>

#include "lib/circuit/families.h"

enum { CELLS = 32 };

int lat_family_rule110(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "rule110");
  uint32_t *cell = lat_gates_inputs(&gates, "x", CELLS);
  if (cell) {
    for (int64_t t = 0; t < size && gates.status == 0; t++) {
      uint32_t next[CELLS];
      for (size_t i = 0; i < CELLS; i++) { /* 1 when the cell or its right neighbour is, unless all three are */
        uint32_t left = cell[(i + CELLS - 1) % CELLS], right = cell[(i + 1) % CELLS];
        uint32_t both = lat_gate(&gates, LAT_AND, cell[i], right), any = lat_gate(&gates, LAT_OR, cell[i], right);
        next[i] = lat_gate(&gates, LAT_FIRST_ONLY, any, lat_gate(&gates, LAT_AND, left, both));
      }
      memcpy(cell, next, sizeof next);
    }
    for (size_t i = 0; i < CELLS; i++) lat_gates_output(&gates, cell[i], "y[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_rule110_depth(int64_t size) { return 3 * size; }
