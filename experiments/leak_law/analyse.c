#include "experiments/leak_law/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(lat_merged_text(merged, "measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

/* Two curves against beta for every point of a measure, with what tells the points apart in the last column. */
static int curves(const struct lat_merged *merged, struct lat_analysis *analysis, const char *measure, const char *columns,
                  const char *first, const char *second, const char *label) {
  int status = lat_table_begin(analysis, measure, columns, NULL);
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!is(merged, i, measure)) continue;
    size_t extent[3];
    const double *beta = lat_merged_array(merged, "beta", i, extent);
    const double *a = lat_merged_array(merged, first, i, extent), *b = lat_merged_array(merged, second, i, extent);
    for (size_t k = 0; k < extent[0] && status == LAT_OK; k++)
      status = lat_table_row(analysis, "%.10g\t%.10g\t%.10g\t%g", beta[k], a[k], b[k], lat_merged_real(merged, label, i));
  }
  return status;
}

/* Which series the figure draws, as lists of words in increasing order: every fourth m keeps panel (a) readable. */
static int series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char words[2][256] = {"", ""};
  for (int list = 0; list < 2; list++) {
    const char *measure = list == 0 ? "leak" : "loops", *name = list == 0 ? "address_bits" : "kappa";
    double last = 0;
    for (;;) {
      double next = (double)INFINITY;
      for (size_t i = 0; i < lat_merged_points(merged); i++) {
        double value = is(merged, i, measure) ? lat_merged_real(merged, name, i) : 0;
        if (value > last && value < next && (list == 1 || fmod(value, 4) == 0)) next = value;
      }
      size_t used = strlen(words[list]);
      if (isinf(next) || used + 32 > sizeof words[list]) break;
      snprintf(words[list] + used, sizeof words[list] - used, "%s%g", used > 0 ? " " : "", next);
      last = next;
    }
  }
  int status = lat_table_begin(analysis, "series", "address bits\tkappas", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%s\t%s", words[0], words[1]);
  return status;
}

int lat_leak_law_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  size_t points = lat_merged_points(merged), machines = 0, betas_above = 0, failed = 0;
  double worst_ratio = 0, closest = (double)INFINITY;
  int status = LAT_OK, broke_above = 0;
  for (size_t i = 0; i < points; i++) failed += lat_merged_failed(merged, i) ? 1 : 0;

  LAT_TRY(status, curves(merged, analysis, "leak", "beta (1)\tleak measured (1)\tleak theory (1)\taddress bits", "leak",
                         "leak_theory", "address_bits"));
  LAT_TRY(status,
          curves(merged, analysis, "loops", "beta (1)\twrong per 1, one-hot (1)\twrong per 1, random (1)\tkappa (1)",
                 "wrong_one_hot", "wrong_random", "kappa"));
  LAT_TRY(status,
          lat_table_begin(analysis, "leak_error", "address bits\tlargest relative difference (1)\tat beta (1)",
                          "Softmax leak in single precision against the closed form: the largest relative difference over "
                          "the scanned betas."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "leak")) continue;
    size_t extent[3];
    const double *beta = lat_merged_array(merged, "beta", i, extent), *leak = lat_merged_array(merged, "leak", i, extent);
    const double *theory = lat_merged_array(merged, "leak_theory", i, extent);
    double largest = 0, at = beta[0];
    for (size_t b = 0; b < extent[0]; b++) {
      double relative = fabs(leak[b] / theory[b] - 1);
      if (!(relative <= largest)) {
        largest = relative;
        at = beta[b];
      }
    }
    if (!(largest <= worst_ratio)) worst_ratio = largest;
    LAT_TRY(status, lat_table_row(analysis, "%g\t%.2e\t%.3f", lat_merged_real(merged, "address_bits", i), largest, at));
  }

  LAT_TRY(status, lat_table_begin(
                      analysis, "threshold",
                      "kappa (1)\tsmallest certified beta (1)\tlargest beta that broke (1)\tlargest error above (1)\tloops",
                      "The machine that loops: the certificate's threshold and the largest beta at which a wire was "
                      "found wrong (to 1e-4)."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "loops")) continue;
    size_t extent[3];
    double certified = lat_merged_real(merged, "beta_certified", i), broke = lat_merged_real(merged, "beta_break", i),
           error = 0;
    const double *beta = lat_merged_array(merged, "beta", i, extent),
                 *wrong = lat_merged_array(merged, "wrong_one_hot", i, extent);
    const double *random = lat_merged_array(merged, "wrong_random", i, extent);
    const double *largest = lat_merged_array(merged, "error_one_hot", i, extent);
    machines++;
    for (size_t b = 0; b < extent[0]; b++) {
      if (beta[b] < certified) continue;
      betas_above++;
      if (!(wrong[b] <= 0) || !(random[b] <= 0)) broke_above = 1;
      if (!(largest[b] <= error)) error = largest[b];
    }
    if (!(broke <= certified)) broke_above = 1;
    if (certified - broke < closest) closest = certified - broke;
    LAT_TRY(status, lat_table_row(analysis, "%g\t%.4f\t%.4f\t%.2e\t%g", lat_merged_real(merged, "kappa", i), certified,
                                  broke, error, lat_merged_real(merged, "steps", i)));
  }

  static const char *const codes[] = {"binary", "circle", "hash", "quadratic"};
  LAT_TRY(status,
          lat_table_begin(analysis, "codes", "addresses\tlogit range (1)\tleak in single precision (1)\tcode",
                          "Largest |logit| that keeps the leak at 1/8, and the leak that single precision then gives "
                          "(1/8 when the code is usable)."));
  for (size_t c = 0; c < 4; c++) {
    for (size_t bits = 1; bits <= 20; bits++)
      for (size_t i = 0; i < points; i++) {
        if (!is(merged, i, "codes") || strcmp(lat_merged_text(merged, "code", i), codes[c]) != 0) continue;
        if (lat_merged_integer(merged, "address_bits", i) != (int64_t)bits) continue;
        LAT_TRY(status, lat_table_row(analysis, "%.0f\t%.6g\t%.4g\t%s", ldexp(1, (int)bits),
                                      lat_merged_real(merged, "logit_range", i),
                                      lat_merged_real(merged, "code_leak_single", i), codes[c]));
      }
  }

  LAT_TRY(status, series(merged, analysis));
  if (machines == 0 || failed > 0) {
    status = lat_verdict(analysis, LAT_OPEN, "%zu machines were run and %zu points failed: not enough to judge", machines,
                         failed);
  } else if (broke_above || !(worst_ratio <= 1e-4)) {
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "a wire was wrong above the certified beta, or the measured leak is %.1e away from the closed form", worst_ratio);
  } else {
    status = lat_verdict(
        analysis, LAT_SUPPORTED,
        "The measured leak follows 1 - sigma(2 beta)^m to %.1e relative; no wire was wrong at any of %zu runs with beta "
        "above the certificate's, and the closest failure lies %.4f below it.",
        worst_ratio, betas_above, closest);
  }
done:
  return status;
}
