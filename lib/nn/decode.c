/* Tokens go through all steps and layers a few at a time: a causal token needs no later one. Each such chunk leaves its
 * keys and values in the cache, layer by layer, before its attention reads them there. */
#include "lib/nn/decode.h"

#include <assert.h>
#include <omp.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/attention.h"
#include "lib/nn/positions.h"
#include "lib/nn/rows.h"

/* CHUNK: tokens of one sequence that go together. Rows of a tile are fixed, so that threads do not move bits. Little work
 * stays on one thread, for waiting for the others would cost more: multiply-adds in matrix products, and in attention, where
 * each takes ten times as long. */
enum { CHUNK = 64, TILE = 64, LITTLE_WORK = 4000000, LITTLE_ATTENTION = 500000 };

struct lat_cache {
  const struct lat_transformer *model;
  size_t batch, sequence, steps, tokens; /* B, S at most, T, tokens that are in it */
  size_t chunk;                          /* min(CHUNK, S) */
  size_t keys, values;                   /* H * key_width, H * value_width */
  float *key, *value;                    /* [T L B S keys], [T L B S values] */
  float *rotary;                         /* [S key_width] or NULL */
  int threads;
  size_t per_thread;                              /* floats of scratch */
  float *x, *first, *query, *new_key, *new_value; /* of a chunk: [B chunk ...] */
  float *mixed, *scratch;
};

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }
static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

int lat_cache_alloc(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps,
                    struct lat_cache **result) {
  const struct lat_transformer_config *config = &model->config;
  size_t rows, entries;
  int status = LAT_OK;
  struct lat_cache *cache = NULL;
  *result = NULL;
  if (config->mask == LAT_MASK_FULL)
    return LAT_FAIL(LAT_INPUT, "a model with a full mask cannot be decoded: earlier tokens would read later ones");
  if (config->positions == LAT_POSITIONS_LEARNED && sequence > config->sequence)
    return LAT_FAIL(LAT_INPUT, "a cache of %zu tokens, but the model has learned %zu positions", sequence,
                    config->sequence);
  if (batch == 0 || sequence == 0 || steps == 0 || __builtin_mul_overflow(batch, sequence, &entries) ||
      __builtin_mul_overflow(entries, steps, &entries) || __builtin_mul_overflow(entries, config->layers, &entries))
    return LAT_FAIL(LAT_INPUT, "a cache of %zu sequences of %zu tokens and %zu steps cannot be", batch, sequence, steps);
  status = LAT_MEMORY;
  if ((cache = lat_calloc(1, sizeof *cache)) == NULL) goto done;
  *cache = (struct lat_cache){.model = model,
                              .batch = batch,
                              .sequence = sequence,
                              .steps = steps,
                              .chunk = smaller(CHUNK, sequence),
                              .keys = config->heads * config->key_width,
                              .values = config->heads * config->value_width,
                              .threads = omp_get_max_threads()};
  rows = batch * cache->chunk;
  cache->per_thread = larger(TILE * (config->width + config->ffn), cache->chunk * sequence);
  if ((cache->key = lat_alloc(entries, cache->keys * sizeof(float))) == NULL) goto done;
  if ((cache->value = lat_alloc(entries, cache->values * sizeof(float))) == NULL) goto done;
  if ((cache->x = lat_alloc(rows, config->width * sizeof(float))) == NULL) goto done;
  if (config->input_injection && (cache->first = lat_alloc(rows, config->width * sizeof(float))) == NULL) goto done;
  if ((cache->query = lat_alloc(rows, cache->keys * sizeof(float))) == NULL) goto done;
  if ((cache->new_key = lat_alloc(rows, cache->keys * sizeof(float))) == NULL) goto done;
  if ((cache->new_value = lat_alloc(rows, cache->values * sizeof(float))) == NULL) goto done;
  if ((cache->mixed = lat_alloc(rows, cache->values * sizeof(float))) == NULL) goto done;
  if ((cache->scratch = lat_alloc((size_t)cache->threads, cache->per_thread * sizeof(float))) == NULL) goto done;
  if (config->positions == LAT_POSITIONS_ROTARY && config->heads > 0) {
    if ((cache->rotary = lat_alloc(sequence, config->key_width * sizeof(float))) == NULL) goto done;
    lat_rotary_table(sequence, config->key_width, cache->rotary);
  }
  status = LAT_OK;
  *result = cache;
  cache = NULL;
done:
  lat_cache_free(cache);
  return status;
}

void lat_cache_free(struct lat_cache *cache) {
  if (cache == NULL) return;
  float *const held[] = {cache->key,   cache->value,   cache->rotary,    cache->x,     cache->first,
                         cache->query, cache->new_key, cache->new_value, cache->mixed, cache->scratch};
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) lat_free(held[i]);
  lat_free(cache);
}

void lat_cache_truncate(struct lat_cache *cache, size_t tokens) {
  assert(tokens <= cache->tokens);
  cache->tokens = tokens;
}

size_t lat_cache_tokens(const struct lat_cache *cache) { return cache->tokens; }

double lat_cache_bytes(const struct lat_cache *cache, double bytes_per_number) {
  return (double)cache->steps * (double)cache->model->config.layers * (double)cache->batch * (double)cache->tokens *
         (double)(cache->keys + cache->values) * bytes_per_number;
}

static float *scratch_of(const struct lat_cache *cache, int alone) {
  return cache->scratch + (alone ? 0 : (size_t)omp_get_thread_num() * cache->per_thread);
}

/* Where the keys (numbers = keys) or values of one sequence begin at one step and layer. */
static size_t place_of(const struct lat_cache *cache, size_t step, size_t layer, size_t b, size_t numbers) {
  return ((step * cache->model->config.layers + layer) * cache->batch + b) * cache->sequence * numbers;
}

/* Turns the new queries and keys of sequence b, and puts its keys and values into the cache. */
static void keep(struct lat_cache *cache, size_t step, size_t layer, size_t b, size_t tokens) {
  const struct lat_transformer_config *config = &cache->model->config;
  size_t keys = cache->keys, values = cache->values, first = cache->tokens;
  float *query = cache->query + b * tokens * keys, *key = cache->new_key + b * tokens * keys;
  if (cache->rotary != NULL) {
    lat_rows_rotate(config, first, tokens, cache->sequence, cache->rotary, query);
    lat_rows_rotate(config, first, tokens, cache->sequence, cache->rotary, key);
  }
  memcpy(cache->key + place_of(cache, step, layer, b, keys) + first * keys, key, tokens * keys * sizeof *key);
  memcpy(cache->value + place_of(cache, step, layer, b, values) + first * values, cache->new_value + b * tokens * values,
         tokens * values * sizeof *key);
}

static void attend(struct lat_cache *cache, const struct lat_attention_shape *shape, size_t step, size_t layer, size_t task,
                   size_t tokens, float *scores) {
  size_t b = task / shape->heads, head = task % shape->heads, keys = cache->keys, values = cache->values;
  const float *key = cache->key + place_of(cache, step, layer, b, keys) + head * shape->key_width;
  const float *value = cache->value + place_of(cache, step, layer, b, values) + head * shape->value_width;
  lat_attention_rows(shape, cache->tokens, cache->tokens + tokens,
                     cache->query + b * tokens * keys + head * shape->key_width, key, value,
                     cache->mixed + b * tokens * values + head * shape->value_width, scores);
}

/* One layer of one step for the new tokens: x [B tokens, D]. */
static void apply(struct lat_cache *cache, size_t step, size_t index, size_t tokens, float *x) {
  const struct lat_transformer_config *config = &cache->model->config;
  const struct lat_layer *layer = &cache->model->layer[index];
  size_t width = config->width, keys = cache->keys, values = cache->values;
  size_t rows = cache->batch * tokens, tiles = (rows + TILE - 1) / TILE, context = cache->tokens + tokens;
  int here = omp_in_parallel(), little = rows * width * (keys + values + config->ffn) < LITTLE_WORK;
  if (config->heads > 0) {
    int alone = here || little || tiles == 1;
#pragma omp parallel for schedule(static) num_threads(cache->threads) if (!alone)
    for (size_t tile = 0; tile < tiles; tile++) {
      size_t start = tile * TILE, count = smaller(TILE, rows - start);
      lat_rows_project(config, layer, count, x + start * width, cache->query + start * keys, cache->new_key + start * keys,
                       cache->new_value + start * values, scratch_of(cache, alone));
    }
    for (size_t b = 0; b < cache->batch; b++) keep(cache, step, index, b, tokens);
    const struct lat_attention_shape shape = {
        cache->batch,        context,      config->heads,  config->key_width,
        config->value_width, config->mask, config->window, (float)config->attention_scale,
        config->arithmetic};
    alone = here || rows * context * (keys + values) < LITTLE_ATTENTION;
#pragma omp parallel for schedule(static) num_threads(cache->threads) if (!alone)
    for (size_t task = 0; task < cache->batch * config->heads; task++)
      attend(cache, &shape, step, index, task, tokens, scratch_of(cache, alone));
  }
  int alone = here || little || tiles == 1;
#pragma omp parallel for schedule(static) num_threads(cache->threads) if (!alone)
  for (size_t tile = 0; tile < tiles; tile++) {
    size_t start = tile * TILE, count = smaller(TILE, rows - start);
    lat_rows_feed(config, layer, count, cache->mixed + start * values, x + start * width, scratch_of(cache, alone));
  }
}

/* Copies the tokens from .. from + tokens - 1 of every sequence of `all` [B, of, D] to the rows of the chunk, or back. */
static void carry(const struct lat_cache *cache, size_t from, size_t tokens, size_t of, float *all, int back) {
  size_t width = cache->model->config.width;
  for (size_t b = 0; b < cache->batch; b++) {
    float *outer = all + (b * of + from) * width, *inner = cache->x + b * tokens * width;
    memcpy(back ? outer : inner, back ? inner : outer, tokens * width * sizeof *all);
  }
}

int lat_transformer_decode(const struct lat_transformer *model, struct lat_cache *cache, size_t tokens, float *x) {
  const struct lat_transformer_config *config = &model->config;
  assert(cache->model == model);
  if (tokens > cache->sequence - cache->tokens)
    return LAT_FAIL(LAT_INPUT, "%zu more tokens, but the cache has room for %zu of %zu", tokens,
                    cache->sequence - cache->tokens, cache->sequence);
  for (size_t from = 0; from < tokens; from += cache->chunk) {
    size_t count = smaller(cache->chunk, tokens - from), rows = cache->batch * count;
    carry(cache, from, count, tokens, x, 0);
    lat_rows_enter(config, rows * config->width, cache->x);
    if (config->input_injection) memcpy(cache->first, cache->x, rows * config->width * sizeof *x);
    for (size_t t = 0; t < cache->steps; t++) {
      lat_rows_begin_step(model, t, rows, cache->first, cache->x);
      for (size_t l = 0; l < config->layers; l++) apply(cache, t, l, count, cache->x);
    }
    carry(cache, from, count, tokens, x, 1);
    cache->tokens += count;
  }
  return LAT_OK;
}

int32_t lat_greedy(size_t vocabulary, const float *logits) {
  assert(vocabulary > 0 && vocabulary <= INT32_MAX);
  int32_t best = 0;
  for (size_t i = 0; i < vocabulary; i++) {
    if (logits[i] != logits[i]) return -1;
    if (logits[i] > logits[best]) best = (int32_t)i;
  }
  return best;
}

double lat_decode_flops(const struct lat_transformer_config *config, size_t context) {
  size_t first, end;
  double keys = (double)config->heads * (double)config->key_width;
  double values = (double)config->heads * (double)config->value_width;
  lat_attention_range(config->mask, config->window, context, context - 1, &first, &end);
  double row = 4.0 * (double)config->width * (keys + values) + 4.0 * (double)config->width * (double)config->ffn;
  return (double)config->layers * (row + 2.0 * (double)(end - first) * (keys + values));
}
