#include "lib/info/quantise.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static int check(const float *x, size_t n, size_t d, unsigned bits, unsigned most) {
  if (bits < 1 || bits > most) return LAT_FAIL(LAT_INPUT, "%u bits a number: from 1 to %u", bits, most);
  if (n < 1 || d < 1) return LAT_FAIL(LAT_INPUT, "%zu vectors of %zu numbers: nothing to round", n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite((double)x[i])) return LAT_FAIL(LAT_INPUT, "number %zu of vector %zu is not finite", i % d, i / d);
  return LAT_OK;
}

static double to_level(double x, double range, double top) {
  double q = nearbyint((x / range + 1) * top / 2);
  return range * (2 * fmin(fmax(q, 0), top) / top - 1);
}

int lat_quantise_fixed(const float *x, size_t n, size_t d, unsigned bits, double range, float *out,
                       struct lat_distortion *distortion) {
  int status = check(x, n, d, bits, LAT_QUANTISE_MOST_BITS);
  if (status != LAT_OK) return status;
  if (!(range > 0) || !isfinite(range))
    return LAT_FAIL(LAT_INPUT, "levels from %g to %g: the range must be above 0", -range, range);
  double top = (double)((1UL << bits) - 1), sum = 0;
  for (size_t i = 0; i < n * d; i++) {
    double y = to_level((double)x[i], range, top), off = y - (double)x[i];
    sum += off * off;
    out[i] = (float)y;
  }
  *distortion = (struct lat_distortion){(double)bits * (double)d, sum / (double)(n * d)};
  return LAT_OK;
}

int lat_quantise_largest(const float *x, size_t n, size_t d, unsigned bits, float *out, struct lat_distortion *distortion) {
  int status = check(x, n, d, bits, LAT_QUANTISE_MOST_BITS);
  if (status != LAT_OK) return status;
  double top = (double)((1UL << bits) - 1), sum = 0;
  for (size_t v = 0; v < n; v++) {
    double range = 0;
    for (size_t i = v * d; i < (v + 1) * d; i++) range = fmax(range, fabs((double)x[i]));
    for (size_t i = v * d; i < (v + 1) * d; i++) {
      double y = range > 0 ? to_level((double)x[i], range, top) : 0, off = y - (double)x[i];
      sum += off * off;
      out[i] = (float)y;
    }
  }
  *distortion = (struct lat_distortion){(double)bits * (double)d + LAT_QUANTISE_SCALE_BITS, sum / (double)(n * d)};
  return LAT_OK;
}

/* Mean squared error of 2^bits even levels, `step` apart about 0, for N(0, 1): the cells on the positive side, doubled. Over a cell (a, b)
 * with level c: int (x - c)^2 phi = (1 + c^2) (Phi(b) - Phi(a)) + (a - 2 c) phi(a) - (b - 2 c) phi(b). */
static double normal_error(unsigned bits, double step) {
  unsigned long half = 1UL << (bits - 1);
  double sum = 0;
  for (unsigned long i = 0; i < half; i++) {
    int last = i + 1 == half;
    double a = step * (double)i, c = a + step / 2;
    double b = a + step, phi_a = exp(-0.5 * a * a) / sqrt(2 * M_PI), phi_b = exp(-0.5 * b * b) / sqrt(2 * M_PI);
    double inside = 0.5 * (erfc(a / M_SQRT2) - (last ? 0 : erfc(b / M_SQRT2)));
    if (a > 12) {
      break; /* nothing left */
    }
    sum += (1 + c * c) * inside + (a - 2 * c) * phi_a - (last ? 0 : (b - 2 * c) * phi_b);
  }
  return 2 * sum;
}

/* The error falls, then grows with the step: golden section. */
void lat_quantise_normal_step(unsigned bits, double *step, double *error) {
  assert(bits >= 1 && bits <= LAT_QUANTISE_NORMAL_BITS);
  const double golden = 0.61803398874989485;
  double low = 0, high = 16 / pow(2, bits - 1);
  double left = high - golden * (high - low), right = low + golden * (high - low);
  double at_left = normal_error(bits, left), at_right = normal_error(bits, right);
  for (int i = 0; i < 60; i++) {
    if (at_left < at_right) {
      high = right, right = left, at_right = at_left;
      left = high - golden * (high - low), at_left = normal_error(bits, left);
    } else {
      low = left, left = right, at_left = at_right;
      right = low + golden * (high - low), at_right = normal_error(bits, right);
    }
  }
  *step = 0.5 * (low + high);
  *error = normal_error(bits, *step);
}

int lat_quantise_normal(const float *x, size_t n, size_t d, unsigned bits, float *out, struct lat_distortion *distortion) {
  int status = check(x, n, d, bits, LAT_QUANTISE_NORMAL_BITS);
  if (status != LAT_OK) return status;
  double step, unused, sum = 0, half = (double)(1UL << (bits - 1));
  lat_quantise_normal_step(bits, &step, &unused);
  for (size_t v = 0; v < n; v++) {
    double mean = 0, square = 0;
    for (size_t i = v * d; i < (v + 1) * d; i++) mean += (double)x[i] / (double)d;
    for (size_t i = v * d; i < (v + 1) * d; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
    double deviation = sqrt(square / (double)d);
    for (size_t i = v * d; i < (v + 1) * d; i++) {
      double y = mean;
      if (deviation > 0) {
        double cell = floor(((double)x[i] - mean) / (deviation * step));
        y += deviation * step * (fmin(fmax(cell, -half), half - 1) + 0.5);
      }
      double off = y - (double)x[i];
      sum += off * off;
      out[i] = (float)y;
    }
  }
  *distortion = (struct lat_distortion){(double)bits * (double)d + 2 * LAT_QUANTISE_SCALE_BITS, sum / (double)(n * d)};
  return LAT_OK;
}

/* The water level t with mean min(t, v_i) = error, by halving; then R = sum log2 (v_i / min(t, v_i)) / 2. */
double lat_quantise_gaussian_bits(const double *variance, size_t d, double error) {
  assert(d >= 1 && error > 0);
  double total = 0, high = 0, low = 0, bits = 0;
  for (size_t i = 0; i < d; i++) total += variance[i], high = fmax(high, variance[i]);
  if (error * (double)d >= total) return 0;
  for (int round = 0; round < 200; round++) {
    double level = 0.5 * (low + high), sum = 0;
    for (size_t i = 0; i < d; i++) sum += fmin(level, variance[i]);
    if (sum < error * (double)d)
      low = level;
    else
      high = level;
  }
  for (size_t i = 0; i < d; i++)
    if (variance[i] > high) bits += 0.5 * log2(variance[i] / high);
  return bits;
}
