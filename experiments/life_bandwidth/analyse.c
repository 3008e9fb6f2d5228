#include "experiments/life_bandwidth/analyse.h"

#include <math.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"
#include "lib/info/interval.h"

enum { MOST_RUNS = 64, MOST_GROUPS = 256, ARMS = 4, CONSTRUCTED = 0, TRAINED = 1, CUT = 2, WIDE = 3 };
static const char *const arms[ARMS] = {"constructed", "trained", "cut", "wide"};
/* Of the interval that a success must leave below the bound: runs are many, and none should leave it by chance. */
static const double confidence = 0.9999;

/* Runs that differ in seed and learning rate alone, at the rate that validates best in the median. */
struct group {
  size_t point, arm; /* the first of its points */
  double bandwidth, cells, bound, constant;
  struct lat_spread success;
};

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t count, failed, above;
  struct group group[MOST_GROUPS];
};

static int same_text(const struct reading *r, const char *name, size_t i, size_t j) {
  return strcmp(lat_merged_text(r->merged, name, i), lat_merged_text(r->merged, name, j)) == 0;
}

static int same_real(const struct reading *r, const char *name, size_t i, size_t j) {
  return fabs(lat_merged_real(r->merged, name, i) - lat_merged_real(r->merged, name, j)) <= 1e-12;
}

static int alike(const struct reading *r, size_t i, size_t j) {
  return same_text(r, "how", i, j) && same_text(r, "board", i, j) && same_text(r, "control", i, j) &&
         same_real(r, "share", i, j) && same_real(r, "bits", i, j) && same_real(r, "steps", i, j);
}

/* Values of an output over the seeds of group i at the rate of point k. */
static struct lat_spread at_rate(const struct reading *r, const char *output, size_t i, size_t k) {
  double value[MOST_RUNS];
  size_t count = 0;
  for (size_t j = i; j < lat_merged_points(r->merged) && count < MOST_RUNS; j++)
    if (!lat_merged_failed(r->merged, j) && alike(r, i, j) && same_real(r, "rate", k, j))
      value[count++] = lat_merged_real(r->merged, output, j);
  return lat_spread_of(value, count);
}

static void find_groups(struct reading *r) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    size_t known = 0;
    if (lat_merged_failed(r->merged, i)) {
      r->failed++;
      continue;
    }
    uint64_t right = (uint64_t)lat_merged_integer(r->merged, "whole", i);
    uint64_t tested = (uint64_t)lat_merged_integer(r->merged, "tested", i);
    r->above += lat_interval_proportion(right, tested, confidence).low > lat_merged_real(r->merged, "bound", i);
    while (known < r->count && !alike(r, r->group[known].point, i)) known++;
    if (known < r->count || r->count == MOST_GROUPS) continue;
    struct group *group = &r->group[r->count++];
    const char *control = lat_merged_text(r->merged, "control", i);
    size_t extent[3], best = i;
    for (size_t k = i; k < lat_merged_points(r->merged); k++)
      if (!lat_merged_failed(r->merged, k) && alike(r, i, k) &&
          at_rate(r, "validated", i, k).median > at_rate(r, "validated", i, best).median)
        best = k;
    const double *bounds = lat_merged_array(r->merged, "bounds", i, extent);
    *group = (struct group){.point = i,
                            .arm = strcmp(control, "cut") == 0                                    ? CUT
                                   : strcmp(control, "wide") == 0                                 ? WIDE
                                   : strcmp(lat_merged_text(r->merged, "how", i), "trained") == 0 ? TRAINED
                                                                                                  : CONSTRUCTED,
                            .bandwidth = lat_merged_real(r->merged, "bandwidth", i),
                            .cells = lat_merged_real(r->merged, "cells", i),
                            .bound = lat_merged_real(r->merged, "bound", i),
                            .constant = bounds != NULL ? bounds[0] : (double)NAN,
                            .success = at_rate(r, "success", i, best)};
  }
}

static int tables(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "success",
                                  "arm (index)\tcells\tbits of a number\tbandwidth (bits)\tbits a cell\tsuccess, "
                                  "median\tleast\tmost\tbound\tseeds\tboard\tarm\thow",
                                  "Boards right in every cell, by the bits that pass after each step: over seeds, at the "
                                  "learning rate that validates best."));
  for (size_t g = 0; g < r->count; g++) {
    const struct group *group = &r->group[g];
    LAT_TRY(status,
            lat_table_row(r->analysis, "%zu\t%.0f\t%lld\t%.0f\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%zu\t%s\t%s\t%s", group->arm,
                          group->cells, (long long)lat_merged_integer(r->merged, "bits", group->point), group->bandwidth,
                          group->bandwidth / group->cells, group->success.median, group->success.least, group->success.most,
                          group->bound, group->success.count, lat_merged_text(r->merged, "board", group->point),
                          arms[group->arm], lat_merged_text(r->merged, "how", group->point)));
  }
  LAT_TRY(status, lat_table_begin(r->analysis, "bounds", "cells\tbandwidth (bits)\tbits a cell\tbound\tboard", NULL));
  for (size_t g = 0; g < r->count; g++) {
    size_t extent[3], before = 0;
    while (!same_text(r, "board", r->group[before].point, r->group[g].point)) before++;
    const double *bounds = lat_merged_array(r->merged, "bounds", r->group[g].point, extent);
    if (before < g || bounds == NULL) continue;
    for (size_t w = 0; w < extent[0]; w++)
      LAT_TRY(status,
              lat_table_row(r->analysis, "%.0f\t%zu\t%.5g\t%.6g\t%s", r->group[g].cells, w, (double)w / r->group[g].cells,
                            bounds[w], lat_merged_text(r->merged, "board", r->group[g].point)));
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

static int verdict(const struct reading *r) {
  size_t wide = 0, learned = 0, cut = 0, leaking = 0, trained = 0, low = 0, could = 0, early = 0, full = 0;
  double least_full = 1, least_half = HUGE_VAL;
  for (size_t g = 0; g < r->count; g++) {
    const struct group *group = &r->group[g];
    double share = group->bandwidth / group->cells;
    int half = group->success.median >= (1 + group->constant) / 2;
    if (group->arm == WIDE) wide++, learned += (size_t)half;
    if (group->arm == CUT) cut++, leaking += (size_t)half;
    if (group->arm == TRAINED) {
      trained++;
      if (share < 0.5 - 1e-9) {
        low++;
        could += group->bound >= (1 + group->constant) / 2; /* else nothing could refute the prediction there */
        early += (size_t)half;
      }
      if (half) least_half = fmin(least_half, share);
    }
    if (group->arm == CONSTRUCTED && share >= 1) full++, least_full = fmin(least_full, group->success.least);
  }
  if (r->failed > 0 || r->above > 0 || wide == 0 || learned < wide || cut == 0 || leaking > 0 || could == 0 || full == 0)
    return lat_verdict(r->analysis, LAT_OPEN,
                       "%zu points failed; %zu runs lie above the exact bound, which would be a mistake; %zu of %zu "
                       "networks without a narrow place learned Life; %zu of %zu cut controls succeed; %zu kinds of "
                       "trained networks with less than half a bit a cell could succeed by the bound, and %zu kinds of "
                       "constructed ones have a bit a cell: not enough to judge",
                       r->failed, r->above, learned, wide, leaking, cut, could, full);
  int refuted = early > 0 || !(least_full >= 1);
  if (!isfinite(least_half))
    return lat_verdict(r->analysis, refuted ? LAT_REFUTED : LAT_SUPPORTED,
                       "Explicit weights with a bit a cell or more have a share of %.4g of the boards right; none of %zu "
                       "kinds of trained networks with a narrow place comes half of the way from the best constant answer "
                       "to 1, while %zu of %zu without one do; 0 runs above the exact bound, 0 of %zu cut controls succeed",
                       least_full, trained, learned, wide, cut);
  return lat_verdict(
      r->analysis, refuted ? LAT_REFUTED : LAT_SUPPORTED,
      "Explicit weights with a bit a cell or more have a share of %.4g of the boards right; trained networks "
      "come half of the way from the best constant answer to 1 from %.3g bits a cell on (%zu of %zu kinds "
      "with less than half a bit do, of which %zu could by the bound); 0 runs above the exact bound, 0 of %zu cut controls "
      "succeed",
      least_full, least_half, early, low, could, cut);
}

int lat_life_bandwidth_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  find_groups(&r);
  LAT_TRY(status, tables(&r));
  LAT_TRY(status, verdict(&r));
done:
  return status;
}
