#include "lib/info/neighbour.h"

#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

#define JITTER 1e-10

enum { MOST_NEIGHBOURS = 64 };

/* Column by column, so that distances of one example to all others are computed with the others side by side. */
struct space {
  double *column; /* [d, n], scaled and jittered */
  size_t d;
  int constant;
};

static int make_space(struct space *space, const float *x, size_t d, size_t n, uint64_t seed, size_t stream) {
  double square = 0, largest = 0;
  space->d = d;
  space->column = lat_alloc(d * n, sizeof(double));
  if (space->column == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for %zu examples of %zu numbers", n, d);
  for (size_t c = 0; c < d; c++) {
    double mean = 0;
    for (size_t i = 0; i < n; i++) {
      double value = (double)x[i * d + c];
      if (!isfinite(value)) return LAT_FAIL(LAT_INPUT, "number %zu of example %zu is not finite", c, i);
      mean += value / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
      double away = (double)x[i * d + c] - mean;
      space->column[c * n + i] = away;
      square += away * away;
      largest = fmax(largest, fabs((double)x[i * d + c] - (double)x[c]));
    }
  }
  space->constant = !(largest > 0);
  double scale = square > 0 ? 1 / sqrt(square / (double)(n * d)) : 1;
  for (size_t c = 0; c < d; c++) {
    struct lat_random random;
    lat_random_start(&random, seed, "neighbour jitter", stream + c);
    for (size_t i = 0; i < n; i++)
      space->column[c * n + i] = space->column[c * n + i] * scale + JITTER * (lat_random_uniform(&random) - 0.5);
  }
  return LAT_OK;
}

static void distances(const struct space *space, size_t n, size_t i, double *distance) {
  for (size_t c = 0; c < space->d; c++) {
    const double *column = space->column + c * n;
    double here = column[i];
    if (c == 0)
      for (size_t j = 0; j < n; j++) distance[j] = fabs(column[j] - here);
    else
      for (size_t j = 0; j < n; j++) {
        double away = fabs(column[j] - here);
        distance[j] = away > distance[j] ? away : distance[j];
      }
  }
}

/* Examples other than i with distance < open, <= closed, and <= JITTER, of which the first two are above 0. */
static void within(const double *distance, size_t n, double open, double closed, size_t count[3]) {
  size_t a = 0, b = 0, tied = 0;
  for (size_t j = 0; j < n; j++) {
    a += distance[j] < open;
    b += distance[j] <= closed;
    tied += distance[j] <= JITTER;
  }
  count[0] = a - (0 < open), count[1] = b - 1, count[2] = tied - 1;
}

struct job {
  struct space x, y;
  size_t n, k;
  double *term[2];     /* [n] each: psi(a) + psi(b) in nats, by variant */
  unsigned char *tied; /* [n]: 1 in X, 2 in Y */
};

/* The k nearest in the joint space, nearest first; of equals the smaller index. */
static void nearest(const double *dx, const double *dy, size_t n, size_t i, size_t k, size_t *index, double *away) {
  size_t found = 0;
  for (size_t j = 0; j < n; j++) {
    double distance = dx[j] > dy[j] ? dx[j] : dy[j];
    if (j == i || (found == k && distance >= away[k - 1])) continue;
    size_t at = found < k ? found++ : k - 1;
    for (; at > 0 && away[at - 1] > distance; at--) away[at] = away[at - 1], index[at] = index[at - 1];
    away[at] = distance;
    index[at] = j;
  }
}

static void one(struct job *job, size_t i, double *dx, double *dy) {
  size_t n = job->n, index[MOST_NEIGHBOURS], a[3], b[3];
  double away[MOST_NEIGHBOURS] = {0}, rx = 0, ry = 0;
  distances(&job->x, n, i, dx);
  distances(&job->y, n, i, dy);
  nearest(dx, dy, n, i, job->k, index, away);
  for (size_t m = 0; m < job->k; m++) rx = fmax(rx, dx[index[m]]), ry = fmax(ry, dy[index[m]]);
  within(dx, n, away[job->k - 1], rx, a);
  within(dy, n, away[job->k - 1], ry, b);
  job->term[0][i] = gsl_sf_psi_int((int)a[0] + 1) + gsl_sf_psi_int((int)b[0] + 1);
  job->term[1][i] = gsl_sf_psi_int((int)a[1]) + gsl_sf_psi_int((int)b[1]);
  job->tied[i] = (unsigned char)((a[2] > 0) + 2 * (b[2] > 0));
}

static int all(struct job *job) {
  int failed = 0;
#pragma omp parallel
  {
    double *distance = lat_alloc(2 * job->n, sizeof *distance);
    if (distance == NULL) {
#pragma omp atomic write
      failed = 1;
    }
#pragma omp barrier
    if (!failed) {
#pragma omp for schedule(static, 16)
      for (size_t i = 0; i < job->n; i++) one(job, i, distance, distance + job->n);
    }
    lat_free(distance);
  }
  return failed ? LAT_FAIL(LAT_MEMORY, "no memory for the distances of %zu examples", job->n) : LAT_OK;
}

static void gather(const struct job *job, int variant, double bound, struct lat_neighbour *found) {
  const double *term = job->term[variant - 1];
  double sum = 0, square = 0, n = (double)job->n, tied_x = 0, tied_y = 0;
  for (size_t i = 0; i < job->n; i++) {
    sum += term[i];
    tied_x += job->tied[i] & 1;
    tied_y += job->tied[i] >> 1;
  }
  for (size_t i = 0; i < job->n; i++) square += (term[i] - sum / n) * (term[i] - sum / n);
  double own = gsl_sf_psi_int((int)job->k) - (variant == 2 ? 1 / (double)job->k : 0);
  double nats = job->x.constant || job->y.constant ? 0 : own + gsl_sf_psi_int((int)job->n) - sum / n;
  found->information = lat_estimate_make(nats / M_LN2, bound);
  found->error = sqrt(square / (n * (n - 1))) / M_LN2;
  found->ceiling = (gsl_sf_psi_int((int)job->n) - gsl_sf_psi_int((int)job->k)) / M_LN2;
  found->tied_x = tied_x / n;
  found->tied_y = tied_y / n;
}

int lat_neighbour_both(const float *x, size_t dx, const float *y, size_t dy, size_t n, struct lat_neighbour_options options,
                       struct lat_neighbour found[2]) {
  int status = LAT_OK;
  struct job job = {.n = n, .k = options.k};
  LAT_CHECK(status, options.k >= 1 && options.k < n && options.k <= MOST_NEIGHBOURS && n <= INT32_MAX, LAT_INPUT,
            "%zu neighbours of %zu examples: k must be from 1 to %d and below the number of examples", options.k, n,
            MOST_NEIGHBOURS);
  LAT_CHECK(status, dx >= 1 && dy >= 1, LAT_INPUT, "vectors of %zu and %zu numbers: there must be at least 1", dx, dy);
  LAT_TRY(status, make_space(&job.x, x, dx, n, options.seed, 0));
  LAT_TRY(status, make_space(&job.y, y, dy, n, options.seed, dx));
  job.term[0] = lat_alloc(2 * n, sizeof(double));
  job.tied = lat_alloc(n, sizeof *job.tied);
  LAT_CHECK(status, job.term[0] != NULL && job.tied != NULL, LAT_MEMORY, "no memory for %zu examples", n);
  job.term[1] = job.term[0] + n;
  LAT_TRY(status, all(&job));
  for (int variant = 1; variant <= 2; variant++) gather(&job, variant, options.bound, &found[variant - 1]);
done:
  lat_free(job.x.column);
  lat_free(job.y.column);
  lat_free(job.term[0]);
  lat_free(job.tied);
  return status;
}

int lat_neighbour_information(const float *x, size_t dx, const float *y, size_t dy, size_t n,
                              struct lat_neighbour_options options, struct lat_neighbour *found) {
  struct lat_neighbour both[2];
  if (options.variant != 1 && options.variant != 2)
    return LAT_FAIL(LAT_INPUT, "variant %d: there are 1 and 2", options.variant);
  int status = lat_neighbour_both(x, dx, y, dy, n, options, both);
  if (status == LAT_OK) *found = both[options.variant - 1];
  return status;
}

struct pairing {
  const float *x, *y;
  float *shuffled;
  size_t dx, dy, n;
  struct lat_neighbour_options options;
};

static int information_of(void *context, const uint32_t *order, double *bits) {
  struct pairing *pairing = context;
  struct lat_neighbour found;
  size_t dy = pairing->dy;
  for (size_t i = 0; i < pairing->n; i++)
    memcpy(pairing->shuffled + i * dy, pairing->y + order[i] * dy, dy * sizeof(float));
  int status =
      lat_neighbour_information(pairing->x, pairing->dx, pairing->shuffled, dy, pairing->n, pairing->options, &found);
  if (status == LAT_OK) *bits = found.information.raw;
  return status;
}

int lat_neighbour_control(const float *x, size_t dx, const float *y, size_t dy, size_t n,
                          struct lat_neighbour_options options, size_t shuffles, struct lat_control *control) {
  struct pairing pairing = {x, y, NULL, dx, dy, n, options};
  pairing.shuffled = lat_alloc(n * dy, sizeof(float));
  if (pairing.shuffled == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for %zu examples", n);
  int status = lat_control_shuffled(information_of, &pairing, n, shuffles, options.seed, control);
  lat_free(pairing.shuffled);
  return status;
}
