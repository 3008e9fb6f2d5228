#include "lib/nn/emulate.h"

#include <math.h>
#include <string.h>

#include "lib/nn/activation.h"
#include "lib/nn/dtype_round.h"
#include "lib/nn/vector_math.h"

/* The sum of two numbers of any formats here, rounded once. */
static double rounded_sum(enum lat_dtype dtype, double a, double b) {
  return lat_dtype_nearest(lat_dtype_shape(dtype), lat_dtype_sum_to_odd(a, b));
}

void lat_emulate_linear(struct lat_arithmetic arithmetic, const struct lat_linear *part, size_t rows, size_t out, size_t in,
                        const float *x, float *y) {
  lat_emulate_gemm(arithmetic.accumulate, rows, out, in, (struct lat_matrix){x, in, 0},
                   (struct lat_matrix){part->weight, in, 1}, y, out);
  for (size_t row = 0; row < rows && part->bias != NULL; row++)
    for (size_t i = 0; i < out; i++)
      y[row * out + i] = (float)rounded_sum(arithmetic.accumulate, (double)y[row * out + i], (double)part->bias[i]);
  lat_dtype_round_all(arithmetic.storage, rows * out, y, y);
}

void lat_emulate_add(enum lat_dtype storage, size_t n, const float *x, float *y) {
  for (size_t i = 0; i < n; i++) y[i] = (float)rounded_sum(storage, (double)y[i], (double)x[i]);
}

void lat_emulate_norm(struct lat_arithmetic arithmetic, enum lat_norm kind, size_t rows, size_t width, const float *x,
                      const float *gain, const float *bias, double epsilon, float *y) {
  const enum lat_dtype accumulate = arithmetic.accumulate;
  const struct lat_dtype_shape shape = lat_dtype_shape(accumulate);
  double n = (double)width;
  for (size_t row = 0; row < rows; row++, x += width, y += width) {
    float mean = 0.0f, squares = 0.0f;
    if (kind == LAT_NORM_LAYERNORM) {
      for (size_t i = 0; i < width; i++) mean = lat_emulate_term(accumulate, mean, x[i], 1.0f);
      mean = (float)lat_dtype_nearest(shape, (double)mean / n);
    }
    for (size_t i = 0; i < width; i++) {
      y[i] = (float)rounded_sum(accumulate, (double)x[i], -(double)mean);
      squares = lat_emulate_term(accumulate, squares, y[i], y[i]);
    }
    double square = lat_dtype_nearest(shape, lat_dtype_nearest(shape, (double)squares / n) + epsilon);
    double inverse = lat_dtype_nearest(shape, 1.0 / sqrt(square));
    for (size_t i = 0; i < width; i++) {
      double scaled = lat_dtype_nearest(shape, lat_dtype_nearest(shape, (double)y[i] * inverse) * (double)gain[i]);
      if (bias != NULL) scaled = rounded_sum(accumulate, scaled, (double)bias[i]);
      y[i] = (float)scaled;
    }
    lat_dtype_round_all(arithmetic.storage, width, y, y);
  }
}

void lat_emulate_activation(enum lat_dtype storage, enum lat_activation kind, size_t n, const float *x, float *y) {
  lat_activation_forward(kind, n, x, y);
  lat_dtype_round_all(storage, n, y, y);
}

/* Scores of one row, `n` of them allowed, to exponentials. */
static void exponentials(enum lat_dtype accumulate, float scale, size_t n, float *row) {
  const struct lat_dtype_shape shape = lat_dtype_shape(accumulate);
  for (size_t j = 0; j < n; j++) row[j] = (float)lat_dtype_nearest(shape, (double)row[j] * (double)scale);
  float largest = row[0];
  for (size_t j = 1; j < n; j++) largest = largest > row[j] ? largest : row[j];
  for (size_t j = 0; j < n; j++) row[j] = (float)rounded_sum(accumulate, (double)row[j], -(double)largest);
#pragma omp simd
  for (size_t j = 0; j < n; j++) row[j] = lat_exp(row[j]);
  lat_dtype_round_all(accumulate, n, row, row);
}

void lat_emulate_attention_rows(const struct lat_attention_shape *shape, size_t i0, size_t i1, const float *q,
                                const float *k, const float *v, float *y, float *scores) {
  const struct lat_arithmetic arithmetic = shape->arithmetic;
  static const float one = 1.0f;
  size_t key_stride = shape->heads * shape->key_width, value_stride = shape->heads * shape->value_width;
  size_t first, end, unused, rows = i1 - i0;
  lat_attention_range(shape->mask, shape->window, shape->sequence, i0, &first, &unused);
  lat_attention_range(shape->mask, shape->window, shape->sequence, i1 - 1, &unused, &end);
  size_t columns = end - first;
  lat_emulate_gemm(arithmetic.accumulate, rows, columns, shape->key_width, (struct lat_matrix){q, key_stride, 0},
                   (struct lat_matrix){k + first * key_stride, key_stride, 1}, scores, columns);
  for (size_t i = i0; i < i1; i++) {
    size_t from, to;
    lat_attention_range(shape->mask, shape->window, shape->sequence, i, &from, &to);
    float *row = scores + (i - i0) * columns;
    memset(row, 0, (from - first) * sizeof *row);
    exponentials(arithmetic.accumulate, shape->scale, to - from, row + (from - first));
    memset(row + (to - first), 0, (end - to) * sizeof *row);
  }
  for (size_t i = 0; i < rows; i += LAT_ATTENTION_TILE) { /* a forbidden token adds an exact 0 */
    float total[LAT_ATTENTION_TILE];
    size_t part = rows - i < LAT_ATTENTION_TILE ? rows - i : LAT_ATTENTION_TILE;
    lat_emulate_gemm(arithmetic.accumulate, part, 1, columns, (struct lat_matrix){scores + i * columns, columns, 0},
                     (struct lat_matrix){&one, 0, 0}, total, 1);
    for (size_t r = 0; r < part; r++) {
      float *row = scores + (i + r) * columns;
      const struct lat_dtype_shape rounding = lat_dtype_shape(arithmetic.accumulate);
      for (size_t j = 0; j < columns; j++) row[j] = (float)lat_dtype_nearest(rounding, (double)row[j] / (double)total[r]);
      lat_dtype_round_all(arithmetic.storage, columns, row, row);
    }
  }
  lat_emulate_gemm(arithmetic.accumulate, rows, shape->value_width, columns, (struct lat_matrix){scores, columns, 0},
                   (struct lat_matrix){v + first * value_stride, value_stride, 0}, y, value_stride);
  for (size_t i = 0; i < rows; i++)
    lat_dtype_round_all(arithmetic.storage, shape->value_width, y + i * value_stride, y + i * value_stride);
}
