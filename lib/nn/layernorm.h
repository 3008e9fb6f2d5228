/* Layer normalisation of each row (Ba, Kiros and Hinton 2016, equation 4).
 *
 * y_i = (x_i - mean) / sqrt(variance + epsilon) * gain_i + bias_i, mean and variance (over n, not n - 1) of the row.
 * x, y [rows, width]; gain, bias [width]. y is overwritten and may be x. Mean and variance are computed in double in a
 * fixed order of 8 partial sums, the variance from the differences. */
#ifndef LAT_NN_LAYERNORM_H
#define LAT_NN_LAYERNORM_H

#include <stddef.h>

#include "lib/nn/real.h"

void lat_layernorm_forward(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                           double epsilon, lat_real *y);
/* The same, and of each row the mean and 1 / sqrt(variance + epsilon) as they were used, for its gradient. */
void lat_layernorm_forward_keep(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                                double epsilon, lat_real *y, lat_real *mean, lat_real *inverse);
void lat_layernorm_reference(size_t rows, size_t width, const lat_real *x, const lat_real *gain, const lat_real *bias,
                             double epsilon, lat_real *y);

#endif
