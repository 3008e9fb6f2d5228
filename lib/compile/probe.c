#include "lib/compile/probe.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/activation.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/rmsnorm.h"

/* Compressed rows of a linear part. */
struct sparse {
  size_t rows;
  size_t *first;    /* [rows + 1] */
  uint32_t *column; /* [first[rows]] */
  float *weight;    /* [first[rows]] */
  const float *bias;
};

struct lat_probe {
  const struct lat_transformer *model;
  const struct lat_layer *layer;
  struct sparse query, key, value, output, up, down;
  float *normed, *head, *hidden; /* [D], [H * value_width], [F] */
};

static int sparse_make(const struct lat_linear *linear, size_t rows, size_t columns, struct sparse *sparse) {
  size_t count = 0;
  for (size_t i = 0; i < rows * columns; i++) count += linear->weight[i] != 0.0f;
  sparse->rows = rows;
  sparse->bias = linear->bias;
  sparse->first = lat_alloc(rows + 1, sizeof *sparse->first);
  sparse->column = lat_alloc(count, sizeof *sparse->column);
  sparse->weight = lat_alloc(count, sizeof *sparse->weight);
  if (!sparse->first || !sparse->column || !sparse->weight)
    return LAT_FAIL(LAT_MEMORY, "no memory for a layer of %zu weights", rows * columns);
  count = 0;
  for (size_t r = 0; r < rows; r++) {
    sparse->first[r] = count;
    for (size_t c = 0; c < columns; c++) {
      float weight = linear->weight[r * columns + c];
      if (weight == 0.0f) continue;
      sparse->column[count] = (uint32_t)c;
      sparse->weight[count++] = weight;
    }
  }
  sparse->first[rows] = count;
  return LAT_OK;
}

static void sparse_free(struct sparse *sparse) {
  lat_free(sparse->first);
  lat_free(sparse->column);
  lat_free(sparse->weight);
}

static float sparse_row(const struct sparse *sparse, size_t row, const float *x) {
  float sum = sparse->bias ? sparse->bias[row] : 0.0f;
  for (size_t i = sparse->first[row]; i < sparse->first[row + 1]; i++) sum += sparse->weight[i] * x[sparse->column[i]];
  return sum;
}

static const float *normed(struct lat_probe *probe, const struct lat_norm_weights *norm, const float *x) {
  const struct lat_transformer_config *config = &probe->model->config;
  if (config->norm == LAT_NORM_NONE) return x;
  if (config->norm == LAT_NORM_RMSNORM)
    lat_rmsnorm_forward(1, config->width, x, norm->gain, config->norm_epsilon, probe->normed);
  else
    lat_layernorm_forward(1, config->width, x, norm->gain, norm->bias, config->norm_epsilon, probe->normed);
  return probe->normed;
}

int lat_probe_alloc(const struct lat_transformer *model, size_t layer, struct lat_probe **result) {
  const struct lat_transformer_config *config = &model->config;
  const struct lat_layer *from = &model->layer[layer];
  size_t D = config->width, F = config->ffn, keys = config->heads * config->key_width;
  size_t values = config->heads * config->value_width;
  int status = LAT_OK;
  *result = NULL;
  struct lat_probe *probe = lat_calloc(1, sizeof *probe);
  LAT_CHECK(status, probe, LAT_MEMORY, "no memory for a layer");
  probe->model = model;
  probe->layer = from;
  LAT_TRY(status, sparse_make(&from->query, keys, D, &probe->query));
  LAT_TRY(status, sparse_make(&from->key, keys, D, &probe->key));
  LAT_TRY(status, sparse_make(&from->value, values, D, &probe->value));
  LAT_TRY(status, sparse_make(&from->output, D, values, &probe->output));
  LAT_TRY(status, sparse_make(&from->up, F, D, &probe->up));
  LAT_TRY(status, sparse_make(&from->down, D, F, &probe->down));
  probe->normed = lat_alloc(D, sizeof(float));
  probe->head = lat_alloc(values, sizeof(float));
  probe->hidden = lat_alloc(F, sizeof(float));
  LAT_CHECK(status, probe->normed && probe->head && probe->hidden, LAT_MEMORY, "no memory for a row of a layer");
  *result = probe;
  probe = NULL;
done:
  lat_probe_free(probe);
  return status;
}

void lat_probe_free(struct lat_probe *probe) {
  if (!probe) return;
  struct sparse *part[] = {&probe->query, &probe->key, &probe->value, &probe->output, &probe->up, &probe->down};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) sparse_free(part[i]);
  lat_free(probe->normed);
  lat_free(probe->head);
  lat_free(probe->hidden);
  lat_free(probe);
}

void lat_probe_query(struct lat_probe *probe, const float *x, float *query) {
  const float *row = normed(probe, &probe->layer->norm1, x);
  for (size_t i = 0; i < probe->query.rows; i++) query[i] = sparse_row(&probe->query, i, row);
}

void lat_probe_key(struct lat_probe *probe, const float *x, float *key) {
  const float *row = normed(probe, &probe->layer->norm1, x);
  for (size_t i = 0; i < probe->key.rows; i++) key[i] = sparse_row(&probe->key, i, row);
}

void lat_probe_apply(struct lat_probe *probe, const float *const *source, float *x) {
  const struct lat_transformer_config *config = &probe->model->config;
  size_t width = config->value_width;
  for (size_t h = 0; h < config->heads; h++) {
    const float *row = normed(probe, &probe->layer->norm1, source[h]);
    for (size_t i = 0; i < width; i++) probe->head[h * width + i] = sparse_row(&probe->value, h * width + i, row);
  }
  for (size_t d = 0; d < config->width; d++) x[d] += sparse_row(&probe->output, d, probe->head);
  const float *row = normed(probe, &probe->layer->norm2, x);
  for (size_t f = 0; f < config->ffn; f++) probe->hidden[f] = sparse_row(&probe->up, f, row);
  lat_activation_forward(config->activation, config->ffn, probe->hidden, probe->hidden);
  for (size_t d = 0; d < config->width; d++) x[d] += sparse_row(&probe->down, d, probe->hidden);
}
