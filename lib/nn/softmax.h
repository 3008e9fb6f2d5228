/* Softmax of a row with the maximum subtracted.
 *
 * y_j = e_j / sum_j e_j, e_j = lat_exp(x_j - max x), n >= 1; y is overwritten and may be x. The sum is taken in double in a
 * fixed order and rounded once; the division is by one product with its inverse. So, u = 2^-24 and d_j = max x - x_j
 * (itself rounded once): |y_j - exact| <= (6 + d_j + ln n) u exact while e_j is normal, and y_j is exactly 0 for d_j >=
 * -LAT_EXP_ZERO. A NaN anywhere, or +infinity, gives NaN. */
#ifndef LAT_NN_SOFTMAX_H
#define LAT_NN_SOFTMAX_H

#include <stddef.h>

#include "lib/nn/real.h"

void lat_softmax(size_t n, const lat_real *x, lat_real *y);
/* The same; returns the largest x and gives the sum of exp(x_i - largest): their log sum exp is largest + log(sum). */
lat_real lat_softmax_with_sum(size_t n, const lat_real *x, lat_real *y, double *sum);
void lat_softmax_reference(size_t n, const lat_real *x, lat_real *y);

#endif
