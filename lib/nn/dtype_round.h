/* Rounding to a number format, inline, for loops in which the compiler knows the format and makes vector code.
 *
 * Works on doubles, which hold every single-precision number and every product of two exactly, and whose normal range covers
 * the subnormal numbers of all formats here. The significand is rounded by integer arithmetic on the bits; below the normal
 * range the sum with a large power of two does it, since its last place is the format's smallest number. */
#ifndef LAT_NN_DTYPE_ROUND_H
#define LAT_NN_DTYPE_ROUND_H

#include <stdint.h>
#include <string.h>

#include "lib/nn/dtype.h"

#define LAT_DTYPE_INFINITY 0x7ff0000000000000
#define LAT_DTYPE_NAN 0x7ff8000000000000

static inline int64_t lat_dtype_bits(double x) {
  int64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double lat_dtype_from_bits(int64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* A format as the bits of doubles: how many low bits go, and the magnitudes at which something changes. */
struct lat_dtype_shape {
  int drop;
  double magic;                             /* its last place is the format's smallest positive number */
  int64_t smallest_normal, largest, beyond; /* beyond: what a larger result becomes */
};

static inline struct lat_dtype_shape lat_dtype_shape(enum lat_dtype dtype) {
  switch (dtype) {
    case LAT_DTYPE_BF16:
      return (struct lat_dtype_shape){45, 0x1p-81, 0x3810000000000000, 0x47efe00000000000, LAT_DTYPE_INFINITY};
    case LAT_DTYPE_FP16:
      return (struct lat_dtype_shape){42, 0x1p28, 0x3f10000000000000, 0x40effc0000000000, LAT_DTYPE_INFINITY};
    case LAT_DTYPE_FP8_E4M3:
      return (struct lat_dtype_shape){49, 0x1p43, 0x3f90000000000000, 0x407c000000000000, LAT_DTYPE_NAN};
    case LAT_DTYPE_FP8_E5M2:
      return (struct lat_dtype_shape){50, 0x1p36, 0x3f10000000000000, 0x40ec000000000000, LAT_DTYPE_INFINITY};
    case LAT_DTYPE_FP32:
    case LAT_DTYPES: break;
  }
  return (struct lat_dtype_shape){29, 0x1p-97, 0x3810000000000000, 0x47efffffe0000000, LAT_DTYPE_INFINITY};
}

/* The value of the format that is nearest to x, ties to the even one. Without branches. */
static inline double lat_dtype_nearest(struct lat_dtype_shape shape, double x) {
  int64_t bits = lat_dtype_bits(x), size = bits & INT64_MAX, one = (int64_t)1 << shape.drop;
  int64_t normal =
      (int64_t)(((uint64_t)size + (uint64_t)(one / 2 - 1) + (uint64_t)(size >> shape.drop & 1)) & ~(uint64_t)(one - 1));
  int64_t small = lat_dtype_bits((lat_dtype_from_bits(size) + shape.magic) - shape.magic);
  int64_t result = size < shape.smallest_normal ? small : normal;
  result = result > shape.largest ? shape.beyond : result;
  result = size > LAT_DTYPE_INFINITY ? LAT_DTYPE_NAN : result;
  return lat_dtype_from_bits(result | (bits & INT64_MIN));
}

/* a + b rounded to odd: where the sum does not fit a double, its last bit is set. A second rounding, to a format with fewer
 * bits, then gives what one rounding of the exact sum would (Boldo and Melquiond 2008). The error of the sum by Knuth 1969. */
static inline double lat_dtype_sum_to_odd(double a, double b) {
  double sum = a + b, back = sum - a, error = (a - (sum - back)) + (b - back);
  int64_t bits = lat_dtype_bits(sum);
  int64_t step = (error > 0) == (sum > 0) ? 1 : -1; /* towards the exact sum */
  int64_t move = ((error < 0) | (error > 0)) ? ~bits & 1 : 0;
  return lat_dtype_from_bits(bits + step * move);
}

#endif
