#include "experiments/thought_relay/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/thought_relay/reading.h"
#include "lib/base/status.h"

static int text_is(const struct lat_relay_results *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}

static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) ? "%.5g" : "NaN", value);
  return text;
}

/* What the verdict is made of. */
struct sums {
  size_t runs, failed, diverged, beyond, above;
  size_t codes;           /* numbers of codes of 4..256 with both ways */
  double direct, first;   /* the largest loss of the median, a share of log2 K */
  double at_once, gumbel; /* the same of what is not predicted to be within 2 % */
  int64_t most;           /* codes */
};

static double loss_of(const struct lat_relay_results *r, size_t way, int64_t codes, int *there) {
  char thought[32];
  struct lat_relay_key key = lat_relay_code_key(way, thought, codes);
  struct lat_relay_set set = lat_relay_pick(r, &key);
  struct lat_spread got = lat_relay_spread(r, &set, "recovered");
  *there = got.count > 0;
  return got.count > 0 ? 1 - got.median / log2((double)codes) : 0;
}

static void sum_up(const struct lat_relay_results *r, struct sums *sums) {
  int64_t codes[LAT_RELAY_VALUES];
  size_t count = lat_relay_values(r, "codebook", "codes", codes);
  *sums = (struct sums){.runs = lat_merged_points(r->merged)};
  for (size_t i = 0; i < sums->runs; i++) {
    if (lat_merged_failed(r->merged, i)) {
      sums->failed++;
      continue;
    }
    double bound = lat_merged_real(r->merged, "bound", i);
    sums->diverged += (size_t)text_is(r, "end", i, "diverged");
    sums->beyond += !(lat_merged_real(r->merged, "recovered_low", i) <= bound * (1 + 1e-9));
    sums->above += lat_merged_real(r->merged, "recovered", i) > bound * (1 + 1e-9);
  }
  for (size_t k = 0; k < count; k++) {
    int there[4];
    double loss[4];
    for (size_t way = 0; way < 4; way++) loss[way] = loss_of(r, way, codes[k], &there[way]);
    if (codes[k] < 4 || codes[k] > 256 || !there[0] || !there[2]) continue;
    sums->codes++;
    sums->most = codes[k];
    sums->direct = fmax(sums->direct, loss[0]);
    sums->at_once = fmax(sums->at_once, loss[1]);
    sums->first = fmax(sums->first, loss[2]);
    sums->gumbel = fmax(sums->gumbel, loss[3]);
  }
}

static int judge(const struct lat_relay_results *r) {
  struct sums sums;
  char a[32], b[32], c[32], d[32];
  sum_up(r, &sums);
  int saturates = sums.direct <= 0.02 && sums.first <= 0.02;
  int grows = r->slope_low[1] > 0 && r->widest > log2((double)(sums.most > 1 ? sums.most : 2));
  int whole = sums.codes >= 4 && sums.most >= 256 && isfinite(r->slope[1]);
  enum lat_verdict verdict = !whole && sums.beyond == 0               ? LAT_OPEN
                             : saturates && grows && sums.beyond == 0 ? LAT_SUPPORTED
                                                                      : LAT_REFUTED;
  return lat_verdict(
      r->analysis, verdict,
      "%zu numbers of codes up to %lld: medians lose at most %.2g %% of log2 K with log2 K bits, %.2g %% with 12 "
      "after them, %.2g %% with 12 at once, %.2g %% with Gumbel-softmax; continuous thoughts: %s bits a number (95 %% "
      "interval %s to %s), linear reader %s, %.4g bits at d = %lld; %zu of %zu runs have an interval beyond what their "
      "channel can carry, %zu a mean; %zu failed, %zu diverged",
      sums.codes, (long long)sums.most, 100 * sums.direct, 100 * sums.first, 100 * sums.at_once, 100 * sums.gumbel,
      number(a, r->slope[1]), number(b, r->slope_low[1]), number(c, r->slope_high[1]), number(d, r->slope[0]), r->widest,
      (long long)r->widest_width, sums.beyond, sums.runs, sums.above, sums.failed, sums.diverged);
}

int lat_thought_relay_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct lat_relay_results r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  LAT_TRY(status, lat_relay_tables(&r));
  LAT_TRY(status, judge(&r));
done:
  return status;
}
