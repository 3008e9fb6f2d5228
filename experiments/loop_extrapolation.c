/* What happens when a looped model runs for more loops than it was trained with? Looped layers are trained on circuits and on
 * languages of alternating blocks, with a fixed or a random number of loops, and tested after every loop on smaller, equal and
 * larger problems; beside them the constructed machine on the same circuits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "experiments/learned_depth/machine.h"
#include "experiments/loop_extrapolation/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                 \
  TEXT(how, "", "constructed: explicit weights (circuits); trained: by gradient descent", "constructed,trained",          \
       "constructed,trained", "constructed,trained")                                                                      \
  TEXT(task, "", "circuit: values of gates; blocks: languages of alternating blocks", "circuit,blocks", "circuit,blocks", \
       "circuit,blocks")                                                                                                  \
  INT(blocks, "blocks", 3, 64, "of the language: 3 need one loop, each further one another (blocks)", "3", "3,5", "3,5")  \
  TEXT(training, "", "loops of an update in the last phase: T, or A-B, drawn at random", "2,2-3", "4,4-6", "4,8,4-6,4-8") \
  TEXT(injection, "", "of the input before every loop: none, add or norm; circuits with T are trained with norm only",    \
       "norm", "norm", "none,norm")                                                                                       \
  INT(most, "loops", 1, 1024, "loops of the test, at most", "8", "32", "64")                                              \
  INT(depth, "levels", 2, 16, "levels of the circuits in training; tested at 1/2, 1, 2 and 4 times", "2", "4", "4")       \
  INT(inputs, "1", 2, 1024, "constants of a circuit", "4", "4", "4")                                                      \
  INT(gates, "gates", 1, 1024, "gates of a level", "2", "1", "2")                                                         \
  INT(ids, "1", 11, 4096, "names for gates", "20", "20", "36")                                                            \
  INT(length, "letters", 10, 1000, "of the strings in training, 0.8 to 1.2 times that; tested as the circuits", "20",     \
      "24", "40")                                                                                                         \
  INT(width, "numbers", 8, 1024, "width D for circuits, 4 heads; half of it and one head for blocks", "16", "64", "64")   \
  REAL(rate, "1", 1e-6, 1, "peak learning rate, the same for all", "0.003", "0.003", "0.003")                             \
  INT(updates, "updates", 1, 1e9, "of the last phase at most", "40", "500", "1500")                                       \
  INT(early, "updates", 1, 1e9, "of each earlier phase at most", "20", "500", "1000")                                     \
  INT(batch, "examples", 8, 4096, "of the last phase; a multiple of 8, earlier phases take half", "8", "64", "64")        \
  INT(examples, "examples", 1, 1e6, "of each test", "16", "64", "128")                                                    \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "0,1", "0,1,2,3,4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"score", "1", "circuits: gates of the last level right; blocks: strings right in every letter", LAT_REAL, "size,loop",
     LAT_MAY_BE_MISSING},
    {"accuracy", "1", "gates or letters right, all levels", LAT_REAL, "size,loop", LAT_MAY_BE_MISSING},
    {"baseline", "1", "the same score without understanding: majority, position or n-gram", LAT_REAL, "size",
     LAT_MAY_BE_MISSING},
    {"size_tested", "1", "levels or letters; 0: too many tokens for the names that there are, not tested", LAT_INTEGER,
     "size", 0},
    {"broken", "positions", "positions with a logit that is not finite, over all loops", LAT_INTEGER, "size", 0},
    {"wrong", "gates", "constructed: gates at or below level t that are wrong after t loops", LAT_INTEGER, "size",
     LAT_MAY_BE_MISSING},
    {"loops_low", "loops", "of an update in the last phase, at least", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"loops_high", "loops", "of an update in the last phase, at most", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    LAT_FITTING_OUTPUTS,
    {0}};

/* "T" or "A-B". LAT_INPUT for anything else and for a range that is none. */
static int training_parse(const char *text, size_t *low, size_t *high) {
  char *end;
  long first = strtol(text, &end, 10), last = first;
  int status = LAT_OK, range = 1;
  if (end != text && *end == '-') {
    const char *second = end + 1;
    last = strtol(second, &end, 10);
    range = end != second && last > first;
  }
  LAT_CHECK(status, range && end != text && *end == '\0' && first >= 1 && last >= first && last <= 1024, LAT_INPUT,
            "training '%s' is neither a number of loops from 1 to 1024 nor a range of them as 4-8", text);
  *low = (size_t)first;
  *high = (size_t)last;
done:
  return status;
}

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  int constructed = strcmp(p->how, "constructed") == 0, circuit = strcmp(p->task, "circuit") == 0;
  int norm = strcmp(p->injection, "norm") == 0;
  size_t low, high;
  if (training_parse(p->training, &low, &high) != LAT_OK) return NULL; /* check says what is wrong with it */
  if (constructed && !circuit) return "the constructed machine evaluates circuits";
  if (constructed && (!norm || low != high || high != (size_t)p->depth))
    return "nothing is trained: listed once, with norm and as many loops as levels";
  if (circuit && p->blocks != 3) return "blocks matter to blocks only: listed once, with 3";
  if (circuit && !norm && low == high) return "injections are compared with a random number of loops";
  return NULL;
}

static struct lat_fitting fitting_of(const struct parameters *p) {
  int circuit = strcmp(p->task, "circuit") == 0;
  enum lat_injection injection = LAT_INJECTION_NORM;
  size_t low = 1, high = 1;
  (void)lat_injection_parse(p->injection, &injection); /* check has said what is wrong with them */
  (void)training_parse(p->training, &low, &high);
  return (struct lat_fitting){.blocks = circuit ? 0 : (size_t)p->blocks,
                              .length = (size_t)p->length,
                              .depth = (size_t)p->depth,
                              .inputs = (size_t)p->inputs,
                              .gates = (size_t)p->gates,
                              .ids = (size_t)p->ids,
                              .layers = 1,
                              .loops_low = low,
                              .loops_high = high,
                              .width = (size_t)p->width / (circuit ? 1 : 2),
                              .heads = circuit ? 4 : 1,
                              .injection = injection,
                              .placement = LAT_PLACEMENT_SANDWICH,
                              .rate = p->rate,
                              .updates = (uint64_t)p->updates,
                              .early = (uint64_t)p->early,
                              .batch = (size_t)p->batch,
                              .validation = 256,
                              .measure = circuit ? LAT_MEASURE_ACCURACY : LAT_MEASURE_EXACT,
                              .stop = circuit ? 0.998 : 0.995,
                              .seed = (uint64_t)p->seed};
}

/* Whether there are names for all tokens of circuits of this size. */
static int fits(const struct parameters *p, size_t size) {
  int64_t levels = (int64_t)(lat_extrapolation_size[size] * (double)p->depth);
  return strcmp(p->task, "circuit") != 0 || p->inputs + p->gates * levels <= p->ids;
}

/* The test of size number `size`. */
static int test_of(const struct parameters *p, size_t size, struct lat_task_setting *setting) {
  struct lat_fitting fitting = fitting_of(p);
  int circuit = strcmp(p->task, "circuit") == 0;
  size_t trained = circuit ? fitting.depth : fitting.length;
  size_t tested = (size_t)(lat_extrapolation_size[size] * (double)trained);
  return circuit ? lat_fitting_circuit(&fitting, tested, setting) : lat_fitting_blocks(&fitting, tested, setting);
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_task_setting setting;
  enum lat_injection injection;
  size_t low, high;
  int status = lat_injection_parse(p->injection, &injection);
  if (status == LAT_OK) status = training_parse(p->training, &low, &high);
  if (status != LAT_OK) return status;
  if (strcmp(p->how, "constructed") != 0 && strcmp(p->how, "trained") != 0)
    return LAT_FAIL(LAT_INPUT, "how is constructed or trained, not '%s'", p->how);
  if (strcmp(p->task, "circuit") != 0 && strcmp(p->task, "blocks") != 0)
    return LAT_FAIL(LAT_INPUT, "task is circuit or blocks, not '%s'", p->task);
  if (p->width % 8 != 0) return LAT_FAIL(LAT_INPUT, "a width of %d is no multiple of 8", (int)p->width);
  if (p->batch % 8 != 0) return LAT_FAIL(LAT_INPUT, "a batch of %d is no multiple of 8", (int)p->batch);
  if ((size_t)p->most < 2 * high)
    return LAT_FAIL(LAT_INPUT, "a test of %d loops shows too little beyond a training with %zu: give %zu or more",
                    (int)p->most, high, 2 * high);
  for (size_t size = 0; size < LAT_EXTRAPOLATION_SIZES && status == LAT_OK; size++)
    if (size < 3 || fits(p, size)) status = test_of(p, size, &setting);
  return status;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  struct lat_fitting fitting = fitting_of(p);
  double loops = 0.5 * (double)(fitting.loops_low + fitting.loops_high);
  if (strcmp(p->how, "constructed") == 0) return 0.1 * (double)p->examples;
  return strcmp(p->task, "circuit") == 0 ? ((double)p->updates * loops + (double)p->early) * 2e-3
                                         : (double)p->updates * loops * 1e-3;
}

struct table {
  double *score, *accuracy, baseline[LAT_EXTRAPOLATION_SIZES]; /* [sizes, most] */
  int64_t size[LAT_EXTRAPOLATION_SIZES], broken[LAT_EXTRAPOLATION_SIZES], wrong[LAT_EXTRAPOLATION_SIZES];
};

/* Tests on one size; a constructed machine when there is no learner. */
static int test(const struct parameters *p, size_t size, const struct lat_learner *learner, struct table *table) {
  struct lat_task_setting setting;
  struct lat_score score = {0};
  struct lat_baseline baseline;
  struct lat_machine_report report;
  double by_level[128];
  int status = LAT_OK, circuit = strcmp(p->task, "circuit") == 0;
  size_t most = (size_t)p->most, examples = (size_t)p->examples;
  uint64_t seed = (uint64_t)p->seed;
  if (!fits(p, size)) { /* not tested: NaN */
    for (size_t t = 0; t < most; t++) table->score[size * most + t] = table->accuracy[size * most + t] = (double)NAN;
    table->baseline[size] = (double)NAN;
    return LAT_OK;
  }
  LAT_TRY(status, test_of(p, size, &setting));
  if (learner != NULL)
    LAT_TRY(status, lat_evaluate(learner, &setting, seed, "test", examples, most, 1, &score));
  else
    LAT_TRY(status, lat_machine_evaluate(&setting, seed, "test", examples, 1, most, &score, &report));
  LAT_TRY(status, lat_task_baseline(&setting, seed, examples, &baseline, by_level));
  for (size_t t = 1; t <= most; t++) {
    double *at = &table->score[size * most + t - 1];
    *at = circuit ? lat_score_level(&score, t, score.levels - 1) : lat_score_exact(&score, t);
    table->accuracy[size * most + t - 1] = lat_score_accuracy(&score, t);
    table->broken[size] += (int64_t)score.broken[t - 1];
    for (size_t l = 1; learner == NULL && l <= t && l < score.levels; l++)
      table->wrong[size] += (int64_t)(score.asked[l] - score.right[(t - 1) * score.levels + l]);
  }
  table->baseline[size] = circuit ? by_level[score.levels - 1] : baseline.exact;
  table->size[size] = lat_task_option(&setting, circuit ? "depth" : "length");
  if (learner == NULL) table->wrong[size] += (int64_t)(report.unlike + report.other + examples - report.certified);
done:
  lat_score_free(&score);
  return status;
}

static int put(struct lat_run *run, const struct table *table, int constructed) {
  const struct parameters *p = lat_run_parameters(run);
  size_t extent[2] = {LAT_EXTRAPOLATION_SIZES, (size_t)p->most};
  int status = LAT_OK;
  LAT_TRY(status, lat_put_reals(run, "score", 2, extent, table->score));
  LAT_TRY(status, lat_put_reals(run, "accuracy", 2, extent, table->accuracy));
  LAT_TRY(status, lat_put_reals(run, "baseline", 1, extent, table->baseline));
  LAT_TRY(status, lat_put_integers(run, "size_tested", 1, extent, table->size));
  LAT_TRY(status, lat_put_integers(run, "broken", 1, extent, table->broken));
  if (constructed) LAT_TRY(status, lat_put_integers(run, "wrong", 1, extent, table->wrong));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_fitting fitting = fitting_of(p);
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  struct table table = {0};
  int status = LAT_OK, constructed = strcmp(p->how, "constructed") == 0;
  size_t cells = LAT_EXTRAPOLATION_SIZES * (size_t)p->most;
  table.score = lat_calloc(cells, sizeof *table.score);
  table.accuracy = lat_calloc(cells, sizeof *table.accuracy);
  LAT_CHECK(status, table.score != NULL && table.accuracy != NULL, LAT_MEMORY, "no memory for %zu scores", cells);
  if (!constructed) LAT_TRY(status, lat_fitting_run(&fitting, run, &model, &learner, &fit));
  for (size_t size = 0; size < LAT_EXTRAPOLATION_SIZES; size++) LAT_TRY(status, test(p, size, learner, &table));
  LAT_TRY(status, put(run, &table, constructed));
  if (constructed) {
    LAT_TRY(status, lat_put_text(run, "end", "constructed"));
    LAT_TRY(status, lat_put_integer(run, "parameters", 0));
  } else {
    LAT_TRY(status, lat_put_integer(run, "loops_low", (int64_t)fitting.loops_low));
    LAT_TRY(status, lat_put_integer(run, "loops_high", (int64_t)fitting.loops_high));
    LAT_TRY(status, lat_fitting_put(run, &fit, learner->count, fitting.measure));
  }
done:
  lat_free(table.score);
  lat_free(table.accuracy);
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

const struct lat_experiment lat_experiment_loop_extrapolation;
const struct lat_experiment lat_experiment_loop_extrapolation = {
    .name = "loop_extrapolation",
    .section = "B. Learnability",
    .question = "What happens when a looped model runs for more loops than it was trained with?",
    .prediction =
        "A looped layer that was trained on circuits of depth D, with input injection, evaluates circuits of twice the "
        "depth better when it runs for more loops than in training. With the number of loops drawn at random in training "
        "its answer stays: at the largest number of loops it loses at most 0.05 of the score on circuits of depth D. With "
        "a fixed number it loses more than that ('overthinking'). Without injection circuits are not learned. An easy "
        "language (3 blocks) shows the same decay as a serial one (5 blocks): it comes from the training, not from the "
        "task. The constructed machine is right at any depth after as many loops and stays so.",
    .refuted_if =
        "In the median over seeds with norm injection: as many loops as levels, beyond those of the training, do not raise "
        "the score on circuits of twice the depth by 0.05; or the model with random loops loses more than 0.05 at depth D "
        "at the largest number of loops; or the one with the least of them, fixed, loses at most 0.05, or no more than the "
        "random one; or without injection the score is 0.95; or of the easy and the serial language one decays (by 0.05, "
        "fixed loops) and the other does not; or a gate of the constructed machine is wrong.",
    .source =
        "random loops and many more at test: Geiping et al. 2025; length and loops: Fan et al. 2025; injection and "
        "stopping "
        "beyond the trained loops: Yang et al. 2024, Bansal et al. 2022 (overthinking)",
    .caption =
        "Score after each number of loops, by the loops of the training (marks: within them; a line without marks is "
        "beyond), median over seeds, the band from least to most. Gates of the last level right in circuits (a) as deep as "
        "in training, (b) twice and (c) four times as deep; black: the constructed machine; dashed: without understanding. "
        "Strings right in every letter, as long as in training: (d) the easy language, (e) the serial one. (f) What is "
        "lost between the most loops of the training and the most of the test, every fit that had 0.9 before; bars: "
        "medians; dotted: the 0.05 of the prediction.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_loop_extrapolation_analyse,
};
