/* Tables, figure data and verdict of experiments/loop_extrapolation.c. */
#ifndef LAT_EXPERIMENTS_LOOP_EXTRAPOLATION_ANALYSE_H
#define LAT_EXPERIMENTS_LOOP_EXTRAPOLATION_ANALYSE_H

#include "lib/sweep/experiment.h"

/* Sizes that are tested, as multiples of the trained one. */
enum { LAT_EXTRAPOLATION_SIZES = 4, LAT_EXTRAPOLATION_TRAINED = 1 };
static const double lat_extrapolation_size[LAT_EXTRAPOLATION_SIZES] = {0.5, 1, 2, 4};

int lat_loop_extrapolation_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
