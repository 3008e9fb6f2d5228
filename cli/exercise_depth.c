/* Exercise 1: a stack of many layers against a block of few that is run many times. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "cli/exercise.h"
#include "cli/exercise_machine.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/transformer.h"

enum { LAYERS, STEPS, WIDTH, HEADS, FFN, VOCABULARY, SEQUENCE, DTYPE_BYTES, MEMORY, OPERATIONS, SECONDS };
static const struct lat_exercise_flag flags[] = {
    {"layers", "L", "layers of the block that is looped", LAT_FLAG_INTEGER, 1, 1000, "12"},
    {"steps", "T", "times it is run; the stack has L x T layers", LAT_FLAG_INTEGER, 1, 1000, "10"},
    {"width", "D", "width of the residual stream, a multiple of the heads", LAT_FLAG_INTEGER, 1, 1 << 20, "768"},
    {"heads", "H", "attention heads of D / H each", LAT_FLAG_INTEGER, 1, 1 << 16, "12"},
    {"ffn", "F", "hidden units; 0: 4 D", LAT_FLAG_INTEGER, 0, 1 << 24, "0"},
    {"vocabulary", "V", "tokens, with an embedding and a head of their own", LAT_FLAG_INTEGER, 1, 1 << 24, "32000"},
    {"sequence", "S", "tokens of a sequence", LAT_FLAG_INTEGER, 1, 1 << 20, "1024"},
    {"dtype-bytes", "B", "bytes of a stored number", LAT_FLAG_INTEGER, 1, 8, "4"},
    {"memory", "MB", "weights of a model that is built; larger shapes are scaled down", LAT_FLAG_INTEGER, 1, 1 << 20, "64"},
    {"operations", "G", "billions of operations of one run; longer sequences are cut", LAT_FLAG_INTEGER, 1, 1 << 20, "5"},
    {"seconds", 0, "time both models too", LAT_FLAG_SWITCH, 0, 0, NULL},
    {0}};

enum { DEEPEST_CIRCUIT = 240, SMALLEST_WIDTH = 8, CIRCUIT_VECTORS = 16, TIMED_RUNS = 3 };

/* All of these are counted from the shape as one would on paper, without asking the library. */
struct cost {
  double layers, shared;    /* parameters of the layers; of embeddings, positions, last norm and head */
  double operations;        /* of one forward pass over one sequence, without embedding and head */
  double working, kept;     /* numbers that one pass works on; that a backward pass needs of it */
  double parameters, depth; /* all of them; layers that a token passes */
};

static double pairs(double sequence) { return sequence * (sequence + 1) / 2; } /* under a causal mask */

static struct cost count(const struct lat_transformer_config *c) {
  double D = (double)c->width, F = (double)c->ffn, S = (double)c->sequence, V = (double)c->vocabulary;
  double L = (double)c->layers, T = (double)c->steps, H = (double)c->heads;
  double layer = 4 * D * D + 4 * D + 2 * D * F + F + D + 4 * D;
  struct cost cost = {.layers = L * layer, .shared = 2 * V * D + S * D + 2 * D, .depth = L * T};
  cost.parameters = cost.layers + cost.shared;
  cost.operations = L * T * (8 * S * D * D + 4 * pairs(S) * D + 4 * S * D * F);
  cost.working = 5 * S * D;
  cost.kept = L * T * (S * (8 * D + 2 * F) + H * pairs(S));
  return cost;
}

static struct lat_transformer_config shape(const struct lat_exercise_values *v, int looped) {
  size_t width = v->integer[WIDTH], heads = v->integer[HEADS], layers = v->integer[LAYERS], steps = v->integer[STEPS];
  return (struct lat_transformer_config){.vocabulary = v->integer[VOCABULARY],
                                         .sequence = v->integer[SEQUENCE],
                                         .width = width,
                                         .heads = heads,
                                         .key_width = width / heads,
                                         .value_width = width / heads,
                                         .ffn = v->integer[FFN] > 0 ? v->integer[FFN] : 4 * width,
                                         .layers = looped ? layers : layers * steps,
                                         .steps = looped ? steps : 1,
                                         .norm = LAT_NORM_LAYERNORM,
                                         .norm_epsilon = 1e-5,
                                         .activation = LAT_ACTIVATION_GELU_TANH,
                                         .mask = LAT_MASK_CAUSAL,
                                         .positions = LAT_POSITIONS_LEARNED,
                                         .attention_scale = 1 / sqrt((double)(width / heads)),
                                         .linear_bias = 1,
                                         .final_norm = 1};
}

/* Halves width, heads, hidden units and vocabulary until the stack fits, then the sequence. LAT_INPUT when nothing helps. */
static int fit(const struct lat_exercise_values *asked, struct lat_exercise_values *built) {
  *built = *asked;
  size_t *v = built->integer;
  struct lat_transformer_config stack = shape(built, 0);
  v[FFN] = stack.ffn;
  while (4 * count(&stack).parameters > 1e6 * (double)v[MEMORY]) {
    if (v[WIDTH] < 2 * SMALLEST_WIDTH)
      return LAT_FAIL(LAT_INPUT, "%zu layers do not fit into %zu MB even when they are %zu wide; give more --memory",
                      stack.layers, v[MEMORY], v[WIDTH]);
    size_t head = v[WIDTH] / v[HEADS];
    if (head > 1) {
      v[WIDTH] = head / 2 * v[HEADS];
    } else {
      v[WIDTH] = v[HEADS] /= 2;
    }
    v[FFN] = (v[FFN] + 1) / 2;
    v[VOCABULARY] = (v[VOCABULARY] + 1) / 2;
    stack = shape(built, 0);
  }
  while (count(&stack).operations > 1e9 * (double)v[OPERATIONS] && v[SEQUENCE] > 1) {
    v[SEQUENCE] = (v[SEQUENCE] + 1) / 2;
    stack = shape(built, 0);
  }
  if (count(&stack).operations > 1e9 * (double)v[OPERATIONS])
    return LAT_FAIL(LAT_INPUT, "one token already takes %.3g operations; give more --operations", count(&stack).operations);
  return LAT_OK;
}

static void row(struct lat_sheet *sheet, const char *what, double stack, double loop, const char *unit) {
  lat_sheet_word(sheet, "%s", what);
  lat_sheet_amount(sheet, stack, unit);
  lat_sheet_amount(sheet, loop, unit);
  lat_sheet_fixed(sheet, loop / stack, 4);
}

static void table_on_paper(struct lat_sheet *sheet, const struct lat_exercise_values *v) {
  const struct lat_transformer_config stack = shape(v, 0), loop = shape(v, 1);
  struct cost s = count(&stack), l = count(&loop);
  double bytes = (double)v->integer[DTYPE_BYTES];
  char title[256], heads[2][64];
  snprintf(title, sizeof title, "as asked: D %zu, H %zu, F %zu, V %zu, S %zu, %zu bytes a number", stack.width, stack.heads,
           stack.ffn, stack.vocabulary, stack.sequence, v->integer[DTYPE_BYTES]);
  snprintf(heads[0], sizeof heads[0], "%zu x 1", stack.layers);
  snprintf(heads[1], sizeof heads[1], "%zu x %zu", loop.layers, loop.steps);
  const struct lat_sheet_column columns[] = {
      {"quantity", "quantity"}, {"stack", heads[0]}, {"loop", heads[1]}, {"ratio", "loop / stack"}, {0}};
  lat_sheet_table(sheet, "asked", title, columns);
  row(sheet, "effective depth", s.depth, l.depth, "layers");
  row(sheet, "parameters in layers", s.layers, l.layers, "");
  row(sheet, "parameters outside", s.shared, l.shared, "");
  row(sheet, "parameters, all", s.parameters, l.parameters, "");
  row(sheet, "weights", bytes * s.parameters, bytes * l.parameters, "B");
  row(sheet, "operations, forward", s.operations, l.operations, "flop");
  row(sheet, "working memory, inference", bytes * s.working, bytes * l.working, "B");
  row(sheet, "training: weights, gradient, 2 moments", 4 * bytes * s.parameters, 4 * bytes * l.parameters, "B");
  row(sheet, "training: kept for the backward pass", bytes * s.kept, bytes * l.kept, "B");
  row(sheet, "training, all", bytes * (4 * s.parameters + s.kept), bytes * (4 * l.parameters + l.kept), "B");
}

struct trial {
  struct lat_transformer *model;
  float *x, *states; /* [S, D]; [L T, D]: the last token's row after each layer */
  size_t applied, bytes, working;
  double seconds;
};

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct trial *trial = context;
  const struct lat_transformer_config *c = &trial->model->config;
  (void)step;
  (void)layer;
  memcpy(trial->states + trial->applied * c->width, x + (c->sequence - 1) * c->width, c->width * sizeof *x);
  trial->applied++;
  return LAT_OK;
}

static void start(float *x, const struct lat_transformer_config *c) {
  struct lat_random random;
  lat_random_start(&random, 0, "exercise state", 0);
  for (size_t i = 0; i < c->sequence * c->width; i++) x[i] = (float)(2 * lat_random_uniform(&random) - 1);
}

/* Builds the model and runs it; its layers are random, or those of `source` again and again. The fastest run counts. */
static int build(struct trial *trial, const struct lat_transformer_config *config, const struct trial *source, int runs) {
  struct lat_forward *forward = NULL;
  int status, threads = omp_get_max_threads();
  size_t held = lat_memory_current(), size = config->sequence * config->width;
  LAT_TRY(status, lat_transformer_alloc(config, &trial->model));
  trial->bytes = lat_memory_current() - held;
  /* A layer's numbers lie together, from its first norm on (lib/nn/parameters.h). */
  size_t layer = (size_t)(count(config).layers / (double)config->layers);
  struct lat_random random;
  lat_random_start(&random, 0, "exercise weights", 0);
  float *first = trial->model->layer[0].norm1.gain, small = (float)(1 / sqrt((double)config->width));
  for (size_t i = 0; i < config->layers * layer && source == NULL; i++)
    first[i] = small * (float)(2 * lat_random_uniform(&random) - 1);
  for (size_t l = 0; l < config->layers && source != NULL; l++)
    memcpy(trial->model->layer[l].norm1.gain, source->model->layer[l % source->model->config.layers].norm1.gain,
           layer * sizeof *first);
  LAT_CHECK(status, (trial->states = lat_calloc(config->layers * config->steps * config->width, sizeof(float))) != NULL,
            LAT_MEMORY, "no memory for the states");
  held = lat_memory_current();
  omp_set_num_threads(1); /* scratch is by thread: counted for one, whatever the machine has */
  LAT_TRY(status, lat_forward_alloc(trial->model, 1, config->sequence, &forward));
  LAT_CHECK(status, (trial->x = lat_alloc(size, sizeof *trial->x)) != NULL, LAT_MEMORY, "no memory for the state");
  trial->working = lat_memory_current() - held;
  lat_forward_free(forward);
  forward = NULL;
  omp_set_num_threads(threads);
  LAT_TRY(status, lat_forward_alloc(trial->model, 1, config->sequence, &forward));
  trial->seconds = HUGE_VAL;
  for (int run = 0; run < runs; run++) {
    start(trial->x, config);
    trial->applied = 0;
    double began = lat_clock();
    LAT_TRY(status, lat_transformer_run(trial->model, forward, config->steps, trial->x, observe, trial, 1));
    trial->seconds = fmin(trial->seconds, lat_clock() - began);
  }
done:
  omp_set_num_threads(threads);
  lat_forward_free(forward);
  return status;
}

static void release(struct trial *trial) {
  lat_transformer_free(trial->model);
  lat_free(trial->x);
  lat_free(trial->states);
}

/* How many of the states are unlike all that came before. */
static size_t distinct(const struct trial *trial) {
  size_t width = trial->model->config.width, number = 0;
  for (size_t i = 0; i < trial->applied; i++) {
    size_t j = 0;
    while (j < i && memcmp(trial->states + i * width, trial->states + j * width, width * sizeof(float)) != 0) j++;
    number += j == i;
  }
  return number;
}

/* With a unit the counted bytes are shown in three digits: beyond them they are the library's own bookkeeping. */
static void built_row(struct lat_sheet *sheet, const char *what, double s_formula, double s_found, double l_formula,
                      double l_found, const char *unit) {
  const double value[] = {s_formula, s_found, l_formula, l_found};
  lat_sheet_word(sheet, "%s", what);
  for (int i = 0; i < 4; i++) {
    if (unit != NULL) lat_sheet_amount(sheet, value[i], unit);
    if (unit == NULL) lat_sheet_integer(sheet, (int64_t)value[i]);
  }
}

static int table_built(struct lat_sheet *sheet, const struct lat_exercise_values *asked,
                       const struct lat_exercise_values *v) {
  const struct lat_transformer_config stack = shape(v, 0), loop = shape(v, 1);
  struct cost s = count(&stack), l = count(&loop);
  struct trial deep = {0}, looped = {0};
  int same = asked->integer[WIDTH] == v->integer[WIDTH] && asked->integer[SEQUENCE] == v->integer[SEQUENCE], status;
  char title[256];
  size_t differ = 0, size = stack.sequence * stack.width;
  LAT_TRY(status, build(&looped, &loop, NULL, v->integer[SECONDS] ? TIMED_RUNS : 1));
  LAT_TRY(status, build(&deep, &stack, &looped, v->integer[SECONDS] ? TIMED_RUNS : 1));
  for (size_t i = 0; i < size; i++) differ += memcmp(&deep.x[i], &looped.x[i], sizeof(float)) != 0;
  snprintf(title, sizeof title, "built and run%s: D %zu, H %zu, F %zu, V %zu, S %zu, 4 bytes a number",
           same ? "" : ", scaled down to fit --memory and --operations", stack.width, stack.heads, stack.ffn,
           stack.vocabulary, stack.sequence);
  static const struct lat_sheet_column columns[] = {{"quantity", "quantity"},     {"stack_formula", "stack, formula"},
                                                    {"stack_counted", "counted"}, {"loop_formula", "loop, formula"},
                                                    {"loop_counted", "counted"},  {0}};
  double ds = (double)deep.applied, dl = (double)looped.applied,
         one = lat_transformer_flops(&stack, stack.sequence) / (double)stack.layers;
  lat_sheet_table(sheet, "built", title, columns);
  built_row(sheet, "layers applied", s.depth, ds, l.depth, dl, NULL);
  built_row(sheet, "parameters", s.parameters, (double)deep.model->count, l.parameters, (double)looped.model->count, NULL);
  built_row(sheet, "memory of the model", 4 * s.parameters, (double)deep.bytes, 4 * l.parameters, (double)looped.bytes,
            "B");
  built_row(sheet, "operations", s.operations, ds * one, l.operations, dl * one, NULL);
  built_row(sheet, "working memory", 4 * s.working, (double)deep.working, 4 * l.working, (double)looped.working, "B");
  built_row(sheet, "different states passed", s.depth, (double)distinct(&deep), l.depth, (double)distinct(&looped), NULL);
  if (v->integer[SECONDS]) {
    lat_sheet_word(sheet, "seconds of one pass");
    lat_sheet_none(sheet);
    lat_sheet_real(sheet, deep.seconds, 3);
    lat_sheet_none(sheet);
    lat_sheet_real(sheet, looped.seconds, 3);
  }
  lat_sheet_check(sheet, s.parameters, (double)deep.model->count, 0, "parameters of the stack");
  lat_sheet_check(sheet, l.parameters, (double)looped.model->count, 0, "parameters of the loop");
  lat_sheet_check(sheet, s.operations, ds * one, 1e-9 * s.operations,
                  "operations of the stack, layers applied x one layer");
  lat_sheet_check(sheet, ds * one, dl * one, 0, "operations of the loop, as of the stack");
  lat_sheet_check(sheet, 0, (double)looped.working - (double)deep.working, 0,
                  "bytes of working memory that the loop takes more than the stack");
  lat_sheet_check(sheet, l.depth, (double)distinct(&looped), 0,
                  "different states that the loop's backward pass would need");
  lat_sheet_check(sheet, 0, (double)differ, 0,
                  "numbers of the last state in which a stack of the loop's layers, repeated, differs");
done:
  release(&deep);
  release(&looped);
  return status;
}

/* A block of L layers run T times evaluates a circuit that is L T levels deep, and one loop fewer does not. */
static int check_depth(struct lat_sheet *sheet, const struct lat_exercise_values *v, size_t *levels) {
  struct lat_machine machine = {0};
  struct lat_machine_count at, before;
  struct lat_construction construction = {.fan_in = 2, .layers = v->integer[LAYERS], .steps = v->integer[STEPS]};
  size_t depth = construction.layers * construction.steps;
  int status = LAT_OK;
  *levels = 0;
  if (depth > DEEPEST_CIRCUIT) return LAT_OK;
  LAT_TRY(status, lat_machine_chain(depth, &construction, &machine));
  *levels = machine.compiled->depth;
  LAT_TRY(status, lat_machine_run(&machine, construction.steps, CIRCUIT_VECTORS, &at));
  lat_sheet_check(sheet, 0, (double)(at.wrong + at.bits - at.ready), 0,
                  "a chain of %u gates in the loop: answers of %zu that are wrong or not ready after %zu loops",
                  machine.compiled->depth, at.bits, construction.steps);
  if (construction.steps == 1) goto done;
  LAT_TRY(status, lat_machine_run(&machine, construction.steps - 1, CIRCUIT_VECTORS, &before));
  lat_sheet_check(sheet, 0, (double)before.ready, 0, "answers that are ready one loop earlier");
done:
  lat_machine_free(&machine);
  return status;
}

static void conclude(struct lat_sheet *sheet, const struct lat_exercise_values *v, size_t levels) {
  const struct lat_transformer_config stack = shape(v, 0), loop = shape(v, 1);
  struct cost s = count(&stack), l = count(&loop);
  double bytes = (double)v->integer[DTYPE_BYTES];
  char a[32], b[32];
  lat_sheet_conclude(sheet,
                     "Both pass %zu layers and do the same %s. The loop stores %.1f %% of the stack's layers; "
                     "with what no loop can share (embedding, head, positions, last norm) %.1f %% of all its parameters.",
                     stack.layers, lat_sheet_scaled(l.operations, "flop", a), 100 * l.layers / s.layers,
                     100 * l.parameters / s.parameters);
  lat_sheet_conclude(
      sheet,
      "Working memory for inference does not depend on the depth. In training the loop saves %s of "
      "weights, gradient and moments and none of the %s kept for the backward pass: all in all it needs %.1f %%.",
      lat_sheet_scaled(4 * bytes * (s.parameters - l.parameters), "B", a), lat_sheet_scaled(bytes * l.kept, "B", b),
      100 * (4 * l.parameters + l.kept) / (4 * s.parameters + s.kept));
  if (levels > 0 && loop.steps > 1)
    lat_sheet_conclude(
        sheet,
        "The depth is real: a chain of %zu gates comes out right. But the loop is only a stack whose layers repeat after "
        "%zu: it has no room for other weights in each of the %zu.",
        levels, loop.layers, stack.layers);
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  struct lat_exercise_values built;
  size_t levels = 0;
  int status = LAT_OK;
  LAT_CHECK(status, values->integer[WIDTH] % values->integer[HEADS] == 0, LAT_INPUT,
            "--width: %zu is not a multiple of the %zu heads", values->integer[WIDTH], values->integer[HEADS]);
  LAT_TRY(status, fit(values, &built));
  lat_sheet_formula(sheet, "effective depth = L T; one layer has 4 D^2 + 2 D F weights and 9 D + F biases and gains");
  lat_sheet_formula(
      sheet, "parameters = L (4 D^2 + 2 D F + 9 D + F) + 2 V D + S D + 2 D: embedding and head, positions, last norm");
  lat_sheet_formula(sheet,
                    "operations = L T (8 S D^2 + 2 S (S + 1) D + 4 S D F) with a causal mask, embedding and head left out");
  lat_sheet_formula(sheet, "working memory, inference = 5 S D numbers: the state, queries, keys, values, their mixture");
  lat_sheet_formula(sheet,
                    "kept for the backward pass = L T (S (8 D + 2 F) + H S (S + 1) / 2) numbers: 8 rows of D, hidden "
                    "units before and after the activation, softmax weights; no term has L without T");
  table_on_paper(sheet, values);
  LAT_TRY(status, table_built(sheet, values, &built));
  LAT_TRY(status, check_depth(sheet, values, &levels));
  conclude(sheet, values, levels);
done:
  return status;
}

const struct lat_exercise lat_exercise_depth = {
    .name = "depth",
    .question = "What does a stack of L x T layers cost against a block of L layers that is run T times?",
    .source = "Vaswani et al. (2017) for the layer; Dehghani et al. (2019), Giannou et al. (2023) for the loop",
    .flags = flags,
    .run = run,
};
