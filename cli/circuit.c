/* latentlab circuit: read, map, compile, certify, run, compare. The oracle is a simulation of the circuit as it was read, not
 * of the mapped one, so the mapper is under test as well. */
#include "cli/circuit.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/store/weights.h"

static int read_circuit(const struct lat_circuit_request *request, struct lat_circuit_outcome *outcome) {
  int status = LAT_OK;
  outcome->name = request->file != NULL ? request->file : request->family;
  if (request->file != NULL) {
    LAT_TRY(status, lat_circuit_read(request->file, &outcome->original));
  } else {
    LAT_TRY(status, lat_family_make(request->family, request->seed, &outcome->original));
  }
  LAT_TRY(status, lat_circuit_measure(outcome->original, &outcome->before));
  LAT_TRY(status, lat_circuit_vectors(request, outcome->original, &outcome->inputs, &outcome->expected));
done:
  return status;
}

int lat_circuit_record_alloc(struct lat_circuit_outcome *outcome, const uint32_t *level) {
  size_t rows = outcome->steps + 1;
  outcome->output_wrong = lat_calloc(rows, sizeof *outcome->output_wrong);
  outcome->output_ready = lat_calloc(rows, sizeof *outcome->output_ready);
  outcome->output_last = lat_calloc(outcome->mapped->outputs, sizeof *outcome->output_last);
  outcome->settled = lat_calloc(outcome->inputs->count, sizeof *outcome->settled);
  if (outcome->output_wrong == NULL || outcome->output_ready == NULL || outcome->output_last == NULL ||
      outcome->settled == NULL)
    return LAT_MEMORY;
  if (level != NULL) {
    outcome->levels = outcome->depth + (size_t)1;
    outcome->wires = lat_calloc(outcome->levels, sizeof *outcome->wires);
    outcome->right = lat_calloc(outcome->levels, sizeof *outcome->right);
    outcome->ready = lat_calloc(outcome->levels, sizeof *outcome->ready);
    if (outcome->wires == NULL || outcome->right == NULL || outcome->ready == NULL) return LAT_MEMORY;
    for (size_t i = 0; i < outcome->mapped->nodes; i++)
      if (level[i] <= outcome->depth) outcome->wires[level[i]]++;
  }
  return lat_vectors_alloc(outcome->mapped->outputs, outcome->inputs->count, &outcome->outputs);
}

/* Every output bit against the simulation of the original, and against the file's where there is one. */
static int check(struct lat_circuit_outcome *outcome) {
  struct lat_vectors *values = NULL, *truth = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_vectors_alloc(outcome->original->nodes, outcome->inputs->count, &values));
  LAT_TRY(status, lat_vectors_alloc(outcome->original->outputs, outcome->inputs->count, &truth));
  lat_simulate(outcome->original, outcome->inputs, values);
  lat_simulate_outputs(outcome->original, values, truth);
  for (size_t o = 0; o < truth->positions; o++) {
    for (size_t n = 0; n < truth->count; n++) {
      int bit = lat_vectors_get(outcome->outputs, o, n);
      int wrong = bit != lat_vectors_get(truth, o, n);
      if (outcome->expected != NULL) wrong |= bit != lat_vectors_get(outcome->expected, o, n);
      outcome->wrong_bits += (uint64_t)wrong;
      outcome->unready_bits += !outcome->output_last[o];
      outcome->lucky_bits += !outcome->output_last[o] && !wrong;
    }
  }
done:
  lat_vectors_free(values);
  lat_vectors_free(truth);
  return status;
}

static const struct lat_circuit_machine *machine_of(const struct lat_construction *construction) {
  switch (construction->variant) {
    case LAT_VARIANT_VECTOR: return construction->bits_per_step == 0 ? &lat_circuit_vector : &lat_circuit_cot;
    case LAT_VARIANT_COT: return &lat_circuit_cot;
    case LAT_VARIANT_UNIVERSAL:
    case LAT_VARIANT_WEIGHTS: break;
  }
  return &lat_circuit_tokens;
}

static int work(const struct lat_circuit_request *request, struct lat_circuit_outcome *outcome) {
  struct lat_circuit_seconds *seconds = &outcome->seconds;
  int status = LAT_OK;
  double began = lat_clock();
  LAT_TRY(status, read_circuit(request, outcome));
  seconds->read = lat_clock() - began, began += seconds->read;
  LAT_TRY(status, lat_circuit_map(outcome->original, request->construction.fan_in, &outcome->mapped));
  LAT_TRY(status, lat_circuit_measure(outcome->mapped, &outcome->after));
  seconds->map = lat_clock() - began;
  outcome->kind = machine_of(&request->construction);
  outcome->variant = request->construction.variant;
  outcome->fan_in = request->construction.fan_in;
  LAT_CHECK(status, request->extract == NULL || outcome->kind->extract != NULL, LAT_UNSUPPORTED,
            "--extract: circuits are read back from the universal and weights variants only, not from %s",
            lat_variant_name(outcome->variant));
  LAT_TRY(status, outcome->kind->work(request, outcome));
  began = lat_clock();
  LAT_TRY(status, check(outcome));
  seconds->check += lat_clock() - began;
  if (request->save != NULL) {
    LAT_CHECK(status, outcome->model != NULL, LAT_UNSUPPORTED, "--save: %s", outcome->unsaved);
    LAT_TRY(status, lat_weights_save(request->save, outcome->model, outcome->prompt));
  }
  if (request->extract != NULL) LAT_TRY(status, outcome->kind->extract(outcome, request->extract));
done:
  return status;
}

static void forget(struct lat_circuit_outcome *outcome) {
  if (outcome->machine != NULL) outcome->kind->forget(outcome->machine);
  lat_netlist_free(outcome->original);
  lat_netlist_free(outcome->mapped);
  lat_vectors_free(outcome->inputs);
  lat_vectors_free(outcome->expected);
  lat_vectors_free(outcome->outputs);
  lat_free(outcome->wires);
  lat_free(outcome->right);
  lat_free(outcome->ready);
  lat_free(outcome->output_wrong);
  lat_free(outcome->output_ready);
  lat_free(outcome->output_last);
  lat_free(outcome->settled);
}

int lat_command_circuit(int argc, char **argv) {
  struct lat_circuit_request request;
  struct lat_circuit_outcome outcome = {0};
  int end = lat_circuit_options(argc, argv, &request);
  if (end >= 0) return end;
  int status = work(&request, &outcome);
  if (status != LAT_OK) {
    end = lat_cli_fail(status);
  } else {
    end = outcome.wrong_bits > 0 ? 1 : 0;
    if (request.json) {
      int printed = lat_circuit_print_json(&outcome);
      end = printed != 0 ? printed : end;
    } else {
      lat_circuit_print_table(&outcome);
      end = lat_cli_finish(end);
    }
  }
  forget(&outcome);
  return end;
}
