/* Tables, figure data and verdict of experiments/depth_wavefront.c. */
#ifndef LAT_EXPERIMENTS_DEPTH_WAVEFRONT_ANALYSE_H
#define LAT_EXPERIMENTS_DEPTH_WAVEFRONT_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_depth_wavefront_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
