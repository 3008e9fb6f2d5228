#include "lib/compile/thoughts.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/layout.h"
#include "lib/compile/thoughts_build.h"

#define DEFAULT_KAPPA 4.0
#define LARGEST_BETA 1e6
#define LARGEST_KAPPA 1e4
#define ROOM_OF_BETA 2.0 /* added to the smallest beta that certifies */

static int check(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  unsigned K = construction->fan_in;
  int tokens = construction->variant == LAT_VARIANT_COT;
  size_t w = construction->bits_per_step, b = construction->bits_per_channel;
  if (construction->variant != LAT_VARIANT_VECTOR && !tokens)
    return LAT_FAIL(LAT_INPUT, "the %s variant has no thoughts: take vector or cot",
                    lat_variant_name(construction->variant));
  if (K < 2 || K > LAT_MAX_FAN_IN) return LAT_FAIL(LAT_INPUT, "fan-in %u is not in 2..%d", K, LAT_MAX_FAN_IN);
  if (tokens && w > LAT_THOUGHTS_TOKEN_BITS)
    return LAT_FAIL(LAT_INPUT, "a token of %zu bits needs a vocabulary of 2^%zu; at most %d bits are possible", w, w,
                    LAT_THOUGHTS_TOKEN_BITS);
  if (w > LAT_THOUGHTS_VECTOR_BITS)
    return LAT_FAIL(LAT_INPUT, "%zu bits a thought are over %d", w, LAT_THOUGHTS_VECTOR_BITS);
  if (tokens && b > 1)
    return LAT_FAIL(LAT_INPUT, "%zu bits a channel: a token has one bit in each; take the vector variant", b);
  if (b > LAT_THOUGHTS_CHANNEL_BITS)
    return LAT_FAIL(LAT_INPUT, "%zu bits a channel are over %d: their levels are not told apart in single precision", b,
                    LAT_THOUGHTS_CHANNEL_BITS);
  if (b > w) return LAT_FAIL(LAT_INPUT, "a thought of %zu bit%s cannot fill a channel of %zu", w, w == 1 ? "" : "s", b);
  if (construction->norm != LAT_NORM_NONE)
    return LAT_FAIL(LAT_UNSUPPORTED, "thoughts with %s are not built: take no norm", lat_norm_name(construction->norm));
  if (construction->activation != LAT_ACTIVATION_RELU)
    return LAT_FAIL(LAT_UNSUPPORTED, "thoughts are built for relu, not %s", lat_activation_name(construction->activation));
  if (construction->mask == LAT_MASK_WINDOW)
    return LAT_FAIL(LAT_UNSUPPORTED, "a windowed mask hides fan-ins: thoughts are causal");
  if (construction->snap != LAT_SNAP_CLIP)
    return LAT_FAIL(LAT_UNSUPPORTED, "thoughts without a snap are not built: selecting a bit is a snap");
  if (!(construction->beta >= 0 && construction->beta <= LARGEST_BETA))
    return LAT_FAIL(LAT_INPUT, "beta %g is not in 0..%g", construction->beta, LARGEST_BETA);
  if (!(construction->kappa >= 1 && construction->kappa <= LARGEST_KAPPA) && construction->kappa != 0)
    return LAT_FAIL(LAT_INPUT, "kappa %g is not in 1..%g", construction->kappa, LARGEST_KAPPA);
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    if (lat_netlist_fan_ins(netlist, i) > K)
      return LAT_FAIL(LAT_INPUT, "node %zu has %u fan-ins and the construction %u: map the circuit first", i,
                      lat_netlist_fan_ins(netlist, i), K);
  return LAT_OK;
}

static struct lat_transformer_config config_of(const struct lat_construction *construction,
                                               const struct lat_thoughts_layout *layout, size_t sequence) {
  int tokens = construction->variant == LAT_VARIANT_COT;
  return (struct lat_transformer_config){.vocabulary = tokens ? (size_t)1 << construction->bits_per_step : 0,
                                         .sequence = sequence,
                                         .width = layout->width,
                                         .heads = layout->heads,
                                         .key_width = layout->address_bits,
                                         .value_width = layout->channels,
                                         .ffn = layout->ffn,
                                         .layers = layout->layers,
                                         .steps = 1,
                                         .norm_epsilon = LAT_CONSTRUCT_NORM_EPSILON,
                                         .activation = construction->activation,
                                         .mask = LAT_MASK_CAUSAL,
                                         .positions = LAT_POSITIONS_LEARNED,
                                         .attention_scale = lat_arithmetic_is_plain(construction->arithmetic)
                                                                ? 1 / sqrt((double)layout->address_bits)
                                                                : lat_format_scale(layout->address_bits),
                                         .linear_bias = 1,
                                         .arithmetic = construction->arithmetic};
}

/* Inputs, w a position from 0; then the gates of each step in order of their numbers, one thought behind the other. */
static int place_gates(const struct lat_netlist *netlist, struct lat_thoughts *thoughts) {
  const struct lat_schedule *schedule = &thoughts->schedule;
  size_t w = thoughts->construction.bits_per_step, slots = thoughts->steps * w;
  int status = LAT_OK;
  size_t *used = NULL;
  thoughts->place = lat_alloc(netlist->nodes, sizeof *thoughts->place);
  thoughts->gate = lat_alloc(slots, sizeof *thoughts->gate);
  used = lat_calloc(thoughts->steps + 1, sizeof *used);
  LAT_CHECK(status, thoughts->place && thoughts->gate && used, LAT_MEMORY, "no memory for the places of %zu nodes",
            netlist->nodes);
  for (size_t i = 0; i < slots; i++) thoughts->gate[i] = UINT32_MAX;
  for (size_t i = 0; i < netlist->nodes; i++) {
    thoughts->place[i] = i < netlist->inputs ? (uint32_t)i : UINT32_MAX;
    if (i < netlist->inputs || schedule->step[i] == LAT_STEP_NEVER) continue;
    size_t t = schedule->step[i], slot = (t - 1) * w + used[t]++;
    assert(used[t] <= w);
    thoughts->gate[slot] = (uint32_t)i;
    thoughts->place[i] = (uint32_t)(thoughts->prompt_tokens * w + slot);
  }
done:
  lat_free(used);
  return status;
}

static void choose_numbers(struct lat_thoughts *thoughts) {
  struct lat_construction *construction = &thoughts->construction;
  size_t m = thoughts->layout.address_bits;
  construction->kappa = lat_construct_round(construction->kappa > 0 ? construction->kappa : DEFAULT_KAPPA);
  if (!(construction->beta > 0)) {
    double smallest =
        lat_thoughts_smallest_beta(lat_thoughts_setting_of(construction, &thoughts->layout, thoughts->sequence));
    construction->beta = isfinite(smallest) ? ceil(2 * (smallest + ROOM_OF_BETA)) / 2 : LAT_CONSTRUCT_BIT_EXACT_BETA;
  }
  construction->beta = lat_construct_realised_beta(lat_construct_query_weight(construction->beta, m), m);
  thoughts->beta = construction->beta;
}

/* Steps, positions and the layers that it takes. */
static int choose_shape(const struct lat_netlist *netlist, struct lat_thoughts *thoughts) {
  struct lat_construction *construction = &thoughts->construction;
  size_t w = construction->bits_per_step, T = thoughts->schedule.steps;
  size_t asked = construction->steps, layers = construction->layers;
  thoughts->steps = T;
  thoughts->prompt_tokens = netlist->inputs > 0 ? (netlist->inputs + w - 1) / w : 1;
  thoughts->sequence = thoughts->prompt_tokens + (T > 0 ? T - 1 : 0);
  if (thoughts->sequence > UINT32_MAX / w - 1)
    return LAT_FAIL(LAT_INPUT, "%zu positions of %zu bits are more than can be numbered", thoughts->sequence, w);
  if (asked != 0 && asked != T)
    return LAT_FAIL(LAT_INPUT, "%zu steps were asked for, but with %zu bits a step the circuit takes %zu", asked, w, T);
  thoughts->layout = lat_thoughts_layout_make(construction, thoughts->sequence);
  if (layers > 1 && layers != thoughts->layout.layers)
    return LAT_FAIL(LAT_INPUT, "%zu layers were asked for, but a thought of %zu bits takes %zu", layers, w,
                    thoughts->layout.layers);
  construction->layers = thoughts->layout.layers;
  construction->steps = T;
  construction->mask = LAT_MASK_CAUSAL;
  thoughts->channels = thoughts->layout.channels;
  return LAT_OK;
}

/* w = 0 and b = 0 are 1. */
static struct lat_construction filled(const struct lat_construction *construction) {
  struct lat_construction full = *construction;
  if (full.bits_per_step == 0) full.bits_per_step = 1;
  if (full.bits_per_channel == 0) full.bits_per_channel = 1;
  return full;
}

int lat_thoughts_compile(const struct lat_netlist *netlist, const struct lat_construction *asked,
                         struct lat_thoughts **result) {
  int status = LAT_OK;
  struct lat_thoughts *thoughts = NULL;
  struct lat_construction construction = filled(asked);
  size_t w = construction.bits_per_step;
  *result = NULL;
  LAT_TRY(status, check(netlist, &construction));
  thoughts = lat_calloc(1, sizeof *thoughts);
  LAT_CHECK(status, thoughts, LAT_MEMORY, "no memory for a compiled circuit");
  thoughts->construction = construction;
  thoughts->inputs = netlist->inputs;
  thoughts->outputs = netlist->outputs;
  thoughts->nodes = netlist->nodes;
  thoughts->vocabulary = construction.variant == LAT_VARIANT_COT ? (size_t)1 << w : 0;
  LAT_TRY(status, lat_schedule_make(netlist, w, &thoughts->schedule));
  LAT_TRY(status, choose_shape(netlist, thoughts));
  size_t count = lat_thoughts_parameters(&construction, thoughts->sequence);
  LAT_CHECK(status, count <= LAT_THOUGHTS_LARGEST, LAT_INPUT,
            "%zu positions of width %zu with %zu bits a step take %.3g parameters, more than %.3g: take fewer bits a step",
            thoughts->sequence, thoughts->layout.width, w, (double)count, (double)LAT_THOUGHTS_LARGEST);
  int plain = lat_arithmetic_is_plain(construction.arithmetic);
  if (plain) choose_numbers(thoughts);
  if (!plain) LAT_TRY(status, lat_thoughts_format_choose(thoughts));
  LAT_TRY(status, place_gates(netlist, thoughts));
  thoughts->output = lat_alloc(netlist->outputs, sizeof *thoughts->output);
  LAT_CHECK(status, thoughts->output, LAT_MEMORY, "no memory for %zu outputs", netlist->outputs);
  for (size_t o = 0; o < netlist->outputs; o++) thoughts->output[o] = netlist->output[o];
  struct lat_transformer_config config = config_of(&thoughts->construction, &thoughts->layout, thoughts->sequence);
  LAT_TRY(status, lat_transformer_alloc(&config, &thoughts->model));
  lat_thoughts_build(netlist, thoughts);
  if (!plain) lat_transformer_round(thoughts->model);
  if (!plain && construction.beta == 0) lat_thoughts_format_settle(thoughts);
  *result = thoughts;
  thoughts = NULL;
done:
  lat_thoughts_free(thoughts);
  return status;
}

void lat_thoughts_free(struct lat_thoughts *thoughts) {
  if (thoughts == NULL) return;
  lat_transformer_free(thoughts->model);
  lat_schedule_free(&thoughts->schedule);
  lat_free(thoughts->place);
  lat_free(thoughts->gate);
  lat_free(thoughts->output);
  lat_free(thoughts);
}

/* a b, or SIZE_MAX. */
static size_t times(size_t a, size_t b) {
  size_t product;
  return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}
static size_t plus(size_t a, size_t b) {
  size_t sum;
  return __builtin_add_overflow(a, b, &sum) ? SIZE_MAX : sum;
}

size_t lat_thoughts_parameters(const struct lat_construction *asked, size_t sequence) {
  struct lat_construction construction = filled(asked);
  struct lat_thoughts_layout layout = lat_thoughts_layout_make(&construction, sequence);
  size_t D = layout.width, F = layout.ffn, H = layout.heads, m = layout.address_bits, d = layout.channels;
  size_t rows = construction.variant == LAT_VARIANT_COT ? (size_t)2 << construction.bits_per_step : 0;
  size_t attention = plus(times(2 * H * m, D + 1), plus(times(H * d, D + 1), times(D, H * d + 1)));
  size_t layer = plus(attention, plus(times(F, D + 1), times(D, F + 1)));
  return plus(times(plus(rows, sequence), D), times(layout.layers, layer));
}

unsigned lat_thoughts_channel_bits(const struct lat_thoughts *thoughts, size_t channel) {
  assert(channel < thoughts->channels);
  return lat_thoughts_bits_of(thoughts->construction.bits_per_step, thoughts->construction.bits_per_channel, channel);
}

void lat_thoughts_pack(const struct lat_thoughts *thoughts, const unsigned char *bit, float *channel) {
  unsigned b = thoughts->construction.bits_per_channel;
  for (size_t c = 0; c < thoughts->channels; c++) {
    unsigned r = lat_thoughts_channel_bits(thoughts, c);
    double level = 0, steps = ldexp(1, (int)r) - 1;
    for (unsigned i = 0; i < r; i++) level += bit[c * b + i] ? ldexp(1, (int)i) : 0;
    channel[c] = (float)((2 * level - steps) / steps);
  }
}

void lat_thoughts_unpack(const struct lat_thoughts *thoughts, const float *channel, unsigned char *bit) {
  unsigned b = thoughts->construction.bits_per_channel;
  for (size_t c = 0; c < thoughts->channels; c++) {
    unsigned r = lat_thoughts_channel_bits(thoughts, c);
    double steps = ldexp(1, (int)r) - 1, level = rint(((double)channel[c] + 1) / 2 * steps);
    size_t n = level > 0 ? level < steps ? (size_t)level : (size_t)steps : 0;
    for (unsigned i = 0; i < r; i++) bit[c * b + i] = n >> i & 1;
  }
}
