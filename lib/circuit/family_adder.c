/* Two adders of two SIZE-bit numbers: s = a + b with SIZE + 1 bits of sum. The ripple adder is serial, two levels a bit;
 * the Kogge-Stone adder (1973) computes all carries by parallel prefixes and is in AC0. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

int lat_family_ripple(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "ripple");
  size_t n = (size_t)size;
  uint32_t *a = lat_gates_inputs(&gates, "a", n), *b = lat_gates_inputs(&gates, "b", n);
  if (a && b) {
    uint32_t carry = 0;
    for (size_t i = 0; i < n; i++) {
      uint32_t propagate = lat_gate(&gates, LAT_XOR, a[i], b[i]), generate = lat_gate(&gates, LAT_AND, a[i], b[i]);
      lat_gates_output(&gates, i == 0 ? propagate : lat_gate(&gates, LAT_XOR, propagate, carry), "s[%zu]", i);
      carry = i == 0 ? generate : lat_gate(&gates, LAT_OR, generate, lat_gate(&gates, LAT_AND, propagate, carry));
    }
    lat_gates_output(&gates, carry, "s[%zu]", n);
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_ripple_depth(int64_t size) { return 2 * size - 1; }

/* a = 1...1, b = 0...01: one carry runs through all bits. */
int lat_family_ripple_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  memset(bit, 0, netlist->inputs);
  memset(bit, 1, (size_t)size);
  bit[size] = 1;
  return LAT_OK;
}

/* G[i], P[i]: whether bits i - span + 1 .. i generate, or pass on, a carry. Generating and passing on exclude each other,
 * so their OR is an XOR, and the last step before a sum, s = h ^ (G | P & c), can be (h ^ G) ^ (P & c): two levels in all.
 */
void lat_gates_kogge_stone(struct lat_gates *gates, const uint32_t *a, const uint32_t *b, size_t width, uint32_t *sum,
                           uint32_t *carry) {
  uint32_t *half = lat_gates_array(gates, width), *generate = lat_gates_array(gates, width),
           *propagate = lat_gates_array(gates, width);
  if (!half || !generate || !propagate) return;
  for (size_t i = 0; i < width; i++) {
    half[i] = propagate[i] = lat_gate(gates, LAT_XOR, a[i], b[i]);
    generate[i] = lat_gate(gates, LAT_AND, a[i], b[i]);
  }
  sum[0] = half[0];
  if (width > 1) sum[1] = lat_gate(gates, LAT_XOR, half[1], generate[0]);
  for (size_t span = 1; span < width; span *= 2) {
    for (size_t i = width; i-- > span;) { /* downwards: i - span still holds the last round */
      uint32_t through = lat_gate(gates, LAT_AND, propagate[i], generate[i - span]);
      if (i < 2 * span && i + 1 < width) /* the prefix is complete with this step */
        sum[i + 1] = lat_gate(gates, LAT_XOR, lat_gate(gates, LAT_XOR, half[i + 1], generate[i]), through);
      generate[i] = lat_gate(gates, LAT_OR, generate[i], through);
      if (i >= 2 * span) propagate[i] = lat_gate(gates, LAT_AND, propagate[i], propagate[i - span]);
    }
  }
  if (carry) *carry = generate[width - 1];
}

int lat_family_kogge_stone(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "kogge_stone");
  size_t n = (size_t)size;
  uint32_t *a = lat_gates_inputs(&gates, "a", n), *b = lat_gates_inputs(&gates, "b", n);
  uint32_t *sum = lat_gates_array(&gates, n), carry = 0;
  if (a && b && sum) {
    lat_gates_kogge_stone(&gates, a, b, n, sum, &carry);
    for (size_t i = 0; i < n; i++) lat_gates_output(&gates, sum[i], "s[%zu]", i);
    lat_gates_output(&gates, carry, "s[%zu]", n);
  }
  return lat_gates_finish(&gates, netlist);
}

/* One bit above a power of two, the last step of the carry out meets the early prefix of bit 0. */
int64_t lat_family_kogge_stone_depth(int64_t size) {
  int64_t above = size - 1, one_above = above > 1 && (above & (above - 1)) == 0;
  return 1 + 2 * lat_log2_up(size) - one_above;
}

/* a = 1...1, b = one bit where the longest chain of prefix steps begins: at bit 0 of a power of two; else at the lower end
 * of the greater part of the last carry, that into bit size - 1, or out of it when size - 1 is a power of two. */
int lat_family_kogge_stone_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  int64_t carried = size, part = 1;
  if (((size - 1) & (size - 2)) != 0) carried = size - 1;
  while (2 * part < carried) part *= 2;
  memset(bit, 0, netlist->inputs);
  memset(bit, 1, (size_t)size);
  bit[size + ((size & (size - 1)) == 0 ? 0 : carried - part)] = 1;
  return LAT_OK;
}
