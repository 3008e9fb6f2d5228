/* The tables and the verdict of supervision. */
#ifndef LAT_EXPERIMENTS_SUPERVISION_ANALYSE_H
#define LAT_EXPERIMENTS_SUPERVISION_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_supervision_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
