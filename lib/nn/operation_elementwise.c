#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/activation.h"
#include "lib/nn/operation.h"
#include "lib/nn/vector_math.h"

/* One record for all that read two arrays at most. */
struct pair {
  struct lat_array *x, *z;
  lat_real a, b; /* factors of a sum; a = 1: sigmoid, 0: tanh */
  enum lat_activation kind;
  const lat_real *mask, *slope;
};

static struct lat_array *output(struct lat_tape *tape, struct lat_array *x, struct lat_array *z, lat_backward *backward,
                                struct pair pair) {
  struct lat_array *y = lat_tape_array(tape, x->rows, x->columns, x->wanted || (z != NULL && z->wanted));
  if (y == NULL || !y->wanted) return y;
  struct pair *record = lat_tape_record(tape, y, backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = pair;
  return y;
}

static int activate_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct pair *r = record;
  lat_real *dx, keep;
  size_t n = y->rows * y->columns;
  int status = lat_tape_gradient(tape, r->x, &dx, &keep);
  if (status != LAT_OK) return status;
  switch (r->kind) {
    case LAT_ACTIVATION_RELU: lat_relu_backward(n, r->x->value, y->gradient, keep, dx); break;
    case LAT_ACTIVATION_GELU: lat_gelu_backward(n, r->x->value, y->gradient, keep, dx); break;
    case LAT_ACTIVATION_GELU_TANH:
#pragma omp simd
      for (size_t i = 0; i < n; i++) dx[i] = (keep == 0 ? 0 : dx[i]) + y->gradient[i] * r->slope[i];
      break;
  }
  return LAT_OK;
}

struct lat_array *lat_activate(struct lat_tape *tape, enum lat_activation kind, struct lat_array *x) {
  if (x == NULL) return NULL;
  size_t n = x->rows * x->columns;
  lat_real *slope = NULL; /* costs a quarter of finding it again */
  if (kind == LAT_ACTIVATION_GELU_TANH && x->wanted) {
    slope = lat_tape_memory(tape, n, sizeof *slope);
    if (slope == NULL) return NULL;
  }
  struct lat_array *y = output(tape, x, NULL, activate_backward, (struct pair){.x = x, .kind = kind, .slope = slope});
  if (y == NULL) return NULL;
  if (slope != NULL)
    lat_gelu_tanh_with_slope(n, x->value, y->value, slope);
  else
    lat_activation_forward(kind, n, x->value, y->value);
  return y;
}

static int squash_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct pair *r = record;
  lat_real *dx, keep;
  size_t n = y->rows * y->columns;
  int status = lat_tape_gradient(tape, r->x, &dx, &keep);
  if (status != LAT_OK) return status;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    lat_real value = y->value[i];
    lat_real slope = r->a == 0 ? 1 - value * value : value * (1 - value);
    dx[i] = (keep == 0 ? 0 : dx[i]) + y->gradient[i] * slope;
  }
  return LAT_OK;
}

struct lat_array *lat_sigmoid(struct lat_tape *tape, struct lat_array *x) {
  if (x == NULL) return NULL;
  struct lat_array *y = output(tape, x, NULL, squash_backward, (struct pair){.x = x, .a = 1});
  if (y == NULL) return NULL;
#pragma omp simd
  for (size_t i = 0; i < x->rows * x->columns; i++) {
    lat_real value = x->value[i], power = lat_exp(value < 0 ? value : -value), below = 1 / (1 + power);
    y->value[i] = value < 0 ? power * below : below;
  }
  return y;
}

struct lat_array *lat_tanh(struct lat_tape *tape, struct lat_array *x) {
  if (x == NULL) return NULL;
  struct lat_array *y = output(tape, x, NULL, squash_backward, (struct pair){.x = x, .a = 0});
  for (size_t i = 0; y != NULL && i < x->rows * x->columns; i++) y->value[i] = (lat_real)tanh((double)x->value[i]);
  return y;
}

static int sum_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct pair *r = record;
  size_t n = y->rows * y->columns;
  for (int side = 0; side < 2; side++) {
    struct lat_array *to = side ? r->z : r->x;
    lat_real factor = side ? r->b : r->a, *gradient, keep;
    if (to == NULL || !to->wanted) continue;
    int status = lat_tape_gradient(tape, to, &gradient, &keep);
    if (status != LAT_OK) return status;
#pragma omp simd
    for (size_t i = 0; i < n; i++) gradient[i] = (keep == 0 ? 0 : gradient[i]) + factor * y->gradient[i];
  }
  return LAT_OK;
}

struct lat_array *lat_sum_of(struct lat_tape *tape, double a, struct lat_array *x, double b, struct lat_array *z) {
  if (x == NULL || z == NULL) return NULL;
  assert(x->rows == z->rows && x->columns == z->columns);
  struct pair pair = {.x = x, .z = z, .a = (lat_real)a, .b = (lat_real)b};
  struct lat_array *y = output(tape, x, z, sum_backward, pair);
  if (y == NULL) return NULL;
#pragma omp simd
  for (size_t i = 0; i < x->rows * x->columns; i++) y->value[i] = pair.a * x->value[i] + pair.b * z->value[i];
  return y;
}

static int product_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct pair *r = record;
  size_t n = y->rows * y->columns;
  for (int side = 0; side < 2; side++) {
    struct lat_array *to = side ? r->z : r->x;
    const lat_real *other = side ? r->x->value : r->z->value;
    lat_real *gradient, keep;
    if (!to->wanted) continue;
    int status = lat_tape_gradient(tape, to, &gradient, &keep);
    if (status != LAT_OK) return status;
#pragma omp simd
    for (size_t i = 0; i < n; i++) gradient[i] = (keep == 0 ? 0 : gradient[i]) + other[i] * y->gradient[i];
  }
  return LAT_OK;
}

struct lat_array *lat_product(struct lat_tape *tape, struct lat_array *x, struct lat_array *z) {
  if (x == NULL || z == NULL) return NULL;
  assert(x->rows == z->rows && x->columns == z->columns);
  struct lat_array *y = output(tape, x, z, product_backward, (struct pair){.x = x, .z = z});
  if (y == NULL) return NULL;
#pragma omp simd
  for (size_t i = 0; i < x->rows * x->columns; i++) y->value[i] = x->value[i] * z->value[i];
  return y;
}

struct lat_array *lat_stop_gradient(struct lat_tape *tape, struct lat_array *x) {
  if (x == NULL) return NULL;
  return lat_tape_leaf(tape, x->rows, x->columns, x->value, NULL);
}

static int pass_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  return lat_tape_pass(tape, y, ((struct pair *)record)->x);
}

struct lat_array *lat_straight_through(struct lat_tape *tape, struct lat_array *x, const lat_real *value) {
  if (x == NULL) return NULL;
  struct lat_array *y = output(tape, x, NULL, pass_backward, (struct pair){.x = x});
  if (y != NULL) memcpy(y->value, value, x->rows * x->columns * sizeof *value);
  return y;
}

static int mask_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct pair *r = record;
  lat_real *dx, keep;
  int status = lat_tape_gradient(tape, r->x, &dx, &keep);
  if (status != LAT_OK) return status;
#pragma omp simd
  for (size_t i = 0; i < y->rows * y->columns; i++) dx[i] = (keep == 0 ? 0 : dx[i]) + r->mask[i] * y->gradient[i];
  return LAT_OK;
}

struct lat_array *lat_dropout(struct lat_tape *tape, struct lat_array *x, double rate, struct lat_random *random) {
  assert(rate >= 0 && rate < 1);
  if (x == NULL || rate == 0) return x;
  size_t n = x->rows * x->columns;
  lat_real *mask = lat_tape_memory(tape, n, sizeof *mask), kept = (lat_real)(1 / (1 - rate));
  if (mask == NULL) return NULL;
  uint32_t limit = (uint32_t)(rate * 4294967296.0);
  for (size_t i = 0; i < n; i++) mask[i] = lat_random_u32(random) < limit ? 0 : kept;
  struct lat_array *y = output(tape, x, NULL, mask_backward, (struct pair){.x = x, .mask = mask});
  for (size_t i = 0; y != NULL && i < n; i++) y->value[i] = mask[i] * x->value[i];
  return y;
}
