#include "experiments/gradient_flow/series.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static struct lat_flow_series series_of(const struct lat_merged *merged, size_t i) {
  return (struct lat_flow_series){.part = lat_merged_text(merged, "part", i),
                                  .block = lat_merged_text(merged, "block", i),
                                  .injection = lat_merged_text(merged, "injection", i),
                                  .sharing = lat_merged_text(merged, "sharing", i),
                                  .branch = lat_merged_text(merged, "branch", i),
                                  .weights = lat_merged_text(merged, "weights", i),
                                  .gain = lat_merged_real(merged, "gain", i),
                                  .loops = lat_merged_integer(merged, "loops", i)};
}

static int same(const struct lat_flow_series *a, const struct lat_flow_series *b) {
  return strcmp(a->part, b->part) == 0 && strcmp(a->block, b->block) == 0 && strcmp(a->injection, b->injection) == 0 &&
         strcmp(a->sharing, b->sharing) == 0 && strcmp(a->branch, b->branch) == 0 && strcmp(a->weights, b->weights) == 0 &&
         !(a->gain < b->gain || a->gain > b->gain) && a->loops == b->loops;
}

void lat_flow_series_free(struct lat_flow_series *series, size_t count) {
  for (size_t s = 0; series != NULL && s < count; s++) lat_free(series[s].point);
  lat_free(series);
}

int lat_flow_series_find(const struct lat_merged *merged, struct lat_flow_series **result, size_t *count) {
  size_t points = lat_merged_points(merged), found = 0;
  int status = LAT_OK;
  *result = NULL;
  *count = 0;
  struct lat_flow_series *series = lat_calloc(points + 1, sizeof *series);
  LAT_CHECK(status, series != NULL, LAT_MEMORY, "no memory for %zu series", points);
  for (size_t i = 0; i < points; i++) {
    struct lat_flow_series next = series_of(merged, i);
    size_t s = 0;
    while (s < found && !same(&series[s], &next)) s++;
    if (s == found) {
      series[found++] = next;
      series[s].point = lat_calloc(points, sizeof *series[s].point);
      LAT_CHECK(status, series[s].point != NULL, LAT_MEMORY, "no memory for a series of %zu points", points);
    }
    if (lat_merged_failed(merged, i))
      series[s].failed++;
    else
      series[s].point[series[s].points++] = i;
  }
  *result = series;
  *count = found;
  return LAT_OK;
done:
  lat_flow_series_free(series, found);
  return status;
}

size_t lat_flow_readings(const struct lat_merged *merged, size_t point) {
  size_t extent[3] = {0};
  return lat_merged_array(merged, "steps", point, extent) != NULL ? extent[0] : 0;
}

static double at(const struct lat_merged *merged, const char *name, size_t point, size_t index) {
  size_t extent[3] = {0};
  const double *value = lat_merged_array(merged, name, point, extent);
  return value != NULL && index < extent[0] ? value[index] : (double)NAN;
}

struct lat_flow_reading lat_flow_read(const struct lat_merged *merged, size_t point, size_t index) {
  double steps = at(merged, "steps", point, index), state = at(merged, "state", point, index);
  return (struct lat_flow_reading){.steps = isfinite(steps) ? (int64_t)steps : -1,
                                   .state = isfinite(state) ? (int64_t)state : -1,
                                   .broken_at = at(merged, "broken_at", point, index),
                                   .rms = at(merged, "rms", point, index),
                                   .ratio = at(merged, "log_ratio", point, index),
                                   .input = at(merged, "log_input", point, index),
                                   .parameters = at(merged, "log_parameters", point, index),
                                   .exponent = at(merged, "exponent", point, index),
                                   .step = at(merged, "log_step", point, index),
                                   .residual = at(merged, "residual", point, index)};
}

int lat_flow_solved(const struct lat_merged *merged, size_t point) {
  return strcmp(lat_merged_text(merged, "end", point), "solved") == 0;
}

struct lat_flow_spread lat_flow_spread_of(size_t count, const double *value) {
  struct lat_flow_spread spread = {(double)NAN, (double)NAN, (double)NAN, 0};
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(value[i])) continue;
    sum += value[i];
    if (spread.numbers == 0 || value[i] < spread.low) spread.low = value[i];
    if (spread.numbers == 0 || value[i] > spread.high) spread.high = value[i];
    spread.numbers++;
  }
  if (spread.numbers > 0) spread.mean = sum / (double)spread.numbers;
  return spread;
}

double lat_flow_median(size_t count, double *value, size_t below, size_t above) {
  size_t numbers = 0;
  for (size_t i = 0; i < count; i++)
    if (isfinite(value[i])) value[numbers++] = value[i];
  gsl_sort(value, 1, numbers);
  size_t all = below + numbers + above, low = (all - 1) / 2, high = all / 2;
  if (all == 0 || low < below || high >= below + numbers) return (double)NAN;
  return 0.5 * (value[low - below] + value[high - below]);
}
