/* A linear probe: what a straight line through the numbers of a state tells of a bit.
 *
 * Logistic regression on standardised numbers, q(1|x) = 1 / (1 + exp(-(w z + b))) with z_i = (x_i - mean_i) / deviation_i, at the least of
 *   sum over rows of -ln q(bit|x) + |w|^2 / 2
 * found by Newton's steps, halved while they do not descend (Hastie, Tibshirani and Friedman 2009, section 4.4). As a decoder on rows that
 * it was not fitted to it gives lower bounds on information (lib/info/decoder.h): linear ones, what can be read by a line and not
 * what is there (Alain and Bengio 2017; Xu et al. 2020, 'usable information'). */
#ifndef LAT_INFO_PROBE_H
#define LAT_INFO_PROBE_H

#include <stddef.h>
#include <stdint.h>

/* x [n, d], bit [n] of 0 or 1 into weight [d + 1] on the numbers as they are, the last one added. The same bits for the same rows.
 * LAT_INPUT for n or d of 0 or a number that is not finite, LAT_NUMERIC when its equations cannot be solved, LAT_MEMORY. */
int lat_probe_fit(const float *x, const uint8_t *bit, size_t n, size_t d, double *weight);

/* ln (q(1|x) / q(0|x)) of x [d]. */
double lat_probe_logit(const double *weight, const float *x, size_t d);

/* -log2 q(bit) at this logit, bits. */
double lat_probe_loss(double logit, int bit);

#endif
