#include "lib/compile/threshold.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/compile/layout.h"
#include "lib/compile/threshold_bound.h"

enum { HIDDEN = 23, LAYERS = 2 };
#define DEFAULT_KAPPA 2.0 /* 1 in narrow formats, where the clip has to be exact */
#define LARGEST_BETA 1e6
#define LARGEST_KAPPA 1e4
#define ROOM_OF_BETA 2.0

static struct lat_threshold_layout make_layout(size_t tokens) {
  struct lat_threshold_layout layout = {.address_bits = lat_layout_address_bits(tokens)};
  size_t m = layout.address_bits;
  layout.pointer = layout.address + m;
  layout.owner = layout.pointer + m;
  layout.table = layout.owner + m;
  layout.threshold = layout.table + 2;
  layout.ready_threshold = layout.threshold + 1;
  layout.result = layout.ready_threshold + 1;
  layout.result_ready = layout.result + 1;
  layout.value = layout.result_ready + 1;
  layout.ready = layout.value + 1;
  layout.constant = layout.ready + 1;
  layout.fetched = layout.constant + 1;
  layout.fetched_ready = layout.fetched + 1;
  layout.mean = layout.fetched_ready + 1;
  layout.ready_mean = layout.mean + 1;
  layout.width = layout.ready_mean + 1;
  return layout;
}

/* A power of two near 1 / sqrt(m): logits are then exact in whatever order they are scaled and summed, so that the edges of a gate
 * have exactly equal ones. */
double lat_threshold_scale(size_t address_bits) { return exp2(-rint(log2((double)address_bits) / 2)); }

/* In single precision 12 bits of mantissa; else what the storage holds of the query weight. */
double lat_threshold_realised(double beta, size_t address_bits, struct lat_arithmetic arithmetic) {
  double scale = lat_threshold_scale(address_bits);
  if (lat_arithmetic_is_plain(arithmetic)) return lat_construct_round(beta);
  return (double)lat_dtype_round(arithmetic.storage, (float)(beta / scale)) * scale;
}

/* Hidden units in use while the weights of one layer are written. */
struct writer {
  const struct lat_threshold_layout *layout;
  struct lat_layer *layer;
  size_t unit;
};

/* One head: query = beta x[query ..], key = x[key ..], values x[value], x[value + 1] into x[to], x[to + 1]. */
static void attend(struct writer *w, double weight, size_t query, size_t key, size_t value, size_t to) {
  size_t m = w->layout->address_bits, D = w->layout->width;
  for (size_t b = 0; b < m; b++) {
    w->layer->query.weight[b * D + query + b] = (float)weight;
    w->layer->key.weight[b * D + key + b] = 1;
  }
  for (size_t part = 0; part < 2; part++) {
    w->layer->value.weight[part * D + value + part] = 1;
    w->layer->output.weight[(to + part) * 2 + part] = 1;
  }
}

/* Hidden unit ReLU(sum of weight x channel + bias); returns its row of weights. */
static float *hidden(struct writer *w, float bias, size_t target, float down) {
  w->layer->up.bias[w->unit] = bias;
  w->layer->down.weight[target * HIDDEN + w->unit] = down;
  return w->layer->up.weight + w->unit++ * w->layout->width;
}

/* target += 2 sign clip(x[from] + x[table] - 1), or 2 sign clip(x[from]) without a table (0: no channel has the number of the first
 * address bit). */
static void clip(struct writer *w, float kappa, size_t from, size_t table, float sign, size_t target) {
  for (int half = 0; half < 2; half++) {
    float *up = hidden(w, half ? -0.5f : 0.5f, target, half ? -2 * sign : 2 * sign);
    up[from] = kappa;
    if (!table) continue;
    up[table] = kappa;
    up[w->layout->constant] = -kappa;
  }
}

/* channel += -ReLU(channel) + ReLU(-channel) */
static void clear(struct writer *w, size_t channel) {
  for (int half = 0; half < 2; half++) hidden(w, 0, channel, half ? 1 : -1)[channel] = half ? -1 : 1;
}

/* target += 1 - 2 ReLU(1/2 - slope (x[mean] - x[threshold])) */
static void compare(struct writer *w, float slope, size_t mean, size_t threshold, size_t target) {
  float *up = hidden(w, 0.5f, target, -2);
  up[mean] = -slope;
  up[threshold] = slope;
  w->layer->down.bias[target] = 1;
}

static void construct_layers(const struct lat_threshold_machine *machine, double scale) {
  const struct lat_threshold_layout *layout = &machine->layout;
  double weight = machine->construction.beta / scale;
  float kappa = (float)machine->construction.kappa, slope = (float)machine->slope;
  struct writer fetch = {layout, &machine->model->layer[0], 0}, count = {layout, &machine->model->layer[1], 0};
  attend(&fetch, weight, layout->pointer, layout->address, layout->result, layout->fetched);
  clip(&fetch, kappa, layout->fetched, layout->table + 1, 1, layout->value);
  clip(&fetch, kappa, layout->fetched, layout->table, -1, layout->value);
  hidden(&fetch, 0, layout->value, 2)[layout->table] = 1; /* tau0 = 2 ReLU(tau0) - 1 */
  clip(&fetch, kappa, layout->fetched_ready, 0, 1, layout->ready);
  const size_t cleared[] = {layout->value,   layout->ready,         layout->result, layout->result_ready,
                            layout->fetched, layout->fetched_ready, layout->mean,   layout->ready_mean};
  for (size_t c = 0; c < sizeof cleared / sizeof *cleared; c++) clear(&fetch, cleared[c]);
  fetch.layer->down.bias[layout->value] = fetch.layer->down.bias[layout->ready] = -1;
  attend(&count, weight, layout->address, layout->owner, layout->value, layout->mean);
  compare(&count, slope, layout->mean, layout->threshold, layout->result);
  compare(&count, slope, layout->ready_mean, layout->ready_threshold, layout->result_ready);
}

static void set_address(const struct lat_threshold_layout *layout, float *row, size_t first, size_t number) {
  for (size_t b = 0; b < layout->address_bits; b++) row[first + b] = number >> b & 1 ? 1.0f : -1.0f;
}

static void construct_row(const struct lat_threshold_machine *machine, size_t token, size_t pointer, size_t owner,
                          int inverted, double threshold, double ready_threshold, int settled) {
  const struct lat_threshold_layout *layout = &machine->layout;
  float *row = machine->prompt->state + token * layout->width;
  set_address(layout, row, layout->address, token);
  set_address(layout, row, layout->pointer, pointer);
  set_address(layout, row, layout->owner, owner);
  row[layout->table] = inverted ? 1 : -1;
  row[layout->table + 1] = inverted ? -1 : 1;
  row[layout->threshold] = (float)threshold;
  row[layout->ready_threshold] = (float)ready_threshold;
  row[layout->result] = -1;
  row[layout->result_ready] = settled ? 1 : -1;
  row[layout->constant] = 1;
}

static void construct_prompt(const struct lat_threshold *network, const struct lat_threshold_machine *machine) {
  struct lat_prompt *prompt = machine->prompt;
  size_t nodes = machine->nodes;
  for (size_t i = 0; i < network->inputs; i++) {
    construct_row(machine, i, i, i, 0, 0, 0, 1);
    prompt->input_row[i] = (uint32_t)i;
  }
  for (size_t g = 0; g < network->gates; g++) {
    size_t token = network->inputs + g;
    double n = (double)lat_threshold_fan_ins(network, g), k = (double)network->at_least[g];
    construct_row(machine, token, token, nodes + network->first[g], 0, (2 * k - 1 - n) / n, 1 - 1 / n, 0);
    for (size_t e = network->first[g]; e < network->first[g + 1]; e++)
      construct_row(machine, nodes + e, network->edge[e].source, token, network->edge[e].inverted != 0, 0, 0, 0);
  }
  for (size_t o = 0; o < network->outputs; o++) prompt->readout_row[o] = network->output[o];
  prompt->input_delta[machine->layout.result] = 2;
  prompt->readout_direction[machine->layout.result] = 1;
}

static int check(const struct lat_threshold *network, const struct lat_threshold_construction *construction) {
  if (lat_threshold_nodes(network) == 0) return LAT_FAIL(LAT_INPUT, "the network has no node");
  if (!(construction->beta >= 0 && construction->beta <= LARGEST_BETA))
    return LAT_FAIL(LAT_INPUT, "beta %g is not in 0..%g", construction->beta, LARGEST_BETA);
  if (!(construction->kappa >= 1 && construction->kappa <= LARGEST_KAPPA) && construction->kappa != 0)
    return LAT_FAIL(LAT_INPUT, "kappa %g is not in 1..%g", construction->kappa, LARGEST_KAPPA);
  return LAT_OK;
}

/* Slopes are powers of two, so that they scale without rounding. */
static void choose_slopes(const struct lat_threshold *network, struct lat_threshold_machine *machine) {
  double kappa = machine->construction.kappa;
  if (!(kappa > 0)) kappa = lat_arithmetic_is_plain(machine->construction.arithmetic) ? DEFAULT_KAPPA : 1;
  machine->construction.kappa = exp2(rint(log2(kappa)));
  machine->widest = lat_threshold_widest(network);
  machine->slope = machine->construction.kappa;
  for (size_t n = 1; n < machine->widest; n *= 2) machine->slope *= 2;
}

int lat_threshold_compile(const struct lat_threshold *network, const struct lat_threshold_construction *construction,
                          struct lat_threshold_machine **result) {
  int status = LAT_OK;
  struct lat_threshold_machine *machine = NULL;
  *result = NULL;
  LAT_TRY(status, check(network, construction));
  machine = lat_calloc(1, sizeof *machine);
  LAT_CHECK(status, machine, LAT_MEMORY, "no memory for a threshold machine");
  machine->construction = *construction;
  machine->nodes = lat_threshold_nodes(network);
  machine->tokens = machine->nodes + network->edges;
  machine->layout = make_layout(machine->tokens);
  machine->level = lat_alloc(machine->nodes, sizeof *machine->level);
  LAT_CHECK(status, machine->level, LAT_MEMORY, "no memory for the levels of %zu nodes", machine->nodes);
  machine->depth = lat_threshold_levels(network, machine->level);
  if (machine->construction.steps == 0) machine->construction.steps = machine->depth > 0 ? machine->depth : 1;
  choose_slopes(network, machine);
  if (!(machine->construction.beta > 0)) {
    double smallest;
    LAT_TRY(status, lat_threshold_smallest_beta(network, machine, &smallest));
    machine->construction.beta =
        isfinite(smallest) ? ceil(2 * (smallest + ROOM_OF_BETA)) / 2 : LAT_CONSTRUCT_BIT_EXACT_BETA;
    if (!lat_arithmetic_is_plain(construction->arithmetic))
      machine->construction.beta = lat_threshold_vanishing_beta(construction->arithmetic.accumulate);
  }
  size_t m = machine->layout.address_bits, D = machine->layout.width;
  machine->construction.beta = lat_threshold_realised(machine->construction.beta, m, construction->arithmetic);
  double scale = lat_threshold_scale(m);
  struct lat_transformer_config config = {.width = D,
                                          .heads = 1,
                                          .key_width = m,
                                          .value_width = 2,
                                          .ffn = HIDDEN,
                                          .layers = LAYERS,
                                          .steps = machine->construction.steps,
                                          .attention_scale = scale,
                                          .linear_bias = 1,
                                          .arithmetic = construction->arithmetic};
  LAT_TRY(status, lat_transformer_alloc(&config, &machine->model));
  LAT_TRY(status, lat_prompt_alloc(machine->tokens, D, network->inputs, network->outputs, &machine->prompt));
  construct_layers(machine, scale);
  construct_prompt(network, machine);
  if (!lat_arithmetic_is_plain(construction->arithmetic)) lat_transformer_round(machine->model);
  *result = machine;
  machine = NULL;
done:
  lat_threshold_machine_free(machine);
  return status;
}

void lat_threshold_machine_free(struct lat_threshold_machine *machine) {
  if (!machine) return;
  lat_transformer_free(machine->model);
  lat_prompt_free(machine->prompt);
  lat_free(machine->level);
  lat_free(machine);
}
