#include <assert.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/extend.h"
#include "lib/nn/softmax.h"

struct attend_last {
  struct lat_attention_shape shape;
  size_t n;
  struct lat_array *q, *k, *v;
  lat_real *weight; /* [B, H, n, S]: only what the mask allows is written */
};

static lat_real dot(size_t n, const lat_real *a, const lat_real *b) {
  lat_real sum = 0;
  for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

static void add(size_t n, lat_real factor, const lat_real *from, lat_real *to) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) to[i] += factor * from[i];
}

/* The gradient of `array` or NULL, cleared when nothing was in it. */
static int begin(struct lat_tape *tape, struct lat_array *array, lat_real **gradient) {
  lat_real keep;
  *gradient = NULL;
  if (!array->wanted) return LAT_OK;
  int status = lat_tape_gradient(tape, array, gradient, &keep);
  if (status == LAT_OK && keep == 0) memset(*gradient, 0, array->rows * array->columns * sizeof **gradient);
  return status;
}

/* One row: dy is its gradient, p its weights; dz [S] is scratch. Columns are those of this head. */
struct row {
  size_t first, end, keys, values; /* what it reads; the strides */
  const lat_real *q, *k, *v, *p, *dy;
  lat_real *dq, *dk, *dv;
};

static void row_backward(const struct lat_attention_shape *shape, const struct row *at, lat_real *dz) {
  lat_real along = 0;
  for (size_t j = at->first; j < at->end; j++) {
    dz[j] = dot(shape->value_width, at->dy, at->v + j * at->values);
    along += at->p[j] * dz[j];
    if (at->dv != NULL) add(shape->value_width, at->p[j], at->dy, at->dv + j * at->values);
  }
  for (size_t j = at->first; j < at->end; j++) {
    lat_real score = (lat_real)shape->scale * at->p[j] * (dz[j] - along);
    if (at->dq != NULL) add(shape->key_width, score, at->k + j * at->keys, at->dq);
    if (at->dk != NULL) add(shape->key_width, score, at->q, at->dk + j * at->keys);
  }
}

static lat_real *moved(lat_real *pointer, size_t by) { return pointer != NULL ? pointer + by : NULL; }

static int attend_last_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct attend_last *r = record;
  const struct lat_attention_shape *shape = &r->shape;
  size_t S = shape->sequence, n = r->n, H = shape->heads, keys = H * shape->key_width, values = H * shape->value_width;
  lat_real *dq, *dk, *dv;
  int status = LAT_OK;
  lat_real *dz = lat_tape_borrow(tape, S);
  LAT_CHECK(status, dz != NULL, LAT_MEMORY, "no memory for %zu scores", S);
  LAT_TRY(status, begin(tape, r->q, &dq));
  LAT_TRY(status, begin(tape, r->k, &dk));
  LAT_TRY(status, begin(tape, r->v, &dv));
  for (size_t b = 0; b < shape->batch; b++)
    for (size_t h = 0; h < H; h++)
      for (size_t i = 0; i < n; i++) {
        size_t query = (b * n + i) * keys + h * shape->key_width, key = b * S * keys + h * shape->key_width;
        size_t result = (b * n + i) * values + h * shape->value_width, value = b * S * values + h * shape->value_width;
        struct row at = {.keys = keys,
                         .values = values,
                         .q = r->q->value + query,
                         .k = r->k->value + key,
                         .v = r->v->value + value,
                         .p = r->weight + ((b * H + h) * n + i) * S,
                         .dy = y->gradient + result,
                         .dq = moved(dq, query),
                         .dk = moved(dk, key),
                         .dv = moved(dv, value)};
        lat_attention_range(shape->mask, shape->window, S, S - n + i, &at.first, &at.end);
        row_backward(shape, &at, dz);
      }
done:
  lat_tape_return(tape, dz);
  return status;
}

struct lat_array *lat_attend_last(struct lat_tape *tape, const struct lat_attention_shape *shape, size_t n,
                                  struct lat_array *q, struct lat_array *k, struct lat_array *v) {
  if (q == NULL || k == NULL || v == NULL) return NULL;
  size_t S = shape->sequence, B = shape->batch, H = shape->heads;
  size_t keys = H * shape->key_width, values = H * shape->value_width;
  assert(n >= 1 && n <= S && q->rows == B * n && k->rows == B * S && v->rows == B * S);
  assert(q->columns == keys && k->columns == keys && v->columns == values);
  int wanted = q->wanted || k->wanted || v->wanted;
  struct lat_array *y = lat_tape_array(tape, B * n, values, wanted);
  lat_real *weight = lat_tape_memory(tape, B * H * n, S * sizeof *weight);
  if (y == NULL || weight == NULL) return NULL;
  memset(y->value, 0, y->rows * values * sizeof *y->value);
  for (size_t b = 0; b < B; b++)
    for (size_t h = 0; h < H; h++)
      for (size_t i = 0; i < n; i++) {
        const lat_real *query = q->value + (b * n + i) * keys + h * shape->key_width;
        lat_real *p = weight + ((b * H + h) * n + i) * S, *to = y->value + (b * n + i) * values + h * shape->value_width;
        size_t first, end;
        lat_attention_range(shape->mask, shape->window, S, S - n + i, &first, &end);
        for (size_t j = first; j < end; j++)
          p[j] =
              (lat_real)shape->scale * dot(shape->key_width, query, k->value + (b * S + j) * keys + h * shape->key_width);
        lat_softmax(end - first, p + first, p + first);
        for (size_t j = first; j < end; j++)
          add(shape->value_width, p[j], v->value + (b * S + j) * values + h * shape->value_width, to);
      }
  if (!wanted) return y;
  struct attend_last *record = lat_tape_record(tape, y, attend_last_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct attend_last){*shape, n, q, k, v, weight};
  return y;
}

/* Rows of two arrays by turns, or a stretch of one. */
struct parts {
  struct lat_array *a, *b;
  size_t batch, first;
};

static int join_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct parts *r = record;
  size_t width = y->columns, p = r->a->rows / r->batch, n = r->b->rows / r->batch;
  lat_real *da, *db;
  int status = LAT_OK;
  LAT_TRY(status, begin(tape, r->a, &da));
  LAT_TRY(status, begin(tape, r->b, &db));
  for (size_t i = 0; i < r->batch; i++) {
    const lat_real *from = y->gradient + i * (p + n) * width;
    if (da != NULL) add(p * width, 1, from, da + i * p * width);
    if (db != NULL) add(n * width, 1, from + p * width, db + i * n * width);
  }
done:
  return status;
}

struct lat_array *lat_join_rows(struct lat_tape *tape, size_t batch, struct lat_array *a, struct lat_array *b) {
  if (a == NULL || b == NULL) return b;
  assert(a->columns == b->columns && a->rows % batch == 0 && b->rows % batch == 0);
  size_t width = a->columns, p = a->rows / batch, n = b->rows / batch;
  int wanted = a->wanted || b->wanted;
  struct lat_array *y = lat_tape_array(tape, batch * (p + n), width, wanted);
  if (y == NULL) return NULL;
  for (size_t i = 0; i < batch; i++) {
    lat_real *to = y->value + i * (p + n) * width;
    memcpy(to, a->value + i * p * width, p * width * sizeof *to);
    memcpy(to + p * width, b->value + i * n * width, n * width * sizeof *to);
  }
  if (!wanted) return y;
  struct parts *record = lat_tape_record(tape, y, join_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct parts){a, b, batch, 0};
  return y;
}

static int take_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct parts *r = record;
  size_t width = y->columns, S = r->a->rows / r->batch, n = y->rows / r->batch;
  lat_real *dx;
  int status = begin(tape, r->a, &dx);
  for (size_t i = 0; status == LAT_OK && i < r->batch; i++)
    add(n * width, 1, y->gradient + i * n * width, dx + (i * S + r->first) * width);
  return status;
}

struct lat_array *lat_take_rows(struct lat_tape *tape, size_t batch, struct lat_array *x, size_t first, size_t n) {
  if (x == NULL) return NULL;
  size_t width = x->columns, S = x->rows / batch;
  assert(x->rows % batch == 0 && first + n <= S);
  struct lat_array *y = lat_tape_array(tape, batch * n, width, x->wanted);
  if (y == NULL) return NULL;
  for (size_t i = 0; i < batch; i++)
    memcpy(y->value + i * n * width, x->value + (i * S + first) * width, n * width * sizeof *y->value);
  if (!x->wanted) return y;
  struct parts *record = lat_tape_record(tape, y, take_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct parts){x, NULL, batch, first};
  return y;
}
