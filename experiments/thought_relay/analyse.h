/* Tables, figure data and verdict of experiments/thought_relay.c. */
#ifndef LAT_EXPERIMENTS_THOUGHT_RELAY_ANALYSE_H
#define LAT_EXPERIMENTS_THOUGHT_RELAY_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_thought_relay_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
