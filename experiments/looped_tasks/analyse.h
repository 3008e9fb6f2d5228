/* The tables and the verdict of looped_tasks. */
#ifndef LAT_EXPERIMENTS_LOOPED_TASKS_ANALYSE_H
#define LAT_EXPERIMENTS_LOOPED_TASKS_ANALYSE_H

#include "lib/sweep/experiment.h"

int lat_looped_tasks_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
