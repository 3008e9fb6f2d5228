#include <assert.h>

#include "lib/base/status.h"
#include "lib/nn/embed.h"
#include "lib/nn/extend.h"
#include "lib/nn/pass_parts.h"

struct lat_pass_cache *lat_pass_cache_make(struct lat_pass *pass, size_t steps) {
  assert(steps >= 1 && pass->model->config.mask != LAT_MASK_FULL);
  size_t places = steps * pass->model->config.layers;
  struct lat_pass_cache *cache = lat_tape_memory(pass->tape, 1, sizeof *cache);
  struct lat_array **key = lat_tape_memory(pass->tape, places, sizeof *key);
  struct lat_array **value = lat_tape_memory(pass->tape, places, sizeof *value);
  if (cache == NULL || key == NULL || value == NULL) return NULL;
  for (size_t i = 0; i < places; i++) key[i] = value[i] = NULL;
  *cache = (struct lat_pass_cache){0, steps, key, value};
  return cache;
}

/* Position rows for the next n places, [n, D]: learned ones pass their gradient back. */
static struct lat_array *next_positions(struct lat_pass *pass, const struct lat_pass_cache *cache, size_t n) {
  assert(cache->tokens + n <= pass->position->rows);
  return lat_take_rows(pass->tape, 1, pass->position, cache->tokens, n);
}

struct lat_array *lat_pass_place_next(struct lat_pass *pass, const struct lat_pass_cache *cache, size_t n,
                                      struct lat_array *x) {
  if (x == NULL || pass->position == NULL) return x;
  return lat_add_pattern(pass->tape, x, next_positions(pass, cache, n));
}

struct lat_array *lat_pass_embed_next(struct lat_pass *pass, const struct lat_pass_cache *cache, size_t n,
                                      const int32_t *token) {
  const struct lat_transformer_config *config = &pass->model->config;
  size_t rows = pass->batch * n, fields = lat_transformer_fields(config);
  int status = lat_embed_check(rows, fields, config->vocabulary, token);
  if (status != LAT_OK) return lat_tape_fail(pass->tape, status);
  struct lat_array *x = lat_gather(pass->tape, pass->token, rows * fields, token);
  if (fields > 1) x = lat_reshape(pass->tape, x, rows, config->width);
  return lat_pass_drop(pass, lat_pass_place_next(pass, cache, n, x));
}

/* How many tokens come, and of how many the state is wanted. */
struct stretch {
  size_t n, last;
};

static struct lat_array *rotate(struct lat_pass *pass, size_t first, size_t n, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (pass->rotary == NULL) return x;
  return lat_rotate(pass->tape, x, n, config->heads, config->key_width, pass->rotary + first * config->key_width);
}

static struct lat_array *attention_half(struct lat_pass *pass, const struct lat_pass_layer *layer, size_t place,
                                        struct lat_pass_cache *cache, struct stretch stretch, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  size_t B = pass->batch, n = stretch.n, last = stretch.last;
  const struct lat_attention_shape shape = {.batch = B,
                                            .sequence = cache->tokens + n,
                                            .heads = config->heads,
                                            .key_width = config->key_width,
                                            .value_width = config->value_width,
                                            .mask = config->mask,
                                            .window = config->window,
                                            .scale = (float)config->attention_scale};
  struct lat_tape *tape = pass->tape;
  struct lat_array *input = config->placement == LAT_PLACEMENT_POST ? x : lat_pass_norm_of(pass, layer->norm1, x);
  struct lat_array *key = lat_linear(tape, input, layer->key.weight, layer->key.bias, NULL), *mixed;
  struct lat_array *value = lat_linear(tape, input, layer->value.weight, layer->value.bias, NULL);
  key = cache->key[place] = lat_join_rows(tape, B, cache->key[place], rotate(pass, cache->tokens, n, key));
  value = cache->value[place] = lat_join_rows(tape, B, cache->value[place], value);
  if (last < n) {
    input = lat_take_rows(tape, B, input, n - last, last);
    x = lat_take_rows(tape, B, x, n - last, last);
  }
  struct lat_array *query = lat_linear(tape, input, layer->query.weight, layer->query.bias, NULL);
  query = rotate(pass, cache->tokens + n - last, last, query);
  if (cache->tokens == 0 && last == n)
    mixed = lat_attend(tape, &shape, query, key, value);
  else
    mixed = lat_attend_last(tape, &shape, last, query, key, value);
  return lat_pass_finish_half(pass, layer->output, layer->norm3, layer->norm1, mixed, x);
}

struct lat_array *lat_pass_extend(struct lat_pass *pass, struct lat_pass_cache *cache, size_t n, size_t last,
                                  struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  size_t L = config->layers;
  if (x == NULL) return NULL;
  assert(last >= 1 && last <= n && x->rows == pass->batch * n && cache->tokens + n <= pass->sequence);
  struct lat_array *first = x;
  for (size_t t = 0; t < cache->steps; t++) {
    x = lat_pass_begin_step(pass, t, x, first);
    for (size_t l = 0; l < L; l++) {
      int end = t + 1 == cache->steps && l + 1 == L;
      struct stretch stretch = {n, end ? last : n};
      if (config->heads > 0)
        x = attention_half(pass, &pass->layer[l], t * L + l, cache, stretch, x);
      else if (end && last < n)
        x = lat_take_rows(pass->tape, pass->batch, x, n - last, last);
      x = lat_pass_feed_forward(pass, &pass->layer[l], x);
    }
  }
  cache->tokens += n;
  return x;
}

struct lat_array *lat_pass_final(struct lat_pass *pass, struct lat_array *x) {
  return pass->model->config.final_norm ? lat_pass_norm_of(pass, pass->final_norm, x) : x;
}
