/* One thought a step, earlier ones in the key-value cache: tokens of w bits, or vectors of w / b channels. */
#include <math.h>

#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/thoughts.h"

/* Gates that each thought adds and that are right in all vectors. */
static void count_flips(const struct lat_thoughts *thoughts, const uint64_t *step_wrong, int64_t *flips) {
  size_t width = thoughts->construction.bits_per_step;
  for (size_t t = 0; t < thoughts->steps; t++) {
    for (size_t j = 0; j < width; j++) flips[t] += thoughts->gate[t * width + j] != UINT32_MAX;
    if (step_wrong[t] > 0) flips[t] = -1; /* no schedule plans this, so that the point is counted as bad */
  }
}

/* What is there one step earlier: an output that is an input, or was thought of before the last step. */
static int control(const struct lat_bandwidth_question *question, const struct lat_thoughts *thoughts,
                   struct lat_vectors *got, struct lat_bandwidth_answer *answer) {
  for (size_t o = 0; o < thoughts->outputs; o++) {
    uint32_t node = thoughts->output[o];
    answer->ready_before += node < thoughts->inputs || thoughts->schedule.step[node] < thoughts->steps;
  }
  if (thoughts->steps == 1) { /* no step at all: nothing runs, what is not an input reads 0 */
    for (size_t o = 0; o < thoughts->outputs; o++)
      for (size_t n = 0; n < got->count; n++)
        answer->wrong_before += thoughts->output[o] >= thoughts->inputs && lat_vectors_get(question->wanted, o, n);
    return LAT_OK;
  }
  struct lat_thoughts_record record = {.steps = thoughts->steps - 1, .outputs = got};
  int status = lat_thoughts_run(thoughts, question->inputs, NULL, &record);
  if (status == LAT_OK) answer->wrong_before = lat_bandwidth_count_wrong(question->wanted, got);
  return status;
}

/* The last vector alone, with the clock running. */
static int run_alone(const struct lat_bandwidth_question *question, const struct lat_thoughts *thoughts,
                     struct lat_bandwidth_answer *answer) {
  struct lat_vectors *one = NULL, *got = NULL;
  size_t last = question->inputs->count - 1;
  int status;
  LAT_TRY(status, lat_vectors_alloc(thoughts->inputs, 1, &one));
  LAT_TRY(status, lat_vectors_alloc(thoughts->outputs, 1, &got));
  for (size_t i = 0; i < thoughts->inputs; i++) lat_vectors_set(one, i, 0, lat_vectors_get(question->inputs, i, last));
  answer->seconds = (double)INFINITY;
  for (size_t r = 0; r < question->repeats; r++) {
    struct lat_thoughts_record record = {.outputs = got};
    double start = lat_clock();
    LAT_TRY(status, lat_thoughts_run(thoughts, one, NULL, &record));
    double seconds = lat_clock() - start;
    if (seconds < answer->seconds) answer->seconds = seconds;
  }
  for (size_t o = 0; o < thoughts->outputs; o++)
    answer->wrong += lat_vectors_get(got, o, 0) != lat_vectors_get(question->wanted, o, last);
  answer->compared += (int64_t)thoughts->outputs;
done:
  lat_vectors_free(one);
  lat_vectors_free(got);
  return status;
}

int lat_bandwidth_thoughts(const struct lat_bandwidth_question *question, int token, size_t bits, unsigned channel_bits,
                           struct lat_bandwidth_answer *answer) {
  const struct lat_netlist *netlist = question->mapped;
  struct lat_thoughts *thoughts = NULL;
  struct lat_vectors *values = NULL, *got = NULL;
  struct lat_certificate certificate;
  uint64_t *step_wrong = NULL;
  int status;
  *answer = (struct lat_bandwidth_answer){.outputs = (int64_t)netlist->outputs};
  struct lat_construction construction = {.fan_in = question->fan_in,
                                          .variant = token ? LAT_VARIANT_COT : LAT_VARIANT_VECTOR,
                                          .mask = LAT_MASK_CAUSAL,
                                          .bits_per_step = bits,
                                          .bits_per_channel = channel_bits};
  LAT_TRY(status, lat_thoughts_compile(netlist, &construction, &thoughts));
  lat_thoughts_certify(thoughts, &certificate);
  answer->steps = thoughts->steps;
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, question->inputs->count, &values));
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, question->inputs->count, &got));
  lat_simulate(netlist, question->inputs, values);
  step_wrong = lat_calloc(thoughts->steps, sizeof *step_wrong);
  answer->flips = lat_calloc(thoughts->steps, sizeof *answer->flips);
  LAT_CHECK(status, step_wrong != NULL && answer->flips != NULL, LAT_MEMORY, "no memory for %zu steps", thoughts->steps);
  struct lat_thoughts_record record = {.outputs = got, .step_wrong = step_wrong};
  LAT_TRY(status, lat_thoughts_run(thoughts, question->inputs, values, &record));
  count_flips(thoughts, step_wrong, answer->flips);
  answer->compared = (int64_t)(netlist->outputs * question->inputs->count);
  answer->wrong = lat_bandwidth_count_wrong(question->wanted, got);
  answer->certified = certificate.certified;
  answer->nominal_bits = token ? (double)bits : 16 * (double)thoughts->channels;
  answer->flops = record.flops;
  answer->bytes = record.cache_bytes;
  answer->parameters = (int64_t)thoughts->model->count;
  LAT_TRY(status, control(question, thoughts, got, answer));
  LAT_TRY(status, run_alone(question, thoughts, answer));
done:
  lat_free(step_wrong);
  lat_vectors_free(values);
  lat_vectors_free(got);
  lat_thoughts_free(thoughts);
  if (status != LAT_OK) lat_bandwidth_answer_free(answer);
  return status;
}
