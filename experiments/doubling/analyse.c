#include "experiments/doubling/analyse.h"

#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/compile/doubling.h"
#include "lib/info/interval.h"

enum { MOST_GROUPS = 16 };

struct group {
  const char *name;
  int64_t order, solvable, right, trials; /* words right one loop too early; loops > 0 only, without the chosen ones */
  size_t largest;                         /* point of the longest word by doubling */
  size_t points;
};

static int is(const struct lat_merged *merged, size_t i, const char *problem) {
  return !lat_merged_failed(merged, i) && strcmp(lat_merged_text(merged, "problem", i), problem) == 0;
}

static int is_scan(const struct lat_merged *merged, size_t i) {
  return strcmp(lat_merged_text(merged, "pace", i), "scan") == 0;
}

/* Groups by order, solvable ones first. */
static size_t find_groups(const struct lat_merged *merged, struct group *group) {
  size_t count = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "words")) continue;
    const char *name = lat_merged_text(merged, "group", i);
    size_t g = 0;
    while (g < count && strcmp(group[g].name, name) != 0) g++;
    if (g == MOST_GROUPS) continue;
    if (g == count) {
      struct group next = {.name = name,
                           .order = lat_merged_integer(merged, "order", i),
                           .solvable = lat_merged_integer(merged, "solvable", i),
                           .largest = SIZE_MAX};
      while (g > 0 && (group[g - 1].order > next.order ||
                       (group[g - 1].order == next.order && group[g - 1].solvable < next.solvable))) {
        group[g] = group[g - 1];
        g--;
      }
      group[g] = next;
      count++;
    }
    struct group *at = &group[g];
    at->points++;
    int64_t length = lat_merged_integer(merged, "length", i);
    if (!is_scan(merged, i) && (at->largest == SIZE_MAX || length > lat_merged_integer(merged, "length", at->largest)))
      at->largest = i;
    if (lat_merged_integer(merged, "loops_theory", i) == 0) continue;
    at->right += lat_merged_integer(merged, "lucky", i);
    at->trials += lat_merged_integer(merged, "instances_run", i) - 1;
  }
  return count;
}

static int words(const struct lat_merged *merged, struct lat_analysis *analysis, const struct group *group, size_t groups) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "words", "drawn at (1)\tletters\tloops needed\tloops predicted\tpace\tgroup", NULL));
  for (size_t g = 0; g < groups; g++)
    for (size_t i = 0; i < lat_merged_points(merged); i++) {
      if (!is(merged, i, "words") || strcmp(lat_merged_text(merged, "group", i), group[g].name) != 0) continue;
      double n = lat_merged_real(merged, "length", i);
      LAT_TRY(status,
              lat_table_row(analysis, "%.6g\t%g\t%g\t%g\t%s\t%s", n * pow(1.07, (double)g - 0.5 * (double)(groups - 1)), n,
                            lat_merged_real(merged, "loops_needed", i), lat_merged_real(merged, "loops_theory", i),
                            lat_merged_text(merged, "pace", i), group[g].name));
    }
  LAT_TRY(status, lat_table_begin(analysis, "lines", "reach\tdoubling (loops)\thops (loops)\tscan (loops)", NULL));
  for (size_t n = 1; n <= 1024; n += n < 128 ? 1 : 8)
    LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu\t%zu\t%zu", n, lat_pace_loops(LAT_PACE_DOUBLING, n), lat_hop_loops(n),
                                  lat_pace_loops(LAT_PACE_SCAN, n)));
  LAT_TRY(status, lat_table_begin(analysis, "series", "groups", NULL));
  char names[MOST_GROUPS * 8] = "";
  for (size_t g = 0; g < groups; g++) {
    if (g > 0) strcat(names, " ");
    strcat(names, group[g].name);
  }
  LAT_TRY(status, lat_table_row(analysis, "%s", groups > 0 ? names : "none"));
done:
  return status;
}

static int hops_and_graphs(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "reach", "hops or diameter\tloops needed\tloops predicted\tseries\tgraph",
                          "Loops until all instances are right: p hops, and all pairs of a graph by squaring and by "
                          "the scan, against the number of hops or the diameter."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    int hop = is(merged, i, "hop");
    if (!hop && !is(merged, i, "reach")) continue;
    LAT_TRY(status, lat_table_row(analysis, "%g\t%g\t%g\t%s\t%s", lat_merged_real(merged, "reach", i),
                                  lat_merged_real(merged, "loops_needed", i), lat_merged_real(merged, "loops_theory", i),
                                  hop                  ? "hop"
                                  : is_scan(merged, i) ? "scan"
                                                       : "squaring",
                                  hop ? "-" : lat_merged_text(merged, "graph", i)));
  }
done:
  return status;
}

static int early(const struct lat_merged *merged, struct lat_analysis *analysis, const struct group *group, size_t groups,
                 size_t *outside) {
  int status = LAT_OK;
  *outside = 0;
  LAT_TRY(status, lat_table_begin(analysis, "early",
                                  "group\torder\tsolvable\tright one loop early (1)\tof\tlow (1)\thigh (1)\t1/order (1)",
                                  "Random words that are right one loop too early, with 95 % Clopper-Pearson intervals."));
  for (size_t g = 0; g < groups; g++) {
    if (group[g].trials <= 0) continue;
    struct lat_interval interval = lat_interval_proportion((uint64_t)group[g].right, (uint64_t)group[g].trials, 0.95);
    double chance = 1 / (double)group[g].order;
    *outside += !(interval.low <= chance && chance <= interval.high);
    LAT_TRY(status, lat_table_row(analysis, "%s\t%g\t%g\t%.5g\t%g\t%.5g\t%.5g\t%.5g", group[g].name, (double)group[g].order,
                                  (double)group[g].solvable, (double)group[g].right / (double)group[g].trials,
                                  (double)group[g].trials, interval.low, interval.high, chance));
  }
  LAT_TRY(status, lat_table_begin(
                      analysis, "cost", "group\torder\tunits\tparameters\tletters\tloops\toperations (1)\tof a scan (1)",
                      "What the longest word costs: one layer's hidden units, parameters, loops, and operations of "
                      "one word, beside those of a scan of the same length with the same operations a loop."));
  for (size_t g = 0; g < groups; g++) {
    size_t i = group[g].largest;
    if (i == SIZE_MAX) continue;
    double loops = lat_merged_real(merged, "loops_theory", i), flops = lat_merged_real(merged, "flops", i);
    double letters = lat_merged_real(merged, "length", i);
    LAT_TRY(status, lat_table_row(analysis, "%s\t%g\t%g\t%g\t%g\t%g\t%.3g\t%.3g", group[g].name, (double)group[g].order,
                                  lat_merged_real(merged, "units", i), lat_merged_real(merged, "parameters", i), letters,
                                  loops, flops, loops > 0 ? flops / loops * (letters - 1) : 0));
  }
done:
  return status;
}

int lat_doubling_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct group group[MOST_GROUPS];
  size_t points = lat_merged_points(merged), failed = 0, ran = 0, other = 0, outside = 0, one_early = 0;
  double values = 0, off = 0, inexact = 0, longest = 0;
  int64_t loops = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < points; i++) {
    if (lat_merged_failed(merged, i)) {
      failed++;
      continue;
    }
    int64_t theory = lat_merged_integer(merged, "loops_theory", i);
    ran++;
    other += lat_merged_integer(merged, "loops_needed", i) != theory;
    values += lat_merged_real(merged, "values", i);
    off += lat_merged_real(merged, "off_theory", i);
    inexact += lat_merged_real(merged, "inexact", i);
    size_t extent[3];
    const double *right = lat_merged_array(merged, "right", i, extent);
    if (theory > 0) one_early += !(right[theory - 1] < lat_merged_real(merged, "instances_run", i));
    if (is(merged, i, "words") && !is_scan(merged, i) && lat_merged_real(merged, "length", i) > longest) {
      longest = lat_merged_real(merged, "length", i);
      loops = theory;
    }
  }
  size_t groups = find_groups(merged, group);
  LAT_TRY(status, words(merged, analysis, group, groups));
  LAT_TRY(status, hops_and_graphs(merged, analysis));
  LAT_TRY(status, early(merged, analysis, group, groups, &outside));
  if (ran == 0 || failed > 0)
    status = lat_verdict(analysis, LAT_OPEN, "%zu points ran and %zu failed: not enough to judge", ran, failed);
  else if (other > 0 || !(off <= 0) || inexact > 0 || one_early > 0)
    status =
        lat_verdict(analysis, LAT_REFUTED,
                    "%zu of %zu points needed another number of loops than predicted, %.0f of %.0f values were not what "
                    "their loop should give, %.0f entries were inexact, %zu points were right one loop early",
                    other, ran, off, values, inexact, one_early);
  else
    status =
        lat_verdict(analysis, LAT_SUPPORTED,
                    "All %zu points need exactly the predicted loops (a word of %.0f letters: %lld) and are wrong one loop "
                    "earlier; 0 of %.0f values differ from their loop's reach, in %zu groups. Random words right one loop "
                    "early: 1/|G| lies in the 95 %% interval of %zu of %zu groups.",
                    ran, longest, (long long)loops, values, groups, groups - outside, groups);
done:
  return status;
}
