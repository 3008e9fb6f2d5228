/* How much depth does width buy? Two measurements:
 * collapse:  a circuit mapped to nodes of K fan-ins, compiled and run: levels per layer against the feed-forward units that a
 *            table of 2^K entries costs;
 * receptive: how many inputs a token's state depends on after l layers, found by flipping every input of a parity tree and
 *            comparing states bit for bit, against the bound (H + 1)^l for heads that read one token each. */
#include <math.h>
#include <stdio.h>
#include <string.h>

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

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  int collapse = strcmp(p->measure, "collapse") == 0, receptive = strcmp(p->measure, "receptive") == 0;
  if (!collapse && !receptive) return LAT_FAIL(LAT_INPUT, "measure '%s' is neither collapse nor receptive", p->measure);
  struct lat_netlist *circuit = NULL;
  int status = circuit_of(p, &circuit);
  if (status == LAT_OK) status = lat_put_integer(run, "input_count", (int64_t)circuit->inputs);
  if (status == LAT_OK) status = collapse ? run_collapse(run, p, circuit) : run_receptive(run, p, circuit->inputs);
  lat_netlist_free(circuit);
  return status;
}

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(lat_merged_text(merged, "measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

/* The circuit's name: the file's base name, else the family. */
static const char *name_of(const struct lat_merged *merged, size_t i) {
  const char *file = lat_merged_text(merged, "circuit", i), *slash = file != NULL ? strrchr(file, '/') : NULL;
  if (file == NULL || file[0] == '\0') return lat_merged_text(merged, "family", i);
  return slash != NULL ? slash + 1 : file;
}

/* No earlier collapse point has the same name up to one of the characters in `end` ("": all of the name). */
static int first_of_its_name(const struct lat_merged *merged, size_t i, const char *end) {
  int length = (int)strcspn(name_of(merged, i), end);
  for (size_t j = 0; j < i; j++) {
    int other = is(merged, j, "collapse") ? (int)strcspn(name_of(merged, j), end) : -1;
    if (other == length && strncmp(name_of(merged, j), name_of(merged, i), (size_t)length) == 0) return 0;
  }
  return 1;
}

/* Fewest layers l with (heads + 1)^l >= inputs, in whole numbers. */
static int64_t layers_bound(int64_t heads, int64_t inputs) {
  int64_t layers = 0;
  for (double reach = 1; reach < (double)inputs; reach *= (double)(heads + 1)) layers++;
  return layers;
}

/* Which series the figure draws, as lists of words: up to six circuits, one a family; the largest parity tree. */
static int series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char circuits[512] = "";
  size_t used = 0, drawn = 0, largest = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (is(merged, i, "receptive") && lat_merged_integer(merged, "input_count", i) > (int64_t)largest)
      largest = (size_t)lat_merged_integer(merged, "input_count", i);
    if (!is(merged, i, "collapse") || !first_of_its_name(merged, i, ":") || drawn == 6) continue;
    if (used + strlen(name_of(merged, i)) + 2 >= sizeof circuits) continue;
    used += (size_t)snprintf(circuits + used, sizeof circuits - used, "%s%s", used > 0 ? " " : "", name_of(merged, i));
    drawn++;
  }
  int status = lat_table_begin(analysis, "series", "circuits\tparity of", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%s\t%zu", circuits, largest);
  return status;
}

static int analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  size_t points = lat_merged_points(merged), machines = 0, bad = 0, attained = 0, trees = 0, failed = 0;
  double most_levels = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < points; i++) failed += lat_merged_failed(merged, i) ? 1 : 0;

  LAT_TRY(status,
          lat_table_begin(analysis, "collapse",
                          "circuit\tK\tlevels of 2-input gates\tlayers\tlevels per layer\tFFN units\twidth\tparameters\t"
                          "wrong bits\tof bits\toutputs ready a layer earlier\tof outputs\tcertified",
                          "Every machine was built and run. 'Ready a layer earlier' below the number of outputs shows that "
                          "the depth was needed."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "collapse") || !first_of_its_name(merged, i, "")) continue;
    for (int64_t k = 2; k <= LAT_MAX_FAN_IN; k++)
      for (size_t j = i; j < points; j++) {
        if (!is(merged, j, "collapse") || strcmp(name_of(merged, j), name_of(merged, i)) != 0) continue;
        if (lat_merged_integer(merged, "fan_in", j) != k) continue;
        double levels = lat_merged_real(merged, "levels", j), layers = lat_merged_real(merged, "layers", j);
        int64_t wrong = lat_merged_integer(merged, "wrong_bits", j), certified = lat_merged_integer(merged, "certified", j);
        int64_t ready = lat_merged_integer(merged, "ready_before", j), all = lat_merged_integer(merged, "output_count", j);
        machines++;
        if (wrong != 0 || certified != 1 || ready >= all) bad++;
        if (levels / layers > most_levels) most_levels = levels / layers;
        LAT_TRY(status,
                lat_table_row(analysis, "%s\t%d\t%g\t%g\t%.4g\t%g\t%g\t%g\t%lld\t%g\t%lld\t%lld\t%lld", name_of(merged, j),
                              (int)k, levels, layers, levels / layers, lat_merged_real(merged, "ffn", j),
                              lat_merged_real(merged, "width", j), lat_merged_real(merged, "parameters", j),
                              (long long)wrong, lat_merged_real(merged, "total_bits", j), (long long)ready, (long long)all,
                              (long long)certified));
      }
  }
  LAT_TRY(status,
          lat_table_begin(analysis, "lines", "K\tFFN units\ttree: log2 K (levels)\tread-once chain: K - 1 (levels)", NULL));
  for (int k = 2; k <= LAT_MAX_FAN_IN; k++)
    LAT_TRY(status, lat_table_row(analysis, "%d\t%d\t%.6g\t%d", k, 2 * (1 << k) + 2 + 2 * (2 * k + 2), log2(k), k - 1));

  LAT_TRY(status, lat_table_begin(analysis, "receptive",
                                  "layers\tinputs a state depends on, at most\theads H\t(H + 1)^layers\tparity of", NULL));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "receptive")) continue;
    size_t extent[3];
    const double *reach = lat_merged_array(merged, "dependence", i, extent);
    double heads = lat_merged_real(merged, "fan_in", i);
    for (size_t l = 0; l < extent[0]; l++) {
      double bound = pow(heads + 1, (double)l);
      if (!(reach[l] <= bound)) bad++;
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%g\t%g\t%g\t%g", l, reach[l], heads, bound,
                                    lat_merged_real(merged, "input_count", i)));
    }
  }
  LAT_TRY(status,
          lat_table_begin(
              analysis, "trees", "parity of\theads H\tbound: layers >= log_{H+1} n\tcompiled tree (layers)\tattained",
              "The receptive-field bound and the compiled parity tree. The tree reads H tokens a layer and not its own, "
              "so it attains log_H n: the bound in whole layers where the two round to the same number."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "receptive")) continue;
    int64_t heads = lat_merged_integer(merged, "fan_in", i), inputs = lat_merged_integer(merged, "input_count", i);
    int64_t bound = layers_bound(heads, inputs), layers = lat_merged_integer(merged, "layers", i);
    trees++;
    attained += bound == layers ? 1 : 0;
    if (layers < bound) bad++;
    LAT_TRY(status, lat_table_row(analysis, "%lld\t%lld\t%lld\t%lld\t%s", (long long)inputs, (long long)heads,
                                  (long long)bound, (long long)layers, bound == layers ? "yes" : "no"));
  }

  LAT_TRY(status, series(merged, analysis));
  if (machines == 0 || trees == 0 || failed > 0) {
    status = lat_verdict(analysis, LAT_OPEN, "%zu machines, %zu trees, %zu failed points: not enough to judge", machines,
                         trees, failed);
  } else if (bad > 0) {
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "%zu of %zu machines and trees were wrong, not certified, ready a layer early, or beyond the receptive-field bound",
        bad, machines + trees);
  } else {
    status = lat_verdict(analysis, LAT_SUPPORTED,
                         "%zu machines gave every output bit right in as many layers as the mapped depth and had outputs "
                         "not ready one layer "
                         "earlier; up to %.3g levels a layer were bought. No state depended on more than (H + 1)^l inputs; "
                         "%zu of %zu parity "
                         "trees need exactly the bound's layers.",
                         machines, most_levels, attained, trees);
  }
done:
  return status;
}

const struct lat_experiment lat_experiment_level_collapse;
const struct lat_experiment lat_experiment_level_collapse = {
    .name = "level_collapse",
    .section = "A. Expressiveness",
    .question = "How much depth does width buy?",
    .prediction =
        "A layer with K heads and 2 * 2^K + 4 K + 6 hidden units evaluates log2 K levels of a tree and up to K - 1 levels "
        "of a chain; "
        "so 'depth k needs k layers' holds at fixed width only, and each further level per layer squares the width.",
    .refuted_if =
        "a machine is wrong at its mapped depth, all outputs are ready one layer earlier, or a state depends on more than "
        "(H + 1)^l inputs",
    .source =
        "collapse of levels: Chandra, Stockmeyer and Vishkin 1984; receptive field of oblivious one-token heads: own "
        "derivation (METHOD.md)",
    .caption =
        "(a) Levels of two-input gates per layer against the feed-forward units of that layer, for K = 2 to 6 fan-ins; "
        "lines: a balanced "
        "tree gains log2 K, a read-once chain K - 1; circuits whose paths meet again (rule 110) can gain more. (b) The "
        "most inputs that any state depends on after l layers of a "
        "compiled parity tree "
        "with H heads, by flipping every input (marks), and the bound (H + 1)^l (lines).",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .run = run,
    .analyse = analyse,
};
