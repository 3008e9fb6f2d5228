#include "lib/compile/engine_step.h"

#include <string.h>

#include "lib/compile/engine_token.h"

static void layer_all(struct lat_chunk *chunk, size_t kind) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_mixing *mixing = &engine->mixing[kind];
  size_t N = engine->tokens;
  size_t streams = engine->part[chunk->part].layer[kind].value.rows, columns = streams * chunk->vectors;
  for (size_t i = 0; i < N; i++) lat_token_values(chunk, kind, i);
  if (mixing->weight != NULL) lat_mix_rows(mixing, N, columns / LAT_LANES, chunk->value, chunk->mixed);
  if (mixing->flip != NULL && streams > 0) {
    size_t places = (size_t)1 << engine->address_bits;
    memset(chunk->value + N * columns, 0, (places - N) * columns * sizeof *chunk->value);
    lat_butterfly(chunk->value, engine->address_bits, columns, N, mixing->flip);
  }
  for (size_t i = 0; i < N; i++) lat_token_update(chunk, kind, i);
  chunk->updates += N;
}

/* Only tokens whose own state or a fetched row changed in the layer before; the others would compute the same bits again.
 */
static void layer_follow(struct lat_chunk *chunk) {
  const struct lat_mixing *mixing = &chunk->engine->mixing[0];
  size_t active = 0;
  uint32_t now = ++chunk->now;
  for (size_t k = 0; k < chunk->changed; k++) {
    uint32_t j = chunk->changed_list[k];
    lat_token_values(chunk, 0, j);
    if (chunk->stamp[j] != now) chunk->stamp[j] = now, chunk->active_list[active++] = j;
    for (uint32_t r = mixing->reader_first[j]; r < mixing->reader_first[j + 1]; r++) {
      uint32_t i = mixing->reader[r];
      if (chunk->stamp[i] != now) chunk->stamp[i] = now, chunk->active_list[active++] = i;
    }
  }
  chunk->changed = 0;
  chunk->updates += active;
  for (size_t k = 0; k < active; k++) {
    uint32_t i = chunk->active_list[k];
    if (!lat_token_update(chunk, 0, i)) continue;
    chunk->changed_list[chunk->changed++] = i;
    if (chunk->touch_stamp[i] != chunk->step)
      chunk->touch_stamp[i] = chunk->step, chunk->touched_list[chunk->touched++] = i;
  }
}

void lat_chunk_step(struct lat_chunk *chunk) {
  const struct lat_engine *engine = chunk->engine;
  chunk->touched = 0;
  chunk->possible += engine->tokens * engine->layers;
  chunk->step++;
  for (size_t l = 0; l < engine->layers; l++) {
    if (chunk->follow) {
      layer_follow(chunk);
    } else {
      layer_all(chunk, engine->kind[l]);
    }
  }
}
