/* Trainings gathered: one cell for each task, model and learning rate, and of these the chosen one for each task and model. */
#ifndef LAT_EXPERIMENTS_LOOPED_TASKS_CELL_H
#define LAT_EXPERIMENTS_LOOPED_TASKS_CELL_H

#include "lib/sweep/experiment.h"

enum { MOST_CELLS = 512, MOST_SEEDS = 64 };

struct cell {
  const char *task, *model;
  double rate;
  size_t layers, loops, width;
  size_t count, point[MOST_SEEDS]; /* trainings that are no failed rows */
  size_t solved, diverged;
  double validation, accuracy, exact; /* means; what is missing counts 0 */
  double low, high;                   /* of accuracy */
  double trivial, chance;             /* means */
  int chosen; /* of its task and model: greatest mean validation, then most solved, then least rate */
};

struct cells {
  size_t count;
  struct cell cell[MOST_CELLS]; /* by task, layers, loops, width, rate */
  size_t failed, left_out;      /* failed rows; rows that there was no room for */
};

void lat_cells_gather(const struct lat_merged *merged, struct cells *cells);

/* The chosen cell of a task with so many layers and loops; 0 for `width` is the widest. NULL when there is none. */
const struct cell *lat_cells_find(const struct cells *cells, const char *task, size_t layers, size_t loops, size_t width);

/* The median of `solved_at` over the cell's trainings, not solved counting as infinite: NaN when that is not finite. */
double lat_cell_updates(const struct lat_merged *merged, const struct cell *cell);

/* 1 when all points have the same value of this parameter (a number). */
int lat_cells_agree(const struct lat_merged *merged, const char *parameter);

#endif
