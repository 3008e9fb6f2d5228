#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/nn/softmax.h"

struct sets {
  struct lat_array *x;
  const int32_t *target;
  const uint64_t *set;
  const lat_real *weight;
  lat_real *probability; /* [R, V] */
};

static uint64_t set_of(const uint64_t *set, const int32_t *target, size_t i) {
  return set[i] != 0 ? set[i] : (uint64_t)1 << target[i];
}

static int sets_backward(struct lat_tape *tape, const struct lat_array *y, void *record) {
  struct sets *r = record;
  size_t V = r->x->columns;
  lat_real *to, keep;
  int status = lat_tape_gradient(tape, r->x, &to, &keep);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < r->x->rows; i++) {
    lat_real *row = to + i * V, factor = y->gradient[0];
    if (r->weight != NULL) factor *= r->weight[i];
    if (keep == 0) memset(row, 0, V * sizeof *row);
    if (r->target[i] < 0) continue;
    uint64_t set = set_of(r->set, r->target, i);
    lat_real share = 1 / (lat_real)__builtin_popcountll(set);
    for (size_t c = 0; c < V; c++) row[c] += factor * (r->probability[i * V + c] - (set >> c & 1 ? share : 0));
  }
  return LAT_OK;
}

/* The mean over the set of log sum exp z - z_c. */
static double row_loss(size_t V, const lat_real *z, uint64_t set, unsigned char *hit) {
  size_t best = 0;
  double sum = 0, wanted = 0;
  for (size_t c = 1; c < V; c++)
    if (z[c] > z[best]) best = c;
  for (size_t c = 0; c < V; c++) {
    sum += exp((double)z[c] - (double)z[best]);
    if (set >> c & 1) wanted += (double)z[c];
  }
  if (hit != NULL) *hit = set >> best & 1;
  return log(sum) + (double)z[best] - wanted / __builtin_popcountll(set);
}

struct lat_array *lat_cross_entropy_sets(struct lat_tape *tape, struct lat_array *logits, const int32_t *target,
                                         const uint64_t *set, const lat_real *weight, lat_real *loss, unsigned char *hit) {
  if (set == NULL) return lat_cross_entropy(tape, logits, target, weight, loss, hit);
  if (logits == NULL) return NULL;
  size_t rows = logits->rows, V = logits->columns;
  assert(V <= 64);
  struct lat_array *y = lat_tape_array(tape, 1, 1, logits->wanted);
  lat_real *probability = lat_tape_memory(tape, rows, V * sizeof *probability);
  if (y == NULL || probability == NULL) return NULL;
  double total = 0;
  for (size_t i = 0; i < rows; i++) {
    if (loss != NULL) loss[i] = 0;
    if (hit != NULL) hit[i] = 0;
    if (target[i] < 0) continue;
    assert((size_t)target[i] < V);
    const lat_real *z = logits->value + i * V;
    lat_softmax(V, z, probability + i * V);
    double own = row_loss(V, z, set_of(set, target, i), hit != NULL ? hit + i : NULL);
    if (loss != NULL) loss[i] = (lat_real)own;
    total += (weight != NULL ? (double)weight[i] : 1.0) * own;
  }
  y->value[0] = (lat_real)total;
  if (!y->wanted) return y;
  struct sets *record = lat_tape_record(tape, y, sets_backward, sizeof *record);
  if (record == NULL) return NULL;
  *record = (struct sets){logits, target, set, weight, probability};
  return y;
}
