#include "lib/info/blahut.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static int check_rows(const double *p, size_t X, size_t Y) {
  for (size_t x = 0; x < X; x++) {
    double sum = 0;
    for (size_t y = 0; y < Y; y++) {
      if (!(p[x * Y + y] >= 0)) return LAT_FAIL(LAT_INPUT, "p(%zu|%zu) = %g is no probability", y, x, p[x * Y + y]);
      sum += p[x * Y + y];
    }
    if (!(fabs(sum - 1) <= 1e-9))
      return LAT_FAIL(LAT_INPUT, "the probabilities of input %zu sum to %.12g in place of 1", x, sum);
  }
  return LAT_OK;
}

/* self_x = sum_y p log p, which no round changes: D_x = self_x - sum_y p log q_y. */
static void own_terms(const double *p, size_t X, size_t Y, double *self) {
  for (size_t x = 0; x < X; x++) {
    self[x] = 0;
    for (size_t y = 0; y < Y; y++)
      if (p[x * Y + y] > 0) self[x] += p[x * Y + y] * log(p[x * Y + y]);
  }
}

/* D_x in nats for all x. A y that no input with r > 0 reaches has q_y = 0: then D_x of an x that reaches it is infinite, which
 * is the truth; rounds never bring r to exactly 0 from above, save by underflow. */
static void divergences(const double *p, size_t X, size_t Y, const double *r, const double *self, double *q, double *D) {
  for (size_t y = 0; y < Y; y++) q[y] = 0;
  for (size_t x = 0; x < X; x++)
    for (size_t y = 0; y < Y; y++) q[y] += r[x] * p[x * Y + y];
  for (size_t y = 0; y < Y; y++) q[y] = q[y] > 0 ? log(q[y]) : -HUGE_VAL;
  for (size_t x = 0; x < X; x++) {
    double cross = 0;
    for (size_t y = 0; y < Y; y++)
      if (p[x * Y + y] > 0) cross += p[x * Y + y] * q[y];
    D[x] = self[x] - cross;
  }
}

int lat_blahut_capacity(const double *p, size_t X, size_t Y, double tolerance, size_t most, double *input,
                        struct lat_capacity *capacity) {
  assert(X >= 1 && Y >= 1 && most >= 1);
  int status = LAT_OK;
  double *r = lat_alloc(3 * X + Y, sizeof *r), *self = r + X, *D = self + X, *q = D + X;
  LAT_CHECK(status, r != NULL, LAT_MEMORY, "no memory for a channel of %zu inputs and %zu outputs", X, Y);
  LAT_TRY(status, check_rows(p, X, Y));
  own_terms(p, X, Y, self);
  for (size_t x = 0; x < X; x++) r[x] = 1 / (double)X;
  *capacity = (struct lat_capacity){0, HUGE_VAL, 0, 0};
  while (capacity->rounds < most && !capacity->converged) {
    divergences(p, X, Y, r, self, q, D);
    double largest = D[0], sum = 0;
    for (size_t x = 1; x < X; x++) largest = fmax(largest, D[x]);
    for (size_t x = 0; x < X; x++) sum += r[x] * exp(D[x] - largest);
    /* Every round's bounds hold: the best so far are kept. Rounding may cross them by a few units in the last place. */
    /* sum > 0: there is an input, and r sums to 1. */
    /* cppcheck-suppress invalidFunctionArg */
    capacity->low = fmax(capacity->low, (largest + log(sum)) / M_LN2);
    capacity->high = fmin(capacity->high, largest / M_LN2);
    for (size_t x = 0; x < X; x++) r[x] *= exp(D[x] - largest) / sum;
    capacity->rounds++;
    capacity->converged = capacity->high - capacity->low <= tolerance;
  }
  capacity->high = fmax(capacity->high, 0);
  capacity->low = fmin(capacity->low, capacity->high);
  for (size_t x = 0; x < X && input != NULL; x++) input[x] = r[x];
done:
  lat_free(r);
  return status;
}

int lat_blahut_information(const double *p, size_t X, size_t Y, const double *r, double *bits) {
  double *self = lat_alloc(2 * X + Y, sizeof *self);
  if (self == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for a channel of %zu inputs and %zu outputs", X, Y);
  double *D = self + X, *q = D + X;
  own_terms(p, X, Y, self);
  divergences(p, X, Y, r, self, q, D);
  *bits = 0;
  for (size_t x = 0; x < X; x++)
    if (r[x] > 0) *bits += r[x] * D[x] / M_LN2;
  lat_free(self);
  return LAT_OK;
}
