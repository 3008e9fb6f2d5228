/* Mutual information of two continuous vectors from nearest neighbours, in bits.
 *
 * Kraskov, Stoegbauer and Grassberger (2004), maximum norm in X, in Y and in the joint space; r_i is the distance of example i to its
 * k-th neighbour in the joint space:
 *   variant 1 (equation 8)   I = psi(k) + psi(n) - < psi(a_i + 1) + psi(b_i + 1) >,  a_i = examples with |x - x_i| < r_i, b_i same in Y
 *   variant 2 (equation 9)   I = psi(k) - 1/k + psi(n) - < psi(a_i) + psi(b_i) >,    a_i = examples with |x - x_i| <= r_i^x, the
 *                            largest distance in x among the k neighbours; b_i the same in Y
 * Bias: none is known where X and Y are independent; towards 0 otherwise, the more so the larger I and the dimension are. No estimate
 * of either variant exceeds `ceiling` = (psi(n) - psi(k)) / ln 2, about log2 (n / k), because a_i and b_i count the k neighbours: more
 * bits cannot be seen with n examples. lib/info/trust.h says how far below it was measured to be right. O(n^2 (dx + dy)) time.
 *
 * Scale: X and Y are each divided by one number, their root mean square deviation; columns keep their ratios. Ties: uniform noise of
 * 1e-10 of that is added (their section II.C), stream (seed, "neighbour jitter", column). Distances that are ties without it are counted: an
 * estimate with tied_x near 1 is one about labels, and X constant gives exactly 0. */
#ifndef LAT_INFO_NEIGHBOUR_H
#define LAT_INFO_NEIGHBOUR_H

#include <stddef.h>
#include <stdint.h>

#include "lib/info/control.h"
#include "lib/info/estimate.h"

struct lat_neighbour_options {
  size_t k;    /* neighbours: 3 or 4 as a rule; 1 <= k < n */
  int variant; /* 1 or 2 */
  uint64_t seed;
  double bound; /* bits that I(X; Y) cannot exceed (entropy of the message, capacity), or INFINITY */
};

struct lat_neighbour {
  struct lat_estimate information; /* raw may be below 0 */
  double error;          /* standard error by the spread of the n terms, taken as independent: too small by up to a half */
  double ceiling;        /* what n and k allow at most */
  double tied_x, tied_y; /* share of examples that have an equal one in X, in Y */
};

/* x [n, dx], y [n, dy]. The same bits for any number of threads. LAT_INPUT for k or variant outside, or a number that is not finite;
 * LAT_MEMORY. */
int lat_neighbour_information(const float *x, size_t dx, const float *y, size_t dy, size_t n,
                              struct lat_neighbour_options options, struct lat_neighbour *found);
/* Both variants from the same distances, variant 1 into found[0]; options.variant is not looked at. */
int lat_neighbour_both(const float *x, size_t dx, const float *y, size_t dy, size_t n, struct lat_neighbour_options options,
                       struct lat_neighbour found[2]);
/* One variant with y's rows shuffled (control.h), stream of options.seed. */
int lat_neighbour_control(const float *x, size_t dx, const float *y, size_t dy, size_t n,
                          struct lat_neighbour_options options, size_t shuffles, struct lat_control *control);

#endif
