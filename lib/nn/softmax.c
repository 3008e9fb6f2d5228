#include "lib/nn/softmax.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/nn/sums.h"
#include "lib/nn/vector_math.h"

enum { LANES = 16 };

/* Vectors of the compiler's own: of lanes in an array gcc makes scalars. */
typedef lat_real wide __attribute__((vector_size(LANES * sizeof(lat_real))));
#ifdef LAT_DOUBLE
typedef int64_t bits __attribute__((vector_size(LANES * sizeof(lat_real))));
#else
typedef int32_t bits __attribute__((vector_size(LANES * sizeof(lat_real))));
#endif

static inline lat_real larger(lat_real a, lat_real b) { return a > b ? a : b; }

/* The maximum is exact, so its order is free; a NaN may be passed over here, and then it makes the sum NaN. */
static lat_real maximum(size_t n, const lat_real *x) {
  lat_real lane[LANES], largest = x[0];
  size_t i = 0;
  if (n >= LANES) {
    wide most, next;
    memcpy(&most, x, sizeof most);
    for (i = LANES; i + LANES <= n; i += LANES) {
      memcpy(&next, x + i, sizeof next);
      bits above = most > next;
      most = (wide)((above & (bits)most) | (~above & (bits)next));
    }
    memcpy(lane, &most, sizeof lane);
    for (size_t k = 0; k < LANES / 2; k++) lane[k] = larger(lane[k], lane[k + LANES / 2]);
    for (size_t k = 0; k < LANES / 4; k++) lane[k] = larger(lane[k], lane[k + LANES / 4]);
    largest = larger(larger(lane[0], lane[1]), larger(lane[2], lane[3]));
  }
  for (; i < n; i++) largest = larger(largest, x[i]);
  return largest;
}

lat_real lat_softmax_with_sum(size_t n, const lat_real *x, lat_real *y, double *sum) {
  assert(n >= 1);
  lat_real largest = maximum(n, x);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_exp(x[i] - largest);
  *sum = lat_sum(n, y);
  lat_real inverse = (lat_real)(1.0 / *sum);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] *= inverse;
  return largest;
}

void lat_softmax(size_t n, const lat_real *x, lat_real *y) {
  double sum;
  lat_softmax_with_sum(n, x, y, &sum);
}

void lat_softmax_reference(size_t n, const lat_real *x, lat_real *y) {
  double largest = (double)x[0], sum = 0.0;
  for (size_t i = 1; i < n; i++) largest = (double)x[i] > largest ? (double)x[i] : largest;
  for (size_t i = 0; i < n; i++) sum += exp((double)x[i] - largest);
  for (size_t i = 0; i < n; i++) y[i] = (lat_real)(exp((double)x[i] - largest) / sum);
}
