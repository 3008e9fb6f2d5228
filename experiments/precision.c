/* What do narrow number formats break: pointing, counting, or the depth? Three measurements:
 * count:   a gate of n fan-ins that uniform attention counts, on counts either side of its threshold, by storage and accumulator;
 * pointer: a machine of pointer gates with K fan-ins looped at each beta, by storage and accumulator: loops until a wire is wrong;
 * horizon: the same machine without a snap: layers until a wire is wrong, against log_4(1 + 3 / (8 eps)). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/precision/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/gates.h"
#include "lib/compile/engine.h"
#include "lib/compile/horizon.h"
#include "lib/compile/threshold.h"
#include "lib/sweep/experiment.h"

#define FORMATS "fp32,fp16,bf16,fp8-e4m3,fp8-e5m2"
#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                       \
  TEXT(measure, "-", "count, pointer or horizon: see the top of the file", "count,pointer,horizon",             \
       "count,pointer,horizon", "count,pointer,horizon")                                                        \
  TEXT(storage, "-", "format that numbers are kept in", "fp32,bf16,fp8-e4m3", FORMATS, FORMATS)                 \
  TEXT(accumulate, "-", "format that sums are rounded to", "fp32,bf16,fp8-e4m3", FORMATS, FORMATS)              \
  TEXT(gate, "-", "majority or and (count)", "majority", "majority,and", "majority,and")                        \
  INT(fan_in, "fan-ins", 2, 16384, "n of a counting gate (count), K of a pointer gate (pointer)", "2,4,16,64",  \
      "2,3,4,6,8,12,16,24,32,48,64,96,128,192,256,512,1024",                                                    \
      "2,3,4,6,8,12,16,24,32,48,64,96,128,192,256,384,512,768,1024,2048,4096")                                  \
  INT(inputs, "inputs", 2, 4096, "of the AND tree that pointer gates make (pointer, horizon)", "8", "16", "64") \
  REAL(beta_low, "1", 0.01, 60, "first beta of the scan (pointer, horizon)", "1", "0.5", "0.5")                 \
  REAL(beta_high, "1", 0.01, 60, "last beta of the scan (pointer, horizon)", "8", "8", "8")                     \
  INT(beta_count, "1", 2, 1000, "number of betas in the scan (pointer, horizon)", "8", "16", "31")              \
  INT(loops, "steps", 1, 10000, "steps that a machine of pointer gates runs", "12", "16", "64")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"right", "1", "1 when every settled value was right (count)", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"ready_right", "1", "1 when every ready bit was right: an AND of as many fan-ins (count)", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"margin", "1", "n times the least distance of a mean from its threshold (count); -1e9 for a mean that is no number",
     LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"certified", "1", "1 when the certificate holds (count)", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"count_reason", "-", "why there is none (count)", LAT_TEXT, "", LAT_MAY_BE_MISSING},
    {"storage_bits", "bits", "significant bits of the storage", LAT_INTEGER, "", 0},
    {"accumulate_bits", "bits", "significant bits of the accumulator", LAT_INTEGER, "", 0},
    {"storage_largest", "1", "largest number of the storage", LAT_REAL, "", 0},
    {"accumulate_largest", "1", "largest number of the accumulator", LAT_REAL, "", 0},
    {"beta", "1", "sharpness that the weights hold (pointer, horizon)", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"leak", "1", "leak at that beta in exact arithmetic", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"survived", "steps", "steps without a wrong settled wire; -1: the format cannot hold this beta", LAT_INTEGER, "scan",
     LAT_MAY_BE_MISSING},
    {"predicted", "steps", "the same in exact arithmetic without a snap, at most the steps run (horizon)", LAT_INTEGER,
     "scan", LAT_MAY_BE_MISSING},
    {"horizon", "steps", "log_4(1 + 3 / (8 eps)) (horizon)", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"beta_certified", "1", "1 where the certificate holds (pointer)", LAT_INTEGER, "scan", LAT_MAY_BE_MISSING},
    {"pointer_reason", "-", "why not at the largest beta (pointer)", LAT_TEXT, "", LAT_MAY_BE_MISSING},
    {0}};

static int arithmetic_of(const struct parameters *p, struct lat_arithmetic *arithmetic) {
  int status = lat_dtype_parse(p->storage, &arithmetic->storage);
  return status == LAT_OK ? lat_dtype_parse(p->accumulate, &arithmetic->accumulate) : status;
}

static int run_count(struct lat_run *run, const struct parameters *p, struct lat_arithmetic arithmetic) {
  struct lat_threshold *network = NULL;
  struct lat_threshold_machine *machine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_threshold_certificate certificate;
  struct lat_threshold_record record;
  struct lat_threshold_construction construction = {.arithmetic = arithmetic};
  size_t n = (size_t)p->fan_in;
  char name[32];
  int status = LAT_OK;
  snprintf(name, sizeof name, "%s:%zu", p->gate, n);
  LAT_TRY(status, lat_threshold_make(name, &network));
  LAT_TRY(status, lat_threshold_compile(network, &construction, &machine));
  LAT_TRY(status, lat_threshold_certify(network, machine, &certificate));
  /* Counts k - 1 and k, all ones first and all ones last: the running sum goes as far up, or down, as it can. */
  LAT_TRY(status, lat_vectors_alloc(n, 4, &inputs));
  LAT_TRY(status, lat_vectors_alloc(lat_threshold_nodes(network), 4, &values));
  for (size_t v = 0; v < 4; v++)
    for (size_t i = 0; i < n; i++)
      lat_vectors_set(inputs, i, v, (v < 2 ? i : n - 1 - i) + 1 < network->at_least[0] + v % 2);
  lat_threshold_simulate(network, inputs, values);
  LAT_TRY(status, lat_threshold_run(network, machine, 0, inputs, values, &record));
  LAT_TRY(status, lat_put_integer(run, "right", record.wrong == 0));
  LAT_TRY(status, lat_put_integer(run, "ready_right", record.late + record.early == 0));
  LAT_TRY(status, lat_put_real(run, "margin", isfinite(record.margin) ? record.margin : -1e9));
  LAT_TRY(status, lat_put_integer(run, "certified", certificate.certified));
  LAT_TRY(status, lat_put_text(run, "count_reason", certificate.reason));
done:
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
  return status;
}

/* An AND of all inputs by a tree of nodes of K fan-ins. With a single input at 1 every other wire carries the opposite of it. */
static int conjunction(size_t inputs, unsigned fan_in, struct lat_netlist **mapped) {
  struct lat_gates gates;
  struct lat_netlist *pairs = NULL;
  *mapped = NULL;
  lat_gates_start(&gates, "and");
  uint32_t *x = lat_gates_inputs(&gates, "x", inputs);
  if (x) lat_gates_output(&gates, lat_gates_tree(&gates, LAT_AND, x, inputs), "all");
  int status = lat_gates_finish(&gates, &pairs);
  if (status == LAT_OK) status = lat_circuit_map(pairs, fan_in, mapped);
  lat_netlist_free(pairs);
  return status;
}

/* Only the first input 1; with `all`, also all of them, all but the first, and the first half. */
static int worst_vectors(const struct lat_netlist *netlist, int all, struct lat_vectors **inputs,
                         struct lat_vectors **values) {
  size_t count = all ? 4 : 1, n = netlist->inputs;
  int status = lat_vectors_alloc(n, count, inputs);
  if (status == LAT_OK) status = lat_vectors_alloc(netlist->nodes, count, values);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < n; i++) {
    lat_vectors_set(*inputs, i, 0, i == 0);
    if (!all) continue;
    lat_vectors_set(*inputs, i, 1, 1);
    lat_vectors_set(*inputs, i, 2, i > 0);
    lat_vectors_set(*inputs, i, 3, i < n / 2);
  }
  lat_simulate(netlist, *inputs, *values);
  return LAT_OK;
}

/* Steps before the first one after which a wire that is settled (level <= t) shows the wrong value. */
static int steps_survived(const struct lat_netlist *netlist, struct lat_compiled *compiled,
                          const struct lat_vectors *inputs, const struct lat_vectors *values, size_t steps,
                          int64_t *survived) {
  struct lat_engine *engine = NULL;
  size_t levels = (size_t)compiled->depth + 1;
  int status = LAT_OK;
  uint64_t *right = lat_calloc((steps + 1) * levels, sizeof *right), *wires = lat_calloc(levels, sizeof *wires);
  LAT_CHECK(status, right && wires, LAT_MEMORY, "no memory for the record of %zu steps", steps);
  for (size_t i = 0; i < netlist->nodes; i++)
    if (compiled->level[i] < levels) wires[compiled->level[i]] += inputs->count;
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine));
  struct lat_engine_record record = {.steps = steps, .level_right = right};
  LAT_TRY(status, lat_engine_run(engine, inputs, values, &record));
  *survived = (int64_t)steps;
  for (size_t t = steps; t > 0; t--)
    for (size_t l = 0; l < levels && l <= t; l++)
      if (right[t * levels + l] != wires[l]) *survived = (int64_t)t - 1;
done:
  lat_engine_free(engine);
  lat_free(wires);
  lat_free(right);
  return status;
}

/* The whole layers after which signs are right without a snap in exact arithmetic. */
static int64_t layers_predicted(double leak, int64_t most) {
  int64_t layers = 0;
  while (layers < most && lat_horizon_drift(leak, 2, (size_t)layers + 1) < 1) layers++;
  return layers;
}

static int run_scan(struct lat_run *run, const struct parameters *p, struct lat_arithmetic arithmetic, int horizon) {
  struct lat_netlist *netlist = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_certificate certificate = {0};
  size_t count = (size_t)p->beta_count;
  int status = LAT_OK;
  double *beta = lat_calloc(3 * count, sizeof *beta), *leak = beta + count, *limit = leak + count;
  int64_t *survived = lat_calloc(3 * count, sizeof *survived), *predicted = survived + count,
          *certified = predicted + count;
  LAT_CHECK(status, beta && survived, LAT_MEMORY, "no memory for %zu betas", count);
  LAT_TRY(status, conjunction((size_t)p->inputs, horizon ? 2 : (unsigned)p->fan_in, &netlist));
  LAT_TRY(status, worst_vectors(netlist, !horizon, &inputs, &values));
  for (size_t b = 0; b < count; b++) {
    struct lat_construction construction = {.fan_in = horizon ? 2 : (unsigned)p->fan_in,
                                            .layers = 1,
                                            .kappa = 1,
                                            .snap = horizon ? LAT_SNAP_NONE : LAT_SNAP_CLIP,
                                            .arithmetic = arithmetic};
    construction.beta = beta[b] = p->beta_low + (p->beta_high - p->beta_low) * (double)b / (double)(count - 1);
    lat_compiled_free(compiled);
    compiled = NULL;
    survived[b] = -1;
    status = lat_compile(netlist, &construction, &compiled);
    if (status == LAT_OK) {
      beta[b] = compiled->beta;
      lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
      certified[b] = certificate.certified;
      LAT_TRY(status, steps_survived(netlist, compiled, inputs, values, (size_t)p->loops, &survived[b]));
    } else if (status != LAT_INPUT) {
      goto done;
    }
    leak[b] = lat_leak_occupied(beta[b], netlist->nodes);
    limit[b] = lat_horizon_layers(leak[b], 2);
    predicted[b] = layers_predicted(leak[b], p->loops);
    LAT_TRY(status, lat_run_progress(run, (double)(b + 1) / (double)count));
  }
  LAT_TRY(status, lat_put_reals(run, "beta", 1, &count, beta));
  LAT_TRY(status, lat_put_reals(run, "leak", 1, &count, leak));
  LAT_TRY(status, lat_put_integers(run, "survived", 1, &count, survived));
  if (horizon) {
    LAT_TRY(status, lat_put_reals(run, "horizon", 1, &count, limit));
    LAT_TRY(status, lat_put_integers(run, "predicted", 1, &count, predicted));
  } else {
    LAT_TRY(status, lat_put_integers(run, "beta_certified", 1, &count, certified));
    LAT_TRY(status, lat_put_text(run, "pointer_reason", certificate.reason));
  }
done:
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
  lat_free(survived);
  lat_free(beta);
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int same = strcmp(p->storage, p->accumulate) == 0, count = strcmp(p->measure, "count") == 0;
  int pointer = strcmp(p->measure, "pointer") == 0, horizon = strcmp(p->measure, "horizon") == 0;
  if (!same && strcmp(p->storage, "fp32") != 0 && strcmp(p->accumulate, "fp32") != 0)
    return "of two different formats one is fp32";
  if (count) return p->fan_in > 512 && strcmp(p->gate, "majority") != 0 ? "over 512 fan-ins only majority is run" : NULL;
  if (strcmp(p->gate, "majority") != 0) return "gate matters to count only: listed once, with majority";
  if (pointer && p->fan_in != 2 && p->fan_in != 4) return "pointer gates have 2 or 4 fan-ins here";
  if (horizon && (p->fan_in != 2 || !same || strncmp(p->storage, "fp8", 3) == 0))
    return "the horizon is of two-input gates, with one format of at least 16 bits for all";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_arithmetic arithmetic;
  if (strcmp(p->measure, "count") != 0 && strcmp(p->measure, "pointer") != 0 && strcmp(p->measure, "horizon") != 0)
    return LAT_FAIL(LAT_INPUT, "measure '%s' is none of count, pointer, horizon", p->measure);
  if (strcmp(p->gate, "majority") != 0 && strcmp(p->gate, "and") != 0)
    return LAT_FAIL(LAT_INPUT, "gate '%s' is neither majority nor and", p->gate);
  if (p->beta_low >= p->beta_high)
    return LAT_FAIL(LAT_INPUT, "beta_low %g is not below beta_high %g", p->beta_low, p->beta_high);
  return arithmetic_of(p, &arithmetic);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double n = (double)p->fan_in, narrow = strcmp(p->storage, "fp32") == 0 && strcmp(p->accumulate, "fp32") == 0 ? 1 : 20;
  if (strcmp(p->measure, "count") == 0) return 1e4 + narrow * 300 * n * n;
  return narrow * (double)(p->beta_count * p->loops * p->inputs) * 400;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_arithmetic arithmetic;
  int status = check(p);
  if (status == LAT_OK) status = arithmetic_of(p, &arithmetic);
  if (status != LAT_OK) return status;
  struct lat_dtype_facts storage = lat_dtype_facts(arithmetic.storage), accumulate = lat_dtype_facts(arithmetic.accumulate);
  LAT_TRY(status, lat_put_integer(run, "storage_bits", storage.mantissa_bits + 1));
  LAT_TRY(status, lat_put_integer(run, "accumulate_bits", accumulate.mantissa_bits + 1));
  LAT_TRY(status, lat_put_real(run, "storage_largest", storage.largest));
  LAT_TRY(status, lat_put_real(run, "accumulate_largest", accumulate.largest));
  if (strcmp(p->measure, "count") == 0) return run_count(run, p, arithmetic);
  return run_scan(run, p, arithmetic, strcmp(p->measure, "horizon") == 0);
done:
  return status;
}

const struct lat_experiment lat_experiment_precision;
const struct lat_experiment lat_experiment_precision = {
    .name = "precision",
    .section = "A. Expressiveness",
    .question = "What do narrow number formats break: pointing, counting, or the depth?",
    .prediction =
        "An accumulator of p significant bits counts fan-ins that are powers of two exactly up to 2^p and stalls by "
        "2^(p+2) (bf16: "
        "p = 8, 256), and other fan-ins fail earlier by rounding; narrow storage alone does not break MAJORITY while its "
        "range lasts, "
        "but AND, whose threshold 1 - 1/n needs log2 n bits. Pointer gates do not know n: they survive any number of loops "
        "in every "
        "format wherever the certificate holds, bf16 with fp32 sums at least up to leak 0.09. Without a snap depth ends at "
        "log_4(1 + 3/(8 eps)), 1.44 layers a unit of beta.",
    .refuted_if =
        "a certified machine has a wrong wire; a power of two up to 2^p fails or one from 2^(p+2) on succeeds in a narrow "
        "accumulator "
        "(MAJORITY); bf16 storage with fp32 sums loses a wire of two-input pointer gates at leak up to 0.09; in fp32 a "
        "machine without a "
        "snap lives shorter or longer than exact arithmetic says",
    .source =
        "constant against growing precision: Li et al. 2024, Merrill and Sabharwal 2023, Svete et al. 2026; formats: IEEE "
        "754-2019, "
        "OCP 8-bit specification 1.0; horizon and certificates: own derivation (DESIGN.md)",
    .caption =
        "(a) MAJORITY by counting on the worst vectors, by fan-in and format (storage / sums): certified and right "
        "(filled), right "
        "(open), wrong (cross); bar: 2^p of the sums' format. (b) Two-input pointer gates, looped, at the betas that the "
        "format "
        "holds: every wire kept and certified (filled), every wire kept (open), a wire lost (cross). (c) Without a snap: "
        "layers "
        "survived (marks, topmost: all that were run) and the horizon log_4(1 + 3/(8 eps)) (line); narrow formats outlive "
        "it once a "
        "leak is less than half their spacing, since rounding then takes a value back to +-1. Finite sizes: an "
        "illustration of "
        "constant against growing precision, no separation of classes.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_precision_analyse,
};
