#include "lib/nn/vector_math.h"

void lat_exp_array(size_t n, const float *x, float *y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_exp(x[i]);
}

void lat_relu_array(size_t n, const float *x, float *y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_relu(x[i]);
}

void lat_gelu_array(size_t n, const float *x, float *y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_gelu(x[i]);
}

void lat_gelu_tanh_array(size_t n, const float *x, float *y) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = lat_gelu_tanh(x[i]);
}
