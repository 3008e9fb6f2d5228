/* How often a whole board of Life can be right at most when its state passes a narrow place. */
#ifndef LAT_EXPERIMENTS_LIFE_BANDWIDTH_BOUND_H
#define LAT_EXPERIMENTS_LIFE_BANDWIDTH_BOUND_H

#include <stddef.h>

/* bound [n + 1], n = rows columns <= 20 (asserted): for w bits there are at most 2^w different answers, so at best those 2^w boards are
 * answered that the most of the 2^n first boards (all alike probable) end in: bound[w] is their share. *distinct: the number
 * of boards that any first board ends in. LAT_MEMORY. */
int lat_life_bound(unsigned rows, unsigned columns, size_t steps, double *bound, size_t *distinct);

#endif
