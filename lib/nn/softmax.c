#include "lib/nn/softmax.h"

#include <assert.h>

#include "lib/nn/sums.h"
#include "lib/nn/vector_math.h"

enum { LANES = 16 };

/* The maximum is exact, so its order is free; a NaN may be passed over here, and then it makes the sum NaN. */
static lat_real maximum(size_t n, const lat_real *x) {
  lat_real lane[LANES];
  for (size_t k = 0; k < LANES; k++) lane[k] = x[k < n ? k : 0];
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] = lane[k] > x[i + k] ? lane[k] : x[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] = lane[k] > x[i + k] ? lane[k] : x[i + k];
  lat_real largest = lane[0];
  for (size_t k = 1; k < LANES; k++) largest = largest > lane[k] ? largest : lane[k];
  return largest;
}

void lat_softmax(size_t n, const lat_real *x, lat_real *y) {
  assert(n >= 1);
  lat_real largest = maximum(n, x);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_exp(x[i] - largest);
  lat_real inverse = (lat_real)(1.0 / lat_sum(n, y));
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] *= inverse;
}

void lat_softmax_reference(size_t n, const lat_real *x, lat_real *y) {
  double largest = (double)x[0], sum = 0.0;
  for (size_t i = 1; i < n; i++) largest = (double)x[i] > largest ? (double)x[i] : largest;
  for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - largest);
  for (size_t i = 0; i < n; i++) y[i] = (lat_real)(exp((double)x[i] - largest) / sum);
}
