/* k layers looped T times against deep stacks, on three tasks whose work grows with a difficulty. For the same k T there are: the deep
 * stack (k T)x1 at equal compute; kx1, the same parameters without loops; and a deep stack so narrow that it has the parameters of
 * 1x(k T), LxT@WIDTH. Each is trained at the same learning rates with the same number of updates on all difficulties mixed, the
 * rate is chosen on validation, and what is compared is the test at the greatest difficulty. */
#include <math.h>
#include <string.h>

#include "experiments/looped_tasks/analyse.h"
#include "experiments/looped_tasks/mixture.h"
#include "experiments/looped_tasks/stack.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/recipe.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  TEXT(task, "-", "task and its options, NAME:KEY=VALUE..., with its greatest difficulty", "p-hop:hops=1:length=8",        \
       "p-hop:hops=2:length=12,nary_addition:operands=4:digits=1:base=4:supervision=answer,"                               \
       "mano:operations=3:modulus=3:supervision=answer",                                                                   \
       "p-hop:hops=3:length=24,nary_addition:operands=6:digits=1:base=4:supervision=answer,"                               \
       "mano:operations=3:modulus=3:supervision=answer")                                                                   \
  TEXT(model, "-", "LxT: L layers looped T times; LxT@D: of width D", "1x1,1x2,2x1", "1x1,1x4,4x1@16,4x1",                 \
       "1x1,1x4,2x1,2x2,4x1@16,4x1")                                                                                       \
  INT(width, "1", 2, 1024, "width of the residual stream", "16", "32", "32")                                               \
  REAL(rate, "1", 1e-6, 1, "learning rates that each model tries", "6e-3", "3e-3,6e-3", "3e-3,6e-3")                       \
  INT(budget, "updates", 1, 1e7, "updates of a training at most", "20", "1000", "2000")                                    \
  INT(tokens, "tokens", 16, 1e6, "of an update, so that all tasks cost the same: as many examples as fit, in fours", "64", \
      "320", "768")                                                                                                        \
  INT(every, "updates", 1, 1e6, "updates from validation to validation", "10", "50", "100")                                \
  INT(tested, "1", 1, 100000, "examples of a validation, and of each part of the test", "32", "256", "512")                \
  REAL(goal, "1", 0, 2, "validation accuracy that ends a training; above 1: none does", "0.99", "0.99", "0.99")            \
  INT(seed, "1", 0, 1e15, "of initial values and examples", "0", "0:2", "0:4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"layers", "1", "layers of the block", LAT_INTEGER, "", 0},
    {"loops", "1", "times the block is applied", LAT_INTEGER, "", 0},
    {"model_width", "1", "width of this model's residual stream", LAT_INTEGER, "", 0},
    {"answer_flops", "flops", "operations of one answer at the greatest difficulty", LAT_REAL, "", 0},
    {"validated", "1", "accuracy in the last validation; 0 when there was none", LAT_REAL, "", 0},
    {"accuracy", "1", "share of scored positions right in the test at the greatest difficulty", LAT_REAL, "", 0},
    {"exact", "1", "share of test examples all right at the greatest difficulty", LAT_REAL, "", 0},
    {"chance", "1", "1 / classes that occur at the greatest difficulty", LAT_REAL, "", 0},
    {"trivial", "1", "best trivial baseline at the greatest difficulty: majority, by position, n-gram", LAT_REAL, "", 0},
    {"accuracy_at", "1", "test accuracy at each level, from 0", LAT_REAL, "level", LAT_MAY_BE_MISSING},
    {"trivial_at", "1", "best trivial baseline at each level, from 0", LAT_REAL, "level", LAT_MAY_BE_MISSING},
    {0}};

enum { SHARDS = 4, MOST_LEVELS = 256 };

static size_t batch_of(const struct parameters *p, const struct lat_transformer_config *config) {
  return (size_t)p->tokens / config->sequence / SHARDS * SHARDS;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_mixture mixture;
  struct lat_stack stack;
  struct lat_transformer_config config;
  int status = LAT_OK;
  LAT_TRY(status, lat_mixture_make(p->task, &mixture));
  LAT_TRY(status, lat_stack_parse(p->model, (size_t)p->width, &stack));
  LAT_TRY(status, lat_stack_config(&stack, mixture.count, mixture.setting, &config));
  LAT_CHECK(status, batch_of(p, &config) > 0, LAT_INPUT,
            "tokens is %lld, and %d examples of %zu tokens are wanted at least for '%s'", (long long)p->tokens, SHARDS,
            config.sequence, p->task);
done:
  return status;
}

static double best_trivial(const struct lat_baseline *baseline) {
  double best = baseline->majority > baseline->position ? baseline->majority : baseline->position;
  return baseline->ngram > best ? baseline->ngram : best;
}

/* At the greatest difficulty. */
static int put_top(struct lat_run *run, const struct lat_mixture *mixture, const struct lat_learner *learner,
                   size_t loops) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_baseline baseline;
  struct lat_score score = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_task_baseline(&mixture->setting[0], lat_run_seed(run), (size_t)p->tested, &baseline, NULL));
  LAT_TRY(status,
          lat_evaluate(learner, &mixture->setting[0], lat_run_seed(run), "test", (size_t)p->tested, loops, 0, &score));
  LAT_TRY(status, lat_put_real(run, "accuracy", lat_score_accuracy(&score, loops)));
  LAT_TRY(status, lat_put_real(run, "exact", lat_score_exact(&score, loops)));
  LAT_TRY(status, lat_put_real(run, "chance", baseline.chance));
  LAT_TRY(status, lat_put_real(run, "trivial", best_trivial(&baseline)));
done:
  lat_score_free(&score);
  return status;
}

/* By level, over all settings but the first when that is only the top of a mixture. */
static int put_levels(struct lat_run *run, const struct lat_mixture *mixture, const struct lat_learner *learner,
                      size_t loops) {
  const struct parameters *p = lat_run_parameters(run);
  double right[MOST_LEVELS] = {0}, asked[MOST_LEVELS] = {0}, trivial[MOST_LEVELS], at[MOST_LEVELS];
  size_t levels = 1, examples = (size_t)p->tested;
  int status = LAT_OK;
  for (size_t l = 0; l < MOST_LEVELS; l++) trivial[l] = (double)NAN;
  for (size_t i = mixture->whole; i < mixture->count; i++) {
    struct lat_baseline baseline;
    struct lat_score score = {0};
    struct lat_task_shape shape;
    LAT_TRY(status, lat_task_shape(&mixture->setting[i], &shape));
    LAT_CHECK(status, shape.levels <= MOST_LEVELS, LAT_INPUT, "task '%s' has %zu levels, and at most %d are counted",
              p->task, shape.levels, MOST_LEVELS);
    LAT_TRY(status, lat_task_baseline(&mixture->setting[i], lat_run_seed(run), examples, &baseline, at));
    LAT_TRY(status, lat_evaluate(learner, &mixture->setting[i], lat_run_seed(run), "test", examples, loops, 0, &score));
    for (size_t l = 1; l < shape.levels; l++) {
      right[l] += (double)score.right[(loops - 1) * score.levels + l];
      asked[l] += (double)score.asked[l];
      if (isfinite(at[l]) && !(trivial[l] >= at[l])) trivial[l] = at[l];
    }
    if (shape.levels > levels) levels = shape.levels;
    lat_score_free(&score);
  }
  for (size_t l = 0; l < levels; l++) at[l] = asked[l] > 0 ? right[l] / asked[l] : (double)NAN;
  LAT_TRY(status, lat_put_reals(run, "accuracy_at", 1, &levels, at));
  LAT_TRY(status, lat_put_reals(run, "trivial_at", 1, &levels, trivial));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_mixture mixture;
  struct lat_stack stack;
  struct lat_task_shape shape;
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_mixture_make(p->task, &mixture));
  LAT_TRY(status, lat_stack_parse(p->model, (size_t)p->width, &stack));
  LAT_TRY(status, lat_stack_config(&stack, mixture.count, mixture.setting, &config));
  LAT_TRY(status, lat_recipe_make(&config, &initialisation, lat_run_seed(run), &model, &learner));
  struct lat_phase phase = {.settings = mixture.count,
                            .setting = mixture.setting,
                            .loops_low = stack.loops,
                            .loops_high = stack.loops,
                            .updates = (uint64_t)p->budget,
                            .batch = batch_of(p, &config),
                            .advance = 2};
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  plan.training.shards = SHARDS;
  plan.phases = 1;
  plan.phase = &phase;
  plan.seed = lat_run_seed(run);
  plan.every = (uint64_t)p->every;
  plan.validation = (size_t)p->tested;
  plan.stop = p->goal;
  LAT_TRY(status, lat_fit(learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_put_fit(run, learner, &fit));
  LAT_TRY(status, put_top(run, &mixture, learner, stack.loops));
  LAT_TRY(status, put_levels(run, &mixture, learner, stack.loops));
  LAT_TRY(status, lat_task_shape(&mixture.setting[0], &shape));
  LAT_TRY(status, lat_put_integer(run, "layers", (int64_t)stack.layers));
  LAT_TRY(status, lat_put_integer(run, "loops", (int64_t)stack.loops));
  LAT_TRY(status, lat_put_integer(run, "model_width", (int64_t)stack.width));
  LAT_TRY(status, lat_put_real(run, "answer_flops", (double)stack.loops * lat_transformer_flops(&config, shape.sequence)));
  LAT_TRY(status, lat_put_real(run, "validated", fit.points > 0 ? fit.accuracy[fit.points - 1] : 0));
done:
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_stack stack;
  if (lat_stack_parse(p->model, (size_t)p->width, &stack) != LAT_OK) return 1;
  double depth = (double)(stack.layers * stack.loops), width = (double)stack.width;
  return (double)(p->budget * p->tokens) * (depth * width + 16) * (width + 64);
}

const struct lat_experiment lat_experiment_looped_tasks;
const struct lat_experiment lat_experiment_looped_tasks = {
    .name = "looped_tasks",
    .section = "B. Learnability",
    .question = "Are k layers looped T times as good as k T layers on tasks whose work grows with a difficulty?",
    .prediction =
        "On every task that some stack of k T layer applications learns (more than half of the way from the best trivial "
        "baseline "
        "to 1), each k x T comes within 0.1 of the test accuracy of the deep stack of equal compute, with a share of its "
        "parameters; and one layer looped is at least 0.2 better than the same layer applied once.",
    .refuted_if = "on such a task a looped stack is more than 0.1 behind the deep one, or the loop gains less than 0.2",
    .source =
        "Saunshi et al. 2025 (n-ary addition, p-hop); Zhu et al. 2025 (Ouro), figure 6 (Mano); p-hop: Sanford, Hsu and "
        "Telgarsky 2024",
    .caption =
        "One column a task. Top: test accuracy at the greatest difficulty of each stack k x T (@: of that width, so that "
        "the deep "
        "stack has the parameters of the one-layer loop), every seed (dots) and the mean (bar), at the learning rate "
        "chosen on "
        "validation; triangles: the same role in the papers' tables, at their much larger sizes; solid line: best trivial "
        "baseline; dashed: chance. Bottom: validation accuracy at the greatest difficulty against operations spent in "
        "training, "
        "every seed; a curve ends early when the goal is reached.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_looped_tasks_analyse,
};
