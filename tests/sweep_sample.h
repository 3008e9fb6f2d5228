/* A small experiment for the tests of the runner: a function of its parameters that can be made to fail, to take time, and to
 * be stopped. */
#ifndef LAT_TESTS_SWEEP_SAMPLE_H
#define LAT_TESTS_SWEEP_SAMPLE_H

#include "lib/sweep/experiment.h"

extern const struct lat_experiment lat_experiment_sample;
extern const struct lat_experiment *const lat_sample_experiments[];

/* Points that have run in this process. Points whose `fail` is "memory" or "file" fail while this is not 0. */
extern int lat_sample_runs, lat_sample_trouble;

#endif
