/* The number of ones among SIZE bits, by a tree of ripple-carry adders: numbers of neighbours are added in pairs, an odd last one
 * waits. The carries of one adder run behind those of the adders below it, so the depth is O(lg SIZE), not its square. In TC0. */
#include <string.h>

#include "lib/circuit/families.h"

/* sum[0 .. width] of a[0 .. width - 1] and b[0 .. width - 1]; sum may be a. */
static void add(struct lat_gates *gates, const uint32_t *a, const uint32_t *b, size_t width, uint32_t *sum) {
  uint32_t carry = lat_gate(gates, LAT_AND, a[0], b[0]);
  sum[0] = lat_gate(gates, LAT_XOR, a[0], b[0]);
  for (size_t i = 1; i < width; i++) {
    uint32_t bit, next;
    lat_gates_three_to_two(gates, a[i], b[i], carry, &bit, &next);
    sum[i] = bit;
    carry = next;
  }
  sum[width] = carry;
}

int lat_family_popcount(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "popcount");
  size_t numbers = (size_t)size, width = 1, bits = 1, stride = (size_t)lat_log2_up(size) + 2;
  while (numbers >> bits != 0) bits++;
  uint32_t *x = lat_gates_inputs(&gates, "x", numbers), *number = lat_gates_array(&gates, numbers * stride);
  if (x && number) {
    uint32_t zero = lat_gates_constant(&gates, 0);
    for (size_t i = 0; i < numbers * stride; i++) number[i] = zero;
    for (size_t i = 0; i < numbers; i++) number[i * stride] = x[i];
    for (; numbers > 1; numbers = numbers / 2 + numbers % 2, width++) {
      for (size_t i = 0; i < numbers / 2; i++)
        add(&gates, number + 2 * i * stride, number + (2 * i + 1) * stride, width, number + i * stride);
      if (numbers % 2) memmove(number + numbers / 2 * stride, number + (numbers - 1) * stride, stride * sizeof *number);
    }
    for (size_t i = 0; i < bits; i++) lat_gates_output(&gates, number[i], "c[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

/* Each doubling makes the lowest bit one level and the longest carry four levels later. At other sizes the last number of a row is
 * shorter, and no formula is given. */
int64_t lat_family_popcount_depth(int64_t size) {
  if ((size & (size - 1)) != 0) return -1;
  return size < 4 ? size - 1 : 4 * lat_log2_up(size) - 4;
}
