/* The exact lines of the figure of noisy_channel, by Blahut and Arimoto's bounds and in closed form. */
#ifndef LAT_EXPERIMENTS_NOISY_CHANNEL_LINES_H
#define LAT_EXPERIMENTS_NOISY_CHANNEL_LINES_H

#include "lib/sweep/experiment.h"

/* Table `lines`: capacity against noise. */
int lat_noisy_lines(struct lat_analysis *analysis);

#endif
