/* Tables, figure data and verdict of experiments/superposition.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/superposition/parts.h"
#include "lib/base/status.h"
#include "lib/info/interval.h"

#define INTEGER(name, i) lat_merged_integer(merged, name, i)
#define REAL(name, i) lat_merged_real(merged, name, i)
#define TEXT(name, i) lat_merged_text(merged, name, i)

static const double well_read = 0.95, estimate_to = 0.05;

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(TEXT("measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

static const char *family_of(const struct lat_merged *merged, size_t i) {
  return strcmp(TEXT("family", i), "file") == 0 ? TEXT("data", i) : TEXT("family", i);
}

/* The sampled descents, which are missing where a hit is too rare. */
static const char *sampled(const struct lat_merged *merged, size_t i, char text[32]) {
  double tokens = REAL("descent_sampled", i);
  if (isnan(tokens)) return "NaN";
  snprintf(text, 32, "%.4g", tokens);
  return text;
}

enum role { HOLDS, FAILS, BETWEEN };
static const char *const role_name[] = {"must hold", "must fail", "-"};

static int is_setting(const struct lat_merged *merged, size_t i, const char *setting) {
  return strcmp(TEXT("setting", i), setting) == 0;
}
static int is_built(const struct lat_merged *merged, size_t i) { return is_setting(merged, i, "built"); }

static int is_control(const struct lat_merged *merged, size_t i) {
  return is_setting(merged, i, "low_threshold") || is_setting(merged, i, "narrow");
}

/* What the prediction says of a point. */
static enum role role_of(const struct lat_merged *merged, size_t i) {
  if (is_control(merged, i) || REAL("sharpness", i) <= 0.5 || REAL("tau_factor", i) <= 0.1) return FAILS;
  return REAL("sharpness", i) >= 8 && REAL("tau_factor", i) >= 1 && INTEGER("positions", i) >= 8 ? HOLDS : BETWEEN;
}

/* Positions and node vectors are as good as perfect, so that theory, which is that of the second layer, speaks. */
static int theory_speaks(const struct lat_merged *merged, size_t i) {
  return !is_setting(merged, i, "narrow") && REAL("sharpness", i) >= 8 && INTEGER("positions", i) >= 8;
}

static int tables_search(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  char text[32];
  LAT_TRY(
      status,
      lat_table_begin(
          analysis, "search",
          "graphs\tcount\texact\tright\tnodes\tedges\ttarget at\teccentricity\tdiameter\tthoughts needed\tsquarings\tBFS "
          "nodes\tBFS edges\tdescent hits (%)\tdescent tokens\tsampled\tbits of a thought\t16 d\tin-set off by\tout of set",
          "The machine as built, on every family: means over the graphs. Thoughts needed, squarings of the adjacency "
          "matrix, "
          "tokens of a breadth-first search, tokens of random descents with restarts (expected and sampled), log2 of the "
          "number of sets as large as the thought's, the nominal bits of its d channels in a 16-bit format, and how far "
          "its products are from 1 / sqrt|V_c| and 0 at most."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "search") || !is_built(merged, i)) continue;
    LAT_TRY(
        status,
        lat_table_row(
            analysis,
            "%s\t%d\t%d\t%d\t%.1f\t%.1f\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t%.1f\t%.1f\t%.3g\t%.4g\t%s\t%.1f\t%d\t%.1e\t%.1e",
            family_of(merged, i), (int)INTEGER("searched", i), (int)INTEGER("exact", i), (int)INTEGER("right", i),
            REAL("nodes_mean", i), REAL("edges_mean", i), REAL("distance", i), REAL("eccentricity", i), REAL("diameter", i),
            REAL("least", i), REAL("squarings", i), REAL("search_nodes", i), REAL("search_edges", i),
            100 * REAL("descent_hit", i), REAL("descent_tokens", i), sampled(merged, i, text), REAL("frontier_bits", i),
            (int)(16 * INTEGER("width", i)), REAL("spread", i), REAL("outside", i)));
  }
  LAT_TRY(status,
          lat_table_begin(analysis, "settings",
                          "graphs\tsetting\tpositions\tsharpness\ttau\tcount\texact\tright\texpected by "
                          "theory\tagree\tprediction",
                          "Settings moved away from the built ones, one at a time. Theory is that of the second layer "
                          "alone: it says nothing of positions and narrow vectors."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "search") || is_built(merged, i)) continue;
    int speaks = theory_speaks(merged, i);
    char expected[16], agree[16];
    snprintf(expected, sizeof expected, "%d", (int)INTEGER("expected", i));
    snprintf(agree, sizeof agree, "%d", (int)INTEGER("agree", i));
    LAT_TRY(status, lat_table_row(analysis, "%s\t%s\t%d\t%g\t%.4g\t%d\t%d\t%d\t%s\t%s\t%s", family_of(merged, i),
                                  TEXT("setting", i), (int)INTEGER("positions", i), REAL("sharpness", i), REAL("tau", i),
                                  (int)INTEGER("searched", i), (int)INTEGER("exact", i), (int)INTEGER("right", i),
                                  speaks ? expected : "-", speaks ? agree : "-", role_name[role_of(merged, i)]));
  }
done:
  return status;
}

/* Panel a: a file's graphs where there are any, else prosqa:23; built, and the control with tau a tenth. */
static int figure_products(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status, file = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    file |= is(merged, i, "search") && strcmp(TEXT("family", i), "file") == 0;
  LAT_TRY(status,
          lat_table_begin(analysis, "products",
                          "thought\tin mean (1)\tin theory (1)\tin low (1)\tin high (1)\tout high (1)\tcontrol", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "search") || strcmp(TEXT("family", i), file ? "file" : "prosqa:23") != 0) continue;
    int control = is_setting(merged, i, "tau:0.1");
    if (!control && !is_built(merged, i)) continue;
    size_t extent[3];
    const double *mean = lat_merged_array(merged, "in_mean", i, extent),
                 *theory = lat_merged_array(merged, "in_theory", i, extent);
    const double *low = lat_merged_array(merged, "in_low", i, extent),
                 *high = lat_merged_array(merged, "in_high", i, extent);
    const double *out = lat_merged_array(merged, "out_high", i, extent);
    for (size_t c = 0; c < extent[0]; c++)
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%.8g\t%.8g\t%.8g\t%.8g\t%.3e\t%d", c, mean[c], theory[c], low[c],
                                    high[c], out[c], control));
  }
done:
  return status;
}

/* Panel b: the layered families in the order of their depth. */
static int figure_steps(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status, last = 0;
  char text[32];
  LAT_TRY(status, lat_table_begin(analysis, "steps",
                                  "distance\tthoughts\tsquarings\tBFS nodes\tBFS edges\tdescent expected\tdescent "
                                  "sampled\tnodes squared",
                                  NULL));
  for (;;) {
    size_t best = SIZE_MAX;
    int depth = 0;
    for (size_t i = 0; i < lat_merged_points(merged); i++) {
      if (!is(merged, i, "search") || !is_built(merged, i) || strncmp(TEXT("family", i), "layered:", 8) != 0) continue;
      int its = atoi(TEXT("family", i) + 8);
      if (its > last && (best == SIZE_MAX || its < depth)) best = i, depth = its;
    }
    if (best == SIZE_MAX) break;
    double n = REAL("nodes_mean", best);
    LAT_TRY(status, lat_table_row(analysis, "%g\t%g\t%g\t%g\t%g\t%.6g\t%s\t%g", REAL("distance", best), REAL("least", best),
                                  REAL("squarings", best), REAL("search_nodes", best), REAL("search_edges", best),
                                  REAL("descent_tokens", best), sampled(merged, best, text), n * n));
    last = depth;
  }
done:
  return status;
}

struct reading {
  size_t sizes, off; /* compared; off the estimate */
  double farthest;   /* beyond the interval */
};

/* 1,024 */
static const char *with_comma(double value, char text[32]) {
  if (value < 1000)
    snprintf(text, 32, "%.0f", value);
  else
    snprintf(text, 32, "%.0f,%03.0f", floor(value / 1000), fmod(value, 1000));
  return text;
}

/* Panel c and its table; the figure shows the fewest nodes that were run. */
static int tables_width(const struct lat_merged *merged, struct lat_analysis *analysis, struct reading *reading) {
  int status;
  int64_t drawn = INT64_MAX;
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    if (is(merged, i, "width") && INTEGER("nodes", i) < drawn) drawn = INTEGER("nodes", i);
  LAT_TRY(status, lat_table_begin(analysis, "width",
                                  "k\tread (1)\t95 % low (1)\t95 % high (1)\testimate (1)\tchannels\tnodes", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "width")) continue;
    size_t extent[3];
    const double *k = lat_merged_array(merged, "set", i, extent), *read = lat_merged_array(merged, "read", i, extent);
    const double *theory = lat_merged_array(merged, "read_theory", i, extent);
    int64_t trials = INTEGER("trials", i);
    for (size_t s = 0; s < extent[0]; s++) {
      struct lat_interval interval = lat_interval_proportion((uint64_t)read[s], (uint64_t)trials, 0.95);
      double beyond = fmax(interval.low - theory[s], theory[s] - interval.high);
      reading->sizes++;
      reading->off += !(beyond <= estimate_to);
      if (!(beyond <= reading->farthest)) reading->farthest = beyond;
      LAT_TRY(status,
              lat_table_row(analysis, "%g\t%.5f\t%.5f\t%.5f\t%.5f\t%d\t%d", k[s], read[s] / (double)trials, interval.low,
                            interval.high, theory[s], (int)INTEGER("channels_read", i), (int)INTEGER("nodes", i)));
    }
  }
  LAT_TRY(status, lat_table_begin(
                      analysis, "capacity",
                      "nodes\tchannels\tlargest k read\td / (8 ln n)\tbits (log2 of n over k)\t16 d\tbits a "
                      "channel\tdrawn\tlabel",
                      "The largest frontier that one vector is read for with probability 0.95 (and all smaller "
                      "ones), what telling that set from the others of its size means in bits, and the nominal bits of the "
                      "vector in a 16-bit format."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, "width")) continue;
    size_t extent[3], s = 0;
    const double *k = lat_merged_array(merged, "set", i, extent), *read = lat_merged_array(merged, "read", i, extent);
    const double *bits = lat_merged_array(merged, "set_bits", i, extent);
    double n = REAL("nodes", i), d = REAL("channels_read", i), trials = REAL("trials", i);
    char label[64], nominal[32];
    while (s < extent[0] && read[s] >= well_read * trials) s++;
    double most = s > 0 ? k[s - 1] : 0, means = s > 0 ? bits[s - 1] : 0;
    snprintf(label, sizeof label, "%.0f bits of %s", means, with_comma(16 * d, nominal));
    LAT_TRY(status, lat_table_row(analysis, "%g\t%g\t%g\t%.2f\t%.1f\t%g\t%.2f\t%d\t%s", n, d, most, d / (8 * log(n)), means,
                                  16 * d, means / d, INTEGER("nodes", i) == drawn, label));
  }
done:
  return status;
}

/* Which panels have something to show. */
static int series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int main_graphs = 0, layered = 0, width = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    const char *family = TEXT("family", i);
    width |= is(merged, i, "width");
    if (!is(merged, i, "search") || !is_built(merged, i)) continue;
    main_graphs |= strcmp(family, "file") == 0 || strcmp(family, "prosqa:23") == 0;
    layered |= strncmp(family, "layered:", 8) == 0;
  }
  int status = lat_table_begin(analysis, "series", "products\tsteps\twidth", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%d\t%d\t%d", main_graphs, layered, width);
  return status;
}

int lat_superposition_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  size_t points = lat_merged_points(merged), failed = 0, machines = 0, controls = 0, passed = 0;
  int64_t graphs = 0, exact = 0, right = 0, exact_thoughts = 0, asked = 0, agree = 0, late = 0;
  double off = 0;
  struct reading reading = {0};
  int status = LAT_OK;
  for (size_t i = 0; i < points; i++) {
    if (lat_merged_failed(merged, i)) failed++;
    if (!is(merged, i, "search")) continue;
    enum role role = role_of(merged, i);
    if (role == HOLDS) {
      machines++;
      graphs += INTEGER("searched", i);
      exact += INTEGER("exact", i);
      right += INTEGER("right", i);
      exact_thoughts += INTEGER("exact_thoughts", i);
      late += !(fabs(REAL("least", i) - REAL("distance", i)) <= 1e-9);
      double spread = REAL("spread", i), outside = REAL("outside", i);
      if (!(spread <= off)) off = spread;
      if (!(outside <= off)) off = outside;
    } else if (role == FAILS) {
      controls++;
      passed += 2 * INTEGER("exact", i) > INTEGER("searched", i);
    }
    if (!theory_speaks(merged, i)) continue;
    asked += INTEGER("searched", i);
    agree += INTEGER("agree", i);
  }
  LAT_TRY(status, tables_search(merged, analysis));
  LAT_TRY(status, figure_products(merged, analysis));
  LAT_TRY(status, figure_steps(merged, analysis));
  LAT_TRY(status, tables_width(merged, analysis, &reading));
  LAT_TRY(status, series(merged, analysis));
  if (failed > 0 || machines == 0 || controls == 0 || reading.sizes == 0) {
    status =
        lat_verdict(analysis, LAT_OPEN,
                    "%zu points failed, %zu machines, %zu controls and %zu frontier sizes were run: not enough to judge",
                    failed, machines, controls, reading.sizes);
  } else if (exact < graphs || right < graphs || late > 0 || agree < asked || passed > 0 || reading.off > 0) {
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "As built, %lld of %lld graphs are exact and %lld right (%lld families need another number of thoughts than the "
        "distance); theory and machine agree on %lld of %lld graphs; %zu of %zu controls are exact on over half of their "
        "graphs; %zu of %zu probabilities are off the estimate.",
        (long long)exact, (long long)graphs, (long long)right, (long long)late, (long long)agree, (long long)asked, passed,
        controls, reading.off, reading.sizes);
  } else {
    status = lat_verdict(
        analysis, LAT_SUPPORTED,
        "All %lld thoughts on %lld graphs (%zu families or settings) are exact superpositions, off by %.1e at most, and "
        "every "
        "graph is answered right from the target's distance on and not before; all %zu controls fail; theory names the "
        "graphs that break on %lld of %lld; reading from too few channels follows the estimate (at most %.2f "
        "beyond the 95 %% interval at %zu sizes).",
        (long long)exact_thoughts, (long long)graphs, machines, off, controls, (long long)agree, (long long)asked,
        fmax(reading.farthest, 0), reading.sizes);
  }
done:
  return status;
}
