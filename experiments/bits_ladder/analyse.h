/* Tables, figure data and verdict of experiments/bits_ladder.c. */
#ifndef LAT_EXPERIMENTS_BITS_LADDER_ANALYSE_H
#define LAT_EXPERIMENTS_BITS_LADDER_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_bits_ladder_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
