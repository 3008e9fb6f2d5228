#include "lib/nn/transformer.h"

#include <assert.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/decode.h"
#include "lib/nn/embed.h"
#include "lib/nn/emulate.h"
#include "lib/nn/parameters.h"
#include "lib/nn/positions.h"
#include "lib/nn/rows.h"

/* Gives each array its place, one behind the other. */
static int place(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  (void)name;
  float **next = context;
  *slot = *next;
  *next += rows * (columns > 0 ? columns : 1);
  return LAT_OK;
}

static void fill_gain(const struct lat_transformer_config *config, const struct lat_norm_weights *norm) {
  if (norm->gain == NULL) return;
  for (size_t i = 0; i < config->width; i++) norm->gain[i] = 1.0f;
}

int lat_transformer_alloc(const struct lat_transformer_config *config, struct lat_transformer **result) {
  *result = NULL;
  int status = LAT_OK;
  struct lat_transformer *model = NULL;
  LAT_TRY(status, lat_transformer_check(config));
  status = LAT_MEMORY;
  if ((model = lat_calloc(1, sizeof *model)) == NULL) goto done;
  model->config = *config;
  model->count = lat_transformer_count(config);
  if ((model->layer = lat_calloc(config->layers, sizeof *model->layer)) == NULL) goto done;
  if ((model->parameters = lat_calloc(model->count, sizeof *model->parameters)) == NULL) goto done;
  status = LAT_OK;
  float *next = model->parameters;
  lat_parameters_visit_outer(config, model, place, &next);
  fill_gain(config, &model->final_norm);
  for (size_t l = 0; l < config->layers; l++) {
    lat_parameters_visit_layer(config, &model->layer[l], l, place, &next);
    fill_gain(config, &model->layer[l].norm1);
    fill_gain(config, &model->layer[l].norm2);
  }
  assert((size_t)(next - model->parameters) == model->count);
  *result = model;
  model = NULL;
done:
  lat_transformer_free(model);
  return status;
}

void lat_transformer_free(struct lat_transformer *model) {
  if (model == NULL) return;
  lat_free(model->parameters);
  lat_free(model->layer);
  lat_free(model);
}

void lat_transformer_round(struct lat_transformer *model) {
  lat_dtype_round_all(model->config.arithmetic.storage, model->count, model->parameters, model->parameters);
}

int lat_transformer_embed_at(const struct lat_transformer *model, size_t batch, size_t tokens, size_t first,
                             const int32_t *token, float *x) {
  const struct lat_transformer_config *config = &model->config;
  assert(config->vocabulary > 0);
  if (config->positions == LAT_POSITIONS_LEARNED && first + tokens > config->sequence)
    return LAT_FAIL(LAT_INPUT, "%zu tokens, but the model has learned %zu positions", first + tokens, config->sequence);
  int status = lat_embed_forward(batch * tokens, config->width, config->vocabulary, token, model->token, x);
  if (status != LAT_OK) return status;
  if (config->positions == LAT_POSITIONS_SINUSOIDAL) {
    lat_sinusoidal_add_at(batch, tokens, first, config->width, x);
    lat_rows_enter(config, batch * tokens * config->width, x);
  }
  if (config->positions == LAT_POSITIONS_LEARNED) {
    const float *position = model->position + first * config->width;
    size_t size = tokens * config->width;
    for (size_t b = 0; b < batch; b++, x += size)
      if (lat_arithmetic_is_plain(config->arithmetic))
        for (size_t i = 0; i < size; i++) x[i] += position[i];
      else
        lat_emulate_add(config->arithmetic.storage, size, position, x);
  }
  return LAT_OK;
}

int lat_transformer_embed(const struct lat_transformer *model, size_t batch, size_t sequence, const int32_t *token,
                          float *x) {
  return lat_transformer_embed_at(model, batch, sequence, 0, token, x);
}
