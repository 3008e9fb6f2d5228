#include "lib/compile/levels.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/nn/emulate.h"

enum { MOST_ADDRESS_BITS = 16, MOST_LEVELS = 1 << 20 };

/* First column of each group. */
struct columns {
  size_t address, pointer, value, fetched, width;
};

static struct columns columns_of(const struct lat_levels_setting *setting) {
  size_t m = setting->address_bits, d = setting->channels;
  return (struct columns){0, m, 2 * m, 2 * m + d, 2 * m + 2 * d};
}

/* 2^-k */
static double unit_of(size_t levels) {
  int k = 0;
  while (ldexp(1, k) < (double)(levels - 1)) k++;
  return ldexp(1, -k);
}

float lat_levels_value(size_t levels, size_t level) {
  assert(level < levels);
  return (float)((2 * (double)level - (double)(levels - 1)) * unit_of(levels));
}

double lat_levels_beta(const struct lat_levels_setting *setting) {
  size_t m = setting->address_bits;
  return lat_construct_realised_beta(lat_construct_query_weight(setting->beta, m), m);
}

double lat_levels_limit_leak(double leak, double kappa) { return 1 + (1 - 1 / kappa) / (2 * leak); }

size_t lat_levels_limit_mantissa(unsigned mantissa_bits, double kappa) {
  return (size_t)floor(1.5 + (ldexp(1, (int)mantissa_bits) - 1) / (2 * kappa));
}

size_t lat_levels_limit_any_order(unsigned mantissa_bits, double kappa) {
  return (size_t)floor(1 + sqrt(ldexp(1, (int)mantissa_bits - 1) / kappa));
}

static int check(const struct lat_levels_setting *setting) {
  if (setting->address_bits < 1 || setting->address_bits > MOST_ADDRESS_BITS)
    return LAT_FAIL(LAT_INPUT, "%zu address bits are not in 1..%d", setting->address_bits, MOST_ADDRESS_BITS);
  if (setting->levels < 2 || setting->levels > MOST_LEVELS)
    return LAT_FAIL(LAT_INPUT, "a channel of %zu levels: 2..%d can be", setting->levels, MOST_LEVELS);
  if (setting->channels < 1 || setting->channels > MOST_LEVELS)
    return LAT_FAIL(LAT_INPUT, "%zu channels are not in 1..%d", setting->channels, MOST_LEVELS);
  if (!(setting->beta > 0 && setting->beta <= 1e6)) return LAT_FAIL(LAT_INPUT, "beta %g is not in 0..1e6", setting->beta);
  if (!(setting->kappa >= 1 && setting->kappa <= 1e9))
    return LAT_FAIL(LAT_INPUT, "kappa %g is not in 1..1e9", setting->kappa);
  return LAT_OK;
}

static void fill_attention(const struct lat_levels_setting *setting, struct lat_layer *layer) {
  struct columns at = columns_of(setting);
  size_t m = setting->address_bits, d = setting->channels;
  for (size_t b = 0; b < m; b++) {
    layer->query.weight[b * at.width + at.pointer + b] = lat_construct_query_weight(setting->beta, m);
    layer->key.weight[b * at.width + at.address + b] = 1;
  }
  for (size_t c = 0; c < d; c++) {
    layer->value.weight[c * at.width + at.value + c] = 1;
    layer->output.weight[(at.fetched + c) * d + c] = 1;
  }
}

/* With f in units of the spacing, f / s = i - (M - 1)/2 for level i, threshold j lies at j - M/2: the bias is a whole number
 * and a half for even kappa. The halves of a clip stand side by side, so that running sums stay small. */
static void fill_feed_forward(const struct lat_levels_setting *setting, struct lat_layer *layer, size_t F) {
  struct columns at = columns_of(setting);
  size_t M = setting->levels, unit = 0;
  double kappa = lat_construct_round(setting->kappa), spacing = 2 * unit_of(M);
  for (size_t c = 0; c < setting->channels; c++) {
    for (size_t j = 1; j < M; j++)
      for (int half = 0; half < 2; half++, unit++) {
        layer->up.weight[unit * at.width + at.fetched + c] = (float)(kappa / spacing);
        layer->up.bias[unit] = (float)(-kappa * ((double)j - (double)M / 2) + (half ? -0.5 : 0.5));
        layer->down.weight[(at.value + c) * F + unit] = (float)(half ? -spacing : spacing);
      }
    for (int half = 0; half < 4; half++, unit++) {
      size_t column = (half < 2 ? at.fetched : at.value) + c;
      layer->up.weight[unit * at.width + column] = half % 2 ? -1 : 1;
      layer->down.weight[column * F + unit] = half % 2 ? 1 : -1;
    }
    layer->down.bias[at.value + c] = lat_levels_value(M, 0);
  }
  assert(unit == F);
}

int lat_levels_model(const struct lat_levels_setting *setting, struct lat_transformer **model) {
  int status = check(setting);
  *model = NULL;
  if (status != LAT_OK) return status;
  size_t m = setting->address_bits, F = setting->channels * (2 * (setting->levels - 1) + 4);
  struct lat_transformer_config config = {.width = columns_of(setting).width,
                                          .heads = 1,
                                          .key_width = m,
                                          .value_width = setting->channels,
                                          .ffn = F,
                                          .layers = 1,
                                          .steps = 1,
                                          .attention_scale = 1 / sqrt((double)m),
                                          .linear_bias = 1,
                                          .arithmetic = setting->arithmetic};
  status = lat_transformer_alloc(&config, model);
  if (status != LAT_OK) return status;
  fill_attention(setting, &(*model)->layer[0]);
  fill_feed_forward(setting, &(*model)->layer[0], F);
  if (!lat_arithmetic_is_plain(setting->arithmetic)) lat_transformer_round(*model);
  return LAT_OK;
}

void lat_levels_worst(const struct lat_levels_setting *setting, size_t level, uint32_t *level_out) {
  size_t M = setting->levels, d = setting->channels, far = 2 * level >= M - 1 ? 0 : M - 1;
  for (size_t i = 0; i < ((size_t)1 << setting->address_bits) * d; i++) level_out[i] = (uint32_t)(i < d ? level : far);
}

int lat_levels_run(const struct lat_levels_setting *setting, const struct lat_transformer *model, size_t batch,
                   size_t steps, const uint32_t *level, size_t *wrong, double *error) {
  struct columns at = columns_of(setting);
  size_t m = setting->address_bits, d = setting->channels, M = setting->levels, N = (size_t)1 << m;
  double spacing = 2 * unit_of(M), largest = 0;
  struct lat_forward *forward = NULL;
  int status = LAT_OK;
  *wrong = 0;
  float *x = lat_calloc(batch * N, at.width * sizeof *x);
  LAT_CHECK(status, x != NULL, LAT_MEMORY, "no memory for %zu tokens", batch * N);
  LAT_TRY(status, lat_forward_alloc(model, batch, N, &forward));
  for (size_t r = 0; r < batch * N; r++) {
    float *row = x + r * at.width;
    for (size_t b = 0; b < m; b++) {
      row[at.address + b] = r % N >> b & 1 ? 1.0f : -1.0f;
      row[at.pointer + b] = (r + 1) % N >> b & 1 ? 1.0f : -1.0f;
    }
    for (size_t c = 0; c < d; c++) row[at.value + c] = lat_levels_value(M, level[r * d + c]);
  }
  LAT_TRY(status, lat_transformer_run(model, forward, steps, x, NULL, NULL, 0));
  for (size_t r = 0; r < batch * N; r++) {
    size_t from = r / N * N + (r % N + steps) % N;
    for (size_t c = 0; c < d; c++) {
      double should = (double)lat_levels_value(M, level[from * d + c]);
      double off = fabs((double)x[r * at.width + at.value + c] - should) / spacing;
      if (!(off < 0.5)) ++*wrong;
      if (!(off <= largest)) largest = isnan(off) ? HUGE_VAL : off;
    }
  }
  if (error != NULL) *error = largest;
done:
  lat_forward_free(forward);
  lat_free(x);
  return status;
}
