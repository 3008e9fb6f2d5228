/* gradient_flow: what it measures agrees with what is known of each variant, the smoke size gives the same bytes twice, and its
 * verdict follows from made-up results, failed rows and missing numbers included. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "experiments/gradient_flow/flow.h"
#include "experiments/gradient_flow/series.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/nn/pass.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/plan.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

extern const struct lat_experiment lat_experiment_gradient_flow;

/* ---- measuring ---- */

static const struct lat_flow_choice plain = {.block = LAT_FLOW_PRE,
                                             .injection = LAT_INJECTION_NONE,
                                             .weights = LAT_INITIAL_FAN_IN,
                                             .gain = 1,
                                             .width = 8,
                                             .heads = 2,
                                             .length = 3,
                                             .loops = 4,
                                             .seed = 1};

static void measure(const struct lat_flow_choice *choice, struct lat_flow_measure *result) {
  struct lat_flow flow;
  assert_int_equal(lat_flow_open(choice, &flow), LAT_OK);
  assert_int_equal(lat_flow_measure(&flow, choice->seed, 3, 3, result), LAT_OK);
  lat_flow_close(&flow);
}

/* Two ways: through the tape over all examples in single precision, and through the Jacobian by logarithms example by example. */
static void both_ratios_agree_where_nothing_is_injected(void **state) {
  (void)state;
  struct lat_flow_measure found;
  for (int block = LAT_FLOW_BARE; block <= LAT_FLOW_SANDWICH; block++)
    for (int untied = 0; untied < 2; untied++) {
      struct lat_flow_choice choice = plain;
      choice.block = (enum lat_flow_block)block;
      choice.untied = untied;
      measure(&choice, &found);
      assert_true(found.state == LAT_FLOW_FINE);
      if (!(fabs(found.log_ratio - found.log_input) <= 1e-4))
        fail_msg("block %d, untied %d: log10 ratio %.8g and %.8g", block, untied, found.log_ratio, found.log_input);
      if (!(found.log_ratio <= found.log_singular[0] / log(10) + 1e-3))
        fail_msg("a ratio above the largest singular value");
      for (int i = 1; i < LAT_FLOW_VALUES; i++) assert_true(found.log_singular[i] <= found.log_singular[i - 1] + 1e-6);
    }
}

static void what_is_injected_brings_gradient_back(void **state) {
  (void)state;
  struct lat_flow_choice choice = plain;
  struct lat_flow_measure found;
  choice.injection = LAT_INJECTION_ADD;
  choice.loops = 8;
  measure(&choice, &found);
  assert_true(fabs(found.log_input - found.log_ratio) > 0.01);
}

static void one_untied_layer_is_one_loop(void **state) {
  (void)state;
  struct lat_flow_choice choice = plain;
  struct lat_flow_measure loop, layers;
  choice.loops = 1;
  measure(&choice, &loop);
  choice.untied = 1;
  measure(&choice, &layers);
  assert_memory_equal(&loop, &layers, sizeof loop);
}

static void what_breaks_is_told_and_not_dropped(void **state) {
  (void)state;
  struct lat_flow_choice choice = plain;
  struct lat_flow_measure found;
  choice.block = LAT_FLOW_NONE;
  choice.gain = 50;
  choice.loops = 32;
  measure(&choice, &found);
  assert_true(found.state == LAT_FLOW_STATE_BROKEN && found.broken_at >= 2 && found.broken_at <= 32 && isnan(found.rms) &&
              isnan(found.log_ratio));
  choice.block = LAT_FLOW_BARE;
  choice.weights = LAT_INITIAL_NORMAL;
  choice.gain = 1e-3;
  choice.loops = 16;
  measure(&choice, &found);
  assert_true(found.state == LAT_FLOW_GRADIENT_ZERO); /* in single precision */
  assert_true(found.log_ratio < -60);                 /* by logarithms it has a size */
}

/* What trains is what is measured: the learner's logits are those of the loop composed by hand. */
static void the_learner_runs_the_variant(void **state) {
  (void)state;
  struct lat_flow_choice choice = plain;
  struct lat_flow flow;
  struct lat_tape *tape = NULL;
  int32_t token[3] = {1, 0, 1};
  struct lat_array *logits[4];
  choice.block = LAT_FLOW_BARE;
  choice.untied = 1;
  choice.injection = LAT_INJECTION_ADD;
  assert_int_equal(lat_flow_open(&choice, &flow), LAT_OK);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  struct lat_learner_pass run = {
      .tape = tape, .batch = 1, .sequence = 3, .token = token, .steps = 4, .through = SIZE_MAX, .logits = logits};
  assert_int_equal(flow.learner->run(flow.learner, &run), LAT_OK);
  struct lat_pass *pass = lat_pass_make(tape, flow.model, 1, 3, NULL);
  pass->stream = 0;
  struct lat_array *first = lat_pass_embed(pass, token), *x = first;
  for (size_t t = 0; t < 4; t++) x = lat_pass_layer(pass, t, t > 0 ? lat_sum_of(tape, 1, x, 1, first) : x);
  x = lat_pass_logits(pass, x);
  assert_null(logits[0]);
  assert_memory_equal(x->value, logits[3]->value, 3 * flow.shape.classes * sizeof *x->value);
  run.steps = 5;
  assert_int_equal(flow.learner->run(flow.learner, &run), LAT_INPUT);
  lat_tape_free(tape);
  lat_flow_close(&flow);
}

static void memory_that_runs_out_is_said_and_nothing_leaks(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int done = 0;
  for (uint64_t k = 1; !done; k++) {
    struct lat_flow flow;
    struct lat_flow_measure found;
    struct lat_flow_choice choice = plain;
    choice.loops = 2;
    lat_memory_fail_at(k);
    int status = lat_flow_open(&choice, &flow);
    if (status == LAT_OK) status = lat_flow_measure(&flow, 1, 2, 1, &found);
    lat_memory_fail_at(0);
    done = status == LAT_OK;
    assert_true(done || status == LAT_MEMORY);
    lat_flow_close(&flow);
    assert_int_equal(lat_memory_current(), before);
  }
}

/* ---- made-up results ---- */

#define NOTHING ((double)NAN)
struct row {
  const char *part, *block, *injection, *weights;
  double ratio; /* log10, at T = 64 or before training; NaN: not a number */
  int64_t state;
  double exponent;
  const char *end; /* of a fit, or "" */
  int failed;
};
static const struct row world[] = {
    {"initial", "bare", "none", "fan-in", -20, 0, -0.7, "", 0},
    {"initial", "bare", "none", "orthogonal", -9, 0, -0.3, "", 0},
    {"initial", "bare", "none", "normal", NOTHING, 3, NOTHING, "", 0},
    {"initial", "none", "none", "fan-in", NOTHING, 1, NOTHING, "", 0},
    {"initial", "none", "none", "fan-in", 12, 0, 1, "", 0},
    {"initial", "pre", "none", "fan-in", 1.5, 0, 0.1, "", 0},
    {"initial", "post", "add", "fan-in", -1.2, 0, 0, "", 0},
    {"initial", "pre", "norm", "fan-in", -4, 0, -0.1, "", 0},
    {"trained", "pre", "none", "fan-in", 1, 0, 0.1, "solved", 0},
    {"trained", "pre", "none", "fan-in", 1, 0, 0.1, "updates", 0},
    {"trained", "none", "none", "fan-in", 9, 0, 0.9, "diverged", 0},
    {"trained", "bare", "none", "orthogonal", -5, 0, -0.5, "updates", 0},
    {"trained", "sandwich", "none", "fan-in", NOTHING, 0, NOTHING, "", 1},
};
enum { WORLD = sizeof world / sizeof *world, AT_BARE = 0, AT_PRE = 5, AT_NORM = 7, AT_SOLVED = 8, AT_NONE_FIT = 10 };

static void add_text(struct lat_record *record, const char *name, const char *value) {
  assert_int_equal(lat_record_add(record, name, "-", "made up", LAT_TEXT, 0, "", 0, NULL, &value), LAT_OK);
}
static void add_real(struct lat_record *record, const char *name, double value) {
  assert_int_equal(lat_record_add(record, name, "1", "made up", LAT_REAL, LAT_MAY_BE_MISSING, "", 0, NULL, &value), LAT_OK);
}

static void make_point(const struct row *row, size_t index, struct lat_point *point) {
  size_t two = 2;
  int trained = strcmp(row->part, "trained") == 0;
  int64_t steps[2] = {trained ? 8 : 32, trained ? 8 : 64}, states[2] = {0, row->state}, loops = trained ? 8 : 64;
  double ratio[2] = {trained ? row->ratio : 0, trained ? 0 : row->ratio};
  double exponent[2] = {row->exponent, row->exponent};
  char canonical[32];
  if (trained) states[0] = row->state;
  snprintf(canonical, sizeof canonical, "point=%02zu", index);
  *point = (struct lat_point){.experiment = lat_strdup("gradient_flow"),
                              .id = lat_strdup(canonical),
                              .canonical = lat_strdup(canonical),
                              .size = lat_strdup("custom"),
                              .status = lat_strdup(row->failed ? "failed" : "ok"),
                              .reason = lat_strdup(row->failed ? "made up" : ""),
                              .source = lat_strdup(""),
                              .flags = lat_strdup(""),
                              .experiment_version = 1};
  struct lat_record *record = &point->record;
  add_text(record, "part", row->part);
  add_text(record, "block", row->block);
  add_text(record, "injection", row->injection);
  add_text(record, "sharing", "loop");
  add_text(record, "branch", "full");
  add_text(record, "weights", row->weights);
  add_real(record, "gain", 1);
  assert_int_equal(lat_record_add(record, "loops", "1", "made up", LAT_INTEGER, 0, "", 0, NULL, &loops), LAT_OK);
  if (row->failed) return;
  const char *shape = "measurement";
  assert_int_equal(lat_record_add(record, "steps", "1", "made up", LAT_INTEGER, 0, shape, 1, &two, steps), LAT_OK);
  assert_int_equal(lat_record_add(record, "state", "1", "made up", LAT_INTEGER, 0, shape, 1, &two, states), LAT_OK);
  assert_int_equal(lat_record_add(record, "log_ratio", "1", "made up", LAT_REAL, 1, shape, 1, &two, ratio), LAT_OK);
  assert_int_equal(lat_record_add(record, "exponent", "1", "made up", LAT_REAL, 1, shape, 1, &two, exponent), LAT_OK);
  if (!trained) return;
  add_text(record, "end", row->end);
  add_real(record, "accuracy", strcmp(row->end, "solved") == 0 ? 1 : 0.5);
}

static struct lat_merged *merge(size_t count, const struct row *row) {
  struct lat_merged *merged = lat_calloc(1, sizeof *merged);
  merged->experiment = lat_strdup("gradient_flow");
  merged->points = count;
  merged->point = lat_calloc(count, sizeof *merged->point);
  for (size_t i = 0; i < count; i++) make_point(&row[i], i, &merged->point[i]);
  return merged;
}

static void judge(size_t count, const struct row *row, enum lat_verdict verdict, const char *part) {
  struct lat_analysis *analysis = NULL;
  struct lat_merged *merged = merge(count, row);
  assert_int_equal(lat_analysis_make(&lat_experiment_gradient_flow, merged, &analysis), LAT_OK);
  if (lat_analysis_verdict(analysis) != verdict || strstr(lat_analysis_sentence(analysis), part) == NULL)
    fail_msg("'%s' is not in %s: %s", part, lat_verdict_name(lat_analysis_verdict(analysis)),
             lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void the_verdict_counts_every_sentence(void **state) {
  (void)state;
  static const char *const said[] = {"vanishing holds for 3 of 3",
                                     "exploding for 2 of 2",
                                     "in 2 of 2 loops with no",
                                     "(pre 1 of 1, post 1 of 1, sandwich 0 of 0)",
                                     "round the loop: 0 of 0)",
                                     "negative in 1 of 1",
                                     "from -20 to -9 (1 bare ratios",
                                     "let 0 of 1 bare fits",
                                     "1 of 2 solve it, of the others 0 of 2",
                                     "1 fits diverged",
                                     "1 failed rows"};
  size_t before = lat_memory_current();
  for (size_t i = 0; i < sizeof said / sizeof *said; i++) judge(WORLD, world, LAT_SUPPORTED, said[i]);
  assert_int_equal(lat_memory_current(), before);
}

static void one_point_that_does_not_fit_refutes(void **state) {
  (void)state;
  struct row row[WORLD];
  memcpy(row, world, sizeof world);
  row[AT_BARE].ratio = -2.9;
  judge(WORLD, row, LAT_REFUTED, "vanishing holds for 2 of 3");
  memcpy(row, world, sizeof world);
  row[AT_PRE].ratio = NOTHING;
  row[AT_PRE].state = 2;
  judge(WORLD, row, LAT_REFUTED, "in 1 of 2 loops with no");
  memcpy(row, world, sizeof world);
  row[AT_NORM].exponent = NOTHING;
  judge(WORLD, row, LAT_REFUTED, "negative in 0 of 1");
  memcpy(row, world, sizeof world);
  row[AT_SOLVED].end = "updates";
  judge(WORLD, row, LAT_REFUTED, "0 of 2 solve it, of the others 0 of 2");
  memcpy(row, world, sizeof world);
  row[AT_NONE_FIT].end = "solved";
  judge(WORLD, row, LAT_REFUTED, "1 of 2 solve it, of the others 1 of 2");
}

static void too_little_leaves_it_open(void **state) {
  (void)state;
  struct row row[WORLD];
  memcpy(row, world, sizeof world);
  judge(0, row, LAT_OPEN, "too little");
  judge(AT_NORM, row, LAT_OPEN, "0 with an injection through a norm");
  for (size_t i = 0; i < WORLD; i++) row[i].failed = 1;
  judge(WORLD, row, LAT_OPEN, "13 failed rows");
}

static void medians_count_what_has_no_number(void **state) {
  (void)state;
  double value[] = {3, NOTHING, 1, 2};
  assert_true(lat_flow_median(4, value, 0, 1) == 2.5);
  assert_true(lat_flow_median(3, value, 0, 2) == 3);
  assert_true(lat_flow_median(3, value, 2, 0) == 1);
  assert_true(isnan(lat_flow_median(3, value, 0, 3)) && isnan(lat_flow_median(3, value, 4, 0)));
  assert_true(isnan(lat_flow_median(0, value, 0, 0)));
}

/* ---- the experiment ---- */

static void run_smoke(const char *out) {
  struct lat_request request = {.size = "smoke"};
  struct lat_runner runner = {.out = out, .jobs = 1};
  struct lat_sweep *plan = NULL;
  size_t forgotten;
  assert_int_equal(lat_sweep_make(&lat_experiment_gradient_flow, &request, &plan), LAT_OK);
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  assert_int_equal(lat_runner_run(&runner, plan), LAT_OK);
  lat_sweep_free(plan);
}

static void smoke_twice_gives_the_same_bytes(void **state) {
  (void)state;
  char out[2][64], folder[256];
  struct lat_merged *merged[2];
  char *bytes[2];
  size_t count[2];
  for (int i = 0; i < 2; i++) {
    lat_sample_folder(out[i]);
    run_smoke(out[i]);
    snprintf(folder, sizeof folder, "%s/gradient_flow", out[i]);
    assert_int_equal(lat_merge_read(folder, 0, NULL, &merged[i]), LAT_OK);
  }
  assert_true(lat_merged_points(merged[0]) > 8);
  for (size_t p = 0; p < lat_merged_points(merged[0]); p++) assert_false(lat_merged_failed(merged[0], p));
  for (int i = 0; i < 2; i++) {
    snprintf(folder, sizeof folder, "%s/merged.h5", out[i]);
    assert_int_equal(lat_merge_write(folder, NULL, merged[i]), LAT_OK);
  }
  for (int i = 0; i < 2; i++) {
    snprintf(folder, sizeof folder, "%s/merged.h5", out[i]);
    assert_int_equal(lat_file_read(folder, &bytes[i], &count[i]), LAT_OK);
  }
  assert_true(count[0] == count[1]);
  assert_memory_equal(bytes[0], bytes[1], count[0]);
  for (int i = 0; i < 2; i++) {
    lat_free(bytes[i]);
    lat_merged_free(merged[i]);
    lat_sample_remove(out[i]);
  }
}

static void values_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"block=triple", "injection=drip", "weights=heavy", "sharing=none", "branch=half",
                                      "part=final",   "width=7",        "batch=6",       "probes=9",     "loops=0"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct lat_request request = {.size = "smoke", .set = &wrong[i], .sets = 1};
    struct lat_sweep *plan = NULL;
    if (lat_sweep_make(&lat_experiment_gradient_flow, &request, &plan) != LAT_INPUT) fail_msg("%s is taken", wrong[i]);
    lat_sweep_free(plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_ratios_agree_where_nothing_is_injected),
      cmocka_unit_test(what_is_injected_brings_gradient_back),
      cmocka_unit_test(one_untied_layer_is_one_loop),
      cmocka_unit_test(what_breaks_is_told_and_not_dropped),
      cmocka_unit_test(the_learner_runs_the_variant),
      cmocka_unit_test(memory_that_runs_out_is_said_and_nothing_leaks),
      cmocka_unit_test(the_verdict_counts_every_sentence),
      cmocka_unit_test(one_point_that_does_not_fit_refutes),
      cmocka_unit_test(too_little_leaves_it_open),
      cmocka_unit_test(medians_count_what_has_no_number),
      cmocka_unit_test(smoke_twice_gives_the_same_bytes),
      cmocka_unit_test(values_that_cannot_be_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
