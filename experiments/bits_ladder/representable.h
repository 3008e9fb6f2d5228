/* How many states a normalised vector can be in when its numbers are those of a narrow format.
 *
 * x = norm(z) has mean 0 and mean square 1 (LayerNorm without gain or bias, epsilon 0); its entries are rounded to y, unit roundoff u.
 * With N(r) the number of finite values of the format from -r to r:
 *   at most    |x_i| <= sqrt(d - 1), so y_i is one of N(round(sqrt(d - 1))). One entry of the largest size, |y| >= 1, follows from the others but
 *              for rounding: |sum y| <= u sum |x| <= u d, and values of size 1 and more are 2 u apart or more, so there are at most d + 1
 *              left in an interval of 2 u d; it may stand in d places:
 *                  states <= d (d + 1) N(sqrt(d - 1))^(d - 1)
 *              and never more than N(sqrt(d - 1))^d.
 *   at least   any d - 2 entries with |x_i| <= r = sqrt(2 / (d - 2)), values of the format, are part of such an x: the two others have to have a sum -s and
 *              squares that add to d - q, which real numbers can when d - q >= s^2 / 2, and q <= (d - 2) r^2, s^2 <= (d - 2)^2 r^2:
 *                  states >= N(r)^(d - 2)
 * (own derivation; tests count small cases). The norm takes two directions away, of which the upper bound uses one. */
#ifndef LAT_EXPERIMENTS_BITS_LADDER_REPRESENTABLE_H
#define LAT_EXPERIMENTS_BITS_LADDER_REPRESENTABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/dtype.h"

/* Finite values v with |v| <= limit, both zeros one; limit >= 0. */
uint64_t lat_representable_values(enum lat_dtype dtype, double limit);

/* log2 of the two bounds; d >= 3 (asserted). */
struct lat_representable {
  double low, high;
};
struct lat_representable lat_representable_states(enum lat_dtype dtype, size_t d);

#endif
