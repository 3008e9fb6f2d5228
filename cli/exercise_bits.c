/* Exercise 2: is a latent state of d numbers worth thousands of tokens? */
#include "cli/exercise_bits.h"

#include <math.h>
#include <stdio.h>

#include "cli/exercise.h"
#include "lib/base/status.h"

enum { VOCABULARY, ENTRIES, SNR };
static const struct lat_exercise_flag flags[] = {
    {"vocabulary", "V", "tokens to choose from", LAT_FLAG_INTEGER, 2, 1e9, "32000"},
    {"entries", "D", "entries of the state", LAT_FLAG_INTEGER, 1, 1e7, "4096"},
    {"snr", "DB", "signal to noise ratio in decibels", LAT_FLAG_REAL, -60, 200, "20"},
    {0}};

enum { SAMPLES = 20000, COARSE = 4, FINE = 8, READER_ROWS = 64 };

static double capacity(double db) { return 0.5 * log2(1 + pow(10, db / 10)); }

static int table_formats(struct lat_sheet *sheet, double token, double entries) {
  static const struct lat_sheet_column columns[] = {{"format", "format"},          {"bits", "bits"},
                                                    {"finite", "finite values"},   {"counted", "counted"},
                                                    {"nominal", "state, nominal"}, {"distinct", "distinct"},
                                                    {"rmsnorm", "after RMSNorm"},  {"layernorm", "after LayerNorm"},
                                                    {"ratio", "nominal / token"},  {0}};
  char title[128];
  int status = LAT_OK;
  snprintf(title, sizeof title, "bits of %.0f stored entries; after a norm: at least", entries);
  lat_sheet_table(sheet, "formats", title, columns);
  for (int f = 0; f < LAT_DTYPES; f++) {
    enum lat_dtype dtype = (enum lat_dtype)f;
    struct lat_dtype_facts facts = lat_dtype_facts(dtype);
    double finite = (double)facts.finite, each = log2(finite);
    size_t strangers;
    uint64_t counted;
    LAT_TRY(status, lat_bits_count_finite(dtype, &counted, &strangers));
    lat_sheet_word(sheet, "%s", lat_dtype_name(dtype));
    lat_sheet_integer(sheet, facts.bits);
    lat_sheet_integer(sheet, (int64_t)facts.finite);
    if (counted > 0) lat_sheet_integer(sheet, (int64_t)counted);
    if (counted == 0) lat_sheet_none(sheet);
    lat_sheet_integer(sheet, (int64_t)(entries * facts.bits));
    lat_sheet_fixed(sheet, entries * each, 1);
    lat_sheet_fixed(sheet, fmax(entries * each - log2((finite - 1) / 2), 0), 1);
    lat_sheet_fixed(sheet, fmax(entries * each - log2(finite * (finite - 1) / 2), 0), 1);
    lat_sheet_fixed(sheet, entries * facts.bits / token, 1);
    if (counted > 0)
      lat_sheet_check(sheet, finite, (double)counted - (double)strangers, 0, "finite values of %s, all codes decoded",
                      lat_dtype_name(dtype));
  }
done:
  return status;
}

/* All vectors of two or three fp8-e4m3 entries through an exact norm. */
static int table_norms(struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {{"entries", "entries"},
                                                    {"norm", "norm"},
                                                    {"before", "vectors before"},
                                                    {"after", "different after"},
                                                    {"lost", "bits lost"},
                                                    {"limit", "at most"},
                                                    {0}};
  double finite = (double)lat_dtype_facts(LAT_DTYPE_FP8_E4M3).finite;
  int status = LAT_OK;
  lat_sheet_table(sheet, "norms", "what a norm takes away, counted for fp8-e4m3", columns);
  for (size_t entries = 2; entries <= 3; entries++)
    for (int layer = 0; layer < 2; layer++) {
      double before = pow(finite, (double)entries), lost;
      double limit = layer ? log2(finite * (finite - 1) / 2) : log2((finite - 1) / 2);
      const char *name = layer ? "layernorm" : "rmsnorm";
      uint64_t after;
      if (layer) LAT_TRY(status, lat_bits_count_layernorm(entries, &after));
      if (!layer) LAT_TRY(status, lat_bits_count_rmsnorm(entries, &after));
      lost = log2(before) - log2((double)after);
      lat_sheet_integer(sheet, (int64_t)entries);
      lat_sheet_word(sheet, "%s", name);
      lat_sheet_integer(sheet, (int64_t)before);
      lat_sheet_integer(sheet, (int64_t)after);
      lat_sheet_fixed(sheet, lost, 2);
      lat_sheet_fixed(sheet, limit, 2);
      lat_sheet_limit(sheet, limit, lost, "bits that %s takes from %zu entries", name, entries);
    }
done:
  return status;
}

static void table_noise(struct lat_sheet *sheet, double asked, double token, double entries) {
  static const struct lat_sheet_column columns[] = {{"snr_db", "noise, dB"},
                                                    {"capacity", "capacity"},
                                                    {"state", "whole state"},
                                                    {"ratio", "tokens"},
                                                    {"coarse", "16 levels"},
                                                    {"fine", "256 levels"},
                                                    {0}};
  const double ladder[] = {0, 10, 20, 30, 40, 60};
  enum { ROWS = sizeof ladder / sizeof *ladder };
  int over = 0;
  double full = 0;
  lat_sheet_table(sheet, "noise",
                  "bits of an entry under Gaussian noise, and what evenly spaced levels carry of it, simulated", columns);
  for (int i = 0, extra = 1; i < ROWS + 1; i++) {
    if (i < ROWS && ladder[i] == asked) extra = 0; /* the asked ratio has a row of its own, last, unless it is there */
    if (i == ROWS && !extra) break;
    double db = i < ROWS ? ladder[i] : asked, most = capacity(db), error[2], found[2];
    found[0] = lat_bits_through_noise(COARSE, pow(10, db / 10), SAMPLES, &error[0]);
    found[1] = lat_bits_through_noise(FINE, pow(10, db / 10), SAMPLES, &error[1]);
    for (int k = 0; k < 2; k++) over += !(found[k] <= most + 4 * error[k]);
    full = fmax(full, found[0]);
    lat_sheet_real(sheet, db, 4);
    lat_sheet_fixed(sheet, most, 3);
    lat_sheet_fixed(sheet, entries * most, 0);
    lat_sheet_fixed(sheet, entries * most / token, 1);
    lat_sheet_fixed(sheet, found[0], 2);
    lat_sheet_fixed(sheet, found[1], 2);
  }
  lat_sheet_check(sheet, 0, over, 0, "simulated channels that carry more than Shannon's capacity");
  lat_sheet_check(sheet, COARSE, full, 1e-3, "bits of 16 levels under little noise");
}

static int table_readers(struct lat_sheet *sheet) {
  static const struct lat_sheet_column signs[] = {{"rows", "rows r"},     {"all", "2^r"},   {"cover", "Cover's number"},
                                                  {"counted", "counted"}, {"bits", "bits"}, {0}};
  static const struct lat_sheet_column argmax[] = {
      {"entries", "entries d"}, {"rows", "rows"}, {"winners", "rows that ever win"}, {"entropy", "bits read"}, {0}};
  static const size_t entries[] = {2, 4, 16, 64};
  uint64_t counted;
  int status = LAT_OK, differ = 0, over = 0;
  char title[128];
  lat_sheet_table(sheet, "signs", "sign patterns that r linear readings of a state of 3 entries can show", signs);
  for (size_t rows = 2; rows <= 14; rows += 3) {
    double formula = lat_bits_cover((double)rows, 3);
    LAT_TRY(status, lat_bits_count_patterns(rows, &counted));
    lat_sheet_integer(sheet, (int64_t)rows);
    lat_sheet_integer(sheet, (int64_t)1 << rows);
    lat_sheet_integer(sheet, (int64_t)llround(exp2(formula)));
    lat_sheet_integer(sheet, (int64_t)counted);
    lat_sheet_fixed(sheet, formula, 2);
    differ += llround(exp2(formula)) != (long long)counted;
  }
  lat_sheet_check(sheet, 0, differ, 0, "numbers of sign patterns that are not Cover's");
  snprintf(title, sizeof title, "the largest of %d readings of random states of d entries, simulated", READER_ROWS);
  lat_sheet_table(sheet, "argmax", title, argmax);
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    size_t winners;
    double entropy;
    LAT_TRY(status, lat_bits_read_argmax(READER_ROWS, entries[i], SAMPLES, &winners, &entropy));
    lat_sheet_integer(sheet, (int64_t)entries[i]);
    lat_sheet_integer(sheet, READER_ROWS);
    lat_sheet_integer(sheet, (int64_t)winners);
    lat_sheet_fixed(sheet, entropy, 2);
    over += !(entropy <= log2(READER_ROWS));
  }
  lat_sheet_check(sheet, 0, over, 0, "readings that tell more than log2 %d = %g bits", READER_ROWS, log2(READER_ROWS));
done:
  return status;
}

static void ladder_row(struct lat_sheet *sheet, const char *what, double bits, double token) {
  lat_sheet_word(sheet, "%s", what);
  lat_sheet_fixed(sheet, bits, 2);
  lat_sheet_fixed(sheet, bits / token, 1);
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {{"what", "what"}, {"bits", "bits"}, {"ratio", "tokens"}, {0}};
  double V = (double)values->integer[VOCABULARY], d = (double)values->integer[ENTRIES], db = values->real[SNR];
  double token = log2(V), cover = lat_bits_cover(V, values->integer[ENTRIES]), noisy = d * capacity(db);
  double finite = (double)lat_dtype_facts(LAT_DTYPE_BF16).finite, nominal = 16 * d;
  char text[128];
  int status;
  lat_sheet_formula(sheet, "a token of V: log2 V = %.4f bits", token);
  lat_sheet_formula(sheet, "d entries of b bits: d b nominal, d log2 (distinct finite values) distinct");
  lat_sheet_formula(
      sheet,
      "with k values an entry: RMSNorm joins at most (k - 1) / 2 vectors in one, for the scale is fixed by one "
      "entry that is not 0; LayerNorm at most k (k - 1) / 2, for scale and mean are fixed by two entries that differ");
  lat_sheet_formula(sheet, "under Gaussian noise: d / 2 log2 (1 + signal / noise)");
  lat_sheet_formula(sheet,
                    "r linear readings, signs only: log2 of 2 (C(r-1, 0) + ... + C(r-1, d-1)), r bits for r <= d; "
                    "the largest of V readings: log2 V");
  LAT_TRY(status, table_formats(sheet, token, d));
  LAT_TRY(status, table_norms(sheet));
  table_noise(sheet, db, token, d);
  LAT_TRY(status, table_readers(sheet));
  snprintf(text, sizeof text, "a state of %.0f entries of 16 bits: what each alone allows", d);
  lat_sheet_table(sheet, "ladder", text, columns);
  ladder_row(sheet, "stored", nominal, token);
  ladder_row(sheet, "distinct, bf16", d * log2(finite), token);
  snprintf(text, sizeof text, "under noise, %g dB", db);
  ladder_row(sheet, text, fmin(noisy, d * log2(finite)), token);
  snprintf(text, sizeof text, "signs of %.0f linear readings", V);
  ladder_row(sheet, text, fmin(cover, nominal), token);
  snprintf(text, sizeof text, "the largest of %.0f readings", V);
  ladder_row(sheet, text, fmin(token, nominal), token);
  char a[32], b[32];
  lat_sheet_conclude(
      sheet,
      "%s / %.2f = %.0f divides what a memory stores by what a reader gets, two different things. Measured as "
      "stored, a token is an embedding of %.0f entries too: %s bits, ratio 1. Measured as read by the largest of V "
      "linear readings, a state tells at most log2 V = %.2f bits: ratio 1 again.",
      lat_sheet_grouped((int64_t)nominal, a), token, nominal / token, d, lat_sheet_grouped((int64_t)nominal, b), token);
  lat_sheet_conclude(
      sheet,
      "What lies between is no property of the format: infinities, NaN and norms take %.1f %% off bf16 at most, noise "
      "of %g dB leaves %.1f %%, and the signs of all %.0f readings %.1f %%.",
      100 * (1 - (d * log2(finite) - log2(finite * (finite - 1) / 2)) / nominal), db, 100 * fmin(noisy, nominal) / nominal,
      V, 100 * fmin(cover, nominal) / nominal);
  lat_sheet_conclude(
      sheet,
      "A state may well carry more than a token from one step to the next, because the next layer is a richer "
      "reader than an argmax: how much more is decided by noise and reader, and has to be measured.");
done:
  return status;
}

const struct lat_exercise lat_exercise_bits = {
    .name = "bits",
    .question =
        "A token of V = 32,000 is 15 bits, a state of 4,096 entries of 16 bits is 65,536: is a latent step worth "
        "thousands of tokens?",
    .source =
        "Shannon (1948) for the noise; Cover (1965) for the readers; IEEE 754-2019 and the OCP 8-bit specification "
        "(2023) for the formats",
    .flags = flags,
    .run = run,
};
