/* Capacity of channels with Gaussian noise, in bits a use (one real number a use).
 *
 *   power P, noise N          C = log2 (1 + P / N) / 2                                    (Shannon 1948, theorem 17)
 *   d parallel channels       P_i = max(0, level - N_i), sum P_i = P, C = sum log2 (1 + P_i / N_i) / 2
 *                                                               (Cover and Thomas 2006, section 9.4: water-filling)
 *   M-level amplitudes        the information of M evenly spaced, equally likely levels: below C and below log2 M (Ungerboeck 1982)
 *   few levels in, few out    a discrete channel with p(y|x) = Phi(upper edge - x) - Phi(lower edge - x), by lib/info/blahut.h; with |x| <= A
 *                             its capacity is below log2 (1 + A^2 / N) / 2, below log2 of the levels in and below log2 of the levels out */
#ifndef LAT_INFO_GAUSSIAN_H
#define LAT_INFO_GAUSSIAN_H

#include <stddef.h>

#include "lib/info/blahut.h"

/* power >= 0, noise > 0, both mean squares (asserted). */
double lat_gaussian_capacity(double power, double noise);

/* noise [d] > 0, power >= 0; allocation [d] may be NULL. The sum over the d channels. LAT_INPUT, LAT_MEMORY. */
int lat_gaussian_water_filling(const double *noise, size_t d, double power, double *allocation, double *bits);

/* levels >= 1 evenly spaced and equally likely, mean square `power`, noise of standard deviation `deviation` >= 0 (0: log2 levels).
 * Trapezoid rule over y, good to 1e-9. LAT_INPUT. */
int lat_gaussian_levels(size_t levels, double power, double deviation, double *bits);

/* x is one of `inputs` evenly spaced numbers from -amplitude to amplitude, y the nearest of `outputs` ones from -range to range to x + noise:
 * the quantiser of lat_quantise (lib/nn/channel.h). A single level is 0. */
struct lat_gaussian_cells {
  size_t inputs, outputs;
  double amplitude, range; /* > 0 */
  double deviation;        /* of the noise, >= 0 */
};
/* p [inputs, outputs] = p(y|x). LAT_INPUT. */
int lat_gaussian_cells_matrix(struct lat_gaussian_cells cells, double *p);
/* Over all input distributions on the levels; input [inputs] may be NULL. LAT_INPUT, LAT_MEMORY. */
int lat_gaussian_cells_capacity(struct lat_gaussian_cells cells, double tolerance, size_t most, double *input,
                                struct lat_capacity *capacity);

#endif
