/* Every generated family against arithmetic written here without gates, its depth against its formula, its sensitising
 * assignment against a wave that starts from gates at 0, and its generator against failing allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "tests/family_reference.h"

static struct lat_netlist *make(const char *name, int64_t size, uint64_t seed) {
  char text[64];
  struct lat_netlist *netlist = NULL;
  snprintf(text, sizeof text, "%s:%lld", name, (long long)size);
  if (lat_family_make(text, seed, &netlist) != LAT_OK) fail_msg("%s: %s", text, lat_error_message());
  return netlist;
}

/* All assignments of up to 12 inputs, else 256 drawn ones. */
static void check_function(const struct lat_netlist *netlist, const char *name, int64_t size, reference_function *reference,
                           draw_function *draw) {
  int exhaustive = netlist->inputs <= 12 && !draw;
  size_t count = exhaustive ? (size_t)1 << netlist->inputs : 256;
  struct lat_vectors *in, *values;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, count, &in), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, count, &values), LAT_OK);
  unsigned char *bit = calloc(netlist->inputs + 1, 1), *expected = calloc(netlist->outputs + 1, 1);
  if (exhaustive)
    lat_vectors_exhaustive(in);
  else
    lat_vectors_random(in, 7);
  for (size_t v = 0; v < count && draw; v++) {
    struct lat_random random;
    lat_random_start(&random, 3, "test", v);
    draw(size, &random, bit, netlist->inputs);
    for (size_t i = 0; i < netlist->inputs; i++) lat_vectors_set(in, i, v, bit[i]);
  }
  lat_simulate(netlist, in, values);
  for (size_t v = 0; v < count; v++) {
    for (size_t i = 0; i < netlist->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(in, i, v);
    reference(size, bit, expected);
    for (size_t o = 0; o < netlist->outputs; o++)
      if (lat_vectors_get(values, netlist->output[o], v) != expected[o])
        fail_msg("%s:%lld vector %zu output %s is not %d", name, (long long)size, v, netlist->output_name[o], expected[o]);
  }
  free(bit);
  free(expected);
  lat_vectors_free(in);
  lat_vectors_free(values);
}

static int node_value(const struct lat_netlist *netlist, const unsigned char *value, size_t i) {
  unsigned index = 0;
  for (unsigned j = 0; j < lat_netlist_fan_ins(netlist, i); j++)
    index |= (unsigned)value[netlist->fan_in[netlist->first[i] + j]] << j;
  return (int)(netlist->table[i] >> index & 1);
}

/* Updates all gates at once, from 0, until nothing changes; returns the last update after which an output was not final. */
static int64_t last_wrong(const struct lat_netlist *netlist, const unsigned char *bit, int64_t depth) {
  size_t bytes = netlist->nodes;
  unsigned char *now = calloc(bytes + 1, 1), *next = calloc(bytes + 1, 1), *final = calloc(bytes + 1, 1);
  memcpy(now, bit, netlist->inputs);
  memcpy(next, bit, netlist->inputs);
  memcpy(final, bit, netlist->inputs);
  for (size_t i = netlist->inputs; i < bytes; i++) final[i] = (unsigned char)node_value(netlist, final, i);
  int64_t last = -1;
  for (int64_t t = 0; t <= depth; t++) {
    for (size_t o = 0; o < netlist->outputs; o++)
      if (now[netlist->output[o]] != final[netlist->output[o]]) last = t;
    for (size_t i = netlist->inputs; i < bytes; i++) next[i] = (unsigned char)node_value(netlist, now, i);
    unsigned char *swap = now;
    now = next;
    next = swap;
  }
  free(now);
  free(next);
  free(final);
  return last;
}

static void check_family(const char *name, const int64_t *sizes, size_t count, reference_function *reference,
                         draw_function *draw) {
  const struct lat_family *family = lat_families;
  while (family->name && strcmp(family->name, name) != 0) family++;
  assert_non_null(family->name);
  assert_int_equal(sizes[0], family->minimum);
  for (size_t s = 0; s < count; s++) {
    int64_t size = sizes[s], depth = family->depth(size);
    struct lat_netlist *netlist = make(name, size, 1);
    struct lat_circuit_statistics statistics;
    assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
    if (depth >= 0 && (int64_t)statistics.depth != depth)
      fail_msg("%s:%lld has depth %u, the formula says %lld", name, (long long)size, statistics.depth, (long long)depth);
    for (unsigned k = 3; k <= LAT_MAX_FAN_IN; k++) assert_int_equal(statistics.by_fan_in[k], 0);
    if (reference) check_function(netlist, name, size, reference, draw);
    if (family->sensitise && depth > 0) {
      unsigned char *bit = calloc(netlist->inputs, 1);
      assert_int_equal(family->sensitise(netlist, size, bit), LAT_OK);
      int64_t last = last_wrong(netlist, bit, depth);
      if (last != depth - 1)
        fail_msg("%s:%lld of depth %lld is right from update %lld on", name, (long long)size, (long long)depth,
                 (long long)last + 1);
      free(bit);
    }
    lat_netlist_free(netlist);
  }
}

#define CHECK(name, reference, draw, ...)                                     \
  do {                                                                        \
    static const int64_t sizes[] = {__VA_ARGS__};                             \
    check_family(name, sizes, sizeof sizes / sizeof *sizes, reference, draw); \
  } while (0)

static void parity_counts_ones(void **state) {
  (void)state;
  CHECK("parity", reference_parity, NULL, 1, 2, 3, 4, 5, 7, 8, 12, 13, 16, 33, 64, 100, 256);
}
static void adders_add(void **state) {
  (void)state;
  CHECK("ripple", reference_add, NULL, 1, 2, 3, 4, 5, 6, 8, 13, 16, 31, 32, 33, 63);
  CHECK("kogge_stone", reference_add, NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 32, 33, 48, 63);
}
static void wallace_multiplies(void **state) {
  (void)state;
  CHECK("wallace", reference_multiply, NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 24, 29, 32);
  static const int64_t large[3][2] = {{64, 46}, {128, 51}, {256, 59}}; /* 10, 11, 13 layers of counters */
  for (int i = 0; i < 3; i++) {
    struct lat_netlist *netlist = make("wallace", large[i][0], 1);
    struct lat_circuit_statistics statistics;
    assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
    assert_int_equal(statistics.depth, large[i][1]);
    lat_netlist_free(netlist);
  }
}
static void square_root_squares_back(void **state) {
  (void)state;
  CHECK("square_root", reference_square_root, NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 16, 23, 31);
}
static void comparator_compares(void **state) {
  (void)state;
  CHECK("comparator", reference_compare, NULL, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16, 17, 32, 33, 63, 64);
}
static void sipser_alternates(void **state) {
  (void)state;
  CHECK("sipser", reference_sipser, NULL, 1, 2, 3, 4, 5);
}
static void permutations_multiply(void **state) {
  (void)state;
  CHECK("s5_tree", reference_permutations, draw_permutations, 1, 2, 3, 4, 5, 7, 8, 13, 16);
  CHECK("s5_serial", reference_permutations, draw_permutations, 1, 2, 3, 4, 5, 7, 8, 13, 16);
}
static void batcher_sorts(void **state) {
  (void)state;
  CHECK("batcher", reference_sort, NULL, 1, 2, 4, 8, 16, 32, 64, 128);
}
static void popcount_counts(void **state) {
  (void)state;
  CHECK("popcount", reference_count, NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 31, 32, 33, 64, 100, 256);
}
static void majority_decides(void **state) {
  (void)state;
  CHECK("majority", reference_majority, NULL, 1, 2, 4, 8, 16, 32, 64, 128);
}
static void reachability_searches(void **state) {
  (void)state;
  CHECK("reachability", reference_reach, draw_sparse, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 17);
}
static void rule110_evolves(void **state) {
  (void)state;
  CHECK("rule110", reference_automaton, NULL, 1, 2, 3, 7, 16, 40);
}
static void multiplexer_chooses(void **state) {
  (void)state;
  CHECK("multiplexer", reference_choose, NULL, 1, 2, 3, 4, 5, 7);
}
static void decoder_decodes(void **state) {
  (void)state;
  CHECK("decoder", reference_decode, NULL, 1, 2, 3, 4, 5, 6, 7, 8);
}

/* Mapped gates are 0 for the input 0, so that the wave starts from rest in the mapped circuit as well. */
static void assignments_sensitise_mapped_circuits_too(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int64_t size;
  } list[] = {{"ripple", 13},     {"ripple", 32},      {"kogge_stone", 13}, {"kogge_stone", 32},
              {"comparator", 32}, {"s5_tree", 8},      {"s5_serial", 4},    {"batcher", 16},
              {"majority", 32},   {"reachability", 9}, {"decoder", 8}};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    const struct lat_family *family = lat_families;
    while (strcmp(family->name, list[i].name) != 0) family++;
    struct lat_netlist *netlist = make(list[i].name, list[i].size, 1), *mapped;
    unsigned char *bit = calloc(netlist->inputs, 1);
    assert_int_equal(family->sensitise(netlist, list[i].size, bit), LAT_OK);
    for (unsigned k = 2; k <= LAT_MAX_FAN_IN; k++) {
      struct lat_circuit_statistics statistics;
      assert_int_equal(lat_circuit_map(netlist, k, &mapped), LAT_OK);
      assert_int_equal(lat_circuit_measure(mapped, &statistics), LAT_OK);
      if (last_wrong(mapped, bit, statistics.depth) != (int64_t)statistics.depth - 1)
        fail_msg("%s:%lld for k = %u is right too early", list[i].name, (long long)list[i].size, k);
      lat_netlist_free(mapped);
    }
    free(bit);
    lat_netlist_free(netlist);
  }
}

static void layered_has_exact_depth_no_dead_gate_and_skips(void **state) {
  (void)state;
  CHECK("layered", NULL, NULL, 1, 2, 3, 5, 8, 33, 100);
  CHECK("narrow", NULL, NULL, 1, 2, 3, 5, 8, 33, 100);
  struct lat_netlist *netlist = make("layered", 50, 1);
  struct lat_circuit_statistics statistics;
  assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
  assert_int_equal(statistics.nodes, 800);
  assert_int_equal(statistics.widest_level, 16);
  assert_true(statistics.skip_edges > 600 && statistics.skip_edges < 800);
  lat_netlist_free(netlist);
}

static void layered_depends_on_the_seed_alone(void **state) {
  (void)state;
  struct lat_netlist *a = make("layered", 20, 5), *b = make("layered", 20, 5), *c = make("layered", 20, 6);
  size_t bytes = a->first[a->nodes] * sizeof *a->fan_in;
  assert_int_equal(a->nodes, b->nodes);
  assert_memory_equal(a->fan_in, b->fan_in, bytes);
  assert_memory_equal(a->table, b->table, a->nodes * sizeof *a->table);
  assert_memory_not_equal(a->fan_in, c->fan_in, bytes);
  lat_netlist_free(a);
  lat_netlist_free(b);
  lat_netlist_free(c);
}

static void deep_circuits_need_no_stack(void **state) {
  (void)state;
  struct lat_netlist *netlist = make("narrow", 24801, 1);
  struct lat_circuit_statistics statistics;
  assert_int_equal(lat_circuit_measure(netlist, &statistics), LAT_OK);
  assert_int_equal(statistics.depth, 24801);
  assert_int_equal(statistics.nodes, 9 * 24801);
  lat_netlist_free(netlist);
}

static void ports_have_readable_names(void **state) {
  (void)state;
  struct lat_netlist *netlist = make("kogge_stone", 3, 1);
  assert_string_equal(netlist->input_name[0], "a[0]");
  assert_string_equal(netlist->input_name[5], "b[2]");
  assert_string_equal(netlist->output_name[3], "s[3]");
  assert_string_equal(netlist->name, "kogge_stone");
  lat_netlist_free(netlist);
}

static void wrong_names_and_sizes_are_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"",
                                      "parity",
                                      "parity:",
                                      "parity:0",
                                      "parity:x",
                                      "parity:4 ",
                                      "parit:4",
                                      "parityy:4",
                                      ":4",
                                      "sipser:99",
                                      "wallace:-1",
                                      "parity:4:4",
                                      "parity:9223372036854775808",
                                      "batcher:3",
                                      "majority:12"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    struct lat_netlist *netlist = (struct lat_netlist *)1;
    assert_int_equal(lat_family_make(wrong[i], 1, &netlist), LAT_INPUT);
    assert_null(netlist);
    assert_true(strlen(lat_error_message()) > 0);
  }
  struct lat_netlist *netlist;
  assert_int_equal(lat_family_make("nothing:4", 1, &netlist), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "kogge_stone"));
}

static void every_failed_allocation_is_survived(void **state) {
  (void)state;
  for (const struct lat_family *family = lat_families; family->name; family++) {
    int status = LAT_MEMORY;
    for (uint64_t k = 1; status != LAT_OK; k++) {
      size_t held = lat_memory_current();
      struct lat_netlist *netlist = NULL;
      lat_memory_fail_at(k);
      status = family->make(4, 1, &netlist);
      lat_memory_fail_at(0);
      assert_true(status == LAT_OK || status == LAT_MEMORY);
      assert_true((status == LAT_OK) == (netlist != NULL));
      lat_netlist_free(netlist);
      assert_int_equal(lat_memory_current(), held);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parity_counts_ones),
      cmocka_unit_test(adders_add),
      cmocka_unit_test(wallace_multiplies),
      cmocka_unit_test(square_root_squares_back),
      cmocka_unit_test(comparator_compares),
      cmocka_unit_test(sipser_alternates),
      cmocka_unit_test(permutations_multiply),
      cmocka_unit_test(batcher_sorts),
      cmocka_unit_test(popcount_counts),
      cmocka_unit_test(majority_decides),
      cmocka_unit_test(reachability_searches),
      cmocka_unit_test(rule110_evolves),
      cmocka_unit_test(multiplexer_chooses),
      cmocka_unit_test(decoder_decodes),
      cmocka_unit_test(assignments_sensitise_mapped_circuits_too),
      cmocka_unit_test(layered_has_exact_depth_no_dead_gate_and_skips),
      cmocka_unit_test(layered_depends_on_the_seed_alone),
      cmocka_unit_test(deep_circuits_need_no_stack),
      cmocka_unit_test(ports_have_readable_names),
      cmocka_unit_test(wrong_names_and_sizes_are_refused),
      cmocka_unit_test(every_failed_allocation_is_survived),
  };
  return cmocka_run_group_tests_name("families", tests, NULL, NULL);
}
