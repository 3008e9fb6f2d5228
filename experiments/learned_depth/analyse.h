/* Tables, figure data and verdict of experiments/learned_depth.c. */
#ifndef LAT_EXPERIMENTS_LEARNED_DEPTH_ANALYSE_H
#define LAT_EXPERIMENTS_LEARNED_DEPTH_ANALYSE_H

#include "lib/sweep/experiment.h"

/* The peak learning rate of the grid; the two large arms are trained at others too. */
#define LAT_LEARNED_DEPTH_RATE 0.002

int lat_learned_depth_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
