#include "lib/info/bootstrap.h"

#include <assert.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

int lat_bootstrap(lat_statistic statistic, void *context, size_t n, struct lat_bootstrap how,
                  struct lat_interval *interval) {
  assert(n >= 1 && how.resamples >= 1 && how.confidence > 0 && how.confidence < 1);
  int status = LAT_OK;
  uint32_t *unit = lat_alloc(n, sizeof *unit);
  double *value = lat_alloc(how.resamples, sizeof *value);
  LAT_CHECK(status, unit != NULL && value != NULL, LAT_MEMORY, "no memory for %zu resamples", how.resamples);
  for (size_t r = 0; r < how.resamples; r++) {
    struct lat_random random;
    lat_random_start(&random, how.seed, "bootstrap", r);
    for (size_t i = 0; i < n; i++) unit[i] = (uint32_t)lat_random_below(&random, n);
    LAT_TRY(status, statistic(context, unit, n, &value[r]));
    LAT_CHECK(status, isfinite(value[r]), LAT_NUMERIC, "the statistic of resample %zu is not finite", r);
  }
  gsl_sort(value, 1, how.resamples);
  double tail = (1 - how.confidence) / 2;
  interval->low = gsl_stats_quantile_from_sorted_data(value, 1, how.resamples, tail);
  interval->high = gsl_stats_quantile_from_sorted_data(value, 1, how.resamples, 1 - tail);
done:
  lat_free(unit);
  lat_free(value);
  return status;
}

static int mean_of(void *context, const uint32_t *unit, size_t n, double *value) {
  const double *all = context;
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += all[unit[i]];
  *value = sum / (double)n;
  return LAT_OK;
}

int lat_bootstrap_mean(const double *value, size_t n, struct lat_bootstrap how, struct lat_interval *interval) {
  return lat_bootstrap(mean_of, (void *)(uintptr_t)value, n, how, interval);
}
