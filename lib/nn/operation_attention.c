#include <assert.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/gemm.h"
#include "lib/nn/operation.h"
#include "lib/nn/softmax.h"
#include "lib/nn/sums.h"

struct attend {
  struct lat_attention_shape shape;
  struct lat_array *q, *k, *v;
  lat_real *weight; /* [B, H, S, S], zero where the mask forbids */
};

/* Where head h of sequence b begins in q and k, in v and y, and in the weights. */
struct place {
  size_t key, value, weight;
};

static struct place place_of(const struct lat_attention_shape *shape, size_t task) {
  size_t b = task / shape->heads, h = task % shape->heads, S = shape->sequence;
  return (struct place){(b * S * shape->heads + h) * shape->key_width, (b * S * shape->heads + h) * shape->value_width,
                        task * S * S};
}

static int attend_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct attend *r = record;
  const struct lat_attention_shape *shape = &r->shape;
  size_t S = shape->sequence, keys = shape->heads * shape->key_width, values = shape->heads * shape->value_width;
  lat_real *dq = NULL, *dk = NULL, *dv = NULL, keep_q = 0, keep_k = 0, keep_v = 0;
  int status = LAT_OK;
  lat_real *dz = lat_tape_borrow(tape, S * S);
  LAT_CHECK(status, dz != NULL, LAT_MEMORY, "no memory for %zu x %zu scores", S, S);
  if (r->q->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->q, &dq, &keep_q));
  if (r->k->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->k, &dk, &keep_k));
  if (r->v->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->v, &dv, &keep_v));
  if (r->q == r->k) keep_k = 1; /* one array in two places */
  if (r->v == r->q || r->v == r->k) keep_v = 1;
  for (size_t task = 0; task < shape->batch * shape->heads; task++) {
    struct place at = place_of(shape, task);
    const lat_real *dy = y->gradient + at.value, *P = r->weight + at.weight;
    if (dq != NULL || dk != NULL) {
      lat_gemm(S, S, shape->value_width, 1, (struct lat_matrix){dy, values, 0},
               (struct lat_matrix){r->v->value + at.value, values, 1}, 0, dz, S);
      for (size_t i = 0; i < S; i++) {
        size_t first, end;
        lat_attention_range(shape->mask, shape->window, S, i, &first, &end);
        const lat_real *p = P + i * S;
        lat_real *row = dz + i * S;
        double lane[LAT_SUM_LANES] = {0};
        for (size_t j = first; j < end; j++) lane[(j - first) % LAT_SUM_LANES] += (double)p[j] * (double)row[j];
        lat_real along = (lat_real)lat_sum_lanes(lane);
        /* A forbidden score has weight 0, whatever stands in its place. */
#pragma omp simd
        for (size_t j = 0; j < S; j++) row[j] = p[j] * (row[j] - along);
      }
    }
    if (dq != NULL)
      lat_gemm(S, shape->key_width, S, (lat_real)shape->scale, (struct lat_matrix){dz, S, 0},
               (struct lat_matrix){r->k->value + at.key, keys, 0}, keep_q, dq + at.key, keys);
    if (dk != NULL)
      lat_gemm(S, shape->key_width, S, (lat_real)shape->scale, (struct lat_matrix){dz, S, 1},
               (struct lat_matrix){r->q->value + at.key, keys, 0}, keep_k, dk + at.key, keys);
    if (dv != NULL)
      lat_gemm(S, shape->value_width, S, 1, (struct lat_matrix){P, S, 1}, (struct lat_matrix){dy, values, 0}, keep_v,
               dv + at.value, values);
  }
done:
  lat_tape_return(tape, dz);
  return status;
}

struct lat_array *lat_attend(struct lat_tape *tape, const struct lat_attention_shape *shape, struct lat_array *q,
                             struct lat_array *k, struct lat_array *v) {
  if (q == NULL || k == NULL || v == NULL) return NULL;
  size_t S = shape->sequence, rows = shape->batch * S;
  size_t keys = shape->heads * shape->key_width, values = shape->heads * shape->value_width;
  assert(q->rows == rows && k->rows == rows && v->rows == rows);
  assert(q->columns == keys && k->columns == keys && v->columns == values);
  int wanted = q->wanted || k->wanted || v->wanted;
  struct lat_array *y = lat_tape_array(tape, rows, values, wanted);
  lat_real *weight = lat_tape_memory(tape, shape->batch * shape->heads * S, S * sizeof *weight);
  if (y == NULL || weight == NULL) return NULL;
  for (size_t task = 0; task < shape->batch * shape->heads; task++) {
    struct place at = place_of(shape, task);
    lat_real *P = weight + at.weight;
    lat_gemm(S, S, shape->key_width, (lat_real)shape->scale, (struct lat_matrix){q->value + at.key, keys, 0},
             (struct lat_matrix){k->value + at.key, keys, 1}, 0, P, S);
    for (size_t i = 0; i < S; i++) {
      size_t first, end;
      lat_attention_range(shape->mask, shape->window, S, i, &first, &end);
      lat_real *row = P + i * S;
      memset(row, 0, first * sizeof *row);
      lat_softmax(end - first, row + first, row + first);
      memset(row + end, 0, (S - end) * sizeof *row);
    }
    lat_gemm(S, shape->value_width, S, 1, (struct lat_matrix){P, S, 0}, (struct lat_matrix){v->value + at.value, values, 0},
             0, y->value + at.value, values);
  }
  if (!wanted) return y;
  struct attend *record = lat_tape_record(tape, y, attend_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct attend){*shape, q, k, v, weight};
  return y;
}
