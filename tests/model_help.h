/* For tests of models: random numbers, random models and prompts. */
#ifndef LAT_TESTS_MODEL_HELP_H
#define LAT_TESTS_MODEL_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/prompt.h"
#include "lib/nn/transformer.h"

/* x[n] uniform on -scale .. scale. */
void help_fill(float *x, size_t n, double scale, uint64_t seed);

/* A model with all parameters from help_fill. */
struct lat_transformer *help_model(const struct lat_transformer_config *config, double scale, uint64_t seed);

/* A prompt [tokens, width] with random numbers in it; its outputs are read from the first and the last row. */
struct lat_prompt *help_prompt(size_t tokens, size_t width, size_t inputs, size_t outputs);

#endif
