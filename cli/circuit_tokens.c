/* `latentlab circuit` with a token for every node of the circuit: the universal and the weight-encoded construction. */
#include "cli/circuit.h"

#include <stdio.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

struct tokens {
  struct lat_compiled *compiled;
  struct lat_engine *engine;
};

static int run(const struct tokens *tokens, struct lat_circuit_outcome *outcome) {
  struct lat_vectors *values = NULL;
  struct lat_circuit_progress progress;
  int status = LAT_OK;
  double began = lat_clock();
  LAT_TRY(status, lat_circuit_record_alloc(outcome, tokens->compiled->level));
  LAT_TRY(status, lat_vectors_alloc(outcome->mapped->nodes, outcome->inputs->count, &values));
  lat_simulate(outcome->mapped, outcome->inputs, values);
  outcome->seconds.check += lat_clock() - began;

  struct lat_engine_record record = {.steps = outcome->steps,
                                     .output_wrong = outcome->output_wrong,
                                     .output_ready = outcome->output_ready,
                                     .settled_step = outcome->settled,
                                     .outputs = outcome->outputs,
                                     .last_right = outcome->right,
                                     .last_ready = outcome->ready,
                                     .output_last = outcome->output_last,
                                     .progress = lat_circuit_progress_tell,
                                     .context = &progress};
  began = lat_clock();
  lat_circuit_progress_start(&progress);
  status = lat_engine_run(tokens->engine, outcome->inputs, values, &record);
  lat_circuit_progress_end(&progress);
  outcome->seconds.run += lat_clock() - began;
done:
  lat_vectors_free(values);
  return status;
}

static int work(const struct lat_circuit_request *request, struct lat_circuit_outcome *outcome) {
  struct lat_circuit_seconds *seconds = &outcome->seconds;
  int status = LAT_OK;
  double began = lat_clock();
  struct tokens *tokens = outcome->machine = lat_calloc(1, sizeof *tokens);
  if (tokens == NULL) return LAT_MEMORY;
  LAT_TRY(status, lat_compile(outcome->mapped, &request->construction, &tokens->compiled));
  const struct lat_compiled *compiled = tokens->compiled;
  seconds->compile = lat_clock() - began, began += seconds->compile;
  LAT_TRY(status, lat_engine_alloc(compiled, request->attention, &tokens->engine));
  seconds->run = lat_clock() - began, began += seconds->run;
  lat_certify(compiled, lat_engine_attention(tokens->engine), &outcome->certificate);
  seconds->certify = lat_clock() - began;
  outcome->config = compiled->model->config;
  outcome->beta = compiled->beta;
  outcome->kappa = compiled->construction.kappa;
  outcome->snap = compiled->construction.snap;
  outcome->parameters = compiled->model->count;
  outcome->tokens = compiled->nodes;
  outcome->attention = lat_attention_name(lat_engine_attention(tokens->engine));
  outcome->model = compiled->model;
  outcome->prompt = compiled->prompt;
  outcome->steps = compiled->construction.steps;
  outcome->depth = compiled->depth;
  LAT_TRY(status, run(tokens, outcome));
done:
  return status;
}

static int extract(const struct lat_circuit_outcome *outcome, const char *path) {
  struct lat_netlist *netlist = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_compile_extract(outcome->model, outcome->prompt, &netlist));
  LAT_TRY(status, lat_circuit_write(path, netlist));
done:
  lat_netlist_free(netlist);
  return status;
}

static void print(const struct lat_circuit_outcome *outcome) {
  const struct tokens *tokens = outcome->machine;
  double drift = lat_engine_scale_drift(tokens->engine);
  if (drift <= 1e-3) return;
  printf("note         wires left +-1 so far that the norm's scale moved by %.2g; scores were kept at the initial scale\n",
         drift);
}

static void forget(void *machine) {
  struct tokens *tokens = machine;
  lat_engine_free(tokens->engine);
  lat_compiled_free(tokens->compiled);
  lat_free(tokens);
}

const struct lat_circuit_machine lat_circuit_tokens = {work, extract, print, NULL, forget};
