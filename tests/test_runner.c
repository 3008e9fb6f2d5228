/* Also a small program of its own: `test_runner --driver COMMAND ...` is latentlab with the sample experiment, for --jobs and
 * for e2e_runner.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <omp.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/nn/gemm.h"
#include "lib/sweep/census.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/provenance.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

static char self[4096];

/* What the runner told, and when it is to stop. */
struct watch {
  size_t told[5], stop_after, asked;
};

static void note(void *context, enum lat_event event, const struct lat_sweep_point *point, double fraction) {
  struct watch *watch = context;
  assert_non_null(point);
  assert_true(fraction >= 0 && fraction <= 1);
  watch->told[event]++;
}

static int stop(void *context) {
  struct watch *watch = context;
  watch->asked++;
  return watch->stop_after && watch->told[LAT_EVENT_DONE] >= watch->stop_after;
}

/* Runs the experiment at size smoke with these changes ("" or NULL: none); the status of the runner. */
static int run_this(const struct lat_experiment *experiment, const char *out, const char *const *set, size_t sets,
                    uint64_t shard, uint64_t shards, int retry, struct watch *watch) {
  struct lat_request request = {.size = "smoke", .set = set, .sets = sets, .shard = shard, .shards = shards};
  struct lat_sweep *plan = NULL;
  struct lat_runner runner = {out, 1, stop, note, watch};
  size_t forgotten = 0;
  int status = lat_sweep_make(experiment, &request, &plan);
  if (status == LAT_OK) status = lat_runner_prepare(out, plan, retry, &forgotten);
  if (status == LAT_OK) status = lat_runner_run(&runner, plan);
  lat_sweep_free(plan);
  return status;
}

static struct watch run_plain(const char *out, const char *const *set, size_t sets, int retry) {
  struct watch watch = {0};
  if (run_this(&lat_experiment_sample, out, set, sets, 0, 1, retry, &watch) != LAT_OK) fail_msg("%s", lat_error_message());
  return watch;
}

static void same(const char *a, const char *b) {
  const char *difference = lat_sample_difference(a, b);
  if (*difference) fail_msg("%s", difference);
}

static void run_again_does_nothing_again(void **state) {
  (void)state;
  char out[64];
  lat_sample_folder(out);
  lat_sample_runs = 0;
  struct watch first = run_plain(out, NULL, 0, 0);
  assert_int_equal(first.told[LAT_EVENT_DONE], 15);
  assert_int_equal(lat_sample_runs, 15);
  assert_int_equal(lat_sample_count(out, ".h5"), 30); /* with the timings */
  assert_int_equal(lat_sample_count(out, ".json"), 15);
  assert_int_equal(lat_sample_count(out, ".lock"), 0);
  struct watch second = run_plain(out, NULL, 0, 0);
  assert_int_equal(second.told[LAT_EVENT_THERE], 15);
  assert_int_equal(lat_sample_runs, 15);
  lat_sample_remove(out);
}

static void threads_shards_and_jobs_give_the_same_bytes(void **state) {
  (void)state;
  char serial[64], shards[64], jobs[64], command[8192];
  int threads = omp_get_max_threads();
  lat_sample_folder(serial), lat_sample_folder(shards), lat_sample_folder(jobs);
  omp_set_num_threads(1);
  run_plain(serial, NULL, 0, 0);
  omp_set_num_threads(3);
  for (uint64_t k = 3; k-- > 0;) {
    struct watch watch = {0};
    assert_int_equal(run_this(&lat_experiment_sample, shards, NULL, 0, k, 3, 0, &watch), LAT_OK);
    assert_int_equal(watch.told[LAT_EVENT_DONE], 5);
  }
  omp_set_num_threads(threads);
  same(serial, shards);
  snprintf(command, sizeof command, "'%s' --driver run sample --size smoke --jobs 3 --out %s >%s/log", self, jobs, jobs);
  assert_int_equal(system(command), 0);
  same(serial, jobs);
  lat_sample_remove(serial), lat_sample_remove(shards), lat_sample_remove(jobs);
}

static void a_wrong_number_is_a_failed_row_and_kept(void **state) {
  static const char *const set[] = {"fail=numeric,infinite", "layers=2", "beta=1", "seed=0"};
  (void)state;
  char out[64], again[64];
  lat_sample_folder(out), lat_sample_folder(again);
  struct watch watch = run_plain(out, set, 4, 0);
  assert_int_equal(watch.told[LAT_EVENT_FAILED], 2);
  run_plain(again, set, 4, 0);
  same(out, again);
  struct lat_merged *merged = NULL;
  struct lat_text folder = {0};
  assert_int_equal(lat_path(&folder, "%s/sample", out), LAT_OK);
  assert_int_equal(lat_merge_read(folder.bytes, 0, NULL, &merged), LAT_OK);
  assert_int_equal(lat_merged_points(merged), 2);
  assert_string_equal(merged->point[0].reason, "output total is infinite where a finite number is promised");
  assert_string_equal(merged->point[1].reason, "the loss is not a number at step 2");
  assert_string_equal(merged->point[1].status, "failed");
  assert_int_equal(lat_merged_integer(merged, "layers", 1), 2);
  assert_int_equal(lat_merged_integer(merged, "odds", 1), INT64_MIN);
  lat_merged_free(merged);
  lat_text_free(&folder);
  lat_sample_runs = 0;
  run_plain(out, set, 4, 0);
  assert_int_equal(lat_sample_runs, 0);
  run_plain(out, set, 4, 1);
  assert_int_equal(lat_sample_runs, 2);
  same(out, again);
  lat_sample_remove(out), lat_sample_remove(again);
}

static void a_failed_row_does_not_tell_where_its_file_lay(void **state) {
  (void)state;
  char out[2][64], set[2][128];
  for (int i = 0; i < 2; i++) {
    struct lat_text file = {0};
    lat_sample_folder(out[i]);
    assert_int_equal(lat_path(&file, "%s/input", out[i]), LAT_OK);
    assert_int_equal(lat_file_write(file.bytes, "x", 1), LAT_OK);
    snprintf(set[i], sizeof set[i], "input=%s", file.bytes);
    const char *const sets[] = {set[i], "fail=input", "layers=1", "beta=1", "seed=0"};
    struct watch watch = run_plain(out[i], sets, 5, 0);
    assert_int_equal(watch.told[LAT_EVENT_FAILED], 1);
    lat_text_free(&file);
  }
  same(out[0], out[1]);
  lat_sample_remove(out[0]), lat_sample_remove(out[1]);
}

static void an_output_that_was_promised_and_not_put_is_a_failed_row(void **state) {
  static const struct lat_output more[] = {{"total", "1", "", LAT_REAL, "", 0},
                                           {"odds", "1", "", LAT_INTEGER, "", 0},
                                           {"name", "-", "", LAT_TEXT, "", 0},
                                           {"curve", "1", "", LAT_REAL, "moment", LAT_MAY_BE_MISSING},
                                           {"counts", "1", "", LAT_INTEGER, "step,level", 0},
                                           {"seconds", "s", "", LAT_REAL, "", LAT_IS_TIMING},
                                           {"extra", "1", "", LAT_REAL, "", 0},
                                           {0}};
  static const char *const set[] = {"layers=1", "beta=1", "seed=0"};
  (void)state;
  char out[64];
  struct lat_experiment experiment = lat_experiment_sample;
  struct watch watch = {0};
  experiment.outputs = more;
  lat_sample_folder(out);
  assert_int_equal(run_this(&experiment, out, set, 3, 0, 1, 0, &watch), LAT_OK);
  assert_int_equal(watch.told[LAT_EVENT_FAILED], 1);
  lat_sample_remove(out);
}

static void trouble_of_this_machine_is_no_row_and_is_tried_again(void **state) {
  static const char *const set[] = {"fail=memory,file,no", "layers=1", "beta=1", "seed=0"};
  (void)state;
  char out[64], smooth[64];
  lat_sample_folder(out), lat_sample_folder(smooth);
  lat_sample_trouble = 1;
  struct watch watch = run_plain(out, set, 4, 0);
  assert_int_equal(watch.told[LAT_EVENT_BROKEN], 2);
  assert_int_equal(watch.told[LAT_EVENT_DONE], 1);
  assert_int_equal(lat_sample_count(out, ".failed.json"), 2);
  assert_int_equal(lat_sample_count(out, ".h5"), 2);
  struct lat_sweep *plan = NULL;
  struct lat_census census;
  struct lat_request request = {.size = "smoke", .set = set, .sets = 4};
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &plan), LAT_OK);
  assert_int_equal(lat_census_take(out, plan, &census), LAT_OK);
  assert_int_equal(census.planned[LAT_FOUND_BROKEN], 2);
  assert_int_equal(census.planned[LAT_FOUND_DONE], 1);
  for (size_t i = 0; i < census.count; i++)
    if (census.find[i].found == LAT_FOUND_BROKEN)
      assert_true(!strcmp(census.find[i].note, "no memory for 1 GB") ||
                  !strcmp(census.find[i].note, "a file cannot be read"));
  lat_census_free(&census);
  lat_sweep_free(plan);
  lat_sample_trouble = 0;
  watch = run_plain(out, set, 4, 0);
  assert_int_equal(watch.told[LAT_EVENT_DONE], 2);
  assert_int_equal(lat_sample_count(out, ".failed.json"), 0);
  run_plain(smooth, set, 4, 0);
  same(out, smooth);
  lat_sample_remove(out), lat_sample_remove(smooth);
}

static void a_stop_loses_nothing(void **state) {
  (void)state;
  char out[64], serial[64];
  lat_sample_folder(out), lat_sample_folder(serial);
  run_plain(serial, NULL, 0, 0);
  struct watch watch = {.stop_after = 4};
  assert_int_equal(run_this(&lat_experiment_sample, out, NULL, 0, 0, 1, 0, &watch), LAT_INTERRUPTED);
  assert_int_equal(watch.told[LAT_EVENT_DONE], 4);
  assert_int_equal(lat_sample_count(out, ".lock"), 0);
  run_plain(out, NULL, 0, 0);
  same(out, serial);
  lat_sample_remove(out), lat_sample_remove(serial);
}

static int stop_at_once(void *context) {
  struct watch *watch = context;
  return ++watch->asked > 3; /* not before the point has begun */
}

static void a_run_that_keeps_its_state_is_put_down_and_goes_on(void **state) {
  static const char *const set[] = {"fail=checkpoint,no", "wait=6", "layers=1", "beta=1", "seed=0"};
  (void)state;
  char out[64], smooth[64];
  lat_sample_folder(out), lat_sample_folder(smooth);
  for (int keeps = 0; keeps < 2; keeps++) {
    struct lat_request request = {
        .size = "smoke", .set = set, .sets = 5, .filter = keeps ? "fail==checkpoint" : "fail==no"};
    struct lat_sweep *plan = NULL;
    struct watch watch = {0};
    struct lat_runner runner = {out, 1, stop_at_once, note, &watch};
    size_t forgotten;
    assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &plan), LAT_OK);
    assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
    int status = lat_runner_run(&runner, plan);
    /* One that keeps nothing is let finish. */
    assert_int_equal(status, keeps ? LAT_INTERRUPTED : LAT_OK);
    assert_int_equal(lat_sample_count(out, ".checkpoint"), keeps);
    assert_int_equal(watch.told[LAT_EVENT_DONE], !keeps);
    lat_sweep_free(plan);
  }
  run_plain(out, set, 5, 0);
  assert_int_equal(lat_sample_count(out, ".checkpoint"), 0);
  run_plain(smooth, set, 5, 0);
  same(out, smooth);
  lat_sample_remove(out), lat_sample_remove(smooth);
}

static void a_folder_that_takes_no_file_ends_the_run_with_a_sentence(void **state) {
  (void)state;
  char out[64], below[128];
  lat_sample_folder(out);
  snprintf(below, sizeof below, "%s/file", out);
  assert_int_equal(lat_file_write(below, "x", 1), LAT_OK);
  struct watch watch = {0};
  char results[160];
  snprintf(results, sizeof results, "%s/results", below);
  assert_int_equal(run_this(&lat_experiment_sample, results, NULL, 0, 0, 1, 0, &watch), LAT_FILE);
  if (!strstr(lat_error_message(), below)) fail_msg("%s", lat_error_message());
  lat_sample_remove(out);
}

static void every_failed_allocation_is_survived_without_a_leak(void **state) {
  static const char *const set[] = {"layers=2", "beta=1", "seed=0"};
  (void)state;
  char out[64], serial[64];
  lat_sample_folder(serial);
  run_plain(serial, set, 3, 0);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY, broken = 1, threads = omp_get_max_threads();
  omp_set_num_threads(1);
  uint64_t k = 1;
  for (; status != LAT_OK || broken; k++) {
    struct watch watch = {0};
    lat_sample_folder(out);
    lat_memory_fail_at(k);
    status = run_this(&lat_experiment_sample, out, set, 3, 0, 1, 0, &watch);
    lat_memory_fail_at(0);
    broken = watch.told[LAT_EVENT_BROKEN] > 0;
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    if (lat_memory_current() != before) fail_msg("failing allocation %llu leaks", (unsigned long long)k);
    assert_int_equal(watch.told[LAT_EVENT_FAILED], 0);
    run_plain(out, set, 3, 0);
    same(out, serial);
    lat_sample_remove(out);
  }
  omp_set_num_threads(threads);
  assert_true(k > 100);
  lat_sample_remove(serial);
}

static int main_of_driver(int argc, char **argv) {
  lat_program.experiments = lat_sample_experiments;
  lat_program.driver = "--driver";
  lat_sample_trouble = getenv("LAT_SAMPLE_TROUBLE") != NULL;
  argv[1] = argv[0];
  return lat_program_main(argc - 1, argv + 1);
}

static void a_sidecar_names_who_multiplied(void **state) {
  (void)state;
  struct lat_text text = {0};
  char expected[256];
  snprintf(expected, sizeof expected, "\"gemm\":\"%s\"", lat_gemm_provider());
  assert_int_equal(lat_sidecar_text(&text, &(struct lat_sidecar){.experiment = "sample", .id = "0"}), LAT_OK);
  if (strstr(text.bytes, expected) == NULL) fail_msg("no %s in %s", expected, text.bytes);
  lat_text_free(&text);
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--driver")) return main_of_driver(argc, argv);
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length > 0 ? length : 0] = '\0';
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(run_again_does_nothing_again),
      cmocka_unit_test(threads_shards_and_jobs_give_the_same_bytes),
      cmocka_unit_test(a_wrong_number_is_a_failed_row_and_kept),
      cmocka_unit_test(a_failed_row_does_not_tell_where_its_file_lay),
      cmocka_unit_test(an_output_that_was_promised_and_not_put_is_a_failed_row),
      cmocka_unit_test(trouble_of_this_machine_is_no_row_and_is_tried_again),
      cmocka_unit_test(a_stop_loses_nothing),
      cmocka_unit_test(a_run_that_keeps_its_state_is_put_down_and_goes_on),
      cmocka_unit_test(a_folder_that_takes_no_file_ends_the_run_with_a_sentence),
      cmocka_unit_test(every_failed_allocation_is_survived_without_a_leak),
      cmocka_unit_test(a_sidecar_names_who_multiplied),
  };
  return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
