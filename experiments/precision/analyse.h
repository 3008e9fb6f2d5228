/* Tables, figure data and verdict of experiments/precision.c. */
#ifndef LAT_EXPERIMENTS_PRECISION_ANALYSE_H
#define LAT_EXPERIMENTS_PRECISION_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_precision_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
