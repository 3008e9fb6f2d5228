/* The shuffled control: an estimate of information where there is none.
 *
 * The second variable's examples are put in random order, which keeps both marginals and breaks the pairing. What an estimator
 * still shows is its bias at this number of samples, and the spread over shuffles is its noise: an estimate within both says
 * nothing. Shuffle s uses the stream (seed, "shuffled control", s). */
#ifndef LAT_INFO_CONTROL_H
#define LAT_INFO_CONTROL_H

#include <stddef.h>
#include <stdint.h>

struct lat_control {
  double mean, deviation, highest; /* bits over the shuffles; deviation 0 for a single one */
  size_t shuffles;
};

/* The information when example i of the first variable is paired with example order[i] of the second; a status. */
typedef int (*lat_information_of)(void *context, const uint32_t *order, double *bits);

/* n examples, shuffles >= 1 (asserted). Passes on the callback's failure; LAT_MEMORY. */
int lat_control_shuffled(lat_information_of information, void *context, size_t n, size_t shuffles, uint64_t seed,
                         struct lat_control *control);

#endif
