/* Tables, figure data and verdict of experiments/leak_law.c. */
#ifndef LAT_EXPERIMENTS_LEAK_LAW_ANALYSE_H
#define LAT_EXPERIMENTS_LEAK_LAW_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_leak_law_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
