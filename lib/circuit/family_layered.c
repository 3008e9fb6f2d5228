/* Random instances of the circuit value problem (P-complete): SIZE layers of gates, each of which reads one gate of the
 * layer before, by a random permutation, so that nothing is dead and the depth is SIZE exactly, and one other node of any
 * earlier layer or the inputs, drawn uniformly over the layers: most edges of the second kind skip layers. The gate is one
 * of the ten functions of two bits that depend on both. `layered` has 16 gates a layer and 16 inputs, `narrow` 9. */
#include "lib/base/random.h"
#include "lib/circuit/families.h"

enum { WIDEST = 16 };

static int make(const char *name, size_t width, int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  static const unsigned table[10] = {0x1, 0x2, 0x4, 0x8, 0x6, 0x9, 0x7, 0xb, 0xd, 0xe};
  struct lat_gates gates;
  lat_gates_start(&gates, name);
  uint32_t *node = lat_gates_array(&gates, ((size_t)size + 1) * width);
  struct lat_random random;
  lat_random_start(&random, seed, name, 0);
  if (node) {
    for (size_t i = 0; i < width; i++) node[i] = lat_gates_input(&gates, "x[%zu]", i);
    for (size_t layer = 1; layer <= (size_t)size && gates.status == 0; layer++) {
      uint32_t order[WIDEST];
      lat_random_permutation(&random, order, width);
      for (size_t i = 0; i < width; i++) {
        size_t near = (layer - 1) * width + order[i], far = near;
        while (far == near) far = (size_t)lat_random_below(&random, layer * width);
        node[layer * width + i] = lat_gate(&gates, table[lat_random_below(&random, 10)], node[near], node[far]);
      }
    }
    for (size_t i = 0; i < width; i++) lat_gates_output(&gates, node[(size_t)size * width + i], "y[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

int lat_family_layered(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  return make("layered", 16, size, seed, netlist);
}
int lat_family_narrow(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  return make("narrow", 9, size, seed, netlist);
}

int64_t lat_family_layered_depth(int64_t size) { return size; }
int64_t lat_family_narrow_depth(int64_t size) { return size; }
