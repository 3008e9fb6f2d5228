/* Threshold networks for tests. */
#ifndef LAT_TESTS_THRESHOLD_HELP_H
#define LAT_TESTS_THRESHOLD_HELP_H

#include "lib/circuit/threshold.h"

/* Fails the running test with the stored sentence unless the status is LAT_OK. */
void help_good(int status);

/* The threshold function NAME of this size, which must be made. */
struct lat_threshold *help_threshold(const char *name, size_t size);

/* All assignments of up to 12 inputs, else 200 of every density. */
struct lat_vectors *help_assignments(size_t inputs);

/* Node values by the oracle. */
struct lat_vectors *help_simulated(const struct lat_threshold *network, const struct lat_vectors *inputs);

#endif
