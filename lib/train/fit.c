#include "lib/train/fit.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/checkpoint.h"
#include "lib/train/fit_loss.h"

enum { CURVES = 6 };
/* Between two checkpoints. It changes when a state is kept, never what comes out. */
static const double seconds_between_saves = 10;

/* What a fit goes on from, beside the trainer's state. Another plan's checkpoint has another head. */
struct progress {
  uint64_t seed, planned, points_at_most; /* of the plan: must agree */
  uint64_t phase, phase_updates, updates, since, points, examples;
  int64_t solved_at;
  double loss, norm, flops; /* loss and norm: sums since the last point */
  uint64_t end;
};

struct fitting {
  const struct lat_learner *learner;
  const struct lat_fit_plan *plan;
  const char *checkpoint;
  struct lat_trainer *trainer;
  struct lat_fit_loss *loss;
  size_t state_size;
  struct progress *progress; /* the curves stand behind it, in one piece */
  double *curve[CURVES];     /* [points_at_most] each */
  double saved;
};

struct lat_fit_plan lat_fit_default(void) {
  struct lat_fit_plan plan = {.training = lat_training_default(0), .every = 100, .validation = 256, .stop = 0.995};
  plan.training.shards = 4;
  plan.training.rate.steps = 0;
  return plan;
}

const char *lat_fit_end_name(enum lat_fit_end end) {
  static const char *const names[] = {"updates", "solved", "diverged"};
  return names[end];
}

void lat_fit_free(struct lat_fit *fit) {
  lat_free(fit->update);
  *fit = (struct lat_fit){0};
}

static uint64_t planned_updates(const struct lat_fit_plan *plan) {
  uint64_t sum = 0;
  for (size_t p = 0; p < plan->phases; p++) sum += plan->phase[p].updates;
  return sum;
}

static int check_phase(const struct lat_fit_plan *plan, size_t index) {
  const struct lat_phase *phase = &plan->phase[index];
  size_t shards = plan->training.shards;
  struct lat_task_shape shape;
  int status = LAT_OK;
  LAT_CHECK(status, phase->settings > 0 && phase->updates > 0, LAT_INPUT,
            "phase %zu has %zu tasks and %llu updates: both must be 1 or more", index, phase->settings,
            (unsigned long long)phase->updates);
  LAT_CHECK(status, phase->loops_low >= 1 && phase->loops_low <= phase->loops_high, LAT_INPUT,
            "phase %zu draws %zu to %zu loops: take 1 or more, the smaller number first", index, phase->loops_low,
            phase->loops_high);
  LAT_CHECK(status, phase->batch > 0 && phase->batch % shards == 0, LAT_INPUT,
            "phase %zu has batches of %zu examples, which %zu shards cannot share evenly: take a multiple of %zu", index,
            phase->batch, shards, shards);
  LAT_CHECK(status, phase->others >= 0 && phase->others <= 1, LAT_INPUT,
            "phase %zu draws its other settings with a share of %g: take 0 to 1", index, phase->others);
  for (size_t i = 0; i < phase->settings; i++) LAT_TRY(status, lat_task_shape(&phase->setting[i], &shape));
done:
  return status;
}

static int check(const struct lat_fit_plan *plan) {
  int status = LAT_OK;
  LAT_CHECK(status, plan->phases > 0, LAT_INPUT, "a training without a phase: give one");
  LAT_CHECK(status, plan->every > 0 && plan->validation > 0, LAT_INPUT,
            "validation of %zu examples every %llu updates: both must be 1 or more", plan->validation,
            (unsigned long long)plan->every);
  LAT_CHECK(status, plan->training.shards > 0, LAT_INPUT, "a batch in 0 shards: take 1 or more");
  LAT_CHECK(status, !plan->levels_by_loop || plan->loss == LAT_LOSS_EVERY, LAT_INPUT,
            "levels asked by loop need a loss after every loop");
  for (size_t p = 0; p < plan->phases; p++) LAT_TRY(status, check_phase(plan, p));
done:
  return status;
}

/* Points of the curve at most: one every so many updates and one at the end of each phase. */
static size_t points_at_most(const struct lat_fit_plan *plan) {
  size_t points = 0;
  for (size_t p = 0; p < plan->phases; p++) points += (size_t)(plan->phase[p].updates / plan->every) + 2;
  return points;
}

static int start(struct fitting *fitting) {
  const struct lat_fit_plan *plan = fitting->plan;
  const struct lat_learner *learner = fitting->learner;
  struct lat_training training = plan->training;
  uint64_t planned = planned_updates(plan);
  size_t points = points_at_most(plan);
  int status = LAT_OK;
  if (training.rate.steps == 0) training.rate.steps = planned;
  LAT_TRY(status, lat_fit_loss_alloc(learner, plan, &fitting->loss));
  LAT_TRY(status, lat_trainer_alloc(&training, learner->pieces, learner->piece, learner->parameters, lat_fit_loss_shard,
                                    fitting->loss, &fitting->trainer));
  fitting->state_size = sizeof *fitting->progress + CURVES * points * sizeof(double);
  fitting->progress = lat_calloc(1, fitting->state_size);
  LAT_CHECK(status, fitting->progress != NULL, LAT_MEMORY, "no memory for a learning curve of %zu points", points);
  for (size_t c = 0; c < CURVES; c++) fitting->curve[c] = (double *)(void *)(fitting->progress + 1) + c * points;
  *fitting->progress = (struct progress){.seed = plan->seed, .planned = planned, .points_at_most = points, .solved_at = -1};
done:
  return status;
}

/* Takes an earlier state up. A checkpoint of another plan is refused rather than trained on. */
static int resume(struct fitting *fitting) {
  int status = LAT_OK, found = 0;
  struct progress fresh = *fitting->progress;
  if (fitting->checkpoint == NULL) return LAT_OK;
  LAT_TRY(status,
          lat_checkpoint_load(fitting->checkpoint, fitting->trainer, fitting->progress, fitting->state_size, &found));
  const struct progress *now = fitting->progress;
  LAT_CHECK(status,
            now->seed == fresh.seed && now->planned == fresh.planned && now->points_at_most == fresh.points_at_most &&
                now->points <= now->points_at_most && now->phase <= fitting->plan->phases,
            LAT_INPUT, "%s: the checkpoint of another training: remove it to begin anew", fitting->checkpoint);
done:
  return status;
}

static int save(struct fitting *fitting) {
  if (fitting->checkpoint == NULL) return LAT_OK;
  fitting->saved = lat_clock();
  return lat_checkpoint_save(fitting->checkpoint, fitting->trainer, fitting->progress, fitting->state_size);
}

/* One point of the curve; *reached gets what the stop rules look at. */
static int validate(struct fitting *fitting, double *reached) {
  const struct lat_fit_plan *plan = fitting->plan;
  struct progress *now = fitting->progress;
  const struct lat_phase *phase = &plan->phase[now->phase];
  struct lat_score score = {0};
  int status = LAT_OK;
  size_t loops = phase->loops_high;
  const struct lat_task_setting *setting = &phase->setting[0];
  /* With the trace given, only the last step of it would be asked for. */
  if (setting->supervision == LAT_SUPERVISE_TRACE)
    status = lat_evaluate_generated(fitting->learner, setting, plan->seed, "validation", plan->validation, loops, &score);
  else
    status = lat_evaluate(fitting->learner, setting, plan->seed, "validation", plan->validation, loops, 0, &score);
  if (status != LAT_OK) goto done;
  double exact = lat_score_exact(&score, loops);
  double accuracy = plan->measure == LAT_MEASURE_ASKED ? lat_score_asked(&score, loops) : lat_score_accuracy(&score, loops);
  double since = now->since > 0 ? (double)now->since : (double)NAN;
  const double value[CURVES] = {(double)now->updates, now->loss / since, now->norm / since, accuracy, exact,
                                (double)now->phase};
  for (size_t c = 0; c < CURVES; c++) fitting->curve[c][now->points] = value[c];
  now->points++;
  now->since = 0;
  now->loss = now->norm = 0;
  *reached = plan->measure == LAT_MEASURE_EXACT ? exact : accuracy;
done:
  lat_score_free(&score);
  return status;
}

/* One update. A number that is not finite ends the fit, but is no failure. */
static int update(struct fitting *fitting, struct lat_fit *fit) {
  struct progress *now = fitting->progress;
  struct lat_step step;
  lat_fit_loss_begin(fitting->loss, (size_t)now->phase, now->updates);
  int status = lat_trainer_step(fitting->trainer, &step);
  if (status == LAT_NUMERIC) {
    now->end = LAT_FIT_DIVERGED;
    fit->diverged_at = now->updates;
    snprintf(fit->reason, sizeof fit->reason, "%s", lat_error_message());
    return LAT_OK;
  }
  if (status != LAT_OK) return status;
  now->loss += step.loss;
  now->norm += step.norm;
  now->since++;
  now->updates++;
  now->phase_updates++;
  now->examples += fitting->plan->phase[now->phase].batch;
  now->flops += lat_fit_loss_flops(fitting->loss);
  return LAT_OK;
}

/* Updates of the phase at hand until it ends. */
static int run_phase(struct fitting *fitting, lat_fit_tell *tell, void *context, struct lat_fit *fit) {
  const struct lat_fit_plan *plan = fitting->plan;
  struct progress *now = fitting->progress;
  const struct lat_phase *phase = &plan->phase[now->phase];
  int status = LAT_OK, last = now->phase + 1 == plan->phases;
  while (now->phase_updates < phase->updates) {
    if (phase->reset && now->phase_updates == 0) lat_trainer_reset_moments(fitting->trainer);
    if (tell != NULL && (status = tell(context, (double)now->updates / (double)now->planned)) != LAT_OK) {
      int saved = save(fitting);
      return saved != LAT_OK ? saved : status;
    }
    LAT_TRY(status, update(fitting, fit));
    if (now->end == LAT_FIT_DIVERGED) return LAT_OK;
    if (now->phase_updates % plan->every != 0 && now->phase_updates < phase->updates) continue;
    double reached;
    LAT_TRY(status, validate(fitting, &reached));
    if (last && reached >= plan->stop) {
      now->solved_at = (int64_t)now->updates;
      now->end = LAT_FIT_SOLVED;
      return LAT_OK;
    }
    if (!last && reached >= phase->advance) break;
    if (lat_clock() - fitting->saved > seconds_between_saves) LAT_TRY(status, save(fitting));
  }
  now->phase++;
  now->phase_updates = 0;
done:
  return status;
}

/* Hands the curves over: one allocation, of which `update` is the owner. */
static int finish(const struct fitting *fitting, struct lat_fit *fit) {
  const struct progress *now = fitting->progress;
  double **to[CURVES] = {&fit->update, &fit->loss, &fit->norm, &fit->accuracy, &fit->exact, &fit->phase};
  double *all = lat_alloc(now->points * CURVES + 1, sizeof *all);
  if (all == NULL) return LAT_MEMORY;
  fit->points = now->points;
  for (size_t c = 0; c < CURVES; c++) {
    *to[c] = all + c * now->points;
    memcpy(*to[c], fitting->curve[c], now->points * sizeof *all);
  }
  fit->updates = now->updates;
  fit->solved_at = now->solved_at;
  fit->examples = now->examples;
  fit->flops = now->flops;
  fit->end = (enum lat_fit_end)now->end;
  return LAT_OK;
}

int lat_fit(const struct lat_learner *learner, const struct lat_fit_plan *plan, const char *checkpoint, lat_fit_tell *tell,
            void *context, struct lat_fit *fit) {
  struct fitting fitting = {.learner = learner, .plan = plan, .checkpoint = checkpoint, .saved = lat_clock()};
  int status = LAT_OK;
  *fit = (struct lat_fit){0};
  LAT_TRY(status, check(plan));
  LAT_TRY(status, start(&fitting));
  LAT_TRY(status, resume(&fitting));
  while (fitting.progress->phase < plan->phases && fitting.progress->end == LAT_FIT_UPDATES)
    LAT_TRY(status, run_phase(&fitting, tell, context, fit));
  LAT_TRY(status, finish(&fitting, fit));
done:
  lat_trainer_free(fitting.trainer);
  lat_fit_loss_free(fitting.loss);
  lat_free(fitting.progress);
  return status;
}
