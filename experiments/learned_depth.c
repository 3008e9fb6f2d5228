/* How much of what a block of L layers looped T times can represent does training find? The constructed machine and trained
 * transformers are run on the same circuits, one token a gate, over the same grid of (L, T). */
#include <math.h>
#include <string.h>

#include "experiments/learned_depth/analyse.h"
#include "experiments/learned_depth/fitting.h"
#include "experiments/learned_depth/machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                \
  TEXT(how, "", "constructed: explicit weights; trained: by gradient descent", "constructed,trained",                    \
       "constructed,trained", "constructed,trained")                                                                     \
  INT(layers, "layers", 1, 64, "layers L of the block", "1,2", "1,2,4", "1,2,4,8")                                       \
  INT(loops, "loops", 1, 64, "loops T of the block", "1,2", "1,2,4", "1,2,4,8")                                          \
  INT(depth, "levels", 1, 64, "levels of the circuits, in training (last phase) and in the test", "2", "4", "8")         \
  INT(inputs, "1", 2, 1024, "constants of a circuit", "4", "4", "4")                                                     \
  INT(gates, "gates", 1, 1024, "gates of a level", "2", "2", "2")                                                        \
  INT(ids, "1", 11, 4096, "names for gates", "16", "16", "20")                                                           \
  TEXT(control, "",                                                                                                      \
       "none; no-injection; answer-only: only the last level is supervised (both L = 1, T = depth); longer: four times " \
       "the updates (L = depth, T = 1)",                                                                                 \
       "none,no-injection", "none,no-injection", "none,no-injection,answer-only,longer")                                 \
  REAL(rate, "1", 1e-6, 1, "peak learning rate; other than 0.002 for (1, depth) and (depth, 1) only", "0.002", "0.002",  \
       "0.001,0.002,0.004")                                                                                              \
  INT(width, "numbers", 4, 1024, "width D of the trained transformer, of 4 heads", "16", "64", "64")                     \
  INT(updates, "updates", 1, 1e9, "of the last phase at most", "40", "600", "1000")                                      \
  INT(early, "updates", 1, 1e9, "of each earlier phase at most", "20", "700", "700")                                     \
  INT(batch, "examples", 8, 4096, "of the last phase; a multiple of 8, earlier phases take half", "8", "32", "32")       \
  INT(examples, "examples", 1, 1e6, "circuits of the test", "32", "256", "512")                                          \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "0,1", "0,1,2,3,4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"levels_right", "levels", "deepest level up to which every level's accuracy is at least 0.95", LAT_INTEGER, "", 0},
    {"right", "gates", "gates right, by level from 1", LAT_INTEGER, "level", 0},
    {"asked", "gates", "gates of the test, by level", LAT_INTEGER, "level", 0},
    {"baseline", "1", "accuracy without understanding, by level: majority, position or n-gram", LAT_REAL, "level",
     LAT_MAY_BE_MISSING},
    {"exact", "circuits", "circuits with every gate right", LAT_INTEGER, "", 0},
    {"wrong", "gates", "constructed: gates at or below level L T that are wrong", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"certified", "circuits", "constructed: circuits whose machine is certified", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"other_weights", "circuits", "constructed: circuits whose weights are not those of the first", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"unlike", "gates", "constructed: gates whose target is not what the circuit's simulation gives", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    LAT_FITTING_OUTPUTS,
    {0}};

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  int constructed = strcmp(p->how, "constructed") == 0, none = strcmp(p->control, "none") == 0;
  int looped = p->layers == 1 && p->loops == p->depth, deep = p->layers == p->depth && p->loops == 1;
  if (p->layers * p->loops > p->depth) return "L T is at most the depth";
  if (constructed && (!none || p->rate != LAT_LEARNED_DEPTH_RATE))
    return "nothing is trained: listed once, with rate 0.002";
  if (!none && p->rate != LAT_LEARNED_DEPTH_RATE) return "controls are trained at rate 0.002";
  if (!none && (strcmp(p->control, "longer") == 0 ? !deep : !looped)) return "a control of the other arm";
  if (p->seed > 2 && (!none || p->rate != LAT_LEARNED_DEPTH_RATE)) return "controls and rates take seeds 0, 1, 2";
  if (p->rate != LAT_LEARNED_DEPTH_RATE && !looped && !deep) return "rates are compared on (1, depth) and (depth, 1)";
  return NULL;
}

static struct lat_fitting fitting_of(const struct parameters *p) {
  int longer = strcmp(p->control, "longer") == 0;
  return (struct lat_fitting){
      .depth = (size_t)p->depth,
      .inputs = (size_t)p->inputs,
      .gates = (size_t)p->gates,
      .ids = (size_t)p->ids,
      .answer_only = strcmp(p->control, "answer-only") == 0,
      .layers = (size_t)p->layers,
      .loops_low = (size_t)p->loops,
      .loops_high = (size_t)p->loops,
      .width = (size_t)p->width,
      .heads = 4,
      .injection = strcmp(p->control, "no-injection") == 0 ? LAT_INJECTION_NONE : LAT_INJECTION_NORM,
      .placement = LAT_PLACEMENT_SANDWICH,
      .rate = p->rate,
      .updates = (uint64_t)p->updates * (longer ? 4 : 1),
      .early = (uint64_t)p->early * (longer ? 4 : 1),
      .batch = (size_t)p->batch,
      .validation = 256,
      .measure = LAT_MEASURE_ACCURACY,
      .stop = 0.998,
      .seed = (uint64_t)p->seed};
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  static const char *const control[] = {"none", "no-injection", "answer-only", "longer"};
  struct lat_fitting fitting = fitting_of(p);
  struct lat_task_setting setting;
  size_t known = 0;
  if (strcmp(p->how, "constructed") != 0 && strcmp(p->how, "trained") != 0)
    return LAT_FAIL(LAT_INPUT, "how is constructed or trained, not '%s'", p->how);
  while (known < 4 && strcmp(p->control, control[known]) != 0) known++;
  if (known == 4) return LAT_FAIL(LAT_INPUT, "control '%s' is none of none, no-injection, answer-only, longer", p->control);
  if (p->width % 4 != 0) return LAT_FAIL(LAT_INPUT, "a width of %d does not divide into 4 heads", (int)p->width);
  if (p->batch % 8 != 0) return LAT_FAIL(LAT_INPUT, "a batch of %d is no multiple of 8", (int)p->batch);
  fitting.answer_only = 0;
  int status = lat_fitting_circuit(&fitting, 1, &setting);
  if (status == LAT_OK) status = lat_task_set(&setting, "first", 8);
  return status == LAT_OK ? lat_fitting_circuit(&fitting, fitting.depth, &setting) : status;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  if (strcmp(p->how, "constructed") == 0) return 0.02 * (double)p->examples;
  double updates = (double)(p->updates + p->early), longer = strcmp(p->control, "longer") == 0 ? 4 : 1;
  return updates * longer * (double)(p->layers * p->loops) * (double)(p->batch * p->depth) * (double)p->width * 1e-6;
}

static int put_levels(struct lat_run *run, const struct lat_score *score) {
  const struct parameters *p = lat_run_parameters(run);
  int64_t right[64], asked[64], levels = 0;
  size_t depth = (size_t)p->depth, last = score->steps - 1;
  int status = LAT_OK, wide = 1;
  for (size_t l = 0; l < depth; l++) {
    right[l] = (int64_t)score->right[last * score->levels + l + 1];
    asked[l] = (int64_t)score->asked[l + 1];
    wide = wide && (double)right[l] >= 0.95 * (double)asked[l];
    levels += wide;
  }
  LAT_TRY(status, lat_put_integer(run, "levels_right", levels));
  LAT_TRY(status, lat_put_integers(run, "right", 1, &depth, right));
  LAT_TRY(status, lat_put_integers(run, "asked", 1, &depth, asked));
  LAT_TRY(status, lat_put_integer(run, "exact", (int64_t)score->exact[last]));
done:
  return status;
}

static int run_constructed(struct lat_run *run, const struct lat_task_setting *setting) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_score score = {0};
  struct lat_machine_report report;
  struct lat_baseline baseline;
  double by_level[65];
  int status = LAT_OK;
  int64_t wrong = 0;
  size_t depth = (size_t)p->depth, loops = (size_t)p->loops;
  LAT_TRY(status, lat_machine_evaluate(setting, (uint64_t)p->seed, "test", (size_t)p->examples, (size_t)p->layers, loops,
                                       &score, &report));
  for (int64_t l = 1; l <= p->depth && l <= p->layers * p->loops; l++)
    wrong += (int64_t)(score.asked[l] - score.right[(loops - 1) * score.levels + (size_t)l]);
  LAT_TRY(status, put_levels(run, &score));
  LAT_TRY(status, lat_task_baseline(setting, (uint64_t)p->seed, (size_t)p->examples, &baseline, by_level));
  LAT_TRY(status, lat_put_reals(run, "baseline", 1, &depth, by_level + 1));
  LAT_TRY(status, lat_put_integer(run, "wrong", wrong));
  LAT_TRY(status, lat_put_integer(run, "certified", (int64_t)report.certified));
  LAT_TRY(status, lat_put_integer(run, "other_weights", (int64_t)report.other));
  LAT_TRY(status, lat_put_integer(run, "unlike", (int64_t)report.unlike));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)report.parameters));
  LAT_TRY(status, lat_put_text(run, "end", "constructed"));
done:
  lat_score_free(&score);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_fitting fitting = fitting_of(p), dense = fitting;
  struct lat_task_setting setting;
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  struct lat_score score = {0};
  int status = LAT_OK;
  dense.answer_only = 0;
  LAT_TRY(status, lat_fitting_circuit(&dense, dense.depth, &setting));
  if (strcmp(p->how, "constructed") == 0) return run_constructed(run, &setting);
  LAT_TRY(status, lat_fitting_run(&fitting, run, &model, &learner, &fit));
  LAT_TRY(status,
          lat_evaluate(learner, &setting, (uint64_t)p->seed, "test", (size_t)p->examples, (size_t)p->loops, 0, &score));
  LAT_TRY(status, put_levels(run, &score));
  LAT_TRY(status, lat_fitting_put(run, &fit, learner->count, fitting.measure));
done:
  lat_score_free(&score);
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

const struct lat_experiment lat_experiment_learned_depth;
const struct lat_experiment lat_experiment_learned_depth = {
    .name = "learned_depth",
    .section = "B. Learnability",
    .question = "How much of the depth that L layers looped T times can represent does training find?",
    .prediction =
        "The constructed machine is right in every gate up to level L T, in every cell of the grid. With every gate "
        "supervised and a curriculum, training finds it for one looped layer: with as many loops as levels all levels are "
        "learned (accuracy 0.95) by at least half of the seeds, and without loops no seed gets beyond level 1. As many "
        "different layers, of equal compute and more parameters, get fewer levels in as many updates, at the learning rate "
        "that suits each best. Without input injection, or with the answer alone supervised, the looped layer fails too.",
    .refuted_if =
        "A gate at or below level L T is wrong in a constructed machine; or the median over seeds of the levels that one "
        "layer with as many loops as levels learns is below the depth, or is not above that of as many layers; or one "
        "layer "
        "without loops learns level 2; or a control without injection or with the answer alone learns all levels in the "
        "median.",
    .source =
        "L T levels: Xu and Sato 2025, theorems 3.6 and 3.10; circuit value as a task: Li, Liu, Zhou and Ma 2024; looped "
        "layers: Saunshi et al. 2025, Yang et al. 2024 (injection)",
    .caption =
        "(a) Levels that the constructed machine evaluates with L layers and T loops: the deepest level up to which every "
        "level's accuracy is at least 0.95, on the same circuits as in b. Grey: not run. (b) The same for trained "
        "transformers, median over seeds; below it, how many seeds reach L T levels. (c) Accuracy by level, mean over "
        "seeds "
        "with 95 % intervals (Student's t; of two seeds both), after the learning rate was chosen on validation for each "
        "of the two large "
        "ones; "
        "dashed: what is reached without understanding (majority, position or n-gram). (d) Validation accuracy of "
        "single runs of these models, of the phase of the curriculum at hand: it falls when the circuits get deeper.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_learned_depth_analyse,
};
