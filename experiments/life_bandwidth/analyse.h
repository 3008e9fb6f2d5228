/* Tables, figure data and verdict of experiments/life_bandwidth.c. */
#ifndef LAT_EXPERIMENTS_LIFE_BANDWIDTH_ANALYSE_H
#define LAT_EXPERIMENTS_LIFE_BANDWIDTH_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_life_bandwidth_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
