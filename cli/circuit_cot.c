/* `latentlab circuit`: a thought carries so many new bits, as a token (cot) or as a vector; earlier ones are in a cache. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>

#include "cli/circuit.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/thoughts.h"

struct cot {
  struct lat_thoughts *thoughts;
  struct lat_thoughts_record record;
};

static int run(struct cot *cot, struct lat_circuit_outcome *outcome) {
  struct lat_vectors *values = NULL;
  struct lat_circuit_progress progress;
  int status = LAT_OK;
  double began = lat_clock();
  LAT_TRY(status, lat_vectors_alloc(outcome->mapped->outputs, outcome->inputs->count, &outcome->outputs));
  outcome->output_last = lat_alloc(outcome->mapped->outputs, sizeof *outcome->output_last);
  LAT_CHECK(status, outcome->output_last, LAT_MEMORY, "no memory for %zu outputs", outcome->mapped->outputs);
  for (size_t o = 0; o < outcome->mapped->outputs; o++)
    outcome->output_last[o] = 1; /* all gates that outputs need are said */
  LAT_TRY(status, lat_vectors_alloc(outcome->mapped->nodes, outcome->inputs->count, &values));
  lat_simulate(outcome->mapped, outcome->inputs, values);
  outcome->seconds.check += lat_clock() - began;
  cot->record = (struct lat_thoughts_record){
      .outputs = outcome->outputs, .progress = lat_circuit_progress_tell, .context = &progress};
  began = lat_clock();
  lat_circuit_progress_start(&progress);
  status = lat_thoughts_run(cot->thoughts, outcome->inputs, values, &cot->record);
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
  LAT_CHECK(status, request->attention != LAT_ATTENTION_FAST, LAT_UNSUPPORTED,
            "--attention fast: thoughts read the cache by the dense softmax");
  struct cot *cot = outcome->machine = lat_calloc(1, sizeof *cot);
  LAT_CHECK(status, cot, LAT_MEMORY, "no memory for a compiled circuit");
  LAT_TRY(status, lat_thoughts_compile(outcome->mapped, &request->construction, &cot->thoughts));
  seconds->compile = lat_clock() - began, began += seconds->compile;
  lat_thoughts_certify(cot->thoughts, &outcome->certificate);
  seconds->certify = lat_clock() - began;
  const struct lat_thoughts *thoughts = cot->thoughts;
  outcome->config = thoughts->model->config;
  outcome->beta = thoughts->beta;
  outcome->kappa = thoughts->construction.kappa;
  outcome->parameters = thoughts->model->count;
  outcome->tokens = thoughts->sequence;
  outcome->attention = lat_attention_name(LAT_ATTENTION_DENSE);
  outcome->model = thoughts->model;
  outcome->steps = thoughts->steps;
  outcome->depth = outcome->after.depth;
  LAT_TRY(status, run(cot, outcome));
done:
  return status;
}

static double per_step(const struct cot *cot) {
  return cot->record.thoughts > 0 ? (double)cot->record.bits / (double)cot->record.thoughts : 0;
}

static void print(const struct lat_circuit_outcome *outcome) {
  const struct cot *cot = outcome->machine;
  const struct lat_thoughts *thoughts = cot->thoughts;
  const struct lat_thoughts_record *record = &cot->record;
  size_t w = thoughts->construction.bits_per_step;
  printf("thoughts     %zu after a prompt of %zu token%s, ", record->thoughts, thoughts->prompt_tokens,
         thoughts->prompt_tokens == 1 ? "" : "s");
  if (thoughts->vocabulary > 0)
    printf("each a token of V = %zu (log2 V = %zu)\n", thoughts->vocabulary, w);
  else
    printf("each a vector of %zu channel%s with %u bit%s (%zu bits in all)\n", thoughts->channels,
           thoughts->channels == 1 ? "" : "s", thoughts->construction.bits_per_channel,
           thoughts->construction.bits_per_channel == 1 ? "" : "s", w);
  printf("             %" PRIu64 " gates: %.4g bits materialised a step; Brent's bounds %zu .. %zu steps\n", record->bits,
         per_step(cot), lat_brent_lower(thoughts->schedule.size, thoughts->schedule.depth, w),
         lat_brent_upper(thoughts->schedule.size, thoughts->schedule.depth, w));
  printf("             wrong bits in thoughts %" PRIu64 ", in %" PRIu64 " vectors; largest error of a channel %.2g\n",
         record->wrong_bits, record->wrong_vectors, record->largest_error);
  printf("cost         %.4g operations and %.4g bytes of cache a vector\n", record->flops, record->cache_bytes);
}

static void add_real(struct json_object *to, const char *key, double value) {
  json_object_object_add(to, key, json_object_new_double(value));
}
static void add_count(struct json_object *to, const char *key, uint64_t value) {
  json_object_object_add(to, key, json_object_new_uint64(value));
}

static void add_json(const struct lat_circuit_outcome *outcome, struct json_object *object) {
  const struct cot *cot = outcome->machine;
  const struct lat_thoughts *thoughts = cot->thoughts;
  const struct lat_thoughts_record *record = &cot->record;
  size_t w = thoughts->construction.bits_per_step;
  add_count(object, "thoughts", record->thoughts);
  add_count(object, "prompt_tokens", thoughts->prompt_tokens);
  add_count(object, "vocabulary", thoughts->vocabulary);
  add_count(object, "bits_per_step", w);
  if (thoughts->vocabulary > 0) add_count(object, "log2_vocabulary", w);
  add_count(object, "channels", thoughts->channels);
  add_count(object, "bits_per_channel", thoughts->construction.bits_per_channel);
  add_count(object, "bits_materialised", record->bits);
  add_real(object, "bits_materialised_per_step", per_step(cot));
  add_count(object, "brent_lower", lat_brent_lower(thoughts->schedule.size, thoughts->schedule.depth, w));
  add_count(object, "brent_upper", lat_brent_upper(thoughts->schedule.size, thoughts->schedule.depth, w));
  add_count(object, "wrong_thought_bits", record->wrong_bits);
  add_count(object, "wrong_vectors", record->wrong_vectors);
  add_real(object, "largest_error", record->largest_error);
  add_real(object, "flops", record->flops);
  add_real(object, "cache_bytes", record->cache_bytes);
}

static void forget(void *machine) {
  struct cot *cot = machine;
  lat_thoughts_free(cot->thoughts);
  lat_free(cot);
}

const struct lat_circuit_machine lat_circuit_cot = {work, NULL, print, add_json, forget};
