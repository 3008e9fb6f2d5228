/* Modes of thought: equal budgets, stages as the table says, plans that cannot be, and a fit of each that gives its memory back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/mode.h"

enum { HOPS = 2 };

static struct lat_mode_plan plan_of(const char *mode, const char *steps) {
  struct lat_mode_plan plan = {.keep = 1,
                               .per_step = 1,
                               .labels = LAT_LABELS_REACHED,
                               .width = 8,
                               .heads = 2,
                               .layers = 1,
                               .updates = 5,
                               .stage = 3,
                               .gate = 2,
                               .batch = 8,
                               .validation = 16,
                               .rate = 0.002,
                               .stop = 2,
                               .seed = 1};
  char text[120];
  snprintf(text, sizeof text, "reachability:nodes=6:edges=5:hops=2:decoy=0:steps=%s:supervision=trace", steps);
  assert_int_equal(lat_task_parse(text, &plan.task), LAT_OK);
  assert_int_equal(lat_mode_parse(mode, &plan.mode), LAT_OK);
  return plan;
}

static void all_modes_have_the_same_budget_and_stages_remove_steps_one_by_one(void **state) {
  (void)state;
  for (const struct lat_mode *mode = lat_modes; mode->name != NULL; mode++) {
    struct lat_mode_plan plan = plan_of(mode->name, "frontier");
    struct lat_task_setting setting[LAT_MODE_SETTINGS];
    struct lat_phase phase[LAT_MODE_STAGES];
    size_t phases;
    uint64_t updates = 0;
    assert_int_equal(lat_mode_phases(&plan, setting, phase, &phases), LAT_OK);
    assert_int_equal(phases, mode->staged ? HOPS + 1 : 1);
    for (size_t s = 0; s < phases; s++) {
      const struct lat_thinking *thinking = &phase[s].setting[0].thinking;
      size_t removed = mode->keeps ? 0 : mode->staged ? s : HOPS;
      assert_int_equal(thinking->removed, removed);
      assert_int_equal(thinking->slots, mode->slots ? removed : 0);
      assert_int_equal(phase[s].loops_high, mode->looped ? HOPS + 1 : 1);
      assert_int_equal(phase[s].settings, mode->smooth && removed < HOPS ? 2 : 1);
      assert_int_equal(phase[s].reset, mode->smooth && s > 0);
      if (phase[s].settings == 2) assert_int_equal(phase[s].setting[1].thinking.removed, removed + 1);
      updates += phase[s].updates;
    }
    assert_int_equal(updates, 5 + HOPS * 3);
  }
}

static void what_is_told_is_said(void **state) {
  (void)state;
  struct lat_mode_plan plan = plan_of("coconut", "frontier");
  assert_string_equal(lat_mode_told(&plan), "dense");
  plan.labels = LAT_LABELS_NEXT;
  assert_string_equal(lat_mode_told(&plan), "next");
  plan = plan_of("pause", "frontier");
  assert_string_equal(lat_mode_told(&plan), "answer");
  plan = plan_of("cot", "path");
  assert_string_equal(lat_mode_told(&plan), "steps");
}

static void refused(const struct lat_mode_plan *plan, const char *says) {
  struct lat_task_setting setting[LAT_MODE_SETTINGS];
  struct lat_phase phase[LAT_MODE_STAGES];
  size_t phases;
  assert_int_equal(lat_mode_phases(plan, setting, phase, &phases), LAT_INPUT);
  if (strstr(lat_error_message(), says) == NULL) fail_msg("%s", lat_error_message());
}

static void plans_that_cannot_be_are_refused(void **state) {
  (void)state;
  const struct lat_mode *mode;
  assert_int_equal(lat_mode_parse("dreaming", &mode), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "mode 'dreaming' is none of direct, cot, "));
  struct lat_mode_plan plan = plan_of("coconut", "frontier");
  plan.keep = 3;
  refused(&plan, "no step can be removed, the trace has 3 and 3 stay");
  plan = plan_of("coconut", "frontier");
  plan.per_step = 0;
  refused(&plan, "0 thoughts for a step");
  plan = plan_of("coconut", "frontier");
  plan.labels = LAT_LABELS_ANSWER;
  refused(&plan, "labels of a stage are reached, rest or next");
  plan = plan_of("coconut", "frontier");
  plan.task.supervision = LAT_SUPERVISE_ANSWER;
  refused(&plan, "take supervision=trace");
}

/* Thoughts, tokens and passes of an answer, by hand. */
static void every_mode_trains_and_is_asked_with_any_number_of_thoughts(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t thoughts, tokens, passes;
  } expected[] = {{"direct", 0, 2, 2},
                  {"cot", 0, 4, 4},
                  {"icot", 0, 2, 2},
                  {"no-thought", 0, 2, 2},
                  {"pause", 2, 2, 2},
                  {"soft-prompt", 2, 2, 2},
                  {"coconut", 2, 2, 4},
                  {"coconut-no-curriculum", 2, 2, 4},
                  {"pause-as-thought", 2, 2, 2},
                  {"state-once", 2, 2, 3},
                  {"recurrent", 2, 2, 2},
                  {"recurrent-answer", 0, 2, 2},
                  {"deep", 2, 2, 2}};
  size_t modes = 0;
  for (const struct lat_mode *mode = lat_modes; mode->name != NULL; mode++, modes++) {
    struct lat_mode_plan plan = plan_of(mode->name, mode->told == LAT_TOLD_STEPS ? "path" : "frontier");
    struct lat_mode_fit fit;
    size_t before = lat_memory_current();
    assert_int_equal(lat_mode_fit(&plan, NULL, NULL, NULL, &fit), LAT_OK);
    assert_int_equal(fit.fit.updates, 5 + HOPS * 3);
    assert_int_equal(fit.removable, HOPS);
    double accuracy = (double)NAN;
    assert_int_equal(lat_mode_evaluate(&fit, SIZE_MAX, 1, "test", 20, &accuracy), LAT_OK);
    assert_true(accuracy >= 0 && accuracy <= 1);
    for (size_t k = 0; k <= (mode->slots ? HOPS : 0); k++) {
      accuracy = (double)NAN;
      assert_int_equal(lat_mode_evaluate(&fit, k, 1, "test", 20, &accuracy), LAT_OK);
      assert_true(accuracy >= 0 && accuracy <= 1);
    }
    struct lat_mode_cost cost = lat_mode_cost(&plan, &fit);
    assert_string_equal(expected[modes].name, mode->name);
    assert_int_equal(cost.thoughts, expected[modes].thoughts);
    assert_int_equal(cost.tokens, expected[modes].tokens);
    assert_int_equal(cost.passes, expected[modes].passes);
    assert_true(cost.flops > 0);
    lat_mode_fit_free(&fit);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(modes, sizeof expected / sizeof *expected);
}

/* Nothing but the optimiser's memory differs: the first update of the second stage is where results part. */
static void a_stage_that_begins_the_optimiser_anew_ends_elsewhere(void **state) {
  (void)state;
  struct lat_mode own;
  struct lat_mode_plan plan = plan_of("no-thought", "path");
  struct lat_mode_fit fit[2];
  own = *plan.mode;
  own.smooth = 1;
  plan.gate = 2;
  assert_int_equal(lat_mode_fit(&plan, NULL, NULL, NULL, &fit[0]), LAT_OK);
  plan.mode = &own;
  assert_int_equal(lat_mode_fit(&plan, NULL, NULL, NULL, &fit[1]), LAT_OK);
  assert_int_equal(fit[0].learner->count, fit[1].learner->count);
  assert_memory_not_equal(fit[0].learner->parameters, fit[1].learner->parameters, fit[0].learner->count * sizeof(float));
  lat_mode_fit_free(&fit[0]);
  lat_mode_fit_free(&fit[1]);
}

static void memory_that_runs_out_is_given_back(void **state) {
  (void)state;
  struct lat_mode_plan plan = plan_of("coconut", "frontier");
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK && k < 100000; k += 1 + k / 4) {
    struct lat_mode_fit fit;
    lat_memory_fail_at(k);
    status = lat_mode_fit(&plan, NULL, NULL, NULL, &fit);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    lat_mode_fit_free(&fit);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_modes_have_the_same_budget_and_stages_remove_steps_one_by_one),
      cmocka_unit_test(what_is_told_is_said),
      cmocka_unit_test(plans_that_cannot_be_are_refused),
      cmocka_unit_test(every_mode_trains_and_is_asked_with_any_number_of_thoughts),
      cmocka_unit_test(a_stage_that_begins_the_optimiser_anew_ends_elsewhere),
      cmocka_unit_test(memory_that_runs_out_is_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
