#include <assert.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/gemm.h"
#include "lib/nn/operation.h"

struct linear {
  struct lat_array *x, *weight, *bias, *residual;
};

static int linear_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct linear *r = record;
  size_t rows = y->rows, out = y->columns, in = r->x->columns;
  const lat_real *dy = y->gradient;
  lat_real *to, keep;
  int status = LAT_OK;
  if (r->weight->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->weight, &to, &keep));
    lat_gemm(out, in, rows, 1, (struct lat_matrix){dy, out, 1}, (struct lat_matrix){r->x->value, in, 0}, keep, to, in);
  }
  if (r->bias != NULL && r->bias->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->bias, &to, &keep));
    if (keep == 0) memset(to, 0, out * sizeof *to);
    for (size_t i = 0; i < rows; i++) {
#pragma omp simd
      for (size_t j = 0; j < out; j++) to[j] += dy[i * out + j];
    }
  }
  if (r->x->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->x, &to, &keep));
    lat_gemm(rows, in, out, 1, (struct lat_matrix){dy, out, 0}, (struct lat_matrix){r->weight->value, in, 0}, keep, to, in);
  }
  if (r->residual != NULL) LAT_TRY(status, lat_tape_pass(tape, y, r->residual));
done:
  return status;
}

struct lat_array *lat_linear(struct lat_tape *tape, struct lat_array *x, struct lat_array *weight, struct lat_array *bias,
                             struct lat_array *residual) {
  if (x == NULL || weight == NULL) return NULL;
  size_t rows = x->rows, in = x->columns, out = weight->rows;
  assert(weight->columns == in && (bias == NULL || bias->columns == out));
  assert(residual == NULL || (residual->rows == rows && residual->columns == out));
  int wanted = x->wanted || weight->wanted || (bias != NULL && bias->wanted) || (residual != NULL && residual->wanted);
  struct lat_array *y = lat_tape_array(tape, rows, out, wanted);
  if (y == NULL) return NULL;
  lat_gemm_onto(rows, out, in, (struct lat_matrix){x->value, in, 0}, (struct lat_matrix){weight->value, in, 1}, NULL,
                residual != NULL ? residual->value : NULL, out, bias != NULL ? bias->value : NULL, y->value, out);
  if (!wanted) return y;
  struct linear *record = lat_tape_record(tape, y, linear_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct linear){x, weight, bias, residual};
  return y;
}
