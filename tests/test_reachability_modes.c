/* reachability: what the verdict rests on, the same bytes for any threads, and bad values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "tests/made_up.h"

static void add(struct lat_merged *merged, const char *mode, const char *labels, double accuracy) {
  for (int seed = 0; seed < 3; seed++) {
    made_up_point(merged, isnan(accuracy) ? "failed" : "ok");
    made_up_text(merged, "mode", mode);
    made_up_text(merged, "graph", "nodes=6");
    made_up_text(merged, "labels", labels);
    made_up_integer(merged, "seed", seed);
    if (isnan(accuracy)) continue;
    made_up_real(merged, "accuracy", accuracy + 0.01 * (seed - 1));
    made_up_integer(merged, "solved_at", accuracy > 0.9 && seed > 0 ? 100 * seed : -1);
    made_up_real(merged, "flops", 1e12 * seed);
    made_up_integer(merged, "parameters", 1000);
    made_up_integer(merged, "thoughts", 2);
    made_up_integer(merged, "tokens", 2);
    made_up_integer(merged, "passes", 4);
    made_up_real(merged, "answer_flops", 1e6);
    if (strcmp(mode, "coconut") == 0) made_up_reals(merged, "accuracy_by_thoughts", 3, (double[]){0.1, 0.4, accuracy});
  }
}

static struct lat_merged *results(double coconut, double pause, double once, double direct) {
  struct lat_merged *merged = made_up("reachability");
  add(merged, "coconut", "dense", coconut);
  add(merged, "pause-as-thought", "dense", pause);
  add(merged, "state-once", "dense", once);
  add(merged, "direct", "dense", direct);
  add(merged, "coconut", "rest", 0.5); /* other labels are not what is judged */
  return merged;
}

static void must_say(struct lat_merged *merged, enum lat_verdict verdict, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("reachability", merged);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  assert_int_equal(lat_analysis_verdict(analysis), verdict);
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  must_say(results(0.97, 0.5, 0.52, 0.4), LAT_SUPPORTED, "coconut 0.97 or more");
  must_say(results(0.88, 0.5, 0.52, 0.4), LAT_REFUTED, "coconut 0.88 or more");
  must_say(results(0.97, 0.72, 0.52, 0.4), LAT_REFUTED, "in one pass 0.72 or less");
  must_say(results(0.97, 0.5, 0.73, 0.4), LAT_REFUTED, "in one pass 0.73 or less");
  must_say(results(0.97, 0.5, 0.52, 0.61), LAT_REFUTED, "told the answer alone 0.61 or less");
}

static void failed_rows_and_missing_modes_leave_it_open(void **state) {
  (void)state;
  must_say(results(0.97, (double)NAN, 0.5, 0.4), LAT_OPEN, "3 points failed");
  struct lat_merged *merged = made_up("reachability");
  add(merged, "coconut", "dense", 0.97);
  must_say(merged, LAT_OPEN, "0 of 1 kinds of graphs");
}

static void tables_tell_labels_apart_and_count_what_is_not_solved(void **state) {
  (void)state;
  struct lat_merged *merged = results(0.97, 0.5, 0.52, 0.4);
  struct lat_analysis *analysis = made_up_analyse("reachability", merged);
  char text[64];
  assert_int_equal(made_up_rows(analysis, "modes"), 5);
  made_up_cell(analysis, "modes", 1, 17, text);
  assert_string_equal(text, "coconut");
  made_up_cell(analysis, "modes", 1, 18, text);
  assert_string_equal(text, "dense");
  made_up_cell(analysis, "modes", 1, 9, text);
  assert_string_equal(text, "2");
  made_up_cell(analysis, "modes", 1, 10, text);
  assert_string_equal(text, "200"); /* 100, 200 and never */
  made_up_cell(analysis, "modes", 2, 18, text);
  assert_string_equal(text, "rest");
  made_up_cell(analysis, "modes", 2, 10, text);
  assert_string_equal(text, "NaN");
  assert_int_equal(made_up_rows(analysis, "control"), 4);
  made_up_cell(analysis, "rows", 2, 1, text);
  assert_string_equal(text, "coconut, rest");
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("reachability", "mode=dreaming", "mode 'dreaming' is none of direct");
  made_up_refuses("reachability", "labels=all", "labels 'all' are none of dense, rest, next");
  made_up_refuses("reachability", "graph=nodes=6:hops=4", "need");
  made_up_refuses("reachability", "graph=knots=6", "knots");
  made_up_refuses("reachability", "width=30", "does not divide into 4 heads");
  made_up_refuses("reachability", "batch=6", "a multiple of 4 is wanted");
}

static void the_same_bytes_for_any_threads(void **state) {
  (void)state;
  made_up_runs_twice("reachability");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(failed_rows_and_missing_modes_leave_it_open),
      cmocka_unit_test(tables_tell_labels_apart_and_count_what_is_not_solved),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(the_same_bytes_for_any_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
