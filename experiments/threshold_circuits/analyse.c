#include "experiments/threshold_circuits/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

#define INTEGER(name, i) lat_merged_integer(merged, name, i)
#define REAL(name, i) lat_merged_real(merged, name, i)

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(lat_merged_text(merged, "measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

/* What the gates say. */
struct gates {
  size_t runs, certified, certified_wrong, off, unlike, wrong, close; /* close: mean within rounding of the threshold */
  double widest, worst; /* widest certified fan-in that ran; largest difference from exact arithmetic over its bound */
};

static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) && value > 0 ? "%.6g" : "NaN", value);
  return text;
}

/* Whether point i stands before j in the table: by gate, beta and n, so that the figure's curves are in one piece. */
static int before(const struct lat_merged *merged, size_t i, size_t j) {
  int order = strcmp(lat_merged_text(merged, "gate", i), lat_merged_text(merged, "gate", j));
  if (order != 0) return order < 0;
  if (!(REAL("beta", i) == REAL("beta", j))) return REAL("beta", i) < REAL("beta", j);
  return !(REAL("fan_in", i) == REAL("fan_in", j)) ? REAL("fan_in", i) < REAL("fan_in", j) : i < j;
}

/* The point with `rank` points before it. */
static size_t ranked(const struct lat_merged *merged, size_t rank) {
  size_t points = lat_merged_points(merged);
  for (size_t i = 0; i < points; i++) {
    size_t smaller = 0;
    for (size_t j = 0; j < points; j++) smaller += before(merged, j, i) ? 1 : 0;
    if (smaller == rank) return i;
  }
  return 0;
}

static int gates(const struct lat_merged *merged, struct lat_analysis *analysis, struct gates *sum) {
  int status = lat_table_begin(
      analysis, "gates",
      "fan-ins n\tgate\tbeta asked for (0: automatic)\tbeta\tdistance measured (1)\tdistance in exact arithmetic (1)\t"
      "n x measured (1)\tn x exact (1)\tsmallest certified beta\tcertified\tvalues wrong\tof values\ttokens",
      "One gate beside three that carry 0. Distance: of the worst mean from its threshold, where it is on the right side.");
  for (size_t r = 0; r < lat_merged_points(merged) && status == LAT_OK; r++) {
    size_t i = ranked(merged, r);
    if (!is(merged, i, "gate")) continue;
    double n = REAL("fan_in", i), margin = REAL("margin", i), theory = REAL("margin_theory", i);
    double tolerance = REAL("margin_tolerance", i), off = fabs(margin - theory) / tolerance;
    int64_t wrong = INTEGER("wrong", i), certified = INTEGER("certified", i);
    char measured[32], exact[32];
    sum->runs++;
    sum->wrong += wrong != 0;
    sum->certified += certified == 1;
    sum->certified_wrong += certified == 1 && wrong != 0;
    sum->off += !(off <= 1);
    sum->close += fabs(theory) <= tolerance;
    sum->unlike += !(fabs(theory) <= tolerance) && (theory > 0) != (wrong == 0);
    if (!(off <= sum->worst)) sum->worst = off;
    if (certified == 1 && wrong == 0 && n > sum->widest) sum->widest = n;
    status =
        lat_table_row(analysis, "%g\t%s\t%g\t%.6g\t%s\t%s\t%.6g\t%.6g\t%.6g\t%lld\t%lld\t%lld\t%g", n,
                      lat_merged_text(merged, "gate", i), REAL("beta", i), REAL("beta_used", i),
                      number(measured, margin / n), number(exact, theory / n), margin, theory, REAL("beta_certified", i),
                      (long long)certified, (long long)wrong, (long long)INTEGER("checked", i), REAL("tokens", i));
  }
  return status;
}

/* The family's name: the text up to the colon. */
static int same_family(const char *a, const char *b) {
  size_t length = strcspn(a, ":");
  return length == strcspn(b, ":") && strncmp(a, b, length) == 0;
}

struct depths {
  size_t machines, wrong, uncertified, early, growing, largest_gain_at;
  double largest_gain;
};

static int depths(const struct lat_merged *merged, struct lat_analysis *analysis, struct depths *sum) {
  int status = lat_table_begin(
      analysis, "depth",
      "function\tinputs\tthreshold: layers\tlevels\ttokens\twidest gate\tcertified\ttwo-input: layers = levels\ttokens\t"
      "certified\toutput bits wrong, both\tof bits\tready one step early\tfamily",
      "Both machines of each function were built and run; 'wrong' holds the threshold machine to the two-input circuit's "
      "oracle.");
  for (size_t i = 0; i < lat_merged_points(merged) && status == LAT_OK; i++) {
    if (!is(merged, i, "depth")) continue;
    const char *function = lat_merged_text(merged, "function", i);
    int64_t levels = INTEGER("depth", i), wrong = INTEGER("output_wrong", i) + INTEGER("pairs_wrong", i);
    sum->machines++;
    sum->wrong += wrong + INTEGER("wrong", i) != 0;
    sum->uncertified += INTEGER("certified", i) != 1 || INTEGER("pairs_certified", i) != 1;
    sum->early += levels > 1 && INTEGER("ready_before", i) != 0;
    for (size_t j = 0; j < lat_merged_points(merged); j++) /* sizes 1 and 2 may be shallower */
      if (is(merged, j, "depth") && same_family(function, lat_merged_text(merged, "function", j)) &&
          INTEGER("inputs", j) >= 4 && INTEGER("inputs", j) < INTEGER("inputs", i) && INTEGER("depth", j) < levels)
        sum->growing++;
    double gain = REAL("pairs_depth", i) / (2 * (double)levels);
    if (gain > sum->largest_gain) sum->largest_gain = gain, sum->largest_gain_at = i;
    status =
        lat_table_row(analysis, "%s\t%g\t%lld\t%lld\t%g\t%g\t%lld\t%g\t%g\t%lld\t%lld\t%g\t%lld\t%.*s", function,
                      REAL("inputs", i), (long long)(2 * levels), (long long)levels, REAL("tokens", i), REAL("widest", i),
                      (long long)INTEGER("certified", i), REAL("pairs_depth", i), REAL("pairs_nodes", i),
                      (long long)INTEGER("pairs_certified", i), (long long)wrong, REAL("output_bits", i),
                      (long long)INTEGER("ready_before", i), (int)strcspn(function, ":"), function);
  }
  return status;
}

/* The sharpnesses that the figure draws, rising: four at most, automatic ones aside. */
static int series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char words[128] = "";
  double last = 0, widest = 0;
  for (int count = 0; count < 4; count++) {
    double next = (double)INFINITY;
    for (size_t i = 0; i < lat_merged_points(merged); i++) {
      if (!is(merged, i, "gate")) continue;
      if (REAL("beta", i) > last && REAL("beta", i) < next) next = REAL("beta", i);
      if (REAL("fan_in", i) > widest) widest = REAL("fan_in", i);
    }
    if (isinf(next)) break;
    size_t used = strlen(words);
    snprintf(words + used, sizeof words - used, "%s%g", used > 0 ? " " : "", next);
    last = next;
  }
  int status = lat_table_begin(analysis, "series", "betas\twidest", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%s\t%g", words, widest);
  if (status == LAT_OK) status = lat_table_begin(analysis, "ideal", "fan-ins n\t1/n", NULL);
  for (double n = 1; n <= 2 * widest && status == LAT_OK; n *= 2) status = lat_table_row(analysis, "%g\t%.8g", n, 1 / n);
  return status;
}

int lat_threshold_circuits_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct gates gate = {0};
  struct depths depth = {0};
  size_t failed = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < lat_merged_points(merged); i++) failed += lat_merged_failed(merged, i) ? 1 : 0;
  LAT_TRY(status, gates(merged, analysis, &gate));
  LAT_TRY(status, depths(merged, analysis, &depth));
  LAT_TRY(status, series(merged, analysis));
  if (gate.certified == 0 || gate.wrong == 0 || depth.machines == 0 || failed > 0)
    return lat_verdict(
        analysis, LAT_OPEN,
        "%zu gates of which %zu are certified and %zu wrong, %zu machines, %zu failed points: not enough to judge",
        gate.runs, gate.certified, gate.wrong, depth.machines, failed);
  if (gate.certified_wrong + gate.off + gate.unlike + depth.wrong + depth.uncertified + depth.early + depth.growing > 0)
    return lat_verdict(
        analysis, LAT_REFUTED,
        "of %zu gates %zu certified ones were wrong, %zu means were off by more than rounding, %zu came out other than "
        "their mean says; of %zu pairs of machines %zu were wrong, %zu not certified, %zu ready early; the depth grew "
        "%zu times",
        gate.runs, gate.certified_wrong, gate.off, gate.unlike, depth.machines, depth.wrong, depth.uncertified, depth.early,
        depth.growing);
  size_t i = depth.largest_gain_at;
  status = lat_verdict(
      analysis, LAT_SUPPORTED,
      "All %zu certified gates were right, up to %g fan-ins; of the other %zu all came out as their mean in exact "
      "arithmetic says (%zu whose mean lies within rounding of the threshold are not judged), %zu "
      "of them wrong; means differ from exact arithmetic by at most %.2g of the rounding bound. "
      "%zu functions ran right in both "
      "bases, with no output ready a step early, at a depth in threshold gates that does not grow; %s "
      "takes %g layers where "
      "two-input gates take %g, and %g tokens where they take %g.",
      gate.certified, gate.widest, gate.runs - gate.certified, gate.close, gate.wrong, gate.worst, depth.machines,
      lat_merged_text(merged, "function", i), 2 * REAL("depth", i), REAL("pairs_depth", i), REAL("tokens", i),
      REAL("pairs_nodes", i));
done:
  return status;
}
