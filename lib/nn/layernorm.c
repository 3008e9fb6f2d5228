#include "lib/nn/layernorm.h"

#include <math.h>

#include "lib/nn/sums.h"

void lat_layernorm_forward_keep(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                                double epsilon, lat_real *y, lat_real *mean, lat_real *inverse) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    double centre = lat_sum(width, x) / (double)width;
    double variance = lat_sum_squares(width, x, centre) / (double)width;
    lat_real scale = (lat_real)(1.0 / sqrt(variance + epsilon)), middle = (lat_real)centre;
#pragma omp simd
    for (size_t i = 0; i < width; i++) y[i] = (x[i] - middle) * scale * gain[i] + bias[i];
    if (mean != NULL) mean[row] = middle, inverse[row] = scale;
  }
}

void lat_layernorm_forward(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                           double epsilon, lat_real *y) {
  lat_layernorm_forward_keep(rows, width, x, gain, bias, epsilon, y, NULL, NULL);
}

void lat_layernorm_reference(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                             double epsilon, lat_real *y) {
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    double mean = 0.0, variance = 0.0;
    for (size_t i = 0; i < width; i++) mean += (double)x[i] / (double)width;
    for (size_t i = 0; i < width; i++) variance += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)width;
    for (size_t i = 0; i < width; i++)
      y[i] = (lat_real)(((double)x[i] - mean) / sqrt(variance + epsilon) * (double)gain[i] + (double)bias[i]);
  }
}
