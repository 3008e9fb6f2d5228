#include "lib/train/mode.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/recipe.h"

const struct lat_mode lat_modes[] = {
    {.name = "direct", .help = "the answer straight behind the question", .source = "No-CoT: Hao et al. 2024"},
    {.name = "cot",
     .help = "the steps are written out, then the answer",
     .source = "Wei et al. 2022",
     .told = LAT_TOLD_STEPS,
     .keeps = 1},
    {.name = "icot",
     .help = "steps are removed one by one, the optimiser begins anew, removal is smoothed",
     .source = "Deng et al. 2024",
     .told = LAT_TOLD_STEPS,
     .staged = 1,
     .smooth = 1},
    {.name = "no-thought",
     .help = "stages of Coconut, but nothing stands where steps stood",
     .source = "w/o thought: Hao et al. 2024",
     .told = LAT_TOLD_STEPS,
     .staged = 1},
    {.name = "pause", .help = "pause tokens, told the answer alone", .source = "Goyal et al. 2024", .slots = 1},
    {.name = "soft-prompt",
     .help = "learned vectors before the question",
     .source = "Li and Liang 2021; Lester et al. 2021",
     .slots = 1,
     .each = 1,
     .before = 1},
    {.name = "coconut",
     .help = "the last state is fed back, by stages",
     .source = "Hao et al. 2024; labels as said: Zhu et al. 2025",
     .content = LAT_CONTENT_STATE,
     .told = LAT_TOLD_PLAN,
     .slots = 1,
     .staged = 1},
    {.name = "coconut-no-curriculum",
     .help = "the last state is fed back, told the answer alone",
     .source = "w/o curriculum: Hao et al. 2024",
     .content = LAT_CONTENT_STATE,
     .slots = 1},
    {.name = "pause-as-thought",
     .help = "stages and labels of Coconut, but slots hold a pause: fixed content, one pass",
     .source = "pause as thought: Hao et al. 2024",
     .told = LAT_TOLD_PLAN,
     .slots = 1,
     .staged = 1},
    {.name = "state-once",
     .help = "stages and labels of Coconut; all states are fed back at once: recycled content, one pass",
     .source = "control",
     .content = LAT_CONTENT_STATE_ONCE,
     .told = LAT_TOLD_PLAN,
     .slots = 1,
     .staged = 1},
    {.name = "recurrent",
     .help = "pause-as-thought with the block looped R + 1 times",
     .source = "Dehghani et al. 2019; Saunshi et al. 2025",
     .told = LAT_TOLD_PLAN,
     .slots = 1,
     .staged = 1,
     .looped = 1},
    {.name = "recurrent-answer",
     .help = "the block looped R + 1 times, no slots, told the answer alone",
     .source = "Dehghani et al. 2019",
     .looped = 1},
    {.name = "deep",
     .help = "pause-as-thought with R + 1 times the layers",
     .source = "control",
     .told = LAT_TOLD_PLAN,
     .slots = 1,
     .staged = 1,
     .stacked = 1},
    {0}};

int lat_mode_parse(const char *name, const struct lat_mode **mode) {
  char names[512] = "";
  for (const struct lat_mode *m = lat_modes; m->name != NULL; m++) {
    if (strcmp(m->name, name) == 0) {
      *mode = m;
      return LAT_OK;
    }
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "", m->name);
  }
  return LAT_FAIL(LAT_INPUT, "mode '%.40s' is none of %s", name, names);
}

const char *lat_mode_told(const struct lat_mode_plan *plan) {
  switch (plan->mode->told) {
    case LAT_TOLD_ANSWER: return "answer";
    case LAT_TOLD_STEPS: return "steps";
    default: return plan->labels == LAT_LABELS_REACHED ? "dense" : lat_labels_name(plan->labels);
  }
}

static int removable(const struct lat_mode_plan *plan, size_t *steps) {
  struct lat_task_shape shape;
  int status = LAT_OK;
  LAT_CHECK(status, plan->task.supervision == LAT_SUPERVISE_TRACE && plan->task.thinking.tokens == 0, LAT_INPUT,
            "task %s: modes of thought need the steps of a trace: take supervision=trace", plan->task.task->name);
  LAT_TRY(status, lat_task_shape(&plan->task, &shape));
  *steps = shape.sequence - shape.prompt;
  LAT_CHECK(status, *steps > plan->keep, LAT_INPUT, "task %s: no step can be removed, the trace has %zu and %zu stay",
            plan->task.task->name, *steps, plan->keep);
  *steps -= plan->keep;
  LAT_CHECK(status, *steps < LAT_MODE_STAGES, LAT_INPUT, "task %s: %zu steps are too many for stages, %d is the most",
            plan->task.task->name, *steps, (int)LAT_MODE_STAGES - 1);
  LAT_CHECK(status, plan->per_step >= 1, LAT_INPUT, "0 thoughts for a step: take 1 or more, or a mode without slots");
  LAT_CHECK(status,
            plan->labels == LAT_LABELS_REACHED || plan->labels == LAT_LABELS_REST || plan->labels == LAT_LABELS_NEXT,
            LAT_INPUT, "labels of a stage are reached, rest or next, not %s", lat_labels_name(plan->labels));
done:
  return status;
}

static struct lat_thinking stage_of(const struct lat_mode_plan *plan, size_t removed, size_t all) {
  const struct lat_mode *mode = plan->mode;
  struct lat_thinking thinking = {
      .tokens = mode->each ? all * plan->per_step : 1, .removed = removed, .before = mode->before};
  thinking.slots = mode->slots ? removed * plan->per_step : 0;
  thinking.labels = LAT_LABELS_ANSWER;
  if (mode->told == LAT_TOLD_STEPS) thinking.labels = LAT_LABELS_REST;
  /* Dense: earlier stages end where the next step is asked; the last one goes on to the answer. */
  if (mode->told == LAT_TOLD_PLAN)
    thinking.labels = plan->labels == LAT_LABELS_REACHED && removed == all ? LAT_LABELS_ALL : plan->labels;
  /* Alone behind all slots would be the sign, which tells nothing. */
  if (mode->told == LAT_TOLD_PLAN && plan->labels == LAT_LABELS_NEXT && removed == all) thinking.labels = LAT_LABELS_REST;
  return thinking;
}

int lat_mode_phases(const struct lat_mode_plan *plan, struct lat_task_setting *setting, struct lat_phase *phase,
                    size_t *phases) {
  const struct lat_mode *mode = plan->mode;
  size_t all, stages, loops, count = 0;
  int status = LAT_OK;
  LAT_TRY(status, removable(plan, &all));
  stages = mode->staged ? all + 1 : 1;
  loops = mode->looped ? all + 1 : 1;
  for (size_t s = 0; s < stages; s++) {
    size_t removed = mode->keeps ? 0 : mode->staged ? s : all;
    int last = s + 1 == stages, more = mode->smooth && removed < all;
    phase[s] = (struct lat_phase){.settings = more ? 2 : 1,
                                  .setting = &setting[count],
                                  .loops_low = loops,
                                  .loops_high = loops,
                                  .updates = last ? plan->updates : plan->stage,
                                  .batch = plan->batch,
                                  .advance = last ? 2 : plan->gate,
                                  .others = more ? 0.02 : 0,
                                  .reset = mode->smooth && s > 0};
    if (!mode->staged) phase[s].updates += plan->stage * all;
    for (int i = 0; i <= more; i++, count++) {
      setting[count] = plan->task;
      setting[count].thinking = stage_of(plan, removed + (size_t)i, all);
    }
  }
  *phases = stages;
done:
  return status;
}

static int make_model(const struct lat_mode_plan *plan, const struct lat_task_setting *setting, size_t settings,
                      struct lat_mode_fit *result) {
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  int status = LAT_OK;
  size_t layers = plan->mode->stacked ? plan->layers * (result->removable + 1) : plan->layers;
  LAT_TRY(status, lat_recipe_config(&result->setting, plan->width, plan->heads, layers, result->loops, &config));
  for (size_t i = 0; i < settings; i++) {
    struct lat_task_shape shape;
    LAT_TRY(status, lat_task_shape(&setting[i], &shape));
    if (shape.sequence > config.sequence) config.sequence = shape.sequence;
  }
  config.placement = LAT_PLACEMENT_PRE;
  initialisation.embedding = 0.5;
  initialisation.position = -0.5;
  LAT_TRY(status, lat_recipe_make(&config, &initialisation, plan->seed, &result->model, &result->plain));
  result->thinker = lat_calloc(1, sizeof *result->thinker);
  LAT_CHECK(status, result->thinker != NULL, LAT_MEMORY, "no memory for a mode of thought");
  struct lat_task_shape own;
  LAT_TRY(status, lat_task_shape(&plan->task, &own));
  *result->thinker =
      (struct lat_thinker){.content = plan->mode->content, .slot = (int32_t)own.vocabulary, .temperature = 1};
  LAT_TRY(status, lat_learner_thinker(result->model, result->thinker, &result->learner));
done:
  return status;
}

int lat_mode_fit(const struct lat_mode_plan *plan, const char *checkpoint, lat_fit_tell *tell, void *context,
                 struct lat_mode_fit *result) {
  struct lat_task_setting setting[LAT_MODE_SETTINGS];
  struct lat_phase phase[LAT_MODE_STAGES];
  struct lat_fit_plan fit = lat_fit_default();
  size_t settings = 0;
  int status = LAT_OK;
  *result = (struct lat_mode_fit){0};
  LAT_TRY(status, removable(plan, &result->removable));
  LAT_TRY(status, lat_mode_phases(plan, setting, phase, &fit.phases));
  for (size_t p = 0; p < fit.phases; p++) settings += phase[p].settings;
  result->setting = phase[fit.phases - 1].setting[0];
  result->loops = phase[fit.phases - 1].loops_high;
  LAT_TRY(status, make_model(plan, setting, settings, result));
  fit.phase = phase;
  fit.seed = plan->seed;
  fit.every = 100;
  fit.validation = plan->validation;
  /* One shortest path of several is no answer to hold a gate to; sets and answers are. */
  int paths = plan->mode->told == LAT_TOLD_STEPS || (plan->mode->told == LAT_TOLD_PLAN && plan->labels == LAT_LABELS_REST);
  fit.measure = paths ? LAT_MEASURE_ACCURACY : LAT_MEASURE_ASKED;
  fit.stop = plan->stop;
  fit.training.rate.peak = plan->rate;
  fit.training.rate.decay = LAT_DECAY_CONSTANT;
  fit.training.shards = 4;
  LAT_TRY(status, lat_fit(result->learner, &fit, checkpoint, tell, context, &result->fit));
done:
  return status;
}

void lat_mode_fit_free(struct lat_mode_fit *result) {
  lat_fit_free(&result->fit);
  lat_learner_free(result->learner);
  lat_learner_free(result->plain);
  lat_transformer_free(result->model);
  lat_free(result->thinker);
  *result = (struct lat_mode_fit){0};
}

int lat_mode_evaluate(const struct lat_mode_fit *fit, size_t slots, uint64_t seed, const char *purpose, size_t examples,
                      double *accuracy) {
  struct lat_task_setting setting = fit->setting;
  struct lat_score score = {0};
  int status = LAT_OK;
  if (slots != SIZE_MAX) {
    setting.thinking.slots = slots;
    setting.thinking.removed = fit->removable;
    setting.thinking.labels = LAT_LABELS_ANSWER;
  }
  LAT_TRY(status, lat_evaluate_generated(fit->learner, &setting, seed, purpose, examples, fit->loops, &score));
  *accuracy = lat_score_accuracy(&score, fit->loops);
done:
  lat_score_free(&score);
  return status;
}

struct lat_mode_cost lat_mode_cost(const struct lat_mode_plan *plan, const struct lat_mode_fit *fit) {
  struct lat_task_shape shape;
  lat_task_shape(&fit->setting, &shape); /* was fine when the plan was checked */
  size_t thoughts = fit->setting.thinking.slots;
  int sequential = plan->mode->content == LAT_CONTENT_STATE || plan->mode->content == LAT_CONTENT_MIXTURE;
  struct lat_mode_cost cost = {.thoughts = thoughts, .tokens = shape.sequence - shape.prompt + 1};
  cost.passes = cost.tokens + (sequential ? thoughts : plan->mode->content == LAT_CONTENT_STATE_ONCE);
  cost.flops = lat_learner_flops(fit->learner, shape.sequence, fit->loops);
  if (plan->mode->content == LAT_CONTENT_STATE_ONCE)
    cost.flops += lat_learner_flops(fit->learner, shape.prompt, fit->loops);
  return cost;
}
