/* "did you mean": the names nearest to a word that is none of them. */
#ifndef LAT_SWEEP_NAMES_H
#define LAT_SWEEP_NAMES_H

#include "lib/sweep/experiment.h"

/* The experiment of this name, or NULL with a stored LAT_INPUT sentence that names the nearest ones. */
const struct lat_experiment *lat_experiment_find(const struct lat_experiment *const *experiments, const char *name);
/* The parameter of this name, or NULL with a stored LAT_INPUT sentence that names the nearest ones. */
const struct lat_parameter *lat_parameter_find(const struct lat_experiment *experiment, const char *name);
/* Letters to add, drop, change or swap with the neighbour to make one word of the other (optimal string alignment). Words
 * of over 63 bytes count as 64 apart. */
size_t lat_name_distance(const char *a, const char *b);

#endif
