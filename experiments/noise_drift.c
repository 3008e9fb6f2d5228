/* Is a discrete token a regulariser? One chain of gates with Gaussian noise on the value of every step
 * (experiments/noise_drift/chain.h), and five ways to go on from the noisy value: through a ReLU gate that snaps nothing, through
 * the clip, through the choice of a token, and by thoughts one at a time, as tokens and as vectors. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/noise_drift/chain.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/interval.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                 \
  TEXT(regenerator, "-", "what goes on from the noisy value: none, clip, token, cot or vector",           \
       "none,clip,token,cot,vector", "none,clip,token,cot,vector", "none,clip,token,cot,vector")          \
  REAL(sigma, "1", 0, 100, "standard deviation of the noise on a value of +-1", "0.03,0.3,0.5,0.7",       \
       "0.003,0.01,0.03,0.1,0.2,0.25,0.3,0.35,0.4,0.5,0.7",                                               \
       "0.003,0.01,0.02,0.03,0.05,0.1,0.15,0.2,0.22,0.25,0.28,0.3,0.33,0.35,0.4,0.45,0.5,0.6,0.7,0.85,1") \
  REAL(kappa, "1", 1, 10000, "slope of the clip (clip and vector)", "4", "4", "1,4,32")                   \
  INT(steps, "steps", 1, 4096, "gates in the chain, one a step", "16", "32", "64")                        \
  INT(vectors, "1", 1, 1e6, "random inputs a point", "64", "192", "500")                                  \
  INT(seed, "1", 0, 1e15, "of inputs and noise", "1,2,3", "1,2,3", "1,2,3,4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"survived", "1", "inputs whose thoughts were all right up to the step", LAT_INTEGER, "step", 0},
    {"survival_theory", "1", "the probability of it", LAT_REAL, "step", 0},
    {0}};

enum { MOST_SERIES = 512 };
#define CONFIDENCE 0.999

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int clips = strcmp(p->regenerator, "clip") == 0 || strcmp(p->regenerator, "vector") == 0;
  return !clips && p->kappa != 4 ? "kappa matters to clip and vector only: listed once, with 4" : NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  enum lat_regenerator regenerator;
  return lat_regenerator_parse(p->regenerator, &regenerator);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double n = (double)p->steps, vectors = (double)p->vectors;
  int thinks = strcmp(p->regenerator, "cot") == 0 || strcmp(p->regenerator, "vector") == 0;
  return vectors * n * n * (thinks ? 1 : 2 * 4 + n / 8);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_drift drift = {.sigma = p->sigma,
                            .kappa = p->kappa,
                            .steps = (size_t)p->steps,
                            .vectors = (size_t)p->vectors,
                            .seed = lat_run_seed(run)};
  int status = LAT_OK;
  int64_t *survived = lat_alloc(drift.steps, sizeof *survived);
  double *theory = lat_alloc(drift.steps, sizeof *theory);
  LAT_CHECK(status, survived != NULL && theory != NULL, LAT_MEMORY, "no memory for %zu steps", drift.steps);
  LAT_TRY(status, lat_regenerator_parse(p->regenerator, &drift.regenerator));
  LAT_TRY(status, lat_drift_run(&drift, survived));
  LAT_TRY(status, lat_drift_theory(&drift, theory));
  LAT_TRY(status, lat_put_integers(run, "survived", 1, &drift.steps, survived));
  LAT_TRY(status, lat_put_reals(run, "survival_theory", 1, &drift.steps, theory));
done:
  lat_free(survived);
  lat_free(theory);
  return status;
}

/* All points that differ in the seed alone. */
struct series {
  const char *regenerator;
  double sigma, kappa, vectors;
  size_t steps, points, first;
  double *survived; /* [steps], summed over the seeds */
};

static int find_series(const struct lat_merged *merged, struct series *series, size_t *count) {
  *count = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i)) continue;
    size_t extent[3], s = 0;
    const double *survived = lat_merged_array(merged, "survived", i, extent);
    const char *regenerator = lat_merged_text(merged, "regenerator", i);
    double sigma = lat_merged_real(merged, "sigma", i), kappa = lat_merged_real(merged, "kappa", i);
    while (s < *count && !(strcmp(series[s].regenerator, regenerator) == 0 && series[s].sigma == sigma &&
                           series[s].kappa == kappa && series[s].steps == extent[0]))
      s++;
    if (s == MOST_SERIES) return LAT_FAIL(LAT_UNSUPPORTED, "more than %d series", MOST_SERIES);
    if (s == *count) {
      series[s] =
          (struct series){.regenerator = regenerator, .sigma = sigma, .kappa = kappa, .steps = extent[0], .first = i};
      series[s].survived = lat_calloc(extent[0], sizeof(double));
      (*count)++;
      if (series[s].survived == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for the series of %zu steps", extent[0]);
    }
    for (size_t t = 0; t < extent[0]; t++) series[s].survived[t] += survived[t];
    series[s].vectors += lat_merged_real(merged, "vectors", i);
    series[s].points++;
  }
  return LAT_OK;
}

static const double *theory_of(const struct lat_merged *merged, const struct series *series) {
  size_t extent[3];
  return lat_merged_array(merged, "survival_theory", series->first, extent);
}

/* Row t of a series: measured with its interval, and theory. */
static int put_row(const struct lat_merged *merged, struct lat_analysis *analysis, const struct series *series, size_t t) {
  struct lat_interval interval = lat_interval_proportion((uint64_t)series->survived[t], (uint64_t)series->vectors, 0.95);
  return lat_table_row(analysis, "%zu\t%.6g\t%.6g\t%.6g\t%.6g\t%s\t%g\t%g\t%g", t + 1,
                       series->survived[t] / series->vectors, interval.low, interval.high, theory_of(merged, series)[t],
                       series->regenerator, series->sigma, series->kappa, series->vectors);
}

static int is_power(size_t t) { return (t & (t - 1)) == 0; }

static const char columns[] =
    "step\tsurvival (1)\tlow (1)\thigh (1)\ttheory (1)\tregenerator\tsigma (1)\tkappa (1)\tinputs";

/* sigma at which half of the inputs survive the whole chain, on a line between the two measured shares around it. */
static double half_point(const struct lat_merged *merged, const struct series *series, size_t count,
                         const char *regenerator, double kappa) {
  double below = 0, above = (double)INFINITY, high = 1, low = 0;
  for (size_t s = 0; s < count; s++) {
    if (strcmp(series[s].regenerator, regenerator) != 0 || series[s].kappa != kappa) continue;
    double measured = series[s].survived[series[s].steps - 1] / series[s].vectors;
    (void)merged;
    if (measured >= 0.5 && series[s].sigma > below) below = series[s].sigma, high = measured;
    if (measured < 0.5 && series[s].sigma < above) above = series[s].sigma, low = measured;
  }
  if (!(below > 0) || !isfinite(above) || below > above) return (double)NAN;
  return below + (above - below) * (high - 0.5) / (high - low);
}

static int tables(const struct lat_merged *merged, struct lat_analysis *analysis, const struct series *series,
                  size_t count) {
  static const char *const order[] = {"none", "clip", "token", "cot", "vector"};
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "steps", columns, NULL));
  for (size_t s = 0; s < count; s++) {
    for (size_t t = 0; t < series[s].steps; t++) LAT_TRY(status, put_row(merged, analysis, &series[s], t));
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
  LAT_TRY(status, lat_table_begin(analysis, "noise", columns,
                                  "Survival of the whole chain against the noise, all seeds together, with 95 % "
                                  "Clopper-Pearson intervals."));
  for (size_t r = 0; r < sizeof order / sizeof *order; r++) {
    for (double last = -1;;) { /* in increasing sigma */
      double next = (double)INFINITY;
      for (size_t s = 0; s < count; s++)
        if (strcmp(series[s].regenerator, order[r]) == 0 && series[s].sigma > last && series[s].sigma < next)
          next = series[s].sigma;
      if (isinf(next)) break;
      for (size_t s = 0; s < count; s++)
        if (strcmp(series[s].regenerator, order[r]) == 0 && series[s].sigma == next)
          LAT_TRY(status, put_row(merged, analysis, &series[s], series[s].steps - 1));
      last = next;
    }
  }
  LAT_TRY(status,
          lat_table_begin(analysis, "half", "regenerator\tkappa (1)\tsigma at half survival (1)\tsteps",
                          "The noise at which half of the inputs survive the chain, between the values that were run."));
  static const double kappas[] = {1, 4, 32};
  for (size_t r = 0; r < sizeof order / sizeof *order; r++)
    for (size_t k = 0; k < 3; k++) {
      double half = half_point(merged, series, count, order[r], kappas[k]);
      if (isfinite(half))
        LAT_TRY(status, lat_table_row(analysis, "%s\t%g\t%.3g\t%zu", order[r], kappas[k], half, series[0].steps));
    }
done:
  return status;
}

static int judge(const struct lat_merged *merged, struct lat_analysis *analysis, const struct series *series,
                 size_t count) {
  size_t failed = 0, compared = 0, outside = 0, steps = 0;
  double inputs = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) failed += lat_merged_failed(merged, i) ? 1 : 0;
  for (size_t s = 0; s < count; s++) {
    const double *theory = theory_of(merged, &series[s]);
    for (size_t t = 0; t < series[s].steps; t++) {
      if (!is_power(t + 1)) continue;
      struct lat_interval interval =
          lat_interval_proportion((uint64_t)series[s].survived[t], (uint64_t)series[s].vectors, CONFIDENCE);
      compared++;
      outside += !(interval.low <= theory[t] && theory[t] <= interval.high);
    }
    inputs += series[s].vectors;
    if (series[s].steps > steps) steps = series[s].steps;
  }
  double none = half_point(merged, series, count, "none", 4), clip = half_point(merged, series, count, "clip", 4);
  double token = half_point(merged, series, count, "token", 4);
  if (count == 0 || failed > 0)
    return lat_verdict(analysis, LAT_OPEN, "%zu series ran and %zu points failed: not enough to judge", count, failed);
  if ((double)outside > 0.01 * (double)compared || none >= clip || clip > 1.2 * token)
    return lat_verdict(analysis, LAT_REFUTED,
                       "%zu of %zu survival rates lie outside their 99.9 %% interval; half survive %zu steps at noise %.3g "
                       "with nothing, %.3g with the clip, %.3g with tokens",
                       outside, compared, steps, none, clip, token);
  if (!isfinite(none) || !isfinite(clip) || !isfinite(token))
    return lat_verdict(
        analysis, LAT_OPEN,
        "theory holds (%zu of %zu outside), but the noise that half survive lies outside the values that were run", outside,
        compared);
  return lat_verdict(
      analysis, LAT_SUPPORTED,
      "%zu of %zu survival rates over %.0f inputs lie outside the theory's 99.9 %% interval. Half survive %zu "
      "steps at noise %.3g where nothing snaps, %.3g with a clip (%.2f times as much) and %.3g with tokens (%.2f times the "
      "clip's). Rates at successive steps are of the same inputs.",
      outside, compared, inputs, steps, none, clip, clip / none, token, token / clip);
}

static int analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  size_t count = 0;
  struct series *series = lat_calloc(MOST_SERIES, sizeof *series);
  LAT_CHECK(status, series != NULL, LAT_MEMORY, "no memory for %d series", MOST_SERIES);
  LAT_TRY(status, find_series(merged, series, &count));
  LAT_TRY(status, tables(merged, analysis, series, count));
  LAT_TRY(status, judge(merged, analysis, series, count));
done:
  for (size_t s = 0; s < count && series != NULL; s++) lat_free(series[s].survived);
  lat_free(series);
  return status;
}

const struct lat_experiment lat_experiment_noise_drift;
const struct lat_experiment lat_experiment_noise_drift = {
    .name = "noise_drift",
    .section = "C. Information capacity",
    .question = "Is a discrete token a regulariser: what does it do against noise that a clip does not?",
    .prediction =
        "Through tokens a chain of t gates survives noise sigma with probability (1 - Q(1/sigma))^t, whether the machine "
        "runs "
        "the whole sequence or thinks token by token. A clip stays within a factor of 2 of the token's error per step, so "
        "that "
        "half survive at nearly the same noise (within 20 %). Without a snap noise doubles at each gate that carries a 1 "
        "and "
        "the chain breaks at noise several times smaller.",
    .refuted_if =
        "more than 1 % of the survival rates lie outside the 99.9 % interval around theory, or half survive the chain "
        "without "
        "a snap at as much noise as with the clip, or with the clip at over 1.2 times the token's noise",
    .source =
        "own derivation (experiments/noise_drift/chain.h); regeneration against noise: von Neumann 1956; discrete thoughts "
        "as regularisation: Hao et al. 2024 discuss it without measuring",
    .caption =
        "A running parity, one gate a step, Gaussian noise on every step's value of +-1. (a) Inputs whose thoughts were "
        "all right "
        "up to the step, measured (marks) on theory (lines): tokens (1 - Q(1/sigma))^t, clip and nothing by a Markov "
        "chain. "
        "(b) The same for the whole chain against the noise, with 95 % intervals; cot and vector think one step at a time "
        "with a "
        "key-value cache.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = analyse,
};
