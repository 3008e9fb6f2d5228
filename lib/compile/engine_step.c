#include "lib/compile/engine_step.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/gemm.h"
#include "lib/nn/vector_math.h"

/* ---- one token, LAT_LANES vectors ---- */

/* constant(i, r) + sum of weight * from[column]; with a norm the whole is scaled by r and the mean is taken off. */
static inline __attribute__((always_inline)) lat_lanes sparse_row(const struct lat_sparse *sparse, size_t token, size_t r,
                                                                  const lat_lanes *from, size_t stride) {
  lat_lanes sum = {0};
  sum += sparse->base != NULL ? sparse->base[token * sparse->rows + r] : sparse->bias[r];
  for (uint32_t t = sparse->first[r]; t < sparse->first[r + 1]; t++) {
    sum += sparse->weight[t] * from[sparse->column[t] * stride];
  }
  return sum;
}

struct scale {
  lat_lanes inverse, mean;
};

static inline __attribute__((always_inline)) lat_lanes normed_row(const struct lat_sparse *sparse, size_t token, size_t r,
                                                                  const lat_lanes *from, size_t stride,
                                                                  const struct scale *scale) {
  lat_lanes sum = {0};
  if (sparse->base != NULL) sum += sparse->base[token * sparse->rows + r];
  for (uint32_t t = sparse->first[r]; t < sparse->first[r + 1]; t++) {
    sum += sparse->weight[t] * from[sparse->column[t] * stride];
  }
  if (sparse->mean != NULL) sum -= sparse->mean[r] * scale->mean;
  return sum * scale->inverse + sparse->bias[r];
}

/* Scale and mean of the norm over all D channels of a token, from the static sums and the part's channels. */
static inline __attribute__((always_inline)) void norm_scale(const struct lat_engine *engine, size_t token, size_t channels,
                                                             const lat_lanes *x, size_t stride, struct scale *scale) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  float below = 1.0f / (float)engine->width, epsilon = (float)config->norm_epsilon;
  lat_lanes sum = {0}, square = {0};
  sum += engine->static_sum[token];
  square += engine->static_square[token];
  for (size_t c = 0; c < channels; c++) {
    sum += x[c * stride];
    square += x[c * stride] * x[c * stride];
  }
  lat_lanes mean = {0};
  if (config->norm == LAT_NORM_LAYERNORM) mean = sum * below;
  lat_lanes variance = square * below - mean * mean + epsilon;
  for (int k = 0; k < LAT_LANES; k++) variance[k] = 1.0f / sqrtf(variance[k]);
  scale->inverse = variance;
  scale->mean = mean;
}

/* As lat_relu, NaN stays NaN. */
static inline __attribute__((always_inline)) lat_lanes relu(lat_lanes x) {
  typedef int32_t mask __attribute__((vector_size(4 * LAT_LANES)));
  return (lat_lanes)((mask)x & ~(mask)(x <= 0.0f));
}

static void activate(enum lat_activation kind, size_t count, float *h) {
  if (kind == LAT_ACTIVATION_GELU) lat_gelu_array(count, h, h);
  if (kind == LAT_ACTIVATION_GELU_TANH) lat_gelu_tanh_array(count, h, h);
}

/* Attention output, feed-forward part and both residual sums of one token for vectors 16 g .. 16 g + 15; true when a bit of
 * the state changed. */
static inline __attribute__((always_inline)) int token_lanes(struct lat_chunk *chunk, size_t kind, size_t i, size_t g) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_part *part = &engine->part[chunk->part];
  const struct lat_part_layer *layer = &part->layer[kind];
  const struct lat_mixing *mixing = &engine->mixing[kind];
  size_t channels = part->channels, groups = chunk->vectors / LAT_LANES, streams = layer->value.rows, N = engine->tokens;
  lat_lanes *z = (lat_lanes *)chunk->scratch, *x = z + layer->slots, *h = x + channels;
  lat_lanes *state = (lat_lanes *)chunk->state + i * channels * groups + g;

  const lat_lanes *mixed = (const lat_lanes *)chunk->mixed;
  for (size_t s = 0; s < layer->slots; s++) {
    size_t r = layer->slot_head[s] * N + i;
    z[s] = mixed[(mixing->source[r] * streams + layer->slot_stream[s]) * groups + g];
    if (mixing->scale != NULL) z[s] *= mixing->scale[r];
  }
  for (size_t c = 0; c < channels; c++) x[c] = state[c * groups] + sparse_row(&layer->output, i, c, z, 1);

  if (engine->static_sum != NULL) {
    struct scale scale;
    norm_scale(engine, i, channels, x, 1, &scale);
    for (size_t f = 0; f < layer->up.rows; f++) h[f] = normed_row(&layer->up, i, f, x, 1, &scale);
  } else {
    for (size_t f = 0; f < layer->up.rows; f++) h[f] = sparse_row(&layer->up, i, f, x, 1);
  }
  if (engine->compiled->model->config.activation == LAT_ACTIVATION_RELU) {
    for (size_t f = 0; f < layer->up.rows; f++) h[f] = relu(h[f]);
  } else {
    activate(engine->compiled->model->config.activation, layer->up.rows * LAT_LANES, (float *)h);
  }
  int changed = 0;
  for (size_t c = 0; c < channels; c++) {
    lat_lanes next = x[c] + sparse_row(&layer->down, i, c, h, 1);
    if (chunk->follow && !changed) changed = memcmp(&next, &state[c * groups], sizeof next) != 0;
    state[c * groups] = next;
  }
  return changed;
}

/* The values that attention will mix, of one token. */
static void token_values(struct lat_chunk *chunk, size_t kind, size_t i) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_part *part = &engine->part[chunk->part];
  const struct lat_sparse *value = &part->layer[kind].value;
  size_t groups = chunk->vectors / LAT_LANES;
  for (size_t g = 0; g < groups; g++) {
    const lat_lanes *state = (const lat_lanes *)chunk->state + i * part->channels * groups + g;
    lat_lanes *to = (lat_lanes *)chunk->value + i * value->rows * groups + g;
    if (engine->static_sum == NULL) {
      for (size_t s = 0; s < value->rows; s++) to[s * groups] = sparse_row(value, i, s, state, groups);
      continue;
    }
    struct scale scale;
    norm_scale(engine, i, part->channels, state, groups, &scale);
    for (size_t s = 0; s < value->rows; s++) to[s * groups] = normed_row(value, i, s, state, groups, &scale);
    for (int k = 0; k < LAT_LANES; k++) {
      double moved = fabs((double)scale.inverse[k] / (double)engine->initial[i] - 1.0);
      if (!(moved <= chunk->drift)) chunk->drift = moved;
    }
  }
}

/* ---- one layer ---- */

static void mix_dense(struct lat_chunk *chunk, const struct lat_mixing *mixing, size_t streams) {
  const struct lat_engine *engine = chunk->engine;
  size_t N = engine->tokens, columns = streams * chunk->vectors, B = LAT_CAUSAL_BLOCK;
  struct lat_matrix values = {chunk->value, columns, 0};
  if (engine->compiled->model->config.mask != LAT_MASK_CAUSAL) {
    lat_gemm(mixing->rows, columns, N, 1.0f, (struct lat_matrix){mixing->weight, N, 0}, values, 0.0f, chunk->mixed,
             columns);
    return;
  }
  for (size_t h = 0; h < engine->heads; h++) {
    for (size_t b = 0; b * B < N; b++) {
      size_t first = b * B, rows = N - first < B ? N - first : B, width = (b + 1) * B;
      size_t depth = first + rows; /* weights beyond are 0 */
      struct lat_matrix weights = {mixing->weight + lat_causal_offset(h, b, N), width, 0};
      lat_gemm(rows, columns, depth, 1.0f, weights, values, 0.0f, chunk->mixed + (h * N + first) * columns, columns);
    }
  }
}

static void layer_all(struct lat_chunk *chunk, size_t kind) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_mixing *mixing = &engine->mixing[kind];
  size_t N = engine->tokens, groups = chunk->vectors / LAT_LANES;
  size_t streams = engine->part[chunk->part].layer[kind].value.rows, columns = streams * chunk->vectors;
  for (size_t i = 0; i < N; i++) token_values(chunk, kind, i);
  if (mixing->weight != NULL) mix_dense(chunk, mixing, streams);
  if (mixing->flip != NULL && streams > 0) {
    size_t places = (size_t)1 << engine->address_bits;
    memset(chunk->value + N * columns, 0, (places - N) * columns * sizeof *chunk->value);
    lat_butterfly(chunk->value, engine->address_bits, columns, N, mixing->flip);
  }
  for (size_t i = 0; i < N; i++) {
    for (size_t g = 0; g < groups; g++) token_lanes(chunk, kind, i, g);
  }
}

/* Only tokens whose own state or a fetched row changed in the layer before; the others would compute the same bits again.
 */
static void layer_follow(struct lat_chunk *chunk) {
  const struct lat_mixing *mixing = &chunk->engine->mixing[0];
  size_t groups = chunk->vectors / LAT_LANES, active = 0;
  uint32_t now = ++chunk->now;
  for (size_t k = 0; k < chunk->changed; k++) {
    uint32_t j = chunk->changed_list[k];
    token_values(chunk, 0, j);
    if (chunk->stamp[j] != now) chunk->stamp[j] = now, chunk->active_list[active++] = j;
    for (uint32_t r = mixing->reader_first[j]; r < mixing->reader_first[j + 1]; r++) {
      uint32_t i = mixing->reader[r];
      if (chunk->stamp[i] != now) chunk->stamp[i] = now, chunk->active_list[active++] = i;
    }
  }
  chunk->changed = 0;
  for (size_t k = 0; k < active; k++) {
    uint32_t i = chunk->active_list[k];
    int changed = 0;
    for (size_t g = 0; g < groups; g++) changed |= token_lanes(chunk, 0, i, g);
    if (!changed) continue;
    chunk->changed_list[chunk->changed++] = i;
    if (chunk->touch_stamp[i] != chunk->step)
      chunk->touch_stamp[i] = chunk->step, chunk->touched_list[chunk->touched++] = i;
  }
}

void lat_chunk_step(struct lat_chunk *chunk) {
  const struct lat_engine *engine = chunk->engine;
  chunk->touched = 0;
  chunk->step++;
  for (size_t l = 0; l < engine->layers; l++) {
    if (chunk->follow) {
      layer_follow(chunk);
    } else {
      layer_all(chunk, engine->kind[l]);
    }
  }
}
