#include "lib/compile/engine_sparse.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static int fill_terms(struct lat_engine *engine, const float *weight, const float *gain, size_t columns, size_t rows,
                      const uint32_t *row, const int32_t *local, struct lat_sparse *sparse) {
  size_t terms = 0;
  for (size_t r = 0; r < rows; r++) {
    for (size_t c = 0; c < columns; c++) terms += local[c] >= 0 && weight[row[r] * columns + c] != 0.0f;
  }
  sparse->rows = rows;
  sparse->first = lat_engine_memory(engine, rows + 1, sizeof *sparse->first);
  sparse->column = lat_engine_memory(engine, terms, sizeof *sparse->column);
  sparse->weight = lat_engine_memory(engine, terms, sizeof *sparse->weight);
  sparse->bias = lat_engine_memory(engine, rows, sizeof *sparse->bias);
  if (sparse->first == NULL || sparse->column == NULL || sparse->weight == NULL || sparse->bias == NULL) return LAT_MEMORY;
  uint32_t at = 0;
  for (size_t r = 0; r < rows; r++) {
    sparse->first[r] = at;
    for (size_t c = 0; c < columns; c++) {
      float w = weight[row[r] * columns + c];
      if (local[c] < 0 || w == 0.0f) continue;
      sparse->column[at] = (uint32_t)local[c];
      sparse->weight[at++] = gain != NULL ? w * gain[c] : w;
    }
  }
  sparse->first[rows] = at;
  sparse->run_end = lat_engine_memory(engine, rows, sizeof *sparse->run_end);
  sparse->run_terms = lat_engine_memory(engine, rows, sizeof *sparse->run_terms);
  if (sparse->run_end == NULL || sparse->run_terms == NULL) return LAT_MEMORY;
  for (size_t r = 0; r < rows; r++) {
    uint32_t has = sparse->first[r + 1] - sparse->first[r];
    if (r == 0 || sparse->run_terms[sparse->runs - 1] != has) sparse->run_terms[sparse->runs++] = has;
    sparse->run_end[sparse->runs - 1] = (uint32_t)r + 1;
  }
  return LAT_OK;
}

int lat_sparse_rows(struct lat_engine *engine, const float *weight, const float *bias, size_t columns, size_t rows,
                    const uint32_t *row, const int32_t *local, struct lat_sparse *sparse) {
  if (fill_terms(engine, weight, NULL, columns, rows, row, local, sparse) != LAT_OK) return LAT_MEMORY;
  for (size_t r = 0; r < rows; r++) sparse->bias[r] = bias != NULL ? bias[row[r]] : 0.0f;
  return LAT_OK;
}

/* base[i, r] = sum over static channels of W gain x, plus the constant when there is no norm to come between. */
static void fill_base(const struct lat_engine *engine, const float *weight, const float *gain, int plain, size_t rows,
                      const uint32_t *row, const unsigned char *is_static, const struct lat_sparse *sparse) {
  size_t N = engine->tokens, D = engine->width;
  const float *state = engine->compiled->prompt->state;
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < N; i++) {
    for (size_t r = 0; r < rows; r++) {
      double sum = plain ? (double)sparse->bias[r] : 0.0;
      const float *w = weight + row[r] * D;
      for (size_t c = 0; c < D; c++) {
        if (is_static[c] && w[c] != 0.0f) {
          sum += (double)w[c] * (gain == NULL ? 1.0 : (double)gain[c]) * (double)state[i * D + c];
        }
      }
      sparse->base[i * rows + r] = (float)sum;
    }
  }
}

int lat_sparse_normed(struct lat_engine *engine, const float *weight, const float *bias,
                      const struct lat_norm_weights *norm, size_t rows, const uint32_t *row, const int32_t *local,
                      const unsigned char *is_static, struct lat_sparse *sparse) {
  size_t D = engine->width;
  int same = norm->gain != NULL;
  float first = same ? norm->gain[0] : 1.0f;
  for (size_t c = 1; c < D && same; c++) same = norm->gain[c] == first;
  const float *gain = same ? NULL : norm->gain;
  sparse->gain = same ? first : 1.0f;
  if (fill_terms(engine, weight, gain, D, rows, row, local, sparse) != LAT_OK) return LAT_MEMORY;
  int has_base = 0;
  for (size_t r = 0; r < rows; r++) {
    const float *w = weight + row[r] * D;
    double sum = bias != NULL ? (double)bias[row[r]] : 0.0;
    for (size_t c = 0; c < D; c++) {
      if (norm->bias != NULL) sum += (double)w[c] * (double)norm->bias[c];
      if (is_static[c] && w[c] != 0.0f) has_base = 1;
    }
    sparse->bias[r] = (float)sum;
  }
  if (engine->compiled->model->config.norm == LAT_NORM_LAYERNORM) {
    sparse->mean = lat_engine_memory(engine, rows, sizeof *sparse->mean);
    if (sparse->mean == NULL) return LAT_MEMORY;
    for (size_t r = 0; r < rows; r++) {
      double sum = 0.0;
      for (size_t c = 0; c < D; c++) {
        double w = (double)weight[row[r] * D + c];
        sum += gain != NULL ? w * (double)gain[c] : w;
      }
      sparse->mean[r] = (float)sum;
    }
  }
  if (!has_base && norm->gain == NULL) return LAT_OK;
  sparse->base = lat_engine_memory(engine, engine->tokens, rows * sizeof *sparse->base);
  if (sparse->base == NULL) return LAT_MEMORY;
  fill_base(engine, weight, gain, norm->gain == NULL, rows, row, is_static, sparse);
  return LAT_OK;
}

void lat_sparse_free(struct lat_sparse *sparse) {
  lat_free(sparse->first);
  lat_free(sparse->column);
  lat_free(sparse->weight);
  lat_free(sparse->base);
  lat_free(sparse->mean);
  lat_free(sparse->bias);
  lat_free(sparse->run_end);
  lat_free(sparse->run_terms);
  memset(sparse, 0, sizeof *sparse);
}
