/* The trained experiment about depth: what its verdict says of made-up results, the constructed machine on the task's circuits, and
 * the same bytes whenever they run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <omp.h>

#include "experiments/learned_depth/fitting.h"
#include "experiments/learned_depth/machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

extern const struct lat_experiment lat_experiment_learned_depth;

static const struct lat_parameter *parameter(const struct lat_experiment *experiment, const char *name) {
  const struct lat_parameter *p = experiment->parameters;
  while (p->name != NULL && strcmp(p->name, name) != 0) p++;
  assert_non_null(p->name);
  return p;
}
static int64_t whole(const struct lat_experiment *experiment, const void *point, const char *name) {
  int64_t value;
  memcpy(&value, (const char *)point + parameter(experiment, name)->offset, sizeof value);
  return value;
}
static int is(const struct lat_experiment *experiment, const void *point, const char *name, const char *wanted) {
  const char *value;
  memcpy(&value, (const char *)point + parameter(experiment, name)->offset, sizeof value);
  return strcmp(value, wanted) == 0;
}

/* What the made-up runs give: levels of the looped, the deep and the single model and of the one without injection. */
static struct made {
  int64_t looped, deep, once, bare, wrong;
  int fail; /* every looped run of this seed + 1 or above fails */
} made;

static int put_fit(struct lat_run *run) {
  double curve[3] = {0.6, (double)NAN, 0.9}, number[3] = {100, 200, 300};
  struct lat_fit fit = {.points = 3,
                        .update = number,
                        .loss = curve,
                        .norm = curve,
                        .accuracy = curve,
                        .exact = curve,
                        .phase = number,
                        .updates = 300,
                        .solved_at = 300,
                        .end = LAT_FIT_SOLVED,
                        .flops = 1};
  return lat_fitting_put(run, &fit, 10, LAT_MEASURE_ACCURACY);
}

static int made_up_depth(struct lat_run *run) {
  const struct lat_experiment *e = &lat_experiment_learned_depth;
  const void *p = lat_run_parameters(run);
  int64_t layers = whole(e, p, "layers"), loops = whole(e, p, "loops"), asked[2] = {100, 100}, right[2] = {60, 60};
  int built = is(e, p, "how", "constructed"), bare = is(e, p, "control", "no-injection"), status = LAT_OK;
  int64_t levels = built ? layers * loops : bare ? made.bare : loops > 1 ? made.looped : layers > 1 ? made.deep : made.once;
  size_t two = 2;
  double baseline[2] = {0.55, (double)NAN};
  if (!built && !bare && loops > 1 && whole(e, p, "seed") >= made.fail) return LAT_FAIL(LAT_NUMERIC, "made to fail");
  for (int64_t l = 0; l < levels; l++) right[l] = 100;
  LAT_TRY(status, lat_put_integer(run, "levels_right", levels));
  LAT_TRY(status, lat_put_integers(run, "right", 1, &two, right));
  LAT_TRY(status, lat_put_integers(run, "asked", 1, &two, asked));
  LAT_TRY(status, lat_put_integer(run, "exact", 1));
  if (!built) return put_fit(run);
  LAT_TRY(status, lat_put_reals(run, "baseline", 1, &two, baseline));
  LAT_TRY(status, lat_put_integer(run, "wrong", made.wrong));
  LAT_TRY(status, lat_put_integer(run, "certified", whole(e, p, "examples")));
  LAT_TRY(status, lat_put_integer(run, "other_weights", 0));
  LAT_TRY(status, lat_put_integer(run, "unlike", 0));
  LAT_TRY(status, lat_put_text(run, "end", "constructed"));
  LAT_TRY(status, lat_put_integer(run, "parameters", 10));
done:
  return status;
}

/* Runs the smoke size with these seeds into a folder; NULL: as they are. */
static struct lat_sweep *sweep(const struct lat_experiment *experiment, const char *seeds, const char *out) {
  const char *set[1] = {seeds};
  struct lat_request request = {.size = "smoke", .set = set, .sets = seeds != NULL};
  struct lat_runner runner = {.out = out, .jobs = 1};
  struct lat_sweep *plan = NULL;
  size_t forgotten;
  if (lat_sweep_make(experiment, &request, &plan) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  assert_int_equal(lat_runner_run(&runner, plan), LAT_OK);
  return plan;
}

/* The verdict on what is made up, and its sentence. */
static enum lat_verdict judge(const struct lat_experiment *real, int (*run)(struct lat_run *), char sentence[1024]) {
  struct lat_experiment experiment = *real;
  struct lat_merged *merged = NULL;
  struct lat_analysis *analysis = NULL;
  struct lat_text path = {0};
  char out[64];
  experiment.run = run;
  lat_sample_folder(out);
  lat_sweep_free(sweep(&experiment, "seed=0,1,2", out));
  assert_int_equal(lat_path(&path, "%s/%s", out, experiment.name), LAT_OK);
  assert_int_equal(lat_merge_read(path.bytes, 1, NULL, &merged), LAT_OK);
  if (lat_analysis_make(&experiment, merged, &analysis) != LAT_OK) fail_msg("%s", lat_error_message());
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  snprintf(sentence, 1024, "%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  lat_text_free(&path);
  lat_sample_remove(out);
  return verdict;
}

static void a_verdict_on_depth_follows_the_data(void **state) {
  (void)state;
  static const struct {
    struct made made;
    enum lat_verdict verdict;
    const char *says;
  } cases[] = {
      {{.looped = 2, .deep = 1, .once = 1, .bare = 1, .fail = 9}, LAT_SUPPORTED, "looped 2 times 2 (3 of 3 seeds"},
      {{.looped = 2, .deep = 1, .once = 1, .bare = 1, .fail = 9, .wrong = 1}, LAT_REFUTED, "0 of 9 runs (9 wrong"},
      {{.looped = 1, .deep = 1, .once = 1, .bare = 1, .fail = 9}, LAT_REFUTED, "looped 2 times 1 (0 of 3"},
      {{.looped = 2, .deep = 2, .once = 1, .bare = 1, .fail = 9}, LAT_REFUTED, "2 layers 2 (3 of 3)"},
      {{.looped = 2, .deep = 1, .once = 2, .bare = 1, .fail = 9}, LAT_REFUTED, "one layer once 2 (most 2)"},
      {{.looped = 2, .deep = 1, .once = 1, .bare = 2, .fail = 9}, LAT_REFUTED, "without injection 2"},
      {{.looped = 2, .deep = 1, .once = 1, .bare = 1, .fail = 2}, LAT_SUPPORTED, "(2 of 3 seeds learn all)"},
      {{.looped = 2, .deep = 1, .once = 1, .bare = 1, .fail = 1}, LAT_REFUTED, "2 points failed"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    char sentence[1024];
    made = cases[c].made;
    enum lat_verdict verdict = judge(&lat_experiment_learned_depth, made_up_depth, sentence);
    if (verdict != cases[c].verdict || strstr(sentence, cases[c].says) == NULL)
      fail_msg("case %zu: verdict %d, %s", c, (int)verdict, sentence);
  }
}

static void a_run_twice_gives_the_same_bytes(void **state) {
  (void)state;
  const struct lat_experiment *experiment[] = {&lat_experiment_learned_depth};
  for (size_t e = 0; e < 1; e++) {
    char out[2][64];
    struct lat_sweep *plan = NULL;
    for (size_t k = 0; k < 2; k++) {
      lat_sample_folder(out[k]);
      omp_set_num_threads(k == 0 ? 1 : 2);
      lat_sweep_free(plan);
      plan = sweep(experiment[e], NULL, out[k]);
    }
    omp_set_num_threads(1);
    assert_true(plan->count > 4);
    for (size_t i = 0; i < plan->count; i++) {
      struct lat_text path = {0};
      char *bytes[2];
      size_t count[2];
      for (size_t k = 0; k < 2; k++) {
        assert_int_equal(lat_path(&path, "%s/%s/%s.h5", out[k], experiment[e]->name, plan->point[i].id), LAT_OK);
        if (lat_file_read(path.bytes, &bytes[k], &count[k]) != LAT_OK) fail_msg("%s", lat_error_message());
      }
      assert_int_equal(count[0], count[1]);
      if (memcmp(bytes[0], bytes[1], count[0]) != 0) fail_msg("%s differs", plan->point[i].canonical);
      lat_free(bytes[0]);
      lat_free(bytes[1]);
      lat_text_free(&path);
    }
    lat_sweep_free(plan);
    lat_sample_remove(out[0]);
    lat_sample_remove(out[1]);
  }
}

static void the_constructed_machine_is_right_up_to_level_LT_and_not_above(void **state) {
  (void)state;
  enum { EXAMPLES = 40, DEPTH = 5, STEPS = 4 };
  struct lat_fitting fitting = {.inputs = 3, .gates = 3, .ids = 19};
  struct lat_task_setting setting;
  assert_int_equal(lat_fitting_circuit(&fitting, DEPTH, &setting), LAT_OK);
  for (size_t layers = 1; layers <= 3; layers++) {
    struct lat_score score;
    struct lat_machine_report report;
    assert_int_equal(lat_machine_evaluate(&setting, 7, "test", EXAMPLES, layers, STEPS, &score, &report), LAT_OK);
    assert_int_equal(report.certified, EXAMPLES);
    assert_int_equal(report.other, 0);
    assert_int_equal(report.unlike, 0);
    assert_int_equal(score.levels, DEPTH + 1);
    for (size_t t = 1; t <= STEPS; t++)
      for (size_t l = 1; l <= DEPTH; l++) {
        uint64_t right = score.right[(t - 1) * score.levels + l];
        assert_int_equal(score.asked[l], EXAMPLES * 3);
        if (l <= layers * t)
          assert_int_equal(right, EXAMPLES * 3);
        else
          assert_true(right < EXAMPLES * 3);
      }
    if (layers * STEPS >= DEPTH)
      assert_int_equal(score.exact[STEPS - 1], EXAMPLES);
    else
      assert_true(score.exact[STEPS - 1] < EXAMPLES);
    lat_score_free(&score);
  }
}

static void a_machine_without_memory_leaks_nothing(void **state) {
  (void)state;
  struct lat_fitting fitting = {.inputs = 2, .gates = 1, .ids = 11};
  struct lat_task_setting setting;
  assert_int_equal(lat_fitting_circuit(&fitting, 2, &setting), LAT_OK);
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_score score;
    struct lat_machine_report report;
    lat_memory_fail_at(k);
    int status = lat_machine_evaluate(&setting, 1, "test", 1, 1, 2, &score, &report);
    lat_memory_fail_at(0);
    if (status == LAT_OK) {
      lat_score_free(&score);
      break;
    }
    assert_int_equal(status, LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(lat_memory_current(), before);
}

static void a_spread_leaves_out_what_is_missing(void **state) {
  (void)state;
  double value[] = {3, (double)NAN, 1, 2, (double)NAN, 6}, none[] = {(double)NAN}, two[] = {4, 2};
  struct lat_spread four = lat_spread_of(value, 6), pair = lat_spread_of(two, 2);
  assert_int_equal(four.count, 4);
  if (!(four.mean == 3 && four.median == 2.5 && four.least == 1 && four.most == 6)) fail();
  /* t(0.975, 3) = 3.18245, standard error sqrt(14 / 3 / 4) */
  if (!(fabs(four.high - 3 - 3.18245 * sqrt(14.0 / 12)) <= 1e-4 && fabs(four.high + four.low - 6) <= 1e-12)) fail();
  if (!(pair.low == 2 && pair.high == 4 && pair.median == 3)) fail();
  assert_int_equal(lat_spread_of(none, 1).count, 0);
  assert_true(isnan(lat_spread_of(none, 1).median));
}

static void values_that_cannot_be_refuse_the_sweep(void **state) {
  (void)state;
  static const struct {
    const struct lat_experiment *experiment;
    const char *set, *sentence;
  } bad[] = {{&lat_experiment_learned_depth, "control=magic", "is none of none"},
             {&lat_experiment_learned_depth, "how=guess", "constructed or trained"},
             {&lat_experiment_learned_depth, "width=18", "4 heads"},
             {&lat_experiment_learned_depth, "batch=12", "multiple of 8"},
             {&lat_experiment_learned_depth, "ids=11", "ids"},
             {&lat_experiment_learned_depth, "loops=0", "loops"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    struct lat_sweep *plan = NULL;
    struct lat_request request = {.size = "smoke", .sets = 1, .set = &bad[k].set};
    if (lat_sweep_make(bad[k].experiment, &request, &plan) != LAT_INPUT) fail_msg("%s was taken", bad[k].set);
    if (strstr(lat_error_message(), bad[k].sentence) == NULL) fail_msg("%s: %s", bad[k].set, lat_error_message());
  }
}

int main(void) {
  omp_set_num_threads(1);
  gsl_set_error_handler_off();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_verdict_on_depth_follows_the_data),
      cmocka_unit_test(a_run_twice_gives_the_same_bytes),
      cmocka_unit_test(the_constructed_machine_is_right_up_to_level_LT_and_not_above),
      cmocka_unit_test(a_machine_without_memory_leaks_nothing),
      cmocka_unit_test(a_spread_leaves_out_what_is_missing),
      cmocka_unit_test(values_that_cannot_be_refuse_the_sweep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
