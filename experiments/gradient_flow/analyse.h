/* What merged points of gradient_flow say. */
#ifndef LAT_EXPERIMENTS_GRADIENT_FLOW_ANALYSE_H
#define LAT_EXPERIMENTS_GRADIENT_FLOW_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_gradient_flow_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
