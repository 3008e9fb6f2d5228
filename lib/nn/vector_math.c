#include "lib/nn/vector_math.h"

/* In double the functions are libm's, and the compiler cannot make vector code of them. */
#ifdef LAT_DOUBLE
#define LANES
#else
#define LANES _Pragma("omp simd")
#endif

void lat_exp_array(size_t n, const lat_real *x, lat_real *y) {
  LANES
  for (size_t i = 0; i < n; i++) y[i] = lat_exp(x[i]);
}

void lat_relu_array(size_t n, const lat_real *x, lat_real *y) {
  LANES
  for (size_t i = 0; i < n; i++) y[i] = lat_relu(x[i]);
}

void lat_gelu_array(size_t n, const lat_real *x, lat_real *y) {
  LANES
  for (size_t i = 0; i < n; i++) y[i] = lat_gelu(x[i]);
}

void lat_gelu_tanh_array(size_t n, const lat_real *x, lat_real *y) {
  LANES
  for (size_t i = 0; i < n; i++) y[i] = lat_gelu_tanh(x[i]);
}

void lat_gelu_tanh_with_slope(size_t n, const lat_real *x, lat_real *y, lat_real *slope) {
  LANES
  for (size_t i = 0; i < n; i++) y[i] = lat_gelu_tanh_both(x[i], &slope[i]);
}

void lat_relu_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx) {
  if (keep == 0) {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * lat_relu_slope(x[i]);
  } else {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] += dy[i] * lat_relu_slope(x[i]);
  }
}

void lat_gelu_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx) {
  if (keep == 0) {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * lat_gelu_slope(x[i]);
  } else {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] += dy[i] * lat_gelu_slope(x[i]);
  }
}

void lat_gelu_tanh_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx) {
  if (keep == 0) {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * lat_gelu_tanh_slope(x[i]);
  } else {
    LANES
    for (size_t i = 0; i < n; i++) dx[i] += dy[i] * lat_gelu_tanh_slope(x[i]);
  }
}
