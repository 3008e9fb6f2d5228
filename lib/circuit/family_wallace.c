/* Product of two SIZE-bit numbers, 2 SIZE bits: SIZE rows of partial products, three rows made two by a layer of 3:2
 * counters until two are left (Wallace, 1964), then a Kogge-Stone adder. O(lg SIZE) levels. Counting columns one by one
 * instead of whole rows would let a carry ripple through columns of height two. */
#include <string.h>

#include "lib/circuit/families.h"

void lat_gates_three_to_two(struct lat_gates *gates, uint32_t x, uint32_t y, uint32_t z, uint32_t *sum, uint32_t *carry) {
  uint32_t half = lat_gate(gates, LAT_XOR, x, y);
  *sum = lat_gate(gates, LAT_XOR, half, z);
  *carry = lat_gate(gates, LAT_OR, lat_gate(gates, LAT_AND, x, y), lat_gate(gates, LAT_AND, half, z));
}

/* Three rows of `width` columns become two; bits of weight 2^width cannot be 1 and are dropped. */
static void reduce(struct lat_gates *gates, const uint32_t *x, const uint32_t *y, const uint32_t *z, size_t width,
                   uint32_t zero, uint32_t *sum, uint32_t *carry) {
  uint32_t next = zero;
  for (size_t i = 0; i < width; i++) {
    uint32_t out = zero;
    int zeros = (x[i] == zero) + (y[i] == zero) + (z[i] == zero);
    uint32_t p = x[i] == zero ? y[i] : x[i], q = z[i] == zero ? y[i] : z[i]; /* the two that are there, when one is not */
    uint32_t s = zero;
    if (zeros == 0)
      lat_gates_three_to_two(gates, x[i], y[i], z[i], &s, &out);
    else if (zeros == 1)
      s = lat_gate(gates, LAT_XOR, p, q), out = lat_gate(gates, LAT_AND, p, q);
    else if (zeros == 2)
      s = x[i] != zero ? x[i] : y[i] != zero ? y[i] : z[i];
    sum[i] = s;
    carry[i] = next;
    next = out;
  }
}

/* Rows 0 .. rows - 1 at row[r * width] become two rows. */
static void reduce_all(struct lat_gates *gates, uint32_t *row, size_t rows, size_t width, uint32_t zero) {
  uint32_t *sum = lat_gates_array(gates, width), *carry = lat_gates_array(gates, width);
  if (!sum || !carry) return;
  while (rows > 2) {
    size_t left = 0, bytes = width * sizeof *row, r = 0;
    for (; r + 2 < rows; r += 3) {
      reduce(gates, row + r * width, row + (r + 1) * width, row + (r + 2) * width, width, zero, sum, carry);
      memcpy(row + left++ * width, sum, bytes);
      memcpy(row + left++ * width, carry, bytes);
    }
    for (; r < rows; r++) memmove(row + left++ * width, row + r * width, bytes);
    rows = left;
  }
}

int lat_family_wallace(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "wallace");
  size_t n = (size_t)size, width = 2 * n;
  uint32_t *a = lat_gates_inputs(&gates, "a", n), *b = lat_gates_inputs(&gates, "b", n);
  uint32_t *row = lat_gates_array(&gates, (n + 1) * width), *product = lat_gates_array(&gates, width);
  if (a && b && row && product) {
    uint32_t zero = lat_gates_constant(&gates, 0);
    for (size_t k = 0; k < (n + 1) * width; k++) row[k] = zero;
    for (size_t r = 0; r < n; r++)
      for (size_t c = 0; c < n; c++) row[r * width + r + c] = lat_gate(&gates, LAT_AND, b[r], a[c]);
    reduce_all(&gates, row, n, width, zero);
    size_t low = 0; /* columns with one bit need no adder */
    while (low < width && row[width + low] == zero) product[low] = row[low], low++;
    if (low < width) lat_gates_kogge_stone(&gates, row + low, row + width + low, width - low, product + low, NULL);
    for (size_t i = 0; i < width; i++) lat_gates_output(&gates, product[i], "p[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

/* A partial product, 3 levels a layer of counters, and the adder of the columns that still hold two bits: layer t settles
 * column t, and the top column is the adder's carry. At other sizes bits that arrive early make it a few levels less. */
int64_t lat_family_wallace_depth(int64_t size) {
  if (size < 4 || (size & (size - 1)) != 0) return -1;
  int64_t layers = 0;
  for (int64_t rows = size; rows > 2; rows -= rows / 3) layers++;
  return 1 + 3 * layers + 1 + 2 * lat_log2_up(2 * size - layers - 2);
}
