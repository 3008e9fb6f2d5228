#include "lib/nn/softmax.h"

#include <assert.h>

#include "lib/nn/sums.h"
#include "lib/nn/vector_math.h"

enum { LANES = 16 };

/* The maximum is exact, so its order is free; a NaN may be passed over here, and then it makes the sum NaN. */
static float maximum(size_t n, const float *x) {
  float lane[LANES];
  for (size_t k = 0; k < LANES; k++) lane[k] = x[k < n ? k : 0];
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] = lane[k] > x[i + k] ? lane[k] : x[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] = lane[k] > x[i + k] ? lane[k] : x[i + k];
  float largest = lane[0];
  for (size_t k = 1; k < LANES; k++) largest = largest > lane[k] ? largest : lane[k];
  return largest;
}

void lat_softmax(size_t n, const float *x, float *y) {
  assert(n >= 1);
  float largest = maximum(n, x);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_exp(x[i] - largest);
  float inverse = (float)(1.0 / lat_sum(n, y));
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] *= inverse;
}

void lat_softmax_reference(size_t n, const float *x, float *y) {
  double largest = (double)x[0], sum = 0.0;
  for (size_t i = 1; i < n; i++) largest = (double)x[i] > largest ? (double)x[i] : largest;
  for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - largest);
  for (size_t i = 0; i < n; i++) y[i] = (float)(exp((double)x[i] - largest) / sum);
}
