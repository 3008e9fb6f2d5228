/* What the searches for levels say: the largest M against its limit, with and without a leak, and bits of whole thoughts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/levels.h"
#include "lib/nn/dtype.h"
#include "lib/sweep/experiment.h"

int lat_channel_levels_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

/* One line of a panel: which points it takes, by the text of their parameters. */
static int is(const struct lat_merged *merged, size_t i, const char *name, const char *text) {
  return strcmp(lat_merged_text(merged, name, i), text) == 0;
}

struct tally {
  size_t failed, leak, exact, near, lost, unbroken, mantissa, equal, thought, whole;
  size_t rounded, short_of, above; /* leaks with so many levels that sums round, and those of them that fall short */
  double worst, short_by, gain, random_low, random_high;
};

/* Points of one line of a figure have to follow each other: the first point of each line finds the others. */
static int same_line(const struct lat_merged *merged, size_t i, size_t j, const char *measure) {
  if (lat_merged_failed(merged, j) || !is(merged, j, "measure", measure)) return 0;
  if (strcmp(measure, "leak") == 0)
    return lat_merged_integer(merged, "address_bits", i) == lat_merged_integer(merged, "address_bits", j) &&
           lat_merged_real(merged, "kappa", i) == lat_merged_real(merged, "kappa", j) &&
           is(merged, j, "neighbours", lat_merged_text(merged, "neighbours", i));
  return is(merged, j, "format", lat_merged_text(merged, "format", i)) &&
         (strcmp(measure, "thought") == 0 || is(merged, j, "part", lat_merged_text(merged, "part", i)));
}

typedef int put_row(const struct lat_merged *merged, size_t i, struct lat_analysis *analysis, struct tally *tally);

static int by_lines(const struct lat_merged *merged, struct lat_analysis *analysis, const char *measure, put_row *put,
                    struct tally *tally) {
  size_t points = lat_merged_points(merged);
  int status = LAT_OK;
  for (size_t i = 0; i < points; i++) {
    int first = !lat_merged_failed(merged, i) && is(merged, i, "measure", measure);
    for (size_t j = 0; j < i && first; j++) first = !same_line(merged, i, j, measure);
    for (size_t j = i; j < points && first; j++)
      if (same_line(merged, i, j, measure)) LAT_TRY(status, put(merged, j, analysis, tally));
  }
done:
  return status;
}

/* Whether rounding can move the limit by a level. Once there is a leak the staircase's sums are no whole halves any more; they
 * reach kappa (M - 1)^2 / 2 spacings, and an error of 1 / (2 M) spacings is worth a level. Beyond, the leak's limit is an upper
 * bound only. */
static int sums_round(double levels, double kappa) {
  double unit = lat_dtype_facts(LAT_DTYPE_FP32).unit_roundoff;
  return !(kappa * pow(levels - 1, 3) * unit <= 1);
}

/* Counts one point of `leak` with the worst neighbours. */
static void judge_leak(const struct lat_merged *merged, size_t i, struct tally *tally) {
  double levels = lat_merged_real(merged, "levels", i), limit = lat_merged_real(merged, "limit", i);
  if (lat_merged_integer(merged, "capped", i) && floor(limit) >= levels) return; /* the search ended before the limit */
  double most = fmax(floor(limit), 1), off = fabs(levels - most);
  if (sums_round(limit, lat_merged_real(merged, "kappa", i))) {
    tally->rounded++;
    tally->short_of += levels < most || lat_merged_integer(merged, "verified_wrong", i) != 0;
    tally->above += !(levels <= most + 1);
    tally->short_by = fmax(tally->short_by, 1 - levels / limit);
    return;
  }
  tally->leak++;
  tally->exact += off == 0;
  tally->near += off <= 1 || off <= 1e-3 * limit;
  tally->lost += lat_merged_integer(merged, "verified_wrong", i) != 0;
  tally->unbroken += !(lat_merged_integer(merged, "above_wrong", i) > 0);
  if (!(off <= tally->worst)) tally->worst = off;
}

static int leak_row(const struct lat_merged *merged, size_t i, struct lat_analysis *analysis, struct tally *tally) {
  double levels = lat_merged_real(merged, "levels", i), limit = lat_merged_real(merged, "limit", i);
  int worst = is(merged, i, "neighbours", "worst"), capped = lat_merged_integer(merged, "capped", i) != 0;
  if (worst) judge_leak(merged, i, tally);
  if (!worst && !capped && limit > 8) {
    double ratio = (levels - 1) / (limit - 1);
    tally->random_low = fmin(tally->random_low, ratio);
    tally->random_high = fmax(tally->random_high, ratio);
  }
  char shown[32];
  snprintf(shown, sizeof shown, "%g", levels);
  return lat_table_row(analysis, "%g\t%s\t%.6g\t%lld\t%g\t%s", lat_merged_real(merged, "beta", i), capped ? "NaN" : shown,
                       limit, (long long)lat_merged_integer(merged, "address_bits", i), lat_merged_real(merged, "kappa", i),
                       worst ? "worst" : "random");
}

static int leak_table(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status = LAT_OK;
  tally->random_low = HUGE_VAL;
  LAT_TRY(status, lat_table_begin(
                      analysis, "leak", "sharpness beta (1)\tlevels (1)\tlimit (1)\taddress bits\tslope (1)\tneighbours",
                      "Largest number of levels that lasts, by the sharpness of attention, and its limit; NaN: the "
                      "search ended before a level was lost."));
  LAT_TRY(status, by_lines(merged, analysis, "leak", leak_row, tally));
done:
  return status;
}

/* Bits gained with a unit of beta between the first and the last beta, of the longest such stretch with >= 8 levels. */
static double gain_of(const struct lat_merged *merged) {
  double longest = 0, gain = (double)NAN;
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    for (size_t j = 0; j < lat_merged_points(merged); j++) {
      if (lat_merged_failed(merged, i) || lat_merged_failed(merged, j)) continue;
      if (!is(merged, i, "measure", "leak") || !is(merged, j, "measure", "leak")) continue;
      if (!is(merged, i, "neighbours", "worst") || !is(merged, j, "neighbours", "worst")) continue;
      if (lat_merged_integer(merged, "address_bits", i) != lat_merged_integer(merged, "address_bits", j)) continue;
      if (lat_merged_real(merged, "kappa", i) != lat_merged_real(merged, "kappa", j)) continue;
      if (lat_merged_integer(merged, "capped", i) || lat_merged_integer(merged, "capped", j)) continue;
      double low = lat_merged_real(merged, "levels", i), high = lat_merged_real(merged, "levels", j);
      double stretch = lat_merged_real(merged, "beta", j) - lat_merged_real(merged, "beta", i);
      if (!(low >= 8) || !(stretch > longest)) continue;
      longest = stretch;
      gain = log2((high - 1) / (low - 1)) / stretch;
    }
  return gain;
}

static int mantissa_row(const struct lat_merged *merged, size_t i, struct lat_analysis *analysis, struct tally *tally) {
  double levels = lat_merged_real(merged, "levels", i), limit = lat_merged_real(merged, "limit", i);
  tally->mantissa++;
  double low = lat_merged_real(merged, "limit_any_order", i);
  int plain = is(merged, i, "format", "fp32"); /* fast kernels: any order; the others sum in the order of the units */
  tally->equal += plain ? levels >= low && levels <= limit : levels == limit;
  tally->lost += lat_merged_integer(merged, "verified_wrong", i) != 0;
  return lat_table_row(analysis, "%g\t%g\t%g\t%s\t%s\t%g", lat_merged_real(merged, "slope", i), levels, limit,
                       lat_merged_text(merged, "format", i), lat_merged_text(merged, "part", i), low);
}

static int mantissa_table(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "mantissa",
                          "slope (1)\tlevels (1)\tlimit (1)\tformat\tpart in that format\tin any order (1)",
                          "Largest number of levels without any leak, by number format and slope of the staircase."));
  LAT_TRY(status, by_lines(merged, analysis, "mantissa", mantissa_row, tally));
done:
  return status;
}

static int thought_row(const struct lat_merged *merged, size_t i, struct lat_analysis *analysis, struct tally *tally) {
  tally->thought++;
  tally->whole += lat_merged_integer(merged, "verified_wrong", i) == 0;
  return lat_table_row(analysis, "%lld\t%.6g\t%g\t%g\t%s\t%g", (long long)lat_merged_integer(merged, "channels", i),
                       lat_merged_real(merged, "bits", i), lat_merged_real(merged, "nominal_bits", i),
                       lat_merged_real(merged, "limit", i), lat_merged_text(merged, "format", i),
                       lat_merged_real(merged, "slope", i));
}

static int thought_table(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "thought", "channels d\tbits that last\tnominal bits\tlevels (1)\tformat\tslope (1)",
                          "Bits of a thought of d channels, each at its format's number of levels, and the bits it is "
                          "stored in; 0: levels were lost."));
  LAT_TRY(status, by_lines(merged, analysis, "thought", thought_row, tally));
done:
  return status;
}

int lat_channel_levels_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct tally t = {0};
  int status = LAT_OK;
  for (size_t i = 0; i < lat_merged_points(merged); i++) t.failed += lat_merged_failed(merged, i) != 0;
  LAT_TRY(status, leak_table(merged, analysis, &t));
  LAT_TRY(status, mantissa_table(merged, analysis, &t));
  LAT_TRY(status, thought_table(merged, analysis, &t));
  t.gain = gain_of(merged);
  if (t.failed > 0 || t.leak == 0 || t.mantissa == 0 || t.thought == 0) {
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu points failed; %zu of leak, %zu of mantissa and %zu of thought: not enough to judge",
                         t.failed, t.leak, t.mantissa, t.thought);
  } else if (t.near < t.leak || t.above > 0 || t.equal < t.mantissa || t.whole < t.thought || t.lost > 0) {
    status = lat_verdict(analysis, LAT_REFUTED,
                         "the limit holds at %zu of %zu leaks (largest difference %g levels; %zu with rounded sums above "
                         "it), %zu of %zu slopes and formats and %zu of "
                         "%zu thoughts; %zu points lost a level below their largest number",
                         t.near, t.leak, t.worst, t.above, t.equal, t.mantissa, t.whole, t.thought, t.lost);
  } else {
    status =
        lat_verdict(analysis, LAT_SUPPORTED,
                    "The largest number of levels is floor(1 + (1 - 1/kappa)/(2 eps)) at %zu of %zu leaks (largest "
                    "difference %g levels), %.3f bits for each unit of beta (2.885 by theory); a level more fails in "
                    "all but %zu; of %zu leaks with so many levels that single precision rounds the staircase %zu fall "
                    "short, by %.0f %% at most, and none is above; random neighbours allow %.2f to %.2f times as many; "
                    "without leak the mantissa's limit is met at %zu of %zu slopes and formats (exactly, but in fp32 "
                    "within the two limits by order of sums), and %zu of %zu whole thoughts keep all bits.",
                    t.exact, t.leak, t.worst, t.gain, t.unbroken, t.rounded, t.short_of, 100 * t.short_by, t.random_low,
                    t.random_high, t.equal, t.mantissa, t.whole, t.thought);
  }
done:
  return status;
}
