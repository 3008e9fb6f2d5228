/* Exercise 8: which address codes can a softmax tell apart? */
#include <math.h>
#include <stdio.h>

#include "cli/exercise.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/address_code.h"
#include "lib/compile/certificate.h"
#include "lib/compile/layout.h"
#include "lib/nn/attention.h"

enum { LEAK, ADDRESS_BITS };
static const struct lat_exercise_flag flags[] = {
    {"leak", "E", "softmax weight that may miss the target", LAT_FLAG_REAL, 1e-6, 0.49, "0.125"},
    {"address-bits", "M", "address bits of the heads that are run; 2^M tokens", LAT_FLAG_INTEGER, 2, 8, "6"},
    {0}};

static const char *const codes[] = {"binary", "circle", "hash", "quadratic"};
enum { CODES = 4, MOST_BITS = 64 };

/* Largest range of logits that the code needs for this leak, by formula: binary (m / 2) ln(q / (1 - q)) with q^m = 1 - leak. */
static double binary_range(double m, double leak) {
  double miss = -expm1(log1p(-leak) / m); /* 1 - q */
  return m / 2 * log((1 - miss) / miss);
}

/* Keys of one code, and the query of the token that it is read for: logits = <q, k>. */
static void fill(size_t code, size_t m, double scale, size_t i, float *query, float *key) {
  struct lat_layout layout = {.address_bits = m, .channels = m, .width = m};
  double N = (double)((size_t)1 << m), z = (double)i, turn = 2 * acos(-1.0) * z / N, length = sqrt(2 * z * z + 2);
  switch (code) {
    case 0:
      lat_layout_set_address(&layout, key, 0, i);
      for (size_t k = 0; k < m; k++) query[k] = (float)scale * key[k];
      return;
    case 1:
      key[0] = (float)cos(turn), key[1] = (float)sin(turn);
      query[0] = (float)(scale * cos(turn)), query[1] = (float)(scale * sin(turn));
      return;
    case 2: {
      const double k[] = {z / length, 1 / length, -z / length, -1 / length};
      for (int c = 0; c < 4; c++) key[c] = (float)k[c], query[c] = (float)(scale * k[c]);
      return;
    }
    default: key[0] = (float)z, key[1] = (float)(z * z); query[0] = (float)(2 * scale * z), query[1] = (float)-scale;
  }
}

static size_t key_width(size_t code, size_t m) { return code == 0 ? m : code == 2 ? 4 : 2; }

struct head {
  float *query, *key; /* [2^m, width] */
  size_t tokens, width;
};

static int make_head(size_t code, size_t m, double scale, struct head *head) {
  head->tokens = (size_t)1 << m;
  head->width = key_width(code, m);
  head->query = lat_alloc(head->tokens * head->width, sizeof(float));
  head->key = lat_alloc(head->tokens * head->width, sizeof(float));
  if (head->query == NULL || head->key == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < head->tokens; i++)
    fill(code, m, scale, i, head->query + i * head->width, head->key + i * head->width);
  return LAT_OK;
}

static void free_head(struct head *head) {
  lat_free(head->query);
  lat_free(head->key);
}

/* Products and sums in single precision, term by term. *leak is the largest over all targets; *read counts those whose own
 * logit is above all others. */
static int measure(const struct head *head, double *leak, size_t *read) {
  size_t S = head->tokens;
  float *logit = lat_alloc(S, sizeof *logit);
  *leak = 0;
  *read = 0;
  if (logit == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < S; i++) {
    int above = 1;
    for (size_t j = 0; j < S; j++) {
      logit[j] = 0;
      for (size_t k = 0; k < head->width; k++)
        logit[j] += head->query[i * head->width + k] * head->key[j * head->width + k];
    }
    for (size_t j = 0; j < S; j++) above &= j == i || logit[i] > logit[j];
    *read += (size_t)above;
    *leak = fmax(*leak, lat_softmax_leak(S, i, logit));
  }
  lat_free(logit);
  return LAT_OK;
}

/* The same through the attention of the transformer: its softmax weights, mixed out as values. */
static int attend(const struct head *head, double *leak) {
  size_t S = head->tokens;
  struct lat_attention_shape shape = {
      .batch = 1, .sequence = S, .heads = 1, .key_width = head->width, .value_width = S, .mask = LAT_MASK_FULL, .scale = 1};
  float *value = lat_calloc(S * S, sizeof *value), *weight = lat_alloc(S * S, sizeof *weight);
  float *scratch = lat_alloc(lat_attention_scratch(S), sizeof *scratch);
  int status = LAT_OK;
  *leak = 0;
  LAT_CHECK(status, value && weight && scratch, LAT_MEMORY, "no memory for %zu tokens", S);
  for (size_t i = 0; i < S; i++) value[i * S + i] = 1;
  lat_attention_forward(&shape, head->query, head->key, value, weight, scratch, 1, lat_attention_scratch(S));
  for (size_t i = 0; i < S; i++) {
    double off = 0;
    for (size_t j = 0; j < S; j++) off += j == i ? 0 : (double)weight[i * S + j];
    *leak = fmax(*leak, off);
  }
done:
  lat_free(value);
  lat_free(weight);
  lat_free(scratch);
  return status;
}

static int table_ranges(struct lat_sheet *sheet, double leak, double *last) {
  static const struct lat_sheet_column columns[] = {{"address_bits", "address bits m"},
                                                    {"tokens", "tokens"},
                                                    {"binary", "binary"},
                                                    {"circle", "circle"},
                                                    {"hash", "layer-norm hash"},
                                                    {"quadratic", "quadratic"},
                                                    {0}};
  struct lat_address_code found;
  double off = 0;
  int status = LAT_OK;
  lat_sheet_table(sheet, "ranges", "the largest logit that is needed", columns);
  for (size_t m = 4; m <= 16; m += 4) {
    lat_sheet_integer(sheet, (int64_t)m);
    lat_sheet_integer(sheet, (int64_t)1 << m);
    for (int c = 0; c < CODES; c++) {
      LAT_TRY(status, lat_address_code_find(codes[c], m, leak, &found));
      lat_sheet_real(sheet, found.logit_range, 3);
      last[c] = found.logit_range;
      if (c == 0) off = fmax(off, fabs(found.logit_range / binary_range((double)m, leak) - 1));
    }
  }
  lat_sheet_check(sheet, 0, off > 1e-6, 0, "binary column: rows off the closed formula by over one part in a million");
done:
  return status;
}

/* What each code does in single precision, in a head that is run, at the scale that exact arithmetic asks for. */
static int table_heads(struct lat_sheet *sheet, size_t m, double leak, double *off) {
  static const struct lat_sheet_column columns[] = {{"code", "code"},
                                                    {"scale", "scale"},
                                                    {"gap", "gap to the next"},
                                                    {"ulp", "last bit of the largest logit"},
                                                    {"read", "targets read right"},
                                                    {"leak", "largest leak"},
                                                    {0}};
  char title[128];
  int status = LAT_OK;
  snprintf(title, sizeof title, "heads over %zu tokens, run in single precision at the scale for a leak of %g",
           (size_t)1 << m, leak);
  lat_sheet_table(sheet, "heads", title, columns);
  for (size_t c = 0; c < CODES; c++) {
    struct lat_address_code found;
    struct head head = {0};
    double single, attended;
    size_t read;
    LAT_TRY(status, lat_address_code_find(codes[c], m, leak, &found));
    status = make_head(c, m, found.scale, &head);
    if (status == LAT_OK) status = measure(&head, &single, &read);
    if (status == LAT_OK) status = attend(&head, &attended);
    free_head(&head);
    if (status != LAT_OK) goto done;
    float range = (float)found.logit_range;
    lat_sheet_word(sheet, "%s", codes[c]);
    lat_sheet_real(sheet, found.scale, 3);
    lat_sheet_real(sheet, found.logit_gap, 3);
    lat_sheet_real(sheet, (double)(nextafterf(range, HUGE_VALF) - range), 2);
    lat_sheet_word(sheet, "%zu of %zu", read, head.tokens);
    lat_sheet_fixed(sheet, single, 3);
    if (c == 0) lat_sheet_check(sheet, (double)head.tokens, (double)read, 0, "targets that the binary head reads right");
    *off += (c == 0) * !(fabs(attended / leak - 1) <= 1e-3);
  }
  lat_sheet_check(sheet, 0, *off, 0, "binary heads whose leak in the transformer's attention is off by over 0.1 %%");
done:
  return status;
}

static void table_cliffs(struct lat_sheet *sheet, double leak) {
  static const struct lat_sheet_column columns[] = {{"range", "largest logit B"},
                                                    {"bits", "address bits, at most"},
                                                    {"leak", "leak there"},
                                                    {"beyond", "one bit more"},
                                                    {0}};
  size_t over = 0;
  lat_sheet_table(sheet, "cliffs", "addresses that binary codes reach when logits are bounded", columns);
  for (double range = 8; range <= 64; range *= 2) {
    size_t m = 0;
    while (m < MOST_BITS && lat_leak(range / (double)(m + 1), m + 1) <= leak) m++;
    lat_sheet_real(sheet, range, 3);
    lat_sheet_integer(sheet, (int64_t)m);
    if (m > 0) lat_sheet_fixed(sheet, lat_leak(range / (double)m, m), 4);
    if (m == 0) lat_sheet_none(sheet);
    lat_sheet_fixed(sheet, lat_leak(range / (double)(m + 1), m + 1), 4);
    over += m > 0 && binary_range((double)m, leak) > range;
    over += binary_range((double)(m + 1), leak) <= range;
  }
  lat_sheet_check(sheet, 0, (double)over, 0, "rows of the last table that the closed formula does not confirm");
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  double leak = values->real[LEAK], last[CODES], off = 0;
  int status;
  lat_sheet_formula(sheet, "leak = softmax weight off the target, for the target that leaks worst; here at most %g", leak);
  lat_sheet_formula(sheet,
                    "binary: +-1 for each address bit; logits are beta (m - 2 differing bits), leak = 1 - sigma(2 B / m)^m "
                    "for B = beta m");
  lat_sheet_formula(sheet, "circle: (cos, sin) of 2 pi j / N; neighbours are 2 sin^2(pi / N) apart");
  lat_sheet_formula(sheet,
                    "layer-norm hash: (z, 1, -z, -1) / sqrt(2 z^2 + 2) for z = j; quadratic: s (2 i j - j^2), which is -s "
                    "(i - j)^2 but for what all share");
  LAT_TRY(status, table_ranges(sheet, leak, last));
  LAT_TRY(status, table_heads(sheet, values->integer[ADDRESS_BITS], leak, &off));
  table_cliffs(sheet, leak);
  lat_sheet_conclude(
      sheet,
      "At 2^16 tokens a binary code needs logits up to %.3g, a circle %.3g, the hash %.3g and the quadratic form %.3g. "
      "The first grows with log N log log N, the others with a power of N.",
      last[0], last[1], last[2], last[3]);
  lat_sheet_conclude(
      sheet,
      "What is large in the logits is lost in their last bits: where the last bit is of the size of the gap, the "
      "head cannot tell neighbours apart in single precision, however it is scaled.");
done:
  return status;
}

const struct lat_exercise lat_exercise_code = {
    .name = "code",
    .question = "Which ways to write an address into a key can a softmax tell apart, and at what price in logits?",
    .source =
        "Merrill and Sabharwal (2025) for the layer-norm hash; Vaswani et al. (2017) for positions on circles; "
        "lib/compile/address_code.h",
    .flags = flags,
    .run = run,
};
