/* The settings that experiments start from, so that they differ only in what they mean to differ in. */
#ifndef LAT_TRAIN_RECIPE_H
#define LAT_TRAIN_RECIPE_H

#include "lib/nn/initialise.h"
#include "lib/task/task.h"
#include "lib/train/fit.h"

/* A transformer for `setting`: vocabulary, fields, classes and sequence from its shape; width D, `heads` heads of D / heads, FFN of 4 D;
 * LayerNorm (epsilon 1e-5) in sandwich placement, final norm, GELU by tanh, causal, learned positions, biases, attention scale 1 /
 * sqrt(D / heads). What differs is set by the caller afterwards. LAT_INPUT when D is not a multiple of the heads. */
int lat_recipe_config(const struct lat_task_setting *setting, size_t width, size_t heads, size_t layers, size_t loops,
                      struct lat_transformer_config *config);

/* Model with initial values from the seed, and a learner over it. The caller frees both, the learner first. */
int lat_recipe_make(const struct lat_transformer_config *config, const struct lat_initialisation *initialisation,
                    uint64_t seed, struct lat_transformer **model, struct lat_learner **learner);

#endif
