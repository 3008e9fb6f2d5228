#include "lib/info/probe.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { MOST_STEPS = 60, MOST_HALVINGS = 40 };
static const double enough = 1e-9; /* relative descent at which the search ends */

struct work {
  size_t n, d;
  const uint8_t *bit;
  double *z;                     /* [n, d + 1], the last column 1 */
  double *mean, *deviation;      /* [d] */
  double *slope, *square, *step; /* [d + 1], [d + 1, d + 1], [d + 1] */
};

double lat_probe_loss(double logit, int bit) {
  double against = bit ? -logit : logit;
  return (against > 0 ? against + log1p(exp(-against)) : log1p(exp(against))) / M_LN2;
}

double lat_probe_logit(const double *weight, const float *x, size_t d) {
  double sum = weight[d];
  for (size_t i = 0; i < d; i++) sum += weight[i] * (double)x[i];
  return sum;
}

static int standardise(struct work *work, const float *x) {
  size_t n = work->n, d = work->d;
  for (size_t i = 0; i < d; i++) {
    double mean = 0, square = 0;
    for (size_t r = 0; r < n; r++) mean += (double)x[r * d + i] / (double)n;
    for (size_t r = 0; r < n; r++) square += ((double)x[r * d + i] - mean) * ((double)x[r * d + i] - mean) / (double)n;
    if (!isfinite(square)) return LAT_FAIL(LAT_INPUT, "number %zu of the states is not finite or too large for a probe", i);
    work->mean[i] = mean;
    work->deviation[i] = square > 0 ? sqrt(square) : 1;
    for (size_t r = 0; r < n; r++) work->z[r * (d + 1) + i] = ((double)x[r * d + i] - mean) / work->deviation[i];
  }
  for (size_t r = 0; r < n; r++) work->z[r * (d + 1) + d] = 1;
  return LAT_OK;
}

static double logit_of(const struct work *work, const double *w, size_t r) {
  const double *z = work->z + r * (work->d + 1);
  double sum = 0;
  for (size_t i = 0; i <= work->d; i++) sum += w[i] * z[i];
  return sum;
}

static double loss_of(const struct work *work, const double *w) {
  double loss = 0;
  for (size_t r = 0; r < work->n; r++) loss += lat_probe_loss(logit_of(work, w, r), work->bit[r]) * M_LN2;
  for (size_t i = 0; i < work->d; i++) loss += 0.5 * w[i] * w[i];
  return loss;
}

/* Newton's step at w. */
static int step_of(struct work *work, const double *w) {
  size_t m = work->d + 1;
  memset(work->slope, 0, m * sizeof *work->slope);
  memset(work->square, 0, m * m * sizeof *work->square);
  for (size_t r = 0; r < work->n; r++) {
    const double *z = work->z + r * m;
    double q = 1 / (1 + exp(-logit_of(work, w, r))), off = q - (double)work->bit[r], curved = q * (1 - q);
    for (size_t i = 0; i < m; i++) {
      work->slope[i] += off * z[i];
      double scaled = curved * z[i];
      for (size_t j = 0; j <= i; j++) work->square[i * m + j] += scaled * z[j];
    }
  }
  for (size_t i = 0; i < m; i++) {
    if (i < work->d) work->slope[i] += w[i];
    work->square[i * m + i] += i < work->d ? 1 : 1e-9;
    for (size_t j = 0; j < i; j++) work->square[j * m + i] = work->square[i * m + j];
  }
  gsl_matrix_view square = gsl_matrix_view_array(work->square, m, m);
  gsl_vector_view slope = gsl_vector_view_array(work->slope, m), step = gsl_vector_view_array(work->step, m);
  gsl_error_handler_t *before = gsl_set_error_handler_off();
  int failed =
      gsl_linalg_cholesky_decomp1(&square.matrix) || gsl_linalg_cholesky_solve(&square.matrix, &slope.vector, &step.vector);
  gsl_set_error_handler(before);
  return failed ? LAT_FAIL(LAT_NUMERIC, "the probe's equations cannot be solved") : LAT_OK;
}

static int search(struct work *work, double *w, double *tried) {
  double loss = loss_of(work, w);
  int status = LAT_OK;
  for (int k = 0; k < MOST_STEPS; k++) {
    LAT_TRY(status, step_of(work, w));
    double share = 1, next = HUGE_VAL;
    for (int h = 0; h < MOST_HALVINGS && !(next < loss); h++, share /= 2) {
      for (size_t i = 0; i <= work->d; i++) tried[i] = w[i] - share * work->step[i];
      next = loss_of(work, tried);
    }
    if (!(next < loss)) break; /* as low as rounding lets it come */
    memcpy(w, tried, (work->d + 1) * sizeof *w);
    if (loss - next <= enough * loss) break;
    loss = next;
  }
done:
  return status;
}

int lat_probe_fit(const float *x, const uint8_t *bit, size_t n, size_t d, double *weight) {
  struct work work = {.n = n, .d = d, .bit = bit};
  size_t m = d + 1;
  int status = LAT_OK;
  if (n == 0 || d == 0) return LAT_FAIL(LAT_INPUT, "a probe of %zu rows of %zu numbers has nothing to read", n, d);
  double *memory = lat_alloc(n * m + m * m + 6 * m, sizeof *memory);
  if (memory == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for a probe of %zu rows of %zu numbers", n, d);
  work.z = memory;
  work.square = work.z + n * m;
  work.slope = work.square + m * m;
  work.step = work.slope + m;
  work.mean = work.step + m;
  work.deviation = work.mean + m;
  double *w = work.deviation + m, *tried = w + m;
  memset(w, 0, m * sizeof *w);
  LAT_TRY(status, standardise(&work, x));
  LAT_TRY(status, search(&work, w, tried));
  weight[d] = w[d];
  for (size_t i = 0; i < d; i++) {
    weight[i] = w[i] / work.deviation[i];
    weight[d] -= weight[i] * work.mean[i];
  }
done:
  lat_free(memory);
  return status;
}
