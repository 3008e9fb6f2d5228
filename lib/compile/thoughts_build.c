/* Weights of the thinking machine: what each channel is, stands in thoughts.h. All pieces write into a model of zeros. */
#include "lib/compile/thoughts_build.h"

#include <math.h>
#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/layout.h"

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

/* Bit i of a channel of r bits changes 2^(r - i) - 1 times over the levels. */
static size_t changes(unsigned bits, unsigned i) { return ((size_t)1 << (bits - i)) - 1; }

struct lat_thoughts_layout lat_thoughts_layout_make(const struct lat_construction *construction, size_t sequence) {
  size_t w = construction->bits_per_step, K = construction->fan_in, patterns = (size_t)1 << K, staircases = 0;
  unsigned b = construction->bits_per_channel;
  struct lat_thoughts_layout layout = {.address_bits = lat_layout_address_bits(sequence),
                                       .select_bits = w > 1 ? lat_layout_address_bits(w) : 0,
                                       .channels = (w + b - 1) / b,
                                       .heads = K * w,
                                       .layers = w > 1 ? 2 : 1};
  for (size_t c = 0; c < layout.channels; c++)
    for (unsigned i = 0, r = lat_thoughts_bits_of(w, b, c); i < r; i++) staircases += changes(r, i);
  layout.ffn = w > 1 ? larger(2 * w * K * staircases, 2 * w * patterns) : 2 * patterns;
  layout.pointer = layout.address + layout.address_bits;
  layout.select = layout.pointer + w * K * layout.address_bits;
  layout.table = layout.select + w * K * layout.select_bits;
  layout.content = layout.table + w * patterns;
  layout.fetched = layout.content + layout.channels;
  layout.chosen = w > 1 ? layout.fetched + w * K * layout.channels : layout.fetched;
  layout.next = layout.chosen + w * K;
  layout.width = layout.next + layout.channels;
  return layout;
}

void lat_thoughts_build_query(const struct lat_thoughts *thoughts) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  const struct lat_construction *construction = &thoughts->construction;
  size_t m = layout->address_bits, D = layout->width;
  float weight = lat_arithmetic_is_plain(construction->arithmetic)
                     ? lat_construct_query_weight(construction->beta, m)
                     : lat_format_query_weight(construction->arithmetic, construction->beta, m);
  for (size_t i = 0; i < layout->heads * m; i++)
    thoughts->model->layer[0].query.weight[i * D + layout->pointer + i] = weight;
}

static void build_attention(const struct lat_thoughts *thoughts, struct lat_layer *layer) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  size_t m = layout->address_bits, D = layout->width, H = layout->heads, d = layout->channels;
  lat_thoughts_build_query(thoughts);
  for (size_t h = 0; h < H; h++) {
    for (size_t b = 0; b < m; b++) layer->key.weight[(h * m + b) * D + layout->address + b] = 1;
    for (size_t c = 0; c < d; c++) {
      layer->value.weight[(h * d + c) * D + layout->content + c] = 1;
      layer->output.weight[(layout->fetched + h * d + c) * (H * d) + h * d + c] = 1;
    }
  }
}

/* The two halves of clip(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2), where z has the weights and the bias that `up` and
 * `bias` hold for kappa = 1; `weight` times it is added to column `target`. Where the storage has not the digits for a half in the
 * biases, the ramp is moved by a half: its ends are as far from the odd z as kappa = 1 allows, and the clip is the same there. */
struct clip {
  enum lat_dtype storage;
  struct lat_layer *layer;
  size_t width, ffn, unit;
  float kappa;
};
static void add_input(const struct clip *clip, size_t column, float weight) {
  for (size_t half = 0; half < 2; half++)
    clip->layer->up.weight[(clip->unit + half) * clip->width + column] = clip->kappa * weight;
}
static float upper_half(const struct clip *clip, float bias) {
  static const float choice[] = {0.5f, 0.0f, 1.0f};
  for (size_t i = 0; i < 3; i++) {
    float first = bias + choice[i], second = first - 1;
    if (lat_dtype_round(clip->storage, first) == first && lat_dtype_round(clip->storage, second) == second)
      return choice[i];
  }
  return 0.5f;
}
static void finish_clip(struct clip *clip, float bias, size_t target, float weight) {
  float upper = clip->storage == LAT_DTYPE_FP32 ? 0.5f : upper_half(clip, clip->kappa * bias);
  for (size_t half = 0; half < 2; half++) {
    clip->layer->up.bias[clip->unit + half] = clip->kappa * bias + (half ? upper - 1 : upper);
    clip->layer->down.weight[target * clip->ffn + clip->unit + half] = half ? -weight : weight;
  }
  clip->unit += 2;
}

/* Takes the selected bit of what head h fetched: for each bit j of a thought, with r bits and M levels in its channel, the
 * staircase of the levels at which the bit changes, each clip lowered by 2 (M - 1) unless the selector says j. */
static void build_choice(const struct lat_thoughts *thoughts, size_t h, struct clip *clip) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  size_t w = thoughts->construction.bits_per_step, target = layout->chosen + h;
  unsigned b = thoughts->construction.bits_per_channel;
  for (size_t j = 0; j < w; j++) {
    size_t c = j / b;
    unsigned i = (unsigned)(j % b), r = lat_thoughts_bits_of(w, b, c);
    float steps = (float)(((size_t)1 << r) - 1);
    for (size_t q = 1; q <= changes(r, i); q++) {
      float n = (float)(q << i); /* the bit changes between levels n - 1 and n */
      add_input(clip, layout->fetched + h * layout->channels + c, steps);
      for (size_t s = 0; s < layout->select_bits; s++)
        add_input(clip, layout->select + h * layout->select_bits + s, j >> s & 1 ? steps : -steps);
      finish_clip(clip, -(2 * n - steps - 1) - steps * (float)layout->select_bits, target, q % 2 ? 2.0f : -2.0f);
    }
  }
  clip->layer->down.bias[target] = -1;
}

/* The truth table of gate g, into its channel of the next thought. */
static void build_table(const struct lat_thoughts *thoughts, size_t g, struct clip *clip) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  size_t w = thoughts->construction.bits_per_step, K = thoughts->construction.fan_in, patterns = (size_t)1 << K;
  unsigned b = thoughts->construction.bits_per_channel, r = lat_thoughts_bits_of(w, b, g / b);
  float weight = (float)(ldexp(2, (int)(g % b)) / (double)(((size_t)1 << r) - 1));
  for (size_t s = 0; s < patterns; s++) {
    for (size_t k = 0; k < K; k++) add_input(clip, layout->chosen + g * K + k, s >> k & 1 ? 1.0f : -1.0f);
    add_input(clip, layout->table + g * patterns + s, 1);
    finish_clip(clip, -(float)K, layout->next + g / b, weight);
  }
  clip->layer->down.bias[layout->next + g / b] = -1;
}

static void set_code(float *row, size_t first, size_t bits, size_t number) {
  for (size_t b = 0; b < bits; b++) row[first + b] = number >> b & 1 ? 1.0f : -1.0f;
}

/* The row of position p: its address, and the gates of the thought that is made there. Empty gates read bit 0 of position 0
 * and are always 0; a gate of fewer than K fan-ins reads its first again, and its table does not ask. */
static void build_position(const struct lat_netlist *netlist, const struct lat_thoughts *thoughts, size_t p, float *row) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  size_t w = thoughts->construction.bits_per_step, K = thoughts->construction.fan_in, patterns = (size_t)1 << K;
  set_code(row, layout->address, layout->address_bits, p);
  for (size_t g = 0; g < w; g++) {
    uint32_t node = UINT32_MAX;
    if (p + 1 >= thoughts->prompt_tokens && p + 1 - thoughts->prompt_tokens < thoughts->steps)
      node = thoughts->gate[(p + 1 - thoughts->prompt_tokens) * w + g];
    unsigned fan_ins = node == UINT32_MAX ? 0 : lat_netlist_fan_ins(netlist, node);
    uint64_t table = node == UINT32_MAX ? 0 : netlist->table[node];
    for (size_t k = 0; k < K; k++) {
      size_t place = fan_ins == 0 ? 0 : thoughts->place[netlist->fan_in[netlist->first[node] + (k < fan_ins ? k : 0)]];
      set_code(row, layout->pointer + (g * K + k) * layout->address_bits, layout->address_bits, place / w);
      set_code(row, layout->select + (g * K + k) * layout->select_bits, layout->select_bits, place % w);
    }
    size_t mask = ((size_t)1 << fan_ins) - 1;
    for (size_t s = 0; s < patterns; s++) row[layout->table + g * patterns + s] = table >> (s & mask) & 1 ? 1.0f : -1.0f;
  }
}

void lat_thoughts_build(const struct lat_netlist *netlist, struct lat_thoughts *thoughts) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  struct lat_transformer *model = thoughts->model;
  size_t D = layout->width, w = thoughts->construction.bits_per_step;
  struct clip clip = {.storage = thoughts->construction.arithmetic.storage,
                      .width = D,
                      .ffn = layout->ffn,
                      .kappa = (float)thoughts->construction.kappa};
  build_attention(thoughts, &model->layer[0]);
  if (layout->layers == 2) {
    clip.layer = &model->layer[0];
    for (size_t h = 0; h < layout->heads; h++) build_choice(thoughts, h, &clip);
    clip.unit = 0;
  }
  clip.layer = &model->layer[layout->layers - 1];
  for (size_t g = 0; g < w; g++) build_table(thoughts, g, &clip);
  for (size_t p = 0; p < thoughts->sequence; p++) build_position(netlist, thoughts, p, model->position + p * D);
  for (size_t token = 0; token < thoughts->vocabulary; token++) {
    set_code(model->token + token * D, layout->content, w, token);
    set_code(model->head + token * D, layout->next, w, token);
  }
}
