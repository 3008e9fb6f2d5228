/* Conway's Game of Life on a torus (Gardner 1970): a cell lives in the next step when three of its eight neighbours live now, or two
 * of them and itself. */
#ifndef LAT_TASK_LIFE_H
#define LAT_TASK_LIFE_H

#include <stdint.h>

/* One step of the board whose cell (i, j) is bit i columns + j; rows and columns >= 3, rows columns <= 64 (asserted): on a torus of two
 * columns a cell would meet one neighbour twice. All cells at once: their neighbours are counted in three bit planes. */
uint64_t lat_life_step(unsigned rows, unsigned columns, uint64_t board);

#endif
