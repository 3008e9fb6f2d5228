/* Are the feed-forward parts of thoughts exact in a narrow format? Not argued but run: every unit, by the operations of the emulated
 * kernels and in their order, on everything that it can meet. A term whose weight is 0 leaves a sum as it is, so that only the columns
 * that a unit reads are gone through. The heads are copies of each other, so the choice of a bit is run for one.
 *
 *   tables   a pair of units must be 0 unless the selected bits are its pattern and its entry is 1. Then what a new channel can be follows
 *            for every thought in it; with one bit it must be +1 or -1
 *   choice   of every number that a channel can hold (what a prompt or a table puts there) the selected bit must come out as +1 or -1,
 *            and units of other bits must be 0 whatever their channel holds
 *   tokens   logits are sums of w terms of +-1: exact when w <= 2^p, p the digits of the accumulator. The best, w, and the next, w - 2, must
 *            differ as they are stored */
#include <assert.h>
#include <math.h>

#include "lib/compile/thoughts_build.h"
#include "lib/nn/emulate.h"

enum { LEVELS = 1 << LAT_THOUGHTS_EXACT_BITS, TERMS = LAT_MAX_FAN_IN + 32 };

/* The columns that a unit reads, in their order, and what stands there. */
struct inputs {
  size_t count, column[TERMS];
  float value[TERMS];
};
static void put(struct inputs *inputs, size_t column, float value) {
  inputs->column[inputs->count] = column;
  inputs->value[inputs->count++] = value;
}

static float run_unit(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t unit,
                      const struct inputs *inputs) {
  enum lat_dtype accumulate = config->arithmetic.accumulate;
  const float *weight = layer->up.weight + unit * config->width;
  float sum = 0;
  for (size_t i = 0; i < inputs->count; i++)
    sum = lat_emulate_term(accumulate, sum, inputs->value[i], weight[inputs->column[i]]);
  sum = lat_emulate_term(accumulate, sum, layer->up.bias[unit], 1.0f);
  lat_emulate_activation(config->arithmetic.storage, config->activation, 1, &sum, &sum);
  return sum;
}

/* Adds what a pair of units leaves in a column. */
static float run_pair(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t unit,
                      const float *hidden, size_t column, float sum) {
  for (size_t half = 0; half < 2; half++)
    sum = lat_emulate_term(config->arithmetic.accumulate, sum, hidden[half],
                           layer->down.weight[column * config->ffn + unit + half]);
  return sum;
}
static float finish(const struct lat_transformer_config *config, const struct lat_layer *layer, size_t column, float sum) {
  return lat_dtype_round(config->arithmetic.storage,
                         lat_emulate_term(config->arithmetic.accumulate, sum, layer->down.bias[column], 1.0f));
}

/* The pair of units of gate g and pattern s on all selected bits and entries; `on` is what they are when they are to be on. */
static int run_table(const struct lat_thoughts *thoughts, const struct lat_layer *layer, size_t g, size_t s, float *on) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  size_t K = thoughts->construction.fan_in, patterns = (size_t)1 << K, unit = 2 * (g * patterns + s);
  for (size_t pattern = 0; pattern < patterns; pattern++)
    for (int entry = 0; entry < 2; entry++) {
      struct inputs inputs = {.count = 0};
      float hidden[2];
      put(&inputs, layout->table + g * patterns + s, entry ? 1.0f : -1.0f);
      for (size_t k = 0; k < K; k++) put(&inputs, layout->chosen + g * K + k, pattern >> k & 1 ? 1.0f : -1.0f);
      for (size_t half = 0; half < 2; half++)
        hidden[half] = run_unit(&thoughts->model->config, layer, unit + half, &inputs);
      if (pattern == s && entry)
        on[0] = hidden[0], on[1] = hidden[1];
      else if (!(hidden[0] == 0 && hidden[1] == 0))
        return 0;
    }
  return 1;
}

/* What channel c becomes for each number n of its r bits, by whichever row of a table; 0 when that is not one number for each n. */
static int run_channel(const struct lat_thoughts *thoughts, size_t c, float *made) {
  const struct lat_transformer_config *config = &thoughts->model->config;
  const struct lat_layer *layer = &thoughts->model->layer[config->layers - 1];
  size_t b = thoughts->construction.bits_per_channel, patterns = (size_t)1 << thoughts->construction.fan_in;
  size_t column = thoughts->layout.next + c;
  unsigned r = lat_thoughts_channel_bits(thoughts, c);
  float on[LAT_THOUGHTS_EXACT_BITS][2] = {0}, other[2] = {0};
  for (size_t i = 0; i < r; i++)
    for (size_t s = 0; s < patterns; s++) {
      if (!run_table(thoughts, layer, c * b + i, s, s == 0 ? on[i] : other)) return 0;
      if (s > 0 && !(other[0] == on[i][0] && other[1] == on[i][1])) return 0;
    }
  for (size_t n = 0; n < (size_t)1 << r; n++) {
    float sum = 0;
    for (size_t i = 0; i < r; i++)
      if (n >> i & 1) sum = run_pair(config, layer, 2 * (c * b + i) * patterns, on[i], column, sum);
    made[n] = finish(config, layer, column, sum);
  }
  return 1;
}

/* The choice of bit j by the first head, whose units begin at `unit`, when the selector says `code` and channel c holds `value`. */
static int choose(const struct lat_thoughts *thoughts, size_t j, size_t clips, size_t unit, size_t code, float value,
                  int bit) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  const struct lat_transformer_config *config = &thoughts->model->config;
  const struct lat_layer *layer = &thoughts->model->layer[0];
  struct inputs inputs = {.count = 0};
  float sum = 0;
  for (size_t s = 0; s < layout->select_bits; s++) put(&inputs, layout->select + s, code >> s & 1 ? 1.0f : -1.0f);
  put(&inputs, layout->fetched + j / thoughts->construction.bits_per_channel, value);
  for (size_t q = 0; q < clips; q++, unit += 2) {
    float hidden[2];
    for (size_t half = 0; half < 2; half++) hidden[half] = run_unit(config, layer, unit + half, &inputs);
    if (code != j && !(hidden[0] == 0 && hidden[1] == 0)) return 0;
    sum = run_pair(config, layer, unit, hidden, layout->chosen, sum);
  }
  return code != j || finish(config, layer, layout->chosen, sum) == (bit ? 1.0f : -1.0f);
}

static void keep(struct lat_thoughts_exact *exact, double value, double level) {
  double size = fabs(value);
  if (fabs(value - level) > exact->off) exact->off = fabs(value - level);
  for (size_t i = 0; i < exact->count; i++)
    if (exact->size[i] == size) return;
  assert(exact->count < LAT_THOUGHTS_SIZES);
  exact->size[exact->count++] = size;
}

/* Channel c with all its bits; *unit is where the first head's units for them begin, and becomes that of the next channel. */
static const char *check_channel(const struct lat_thoughts *thoughts, size_t c, size_t *unit,
                                 struct lat_thoughts_exact *exact) {
  const struct lat_transformer_config *config = &thoughts->model->config;
  unsigned b = thoughts->construction.bits_per_channel, r = lat_thoughts_channel_bits(thoughts, c);
  size_t levels = (size_t)1 << r;
  float held[2][LEVELS]; /* by a prompt, by a table */
  if (!run_channel(thoughts, c, held[1])) return "the tables are not exact in these formats";
  for (size_t n = 0; n < levels; n++) {
    double steps = (double)levels - 1, level = (2 * (double)n - steps) / steps;
    held[0][n] = lat_dtype_round(config->arithmetic.storage, (float)level);
    if (r == 1 && held[1][n] != held[0][n]) return "the tables do not leave exactly +-1 in these formats";
    if (!(fabs((double)held[1][n] - level) < 1 / steps)) return "a level is stored nearer to its neighbour";
    for (int made = 0; made < 2; made++) keep(exact, (double)held[made][n], level);
  }
  if (thoughts->layout.layers == 1) return NULL;
  for (unsigned i = 0; i < r; i++) {
    size_t clips = (levels >> i) - 1;
    for (size_t code = 0; code < thoughts->construction.bits_per_step; code++)
      for (size_t n = 0; n < 2 * levels; n++)
        if (!choose(thoughts, c * b + i, clips, *unit, code, held[n >= levels][n % levels], n >> i & 1))
          return r > 1 ? "the levels of a channel are no numbers of these formats, and a bit that is taken out of them is "
                         "not always exactly +-1"
                       : "the choice of one of the bits of a thought needs more digits than these formats have";
    *unit += 2 * clips;
  }
  return NULL;
}

void lat_thoughts_exact(const struct lat_thoughts *thoughts, struct lat_thoughts_exact *exact) {
  const struct lat_construction *construction = &thoughts->construction;
  struct lat_dtype_facts sums = lat_dtype_facts(construction->arithmetic.accumulate);
  double w = (double)construction->bits_per_step;
  size_t unit = 0;
  *exact = (struct lat_thoughts_exact){0};
  if (construction->bits_per_channel > LAT_THOUGHTS_EXACT_BITS) {
    exact->failed = "channels of more than 6 bits are not tried in narrow formats";
    return;
  }
  for (size_t c = 0; c < thoughts->channels && exact->failed == NULL; c++)
    exact->failed = check_channel(thoughts, c, &unit, exact);
  if (exact->failed != NULL || thoughts->vocabulary == 0) return;
  if (!(w <= ldexp(1, (int)sums.mantissa_bits + 1)))
    exact->failed = "a logit is a sum of more terms than the accumulator's digits can count";
  else if (!(lat_dtype_round_double(construction->arithmetic.storage, w) >
             lat_dtype_round_double(construction->arithmetic.storage, w - 2)))
    exact->failed = "the largest logit and the next are stored as the same number";
}
