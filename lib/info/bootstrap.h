/* Percentile bootstrap intervals (Efron 1979; Efron and Tibshirani 1993, section 13.3).
 *
 * Units (examples, runs, seeds: whatever is independent of each other) are drawn with replacement, n of n, `resamples` times; the
 * interval runs between the (1 - confidence)/2 quantiles of the statistic. It is too narrow for few units (n below about 20: of 10
 * normal ones a 95 % interval of the mean covers 90 %), and no interval at all for one unit. Of a statistic that repeated units mislead,
 * as nearest neighbours, it is none: use independent repetitions there. Resample r uses the stream (seed, "bootstrap", r). */
#ifndef LAT_INFO_BOOTSTRAP_H
#define LAT_INFO_BOOTSTRAP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/info/interval.h"

/* The statistic of the units unit[0..n-1]; a status. */
typedef int (*lat_statistic)(void *context, const uint32_t *unit, size_t n, double *value);

struct lat_bootstrap {
  double confidence; /* between 0 and 1 */
  size_t resamples;  /* at least 1; 1,000 and more for 95 % */
  uint64_t seed;
};

/* n >= 1 units. Passes on the callback's failure; LAT_NUMERIC for a statistic that is not finite, LAT_MEMORY. */
int lat_bootstrap(lat_statistic statistic, void *context, size_t n, struct lat_bootstrap how,
                  struct lat_interval *interval);
/* Of the mean of value [n]. */
int lat_bootstrap_mean(const double *value, size_t n, struct lat_bootstrap how, struct lat_interval *interval);

#endif
