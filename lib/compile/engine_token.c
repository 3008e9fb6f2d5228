/* One token, one or two groups of LAT_LANES vectors at a time: two share the loads of weights and places. */
#include "lib/compile/engine_token.h"

#include <math.h>
#include <string.h>

#include "lib/nn/vector_math.h"

#define INLINE static inline __attribute__((always_inline))
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are passed between inlined functions only */

typedef int32_t mask_lanes __attribute__((vector_size(4 * LAT_LANES)));
struct pair {
  lat_lanes a, b; /* b unused where `two` is 0 */
};

INLINE struct pair get(const lat_lanes *from, int two) { return (struct pair){from[0], two ? from[1] : (lat_lanes){0}}; }

INLINE void put(lat_lanes *to, struct pair x, int two) {
  to[0] = x.a;
  if (two) to[1] = x.b;
}

INLINE struct pair splat(float x) {
  lat_lanes all = x - (lat_lanes){0};
  return (struct pair){all, all};
}

INLINE struct pair plus_scaled(struct pair sum, float weight, const lat_lanes *x, int two) {
  sum.a += weight * x[0];
  if (two) sum.b += weight * x[1];
  return sum;
}

/* As lat_relu, NaN stays NaN. */
INLINE lat_lanes relu(lat_lanes x) { return (lat_lanes)((mask_lanes)x & ~(mask_lanes)(x <= 0.0f)); }

/* h[r] = constant + sum of weight * x, for runs of rows with equally many terms: those loops unroll. */
INLINE void affine(const struct lat_sparse *sparse, size_t token, const lat_lanes *x, size_t stride, lat_lanes *h,
                   size_t h_stride, int two, int rectify) {
  const float *constant = sparse->base != NULL ? sparse->base + token * sparse->rows : sparse->bias, *w = sparse->weight;
  const uint32_t *column = sparse->column;
  size_t r = 0;
#define ROWS(terms)                                                                                 \
  for (; r < to; r++, w += (terms), column += (terms)) {                                            \
    struct pair sum = splat(constant[r]);                                                           \
    for (size_t t = 0; t < (terms); t++) sum = plus_scaled(sum, w[t], &x[column[t] * stride], two); \
    if (rectify) sum.a = relu(sum.a), sum.b = relu(sum.b);                                          \
    put(&h[r * h_stride], sum, two);                                                                \
  }
  for (size_t k = 0; k < sparse->runs; k++) {
    size_t to = sparse->run_end[k], terms = sparse->run_terms[k];
    switch (terms) {
      case 1: ROWS(1) break;
      case 2: ROWS(2) break;
      case 3: ROWS(3) break;
      case 4: ROWS(4) break;
      case 6: ROWS(6) break;
      default: ROWS(terms) break;
    }
  }
#undef ROWS
}

/* The norm of what went in: mean and 1 / deviation over all D channels, from the static sums and the part's channels. */
struct scale {
  struct pair inverse, mean;
};

/* In double, as lib/nn does it: then exact sums give the same bits. */
INLINE void from_sums(lat_lanes sum, lat_lanes square, double width, double epsilon, int centred, lat_lanes *mean,
                      lat_lanes *inverse) {
  lat_lanes m = {0}, r = {0};
  for (int k = 0; k < LAT_LANES; k++) {
    double middle = centred ? (double)sum[k] / width : 0.0;
    m[k] = (float)middle;
    r[k] = (float)(1.0 / sqrt((double)square[k] / width - middle * middle + epsilon));
  }
  *mean = m;
  *inverse = r;
}

INLINE struct scale norm_scale(const struct lat_engine *engine, size_t token, size_t channels, const lat_lanes *x,
                               size_t stride, int two) {
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  int centred = config->norm == LAT_NORM_LAYERNORM;
  struct pair sum = splat(engine->static_sum[token]), square = splat(engine->static_square[token]);
  for (size_t c = 0; c < channels; c++) {
    struct pair here = get(&x[c * stride], two);
    sum.a += here.a, square.a += here.a * here.a;
    sum.b += here.b, square.b += here.b * here.b;
  }
  struct scale scale;
  double width = (double)engine->width, epsilon = config->norm_epsilon;
  from_sums(sum.a, square.a, width, epsilon, centred, &scale.mean.a, &scale.inverse.a);
  scale.mean.b = scale.mean.a, scale.inverse.b = scale.inverse.a;
  if (two) from_sums(sum.b, square.b, width, epsilon, centred, &scale.mean.b, &scale.inverse.b);
  return scale;
}

/* h[r] = (h[r] - mean G) gain / deviation + B */
INLINE void normalise(const struct lat_sparse *sparse, struct scale scale, lat_lanes *h, size_t stride, int two) {
  scale.inverse.a *= sparse->gain;
  scale.inverse.b *= sparse->gain;
  for (size_t r = 0; r < sparse->rows; r++) {
    struct pair x = get(&h[r * stride], two);
    float mean = sparse->mean != NULL ? sparse->mean[r] : 0.0f;
    x.a = (x.a - mean * scale.mean.a) * scale.inverse.a + sparse->bias[r];
    x.b = (x.b - mean * scale.mean.b) * scale.inverse.b + sparse->bias[r];
    put(&h[r * stride], x, two);
  }
}

/* x[c] + row c of the sparse function of h. */
INLINE struct pair residual(const struct lat_sparse *sparse, size_t c, struct pair x, const lat_lanes *h, size_t stride,
                            int two) {
  struct pair sum = splat(sparse->bias[c]);
  for (uint32_t t = sparse->first[c]; t < sparse->first[c + 1]; t++) {
    sum = plus_scaled(sum, sparse->weight[t], &h[sparse->column[t] * stride], two);
  }
  return (struct pair){x.a + sum.a, x.b + sum.b};
}

INLINE int update(struct lat_chunk *chunk, size_t kind, size_t i, size_t g, int two) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_part *part = &engine->part[chunk->part];
  const struct lat_part_layer *layer = &part->layer[kind];
  const struct lat_mixing *mixing = &engine->mixing[kind];
  enum lat_activation activation = engine->compiled->model->config.activation;
  size_t channels = part->channels, groups = chunk->vectors / LAT_LANES, streams = layer->value.rows, N = engine->tokens;
  size_t S = two ? 2 : 1;
  lat_lanes *z = (lat_lanes *)chunk->scratch, *x = z + S * layer->slots, *h = x + S * channels;
  lat_lanes *state = (lat_lanes *)chunk->state + i * channels * groups + g;

  const lat_lanes *mixed = (const lat_lanes *)chunk->mixed;
  for (size_t s = 0; s < layer->slots; s++) {
    size_t r = layer->slot_head[s] * N + i;
    struct pair fetched = get(&mixed[(mixing->source[r] * streams + layer->slot_stream[s]) * groups + g], two);
    if (mixing->scale != NULL) fetched.a *= mixing->scale[r], fetched.b *= mixing->scale[r];
    put(&z[s * S], fetched, two);
  }
  for (size_t c = 0; c < channels; c++)
    put(&x[c * S], residual(&layer->output, c, get(&state[c * groups], two), z, S, two), two);

  if (engine->static_sum == NULL && activation == LAT_ACTIVATION_RELU) {
    affine(&layer->up, i, x, S, h, S, two, 1);
  } else {
    size_t count = layer->up.rows * S * LAT_LANES;
    affine(&layer->up, i, x, S, h, S, two, 0);
    if (engine->static_sum != NULL) normalise(&layer->up, norm_scale(engine, i, channels, x, S, two), h, S, two);
    if (activation == LAT_ACTIVATION_RELU) lat_relu_array(count, (float *)h, (float *)h);
    if (activation == LAT_ACTIVATION_GELU) lat_gelu_array(count, (float *)h, (float *)h);
    if (activation == LAT_ACTIVATION_GELU_TANH) lat_gelu_tanh_array(count, (float *)h, (float *)h);
  }
  int changed = 0;
  for (size_t c = 0; c < channels; c++) {
    struct pair next = residual(&layer->down, c, get(&x[c * S], two), h, S, two);
    if (chunk->follow && !changed) changed = memcmp(&next, &state[c * groups], S * sizeof next.a) != 0;
    put(&state[c * groups], next, two);
  }
  return changed;
}

int lat_token_update(struct lat_chunk *chunk, size_t kind, size_t i) {
  size_t groups = chunk->vectors / LAT_LANES;
  int changed = 0;
  if (groups == 1) return update(chunk, kind, i, 0, 0);
  for (size_t g = 0; g < groups; g += 2) changed |= update(chunk, kind, i, g, 1);
  return changed;
}

void lat_token_values(struct lat_chunk *chunk, size_t kind, size_t i) {
  const struct lat_engine *engine = chunk->engine;
  const struct lat_part *part = &engine->part[chunk->part];
  const struct lat_sparse *value = &part->layer[kind].value;
  size_t groups = chunk->vectors / LAT_LANES;
  for (size_t g = 0; g < groups; g++) {
    const lat_lanes *state = (const lat_lanes *)chunk->state + i * part->channels * groups + g;
    lat_lanes *to = (lat_lanes *)chunk->value + i * value->rows * groups + g;
    affine(value, i, state, groups, to, groups, 0, 0);
    if (engine->static_sum == NULL) continue;
    struct scale scale = norm_scale(engine, i, part->channels, state, groups, 0);
    normalise(value, scale, to, groups, 0);
    for (int k = 0; k < LAT_LANES; k++) {
      double moved = fabs((double)scale.inverse.a[k] / (double)engine->initial[i] - 1.0);
      if (!(moved <= chunk->drift)) chunk->drift = moved;
    }
  }
}
