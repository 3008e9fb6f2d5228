/* Intervals for proportions.
 *
 * Clopper and Pearson (1934): the exact two-sided interval for the probability p of success when `successes` of `trials`
 * independent trials succeeded. low solves P(X >= successes | p) = (1 - confidence) / 2, high P(X <= successes | p) = the
 * same; in terms of the Beta distribution low = BetaInv(a/2; k, n - k + 1), high = BetaInv(1 - a/2; k + 1, n - k) with
 * a = 1 - confidence. It covers p with at least the stated confidence for every p and n. */
#ifndef LAT_INFO_INTERVAL_H
#define LAT_INFO_INTERVAL_H

#include <stdint.h>

struct lat_interval {
  double low, high;
};

/* successes <= trials, 0 < confidence < 1 (asserted). No trials say nothing: [0, 1]. */
struct lat_interval lat_interval_proportion(uint64_t successes, uint64_t trials, double confidence);

#endif
