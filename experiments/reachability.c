/* Modes of thought on one task, one model, one budget: is a candidate reached from the root? Chain of thought, steps removed, pauses, soft
 * prompts, continuous thoughts, loops and more layers, and between them the controls that differ in one thing only: labels, content or
 * sequence. */
#include <stdio.h>
#include <string.h>

#include "experiments/reachability/analyse.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/mode.h"

#define MODES \
  "direct,cot,icot,no-thought,pause,soft-prompt,coconut,coconut-no-curriculum,pause-as-thought,state-once,recurrent"
#define ALL_MODES MODES ",recurrent-answer,deep"
#define EDGES14 "nodes=14:edges=16:hops=3:decoy=3:format=edge"
#define EDGES20 "nodes=20:edges=23:hops=4:decoy=4:format=edge"
#define TRIPLES14 "nodes=14:edges=16:hops=3:decoy=3:format=triple"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                               \
  TEXT(mode, "-", "mode of thought: `latentlab describe reachability` tells of each",                                   \
       "direct,cot,icot,coconut,pause-as-thought,state-once,recurrent", MODES, ALL_MODES)                               \
  TEXT(graph, "-", "options of the task reachability, KEY=VALUE:...", "nodes=6:edges=5:hops=2:decoy=0:format=edge",     \
       EDGES14, EDGES14 "," EDGES20 "," TRIPLES14)                                                                      \
  TEXT(labels, "-",                                                                                                     \
       "what modes are told that hear of removed steps: dense (all of them that are reached), rest (what "              \
       "remains) or next (one node a stage)",                                                                           \
       "dense", "dense", "dense,rest,next")                                                                             \
  INT(width, "1", 4, 1024, "width D of the residual stream, 4 heads", "16", "64", "64")                                 \
  INT(layers, "layers", 0, 64, "0: 1 for one position an edge, 2 for three", "0", "0", "0")                             \
  INT(per_step, "thoughts", 1, 16, "thoughts for each removed step", "1", "1", "1")                                     \
  REAL(rate, "1", 1e-6, 1, "learning rate, constant", "2e-3", "2e-3", "2e-3")                                           \
  INT(budget, "updates", 1, 1e7, "of the last stage at most", "8", "700", "2000")                                       \
  INT(stage, "updates", 1, 1e7, "of each earlier stage at most; modes without stages get them all at once", "6", "400", \
      "1000")                                                                                                           \
  REAL(gate, "1", 0, 2, "validation that ends an earlier stage", "0.9", "0.9", "0.9")                                   \
  REAL(goal, "1", 0, 2, "validation that counts as solved and ends training", "0.98", "0.98", "0.98")                   \
  INT(batch, "examples", 4, 4096, "of an update", "8", "32", "64")                                                      \
  INT(tested, "examples", 1, 1e6, "graphs of the test", "32", "500", "2000")                                            \
  INT(seed, "1", 0, 1e15, "of initial values and examples", "10", "10,11,12", "10:14")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"accuracy", "1", "test graphs with the right candidate, every token of its own made by the model", LAT_REAL, "", 0},
    {"accuracy_by_thoughts", "1", "the same with 0, 1, .. slots in place of those it was trained for", LAT_REAL, "slots",
     LAT_MAY_BE_MISSING},
    {"told", "-", "what training told: answer, steps, dense, rest or next", LAT_TEXT, "", 0},
    {"removable", "steps", "steps of the trace that stages remove", LAT_INTEGER, "", 0},
    {"loops", "loops", "times the layers are run", LAT_INTEGER, "", 0},
    {"depth", "layers", "layers of the model, each counted once", LAT_INTEGER, "", 0},
    {"thoughts", "positions", "slots of an answer", LAT_INTEGER, "", 0},
    {"tokens", "tokens", "tokens that the model makes for an answer", LAT_INTEGER, "", 0},
    {"passes", "passes", "runs of the model, one behind the other, for an answer", LAT_INTEGER, "", 0},
    {"answer_flops", "flops", "operations of an answer, with keys and values kept", LAT_REAL, "", 0},
    {0}};

enum { SHARDS = 4, HEADS = 4, MOST_THOUGHTS = 512 };

static int labels_parse(const char *name, enum lat_labels *labels) {
  *labels = LAT_LABELS_REACHED;
  if (strcmp(name, "dense") == 0) return LAT_OK;
  *labels = LAT_LABELS_REST;
  if (strcmp(name, "rest") == 0) return LAT_OK;
  *labels = LAT_LABELS_NEXT;
  if (strcmp(name, "next") == 0) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "labels '%s' are none of dense, rest, next", name);
}

/* Sets of nodes are told where labels are dense or next; where steps are written they are those of one path. */
static int plan_of(const struct parameters *p, struct lat_mode_plan *plan) {
  char text[200];
  int status = LAT_OK;
  *plan = (struct lat_mode_plan){.keep = 1,
                                 .per_step = (size_t)p->per_step,
                                 .width = (size_t)p->width,
                                 .heads = HEADS,
                                 .updates = (uint64_t)p->budget,
                                 .stage = (uint64_t)p->stage,
                                 .gate = p->gate,
                                 .batch = (size_t)p->batch,
                                 .validation = p->tested < 256 ? (size_t)p->tested : 256,
                                 .rate = p->rate,
                                 .stop = p->goal,
                                 .seed = (uint64_t)p->seed};
  LAT_TRY(status, lat_mode_parse(p->mode, &plan->mode));
  LAT_TRY(status, labels_parse(p->labels, &plan->labels));
  LAT_CHECK(status, p->width % HEADS == 0, LAT_INPUT, "a width of %lld does not divide into %d heads", (long long)p->width,
            (int)HEADS);
  LAT_CHECK(status, p->batch % SHARDS == 0, LAT_INPUT, "batch is %lld, and a multiple of %d is wanted", (long long)p->batch,
            (int)SHARDS);
  int path = plan->mode->told == LAT_TOLD_STEPS || (plan->mode->told == LAT_TOLD_PLAN && plan->labels == LAT_LABELS_REST);
  LAT_CHECK(status, strlen(p->graph) < 120, LAT_INPUT, "graph '%.40s...' is too long", p->graph);
  snprintf(text, sizeof text, "reachability:%s:steps=%s:supervision=trace", p->graph, path ? "path" : "frontier");
  LAT_TRY(status, lat_task_parse(text, &plan->task));
  plan->layers = p->layers > 0 ? (size_t)p->layers : strstr(p->graph, "format=triple") != NULL ? 2 : 1;
done:
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  const struct lat_mode *mode;
  enum lat_labels labels;
  if (lat_mode_parse(p->mode, &mode) != LAT_OK || labels_parse(p->labels, &labels) != LAT_OK) return NULL;
  if (labels == LAT_LABELS_REACHED) return NULL;
  if (mode->told != LAT_TOLD_PLAN) return "labels make no difference to this mode";
  return strcmp(p->mode, "coconut") == 0 || strcmp(p->mode, "pause-as-thought") == 0
             ? NULL
             : "labels other than dense are for coconut and pause-as-thought";
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_task_setting setting[LAT_MODE_SETTINGS];
  struct lat_phase phase[LAT_MODE_STAGES];
  struct lat_mode_plan plan;
  size_t phases;
  int status = LAT_OK;
  LAT_TRY(status, plan_of(p, &plan));
  LAT_TRY(status, lat_mode_phases(&plan, setting, phase, &phases));
done:
  return status;
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_mode_plan plan;
  struct lat_task_shape shape;
  if (plan_of(p, &plan) != LAT_OK || lat_task_shape(&plan.task, &shape) != LAT_OK) return 1;
  double steps = (double)(shape.sequence - shape.prompt), times = plan.mode->looped || plan.mode->stacked ? steps : 1;
  return ((double)p->budget + (double)p->stage * steps) * (double)p->batch * (double)shape.sequence * times *
         (double)plan.layers * (double)(p->width * p->width);
}

static int put_by_thoughts(struct lat_run *run, const struct lat_mode_plan *plan, const struct lat_mode_fit *fit) {
  const struct parameters *p = lat_run_parameters(run);
  double accuracy[MOST_THOUGHTS];
  size_t most = fit->setting.thinking.slots, count = 0;
  int status = LAT_OK;
  if (!plan->mode->slots || most >= MOST_THOUGHTS) return LAT_OK;
  for (; count <= most; count++)
    LAT_TRY(status, lat_mode_evaluate(fit, count, plan->seed, "test", (size_t)p->tested, &accuracy[count]));
  LAT_TRY(status, lat_put_reals(run, "accuracy_by_thoughts", 1, &count, accuracy));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_mode_plan plan;
  struct lat_mode_fit fit = {0};
  double accuracy;
  int status = LAT_OK;
  LAT_TRY(status, plan_of(p, &plan));
  LAT_TRY(status, lat_mode_fit(&plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_put_fit(run, fit.learner, &fit.fit));
  LAT_TRY(status, lat_mode_evaluate(&fit, SIZE_MAX, plan.seed, "test", (size_t)p->tested, &accuracy));
  LAT_TRY(status, lat_put_real(run, "accuracy", accuracy));
  LAT_TRY(status, put_by_thoughts(run, &plan, &fit));
  struct lat_mode_cost cost = lat_mode_cost(&plan, &fit);
  LAT_TRY(status, lat_put_text(run, "told", lat_mode_told(&plan)));
  LAT_TRY(status, lat_put_integer(run, "removable", (int64_t)fit.removable));
  LAT_TRY(status, lat_put_integer(run, "loops", (int64_t)fit.loops));
  LAT_TRY(status, lat_put_integer(run, "depth", (int64_t)(plan.layers * (plan.mode->stacked ? fit.removable + 1 : 1))));
  LAT_TRY(status, lat_put_integer(run, "thoughts", (int64_t)cost.thoughts));
  LAT_TRY(status, lat_put_integer(run, "tokens", (int64_t)cost.tokens));
  LAT_TRY(status, lat_put_integer(run, "passes", (int64_t)cost.passes));
  LAT_TRY(status, lat_put_real(run, "answer_flops", cost.flops));
done:
  lat_mode_fit_free(&fit);
  return status;
}

const struct lat_experiment lat_experiment_reachability;
const struct lat_experiment lat_experiment_reachability = {
    .name = "reachability",
    .section = "D. Modes of thought",
    .question =
        "Which mode of thought learns to search a graph on a fixed budget, and is it the thought, or what training tells "
        "of "
        "the search?",
    .prediction =
        "With the same dense labels (the set of nodes reached, at every thought) the last state fed back (coconut) answers "
        "0.9 "
        "of the test graphs or more, while fixed content in the same places (pause-as-thought) and recycled content in one "
        "pass "
        "(state-once) stay at 0.7 or less: it is the sequence of states that searches, not labels, places or content. "
        "Modes that are told "
        "the answer alone stay at 0.6 or less whatever they compute with. Nothing is predicted of written steps, of loops "
        "and of more layers. Means over seeds, on every kind of graph.",
    .refuted_if =
        "on some kind of graph the mean of coconut is below 0.9, or that of pause-as-thought or state-once is above 0.7, "
        "or "
        "that of a mode that is told the answer alone is above 0.6",
    .source =
        "Hao et al. 2024 (Coconut, its ablations, ProsQA); Zhu et al. 2025 (symbols, superposition); Deng et al. 2024 "
        "(icot); "
        "Goyal et al. 2024 (pauses); Lester et al. 2021 (soft prompts); Dehghani et al. 2019 (loops)",
    .caption =
        "(a) Test accuracy of each mode: small marks are seeds, large ones their means; colour: what training tells; "
        "shape: kind of "
        "graph. Dotted: a coin between the two candidates; below it a model does not yet pick a candidate. (b) One model "
        "asked with fewer "
        "thoughts than it was trained for: mean over seeds and 95 % interval (Student's t, ended at 0 and 1), on the first "
        "kind of graph.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_reachability_analyse,
};
