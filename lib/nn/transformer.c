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

void lat_transformer_round(struct lat_transformer *model) {
  lat_dtype_round_all(model->config.arithmetic.storage, model->count, model->parameters, model->parameters);
}

int lat_transformer_embed_at(const struct lat_transformer *model, size_t batch, size_t tokens, size_t first,
                             const int32_t *token, float *x) {
  const struct lat_transformer_config *config = &model->config;
  assert(config->vocabulary > 0);
  if (config->positions == LAT_POSITIONS_LEARNED && first + tokens > config->sequence)
    return LAT_FAIL(LAT_INPUT, "%zu tokens, but the model has learned %zu positions", first + tokens, config->sequence);
  size_t fields = lat_transformer_fields(config);
  int status =
      lat_embed_forward(batch * tokens, fields, config->width / fields, config->vocabulary, token, model->token, x);
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
