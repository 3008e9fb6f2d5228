/* The doubling experiment's tables and verdict. */
#ifndef LAT_EXPERIMENTS_DOUBLING_ANALYSE_H
#define LAT_EXPERIMENTS_DOUBLING_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_doubling_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
