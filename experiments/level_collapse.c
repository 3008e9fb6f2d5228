/* How much depth does width buy? Two measurements:
 * collapse:  a circuit mapped to nodes of K fan-ins, compiled and run: levels per layer against the feed-forward units that a
 *            table of 2^K entries costs;
 * receptive: how many inputs a token's state depends on after l layers, found by flipping every input of a parity tree and
 *            comparing states bit for bit, against the bound (H + 1)^l for heads that read one token each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/level_collapse/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                          \
  TEXT(measure, "-", "collapse or receptive: see the top of the file", "collapse,receptive", "collapse,receptive", \
       "collapse,receptive")                                                                                       \
  TEXT(family, "-", "circuit family NAME:SIZE, or file", "parity:16,ripple:8,file",                                \
       "parity:64,kogge_stone:32,ripple:32,wallace:8,s5_tree:8,rule110:8,file",                                    \
       "parity:64,parity:216,kogge_stone:64,ripple:64,wallace:16,s5_tree:16,rule110:16,"                           \
       "comparator:64,batcher:32,file")                                                                            \
  PATH(circuit, "-", "circuit file, taken where family is file", "", "", "")                                       \
  INT(fan_in, "fan-ins", 2, 6, "K: fan-ins of a node, heads of a layer", "2,3,4", "2,3,4,5,6", "2,3,4,5,6")        \
  INT(vectors, "1", 1, 1000000, "random input vectors when there are over 2^10 assignments", "64", "256", "1024")  \
  INT(seed, "1", 0, 1e15, "of the vectors", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)
static const struct lat_output outputs[] = {
    {"gates", "1", "nodes after mapping", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"levels", "levels", "depth in nodes of 2 fan-ins", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"layers", "layers", "depth in nodes of K fan-ins = layers that the machine applies", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"ffn", "units", "feed-forward units of a layer", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"width", "channels", "width of the residual stream", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"parameters", "1", "parameters of the looped layer", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"certified", "1", "1 when the certificate holds", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong_bits", "bits", "wrong output bits after `layers` layers", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"total_bits", "bits", "output bits compared", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"ready_before", "outputs", "outputs ready one layer earlier", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"output_count", "outputs", "outputs of the circuit", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"dependence", "inputs", "most inputs that any token's state depends on", LAT_INTEGER, "layer", LAT_MAY_BE_MISSING},
    {"input_count", "inputs", "inputs of the circuit", LAT_INTEGER, "", 0},
    {0}};

static int circuit_of(const struct parameters *p, struct lat_netlist **clean) {
  struct lat_netlist *raw = NULL;
  int status =
      p->circuit[0] != '\0' ? lat_circuit_read(p->circuit, &raw) : lat_family_make(p->family, (uint64_t)p->seed, &raw);
  *clean = NULL;
  if (status == LAT_OK) status = lat_circuit_clean(raw, clean);
  lat_netlist_free(raw);
  return status;
}

static int run_collapse(struct lat_run *run, const struct parameters *p, const struct lat_netlist *circuit) {
  struct lat_netlist *pairs = NULL, *mapped = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL, *wanted = NULL, *got = NULL;
  struct lat_circuit_statistics two, statistics;
  struct lat_certificate certificate;
  uint64_t *ready = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_circuit_map(circuit, 2, &pairs));
  LAT_TRY(status, lat_circuit_map(circuit, (unsigned)p->fan_in, &mapped));
  LAT_TRY(status, lat_circuit_measure(pairs, &two));
  LAT_TRY(status, lat_circuit_measure(mapped, &statistics));
  struct lat_construction construction = {.fan_in = (unsigned)p->fan_in, .layers = 1};
  LAT_TRY(status, lat_compile(mapped, &construction, &compiled));
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine));
  lat_certify(compiled, lat_engine_attention(engine), &certificate);

  /* The oracle simulates the circuit as it came, not the mapped one that the machine runs. */
  int all = circuit->inputs <= 10;
  size_t vectors = all ? (size_t)1 << circuit->inputs : (size_t)p->vectors;
  LAT_TRY(status, lat_vectors_alloc(circuit->inputs, vectors, &inputs));
  LAT_TRY(status, lat_vectors_alloc(circuit->nodes, vectors, &values));
  LAT_TRY(status, lat_vectors_alloc(circuit->outputs, vectors, &wanted));
  LAT_TRY(status, lat_vectors_alloc(circuit->outputs, vectors, &got));
  if (all)
    lat_vectors_exhaustive(inputs);
  else
    lat_vectors_random(inputs, (uint64_t)p->seed);
  lat_simulate(circuit, inputs, values);
  lat_simulate_outputs(circuit, values, wanted);
  size_t steps = compiled->construction.steps;
  ready = lat_calloc(steps + 1, sizeof *ready);
  LAT_CHECK(status, ready != NULL, LAT_MEMORY, "no memory for %zu steps", steps);
  struct lat_engine_record record = {.outputs = got, .output_ready = ready};
  LAT_TRY(status, lat_engine_run(engine, inputs, NULL, &record));
  int64_t wrong = 0;
  for (size_t o = 0; o < circuit->outputs; o++)
    for (size_t n = 0; n < vectors; n++) wrong += lat_vectors_get(wanted, o, n) != lat_vectors_get(got, o, n);

  LAT_TRY(status, lat_put_integer(run, "gates", (int64_t)statistics.nodes));
  LAT_TRY(status, lat_put_integer(run, "levels", two.depth));
  LAT_TRY(status, lat_put_integer(run, "layers", statistics.depth));
  LAT_TRY(status, lat_put_integer(run, "ffn", (int64_t)compiled->model->config.ffn));
  LAT_TRY(status, lat_put_integer(run, "width", (int64_t)compiled->model->config.width));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)compiled->model->count));
  LAT_TRY(status, lat_put_integer(run, "certified", certificate.certified));
  LAT_TRY(status, lat_put_integer(run, "wrong_bits", wrong));
  LAT_TRY(status, lat_put_integer(run, "total_bits", (int64_t)(circuit->outputs * vectors)));
  LAT_TRY(status, lat_put_integer(run, "ready_before", (int64_t)ready[steps - 1]));
  LAT_TRY(status, lat_put_integer(run, "output_count", (int64_t)circuit->outputs));
done:
  lat_free(ready);
  lat_vectors_free(got);
  lat_vectors_free(wanted);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(mapped);
  lat_netlist_free(pairs);
  return status;
}

struct states {
  size_t row, steps; /* floats of one state */
  float *state;      /* [steps + 1][row] */
};

static int keep(void *context, size_t step, size_t layer, const float *x) {
  struct states *states = context;
  (void)layer;
  memcpy(states->state + (step + 1) * states->row, x, states->row * sizeof *x);
  return LAT_OK;
}

/* Parity of n inputs as a tree of K-ary nodes, so that ceil(log_K n) layers suffice. */
static int parity_tree(size_t inputs, unsigned fan_in, struct lat_netlist **tree) {
  uint64_t odd = 0;
  uint32_t *row = lat_alloc(inputs, sizeof *row);
  int status = LAT_OK;
  for (unsigned s = 0; s < 1u << fan_in; s++) odd |= (uint64_t)(__builtin_popcount(s) & 1) << s;
  LAT_TRY(status, lat_netlist_alloc("parity", tree));
  LAT_CHECK(status, row != NULL, LAT_MEMORY, "no memory for %zu inputs", inputs);
  for (size_t i = 0; i < inputs; i++) LAT_TRY(status, lat_netlist_input(*tree, NULL, &row[i]));
  for (size_t left = inputs, next; left > 1; left = next) {
    next = 0;
    for (size_t i = 0; i < left; i += fan_in, next++) {
      unsigned taken = left - i < fan_in ? (unsigned)(left - i) : fan_in;
      uint64_t table = taken == LAT_MAX_FAN_IN ? odd : odd & (((uint64_t)1 << (1u << taken)) - 1);
      LAT_TRY(status, lat_netlist_node(*tree, taken, &row[i], table, &row[next]));
    }
  }
  LAT_TRY(status, lat_netlist_output(*tree, "parity", row[0]));
  LAT_TRY(status, lat_netlist_finish(*tree, NULL));
done:
  if (status != LAT_OK) {
    lat_netlist_free(*tree);
    *tree = NULL;
  }
  lat_free(row);
  return status;
}

static int run_receptive(struct lat_run *run, const struct parameters *p, size_t inputs) {
  struct lat_netlist *tree = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_forward *forward = NULL;
  struct states base = {0}, flipped = {0};
  unsigned char *bit = NULL;
  int64_t *count = NULL, *most = NULL;
  float *x = NULL;
  int status = LAT_OK;
  LAT_TRY(status, parity_tree(inputs, (unsigned)p->fan_in, &tree));
  /* In bit-exact mode every wrong address weighs exactly 0, so a state that changes in one bit depends on the flipped input. */
  struct lat_construction construction = {.fan_in = (unsigned)p->fan_in, .layers = 1, .beta = 54};
  LAT_TRY(status, lat_compile(tree, &construction, &compiled));
  const struct lat_prompt *prompt = compiled->prompt;
  size_t steps = compiled->construction.steps, tokens = prompt->tokens, width = prompt->width;
  LAT_TRY(status, lat_forward_alloc(compiled->model, 1, tokens, &forward));
  base.row = flipped.row = tokens * width;
  base.state = lat_alloc((steps + 1) * base.row, sizeof *base.state);
  flipped.state = lat_alloc((steps + 1) * base.row, sizeof *base.state);
  x = lat_alloc(base.row, sizeof *x);
  bit = lat_calloc(prompt->inputs, 1);
  count = lat_calloc((steps + 1) * tokens, sizeof *count);
  most = lat_calloc(steps + 1, sizeof *most);
  LAT_CHECK(status,
            base.state != NULL && flipped.state != NULL && x != NULL && bit != NULL && count != NULL && most != NULL,
            LAT_MEMORY, "no memory for %zu states of %zu tokens", 2 * (steps + 1), tokens);
  for (size_t i = 0; i <= prompt->inputs; i++) { /* i = 0: all inputs 0; else input i - 1 flipped */
    struct states *states = i == 0 ? &base : &flipped;
    if (i > 0) bit[i - 1] = 1;
    lat_prompt_state(prompt, bit, x);
    memcpy(states->state, x, states->row * sizeof *x);
    LAT_TRY(status, lat_transformer_run(compiled->model, forward, steps, x, keep, states, 0));
    if (i > 0) bit[i - 1] = 0;
    for (size_t r = 0; i > 0 && r < (steps + 1) * tokens; r++)
      count[r] += memcmp(base.state + r * width, flipped.state + r * width, width * sizeof *x) != 0;
    LAT_TRY(status, lat_run_progress(run, (double)(i + 1) / (double)(prompt->inputs + 1)));
  }
  for (size_t t = 0; t <= steps; t++)
    for (size_t n = 0; n < tokens; n++)
      if (count[t * tokens + n] > most[t]) most[t] = count[t * tokens + n];
  size_t extent = steps + 1;
  LAT_TRY(status, lat_put_integers(run, "dependence", 1, &extent, most));
  LAT_TRY(status, lat_put_integer(run, "layers", (int64_t)steps));
done:
  lat_free(most);
  lat_free(count);
  lat_free(bit);
  lat_free(x);
  lat_free(flipped.state);
  lat_free(base.state);
  lat_forward_free(forward);
  lat_compiled_free(compiled);
  lat_netlist_free(tree);
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int receptive = strcmp(p->measure, "receptive") == 0, file = strcmp(p->family, "file") == 0;
  if (file && p->circuit[0] == '\0') return "family file is for --set circuit=FILE";
  if (!file && p->circuit[0] != '\0') return "with --set circuit=FILE only family file is run";
  if (receptive && strncmp(p->family, "parity:", 7) != 0)
    return "the receptive field is measured on parity trees: every input of a parity shows when it is flipped";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  if (strcmp(p->measure, "collapse") != 0 && strcmp(p->measure, "receptive") != 0)
    return LAT_FAIL(LAT_INPUT, "measure '%s' is neither collapse nor receptive", p->measure);
  return strcmp(p->family, "file") == 0 ? LAT_OK : lat_family_check(p->family);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  int collapse = strcmp(p->measure, "collapse") == 0;
  struct lat_netlist *circuit = NULL;
  int status = circuit_of(p, &circuit);
  if (status == LAT_OK) status = lat_put_integer(run, "input_count", (int64_t)circuit->inputs);
  if (status == LAT_OK) status = collapse ? run_collapse(run, p, circuit) : run_receptive(run, p, circuit->inputs);
  lat_netlist_free(circuit);
  return status;
}

const struct lat_experiment lat_experiment_level_collapse;
const struct lat_experiment lat_experiment_level_collapse = {
    .name = "level_collapse",
    .section = "A. Expressiveness",
    .question = "How much depth does width buy?",
    .prediction =
        "A layer with K heads and 2 * 2^K + 4 K + 6 hidden units evaluates log2 K levels of a tree and up to K - 1 "
        "levels of a chain; so 'depth k needs k layers' holds at fixed width only, and each further level per layer "
        "squares the width.",
    .refuted_if =
        "a machine is wrong at its mapped depth, all outputs are ready one layer earlier, or a state depends on more "
        "than (H + 1)^l inputs",
    .source =
        "collapse of levels: Chandra, Stockmeyer and Vishkin 1984; receptive field of oblivious one-token heads: own "
        "derivation (METHOD.md)",
    .caption =
        "(a) Levels of two-input gates per layer against the feed-forward units of that layer, for K = 2 to 6 "
        "fan-ins; lines: a balanced tree gains log2 K, a read-once chain K - 1; circuits whose paths meet again "
        "(rule 110) can gain more. (b) The most inputs that any state depends on after l layers of a compiled parity "
        "tree with H heads, by flipping every input (marks), and the bound (H + 1)^l (lines).",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .run = run,
    .analyse = lat_level_collapse_analyse,
};
