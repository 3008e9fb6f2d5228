#include "lib/info/gaussian.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

double lat_gaussian_capacity(double power, double noise) {
  assert(power >= 0 && noise > 0);
  return 0.5 * log1p(power / noise) / M_LN2;
}

int lat_gaussian_water_filling(const double *noise, size_t d, double power, double *allocation, double *bits) {
  int status = LAT_OK;
  double *sorted = lat_alloc(d, sizeof *sorted), sum = 0, level = 0;
  LAT_CHECK(status, sorted != NULL, LAT_MEMORY, "no memory for %zu channels", d);
  LAT_CHECK(status, d >= 1 && power >= 0 && isfinite(power), LAT_INPUT, "%zu channels with power %g", d, power);
  for (size_t i = 0; i < d; i++) {
    LAT_CHECK(status, noise[i] > 0 && isfinite(noise[i]), LAT_INPUT, "the noise of channel %zu is %g", i, noise[i]);
    sorted[i] = noise[i];
  }
  gsl_sort(sorted, 1, d);
  /* With the `used` quietest channels filled the level is (power + their noise) / used; it counts as long as it covers the last. */
  for (size_t used = 1; used <= d; used++) {
    sum += sorted[used - 1];
    double filled = (power + sum) / (double)used;
    if (used > 1 && filled <= sorted[used - 1]) break;
    level = filled;
  }
  *bits = 0;
  for (size_t i = 0; i < d; i++) {
    double given = fmax(level - noise[i], 0);
    if (allocation != NULL) allocation[i] = given;
    *bits += lat_gaussian_capacity(given, noise[i]);
  }
done:
  lat_free(sorted);
  return status;
}

/* -1 .. 1, evenly. */
static double level_of(size_t i, size_t levels) { return levels > 1 ? 2 * (double)i / (double)(levels - 1) - 1 : 0; }

/* I = h(Y) - h(noise), in units of the noise: h(Y) by the trapezoid rule, which converges faster than any power of the step for a
 * density that is smooth and falls off at both ends. */
int lat_gaussian_levels(size_t levels, double power, double deviation, double *bits) {
  if (levels < 1 || levels > 65536 || !(power >= 0) || !isfinite(power) || !(deviation >= 0))
    return LAT_FAIL(LAT_INPUT, "%zu levels with power %g and noise %g", levels, power, deviation);
  double most = log2((double)levels), M = (double)levels;
  *bits = 0;
  if (levels == 1 || power == 0) return LAT_OK;
  *bits = most;
  /* Evenly spaced from -a to a: mean square a^2 (M + 1) / (3 (M - 1)). */
  double a = sqrt(3 * power * (M - 1) / (M + 1)), apart = 2 * a / (M - 1);
  if (deviation == 0 || apart > 80 * deviation) return LAT_OK;
  a /= deviation, apart /= deviation;
  const double step = 1.0 / 24, tail = 10;
  size_t points = (size_t)ceil(2 * (a + tail) / step);
  double sum = 0;
  for (size_t s = 0; s <= points; s++) {
    double y = -a - tail + step * (double)s, density = 0;
    /* levels further than `tail` from y add less than 1e-22 */
    double first = ceil((y - tail + a) / apart), last = floor((y + tail + a) / apart);
    for (double i = fmax(first, 0); i <= fmin(last, M - 1); i++) {
      double away = y + a - i * apart;
      density += exp(-0.5 * away * away);
    }
    density /= M * sqrt(2 * M_PI);
    if (density > 0) sum -= density * log(density) * step;
  }
  *bits = fmin(fmax((sum - 0.5 * log(2 * M_PI * M_E)) / M_LN2, 0), most);
  return LAT_OK;
}

int lat_gaussian_cells_matrix(struct lat_gaussian_cells cells, double *p) {
  if (cells.inputs < 1 || cells.outputs < 1 || !(cells.amplitude > 0) || !(cells.range > 0) || !(cells.deviation >= 0))
    return LAT_FAIL(LAT_INPUT, "%zu levels to %g in, %zu to %g out, noise %g: all must be above 0", cells.inputs,
                    cells.amplitude, cells.outputs, cells.range, cells.deviation);
  for (size_t x = 0; x < cells.inputs; x++) {
    double sent = cells.amplitude * level_of(x, cells.inputs), before_low = 0, before_high = 1;
    for (size_t y = 0; y < cells.outputs; y++) {
      /* the edge half way to the next level; both tails are kept, so that neither end loses its digits */
      double edge = cells.range * 0.5 * (level_of(y, cells.outputs) + level_of(y + 1, cells.outputs)) - sent;
      double low = edge >= 0, high = edge < 0;
      if (cells.deviation > 0) {
        low = gsl_cdf_ugaussian_P(edge / cells.deviation);
        high = gsl_cdf_ugaussian_Q(edge / cells.deviation);
      }
      if (y + 1 == cells.outputs) low = 1, high = 0;
      p[x * cells.outputs + y] = fmax(low < 0.5 ? low - before_low : before_high - high, 0);
      before_low = low, before_high = high;
    }
  }
  return LAT_OK;
}

int lat_gaussian_cells_capacity(struct lat_gaussian_cells cells, double tolerance, size_t most, double *input,
                                struct lat_capacity *capacity) {
  int status = LAT_OK;
  double *p = lat_alloc(cells.inputs * cells.outputs, sizeof *p);
  LAT_CHECK(status, p != NULL, LAT_MEMORY, "no memory for %zu by %zu levels", cells.inputs, cells.outputs);
  LAT_TRY(status, lat_gaussian_cells_matrix(cells, p));
  LAT_TRY(status, lat_blahut_capacity(p, cells.inputs, cells.outputs, tolerance, most, input, capacity));
done:
  lat_free(p);
  return status;
}
