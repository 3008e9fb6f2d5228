/* The state of single vectors put together from both parts. */
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plain.h"
#include "lib/compile/engine_step.h"

static void put_part(const struct lat_chunk *chunk, size_t lane, float *x) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_part *part = &engine->part[chunk->part];
  for (size_t i = 0; i < engine->tokens; i++) {
    for (size_t c = 0; c < part->channels; c++) {
      x[i * engine->width + part->column[c]] = chunk->state[(i * part->channels + c) * chunk->vectors + lane];
    }
  }
}

int lat_engine_trace(struct lat_engine *engine, const struct lat_vectors *inputs, size_t steps, lat_engine_watch *watch,
                     void *context) {
  size_t cells = engine->tokens * engine->width;
  struct lat_chunk *chunk[2] = {NULL, NULL};
  int status = LAT_OK;
  if (!lat_arithmetic_is_plain(engine->compiled->model->config.arithmetic))
    return lat_plain_trace(engine->compiled, inputs, steps, watch, context);
  float *x = lat_alloc(cells, sizeof *x);
  LAT_CHECK(status, x != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t p = 0; p < 2; p++) LAT_TRY(status, lat_chunk_alloc(engine, p, LAT_LANES, &chunk[p]));
  for (size_t n = 0; n < inputs->count; n++) {
    for (size_t p = 0; p < 2; p++) lat_chunk_start(chunk[p], p == LAT_VECTOR_PART ? inputs : NULL, n);
    for (size_t t = 0; t <= steps; t++) {
      for (size_t p = 0; p < 2 && t > 0; p++) lat_chunk_step(chunk[p]);
      memcpy(x, engine->compiled->prompt->state, cells * sizeof *x);
      for (size_t p = 0; p < 2; p++) put_part(chunk[p], 0, x);
      LAT_TRY(status, watch(context, n, t, x));
    }
  }
done:
  lat_chunk_free(chunk[0]);
  lat_chunk_free(chunk[1]);
  lat_free(x);
  return status;
}
