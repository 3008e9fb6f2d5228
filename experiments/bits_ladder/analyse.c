#include "experiments/bits_ladder/analyse.h"

#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

enum { MOST_RUNS = 64, MOST_VALUES = 32, SERIES = 4 };
/* log2 of a vocabulary of 32,000. */
static const double token_bits = 14.965784284662087;

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t widths;
  int64_t width[MOST_VALUES];
};
struct set {
  size_t count, point[MOST_RUNS];
};

static int text_is(const struct reading *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}
static double real(const struct reading *r, const char *name, size_t i) { return lat_merged_real(r->merged, name, i); }

static void find_widths(struct reading *r) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    int64_t value = lat_merged_integer(r->merged, "width", i);
    size_t at = 0;
    while (at < r->widths && r->width[at] < value) at++;
    if ((at < r->widths && r->width[at] == value) || r->widths == MOST_VALUES) continue;
    memmove(r->width + at + 1, r->width + at, (r->widths - at) * sizeof *r->width);
    r->width[at] = value;
    r->widths++;
  }
}

static struct set pick(const struct reading *r, const char *rung, int64_t width, int64_t reader, double load) {
  struct set set = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged) && set.count < MOST_RUNS; i++)
    if (text_is(r, "rung", i, rung) && lat_merged_integer(r->merged, "width", i) == width &&
        lat_merged_integer(r->merged, "reader", i) == reader && real(r, "load", i) == load)
      set.point[set.count++] = i;
  return set;
}

/* `failed` stands for runs that failed. */
static struct lat_spread spread_of(const struct reading *r, const struct set *set, const char *name, double failed) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++)
    value[k] = lat_merged_failed(r->merged, set->point[k]) ? failed : real(r, name, set->point[k]);
  return lat_spread_of(value, set->count);
}

/* The load whose median validation is best. */
static struct set best_load(const struct reading *r, int64_t width, int64_t reader) {
  struct set best = {0};
  double most = -1;
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    struct set set = pick(r, "relay", width, reader, real(r, "load", i));
    struct lat_spread validation = spread_of(r, &set, "validation", 0);
    if (validation.count > 0 && validation.median > most) most = validation.median, best = set;
  }
  return best;
}

/* Series of marks: 0 relay, 1 its linear reader: bits recovered; 2 relay, 3 circuit: bits that are kept. */
static struct set series_set(const struct reading *r, size_t series, int64_t width, const char **name) {
  *name = series < 2 ? "recovered" : "kept";
  if (series < 2) return best_load(r, width, series == 0 ? 1 : 0);
  return pick(r, series == 2 ? "relay" : "circuit", width, 1, 1);
}

/* A thought that cannot be narrowed, and a run that failed, count as the nominal 16 d bits used and as nothing recovered. */
static struct lat_spread series_spread(const struct reading *r, size_t series, int64_t width) {
  const char *name;
  double value[MOST_RUNS];
  struct set set = series_set(r, series, width, &name);
  for (size_t k = 0; k < set.count; k++) {
    value[k] = lat_merged_failed(r->merged, set.point[k]) ? 0 : real(r, name, set.point[k]);
    if (series >= 2 && value[k] == 0) value[k] = 16 * (double)width;
  }
  return lat_spread_of(value, set.count);
}

/* Of a width: the formulas' point, or SIZE_MAX. */
static size_t formula_of(const struct reading *r, int64_t width) {
  struct set set = pick(r, "formula", width, 1, 1);
  return set.count > 0 && !lat_merged_failed(r->merged, set.point[0]) ? set.point[0] : SIZE_MAX;
}

static int table_lines(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "lines",
              "d (numbers)\tnominal 16 d (bits)\tbf16, at least (bits)\tbf16, at most (bits)\tfp16, at least (bits)\t"
              "fp16, at most (bits)\tdeviation of bf16's rounding (1)\tnoise-limited (bits)\ttoken of 32,000 (bits)",
              "Formulas and bounds: what numbers of 16 bits could hold (definition), the states that a normalised vector "
              "can be in "
              "(proven bounds), and the capacity with Gaussian noise as strong as bf16's rounding (exact for the "
              "deviation, which is measured)."));
  for (size_t k = 0; k < r->widths; k++) {
    size_t i = formula_of(r, r->width[k]);
    if (i == SIZE_MAX) continue;
    LAT_TRY(status,
            lat_table_row(r->analysis, "%lld\t%g\t%.6g\t%.6g\t%.6g\t%.6g\t%.4g\t%.6g\t%.4g", (long long)r->width[k],
                          real(r, "nominal", i), real(r, "bf16_low", i), real(r, "bf16_high", i), real(r, "fp16_low", i),
                          real(r, "fp16_high", i), real(r, "rounding", i), real(r, "noise_limited", i), token_bits));
  }
done:
  return status;
}

/* a + c d through the medians, weight 1 / d^2, at `width`; NaN without two widths. */
static double extrapolate(const struct reading *r, size_t series, double width) {
  double d[MOST_VALUES], bits[MOST_VALUES], weight[MOST_VALUES], a, c, c00, c01, c11, rest;
  size_t count = 0;
  for (size_t k = 0; k < r->widths; k++) {
    struct lat_spread got = series_spread(r, series, r->width[k]);
    if (got.count == 0) continue;
    d[count] = (double)r->width[k];
    bits[count] = got.median;
    weight[count] = 1 / (d[count] * d[count]);
    count++;
  }
  if (count < 2) return (double)NAN;
  gsl_fit_wlinear(d, 1, weight, 1, bits, 1, count, &a, &c, &c00, &c01, &c11, &rest);
  return a + c * width;
}

static const char *const series_name[SERIES] = {"recovered, reader with a hidden layer", "recovered, linear reader",
                                                "kept, relay that passes on d bits", "kept, circuit evaluator"};

static int table_marks(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "marks",
              "series\tname\td (numbers)\tmedian (bits)\tleast\tmost\tseeds\tbits a number\tmeasured or extrapolated",
              "Trained models: recovered bits are lower bounds of what the thought carries, kept bits upper bounds of what "
              "is used at 99 % "
              "of full accuracy. Extrapolated rows are a + c d through the medians, no measurement."));
  for (size_t series = 0; series < SERIES; series++) {
    for (size_t k = 0; k < r->widths; k++) {
      struct lat_spread got = series_spread(r, series, r->width[k]);
      double d = (double)r->width[k], far = series < 2 ? extrapolate(r, series, d) : (double)NAN;
      if (got.count > 0)
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s\t%g\t%.5g\t%.5g\t%.5g\t%zu\t%.4g\tmeasured", series + 1,
                                      series_name[series], d, got.median, got.least, got.most, got.count, got.median / d));
      else if (isfinite(far) && d > 256)
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s\t%g\t%.5g\tNaN\tNaN\t0\t%.4g\textrapolated", series + 1,
                                      series_name[series], d, far, far / d));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

/* The last measured and the extrapolated points, for a dashed line. */
static int table_far(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "far", "series\td (numbers)\tbits", NULL));
  for (size_t series = 0; series < 2; series++) {
    int64_t last = 0;
    for (size_t k = 0; k < r->widths; k++)
      if (series_spread(r, series, r->width[k]).count > 0) last = r->width[k];
    for (size_t k = 0; k < r->widths && last > 0; k++) {
      double far = extrapolate(r, series, (double)r->width[k]);
      if (r->width[k] < 256 || r->width[k] < last || !isfinite(far)) continue;
      if (r->width[k] == last) far = series_spread(r, series, last).median;
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%lld\t%.5g", series + 1, (long long)r->width[k], far));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

static int table_used(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "used",
              "model\td (numbers)\taccuracy on test (1)\tparticipation ratio\tlevels alone, all directions "
              "(bits)\tdirections alone\t"
              "kept, shared out among directions (bits)\tkept: directions\tits accuracy on test (1)\tlargest noise "
              "(1)\tbits at "
              "that noise, at "
              "most\tneeded at least (bits)\tseeds",
              "What a thought can be narrowed to at 99 % of full accuracy, medians over seeds: fewer levels, fewer "
              "directions, both, or "
              "noise; each bounds what is used from above. The relay's lower bound is Fano's. 0: none of what was tried."));
  for (size_t s = 2; s < SERIES; s++)
    for (size_t k = 0; k < r->widths; k++) {
      const char *name;
      struct set set = series_set(r, s, r->width[k], &name);
      if (set.count == 0) continue;
      static const char *const column[] = {"full",      "participation", "quantised", "projected",  "kept",
                                           "kept_rank", "kept_accuracy", "noise",     "noise_bits", "needed"};
      double value[10];
      for (size_t c = 0; c < 10; c++) value[c] = spread_of(r, &set, column[c], (double)NAN).median;
      char needed[32];
      snprintf(needed, sizeof needed, isfinite(value[9]) ? "%.4g" : "NaN", value[9]);
      LAT_TRY(status, lat_table_row(r->analysis, "%s\t%lld\t%.4g\t%.4g\t%g\t%g\t%g\t%g\t%.4g\t%.3g\t%.4g\t%s\t%zu",
                                    s == 2 ? "relay" : "circuit", (long long)r->width[k], value[0], value[1],
                                    value[2] * (double)r->width[k], value[3], value[4], value[5], value[6], value[7],
                                    value[8], needed, set.count));
    }
done:
  return status;
}

struct sums {
  size_t runs, failed, diverged, formulas, formulas_wrong, relays, relays_wrong, circuits, circuits_wrong, circuits_short;
  int64_t widest, circuit;      /* widths of what is quoted */
  double learned, linear, used; /* at those widths, share of 16 d */
  double bits, far;             /* learned at the widest; extrapolated to 4096 */
};

static void sum_formulas(const struct reading *r, struct sums *sums) {
  for (size_t k = 0; k < r->widths; k++) {
    size_t i = formula_of(r, r->width[k]);
    if (i == SIZE_MAX) continue;
    double nominal = real(r, "nominal", i), low = real(r, "bf16_low", i), high = real(r, "bf16_high", i),
           noise = real(r, "noise_limited", i);
    int right = high <= nominal && low <= high && (r->width[k] < 64 || low >= 0.9 * nominal) && low >= noise &&
                noise >= nominal / 3 && noise <= nominal * 2 / 3;
    sums->formulas++;
    sums->formulas_wrong += (size_t)!right;
  }
}

static void sum_trained(const struct reading *r, struct sums *sums) {
  for (size_t k = 0; k < r->widths; k++) {
    double nominal = 16 * (double)r->width[k];
    struct lat_spread relay = series_spread(r, 0, r->width[k]), linear = series_spread(r, 1, r->width[k]);
    if (relay.count > 0) {
      sums->relays++;
      sums->relays_wrong += (size_t) !(relay.median <= nominal / 5 && relay.median >= token_bits &&
                                       (linear.count == 0 || linear.median <= 1.1 * relay.median));
      sums->widest = r->width[k];
      sums->bits = relay.median;
      sums->learned = relay.median / nominal;
      sums->linear = linear.count > 0 ? linear.median / nominal : (double)NAN;
    }
    struct set set = pick(r, "circuit", r->width[k], 1, 1);
    struct lat_spread used = series_spread(r, 3, r->width[k]);
    if (used.count == 0) continue;
    if (!(spread_of(r, &set, "full", 0).median >= 0.9)) {
      sums->circuits_short++;
      continue;
    }
    sums->circuits++;
    sums->circuits_wrong += (size_t) !(used.median <= nominal / 8);
    sums->circuit = r->width[k];
    sums->used = used.median / nominal;
  }
}

static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) ? "%.4g" : "NaN", value);
  return text;
}

static int judge(const struct reading *r) {
  struct sums sums = {.runs = lat_merged_points(r->merged)};
  char a[32], b[32];
  for (size_t i = 0; i < sums.runs; i++) {
    sums.failed += (size_t)lat_merged_failed(r->merged, i);
    sums.diverged += (size_t)(!lat_merged_failed(r->merged, i) && text_is(r, "end", i, "diverged"));
  }
  sum_formulas(r, &sums);
  sum_trained(r, &sums);
  sums.far = extrapolate(r, 0, 4096);
  int wrong = sums.formulas_wrong + sums.relays_wrong + sums.circuits_wrong > 0;
  int whole = sums.formulas >= 3 && sums.relays >= 2 && sums.circuits >= 1;
  return lat_verdict(
      r->analysis,
      wrong && whole ? LAT_REFUTED
      : whole        ? LAT_SUPPORTED
                     : LAT_OPEN,
      "formulas as predicted at %zu of %zu widths; relays at %zu of %zu: at d = %lld, %.4g bits recovered, %.2g %% of 16 d "
      "(linear reader %s %%), extrapolated to %s bits at d = 4096, where 16 d is 65536; circuit evaluators at %zu of %zu: "
      "at d = "
      "%lld they keep 99 %% of their accuracy with %.2g %% of 16 d; %zu widths of theirs were not learned to 0.9; of %zu "
      "runs %zu failed, %zu "
      "diverged",
      sums.formulas - sums.formulas_wrong, sums.formulas, sums.relays - sums.relays_wrong, sums.relays,
      (long long)sums.widest, sums.bits, 100 * sums.learned, number(a, 100 * sums.linear), number(b, sums.far),
      sums.circuits - sums.circuits_wrong, sums.circuits, (long long)sums.circuit, 100 * sums.used, sums.circuits_short,
      sums.runs, sums.failed, sums.diverged);
}

int lat_bits_ladder_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  find_widths(&r);
  LAT_TRY(status, table_lines(&r));
  LAT_TRY(status, table_marks(&r));
  LAT_TRY(status, table_far(&r));
  LAT_TRY(status, table_used(&r));
  LAT_TRY(status, judge(&r));
done:
  return status;
}
