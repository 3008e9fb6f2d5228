/* The circuit and the input vectors that all machines are asked about. */
#include <string.h>

#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/settle.h"

enum { SEARCH = 10000000 }; /* node updates spent on the late vector */

static int draw_vectors(const struct lat_netlist *circuit, size_t vectors, uint64_t seed,
                        struct lat_bandwidth_question *question) {
  struct lat_vectors *values = NULL;
  uint32_t settled;
  int status = LAT_OK;
  size_t count = vectors + 1;
  unsigned char *bit = lat_alloc(circuit->inputs, 1);
  LAT_CHECK(status, bit != NULL, LAT_MEMORY, "no memory for %zu inputs", circuit->inputs);
  LAT_TRY(status, lat_vectors_alloc(circuit->inputs, count, &question->inputs));
  LAT_TRY(status, lat_vectors_alloc(circuit->nodes, count, &values));
  LAT_TRY(status, lat_vectors_alloc(circuit->outputs, count, &question->wanted));
  lat_vectors_random(question->inputs, seed);
  LAT_TRY(status, lat_settle_search(question->mapped, NULL, seed, SEARCH, bit, &settled));
  for (size_t i = 0; i < circuit->inputs; i++) lat_vectors_set(question->inputs, i, vectors, bit[i]);
  lat_simulate(circuit, question->inputs, values);
  lat_simulate_outputs(circuit, values, question->wanted);
done:
  lat_vectors_free(values);
  lat_free(bit);
  return status;
}

int lat_bandwidth_ask(const char *file, const char *family, unsigned fan_in, size_t vectors, uint64_t seed,
                      struct lat_bandwidth_question *question) {
  struct lat_netlist *raw = NULL;
  struct lat_circuit_statistics statistics;
  int status;
  *question = (struct lat_bandwidth_question){.fan_in = fan_in, .repeats = 1};
  LAT_TRY(status, file[0] != '\0' ? lat_circuit_read(file, &raw) : lat_family_make(family, seed, &raw));
  LAT_TRY(status, lat_circuit_map(raw, fan_in, &question->mapped));
  LAT_TRY(status, lat_circuit_measure(question->mapped, &statistics));
  LAT_CHECK(status, statistics.depth > 0, LAT_INPUT,
            "the circuit '%s' is wires and constants alone: no step is needed; give one with a gate", raw->name);
  LAT_TRY(status, draw_vectors(raw, vectors, seed, question));
done:
  lat_netlist_free(raw);
  if (status != LAT_OK) lat_bandwidth_forget(question);
  return status;
}

void lat_bandwidth_forget(struct lat_bandwidth_question *question) {
  lat_netlist_free(question->mapped);
  lat_vectors_free(question->inputs);
  lat_vectors_free(question->wanted);
  *question = (struct lat_bandwidth_question){0};
}

void lat_bandwidth_answer_free(struct lat_bandwidth_answer *answer) {
  lat_free(answer->flips);
  answer->flips = NULL;
}

int64_t lat_bandwidth_count_wrong(const struct lat_vectors *wanted, const struct lat_vectors *got) {
  int64_t wrong = 0;
  for (size_t o = 0; o < wanted->positions; o++)
    for (size_t n = 0; n < wanted->count; n++) wrong += lat_vectors_get(wanted, o, n) != lat_vectors_get(got, o, n);
  return wrong;
}

void lat_bandwidth_count_flips(const uint64_t *level_ready, size_t steps, size_t depth, size_t vectors, int64_t *flips) {
  int64_t before = 0;
  for (size_t t = 0; t <= steps; t++) {
    uint64_t ready = 0;
    for (size_t l = 0; l <= depth; l++) ready += level_ready[t * (depth + 1) + l];
    int64_t now = (int64_t)(ready / vectors);
    if (t > 0) flips[t - 1] = now - before;
    before = now;
  }
}
