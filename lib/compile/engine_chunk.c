#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_step.h"

int lat_chunk_alloc(const struct lat_engine *engine, size_t part, size_t vectors, struct lat_chunk **out) {
  const struct lat_part *p = &engine->part[part];
  size_t N = engine->tokens, values = 0, mixed = 0, scratch = 0;
  int status = LAT_OK;
  *out = NULL;
  struct lat_chunk *chunk = lat_calloc(1, sizeof *chunk);
  if (chunk == NULL) return LAT_MEMORY;
  chunk->engine = engine;
  chunk->part = part;
  chunk->vectors = vectors;
  chunk->follow = engine->gather && engine->kinds == 1;
  for (size_t k = 0; k < engine->kinds; k++) {
    const struct lat_part_layer *layer = &p->layer[k];
    size_t streams = layer->value.rows;
    size_t rows = engine->mixing[k].flip != NULL ? (size_t)1 << engine->address_bits : N;
    size_t all = layer->slots + p->channels + layer->up.rows;
    if (rows * streams > values) values = rows * streams;
    if (engine->mixing[k].rows * streams > mixed) mixed = engine->mixing[k].rows * streams;
    if (all > scratch) scratch = all;
  }
  chunk->state = lat_alloc(N * p->channels, vectors * sizeof(float));
  chunk->value = lat_alloc(values, vectors * sizeof(float));
  chunk->mixed = mixed != 0 ? lat_alloc(mixed, vectors * sizeof(float)) : chunk->value;
  chunk->scratch = lat_alloc(2 * scratch, sizeof(lat_lanes));
  LAT_CHECK(status, chunk->state != NULL && chunk->value != NULL && chunk->mixed != NULL && chunk->scratch != NULL,
            LAT_MEMORY, "%s", lat_error_message());
  if (chunk->follow) {
    chunk->active_list = lat_alloc(N, sizeof *chunk->active_list);
    chunk->changed_list = lat_alloc(N, sizeof *chunk->changed_list);
    chunk->touched_list = lat_alloc(N, sizeof *chunk->touched_list);
    chunk->stamp = lat_calloc(N, sizeof *chunk->stamp);
    chunk->touch_stamp = lat_calloc(N, sizeof *chunk->touch_stamp);
    LAT_CHECK(status,
              chunk->active_list != NULL && chunk->changed_list != NULL && chunk->touched_list != NULL &&
                  chunk->stamp != NULL && chunk->touch_stamp != NULL,
              LAT_MEMORY, "%s", lat_error_message());
  }
  *out = chunk;
  return LAT_OK;
done:
  lat_chunk_free(chunk);
  return status;
}

void lat_chunk_free(struct lat_chunk *chunk) {
  if (chunk == NULL) return;
  if (chunk->mixed != chunk->value) lat_free(chunk->mixed);
  lat_free(chunk->state);
  lat_free(chunk->value);
  lat_free(chunk->scratch);
  lat_free(chunk->active_list);
  lat_free(chunk->changed_list);
  lat_free(chunk->touched_list);
  lat_free(chunk->stamp);
  lat_free(chunk->touch_stamp);
  lat_free(chunk);
}

void lat_chunk_start(struct lat_chunk *chunk, const struct lat_vectors *inputs, size_t first) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_prompt *prompt = engine->compiled->prompt;
  const struct lat_part *part = &engine->part[chunk->part];
  size_t N = engine->tokens, V = chunk->vectors, channels = part->channels;
  for (size_t i = 0; i < N; i++) {
    for (size_t c = 0; c < channels; c++) {
      float x = prompt->state[i * engine->width + part->column[c]], *to = chunk->state + (i * channels + c) * V;
      for (size_t n = 0; n < V; n++) to[n] = x;
    }
  }
  for (size_t p = 0; inputs != NULL && p < prompt->inputs; p++) {
    for (size_t c = 0; c < channels; c++) {
      float delta = prompt->input_delta[part->column[c]];
      if (delta == 0.0f) continue;
      float *to = chunk->state + (prompt->input_row[p] * channels + c) * V;
      for (size_t n = 0; n < V && first + n < inputs->count; n++) {
        if (lat_vectors_get(inputs, p, first + n)) to[n] += delta;
      }
    }
  }
  chunk->changed = N;
  for (size_t i = 0; i < N && chunk->follow; i++) chunk->changed_list[i] = (uint32_t)i;
}
