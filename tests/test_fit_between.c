/* The hook between loops in fit and evaluate: it sees every state, its answer goes on, what it adds joins the loss. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/status.h"
#include "tests/fit_help.h"

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
  made.phase[1] = (struct lat_phase){
      .settings = 1, .setting = &dense, .loops_low = 3, .loops_high = 3, .updates = 40, .batch = 32, .advance = 2};
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
      cmocka_unit_test(what_stands_between_loops_sees_each_and_its_answer_goes_on),
      cmocka_unit_test(what_it_adds_joins_the_mean_loss_and_is_trained_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
