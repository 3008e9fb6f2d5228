/* Points that differ in nothing but their seed (and, when trained, in T), brought together. */
#ifndef LAT_EXPERIMENTS_GRADIENT_FLOW_SERIES_H
#define LAT_EXPERIMENTS_GRADIENT_FLOW_SERIES_H

#include "lib/sweep/experiment.h"

/* One measurement of one point; what could not be measured is NaN. */
struct lat_flow_reading {
  int64_t steps, state; /* enum lat_flow_state; -1: there is no such measurement */
  double broken_at, rms, ratio, input, parameters, exponent, step, residual;
};

/* The texts are the merged points' own. */
struct lat_flow_series {
  const char *part, *block, *injection, *sharing, *branch, *weights;
  double gain;
  int64_t loops; /* parameter loops: of a trained point its T */
  size_t *point; /* [points] */
  size_t points; /* without failed ones */
  size_t failed;
};

/* In the order of the merged points. LAT_MEMORY. The caller frees. */
int lat_flow_series_find(const struct lat_merged *merged, struct lat_flow_series **series, size_t *count);
void lat_flow_series_free(struct lat_flow_series *series, size_t count);

/* Measurement `index` of a point; how many it has. */
struct lat_flow_reading lat_flow_read(const struct lat_merged *merged, size_t point, size_t index);
size_t lat_flow_readings(const struct lat_merged *merged, size_t point);
int lat_flow_solved(const struct lat_merged *merged, size_t point); /* whether training met its stop rule */

/* Mean, smallest and largest of the numbers among `value`; all NaN when there is none. */
struct lat_flow_spread {
  double mean, low, high;
  size_t numbers;
};
struct lat_flow_spread lat_flow_spread_of(size_t count, const double *value);
/* The middle one when `below` more lie beneath all numbers and `above` more over them; NaN when it is one of those, or none is
 * there. Sorts value. */
double lat_flow_median(size_t count, double *value, size_t below, size_t above);

#endif
