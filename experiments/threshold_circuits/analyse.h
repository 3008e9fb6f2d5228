/* Tables, figure data and verdict of experiments/threshold_circuits.c. */
#ifndef LAT_EXPERIMENTS_THRESHOLD_CIRCUITS_ANALYSE_H
#define LAT_EXPERIMENTS_THRESHOLD_CIRCUITS_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_threshold_circuits_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
