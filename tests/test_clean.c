/* Cleaning and measuring netlists, and the small operations on tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/truth.h"
#include "tests/netlist_help.h"

static struct lat_netlist *clean(const struct lat_netlist *from) {
  struct lat_netlist *made;
  assert_int_equal(lat_circuit_clean(from, &made), LAT_OK);
  return made;
}

static struct lat_circuit_statistics measure(const struct lat_netlist *netlist) {
  struct lat_circuit_statistics statistics;
  assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
  return statistics;
}

static struct lat_netlist *with_inputs(size_t inputs) {
  struct lat_netlist *netlist;
  assert_int_equal(lat_netlist_alloc("hand", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  return netlist;
}
static uint32_t node(struct lat_netlist *netlist, uint64_t table, unsigned fan_ins, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t fan_in[3] = {a, b, c}, number;
  assert_int_equal(lat_netlist_node(netlist, fan_ins, fan_in, table, &number), LAT_OK);
  return number;
}
static void show(struct lat_netlist *netlist, uint32_t number) {
  assert_int_equal(lat_netlist_output(netlist, NULL, number), LAT_OK);
}
static void finish(struct lat_netlist *netlist) { assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK); }

/* Every node is reached, depends on all its fan-ins, which differ; constants and inverters stand at outputs only. */
static void assert_clean(const struct lat_netlist *netlist) {
  unsigned char *used = calloc(netlist->nodes + 1, 1), *shown = calloc(netlist->nodes + 1, 1);
  for (size_t o = 0; o < netlist->outputs; o++) used[netlist->output[o]] = shown[netlist->output[o]] = 1;
  for (size_t i = netlist->nodes; i-- > netlist->inputs;) {
    unsigned n = lat_netlist_fan_ins(netlist, i);
    const uint32_t *fan_in = netlist->fan_in + netlist->first[i];
    assert_true(used[i]);
    assert_true(n >= 2 || shown[i]);
    if (n == 1) assert_true(fan_in[0] < netlist->inputs && netlist->table[i] == 1);
    for (unsigned j = 0; j < n; j++) {
      assert_true(lat_truth_depends(netlist->table[i], n, j));
      for (unsigned l = 0; l < j; l++) assert_int_not_equal(fan_in[j], fan_in[l]);
      assert_true(fan_in[j] < netlist->inputs || lat_netlist_fan_ins(netlist, fan_in[j]) >= 2);
      used[fan_in[j]] = 1;
    }
  }
  free(used);
  free(shown);
}

static void random_netlists_become_clean_and_keep_their_function(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 100; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, (size_t)seed % 14, 2 * (size_t)seed + 1, 8), *made = clean(netlist);
    struct lat_netlist *again = clean(made);
    assert_same_function(netlist, made);
    assert_clean(made);
    assert_true(measure(made).depth <= measure(netlist).depth);
    assert_int_equal(again->nodes, made->nodes); /* a second time changes nothing */
    assert_memory_equal(again->table, made->table, made->nodes * sizeof *made->table);
    lat_netlist_free(netlist);
    lat_netlist_free(made);
    lat_netlist_free(again);
  }
}

static void inverters_go_into_their_readers(void **state) {
  (void)state;
  struct lat_netlist *netlist = with_inputs(2);
  uint32_t not_x = node(netlist, 1, 1, 0, 0, 0), again = node(netlist, 1, 1, not_x, 0, 0);
  uint32_t buffer = node(netlist, 2, 1, not_x, 0, 0), both = node(netlist, 8, 2, buffer, 1, 0);
  uint32_t not_both = node(netlist, 1, 1, both, 0, 0), last = node(netlist, 6, 2, not_both, again, 0);
  show(netlist, last);
  finish(netlist);
  struct lat_netlist *made = clean(netlist);
  assert_int_equal(made->nodes - made->inputs, 2);
  assert_int_equal(measure(made).depth, 2);
  assert_same_function(netlist, made);
  lat_netlist_free(netlist);
  lat_netlist_free(made);
}

/* A complemented output costs a node only when the plain one is shown too. */
static void complemented_outputs_add_no_level(void **state) {
  (void)state;
  for (int plain_too = 0; plain_too < 2; plain_too++) {
    struct lat_netlist *netlist = with_inputs(3);
    uint32_t both = node(netlist, 8, 2, 0, 1, 0), not_both = node(netlist, 1, 1, both, 0, 0);
    show(netlist, not_both);
    show(netlist, node(netlist, 8, 2, both, 2, 0));
    if (plain_too) show(netlist, both);
    finish(netlist);
    struct lat_netlist *made = clean(netlist);
    assert_int_equal(made->nodes - made->inputs, 2 + plain_too);
    assert_int_equal(measure(made).depth, 2);
    assert_same_function(netlist, made);
    lat_netlist_free(netlist);
    lat_netlist_free(made);
  }
}

static void constants_fold_away(void **state) {
  (void)state;
  struct lat_netlist *netlist = with_inputs(2);
  uint32_t one = node(netlist, 1, 0, 0, 0, 0), zero = node(netlist, 6, 2, 0, 0, 0);         /* x ^ x */
  uint32_t x = node(netlist, 8, 2, 0, one, 0), choice = node(netlist, 0xca, 3, x, 1, zero); /* third ? second : first */
  show(netlist, choice);                                                                    /* is x */
  show(netlist, node(netlist, 0xe, 2, 1, one, 0));
  show(netlist, zero);
  finish(netlist);
  struct lat_netlist *made = clean(netlist);
  assert_same_function(netlist, made);
  assert_int_equal(made->nodes - made->inputs, 2); /* the constants that outputs show */
  assert_int_equal(measure(made).depth, 0);
  lat_netlist_free(netlist);
  lat_netlist_free(made);
}

static void ports_stay_even_when_unused(void **state) {
  (void)state;
  struct lat_netlist *netlist = with_inputs(5), *made;
  show(netlist, 4);
  show(netlist, 4);
  finish(netlist);
  made = clean(netlist);
  assert_int_equal(made->inputs, 5);
  assert_int_equal(made->outputs, 2);
  assert_string_equal(made->name, "hand");
  assert_same_function(netlist, made);
  lat_netlist_free(netlist);
  lat_netlist_free(made);
}

static void table_operations_equal_their_meaning(void **state) {
  (void)state;
  for (unsigned n = 1; n <= 6; n++)
    for (uint64_t seed = 1; seed < 20; seed++) {
      uint64_t table = seed * 0x9e3779b97f4a7c15u & lat_truth_mask(n);
      for (unsigned j = 0; j < n; j++) {
        uint64_t flipped = lat_truth_flip(table, n, j);
        int depends = 0;
        for (unsigned s = 0; s < 1u << n; s++) {
          unsigned low = s & ((1u << j) - 1), rest = low | (s >> (j + 1)) << j; /* s without bit j */
          assert_int_equal(flipped >> s & 1, table >> (s ^ 1u << j) & 1);
          assert_int_equal(lat_truth_fix(table, n, j, (int)(s >> j & 1)) >> rest & 1, table >> s & 1);
          assert_int_equal(lat_truth_variable(n, j) >> s & 1, s >> j & 1);
          depends |= (table >> s & 1) != (table >> (s ^ 1u << j) & 1);
          for (unsigned i = 0; i < n; i++)
            if (i != j) {
              int inverted = (s >> i & 1) != (s >> j & 1);
              assert_int_equal(lat_truth_tie(table, n, i, j, inverted) >> rest & 1, table >> s & 1);
            }
        }
        assert_int_equal(lat_truth_depends(table, n, j), depends);
        assert_int_equal(flipped & ~lat_truth_mask(n), 0);
      }
    }
}

/* x0 .. x2; a = x0 x1; b = a ^ x2 (skips a level); c = maj(a, b, x0); d = not b is dead and deeper than the outputs. */
static void statistics_count(void **state) {
  (void)state;
  struct lat_netlist *netlist = with_inputs(3);
  uint32_t a = node(netlist, 8, 2, 0, 1, 0), b = node(netlist, 6, 2, a, 2, 0);
  uint32_t c = node(netlist, 0xe8, 3, a, b, 0), d = node(netlist, 1, 1, c, 0, 0), one = node(netlist, 1, 0, 0, 0, 0);
  (void)d;
  show(netlist, b);
  show(netlist, c);
  show(netlist, one);
  finish(netlist);
  struct lat_circuit_statistics s = measure(netlist);
  assert_int_equal(s.inputs, 3);
  assert_int_equal(s.outputs, 3);
  assert_int_equal(s.nodes, 5);
  assert_int_equal(s.depth, 3);
  assert_int_equal(s.widest_level, 1);
  assert_int_equal(s.edges, 8);
  assert_int_equal(s.skip_edges, 3); /* x2 -> b, a -> c, x0 -> c */
  static const size_t by_fan_in[LAT_MAX_FAN_IN + 1] = {1, 1, 2, 1, 0, 0, 0};
  assert_memory_equal(s.by_fan_in, by_fan_in, sizeof by_fan_in);
  lat_netlist_free(netlist);
}

static void every_failed_allocation_is_survived(void **state) {
  (void)state;
  struct lat_netlist *netlist = random_netlist(9, 6, 60, 12);
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK; k++) {
    size_t held = lat_memory_current();
    struct lat_netlist *made = NULL;
    lat_memory_fail_at(k);
    status = lat_circuit_clean(netlist, &made);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_true((status == LAT_OK) == (made != NULL));
    lat_netlist_free(made);
    assert_int_equal(lat_memory_current(), held);
  }
  struct lat_circuit_statistics statistics;
  for (uint64_t k = 1; k <= 2; k++) {
    size_t held = lat_memory_current();
    lat_memory_fail_at(k);
    assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_MEMORY);
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), held);
  }
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_netlists_become_clean_and_keep_their_function),
      cmocka_unit_test(inverters_go_into_their_readers),
      cmocka_unit_test(complemented_outputs_add_no_level),
      cmocka_unit_test(constants_fold_away),
      cmocka_unit_test(ports_stay_even_when_unused),
      cmocka_unit_test(table_operations_equal_their_meaning),
      cmocka_unit_test(statistics_count),
      cmocka_unit_test(every_failed_allocation_is_survived),
  };
  return cmocka_run_group_tests_name("clean", tests, NULL, NULL);
}
