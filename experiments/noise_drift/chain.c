#include "experiments/noise_drift/chain.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/simulate.h"
#include "lib/compile/compile.h"
#include "lib/compile/layout.h"
#include "lib/compile/thoughts.h"
#include "lib/nn/decode.h"

static const char *const names[] = {"none", "clip", "token", "cot", "vector"};
enum { REGENERATORS = sizeof names / sizeof *names, BATCH = 64 };
#define EXACT_BETA 56.0 /* wrong addresses weigh exactly 0: noise is the only error */

const char *lat_regenerator_name(enum lat_regenerator regenerator) { return names[regenerator]; }

int lat_regenerator_parse(const char *name, enum lat_regenerator *regenerator) {
  for (int k = 0; k < REGENERATORS; k++)
    if (strcmp(name, names[k]) == 0) {
      *regenerator = (enum lat_regenerator)k;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "no regenerator '%.40s': none, clip, token, cot or vector", name);
}

int lat_drift_netlist(size_t steps, struct lat_netlist **result) {
  int status = LAT_OK;
  struct lat_netlist *netlist = NULL;
  *result = NULL;
  LAT_CHECK(status, steps >= 1 && steps < 1 << 20, LAT_INPUT, "%zu steps are not 1..1048575", steps);
  LAT_TRY(status, lat_netlist_alloc("running parity", &netlist));
  for (size_t i = 0; i <= steps; i++) LAT_TRY(status, lat_netlist_input(netlist, NULL, NULL));
  for (size_t t = 0; t < steps; t++) {
    uint32_t fan_in[2] = {(uint32_t)(t == 0 ? 0 : steps + t), (uint32_t)(t + 1)};
    LAT_TRY(status, lat_netlist_node(netlist, 2, fan_in, 6, NULL));
  }
  LAT_TRY(status, lat_netlist_output(netlist, NULL, (uint32_t)(2 * steps)));
  LAT_TRY(status, lat_netlist_finish(netlist, NULL));
  *result = netlist;
  netlist = NULL;
done:
  lat_netlist_free(netlist);
  return status;
}

/* The noise of a vector's step: a function of (seed, machine, vector, step) alone. Box and Muller 1958. */
static double noise(const struct lat_drift *drift, size_t vector, size_t step) {
  struct lat_random random;
  lat_random_start(&random, drift->seed * REGENERATORS + drift->regenerator, "noise drift", (uint64_t)vector << 24 | step);
  double radius = sqrt(-2 * log(1 - lat_random_uniform(&random)));
  return drift->sigma * radius * cos(2 * M_PI * lat_random_uniform(&random));
}

/* ---- the universal machine, whole sequence in every step ---- */

struct universal {
  const struct lat_drift *drift;
  const struct lat_compiled *compiled;
  const struct lat_vectors *inputs, *values;
  struct lat_forward *forward;
  float *x, *logits;
  unsigned char *bit, *dead;
};

static void run_step(struct universal *run, size_t first, size_t batch, size_t step) {
  const struct lat_drift *drift = run->drift;
  const struct lat_transformer *model = run->compiled->model;
  size_t N = run->compiled->nodes, D = model->config.width, inputs = drift->steps + 1;
  size_t column = lat_layout_column(&run->compiled->layout, run->compiled->layout.value);
  for (size_t n = 0; n < batch; n++) {
    float *v = &run->x[(n * N + inputs + step) * D + column]; /* gates before and after it matter no more, or not yet */
    *v += (float)noise(drift, first + n, step);
    run->dead[n] |= (*v > 0) != lat_vectors_get(run->values, inputs + step, first + n);
  }
  if (drift->regenerator != LAT_REGENERATE_TOKEN) return;
  lat_transformer_logits(model, run->forward, run->x, run->logits);
  for (size_t i = 0; i < batch * N; i++) {
    size_t token = (size_t)lat_greedy(2, run->logits + 2 * i);
    run->x[i * D + column] = model->position[i % N * D + column] + model->token[token * D + column];
  }
}

static int run_universal(struct universal *run, int64_t *survived) {
  const struct lat_drift *drift = run->drift;
  const struct lat_transformer *model = run->compiled->model;
  size_t N = run->compiled->nodes, D = model->config.width, inputs = drift->steps + 1;
  for (size_t first = 0; first < drift->vectors; first += BATCH) {
    size_t batch = drift->vectors - first < BATCH ? drift->vectors - first : BATCH;
    memset(run->dead, 0, BATCH);
    for (size_t n = 0; n < BATCH; n++) {
      for (size_t i = 0; i < inputs; i++)
        run->bit[i] = (unsigned char)(n < batch && lat_vectors_get(run->inputs, i, first + n));
      lat_prompt_state(run->compiled->prompt, run->bit, run->x + n * N * D);
    }
    for (size_t step = 0; step < drift->steps; step++) {
      int status = lat_transformer_run(model, run->forward, 1, run->x, NULL, NULL, 0);
      if (status != LAT_OK) return status;
      run_step(run, first, batch, step);
      for (size_t n = 0; n < batch; n++) survived[step] += !run->dead[n];
    }
  }
  return LAT_OK;
}

static int use_universal(const struct lat_drift *drift, const struct lat_netlist *netlist, const struct lat_vectors *inputs,
                         const struct lat_vectors *values, int64_t *survived) {
  int status = LAT_OK;
  struct lat_construction construction = {
      .fan_in = 2,
      .variant = LAT_VARIANT_WEIGHTS,
      .layers = 1,
      .beta = EXACT_BETA,
      .kappa = drift->kappa,
      .snap = drift->regenerator == LAT_REGENERATE_CLIP ? LAT_SNAP_CLIP : LAT_SNAP_NONE};
  struct lat_compiled *compiled = NULL;
  struct universal run = {.drift = drift, .inputs = inputs, .values = values};
  LAT_TRY(status, lat_compile(netlist, &construction, &compiled));
  size_t N = compiled->nodes, D = compiled->model->config.width;
  run.compiled = compiled;
  run.x = lat_alloc(BATCH * N * D, sizeof(float));
  run.logits = lat_alloc(BATCH * N * 2, sizeof(float));
  run.bit = lat_alloc(drift->steps + 1, 1);
  run.dead = lat_alloc(BATCH, 1);
  LAT_CHECK(status, run.x && run.logits && run.bit && run.dead, LAT_MEMORY, "no memory for %d states of %zu tokens", BATCH,
            N);
  LAT_TRY(status, lat_forward_alloc(compiled->model, BATCH, N, &run.forward));
  LAT_TRY(status, run_universal(&run, survived));
done:
  lat_forward_free(run.forward);
  lat_free(run.dead);
  lat_free(run.bit);
  lat_free(run.logits);
  lat_free(run.x);
  lat_compiled_free(compiled);
  return status;
}

/* ---- one thought a step, the rest in the cache ---- */

static int disturb(void *context, size_t step, size_t first, size_t batch, size_t channels, float *thought) {
  const struct lat_drift *drift = context;
  for (size_t n = 0; n < batch; n++) thought[n * channels] += (float)noise(drift, first + n, step - 1);
  return LAT_OK;
}

static int use_thoughts(const struct lat_drift *drift, const struct lat_netlist *netlist, const struct lat_vectors *inputs,
                        const struct lat_vectors *values, int64_t *survived) {
  int status = LAT_OK, cot = drift->regenerator == LAT_REGENERATE_COT;
  struct lat_drift copy = *drift;
  struct lat_construction construction = {.fan_in = 2,
                                          .variant = cot ? LAT_VARIANT_COT : LAT_VARIANT_VECTOR,
                                          .layers = 1,
                                          .mask = LAT_MASK_CAUSAL,
                                          .beta = EXACT_BETA,
                                          .kappa = drift->kappa,
                                          .bits_per_step = 1};
  struct lat_thoughts *thoughts = NULL;
  uint32_t *first_wrong = NULL;
  LAT_TRY(status, lat_thoughts_compile(netlist, &construction, &thoughts));
  first_wrong = lat_alloc(drift->vectors, sizeof *first_wrong);
  LAT_CHECK(status, first_wrong != NULL, LAT_MEMORY, "no memory for %zu vectors", drift->vectors);
  struct lat_thoughts_record record = {.first_wrong = first_wrong, .hook = disturb, .hook_context = &copy};
  LAT_TRY(status, lat_thoughts_run(thoughts, inputs, values, &record));
  for (size_t n = 0; n < drift->vectors; n++)
    for (size_t t = 1; t <= drift->steps && t < first_wrong[n]; t++) survived[t - 1]++;
done:
  lat_free(first_wrong);
  lat_thoughts_free(thoughts);
  return status;
}

int lat_drift_run(const struct lat_drift *drift, int64_t *survived) {
  int status = LAT_OK;
  struct lat_netlist *netlist = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  memset(survived, 0, drift->steps * sizeof *survived);
  LAT_TRY(status, lat_drift_netlist(drift->steps, &netlist));
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, drift->vectors, &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, drift->vectors, &values));
  lat_vectors_random(inputs, drift->seed);
  lat_simulate(netlist, inputs, values);
  int thinks = drift->regenerator == LAT_REGENERATE_COT || drift->regenerator == LAT_REGENERATE_VECTOR;
  status = thinks ? use_thoughts(drift, netlist, inputs, values, survived)
                  : use_universal(drift, netlist, inputs, values, survived);
done:
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_netlist_free(netlist);
  return status;
}
