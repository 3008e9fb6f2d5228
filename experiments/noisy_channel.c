/* Which estimate of information may be believed? Four channels whose information is known exactly, and all estimators of lib/info on samples of
 * them, over noise, dimension and number of samples. The limits in lib/info/trust.h were read off a first run of size quick (seeds
 * 1..3); size paper (seeds 11..14) is what judges them. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/noisy_channel/channels.h"
#include "experiments/noisy_channel/lines.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/trust.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(channel, "-", "gaussian, bits, cells or token", "gaussian,bits,cells,token", "gaussian,bits,cells,token",           \
       "gaussian,bits,cells,token")                                                                                        \
  INT(d, "numbers", 1, 64, "numbers a vector; bits a letter", "1,2,4", "1,2,4,8,16", "1,2,3,4,8,16")                       \
  INT(samples, "1", 8, 65536, "pairs drawn; decoders learn from half of them", "256", "128,512,2048", "128,512,2048,4096") \
  REAL(noise, "1", 1e-4, 1e4, "deviation of the noise; temperature of tokens", "0.3,1", "0.03,0.1,0.3,1,3",                \
       "0.003,0.03,0.1,0.3,0.6,1,1.7,3")                                                                                   \
  INT(neighbours, "1", 1, 7, "k of the nearest-neighbour estimators", "3", "3", "3")                                       \
  INT(shuffles, "1", 1, 100, "shuffled controls a point", "1", "1", "1")                                                   \
  INT(seed, "1", 0, 1e15, "of messages and noise", "1,2", "1,2,3", "11,12,13,14")
LAT_DEFINE_PARAMETERS(PARAMETERS)

#define ORDER " (plugin, miller_madow, grassberger, ksg1, ksg2, decoder, hard, fano)"
static const struct lat_output outputs[] = {
    {"exact", "bits", "what each estimator estimates or bounds" ORDER, LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"raw", "bits", "estimates as they came out", LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"estimate", "bits", "estimates cut at the upper bound of the capacity", LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"low", "bits", "lower end of the 95 % interval", LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"high", "bits", "upper end of the 95 % interval", LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"control", "bits", "with the received shuffled", LAT_REAL, "estimator", LAT_MAY_BE_MISSING},
    {"capacity_low", "bits", "lower bound of the capacity", LAT_REAL, "", 0},
    {"capacity_high", "bits", "upper bound of the capacity", LAT_REAL, "", 0},
    {0}};

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int letters = strcmp(p->channel, "cells") == 0 || strcmp(p->channel, "token") == 0;
  if (letters && p->d > LAT_NOISY_MOST_LETTERS) return "cells and tokens have at most 8 bits a letter";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  enum lat_noisy_kind kind;
  return lat_noisy_kind_parse(p->channel, &kind);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double n = (double)p->samples, letters = pow(4, fmin((double)p->d, 8));
  return strcmp(p->channel, "cells") == 0 || strcmp(p->channel, "token") == 0 ? 1e3 * letters
                                                                              : 4 * n * n * (6 + (double)p->d);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_noisy channel = {.d = (size_t)p->d,
                              .samples = (size_t)p->samples,
                              .neighbours = (size_t)p->neighbours,
                              .shuffles = (size_t)p->shuffles,
                              .noise = p->noise,
                              .seed = lat_run_seed(run)};
  struct lat_noisy_found found;
  size_t count = LAT_NOISY_ESTIMATORS;
  int status = LAT_OK;
  LAT_TRY(status, lat_noisy_kind_parse(p->channel, &channel.kind));
  LAT_TRY(status, lat_noisy_measure(&channel, &found));
  LAT_TRY(status, lat_put_reals(run, "exact", 1, &count, found.exact));
  LAT_TRY(status, lat_put_reals(run, "raw", 1, &count, found.raw));
  LAT_TRY(status, lat_put_reals(run, "estimate", 1, &count, found.estimate));
  LAT_TRY(status, lat_put_reals(run, "low", 1, &count, found.low));
  LAT_TRY(status, lat_put_reals(run, "high", 1, &count, found.high));
  LAT_TRY(status, lat_put_reals(run, "control", 1, &count, found.control));
  LAT_TRY(status, lat_put_real(run, "capacity_low", found.capacity_low));
  LAT_TRY(status, lat_put_real(run, "capacity_high", found.capacity_high));
done:
  return status;
}

/* What one estimator says at one setting, over the seeds. */
struct cell {
  double exact, mean, low, high, control, ceiling, margin;
  size_t seeds, off, samples, d, trusted;
};

struct tally {
  size_t failed, compared;
  size_t values, values_off, rejected, rejected_off; /* by the rule, counts and neighbours */
  size_t bounds, bounds_above;                       /* decoders, hard, fano: lower end above the truth */
  size_t cut, beyond;                                /* estimates cut at their bound; above it all the same */
  double control, low_share;                         /* largest control of a value; lowest estimate / exact outside */
};

static double at(const struct lat_merged *merged, const char *name, size_t i, int e) {
  size_t extent[3];
  const double *array = lat_merged_array(merged, name, i, extent);
  return array == NULL ? (double)NAN : array[e];
}

static int same(const struct lat_merged *merged, size_t i, size_t j) {
  static const char *const names[] = {"d", "samples", "noise", "neighbours", "shuffles"};
  if (strcmp(lat_merged_text(merged, "channel", i), lat_merged_text(merged, "channel", j)) != 0) return 0;
  for (size_t m = 0; m < sizeof names / sizeof *names; m++)
    if (lat_merged_real(merged, names[m], i) != lat_merged_real(merged, names[m], j)) return 0;
  return 1;
}

static double ceiling_of(const struct lat_merged *merged, size_t i) {
  int n = (int)lat_merged_integer(merged, "samples", i), k = (int)lat_merged_integer(merged, "neighbours", i);
  return (gsl_sf_psi_int(n) - gsl_sf_psi_int(k)) / M_LN2;
}

static enum lat_trust trust_of(const struct lat_merged *merged, size_t i, int e) {
  size_t n = (size_t)lat_merged_integer(merged, "samples", i), d = (size_t)lat_merged_integer(merged, "d", i);
  if (e <= LAT_NOISY_GRASSBERGER) return lat_trust_counts(n, (size_t)1 << d, (size_t)1 << d, (enum lat_entropy_method)e);
  if (e <= LAT_NOISY_KSG2) return lat_trust_neighbour(n, d, d, at(merged, "raw", i, e), ceiling_of(merged, i));
  return lat_trust_decoder(n - n / 2);
}

static void judge(const struct lat_merged *merged, size_t i, int e, struct tally *tally) {
  double exact = at(merged, "exact", i, e), raw = at(merged, "raw", i, e), estimate = at(merged, "estimate", i, e);
  double high = lat_merged_real(merged, "capacity_high", i);
  enum lat_trust trust = trust_of(merged, i, e);
  int off = !(fabs(raw - exact) <= lat_trust_margin(exact));
  tally->compared++;
  tally->cut += raw > estimate;
  tally->beyond += !(estimate <= high);
  if (trust == LAT_TRUST_BOUND) {
    tally->bounds++;
    tally->bounds_above += at(merged, "low", i, e) > exact + 1e-9;
  } else if (trust == LAT_TRUST_VALUE) {
    tally->values++;
    tally->values_off += off ? 1 : 0;
    tally->control = fmax(tally->control, fabs(at(merged, "control", i, e)));
  } else if (e <= LAT_NOISY_KSG2) {
    tally->rejected++;
    tally->rejected_off += off ? 1 : 0;
  }
}

/* All seeds of point i's setting, with Student's 95 % interval of the mean; 0 when i is not the first of them or has no value. */
static int gather(const struct lat_merged *merged, size_t i, int e, struct cell *cell) {
  if (lat_merged_failed(merged, i) || isnan(at(merged, "raw", i, e))) return 0;
  for (size_t j = 0; j < i; j++)
    if (!lat_merged_failed(merged, j) && same(merged, i, j)) return 0;
  *cell = (struct cell){.exact = at(merged, "exact", i, e),
                        .ceiling = ceiling_of(merged, i),
                        .samples = (size_t)lat_merged_integer(merged, "samples", i),
                        .d = (size_t)lat_merged_integer(merged, "d", i)};
  cell->margin = lat_trust_margin(cell->exact);
  double square = 0;
  for (size_t j = i; j < lat_merged_points(merged); j++) {
    if (lat_merged_failed(merged, j) || !same(merged, i, j)) continue;
    double value = at(merged, "raw", j, e); /* uncut: a cut at the truth would hide what is off */
    cell->seeds++;
    cell->mean += value;
    square += value * value;
    cell->control += at(merged, "control", j, e);
    cell->off += !(fabs(value - cell->exact) <= cell->margin);
    cell->trusted += trust_of(merged, j, e) != LAT_TRUST_NOTHING;
  }
  double n = (double)cell->seeds, half = 0;
  cell->mean /= n;
  cell->control /= n;
  if (cell->seeds > 1)
    half = gsl_cdf_tdist_Pinv(0.975, n - 1) * sqrt(fmax(square / n - cell->mean * cell->mean, 0) / (n - 1));
  cell->low = cell->mean - half, cell->high = cell->mean + half;
  return 1;
}

static int estimates_table(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "estimates",
              "noise (1)\testimate (bits)\tlow (bits)\thigh (bits)\texact (bits)\tcontrol (bits)\testimator\tchannel\t"
              "d\tsamples\tof ceiling (1)\tof exact (1)\toff (bits)\tsamples a cell (1)\tseeds off\ttrusted seeds\tseeds",
              "Every estimator at every setting: mean over the seeds with Student's 95 % interval, the exact "
              "information, the shuffled control."));
  for (int e = 0; e < LAT_NOISY_ESTIMATORS; e++)
    for (size_t i = 0; i < lat_merged_points(merged); i++) {
      struct cell c;
      if (!lat_merged_failed(merged, i) && !isnan(at(merged, "raw", i, e))) judge(merged, i, e, tally);
      if (!gather(merged, i, e, &c)) continue;
      LAT_TRY(status,
              lat_table_row(analysis,
                            "%g\t%.6g\t%.6g\t%.6g\t%.6g\t%.6g\t%s\t%s\t%zu\t%zu\t%.6g\t%.6g\t%.6g\t%.6g\t%zu\t%zu\t%zu",
                            lat_merged_real(merged, "noise", i), c.mean, c.low, c.high, c.exact, c.control,
                            lat_noisy_estimator_name((enum lat_noisy_estimator)e), lat_merged_text(merged, "channel", i),
                            c.d, c.samples, c.exact / c.ceiling, c.mean / c.exact, fmax(fabs(c.mean - c.exact), 1e-4),
                            (double)c.samples / pow(4, (double)c.d), c.off, c.trusted, c.seeds));
    }
done:
  return status;
}

/* How often an estimator of a channel is right where the rule trusts it, and where it does not. */
static int trust_table(const struct lat_merged *merged, struct lat_analysis *analysis) {
  static const char *const channels[] = {"gaussian", "bits", "cells", "token"};
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "trust",
              "estimator\tchannel\ttrusted\toff among them\tnot trusted\toff among these\tlower end above exact",
              "Estimates that lib/info/trust.h takes for a value (decoder, hard, fano: for a bound), and how many are off "
              "by more than 10 % and 0.1 bits; the last column counts intervals that lie above the truth."));
  for (int e = 0; e < LAT_NOISY_ESTIMATORS; e++)
    for (size_t c = 0; c < 4; c++) {
      size_t trusted = 0, trusted_off = 0, other = 0, other_off = 0, above = 0;
      for (size_t i = 0; i < lat_merged_points(merged); i++) {
        if (lat_merged_failed(merged, i) || isnan(at(merged, "raw", i, e))) continue;
        if (strcmp(lat_merged_text(merged, "channel", i), channels[c]) != 0) continue;
        double exact = at(merged, "exact", i, e), low = at(merged, "low", i, e);
        int off = !(fabs(at(merged, "raw", i, e) - exact) <= lat_trust_margin(exact));
        int trust = trust_of(merged, i, e) != LAT_TRUST_NOTHING;
        trusted += trust != 0, trusted_off += trust && off, other += !trust, other_off += !trust && off;
        above += low > exact + 1e-9;
      }
      if (trusted + other > 0)
        LAT_TRY(status, lat_table_row(analysis, "%s\t%s\t%zu\t%zu\t%zu\t%zu\t%zu",
                                      lat_noisy_estimator_name((enum lat_noisy_estimator)e), channels[c], trusted,
                                      trusted_off, other, other_off, above));
    }
done:
  return status;
}

static int verdict(struct lat_analysis *analysis, const struct tally *t) {
  double values = fmax((double)t->values, 1), bounds = fmax((double)t->bounds, 1), rejected = fmax((double)t->rejected, 1);
  if (t->failed > 0 || t->values < 100 || t->bounds < 100 || t->rejected < 100)
    return lat_verdict(analysis, LAT_OPEN, "%zu values, %zu bounds, %zu failed points: not enough to judge", t->values,
                       t->bounds, t->failed);
  int holds = (double)t->values_off <= 0.05 * values && (double)t->bounds_above <= 0.05 * bounds && t->beyond == 0 &&
              (double)t->rejected_off >= 0.25 * rejected;
  return lat_verdict(
      analysis, holds ? LAT_SUPPORTED : LAT_REFUTED,
      "%zu of %zu estimates that the rule trusts are off by more than 10 %% and 0.1 bits (%.1f %%), and %zu of the %zu "
      "that it does not (%.0f %%). %zu of %zu lower bounds lie above the truth with their whole interval (%.1f %%; 2.5 %% "
      "by chance). Largest shuffled control of a trusted estimate %.2f bits. %zu of %zu estimates came out above the "
      "capacity and were cut there, %zu are above it.",
      t->values_off, t->values, 100 * (double)t->values_off / values, t->rejected_off, t->rejected,
      100 * (double)t->rejected_off / rejected, t->bounds_above, t->bounds, 100 * (double)t->bounds_above / bounds,
      t->control, t->cut, t->compared, t->beyond);
}

static int analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  struct tally tally = {0};
  for (size_t i = 0; i < lat_merged_points(merged); i++) tally.failed += lat_merged_failed(merged, i) ? 1 : 0;
  LAT_TRY(status, lat_noisy_lines(analysis));
  LAT_TRY(status, estimates_table(merged, analysis, &tally));
  LAT_TRY(status, trust_table(merged, analysis));
  LAT_TRY(status, verdict(analysis, &tally));
done:
  return status;
}

const struct lat_experiment lat_experiment_noisy_channel;
const struct lat_experiment lat_experiment_noisy_channel = {
    .name = "noisy_channel",
    .section = "C. Information capacity",
    .question = "How many bits does one noisy step carry, and which estimate of it may be believed?",
    .prediction =
        "Where lib/info/trust.h calls an estimate a value it is within 10 % or 0.1 bits of the exact information: labels "
        "with 16 samples a "
        "cell (plug-in) or 8 (corrected), neighbours up to 2 numbers a side and 0.75 or 0.5 of log2 (samples / k) bits. "
        "Neighbours never "
        "see more than log2 (samples / k) bits. Decoder bounds lie below the truth at any dimension.",
    .refuted_if =
        "more than 5 % of the trusted estimates are off by more, more than 5 % of the lower bounds lie above the truth "
        "with their "
        "whole interval, any estimate exceeds what is possible, or less than a quarter of the estimates that are not "
        "trusted are off "
        "(then the rule is empty)",
    .source =
        "Shannon 1948; Blahut 1972, Arimoto 1972; Miller 1955; Grassberger 2003; Kraskov, Stoegbauer and Grassberger 2004; "
        "Barber and "
        "Agakov 2003; Fano 1961",
    .caption =
        "Exact information (lines) and estimates of it (marks, mean and 95 % interval over the seeds). (a) One use of an "
        "amplitude of K levels in "
        "-1..1 read as one of K levels, of a sampled token of 16 (noise: its temperature), and Shannon's bound for |x| <= "
        "1; marks: Grassberger's "
        "estimator, its shuffled control hollow. (b) Four bits by four noisy numbers: every estimator at the same samples. "
        "(c) Nearest "
        "neighbours on Gaussian channels: estimate over exact against exact over log2 (samples / k), by numbers a side; 1 "
        "is right, the grey "
        "line is the most that can be seen. (d) Error of label counts against samples a cell; the grey line is the "
        "plug-in's bias by theory "
        "where all cells are filled, the shaded margin 0.1 bits.",
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
