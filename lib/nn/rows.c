#include "lib/nn/rows.h"

#include "lib/nn/activation.h"
#include "lib/nn/emulate.h"
#include "lib/nn/gemm.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/positions.h"
#include "lib/nn/rmsnorm.h"

static int plain(const struct lat_transformer_config *config) { return lat_arithmetic_is_plain(config->arithmetic); }

void lat_rows_enter(const struct lat_transformer_config *config, size_t count, float *x) {
  if (config->arithmetic.storage != LAT_DTYPE_FP32) lat_dtype_round_all(config->arithmetic.storage, count, x, x);
}

const float *lat_rows_norm(const struct lat_transformer_config *config, const struct lat_norm_weights *norm, size_t rows,
                           const float *x, float *y) {
  if (config->norm == LAT_NORM_NONE) return x;
  if (!plain(config))
    lat_emulate_norm(config->arithmetic, config->norm, rows, config->width, x, norm->gain, norm->bias, config->norm_epsilon,
                     y);
  else if (config->norm == LAT_NORM_RMSNORM)
    lat_rmsnorm_forward(rows, config->width, x, norm->gain, config->norm_epsilon, y);
  else
    lat_layernorm_forward(rows, config->width, x, norm->gain, norm->bias, config->norm_epsilon, y);
  return y;
}

/* y [rows, out] = keep y + x W^T + b in single precision */
static void linear(const struct lat_linear *part, size_t rows, size_t out, size_t in, const float *x, float keep,
                   float *y) {
  lat_gemm(rows, out, in, 1.0f, (struct lat_matrix){x, in, 0}, (struct lat_matrix){part->weight, in, 1}, keep, y, out);
  if (part->bias == NULL) return;
  for (size_t row = 0; row < rows; row++, y += out) {
#pragma omp simd
    for (size_t i = 0; i < out; i++) y[i] += part->bias[i];
  }
}

void lat_rows_linear(const struct lat_transformer_config *config, const struct lat_linear *part, size_t rows, size_t out,
                     size_t in, const float *x, float *y) {
  if (plain(config))
    linear(part, rows, out, in, x, 0.0f, y);
  else
    lat_emulate_linear(config->arithmetic, part, rows, out, in, x, y);
}

/* One half of a layer ends: x [rows, D] += scale * after(part of input [rows, in]), then x = around(x). `after` and `around` may be
 * NULL. Where what is added does not land on x at once, it stands in result [rows, D]. */
static void add_linear(const struct lat_transformer_config *config, const struct lat_linear *part,
                       const struct lat_norm_weights *after, const struct lat_norm_weights *around, size_t rows, size_t in,
                       const float *input, float *result, float *x) {
  size_t count = rows * config->width;
  float scale = config->residual_scale != 0 ? (float)config->residual_scale : 1.0f;
  if (plain(config) && after == NULL && scale == 1.0f) {
    linear(part, rows, config->width, in, input, 1.0f, x);
  } else {
    lat_rows_linear(config, part, rows, config->width, in, input, result);
    if (after != NULL) lat_rows_norm(config, after, rows, result, result);
    if (plain(config))
      for (size_t i = 0; i < count; i++) x[i] += scale * result[i];
    else
      lat_emulate_add(config->arithmetic.storage, count, result, x);
  }
  if (around != NULL) lat_rows_norm(config, around, rows, x, x);
}

/* x_i += y_i */
static void add(const struct lat_transformer_config *config, size_t n, const float *y, float *x) {
  if (plain(config))
    for (size_t i = 0; i < n; i++) x[i] += y[i];
  else
    lat_emulate_add(config->arithmetic.storage, n, y, x);
}

void lat_rows_rotate(const struct lat_transformer_config *config, size_t first, size_t rows, size_t sequence,
                     const float *table, float *x) {
  lat_rotary_forward(first, rows, sequence, config->heads, config->key_width, table, x);
  if (!plain(config)) lat_dtype_round_all(config->arithmetic.storage, rows * config->heads * config->key_width, x, x);
}

void lat_rows_project(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                      const float *x, float *query, float *key, float *value, float *normed) {
  size_t width = config->width, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  const float *input = config->placement == LAT_PLACEMENT_POST ? x : lat_rows_norm(config, &layer->norm1, rows, x, normed);
  lat_rows_linear(config, &layer->query, rows, keys, width, input, query);
  lat_rows_linear(config, &layer->key, rows, keys, width, input, key);
  lat_rows_linear(config, &layer->value, rows, values, width, input, value);
}

void lat_rows_feed(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                   const float *mixed, float *x, float *scratch) {
  size_t width = config->width, values = config->heads * config->value_width;
  float *normed = scratch, *hidden = scratch + rows * width;
  int post = config->norm != LAT_NORM_NONE && config->placement == LAT_PLACEMENT_POST;
  int sandwich = config->norm != LAT_NORM_NONE && config->placement == LAT_PLACEMENT_SANDWICH;
  if (config->heads > 0)
    add_linear(config, &layer->output, sandwich ? &layer->norm3 : NULL, post ? &layer->norm1 : NULL, rows, values, mixed,
               normed, x);
  const float *input = post ? x : lat_rows_norm(config, &layer->norm2, rows, x, normed);
  lat_rows_linear(config, &layer->up, rows, config->ffn, width, input, hidden);
  if (plain(config))
    lat_activation_forward(config->activation, rows * config->ffn, hidden, hidden);
  else
    lat_emulate_activation(config->arithmetic.storage, config->activation, rows * config->ffn, hidden, hidden);
  add_linear(config, &layer->down, sandwich ? &layer->norm4 : NULL, post ? &layer->norm2 : NULL, rows, config->ffn, hidden,
             normed, x);
}

void lat_rows_begin_step(const struct lat_transformer *model, size_t step, size_t rows, const float *first, float *x) {
  const struct lat_transformer_config *config = &model->config;
  size_t count = rows * config->width;
  if (config->input_injection != LAT_INJECTION_NONE && step > 0) add(config, count, first, x);
  if (config->input_injection == LAT_INJECTION_NORM) lat_rows_norm(config, &model->inject_norm, rows, x, x);
  if (config->step_embeddings == 0) return;
  const float *row = model->step + (step < config->step_embeddings ? step : config->step_embeddings - 1) * config->width;
  for (size_t i = 0; i < count; i += config->width) add(config, config->width, row, x + i);
}

void lat_rows_logits(const struct lat_transformer *model, size_t rows, const float *x, float *logits, float *scratch) {
  const struct lat_transformer_config *config = &model->config;
  const struct lat_linear head = {model->head, NULL};
  if (config->final_norm) x = lat_rows_norm(config, &model->final_norm, rows, x, scratch);
  lat_rows_linear(config, &head, rows, lat_transformer_classes(config), config->width, x, logits);
}
