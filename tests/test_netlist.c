/* The netlist: order, cycles, levels, limits, and what happens when memory runs out. */
#include "lib/circuit/netlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static struct lat_netlist *empty(void) {
  struct lat_netlist *netlist = NULL;
  assert_int_equal(lat_netlist_alloc("m", &netlist), LAT_OK);
  return netlist;
}

static uint32_t add(struct lat_netlist *netlist, unsigned fan_ins, uint32_t a, uint32_t b, uint64_t table) {
  uint32_t number = 0, fan_in[2] = {a, b};
  assert_int_equal(lat_netlist_node(netlist, fan_ins, fan_in, table, &number), LAT_OK);
  return number;
}

static void names_are_copied_and_defaults_are_numbered(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  char name[] = "alpha";
  lat_netlist_input(netlist, name, NULL);
  lat_netlist_input(netlist, NULL, NULL);
  lat_netlist_output(netlist, NULL, 1);
  name[0] = 'X';
  assert_string_equal(netlist->input_name[0], "alpha");
  assert_string_equal(netlist->input_name[1], "i1");
  assert_string_equal(netlist->output_name[0], "o0");
  lat_netlist_free(netlist);
}

static void a_netlist_in_order_stays_as_it_is(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  uint32_t a = 0, b = 0;
  lat_netlist_input(netlist, "a", &a);
  lat_netlist_input(netlist, "b", &b);
  uint32_t x = add(netlist, 2, b, a, 8), y = add(netlist, 1, a, 0, 1), z = add(netlist, 2, y, x, 6);
  lat_netlist_output(netlist, "z", z);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  const uint32_t expected[] = {1, 0, 0, 3, 2};
  assert_memory_equal(netlist->fan_in, expected, sizeof expected);
  assert_int_equal(netlist->output[0], z);
  lat_netlist_free(netlist);
}

static void forward_references_are_sorted_and_the_rest_keeps_its_order(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  lat_netlist_input(netlist, "a", NULL);
  add(netlist, 1, 0, 0, 1); /* 1: not a */
  add(netlist, 2, 4, 1, 6); /* 2: reads 4, which comes later */
  add(netlist, 1, 0, 0, 2); /* 3: a */
  add(netlist, 2, 0, 1, 8); /* 4 */
  lat_netlist_output(netlist, "y", 2);
  lat_netlist_output(netlist, "x", 3);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  /* the new order is 1, 4, 2, 3 */
  const uint64_t tables[] = {0, 1, 8, 6, 2};
  const uint32_t fan_ins[] = {0, 0, 1, 2, 1, 0};
  assert_memory_equal(netlist->table, tables, sizeof tables);
  assert_memory_equal(netlist->fan_in, fan_ins, sizeof fan_ins);
  assert_int_equal(netlist->output[0], 3);
  assert_int_equal(netlist->output[1], 4);
  uint32_t level[5];
  assert_int_equal(lat_netlist_levels(netlist, level), 3);
  lat_netlist_free(netlist);
}

static void cycles_are_found_and_one_node_of_them_is_named(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  lat_netlist_input(netlist, "a", NULL);
  add(netlist, 2, 0, 4, 8); /* 1 reads the cycle without being on it */
  add(netlist, 2, 0, 4, 8); /* 2 -> 4 -> 3 -> 2 */
  add(netlist, 2, 0, 2, 8);
  add(netlist, 2, 0, 3, 8);
  uint32_t cycle = 99;
  assert_int_equal(lat_netlist_finish(netlist, &cycle), LAT_INPUT);
  if (!(cycle >= 2 && cycle <= 4)) fail();
  assert_non_null(strstr(lat_error_message(), "cycle"));
  assert_int_equal(netlist->fan_in[1], 4); /* unchanged */
  lat_netlist_free(netlist);

  netlist = empty();
  add(netlist, 1, 0, 0, 2);
  assert_int_equal(lat_netlist_finish(netlist, &cycle), LAT_INPUT);
  assert_int_equal(cycle, 0);
  lat_netlist_free(netlist);
}

static void numbers_that_do_not_exist_are_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  lat_netlist_input(netlist, "a", NULL);
  add(netlist, 1, 2, 0, 2);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_INPUT);
  netlist->fan_in[0] = 0;
  lat_netlist_output(netlist, "y", 2);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_INPUT);
  netlist->output[0] = 1;
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  lat_netlist_free(netlist);
}

/* A chain written backwards is the worst case for a recursive sort. */
static void a_backward_chain_of_300_000_levels_is_sorted(void **state) {
  (void)state;
  enum { LENGTH = 300000 };
  struct lat_netlist *netlist = empty();
  lat_netlist_input(netlist, NULL, NULL);
  for (uint32_t i = 1; i < LENGTH; i++) add(netlist, 1, i + 1, 0, 1);
  add(netlist, 1, 0, 0, 1);
  lat_netlist_output(netlist, NULL, 1);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  for (uint32_t node = 1; node <= LENGTH; node++) assert_int_equal(netlist->fan_in[netlist->first[node]], node - 1);
  uint32_t *level = malloc(netlist->nodes * sizeof *level);
  assert_int_equal(lat_netlist_levels(netlist, level), LENGTH);
  free(level);
  lat_netlist_free(netlist);
}

static void constants_and_inputs_are_at_level_0(void **state) {
  (void)state;
  struct lat_netlist *netlist = empty();
  lat_netlist_input(netlist, NULL, NULL);
  uint32_t one = add(netlist, 0, 0, 0, 1);
  uint32_t deep = add(netlist, 2, one, 0, 6);
  add(netlist, 1, deep, 0, 1); /* no output reaches this one */
  lat_netlist_output(netlist, NULL, deep);
  lat_netlist_output(netlist, NULL, 0);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  uint32_t level[4];
  assert_int_equal(lat_netlist_levels(netlist, level), 1);
  assert_int_equal(level[1], 0);
  assert_int_equal(level[3], 2);
  lat_netlist_free(netlist);
}

static int build_and_copy(struct lat_netlist **kept) {
  struct lat_netlist *netlist = NULL, *copy = NULL;
  int status = LAT_OK;
  uint32_t fan_in[2] = {0, 20};
  *kept = NULL;
  LAT_TRY(status, lat_netlist_alloc("m", &netlist));
  for (int i = 0; i < 18; i++) LAT_TRY(status, lat_netlist_input(netlist, NULL, NULL));
  for (int i = 0; i < 2; i++) LAT_TRY(status, lat_netlist_node(netlist, 2, fan_in, 8, NULL));
  LAT_TRY(status, lat_netlist_node(netlist, 1, fan_in, 1, NULL));
  for (int i = 0; i < 18; i++) LAT_TRY(status, lat_netlist_output(netlist, NULL, 18));
  LAT_TRY(status, lat_netlist_finish(netlist, NULL));
  LAT_TRY(status, lat_netlist_copy(netlist, &copy));
  *kept = copy;
done:
  lat_netlist_free(netlist);
  return status;
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_netlist *netlist = NULL;
    lat_memory_fail_at(k);
    int status = build_and_copy(&netlist);
    lat_memory_fail_at(0);
    lat_netlist_free(netlist);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) {
      if (!(k > 60)) fail();
      break;
    }
    assert_int_equal(status, LAT_MEMORY);
    assert_null(netlist);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_copied_and_defaults_are_numbered),
      cmocka_unit_test(a_netlist_in_order_stays_as_it_is),
      cmocka_unit_test(forward_references_are_sorted_and_the_rest_keeps_its_order),
      cmocka_unit_test(cycles_are_found_and_one_node_of_them_is_named),
      cmocka_unit_test(numbers_that_do_not_exist_are_refused),
      cmocka_unit_test(a_backward_chain_of_300_000_levels_is_sorted),
      cmocka_unit_test(constants_and_inputs_are_at_level_0),
      cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
