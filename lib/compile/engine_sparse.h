/* Inside the engine: sparse rows of a weight matrix, with everything that does not change folded into a constant. */
#ifndef LAT_COMPILE_ENGINE_SPARSE_H
#define LAT_COMPILE_ENGINE_SPARSE_H

#include "lib/compile/engine_plan.h"

enum { LAT_NOWHERE = -1 };

/* Rows row[0 .. rows-1] of W [any, columns] with bias b (or NULL). local[c] is the local number of column c, or LAT_NOWHERE
 * when column c is outside the part: its weights are then left out. Fills first, column, weight, bias. */
int lat_sparse_rows(struct lat_engine *engine, const float *weight, const float *bias, size_t columns, size_t rows,
                    const uint32_t *row, const int32_t *local, struct lat_sparse *sparse);

/* The same for a row that reads norm(x) of the residual stream: weights get the gain, constants the static channels
 * (is_static[c]) of the state [N, D] of every token. */
int lat_sparse_normed(struct lat_engine *engine, const float *weight, const float *bias,
                      const struct lat_norm_weights *norm, size_t rows, const uint32_t *row, const int32_t *local,
                      const unsigned char *is_static, struct lat_sparse *sparse);

void lat_sparse_free(struct lat_sparse *sparse);

#endif
