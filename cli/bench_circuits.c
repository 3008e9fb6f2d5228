/* Circuits of the sizes that the goals name, from generated families so that it runs anywhere: compile, certify, run all
 * vectors, compare with the simulator. */
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/cli.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"

struct goal {
  const char *name, *family, *stands_for;
  enum lat_attention attention;
  double beta;           /* 0: automatic; 56: softmax weights underflow, attention is a gather */
  size_t vectors, steps; /* steps 0: the depth */
  double seconds;        /* the goal for all phases together; 0: none */
};

static const struct goal full[] = {
    {"dense_2300", "layered:144", "the size of ISCAS c6288: 2,300 gates, 120 levels", LAT_ATTENTION_DENSE, 0.0, 256, 0,
     5.0},
    {"fast_27000", "wallace:64", "the size of EPFL multiplier: 27,000 gates, 274 levels", LAT_ATTENTION_FAST, 0.0, 256, 274,
     30.0},
    {"deep_4285", "square_root:64", "the kind of EPFL sqrt: 4,285 levels", LAT_ATTENTION_FAST, 56.0, 256, 0, 0.0},
    {"deep_24801", "narrow:24801", "the size of EPFL hyp: 214,335 gates, 24,801 levels", LAT_ATTENTION_FAST, 56.0, 256, 0,
     600.0}};
static const struct goal quick[] = {{"dense_300", "layered:20", "a small case", LAT_ATTENTION_DENSE, 0.0, 64, 0, 0.0},
                                    {"fast_1600", "wallace:16", "a small case", LAT_ATTENTION_FAST, 0.0, 64, 0, 0.0},
                                    {"deep_300", "narrow:300", "a small case", LAT_ATTENTION_FAST, 56.0, 64, 0, 0.0}};

enum { MOST_CASES = 4 };

struct measured {
  const struct goal *goal;
  size_t gates, levels, steps, tokens;
  uint64_t wrong;
  int certified;
  enum lat_attention attention;
  double map, compile, certify, run, check, evaluations, gigaflops, share, peak;
};

static double total(const struct measured *m) { return m->map + m->compile + m->certify + m->run + m->check; }

/* Compares every output with the simulator; adds the seconds of that to the phase `check`. */
static int compare(const struct lat_netlist *netlist, const struct lat_vectors *inputs, const struct lat_vectors *outputs,
                   struct measured *m) {
  struct lat_vectors *values = NULL, *truth = NULL;
  int status = LAT_OK;
  double began = lat_clock();
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, inputs->count, &values));
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, inputs->count, &truth));
  lat_simulate(netlist, inputs, values);
  lat_simulate_outputs(netlist, values, truth);
  for (size_t o = 0; o < netlist->outputs; o++) {
    for (size_t n = 0; n < inputs->count; n++) m->wrong += lat_vectors_get(truth, o, n) != lat_vectors_get(outputs, o, n);
  }
  m->check = lat_clock() - began;
done:
  lat_vectors_free(values);
  lat_vectors_free(truth);
  return status;
}

static int measure(const struct goal *goal, struct measured *m) {
  struct lat_netlist *original = NULL, *mapped = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL, *outputs = NULL;
  struct lat_certificate certificate;
  struct lat_circuit_statistics statistics;
  int status = LAT_OK;
  memset(m, 0, sizeof *m);
  m->goal = goal;
  lat_memory_reset_peak();
  double began = lat_clock();
  LAT_TRY(status, lat_family_make(goal->family, 0, &original));
  LAT_TRY(status, lat_circuit_map(original, 2, &mapped));
  LAT_TRY(status, lat_circuit_measure(mapped, &statistics));
  m->map = lat_clock() - began, began += m->map;
  struct lat_construction construction = {.fan_in = 2, .layers = 1, .beta = goal->beta};
  LAT_TRY(status, lat_compile(mapped, &construction, &compiled));
  m->compile = lat_clock() - began, began += m->compile;
  LAT_TRY(status, lat_engine_alloc(compiled, goal->attention, &engine));
  m->run = lat_clock() - began, began += m->run;
  lat_certify(compiled, lat_engine_attention(engine), &certificate);
  m->certify = lat_clock() - began, began += m->certify;
  LAT_TRY(status, lat_vectors_alloc(mapped->inputs, goal->vectors, &inputs));
  LAT_TRY(status, lat_vectors_alloc(mapped->outputs, goal->vectors, &outputs));
  lat_vectors_random(inputs, 0);
  struct lat_engine_record record = {.steps = goal->steps, .outputs = outputs};
  began = lat_clock();
  LAT_TRY(status, lat_engine_run(engine, inputs, NULL, &record));
  double running = lat_clock() - began;
  m->run += running;
  LAT_TRY(status, compare(original, inputs, outputs, m));
  m->gates = statistics.nodes;
  m->levels = compiled->depth;
  m->steps = goal->steps != 0 ? goal->steps : compiled->construction.steps;
  m->tokens = compiled->nodes;
  m->certified = certificate.certified;
  m->attention = lat_engine_attention(engine);
  m->share = lat_engine_share(engine);
  double steps = (double)m->steps * (double)goal->vectors / running;
  m->evaluations = (double)m->gates * steps;
  m->gigaflops = lat_engine_flops(engine) * m->share * steps * 1e-9;
  m->peak = (double)lat_memory_peak();
done:
  lat_vectors_free(inputs);
  lat_vectors_free(outputs);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(original);
  lat_netlist_free(mapped);
  return status;
}

static const char *verdict(const struct measured *m) {
  if (m->wrong > 0) return "WRONG";
  if (m->goal->seconds == 0.0) return "-";
  return total(m) <= m->goal->seconds ? "yes" : "no";
}

static void print_table(const struct measured *m, size_t count, double one, double all) {
  printf("%-11s %7s %6s %6s %8s %5s %6s %6s %6s %7s %6s %9s %6s %6s %8s %7s %5s\n", "case", "gates", "levels", "steps",
         "vectors", "att.", "map", "comp.", "cert.", "run", "check", "gates/s", "GF/s", "share", "peak MB", "goal s",
         "met");
  for (size_t k = 0; k < count; k++, m++) {
    char goal[16] = "-";
    if (m->goal->seconds > 0.0) snprintf(goal, sizeof goal, "%.0f", m->goal->seconds);
    printf("%-11s %7zu %6zu %6zu %8zu %5s %6.2f %6.2f %6.2f %7.2f %6.2f %9.2e %6.1f %6.3f %8.1f %7s %5s\n", m->goal->name,
           m->gates, m->levels, m->steps, m->goal->vectors, lat_attention_name(m->attention), m->map, m->compile,
           m->certify, m->run, m->check, m->evaluations, m->gigaflops, m->share, m->peak / 1e6, goal, verdict(m));
  }
  printf(
      "\nSeconds by phase, wall clock. gates/s: gates x steps x vectors a second of running. GF/s: operations really done; "
      "the\n"
      "peak of this machine, measured in this run, is %.0f on one thread and %.0f on all. share: token updates computed\n"
      "rather than skipped because nothing that they read had changed.\n",
      one, all);
}

static void add_real(struct json_object *to, const char *key, double value) {
  json_object_object_add(to, key, json_object_new_double(value));
}

static void add_count(struct json_object *to, const char *key, uint64_t value) {
  json_object_object_add(to, key, json_object_new_uint64(value));
}

static int print_json(const struct measured *m, size_t count, double one, double all) {
  struct json_object *object = json_object_new_object(), *list = json_object_new_array();
  add_real(object, "peak_gigaflops_one_thread", one);
  add_real(object, "peak_gigaflops", all);
  json_object_object_add(object, "cases", list);
  for (size_t k = 0; k < count; k++, m++) {
    struct json_object *row = json_object_new_object(), *seconds = json_object_new_object();
    json_object_object_add(row, "case", json_object_new_string(m->goal->name));
    json_object_object_add(row, "circuit", json_object_new_string(m->goal->family));
    json_object_object_add(row, "stands_for", json_object_new_string(m->goal->stands_for));
    add_count(row, "gates", m->gates);
    add_count(row, "levels", m->levels);
    add_count(row, "steps", m->steps);
    add_count(row, "vectors", m->goal->vectors);
    json_object_object_add(row, "attention", json_object_new_string(lat_attention_name(m->attention)));
    json_object_object_add(row, "certified", json_object_new_boolean(m->certified));
    add_count(row, "wrong_bits", m->wrong);
    add_real(seconds, "map", m->map);
    add_real(seconds, "compile", m->compile);
    add_real(seconds, "certify", m->certify);
    add_real(seconds, "run", m->run);
    add_real(seconds, "check", m->check);
    json_object_object_add(row, "seconds", seconds);
    add_real(row, "seconds_total", total(m));
    add_real(row, "gate_evaluations_per_second", m->evaluations);
    add_real(row, "gigaflops", m->gigaflops);
    add_real(row, "share_computed", m->share);
    add_real(row, "peak_bytes", m->peak);
    json_object_object_add(row, "goal_seconds", m->goal->seconds > 0.0 ? json_object_new_double(m->goal->seconds) : NULL);
    json_object_object_add(row, "met",
                           m->goal->seconds > 0.0 ? json_object_new_boolean(total(m) <= m->goal->seconds) : NULL);
    json_object_array_add(list, row);
  }
  return lat_cli_print_json(object);
}

/* ---- HDF5: arrays over the cases ---- */

static int add_integers(struct lat_record *record, const char *name, const char *unit, const char *what, size_t count,
                        const int64_t *value) {
  return lat_record_add(record, name, unit, what, LAT_INTEGER, 0, "case", 1, &count, value);
}

static int add_timing(struct lat_record *record, const char *name, const char *unit, const char *what, size_t count,
                      const double *value) {
  return lat_record_add(record, name, unit, what, LAT_REAL, LAT_IS_TIMING, "case", 1, &count, value);
}

static int fill_record(struct lat_record *record, const struct measured *m, size_t n, double all) {
  int64_t gates[MOST_CASES], levels[MOST_CASES], steps[MOST_CASES], vectors[MOST_CASES], wrong[MOST_CASES];
  double map[MOST_CASES], compile[MOST_CASES], certify[MOST_CASES], run[MOST_CASES], check[MOST_CASES], rate[MOST_CASES];
  double flops[MOST_CASES], peak[MOST_CASES], bytes[MOST_CASES], goal[MOST_CASES];
  struct lat_text names = {0};
  int status = LAT_OK;
  for (size_t k = 0; k < n; k++) {
    gates[k] = (int64_t)m[k].gates, levels[k] = (int64_t)m[k].levels, steps[k] = (int64_t)m[k].steps;
    vectors[k] = (int64_t)m[k].goal->vectors, wrong[k] = (int64_t)m[k].wrong;
    map[k] = m[k].map, compile[k] = m[k].compile, certify[k] = m[k].certify, run[k] = m[k].run, check[k] = m[k].check;
    rate[k] = m[k].evaluations, flops[k] = m[k].gigaflops, peak[k] = all, bytes[k] = m[k].peak,
    goal[k] = m[k].goal->seconds;
    LAT_TRY(status, lat_text_printf(&names, "%s%s=%s", k > 0 ? "," : "", m[k].goal->name, m[k].goal->family));
  }
  const char *text = names.bytes;
  LAT_TRY(status, lat_record_add(record, "cases", "", "name=circuit of each case", LAT_TEXT, 0, "", 0, NULL, &text));
  LAT_TRY(status, add_integers(record, "gates", "1", "gates after mapping", n, gates));
  LAT_TRY(status, add_integers(record, "levels", "1", "depth of the circuit", n, levels));
  LAT_TRY(status, add_integers(record, "steps", "1", "steps that were run", n, steps));
  LAT_TRY(status, add_integers(record, "vectors", "1", "input vectors", n, vectors));
  LAT_TRY(status, add_integers(record, "wrong_bits", "1", "output bits that differ from the simulator", n, wrong));
  LAT_TRY(status, add_timing(record, "seconds_map", "s", "making and mapping the circuit", n, map));
  LAT_TRY(status, add_timing(record, "seconds_compile", "s", "weights and prompt", n, compile));
  LAT_TRY(status, add_timing(record, "seconds_certify", "s", "certificate", n, certify));
  LAT_TRY(status, add_timing(record, "seconds_run", "s", "preparing and running all vectors", n, run));
  LAT_TRY(status, add_timing(record, "seconds_check", "s", "simulating and comparing", n, check));
  LAT_TRY(status, add_timing(record, "gate_evaluations", "1/s", "gates x steps x vectors a second", n, rate));
  LAT_TRY(status, add_timing(record, "gigaflops", "1e9/s", "operations really done", n, flops));
  LAT_TRY(status, add_timing(record, "peak_gigaflops", "1e9/s", "fused multiply-add peak of the machine", n, peak));
  LAT_TRY(status, add_timing(record, "peak_bytes", "byte", "highest memory held", n, bytes));
  LAT_TRY(status, add_timing(record, "goal_seconds", "s", "goal for all phases, 0 for none", n, goal));
done:
  lat_text_free(&names);
  return status;
}

static int write_file(const struct lat_bench_request *request, const struct measured *m, size_t count, double all) {
  struct lat_record record = {0};
  int status = fill_record(&record, m, count, all);
  if (status == LAT_OK) status = lat_bench_write(request, "circuits", &record);
  lat_record_free(&record);
  return status;
}

int lat_bench_circuits(const struct lat_bench_request *request) {
  if (request->configs != NULL) return lat_cli_misuse("--config chooses sizes of `bench train`; bench circuits has none");
  const struct goal *goal = request->quick ? quick : full;
  size_t count = request->quick ? sizeof quick / sizeof *quick : sizeof full / sizeof *full;
  struct measured measured[MOST_CASES];
  double one, all;
  int wrong = 0;
  lat_bench_peak(&one, &all);
  for (size_t k = 0; k < count; k++) {
    int status = measure(&goal[k], &measured[k]);
    if (status != LAT_OK) return lat_cli_fail(status);
    wrong |= measured[k].wrong > 0;
  }
  if (request->out != NULL) {
    int status = write_file(request, measured, count, all);
    if (status != LAT_OK) return lat_cli_fail(status);
  }
  if (request->json) {
    int status = print_json(measured, count, one, all);
    return status != 0 ? status : wrong;
  }
  print_table(measured, count, one, all);
  return lat_cli_finish(wrong);
}
