#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/nn/softmax.h"
#include "lib/nn/sums.h"

struct loss {
  struct lat_array *x;
  const int32_t *target;
  const lat_real *weight, *wish;
  lat_real *probability; /* [R, V] */
};

/* Whether the target has the largest number, of equal ones the first. */
static int is_best(size_t n, const lat_real *z, size_t target) {
  size_t best = 0;
  for (size_t j = 1; j < n; j++)
    if (z[j] > z[best]) best = j;
  return best == target;
}

/* softmax of every row that counts, and each row's loss into `row` [R]. */
static struct loss *prepare(struct lat_tape *tape, struct lat_array *logits, const int32_t *target, double *row,
                            unsigned char *hit) {
  size_t rows = logits->rows, V = logits->columns;
  struct loss *content = lat_tape_memory(tape, 1, sizeof *content);
  lat_real *probability = lat_tape_memory(tape, rows, V * sizeof *probability);
  if (content == NULL || probability == NULL) return NULL;
  for (size_t i = 0; i < rows; i++) {
    row[i] = 0;
    if (hit != NULL) hit[i] = 0;
    if (target[i] < 0) continue;
    assert((size_t)target[i] < V);
    const lat_real *z = logits->value + i * V;
    double sum; /* from it and not from the probability, which may underflow */
    double largest = (double)lat_softmax_with_sum(V, z, probability + i * V, &sum);
    row[i] = log(sum) + largest - (double)z[target[i]];
    if (hit != NULL) hit[i] = (unsigned char)is_best(V, z, (size_t)target[i]);
  }
  *content = (struct loss){.x = logits, .target = target, .probability = probability};
  return content;
}

/* dz_i = factor_i (softmax - onehot), factor_i = dy weight_i, or dy_i. */
static int cross_entropy_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct loss *r = record;
  size_t V = r->x->columns;
  lat_real *to, keep;
  int status = lat_tape_gradient(tape, r->x, &to, &keep);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < r->x->rows; i++) {
    const lat_real *p = r->probability + i * V;
    lat_real *row = to + i * V, factor = y->gradient[y->rows == 1 ? 0 : i];
    if (y->rows == 1 && r->weight != NULL) factor *= r->weight[i];
    if (keep == 0) memset(row, 0, V * sizeof *row);
    if (r->target[i] < 0) continue;
#pragma omp simd
    for (size_t j = 0; j < V; j++) row[j] += factor * p[j];
    row[r->target[i]] -= factor;
  }
  return LAT_OK;
}

static struct lat_array *finish(struct lat_tape *tape, struct lat_array *y, lat_backward *backward, struct loss content) {
  if (y == NULL || !y->wanted) return y;
  struct loss *record = lat_tape_record(tape, y, backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = content;
  return y;
}

struct lat_array *lat_cross_entropy(struct lat_tape *tape, struct lat_array *logits, const int32_t *target,
                                    const lat_real *weight, lat_real *loss, unsigned char *hit) {
  if (logits == NULL) return NULL;
  struct lat_array *y = lat_tape_array(tape, 1, 1, logits->wanted);
  double *row = lat_tape_memory(tape, logits->rows, sizeof *row), total = 0;
  struct loss *content = row != NULL ? prepare(tape, logits, target, row, hit) : NULL;
  if (y == NULL || content == NULL) return NULL;
  content->weight = weight;
  for (size_t i = 0; i < logits->rows; i++) {
    total += (weight != NULL ? (double)weight[i] : 1.0) * row[i];
    if (loss != NULL) loss[i] = (lat_real)row[i];
  }
  y->value[0] = (lat_real)total;
  return finish(tape, y, cross_entropy_backward, *content);
}

struct lat_array *lat_cross_entropy_rows(struct lat_tape *tape, struct lat_array *logits, const int32_t *target) {
  if (logits == NULL) return NULL;
  struct lat_array *y = lat_tape_array(tape, logits->rows, 1, logits->wanted);
  double *row = lat_tape_memory(tape, logits->rows, sizeof *row);
  struct loss *content = row != NULL ? prepare(tape, logits, target, row, NULL) : NULL;
  if (y == NULL || content == NULL) return NULL;
  for (size_t i = 0; i < logits->rows; i++) y->value[i] = (lat_real)row[i];
  return finish(tape, y, cross_entropy_backward, *content);
}

static int square_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct loss *r = record;
  lat_real *to, keep, factor = 2 * y->gradient[0];
  int status = lat_tape_gradient(tape, r->x, &to, &keep);
  if (status != LAT_OK) return status;
#pragma omp simd
  for (size_t i = 0; i < r->x->rows * r->x->columns; i++)
    to[i] = (keep == 0 ? 0 : to[i]) + factor * (r->x->value[i] - r->wish[i]);
  return LAT_OK;
}

struct lat_array *lat_square_error(struct lat_tape *tape, struct lat_array *x, const lat_real *target) {
  if (x == NULL) return NULL;
  struct lat_array *y = lat_tape_array(tape, 1, 1, x->wanted);
  if (y == NULL) return NULL;
  double lane[LAT_SUM_LANES] = {0};
  for (size_t i = 0; i < x->rows * x->columns; i++) {
    double difference = (double)x->value[i] - (double)target[i];
    lane[i % LAT_SUM_LANES] += difference * difference;
  }
  y->value[0] = (lat_real)lat_sum_lanes(lane);
  return finish(tape, y, square_backward, (struct loss){.x = x, .wish = target});
}

static int total_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct loss *r = record;
  lat_real *to, keep;
  int status = lat_tape_gradient(tape, r->x, &to, &keep);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < r->x->rows * r->x->columns; i++) to[i] = (keep == 0 ? 0 : to[i]) + y->gradient[0];
  return LAT_OK;
}

struct lat_array *lat_total(struct lat_tape *tape, struct lat_array *x) {
  if (x == NULL) return NULL;
  struct lat_array *y = lat_tape_array(tape, 1, 1, x->wanted);
  if (y == NULL) return NULL;
  y->value[0] = (lat_real)lat_sum(x->rows * x->columns, x->value);
  return finish(tape, y, total_backward, (struct loss){.x = x});
}
