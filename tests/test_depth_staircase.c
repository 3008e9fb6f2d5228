/* The reading of depth_staircase on results that no training made, its lengths, and equal bytes from equal runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/depth_staircase/staircase.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"
#include "tests/twice.h"

extern const struct lat_experiment lat_experiment_depth_staircase;

static double made_up_rate = LAT_STAIRCASE_RATE; /* of the points that are added */

static void add(struct lat_merged *merged, const char *model, int k, int depth, int seed, double within, double beyond,
                double fewer) {
  static const double update[] = {100, 200};
  int solved = within >= 0.995;
  double exact[] = {within / 2, within}, loss[] = {0.5, (double)NAN};
  made_up_point(merged, "ok");
  made_up_text(merged, "model", model);
  made_up_integer(merged, "k", k);
  made_up_integer(merged, "depth", depth);
  made_up_real(merged, "rate", made_up_rate);
  made_up_integer(merged, "seed", seed);
  made_up_text(merged, "end", solved ? "solved" : "updates");
  made_up_integer(merged, "solved_at", solved ? 200 : -1);
  made_up_integer(merged, "parameters", 1000 * (strcmp(model, "looped") == 0 ? 1 : depth));
  made_up_real(merged, "flops", 1e9);
  made_up_real(merged, "exact_within", within);
  made_up_real(merged, "exact_beyond", beyond);
  made_up_real(merged, "fewer_beyond", fewer);
  made_up_reals(merged, "curve_update", 2, update);
  made_up_reals(merged, "curve_loss", 2, loss);
  made_up_reals(merged, "curve_exact", 2, exact);
}

/* Three seeds of k = 4: one layer, two layers, two loops. */
static struct lat_merged *staircase(double one, double layers, double loops, double fewer) {
  struct lat_merged *merged = made_up("depth_staircase");
  for (int seed = 0; seed < 3; seed++) {
    add(merged, "untied", 4, 1, seed, 0.6, one, (double)NAN);
    add(merged, "untied", 4, 2, seed, 1, layers, (double)NAN);
    add(merged, "looped", 4, 2, seed, 1, loops, fewer);
  }
  return merged;
}

static enum lat_verdict verdict_of(struct lat_merged *merged, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("depth_staircase", merged);
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  return verdict;
}

static void a_step_at_the_threshold_is_supported_and_any_other_refuted(void **state) {
  (void)state;
  assert_int_equal(verdict_of(staircase(0.3, 0.9, 0.8, 0.1), "0.800 or more (0 of 1)"), LAT_SUPPORTED);
  assert_int_equal(verdict_of(staircase(0.5, 0.9, 0.8, 0.1), "0.500 or less (1 of 1 at 1/2 or above)"), LAT_REFUTED);
  assert_int_equal(verdict_of(staircase(0.3, 0.49, 0.8, 0.1), "0.490 or more of the strings (1 of 1 under 1/2)"),
                   LAT_REFUTED);
  assert_int_equal(verdict_of(staircase(0.3, 0.9, 0.49, 0.1), "0.490 or more (1 of 1)"), LAT_REFUTED);
}

static void the_rate_is_chosen_on_validation_over_shared_seeds(void **state) {
  (void)state;
  for (int better = 0; better < 2; better++) {
    struct lat_merged *merged = staircase(0.3, 0.9, 0.8, 0.1);
    made_up_rate = 4e-3;
    for (int seed = 0; seed < 3; seed++) {
      add(merged, "untied", 4, 1, seed, better ? 0.7 : 0.5, 0.6, (double)NAN);
      add(merged, "looped", 4, 2, seed, 1, 0.2, 0.6); /* no better than 1: the usual rate stays */
    }
    made_up_rate = LAT_STAIRCASE_RATE;
    add(merged, "untied", 4, 1, 3, 0.9, 0.3, (double)NAN); /* a seed that the other rate has not */
    if (better)
      assert_int_equal(verdict_of(merged, "0.600 or less (1 of 1 at 1/2 or above)"), LAT_REFUTED);
    else
      assert_int_equal(verdict_of(merged, "best of up to 2 rates for k up to 4"), LAT_SUPPORTED);
  }
}

static void a_control_that_passes_leaves_it_open(void **state) {
  (void)state;
  assert_int_equal(verdict_of(staircase(0.3, 0.9, 0.8, 0.6), "The control failed"), LAT_OPEN);
}

static void the_mean_counts_and_not_the_best_seed(void **state) {
  (void)state;
  struct lat_merged *merged = staircase(0.3, 0.9, 0.1, 0.1);
  add(merged, "looped", 4, 2, 3, 1, 1.0, 0.1);
  assert_int_equal(verdict_of(merged, "0.325 or more (1 of 1)"), LAT_REFUTED);
}

static void failed_rows_few_seeds_and_no_training_leave_it_open(void **state) {
  (void)state;
  struct lat_merged *merged = staircase(0.3, 0.9, 0.8, 0.1);
  made_up_point(merged, "failed");
  made_up_text(merged, "model", "looped");
  made_up_integer(merged, "k", 4);
  made_up_integer(merged, "depth", 2);
  made_up_real(merged, "rate", LAT_STAIRCASE_RATE);
  assert_int_equal(verdict_of(merged, "9 points ran and 1 failed"), LAT_OPEN);
  merged = made_up("depth_staircase");
  add(merged, "untied", 4, 1, 0, 0.6, 0.3, (double)NAN);
  add(merged, "untied", 4, 2, 0, 1, 0.9, (double)NAN);
  add(merged, "looped", 4, 2, 0, 1, 0.9, 0.1);
  assert_int_equal(verdict_of(merged, "over 1 seeds"), LAT_OPEN);
  assert_int_equal(verdict_of(made_up("depth_staircase"), "0 points ran"), LAT_OPEN);
  merged = made_up("depth_staircase");
  for (int seed = 0; seed < 3; seed++) {
    add(merged, "untied", 4, 1, seed, 0, 0, (double)NAN);
    add(merged, "untied", 4, 2, seed, 0, 0, (double)NAN);
    add(merged, "looped", 4, 2, seed, 0, 0, 0);
  }
  assert_int_equal(verdict_of(merged, "None of 6 fits"), LAT_OPEN);
}

static void a_diverged_fit_is_a_result_of_its_cell(void **state) {
  (void)state;
  struct lat_merged *merged = staircase(0.3, 0.9, 0.8, 0.1);
  char text[64];
  made_up_point(merged, "ok");
  made_up_text(merged, "model", "looped");
  made_up_integer(merged, "k", 4);
  made_up_integer(merged, "depth", 2);
  made_up_real(merged, "rate", LAT_STAIRCASE_RATE);
  made_up_text(merged, "end", "diverged");
  made_up_integer(merged, "solved_at", -1);
  made_up_real(merged, "exact_within", 0);
  made_up_real(merged, "exact_beyond", 0);
  made_up_real(merged, "fewer_beyond", (double)NAN);
  struct lat_analysis *analysis = made_up_analyse("depth_staircase", merged);
  assert_int_equal(lat_analysis_verdict(analysis), LAT_SUPPORTED);
  assert_non_null(strstr(lat_analysis_sentence(analysis), "1 fits diverged"));
  made_up_cell(analysis, "cells", 2, 14, text); /* looped, depth 2: 0.8 in three of four */
  assert_string_equal(text, "0.6");
  made_up_cell(analysis, "curves", 1, 5, text);
  assert_string_equal(text, "NaN");
  assert_int_equal(made_up_rows(analysis, "seeds"), 10);
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void languages_beyond_the_claim_are_told_and_not_judged(void **state) {
  (void)state;
  struct lat_merged *merged = staircase(0.3, 0.9, 0.8, 0.1);
  for (int seed = 0; seed < 3; seed++) add(merged, "looped", 7, 5, seed, 0.4, 0.1, 0);
  assert_int_equal(verdict_of(merged, "k > 6, where nothing is claimed, 0 of 3 fits"), LAT_SUPPORTED);
}

static void every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  struct lat_merged *merged = staircase(0.3, 0.9, 0.8, 0.1);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status == LAT_MEMORY; k++) {
    struct lat_analysis *analysis = NULL;
    lat_memory_fail_at(k);
    status = lat_analysis_make(&lat_experiment_depth_staircase, merged, &analysis);
    lat_memory_fail_at(0);
    lat_analysis_free(analysis);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  lat_merged_free(merged);
}

static void lengths_go_down_from_the_longest(void **state) {
  (void)state;
  struct lat_staircase staircase;
  assert_int_equal(lat_staircase_make(5, 32, 48, 4, &staircase), LAT_OK);
  assert_int_equal(staircase.lengths, 5);
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(lat_task_option(&staircase.setting[i], "length"), 48 - 4 * (int)i);
    assert_int_equal(lat_task_option(&staircase.setting[i], "k"), 5);
  }
  assert_int_equal(lat_staircase_make(5, 47, 48, 4, &staircase), LAT_OK);
  assert_int_equal(staircase.lengths, 1);
  assert_int_equal(lat_staircase_make(5, 49, 48, 4, &staircase), LAT_INPUT);
  assert_int_equal(lat_staircase_make(5, 2, 48, 1, &staircase), LAT_INPUT);
  assert_int_equal(lat_staircase_make(50, 32, 48, 4, &staircase), LAT_INPUT);
  for (int k = 3; k <= 8; k++) assert_int_equal(LAT_STAIRCASE_THRESHOLD(k), k - 2);
}

static void what_cannot_be_is_refused_in_one_sentence(void **state) {
  (void)state;
  is_refused(&lat_experiment_depth_staircase, "model=deep", "none of untied, looped, lstm, tanh");
  is_refused(&lat_experiment_depth_staircase, "heads=3", "does not divide");
  is_refused(&lat_experiment_depth_staircase, "batch=6", "a multiple of 4");
  is_refused(&lat_experiment_depth_staircase, "k=20", "do not fit");
  is_refused(&lat_experiment_depth_staircase, "depth=0", "depth");
  is_refused(&lat_experiment_depth_staircase, "injection=twice", "injection");
}

static void equal_runs_give_equal_bytes(void **state) {
  (void)state;
  static const char *const set[] = {"width=8", "budget=7", "every=3", "tested=9", "model=untied,looped,lstm,tanh", "k=4"};
  assert_int_equal(twice_the_same(&lat_experiment_depth_staircase, sizeof set / sizeof *set, set), 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_at_the_threshold_is_supported_and_any_other_refuted),
      cmocka_unit_test(the_rate_is_chosen_on_validation_over_shared_seeds),
      cmocka_unit_test(a_control_that_passes_leaves_it_open),
      cmocka_unit_test(the_mean_counts_and_not_the_best_seed),
      cmocka_unit_test(failed_rows_few_seeds_and_no_training_leave_it_open),
      cmocka_unit_test(a_diverged_fit_is_a_result_of_its_cell),
      cmocka_unit_test(languages_beyond_the_claim_are_told_and_not_judged),
      cmocka_unit_test(every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing),
      cmocka_unit_test(lengths_go_down_from_the_longest),
      cmocka_unit_test(what_cannot_be_is_refused_in_one_sentence),
      cmocka_unit_test(equal_runs_give_equal_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
