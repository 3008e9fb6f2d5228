/* More loops at test than in training: what the verdict says of made-up results, the same bytes whenever it runs, and what is
 * refused. */
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
#include "experiments/loop_extrapolation/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/analysis.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

extern const struct lat_experiment lat_experiment_loop_extrapolation;
static const struct lat_experiment *const experiment = &lat_experiment_loop_extrapolation;

static const struct lat_parameter *parameter(const char *name) {
  const struct lat_parameter *p = experiment->parameters;
  while (p->name != NULL && strcmp(p->name, name) != 0) p++;
  assert_non_null(p->name);
  return p;
}
static int64_t whole(const void *point, const char *name) {
  int64_t value;
  memcpy(&value, (const char *)point + parameter(name)->offset, sizeof value);
  return value;
}
static const char *text(const void *point, const char *name) {
  const char *value;
  memcpy(&value, (const char *)point + parameter(name)->offset, sizeof value);
  return value;
}

/* What made-up runs give with norm injection: scores of circuits as deep as in training after at most 4 loops and after the most, with
 * random loops (2 or 3) and with 2; at twice the depth from 4 loops on; without injection; of the languages of 3 and 5 blocks after the most
 * loops, with 2 in training. Below two loops everything is at 0.6. */
static struct made {
  double known, late, fixed_late, deeper, bare, easy, serial;
  double wrong, fail; /* gates; every trained run of this seed or above fails */
  double forgiving;   /* the constructed machine is right one loop early */
} made;

static double made_up_score(const void *p, size_t size, size_t loop) {
  int built = strcmp(text(p, "how"), "constructed") == 0, fixed = strchr(text(p, "training"), '-') == NULL;
  if (loop < 2) return built && made.forgiving > 0 ? 1 : 0.6;
  if (strcmp(text(p, "task"), "blocks") == 0)
    return loop <= 3 ? 1 : !fixed ? 1 : whole(p, "blocks") == 3 ? made.easy : made.serial;
  if (strcmp(text(p, "injection"), "none") == 0) return made.bare;
  if (size == 3) return (double)NAN;
  if (size == 2) return loop < 4 ? 0.6 : made.deeper;
  return loop <= 4 || built ? made.known : fixed ? made.fixed_late : made.late;
}

static int made_up(struct lat_run *run) {
  const void *p = lat_run_parameters(run);
  enum { LOOPS = 8 };
  size_t extent[2] = {LAT_EXTRAPOLATION_SIZES, LOOPS}, three = 3;
  double score[LAT_EXTRAPOLATION_SIZES * LOOPS], baseline[LAT_EXTRAPOLATION_SIZES] = {0.5, 0.5, 0.5, (double)NAN};
  double curve[3] = {0.6, (double)NAN, 0.9}, number[3] = {100, 200, 300};
  int64_t zeros[LAT_EXTRAPOLATION_SIZES] = {0};
  int built = strcmp(text(p, "how"), "constructed") == 0, random = strchr(text(p, "training"), '-') != NULL,
      status = LAT_OK;
  if (!built && (double)whole(p, "seed") >= made.fail) return LAT_FAIL(LAT_NUMERIC, "made to fail");
  for (size_t s = 0; s < LAT_EXTRAPOLATION_SIZES; s++)
    for (size_t t = 0; t < LOOPS; t++) score[s * LOOPS + t] = made_up_score(p, s, t + 1);
  LAT_TRY(status, lat_put_reals(run, "score", 2, extent, score));
  LAT_TRY(status, lat_put_reals(run, "accuracy", 2, extent, score));
  LAT_TRY(status, lat_put_reals(run, "baseline", 1, extent, baseline));
  LAT_TRY(status, lat_put_integers(run, "size_tested", 1, extent, zeros));
  LAT_TRY(status, lat_put_integers(run, "broken", 1, extent, zeros));
  if (!built) {
    struct lat_fit fit = {.points = three,
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
    LAT_TRY(status, lat_put_integer(run, "loops_low", 2));
    LAT_TRY(status, lat_put_integer(run, "loops_high", random ? 3 : 2));
    return lat_fitting_put(run, &fit, 10, LAT_MEASURE_ACCURACY);
  }
  zeros[1] = (int64_t)made.wrong;
  LAT_TRY(status, lat_put_integers(run, "wrong", 1, extent, zeros));
  LAT_TRY(status, lat_put_text(run, "end", "constructed"));
  LAT_TRY(status, lat_put_integer(run, "parameters", 0));
done:
  return status;
}

/* Runs the smoke size with these values into a folder. */
static struct lat_sweep *sweep(const struct lat_experiment *which, const char *const *set, size_t sets, const char *out) {
  struct lat_request request = {.size = "smoke", .set = set, .sets = sets};
  struct lat_runner runner = {.out = out, .jobs = 1};
  struct lat_sweep *plan = NULL;
  size_t forgotten;
  if (lat_sweep_make(which, &request, &plan) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  assert_int_equal(lat_runner_run(&runner, plan), LAT_OK);
  return plan;
}

/* The verdict on what is made up, and its sentence. */
static enum lat_verdict judge(char sentence[2048]) {
  static const char *const set[] = {"seed=0,1", "injection=none,norm", "blocks=3,5"};
  struct lat_experiment pretended = *experiment;
  struct lat_merged *merged = NULL;
  struct lat_analysis *analysis = NULL;
  struct lat_text path = {0};
  char out[64];
  pretended.run = made_up;
  lat_sample_folder(out);
  lat_sweep_free(sweep(&pretended, set, 3, out));
  assert_int_equal(lat_path(&path, "%s/%s", out, experiment->name), LAT_OK);
  assert_int_equal(lat_merge_read(path.bytes, 1, NULL, &merged), LAT_OK);
  if (lat_analysis_make(&pretended, merged, &analysis) != LAT_OK) fail_msg("%s", lat_error_message());
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  snprintf(sentence, 2048, "%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  lat_text_free(&path);
  lat_sample_remove(out);
  return verdict;
}

/* What the prediction says. */
static const struct made predicted = {
    .known = 1, .late = 0.98, .fixed_late = 0.5, .deeper = 0.9, .bare = 0.7, .easy = 0.6, .serial = 0.5, .fail = 9};

#define AT(field) (offsetof(struct made, field) / sizeof(double))
static void a_verdict_follows_the_data(void **state) {
  (void)state;
  static const struct {
    size_t at[2]; /* numbers of `predicted` that are other */
    double value[2];
    enum lat_verdict verdict;
    const char *says;
  } cases[] = {
      {{AT(known)}, {1}, LAT_SUPPORTED, "loses 0.02 at the most loops; with 2 (2 of 2) 1 and loses 0.5."},
      {{AT(late)}, {0.9}, LAT_REFUTED, "prediction: random loops lose it."},
      {{AT(fixed_late)}, {0.97}, LAT_REFUTED, "prediction: a fixed number does not lose it."},
      {{AT(late), AT(fixed_late)}, {0.93, 0.94}, LAT_REFUTED, "a fixed number loses no more than random ones."},
      {{AT(deeper)}, {0.62}, LAT_REFUTED, "do not help at twice the depth."},
      {{AT(bare)}, {0.96}, LAT_REFUTED, "circuits are learned without injection."},
      {{AT(easy)}, {0.99}, LAT_REFUTED, "the easy language does not decay as the serial one does."},
      {{AT(serial)}, {0.99}, LAT_REFUTED, "the serial language does not decay as the easy one does."},
      {{AT(easy), AT(serial)}, {0.99, 0.99}, LAT_SUPPORTED, "3 blocks lose 0.01 (2), 0 (2-3). 5 blocks lose 0.01 (2)"},
      {{AT(wrong)}, {2}, LAT_REFUTED, "4 gates wrong"},
      {{AT(known)}, {0.8}, LAT_OPEN, "not learned well enough"},
      {{AT(forgiving)}, {1}, LAT_OPEN, "The control failed"},
      {{AT(fail)}, {1}, LAT_OPEN, "need two seeds"},
      {{AT(fail)}, {0}, LAT_OPEN, "22 of 24 points failed"},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    char sentence[2048];
    double number[sizeof made / sizeof(double)];
    memcpy(number, &predicted, sizeof number);
    for (size_t k = 2; k-- > 0;) /* the second one is `known`, unchanged, when there is one alone */
      if (k == 0 || cases[c].at[k] != 0) number[cases[c].at[k]] = cases[c].value[k];
    memcpy(&made, number, sizeof made);
    enum lat_verdict verdict = judge(sentence);
    if (verdict != cases[c].verdict || strstr(sentence, cases[c].says) == NULL)
      fail_msg("case %zu: verdict %d, %s", c, (int)verdict, sentence);
  }
}

static void a_run_twice_gives_the_same_bytes(void **state) {
  (void)state;
  char out[2][64];
  struct lat_sweep *plan = NULL;
  for (size_t k = 0; k < 2; k++) {
    lat_sample_folder(out[k]);
    omp_set_num_threads(k == 0 ? 1 : 2);
    lat_sweep_free(plan);
    plan = sweep(experiment, NULL, 0, out[k]);
  }
  omp_set_num_threads(1);
  assert_true(plan->count > 4);
  for (size_t i = 0; i < plan->count; i++) {
    struct lat_text path = {0};
    char *bytes[2];
    size_t count[2];
    for (size_t k = 0; k < 2; k++) {
      assert_int_equal(lat_path(&path, "%s/%s/%s.h5", out[k], experiment->name, plan->point[i].id), LAT_OK);
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

static void values_that_cannot_be_refuse_the_sweep(void **state) {
  (void)state;
  static const struct {
    const char *set, *sentence;
  } bad[] = {{"how=guess", "constructed or trained"},
             {"injection=multiply", "multiply"},
             {"task=chess", "circuit or blocks"},
             {"training=often", "neither a number of loops"},
             {"training=0", "neither a number"},
             {"training=6-4", "neither a number"},
             {"training=4-", "neither a number"},
             {"training=4x", "neither a number"},
             {"training=4-4", "neither a number"},
             {"training=9999", "neither a number"},
             {"most=5", "give 6 or more"},
             {"width=18", "multiple of 8"},
             {"batch=12", "multiple of 8"},
             {"ids=11", "ids"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    struct lat_sweep *plan = NULL;
    struct lat_request request = {.size = "smoke", .sets = 1, .set = &bad[k].set};
    if (lat_sweep_make(experiment, &request, &plan) != LAT_INPUT) fail_msg("%s was taken", bad[k].set);
    if (strstr(lat_error_message(), bad[k].sentence) == NULL) fail_msg("%s: %s", bad[k].set, lat_error_message());
  }
}

int main(void) {
  omp_set_num_threads(1);
  gsl_set_error_handler_off();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_verdict_follows_the_data),
      cmocka_unit_test(a_run_twice_gives_the_same_bytes),
      cmocka_unit_test(values_that_cannot_be_refuse_the_sweep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
