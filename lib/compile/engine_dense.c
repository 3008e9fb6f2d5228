/* The true softmax over all tokens, once for all steps and vectors.
 *
 * Without a mask a row of weights depends on its query alone, and queries are equal wherever pointers are equal: only the
 * distinct rows are kept, at most N for all heads together. With a causal mask row i of head h stands alone; the rows of a
 * head lie in blocks of LAT_CAUSAL_BLOCK, and block b keeps its columns up to the block's last row: half the square. */
#include <math.h>
#include <string.h>
#include <xxhash.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plan.h"
#include "lib/compile/engine_step.h"
#include "lib/nn/vector_math.h"

size_t lat_causal_offset(size_t head, size_t block, size_t tokens) {
  size_t blocks = (tokens + LAT_CAUSAL_BLOCK - 1) / LAT_CAUSAL_BLOCK, unit = LAT_CAUSAL_BLOCK * LAT_CAUSAL_BLOCK;
  return (head * (blocks * (blocks + 1) / 2) + block * (block + 1) / 2) * unit;
}

/* One row of softmax over keys 0 .. count-1; the row is written up to `width`, zeros beyond count. */
static void softmax_row(const float *query, const float *key, size_t key_width, double scale, size_t count, size_t width,
                        float *row) {
  float highest = -INFINITY;
  for (size_t j = 0; j < count; j++) {
    float sum = 0.0f;
    for (size_t k = 0; k < key_width; k++) sum += query[k] * key[j * key_width + k];
    row[j] = sum * (float)scale;
    if (row[j] > highest) highest = row[j];
  }
  for (size_t j = 0; j < count; j++) row[j] -= highest;
  lat_exp_array(count, row, row);
  double sum = 0.0;
  for (size_t j = 0; j < count; j++) sum += (double)row[j];
  float inverse = (float)(1.0 / sum);
  for (size_t j = 0; j < count; j++) row[j] *= inverse;
  for (size_t j = count; j < width; j++) row[j] = 0.0f;
}

/* Numbers equal queries alike: source[] gets the number of the distinct row, first[] where it stands first. A plain open
 * hash table of 2^bits places. */
static size_t number_rows(const float *query, size_t rows, size_t key_width, uint32_t *source, uint32_t *first,
                          uint32_t *table, unsigned bits) {
  size_t distinct = 0, places = (size_t)1 << bits;
  for (size_t p = 0; p < places; p++) table[p] = UINT32_MAX;
  for (size_t r = 0; r < rows; r++) {
    const float *q = query + r * key_width;
    size_t place = (size_t)XXH3_64bits(q, key_width * sizeof *q) & (places - 1);
    while (table[place] != UINT32_MAX && memcmp(query + first[table[place]] * key_width, q, key_width * sizeof *q) != 0) {
      place = (place + 1) & (places - 1);
    }
    if (table[place] == UINT32_MAX) {
      table[place] = (uint32_t)distinct;
      first[distinct++] = (uint32_t)r;
    }
    source[r] = table[place];
  }
  return distinct;
}

static int full_rows(struct lat_engine *engine, struct lat_mixing *mixing, const float *query, const float *key) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t N = engine->tokens, H = engine->heads, W = config->key_width;
  unsigned bits = 1;
  while (((size_t)1 << bits) < 2 * H * N) bits++;
  uint32_t *table = lat_alloc((size_t)1 << bits, sizeof *table), *first = lat_alloc(H * N, sizeof *first);
  int status = table != NULL && first != NULL ? LAT_OK : LAT_MEMORY, same_keys = 1;
  for (size_t h = 1; h < H; h++) same_keys &= memcmp(key, key + h * N * W, N * W * sizeof *key) == 0;
  if (status == LAT_OK && same_keys) {
    mixing->rows = number_rows(query, H * N, W, mixing->source, first, table, bits);
  } else if (status == LAT_OK) {
    mixing->rows = H * N;
    for (size_t r = 0; r < H * N; r++) mixing->source[r] = first[r] = (uint32_t)r;
  }
  if (status == LAT_OK) {
    mixing->weight = lat_engine_memory(engine, mixing->rows, N * sizeof *mixing->weight);
    status = mixing->weight != NULL ? LAT_OK : LAT_MEMORY;
  }
  if (status == LAT_OK) {
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < mixing->rows; r++) {
      const float *keys = same_keys ? key : key + first[r] / N * N * W;
      softmax_row(query + first[r] * W, keys, W, config->attention_scale, N, N, mixing->weight + r * N);
    }
  }
  lat_free(table);
  lat_free(first);
  return status;
}

static int causal_rows(struct lat_engine *engine, struct lat_mixing *mixing, const float *query, const float *key) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t N = engine->tokens, H = engine->heads, W = config->key_width, B = LAT_CAUSAL_BLOCK;
  mixing->rows = H * N;
  mixing->weight = lat_engine_memory(engine, lat_causal_offset(H, 0, N), sizeof *mixing->weight);
  if (mixing->weight == NULL) return LAT_MEMORY;
#pragma omp parallel for schedule(static)
  for (size_t r = 0; r < H * N; r++) {
    size_t h = r / N, i = r % N, block = i / B, width = (block + 1) * B;
    mixing->source[r] = (uint32_t)r;
    float *row = mixing->weight + lat_causal_offset(h, block, N) + i % B * width;
    softmax_row(query + r * W, key + h * N * W, W, config->attention_scale, i + 1, width, row);
  }
  return LAT_OK;
}

int lat_dense_make(struct lat_engine *engine, size_t kind) {
  struct lat_mixing *mixing = &engine->mixing[kind];
  float *query = NULL, *key = NULL;
  int status = LAT_OK;
  mixing->source = lat_engine_memory(engine, engine->heads * engine->tokens, sizeof *mixing->source);
  LAT_CHECK(status, mixing->source != NULL, LAT_MEMORY, "%s", lat_error_message());
  LAT_TRY(status, lat_plan_queries(engine, kind, &query, &key));
  status = engine->compiled->model->config.mask == LAT_MASK_CAUSAL ? causal_rows(engine, mixing, query, key)
                                                                   : full_rows(engine, mixing, query, key);
done:
  lat_free(query);
  lat_free(key);
  return status;
}
