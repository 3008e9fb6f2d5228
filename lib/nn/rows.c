#include "lib/nn/rows.h"

#include "lib/nn/activation.h"
#include "lib/nn/gemm.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/rmsnorm.h"

const float *lat_rows_norm(const struct lat_transformer_config *config, const struct lat_norm_weights *norm, size_t rows,
                           const float *x, float *y) {
  switch (config->norm) {
    case LAT_NORM_NONE: return x;
    case LAT_NORM_RMSNORM: lat_rmsnorm_forward(rows, config->width, x, norm->gain, config->norm_epsilon, y); break;
    case LAT_NORM_LAYERNORM:
      lat_layernorm_forward(rows, config->width, x, norm->gain, norm->bias, config->norm_epsilon, y);
      break;
  }
  return y;
}

void lat_rows_linear(const struct lat_linear *part, size_t rows, size_t out, size_t in, const float *x, float keep,
                     float *y) {
  lat_gemm(rows, out, in, 1.0f, (struct lat_matrix){x, in, 0}, (struct lat_matrix){part->weight, in, 1}, keep, y, out);
  if (part->bias == NULL) return;
  for (size_t row = 0; row < rows; row++, y += out) {
#pragma omp simd
    for (size_t i = 0; i < out; i++) y[i] += part->bias[i];
  }
}

void lat_rows_project(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                      const float *x, float *query, float *key, float *value, float *normed) {
  size_t width = config->width, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  const float *input = lat_rows_norm(config, &layer->norm1, rows, x, normed);
  lat_rows_linear(&layer->query, rows, keys, width, input, 0.0f, query);
  lat_rows_linear(&layer->key, rows, keys, width, input, 0.0f, key);
  lat_rows_linear(&layer->value, rows, values, width, input, 0.0f, value);
}

void lat_rows_feed(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t rows,
                   const float *mixed, float *x, float *scratch) {
  size_t width = config->width, values = config->heads * config->value_width;
  float *normed = scratch, *hidden = scratch + rows * width;
  if (config->heads > 0) lat_rows_linear(&layer->output, rows, width, values, mixed, 1.0f, x);
  const float *input = lat_rows_norm(config, &layer->norm2, rows, x, normed);
  lat_rows_linear(&layer->up, rows, config->ffn, width, input, 0.0f, hidden);
  lat_activation_forward(config->activation, rows * config->ffn, hidden, hidden);
  lat_rows_linear(&layer->down, rows, width, config->ffn, hidden, 1.0f, x);
}

void lat_rows_begin_step(const struct lat_transformer *model, size_t step, size_t rows, const float *first, float *x) {
  const struct lat_transformer_config *config = &model->config;
  size_t count = rows * config->width;
  if (config->input_injection && step > 0)
    for (size_t i = 0; i < count; i++) x[i] += first[i];
  if (config->step_embeddings == 0) return;
  const float *row = model->step + (step < config->step_embeddings ? step : config->step_embeddings - 1) * config->width;
  for (size_t i = 0; i < count; i += config->width)
    for (size_t d = 0; d < config->width; d++) x[i + d] += row[d];
}

void lat_rows_logits(const struct lat_transformer *model, size_t rows, const float *x, float *logits, float *scratch) {
  const struct lat_transformer_config *config = &model->config;
  const struct lat_linear head = {model->head, NULL};
  if (config->final_norm) x = lat_rows_norm(config, &model->final_norm, rows, x, scratch);
  lat_rows_linear(&head, rows, config->vocabulary, config->width, x, 0.0f, logits);
}
