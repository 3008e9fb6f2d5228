#include "lib/info/entropy.h"

#include <assert.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

/* n G(n) in nats; G has the parity of n because (-1)^n does. psi((n + 1)/2) - psi(n/2) falls to 1/n for large n. */
static double grassberger(uint64_t n) {
  double x = (double)n, half = 0.5 * (gsl_sf_psi(0.5 * (x + 1)) - gsl_sf_psi(0.5 * x));
  return x * (gsl_sf_psi(x) + (n % 2 == 0 ? half : -half));
}

static double raw_entropy(const uint64_t *counts, size_t cells, enum lat_entropy_method method) {
  double total = 0, sum = 0;
  size_t seen = 0;
  for (size_t i = 0; i < cells; i++) {
    if (counts[i] == 0) continue;
    double n = (double)counts[i];
    seen++;
    total += n;
    sum += method == LAT_ENTROPY_GRASSBERGER ? grassberger(counts[i]) : n * log(n);
  }
  assert(total > 0);
  double nats = log(total) - sum / total;
  if (method == LAT_ENTROPY_MILLER_MADOW) nats += (double)(seen - 1) / (2 * total);
  return nats / M_LN2;
}

struct lat_estimate lat_entropy(const uint64_t *counts, size_t cells, enum lat_entropy_method method) {
  return lat_estimate_make(raw_entropy(counts, cells, method), log2((double)cells));
}

double lat_entropy_exact(const double *p, size_t cells) {
  double sum = 0;
  for (size_t i = 0; i < cells; i++)
    if (p[i] > 0) sum -= p[i] * log2(p[i]);
  return sum;
}

double lat_entropy_binary(double p) {
  double pair[2] = {p, 1 - p};
  return lat_entropy_exact(pair, 2);
}

int lat_entropy_information(const uint64_t *joint, size_t X, size_t Y, enum lat_entropy_method method,
                            struct lat_estimate *information) {
  uint64_t *row = lat_calloc(X + Y, sizeof *row);
  if (row == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for the counts of %zu and %zu labels", X, Y);
  uint64_t *column = row + X;
  for (size_t i = 0; i < X; i++)
    for (size_t j = 0; j < Y; j++) {
      row[i] += joint[i * Y + j];
      column[j] += joint[i * Y + j];
    }
  double raw = raw_entropy(row, X, method) + raw_entropy(column, Y, method) - raw_entropy(joint, X * Y, method);
  *information = lat_estimate_make(raw, log2((double)(X < Y ? X : Y)));
  lat_free(row);
  return LAT_OK;
}

int lat_entropy_joint(const uint32_t *x, size_t X, const uint32_t *y, size_t Y, size_t n, uint64_t *joint) {
  memset(joint, 0, X * Y * sizeof *joint);
  for (size_t i = 0; i < n; i++) {
    if (x[i] >= X || y[i] >= Y)
      return LAT_FAIL(LAT_INPUT, "labels %u and %u of example %zu: they must be below %zu and %zu", x[i], y[i], i, X, Y);
    joint[x[i] * Y + y[i]]++;
  }
  return LAT_OK;
}

struct labels {
  const uint32_t *x, *y;
  size_t X, Y, n;
  enum lat_entropy_method method;
  uint32_t *shuffled;
  uint64_t *joint;
};

static int information_of(void *context, const uint32_t *order, double *bits) {
  struct labels *labels = context;
  struct lat_estimate information;
  for (size_t i = 0; i < labels->n; i++) labels->shuffled[i] = labels->y[order[i]];
  int status = lat_entropy_joint(labels->x, labels->X, labels->shuffled, labels->Y, labels->n, labels->joint);
  if (status == LAT_OK) status = lat_entropy_information(labels->joint, labels->X, labels->Y, labels->method, &information);
  if (status == LAT_OK) *bits = information.raw;
  return status;
}

int lat_entropy_control(const uint32_t *x, size_t X, const uint32_t *y, size_t Y, size_t n, enum lat_entropy_method method,
                        size_t shuffles, uint64_t seed, struct lat_control *control) {
  int status = LAT_OK;
  struct labels labels = {.x = x, .y = y, .X = X, .Y = Y, .n = n, .method = method};
  labels.shuffled = lat_alloc(n, sizeof *labels.shuffled);
  labels.joint = lat_alloc(X * Y, sizeof *labels.joint);
  LAT_CHECK(status, labels.shuffled != NULL && labels.joint != NULL, LAT_MEMORY, "no memory for %zu labels", n);
  LAT_TRY(status, lat_control_shuffled(information_of, &labels, n, shuffles, seed, control));
done:
  lat_free(labels.shuffled);
  lat_free(labels.joint);
  return status;
}
