/* Token-per-gate latent: the universal machine, one layer looped depth times. */
#include <math.h>

#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/wavefront.h"

/* The plain transformer on the last vector alone, with the clock running. */
static int run_alone(const struct lat_bandwidth_question *question, const struct lat_compiled *compiled,
                     struct lat_bandwidth_answer *answer) {
  const struct lat_prompt *prompt = compiled->prompt;
  struct lat_forward *forward = NULL;
  size_t last = question->inputs->count - 1;
  unsigned char *bit = lat_alloc(prompt->inputs, 1);
  float *x = lat_alloc(prompt->tokens * prompt->width, sizeof *x);
  int status = LAT_OK;
  LAT_CHECK(status, bit != NULL && x != NULL, LAT_MEMORY, "no memory for a state of %zu tokens", prompt->tokens);
  LAT_TRY(status, lat_forward_alloc(compiled->model, 1, prompt->tokens, &forward));
  for (size_t i = 0; i < prompt->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(question->inputs, i, last);
  answer->seconds = (double)INFINITY;
  for (size_t r = 0; r < question->repeats; r++) {
    lat_prompt_state(prompt, bit, x);
    double start = lat_clock();
    LAT_TRY(status, lat_transformer_run(compiled->model, forward, answer->steps, x, NULL, NULL, 0));
    double seconds = lat_clock() - start;
    if (seconds < answer->seconds) answer->seconds = seconds;
  }
  for (size_t o = 0; o < prompt->outputs; o++)
    answer->wrong += lat_prompt_read(prompt, x, o, NULL) != lat_vectors_get(question->wanted, o, last);
  answer->compared += (int64_t)prompt->outputs;
done:
  lat_forward_free(forward);
  lat_free(bit);
  lat_free(x);
  return status;
}

int lat_bandwidth_gates(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer) {
  const struct lat_netlist *netlist = question->mapped;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *values = NULL;
  struct lat_wavefront wave = {0};
  struct lat_certificate certificate;
  size_t vectors = question->inputs->count;
  int status;
  *answer = (struct lat_bandwidth_answer){.outputs = (int64_t)netlist->outputs};
  struct lat_construction construction = {.fan_in = question->fan_in, .layers = 1};
  LAT_TRY(status, lat_compile(netlist, &construction, &compiled));
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine));
  lat_certify(compiled, lat_engine_attention(engine), &certificate);
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, vectors, &values));
  lat_simulate(netlist, question->inputs, values);
  answer->steps = compiled->construction.steps;
  LAT_TRY(status, lat_wavefront_alloc(&wave, compiled, netlist->outputs, vectors, answer->steps));
  LAT_TRY(status, lat_engine_run(engine, question->inputs, values, &wave.record));
  answer->flips = lat_calloc(answer->steps, sizeof *answer->flips);
  LAT_CHECK(status, answer->flips != NULL, LAT_MEMORY, "no memory for %zu steps", answer->steps);
  lat_bandwidth_count_flips(wave.record.level_ready, answer->steps, compiled->depth, vectors, answer->flips);
  answer->wrong = lat_bandwidth_count_wrong(question->wanted, wave.record.outputs);
  answer->compared = (int64_t)(netlist->outputs * vectors);
  answer->wrong_before = (int64_t)wave.record.output_wrong[answer->steps - 1];
  answer->ready_before = (int64_t)wave.record.output_ready[answer->steps - 1];
  answer->certified = certificate.certified;
  const struct lat_transformer_config *config = &compiled->model->config;
  answer->flops = (double)answer->steps * lat_transformer_flops(config, compiled->nodes);
  answer->nominal_bits = 16 * (double)(compiled->nodes * config->width);
  answer->bytes = (double)(compiled->nodes * config->width * sizeof(float));
  answer->parameters = (int64_t)compiled->model->count;
  LAT_TRY(status, run_alone(question, compiled, answer));
done:
  lat_wavefront_free(&wave);
  lat_vectors_free(values);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  if (status != LAT_OK) lat_bandwidth_answer_free(answer);
  return status;
}
