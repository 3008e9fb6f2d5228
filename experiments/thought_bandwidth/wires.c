/* All wires in one vector: no attention, no cache, as many steps as the depth. */
#include <math.h>

#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/vector.h"

/* A dense model above this is not built; the point then has no time. */
enum { DENSE_PARAMETERS = 1 << 27 };

/* The plain transformer with all its zeros, on the last vector alone, with the clock running. */
static int run_alone(const struct lat_bandwidth_question *question, const struct lat_vector *vector,
                     struct lat_bandwidth_answer *answer) {
  struct lat_transformer *model = NULL;
  struct lat_prompt *prompt = NULL;
  struct lat_forward *forward = NULL;
  size_t last = question->inputs->count - 1;
  float *x = lat_alloc(vector->width, sizeof *x);
  unsigned char *bit = lat_alloc(vector->inputs, 1);
  int status = LAT_OK;
  LAT_CHECK(status, x != NULL && bit != NULL, LAT_MEMORY, "no memory for a thought of %zu channels", vector->width);
  LAT_TRY(status, lat_vector_dense(vector, &model, &prompt));
  LAT_TRY(status, lat_forward_alloc(model, 1, 1, &forward));
  for (size_t i = 0; i < vector->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(question->inputs, i, last);
  answer->seconds = (double)INFINITY;
  for (size_t r = 0; r < question->repeats; r++) {
    lat_prompt_state(prompt, bit, x);
    double start = lat_clock();
    LAT_TRY(status, lat_transformer_run(model, forward, answer->steps, x, NULL, NULL, 0));
    double seconds = lat_clock() - start;
    if (seconds < answer->seconds) answer->seconds = seconds;
  }
  for (size_t o = 0; o < vector->outputs; o++)
    answer->wrong += lat_prompt_read(prompt, x, o, NULL) != lat_vectors_get(question->wanted, o, last);
  answer->compared += (int64_t)vector->outputs;
done:
  lat_forward_free(forward);
  lat_prompt_free(prompt);
  lat_transformer_free(model);
  lat_free(x);
  lat_free(bit);
  return status;
}

int lat_bandwidth_wires(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer) {
  const struct lat_netlist *netlist = question->mapped;
  struct lat_vector *vector = NULL;
  struct lat_vectors *values = NULL;
  struct lat_engine_record record = {0};
  struct lat_certificate certificate;
  size_t vectors = question->inputs->count;
  int status;
  *answer = (struct lat_bandwidth_answer){.outputs = (int64_t)netlist->outputs, .seconds = (double)NAN};
  struct lat_construction construction = {.fan_in = question->fan_in, .variant = LAT_VARIANT_VECTOR, .layers = 1};
  LAT_TRY(status, lat_vector_compile(netlist, &construction, &vector));
  lat_vector_certify(vector, &certificate);
  answer->steps = record.steps = vector->construction.steps;
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, vectors, &values));
  lat_simulate(netlist, question->inputs, values);
  record.level_ready = lat_calloc((answer->steps + 1) * (vector->depth + 1), sizeof *record.level_ready);
  record.output_wrong = lat_calloc(answer->steps + 1, sizeof *record.output_wrong);
  record.output_ready = lat_calloc(answer->steps + 1, sizeof *record.output_ready);
  answer->flips = lat_calloc(answer->steps, sizeof *answer->flips);
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, vectors, &record.outputs));
  LAT_CHECK(
      status,
      record.level_ready != NULL && record.output_wrong != NULL && record.output_ready != NULL && answer->flips != NULL,
      LAT_MEMORY, "no memory for %zu steps", answer->steps);
  LAT_TRY(status, lat_vector_run(vector, question->inputs, values, &record, NULL));
  lat_bandwidth_count_flips(record.level_ready, answer->steps, vector->depth, vectors, answer->flips);
  answer->wrong = lat_bandwidth_count_wrong(question->wanted, record.outputs);
  answer->compared = (int64_t)(netlist->outputs * vectors);
  answer->wrong_before = (int64_t)record.output_wrong[answer->steps - 1];
  answer->ready_before = (int64_t)record.output_ready[answer->steps - 1];
  answer->certified = certificate.certified;
  answer->nominal_bits = 16 * (double)vector->width;
  answer->flops = (double)answer->steps * lat_vector_flops_dense(vector);
  answer->bytes = (double)(vector->width * sizeof(float));
  size_t parameters = lat_vector_parameters(netlist, &construction);
  answer->parameters = (int64_t)parameters;
  if (parameters <= DENSE_PARAMETERS) LAT_TRY(status, run_alone(question, vector, answer));
done:
  lat_free(record.level_ready);
  lat_free(record.output_wrong);
  lat_free(record.output_ready);
  lat_vectors_free(record.outputs);
  lat_vectors_free(values);
  lat_vector_free(vector);
  if (status != LAT_OK) lat_bandwidth_answer_free(answer);
  return status;
}
