#include "lib/nn/pass.h"

#include <assert.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/embed.h"
#include "lib/nn/pass_parts.h"
#include "lib/nn/positions.h"

/* A leaf over a piece of the model's parameters, with the same piece of the gradient. */
static struct lat_array *leaf(struct lat_pass *pass, lat_real *gradient, size_t rows, size_t columns, lat_real *value) {
  if (value == NULL) return NULL;
  return lat_tape_leaf(pass->tape, rows, columns, value,
                       gradient != NULL ? gradient + (value - pass->model->parameters) : NULL);
}

static struct lat_pass_norm norm_leaf(struct lat_pass *pass, lat_real *gradient, struct lat_norm_weights norm) {
  size_t width = pass->model->config.width;
  return (struct lat_pass_norm){leaf(pass, gradient, 1, width, norm.gain), leaf(pass, gradient, 1, width, norm.bias)};
}

static struct lat_pass_linear linear_leaf(struct lat_pass *pass, lat_real *gradient, size_t out, size_t in,
                                          struct lat_linear part) {
  return (struct lat_pass_linear){leaf(pass, gradient, out, in, part.weight), leaf(pass, gradient, 1, out, part.bias)};
}

static void layer_leaves(struct lat_pass *pass, lat_real *gradient, const struct lat_layer *from,
                         struct lat_pass_layer *to) {
  const struct lat_transformer_config *config = &pass->model->config;
  size_t D = config->width, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  to->norm1 = norm_leaf(pass, gradient, from->norm1);
  to->norm2 = norm_leaf(pass, gradient, from->norm2);
  to->norm3 = norm_leaf(pass, gradient, from->norm3);
  to->norm4 = norm_leaf(pass, gradient, from->norm4);
  to->query = linear_leaf(pass, gradient, keys, D, from->query);
  to->key = linear_leaf(pass, gradient, keys, D, from->key);
  to->value = linear_leaf(pass, gradient, values, D, from->value);
  to->output = linear_leaf(pass, gradient, D, values, from->output);
  to->up = linear_leaf(pass, gradient, config->ffn, D, from->up);
  to->down = linear_leaf(pass, gradient, D, config->ffn, from->down);
}

/* Tables without parameters: sinusoids and rotations. */
static int tables(struct lat_pass *pass) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (config->positions == LAT_POSITIONS_ROTARY) {
    pass->rotary = lat_tape_memory(pass->tape, pass->sequence, config->key_width * sizeof *pass->rotary);
    if (pass->rotary == NULL) return lat_tape_status(pass->tape);
    lat_rotary_table(pass->sequence, config->key_width, pass->rotary);
  }
  if (config->positions == LAT_POSITIONS_SINUSOIDAL) {
    lat_real *table = lat_tape_memory(pass->tape, pass->sequence, config->width * sizeof *table);
    if (table == NULL) return lat_tape_status(pass->tape);
    memset(table, 0, pass->sequence * config->width * sizeof *table);
    lat_sinusoidal_add(1, pass->sequence, config->width, table);
    pass->position = lat_tape_leaf(pass->tape, pass->sequence, config->width, table, NULL);
  }
  return LAT_OK;
}

struct lat_pass *lat_pass_make(struct lat_tape *tape, const struct lat_transformer *model, size_t batch, size_t sequence,
                               lat_real *gradient) {
  const struct lat_transformer_config *config = &model->config;
  size_t D = config->width;
  assert(lat_arithmetic_is_plain(config->arithmetic));
  assert(config->positions != LAT_POSITIONS_LEARNED || sequence <= config->sequence);
  struct lat_pass *pass = lat_tape_memory(tape, 1, sizeof *pass);
  if (pass == NULL) return NULL;
  *pass = (struct lat_pass){.tape = tape, .model = model, .batch = batch, .sequence = sequence, .stream = 1};
  pass->layer = lat_tape_memory(tape, config->layers, sizeof *pass->layer);
  pass->step = lat_tape_memory(tape, config->step_embeddings, sizeof *pass->step);
  if (pass->layer == NULL || pass->step == NULL || tables(pass) != LAT_OK) return NULL;
  pass->token = leaf(pass, gradient, config->vocabulary, D / lat_transformer_fields(config), model->token);
  if (config->positions == LAT_POSITIONS_LEARNED) pass->position = leaf(pass, gradient, sequence, D, model->position);
  for (size_t t = 0; t < config->step_embeddings; t++) pass->step[t] = leaf(pass, gradient, 1, D, model->step + t * D);
  pass->inject_norm = norm_leaf(pass, gradient, model->inject_norm);
  pass->final_norm = norm_leaf(pass, gradient, model->final_norm);
  pass->head = config->tied_head ? pass->token : leaf(pass, gradient, lat_transformer_classes(config), D, model->head);
  for (size_t l = 0; l < config->layers; l++) layer_leaves(pass, gradient, &model->layer[l], &pass->layer[l]);
  return lat_tape_status(tape) == LAT_OK ? pass : NULL;
}

struct lat_array *lat_pass_norm_of(struct lat_pass *pass, struct lat_pass_norm weights, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  switch (config->norm) {
    case LAT_NORM_NONE: break;
    case LAT_NORM_RMSNORM: return lat_rms_norm(pass->tape, x, weights.gain, config->norm_epsilon);
    case LAT_NORM_LAYERNORM: return lat_layer_norm(pass->tape, x, weights.gain, weights.bias, config->norm_epsilon);
  }
  return x;
}

struct lat_array *lat_pass_drop(struct lat_pass *pass, struct lat_array *x) {
  return pass->dropout > 0 ? lat_dropout(pass->tape, x, pass->dropout, pass->random) : x;
}

struct lat_array *lat_pass_embed(struct lat_pass *pass, const int32_t *token) {
  const struct lat_transformer_config *config = &pass->model->config;
  size_t rows = pass->batch * pass->sequence, fields = lat_transformer_fields(config);
  int status = lat_embed_check(rows, fields, config->vocabulary, token);
  if (status != LAT_OK) return lat_tape_fail(pass->tape, status);
  struct lat_array *x = lat_gather(pass->tape, pass->token, rows * fields, token);
  if (fields > 1) x = lat_reshape(pass->tape, x, rows, config->width);
  if (pass->position != NULL) x = lat_add_pattern(pass->tape, x, pass->position);
  return lat_pass_drop(pass, x);
}

struct lat_array *lat_pass_begin_step(struct lat_pass *pass, size_t step, struct lat_array *x, struct lat_array *first) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (config->input_injection != LAT_INJECTION_NONE && step > 0) x = lat_sum_of(pass->tape, 1, x, 1, first);
  if (config->input_injection == LAT_INJECTION_NORM) x = lat_pass_norm_of(pass, pass->inject_norm, x);
  if (config->step_embeddings > 0)
    x = lat_add_pattern(pass->tape, x, pass->step[step < config->step_embeddings ? step : config->step_embeddings - 1]);
  return x;
}

struct lat_array *lat_pass_finish_half(struct lat_pass *pass, struct lat_pass_linear part, struct lat_pass_norm after,
                                       struct lat_pass_norm around, struct lat_array *input, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  double scale = config->residual_scale != 0 ? config->residual_scale : 1;
  int sandwich = config->norm != LAT_NORM_NONE && config->placement == LAT_PLACEMENT_SANDWICH;
  if (!sandwich && scale == 1 && pass->stream == 1 && !(pass->dropout > 0)) {
    x = lat_linear(pass->tape, input, part.weight, part.bias, x);
  } else {
    struct lat_array *added = lat_linear(pass->tape, input, part.weight, part.bias, NULL);
    if (sandwich) added = lat_pass_norm_of(pass, after, added);
    x = lat_sum_of(pass->tape, pass->stream, x, scale, lat_pass_drop(pass, added));
  }
  return config->placement == LAT_PLACEMENT_POST ? lat_pass_norm_of(pass, around, x) : x;
}

static struct lat_array *rotate(struct lat_pass *pass, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  if (pass->rotary == NULL) return x;
  return lat_rotate(pass->tape, x, pass->sequence, config->heads, config->key_width, pass->rotary);
}

static struct lat_array *attention_half(struct lat_pass *pass, const struct lat_pass_layer *layer, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  const struct lat_attention_shape shape = {.batch = pass->batch,
                                            .sequence = pass->sequence,
                                            .heads = config->heads,
                                            .key_width = config->key_width,
                                            .value_width = config->value_width,
                                            .mask = config->mask,
                                            .window = config->window,
                                            .scale = (float)config->attention_scale};
  struct lat_array *input = config->placement == LAT_PLACEMENT_POST ? x : lat_pass_norm_of(pass, layer->norm1, x);
  struct lat_array *query = lat_linear(pass->tape, input, layer->query.weight, layer->query.bias, NULL);
  struct lat_array *key = lat_linear(pass->tape, input, layer->key.weight, layer->key.bias, NULL);
  struct lat_array *value = lat_linear(pass->tape, input, layer->value.weight, layer->value.bias, NULL);
  struct lat_array *mixed = lat_attend(pass->tape, &shape, rotate(pass, query), rotate(pass, key), value);
  return lat_pass_finish_half(pass, layer->output, layer->norm3, layer->norm1, mixed, x);
}

struct lat_array *lat_pass_feed_forward(struct lat_pass *pass, const struct lat_pass_layer *layer, struct lat_array *x) {
  const struct lat_transformer_config *config = &pass->model->config;
  struct lat_array *input = config->placement == LAT_PLACEMENT_POST ? x : lat_pass_norm_of(pass, layer->norm2, x);
  struct lat_array *hidden = lat_linear(pass->tape, input, layer->up.weight, layer->up.bias, NULL);
  hidden = lat_activate(pass->tape, config->activation, hidden);
  return lat_pass_finish_half(pass, layer->down, layer->norm4, layer->norm2, hidden, x);
}

struct lat_array *lat_pass_layer(struct lat_pass *pass, size_t index, struct lat_array *x) {
  const struct lat_pass_layer *layer = &pass->layer[index];
  if (pass->model->config.heads > 0) x = attention_half(pass, layer, x);
  return lat_pass_feed_forward(pass, layer, x);
}

struct lat_array *lat_pass_step(struct lat_pass *pass, size_t step, struct lat_array *x, struct lat_array *first) {
  x = lat_pass_begin_step(pass, step, x, first);
  for (size_t l = 0; l < pass->model->config.layers; l++) x = lat_pass_layer(pass, l, x);
  return x;
}

struct lat_array *lat_pass_run(struct lat_pass *pass, size_t steps, size_t through, struct lat_array *x,
                               struct lat_array **state) {
  struct lat_array *first = x;
  for (size_t t = 0; t < steps; t++) {
    if (through < steps && t == steps - through) x = lat_stop_gradient(pass->tape, x);
    x = lat_pass_step(pass, t, x, first);
    if (pass->between != NULL && x != NULL) x = pass->between(pass->between_context, pass, t, x);
    if (state != NULL) state[t] = x;
  }
  return x;
}

struct lat_array *lat_pass_logits(struct lat_pass *pass, struct lat_array *x) {
  if (pass->model->config.final_norm) x = lat_pass_norm_of(pass, pass->final_norm, x);
  return lat_linear(pass->tape, x, pass->head, NULL, NULL);
}
