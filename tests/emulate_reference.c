#include "tests/emulate_reference.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/nn/activation.h"
#include "lib/nn/attention.h"
#include "lib/nn/vector_math.h"

__extension__ typedef __int128 wide;
__extension__ typedef unsigned __int128 unsigned_wide;

enum { POINT = 48 }; /* whole numbers of 2^-48 */

static wide whole(double x) {
  double scaled = ldexp(x, POINT);
  assert_true(scaled == rint(scaled) && fabs(scaled) < 0x1p100);
  return (wide)scaled;
}

double reference_term(enum lat_dtype dtype, double a, double b, double c) {
  struct lat_dtype_facts facts = lat_dtype_facts(dtype);
  double half_b = ldexp(b, -POINT / 2), half_c = ldexp(c, -POINT / 2); /* each in 2^-24, so that the product is in 2^-48 */
  wide sum = whole(a) + whole(half_b) * whole(half_c);
  int negative = sum < 0, drop = 0, length = 0;
  unsigned_wide size = negative ? (unsigned_wide)-sum : (unsigned_wide)sum;
  while (length < 127 && size >> length != 0) length++;
  drop = length - 1 - (int)facts.mantissa_bits;
  int lowest = ilogb(facts.smallest) + POINT; /* the last place of the smallest numbers */
  if (drop < lowest) drop = lowest;
  if (drop > 0) {
    unsigned_wide one = (unsigned_wide)1 << drop, rest = size % one;
    size /= one;
    if (rest > one / 2 || (rest == one / 2 && size % 2 == 1)) size++;
    size *= one;
  }
  double result = ldexp((double)size, -POINT);
  if (result > facts.largest) result = dtype == LAT_DTYPE_FP8_E4M3 ? (double)NAN : (double)INFINITY;
  return negative ? -result : result;
}

/* a + b c rounded to the accumulator, for sums; r for any single result. */
static float term(const struct lat_transformer_config *config, float sum, float a, float b) {
  double exact = (double)a * (double)b, high = (double)sum + exact;
  if (high - (double)sum != exact || high - exact != (double)sum) { /* then ties could be misjudged: round to odd */
    double back = high - (double)sum, error = ((double)sum - (high - back)) + (exact - back);
    uint64_t bits;
    memcpy(&bits, &high, sizeof bits);
    if (error != 0 && bits % 2 == 0) high = nextafter(high, error > 0 ? (double)INFINITY : -(double)INFINITY);
  }
  return (float)lat_dtype_round_double(config->arithmetic.accumulate, high);
}
static float r(const struct lat_transformer_config *config, double x) {
  return (float)lat_dtype_round_double(config->arithmetic.accumulate, x);
}
static float stored(const struct lat_transformer_config *config, double x) {
  return (float)lat_dtype_round_double(config->arithmetic.storage, x);
}

static void linear(const struct lat_transformer_config *config, const struct lat_linear *part, size_t out, size_t in,
                   const float *x, float *y) {
  for (size_t o = 0; o < out; o++) {
    float sum = 0.0f;
    for (size_t k = 0; k < in; k++) sum = term(config, sum, part->weight[o * in + k], x[k]);
    if (part->bias != NULL) sum = term(config, sum, part->bias[o], 1.0f);
    y[o] = stored(config, (double)sum);
  }
}

static void norm(const struct lat_transformer_config *config, const struct lat_norm_weights *weights, const float *x,
                 float *y) {
  size_t D = config->width;
  float mean = 0.0f, square = 0.0f;
  memcpy(y, x, D * sizeof *y);
  if (config->norm == LAT_NORM_NONE) return;
  for (size_t i = 0; i < D && config->norm == LAT_NORM_LAYERNORM; i++) mean = term(config, mean, x[i], 1.0f);
  mean = r(config, (double)mean / (double)D);
  for (size_t i = 0; i < D; i++) y[i] = term(config, x[i], -mean, 1.0f);
  for (size_t i = 0; i < D; i++) square = term(config, square, y[i], y[i]);
  float inverse =
      r(config, 1 / sqrt((double)r(config, (double)r(config, (double)square / (double)D) + config->norm_epsilon)));
  for (size_t i = 0; i < D; i++) {
    y[i] = r(config, (double)r(config, (double)y[i] * (double)inverse) * (double)weights->gain[i]);
    if (config->norm == LAT_NORM_LAYERNORM) y[i] = term(config, y[i], weights->bias[i], 1.0f);
    y[i] = stored(config, (double)y[i]);
  }
}

/* Token i of one sequence and one head; q of that token, k and v of token 0. */
static void attend(const struct lat_transformer_config *config, size_t sequence, size_t i, const float *q, const float *k,
                   const float *v, float *y) {
  size_t first, end, keys = config->heads * config->key_width, values = config->heads * config->value_width;
  float *score = lat_alloc(sequence, sizeof *score), largest = -INFINITY, total = 0.0f;
  lat_attention_range(config->mask, config->window, sequence, i, &first, &end);
  for (size_t j = first; j < end; j++) {
    score[j] = 0.0f;
    for (size_t d = 0; d < config->key_width; d++) score[j] = term(config, score[j], q[d], k[j * keys + d]);
    score[j] = r(config, (double)score[j] * (double)(float)config->attention_scale);
    largest = fmaxf(largest, score[j]);
  }
  for (size_t j = first; j < end; j++) {
    score[j] = r(config, (double)lat_exp(term(config, score[j], -largest, 1.0f)));
    total = term(config, total, score[j], 1.0f);
  }
  for (size_t d = 0; d < config->value_width; d++) {
    float sum = 0.0f;
    for (size_t j = first; j < end; j++)
      sum = term(config, sum, stored(config, (double)r(config, (double)score[j] / (double)total)), v[j * values + d]);
    y[d] = stored(config, (double)sum);
  }
  lat_free(score);
}

static void add(const struct lat_transformer_config *config, size_t n, const float *y, float *x) {
  for (size_t i = 0; i < n; i++) x[i] = stored(config, (double)x[i] + (double)y[i]);
}

void reference_run(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps, float *x) {
  const struct lat_transformer_config *c = &model->config;
  size_t rows = batch * sequence, D = c->width, K = c->heads * c->key_width, V = c->heads * c->value_width;
  float *first = lat_alloc(rows, D * sizeof *first), *y = lat_alloc(D + c->ffn, sizeof *y);
  float *q = lat_alloc(rows, K * sizeof *q), *k = lat_alloc(rows, K * sizeof *k);
  float *v = lat_alloc(rows, V * sizeof *v), *mixed = lat_alloc(rows, V * sizeof *mixed);
  for (size_t i = 0; i < rows * D; i++) first[i] = x[i] = stored(c, (double)x[i]);
  for (size_t t = 0; t < steps; t++) {
    size_t step = t < c->step_embeddings ? t : c->step_embeddings - 1;
    if (c->input_injection != LAT_INJECTION_NONE && t > 0) add(c, rows * D, first, x);
    for (size_t i = 0; i < rows && c->input_injection == LAT_INJECTION_NORM; i++) {
      norm(c, &model->inject_norm, x + i * D, y);
      memcpy(x + i * D, y, D * sizeof *x);
    }
    for (size_t i = 0; i < rows && c->step_embeddings > 0; i++) add(c, D, model->step + step * D, x + i * D);
    for (size_t l = 0; l < c->layers; l++) {
      const struct lat_layer *layer = &model->layer[l];
      for (size_t i = 0; i < rows; i++) {
        norm(c, &layer->norm1, x + i * D, y);
        linear(c, &layer->query, K, D, y, q + i * K);
        linear(c, &layer->key, K, D, y, k + i * K);
        linear(c, &layer->value, V, D, y, v + i * V);
      }
      for (size_t i = 0; i < rows; i++)
        for (size_t h = 0; h < c->heads; h++) {
          size_t start = i - i % sequence, key = h * c->key_width, value = h * c->value_width;
          attend(c, sequence, i % sequence, q + i * K + key, k + start * K + key, v + start * V + value,
                 mixed + i * V + value);
        }
      for (size_t i = 0; i < rows; i++) {
        float *row = x + i * D, *hidden = y + D;
        linear(c, &layer->output, D, V, mixed + i * V, y);
        add(c, D, y, row);
        norm(c, &layer->norm2, row, y);
        linear(c, &layer->up, c->ffn, D, y, hidden);
        lat_activation_forward(c->activation, c->ffn, hidden, hidden);
        for (size_t u = 0; u < c->ffn; u++) hidden[u] = stored(c, (double)hidden[u]);
        linear(c, &layer->down, D, c->ffn, hidden, y);
        add(c, D, y, row);
      }
    }
  }
  float *all[] = {first, y, q, k, v, mixed};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) lat_free(all[i]);
}
