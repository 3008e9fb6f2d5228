/* How long a word over a group does training solve, and does it find the doubling that the construction of `doubling` has? The
 * product of every prefix is asked. n* is the longest prefix that is right, with all shorter ones, in 95 of 100 words. One layer
 * looped T times stands against T layers (equal operations) and one layer (equal parameters), on solvable groups and others. */
#include <string.h>

#include "experiments/word_problems/words.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/recipe.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(task, "-", "parity:length=N or words:group=NAME:length=N", "parity:length=6,words:group=s3:length=4",               \
       "words:group=s3:length=6,words:group=z60:length=3,words:group=a5:length=3",                                         \
       "parity:length=16,words:group=s3:length=10,words:group=z60:length=3,words:group=a5:length=3,words:group=s5:length=" \
       "3")                                                                                                                \
  TEXT(model, "-", "LxT: L layers looped T times; lstm, tanh: one layer of recurrent cells", "1x1,1x2,2x1,lstm",           \
       "1x1,1x2,1x4,1x8,4x1,lstm", "1x1,1x2,1x4,1x8,2x1,4x1,8x1,lstm")                                                     \
  INT(deepest, "1", 1, 64, "loops or layers, at most, on groups of 60 elements and more", "8", "2", "4")                   \
  TEXT(injection, "-", "what a loop gets of the input: none, add or norm", "add", "add", "add")                            \
  INT(width, "1", 2, 1024, "width D, hidden units 4 D", "16", "64", "64")                                                  \
  INT(heads, "1", 1, 64, "heads of a layer", "2", "4", "4")                                                                \
  INT(batch, "1", 4, 4096, "words of an update", "16", "64", "64")                                                         \
  INT(budget, "1", 1, 1e9, "updates at most", "50", "500", "800")                                                          \
  INT(every, "1", 1, 1e9, "updates between validations", "25", "100", "100")                                               \
  REAL(rate, "1", 1e-6, 1,                                                                                                 \
       "largest learning rate; other than 0.003 for loops and layers of 4 and more on small groups, seeds 0 and 1",        \
       "3e-3", "3e-3", "1e-3,3e-3")                                                                                        \
  REAL(stop, "1", 0, 2, "accuracy of validation that ends training", "0.998", "0.998", "0.998")                            \
  INT(tested, "1", 1, 1000000, "words of a test, and of a validation", "100", "500", "1000")                               \
  INT(seed, "1", 0, 1e15, "of initial values and words", "0", "0:1", "0:4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

enum { SHARDS = 4 };
static const double solved_from = 0.95;

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"group", "-", "parity, or the group's name", LAT_TEXT, "", 0},
    {"length", "letters", "letters of the words", LAT_INTEGER, "", 0},
    {"layers", "1", "layers of the block, or of cells", LAT_INTEGER, "", 0},
    {"loops", "1", "times the block is applied", LAT_INTEGER, "", 0},
    {"solved_length", "letters", "n*: longest prefix that is right, with all shorter ones, in 0.95 of the test's words",
     LAT_INTEGER, "", 0},
    {"validated", "1", "accuracy of the last validation; 0 when there was none", LAT_REAL, "", 0},
    {"accuracy", "1", "share of all prefixes of the test that are right", LAT_REAL, "", 0},
    {"chance", "1", "1 / elements of the group", LAT_REAL, "", 0},
    {"accuracy_at", "1", "share of the test's words right at each letter", LAT_REAL, "letter", 0},
    {"trivial_at", "1", "best of majority, place and n-gram at each letter", LAT_REAL, "letter", LAT_MAY_BE_MISSING},
    {"loop_solved", "letters", "n* when the loop is left after each number of loops", LAT_INTEGER, "loop",
     LAT_MAY_BE_MISSING},
    {"word_flops", "flops", "operations of the model for one word; 0: recurrent", LAT_REAL, "", 0},
    {0}};

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_words_model model;
  if (lat_words_model_parse(p->model, &model) != LAT_OK) return NULL; /* check says what is wrong with it */
  if (model.loops == 1 && strcmp(p->injection, "add") != 0) return "injection matters to loops only: listed once, with add";
  int large = strstr(p->task, "a5") != NULL || strstr(p->task, "s5") != NULL || strstr(p->task, "z60") != NULL;
  size_t depth = model.layers * model.loops;
  if (large && model.kind == LAT_WORDS_TRANSFORMER && depth > (size_t)p->deepest) return "deepest says so";
  if (p->rate != 3e-3 && (large || depth < 4 || p->seed > 1))
    return "rates are compared on deep models and small groups, seeds 0 and 1";
  return NULL;
}

struct setup {
  struct lat_words_model model;
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  struct lat_transformer_config config;
  char group[16];
};

static int set_up(const struct parameters *p, struct setup *setup) {
  int status = LAT_OK;
  LAT_TRY(status, lat_words_model_parse(p->model, &setup->model));
  LAT_TRY(status, lat_words_task_parse(p->task, &setup->setting, setup->group));
  LAT_TRY(status, lat_task_shape(&setup->setting, &setup->shape));
  LAT_TRY(status, lat_recipe_config(&setup->setting, (size_t)p->width, (size_t)p->heads, setup->model.layers,
                                    setup->model.loops, &setup->config));
  LAT_TRY(status, lat_injection_parse(p->injection, &setup->config.input_injection));
  if (setup->model.loops == 1) setup->config.input_injection = LAT_INJECTION_NONE;
  LAT_CHECK(status, p->batch % SHARDS == 0, LAT_INPUT, "batch is %lld, and a multiple of %d is wanted", (long long)p->batch,
            SHARDS);
done:
  return status;
}

static int check(const void *parameters) {
  struct setup setup;
  return set_up(parameters, &setup);
}

static int make(const struct parameters *p, const struct setup *setup, struct lat_transformer **model,
                struct lat_learner **learner) {
  struct lat_initialisation initialisation = lat_initialisation_default();
  if (setup->model.kind == LAT_WORDS_TRANSFORMER)
    return lat_recipe_make(&setup->config, &initialisation, (uint64_t)p->seed, model, learner);
  return lat_learner_recurrent(setup->model.kind == LAT_WORDS_LSTM ? LAT_CELL_LSTM : LAT_CELL_TANH, setup->shape.vocabulary,
                               setup->shape.fields, setup->shape.classes, (size_t)p->width, 1, (uint64_t)p->seed, learner);
}

static int put_test(struct lat_run *run, const struct setup *setup, const struct lat_learner *learner) {
  const struct parameters *p = lat_run_parameters(run);
  size_t loops = setup->model.loops, letters = setup->shape.levels - 1;
  struct lat_score score = {0};
  struct lat_baseline baseline;
  int status = LAT_OK;
  int64_t *loop_solved = lat_calloc(loops, sizeof *loop_solved);
  double *at = lat_calloc(letters + 1, sizeof *at);
  LAT_CHECK(status, loop_solved && at, LAT_MEMORY, "no memory for a test of %zu letters", letters);
  LAT_TRY(status,
          lat_evaluate(learner, &setup->setting, (uint64_t)p->seed, "test", (size_t)p->tested, loops, loops > 1, &score));
  for (size_t t = 0; loops > 1 && t < loops; t++) loop_solved[t] = (int64_t)lat_words_solved(&score, t + 1, solved_from);
  for (size_t i = 0; i < letters; i++) at[i] = lat_score_level(&score, loops, i + 1);
  LAT_TRY(status, lat_put_integer(run, "solved_length", (int64_t)lat_words_solved(&score, loops, solved_from)));
  LAT_TRY(status, lat_put_real(run, "accuracy", lat_score_accuracy(&score, loops)));
  LAT_TRY(status, lat_put_reals(run, "accuracy_at", 1, &letters, at));
  if (loops > 1) LAT_TRY(status, lat_put_integers(run, "loop_solved", 1, &loops, loop_solved));
  LAT_TRY(status, lat_task_baseline(&setup->setting, (uint64_t)p->seed, (size_t)p->tested, &baseline, at));
  LAT_TRY(status, lat_put_reals(run, "trivial_at", 1, &letters, at + 1));
  LAT_TRY(status, lat_put_real(run, "chance", 1 / (double)setup->shape.classes));
done:
  lat_score_free(&score);
  lat_free(loop_solved);
  lat_free(at);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct setup setup;
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  int status = LAT_OK;
  LAT_TRY(status, set_up(p, &setup));
  LAT_TRY(status, make(p, &setup, &model, &learner));
  size_t loops = setup.model.loops;
  struct lat_phase phase = {.settings = 1,
                            .setting = &setup.setting,
                            .loops_low = loops,
                            .loops_high = loops,
                            .updates = (uint64_t)p->budget,
                            .batch = (size_t)p->batch,
                            .advance = 2};
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  plan.training.shards = SHARDS;
  plan.phases = 1;
  plan.phase = &phase;
  plan.seed = (uint64_t)p->seed;
  plan.every = (uint64_t)p->every;
  plan.validation = (size_t)p->tested;
  plan.stop = p->stop;
  LAT_TRY(status, lat_fit(learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_put_fit(run, learner, &fit));
  LAT_TRY(status, lat_put_real(run, "validated", fit.points > 0 ? fit.accuracy[fit.points - 1] : 0));
  LAT_TRY(status, lat_put_text(run, "group", setup.group));
  LAT_TRY(status, lat_put_integer(run, "length", (int64_t)setup.shape.levels - 1));
  LAT_TRY(status, lat_put_integer(run, "layers", (int64_t)setup.model.layers));
  LAT_TRY(status, lat_put_integer(run, "loops", (int64_t)loops));
  LAT_TRY(status, put_test(run, &setup, learner));
  LAT_TRY(status,
          lat_put_real(run, "word_flops",
                       model == NULL ? 0 : lat_transformer_flops(&setup.config, setup.shape.sequence) * (double)loops));
done:
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  struct setup setup;
  if (set_up(p, &setup) != LAT_OK) return 1;
  return (double)(setup.model.layers * setup.model.loops * setup.shape.sequence) * (double)p->budget * (double)p->batch;
}

const struct lat_experiment lat_experiment_word_problems;
const struct lat_experiment lat_experiment_word_problems = {
    .name = "word_problems",
    .section = "B. What training finds",
    .question = "How long a word over a group does training solve, by loops and by layers, and is it the solvable groups?",
    .prediction =
        "The longest solved prefix n* grows with the loops of one layer for parity and S3: in mean over seeds the most "
        "loops "
        "solve more letters than one. At equal operations, T loops of one layer and T separate layers stay within a factor "
        "of 2 of each other in n*. Training finds less than there is: the construction of `doubling` reaches 2^T letters "
        "in T "
        "loops, and four loops or more stay below it (or at the end of the word). Words over A5 and S5 are not learned at "
        "this size, n* at most 2, by any transformer; Z60, solvable and as large as A5, shows whether that is the group's "
        "structure or its size. An LSTM of the same width solves parity and S3 to the end.",
    .refuted_if =
        "for parity or S3 the most loops solve no more letters than one in mean over seeds, or 1xT and Tx1 differ by more "
        "than a factor of 2 in n*, or four loops or more reach 2^T letters, or an LSTM does not solve them to the end; or "
        "a transformer has n* above 2 on A5 or S5 in mean over seeds",
    .source =
        "the loops that are enough: Saunshi et al. 2025, theorem 5.1; layers against letters for A5: Merrill and Sabharwal "
        "2025, d = 4.8 log2 n* - 15.8 (another model, width and amount of data: a reference, not a prediction); words over "
        "A5 and S5 are NC1-complete: Barrington 1989",
    .caption =
        "Longest solved prefix n* of trained models. (a) S3 and (b) parity, against the loops of one layer (filled) and "
        "the "
        "number of separate layers (open), mean over seeds, every seed as a small mark; line: 2^T, what the construction "
        "reaches in T loops; dotted: the fit of Merrill and Sabharwal (2025) for A5, other model and size, from its "
        "smallest "
        "depth on; dashed: the end of the words. (c) n* of all tasks for the deepest models; the bar is the length of the "
        "words.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_words_analyse,
};
