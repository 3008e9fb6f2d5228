/* The pieces of a layer that work row by row: what a forward pass and decoding with a cache have in common.
 *
 * All rows are of the residual stream or of a projection of it, one behind the other; everything runs on the calling thread
 * and allocates nothing. Formulas: lib/nn/transformer.h. Arithmetic: single precision by the fast kernels when
 * config.arithmetic is plain, else by lib/nn/emulate.h. */
#ifndef LAT_NN_ROWS_H
#define LAT_NN_ROWS_H

#include "lib/nn/transformer.h"

/* What x [rows, D] has to pass before a projection: itself, or its norm, which is put in y [rows, D]. */
const float *lat_rows_norm(const struct lat_transformer_config *config, const struct lat_norm_weights *norm, size_t rows,
                           const float *x, float *y);

/* y [rows, out] = x W^T + b */
void lat_rows_linear(const struct lat_transformer_config *config, const struct lat_linear *part, size_t rows, size_t out,
                     size_t in, const float *x, float *y);

/* The state that a caller gives, x [count], as the model's storage holds it. */
void lat_rows_enter(const struct lat_transformer_config *config, size_t count, float *x);

/* Rotary positions of queries or keys, as lat_rotary_forward. */
void lat_rows_rotate(const struct lat_transformer_config *config, size_t first, size_t rows, size_t sequence,
                     const float *table, float *x);

/* First half of a layer, up to attention: queries, keys and values of x, before any rotation. normed holds [rows, D]. */
void lat_rows_project(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                      const float *x, float *query, float *key, float *value, float *normed);

/* Second half: adds what attention fetched (mixed [rows, H * value_width]) and the feed-forward part to x. scratch holds
 * [rows, D + F]. */
void lat_rows_feed(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                   const float *mixed, float *x, float *scratch);

/* What comes before step t of the loop: the first state again (first may be NULL without input injection) and the step's
 * embedding. */
void lat_rows_begin_step(const struct lat_transformer *model, size_t step, size_t rows, const float *first, float *x);

/* logits [rows, classes] of x [rows, D]; scratch holds [rows, D]. */
void lat_rows_logits(const struct lat_transformer *model, size_t rows, const float *x, float *logits, float *scratch);

#endif
