/* Tables, figure data and verdict of experiments/cramming.c. */
#ifndef LAT_EXPERIMENTS_CRAMMING_ANALYSE_H
#define LAT_EXPERIMENTS_CRAMMING_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_cramming_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
