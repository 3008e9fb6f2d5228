/* The weights. Rows of the matrices are written by name of channel; everything that is not written is 0. */
#include "lib/compile/superposition.h"

#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/node_vectors.h"
#include "lib/compile/superposition_layout.h"

enum { HEADS = 5, LIMIT_NODES = 4096, LIMIT_EDGES = 65536, LIMIT_THOUGHTS = 4096, LIMIT_POSITION = 1024 };

/* Which token looks how far back, and where it puts what it finds. */
static const struct {
  enum lat_special token;
  size_t back, buffer;
} chooser[HEADS] = {{LAT_SPECIAL_EDGE, 2, 0},
                    {LAT_SPECIAL_EDGE, 1, 1},
                    {LAT_SPECIAL_ROOT, 2, 1},
                    {LAT_SPECIAL_ROOT, 1, 1},
                    {LAT_SPECIAL_ANSWER, 1, 0}};

static double frequency(size_t position_width, size_t pair) {
  return pow(10, -8 * (double)(pair + 1) / (double)position_width);
}

void lat_superposition_position(size_t position_width, double at, float *row) {
  for (size_t k = 0; k < position_width / 2; k++) {
    row[2 * k] = (float)cos(at * frequency(position_width, k));
    row[2 * k + 1] = (float)sin(at * frequency(position_width, k));
  }
}

/* <p_i, p_{i + delta}> */
static double likeness(size_t position_width, size_t delta) {
  double sum = 0;
  for (size_t k = 0; k < position_width / 2; k++) sum += cos((double)delta * frequency(position_width, k));
  return sum;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static size_t hidden_units(const struct lat_superposition_options *o) {
  return 4 * o->nodes + 4 * o->width + 2 * larger(o->width, o->position_width);
}

/* Every choice that was left open, and the facts that follow from the sizes. */
static int realise(struct lat_superposition *machine) {
  struct lat_superposition_options *o = &machine->options;
  const struct {
    const char *name;
    size_t value, least, most;
  } size[] = {{"nodes", o->nodes, 2, LIMIT_NODES},
              {"edges", o->edges, 1, LIMIT_EDGES},
              {"thoughts", o->thoughts, 1, LIMIT_THOUGHTS},
              {"width", o->width, 0, 2 * LIMIT_NODES},
              {"position_width", o->position_width, 0, LIMIT_POSITION}};
  for (size_t i = 0; i < sizeof size / sizeof *size; i++)
    if (size[i].value < size[i].least || size[i].value > size[i].most)
      return LAT_FAIL(LAT_INPUT, "a search in superposition has %zu to %zu %s, and %zu cannot be", size[i].least,
                      size[i].most, size[i].name, size[i].value);
  if (o->position_width % 2 != 0)
    return LAT_FAIL(LAT_INPUT, "position_width is %zu, and an even one is needed", o->position_width);
  if (!(o->sharpness >= 0 && o->sharpness < 1e6) || !(o->tau >= 0 && o->tau < 1e6) ||
      !(o->threshold >= 0 && o->threshold < 1))
    return LAT_FAIL(LAT_INPUT, "sharpness %g, tau %g, threshold %g: the first two lie in 0 .. 1e6, the last in 0 .. 1",
                    o->sharpness, o->tau, o->threshold);
  machine->tokens = 3 * o->edges + 6 + o->thoughts + 1;
  if (o->width == 0) o->width = o->nodes;
  if (o->position_width == 0) o->position_width = 32;
  if (o->sharpness <= 0) o->sharpness = 24;
  if (o->tau <= 0) o->tau = sqrt((double)o->nodes) * log(16 * (double)o->edges * (double)machine->tokens);
  if (o->threshold <= 0) o->threshold = 0.5 / (double)o->edges;
  machine->threshold1 = 0.5 / sqrt((double)o->nodes);
  double full = (double)o->position_width / 2;
  machine->gap = full;
  for (size_t delta = 1; delta < machine->tokens + 2; delta++) {
    double gap = full - likeness(o->position_width, delta);
    if (gap < machine->gap) machine->gap = gap;
  }
  machine->eta = o->sharpness / machine->gap;
  machine->xi = 2 * (double)o->position_width / machine->gap;
  return LAT_OK;
}

static void construct_choosers(const struct lat_superposition *machine, const struct lat_columns *at,
                               struct lat_layer *layer) {
  const struct lat_transformer_config *config = &machine->model->config;
  size_t d = machine->options.width, p = machine->options.position_width, D = config->width, wide = config->key_width;
  float first[LIMIT_POSITION];
  lat_superposition_position(p, 1, first);
  for (size_t h = 0; h < HEADS; h++) {
    for (size_t k = 0; k < p; k++) {
      size_t own = h * wide + k, sink = own + p;
      layer->query.weight[own * D + at->position + k] = 1;
      layer->query.weight[sink * D + at->special + chooser[h].token] = (float)(-machine->xi * (double)first[k]);
      layer->query.bias[sink] = (float)(machine->xi * (double)first[k]);
      layer->key.weight[sink * D + at->position + k] = (float)machine->eta;
    }
    for (size_t k = 0; k < p; k += 2) { /* p_{j+l}: every pair turned by l w_k */
      double turn = (double)chooser[h].back * frequency(p, k / 2);
      float *row = layer->key.weight + (h * wide + k) * D + at->position + k;
      row[0] = (float)(machine->eta * cos(turn));
      row[1] = (float)(-machine->eta * sin(turn));
      row[D] = (float)(machine->eta * sin(turn));
      row[D + 1] = (float)(machine->eta * cos(turn));
    }
    for (size_t i = 0; i < d; i++) {
      layer->value.weight[(h * d + i) * D + at->content + i] = 1;
      layer->output.weight[(at->buffer[chooser[h].buffer] + i) * (HEADS * d) + h * d + i] = 1;
    }
  }
}

static void construct_step(const struct lat_superposition *machine, const struct lat_columns *at, struct lat_layer *layer) {
  size_t d = machine->options.width, D = machine->model->config.width;
  float tau = (float)machine->options.tau;
  for (size_t i = 0; i < d; i++) {
    layer->query.weight[i * D + at->content + i] = 1;
    layer->key.weight[i * D + at->buffer[0] + i] = tau;
    layer->value.weight[i * D + at->buffer[1] + i] = 1;
    layer->output.weight[(at->content + i) * (HEADS * d) + i] = 1;
  }
  layer->query.weight[d * D + at->special + LAT_SPECIAL_ANSWER] = 1;
  layer->key.weight[d * D + at->special + LAT_SPECIAL_ROOT] = tau;
}

/* target += sum_v u_v clip((<u_v, source> - threshold) 2 / threshold): two units a node, from *unit on. */
static void construct_filter(const struct lat_superposition *machine, size_t source, size_t target, double threshold,
                             size_t *unit, struct lat_layer *layer) {
  size_t d = machine->options.width, D = machine->model->config.width, F = machine->model->config.ffn;
  float slope = (float)(2 / threshold);
  for (size_t v = 0; v < machine->options.nodes; v++)
    for (size_t half = 0; half < 2; half++, ++*unit) {
      const float *u = machine->vector + v * d;
      for (size_t i = 0; i < d; i++) {
        layer->up.weight[*unit * D + source + i] = slope * u[i];
        layer->down.weight[(target + i) * F + *unit] = half ? -u[i] : u[i];
      }
      layer->up.bias[*unit] = half ? -2.5f : -1.5f;
    }
}

/* Takes `count` channels back to 0. */
static void construct_clear(const struct lat_superposition *machine, size_t channel, size_t count, size_t *unit,
                            struct lat_layer *layer) {
  size_t D = machine->model->config.width, F = machine->model->config.ffn;
  for (size_t i = channel; i < channel + count; i++)
    for (size_t half = 0; half < 2; half++, ++*unit) {
      layer->up.weight[*unit * D + i] = half ? -1 : 1;
      layer->down.weight[i * F + *unit] = half ? 1 : -1;
    }
}

static void construct(struct lat_superposition *machine) {
  const struct lat_superposition_options *o = &machine->options;
  struct lat_columns at = lat_superposition_columns(o->width, o->position_width);
  struct lat_layer *layer = machine->model->layer;
  size_t unit = 0;
  construct_choosers(machine, &at, &layer[0]);
  for (size_t b = 0; b < 2; b++) {
    construct_filter(machine, at.buffer[b], at.buffer[b], machine->threshold1, &unit, &layer[0]);
    construct_clear(machine, at.buffer[b], o->width, &unit, &layer[0]);
  }
  construct_clear(machine, at.position, o->position_width, &unit, &layer[0]);
  unit = 0;
  construct_step(machine, &at, &layer[1]);
  construct_filter(machine, at.content, at.content, o->threshold, &unit, &layer[1]);
  construct_filter(machine, at.buffer[0], at.content, o->threshold, &unit, &layer[1]);
  construct_clear(machine, at.content, o->width, &unit, &layer[1]);
  for (size_t b = 0; b < 2; b++) construct_clear(machine, at.buffer[b], o->width, &unit, &layer[1]);
}

int lat_superposition_alloc(const struct lat_superposition_options *options, struct lat_superposition **result) {
  int status = LAT_OK;
  *result = NULL;
  struct lat_superposition *machine = lat_calloc(1, sizeof *machine);
  LAT_CHECK(status, machine != NULL, LAT_MEMORY, "no memory for a search in superposition");
  machine->options = *options;
  LAT_TRY(status, realise(machine));
  const struct lat_superposition_options *o = &machine->options;
  struct lat_columns at = lat_superposition_columns(o->width, o->position_width);
  struct lat_transformer_config config = {.width = at.width,
                                          .heads = HEADS,
                                          .key_width = larger(2 * o->position_width, o->width + 1),
                                          .value_width = o->width,
                                          .ffn = hidden_units(o),
                                          .layers = 2,
                                          .steps = 1,
                                          .mask = LAT_MASK_CAUSAL,
                                          .attention_scale = 1,
                                          .linear_bias = 1};
  LAT_TRY(status, lat_transformer_alloc(&config, &machine->model));
  machine->vector = lat_alloc(o->nodes * o->width, sizeof(float));
  machine->gain = lat_alloc(at.width, sizeof(float));
  LAT_CHECK(status, machine->vector != NULL && machine->gain != NULL, LAT_MEMORY, "no memory for %zu node vectors",
            o->nodes);
  LAT_TRY(status, lat_node_vectors(o->nodes, o->width, o->seed, 0, machine->vector));
  for (size_t i = 0; i < at.width; i++) machine->gain[i] = (float)(1 / sqrt((double)at.width));
  construct(machine);
  *result = machine;
  machine = NULL;
done:
  lat_superposition_free(machine);
  return status;
}

void lat_superposition_free(struct lat_superposition *machine) {
  if (machine == NULL) return;
  lat_transformer_free(machine->model);
  lat_free(machine->vector);
  lat_free(machine->gain);
  lat_free(machine);
}
