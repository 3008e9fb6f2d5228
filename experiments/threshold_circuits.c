/* How wide a gate can uniform attention count, and what does it buy? Two measurements:
 * gate:  one AND or MAJORITY of n inputs beside three gates whose edges all carry 0, compiled and run on counts around the
 *        threshold: how far the mean lies from the threshold, against exact arithmetic and the certificate;
 * depth: a function in constant depth of threshold gates, compiled and run, beside the family of two-input gates that computes
 *        the same, mapped, compiled and run: layers against inputs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/threshold_circuits/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"
#include "lib/compile/threshold.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                \
  TEXT(measure, "-", "gate or depth: see the top of the file", "gate,depth", "gate,depth", "gate,depth")                 \
  TEXT(gate, "-", "and or majority (gate)", "and,majority", "and,majority", "and,majority")                              \
  INT(fan_in, "fan-ins", 1, 16384, "n (gate)", "2,16,64", "2:512:*2", "2:2048:*2")                                       \
  REAL(beta, "1", 0, 60, "sharpness, 0 for one that is certified where one is (gate)", "0,2", "0,2,3,4,5", "0,2,3,4,5")  \
  TEXT(function, "-", "NAME:SIZE of a threshold function (depth)", "parity:8,multiplexer:2,comparator:4",                \
       "parity:4,parity:8,parity:16,parity:32,parity:64,popcount:4,popcount:8,popcount:16,popcount:32,popcount:64,"      \
       "multiplexer:1,multiplexer:2,multiplexer:3,multiplexer:4,multiplexer:5,multiplexer:6,comparator:2,"               \
       "comparator:4,comparator:8,comparator:16,comparator:32",                                                          \
       "parity:4,parity:8,parity:16,parity:32,parity:64,parity:100,popcount:4,popcount:8,popcount:16,popcount:32,"       \
       "popcount:64,popcount:100,multiplexer:1,multiplexer:2,multiplexer:3,multiplexer:4,multiplexer:5,"                 \
       "multiplexer:6,multiplexer:7,multiplexer:8,comparator:2,comparator:4,comparator:8,comparator:16,"                 \
       "comparator:32,comparator:64,comparator:100")                                                                     \
  INT(vectors, "1", 2, 100000, "input vectors of rising density when there are over 2^8 assignments (depth)", "8", "32", \
      "64")                                                                                                              \
  INT(seed, "1", 0, 1e15, "of the vectors", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"tokens", "tokens", "tokens of the threshold machine", LAT_INTEGER, "", 0},
    {"edges", "edges", "wires into threshold gates", LAT_INTEGER, "", 0},
    {"widest", "fan-ins", "largest fan-in of a threshold gate", LAT_INTEGER, "", 0},
    {"beta_used", "1", "sharpness that the weights hold", LAT_REAL, "", 0},
    {"beta_certified", "1", "smallest beta that the certificate accepts", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"certified", "1", "1 when the certificate holds", LAT_INTEGER, "", 0},
    {"checked", "bits", "settled values compared, all steps", LAT_INTEGER, "", 0},
    {"wrong", "bits", "settled values wrong, late, or ready early", LAT_INTEGER, "", 0},
    {"margin", "1", "n times the least distance of a mean from its threshold, negative on the wrong side", LAT_REAL, "", 0},
    {"margin_theory", "1", "the same in exact arithmetic", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"margin_tolerance", "1", "bound on the rounding of n times the mean", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"inputs", "bits", "inputs of the function", LAT_INTEGER, "", 0},
    {"depth", "levels", "depth in threshold gates", LAT_INTEGER, "", 0},
    {"output_wrong", "bits", "output bits of the threshold machine that differ from the two-input circuit's oracle",
     LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"output_bits", "bits", "output bits compared", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"ready_before", "bits", "output bits ready one step early", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"pairs_depth", "levels", "depth in two-input gates, mapped", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"pairs_nodes", "tokens", "tokens of the two-input machine", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"pairs_wrong", "bits", "output bits of the two-input machine that are wrong", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"pairs_certified", "1", "1 when its certificate holds", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {0}};

enum { DECOYS = 3 };

/* A gate of n inputs at an address that is a multiple of 4 and, at the next three, ANDs of n copies of an input that stays 0. */
static int beside_decoys(const char *gate, size_t n, struct lat_threshold **network) {
  size_t inputs = (n + 4) / 4 * 4, threshold = strcmp(gate, "and") == 0 ? n : n / 2 + 1;
  int status = LAT_OK;
  struct lat_edge *edge = lat_alloc(n, sizeof *edge);
  LAT_TRY(status, lat_threshold_alloc(inputs, network));
  LAT_CHECK(status, edge != NULL, LAT_MEMORY, "no memory for %zu edges", n);
  for (size_t g = 0; g <= DECOYS; g++) {
    for (size_t e = 0; e < n; e++) edge[e] = (struct lat_edge){(uint32_t)(g == 0 ? e : n), 0};
    LAT_TRY(status, lat_threshold_gate(*network, g == 0 ? threshold : n, n, edge, NULL));
  }
  LAT_TRY(status, lat_threshold_output(*network, (uint32_t)inputs));
done:
  lat_free(edge);
  return status;
}

/* n (mu - theta) of the gate in exact arithmetic, towards the right side: owners by the definition, values before the gates fire. */
static double exact_margin(const struct lat_threshold *network, double beta, const struct lat_vectors *values, size_t n) {
  size_t nodes = lat_threshold_nodes(network), gate = network->inputs;
  double fan_ins = (double)lat_threshold_fan_ins(network, 0), theta = (2.0 * network->at_least[0] - 1 - fan_ins) / fan_ins;
  double sum = 0, weight = 0;
  for (size_t i = 0; i < nodes; i++) {
    size_t owner = i < network->inputs ? i : nodes + network->first[i - network->inputs];
    double w = exp(-2 * beta * __builtin_popcountll(owner ^ gate));
    sum += i < network->inputs && lat_vectors_get(values, i, n) ? w : -w;
    weight += w;
  }
  for (size_t g = 0; g < network->gates; g++) {
    double w = exp(-2 * beta * __builtin_popcountll((network->inputs + g) ^ gate));
    for (size_t e = network->first[g]; e < network->first[g + 1]; e++, weight += w)
      sum += lat_vectors_get(values, network->edge[e].source, n) ? w : -w;
  }
  return fan_ins * (sum / weight - theta) * (lat_vectors_get(values, gate, n) ? 1 : -1);
}

static int put_machine(struct lat_run *run, const struct lat_threshold *network,
                       const struct lat_threshold_machine *machine, const struct lat_threshold_certificate *certificate,
                       const struct lat_threshold_record *record) {
  int status = LAT_OK;
  LAT_TRY(status, lat_put_integer(run, "tokens", (int64_t)machine->tokens));
  LAT_TRY(status, lat_put_integer(run, "edges", (int64_t)network->edges));
  LAT_TRY(status, lat_put_integer(run, "widest", (int64_t)machine->widest));
  LAT_TRY(status, lat_put_integer(run, "inputs", (int64_t)network->inputs));
  LAT_TRY(status, lat_put_integer(run, "depth", machine->depth));
  LAT_TRY(status, lat_put_real(run, "beta_used", machine->construction.beta));
  if (isfinite(certificate->beta_minimum)) LAT_TRY(status, lat_put_real(run, "beta_certified", certificate->beta_minimum));
  LAT_TRY(status, lat_put_integer(run, "certified", certificate->certified));
  LAT_TRY(status, lat_put_integer(run, "checked", (int64_t)record->checked));
  LAT_TRY(status, lat_put_integer(run, "wrong", (int64_t)(record->wrong + record->late + record->early)));
  LAT_TRY(status, lat_put_real(run, "margin", record->margin));
done:
  return status;
}

static int run_gate(struct lat_run *run, const struct parameters *p) {
  struct lat_threshold *network = NULL;
  struct lat_threshold_machine *machine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_threshold_certificate certificate;
  struct lat_threshold_record record;
  size_t n = (size_t)p->fan_in;
  double theory = (double)INFINITY;
  int status = LAT_OK;
  LAT_TRY(status, beside_decoys(p->gate, n, &network));
  struct lat_threshold_construction construction = {.beta = p->beta};
  LAT_TRY(status, lat_threshold_compile(network, &construction, &machine));
  LAT_TRY(status, lat_threshold_certify(network, machine, &certificate));
  /* Counts k - 1, k and k + 1, the ones first and the ones last. */
  LAT_TRY(status, lat_vectors_alloc(network->inputs, 6, &inputs));
  LAT_TRY(status, lat_vectors_alloc(lat_threshold_nodes(network), 6, &values));
  for (size_t v = 0; v < 6; v++)
    for (size_t i = 0; i < network->inputs; i++)
      lat_vectors_set(inputs, i, v, i < n && (v < 3 ? i : n - 1 - i) + 1 < network->at_least[0] + v % 3);
  lat_threshold_simulate(network, inputs, values);
  LAT_TRY(status, lat_threshold_run(network, machine, 0, inputs, values, &record));
  for (size_t v = 0; v < 6; v++) {
    double margin = exact_margin(network, machine->construction.beta, values, v);
    if (margin < theory) theory = margin;
  }
  LAT_TRY(status, put_machine(run, network, machine, &certificate, &record));
  LAT_TRY(status, lat_put_real(run, "margin_theory", theory));
  /* gamma(N + 8) for the mean and the last bits of the threshold and of exp */
  LAT_TRY(status, lat_put_real(run, "margin_tolerance", (double)n * (double)(machine->tokens + 16) * 0x1p-24));
done:
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
  return status;
}

/* All assignments of up to 8 inputs; else vector n of V has every bit 1 with probability n / (V - 1). */
static int vectors_for(size_t inputs, const struct parameters *p, struct lat_vectors **vectors) {
  size_t count = inputs <= 8 ? (size_t)1 << inputs : (size_t)p->vectors;
  int status = lat_vectors_alloc(inputs, count, vectors);
  if (status != LAT_OK) return status;
  if (inputs <= 8) {
    lat_vectors_exhaustive(*vectors);
    return LAT_OK;
  }
  for (size_t n = 0; n < count; n++) {
    struct lat_random random;
    lat_random_start(&random, (uint64_t)p->seed, "density", n);
    for (size_t i = 0; i < inputs; i++)
      lat_vectors_set(*vectors, i, n, lat_random_uniform(&random) < (double)n / (double)(count - 1));
  }
  return LAT_OK;
}

/* The two-input circuit mapped, compiled and run; `wanted` gets its oracle's outputs. */
static int run_pairs(struct lat_run *run, const struct lat_netlist *circuit, const struct lat_vectors *inputs,
                     struct lat_vectors *wanted) {
  struct lat_netlist *pairs = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *values = NULL, *got = NULL;
  struct lat_certificate certificate;
  int64_t wrong = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_vectors_alloc(circuit->nodes, inputs->count, &values));
  LAT_TRY(status, lat_vectors_alloc(circuit->outputs, inputs->count, &got));
  lat_simulate(circuit, inputs, values);
  lat_simulate_outputs(circuit, values, wanted);
  LAT_TRY(status, lat_circuit_map(circuit, 2, &pairs));
  struct lat_construction construction = {.fan_in = 2, .layers = 1};
  LAT_TRY(status, lat_compile(pairs, &construction, &compiled));
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine));
  lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
  struct lat_engine_record record = {.outputs = got};
  LAT_TRY(status, lat_engine_run(engine, inputs, NULL, &record));
  for (size_t o = 0; o < circuit->outputs; o++)
    for (size_t n = 0; n < inputs->count; n++) wrong += lat_vectors_get(wanted, o, n) != lat_vectors_get(got, o, n);
  LAT_TRY(status, lat_put_integer(run, "pairs_depth", compiled->depth));
  LAT_TRY(status, lat_put_integer(run, "pairs_nodes", (int64_t)compiled->nodes));
  LAT_TRY(status, lat_put_integer(run, "pairs_wrong", wrong));
  LAT_TRY(status, lat_put_integer(run, "pairs_certified", certificate.certified));
done:
  lat_vectors_free(got);
  lat_vectors_free(values);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(pairs);
  return status;
}

static int run_depth(struct lat_run *run, const struct parameters *p) {
  struct lat_threshold *network = NULL;
  struct lat_threshold_machine *machine = NULL;
  struct lat_netlist *circuit = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL, *wanted = NULL;
  struct lat_threshold_certificate certificate;
  struct lat_threshold_record record;
  int64_t wrong = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_threshold_make(p->function, &network));
  LAT_TRY(status, lat_family_make(p->function, 0, &circuit));
  LAT_TRY(status, vectors_for(network->inputs, p, &inputs));
  LAT_TRY(status, lat_vectors_alloc(lat_threshold_nodes(network), inputs->count, &values));
  LAT_TRY(status, lat_vectors_alloc(circuit->outputs, inputs->count, &wanted));
  LAT_TRY(status, run_pairs(run, circuit, inputs, wanted));
  struct lat_threshold_construction construction = {0};
  LAT_TRY(status, lat_threshold_compile(network, &construction, &machine));
  LAT_TRY(status, lat_threshold_certify(network, machine, &certificate));
  lat_threshold_simulate(network, inputs, values);
  LAT_TRY(status, lat_threshold_run(network, machine, 0, inputs, values, &record));
  /* The run has compared with the network's own oracle; the two-input circuit's says whether that network is the function. */
  for (size_t o = 0; o < network->outputs; o++)
    for (size_t n = 0; n < inputs->count; n++)
      wrong += lat_vectors_get(values, network->output[o], n) != lat_vectors_get(wanted, o, n);
  LAT_TRY(status, put_machine(run, network, machine, &certificate, &record));
  LAT_TRY(status, lat_put_integer(run, "output_wrong", wrong + (int64_t)record.output_wrong));
  LAT_TRY(status, lat_put_integer(run, "output_bits", (int64_t)record.output_bits));
  LAT_TRY(status, lat_put_integer(run, "ready_before", (int64_t)record.ready_before));
done:
  lat_vectors_free(wanted);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_netlist_free(circuit);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int depth = strcmp(p->measure, "depth") == 0;
  if (depth && (strcmp(p->gate, "and") != 0 || p->beta != 0 || p->fan_in != 2))
    return "gate, fan_in and beta do not matter to depth: listed once, with and, 2 and 0";
  if (!depth && strcmp(p->function, "parity:8") != 0) return "function does not matter to gate: listed once, with parity:8";
  return NULL;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double n = (double)p->fan_in;
  if (strcmp(p->measure, "gate") == 0) return 1e4 + 300 * n * n;
  const char *colon = strchr(p->function, ':');
  double size = colon ? strtod(colon + 1, NULL) : 1;
  return 1e4 + (double)p->vectors * (p->function[0] == 'p'   ? pow(size, 4)
                                     : p->function[0] == 'm' ? exp2(2 * size) * size * size
                                                             : pow(size, 4) / 4);
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  if (strcmp(p->measure, "gate") != 0 && strcmp(p->measure, "depth") != 0)
    return LAT_FAIL(LAT_INPUT, "measure '%s' is neither gate nor depth", p->measure);
  if (strcmp(p->gate, "and") != 0 && strcmp(p->gate, "majority") != 0)
    return LAT_FAIL(LAT_INPUT, "gate '%s' is neither and nor majority", p->gate);
  struct lat_threshold *network = NULL;
  int status = lat_threshold_make(p->function, &network);
  lat_threshold_free(network);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  int status = check(p);
  if (status != LAT_OK) return status;
  return strcmp(p->measure, "depth") == 0 ? run_depth(run, p) : run_gate(run, p);
}

const struct lat_experiment lat_experiment_threshold_circuits;
const struct lat_experiment lat_experiment_threshold_circuits = {
    .name = "threshold_circuits",
    .section = "A. Expressiveness",
    .question = "How many fan-ins can a gate count by uniform attention, and how much depth does that save?",
    .prediction =
        "A mean of n wires lies 1/n from its threshold, less 2 S/n (AND) or S/n (MAJORITY) for stray softmax weight S, "
        "which "
        "grows like n exp(-2 beta): so a fixed sharpness counts up to a fixed fan-in and beta has to grow by (log n)/2. "
        "With that, "
        "parity, popcount and multiplexer take 2 levels (4 layers) and the comparator 3 at every size, where two-input "
        "gates "
        "take O(log n).",
    .refuted_if =
        "a certified gate or machine has a wrong, late or early value, a measured mean differs from exact arithmetic by "
        "more "
        "than rounding can, a gate is right though its mean is predicted on the wrong side, the depth in threshold gates "
        "grows with n, "
        "or outputs are ready one step early",
    .source =
        "counting by uniform attention: Merrill and Sabharwal 2023; padded and looped transformers and TC0: London and "
        "Kanade "
        "2025, Svete et al. 2026; construction and certificate: own derivation (DESIGN.md, Threshold gates)",
    .caption =
        "(a) Distance of the worst mean from its threshold for an AND (filled) and a MAJORITY (open) of n inputs beside "
        "three gates "
        "that all carry 0, by sharpness beta: measured (marks) on exact arithmetic (lines); dashed: 1/n, no stray weight. "
        "Crosses at "
        "the foot: AND gates that came out wrong, where the mean is on the other side. (b) Layers applied by machines that "
        "were "
        "run and checked: threshold gates (filled, two layers a level) and two-input gates (open, one layer a level, least "
        "mapped "
        "depth), against the function's inputs. Fewer layers are paid for with tokens: the table beside this figure counts "
        "them.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_threshold_circuits_analyse,
};
