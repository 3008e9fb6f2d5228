/* Tables, figure data and verdict of experiments/depth_parameters.c. */
#ifndef LAT_EXPERIMENTS_DEPTH_PARAMETERS_ANALYSE_H
#define LAT_EXPERIMENTS_DEPTH_PARAMETERS_ANALYSE_H

#include "lib/sweep/experiment.h"

/* Layers in all, L T. */
enum { LAT_DEPTH_PARAMETERS_DEPTH = 120 };

int lat_depth_parameters_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
