/* `latentlab circuit --variant vector`: all wires in one thought vector, without attention. */
#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

#include "cli/circuit.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/vector.h"

struct machine {
  struct lat_vector *vector;
  struct lat_transformer *model; /* dense: for --save, and where the sparse run is not exact; else NULL */
  struct lat_prompt *prompt;
  double share; /* of channels that the sparse run computed */
  int sparse;
};

static int run(struct machine *machine, struct lat_circuit_outcome *outcome) {
  struct lat_vectors *values = NULL;
  struct lat_circuit_progress progress;
  int status = LAT_OK;
  double began = lat_clock();
  LAT_TRY(status, lat_circuit_record_alloc(outcome, machine->vector->level));
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
  if (machine->sparse)
    status = lat_vector_run(machine->vector, outcome->inputs, values, &record, &machine->share);
  else
    status = lat_vector_run_dense(machine->vector, machine->model, machine->prompt, outcome->inputs, values, &record);
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
  struct machine *machine = outcome->machine = lat_calloc(1, sizeof *machine);
  if (machine == NULL) return LAT_MEMORY;
  LAT_TRY(status, lat_vector_compile(outcome->mapped, &request->construction, &machine->vector));
  struct lat_vector *vector = machine->vector;
  lat_vector_certify(vector, &outcome->certificate);
  seconds->certify = lat_clock() - began;
  machine->sparse = outcome->certificate.certified;
  if (request->save != NULL || !machine->sparse)
    LAT_TRY(status, lat_vector_dense(vector, &machine->model, &machine->prompt));
  seconds->compile = lat_clock() - began - seconds->certify;
  outcome->config = lat_vector_config(vector);
  outcome->kappa = vector->construction.kappa;
  outcome->parameters = lat_vector_parameters(outcome->mapped, &vector->construction);
  outcome->tokens = 1;
  outcome->attention = "none";
  outcome->model = machine->model;
  outcome->prompt = machine->prompt;
  outcome->steps = vector->construction.steps;
  outcome->depth = vector->depth;
  LAT_TRY(status, run(machine, outcome));
done:
  return status;
}

/* Weights that are not 0, biases counted, of all layers. */
static double nonzero(const struct lat_vector *vector) {
  return (double)vector->construction.layers * ((double)vector->terms + 2 * (double)vector->ffn + (double)vector->width);
}

static void print(const struct lat_circuit_outcome *outcome) {
  const struct machine *machine = outcome->machine;
  const struct lat_vector *vector = machine->vector;
  printf("thought      one vector of %zu channels (value and ready of %zu wires); %.3g of the parameters are not 0\n",
         vector->width, vector->nodes, nonzero(vector));
  printf("             operations of a step: %.4g dense, %.4g without zeros; ", lat_vector_flops_dense(vector),
         lat_vector_flops_sparse(vector));
  if (machine->sparse)
    printf("run sparsely, %.1f %% of the channels had to be computed\n", 100 * machine->share);
  else
    printf("run densely\n");
}

static void add_json(const struct lat_circuit_outcome *outcome, struct json_object *object) {
  const struct machine *machine = outcome->machine;
  const struct lat_vector *vector = machine->vector;
  json_object_object_add(object, "thought_width", json_object_new_uint64(vector->width));
  json_object_object_add(object, "nonzero_parameters", json_object_new_uint64((uint64_t)nonzero(vector)));
  json_object_object_add(object, "flops_dense", json_object_new_double(lat_vector_flops_dense(vector)));
  json_object_object_add(object, "flops_sparse", json_object_new_double(lat_vector_flops_sparse(vector)));
  json_object_object_add(object, "run", json_object_new_string(machine->sparse ? "sparse" : "dense"));
}

static void forget(void *memory) {
  struct machine *machine = memory;
  lat_vector_free(machine->vector);
  lat_transformer_free(machine->model);
  lat_prompt_free(machine->prompt);
  lat_free(machine);
}

const struct lat_circuit_machine lat_circuit_vector = {work, NULL, print, add_json, forget};
