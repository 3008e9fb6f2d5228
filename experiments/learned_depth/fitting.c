#include "experiments/learned_depth/fitting.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/train/recipe.h"

enum { SETTINGS = 12, FIRST_GATES = 8, LENGTHS = 5 };

int lat_fitting_circuit(const struct lat_fitting *fitting, size_t depth, struct lat_task_setting *setting) {
  char text[160];
  snprintf(text, sizeof text, "circuit:inputs=%zu:width=%zu:depth=%zu:ids=%zu:supervision=%s", fitting->inputs,
           fitting->gates, depth, fitting->ids, fitting->answer_only ? "answer" : "dense");
  return lat_task_parse(text, setting);
}

int lat_fitting_blocks(const struct lat_fitting *fitting, size_t length, struct lat_task_setting *setting) {
  char text[80];
  snprintf(text, sizeof text, "crasp:k=%zu:length=%zu", fitting->blocks, length);
  return lat_task_parse(text, setting);
}

/* The curriculum, the last phase last. */
static int plan_phases(const struct lat_fitting *fitting, struct lat_task_setting *setting, struct lat_phase *phase,
                       size_t *phases) {
  int status = LAT_OK, circuit = fitting->blocks == 0;
  size_t count = 0;
  for (size_t depth = 1; circuit && depth < fitting->depth && count + 1 < SETTINGS; depth *= 2, count++) {
    LAT_TRY(status, lat_fitting_circuit(fitting, depth, &setting[count]));
    if (depth == 1) LAT_TRY(status, lat_task_set(&setting[count], "first", FIRST_GATES));
    size_t loops = (depth + fitting->layers - 1) / fitting->layers;
    if (loops > fitting->loops_high) loops = fitting->loops_high;
    phase[count] = (struct lat_phase){.settings = 1,
                                      .setting = &setting[count],
                                      .loops_low = loops,
                                      .loops_high = loops,
                                      .updates = fitting->early,
                                      .batch = fitting->batch / 2,
                                      .advance = 0.99};
  }
  if (circuit) LAT_TRY(status, lat_fitting_circuit(fitting, fitting->depth, &setting[count]));
  static const size_t tenths[LENGTHS] = {10, 8, 9, 11, 12}; /* the first one is validated on */
  for (size_t n = 0; !circuit && n < LENGTHS; n++)
    LAT_TRY(status, lat_fitting_blocks(fitting, fitting->length * tenths[n] / 10, &setting[n]));
  phase[count] = (struct lat_phase){.settings = circuit ? 1 : LENGTHS,
                                    .setting = &setting[count],
                                    .loops_low = fitting->loops_low,
                                    .loops_high = fitting->loops_high,
                                    .updates = fitting->updates,
                                    .batch = fitting->batch,
                                    .advance = 2};
  *phases = count + 1;
done:
  return status;
}

static int tell(void *context, double fraction) { return lat_run_progress(context, fraction); }

int lat_fitting_run(const struct lat_fitting *fitting, struct lat_run *run, struct lat_transformer **model,
                    struct lat_learner **learner, struct lat_fit *fit) {
  struct lat_task_setting setting[SETTINGS];
  struct lat_phase phase[SETTINGS];
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_fit_plan plan = lat_fit_default();
  int status = LAT_OK, circuit = fitting->blocks == 0;
  *model = NULL;
  *learner = NULL;
  *fit = (struct lat_fit){0};
  LAT_TRY(status, plan_phases(fitting, setting, phase, &plan.phases));
  LAT_TRY(status, lat_recipe_config(phase[plan.phases - 1].setting, fitting->width, fitting->heads, fitting->layers,
                                    fitting->loops_high, &config));
  config.positions = LAT_POSITIONS_NONE;
  config.sequence = 0;
  config.mask = circuit ? LAT_MASK_FULL : LAT_MASK_CAUSAL;
  config.placement = fitting->placement;
  config.input_injection = fitting->injection;
  LAT_TRY(status, lat_recipe_make(&config, &initialisation, fitting->seed, model, learner));
  plan.phase = phase;
  plan.seed = fitting->seed;
  plan.training.rate.peak = fitting->rate;
  plan.examples = fitting->examples;
  plan.validation = fitting->validation;
  plan.measure = fitting->measure;
  plan.stop = fitting->stop;
  plan.every = 100;
  plan.training.shards = 2;
  LAT_TRY(status,
          lat_fit(*learner, &plan, run == NULL ? NULL : lat_run_checkpoint(run), run == NULL ? NULL : tell, run, fit));
done:
  return status;
}

int lat_fitting_put(struct lat_run *run, const struct lat_fit *fit, size_t parameters, enum lat_measure measure) {
  int status = LAT_OK;
  const double *validation = measure == LAT_MEASURE_EXACT ? fit->exact : fit->accuracy;
  if (fit->points > 0) {
    LAT_TRY(status, lat_put_reals(run, "curve_update", 1, &fit->points, fit->update));
    LAT_TRY(status, lat_put_reals(run, "curve_loss", 1, &fit->points, fit->loss));
    LAT_TRY(status, lat_put_reals(run, "curve_norm", 1, &fit->points, fit->norm));
    LAT_TRY(status, lat_put_reals(run, "curve_accuracy", 1, &fit->points, validation));
    LAT_TRY(status, lat_put_reals(run, "curve_phase", 1, &fit->points, fit->phase));
    if (isfinite(validation[fit->points - 1]))
      LAT_TRY(status, lat_put_real(run, "validation", validation[fit->points - 1]));
  }
  LAT_TRY(status, lat_put_text(run, "end", lat_fit_end_name(fit->end)));
  if (fit->end == LAT_FIT_DIVERGED) LAT_TRY(status, lat_put_text(run, "end_cause", fit->reason));
  LAT_TRY(status, lat_put_integer(run, "updates_done", (int64_t)fit->updates));
  LAT_TRY(status, lat_put_integer(run, "solved_at", fit->solved_at));
  LAT_TRY(status, lat_put_integer(run, "examples_seen", (int64_t)fit->examples));
  LAT_TRY(status, lat_put_real(run, "flops", fit->flops));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)parameters));
done:
  return status;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

struct lat_spread lat_spread_of(double *value, size_t count) {
  const double none = (double)NAN;
  struct lat_spread spread = {none, none, none, none, none, none, 0};
  size_t n = 0;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < count; i++)
    if (isfinite(value[i])) value[n++] = value[i];
  spread.count = n;
  if (n == 0) return spread;
  qsort(value, n, sizeof *value, by_value);
  for (size_t i = 0; i < n; i++) sum += value[i];
  spread.mean = sum / (double)n;
  for (size_t i = 0; i < n; i++) squares += (value[i] - spread.mean) * (value[i] - spread.mean);
  spread.median = 0.5 * (value[(n - 1) / 2] + value[n / 2]);
  spread.least = spread.low = value[0];
  spread.most = spread.high = value[n - 1];
  if (n < 3) return spread;
  double half = gsl_cdf_tdist_Pinv(0.975, (double)n - 1) * sqrt(squares / (double)(n - 1) / (double)n);
  spread.low = spread.mean - half;
  spread.high = spread.mean + half;
  return spread;
}
