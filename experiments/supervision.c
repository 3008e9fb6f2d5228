/* What is a missing intermediate signal worth? The same model learns the same question under five signals: the answer alone; the answer
 * and, behind the question, the trace as targets while pauses are the inputs (hint); the trace as targets and inputs, made by the
 * model itself when it is tested (trace, chain of thought); every intermediate value where it stands (dense); the answer alone with
 * shorter questions first (curriculum). Measured: examples until the answer is right, against the depth of the question. */
#include <math.h>
#include <string.h>

#include "experiments/looped_tasks/stack.h"
#include "experiments/supervision/analyse.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/recipe.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                           \
  TEXT(task, "-", "task and its options but the difficulty, NAME:KEY=VALUE...", "parity", "parity,words:group=s3",  \
       "parity,words:group=s3")                                                                                     \
  TEXT(signal, "-", "answer, hint, trace, dense or curriculum: see the top of the file", "answer,trace,curriculum", \
       "answer,hint,trace,dense,curriculum", "answer,hint,trace,dense,curriculum")                                  \
  TEXT(model, "-", "LxT: L layers looped T times; LxT@D: of width D", "2x1", "2x1", "2x1,1x4")                      \
  INT(depth, "1", 1, 64, "depth of the question: the task's difficulty", "2,4", "2,4,8", "2,4,8,16")                \
  INT(width, "1", 2, 1024, "width of the residual stream", "16", "32", "32")                                        \
  REAL(rate, "1", 1e-6, 1, "learning rates that each cell tries", "4e-3", "2e-3,4e-3", "2e-3,4e-3")                 \
  INT(budget, "updates", 8, 1e7, "updates of a training at most, all phases of a curriculum together", "24", "300", \
      "1500")                                                                                                       \
  INT(batch, "1", 4, 4096, "examples of an update", "16", "32", "64")                                               \
  INT(every, "updates", 1, 1e6, "updates from validation to validation", "8", "25", "50")                           \
  INT(tested, "1", 1, 100000, "examples of a validation, and of the test", "32", "128", "256")                      \
  REAL(goal, "1", 0, 2, "share of wholly right validation examples that counts as solved", "0.99", "0.99", "0.99")  \
  REAL(advance, "1", 0, 2, "the same, to go to the next phase of a curriculum", "0.95", "0.95", "0.95")             \
  INT(seed, "1", 0, 1e15, "of initial values and examples", "0", "0:2", "0:4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"examples_to_solve", "examples", "examples seen when the goal was reached; -1: not within the budget", LAT_INTEGER, "",
     0},
    {"flops_to_solve", "flops", "operations of training until then; missing: not within the budget", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"answer", "1", "test examples whose answer is right; with a trace of its own where it has one", LAT_REAL, "", 0},
    {"positions", "1", "tokens of an example", LAT_INTEGER, "", 0},
    {"answer_flops", "flops", "operations of one answer, every token made once", LAT_REAL, "", 0},
    {"chance", "1", "1 / answers that occur", LAT_REAL, "", 0},
    {"trivial", "1", "best trivial baseline of the answer", LAT_REAL, "", 0},
    {0}};

enum { PHASES = 4, SHARDS = 4 };

static int signal_parse(const char *text, enum lat_supervision *supervision) {
  static const struct {
    const char *name;
    enum lat_supervision supervision;
  } signal[] = {{"answer", LAT_SUPERVISE_ANSWER},
                {"hint", LAT_SUPERVISE_HINT},
                {"trace", LAT_SUPERVISE_TRACE},
                {"dense", LAT_SUPERVISE_DENSE},
                {"curriculum", LAT_SUPERVISE_ANSWER}};
  for (size_t i = 0; i < sizeof signal / sizeof *signal; i++)
    if (strcmp(signal[i].name, text) == 0) {
      *supervision = signal[i].supervision;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "signal '%s' is none of answer, hint, trace, dense, curriculum", text);
}

/* The task with questions of exactly this depth. */
static int make_setting(const char *task, enum lat_supervision supervision, int64_t depth,
                        struct lat_task_setting *setting) {
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse(task, setting));
  setting->supervision = supervision;
  const struct lat_task_option *fewest = setting->task->options;
  while (fewest->name != NULL && strcmp(fewest->name, "fewest") != 0) fewest++;
  if (fewest->name != NULL) LAT_TRY(status, lat_task_set(setting, "fewest", fewest->minimum));
  LAT_TRY(status, lat_task_set(setting, "difficulty", depth));
  if (fewest->name != NULL) LAT_TRY(status, lat_task_set(setting, "fewest", depth));
done:
  return status;
}

/* Depths of the phases, ending at `depth`, evenly; as many as differ. */
static size_t make_depths(const struct parameters *p, int64_t depth[PHASES]) {
  struct lat_task_setting setting;
  size_t count = 0;
  if (strcmp(p->signal, "curriculum") == 0)
    for (int64_t i = 1; i < PHASES; i++) {
      int64_t next = (p->depth * i + PHASES - 1) / PHASES;
      if (next >= p->depth || (count > 0 && depth[count - 1] == next)) continue;
      if (make_setting(p->task, LAT_SUPERVISE_ANSWER, next, &setting) == LAT_OK) depth[count++] = next;
    }
  depth[count++] = p->depth;
  return count;
}

struct course {
  size_t phases;
  struct lat_phase phase[PHASES];
  struct lat_task_setting setting[PHASES][PHASES]; /* of a phase: its own depth, then those before */
};

/* The early phases take at most an eighth of the budget each, the last one what is left of it. */
static int make_course(const struct parameters *p, size_t loops, struct course *course) {
  enum lat_supervision supervision = LAT_SUPERVISE_ANSWER;
  int64_t depth[PHASES];
  int status = LAT_OK;
  LAT_TRY(status, signal_parse(p->signal, &supervision));
  course->phases = make_depths(p, depth);
  uint64_t early = (uint64_t)p->budget / 8;
  for (size_t i = 0; i < course->phases; i++) {
    for (size_t k = 0; k <= i; k++)
      LAT_TRY(status, make_setting(p->task, supervision, depth[i - k], &course->setting[i][k]));
    course->phase[i] =
        (struct lat_phase){.settings = i + 1,
                           .setting = course->setting[i],
                           .loops_low = loops,
                           .loops_high = loops,
                           .updates = i + 1 < course->phases ? early : (uint64_t)p->budget - early * (course->phases - 1),
                           .batch = (size_t)p->batch,
                           .advance = p->advance};
  }
done:
  return status;
}

static const struct lat_task_setting *last_setting(const struct course *course) {
  return &course->setting[course->phases - 1][0];
}

static int configure(const struct parameters *p, struct course *course, struct lat_stack *stack,
                     struct lat_transformer_config *config) {
  int status = LAT_OK;
  LAT_TRY(status, lat_stack_parse(p->model, (size_t)p->width, stack));
  LAT_TRY(status, make_course(p, stack->loops, course));
  LAT_TRY(status, lat_stack_config(stack, course->phases, course->setting[course->phases - 1], config));
done:
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_task_setting setting;
  enum lat_supervision supervision = LAT_SUPERVISE_ANSWER;
  if (lat_task_parse(p->task, &setting) != LAT_OK || signal_parse(p->signal, &supervision) != LAT_OK) return NULL;
  return setting.task->supervision & 1U << supervision ? NULL : "the task does not offer this signal";
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct course course;
  struct lat_stack stack;
  struct lat_transformer_config config;
  struct lat_task_setting setting;
  int status = lat_task_parse(p->task, &setting);
  if (status != LAT_OK) return status;
  if (!(setting.task->supervision & 1U << LAT_SUPERVISE_ANSWER))
    return LAT_FAIL(LAT_INPUT, "task '%s' has no questions with the answer alone, which all is compared with", p->task);
  if (p->batch % SHARDS != 0)
    return LAT_FAIL(LAT_INPUT, "batch is %lld, and a multiple of %d is wanted", (long long)p->batch, SHARDS);
  return configure(p, &course, &stack, &config);
}

/* The answer stands at the highest level that is asked for. */
static double answer_of(const struct lat_score *score, size_t loops) {
  size_t level = score->levels;
  while (level > 1 && score->asked[level - 1] == 0) level--;
  return level > 1 ? lat_score_level(score, loops, level - 1) : (double)NAN;
}

static int put_test(struct lat_run *run, const struct lat_task_setting *setting, const struct lat_learner *learner,
                    size_t loops) {
  const struct parameters *p = lat_run_parameters(run);
  uint64_t seed = lat_run_seed(run);
  size_t tested = (size_t)p->tested;
  struct lat_task_setting plain;
  struct lat_baseline baseline;
  struct lat_score score = {0};
  int status = LAT_OK;
  if (setting->supervision == LAT_SUPERVISE_TRACE)
    LAT_TRY(status, lat_evaluate_generated(learner, setting, seed, "test", tested, loops, &score));
  else
    LAT_TRY(status, lat_evaluate(learner, setting, seed, "test", tested, loops, 0, &score));
  LAT_TRY(status, lat_put_real(run, "answer", answer_of(&score, loops)));
  LAT_TRY(status, make_setting(p->task, LAT_SUPERVISE_ANSWER, p->depth, &plain));
  LAT_TRY(status, lat_task_baseline(&plain, seed, tested, &baseline, NULL));
  double best = fmax(fmax(baseline.majority, baseline.position), baseline.ngram);
  LAT_TRY(status, lat_put_real(run, "chance", baseline.chance));
  LAT_TRY(status, lat_put_real(run, "trivial", best));
done:
  lat_score_free(&score);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct course course;
  struct lat_stack stack;
  struct lat_task_shape shape;
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  int status = LAT_OK;
  LAT_TRY(status, configure(p, &course, &stack, &config));
  LAT_TRY(status, lat_recipe_make(&config, &initialisation, lat_run_seed(run), &model, &learner));
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  plan.training.rate.decay = LAT_DECAY_CONSTANT; /* what is needed must not depend on what was planned */
  plan.training.shards = SHARDS;
  plan.phases = course.phases;
  plan.phase = course.phase;
  plan.seed = lat_run_seed(run);
  plan.every = (uint64_t)p->every;
  plan.validation = (size_t)p->tested;
  plan.measure = LAT_MEASURE_EXACT;
  plan.stop = p->goal;
  LAT_TRY(status, lat_fit(learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_put_fit(run, learner, &fit));
  int solved = fit.solved_at >= 0;
  LAT_TRY(status, lat_put_integer(run, "examples_to_solve", solved ? (int64_t)fit.examples : -1));
  if (solved) LAT_TRY(status, lat_put_real(run, "flops_to_solve", fit.flops));
  LAT_TRY(status, put_test(run, last_setting(&course), learner, stack.loops));
  LAT_TRY(status, lat_task_shape(last_setting(&course), &shape));
  LAT_TRY(status, lat_put_integer(run, "positions", (int64_t)shape.sequence));
  LAT_TRY(status, lat_put_real(run, "answer_flops", (double)stack.loops * lat_transformer_flops(&config, shape.sequence)));
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
  double longer = strcmp(p->signal, "trace") == 0 || strcmp(p->signal, "hint") == 0 ? 2 : 1;
  return (double)(p->budget * p->batch * p->depth) * longer * (double)(stack.layers * stack.loops);
}

const struct lat_experiment lat_experiment_supervision;
const struct lat_experiment lat_experiment_supervision = {
    .name = "supervision",
    .section = "B. Learnability",
    .question = "What is the missing intermediate signal worth, in examples until a question of some depth is solved?",
    .prediction =
        "A chain of thought of the model's own solves every depth that is tried, on every task and with either model; the "
        "answer alone "
        "stops short of the greatest depth everywhere; shorter questions first never reach less deep than the answer "
        "alone. A "
        "depth is solved when most seeds reach the goal within the budget, and reached when all smaller ones are solved "
        "too.",
    .refuted_if =
        "on some task and model the chain of thought misses a depth, or the answer alone reaches the greatest one, or "
        "the curriculum reaches less deep than the answer alone",
    .source =
        "Feng et al. 2023 (direct against chain of thought), Li et al. 2024 (base, hint, chain of thought), Wei et al. "
        "2022; pauses "
        "with hints: London and Kanade 2025",
    .caption =
        "One column a task; top: plain layers, bottom: one layer looped. Training examples until 99 % of validation "
        "questions are "
        "right, against depth: median over seeds (lines, large marks) and every seed (small marks). Marks in the band at "
        "the top: "
        "not solved within the budget, which is the dashed line. A chain of thought costs more operations an example and "
        "is "
        "made token by token at the test: the table gives operations too.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_supervision_analyse,
};
