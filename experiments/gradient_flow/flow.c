#include "experiments/gradient_flow/flow.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/pass.h"
#include "lib/train/recipe.h"

static const char *const blocks[] = {"bare", "none", "pre", "post", "sandwich"};

int lat_flow_block_parse(const char *name, enum lat_flow_block *block) {
  for (unsigned i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    if (strcmp(name, blocks[i]) != 0) continue;
    *block = (enum lat_flow_block)i;
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "'%.80s' is no block: bare, none, pre, post or sandwich", name);
}

/* The loop on a tape: h_T, and in state[t] (may be NULL) h_(t+1). */
static struct lat_array *run_loop(const struct lat_loop *loop, struct lat_pass *pass, size_t steps, struct lat_array *x,
                                  struct lat_array **state) {
  struct lat_array *first = x;
  size_t L = loop->model->config.layers;
  for (size_t t = 0; t < steps; t++) {
    x = lat_pass_begin_step(pass, t, x, first);
    for (size_t l = loop->untied ? t : 0; l < (loop->untied ? t + 1 : L); l++) x = lat_pass_layer(pass, l, x);
    if (state != NULL) state[t] = x;
  }
  return x;
}

static int run(const struct lat_learner *learner, struct lat_learner_pass *pass) {
  const struct lat_loop *loop = learner->own;
  if (pass->steps == 0 || pass->steps > loop->steps)
    return LAT_FAIL(LAT_INPUT, "%zu loops of a variant of %zu", pass->steps, loop->steps);
  struct lat_pass *made = lat_pass_make(pass->tape, loop->model, pass->batch, pass->sequence, pass->gradient);
  struct lat_array **state = lat_tape_memory(pass->tape, pass->steps, sizeof *state);
  if (made == NULL || state == NULL) return lat_tape_status(pass->tape);
  made->stream = loop->stream;
  if (run_loop(loop, made, pass->steps, lat_pass_embed(made, pass->token), state) == NULL)
    return lat_tape_status(pass->tape);
  for (size_t t = 0; t < pass->steps; t++)
    pass->logits[t] = pass->every || t + 1 == pass->steps ? lat_pass_logits(made, state[t]) : NULL;
  return lat_tape_status(pass->tape);
}

static void place_norms(enum lat_flow_block block, struct lat_transformer_config *config) {
  switch (block) {
    case LAT_FLOW_BARE:
    case LAT_FLOW_NONE: config->norm = LAT_NORM_NONE; break;
    case LAT_FLOW_PRE: config->placement = LAT_PLACEMENT_PRE; break;
    case LAT_FLOW_POST: config->placement = LAT_PLACEMENT_POST; break;
    case LAT_FLOW_SANDWICH: config->placement = LAT_PLACEMENT_SANDWICH; break;
  }
}

int lat_flow_open(const struct lat_flow_choice *choice, struct lat_flow *flow) {
  int status = LAT_OK;
  char task[64];
  struct lat_transformer_config config;
  struct lat_initialisation initial = lat_initialisation_default();
  size_t T = choice->loops;
  *flow = (struct lat_flow){0};
  snprintf(task, sizeof task, "parity:length=%zu:supervision=dense", choice->length);
  LAT_TRY(status, lat_task_parse(task, &flow->setting));
  LAT_TRY(status, lat_task_shape(&flow->setting, &flow->shape));
  LAT_TRY(status, lat_recipe_config(&flow->setting, choice->width, choice->heads, choice->untied ? T : 1,
                                    choice->untied ? 1 : T, &config));
  place_norms(choice->block, &config);
  config.input_injection = choice->injection;
  config.residual_scale = choice->damped ? 1 / sqrt(2 * (double)T) : 1;
  initial.kind = choice->weights;
  initial.gain = choice->gain;
  initial.output = 1; /* damping is the block's, not hidden in the weights */
  LAT_TRY(status, lat_recipe_make(&config, &initial, choice->seed, &flow->model, &flow->learner));
  flow->loop =
      (struct lat_loop){flow->model, flow->shape.sequence, T, choice->block == LAT_FLOW_BARE ? 0 : 1, choice->untied};
  flow->learner->run = run;
  flow->learner->own = &flow->loop;
done:
  return status;
}

void lat_flow_close(struct lat_flow *flow) {
  lat_learner_free(flow->learner);
  lat_transformer_free(flow->model);
  *flow = (struct lat_flow){0};
}

/* ---- measuring ---- */

struct batch {
  size_t count; /* numbers of a state of all examples */
  int32_t *token, *target;
  lat_real *weight;        /* of the rows of the loss */
  lat_real *x0, *hT;       /* [count] */
  lat_real *gx0, *ghT, *g; /* gradients: by the input, by h_T, by all parameters */
};

static int draw(const struct lat_flow *flow, struct lat_tape *tape, uint64_t seed, size_t examples, struct batch *batch) {
  size_t S = flow->shape.sequence, rows = examples * S, asked = 0;
  batch->count = rows * flow->model->config.width;
  batch->token = lat_tape_memory(tape, rows * flow->shape.fields, sizeof *batch->token);
  batch->target = lat_tape_memory(tape, rows, sizeof *batch->target);
  int32_t *level = lat_tape_memory(tape, rows, sizeof *level);
  batch->weight = lat_tape_memory(tape, rows, sizeof *batch->weight);
  batch->gx0 = lat_tape_memory(tape, batch->count, sizeof *batch->gx0);
  batch->ghT = lat_tape_memory(tape, batch->count, sizeof *batch->ghT);
  batch->g = lat_tape_memory(tape, flow->model->count, sizeof *batch->g);
  if (batch->g == NULL) return lat_tape_status(tape);
  memset(batch->gx0, 0, batch->count * sizeof *batch->gx0);
  memset(batch->ghT, 0, batch->count * sizeof *batch->ghT);
  memset(batch->g, 0, flow->model->count * sizeof *batch->g);
  for (size_t i = 0; i < examples; i++) {
    struct lat_example one = {batch->token + i * S * flow->shape.fields, batch->target + i * S, level + i * S, NULL};
    lat_task_make(&flow->setting, seed, "flow", i, &one);
  }
  for (size_t i = 0; i < rows; i++) asked += batch->target[i] >= 0;
  for (size_t i = 0; i < rows; i++) batch->weight[i] = (lat_real)(1 / (double)asked);
  return LAT_OK;
}

static double length(size_t n, const lat_real *x) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sqrt(sum);
}

static double log10_or_nan(double x) { return x > 0 && isfinite(x) ? log10(x) : (double)NAN; }

/* Forward, then backward in two parts: through the head to h_T, then from there through the loop. */
static int walk(const struct lat_flow *flow, struct lat_tape *tape, size_t examples, struct batch *batch,
                struct lat_flow_measure *measure) {
  size_t T = flow->loop.steps, D = flow->model->config.width, rows = batch->count / D;
  int status = LAT_OK;
  struct lat_pass *pass = lat_pass_make(tape, flow->model, examples, flow->shape.sequence, batch->g);
  struct lat_array **state = lat_tape_memory(tape, T, sizeof *state);
  if (pass == NULL || state == NULL) return lat_tape_status(tape);
  pass->stream = flow->loop.stream;
  struct lat_array *x = lat_pass_embed(pass, batch->token);
  if (x == NULL) return lat_tape_status(tape);
  batch->x0 = x->value;
  struct lat_array *h = run_loop(&flow->loop, pass, T, lat_tape_leaf(tape, rows, D, x->value, batch->gx0), state);
  if (h == NULL) return lat_tape_status(tape);
  for (size_t t = 0; t < T; t++)
    if (!isfinite(length(batch->count, state[t]->value))) {
      measure->state = LAT_FLOW_STATE_BROKEN;
      measure->broken_at = (double)(t + 1);
      return LAT_OK;
    }
  measure->rms = length(batch->count, h->value) / sqrt((double)batch->count);
  struct lat_array *last = lat_tape_leaf(tape, rows, D, h->value, batch->ghT);
  struct lat_array *loss = lat_cross_entropy(tape, lat_pass_logits(pass, last), batch->target, batch->weight, NULL, NULL);
  if (loss == NULL) return lat_tape_status(tape);
  LAT_TRY(status, lat_tape_backward(tape, loss, 1));
  memset(batch->g, 0, flow->model->count * sizeof *batch->g); /* the head's and the final norm's are not the loop's */
  double end = length(batch->count, batch->ghT);
  struct lat_array *along = lat_total(tape, lat_product(tape, h, lat_tape_leaf(tape, rows, D, batch->ghT, NULL)));
  if (along == NULL) return lat_tape_status(tape);
  LAT_TRY(status, lat_tape_backward(tape, along, 1));
  double input = length(batch->count, batch->gx0), parameters = length(flow->model->count, batch->g);
  measure->log_input = log10_or_nan(input / end);
  measure->log_parameters = log10_or_nan(parameters);
  if (!isfinite(end) || !isfinite(input) || !isfinite(parameters))
    measure->state = LAT_FLOW_GRADIENT_BROKEN;
  else if (input == 0 || parameters == 0)
    measure->state = LAT_FLOW_GRADIENT_ZERO;
done:
  return status;
}

/* A product that is not finite is a result here. */
static int forgive(int status) {
  if (status != LAT_NUMERIC) return status;
  lat_error_clear();
  return LAT_OK;
}

/* |J^T g| / |g| over the first examples, by logarithms: it has no smallest number. */
static int ratio(const struct lat_flow *flow, struct lat_jacobian *jacobian, const struct batch *batch, size_t probes,
                 struct lat_tape *tape, struct lat_flow_measure *measure) {
  size_t n = flow->shape.sequence * flow->model->config.width;
  double *g = lat_tape_memory(tape, n, sizeof *g), *log_scale = lat_tape_memory(tape, probes, sizeof *log_scale);
  double before = 0, after = 0, largest = (double)-INFINITY;
  if (g == NULL || log_scale == NULL) return lat_tape_status(tape);
  for (size_t p = 0; p < probes; p++) {
    for (size_t i = 0; i < n; i++) g[i] = (double)batch->ghT[p * n + i];
    double norm = length(n, batch->ghT + p * n);
    before += norm * norm;
    int status = lat_jacobian_start(jacobian, batch->x0 + p * n);
    if (status == LAT_OK) status = lat_jacobian_transposed_times(jacobian, 0, flow->loop.steps, g, g, &log_scale[p]);
    if (status != LAT_OK) return forgive(status);
    double left = 0;
    for (size_t i = 0; i < n; i++) left += g[i] * g[i];
    if (left == 0) log_scale[p] = (double)-INFINITY;
    if (log_scale[p] > largest) largest = log_scale[p];
  }
  for (size_t p = 0; p < probes; p++) after += exp(2 * (log_scale[p] - largest));
  double log_ratio = (largest + 0.5 * log(after)) / log(10) - 0.5 * log10(before);
  if (isfinite(log_ratio)) measure->log_ratio = log_ratio;
  return LAT_OK;
}

static int spectrum(const struct lat_flow *flow, struct lat_jacobian *jacobian, const struct batch *batch,
                    struct lat_flow_measure *measure) {
  size_t T = flow->loop.steps, rounds;
  double log_value[LAT_FLOW_VALUES], residual = (double)NAN;
  int status = LAT_OK;
  const struct lat_singular several = {LAT_FLOW_VALUES, 48, 0.02, 1}, one = {1, 48, 0.02, 1};
  LAT_TRY(status, lat_jacobian_start(jacobian, batch->x0));
  LAT_TRY(status, lat_jacobian_singular(jacobian, 0, T, &several, log_value, &rounds, &residual));
  for (size_t i = 0; i < LAT_FLOW_VALUES; i++)
    if (isfinite(log_value[i])) measure->log_singular[i] = log_value[i];
  measure->residual = residual;
  LAT_TRY(status, lat_jacobian_singular(jacobian, T - 1, T, &one, log_value, &rounds, &residual));
  if (isfinite(log_value[0])) measure->log_step = log_value[0];
  if (residual > measure->residual) measure->residual = residual;
done:
  return forgive(status);
}

int lat_flow_measure(const struct lat_flow *flow, uint64_t seed, size_t examples, size_t probes,
                     struct lat_flow_measure *measure) {
  int status = LAT_OK;
  struct lat_tape *tape = NULL;
  struct lat_jacobian *jacobian = NULL;
  struct batch batch = {0};
  *measure = (struct lat_flow_measure){.broken_at = (double)NAN,
                                       .rms = (double)NAN,
                                       .log_ratio = (double)NAN,
                                       .log_input = (double)NAN,
                                       .log_parameters = (double)NAN,
                                       .log_step = (double)NAN,
                                       .residual = (double)NAN};
  for (size_t i = 0; i < LAT_FLOW_VALUES; i++) measure->log_singular[i] = (double)NAN;
  LAT_TRY(status, lat_tape_alloc(&tape));
  LAT_TRY(status, draw(flow, tape, seed, examples, &batch));
  LAT_TRY(status, walk(flow, tape, examples, &batch, measure));
  if (measure->state == LAT_FLOW_STATE_BROKEN) goto done;
  LAT_TRY(status, lat_jacobian_alloc(&flow->loop, &jacobian));
  LAT_TRY(status, ratio(flow, jacobian, &batch, probes, tape, measure));
  LAT_TRY(status, spectrum(flow, jacobian, &batch, measure));
done:
  lat_jacobian_free(jacobian);
  lat_tape_free(tape);
  return status;
}
