/* The groups are groups, and the right ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/group.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

static const struct {
  const char *name;
  size_t order, classes; /* conjugacy classes tell the groups of one order apart */
  int solvable;
} known[] = {{"z1", 1, 1, 1},       {"z2", 2, 2, 1}, {"z5", 5, 5, 1},  {"z60", 60, 60, 1},
             {"z128", 128, 128, 1}, {"s2", 2, 2, 1}, {"s3", 6, 3, 1},  {"s4", 24, 5, 1},
             {"s5", 120, 7, 0},     {"a3", 3, 3, 1}, {"a4", 12, 4, 1}, {"a5", 60, 5, 0}};

static struct lat_group *make(const char *name) {
  struct lat_group *group;
  if (lat_group_make(name, &group) != LAT_OK) fail_msg("%s", lat_error_message());
  return group;
}

static size_t count_classes(const struct lat_group *g) {
  unsigned char seen[LAT_GROUP_LARGEST_CYCLIC] = {0};
  size_t classes = 0;
  for (unsigned a = 0; a < g->order; a++) {
    classes += !seen[a];
    for (unsigned b = 0; b < g->order; b++) seen[lat_group_product(g, lat_group_product(g, g->inverse[b], a), b)] = 1;
  }
  return classes;
}

static void every_group_obeys_the_axioms_and_has_its_order_and_classes(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    struct lat_group *g = make(known[k].name);
    assert_int_equal(g->order, known[k].order);
    assert_int_equal(g->solvable, known[k].solvable);
    assert_int_equal(count_classes(g), known[k].classes);
    for (unsigned a = 0; a < g->order; a++) {
      assert_int_equal(lat_group_product(g, 0, a), a);
      assert_int_equal(lat_group_product(g, a, 0), a);
      assert_int_equal(lat_group_product(g, a, g->inverse[a]), 0);
      assert_int_equal(lat_group_product(g, g->inverse[a], a), 0);
      for (unsigned b = 0; b < g->order; b++) {
        unsigned ab = lat_group_product(g, a, b);
        assert_true(ab < g->order);
        for (unsigned c = 0; c < g->order; c++)
          if (lat_group_product(g, ab, c) != lat_group_product(g, a, lat_group_product(g, b, c)))
            fail_msg("%s: (%u %u) %u", known[k].name, a, b, c);
      }
    }
    lat_group_free(g);
  }
}

static void a_name_that_is_no_group_is_refused_in_one_sentence(void **state) {
  (void)state;
  static const char *const bad[] = {"",   "z",   "z0",  "z129", "s1",  "s6", "a2",  "a6",
                                    "q8", "s5x", "z 5", "z-1",  "z05", "5",  "s55", "z99999999999999999999"};
  struct lat_group *group;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    if (lat_group_make(bad[k], &group) != LAT_INPUT) fail_msg("'%s' was taken", bad[k]);
    assert_null(group);
    assert_non_null(strstr(lat_error_message(), "z1 .. z128, s2 .. s5 or a3 .. a5"));
  }
}

static void no_memory_is_told_and_nothing_leaks(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_group *group;
    lat_memory_fail_at(k);
    int status = lat_group_make("a4", &group);
    lat_memory_fail_at(0);
    if (status == LAT_OK) {
      lat_group_free(group);
      assert_true(k > 2);
      break;
    }
    assert_int_equal(status, LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(lat_memory_current(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_group_obeys_the_axioms_and_has_its_order_and_classes),
      cmocka_unit_test(a_name_that_is_no_group_is_refused_in_one_sentence),
      cmocka_unit_test(no_memory_is_told_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
