/* The tables, most of which are the figure's data too. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/thought_relay/reading.h"
#include "experiments/thought_relay/spelling.h"
#include "lib/base/status.h"

enum { MOST_FIT = 1024 };

static const char *const reader_arm[LAT_RELAY_READERS] = {"reader-0", "plain", "reader-2"};

static struct lat_relay_key plain(const char *thought, int64_t bits) {
  return (struct lat_relay_key){thought, bits, "plain"};
}

static int64_t integer(const struct lat_relay_results *r, const char *name, size_t i) {
  return lat_merged_integer(r->merged, name, i);
}
static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) ? "%.5g" : "NaN", value);
  return text;
}

static int table_sent(const struct lat_relay_results *r) {
  static const char *const series[] = {"continuous:16", "continuous:8", "continuous:4",
                                       "continuous:2",  "codebook:256", "codebook:16"};
  int64_t bits[LAT_RELAY_VALUES];
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(r->analysis, "sent",
                          "series\tthought\tsent (bits)\trecovered, mean (bits)\tlow\thigh\tseeds\tby errors, mean (bits)",
                          "Recovered against sent, by cross-entropy and by error rates (Fano)."));
  for (size_t s = 0; s < sizeof series / sizeof *series; s++) {
    size_t count = lat_relay_values(r, series[s], "bits", bits);
    for (size_t k = 0; k < count; k++) {
      struct lat_relay_key key = plain(series[s], bits[k]);
      struct lat_relay_set set = lat_relay_pick(r, &key);
      struct lat_spread got = lat_relay_spread(r, &set, "recovered");
      if (got.count == 0) continue;
      LAT_TRY(status,
              lat_table_row(r->analysis, "%zu\t%s\t%lld\t%.5g\t%.5g\t%.5g\t%zu\t%.5g", s + 1, series[s], (long long)bits[k],
                            got.mean, got.low, got.high, got.count, lat_relay_spread(r, &set, "fano").mean));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

static int table_codes(const struct lat_relay_results *r) {
  static const char *const name[LAT_RELAY_WAYS] = {"codebook, log2 K bits", "codebook, 12 at once",
                                                   "codebook, 12 after log2 K", "gumbel, log2 K bits",
                                                   "gumbel, 12 at once"};
  int64_t codes[LAT_RELAY_VALUES];
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "codes",
              "way\tname\tK\tlog2 K (bits)\trecovered, mean (bits)\tlow\thigh\tmedian\tleast\tseeds\tby errors, mean "
              "(bits)\tentropy of the codes, mean (bits)\tcodes used, median\trevived, median",
              "One of K codes: recovered by the reader, and the entropy of the codes that were sent, which no reader can "
              "exceed. 12 bits at once leave codes that stand for soft beliefs."));
  for (size_t way = 0; way < LAT_RELAY_WAYS; way++) {
    size_t count = lat_relay_values(r, way < 3 ? "codebook" : "gumbel", "codes", codes);
    for (size_t k = 0; k < count; k++) {
      char thought[32], a[32];
      struct lat_relay_key key = lat_relay_code_key(way, thought, codes[k]);
      struct lat_relay_set set = lat_relay_pick(r, &key);
      struct lat_spread got = lat_relay_spread(r, &set, "recovered");
      if (got.count == 0) continue;
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s\t%lld\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%zu\t%.5g\t%s\t%g\t%g",
                                    way + 1, name[way], (long long)codes[k], log2((double)codes[k]), got.mean, got.low,
                                    got.high, got.median, got.least, got.count, lat_relay_spread(r, &set, "fano").mean,
                                    number(a, lat_relay_spread(r, &set, "sent").mean),
                                    lat_relay_spread(r, &set, "used").median, lat_relay_spread(r, &set, "revived").median));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

/* Least squares of recovered = a + c d, every seed a point of weight 1 / d^2: spreads grow with what is recovered. */
static void fit_slope(struct lat_relay_results *r, size_t reader, size_t count, const double *width,
                      const double *recovered) {
  double weight[MOST_FIT], c00, c01, c11, rest;
  size_t different = 0;
  r->slope[reader] = r->slope_low[reader] = r->slope_high[reader] = r->intercept[reader] = (double)NAN;
  for (size_t k = 0; k < count; k++) {
    weight[k] = 1 / (width[k] * width[k]);
    different += k > 0 && width[k] != width[k - 1];
  }
  if (count < 3 || different < 1) return;
  gsl_fit_wlinear(width, 1, weight, 1, recovered, 1, count, &r->intercept[reader], &r->slope[reader], &c00, &c01, &c11,
                  &rest);
  double half = gsl_cdf_tdist_Pinv(0.975, (double)count - 2) * sqrt(c11 * rest / (double)(count - 2));
  r->slope_low[reader] = r->slope[reader] - half;
  r->slope_high[reader] = r->slope[reader] + half;
}

static int table_width(struct lat_relay_results *r) {
  static double width[LAT_RELAY_READERS][MOST_FIT], recovered[LAT_RELAY_READERS][MOST_FIT];
  size_t count[LAT_RELAY_READERS] = {0};
  int64_t widths[LAT_RELAY_VALUES];
  size_t sizes = lat_relay_values(r, "continuous", "width", widths);
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "width",
              "reader (hidden layers)\td (numbers)\tsent (bits)\trecovered, mean (bits)\tlow\thigh\tseeds\tbits a "
              "number\tby errors, mean (bits)",
              "Continuous thoughts by width and by the reader's hidden layers. With one hidden layer the number of bits "
              "sent is the one that validation chooses; the other readers get 3 or 6 bits a number."));
  for (size_t reader = 0; reader < LAT_RELAY_READERS; reader++) {
    for (size_t k = 0; k < sizes; k++) {
      char thought[32];
      struct lat_relay_set set;
      snprintf(thought, sizeof thought, "continuous:%lld", (long long)widths[k]);
      struct lat_relay_key key = plain(thought, 0);
      key.arm = reader_arm[reader];
      int64_t bits = lat_relay_best_bits(r, key, &set);
      struct lat_spread got = lat_relay_spread(r, &set, "recovered");
      if (got.count == 0) continue;
      for (size_t i = 0; i < set.count && count[reader] < MOST_FIT; i++) {
        if (lat_merged_failed(r->merged, set.point[i])) continue;
        width[reader][count[reader]] = (double)widths[k];
        recovered[reader][count[reader]++] = lat_merged_real(r->merged, "recovered", set.point[i]);
      }
      if (reader == 1) r->widest = got.median, r->widest_width = widths[k];
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%lld\t%lld\t%.5g\t%.5g\t%.5g\t%zu\t%.4g\t%.5g", reader,
                                    (long long)widths[k], (long long)bits, got.mean, got.low, got.high, got.count,
                                    got.mean / (double)widths[k], lat_relay_spread(r, &set, "fano").mean));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
    fit_slope(r, reader, count[reader], width[reader], recovered[reader]);
  }
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "slope", "reader (hidden layers)\tslope c (bits a number)\tlow\thigh\tfrom d\tto d\tpoints",
              "Slope c of a + c d fitted to the recovered bits, every seed a point of weight 1 / d^2, with its 95 % "
              "interval (Student's t)."));
  for (size_t reader = 0; reader < LAT_RELAY_READERS; reader++)
    if (isfinite(r->slope[reader]))
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%.4g\t%.4g\t%.4g\t%g\t%g\t%zu", reader, r->slope[reader],
                                    r->slope_low[reader], r->slope_high[reader], width[reader][0],
                                    width[reader][count[reader] - 1], count[reader]));
  LAT_TRY(status, lat_table_begin(r->analysis, "fit", "d (numbers)\tfitted (bits)", NULL));
  for (int i = 0; isfinite(r->slope[1]) && i <= 40; i++) {
    double d = width[1][0] * pow(width[1][count[1] - 1] / width[1][0], i / 40.0);
    LAT_TRY(status, lat_table_row(r->analysis, "%.5g\t%.5g", d, r->intercept[1] + r->slope[1] * d));
  }
done:
  return status;
}

/* Runs of thoughts of one kind, in the order of what they can carry; both tables have the same form. */
static int table_channel(const struct lat_relay_results *r, const char *kind, const char *table, const char *columns,
                         const char *caption) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, table, columns, caption));
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    struct lat_relay_config relay;
    const char *thought = lat_merged_text(r->merged, "thought", i);
    struct lat_relay_key key = plain(thought, integer(r, "bits", i));
    struct lat_relay_set set = lat_relay_pick(r, &key);
    if (strncmp(thought, kind, strlen(kind)) != 0 || set.count == 0 || !lat_relay_fits(r, &key, i)) continue;
    int first = 1;
    for (size_t j = 0; j < i; j++) first &= !lat_relay_fits(r, &key, j);
    if (!first) continue;
    LAT_TRY(status, lat_spelling_parse(thought, &relay));
    relay.thoughts = 1;
    double bound = lat_relay_bound(&relay);
    struct lat_spread got = lat_relay_spread(r, &set, "recovered");
    LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%g\t%lld\t%.5g\t%.5g\t%.5g\t%.5g\t%zu\t%.4g", relay.width,
                                  relay.kind == LAT_RELAY_NOISY ? relay.deviation : (double)relay.levels,
                                  (long long)key.bits, bound, got.mean, got.low, got.high, got.count, got.mean / bound));
  }
done:
  return status;
}

/* What noise allows, as a curve over its deviation, for the widths that were run. */
static int table_noise_line(const struct lat_relay_results *r) {
  int64_t widths[LAT_RELAY_VALUES];
  size_t count = lat_relay_values(r, "noisy", "width", widths);
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "noise_line", "d (numbers)\tdeviation (1)\tcapacity (bits)", NULL));
  for (size_t k = 0; k < count; k++) {
    for (int i = 0; i <= 60; i++) {
      struct lat_relay_config relay = {.kind = LAT_RELAY_NOISY, .width = (size_t)widths[k], .thoughts = 1};
      relay.deviation = 0.02 * pow(200, i / 60.0);
      LAT_TRY(status, lat_table_row(r->analysis, "%lld\t%.5g\t%.5g", (long long)widths[k], relay.deviation,
                                    lat_relay_bound(&relay)));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

static int table_row(const struct lat_relay_results *r) {
  static const char *const series[] = {"codebook:16", "continuous:4"};
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "row",
              "series\tthought\tthoughts in a row\trecovered, mean (bits)\tlow\thigh\tseeds\tas many times what one "
              "carries, at most what is sent (bits)\tchannel's bound (bits)",
              "Thoughts in a row, 16 bits sent: does what they carry add up?"));
  for (size_t s = 0; s < 2; s++) {
    struct lat_relay_key key = plain(series[s], 16);
    struct lat_relay_set one = lat_relay_pick(r, &key);
    double single = lat_relay_spread(r, &one, "recovered").mean;
    for (int64_t n = 1; n <= 4; n++) {
      char a[32], arm[16];
      snprintf(arm, sizeof arm, "row-%lld", (long long)n);
      key.arm = n > 1 ? arm : "plain";
      struct lat_relay_set set = lat_relay_pick(r, &key);
      struct lat_spread got = lat_relay_spread(r, &set, "recovered");
      if (got.count == 0) continue;
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s\t%lld\t%.5g\t%.5g\t%.5g\t%zu\t%s\t%.5g", s + 1, series[s],
                                    (long long)n, got.mean, got.low, got.high, got.count,
                                    number(a, fmin(single * (double)n, 16)), lat_relay_spread(r, &set, "bound").mean));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
done:
  return status;
}

static int table_depth(const struct lat_relay_results *r) {
  static const struct {
    const char *arm, *name;
    int64_t bits; /* a number */
  } side[] = {{"reader-0", "perceptrons, 1 and 0 hidden layers", 3},
              {"plain", "perceptrons, 1 and 1", 3},
              {"sender-2", "perceptrons, 2 and 1", 3},
              {"reader-2", "perceptrons, 1 and 2", 3},
              {"both-2", "perceptrons, 2 and 2", 3},
              {"plain", "perceptrons, 1 and 1", 1},
              {"transformer", "transformers of one layer", 1}};
  int64_t widths[LAT_RELAY_VALUES];
  size_t sizes = lat_relay_values(r, "continuous", "width", widths);
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "depth",
              "d (numbers)\tsent (bits)\tsender and reader\trecovered, mean (bits)\tlow\thigh\tseeds\tupdates, "
              "median\tparameters",
              "Whose limit is it? Continuous thoughts by the depths of sender and reader, and transformers at both ends."));
  for (size_t k = 0; k < sizes; k++)
    for (size_t s = 0; s < sizeof side / sizeof *side; s++) {
      char thought[32];
      snprintf(thought, sizeof thought, "continuous:%lld", (long long)widths[k]);
      struct lat_relay_key key = {thought, side[s].bits * widths[k], side[s].arm};
      struct lat_relay_set set = lat_relay_pick(r, &key);
      struct lat_spread got = lat_relay_spread(r, &set, "recovered");
      if (got.count == 0) continue;
      LAT_TRY(status,
              lat_table_row(r->analysis, "%lld\t%lld\t%s\t%.5g\t%.5g\t%.5g\t%zu\t%g\t%g", (long long)widths[k],
                            (long long)key.bits, side[s].name, got.mean, got.low, got.high, got.count,
                            lat_relay_spread(r, &set, "updates").median, lat_relay_spread(r, &set, "parameters").median));
    }
done:
  return status;
}

int lat_relay_tables(struct lat_relay_results *r) {
  int status = LAT_OK;
  LAT_TRY(status, table_sent(r));
  LAT_TRY(status, table_codes(r));
  LAT_TRY(status, table_width(r));
  LAT_TRY(status, table_channel(
                      r, "noisy", "noise",
                      "d (numbers)\tdeviation (1)\tsent (bits)\tcapacity (bits)\trecovered, mean (bits)\tlow\thigh\tseeds\t"
                      "share of the capacity",
                      "Gaussian noise on a normalised thought: recovered against Shannon's capacity of d - 1 numbers."));
  LAT_TRY(status,
          table_channel(
              r, "quantised", "levels",
              "d (numbers)\tbits a number\tsent (bits)\tb d (bits)\trecovered, mean (bits)\tlow\thigh\tseeds\tshare of "
              "b d",
              "Numbers of few levels: recovered against b d."));
  LAT_TRY(status, table_noise_line(r));
  LAT_TRY(status, table_row(r));
  LAT_TRY(status, table_depth(r));
done:
  return status;
}
