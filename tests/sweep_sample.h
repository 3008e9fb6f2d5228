/* A small experiment for the tests of the runner: a function of its parameters that can be made to fail, to take time, and to
 * be stopped. */
#ifndef LAT_TESTS_SWEEP_SAMPLE_H
#define LAT_TESTS_SWEEP_SAMPLE_H

#include <stddef.h>

#include "lib/sweep/experiment.h"

extern const struct lat_experiment lat_experiment_sample;
extern const struct lat_experiment *const lat_sample_experiments[];

/* Points that have run in this process. Points whose `fail` is "memory" or "file" fail while this is not 0. */
extern int lat_sample_runs, lat_sample_trouble;

/* A new empty folder in `folder`; the other one removes it with all that is in it. */
void lat_sample_folder(char folder[64]);
void lat_sample_remove(const char *folder);
/* How many files below FOLDER/sample end so. */
size_t lat_sample_count(const char *folder, const char *ending);
/* "" when the results (ID.h5) in A/sample and B/sample are equal byte for byte, else which file is not. */
const char *lat_sample_difference(const char *a, const char *b);

#endif
