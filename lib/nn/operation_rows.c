#include <assert.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/nn/positions.h"
#include "lib/nn/sums.h"

struct rows {
  struct lat_array *x, *other;
  const int32_t *index;
  const lat_real *table;
  size_t first, sequence, heads;
};

static struct lat_array *output(struct lat_tape *tape, size_t rows, size_t columns, int wanted, lat_backward *backward,
                                struct rows content) {
  struct lat_array *y = lat_tape_array(tape, rows, columns, wanted);
  if (y == NULL || !wanted) return y;
  struct rows *record = lat_tape_record(tape, y, backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = content;
  return y;
}

/* The gradient of `array`, cleared when nothing was in it. */
static int begin(struct lat_tape *tape, struct lat_array *array, lat_real **gradient) {
  lat_real keep;
  int status = lat_tape_gradient(tape, array, gradient, &keep);
  if (status == LAT_OK && keep == 0) memset(*gradient, 0, array->rows * array->columns * sizeof **gradient);
  return status;
}

static void add(size_t n, const lat_real *from, lat_real *to) {
#pragma omp simd
  for (size_t i = 0; i < n; i++) to[i] += from[i];
}

static int gather_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  lat_real *to;
  int status = begin(tape, r->x, &to);
  for (size_t i = 0; status == LAT_OK && i < y->rows; i++)
    if (r->index[i] >= 0) add(y->columns, y->gradient + i * y->columns, to + (size_t)r->index[i] * y->columns);
  return status;
}

struct lat_array *lat_gather(struct lat_tape *tape, struct lat_array *table, size_t rows, const int32_t *index) {
  if (table == NULL) return NULL;
  size_t width = table->columns;
  struct lat_array *y =
      output(tape, rows, width, table->wanted, gather_backward, (struct rows){.x = table, .index = index});
  for (size_t i = 0; y != NULL && i < rows; i++) {
    assert(index[i] < 0 || (size_t)index[i] < table->rows);
    if (index[i] < 0)
      memset(y->value + i * width, 0, width * sizeof *y->value);
    else
      memcpy(y->value + i * width, table->value + (size_t)index[i] * width, width * sizeof *y->value);
  }
  return y;
}

static int replace_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  size_t width = y->columns, count = r->other->rows;
  lat_real *to;
  int status = LAT_OK;
  if (r->other->wanted) {
    LAT_TRY(status, begin(tape, r->other, &to));
    for (size_t i = 0; i < count; i++) add(width, y->gradient + (size_t)r->index[i] * width, to + i * width);
  }
  if (r->x->wanted) { /* y's gradient is ours now: what was replaced has none */
    for (size_t i = 0; i < count; i++) memset(y->gradient + (size_t)r->index[i] * width, 0, width * sizeof *to);
    LAT_TRY(status, lat_tape_pass(tape, y, r->x));
  }
done:
  return status;
}

struct lat_array *lat_replace_rows(struct lat_tape *tape, struct lat_array *x, const int32_t *index,
                                   struct lat_array *rows) {
  if (x == NULL || rows == NULL) return NULL;
  assert(rows->columns == x->columns);
  size_t width = x->columns;
  struct lat_array *y = output(tape, x->rows, width, x->wanted || rows->wanted, replace_backward,
                               (struct rows){.x = x, .other = rows, .index = index});
  if (y == NULL) return NULL;
  memcpy(y->value, x->value, x->rows * width * sizeof *y->value);
  for (size_t i = 0; i < rows->rows; i++) {
    assert(index[i] >= 0 && (size_t)index[i] < x->rows);
    memcpy(y->value + (size_t)index[i] * width, rows->value + i * width, width * sizeof *y->value);
  }
  return y;
}

static int pattern_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  lat_real *to;
  int status = LAT_OK;
  if (r->other->wanted) {
    LAT_TRY(status, begin(tape, r->other, &to));
    for (size_t i = 0; i < y->rows; i++)
      add(y->columns, y->gradient + i * y->columns, to + i % r->other->rows * y->columns);
  }
  LAT_TRY(status, lat_tape_pass(tape, y, r->x));
done:
  return status;
}

struct lat_array *lat_add_pattern(struct lat_tape *tape, struct lat_array *x, struct lat_array *pattern) {
  if (x == NULL || pattern == NULL) return NULL;
  assert(pattern->columns == x->columns && x->rows % pattern->rows == 0);
  struct lat_array *y = output(tape, x->rows, x->columns, x->wanted || pattern->wanted, pattern_backward,
                               (struct rows){.x = x, .other = pattern});
  if (y == NULL) return NULL;
  memcpy(y->value, x->value, x->rows * x->columns * sizeof *y->value);
  for (size_t i = 0; i < x->rows; i++)
    add(x->columns, pattern->value + i % pattern->rows * x->columns, y->value + i * x->columns);
  return y;
}

static int scale_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  size_t width = y->columns;
  lat_real *dx = NULL, *dw = NULL;
  int status = LAT_OK;
  if (r->x->wanted) LAT_TRY(status, begin(tape, r->x, &dx));
  if (r->other->wanted) LAT_TRY(status, begin(tape, r->other, &dw));
  for (size_t i = 0; i < y->rows; i++) {
    const lat_real *dy = y->gradient + i * width, *x = r->x->value + i * width;
    lat_real weight = r->other->value[i];
    double lane[LAT_SUM_LANES] = {0};
    for (size_t j = 0; j < width; j++) {
      if (dx != NULL) dx[i * width + j] += weight * dy[j];
      lane[j % LAT_SUM_LANES] += (double)dy[j] * (double)x[j];
    }
    if (dw != NULL) dw[i] += (lat_real)lat_sum_lanes(lane);
  }
done:
  return status;
}

struct lat_array *lat_scale_rows(struct lat_tape *tape, struct lat_array *x, struct lat_array *weight) {
  if (x == NULL || weight == NULL) return NULL;
  assert(weight->rows == x->rows && weight->columns == 1);
  size_t width = x->columns;
  struct lat_array *y =
      output(tape, x->rows, width, x->wanted || weight->wanted, scale_backward, (struct rows){.x = x, .other = weight});
  for (size_t i = 0; y != NULL && i < x->rows; i++)
    for (size_t j = 0; j < width; j++) y->value[i * width + j] = weight->value[i] * x->value[i * width + j];
  return y;
}

static int reshape_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  return lat_tape_pass(tape, y, ((struct rows *)record)->x);
}

struct lat_array *lat_reshape(struct lat_tape *tape, struct lat_array *x, size_t rows, size_t columns) {
  if (x == NULL) return NULL;
  struct lat_array *y = lat_tape_view(tape, x, rows, columns);
  if (y == NULL || !y->wanted) return y;
  struct rows *record = lat_tape_record(tape, y, reshape_backward, sizeof *record);
  if (record == NULL) return NULL;
  record->x = x;
  return y;
}

static int columns_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  lat_real *to;
  int status = begin(tape, r->x, &to);
  for (size_t i = 0; status == LAT_OK && i < y->rows; i++)
    add(y->columns, y->gradient + i * y->columns, to + i * r->x->columns + r->first);
  return status;
}

struct lat_array *lat_columns(struct lat_tape *tape, struct lat_array *x, size_t first, size_t count) {
  if (x == NULL) return NULL;
  assert(count <= x->columns && first <= x->columns - count);
  struct lat_array *y = output(tape, x->rows, count, x->wanted, columns_backward, (struct rows){.x = x, .first = first});
  for (size_t i = 0; y != NULL && i < x->rows; i++)
    memcpy(y->value + i * count, x->value + i * x->columns + first, count * sizeof *y->value);
  return y;
}

static int rotate_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct rows *r = record;
  size_t key_width = y->columns / r->heads;
  lat_real *to = y->gradient; /* turned back in place, then handed over */
  for (size_t row = 0; row < y->rows; row++) {
    const lat_real *turn = r->table + row % r->sequence * key_width;
    for (size_t i = 0; i + 1 < y->columns; i += 2, to += 2) {
      lat_real even = to[0], odd = to[1], c = turn[i % key_width], s = turn[i % key_width + 1];
      to[0] = even * c + odd * s;
      to[1] = odd * c - even * s;
    }
  }
  return lat_tape_pass(tape, y, r->x);
}

struct lat_array *lat_rotate(struct lat_tape *tape, struct lat_array *x, size_t sequence, size_t heads, size_t key_width,
                             const lat_real *table) {
  if (x == NULL) return NULL;
  assert(x->columns == heads * key_width && key_width % 2 == 0);
  struct lat_array *y = output(tape, x->rows, x->columns, x->wanted, rotate_backward,
                               (struct rows){.x = x, .table = table, .sequence = sequence, .heads = heads});
  if (y == NULL) return NULL;
  memcpy(y->value, x->value, x->rows * x->columns * sizeof *y->value);
  lat_rotary_forward(0, x->rows, sequence, heads, key_width, table, y->value);
  return y;
}
