/* The reading of supervision on results that no training made: what is solved, how deep a signal reaches, what refutes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"

/* One training; examples < 0: not solved within the budget. */
static void add_at(struct lat_merged *merged, const char *signal, int depth, int seed, double rate, int examples) {
  made_up_point(merged, "ok");
  made_up_text(merged, "task", "parity");
  made_up_text(merged, "model", "2x1");
  made_up_text(merged, "signal", signal);
  made_up_integer(merged, "depth", depth);
  made_up_integer(merged, "seed", seed);
  made_up_integer(merged, "budget", 100);
  made_up_integer(merged, "batch", 64);
  made_up_real(merged, "rate", rate);
  made_up_integer(merged, "examples_to_solve", examples);
  if (examples >= 0) made_up_real(merged, "flops_to_solve", 1e6 * examples);
  made_up_real(merged, "answer", examples >= 0 ? 1 : 0.5);
  made_up_real(merged, "trivial", 0.5);
  made_up_integer(merged, "positions", depth);
  made_up_real(merged, "answer_flops", 1e6);
  made_up_text(merged, "end", examples >= 0 ? "solved" : "updates");
}

static void add(struct lat_merged *merged, const char *signal, int depth, int first, int second, int third) {
  add_at(merged, signal, depth, 0, 1e-3, first);
  add_at(merged, signal, depth, 1, 1e-3, second);
  add_at(merged, signal, depth, 2, 1e-3, third);
}

static struct lat_merged *as_predicted(void) {
  struct lat_merged *merged = made_up("supervision");
  for (int depth = 2; depth <= 8; depth *= 2) {
    add(merged, "trace", depth, 128, 256, 192);
    add(merged, "answer", depth, depth < 8 ? 1024 : -1, 2048, depth < 8 ? 4096 : -1);
    add(merged, "curriculum", depth, 512, 512, -1);
  }
  return merged;
}

static enum lat_verdict verdict_of(struct lat_merged *merged, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("supervision", merged);
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  return verdict;
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  assert_int_equal(verdict_of(as_predicted(), "misses some depth on 0"), LAT_SUPPORTED);
  struct lat_merged *merged = as_predicted(); /* the trace fails deeper */
  add(merged, "trace", 16, -1, -1, 128);
  assert_int_equal(verdict_of(merged, "misses some depth on 1"), LAT_REFUTED);
  merged = as_predicted(); /* two more seeds: the answer alone is solved by three of five at depth 8 */
  add_at(merged, "answer", 8, 3, 1e-3, 512);
  add_at(merged, "answer", 8, 4, 1e-3, 512);
  assert_int_equal(verdict_of(merged, "reaches the greatest depth on 1"), LAT_REFUTED);
  merged = as_predicted(); /* and at depth 4 the curriculum is not, which ends its reach there */
  add_at(merged, "curriculum", 2, 3, 1e-3, -1);
  add_at(merged, "curriculum", 2, 4, 1e-3, -1);
  assert_int_equal(verdict_of(merged, "less deep than the answer alone on 1 of 1"), LAT_REFUTED);
}

static void failed_rows_other_budgets_and_missing_signals_leave_it_open(void **state) {
  (void)state;
  struct lat_merged *merged = as_predicted();
  made_up_point(merged, "failed");
  made_up_integer(merged, "budget", 100);
  assert_int_equal(verdict_of(merged, "1 rows failed"), LAT_OPEN);
  merged = as_predicted();
  add(merged, "hint", 2, 1, 1, 1);
  lat_record_free(&merged->point[merged->points - 1].record); /* a row without its values */
  merged->point[merged->points - 1].record = (struct lat_record){0};
  assert_int_equal(verdict_of(merged, "1 were left out"), LAT_OPEN);
  merged = made_up("supervision");
  add(merged, "answer", 2, 64, 64, 64);
  assert_int_equal(verdict_of(merged, "0 pairs of task and model"), LAT_OPEN);
  assert_int_equal(verdict_of(made_up("supervision"), "0 trainings ran"), LAT_OPEN);
}

static void what_is_not_solved_is_shown_as_such_and_never_dropped(void **state) {
  (void)state;
  char text[64];
  struct lat_merged *merged = as_predicted();
  struct lat_analysis *analysis = made_up_analyse("supervision", merged);
  assert_int_equal(made_up_rows(analysis, "cells"), 9);
  assert_int_equal(made_up_rows(analysis, "seeds"), 27);
  made_up_cell(analysis, "cells", 1, 4, text); /* answer, depth 4: 1024, 2048, 4096 */
  assert_string_equal(text, "2048");
  made_up_cell(analysis, "cells", 2, 4, text); /* answer, depth 8: two of three are not solved */
  assert_string_equal(text, "NaN");
  made_up_cell(analysis, "cells", 2, 5, text);
  assert_string_equal(text, "2048");
  made_up_cell(analysis, "cells", 2, 6, text);
  assert_string_equal(text, "NaN");
  made_up_cell(analysis, "cells", 2, 10, text);
  assert_string_equal(text, "NaN");
  made_up_cell(analysis, "cells", 3, 4, text); /* curriculum, depth 2: one of three is not solved */
  assert_string_equal(text, "512");
  made_up_cell(analysis, "lanes", 0, 3, text); /* deepest reached by the answer alone */
  assert_string_equal(text, "4");
  made_up_cell(analysis, "lanes", 0, 5, text); /* no hint was tried */
  assert_string_equal(text, "-1");
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void of_several_rates_the_one_that_solves_most_is_shown(void **state) {
  (void)state;
  char text[64];
  struct lat_merged *merged = as_predicted();
  for (int seed = 0; seed < 3; seed++) {
    add_at(merged, "answer", 8, seed, 2e-3, seed == 0 ? -1 : 4000);
    add_at(merged, "trace", 2, seed, 2e-3, 64);
    add_at(merged, "trace", 4, seed, 2e-3, 2000);
  }
  struct lat_analysis *analysis = made_up_analyse("supervision", merged);
  assert_int_equal(made_up_rows(analysis, "cells"), 9);
  assert_int_equal(made_up_rows(analysis, "tuning"), 12);
  static const struct {
    size_t row;
    const char *rate;
  } expected[] = {{1, "0.001"}, {2, "0.002"}, {6, "0.002"}, {7, "0.001"}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    made_up_cell(analysis, "cells", expected[i].row, 15, text);
    assert_string_equal(text, expected[i].rate);
  }
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing(void **state) {
  (void)state;
  struct lat_merged *merged = as_predicted();
  const struct lat_experiment *experiment = NULL;
  for (size_t e = 0; lat_experiments[e] != NULL; e++)
    if (strcmp(lat_experiments[e]->name, "supervision") == 0) experiment = lat_experiments[e];
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
  made_up_refuses("supervision", "task=chess", "chess");
  made_up_refuses("supervision", "signal=praise", "is none of answer");
  made_up_refuses("supervision", "model=two", "layers x loops");
  made_up_refuses("supervision", "batch=6", "multiple of 4");
  made_up_refuses("supervision", "depth=0", "depth");
  made_up_refuses("supervision", "budget=4", "budget");
}

static void two_runs_with_other_threads_give_the_same_files(void **state) {
  (void)state;
  made_up_runs_twice("supervision");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(failed_rows_other_budgets_and_missing_signals_leave_it_open),
      cmocka_unit_test(what_is_not_solved_is_shown_as_such_and_never_dropped),
      cmocka_unit_test(of_several_rates_the_one_that_solves_most_is_shown),
      cmocka_unit_test(every_failed_allocation_of_the_reading_is_reported_and_leaves_nothing),
      cmocka_unit_test(values_that_cannot_be_refuse_the_sweep),
      cmocka_unit_test(two_runs_with_other_threads_give_the_same_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
