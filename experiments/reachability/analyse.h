/* Tables, figure data and verdict of experiments/reachability.c. */
#ifndef LAT_EXPERIMENTS_REACHABILITY_ANALYSE_H
#define LAT_EXPERIMENTS_REACHABILITY_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_reachability_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
