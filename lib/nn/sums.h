/* Sums of a row of floats in double: 8 partial sums (element i in sum i mod 8), added pairwise at the end. The order is
 * fixed, so the bits are; and the compiler can use vector registers without being allowed to reorder anything. */
#ifndef LAT_NN_SUMS_H
#define LAT_NN_SUMS_H

#include <stddef.h>

#include "lib/nn/real.h"

enum { LAT_SUM_LANES = 8 };

static inline double lat_sum_lanes(const double lane[LAT_SUM_LANES]) {
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

/* sum x_i */
static inline double lat_sum(size_t n, const lat_real *x) {
  double lane[LAT_SUM_LANES] = {0};
  size_t i = 0;
  for (; i + LAT_SUM_LANES <= n; i += LAT_SUM_LANES)
    for (size_t k = 0; k < LAT_SUM_LANES; k++) lane[k] += (double)x[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k];
  return lat_sum_lanes(lane);
}

/* sum (x_i - middle)^2 */
static inline double lat_sum_squares(size_t n, const lat_real *x, double middle) {
  double lane[LAT_SUM_LANES] = {0};
  size_t i = 0;
  for (; i + LAT_SUM_LANES <= n; i += LAT_SUM_LANES)
    for (size_t k = 0; k < LAT_SUM_LANES; k++) lane[k] += ((double)x[i + k] - middle) * ((double)x[i + k] - middle);
  for (size_t k = 0; i + k < n; k++) lane[k] += ((double)x[i + k] - middle) * ((double)x[i + k] - middle);
  return lat_sum_lanes(lane);
}

/* sum x_i y_i */
static inline double lat_sum_products(size_t n, const lat_real *x, const lat_real *y) {
  double lane[LAT_SUM_LANES] = {0};
  size_t i = 0;
  for (; i + LAT_SUM_LANES <= n; i += LAT_SUM_LANES)
    for (size_t k = 0; k < LAT_SUM_LANES; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)x[i + k] * (double)y[i + k];
  return lat_sum_lanes(lane);
}

#endif
