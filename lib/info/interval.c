#include "lib/info/interval.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

/* Where Beta(a, b) has `tail` below it, or above it: halved for, P growing with x. GSL's own inverse gives no number for some a and b
 * (a = 3, b = 258) and ends the program for others (tails of 5e-5, 1000 trials). */
static double quantile(double tail, double a, double b, int above) {
  double low = 0, high = 1;
  for (int i = 0; i < 1100; i++) {
    double middle = 0.5 * (low + high);
    if (middle <= low || middle >= high) break;
    if (above ? gsl_cdf_beta_Q(middle, a, b) > tail : gsl_cdf_beta_P(middle, a, b) < tail)
      low = middle;
    else
      high = middle;
  }
  return above ? high : low;
}

struct lat_interval lat_interval_proportion(uint64_t successes, uint64_t trials, double confidence) {
  assert(successes <= trials && confidence > 0 && confidence < 1);
  struct lat_interval interval = {0, 1};
  if (trials == 0) return interval;
  double tail = (1 - confidence) / 2, k = (double)successes, n = (double)trials;
  /* At the ends the Beta quantile has a closed form, which also serves where the iteration does not converge. */
  if (successes == trials)
    interval.low = exp(log(tail) / n);
  else if (successes > 0)
    interval.low = quantile(tail, k, n - k + 1, 0);
  if (successes == 0)
    interval.high = -expm1(log(tail) / n);
  else if (successes < trials)
    interval.high = quantile(tail, k + 1, n - k, 1);
  return interval;
}
