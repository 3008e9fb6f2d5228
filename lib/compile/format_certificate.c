#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/layout.h"
#include "lib/nn/rows.h"
#include "lib/nn/vector_math.h"

enum { LARGEST_WIDTH = 1024, LARGEST_HIDDEN = 256, CASES = 16, LARGEST_KEYS = 64 * LAT_MAX_FAN_IN };

/* Row `k` of the cases for one pattern of fetched bits: before, and what the layer has to make of it. */
static void make_case(const struct lat_layout *layout, size_t pattern, size_t k, float *row, float *after) {
  size_t K = layout->fan_in;
  float entry = k & 1 ? 1.0f : -1.0f, others = k & 2 ? 1.0f : -1.0f;
  memset(row, 0, layout->width * sizeof *row);
  for (size_t c = 0; c < layout->fetched; c++) lat_layout_set(layout, row, c, c % 2 ? 1.0f : -1.0f);
  for (size_t s = 0; s < (size_t)1 << K; s++) lat_layout_set(layout, row, layout->table + s, s == pattern ? entry : others);
  lat_layout_set(layout, row, layout->constant, 1.0f);
  memcpy(after, row, layout->width * sizeof *row);
  lat_layout_set(layout, row, layout->value, k & 4 ? 1.0f : -1.0f);
  lat_layout_set(layout, row, layout->ready, k & 8 ? 1.0f : -1.0f);
  lat_layout_set(layout, after, layout->value, entry);
  lat_layout_set(layout, after, layout->ready, pattern + 1 == (size_t)1 << K ? 1.0f : -1.0f);
}

/* Queries, keys and values of a row of +-1 are +-(query weight), +-1 and +-1. */
static int projects(const struct lat_compiled *compiled, const float *row) {
  const struct lat_transformer_config *config = &compiled->model->config;
  float query[LARGEST_KEYS], key[LARGEST_KEYS], value[2 * LAT_MAX_FAN_IN], normed[LARGEST_WIDTH];
  size_t K = config->heads, m = config->key_width;
  lat_rows_project(config, &compiled->model->layer[0], 1, row, query, key, value, normed);
  float weight = lat_format_query_weight(config->arithmetic, compiled->beta, m);
  for (size_t i = 0; i < K * m; i++)
    if (!(fabsf(query[i]) == weight && fabsf(key[i]) == 1.0f)) return 0;
  for (size_t i = 0; i < 2 * K; i++)
    if (!(fabsf(value[i]) == 1.0f)) return 0;
  return 1;
}

int lat_format_layer_is_exact(const struct lat_compiled *compiled) {
  const struct lat_layout *layout = &compiled->layout;
  const struct lat_transformer_config *config = &compiled->model->config;
  float x[CASES * LARGEST_WIDTH], after[CASES * LARGEST_WIDTH], mixed[CASES * 2 * LAT_MAX_FAN_IN];
  float scratch[CASES * (LARGEST_WIDTH + LARGEST_HIDDEN)];
  size_t D = layout->width, K = layout->fan_in;
  assert(D <= LARGEST_WIDTH && config->ffn <= LARGEST_HIDDEN && K * config->key_width <= LARGEST_KEYS);
  for (size_t pattern = 0; pattern < (size_t)1 << K; pattern++) {
    for (size_t k = 0; k < CASES; k++) {
      make_case(layout, pattern, k, x + k * D, after + k * D);
      for (size_t i = 0; i < 2 * K; i++) mixed[k * 2 * K + i] = pattern >> i / 2 & 1 ? 1.0f : -1.0f;
    }
    if (pattern == 0 && !projects(compiled, x)) return 0;
    lat_rows_feed(config, &compiled->model->layer[0], CASES, mixed, x, scratch);
    for (size_t i = 0; i < CASES * D; i++)
      if (!(x[i] == after[i])) return 0;
  }
  return 1;
}

static int holds(const struct lat_format_bound *bound) {
  return bound->invariant && bound->failed == NULL && bound->right - bound->left >= 0;
}

/* The first of the query weights that can be realised, in their order, that certifies. */
static double smallest_beta(struct lat_format_setting setting) {
  struct lat_format_bound bound;
  for (long index = 0;; index++) {
    setting.query_weight = lat_format_numbered_query(setting.arithmetic, setting.address_bits, index);
    if (setting.query_weight == 0) break;
    lat_format_bound(&setting, &bound);
    if (holds(&bound)) return setting.query_weight * lat_format_scale(setting.address_bits);
  }
  return HUGE_VAL;
}

void lat_format_certify(const struct lat_compiled *compiled, struct lat_certificate *certificate) {
  const struct lat_construction *construction = &compiled->construction;
  const struct lat_layout *layout = &compiled->layout;
  int gelu = construction->activation != LAT_ACTIVATION_RELU, clips = construction->snap == LAT_SNAP_CLIP;
  double cut = (double)(construction->activation == LAT_ACTIVATION_GELU ? LAT_GELU_CUT : LAT_GELU_TANH_CUT);
  struct lat_format_setting setting = {
      .arithmetic = construction->arithmetic,
      .tokens = compiled->nodes,
      .address_bits = layout->address_bits,
      .fan_in = layout->fan_in,
      .kappa = construction->kappa,
      .cut = gelu ? cut / (double)lat_format_activation_scale(construction->activation, construction->arithmetic) : 0,
      .query_weight = (double)lat_format_query_weight(construction->arithmetic, compiled->beta, layout->address_bits),
      .exact_layer = lat_format_layer_is_exact(compiled),
      .bounded = construction->norm == LAT_NORM_NONE && clips};
  struct lat_format_bound bound;
  lat_format_bound(&setting, &bound);
  *certificate = (struct lat_certificate){.margin = bound.right - bound.left,
                                          .leak = bound.weight_off,
                                          .eta = bound.eta,
                                          .bit_exact = bound.exact,
                                          .beta_minimum = smallest_beta(setting)};
  if (bound.exact)
    snprintf(
        certificate->inequality, sizeof certificate->inequality,
        "a fetched value is within %.3g of +-1 and %s stores it as +-1 up to %.3g; the layer is exact on all patterns of "
        "+-1: %.3g <= %.3g",
        bound.fetched, lat_dtype_name(setting.arithmetic.storage), bound.right, bound.left, bound.right);
  else
    snprintf(certificate->inequality, sizeof certificate->inequality,
             "%zu (eta %.3g + fetch %.3g + storing) + sums <= 1 - (1/2 + cut)/kappa: %.6g <= %.6g", setting.fan_in,
             bound.eta, bound.fetched, bound.left, bound.right);
  char *reason = certificate->reason;
  size_t size = sizeof certificate->reason;
  if (bound.failed != NULL) {
    snprintf(reason, size, "%s", bound.failed);
  } else if (!clips && !bound.exact) {
    snprintf(reason, size,
             "without a snap errors grow from layer to layer, and in narrow formats their growth is not derived");
  } else if (!(certificate->margin >= 0)) {
    snprintf(reason, size, "the leak and the rounding of %s with sums in %s take more room than there is (margin %.3g)",
             lat_dtype_name(setting.arithmetic.storage), lat_dtype_name(setting.arithmetic.accumulate),
             certificate->margin);
  } else if (!bound.invariant) {
    snprintf(reason, size, "the bound on the error of a value grows from layer to layer");
  } else {
    certificate->certified = 1;
    certificate->layers_right = SIZE_MAX;
  }
}
