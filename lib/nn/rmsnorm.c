#include "lib/nn/rmsnorm.h"

#include <math.h>

#include "lib/nn/sums.h"

void lat_rmsnorm_forward(size_t rows, size_t width, const lat_real *x, const lat_real *gain, double epsilon, lat_real *y) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    lat_real inverse = (lat_real)(1.0 / sqrt(lat_sum_squares(width, x, 0.0) / (double)width + epsilon));
#pragma omp simd
    for (size_t i = 0; i < width; i++) y[i] = x[i] * inverse * gain[i];
  }
}

void lat_rmsnorm_reference(size_t rows, size_t width, const lat_real *x, const lat_real *gain, double epsilon,
                           lat_real *y) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    double square = 0.0;
    for (size_t i = 0; i < width; i++) square += (double)x[i] * (double)x[i];
    for (size_t i = 0; i < width; i++)
      y[i] = (lat_real)((double)x[i] / sqrt(square / (double)width + epsilon) * (double)gain[i]);
  }
}
