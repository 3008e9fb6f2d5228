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
#include "tests/fit_help.h"

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
  lat_score_free(&own);
  assert_int_equal(lat_evaluate_generated(made.learner, &dense, 9, "test", 70, 2, &own), LAT_INPUT);
  lat_score_free(&given);
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
  lat_score_free(&score);
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
