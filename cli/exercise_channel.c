/* Exercise 7: how many bits does a channel carry from one step to the next when attention leaks? */
#include <math.h>
#include <stdio.h>

#include "cli/exercise.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/layout.h"
#include "lib/nn/attention.h"

enum { ADDRESS_BITS, BETA, WIDTH };
static const struct lat_exercise_flag flags[] = {
    {"address-bits", "M", "address bits; 2^M tokens", LAT_FLAG_INTEGER, 3, 10, "8"},
    {"beta", "B", "look at this beta too; 0: none", LAT_FLAG_REAL, 0, 5.5, "0"},
    {"width", "D", "channels of a thought, for the conclusion", LAT_FLAG_INTEGER, 1, 1 << 24, "4096"},
    {0}};

enum { MOST_LEVELS = 1 << 14 };

/* A head of real softmax attention over all 2^m addresses reads token 0: the weight it gives to it and to all the others. */
static int read_weights(size_t m, double beta, float weight[2]) {
  size_t S = (size_t)1 << m;
  struct lat_layout layout = {.address_bits = m, .channels = m, .width = m};
  struct lat_attention_shape shape = {
      .batch = 1, .sequence = S, .heads = 1, .key_width = m, .value_width = 2, .mask = LAT_MASK_FULL, .scale = 1};
  float *query = lat_alloc(S * m, sizeof *query), *key = lat_alloc(S * m, sizeof *key);
  float *value = lat_calloc(2 * S, sizeof *value), *mixed = lat_alloc(2 * S, sizeof *mixed);
  float *scratch = lat_alloc(lat_attention_scratch(S), sizeof *scratch);
  int status = LAT_OK;
  LAT_CHECK(status, query && key && value && mixed && scratch, LAT_MEMORY, "no memory for %zu tokens", S);
  for (size_t i = 0; i < S; i++) {
    lat_layout_set_address(&layout, key + i * m, 0, i);
    for (size_t k = 0; k < m; k++) query[i * m + k] = (float)beta * key[i * m + k];
    value[2 * i + (i > 0)] = 1;
  }
  lat_attention_forward(&shape, query, key, value, mixed, scratch, 1, lat_attention_scratch(S));
  weight[0] = mixed[0];
  weight[1] = mixed[1];
done:
  lat_free(query);
  lat_free(key);
  lat_free(value);
  lat_free(mixed);
  lat_free(scratch);
  return status;
}

static float level(size_t n, size_t levels) { return (float)(2 * (double)n / (double)(levels - 1) - 1); }

/* Is every level read back when all other tokens hold +1, or all -1? Numbers are stored in the format, the sum is single
 * precision. */
static int survives(size_t levels, const float weight[2], enum lat_dtype dtype) {
  for (size_t n = 0; n < levels; n++)
    for (int others = -1; others <= 1; others += 2) {
      float sent = lat_dtype_round(dtype, level(n, levels));
      float got = lat_dtype_round(dtype, weight[0] * sent + weight[1] * (float)others);
      double nearest = floor(((double)got + 1) / 2 * (double)(levels - 1) + 0.5);
      if (nearest != (double)n) return 0;
    }
  return 1;
}

/* The largest M such that 2 .. M levels all survive; 1: not even two do. */
static size_t largest(const float weight[2], enum lat_dtype dtype) {
  size_t levels = 1;
  while (levels < MOST_LEVELS && survives(levels + 1, weight, dtype)) levels++;
  return levels;
}

static const enum lat_dtype narrow[] = {LAT_DTYPE_BF16, LAT_DTYPE_FP8_E4M3};

struct tally {
  size_t differ, over, most[2]; /* most levels in a narrow format */
  double leak_off, first_bits, last_bits, first_beta, last_beta, last_found;
};

static int one_beta(struct lat_sheet *sheet, size_t m, double beta, struct tally *tally) {
  float weight[2] = {0, 0};
  int status;
  LAT_TRY(status, read_weights(m, beta, weight));
  double leak = lat_leak(beta, m), limit = 1 + 1 / (2 * leak), found = (double)largest(weight, LAT_DTYPE_FP32);
  tally->leak_off = fmax(tally->leak_off, fabs((double)weight[1] - leak) / leak);
  /* The largest whole number below the limit, but for what one rounding of a value can move it. */
  tally->differ += !(fabs(found - (ceil(limit) - 1)) <= floor(limit * limit * 0x1p-22));
  lat_sheet_fixed(sheet, beta, 2);
  lat_sheet_real(sheet, leak, 4);
  lat_sheet_fixed(sheet, limit, 2);
  lat_sheet_integer(sheet, (int64_t)found);
  lat_sheet_fixed(sheet, log2(limit), 2);
  for (int i = 0; i < 2; i++) {
    size_t levels = largest(weight, narrow[i]);
    tally->over += (double)levels > found;
    if (levels > tally->most[i]) tally->most[i] = levels;
    lat_sheet_integer(sheet, (int64_t)levels);
  }
  if (tally->first_beta == 0) tally->first_beta = beta, tally->first_bits = log2(limit);
  tally->last_beta = beta;
  tally->last_found = found;
  tally->last_bits = log2(limit);
done:
  return status;
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {
      {"beta", "beta"},          {"leak", "leak"},        {"limit", "M below"},       {"fp32", "found, fp32"},
      {"bits", "bits, formula"}, {"bf16", "found, bf16"}, {"fp8", "found, fp8-e4m3"}, {0}};
  size_t m = values->integer[ADDRESS_BITS];
  double D = (double)values->integer[WIDTH];
  struct tally tally = {0}, asked = {0};
  char title[128];
  int status;
  lat_sheet_formula(sheet, "a channel holds one of M evenly spaced levels on [-1, 1]; half their distance is 1 / (M - 1)");
  lat_sheet_formula(sheet, "attention returns (1 - leak) x + leak u for some |u| <= 1: off by at most 2 leak");
  lat_sheet_formula(
      sheet, "so M levels survive when M < 1 + 1 / (2 leak), and leak = 1 - sigma(2 beta)^m is about m exp(-2 beta)");
  lat_sheet_formula(sheet, "bits = log2 (1 + 1 / (2 leak)) grows by 2 / ln 2 = %.3f for each unit of beta", 2 / log(2));
  snprintf(title, sizeof title, "levels that a softmax head over %zu tokens returns, every other token against it",
           (size_t)1 << m);
  lat_sheet_table(sheet, "levels", title, columns);
  for (double beta = 2; beta <= 5; beta += 0.5) LAT_TRY(status, one_beta(sheet, m, beta, &tally));
  double slope = (tally.last_bits - tally.first_bits) / (tally.last_beta - tally.first_beta);
  if (values->real[BETA] > 0) LAT_TRY(status, one_beta(sheet, m, values->real[BETA], &asked));
  lat_sheet_check(sheet, 0, (double)(tally.differ + asked.differ), 0,
                  "rows in which fp32 does not find the largest whole M below the limit, but for M^2 / 2^22 by rounding");
  for (int i = 0; i < 2; i++) {
    double most = (double)(tally.most[i] > asked.most[i] ? tally.most[i] : asked.most[i]);
    double codes = exp2(lat_dtype_facts(narrow[i]).mantissa_bits) + 1; /* (M - 1) / 4 levels and fewer than one more */
    lat_sheet_limit(sheet, 4 * codes, most,
                    "levels found in %s, which has %.0f numbers from 1/2 to 1 for a quarter of them",
                    lat_dtype_name(narrow[i]), codes);
  }
  lat_sheet_check(sheet, 0, fmax(tally.leak_off, asked.leak_off) > 1e-3, 0,
                  "weights of the head that are off the formula's leak by over 0.1 %%");
  lat_sheet_conclude(
      sheet,
      "From beta %g to %g a channel gains %.2f bits, %.2f for each unit. Sharper attention helps only as far as "
      "the format can tell the levels apart: bf16 ends at %zu, fp8-e4m3 at %zu.",
      tally.first_beta, tally.last_beta, tally.last_bits - tally.first_bits, slope, tally.most[0], tally.most[1]);
  if (tally.over + asked.over > 0)
    lat_sheet_conclude(
        sheet,
        "In %zu case%s a narrow format holds more levels than fp32: rounding to a coarse grid takes back a part of "
        "the leak, as a clip would.",
        tally.over + asked.over, tally.over + asked.over == 1 ? "" : "s");
  lat_sheet_conclude(
      sheet,
      "A thought of %.0f channels at beta %g carries %.0f bits through such a head for certain, where its fp32 "
      "numbers have %.0f nominal ones: %.1f %%.",
      D, tally.last_beta, D * log2(tally.last_found), 32 * D, 100 * log2(tally.last_found) / 32);
done:
  return status;
}

const struct lat_exercise lat_exercise_channel = {
    .name = "channel",
    .question = "How many bits does one channel of a thought carry for certain when attention leaks?",
    .source = "Leak of address codes: DESIGN.md; worst-case levels as in the theory of zero-error channels, Shannon (1956)",
    .flags = flags,
    .run = run,
};
