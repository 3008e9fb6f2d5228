/* An estimate of information beside the exact bound it may not exceed.
 *
 * Bias-corrected and nearest-neighbour estimates can come out above what is possible (log2 of the alphabet, the channel's
 * capacity). `bits` never does; `raw` is the estimate as it came out, so that raw > bits tells of a cut: none is silent. */
#ifndef LAT_INFO_ESTIMATE_H
#define LAT_INFO_ESTIMATE_H

struct lat_estimate {
  double bits, raw, bound; /* bits = min(raw, bound); bound is INFINITY where none is known */
};

static inline struct lat_estimate lat_estimate_make(double raw, double bound) {
  struct lat_estimate estimate = {raw > bound ? bound : raw, raw, bound};
  return estimate;
}

/* Whether the estimate had to be cut at its bound. */
static inline int lat_estimate_cut(struct lat_estimate estimate) { return estimate.raw > estimate.bound; }

#endif
