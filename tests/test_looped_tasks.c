/* The reading of looped_tasks on results that no training made: what is chosen, what counts, what refutes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/looped_tasks/mixture.h"
#include "experiments/looped_tasks/stack.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"

struct training {
  const char *task, *model;
  int layers, loops, width, seed;
  double rate, validated, accuracy;
  int solved_at;
};

static void add(struct lat_merged *merged, const struct training *t) {
  static const double update[] = {50, 100}, level[] = {(double)NAN, 1};
  double accuracy[] = {0.3, t->validated}, loss[] = {1, (double)NAN}, at[] = {(double)NAN, t->accuracy};
  made_up_point(merged, "ok");
  made_up_text(merged, "task", t->task);
  made_up_text(merged, "model", t->model);
  made_up_real(merged, "rate", t->rate);
  made_up_integer(merged, "seed", t->seed);
  made_up_integer(merged, "budget", 100);
  made_up_integer(merged, "layers", t->layers);
  made_up_integer(merged, "loops", t->loops);
  made_up_integer(merged, "model_width", t->width);
  made_up_integer(merged, "parameters", 1000 * t->layers);
  made_up_real(merged, "answer_flops", 1e6);
  made_up_real(merged, "flops", 1e9);
  made_up_integer(merged, "updates", 100);
  made_up_integer(merged, "solved_at", t->solved_at);
  made_up_text(merged, "end", isnan(t->accuracy) ? "diverged" : t->solved_at >= 0 ? "solved" : "updates");
  made_up_real(merged, "validated", t->validated);
  made_up_real(merged, "accuracy", t->accuracy);
  made_up_real(merged, "exact", t->accuracy);
  made_up_real(merged, "trivial", 0.4);
  made_up_real(merged, "chance", 0.25);
  made_up_reals(merged, "curve_update", 2, update);
  made_up_reals(merged, "curve_accuracy", 2, accuracy);
  made_up_reals(merged, "curve_loss", 2, loss);
  made_up_reals(merged, "accuracy_at", 2, at);
  made_up_reals(merged, "trivial_at", 2, level);
}

/* Two seeds each of 1x1, 1x4, 4x1, at this accuracy. */
static void add_three(struct lat_merged *merged, const char *task, double once, double looped, double deep) {
  for (int seed = 0; seed < 2; seed++) {
    add(merged, &(struct training){task, "1x1", 1, 1, 32, seed, 1e-3, once, once, -1});
    add(merged, &(struct training){task, "1x4", 1, 4, 32, seed, 1e-3, looped, looped, looped > 0.98 ? 50 : -1});
    add(merged, &(struct training){task, "4x1", 4, 1, 32, seed, 1e-3, deep, deep, deep > 0.98 ? 50 : -1});
  }
}

static enum lat_verdict verdict_of(struct lat_merged *merged, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("looped_tasks", merged);
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  return verdict;
}

static void a_loop_as_good_as_the_deep_stack_is_supported_and_less_is_refuted(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  assert_int_equal(verdict_of(merged, "0 of 1 looped stacks"), LAT_SUPPORTED);
  merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.5, 0.89, 1.0);
  assert_int_equal(verdict_of(merged, "1 of 1 looped stacks"), LAT_REFUTED);
  merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.81, 0.99, 1.0);
  assert_int_equal(verdict_of(merged, "1 of 1 one-layer loops"), LAT_REFUTED);
}

static void a_task_that_nothing_learns_is_not_judged_but_counted(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  add_three(merged, "mano", 0.4, 0.5, 0.69);
  assert_int_equal(verdict_of(merged, "0 of 1 tasks were learned"), LAT_OPEN);
  merged = made_up("looped_tasks");
  add_three(merged, "mano", 0.4, 0.5, 0.69);
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  assert_int_equal(verdict_of(merged, "1 of 2 tasks were learned"), LAT_SUPPORTED);
}

static void failed_rows_and_other_budgets_leave_it_open(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  made_up_point(merged, "failed");
  made_up_text(merged, "task", "p-hop:hops=2");
  made_up_text(merged, "model", "2x2");
  made_up_integer(merged, "budget", 100);
  assert_int_equal(verdict_of(merged, "1 rows failed"), LAT_OPEN);
  merged = made_up("looped_tasks");
  made_up_point(merged, "failed");
  made_up_integer(merged, "budget", 7);
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  assert_int_equal(verdict_of(merged, "1 settings of the budget differ"), LAT_OPEN);
  assert_int_equal(verdict_of(made_up("looped_tasks"), "0 trainings ran"), LAT_OPEN);
}

static void a_diverged_training_counts_as_nothing_learned(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  add(merged, &(struct training){"p-hop:hops=2", "1x4", 1, 4, 32, 2, 1e-3, 0, (double)NAN, -1});
  struct lat_analysis *analysis = made_up_analyse("looped_tasks", merged);
  assert_int_equal(lat_analysis_verdict(analysis), LAT_REFUTED); /* the mean is 0.63 */
  assert_non_null(strstr(lat_analysis_sentence(analysis), "1 diverged"));
  assert_int_equal(made_up_rows(analysis, "seeds"), 7);
  char text[64];
  made_up_cell(analysis, "stacks", 1, 8, text);
  assert_string_equal(text, "1");
  made_up_cell(analysis, "seeds", 4, 2, text);
  assert_string_equal(text, "NaN");
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void the_rate_is_chosen_on_validation_and_never_on_the_test(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  char text[64];
  add(merged, &(struct training){"p-hop", "1x4", 1, 4, 32, 0, 1e-3, 0.6, 0.9, -1});
  add(merged, &(struct training){"p-hop", "1x4", 1, 4, 32, 0, 4e-3, 0.7, 0.5, -1});
  add(merged, &(struct training){"p-hop", "1x4", 1, 4, 32, 0, 2e-3, 0.7, 0.6, 60});
  add(merged, &(struct training){"p-hop", "1x4", 1, 4, 32, 1, 2e-3, 0.7, 0.4, -1});
  struct lat_analysis *analysis = made_up_analyse("looped_tasks", merged);
  assert_int_equal(made_up_rows(analysis, "stacks"), 1);
  assert_int_equal(made_up_rows(analysis, "tuning"), 3);
  made_up_cell(analysis, "stacks", 0, 5, text);
  assert_string_equal(text, "0.002"); /* a tie in validation goes to more solved */
  made_up_cell(analysis, "stacks", 0, 9, text);
  assert_string_equal(text, "0.5");
  made_up_cell(analysis, "stacks", 0, 15, text);
  assert_string_equal(text, "NaN"); /* one of two seeds solved: no finite median */
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void stacks_are_read_and_nonsense_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"",     "2",     "2x",    "x2",   "0x1",  "1x0", "2x2x2",
                                    "2x2@", "2x2@7", "2x2@0", "-1x2", "65x1", "2x2 "};
  struct lat_stack stack;
  assert_int_equal(lat_stack_parse("2x3", 32, &stack), LAT_OK);
  assert_true(stack.layers == 2 && stack.loops == 3 && stack.width == 32);
  assert_int_equal(lat_stack_parse("12x1@26", 32, &stack), LAT_OK);
  assert_true(stack.layers == 12 && stack.loops == 1 && stack.width == 26);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (lat_stack_parse(bad[i], 32, &stack) != LAT_INPUT) fail_msg("'%s' was taken", bad[i]);
}

static void the_narrow_stack_has_the_parameters_of_the_loop(void **state) {
  (void)state;
  struct lat_mixture mixture;
  struct lat_transformer_config loop, narrow;
  assert_int_equal(lat_mixture_make("p-hop:hops=2:length=16", &mixture), LAT_OK);
  assert_int_equal(lat_stack_config(&(struct lat_stack){1, 4, 64}, mixture.count, mixture.setting, &loop), LAT_OK);
  assert_int_equal(lat_stack_config(&(struct lat_stack){4, 1, 32}, mixture.count, mixture.setting, &narrow), LAT_OK);
  double ratio = (double)lat_transformer_count(&narrow) / (double)lat_transformer_count(&loop);
  if (!(ratio > 0.95 && ratio < 1.05)) fail_msg("%g", ratio);
  assert_int_equal(loop.input_injection, LAT_INJECTION_ADD);
  assert_int_equal(narrow.input_injection, LAT_INJECTION_NONE);
}

static void settings_share_a_vocabulary_when_their_tokens_mean_the_same(void **state) {
  (void)state;
  static const char *const texts[] = {"mano:operations=3:modulus=5", "mano:operations=6:modulus=5", "lis:length=5",
                                      "lis:length=8"};
  struct lat_task_setting pair[2];
  struct lat_transformer_config config;
  for (size_t order = 0; order < 2; order++) {
    for (size_t i = 0; i < 2; i++) assert_int_equal(lat_task_parse(texts[i ^ order], &pair[i]), LAT_OK);
    assert_int_equal(lat_stack_config(&(struct lat_stack){1, 2, 16}, 2, pair, &config), LAT_OK);
    assert_int_equal(config.vocabulary, 5 + 6 + 6);
  }
  for (size_t i = 0; i < 2; i++) assert_int_equal(lat_task_parse(texts[2 + i], &pair[i]), LAT_OK);
  assert_int_equal(lat_stack_config(&(struct lat_stack){1, 2, 16}, 2, pair, &config), LAT_INPUT);
}

static void the_greatest_difficulty_comes_first_in_every_kind_of_mixture(void **state) {
  (void)state;
  struct lat_mixture mixture;
  assert_int_equal(lat_mixture_make("mano:operations=5:modulus=3:supervision=answer", &mixture), LAT_OK);
  assert_int_equal(mixture.count, 2);
  assert_int_equal(mixture.whole, 1);
  assert_int_equal(lat_task_option(&mixture.setting[0], "fewest"), 5);
  assert_int_equal(lat_task_option(&mixture.setting[1], "fewest"), 1);
  assert_int_equal(lat_mixture_make("p-hop:hops=3:length=9", &mixture), LAT_OK);
  assert_int_equal(lat_task_option(&mixture.setting[0], "draw"), 1);
  assert_int_equal(lat_task_option(&mixture.setting[1], "draw"), 0);
  assert_int_equal(lat_mixture_make("parity:length=6", &mixture), LAT_OK);
  assert_int_equal(mixture.count, 6);
  assert_int_equal(mixture.whole, 0);
  for (size_t i = 0; i < 6; i++) assert_int_equal(lat_task_option(&mixture.setting[i], "length"), 6 - i);
  assert_int_equal(lat_mixture_make("parity:length=66", &mixture), LAT_INPUT);
  assert_int_equal(lat_mixture_make("chess", &mixture), LAT_INPUT);
}

static void every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("looped_tasks");
  add_three(merged, "p-hop:hops=2", 0.5, 0.95, 1.0);
  const struct lat_experiment *experiment = NULL;
  for (size_t e = 0; lat_experiments[e] != NULL; e++)
    if (strcmp(lat_experiments[e]->name, "looped_tasks") == 0) experiment = lat_experiments[e];
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_analysis *analysis = NULL;
    lat_memory_fail_at(k);
    int status = lat_analysis_make(experiment, merged, &analysis);
    lat_memory_fail_at(0);
    lat_analysis_free(analysis);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
  }
  lat_merged_free(merged);
}

static void values_that_cannot_be_refuse_the_sweep(void **state) {
  (void)state;
  made_up_refuses("looped_tasks", "task=chess", "chess");
  made_up_refuses("looped_tasks", "task=p-hop:hops=9:length=4", "length");
  made_up_refuses("looped_tasks", "model=2", "layers x loops");
  made_up_refuses("looped_tasks", "model=1x65", "layers x loops");
  made_up_refuses("looped_tasks", "model=2x2@7", "even one");
  made_up_refuses("looped_tasks", "tokens=20", "examples of");
  made_up_refuses("looped_tasks", "budget=0", "budget");
  made_up_refuses("looped_tasks", "width=1", "width");
  made_up_refuses("looped_tasks", "rate=0", "rate");
}

static void two_runs_with_other_threads_give_the_same_files(void **state) {
  (void)state;
  made_up_runs_twice("looped_tasks");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_loop_as_good_as_the_deep_stack_is_supported_and_less_is_refuted),
      cmocka_unit_test(a_task_that_nothing_learns_is_not_judged_but_counted),
      cmocka_unit_test(failed_rows_and_other_budgets_leave_it_open),
      cmocka_unit_test(a_diverged_training_counts_as_nothing_learned),
      cmocka_unit_test(the_rate_is_chosen_on_validation_and_never_on_the_test),
      cmocka_unit_test(stacks_are_read_and_nonsense_is_refused),
      cmocka_unit_test(the_narrow_stack_has_the_parameters_of_the_loop),
      cmocka_unit_test(settings_share_a_vocabulary_when_their_tokens_mean_the_same),
      cmocka_unit_test(the_greatest_difficulty_comes_first_in_every_kind_of_mixture),
      cmocka_unit_test(every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing),
      cmocka_unit_test(values_that_cannot_be_refuse_the_sweep),
      cmocka_unit_test(two_runs_with_other_threads_give_the_same_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
