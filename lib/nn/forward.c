/* The forward pass. Rows are cut into tiles that do not depend on the number of threads; one thread takes a tile through a
 * whole half of the layer, so that what it makes stays in its cache. Source of the formulas: lib/nn/transformer.h. */
#include <assert.h>
#include <omp.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/attention.h"
#include "lib/nn/positions.h"
#include "lib/nn/rows.h"
#include "lib/nn/transformer.h"

/* Rows of a tile. Wide ones waste less of a matrix product on packing the weights (5-13 % of a layer, measured); narrow ones
 * leave work for every thread when there are few rows. */
enum { NARROW_TILE = 64, WIDE_TILE = 128, MANY_ROWS = 512 };

struct lat_forward {
  size_t batch, sequence, rows;       /* B S B*S */
  size_t tile, tiles;                 /* rows of a tile, and how many */
  int threads;                        /* at most */
  size_t per_thread;                  /* floats of scratch */
  float *query, *key, *value, *mixed; /* [B S H key_width] twice, [B S H value_width] twice */
  float *first;                       /* [B S D]: x0, for input injection only */
  float *rotary;                      /* [S key_width], for rotary positions only */
  float *scratch;                     /* [threads per_thread] */
};

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

int lat_forward_alloc(const struct lat_transformer *model, size_t batch, size_t sequence, struct lat_forward **result) {
  *result = NULL;
  const struct lat_transformer_config *config = &model->config;
  size_t rows, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  int status = LAT_MEMORY;
  if (batch == 0 || sequence == 0 || __builtin_mul_overflow(batch, sequence, &rows))
    return LAT_FAIL(LAT_INPUT, "a batch of %zu sequences of %zu tokens cannot be run", batch, sequence);
  struct lat_forward *forward = lat_calloc(1, sizeof *forward);
  if (forward == NULL) goto done;
  forward->batch = batch;
  forward->sequence = sequence;
  forward->rows = rows;
  forward->tile = rows < MANY_ROWS ? NARROW_TILE : WIDE_TILE;
  forward->tiles = (rows + forward->tile - 1) / forward->tile;
  forward->threads = omp_get_max_threads();
  forward->per_thread = larger(forward->tile * (config->width + config->ffn), lat_attention_scratch(sequence));
  if ((forward->query = lat_alloc(rows, keys * sizeof(float))) == NULL) goto done;
  if ((forward->key = lat_alloc(rows, keys * sizeof(float))) == NULL) goto done;
  if ((forward->value = lat_alloc(rows, values * sizeof(float))) == NULL) goto done;
  if ((forward->mixed = lat_alloc(rows, values * sizeof(float))) == NULL) goto done;
  if (config->input_injection && (forward->first = lat_alloc(rows, config->width * sizeof(float))) == NULL) goto done;
  if ((forward->scratch = lat_alloc((size_t)forward->threads, forward->per_thread * sizeof(float))) == NULL) goto done;
  if (config->positions == LAT_POSITIONS_ROTARY) {
    if ((forward->rotary = lat_alloc(sequence, config->key_width * sizeof(float))) == NULL) goto done;
    lat_rotary_table(sequence, config->key_width, forward->rotary);
  }
  status = LAT_OK;
  *result = forward;
  forward = NULL;
done:
  lat_forward_free(forward);
  return status;
}

void lat_forward_free(struct lat_forward *forward) {
  if (forward == NULL) return;
  lat_free(forward->query);
  lat_free(forward->key);
  lat_free(forward->value);
  lat_free(forward->mixed);
  lat_free(forward->first);
  lat_free(forward->rotary);
  lat_free(forward->scratch);
  lat_free(forward);
}

/* The scratch of the calling thread. Inside someone else's parallel region the pass runs on one thread: the first scratch.
 */
static float *scratch_of(const struct lat_forward *forward, int alone) {
  return forward->scratch + (alone ? 0 : (size_t)omp_get_thread_num() * forward->per_thread);
}

static size_t rows_of(const struct lat_forward *forward, size_t tile) {
  size_t left = forward->rows - tile * forward->tile;
  return left < forward->tile ? left : forward->tile;
}

static void project(const struct lat_transformer_config *config, const struct lat_layer *layer,
                    const struct lat_forward *forward, size_t start, size_t rows, const float *x, float *normed) {
  size_t keys = config->heads * config->key_width, values = config->heads * config->value_width;
  float *query = forward->query + start * keys, *key = forward->key + start * keys;
  lat_rows_project(config, layer, rows, x + start * config->width, query, key, forward->value + start * values, normed);
  if (forward->rotary == NULL) return;
  lat_rows_rotate(config, start, rows, forward->sequence, forward->rotary, query);
  lat_rows_rotate(config, start, rows, forward->sequence, forward->rotary, key);
}

/* Attention as far as forward->mixed; its output projection is left to lat_rows_feed. */
static void attend(const struct lat_transformer_config *config, const struct lat_layer *layer, struct lat_forward *forward,
                   int alone, const float *x) {
  const struct lat_attention_shape shape = {
      forward->batch,      forward->sequence, config->heads,  config->key_width,
      config->value_width, config->mask,      config->window, (float)config->attention_scale,
      config->arithmetic};
#pragma omp parallel for schedule(static) num_threads(forward->threads) if (!alone)
  for (size_t tile = 0; tile < forward->tiles; tile++) {
    size_t start = tile * forward->tile, rows = rows_of(forward, tile);
    project(config, layer, forward, start, rows, x, scratch_of(forward, alone));
  }
  lat_attention_forward(&shape, forward->query, forward->key, forward->value, forward->mixed, forward->scratch,
                        forward->threads, forward->per_thread);
}

void lat_transformer_layer(const struct lat_transformer *model, struct lat_forward *forward, size_t index, float *x) {
  const struct lat_transformer_config *config = &model->config;
  assert(index < config->layers);
  const struct lat_layer *layer = &model->layer[index];
  int alone = omp_in_parallel();
  if (config->heads > 0) attend(config, layer, forward, alone, x);
#pragma omp parallel for schedule(static) num_threads(forward->threads) if (!alone)
  for (size_t tile = 0; tile < forward->tiles; tile++) {
    size_t start = tile * forward->tile, rows = rows_of(forward, tile);
    lat_rows_feed(config, layer, rows, forward->mixed + start * config->heads * config->value_width,
                  x + start * config->width, scratch_of(forward, alone));
  }
}

int lat_transformer_run(const struct lat_transformer *model, struct lat_forward *forward, size_t steps, float *x,
                        lat_observer *observer, void *context, int per_layer) {
  const struct lat_transformer_config *config = &model->config;
  size_t count = forward->rows * config->width;
  lat_rows_enter(config, count, x);
  if (config->input_injection) memcpy(forward->first, x, count * sizeof *x);
  for (size_t t = 0; t < steps; t++) {
    lat_rows_begin_step(model, t, forward->rows, forward->first, x);
    for (size_t l = 0; l < config->layers; l++) {
      lat_transformer_layer(model, forward, l, x);
      if (observer == NULL || (!per_layer && l + 1 < config->layers)) continue;
      int status = observer(context, t, l, x);
      if (status != LAT_OK) return status;
    }
  }
  return LAT_OK;
}

void lat_transformer_logits(const struct lat_transformer *model, struct lat_forward *forward, const float *x,
                            float *logits) {
  const struct lat_transformer_config *config = &model->config;
  size_t width = config->width, classes = lat_transformer_classes(config);
  assert(config->vocabulary > 0);
  int alone = omp_in_parallel();
#pragma omp parallel for schedule(static) num_threads(forward->threads) if (!alone)
  for (size_t tile = 0; tile < forward->tiles; tile++) {
    size_t start = tile * forward->tile, rows = rows_of(forward, tile);
    lat_rows_logits(model, rows, x + start * width, logits + start * classes, scratch_of(forward, alone));
  }
}
