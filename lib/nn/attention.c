#include "lib/nn/attention.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "lib/nn/emulate.h"
#include "lib/nn/gemm.h"
#include "lib/nn/softmax.h"

size_t lat_attention_scratch(size_t sequence) { return LAT_ATTENTION_TILE * sequence; }

void lat_attention_rows(const struct lat_attention_shape *shape, size_t i0, size_t i1, const float *q, const float *k,
                        const float *v, float *y, float *scores) {
  if (!lat_arithmetic_is_plain(shape->arithmetic)) {
    lat_emulate_attention_rows(shape, i0, i1, q, k, v, y, scores);
    return;
  }
  size_t key_stride = shape->heads * shape->key_width, value_stride = shape->heads * shape->value_width;
  size_t first, end, unused;
  lat_attention_range(shape->mask, shape->window, shape->sequence, i0, &first, &unused);
  lat_attention_range(shape->mask, shape->window, shape->sequence, i1 - 1, &unused, &end);
  size_t columns = end - first;
  lat_gemm(i1 - i0, columns, shape->key_width, shape->scale, (struct lat_matrix){q, key_stride, 0},
           (struct lat_matrix){k + first * key_stride, key_stride, 1}, 0.0f, scores, columns);
  for (size_t i = i0; i < i1; i++) {
    size_t from, to;
    lat_attention_range(shape->mask, shape->window, shape->sequence, i, &from, &to);
    float *row = scores + (i - i0) * columns, *allowed = row + (from - first);
    memset(row, 0, (from - first) * sizeof *row);
    lat_softmax(to - from, allowed, allowed);
    memset(allowed + (to - from), 0, (end - to) * sizeof *row);
  }
  lat_gemm(i1 - i0, shape->value_width, columns, 1.0f, (struct lat_matrix){scores, columns, 0},
           (struct lat_matrix){v + first * value_stride, value_stride, 0}, 0.0f, y, value_stride);
}

void lat_attention_forward(const struct lat_attention_shape *shape, const float *q, const float *k, const float *v,
                           float *y, float *scratch, int threads, size_t per_thread) {
  size_t tiles = (shape->sequence + LAT_ATTENTION_TILE - 1) / LAT_ATTENTION_TILE;
  size_t key_stride = shape->heads * shape->key_width, value_stride = shape->heads * shape->value_width;
  int alone = omp_in_parallel();
#pragma omp parallel for schedule(static) num_threads(threads) if (!alone)
  for (size_t task = 0; task < shape->batch * shape->heads * tiles; task++) {
    size_t tile = task % tiles, head = task / tiles % shape->heads, token = task / tiles / shape->heads * shape->sequence;
    size_t key = token * key_stride + head * shape->key_width, value = token * value_stride + head * shape->value_width;
    size_t begin = tile * LAT_ATTENTION_TILE,
           end = begin + LAT_ATTENTION_TILE < shape->sequence ? begin + LAT_ATTENTION_TILE : shape->sequence;
    float *scores = scratch + (alone ? 0 : (size_t)omp_get_thread_num() * per_thread);
    lat_attention_rows(shape, begin, end, q + key + begin * key_stride, k + key, v + value,
                       y + value + begin * value_stride, scores);
  }
}

void lat_attention_reference(const struct lat_attention_shape *shape, const float *q, const float *k, const float *v,
                             float *y, double *weights) {
  size_t heads = shape->heads, key_width = shape->key_width, value_width = shape->value_width;
  for (size_t token = 0; token < shape->batch * shape->sequence; token++) {
    size_t i = token % shape->sequence, start = token - i, first, end;
    lat_attention_range(shape->mask, shape->window, shape->sequence, i, &first, &end);
    for (size_t head = 0; head < heads; head++) {
      double largest = (double)-INFINITY, sum = 0.0;
      for (size_t j = first; j < end; j++) {
        weights[j] = 0.0;
        for (size_t d = 0; d < key_width; d++)
          weights[j] += (double)q[(token * heads + head) * key_width + d] *
                        (double)k[((start + j) * heads + head) * key_width + d] * (double)shape->scale;
        largest = weights[j] > largest ? weights[j] : largest;
      }
      for (size_t j = first; j < end; j++) sum += weights[j] = exp(weights[j] - largest);
      for (size_t d = 0; d < value_width; d++) {
        double total = 0.0;
        for (size_t j = first; j < end; j++)
          total += weights[j] / sum * (double)v[((start + j) * heads + head) * value_width + d];
        y[(token * heads + head) * value_width + d] = (float)total;
      }
    }
  }
}
