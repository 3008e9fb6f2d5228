/* Root-mean-square normalisation of each row (Zhang and Sennrich 2019, equation 4).
 *
 * y_i = x_i / sqrt(mean(x^2) + epsilon) * gain_i. x, y [rows, width]; gain [width]. y is overwritten and may be x. The mean
 * is computed in double in a fixed order of 8 partial sums. */
#ifndef LAT_NN_RMSNORM_H
#define LAT_NN_RMSNORM_H

#include <stddef.h>

#include "lib/nn/real.h"

void lat_rmsnorm_forward(size_t rows, size_t width, const lat_real *x, const lat_real *gain, double epsilon, lat_real *y);
void lat_rmsnorm_reference(size_t rows, size_t width, const lat_real *x, const lat_real *gain, double epsilon, lat_real *y);

#endif
