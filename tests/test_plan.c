#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/names.h"
#include "lib/sweep/plan.h"
#include "lib/sweep/shard.h"
#include "tests/sweep_sample.h"

static struct lat_sweep *plan(const char *size, const char *const *set, size_t sets, const char *filter) {
  struct lat_sweep *made = NULL;
  struct lat_request request = {.size = size, .set = set, .sets = sets, .filter = filter};
  if (lat_sweep_make(&lat_experiment_sample, &request, &made) != LAT_OK) fail_msg("%s", lat_error_message());
  return made;
}

static void refuses(const char *set, const char *filter, const char *saying) {
  struct lat_sweep *made = NULL;
  struct lat_request request = {.size = "smoke", .set = &set, .sets = set != NULL, .filter = filter};
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &made), LAT_INPUT);
  assert_null(made);
  if (!strstr(lat_error_message(), saying)) fail_msg("'%s' does not say '%s'", lat_error_message(), saying);
}

static void the_product_is_whole_and_in_the_order_of_ids(void **state) {
  (void)state;
  struct lat_sweep *p = plan("smoke", NULL, 0, NULL);
  assert_int_equal(p->count, 15); /* 3 layers x 3 beta x 2 seeds, less the 3 rejected */
  assert_int_equal(p->rejected, 3);
  for (size_t i = 0; i < p->count; i++) {
    char id[33];
    lat_point_id("sample", 1, p->point[i].canonical, id);
    assert_string_equal(id, p->point[i].id);
    assert_null(p->point[i].reason);
    if (i) assert_true(strcmp(p->point[i - 1].id, p->point[i].id) < 0);
  }
  for (size_t i = p->count; i < p->count + p->rejected; i++)
    assert_string_equal(p->point[i].reason, "three layers have no second seed");
  lat_sweep_free(p);
}

static void canonical_text_is_sorted_and_plain(void **state) {
  static const char *const set[] = {"layers=2", "beta=0.3", "seed=7", "fail=a b%c"};
  (void)state;
  struct lat_sweep *p = plan("smoke", set, 4, NULL);
  assert_int_equal(p->count, 1);
  assert_string_equal(p->point[0].canonical, "beta=0.3 fail=a%20b%25c layers=2 seed=7 wait=0");
  lat_sweep_free(p);
}

static void a_range_and_a_list_of_the_same_values_are_the_same_points(void **state) {
  static const char *const range[] = {"beta=0.1:0.7:0.1", "layers=1:4:*2"}, *const list[] = {
                                                                                "layers=4,2,1",
                                                                                "beta=0.7,0.6,0.5,0.4,0.3,0.2,0.1"};
  (void)state;
  struct lat_sweep *a = plan("smoke", range, 2, NULL), *b = plan("smoke", list, 2, NULL);
  assert_int_equal(a->count, 42);
  assert_int_equal(b->count, 42);
  for (size_t i = 0; i < a->count; i++) assert_string_equal(a->point[i].id, b->point[i].id);
  lat_sweep_free(a);
  lat_sweep_free(b);
}

static void a_filter_picks_points(void **state) {
  (void)state;
  struct lat_sweep *p = plan("smoke", NULL, 0, "layers==2 && beta<=0.2");
  assert_int_equal(p->count, 4);
  assert_int_equal(p->rejected, 0);
  lat_sweep_free(p);
}

static void shards_are_disjoint_and_together_whole(void **state) {
  (void)state;
  struct lat_sweep *whole = plan("quick", NULL, 0, NULL);
  for (uint64_t n = 1; n <= 7; n += 3) {
    size_t seen = 0, rejected = 0;
    for (uint64_t k = 0; k < n; k++) {
      struct lat_sweep *part = NULL;
      struct lat_request request = {.size = "quick", .shard = k, .shards = n};
      assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &part), LAT_OK);
      for (size_t i = 0; i < part->count; i++) {
        assert_int_equal(part->point[i].rank, k + i * n);
        assert_string_equal(part->point[i].id, whole->point[part->point[i].rank].id);
      }
      assert_int_equal(part->total, whole->count);
      seen += part->count;
      rejected = part->rejected;
      lat_sweep_free(part);
    }
    assert_int_equal(seen, whole->count);
    assert_int_equal(rejected, whole->rejected);
  }
  lat_sweep_free(whole);
  struct lat_request beyond = {.size = "quick", .shard = 3, .shards = 3};
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &beyond, &whole), LAT_INPUT);
}

static void a_file_counts_by_its_content_not_its_place(void **state) {
  (void)state;
  char folder[] = "/tmp/latentlab-plan-XXXXXX", path[3][64], set[256];
  assert_non_null(mkdtemp(folder));
  snprintf(path[0], sizeof path[0], "%s/a", folder);
  snprintf(path[1], sizeof path[1], "%s/./a", folder);
  snprintf(path[2], sizeof path[2], "%s/b", folder);
  assert_int_equal(lat_file_write(path[0], "one", 3), LAT_OK);
  assert_int_equal(lat_file_write(path[2], "two", 3), LAT_OK);
  snprintf(set, sizeof set, "input=%s,%s,%s", path[0], path[1], path[2]);
  const char *const sets[] = {set, "layers=1", "beta=1", "seed=0"};
  struct lat_sweep *p = plan("smoke", sets, 4, NULL);
  assert_int_equal(p->count, 2); /* the first two are one point */
  char before[33];
  size_t of_a = strstr(p->point[0].canonical, "input=a ") ? 0 : 1;
  memcpy(before, p->point[of_a].id, 33);
  assert_non_null(strstr(p->point[of_a].canonical, " input=a input_hash="));
  assert_null(strstr(p->point[of_a].canonical, folder));
  lat_sweep_free(p);
  assert_int_equal(lat_file_write(path[0], "new", 3), LAT_OK);
  p = plan("smoke", sets, 4, "input==a");
  assert_int_equal(p->count, 1);
  assert_string_not_equal(p->point[0].id, before);
  lat_sweep_free(p);
  unlink(path[0]);
  refuses(set, NULL, "input");
  unlink(path[2]);
  rmdir(folder);
}

static void wrong_requests_are_refused(void **state) {
  (void)state;
  refuses("layres=1", NULL, "nearest: layers");
  refuses("layers", NULL, "NAME=VALUES");
  refuses("=1", NULL, "NAME=VALUES");
  refuses("layers=65", NULL, "from 1 to 64");
  refuses("seed=0:999999:1", NULL, "combinations");
  refuses(NULL, "layers=1", "column 7");
  assert_int_equal(lat_size_index("large"), -1);
  static const char *const twice[] = {"layers=1", "layers=2"};
  struct lat_request request = {.size = "smoke", .set = twice, .sets = 2};
  struct lat_sweep *made = NULL;
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &made), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "set twice"));
}

static void the_size_of_a_point_is_the_smallest_that_holds_it(void **state) {
  static const char *const small[] = {"layers=2", "beta=0.2", "seed=1"}, *const middle[] = {"layers=8", "beta=1", "seed=2"},
                           *const large[] = {"layers=64", "beta=7.75", "seed=9"},
                           *const none[] = {"layers=2", "beta=0.25", "seed=1"};
  static const char *const *const sets[] = {small, middle, large, none};
  static const char *const names[] = {"smoke", "quick", "paper", "custom"};
  (void)state;
  for (int i = 0; i < 4; i++) {
    struct lat_sweep *p = plan("smoke", sets[i], 3, NULL);
    assert_int_equal(p->count, 1);
    assert_string_equal(lat_size_of(&lat_experiment_sample, p->point[0].parameters), names[i]);
    lat_sweep_free(p);
  }
}

static void nearest_names_know_swaps_and_parts(void **state) {
  (void)state;
  assert_int_equal(lat_name_distance("abc", "abc"), 0);
  assert_int_equal(lat_name_distance("abc", "acb"), 1);
  assert_int_equal(lat_name_distance("abc", "xabc"), 1);
  assert_int_equal(lat_name_distance("", "abc"), 3);
  assert_int_equal(lat_name_distance("kitten", "sitting"), 3);
  assert_null(lat_experiment_find(lat_sample_experiments, "smaple"));
  assert_non_null(strstr(lat_error_message(), "nearest: sample"));
  assert_null(lat_experiment_find(lat_sample_experiments, "zzzzzzzz"));
  assert_null(strstr(lat_error_message(), "nearest"));
}

static void shards_are_read_from_option_and_environment(void **state) {
  static const char *const wrong[] = {"", "1", "1/", "/2", "2/2", "-1/2", "1/0", "a/b", "1/2/3", "0x1/2", "99999999999/3"};
  struct lat_shard shard;
  (void)state;
  assert_int_equal(lat_shard_parse(&shard, "2/5"), LAT_OK);
  assert_int_equal(shard.index, 2);
  assert_int_equal(shard.count, 5);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (lat_shard_parse(&shard, wrong[i]) != LAT_INPUT) fail_msg("'%s' is taken", wrong[i]);
  static const char *const names[] = {"SLURM_ARRAY_TASK_ID",
                                      "SLURM_ARRAY_TASK_COUNT",
                                      "SLURM_ARRAY_TASK_MIN",
                                      "SLURM_ARRAY_TASK_STEP",
                                      "OMPI_COMM_WORLD_RANK",
                                      "OMPI_COMM_WORLD_SIZE",
                                      "PMI_RANK",
                                      "PMI_SIZE"};
  static const struct {
    const char *value[8];
    int status;
    uint64_t index, count;
  } cases[] = {
      {{0}, LAT_OK, 0, 1},
      {{"7", "4", "5"}, LAT_OK, 2, 4},
      {{"9", "3", "1", "4"}, LAT_OK, 2, 3},
      {{"0", "1"}, LAT_OK, 0, 1},
      {{"3"}, LAT_INPUT, 0, 0},
      {{"9", "4", "5"}, LAT_INPUT, 0, 0},
      {{"3", "4", "5"}, LAT_INPUT, 0, 0},
      {{"2", "4", "1", "4"}, LAT_INPUT, 0, 0},
      {{"x", "4"}, LAT_INPUT, 0, 0},
      {{0, 0, 0, 0, "1", "3"}, LAT_OK, 1, 3},
      {{0, 0, 0, 0, 0, 0, "2", "3"}, LAT_OK, 2, 3},
      {{0, 0, 0, 0, "3", "3"}, LAT_INPUT, 0, 0},
      {{"1", "2", "0", 0, "2", "3"}, LAT_OK, 1, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    for (size_t v = 0; v < 8; v++)
      if (cases[i].value[v])
        setenv(names[v], cases[i].value[v], 1);
      else
        unsetenv(names[v]);
    int status = lat_shard_environment(&shard);
    if (status != cases[i].status) fail_msg("case %zu gives %d", i, status);
    if (status == LAT_OK && (shard.index != cases[i].index || shard.count != cases[i].count)) fail_msg("case %zu", i);
  }
  for (size_t v = 0; v < 8; v++) unsetenv(names[v]);
}

static void every_failed_allocation_is_told_and_leaks_nothing(void **state) {
  static const char *const set[] = {"layers=1,2,3", "seed=0,1"};
  (void)state;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  struct lat_request request = {
      .size = "smoke", .set = set, .sets = 2, .filter = "layers<=3 && beta>0.1", .shard = 1, .shards = 2};
  uint64_t k = 1;
  for (; status == LAT_MEMORY; k++) {
    struct lat_sweep *made = NULL;
    lat_memory_fail_at(k);
    status = lat_sweep_make(&lat_experiment_sample, &request, &made);
    lat_memory_fail_at(0);
    lat_sweep_free(made);
    if (lat_memory_current() != before) fail_msg("failing allocation %llu leaks", (unsigned long long)k);
  }
  assert_int_equal(status, LAT_OK);
  assert_true(k > 50);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_product_is_whole_and_in_the_order_of_ids),
      cmocka_unit_test(canonical_text_is_sorted_and_plain),
      cmocka_unit_test(a_range_and_a_list_of_the_same_values_are_the_same_points),
      cmocka_unit_test(a_filter_picks_points),
      cmocka_unit_test(shards_are_disjoint_and_together_whole),
      cmocka_unit_test(a_file_counts_by_its_content_not_its_place),
      cmocka_unit_test(wrong_requests_are_refused),
      cmocka_unit_test(the_size_of_a_point_is_the_smallest_that_holds_it),
      cmocka_unit_test(nearest_names_know_swaps_and_parts),
      cmocka_unit_test(shards_are_read_from_option_and_environment),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaks_nothing),
  };
  return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
