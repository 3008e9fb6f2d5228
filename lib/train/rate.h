/* The learning rate by step: a linear warm-up, then constant, linear or cosine decay (Loshchilov and Hutter 2017, equation 5,
 * one period).
 *
 * rate(s) = peak (s + 1) / warmup for s < warmup; then with x = (s - warmup) / (steps - warmup) in [0, 1]: peak; peak (1 - (1 -
 * floor) x); peak (floor + (1 - floor) (1 + cos(pi x)) / 2). s = 0 is the first step; beyond `steps` the last value stays. */
#ifndef LAT_TRAIN_RATE_H
#define LAT_TRAIN_RATE_H

#include <stdint.h>

enum lat_decay { LAT_DECAY_CONSTANT, LAT_DECAY_LINEAR, LAT_DECAY_COSINE };

struct lat_rate {
  enum lat_decay decay;
  double peak, floor; /* floor: share of the peak that is left at the end, 0..1 */
  uint64_t warmup, steps;
};

/* LAT_INPUT with a sentence for a schedule that cannot be. */
int lat_rate_check(const struct lat_rate *rate);
double lat_rate_at(const struct lat_rate *rate, uint64_t step);

const char *lat_decay_name(enum lat_decay decay); /* "constant" "linear" "cosine" */
int lat_decay_parse(const char *name, enum lat_decay *decay);

#endif
