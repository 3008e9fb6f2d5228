#include "experiments/depth_parameters/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/info/interval.h"

#define INTEGER(name, i) lat_merged_integer(merged, name, i)

static int same_model(const struct lat_merged *merged, size_t i, size_t j) {
  return strcmp(lat_merged_text(merged, "model", i), lat_merged_text(merged, "model", j)) == 0 &&
         INTEGER("tokens", i) == INTEGER("tokens", j) && INTEGER("seed", i) == INTEGER("seed", j) &&
         INTEGER("vectors", i) == INTEGER("vectors", j) && INTEGER("repeats", i) == INTEGER("repeats", j);
}

static int is_compiled(const struct lat_merged *merged, size_t i) {
  return strncmp(lat_merged_text(merged, "model", i), "width:", 6) != 0;
}

/* The point of the same model with L layers; SIZE_MAX when there is none. */
static size_t find(const struct lat_merged *merged, size_t like, int64_t layers) {
  for (size_t j = 0; j < lat_merged_points(merged); j++)
    if (!lat_merged_failed(merged, j) && INTEGER("layers", j) == layers && same_model(merged, like, j)) return j;
  return SIZE_MAX;
}

/* The first of its model among the points that have a stack of 120 layers beside them. */
static int leads(const struct lat_merged *merged, size_t i) {
  if (lat_merged_failed(merged, i) || find(merged, i, LAT_DEPTH_PARAMETERS_DEPTH) == SIZE_MAX) return 0;
  for (size_t j = 0; j < i; j++)
    if (!lat_merged_failed(merged, j) && same_model(merged, i, j)) return 0;
  return 1;
}

/* The k-th leading point by the parameters of its stack; SIZE_MAX beyond the last. */
static size_t lead_in_order(const struct lat_merged *merged, size_t k) {
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!leads(merged, i)) continue;
    int64_t mine = INTEGER("parameters", find(merged, i, LAT_DEPTH_PARAMETERS_DEPTH));
    size_t smaller = 0;
    for (size_t j = 0; j < lat_merged_points(merged); j++) {
      if (j == i || !leads(merged, j)) continue;
      int64_t other = INTEGER("parameters", find(merged, j, LAT_DEPTH_PARAMETERS_DEPTH));
      smaller += other < mine || (other == mine && j < i);
    }
    if (smaller == k) return i;
  }
  return SIZE_MAX;
}

static int table_cost(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "cost",
              "model\twidth\ttokens\tL x T\tparameters\tof the stack (%)\tmemory (MB)\tGflop\ttime "
              "(ms)\toutput bits\twrong\twrong when run once\tP(vector wrong), 95 % interval",
              "Effective depth 120 by L layers run T times. 'Run once' is the control: the same weights without the "
              "loop. P: Clopper-Pearson interval for a random vector to be wrong. Times are of the "
              "machine named below and vary; ordinary transformers have random weights and no answer to check."));
  for (size_t k = 0, i; (i = lead_in_order(merged, k)) != SIZE_MAX; k++) {
    double stack = (double)INTEGER("parameters", find(merged, i, LAT_DEPTH_PARAMETERS_DEPTH));
    for (int64_t layers = 1; layers <= LAT_DEPTH_PARAMETERS_DEPTH; layers++) {
      size_t j = find(merged, i, layers);
      if (j == SIZE_MAX) continue;
      char bits[128] = "-\t-\t-\t-";
      if (is_compiled(merged, j)) {
        struct lat_interval bound =
            lat_interval_proportion((uint64_t)INTEGER("wrong_vectors", j), (uint64_t)INTEGER("vectors", j), 0.95);
        snprintf(bits, sizeof bits, "%lld\t%lld\t%lld\t%.3g to %.3g", (long long)INTEGER("bits", j),
                 (long long)INTEGER("wrong", j), (long long)INTEGER("wrong_once", j), bound.low, bound.high);
      }
      LAT_TRY(status, lat_table_row(analysis, "%s\t%lld\t%lld\t%lld x %lld\t%lld\t%.2f\t%.3f\t%.3f\t%.2f\t%s",
                                    lat_merged_text(merged, "model", j), (long long)INTEGER("width", j),
                                    (long long)INTEGER("sequence", j), (long long)layers, (long long)INTEGER("steps", j),
                                    (long long)INTEGER("parameters", j), 100 * (double)INTEGER("parameters", j) / stack,
                                    (double)INTEGER("bytes", j) / 1e6, lat_merged_real(merged, "flops", j) / 1e9,
                                    1e3 * lat_merged_real(merged, "seconds", j), bits));
    }
  }
done:
  return status;
}

static int tables_figure(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  LAT_TRY(status, lat_table_begin(analysis, "models", "model", NULL));
  for (size_t k = 0, i; (i = lead_in_order(merged, k)) != SIZE_MAX; k++)
    LAT_TRY(status, lat_table_row(analysis, "%s%s", is_compiled(merged, i) ? "compiled " : "ordinary ",
                                  lat_merged_text(merged, "model", i)));
  LAT_TRY(status,
          lat_table_begin(analysis, "curves",
                          "layers\tparameters\tparameters by formula\tflop of the stack (1)\ttime of the stack (1)", NULL));
  for (size_t k = 0, i; (i = lead_in_order(merged, k)) != SIZE_MAX; k++) {
    size_t stack = find(merged, i, LAT_DEPTH_PARAMETERS_DEPTH);
    for (int64_t layers = 1; layers <= LAT_DEPTH_PARAMETERS_DEPTH; layers++) {
      size_t j = find(merged, i, layers);
      if (j == SIZE_MAX) continue;
      LAT_TRY(status, lat_table_row(analysis, "%lld\t%lld\t%lld\t%.6f\t%.4f", (long long)layers,
                                    (long long)INTEGER("parameters", j),
                                    (long long)(INTEGER("shared", j) + layers * INTEGER("per_layer", j)),
                                    lat_merged_real(merged, "flops", j) / lat_merged_real(merged, "flops", stack),
                                    lat_merged_real(merged, "seconds", j) / lat_merged_real(merged, "seconds", stack)));
    }
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
done:
  return status;
}

int lat_depth_parameters_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  size_t built = 0, off = 0, compiled = 0, uncertified = 0, survived = 0, controls = 0, pairs = 0;
  int64_t bits = 0, wrong = 0;
  double least = 1, most = 0, fast = (double)INFINITY, slow = 0;
  LAT_TRY(status, table_cost(merged, analysis));
  LAT_TRY(status, tables_figure(merged, analysis));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i)) continue;
    size_t stack = find(merged, i, LAT_DEPTH_PARAMETERS_DEPTH);
    built++;
    int64_t formula = INTEGER("shared", i) + INTEGER("layers", i) * INTEGER("per_layer", i);
    int same_flops = stack == SIZE_MAX ||
                     !(fabs(lat_merged_real(merged, "flops", i) / lat_merged_real(merged, "flops", stack) - 1) > 1e-12);
    off += formula != INTEGER("parameters", i) || !same_flops;
    if (is_compiled(merged, i)) {
      compiled++;
      uncertified += !INTEGER("certified", i);
      bits += INTEGER("bits", i);
      wrong += INTEGER("wrong", i);
      if (INTEGER("steps", i) > 1) {
        controls++;
        survived += INTEGER("wrong_once", i) == 0;
      }
    }
    if (INTEGER("layers", i) == 12 && stack != SIZE_MAX) {
      double part = (double)INTEGER("parameters", i) / (double)INTEGER("parameters", stack);
      double time = lat_merged_real(merged, "seconds", i) / lat_merged_real(merged, "seconds", stack);
      pairs++;
      least = fmin(least, part);
      most = fmax(most, part);
      fast = fmin(fast, time); /* a missing time leaves them as they are */
      slow = fmax(slow, time);
    }
  }
  if (off > 0 || wrong > 0)
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "%zu of %zu built models have other parameters or FLOPs than predicted; %lld of %lld output bits wrong.", off,
        built, (long long)wrong, (long long)bits);
  else if (pairs == 0 || compiled == 0 || survived > 0 || uncertified > 0)
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu pairs of 12 x 10 and 120 x 1, %zu compiled models (%zu of them without a certificate), %zu "
                         "of %zu controls right "
                         "without the loop: not enough to tell.",
                         pairs, compiled, uncertified, survived, controls);
  else
    status = lat_verdict(analysis, LAT_SUPPORTED,
                         "12 layers run 10 times hold %.2f to %.2f %% of the parameters of 120 layers, do the same "
                         "floating-point operations and "
                         "give the same answers (0 of %lld output bits wrong over %zu compiled models, all certified; "
                         "without the loop all %zu "
                         "are wrong); all %zu built models have exactly the predicted count; the loop takes %.2f to %.2f "
                         "of the stack's time.",
                         100 * least, 100 * most, (long long)bits, compiled, controls, built, fast, slow);
done:
  return status;
}
