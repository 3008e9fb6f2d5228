/* How many layers, or loops of one layer, does it take to learn the language of k alternating blocks? The theory of counting
 * transformers without positions (C-RASP) says k - 2, with a strict step for each further block. A string is right when every
 * letter's answer is; strings twice as long as in training separate having learned the language from having fitted lengths. */
#include <string.h>

#include "experiments/depth_staircase/staircase.h"
#include "lib/base/status.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/recipe.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(model, "-", "untied: `depth` layers; looped: one layer `depth` times; lstm, tanh: one layer of recurrent cells",    \
       "untied,looped,lstm", "untied,looped,lstm", "untied,looped,lstm,tanh")                                              \
  INT(k, "1", 3, 64, "alternating blocks of the language", "3,4", "3:5", "3:8")                                            \
  INT(depth, "1", 1, 64, "layers or loops", "1,2", "1:3", "1:6")                                                           \
  INT(below, "1", 0, 64, "depths under the threshold that are run", "2", "1", "2")                                         \
  INT(above, "1", 0, 64, "depths over the threshold that are run", "1", "0", "1")                                          \
  TEXT(injection, "-", "what a loop gets of the input: none, add or norm", "add", "add", "add")                            \
  INT(width, "1", 2, 1024, "width D, hidden units 4 D", "16", "32", "32")                                                  \
  INT(heads, "1", 1, 64, "heads of a layer", "1", "1", "1")                                                                \
  INT(shortest, "1", 4, 2048, "letters of the shortest string of training", "16", "32", "32")                              \
  INT(longest, "1", 4, 2048, "letters of the longest string of training; the test has twice as many", "16", "48", "48")    \
  INT(step, "1", 1, 2048, "letters from one length of training to the next", "4", "4", "4")                                \
  INT(strings, "1", 0, 1e9, "strings of the training set, over all lengths; 0: every batch is fresh", "400", "4000",       \
      "4000")                                                                                                              \
  INT(batch, "1", 4, 4096, "strings of an update", "16", "32", "32")                                                       \
  INT(budget, "1", 1, 1e9, "updates at most", "200", "500", "1200")                                                        \
  INT(every, "1", 1, 1e9, "updates between validations", "50", "100", "100")                                               \
  REAL(rate, "1", 1e-6, 1,                                                                                                 \
       "largest learning rate; other than 0.002 for layers and loops at the threshold and one under it, k up to 6, seeds " \
       "0 to 2",                                                                                                           \
       "2e-3", "2e-3", "1e-3,2e-3,4e-3")                                                                                   \
  REAL(stop, "1", 0, 2, "share of whole strings right in validation that ends training", "0.995", "0.995", "0.995")        \
  INT(tested, "1", 1, 1000000, "strings of a test, and of a validation", "20", "200", "500")                               \
  INT(seed, "1", 0, 1e15, "of initial values and strings", "0", "0:2", "0:4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

enum { SHARDS = 4, TESTS = 3 };

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"threshold", "1", "layers or loops that the theory asks for", LAT_INTEGER, "", 0},
    {"exact_within", "1", "whole strings right, mean over the lengths of training", LAT_REAL, "", 0},
    {"exact_beyond", "1", "whole strings right at twice the longest length of training", LAT_REAL, "", 0},
    {"accuracy_beyond", "1", "letters right at twice the longest length of training", LAT_REAL, "", 0},
    {"fewer_beyond", "1", "exact_beyond with one loop fewer than in training (looped, two loops or more)", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"test_length", "1", "letters of the tests' strings", LAT_INTEGER, "test", 0},
    {"test_exact", "1", "whole strings right at each length", LAT_REAL, "test", 0},
    {"loop_exact", "1", "exact_beyond after each loop, two more than in training (looped)", LAT_REAL, "loop",
     LAT_MAY_BE_MISSING},
    {"trivial", "1", "whole strings right by the best of majority, place and n-gram, twice the longest length", LAT_REAL,
     "", 0},
    {"string_flops", "flops", "operations of the model for one string of the longest length", LAT_REAL, "", 0},
    {0}};

static int is(const struct parameters *p, const char *model) { return strcmp(p->model, model) == 0; }

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int64_t threshold = LAT_STAIRCASE_THRESHOLD(p->k), margin = p->depth - threshold;
  if (p->rate != LAT_STAIRCASE_RATE &&
      (is(p, "lstm") || is(p, "tanh") || margin < -1 || margin > 0 || p->k > LAT_STAIRCASE_CLAIMED || p->seed > 2))
    return "rates are compared for layers and loops, at the threshold and one under it, seeds 0 to 2";
  if (!is(p, "looped") && strcmp(p->injection, "add") != 0)
    return "injection matters to looped only: listed once, with add";
  if (is(p, "lstm") || is(p, "tanh")) return p->depth > 1 ? "one layer of recurrent cells is enough for any k" : NULL;
  if (is(p, "looped") && p->depth == 1) return "one loop of one layer is untied with depth 1";
  if (p->depth == 1) return NULL; /* the loop's equal in parameters */
  if (p->depth < threshold - p->below) return "below says so";
  if (p->depth > threshold + p->above) return "above says so";
  return NULL;
}

static int config_of(const struct parameters *p, struct lat_staircase *staircase, struct lat_transformer_config *config) {
  int status = LAT_OK, looped = is(p, "looped");
  LAT_CHECK(status, looped || is(p, "untied") || is(p, "lstm") || is(p, "tanh"), LAT_INPUT,
            "model '%s' is none of untied, looped, lstm, tanh", p->model);
  LAT_TRY(status, lat_staircase_make(p->k, p->shortest, p->longest, p->step, staircase));
  LAT_TRY(status, lat_recipe_config(&staircase->setting[0], (size_t)p->width, (size_t)p->heads,
                                    looped ? 1 : (size_t)p->depth, looped ? (size_t)p->depth : 1, config));
  LAT_TRY(status, lat_injection_parse(p->injection, &config->input_injection));
  if (!looped) config->input_injection = LAT_INJECTION_NONE;
  config->placement = LAT_PLACEMENT_PRE;
  config->positions = LAT_POSITIONS_NONE;
  config->sequence = 0;
done:
  return status;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_staircase staircase;
  struct lat_transformer_config config;
  int status = LAT_OK;
  LAT_TRY(status, config_of(p, &staircase, &config));
  LAT_CHECK(status, p->batch % SHARDS == 0, LAT_INPUT, "batch is %lld, and a multiple of %d is wanted", (long long)p->batch,
            SHARDS);
done:
  return status;
}

/* Strings of `length`; all loops up to `loops` when `every`. */
static int score_at(const struct parameters *p, const struct lat_learner *learner, struct lat_staircase *staircase,
                    int64_t length, size_t loops, int every, struct lat_score *score) {
  struct lat_task_setting setting = staircase->setting[0];
  int status = lat_task_set(&setting, "length", length);
  if (status != LAT_OK) return status;
  return lat_evaluate(learner, &setting, (uint64_t)p->seed, "test", (size_t)p->tested, loops, every, score);
}

static int put_within(struct lat_run *run, const struct lat_learner *learner, struct lat_staircase *staircase,
                      size_t loops) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_score score = {0};
  double sum = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < staircase->lengths; i++) {
    LAT_TRY(status, score_at(p, learner, staircase, lat_task_option(&staircase->setting[i], "length"), loops, 0, &score));
    sum += lat_score_exact(&score, loops);
    lat_score_free(&score);
  }
  LAT_TRY(status, lat_put_real(run, "exact_within", sum / (double)staircase->lengths));
done:
  return status;
}

static int put_beyond(struct lat_run *run, const struct lat_learner *learner, struct lat_staircase *staircase,
                      size_t loops) {
  const struct parameters *p = lat_run_parameters(run);
  const int64_t length[TESTS] = {p->longest, p->longest * 4 / 3, 2 * p->longest};
  double exact[TESTS], by_loop[64 + 2];
  struct lat_score score = {0};
  struct lat_baseline baseline;
  struct lat_task_setting setting = staircase->setting[0];
  size_t tests = TESTS, rows = loops + 2;
  int status = LAT_OK, looped = is(p, "looped");
  for (size_t i = 0; i + 1 < TESTS; i++) {
    LAT_TRY(status, score_at(p, learner, staircase, length[i], loops, 0, &score));
    exact[i] = lat_score_exact(&score, loops);
    lat_score_free(&score);
  }
  LAT_TRY(status, score_at(p, learner, staircase, length[TESTS - 1], looped ? rows : loops, looped, &score));
  exact[TESTS - 1] = lat_score_exact(&score, loops);
  LAT_TRY(status, lat_put_integers(run, "test_length", 1, &tests, length));
  LAT_TRY(status, lat_put_reals(run, "test_exact", 1, &tests, exact));
  LAT_TRY(status, lat_put_real(run, "exact_beyond", exact[TESTS - 1]));
  LAT_TRY(status, lat_put_real(run, "accuracy_beyond", lat_score_accuracy(&score, loops)));
  if (looped) {
    for (size_t t = 0; t < rows; t++) by_loop[t] = lat_score_exact(&score, t + 1);
    LAT_TRY(status, lat_put_reals(run, "loop_exact", 1, &rows, by_loop));
    if (loops > 1) LAT_TRY(status, lat_put_real(run, "fewer_beyond", by_loop[loops - 2]));
  }
  LAT_TRY(status, lat_task_set(&setting, "length", length[TESTS - 1]));
  LAT_TRY(status, lat_task_baseline(&setting, (uint64_t)p->seed, (size_t)p->tested, &baseline, NULL));
  LAT_TRY(status, lat_put_real(run, "trivial", baseline.exact));
done:
  lat_score_free(&score);
  return status;
}

static int make(const struct parameters *p, const struct lat_staircase *staircase,
                const struct lat_transformer_config *config, struct lat_transformer **model, struct lat_learner **learner) {
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_task_shape shape;
  int status = LAT_OK;
  if (!is(p, "lstm") && !is(p, "tanh")) return lat_recipe_make(config, &initialisation, (uint64_t)p->seed, model, learner);
  LAT_TRY(status, lat_task_shape(&staircase->setting[0], &shape));
  LAT_TRY(status, lat_learner_recurrent(is(p, "lstm") ? LAT_CELL_LSTM : LAT_CELL_TANH, shape.vocabulary, shape.fields,
                                        shape.classes, (size_t)p->width, (size_t)p->depth, (uint64_t)p->seed, learner));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_staircase staircase;
  struct lat_transformer_config config;
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  int status = LAT_OK;
  LAT_TRY(status, config_of(p, &staircase, &config));
  LAT_TRY(status, make(p, &staircase, &config, &model, &learner));
  struct lat_phase phase = {.settings = staircase.lengths,
                            .setting = staircase.setting,
                            .loops_low = config.steps,
                            .loops_high = config.steps,
                            .updates = (uint64_t)p->budget,
                            .batch = (size_t)p->batch,
                            .advance = 2};
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  plan.training.shards = SHARDS;
  plan.phases = 1;
  plan.phase = &phase;
  plan.examples = (uint64_t)p->strings;
  plan.seed = (uint64_t)p->seed;
  plan.every = (uint64_t)p->every;
  plan.validation = (size_t)p->tested;
  plan.measure = LAT_MEASURE_EXACT;
  plan.stop = p->stop;
  LAT_TRY(status, lat_fit(learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_put_fit(run, learner, &fit));
  LAT_TRY(status, lat_put_integer(run, "threshold", LAT_STAIRCASE_THRESHOLD(p->k)));
  LAT_TRY(status, put_within(run, learner, &staircase, config.steps));
  LAT_TRY(status, put_beyond(run, learner, &staircase, config.steps));
  LAT_TRY(status,
          lat_put_real(run, "string_flops",
                       model == NULL ? 0 : lat_transformer_flops(&config, (size_t)p->longest + 1) * (double)config.steps));
done:
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

/* Below the threshold all updates are spent. */
static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double layers = is(p, "lstm") || is(p, "tanh") ? 2 : (double)p->depth;
  return layers * (double)p->budget * (double)p->batch * (p->depth >= LAT_STAIRCASE_THRESHOLD(p->k) ? 0.3 : 1);
}

const struct lat_experiment lat_experiment_depth_staircase;
const struct lat_experiment lat_experiment_depth_staircase = {
    .name = "depth_staircase",
    .section = "B. What training finds",
    .question =
        "Does each further block of a counting language ask for one more layer, and is a loop of one layer as good?",
    .prediction =
        "The language of k alternating blocks is learned by k - 2 layers and by one layer looped k - 2 times, and by none "
        "with fewer: at twice the length of training the whole-string exact match, mean over seeds, is at least 1/2 from "
        "the threshold on and below 1/2 under it, for k = 3 to 6. In the lengths of training the step is blurred: one "
        "layer "
        "too few can fit most strings. A loop of one layer needs no more loops than a stack needs layers, with the "
        "parameters of one. Run with one loop fewer than it was trained with, the looped layer fails. Whether training "
        "still finds it at k = 7 and 8 is open.",
    .refuted_if =
        "for a k up to 6 the mean over seeds at twice the length is 1/2 or more with fewer layers or loops than k - 2, or "
        "below 1/2 with k - 2",
    .source =
        "Yang, Cadilhac and Chiang 2025 (Knee-deep in C-RASP: L_(k+2) is recognised at depth k and not below; published, "
        "one lemma of its proof is disputed), figure 1; the looped arm is new here",
    .caption =
        "Whole-string exact match on strings twice as long as in training, by depth relative to the threshold k - 2 of the "
        "theory (vertical line; published, one lemma disputed): (a) separate layers, (b) one layer looped. Small marks: "
        "every "
        "seed; lines: mean over seeds; dashed: the mean in the lengths of training; crosses in (a): Yang et al. 2025, "
        "another model and size, in the lengths of training. Each at the rate with the best validation. (c) The loop "
        "against the stack: one layer, that layer looped "
        "k - 2 times (equal "
        "parameters), k - 2 layers (equal compute), every seed and the mean.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_staircase_analyse,
};
