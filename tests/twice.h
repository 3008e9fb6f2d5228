/* A few points of an experiment run for a second time with another number of threads, for the tests of trained experiments. */
#ifndef LAT_TESTS_TWICE_H
#define LAT_TESTS_TWICE_H

#include <stddef.h>

#include "lib/sweep/experiment.h"

/* Runs the experiment's smoke size with these values (--set) and fails the test unless every point comes out with equal bytes for one
 * and for three threads, and none is a failed row. Gives the number of points. */
size_t twice_the_same(const struct lat_experiment *experiment, size_t sets, const char *const *set);
/* The plan of this experiment is refused with this text in its sentence. */
void is_refused(const struct lat_experiment *experiment, const char *set, const char *says);

#endif
