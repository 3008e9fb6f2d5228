/* The reading of word_problems on results that no training made, what n* is, and equal bytes from equal runs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "experiments/word_problems/words.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"
#include "tests/twice.h"

extern const struct lat_experiment lat_experiment_word_problems;

struct result {
  const char *group, *model;
  int layers, loops, seed;
  double rate, validated;
  int solved; /* n* */
};

static void add(struct lat_merged *merged, const struct result *r) {
  double at[] = {1, r->validated, (double)NAN};
  char task[64];
  snprintf(task, sizeof task, "words:group=%s", r->group);
  made_up_point(merged, "ok");
  made_up_text(merged, "task", task);
  made_up_text(merged, "model", r->model);
  made_up_real(merged, "rate", r->rate);
  made_up_integer(merged, "seed", r->seed);
  made_up_text(merged, "group", r->group);
  made_up_integer(merged, "length", 8);
  made_up_integer(merged, "layers", r->layers);
  made_up_integer(merged, "loops", r->loops);
  made_up_integer(merged, "parameters", 1000 * r->layers);
  made_up_real(merged, "word_flops", 1e6);
  made_up_real(merged, "chance", 0.2);
  made_up_integer(merged, "solved_at", r->solved == 8 ? 100 : -1);
  made_up_text(merged, "end", r->solved == 8 ? "solved" : "updates");
  made_up_integer(merged, "solved_length", r->solved);
  made_up_real(merged, "validated", r->validated);
  made_up_real(merged, "accuracy", r->validated);
  made_up_reals(merged, "accuracy_at", 3, at);
  made_up_reals(merged, "trivial_at", 3, at);
}

/* Two seeds each of 1x1, 1x4, 4x1 with this n*. */
static void add_three(struct lat_merged *merged, const char *group, int once, int looped, int deep) {
  for (int seed = 0; seed < 2; seed++) {
    add(merged, &(struct result){group, "1x1", 1, 1, seed, 3e-3, once / 8.0, once});
    add(merged, &(struct result){group, "1x4", 1, 4, seed, 3e-3, looped / 8.0, looped});
    add(merged, &(struct result){group, "4x1", 4, 1, seed, 3e-3, deep / 8.0, deep});
  }
}

static enum lat_verdict verdict_of(struct lat_merged *merged, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("word_problems", merged);
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  return verdict;
}

static void growth_and_equal_operations_are_judged(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  assert_int_equal(verdict_of(merged, "s3: n* 3 with one loop, 6 with 4, of 8 letters"), LAT_SUPPORTED);
  merged = made_up("word_problems");
  add_three(merged, "s3", 6, 6, 4);
  assert_int_equal(verdict_of(merged, "n* 6 with one loop, 6 with 4"), LAT_REFUTED);
  merged = made_up("word_problems");
  add_three(merged, "s3", 1, 7, 3);
  assert_int_equal(verdict_of(merged, "1 of 1 pairs"), LAT_REFUTED);
}

static void an_lstm_that_stops_short_and_loops_that_double_refute(void **state) {
  (void)state;
  for (int solved = 7; solved <= 8; solved++) {
    struct lat_merged *merged = made_up("word_problems");
    add_three(merged, "s3", 3, 6, 4);
    for (int seed = 0; seed < 2; seed++) add(merged, &(struct result){"s3", "lstm", 1, 1, seed, 3e-3, 0.9, solved});
    if (solved == 7)
      assert_int_equal(verdict_of(merged, "Against the prediction: an LSTM stops short."), LAT_REFUTED);
    else
      assert_int_equal(verdict_of(merged, "0 fits diverged."), LAT_SUPPORTED);
  }
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 8, 16, 8);
  assert_int_equal(verdict_of(merged, "Against the prediction: loops reach 2^T letters."), LAT_REFUTED);
}

static void rates_are_compared_on_the_seeds_they_share(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4); /* validated 0.75 with two seeds */
  add(merged, &(struct result){"s3", "1x4", 1, 4, 2, 3e-3, 0.1, 6});
  for (int seed = 0; seed < 2; seed++) add(merged, &(struct result){"s3", "1x4", 1, 4, seed, 1e-3, 0.6, 3});
  assert_int_equal(verdict_of(merged, "n* 3 with one loop, 6 with 4"), LAT_SUPPORTED);
}

static void words_over_groups_that_are_not_solvable_refute_when_learned(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  add_three(merged, "z60", 1, 1, 2);
  add_three(merged, "a5", 1, 2, 1);
  assert_int_equal(
      verdict_of(merged, "2 letters (0 of 3 models above 2), of Z60 (solvable) 2: no group of that size is learned"),
      LAT_SUPPORTED);
  merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  add_three(merged, "s5", 1, 3, 1);
  assert_int_equal(verdict_of(merged, "3 letters (1 of 3 models above 2)"), LAT_REFUTED);
}

static void the_rate_is_chosen_on_validation_alone(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  for (int seed = 0; seed < 2; seed++) add(merged, &(struct result){"s3", "1x4", 1, 4, seed, 1e-3, 0.99, 5});
  assert_int_equal(verdict_of(merged, "n* 3 with one loop, 5 with 4"), LAT_SUPPORTED);
}

static void failed_rows_single_seeds_and_nothing_leave_it_open(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  made_up_point(merged, "failed");
  made_up_text(merged, "task", "words:group=s3");
  made_up_text(merged, "model", "1x1");
  made_up_real(merged, "rate", 3e-3);
  add_three(merged, "s3", 3, 6, 4);
  assert_int_equal(verdict_of(merged, "6 points ran and 1 failed"), LAT_OPEN);
  merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  add(merged, &(struct result){"s3", "1x2", 1, 2, 0, 3e-3, 0.9, 5});
  assert_int_equal(verdict_of(merged, "over 1 seeds"), LAT_OPEN);
  assert_int_equal(verdict_of(made_up("word_problems"), "0 points ran"), LAT_OPEN);
}

static void every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("word_problems");
  add_three(merged, "s3", 3, 6, 4);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status == LAT_MEMORY; k++) {
    struct lat_analysis *analysis = NULL;
    lat_memory_fail_at(k);
    status = lat_analysis_make(&lat_experiment_word_problems, merged, &analysis);
    lat_memory_fail_at(0);
    lat_analysis_free(analysis);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  lat_merged_free(merged);
}

static void the_solved_prefix_ends_at_the_first_letter_below(void **state) {
  (void)state;
  /* Two loops, letters 1 .. 4 asked 100 times each. */
  uint64_t right[] = {0, 100, 94, 100, 100, 0, 100, 95, 96, 90}, asked[] = {0, 100, 100, 100, 100};
  struct lat_score score = {.steps = 2, .levels = 5, .examples = 100, .right = right, .asked = asked};
  assert_int_equal(lat_words_solved(&score, 1, 0.95), 1);
  assert_int_equal(lat_words_solved(&score, 2, 0.95), 3);
  right[6] = 0;
  assert_int_equal(lat_words_solved(&score, 2, 0.95), 0);
  for (int i = 5; i < 10; i++) right[i] = 100;
  assert_int_equal(lat_words_solved(&score, 2, 0.95), 4);
  asked[2] = 0; /* a letter never asked is not solved */
  assert_int_equal(lat_words_solved(&score, 2, 0.95), 1);
}

static void models_and_tasks_are_read_and_nonsense_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"", "2", "2x", "x2", "0x1", "1x0", "2x2x2", "-1x2", "65x1", "2x2 ", " 2x2", "gru"};
  struct lat_words_model model;
  struct lat_task_setting setting;
  char name[16];
  assert_int_equal(lat_words_model_parse("2x3", &model), LAT_OK);
  assert_true(model.kind == LAT_WORDS_TRANSFORMER && model.layers == 2 && model.loops == 3);
  assert_int_equal(lat_words_model_parse("tanh", &model), LAT_OK);
  assert_true(model.kind == LAT_WORDS_TANH && model.layers == 1 && model.loops == 1);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    if (lat_words_model_parse(bad[i], &model) != LAT_INPUT) fail_msg("'%s' was taken", bad[i]);
  assert_int_equal(lat_words_task_parse("words:group=a5:length=6", &setting, name), LAT_OK);
  assert_string_equal(name, "a5");
  assert_int_equal(lat_words_task_parse("words:group=z120:length=6", &setting, name), LAT_OK);
  assert_string_equal(name, "z120");
  assert_int_equal(lat_words_task_parse("parity:length=6", &setting, name), LAT_OK);
  assert_string_equal(name, "parity");
  assert_int_equal(lat_words_task_parse("crasp", &setting, name), LAT_INPUT);
  assert_int_equal(lat_words_task_parse("parity:length=6:supervision=answer", &setting, name), LAT_INPUT);
}

static void what_cannot_be_is_refused_in_one_sentence(void **state) {
  (void)state;
  is_refused(&lat_experiment_word_problems, "model=1by1", "none of LxT");
  is_refused(&lat_experiment_word_problems, "task=chess", "chess");
  is_refused(&lat_experiment_word_problems, "task=words:group=m11", "m11");
  is_refused(&lat_experiment_word_problems, "heads=3", "does not divide");
  is_refused(&lat_experiment_word_problems, "batch=6", "a multiple of 4");
  is_refused(&lat_experiment_word_problems, "injection=twice", "injection");
}

static void equal_runs_give_equal_bytes(void **state) {
  (void)state;
  static const char *const set[] = {"width=8", "budget=7", "every=3", "tested=9", "model=1x1,1x2,2x2,lstm,tanh"};
  assert_int_equal(twice_the_same(&lat_experiment_word_problems, sizeof set / sizeof *set, set), 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(growth_and_equal_operations_are_judged),
      cmocka_unit_test(an_lstm_that_stops_short_and_loops_that_double_refute),
      cmocka_unit_test(rates_are_compared_on_the_seeds_they_share),
      cmocka_unit_test(words_over_groups_that_are_not_solvable_refute_when_learned),
      cmocka_unit_test(the_rate_is_chosen_on_validation_alone),
      cmocka_unit_test(failed_rows_single_seeds_and_nothing_leave_it_open),
      cmocka_unit_test(every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing),
      cmocka_unit_test(the_solved_prefix_ends_at_the_first_letter_below),
      cmocka_unit_test(models_and_tasks_are_read_and_nonsense_is_refused),
      cmocka_unit_test(what_cannot_be_is_refused_in_one_sentence),
      cmocka_unit_test(equal_runs_give_equal_bytes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
