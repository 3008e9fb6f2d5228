#include "lib/info/interval.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <math.h>

struct lat_interval lat_interval_proportion(uint64_t successes, uint64_t trials, double confidence) {
  assert(successes <= trials && confidence > 0 && confidence < 1);
  struct lat_interval interval = {0, 1};
  if (trials == 0) return interval;
  double tail = (1 - confidence) / 2, k = (double)successes, n = (double)trials;
  /* At the ends the Beta quantile has a closed form, which also serves where the iteration does not converge. */
  if (successes == trials)
    interval.low = exp(log(tail) / n);
  else if (successes > 0)
    interval.low = gsl_cdf_beta_Pinv(tail, k, n - k + 1);
  if (successes == 0)
    interval.high = -expm1(log(tail) / n);
  else if (successes < trials)
    interval.high = gsl_cdf_beta_Qinv(tail, k + 1, n - k);
  return interval;
}
