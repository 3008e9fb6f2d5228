/* Tables, figure data and verdict of experiments/level_collapse.c. */
#ifndef LAT_EXPERIMENTS_LEVEL_COLLAPSE_ANALYSE_H
#define LAT_EXPERIMENTS_LEVEL_COLLAPSE_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_level_collapse_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
