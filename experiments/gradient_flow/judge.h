/* The verdict of gradient_flow: each sentence of the prediction is counted by itself. */
#ifndef LAT_EXPERIMENTS_GRADIENT_FLOW_JUDGE_H
#define LAT_EXPERIMENTS_GRADIENT_FLOW_JUDGE_H

#include "experiments/gradient_flow/series.h"

int lat_gradient_flow_judge(const struct lat_merged *merged, struct lat_analysis *analysis,
                            const struct lat_flow_series *series, size_t count);

#endif
