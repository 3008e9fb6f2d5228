/* Tables, figure data and verdict of experiments/loop_bits.c. */
#ifndef LAT_EXPERIMENTS_LOOP_BITS_ANALYSE_H
#define LAT_EXPERIMENTS_LOOP_BITS_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_loop_bits_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
