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

/* Products over the square of scores are done in strips, and of each strip only the part that the mask may allow: for a causal mask
 * little more than half. Whole tiles of the kernel's 6 rows. */
enum { STRIP = 48, LANES = 16 };

/* Of rows first .. end - 1 the columns from .. to - 1. */
struct strip {
  size_t first, end, from, to;
};

static struct strip strip_at(const struct lat_attention_shape *shape, size_t first) {
  size_t S = shape->sequence, unused;
  struct strip strip = {.first = first, .end = first + STRIP < S ? first + STRIP : S};
  lat_attention_range(shape->mask, shape->window, S, first, &strip.from, &unused);
  lat_attention_range(shape->mask, shape->window, S, strip.end - 1, &unused, &strip.to);
  return strip;
}

/* Of columns first .. end - 1 the rows from .. to - 1 that may see them. */
static struct strip strip_across(const struct lat_attention_shape *shape, size_t first) {
  size_t S = shape->sequence;
  struct strip strip = {first, first + STRIP < S ? first + STRIP : S, shape->mask == LAT_MASK_FULL ? 0 : first, S};
  if (shape->mask == LAT_MASK_WINDOW && shape->window < S - (strip.end - 1)) strip.to = strip.end - 1 + shape->window;
  return strip;
}

/* To the right products read no more of a row than its strip; to the left strips of columns may reach further. */
static void clear(lat_real *row, size_t from, size_t to) {
  if (from < to) memset(row + from, 0, (to - from) * sizeof *row);
}

/* Weights of row i from its scores, zero where the mask forbids. Numbers up to a whole vector are given to the softmax as scores
 * far below all others: their weights are exactly 0, no bit of the sum moves, and no element is left to scalar code. */
static void weigh(const struct lat_attention_shape *shape, const struct strip *part, size_t i, lat_real *row) {
  size_t S = shape->sequence, first, end;
  lat_attention_range(shape->mask, shape->window, S, i, &first, &end);
  size_t count = end - first, whole = (count + LANES - 1) / LANES * LANES;
  if (first + whole > S) whole = S - first;
  for (size_t j = count; j < whole; j++) row[first + j] = -(lat_real)1e30;
  lat_softmax(whole, row + first, row + first);
  clear(row, 0, first);
  clear(row, end, part->to);
}

/* dz of row i from dP in its place. */
static void weigh_backward(const struct lat_attention_shape *shape, const struct strip *part, size_t i, const lat_real *p,
                           lat_real *row) {
  size_t S = shape->sequence, first, end;
  lat_attention_range(shape->mask, shape->window, S, i, &first, &end);
  lat_real along = (lat_real)lat_sum_products(end - first, p + first, row + first);
  clear(row, 0, first);
#pragma omp simd
  for (size_t j = first; j < end; j++) row[j] = p[j] * (row[j] - along);
  clear(row, end, part->to);
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
    const lat_real *q = r->q->value + at.key, *k = r->k->value + at.key, *v = r->v->value + at.value;
    for (size_t first = 0; first < S && (dq != NULL || dk != NULL); first += STRIP) {
      struct strip part = strip_at(shape, first);
      size_t height = part.end - first, length = part.to - part.from;
      lat_gemm(height, length, shape->value_width, 1, (struct lat_matrix){dy + first * values, values, 0},
               (struct lat_matrix){v + part.from * values, values, 1}, 0, dz + first * S + part.from, S);
      for (size_t i = first; i < part.end; i++) weigh_backward(shape, &part, i, P + i * S, dz + i * S);
      if (dq != NULL)
        lat_gemm(height, shape->key_width, length, (lat_real)shape->scale,
                 (struct lat_matrix){dz + first * S + part.from, S, 0}, (struct lat_matrix){k + part.from * keys, keys, 0},
                 keep_q, dq + at.key + first * keys, keys);
    }
    for (size_t first = 0; first < S; first += STRIP) {
      struct strip part = strip_across(shape, first);
      size_t height = part.end - first, length = part.to - part.from;
      if (dk != NULL)
        lat_gemm(height, shape->key_width, length, (lat_real)shape->scale,
                 (struct lat_matrix){dz + part.from * S + first, S, 1}, (struct lat_matrix){q + part.from * keys, keys, 0},
                 keep_k, dk + at.key + first * keys, keys);
      if (dv != NULL)
        lat_gemm(height, shape->value_width, length, 1, (struct lat_matrix){P + part.from * S + first, S, 1},
                 (struct lat_matrix){dy + part.from * values, values, 0}, keep_v, dv + at.value + first * values, values);
    }
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
    for (size_t first = 0; first < S; first += STRIP) {
      struct strip part = strip_at(shape, first);
      size_t height = part.end - first, length = part.to - part.from;
      lat_real *P = weight + at.weight + first * S;
      lat_gemm(height, length, shape->key_width, (lat_real)shape->scale,
               (struct lat_matrix){q->value + at.key + first * keys, keys, 0},
               (struct lat_matrix){k->value + at.key + part.from * keys, keys, 1}, 0, P + part.from, S);
      for (size_t i = first; i < part.end; i++) weigh(shape, &part, i, P + (i - first) * S);
      lat_gemm(height, shape->value_width, length, 1, (struct lat_matrix){P + part.from, S, 0},
               (struct lat_matrix){v->value + at.value + part.from * values, values, 0}, 0,
               y->value + at.value + first * values, values);
    }
  }
  if (!wanted) return y;
  struct attend *record = lat_tape_record(tape, y, attend_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct attend){*shape, q, k, v, weight};
  return y;
}
