/* One layer of a model, asked what it does to one token when every head reads exactly one other token.
 *
 * The weights are used as they are, all of them (only the zeros are skipped), with the norm, the biases and the activation
 * of the model. Nothing is assumed about who made them. */
#ifndef LAT_COMPILE_PROBE_H
#define LAT_COMPILE_PROBE_H

#include "lib/nn/transformer.h"

struct lat_probe;

/* Prepares layer `layer`. LAT_MEMORY. The model must outlive the probe. */
int lat_probe_alloc(const struct lat_transformer *model, size_t layer, struct lat_probe **probe);
void lat_probe_free(struct lat_probe *probe);

/* Queries and keys [H * key_width] of a row x [D] of the residual stream. */
void lat_probe_query(struct lat_probe *probe, const float *x, float *query);
void lat_probe_key(struct lat_probe *probe, const float *x, float *key);

/* Applies the layer to x [D] in place; head h reads the row source[h] [D] with weight 1. */
void lat_probe_apply(struct lat_probe *probe, const float *const *source, float *x);

#endif
