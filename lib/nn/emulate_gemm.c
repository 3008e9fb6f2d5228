/* The inner loop of the emulation. A sum is a chain in which every link waits for the one before, so many are computed side by
 * side: a panel of LANES rows of one operand is laid out so that its lanes are neighbours in memory, DEEP of its columns at a
 * time, and each row of the other operand passes over it. Between panels the sums wait in C, which holds them exactly. */
#include <assert.h>
#include <math.h>

#include "lib/nn/dtype_round.h"
#include "lib/nn/emulate.h"

enum { LANES = 32, DEEP = 64 };

float lat_emulate_term(enum lat_dtype accumulate, float sum, float a, float b) {
  return (float)lat_dtype_nearest(lat_dtype_shape(accumulate), lat_dtype_sum_to_odd((double)sum, (double)a * (double)b));
}

/* Inlined once for each format. The product of two floats is exact in double; the sum is rounded to odd there. */
static inline void narrow_sums(enum lat_dtype accumulate, size_t deep, const float *panel, const float *other, size_t step,
                               float *sum) {
  const struct lat_dtype_shape shape = lat_dtype_shape(accumulate);
  double lane[LANES];
  for (size_t l = 0; l < LANES; l++) lane[l] = (double)sum[l];
  for (size_t k = 0; k < deep; k++) {
    double factor = (double)other[k * step];
#pragma omp simd
    for (size_t l = 0; l < LANES; l++)
      lane[l] = lat_dtype_nearest(shape, lat_dtype_sum_to_odd(lane[l], factor * (double)panel[k * LANES + l]));
  }
  for (size_t l = 0; l < LANES; l++) sum[l] = (float)lane[l];
}

/* In single precision a fused multiply-add is just that: the exact product, the exact sum, one rounding. */
static void single_sums(size_t deep, const float *panel, const float *other, size_t step, float *sum) {
#ifdef __FP_FAST_FMAF
  float lane[LANES];
  for (size_t l = 0; l < LANES; l++) lane[l] = sum[l];
  for (size_t k = 0; k < deep; k++) {
    float factor = other[k * step];
#pragma omp simd
    for (size_t l = 0; l < LANES; l++) lane[l] = fmaf(factor, panel[k * LANES + l], lane[l]);
  }
  for (size_t l = 0; l < LANES; l++) sum[l] = lane[l];
#else
  narrow_sums(LAT_DTYPE_FP32, deep, panel, other, step, sum);
#endif
}

static void sums(enum lat_dtype accumulate, size_t deep, const float *panel, const float *other, size_t step, float *sum) {
  switch (accumulate) {
    case LAT_DTYPE_BF16: narrow_sums(LAT_DTYPE_BF16, deep, panel, other, step, sum); break;
    case LAT_DTYPE_FP16: narrow_sums(LAT_DTYPE_FP16, deep, panel, other, step, sum); break;
    case LAT_DTYPE_FP8_E4M3: narrow_sums(LAT_DTYPE_FP8_E4M3, deep, panel, other, step, sum); break;
    case LAT_DTYPE_FP8_E5M2: narrow_sums(LAT_DTYPE_FP8_E5M2, deep, panel, other, step, sum); break;
    case LAT_DTYPE_FP32:
    case LAT_DTYPES: single_sums(deep, panel, other, step, sum); break;
  }
}

/* A matrix by the distance between its rows and between its columns. */
struct strided {
  const float *data;
  size_t row, column;
};

/* c(l, o) = sum_k lanes(l, k) other(o, k), l < width <= LANES */
static void panel_product(enum lat_dtype accumulate, size_t width, size_t others, size_t inner, struct strided lanes,
                          struct strided other, float *c, size_t c_lane, size_t c_other) {
  float panel[DEEP * LANES] = {0};
  for (size_t k0 = 0; k0 < inner; k0 += DEEP) {
    size_t deep = inner - k0 < DEEP ? inner - k0 : DEEP;
    for (size_t l = 0; l < width; l++)
      for (size_t k = 0; k < deep; k++) panel[k * LANES + l] = lanes.data[l * lanes.row + (k0 + k) * lanes.column];
    for (size_t o = 0; o < others; o++) {
      float sum[LANES] = {0};
      for (size_t l = 0; l < width && k0 > 0; l++) sum[l] = c[l * c_lane + o * c_other];
      sums(accumulate, deep, panel, other.data + o * other.row + k0 * other.column, other.column, sum);
      for (size_t l = 0; l < width; l++) c[l * c_lane + o * c_other] = sum[l];
    }
  }
}

void lat_emulate_gemm(enum lat_dtype accumulate, size_t rows, size_t columns, size_t inner, struct lat_matrix a,
                      struct lat_matrix b, float *c, size_t stride) {
  struct strided down = {a.data, a.transpose ? 1 : a.stride, a.transpose ? a.stride : 1};
  struct strided across = {b.data, b.transpose ? b.stride : 1, b.transpose ? 1 : b.stride};
  assert(stride >= columns);
  if (inner == 0)
    for (size_t i = 0; i < rows; i++)
      for (size_t j = 0; j < columns; j++) c[i * stride + j] = 0.0f;
  if (columns >= LANES || columns >= rows) {
    for (size_t j = 0; j < columns; j += LANES, across.data += LANES * across.row)
      panel_product(accumulate, columns - j < LANES ? columns - j : LANES, rows, inner, across, down, c + j, 1, stride);
  } else { /* few columns, such as the values of one head: the rows are the lanes */
    for (size_t i = 0; i < rows; i += LANES, down.data += LANES * down.row)
      panel_product(accumulate, rows - i < LANES ? rows - i : LANES, columns, inner, down, across, c + i * stride, stride,
                    1);
  }
}
