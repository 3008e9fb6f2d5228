#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

#include "experiments/noise_drift/chain.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

/* u lives on a grid of step h with -1, 0 and 1 on it, from -1 to beyond the last place from which noise can still decide
 * something: above `high` = 3 + REACH sigma an input bit 1 ends the chain and a bit 0 leaves u above `high` (none only: the clip
 * never goes beyond 1). That place is kept as one number. */
enum { PER_SIGMA = 24, COARSEST = 48, REACH = 9 };

struct grid {
  double h, sigma;
  long zero, points, half; /* index of u = 0; noise is cut at half points */
  double *noise;           /* [2 half + 1] */
};

static double phi(const struct lat_drift *drift, double z) {
  if (drift->regenerator == LAT_REGENERATE_NONE) return fmax(z, 0);
  return fmin(fmax(drift->kappa * z + 0.5, 0), 1);
}

static double next_value(const struct lat_drift *drift, double v, int input) {
  double z = input ? -v : v;
  return 2 * (phi(drift, z) + 2 * phi(drift, -z - 2) + phi(drift, z - 4)) - 1;
}

/* Adds `mass` at u, shared by its two neighbours on the grid so that the mean stays. */
static void deposit(const struct grid *grid, double u, double mass, double *density, double *high) {
  double place = u / grid->h + (double)grid->zero, below = floor(place), part = place - below;
  long k = (long)fmin(below, (double)grid->points);
  if (k + 1 >= grid->points && (part > 0 || k >= grid->points)) {
    *high += mass;
    return;
  }
  density[k] += mass * (1 - part);
  if (part > 0) density[k + 1] += mass * part;
}

/* One step: noise, the sign test, the next gate with both inputs. Returns what survived the sign test. */
static double advance(const struct lat_drift *drift, const struct grid *grid, double *now[2], double *next[2],
                      double *high) {
  double alive = *high, lost = 0; /* lost: far above 0 where the bit is 0 */
  *high *= 0.5;
  for (int bit = 0; bit < 2; bit++) memset(next[bit], 0, (size_t)grid->points * sizeof(double));
  long low = -grid->half, last = grid->points + grid->half;
  for (int bit = 0; bit < 2; bit++)
    for (long k = low; k < last; k++) {
      long offset = k - grid->zero, from = k - grid->half > 0 ? k - grid->half : 0;
      long to = k + grid->half < grid->points - 1 ? k + grid->half : grid->points - 1;
      if ((bit && offset < 0) || (!bit && offset > 0)) continue;
      double mass = 0, v = (double)offset * grid->h;
      for (long j = from; j <= to; j++) mass += now[bit][j] * grid->noise[k - j + grid->half];
      if (offset == 0) mass *= 0.5;
      if (!(mass > 0)) continue;
      alive += mass;
      for (int input = 0; input < 2; input++)
        deposit(grid, next_value(drift, v, input), 0.5 * mass, next[bit ^ input], bit ^ input ? high : &lost);
    }
  return alive;
}

static double upper_tail(double sigma) { return gsl_cdf_ugaussian_Q(1 / sigma); }

int lat_drift_theory(const struct lat_drift *drift, double *survival) {
  if (drift->regenerator == LAT_REGENERATE_TOKEN || drift->regenerator == LAT_REGENERATE_COT) {
    double p = drift->sigma > 0 ? upper_tail(drift->sigma) : 0;
    for (size_t t = 0; t < drift->steps; t++) survival[t] = exp((double)(t + 1) * log1p(-p));
    return LAT_OK;
  }
  int status = LAT_OK;
  double sigma = fmax(drift->sigma, 1e-4);
  struct grid grid = {.sigma = sigma};
  long per_unit = (long)ceil(PER_SIGMA / sigma);
  grid.zero = per_unit > COARSEST ? per_unit : COARSEST;
  grid.h = 1 / (double)grid.zero;
  grid.points = (long)ceil((4 + REACH * sigma) / grid.h) + 1;
  grid.half = (long)ceil(REACH * sigma / grid.h);
  double *memory = lat_calloc((size_t)(4 * grid.points + 2 * grid.half + 1), sizeof *memory);
  LAT_CHECK(status, memory != NULL, LAT_MEMORY, "no memory for a grid of %ld points", grid.points);
  double *now[2] = {memory, memory + grid.points}, *next[2] = {memory + 2 * grid.points, memory + 3 * grid.points};
  grid.noise = memory + 4 * grid.points;
  for (long k = -grid.half; k <= grid.half; k++) {
    double width = grid.h / sigma, at = fabs((double)k) * width;
    grid.noise[k + grid.half] = gsl_cdf_ugaussian_Q(at - 0.5 * width) - gsl_cdf_ugaussian_Q(at + 0.5 * width);
  }
  double high = 0;
  now[0][0] = now[1][2 * grid.zero] = 0.5; /* the first gate is exact */
  for (size_t t = 0; t < drift->steps; t++) {
    survival[t] = fmin(advance(drift, &grid, now, next, &high), 1); /* weights sum to 1 up to rounding */
    for (int bit = 0; bit < 2; bit++) {
      double *swap = now[bit];
      now[bit] = next[bit], next[bit] = swap;
    }
  }
done:
  lat_free(memory);
  return status;
}
