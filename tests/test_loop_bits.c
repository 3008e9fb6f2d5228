/* loop_bits: what is read never exceeds a bit a gate, nothing is read from states beside other circuits, and what the verdict rests on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "experiments/learned_depth/fitting.h"
#include "experiments/loop_bits/read.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"

enum { DEPTH = 2, LOOPS = 3, D = 32 };

static struct lat_fitting small(void) {
  return (struct lat_fitting){.depth = DEPTH,
                              .inputs = 3,
                              .gates = 2,
                              .ids = 14,
                              .layers = 1,
                              .loops_low = DEPTH,
                              .loops_high = DEPTH,
                              .width = D,
                              .heads = 4,
                              .injection = LAT_INJECTION_NORM,
                              .placement = LAT_PLACEMENT_SANDWICH,
                              .rate = 0.003,
                              .updates = 400,
                              .early = 400,
                              .batch = 32,
                              .validation = 128,
                              .measure = LAT_MEASURE_ACCURACY,
                              .stop = 0.99,
                              .seed = 1};
}

static void a_gate_is_read_when_its_level_is_done_and_never_more_than_a_bit(void **state) {
  (void)state;
  struct lat_fitting fitting = small();
  struct lat_task_setting setting;
  struct lat_transformer *model;
  struct lat_learner *learner;
  struct lat_fit fit;
  double bits[LOOPS * DEPTH], low[LOOPS * DEPTH], high[LOOPS * DEPTH], again[LOOPS * DEPTH];
  assert_int_equal(lat_fitting_circuit(&fitting, DEPTH, &setting), LAT_OK);
  assert_int_equal(lat_fitting_run(&fitting, NULL, &model, &learner, &fit), LAT_OK);
  struct lat_loop_reading reading = {.learner = learner,
                                     .setting = &setting,
                                     .loops = LOOPS,
                                     .width = D,
                                     .circuits = 300,
                                     .how = {.confidence = 0.95, .resamples = 200, .seed = 1}};
  assert_int_equal(lat_loop_read(&reading, bits, low, high), LAT_OK);
  assert_null(learner->between);
  for (size_t i = 0; i < LOOPS * DEPTH; i++)
    if (!(bits[i] <= 2 && low[i] <= bits[i] && bits[i] <= high[i] && high[i] <= 2))
      fail_msg("%g in %g .. %g", bits[i], low[i], high[i]);
  /* Level 1 after a loop, and no more than the types of gates tell of level 2. */
  if (!(bits[0] > 1.2)) fail_msg("%g bits of level 1 after a loop", bits[0]);
  if (!(bits[1] < 0.3)) fail_msg("%g bits of level 2 after a loop", bits[1]);
  assert_int_equal(lat_loop_read(&reading, again, low, high), LAT_OK);
  assert_memory_equal(bits, again, sizeof bits);
  reading.shuffled = 1;
  assert_int_equal(lat_loop_read(&reading, bits, low, high), LAT_OK);
  for (size_t i = 0; i < LOOPS * DEPTH; i++)
    if (!(bits[i] <= 0.1)) fail_msg("%g bits beside other circuits", bits[i]);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  reading.circuits = 64;
  for (uint64_t k = 1; status != LAT_OK && k < 3000; k += 61) {
    lat_memory_fail_at(k);
    status = lat_loop_read(&reading, bits, low, high);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
}

/* Circuits of one level, three loops: this many bits a gate in trained models, as initialised, and shuffled. */
static void add(struct lat_merged *merged, const char *how, int seed, double accuracy, double bits, double shuffled) {
  made_up_point(merged, isnan(bits) ? "failed" : "ok");
  made_up_text(merged, "how", how);
  made_up_integer(merged, "depth", 1);
  made_up_integer(merged, "gates", 2);
  made_up_integer(merged, "seed", seed);
  if (isnan(bits)) return;
  made_up_real(merged, "accuracy", accuracy);
  made_up_reals(merged, "bits", 3, (double[]){2 * bits, 2 * bits, 2 * bits});
  if (strcmp(how, "constructed") == 0)
    made_up_integer(merged, "wrong", 0);
  else
    made_up_reals(merged, "shuffled", 3, (double[]){2 * shuffled, 0, 0});
}

static struct lat_merged *results(double trained, double initial, double shuffled) {
  struct lat_merged *merged = made_up("loop_bits");
  for (int seed = 0; seed < 3; seed++) {
    add(merged, "constructed", seed, 1, 1, 0);
    add(merged, "initial", seed, 0.5, initial, 0);
    add(merged, "trained", seed, 0.99, trained + 0.01 * seed, shuffled);
  }
  return merged;
}

static void must_say(struct lat_merged *merged, enum lat_verdict verdict, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("loop_bits", merged);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  assert_int_equal(lat_analysis_verdict(analysis), verdict);
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  must_say(results(0.95, 0.1, 0), LAT_SUPPORTED, "have 0.96 bits a gate or more");
  must_say(results(0.85, 0.1, 0), LAT_REFUTED, "have 0.86 bits a gate or more");
  must_say(results(0.95, 0.6, 0), LAT_REFUTED, "As initialised: 0.6 bits");
}

static void failed_rows_unlearned_tasks_and_a_control_that_shows_something_leave_it_open(void **state) {
  (void)state;
  must_say(results(0.95, 0.1, 0.06), LAT_OPEN, "control shows 0.06 bits");
  struct lat_merged *merged = results(0.95, 0.1, 0);
  add(merged, "trained", 3, 0, (double)NAN, 0);
  must_say(merged, LAT_OPEN, "1 points failed");
  merged = made_up("loop_bits");
  add(merged, "constructed", 0, 1, 1, 0);
  add(merged, "initial", 0, 0.5, 0, 0);
  add(merged, "trained", 0, 0.89, 0.9, 0);
  must_say(merged, LAT_OPEN, "0 of 1 trained models learned");
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("loop_bits", "how=guessed", "how is constructed, trained or initial");
  made_up_refuses("loop_bits", "width=30", "does not divide into 4 heads");
  made_up_refuses("loop_bits", "depth=0", "depth");
}

static void the_same_bytes_for_any_threads(void **state) {
  (void)state;
  made_up_runs_twice("loop_bits");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_gate_is_read_when_its_level_is_done_and_never_more_than_a_bit),
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(failed_rows_unlearned_tasks_and_a_control_that_shows_something_leave_it_open),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(the_same_bytes_for_any_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
