/* Exercise 6: fewer steps, fewer operations? A chain of thought with a cache against latent thought, on one circuit. */
#include <stdio.h>
#include <string.h>

#include "cli/exercise.h"
#include "cli/exercise_machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/thoughts.h"

enum { FAMILY, FAN_IN, WIDTH, PER_CHANNEL, VECTORS };
static const struct lat_exercise_flag flags[] = {
    {"family", "NAME:SIZE", "a generated circuit in place of FILE", LAT_FLAG_WORD, 0, 0, "comparator:16"},
    {"lut", "K", "map onto nodes of at most K fan-ins first", LAT_FLAG_INTEGER, 2, 4, "2"},
    {"bits-per-step", "W", "gates a wide thought holds, as a token of 2^W and as a vector", LAT_FLAG_INTEGER, 2, 12, "8"},
    {"bits-per-channel", "B", "bits in a channel of a vector", LAT_FLAG_INTEGER, 1, 8, "2"},
    {"vectors", "N", "random inputs that every machine is run on", LAT_FLAG_INTEGER, 1, 4096, "32"},
    {0}};

enum { MOST_TOKENS = 1024 };

struct machine_cost {
  double steps, bits, operations, pairs, cache, parameters;
  size_t wrong;
};

/* A layer's work on one row, without the pairs it reads; and on one pair. Two operations a multiplication with addition. */
static double row_work(const struct lat_transformer_config *c) {
  double keys = (double)(c->heads * c->key_width), values = (double)(c->heads * c->value_width), D = (double)c->width;
  return 4 * D * (keys + values) + 4 * D * (double)c->ffn;
}
static double pair_work(const struct lat_transformer_config *c) {
  return 2 * (double)(c->heads * c->key_width + c->heads * c->value_width);
}

static int thoughts_cost(struct lat_sheet *sheet, const struct lat_netlist *netlist, struct lat_construction construction,
                         const struct lat_vectors *inputs, const struct lat_vectors *values, struct machine_cost *cost) {
  struct lat_thoughts *thoughts = NULL;
  struct lat_thoughts_record record = {0};
  int status;
  LAT_TRY(status, lat_thoughts_compile(netlist, &construction, &thoughts));
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, inputs->count, &record.outputs));
  LAT_TRY(status, lat_thoughts_run(thoughts, inputs, values, &record));
  const struct lat_transformer_config *c = &thoughts->model->config;
  double S = (double)thoughts->sequence, L = (double)c->layers;
  cost->steps = (double)thoughts->steps;
  cost->bits = (double)construction.bits_per_step;
  cost->pairs = S * (S + 1) / 2 * L;
  cost->operations =
      L * S * row_work(c) + cost->pairs * pair_work(c) + 2 * (double)thoughts->vocabulary * (double)c->width * cost->steps;
  cost->cache = 4 * L * S * (double)(c->heads * c->key_width + c->heads * c->value_width);
  cost->parameters = (double)thoughts->model->count;
  cost->wrong = 0;
  for (size_t o = 0; o < netlist->outputs; o++)
    for (size_t n = 0; n < inputs->count; n++)
      cost->wrong += lat_vectors_get(record.outputs, o, n) != lat_vectors_get(values, netlist->output[o], n);
  const char *kind = construction.variant == LAT_VARIANT_COT ? "tokens" : "vectors";
  lat_sheet_check(sheet, cost->operations, record.flops, 1e-9 * record.flops, "operations of %s of %zu bits, as decoded",
                  kind, construction.bits_per_step);
  lat_sheet_check(sheet, cost->cache, record.cache_bytes, 0, "bytes in their cache at the end");
done:
  lat_vectors_free(record.outputs);
  lat_thoughts_free(thoughts);
  return status;
}

static int latent_cost(struct lat_sheet *sheet, struct lat_netlist *netlist, struct lat_construction construction,
                       size_t vectors, struct machine_cost *cost, size_t *widest) {
  struct lat_machine machine = {.netlist = netlist};
  struct lat_machine_count count;
  struct lat_circuit_statistics statistics;
  int status;
  LAT_TRY(status, lat_compile(netlist, &construction, &machine.compiled));
  LAT_TRY(status, lat_circuit_measure(netlist, &statistics));
  const struct lat_transformer_config *c = &machine.compiled->model->config;
  double N = (double)machine.compiled->nodes, T = (double)machine.compiled->construction.steps;
  LAT_TRY(status, lat_machine_run(&machine, machine.compiled->construction.steps, vectors, &count));
  *widest = statistics.widest_level;
  cost->steps = T;
  cost->bits = (double)statistics.nodes / T;
  cost->pairs = T * N * N;
  cost->operations = T * N * row_work(c) + cost->pairs * pair_work(c);
  cost->cache = 0;
  cost->parameters = (double)machine.compiled->model->count;
  cost->wrong = count.wrong;
  lat_sheet_check(sheet, cost->operations, T * lat_transformer_flops(c, machine.compiled->nodes), 1e-9 * cost->operations,
                  "operations of the latent machine, steps x the library's count of one");
done:
  lat_compiled_free(machine.compiled);
  return status;
}

static void row(struct lat_sheet *sheet, const char *name, const struct machine_cost *cost) {
  lat_sheet_word(sheet, "%s", name);
  lat_sheet_integer(sheet, (int64_t)cost->steps);
  lat_sheet_fixed(sheet, cost->bits, 1);
  lat_sheet_amount(sheet, cost->operations, "flop");
  lat_sheet_integer(sheet, (int64_t)cost->pairs);
  lat_sheet_amount(sheet, cost->cache, "B");
  lat_sheet_integer(sheet, (int64_t)cost->parameters);
  lat_sheet_integer(sheet, (int64_t)cost->wrong);
}

static int read_circuit(const struct lat_exercise_values *v, struct lat_netlist **netlist) {
  struct lat_netlist *made = NULL;
  int status;
  *netlist = NULL;
  if (v->file != NULL) {
    LAT_TRY(status, lat_circuit_read(v->file, &made));
  } else {
    LAT_TRY(status, lat_family_make(v->word[FAMILY], 0, &made));
  }
  LAT_TRY(status, lat_circuit_map(made, (unsigned)v->integer[FAN_IN], netlist));
  LAT_CHECK(status, (*netlist)->nodes <= MOST_TOKENS, LAT_UNSUPPORTED, "%zu nodes; up to %d are run here",
            (*netlist)->nodes, MOST_TOKENS);
  LAT_CHECK(status, (*netlist)->nodes > (*netlist)->inputs, LAT_INPUT,
            "a circuit without gates takes no step; take another");
done:
  lat_netlist_free(made);
  return status;
}

static int run(const struct lat_exercise_values *v, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {
      {"machine", "machine"},       {"steps", "steps"},      {"bits", "bits a step"},
      {"operations", "operations"}, {"pairs", "pairs read"}, {"cache", "cache"},
      {"parameters", "parameters"}, {"wrong", "wrong bits"}, {0}};
  enum { ROWS = 4 };
  struct lat_netlist *netlist = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct machine_cost cost[ROWS];
  struct lat_construction construction = {.fan_in = (unsigned)v->integer[FAN_IN], .layers = 1};
  char title[256], name[ROWS][64];
  size_t w = v->integer[WIDTH], b = v->integer[PER_CHANNEL], widest, wrong = 0;
  int status;
  LAT_CHECK(status, b <= w, LAT_INPUT, "--bits-per-channel: %zu bits do not fit into thoughts of %zu", b, w);
  LAT_TRY(status, read_circuit(v, &netlist));
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, v->integer[VECTORS], &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, v->integer[VECTORS], &values));
  lat_vectors_random(inputs, 0);
  lat_simulate(netlist, inputs, values);
  lat_sheet_formula(
      sheet,
      "one row through a layer: 4 D (K + V) + 4 D F operations for H heads with K keys and V values in all; each pair "
      "that is read: 2 (K + V) more");
  lat_sheet_formula(
      sheet,
      "thoughts with a cache: each of S tokens is computed once and reads all before it: S (S + 1) / 2 pairs; the head "
      "costs 2 V D a step");
  lat_sheet_formula(
      sheet,
      "one token a gate, looped: all N tokens are computed again in each of T steps and read all others: T N^2 pairs");
  construction.variant = LAT_VARIANT_COT;
  construction.bits_per_step = 1;
  snprintf(name[0], sizeof name[0], "chain of thought, V = 2");
  LAT_TRY(status, thoughts_cost(sheet, netlist, construction, inputs, values, &cost[0]));
  construction.bits_per_step = w;
  snprintf(name[1], sizeof name[1], "chain of thought, V = %zu", (size_t)1 << w);
  LAT_TRY(status, thoughts_cost(sheet, netlist, construction, inputs, values, &cost[1]));
  construction.variant = LAT_VARIANT_VECTOR;
  construction.bits_per_channel = (unsigned)b;
  snprintf(name[2], sizeof name[2], "vectors of %zu channels", (w + b - 1) / b);
  LAT_TRY(status, thoughts_cost(sheet, netlist, construction, inputs, values, &cost[2]));
  construction = (struct lat_construction){.fan_in = (unsigned)v->integer[FAN_IN], .layers = 1};
  snprintf(name[3], sizeof name[3], "latent, one token a gate");
  LAT_TRY(status, latent_cost(sheet, netlist, construction, v->integer[VECTORS], &cost[3], &widest));
  snprintf(title, sizeof title, "%.100s: %zu inputs, %zu nodes that compute, widest level %zu; built and run on %zu inputs",
           v->file != NULL ? v->file : v->word[FAMILY], netlist->inputs, netlist->nodes - netlist->inputs, widest,
           v->integer[VECTORS]);
  lat_sheet_table(sheet, "machines", title, columns);
  for (int i = 0; i < ROWS; i++) {
    row(sheet, name[i], &cost[i]);
    wrong += cost[i].wrong;
  }
  lat_sheet_check(sheet, 0, (double)wrong, 0, "output bits of the four machines that are wrong");
  lat_sheet_conclude(
      sheet,
      "The latent machine takes %.1f times fewer steps than one bit a token, and %.1f times %s operations: it reads "
      "%.1f times as many pairs, for it computes every token again in each step and keeps nothing.",
      cost[0].steps / cost[3].steps,
      cost[3].operations > cost[0].operations ? cost[3].operations / cost[0].operations
                                              : cost[0].operations / cost[3].operations,
      cost[3].operations > cost[0].operations ? "more" : "fewer", cost[3].pairs / cost[0].pairs);
  lat_sheet_conclude(
      sheet,
      "Wide thoughts take %.1f times fewer steps than narrow ones, but for %.1f times (tokens) and %.1f times "
      "(vectors) the operations: one step has to find and compute %zu gates. A step is not a unit of cost.",
      cost[0].steps / cost[1].steps, cost[1].operations / cost[0].operations, cost[2].operations / cost[0].operations, w);
done:
  lat_netlist_free(netlist);
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  return status;
}

const struct lat_exercise lat_exercise_cost = {
    .name = "cost",
    .question = "Latent thought takes fewer steps than a chain of thought. Does it take fewer operations?",
    .source =
        "Wei et al. (2022) for chains of thought, Hao et al. (2024) for continuous ones, Shazeer (2019) for the cache; "
        "the machines are those of DESIGN.md",
    .file = "a circuit in AIGER, BENCH or BLIF in place of --family",
    .flags = flags,
    .run = run,
};
