/* Address bits below the cache block are done block by block while it stays in the first-level cache; the higher bits three
 * at a time, eight rows in registers, so that the array is walked once for three bits. */
#include "lib/compile/engine_step.h"

enum { BLOCK_FLOATS = 4096 }; /* 16 KB */

static inline __attribute__((always_inline)) void cross(lat_lanes *a, lat_lanes *b, float w) {
  lat_lanes old = *a;
  *a += w * *b;
  *b += w * old;
}

/* Bit b of the rows of one block. */
static void pass_one(float *data, size_t rows, size_t b, size_t lanes, float w) {
  size_t half = (size_t)1 << b;
  for (size_t r = 0; r < rows; r += 2 * half) {
    lat_lanes *low = (lat_lanes *)(data + r * lanes), *high = (lat_lanes *)(data + (r + half) * lanes);
    for (size_t k = 0; k < half * lanes / LAT_LANES; k++) cross(&low[k], &high[k], w);
  }
}

/* Bits b, b + 1, b + 2. */
static void pass_three(float *data, size_t rows, size_t b, size_t lanes, const float *w) {
  size_t stride = ((size_t)1 << b) * lanes / LAT_LANES;
  float w0 = w[0], w1 = w[1], w2 = w[2];
  for (size_t r = 0; r < rows; r += (size_t)8 << b) {
    lat_lanes *x = (lat_lanes *)(data + r * lanes);
    for (size_t k = 0; k < stride; k++) {
      lat_lanes x0 = x[k], x1 = x[k + stride], x2 = x[k + 2 * stride], x3 = x[k + 3 * stride];
      lat_lanes x4 = x[k + 4 * stride], x5 = x[k + 5 * stride], x6 = x[k + 6 * stride], x7 = x[k + 7 * stride];
      cross(&x0, &x1, w0), cross(&x2, &x3, w0), cross(&x4, &x5, w0), cross(&x6, &x7, w0);
      cross(&x0, &x2, w1), cross(&x1, &x3, w1), cross(&x4, &x6, w1), cross(&x5, &x7, w1);
      cross(&x0, &x4, w2), cross(&x1, &x5, w2), cross(&x2, &x6, w2), cross(&x3, &x7, w2);
      x[k] = x0, x[k + stride] = x1, x[k + 2 * stride] = x2, x[k + 3 * stride] = x3;
      x[k + 4 * stride] = x4, x[k + 5 * stride] = x5, x[k + 6 * stride] = x6, x[k + 7 * stride] = x7;
    }
  }
}

static void passes(float *data, size_t rows, size_t from, size_t to, size_t lanes, const float *flip) {
  size_t b = from;
  for (; b + 3 <= to; b += 3) pass_three(data, rows, b, lanes, flip + b);
  for (; b < to; b++) pass_one(data, rows, b, lanes, flip[b]);
}

void lat_butterfly(float *data, size_t address_bits, size_t lanes, size_t occupied, const float *flip) {
  size_t inner = 0;
  while (inner < address_bits && ((size_t)2 << inner) * lanes <= BLOCK_FLOATS) inner++;
  size_t block = (size_t)1 << inner;
  for (size_t r = 0; r < occupied; r += block) passes(data + r * lanes, block, 0, inner, lanes, flip);
  passes(data, (size_t)1 << address_bits, inner, address_bits, lanes, flip);
}
