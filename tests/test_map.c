/* Mapping: the function, the fan-in, and the depth against FlowMap with plain breadth-first flows, written here. */
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
#include "lib/circuit/aig.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/cuts.h"
#include "tests/netlist_help.h"

static struct lat_netlist *family(const char *text, uint64_t seed) {
  struct lat_netlist *netlist;
  if (lat_family_make(text, seed, &netlist) != LAT_OK) fail_msg("%s: %s", text, lat_error_message());
  return netlist;
}

static struct lat_netlist *map(const struct lat_netlist *from, unsigned k) {
  struct lat_netlist *mapped;
  assert_int_equal(lat_circuit_map(from, k, &mapped), LAT_OK);
  for (size_t i = 0; i < mapped->nodes; i++) assert_true(lat_netlist_fan_ins(mapped, i) <= k);
  return mapped;
}

static uint32_t depth_of(const struct lat_netlist *netlist) {
  struct lat_circuit_statistics statistics;
  assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
  return statistics.depth;
}

/* The reference: FlowMap (Cong and Ding, 1994) as it stands in the paper. For each node in order, all nodes of its cone with the
 * greatest label p among its fan-ins become one sink; if a flow of at most k from the inputs, with capacity 1 in every node,
 * reaches it, the label is p, else p + 1. Flows are found breadth first over a list of edges, each beside its opposite. */
struct network {
  size_t edges, *to, *next, *first; /* edge e and e ^ 1 are opposite; first[half] and next[e] are 1 + edge, 0 at the end */
  int *capacity;
  size_t *reached_by, *queue; /* per half: 1 + edge */
};

static void connect(struct network *n, size_t from, size_t to, int capacity) {
  for (int back = 0; back < 2; back++, n->edges++) {
    n->to[n->edges] = back ? from : to;
    n->capacity[n->edges] = back ? 0 : capacity;
    n->next[n->edges] = n->first[back ? to : from];
    n->first[back ? to : from] = n->edges + 1;
  }
}

static int augment(struct network *n, size_t halves, size_t source, size_t sink) {
  size_t begin = 0, end = 0;
  memset(n->reached_by, 0, halves * sizeof *n->reached_by);
  n->queue[end++] = source;
  while (begin < end && n->reached_by[sink] == 0) {
    size_t at = n->queue[begin++];
    for (size_t e = n->first[at]; e != 0; e = n->next[e - 1]) {
      size_t to = n->to[e - 1];
      if (n->capacity[e - 1] > 0 && to != source && n->reached_by[to] == 0) n->reached_by[to] = e, n->queue[end++] = to;
    }
  }
  if (n->reached_by[sink] == 0) return 0;
  for (size_t at = sink; at != source;) {
    size_t e = n->reached_by[at] - 1;
    n->capacity[e]--;
    n->capacity[e ^ 1]++;
    at = n->to[e ^ 1];
  }
  return 1;
}

static uint32_t flowmap_label(const struct lat_aig *aig, uint32_t node, const uint32_t *label, unsigned k) {
  uint32_t p = 0;
  for (int j = 0; j < 2; j++) {
    uint32_t below = label[aig->fan_in[node][j] / 2];
    p = below > p ? below : p;
  }
  if (p == 0) return 1;
  /* Halves of node i: 2 i towards the inputs, 2 i + 1 towards the outputs; 0 is the source, 1 the sink. */
  size_t halves = 2 * (size_t)node + 2, most = 8 * halves;
  struct network n = {.to = calloc(most, sizeof(size_t)),
                      .next = calloc(most, sizeof(size_t)),
                      .first = calloc(halves, sizeof(size_t)),
                      .capacity = calloc(most, sizeof(int)),
                      .reached_by = calloc(halves, sizeof(size_t)),
                      .queue = calloc(halves, sizeof(size_t))};
  unsigned char *in_cone = calloc(node + 1, 1);
  in_cone[node] = 1;
  for (uint32_t i = node; i > 0; i--) {
    if (!in_cone[i]) continue;
    int in_sink = i == node || label[i] >= p;
    size_t lower = in_sink ? 1 : 2 * (size_t)i;
    if (!in_sink) connect(&n, lower, lower + 1, 1);
    if (!lat_aig_is_and(aig, i)) connect(&n, 0, lower, 100);
    for (int j = 0; lat_aig_is_and(aig, i) && j < 2; j++) {
      uint32_t below = aig->fan_in[i][j] / 2;
      in_cone[below] = 1;
      if (label[below] < p) connect(&n, 2 * (size_t)below + 1, lower, 100);
    }
  }
  unsigned flow = 0;
  while (flow <= k && augment(&n, halves, 0, 1)) flow++;
  free(n.to);
  free(n.next);
  free(n.first);
  free(n.capacity);
  free(n.reached_by);
  free(n.queue);
  free(in_cone);
  return flow <= k ? p : p + 1;
}

static uint32_t flowmap_depth(const struct lat_netlist *netlist, unsigned k) {
  struct lat_aig *aig;
  uint32_t depth = 0;
  assert_int_equal(lat_aig_from_netlist(netlist, &aig), LAT_OK);
  uint32_t *label = calloc(aig->nodes, sizeof *label);
  for (uint32_t i = (uint32_t)aig->inputs + 1; i < aig->nodes; i++) label[i] = flowmap_label(aig, i, label, k);
  for (size_t o = 0; o < aig->outputs; o++) depth = label[aig->output[o] / 2] > depth ? label[aig->output[o] / 2] : depth;
  free(label);
  lat_aig_free(aig);
  return depth;
}

/* `exact`: no table of the family ignores one of its leaves, which would make the circuit less deep than its structure. */
static void check_against_flowmap(const struct lat_netlist *netlist, const char *name, int exact) {
  for (unsigned k = 2; k <= LAT_MAX_FAN_IN; k++) {
    struct lat_netlist *mapped = map(netlist, k);
    uint32_t reference = flowmap_depth(netlist, k);
    if (exact ? depth_of(mapped) != reference : depth_of(mapped) > reference)
      fail_msg("%s, %u: depth %u, not %u", name, k, depth_of(mapped), reference);
    lat_netlist_free(mapped);
  }
}

static void depth_is_the_least_for_the_structure(void **state) {
  (void)state;
  static const char *const names[] = {"parity:1",       "parity:13",    "parity:33", "ripple:1",       "ripple:13",
                                      "kogge_stone:11", "comparator:9", "wallace:4", "wallace:5",      "sipser:3",
                                      "batcher:8",      "majority:8",   "rule110:1", "reachability:4", "multiplexer:4",
                                      "decoder:4",      "s5_tree:2",    "layered:9", "layered:18",     "narrow:30"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct lat_netlist *netlist = family(names[i], 2);
    check_against_flowmap(netlist, names[i], 1);
    lat_netlist_free(netlist);
  }
}

/* In the square root of 14 bits no candidate that is kept has the least level for k = 5. */
static void depth_is_the_least_where_candidates_miss_it(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("square_root:7", 1);
  check_against_flowmap(netlist, "square_root:7", 1);
  lat_netlist_free(netlist);
}

static void depth_is_no_more_than_the_least_where_tables_ignore_leaves(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    struct lat_netlist *netlist = family("narrow:24", seed);
    check_against_flowmap(netlist, "narrow:24", 0);
    lat_netlist_free(netlist);
  }
}

static struct lat_cut cut_of(uint32_t size, const uint32_t *leaf, uint32_t arrival, float area) {
  struct lat_cut cut = {.size = size, .arrival = arrival, .area = area};
  for (uint32_t i = 0; i < size; i++) cut.leaf[i] = leaf[i], cut.signature |= (uint32_t)1 << (leaf[i] % 32);
  return cut;
}

static void cuts_merge_as_sets(void **state) {
  (void)state;
  static const uint32_t first[] = {1, 3, 40}, second[] = {3, 8}, all[] = {1, 3, 8, 40};
  struct lat_cut a = cut_of(3, first, 0, 0), b = cut_of(2, second, 0, 0), made, expected = cut_of(4, all, 0, 0);
  assert_int_equal(lat_cut_merge(&a, &b, 4, &made), 1);
  assert_int_equal(made.size, 4);
  assert_memory_equal(made.leaf, all, sizeof all);
  assert_int_equal(made.signature, expected.signature);
  assert_int_equal(lat_cut_merge(&a, &b, 3, &made), 0);
  assert_int_equal(lat_cut_merge(&a, &a, 3, &made), 1);
  assert_int_equal(made.size, 3);
}

static void cut_sets_stay_sorted_small_and_without_supersets(void **state) {
  (void)state;
  static const uint32_t leaf[] = {1, 3, 8, 9, 33};
  struct lat_cut set[3], large = cut_of(3, leaf, 2, 1), part = cut_of(2, leaf + 1, 3, 1), other = cut_of(2, leaf + 3, 3, 0);
  struct lat_cut late = cut_of(1, leaf, 9, 9), early = cut_of(1, leaf + 3, 1, 9);
  size_t count = 0;
  lat_cut_insert(set, &count, 3, LAT_CUT_DEPTH, &large);
  lat_cut_insert(set, &count, 3, LAT_CUT_DEPTH, &part); /* a subset of `large`, which goes */
  assert_true(count == 1 && set[0].size == 2);
  lat_cut_insert(set, &count, 3, LAT_CUT_DEPTH, &large); /* a superset of `part` */
  assert_int_equal(count, 1);
  lat_cut_insert(set, &count, 3, LAT_CUT_DEPTH, &other); /* equal but for the area */
  assert_true(count == 2 && set[0].leaf[0] == 9);
  lat_cut_insert(set, &count, 3, LAT_CUT_DEPTH, &late);
  assert_true(count == 3 && set[2].leaf[0] == 1);
  lat_cut_insert(set, &count, 2 + 1, LAT_CUT_DEPTH, &early); /* a subset of `other` */
  assert_true(count == 3 && set[0].leaf[0] == 9 && set[0].size == 1 && set[1].leaf[0] == 3);
  count = 2;
  lat_cut_insert(set, &count, 2, LAT_CUT_DEPTH, &late); /* worse than all of a full set */
  assert_true(count == 2 && set[1].leaf[0] == 3);
}

static void function_is_kept(void **state) {
  (void)state;
  static const char *const names[] = {"parity:1",    "parity:11",  "ripple:1",      "ripple:40",      "kogge_stone:17",
                                      "wallace:6",   "wallace:16", "comparator:32", "sipser:4",       "s5_tree:5",
                                      "s5_serial:4", "batcher:32", "majority:16",   "reachability:9", "rule110:20",
                                      "layered:60",  "narrow:200", "multiplexer:7", "decoder:7"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (unsigned k = 2; k <= LAT_MAX_FAN_IN; k++) {
      struct lat_netlist *netlist = family(names[i], 1), *mapped = map(netlist, k);
      assert_same_function(netlist, mapped);
      lat_netlist_free(netlist);
      lat_netlist_free(mapped);
    }
}

static void tables_of_any_kind_are_mapped(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++)
    for (unsigned k = 2; k <= LAT_MAX_FAN_IN; k++) {
      struct lat_netlist *netlist = random_netlist(seed, (size_t)seed % 12, 1 + 3 * (size_t)seed, 10),
                         *mapped = map(netlist, k);
      assert_same_function(netlist, mapped);
      lat_netlist_free(netlist);
      lat_netlist_free(mapped);
    }
}

static void circuits_of_such_gates_never_grow_deeper(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, 9, 10 + 5 * (size_t)seed, 20), *mapped = map(netlist, 6);
    assert_true(depth_of(mapped) <= depth_of(netlist));
    lat_netlist_free(netlist);
    lat_netlist_free(mapped);
  }
}

/* For the input 0 all nodes are 0, but for those that an output needs in the other polarity. */
static void gates_rest_at_0(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 20; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, 9, 10 + 5 * (size_t)seed, 4), *mapped = map(netlist, 4);
    unsigned char *shown = calloc(mapped->nodes, 1), *value = calloc(mapped->nodes, 1);
    plain_values(mapped, value);
    for (size_t o = 0; o < mapped->outputs; o++) shown[mapped->output[o]] = 1;
    for (size_t i = mapped->inputs; i < mapped->nodes; i++) assert_true(shown[i] || !value[i]);
    free(shown);
    free(value);
    lat_netlist_free(netlist);
    lat_netlist_free(mapped);
  }
}

static void known_depths_and_sizes(void **state) {
  (void)state;
  static const struct {
    const char *name;
    unsigned k;
    uint32_t depth;
    size_t nodes;
  } known[] = {{"parity:256", 2, 8, 255}, {"parity:256", 4, 4, 85},  {"parity:16", 3, 4, 0},   {"parity:16", 6, 2, 0},
               {"ripple:128", 2, 255, 0}, {"ripple:128", 3, 128, 0}, {"ripple:128", 4, 85, 0}, {"ripple:128", 6, 51, 0},
               {"ripple:1", 2, 1, 2},     {"decoder:6", 6, 1, 64},   {"rule110:7", 3, 7, 224}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    struct lat_netlist *netlist = family(known[i].name, 1), *mapped = map(netlist, known[i].k);
    assert_int_equal(depth_of(mapped), known[i].depth);
    if (known[i].nodes) assert_int_equal(mapped->nodes - mapped->inputs, known[i].nodes);
    lat_netlist_free(netlist);
    lat_netlist_free(mapped);
  }
}

/* ISCAS-85 c17: six NANDs of depth 3. */
static void c17_has_depth_3_2_1_1(void **state) {
  (void)state;
  static const uint32_t nand[6][2] = {{0, 2}, {2, 3}, {1, 6}, {6, 4}, {5, 7}, {7, 8}};
  struct lat_netlist *netlist;
  assert_int_equal(lat_netlist_alloc("c17", &netlist), LAT_OK);
  for (int i = 0; i < 5; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (int i = 0; i < 6; i++) assert_int_equal(lat_netlist_node(netlist, 2, nand[i], 7, NULL), LAT_OK);
  for (uint32_t o = 9; o < 11; o++) assert_int_equal(lat_netlist_output(netlist, NULL, o), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  static const uint32_t depth[LAT_MAX_FAN_IN + 1] = {0, 0, 3, 2, 1, 1, 1};
  for (unsigned k = 2; k <= LAT_MAX_FAN_IN; k++) {
    struct lat_netlist *mapped = map(netlist, k);
    assert_int_equal(depth_of(mapped), depth[k]);
    assert_same_function(netlist, mapped);
    lat_netlist_free(mapped);
  }
  lat_netlist_free(netlist);
}

/* Inputs x, y; outputs x, not x, 0, 1, x and y, not (x and y), and x and y again. */
static void odd_outputs_survive(void **state) {
  (void)state;
  struct lat_netlist *netlist;
  static const uint32_t both[2] = {0, 1};
  uint32_t not_x, zero, one, conjunction, nand;
  assert_int_equal(lat_netlist_alloc("odd", &netlist), LAT_OK);
  for (int i = 0; i < 2; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 1, both, 1, &not_x), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 0, NULL, 0, &zero), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 0, NULL, 1, &one), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 2, both, 8, &conjunction), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 1, &conjunction, 1, &nand), LAT_OK);
  const uint32_t shown[] = {0, not_x, zero, one, conjunction, nand, conjunction};
  for (int o = 0; o < 7; o++) assert_int_equal(lat_netlist_output(netlist, NULL, shown[o]), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  struct lat_netlist *mapped = map(netlist, 2);
  assert_same_function(netlist, mapped);
  assert_int_equal(mapped->nodes, 7); /* the inputs, not x, both constants, both polarities of the AND */
  assert_int_equal(depth_of(mapped), 1);
  lat_netlist_free(mapped);
  lat_netlist_free(netlist);
}

static void nothing_is_mapped_to_nothing(void **state) {
  (void)state;
  for (size_t inputs = 0; inputs < 2; inputs++) {
    struct lat_netlist *netlist = random_netlist(1, inputs, 0, 0), *mapped = map(netlist, 4);
    assert_int_equal(mapped->nodes, inputs);
    assert_int_equal(mapped->outputs, 0);
    lat_netlist_free(netlist);
    lat_netlist_free(mapped);
  }
}

static void deep_circuits_map_in_linear_memory(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("narrow:6000", 1);
  size_t held = lat_memory_current();
  lat_memory_reset_peak();
  struct lat_netlist *mapped = map(netlist, 4);
  assert_true(lat_memory_peak() - held < (netlist->nodes * 3 / 2) * 1000);
  assert_same_function(netlist, mapped);
  lat_netlist_free(netlist);
  lat_netlist_free(mapped);
}

static void every_failed_allocation_is_survived(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("ripple:20", 1);
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK; k++) {
    size_t held = lat_memory_current();
    struct lat_netlist *mapped = NULL;
    lat_memory_fail_at(k);
    status = lat_circuit_map(netlist, 4, &mapped);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_true((status == LAT_OK) == (mapped != NULL));
    lat_netlist_free(mapped);
    assert_int_equal(lat_memory_current(), held);
  }
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(depth_is_the_least_for_the_structure),
      cmocka_unit_test(depth_is_the_least_where_candidates_miss_it),
      cmocka_unit_test(depth_is_no_more_than_the_least_where_tables_ignore_leaves),
      cmocka_unit_test(cuts_merge_as_sets),
      cmocka_unit_test(cut_sets_stay_sorted_small_and_without_supersets),
      cmocka_unit_test(function_is_kept),
      cmocka_unit_test(tables_of_any_kind_are_mapped),
      cmocka_unit_test(circuits_of_such_gates_never_grow_deeper),
      cmocka_unit_test(gates_rest_at_0),
      cmocka_unit_test(known_depths_and_sizes),
      cmocka_unit_test(c17_has_depth_3_2_1_1),
      cmocka_unit_test(odd_outputs_survive),
      cmocka_unit_test(nothing_is_mapped_to_nothing),
      cmocka_unit_test(deep_circuits_map_in_linear_memory),
      cmocka_unit_test(every_failed_allocation_is_survived),
  };
  return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
