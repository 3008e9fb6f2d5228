#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/operation.h"
#include "lib/nn/rmsnorm.h"
#include "lib/nn/sums.h"

struct norm {
  struct lat_array *x, *gain, *bias; /* bias NULL: root mean square, no mean is taken */
  double epsilon;
  lat_real *mean, *inverse; /* [R], as the forward pass used them; NULL without a mean */
};

/* One row: h = (x - mean) s and the two means that its gradient needs. */
static void norm_row(const struct norm *r, size_t row, size_t width, const lat_real *dy, lat_real *h, lat_real *g,
                     lat_real keep, lat_real *dx) {
  const lat_real *gain = r->gain->value, *x = r->x->value + row * width;
  lat_real middle = 0, inverse;
  if (r->bias != NULL)
    middle = r->mean[row], inverse = r->inverse[row];
  else
    inverse = (lat_real)(1.0 / sqrt(lat_sum_squares(width, x, 0) / (double)width + r->epsilon));
#pragma omp simd
  for (size_t i = 0; i < width; i++) {
    h[i] = (x[i] - middle) * inverse;
    g[i] = dy[i] * gain[i];
  }
  if (dx == NULL) return;
  lat_real along = (lat_real)(lat_sum_products(width, g, h) / (double)width);
  lat_real level = r->bias != NULL ? (lat_real)(lat_sum(width, g) / (double)width) : 0;
#pragma omp simd
  for (size_t i = 0; i < width; i++) {
    lat_real change = inverse * (g[i] - level - h[i] * along);
    dx[i] = keep == 0 ? change : dx[i] + change;
  }
}

static int norm_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct norm *r = record;
  size_t width = y->columns;
  lat_real *dx = NULL, *dgain = NULL, *dbias = NULL, keep = 0, keep_gain = 1, keep_bias = 1;
  int status = LAT_OK;
  lat_real *scratch = lat_tape_borrow(tape, 2 * width);
  LAT_CHECK(status, scratch != NULL, LAT_MEMORY, "no memory for a row of %zu", width);
  if (r->x->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->x, &dx, &keep));
  if (r->gain->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->gain, &dgain, &keep_gain));
  if (r->bias != NULL && r->bias->wanted) LAT_TRY(status, lat_tape_gradient(tape, r->bias, &dbias, &keep_bias));
  if (keep_gain == 0) memset(dgain, 0, width * sizeof *dgain);
  if (keep_bias == 0) memset(dbias, 0, width * sizeof *dbias);
  for (size_t row = 0; row < y->rows; row++) {
    const lat_real *dy = y->gradient + row * width;
    norm_row(r, row, width, dy, scratch, scratch + width, keep, dx != NULL ? dx + row * width : NULL);
    if (dgain != NULL) {
#pragma omp simd
      for (size_t i = 0; i < width; i++) dgain[i] += dy[i] * scratch[i];
    }
    if (dbias != NULL) {
#pragma omp simd
      for (size_t i = 0; i < width; i++) dbias[i] += dy[i];
    }
  }
done:
  lat_tape_return(tape, scratch);
  return status;
}

static struct lat_array *norm(struct lat_tape *tape, struct lat_array *x, struct lat_array *gain, struct lat_array *bias,
                              double epsilon, int centred) {
  if (x == NULL || gain == NULL || (centred && bias == NULL)) return NULL;
  assert(gain->columns == x->columns && (bias == NULL || bias->columns == x->columns));
  int wanted = x->wanted || gain->wanted || (centred && bias->wanted);
  struct lat_array *y = lat_tape_array(tape, x->rows, x->columns, wanted);
  if (y == NULL) return NULL;
  lat_real *kept = centred && wanted ? lat_tape_memory(tape, x->rows, 2 * sizeof *kept) : NULL;
  if (centred && wanted && kept == NULL) return NULL;
  lat_real *inverse = kept != NULL ? kept + x->rows : NULL;
  if (centred)
    lat_layernorm_forward_keep(x->rows, x->columns, x->value, gain->value, bias->value, epsilon, y->value, kept, inverse);
  else
    lat_rmsnorm_forward(x->rows, x->columns, x->value, gain->value, epsilon, y->value);
  if (!wanted) return y;
  struct norm *record = lat_tape_record(tape, y, norm_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct norm){x, gain, bias, epsilon, kept, inverse};
  return y;
}

struct lat_array *lat_layer_norm(struct lat_tape *tape, struct lat_array *x, struct lat_array *gain, struct lat_array *bias,
                                 double epsilon) {
  return norm(tape, x, gain, bias, epsilon, 1);
}

struct lat_array *lat_rms_norm(struct lat_tape *tape, struct lat_array *x, struct lat_array *gain, double epsilon) {
  return norm(tape, x, gain, NULL, epsilon, 0);
}
