#include "lib/nn/tangent.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/nn/gemm.h"
#include "lib/nn/softmax.h"
#include "lib/nn/sums.h"
#include "lib/nn/vector_math.h"

static const struct lat_dual nothing;

/* A tangent for `value`, not yet filled. */
static struct lat_dual fresh(struct lat_pass *pass, struct lat_array *value) {
  if (value == NULL) return nothing;
  return (struct lat_dual){value, lat_tape_array(pass->tape, value->rows, value->columns, 0)};
}

static struct lat_dual linear(struct lat_pass *pass, struct lat_pass_linear part, struct lat_dual x,
                              struct lat_dual residual) {
  return (struct lat_dual){lat_linear(pass->tape, x.value, part.weight, part.bias, residual.value),
                           lat_linear(pass->tape, x.tangent, part.weight, NULL, residual.tangent)};
}

static struct lat_dual sum_of(struct lat_pass *pass, double a, struct lat_dual x, double b, struct lat_dual z) {
  return (struct lat_dual){lat_sum_of(pass->tape, a, x.value, b, z.value),
                           lat_sum_of(pass->tape, a, x.tangent, b, z.tangent)};
}

static struct lat_dual norm(struct lat_pass *pass, struct lat_pass_norm weights, struct lat_dual x) {
  const struct lat_transformer_config *config = &pass->model->config;
  int centred = config->norm == LAT_NORM_LAYERNORM;
  if (config->norm == LAT_NORM_NONE) return x;
  struct lat_dual y =
      fresh(pass, centred ? lat_layer_norm(pass->tape, x.value, weights.gain, weights.bias, config->norm_epsilon)
                          : lat_rms_norm(pass->tape, x.value, weights.gain, config->norm_epsilon));
  if (x.tangent == NULL || y.tangent == NULL) return nothing;
  size_t width = x.value->columns;
  for (size_t row = 0; row < x.value->rows; row++) {
    const lat_real *from = x.value->value + row * width, *dx = x.tangent->value + row * width;
    lat_real *dy = y.tangent->value + row * width;
    double mean = centred ? lat_sum(width, from) / (double)width : 0;
    double level = centred ? lat_sum(width, dx) / (double)width : 0;
    double inverse = 1 / sqrt(lat_sum_squares(width, from, mean) / (double)width + config->norm_epsilon);
    double lane[LAT_SUM_LANES] = {0};
    for (size_t i = 0; i < width; i++) lane[i % LAT_SUM_LANES] += ((double)from[i] - mean) * inverse * (double)dx[i];
    double along = lat_sum_lanes(lane) / (double)width;
    for (size_t i = 0; i < width; i++)
      dy[i] = (lat_real)((double)weights.gain->value[i] * inverse *
                         ((double)dx[i] - level - ((double)from[i] - mean) * inverse * along));
  }
  return y;
}

static struct lat_dual activate(struct lat_pass *pass, struct lat_dual x) {
  enum lat_activation kind = pass->model->config.activation;
  struct lat_dual y = fresh(pass, lat_activate(pass->tape, kind, x.value));
  if (x.tangent == NULL || y.tangent == NULL) return nothing;
  size_t n = x.value->rows * x.value->columns;
  /* f'(x) times something: the same product forwards as backwards. */
  switch (kind) {
    case LAT_ACTIVATION_RELU: lat_relu_backward(n, x.value->value, x.tangent->value, 0, y.tangent->value); break;
    case LAT_ACTIVATION_GELU: lat_gelu_backward(n, x.value->value, x.tangent->value, 0, y.tangent->value); break;
    case LAT_ACTIVATION_GELU_TANH: lat_gelu_tanh_backward(n, x.value->value, x.tangent->value, 0, y.tangent->value); break;
  }
  return y;
}

/* One head of one sequence: P and dz [S, S] are scratch; dz becomes dP. */
static void attend_head(const struct lat_attention_shape *shape, size_t key, size_t value, struct lat_dual q,
                        struct lat_dual k, struct lat_dual v, lat_real *P, lat_real *dz, lat_real *dy) {
  size_t S = shape->sequence, keys = shape->heads * shape->key_width, values = shape->heads * shape->value_width;
  lat_real scale = (lat_real)shape->scale;
  struct lat_matrix query = {q.value->value + key, keys, 0}, changed_query = {q.tangent->value + key, keys, 0};
  struct lat_matrix turned = {k.value->value + key, keys, 1}, changed_key = {k.tangent->value + key, keys, 1};
  lat_gemm(S, S, shape->key_width, scale, query, turned, 0, P, S);
  lat_gemm(S, S, shape->key_width, scale, changed_query, turned, 0, dz, S);
  lat_gemm(S, S, shape->key_width, scale, query, changed_key, 1, dz, S);
  for (size_t i = 0; i < S; i++) {
    size_t first, end;
    lat_attention_range(shape->mask, shape->window, S, i, &first, &end);
    lat_real *p = P + i * S, *row = dz + i * S;
    memset(p, 0, first * sizeof *p);
    lat_softmax(end - first, p + first, p + first);
    memset(p + end, 0, (S - end) * sizeof *p);
    double lane[LAT_SUM_LANES] = {0};
    for (size_t j = first; j < end; j++) lane[(j - first) % LAT_SUM_LANES] += (double)p[j] * (double)row[j];
    lat_real along = (lat_real)lat_sum_lanes(lane);
    for (size_t j = 0; j < S; j++) row[j] = j < first || j >= end ? 0 : p[j] * (row[j] - along);
  }
  lat_gemm(S, shape->value_width, S, 1, (struct lat_matrix){dz, S, 0},
           (struct lat_matrix){v.value->value + value, values, 0}, 0, dy, values);
  lat_gemm(S, shape->value_width, S, 1, (struct lat_matrix){P, S, 0},
           (struct lat_matrix){v.tangent->value + value, values, 0}, 1, dy, values);
}

static struct lat_dual attend(struct lat_pass *pass, const struct lat_attention_shape *shape, struct lat_dual q,
                              struct lat_dual k, struct lat_dual v) {
  struct lat_dual y = fresh(pass, lat_attend(pass->tape, shape, q.value, k.value, v.value));
  size_t S = shape->sequence;
  lat_real *P = lat_tape_memory(pass->tape, 2 * S, S * sizeof *P);
  if (q.tangent == NULL || k.tangent == NULL || v.tangent == NULL || y.tangent == NULL || P == NULL) return nothing;
  for (size_t task = 0; task < shape->batch * shape->heads; task++) {
    size_t place = task / shape->heads * S * shape->heads + task % shape->heads; /* of token 0's head */
    attend_head(shape, place * shape->key_width, place * shape->value_width, q, k, v, P, P + S * S,
                y.tangent->value + place * shape->value_width);
  }
  return y;
}

static struct lat_dual rotate(struct lat_pass *pass, struct lat_dual x) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (pass->rotary == NULL) return x;
  return (struct lat_dual){
      lat_rotate(pass->tape, x.value, pass->sequence, config->heads, config->key_width, pass->rotary),
      lat_rotate(pass->tape, x.tangent, pass->sequence, config->heads, config->key_width, pass->rotary)};
}

static struct lat_dual finish_half(struct lat_pass *pass, struct lat_pass_linear part, struct lat_pass_norm after,
                                   struct lat_pass_norm around, struct lat_dual input, struct lat_dual x) {
  const struct lat_transformer_config *config = &pass->model->config;
  double scale = config->residual_scale != 0 ? config->residual_scale : 1;
  int sandwich = config->norm != LAT_NORM_NONE && config->placement == LAT_PLACEMENT_SANDWICH;
  if (!sandwich && scale == 1 && pass->stream == 1) {
    x = linear(pass, part, input, x);
  } else {
    struct lat_dual added = linear(pass, part, input, nothing);
    if (sandwich) added = norm(pass, after, added);
    x = sum_of(pass, pass->stream, x, scale, added);
  }
  return config->placement == LAT_PLACEMENT_POST ? norm(pass, around, x) : x;
}

static struct lat_dual attention_half(struct lat_pass *pass, const struct lat_pass_layer *layer, struct lat_dual x) {
  const struct lat_transformer_config *config = &pass->model->config;
  const struct lat_attention_shape shape = {.batch = pass->batch,
                                            .sequence = pass->sequence,
                                            .heads = config->heads,
                                            .key_width = config->key_width,
                                            .value_width = config->value_width,
                                            .mask = config->mask,
                                            .window = config->window,
                                            .scale = (float)config->attention_scale};
  struct lat_dual input = config->placement == LAT_PLACEMENT_POST ? x : norm(pass, layer->norm1, x);
  struct lat_dual query = rotate(pass, linear(pass, layer->query, input, nothing));
  struct lat_dual key = rotate(pass, linear(pass, layer->key, input, nothing));
  struct lat_dual value = linear(pass, layer->value, input, nothing);
  return finish_half(pass, layer->output, layer->norm3, layer->norm1, attend(pass, &shape, query, key, value), x);
}

struct lat_dual lat_dual_layer(struct lat_pass *pass, size_t index, struct lat_dual x) {
  const struct lat_transformer_config *config = &pass->model->config;
  const struct lat_pass_layer *layer = &pass->layer[index];
  assert(pass->dropout == 0);
  if (config->heads > 0) x = attention_half(pass, layer, x);
  struct lat_dual input = config->placement == LAT_PLACEMENT_POST ? x : norm(pass, layer->norm2, x);
  struct lat_dual hidden = activate(pass, linear(pass, layer->up, input, nothing));
  return finish_half(pass, layer->down, layer->norm4, layer->norm2, hidden, x);
}

struct lat_dual lat_dual_begin_step(struct lat_pass *pass, size_t step, struct lat_dual x, struct lat_array *first) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (config->input_injection != LAT_INJECTION_NONE && step > 0) x.value = lat_sum_of(pass->tape, 1, x.value, 1, first);
  if (config->input_injection == LAT_INJECTION_NORM) x = norm(pass, pass->inject_norm, x);
  if (config->step_embeddings > 0)
    x.value = lat_add_pattern(pass->tape, x.value,
                              pass->step[step < config->step_embeddings ? step : config->step_embeddings - 1]);
  return x;
}
