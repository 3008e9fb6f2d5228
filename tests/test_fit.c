/* Fitting a learner to a task: it learns, the same bits come out for any threads and after any stop, failures are told. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/fit.h"
#include "lib/train/recipe.h"

/* A task of this test: bits, and at each place whether it equals the place before (the first: itself). */
enum { LENGTH = 5 };
static int shape(const struct lat_task_setting *setting, struct lat_task_shape *result) {
  int trace = setting->supervision == LAT_SUPERVISE_TRACE;
  *result =
      (struct lat_task_shape){1, 3, trace ? 3 : 2, trace ? 2 * LENGTH : LENGTH, LENGTH + 1, trace ? LENGTH : LENGTH, 0};
  return LAT_OK;
}

/* TRACE: the bits, then each of them again. */
static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  int trace = setting->supervision == LAT_SUPERVISE_TRACE;
  for (int32_t i = 0; i < LENGTH; i++) {
    example->token[i] = (int32_t)lat_random_below(random, 2);
    example->target[i] = trace ? -1 : i > 0 ? example->token[i] == example->token[i - 1] : example->token[i];
    example->level[i] = trace ? 0 : i + 1;
  }
  for (int32_t i = 0; trace && i < LENGTH; i++) {
    example->token[LENGTH + i] = example->token[i];
    example->target[LENGTH + i - 1] = example->token[i];
    example->level[LENGTH + i - 1] = i + 1;
    example->target[2 * LENGTH - 1] = -1;
    example->level[2 * LENGTH - 1] = 0;
  }
}

static const struct lat_task_option options[] = {{0}};
static const struct lat_task task = {.name = "same",
                                     .help = "for this test",
                                     .options = options,
                                     .supervision = 1u << LAT_SUPERVISE_DENSE | 1u << LAT_SUPERVISE_TRACE,
                                     .shape = shape,
                                     .make = make};
static const struct lat_task_setting dense = {.task = &task, .supervision = LAT_SUPERVISE_DENSE};
static const struct lat_task_setting trace = {.task = &task, .supervision = LAT_SUPERVISE_TRACE};

struct made {
  struct lat_transformer *model;
  struct lat_learner *learner;
  struct lat_phase phase[2];
  struct lat_fit_plan plan;
};

static void make_fit(struct made *made, const struct lat_task_setting *setting) {
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  assert_int_equal(lat_recipe_config(setting, 16, 2, 1, 2, &config), LAT_OK);
  config.input_injection = LAT_INJECTION_ADD;
  assert_int_equal(lat_recipe_make(&config, &initialisation, 3, &made->model, &made->learner), LAT_OK);
  made->phase[0] = (struct lat_phase){1, setting, 1, 1, 40, 16, 2};
  made->phase[1] = (struct lat_phase){1, setting, 1, 3, 360, 32, 2};
  made->plan = lat_fit_default();
  made->plan.phases = 2;
  made->plan.phase = made->phase;
  made->plan.seed = 4;
  made->plan.every = 20;
  made->plan.validation = 50;
  made->plan.training.rate.peak = 0.01;
}

static void drop(struct made *made) {
  lat_learner_free(made->learner);
  lat_transformer_free(made->model);
}

static void it_learns(void **state) {
  (void)state;
  struct made made;
  struct lat_fit fit;
  struct lat_score score;
  make_fit(&made, &dense);
  assert_int_equal(lat_fit(made.learner, &made.plan, NULL, NULL, NULL, &fit), LAT_OK);
  assert_int_equal(fit.end, LAT_FIT_SOLVED);
  assert_true(fit.solved_at > 40 && (uint64_t)fit.solved_at == fit.updates);
  assert_true(fit.points > 1 && fit.update[fit.points - 1] == (double)fit.updates && fit.phase[0] == 0);
  assert_true(fit.loss[fit.points - 1] < fit.loss[0]);
  assert_int_equal(fit.examples, 40 * 16 + (fit.updates - 40) * 32);
  assert_true(fit.flops > 0);
  assert_int_equal(lat_evaluate(made.learner, &dense, 9, "test", 333, 3, 1, &score), LAT_OK);
  assert_true(lat_score_accuracy(&score, 3) > 0.97 && lat_score_exact(&score, 3) > 0.9);
  assert_true(lat_score_accuracy(&score, 3) >= lat_score_accuracy(&score, 1));
  for (size_t l = 1; l < score.levels; l++) assert_int_equal(score.asked[l], 333);
  lat_score_free(&score);
  lat_fit_free(&fit);
  drop(&made);
}

/* Everything that a fit gives, in one hash-like string of bytes: the parameters and the curves. */
static void fit_bytes(struct made *made, const char *checkpoint, lat_fit_tell *tell, void *context, unsigned char **bytes,
                      size_t *count) {
  struct lat_fit fit;
  assert_int_equal(lat_fit(made->learner, &made->plan, checkpoint, tell, context, &fit), LAT_OK);
  size_t parameters = made->learner->count * sizeof(float), curves = 6 * fit.points * sizeof(double);
  *count = parameters + curves;
  *bytes = malloc(*count);
  memcpy(*bytes, made->learner->parameters, parameters);
  memcpy(*bytes + parameters, fit.update, curves);
  lat_fit_free(&fit);
}

static void threads_change_nothing(void **state) {
  (void)state;
  unsigned char *first = NULL, *other;
  size_t n = 0, m;
  for (int threads = 1; threads <= 16; threads = threads == 3 ? 16 : threads + 1) {
    struct made made;
    omp_set_num_threads(threads);
    make_fit(&made, &dense);
    made.plan.stop = 2;
    made.phase[1].updates = 60;
    made.plan.loss = LAT_LOSS_EVERY;
    made.learner->dropout = 0.1;
    fit_bytes(&made, NULL, NULL, NULL, first == NULL ? &first : &other, first == NULL ? &n : &m);
    if (threads > 1) {
      assert_int_equal(n, m);
      assert_memory_equal(first, other, n);
      free(other);
    }
    drop(&made);
  }
  omp_set_num_threads(2);
  free(first);
}

struct stopping {
  int left;
};
static int stop_after(void *context, double fraction) {
  struct stopping *stopping = context;
  assert_true(fraction >= 0 && fraction <= 1);
  return stopping->left-- > 0 ? LAT_OK : LAT_FAIL(LAT_INTERRUPTED, "stopped");
}

static void a_stop_changes_nothing(void **state) {
  (void)state;
  char folder[] = "/tmp/latentlab-fit-XXXXXX", path[64];
  struct made made;
  struct lat_fit fit;
  unsigned char *whole, *parts;
  size_t n, m;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/state", folder);
  make_fit(&made, &dense);
  made.plan.stop = 2;
  made.phase[1].updates = 60;
  fit_bytes(&made, NULL, NULL, NULL, &whole, &n);
  drop(&made);
  for (int stop = 7; stop > 0; stop = stop == 7 ? 50 : 0) {
    make_fit(&made, &dense); /* initial values again: a resumed fit must not depend on what it finds in the parameters */
    made.plan.stop = 2;
    made.phase[1].updates = 60;
    struct stopping stopping = {stop};
    assert_int_equal(lat_fit(made.learner, &made.plan, path, stop_after, &stopping, &fit), LAT_INTERRUPTED);
    assert_int_equal(access(path, F_OK), 0);
    drop(&made);
  }
  make_fit(&made, &dense);
  made.plan.stop = 2;
  made.phase[1].updates = 60;
  fit_bytes(&made, path, NULL, NULL, &parts, &m);
  assert_int_equal(n, m);
  assert_memory_equal(whole, parts, n);
  /* Another plan's state, and a damaged one. */
  made.plan.seed++;
  assert_int_equal(lat_fit(made.learner, &made.plan, path, NULL, NULL, &fit), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "another training"));
  FILE *file = fopen(path, "r+b");
  fseek(file, 200, SEEK_SET);
  fputc(fgetc(file) ^ 1, (fseek(file, 200, SEEK_SET), file));
  fclose(file);
  made.plan.seed--;
  assert_int_equal(lat_fit(made.learner, &made.plan, path, NULL, NULL, &fit), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), path));
  drop(&made);
  free(whole);
  free(parts);
  unlink(path);
  rmdir(folder);
}

static void divergence_is_a_result(void **state) {
  (void)state;
  struct made made;
  struct lat_fit fit;
  make_fit(&made, &dense);
  made.plan.training.rate.peak = 1e30;
  made.plan.training.rate.warmup = 0;
  assert_int_equal(lat_fit(made.learner, &made.plan, NULL, NULL, NULL, &fit), LAT_OK);
  assert_int_equal(fit.end, LAT_FIT_DIVERGED);
  assert_true(fit.solved_at == -1 && fit.updates == fit.diverged_at);
  assert_non_null(strstr(fit.reason, "norms before"));
  lat_fit_free(&fit);
  drop(&made);
}

static void a_trace_is_made_token_by_token(void **state) {
  (void)state;
  struct made made;
  struct lat_fit fit;
  struct lat_score given, own;
  make_fit(&made, &trace);
  made.plan.training.rate.peak = 0.01;
  made.phase[1].updates = 800;
  made.phase[1].loops_low = 2;
  assert_int_equal(lat_fit(made.learner, &made.plan, NULL, NULL, NULL, &fit), LAT_OK);
  assert_int_equal(lat_evaluate(made.learner, &trace, 9, "test", 70, 2, 0, &given), LAT_OK);
  assert_int_equal(lat_evaluate_generated(made.learner, &trace, 9, "test", 70, 2, &own), LAT_OK);
  assert_true(lat_score_exact(&own, 2) >= 0.9 && lat_score_exact(&given, 2) >= 0.9);
  /* A whole example right with given tokens is right with its own: they are the same. */
  assert_int_equal(own.exact[1], given.exact[1]);
  assert_int_equal(lat_evaluate_generated(made.learner, &dense, 9, "test", 70, 2, &own), LAT_INPUT);
  lat_score_free(&given);
  lat_score_free(&own);
  lat_fit_free(&fit);
  drop(&made);
}

static void bad_plans_are_refused(void **state) {
  (void)state;
  struct made made;
  struct lat_fit fit;
  struct lat_score score;
  make_fit(&made, &dense);
  struct lat_fit_plan bad[7];
  struct lat_phase phase[7];
  for (size_t i = 0; i < 7; i++) {
    bad[i] = made.plan;
    phase[i] = made.phase[0];
    bad[i].phase = &phase[i];
    bad[i].phases = 1;
  }
  bad[0].phases = 0;
  phase[1].batch = 18;
  phase[2].loops_low = 0;
  phase[3].loops_high = 0;
  bad[4].every = 0;
  bad[5].levels_by_loop = 1;
  phase[6].updates = 0;
  for (size_t i = 0; i < 7; i++) {
    lat_error_clear();
    assert_int_equal(lat_fit(made.learner, &bad[i], NULL, NULL, NULL, &fit), LAT_INPUT);
    assert_true(strlen(lat_error_message()) > 20);
  }
  assert_int_equal(lat_evaluate(made.learner, &dense, 1, "test", 5, 0, 0, &score), LAT_INPUT);
  assert_int_equal(lat_evaluate(made.learner, &dense, 1, "test", 0, 1, 0, &score), LAT_INPUT);
  /* Sequences beyond the positions. */
  assert_int_equal(lat_evaluate(made.learner, &trace, 1, "test", 5, 1, 0, &score), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "learned 5 positions"));
  drop(&made);
}

static void no_memory_is_told_and_nothing_leaks(void **state) {
  (void)state;
  struct made made;
  struct lat_fit fit;
  omp_set_num_threads(1);
  make_fit(&made, &dense);
  made.plan.stop = 2;
  made.plan.phases = 1;
  made.phase[0].updates = 2;
  size_t before = lat_memory_current();
  for (uint64_t k = 1, failed = 1; failed; k++) {
    lat_memory_fail_at(k);
    int status = lat_fit(made.learner, &made.plan, NULL, NULL, NULL, &fit);
    failed = status != LAT_OK;
    lat_memory_fail_at(0);
    if (failed) assert_int_equal(status, LAT_MEMORY);
    lat_fit_free(&fit);
    assert_int_equal(lat_memory_current(), before);
    assert_true(k < 1000);
  }
  omp_set_num_threads(2);
  drop(&made);
}

/* Row t of a run with every loop's logits is what a run of t loops gives. */
static void every_loop_is_scored_as_if_alone(void **state) {
  (void)state;
  struct made made;
  struct lat_score all, one;
  make_fit(&made, &dense);
  assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 117, 3, 1, &all), LAT_OK);
  for (size_t t = 1; t <= 3; t++) {
    assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 117, t, 0, &one), LAT_OK);
    assert_int_equal(one.exact[t - 1], all.exact[t - 1]);
    assert_true(one.loss[t - 1] == all.loss[t - 1]);
    assert_memory_equal(one.right + (t - 1) * one.levels, all.right + (t - 1) * one.levels, one.levels * sizeof *one.right);
    lat_score_free(&one);
  }
  /* A model that gives no finite number is never right, and says so. */
  made.model->head[0] = (float)NAN;
  made.model->head[16] = (float)NAN;
  assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 10, 1, 0, &one), LAT_OK);
  assert_int_equal(one.broken[0], 10 * LENGTH);
  assert_true(lat_score_accuracy(&one, 1) == 0 && isnan(one.loss[0]));
  lat_score_free(&one);
  lat_score_free(&all);
  drop(&made);
}

/* What happens to the state after each loop. */
struct hook {
  size_t calls, wrong; /* of a single thread */
  size_t cleared;      /* the state after this step becomes 0; SIZE_MAX: after none */
  double each, power;  /* an example adds this to the loss, and so much of its state's squares after step 0 */
};

static struct lat_array *after_loop(void *context, struct lat_pass *pass, size_t step, struct lat_array *x) {
  struct hook *hook = context;
  hook->wrong += x->rows != pass->batch * pass->sequence || x->columns != 16 || pass->channel == NULL;
  hook->wrong += step != hook->calls % 3;
  hook->calls++;
  if (step == 0 && (hook->each != 0 || hook->power != 0)) {
    float *value = lat_tape_memory(pass->tape, 1, sizeof *value);
    if (value == NULL) return NULL;
    *value = (float)(hook->each * (double)pass->batch);
    pass->extra = lat_sum_of(pass->tape, 1, lat_tape_leaf(pass->tape, 1, 1, value, NULL), hook->power,
                             lat_total(pass->tape, lat_product(pass->tape, x, x)));
  }
  return step == hook->cleared ? lat_sum_of(pass->tape, 0, x, 0, x) : x;
}

static void what_stands_between_loops_sees_each_and_its_answer_goes_on(void **state) {
  (void)state;
  struct made made;
  struct lat_score plain, same, cleared;
  struct hook hook = {.cleared = SIZE_MAX};
  make_fit(&made, &dense);
  int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 300, 3, 1, &plain), LAT_OK);
  made.learner->between = after_loop;
  made.learner->between_context = &hook;
  assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 300, 3, 1, &same), LAT_OK);
  assert_true(hook.calls >= 3 && hook.calls % 3 == 0); /* 3 a part */
  hook.cleared = 1;
  assert_int_equal(lat_evaluate(made.learner, &dense, 2, "test", 300, 3, 1, &cleared), LAT_OK);
  assert_int_equal(hook.wrong, 0);
  for (size_t t = 0; t < 3; t++) {
    assert_true(plain.loss[t] == same.loss[t]);
    assert_true((cleared.loss[t] == plain.loss[t]) == (t < 1)); /* step 2 goes on from what step 1 left */
  }
  omp_set_num_threads(threads);
  lat_score_free(&plain);
  lat_score_free(&same);
  lat_score_free(&cleared);
  drop(&made);
}

/* Trains with the hook; *square gets the mean square of the parameters, the caller frees the fit. */
static void fit_with(struct hook *hook, struct lat_fit *fit, double *square) {
  struct made made;
  make_fit(&made, &dense);
  made.phase[1] = (struct lat_phase){1, &dense, 3, 3, 40, 32, 2};
  made.plan.phases = 1;
  made.plan.phase = &made.phase[1];
  made.plan.stop = 2;
  made.learner->between = after_loop;
  made.learner->between_context = hook;
  assert_int_equal(lat_fit(made.learner, &made.plan, NULL, NULL, NULL, fit), LAT_OK);
  *square = 0;
  for (size_t i = 0; i < made.learner->count; i++)
    *square += (double)made.learner->parameters[i] * (double)made.learner->parameters[i] / (double)made.learner->count;
  drop(&made);
}

static void what_it_adds_joins_the_mean_loss_and_is_trained_on(void **state) {
  (void)state;
  struct hook plain = {.cleared = SIZE_MAX}, constant = {.cleared = SIZE_MAX, .each = 0.75},
              power = {.cleared = SIZE_MAX, .power = 0.05};
  struct lat_fit fit[3];
  double square[3];
  int threads = omp_get_max_threads();
  omp_set_num_threads(1);
  fit_with(&plain, &fit[0], &square[0]);
  fit_with(&constant, &fit[1], &square[1]);
  fit_with(&power, &fit[2], &square[2]);
  omp_set_num_threads(threads);
  for (size_t k = 0; k < fit[0].points; k++)
    if (!(fabs(fit[1].loss[k] - fit[0].loss[k] - 0.75) < 1e-5)) fail_msg("%g, %g", fit[0].loss[k], fit[1].loss[k]);
  assert_true(square[0] == square[1]); /* a constant has no gradient */
  assert_true(square[2] < square[0]);
  size_t last = fit[2].points - 1;
  if (!(fit[2].loss[last] - fit[0].loss[last] < 0.5 * (fit[2].loss[0] - fit[0].loss[0])))
    fail_msg("states stay large: %g at first, %g at last", fit[2].loss[0] - fit[0].loss[0],
             fit[2].loss[last] - fit[0].loss[last]);
  for (int k = 0; k < 3; k++) lat_fit_free(&fit[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(a_stop_changes_nothing),
      cmocka_unit_test(divergence_is_a_result),
      cmocka_unit_test(a_trace_is_made_token_by_token),
      cmocka_unit_test(bad_plans_are_refused),
      cmocka_unit_test(no_memory_is_told_and_nothing_leaks),
      cmocka_unit_test(every_loop_is_scored_as_if_alone),
      cmocka_unit_test(what_stands_between_loops_sees_each_and_its_answer_goes_on),
      cmocka_unit_test(what_it_adds_joins_the_mean_loss_and_is_trained_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
