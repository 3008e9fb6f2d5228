/* The true softmax over all tokens, once for all steps and vectors.
 *
 * Without a mask a row of weights depends on its query alone, and queries are equal wherever pointers are equal: only the
 * distinct rows are kept, at most N for all heads together. With a causal mask row i of head h stands alone and sees tokens
 * 0 .. i. Rows lie in panels of LAT_PANEL, token by token, as the product wants them; a causal panel ends at its last row's
 * token, which halves the square. */
#include <math.h>
#include <omp.h>
#include <string.h>
#include <xxhash.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plan.h"
#include "lib/nn/vector_math.h"

/* Softmax of one query over keys 0 .. count-1, into row[0 .. count-1]. */
static void softmax_row(const float *query, const float *key, size_t key_width, double scale, size_t count, float *row) {
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
}

/* One row into its panel; what the panel has beyond the row's tokens stays 0. */
static void put_row(struct lat_mixing *mixing, size_t row, size_t count, const float *weight) {
  float *to = mixing->weight + mixing->panel[row / LAT_PANEL] + row % LAT_PANEL;
  for (size_t j = 0; j < count; j++) to[j * LAT_PANEL] = weight[j];
}

/* Room for the panels; panel p of each head sees min(N, tokens(p)) tokens. `scratch` gets one row for each thread. */
static int make_panels(struct lat_engine *engine, struct lat_mixing *mixing, size_t per_head, int causal, float **scratch) {
  size_t N = engine->tokens, panels = mixing->rows / LAT_PANEL;
  mixing->panel = lat_engine_memory(engine, panels + 1, sizeof *mixing->panel);
  *scratch = lat_alloc((size_t)omp_get_max_threads(), N * sizeof **scratch);
  if (mixing->panel == NULL || *scratch == NULL) return LAT_MEMORY;
  for (size_t p = 0; p < panels; p++) {
    size_t sees = causal ? (p % per_head + 1) * LAT_PANEL : N;
    mixing->panel[p + 1] = mixing->panel[p] + (sees < N ? sees : N) * LAT_PANEL;
  }
  mixing->weight = lat_engine_memory(engine, mixing->panel[panels], sizeof *mixing->weight);
  return mixing->weight != NULL ? LAT_OK : LAT_MEMORY;
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
  size_t N = engine->tokens, H = engine->heads, W = config->key_width, distinct = H * N;
  unsigned bits = 1;
  while (((size_t)1 << bits) < 2 * H * N) bits++;
  float *scratch = NULL;
  uint32_t *table = lat_alloc((size_t)1 << bits, sizeof *table), *first = lat_alloc(H * N, sizeof *first);
  int status = table != NULL && first != NULL ? LAT_OK : LAT_MEMORY, same_keys = 1;
  for (size_t h = 1; h < H; h++) same_keys &= memcmp(key, key + h * N * W, N * W * sizeof *key) == 0;
  if (status == LAT_OK && same_keys) {
    distinct = number_rows(query, H * N, W, mixing->source, first, table, bits);
  } else if (status == LAT_OK) {
    for (size_t r = 0; r < H * N; r++) mixing->source[r] = first[r] = (uint32_t)r;
  }
  mixing->rows = (distinct + LAT_PANEL - 1) / LAT_PANEL * LAT_PANEL;
  if (status == LAT_OK) status = make_panels(engine, mixing, 1, 0, &scratch);
  if (status == LAT_OK) {
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < distinct; r++) {
      const float *keys = same_keys ? key : key + first[r] / N * N * W;
      float *row = scratch + (size_t)omp_get_thread_num() * N;
      softmax_row(query + first[r] * W, keys, W, config->attention_scale, N, row);
      put_row(mixing, r, N, row);
    }
  }
  lat_free(scratch);
  lat_free(table);
  lat_free(first);
  return status;
}

static int causal_rows(struct lat_engine *engine, struct lat_mixing *mixing, const float *query, const float *key) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  size_t N = engine->tokens, H = engine->heads, W = config->key_width;
  size_t per_head = (N + LAT_PANEL - 1) / LAT_PANEL, head_rows = per_head * LAT_PANEL;
  float *scratch = NULL;
  mixing->rows = H * head_rows;
  int status = make_panels(engine, mixing, per_head, 1, &scratch);
  if (status == LAT_OK) {
#pragma omp parallel for schedule(static)
    for (size_t r = 0; r < H * N; r++) {
      size_t h = r / N, i = r % N;
      float *row = scratch + (size_t)omp_get_thread_num() * N;
      mixing->source[r] = (uint32_t)(h * head_rows + i);
      softmax_row(query + r * W, key + h * N * W, W, config->attention_scale, i + 1, row);
      put_row(mixing, h * head_rows + i, i + 1, row);
    }
  }
  lat_free(scratch);
  return status;
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
