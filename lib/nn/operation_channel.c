#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/channel.h"
#include "lib/nn/gemm.h"
#include "lib/nn/softmax.h"
#include "lib/nn/sums.h"

/* Uniform on 0 .. 1 without either end: its logarithm's logarithm is finite. */
static double inner_uniform(struct lat_random *random) { return ((double)(lat_random_u64(random) >> 12) + 0.5) * 0x1p-52; }

struct lat_array *lat_add_noise(struct lat_tape *tape, struct lat_array *x, double deviation, struct lat_random *random) {
  assert(deviation >= 0);
  if (x == NULL || deviation == 0) return x;
  size_t n = x->rows * x->columns;
  lat_real *value = lat_tape_memory(tape, n, sizeof *value);
  for (size_t i = 0; value != NULL && i < n; i += 2) { /* a pair of uniform numbers makes a pair of normal ones */
    double radius = deviation * sqrt(-2 * log(inner_uniform(random))), angle = 2 * M_PI * lat_random_uniform(random);
    value[i] = x->value[i] + (lat_real)(radius * cos(angle));
    if (i + 1 < n) value[i + 1] = x->value[i + 1] + (lat_real)(radius * sin(angle));
  }
  return value != NULL ? lat_straight_through(tape, x, value) : NULL;
}

struct quantised {
  struct lat_array *x;
  double range;
};

static int quantise_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  const struct quantised *r = record;
  lat_real range = (lat_real)r->range; /* y's gradient is ours now */
  for (size_t i = 0; r->range > 0 && i < y->rows * y->columns; i++)
    if (!(r->x->value[i] <= range && r->x->value[i] >= -range)) y->gradient[i] = 0;
  return lat_tape_pass(tape, y, r->x);
}

static void quantise_row(size_t n, double range, double steps, const lat_real *x, lat_real *y) {
  double scale = range;
  for (size_t i = 0; range == 0 && i < n; i++) scale = fmax(scale, fabs((double)x[i]));
  for (size_t i = 0; i < n; i++) {
    double place = scale > 0 ? ((double)x[i] / scale + 1) / 2 * steps : 0;
    place = place < 0 ? 0 : place > steps ? steps : place; /* NaN stays NaN */
    y[i] = scale > 0 ? (lat_real)(scale * (2 * rint(place) / steps - 1)) : 0 * x[i];
  }
}

struct lat_array *lat_quantise(struct lat_tape *tape, struct lat_array *x, unsigned bits, double range) {
  assert(bits >= 1 && bits <= 24 && range >= 0);
  if (x == NULL) return NULL;
  double steps = (double)((1u << bits) - 1);
  struct lat_array *y = lat_tape_array(tape, x->rows, x->columns, x->wanted);
  if (y == NULL) return NULL;
  for (size_t i = 0; i < x->rows; i++)
    quantise_row(x->columns, range, steps, x->value + i * x->columns, y->value + i * x->columns);
  if (!y->wanted) return y;
  struct quantised *record = lat_tape_record(tape, y, quantise_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct quantised){x, range};
  return y;
}

static double distance(size_t n, const lat_real *a, const lat_real *b) {
  double lane[LAT_SUM_LANES] = {0};
  for (size_t i = 0; i < n; i++) {
    double difference = (double)a[i] - (double)b[i];
    lane[i % LAT_SUM_LANES] += difference * difference;
  }
  return lat_sum_lanes(lane);
}

/* Sum of squares of a - b. */
static struct lat_array *apart(struct lat_tape *tape, struct lat_array *a, struct lat_array *b) {
  struct lat_array *difference = lat_sum_of(tape, 1, a, -1, b);
  return lat_total(tape, lat_product(tape, difference, difference));
}

struct lat_array *lat_codebook(struct lat_tape *tape, struct lat_array *x, struct lat_array *codes, double commitment,
                               struct lat_array **loss, int32_t **index) {
  *loss = NULL;
  if (index != NULL) *index = NULL;
  if (x == NULL || codes == NULL) return NULL;
  assert(codes->rows > 0 && codes->columns == x->columns && commitment >= 0);
  size_t width = x->columns;
  int32_t *chosen = lat_tape_memory(tape, x->rows, sizeof *chosen);
  if (chosen == NULL) return NULL;
  for (size_t i = 0; i < x->rows; i++) {
    double least = (double)INFINITY;
    chosen[i] = 0;
    for (size_t k = 0; k < codes->rows; k++) {
      double far = distance(width, x->value + i * width, codes->value + k * width);
      if (far < least) least = far, chosen[i] = (int32_t)k;
    }
  }
  if (index != NULL) *index = chosen;
  struct lat_array *nearest = lat_gather(tape, codes, x->rows, chosen);
  if (nearest == NULL) return NULL;
  *loss = lat_sum_of(tape, 1, apart(tape, lat_stop_gradient(tape, x), nearest), commitment,
                     apart(tape, x, lat_stop_gradient(tape, nearest)));
  return lat_straight_through(tape, x, nearest->value);
}

static int softmax_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct lat_array *x = *(struct lat_array **)record;
  size_t n = y->columns;
  lat_real *to, keep;
  int status = lat_tape_gradient(tape, x, &to, &keep);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < y->rows; i++) {
    const lat_real *p = y->value + i * n, *dy = y->gradient + i * n;
    lat_real *row = to + i * n;
    double lane[LAT_SUM_LANES] = {0};
    for (size_t j = 0; j < n; j++) lane[j % LAT_SUM_LANES] += (double)p[j] * (double)dy[j];
    lat_real mean = (lat_real)lat_sum_lanes(lane);
    for (size_t j = 0; j < n; j++) row[j] = (keep == 0 ? 0 : row[j]) + p[j] * (dy[j] - mean);
  }
  return LAT_OK;
}

struct lat_array *lat_softmax_rows(struct lat_tape *tape, struct lat_array *x) {
  if (x == NULL) return NULL;
  struct lat_array *y = lat_tape_array(tape, x->rows, x->columns, x->wanted);
  if (y == NULL) return NULL;
  for (size_t i = 0; i < x->rows; i++) lat_softmax(x->columns, x->value + i * x->columns, y->value + i * x->columns);
  if (!y->wanted) return y;
  struct lat_array **record = lat_tape_record(tape, y, softmax_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = x;
  return y;
}

struct lat_array *lat_gumbel_softmax(struct lat_tape *tape, struct lat_array *logits, double temperature, int hard,
                                     struct lat_random *random) {
  assert(temperature > 0);
  if (logits == NULL) return NULL;
  size_t rows = logits->rows, n = logits->columns;
  struct lat_array *z = logits;
  if (random != NULL) {
    lat_real *value = lat_tape_memory(tape, rows, n * sizeof *value);
    if (value == NULL) return NULL;
    for (size_t i = 0; i < rows * n; i++) value[i] = logits->value[i] - (lat_real)log(-log(inner_uniform(random)));
    z = lat_straight_through(tape, logits, value);
  }
  struct lat_array *p = lat_softmax_rows(tape, lat_sum_of(tape, 1 / temperature, z, 0, z));
  if (!hard || p == NULL) return p;
  lat_real *unit = lat_tape_memory(tape, rows, n * sizeof *unit);
  if (unit == NULL) return NULL;
  memset(unit, 0, rows * n * sizeof *unit);
  for (size_t i = 0; i < rows; i++) {
    size_t best = 0;
    for (size_t j = 1; j < n; j++)
      if (z->value[i * n + j] > z->value[i * n + best]) best = j;
    unit[i * n + best] = 1;
  }
  return lat_straight_through(tape, p, unit);
}

struct mixed {
  struct lat_array *weight, *codes;
};

static int mix_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  const struct mixed *r = record;
  size_t rows = y->rows, width = y->columns, count = r->codes->rows;
  lat_real *to, keep;
  int status = LAT_OK;
  if (r->weight->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->weight, &to, &keep));
    lat_gemm(rows, count, width, 1, (struct lat_matrix){y->gradient, width, 0},
             (struct lat_matrix){r->codes->value, width, 1}, keep, to, count);
  }
  if (r->codes->wanted) {
    LAT_TRY(status, lat_tape_gradient(tape, r->codes, &to, &keep));
    lat_gemm(count, width, rows, 1, (struct lat_matrix){r->weight->value, count, 1},
             (struct lat_matrix){y->gradient, width, 0}, keep, to, width);
  }
done:
  return status;
}

struct lat_array *lat_mix(struct lat_tape *tape, struct lat_array *weight, struct lat_array *codes) {
  if (weight == NULL || codes == NULL) return NULL;
  assert(weight->columns == codes->rows);
  size_t rows = weight->rows, width = codes->columns, count = codes->rows;
  struct lat_array *y = lat_tape_array(tape, rows, width, weight->wanted || codes->wanted);
  if (y == NULL) return NULL;
  lat_gemm(rows, width, count, 1, (struct lat_matrix){weight->value, count, 0}, (struct lat_matrix){codes->value, width, 0},
           0, y->value, width);
  if (!y->wanted) return y;
  struct mixed *record = lat_tape_record(tape, y, mix_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct mixed){weight, codes};
  return y;
}
