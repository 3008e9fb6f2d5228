#include "lib/compile/vector.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"

#define LARGEST_KAPPA 1e4

/* What a node reads and when it is true: an input or a constant reads itself. */
struct gate {
  unsigned fan_ins; /* K_i */
  uint32_t fan_in[LAT_MAX_FAN_IN];
  uint64_t pattern; /* the patterns that get a clip */
  unsigned patterns;
  int inverted; /* they are those for which the gate is false */
};

static struct gate gate_of(const struct lat_netlist *netlist, size_t node) {
  unsigned fan_ins = lat_netlist_fan_ins(netlist, node);
  if (node < netlist->inputs || fan_ins == 0)
    return (struct gate){.fan_ins = 1, .fan_in = {(uint32_t)node}, .pattern = 2, .patterns = 1};
  struct gate gate = {.fan_ins = fan_ins, .pattern = netlist->table[node]};
  memcpy(gate.fan_in, netlist->fan_in + netlist->first[node], fan_ins * sizeof *gate.fan_in);
  unsigned all = 1u << fan_ins;
  gate.patterns = (unsigned)__builtin_popcountll(gate.pattern);
  if (2 * gate.patterns > all) {
    gate.inverted = 1;
    gate.pattern = ~gate.pattern & (all < 64 ? ((uint64_t)1 << all) - 1 : UINT64_MAX);
    gate.patterns = all - gate.patterns;
  }
  return gate;
}

/* Two units a clip; value and ready bit are cleared by two units each. */
static size_t units_of(const struct gate *gate) { return 2 * (size_t)gate->patterns + 2 + 4; }

size_t lat_vector_units(const struct lat_netlist *netlist) {
  size_t units = 0;
  for (size_t i = 0; i < netlist->nodes; i++) {
    struct gate gate = gate_of(netlist, i);
    units += units_of(&gate);
  }
  return units;
}

static size_t terms_of(const struct gate *gate) { return 2 * (size_t)gate->fan_ins * (gate->patterns + (size_t)1) + 4; }

static int check(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  unsigned K = construction->fan_in;
  if (K < 2 || K > LAT_MAX_FAN_IN) return LAT_FAIL(LAT_INPUT, "fan-in %u is not in 2..%d", K, LAT_MAX_FAN_IN);
  if (construction->layers < 1) return LAT_FAIL(LAT_INPUT, "a block needs at least 1 layer");
  if (construction->bits_per_step > 0)
    return LAT_FAIL(LAT_UNSUPPORTED, "a thought of %zu bits a step is made by lib/compile/thoughts.h",
                    construction->bits_per_step);
  if (construction->norm == LAT_NORM_LAYERNORM)
    return LAT_FAIL(LAT_UNSUPPORTED,
                    "LayerNorm takes away the mean of a thought, which changes with its bits: take "
                    "rmsnorm or none with one vector");
  if (construction->snap != LAT_SNAP_CLIP)
    return LAT_FAIL(LAT_UNSUPPORTED, "the one-vector machine is made of clips: without a snap take the universal variant");
  if (!(construction->kappa >= 1 && construction->kappa <= LARGEST_KAPPA) && construction->kappa != 0)
    return LAT_FAIL(LAT_INPUT, "kappa %g is not in 1..%g", construction->kappa, LARGEST_KAPPA);
  if (netlist->nodes == 0) return LAT_FAIL(LAT_INPUT, "the circuit has no node");
  if (netlist->nodes > INT32_MAX / 2) return LAT_FAIL(LAT_INPUT, "%zu nodes do not fit one thought", netlist->nodes);
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    if (lat_netlist_fan_ins(netlist, i) > K)
      return LAT_FAIL(LAT_INPUT, "node %zu has %u fan-ins and the construction %u: map the circuit first", i,
                      lat_netlist_fan_ins(netlist, i), K);
  return LAT_OK;
}

static int allocate(const struct lat_netlist *netlist, struct lat_vector *vector) {
  size_t fans = 0, N = vector->nodes = netlist->nodes;
  vector->inputs = netlist->inputs;
  vector->outputs = netlist->outputs;
  vector->width = 2 * N;
  for (size_t i = 0; i < N; i++) {
    struct gate gate = gate_of(netlist, i);
    vector->ffn += units_of(&gate);
    vector->terms += terms_of(&gate);
    fans += gate.fan_ins;
  }
  vector->level = lat_alloc(N, sizeof *vector->level);
  vector->output = lat_alloc(netlist->outputs, sizeof *vector->output);
  vector->unit = lat_alloc(vector->width + 1, sizeof *vector->unit);
  vector->term = lat_alloc(vector->ffn + 1, sizeof *vector->term);
  vector->bias = lat_alloc(vector->ffn, sizeof *vector->bias);
  vector->down = lat_alloc(vector->ffn, sizeof *vector->down);
  vector->column = lat_alloc(vector->terms, sizeof *vector->column);
  vector->weight = lat_alloc(vector->terms, sizeof *vector->weight);
  vector->base = lat_alloc(vector->width, sizeof *vector->base);
  vector->state = lat_alloc(vector->width, sizeof *vector->state);
  vector->fan_first = lat_alloc(N + 1, sizeof *vector->fan_first);
  vector->fan = lat_alloc(fans, sizeof *vector->fan);
  if (!vector->level || !vector->output || !vector->unit || !vector->term || !vector->bias || !vector->down ||
      !vector->column || !vector->weight || !vector->base || !vector->state || !vector->fan_first || !vector->fan)
    return LAT_FAIL(LAT_MEMORY, "no memory for the one-vector machine of %zu nodes", N);
  return LAT_OK;
}

/* Where the next unit and the next term go. */
struct cursor {
  struct lat_vector *vector;
  size_t unit, term;
};

static void add_term(struct cursor *at, size_t column, float weight) {
  at->vector->column[at->term] = (uint32_t)column;
  at->vector->weight[at->term++] = weight;
}

static void end_unit(struct cursor *at, float bias, float down) {
  at->vector->bias[at->unit] = bias;
  at->vector->down[at->unit++] = down;
  at->vector->term[at->unit] = at->term;
}

/* Adds 2 clip(sum_k +-x[first + fan-in k] - (K - 1)) times `sign`; bit k of the pattern gives the sign of fan-in k. */
static void add_clip(struct cursor *at, const struct gate *gate, size_t first, size_t pattern, float sign) {
  const struct lat_construction *c = &at->vector->construction;
  float t = lat_construct_activation_scale(c->activation), slope = (float)c->kappa * t;
  for (int half = 0; half < 2; half++) {
    for (unsigned k = 0; k < gate->fan_ins; k++) add_term(at, first + gate->fan_in[k], pattern >> k & 1 ? slope : -slope);
    float offset = slope * (float)(gate->fan_ins - 1);
    end_unit(at, (half ? -0.5f * t : 0.5f * t) - offset, sign * (half ? -2 / t : 2 / t));
  }
}

/* x - ReLU(x) + ReLU(-x) = 0. */
static void add_clear(struct cursor *at, size_t column) {
  float t = lat_construct_activation_scale(at->vector->construction.activation);
  for (int half = 0; half < 2; half++) {
    add_term(at, column, half ? -t : t);
    end_unit(at, 0, half ? 1 / t : -1 / t);
  }
}

static void fill(const struct lat_netlist *netlist, struct lat_vector *vector) {
  struct cursor at = {.vector = vector};
  size_t N = vector->nodes, fans = 0;
  vector->term[0] = 0;
  for (size_t i = 0; i < N; i++) {
    struct gate gate = gate_of(netlist, i);
    unsigned fan_ins = lat_netlist_fan_ins(netlist, i);
    int settled = i < netlist->inputs || fan_ins == 0;
    vector->fan_first[i] = fans;
    for (unsigned k = 0; k < gate.fan_ins; k++) vector->fan[fans++] = gate.fan_in[k];
    vector->unit[i] = at.unit;
    for (size_t s = 0; s < (size_t)1 << gate.fan_ins; s++)
      if (gate.pattern >> s & 1) add_clip(&at, &gate, 0, s, gate.inverted ? -1.0f : 1.0f);
    add_clear(&at, i);
    vector->base[i] = gate.inverted ? 1.0f : -1.0f;
    vector->state[i] = i >= netlist->inputs && settled && (netlist->table[i] & 1) ? 1.0f : -1.0f;
    vector->state[N + i] = settled ? 1.0f : -1.0f;
  }
  vector->fan_first[N] = fans;
  for (size_t i = 0; i < N; i++) {
    struct gate gate = gate_of(netlist, i);
    vector->unit[N + i] = at.unit;
    add_clip(&at, &gate, N, SIZE_MAX, 1.0f);
    add_clear(&at, N + i);
    vector->base[N + i] = -1.0f;
  }
  vector->unit[2 * N] = at.unit;
  memcpy(vector->output, netlist->output, netlist->outputs * sizeof *vector->output);
}

int lat_vector_compile(const struct lat_netlist *netlist, const struct lat_construction *construction,
                       struct lat_vector **result) {
  int status = LAT_OK;
  struct lat_vector *vector = NULL;
  *result = NULL;
  LAT_TRY(status, check(netlist, construction));
  vector = lat_calloc(1, sizeof *vector);
  LAT_CHECK(status, vector, LAT_MEMORY, "no memory for a one-vector machine");
  LAT_TRY(status, allocate(netlist, vector));
  vector->construction = *construction;
  vector->construction.variant = LAT_VARIANT_VECTOR;
  vector->construction.beta = 0;
  vector->construction.kappa = lat_construct_round(construction->kappa > 0 ? construction->kappa : 1);
  vector->depth = lat_netlist_levels(netlist, vector->level);
  if (vector->construction.steps == 0) {
    size_t steps = (vector->depth + construction->layers - 1) / construction->layers;
    vector->construction.steps = steps > 0 ? steps : 1;
  }
  fill(netlist, vector);
  *result = vector;
  vector = NULL;
done:
  lat_vector_free(vector);
  return status;
}

void lat_vector_free(struct lat_vector *vector) {
  if (vector == NULL) return;
  void *part[] = {vector->level,  vector->output, vector->unit, vector->term,  vector->bias,      vector->down,
                  vector->column, vector->weight, vector->base, vector->state, vector->fan_first, vector->fan};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) lat_free(part[i]);
  lat_free(vector);
}
