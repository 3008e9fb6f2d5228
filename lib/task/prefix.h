/* Tasks whose answer is the last of n running values, one for each position of the input: what the four supervisions make of them.
 *
 * Values are 0 .. values-1, and so are the classes; the token `values` is a mark.
 *   answer  x_1 .. x_n               asked p_n at the last position
 *   dense   x_1 .. x_n               asked p_i at position i, level i
 *   hint    x_1 .. x_n, n marks      asked p_i at the i-th mark; only the last is scored, at level n
 *   trace   x_1 .. x_n, mark, p_1 .. p_(n-1)   asked the next value from the mark on; only the last is scored, at level n
 * hint and trace are equally long and ask the same at the same places: they differ in what the model may read. */
#ifndef LAT_TASK_PREFIX_H
#define LAT_TASK_PREFIX_H

#include "lib/task/task.h"

/* The shape for n >= 1 positions. */
void lat_prefix_shape(size_t length, size_t values, enum lat_supervision supervision, struct lat_task_shape *shape);

/* Lays out an example of which the first n tokens hold the input and the first n targets the running values. */
void lat_prefix_lay(size_t length, size_t values, enum lat_supervision supervision, struct lat_example *example);

#endif
