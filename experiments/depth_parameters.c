/* What do 120 layers cost against 12 layers run 10 times? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/depth_parameters/analyse.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                            \
  TEXT(model, "", "a circuit family NAME:SIZE of at most 120 levels, compiled; or width:D, an ordinary transformer", \
       "ripple:60,width:64", "ripple:60,width:64,width:128,width:256",                                               \
       "ripple:60,s5_serial:31,width:64,width:128,width:256,width:512")                                              \
  INT(layers, "layers", 1, 120, "layers L of the block; a divisor of 120; it is run 120 / L times", "1,12,120",      \
      "1,2,4,12,24,60,120", "1,2,3,4,5,6,8,10,12,15,20,24,30,40,60,120")                                             \
  INT(tokens, "tokens", 1, 4096, "sequence of an ordinary transformer", "64", "64", "256")                           \
  INT(vectors, "vectors", 1, 65536, "input vectors of a circuit", "64", "256", "1024")                               \
  INT(repeats, "runs", 1, 1000, "timed runs; the fastest counts", "1", "3", "3")                                     \
  INT(seed, "", 0, 1000000, "of weights, circuits and vectors", "0", "0", "0")
LAT_DEFINE_PARAMETERS(PARAMETERS)

enum { DEPTH = LAT_DEPTH_PARAMETERS_DEPTH, VOCABULARY = 256, HEAD_WIDTH = 32 };

static const struct lat_output outputs[] = {
    {"steps", "steps", "steps T of the block", LAT_INTEGER, "", 0},
    {"sequence", "tokens", "tokens that a run works on", LAT_INTEGER, "", 0},
    {"width", "channels", "width D", LAT_INTEGER, "", 0},
    {"parameters", "numbers", "parameters of the built model", LAT_INTEGER, "", 0},
    {"per_layer", "numbers", "parameters of one layer, by formula", LAT_INTEGER, "", 0},
    {"shared", "numbers", "parameters outside the layers, by formula", LAT_INTEGER, "", 0},
    {"bytes", "B", "memory that the built model holds", LAT_INTEGER, "", 0},
    {"flops", "flop", "floating-point operations of one run", LAT_REAL, "", 0},
    {"bits", "bits", "output bits compared with the circuit's", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong", "bits", "of these, wrong after all steps", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong_vectors", "vectors", "vectors with a wrong bit after all steps", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"wrong_once", "bits", "wrong bits of the same weights run once (the control)", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"certified", "1", "1 when the certificate covers the compiled model", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"seconds", "s", "fastest time of one run of one sequence", LAT_REAL, "", LAT_IS_TIMING},
    {0}};

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  if (DEPTH % p->layers != 0) return "L does not divide 120";
  return NULL;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  double width = strncmp(p->model, "width:", 6) == 0 ? atof(p->model + 6) : 64;
  return width * width + 1000 * (double)p->layers;
}

/* Counted from the shapes alone, as a reader would on paper. */
static size_t layer_parameters(const struct lat_transformer_config *c) {
  size_t norm = c->norm == LAT_NORM_NONE ? 0 : c->norm == LAT_NORM_RMSNORM ? c->width : 2 * c->width;
  size_t keys = c->heads * c->key_width, values = c->heads * c->value_width;
  size_t weights = 2 * keys * c->width + 2 * values * c->width + 2 * c->ffn * c->width;
  size_t biases = 2 * keys + values + c->width + c->ffn + c->width;
  return 2 * norm + weights + (c->linear_bias ? biases : 0);
}

static size_t shared_parameters(const struct lat_transformer_config *c) {
  size_t norm = c->norm == LAT_NORM_NONE ? 0 : c->norm == LAT_NORM_RMSNORM ? c->width : 2 * c->width;
  return (2 * c->vocabulary + c->step_embeddings + (c->positions == LAT_POSITIONS_LEARNED ? c->sequence : 0)) * c->width +
         (c->final_norm ? norm : 0);
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Builds the model anew and measures what it holds and how long one run of one sequence takes. `parameters` NULL: small
 * random ones; `state` NULL: small random numbers. */
static int measure(struct lat_run *run, const struct parameters *p, const struct lat_transformer_config *config,
                   const float *parameters, const float *state, size_t sequence) {
  struct lat_transformer *model = NULL;
  struct lat_forward *forward = NULL;
  float *x = NULL;
  double *seconds = lat_alloc((size_t)p->repeats, sizeof *seconds);
  int status = LAT_OK;
  size_t size = sequence * config->width, held = lat_memory_current();
  LAT_CHECK(status, seconds != NULL, LAT_MEMORY, "no memory for the times");
  LAT_TRY(status, lat_transformer_alloc(config, &model));
  size_t bytes = lat_memory_current() - held;
  LAT_TRY(status, lat_forward_alloc(model, 1, sequence, &forward));
  LAT_CHECK(status, (x = lat_alloc(size, sizeof *x)) != NULL, LAT_MEMORY, "no memory for the state");
  struct lat_random random;
  lat_random_start(&random, (uint64_t)p->seed, "weights", 0);
  float small = (float)(1 / sqrt((double)config->width));
  for (size_t i = 0; i < model->count; i++)
    model->parameters[i] = parameters != NULL ? parameters[i] : small * (float)(lat_random_uniform(&random) - 0.5);
  for (int64_t r = -1; r < p->repeats; r++) { /* the first run warms up */
    for (size_t i = 0; i < size; i++) x[i] = state != NULL ? state[i] : (float)((double)(i % 17) / 8 - 1);
    double start = lat_clock();
    LAT_TRY(status, lat_transformer_run(model, forward, config->steps, x, NULL, NULL, 0));
    if (r >= 0) seconds[r] = lat_clock() - start;
    LAT_TRY(status, lat_run_progress(run, (double)(r + 1) / (double)p->repeats));
  }
  for (size_t i = 0; i < size; i++)
    LAT_CHECK(status, isfinite(x[i]), LAT_NUMERIC, "the state after %zu steps is not finite", config->steps);
  qsort(seconds, (size_t)p->repeats, sizeof *seconds, compare);
  LAT_TRY(status, lat_put_integer(run, "steps", (int64_t)config->steps));
  LAT_TRY(status, lat_put_integer(run, "sequence", (int64_t)sequence));
  LAT_TRY(status, lat_put_integer(run, "width", (int64_t)config->width));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)model->count));
  LAT_TRY(status, lat_put_integer(run, "per_layer", (int64_t)layer_parameters(config)));
  LAT_TRY(status, lat_put_integer(run, "shared", (int64_t)shared_parameters(config)));
  LAT_TRY(status, lat_put_integer(run, "bytes", (int64_t)bytes));
  LAT_TRY(status, lat_put_real(run, "flops", (double)config->steps * lat_transformer_flops(config, sequence)));
  LAT_TRY(status, lat_put_real(run, "seconds", seconds[0]));
done:
  lat_free(seconds);
  lat_free(x);
  lat_forward_free(forward);
  lat_transformer_free(model);
  return status;
}

/* A pre-LN GPT-2 block of this width, with loops in place of further layers. */
static int read_width(const struct parameters *p, int64_t *width) {
  int status = lat_parse_int(p->model + 6, HEAD_WIDTH, 8192, width);
  if (status != LAT_OK) return lat_fail_prefix(status, "model %s", p->model);
  if (*width % HEAD_WIDTH != 0) return LAT_FAIL(LAT_INPUT, "model %s: the width is a multiple of %d", p->model, HEAD_WIDTH);
  return LAT_OK;
}

static int run_ordinary(struct lat_run *run, const struct parameters *p) {
  int64_t width;
  int status = read_width(p, &width);
  if (status != LAT_OK) return status;
  struct lat_transformer_config config = {.vocabulary = VOCABULARY,
                                          .sequence = (size_t)p->tokens,
                                          .width = (size_t)width,
                                          .heads = (size_t)width / HEAD_WIDTH,
                                          .key_width = HEAD_WIDTH,
                                          .value_width = HEAD_WIDTH,
                                          .ffn = 4 * (size_t)width,
                                          .layers = (size_t)p->layers,
                                          .steps = DEPTH / (size_t)p->layers,
                                          .norm = LAT_NORM_LAYERNORM,
                                          .norm_epsilon = 1e-5,
                                          .activation = LAT_ACTIVATION_GELU_TANH,
                                          .mask = LAT_MASK_CAUSAL,
                                          .positions = LAT_POSITIONS_LEARNED,
                                          .attention_scale = 1 / sqrt((double)HEAD_WIDTH),
                                          .linear_bias = 1,
                                          .final_norm = 1};
  return measure(run, p, &config, NULL, NULL, (size_t)p->tokens);
}

/* Output bits that differ after `steps` steps, and vectors with such a bit. */
static int count_wrong(const struct lat_netlist *netlist, struct lat_engine *engine, const struct lat_vectors *inputs,
                       const struct lat_vectors *values, size_t steps, int64_t *bits, int64_t *vectors) {
  struct lat_engine_record record = {.steps = steps};
  int status;
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, inputs->count, &record.outputs));
  LAT_TRY(status, lat_engine_run(engine, inputs, values, &record));
  *bits = *vectors = 0;
  for (size_t n = 0; n < inputs->count; n++) {
    int64_t before = *bits;
    for (size_t o = 0; o < netlist->outputs; o++)
      *bits += lat_vectors_get(record.outputs, o, n) != lat_vectors_get(values, netlist->output[o], n);
    *vectors += *bits > before;
  }
done:
  lat_vectors_free(record.outputs);
  return status;
}

static int run_compiled(struct lat_run *run, const struct parameters *p) {
  struct lat_netlist *netlist = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  float *state = NULL;
  unsigned char *bit = NULL;
  struct lat_certificate certificate;
  int64_t wrong, wrong_vectors, once, once_vectors;
  int status;
  LAT_TRY(status, lat_family_make(p->model, (uint64_t)p->seed, &netlist));
  struct lat_construction construction = {.fan_in = 2, .layers = (size_t)p->layers, .steps = DEPTH / (size_t)p->layers};
  LAT_TRY(status, lat_compile(netlist, &construction, &compiled));
  LAT_CHECK(status, compiled->depth <= DEPTH && compiled->depth > DEPTH - 12, LAT_INPUT,
            "model %s has %u levels; a circuit of 109 to 120 levels is needed here", p->model, compiled->depth);
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, (size_t)p->vectors, &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, (size_t)p->vectors, &values));
  lat_vectors_random(inputs, (uint64_t)p->seed);
  for (const struct lat_family *f = lat_families; f->name != NULL; f++) { /* vector 0: the one that needs every level */
    size_t length = strlen(f->name);
    if (f->sensitise == NULL || strncmp(f->name, p->model, length) != 0 || p->model[length] != ':') continue;
    LAT_CHECK(status, (bit = lat_alloc(netlist->inputs, 1)) != NULL, LAT_MEMORY, "no memory for an input vector");
    LAT_TRY(status, f->sensitise(netlist, strtoll(p->model + length + 1, NULL, 10), bit));
    for (size_t i = 0; i < netlist->inputs; i++) lat_vectors_set(inputs, i, 0, bit[i]);
  }
  lat_simulate(netlist, inputs, values);
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine));
  lat_certify(compiled, lat_engine_attention(engine), &certificate);
  LAT_TRY(status, count_wrong(netlist, engine, inputs, values, construction.steps, &wrong, &wrong_vectors));
  LAT_TRY(status, count_wrong(netlist, engine, inputs, values, 1, &once, &once_vectors));
  LAT_TRY(status, lat_put_integer(run, "bits", (int64_t)(netlist->outputs * inputs->count)));
  LAT_TRY(status, lat_put_integer(run, "wrong", wrong));
  LAT_TRY(status, lat_put_integer(run, "wrong_vectors", wrong_vectors));
  LAT_TRY(status, lat_put_integer(run, "wrong_once", once));
  LAT_TRY(status, lat_put_integer(run, "certified", certificate.certified));
  lat_free(bit);
  LAT_CHECK(status, (bit = lat_calloc(netlist->inputs, 1)) != NULL, LAT_MEMORY, "no memory for an input vector");
  LAT_CHECK(status, (state = lat_alloc(compiled->nodes * compiled->layout.width, sizeof *state)) != NULL, LAT_MEMORY,
            "no memory for the state");
  lat_prompt_state(compiled->prompt, bit, state);
  LAT_TRY(status, measure(run, p, &compiled->model->config, compiled->model->parameters, state, compiled->nodes));
done:
  lat_free(bit);
  lat_free(state);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_netlist_free(netlist);
  return status;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  int64_t width;
  return strncmp(p->model, "width:", 6) == 0 ? read_width(p, &width) : lat_family_check(p->model);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  return strncmp(p->model, "width:", 6) == 0 ? run_ordinary(run, p) : run_compiled(run, p);
}

const struct lat_experiment lat_experiment_depth_parameters = {
    .name = "depth_parameters",
    .section = "A. Expressiveness",
    .question = "What do 120 layers cost against 12 layers run 10 times?",
    .prediction =
        "A block of L layers run 120 / L times computes the same function of a 120-level circuit for every L. Its "
        "parameters are "
        "shared + L per layer, so that 12 x 10 holds 10 % of the layers' parameters of 120 x 1 and 1 x 120 less than 1 %; "
        "the floating-point operations are the same for all. Time is measured and reported, not predicted: a loop can only "
        "save traffic of weights.",
    .refuted_if =
        "one built model has another number of parameters or operations, or one output bit of a compiled model is wrong. "
        "The test is void when the same weights run once give the right bits.",
    .source =
        "Looped transformers: Dehghani et al. (2019), Giannou et al. (2023), Saunshi et al. (2025); universal construction "
        "run as "
        "a tied loop and as an untied stack",
    .caption =
        "(a) Parameters of models of effective depth 120 that were built, against the layers of the block; lines: shared "
        "parameters + L "
        "times those of a layer; dashed: 12 layers run 10 times. (b) Operations (line, the same for all) and measured time "
        "of one forward pass "
        "(markers), relative to the stack of 120 layers of the same model.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_depth_parameters_analyse,
};
