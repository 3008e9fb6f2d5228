/* When outputs settle in a network that updates all at once, against a plain scalar simulation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/settle.h"

enum { MOST = 200 };

/* A random circuit with constants, inverters and nodes of up to 6 fan-ins. */
static struct lat_netlist *random_circuit(uint64_t seed, size_t inputs, size_t nodes) {
  struct lat_netlist *netlist;
  struct lat_random random;
  lat_random_start(&random, seed, "test", 0);
  assert_int_equal(lat_netlist_alloc("random", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = inputs; i < nodes; i++) {
    unsigned count = (unsigned)lat_random_below(&random, i == inputs ? 1 : 7);
    uint32_t fan_in[6];
    size_t near = i < 12 ? i : 12;
    for (unsigned j = 0; j < count; j++) fan_in[j] = (uint32_t)(i - 1 - lat_random_below(&random, near));
    uint64_t table = lat_random_u64(&random);
    if (count < 6) table &= ((uint64_t)1 << (1u << count)) - 1;
    assert_int_equal(lat_netlist_node(netlist, count, fan_in, table, NULL), LAT_OK);
  }
  for (size_t o = 0; o < 3; o++) assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)(nodes - 1 - o)), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static uint32_t plain_settle(const struct lat_netlist *netlist, const struct lat_vectors *inputs, size_t n, size_t stride) {
  unsigned char now[MOST], next[MOST], before[MOST];
  uint32_t level[MOST], settled = 0, depth = lat_netlist_levels(netlist, level);
  for (size_t i = 0; i < netlist->nodes; i++)
    now[i] = i < netlist->inputs ? (unsigned char)lat_vectors_get(inputs, i, n)
                                 : (lat_netlist_fan_ins(netlist, i) == 0 && netlist->table[i] & 1);
  for (size_t step = 1; step <= 2 * depth + 2; step++) {
    memcpy(before, now, sizeof now);
    for (size_t u = 0; u < stride; u++) {
      for (size_t i = 0; i < netlist->nodes; i++) {
        unsigned s = 0;
        for (unsigned j = 0; j < lat_netlist_fan_ins(netlist, i); j++)
          s |= (unsigned)now[netlist->fan_in[netlist->first[i] + j]] << j;
        next[i] = (unsigned char)(i < netlist->inputs ? now[i] : netlist->table[i] >> s & 1);
      }
      memcpy(now, next, sizeof now);
    }
    for (size_t o = 0; o < netlist->outputs; o++)
      if (before[netlist->output[o]] != now[netlist->output[o]]) settled = (uint32_t)step;
  }
  return settled;
}

static void equals_a_scalar_simulation(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 12; seed++) {
    struct lat_netlist *netlist = random_circuit(seed, 1 + seed * 3, 20 + 15 * seed);
    struct lat_vectors *inputs;
    uint32_t settled[130];
    assert_int_equal(lat_vectors_alloc(netlist->inputs, 130, &inputs), LAT_OK);
    lat_vectors_random(inputs, seed);
    for (size_t stride = 1; stride <= 4; stride++) {
      assert_int_equal(lat_settle(netlist, inputs, stride, settled), LAT_OK);
      for (size_t n = 0; n < 130; n++) assert_int_equal(settled[n], plain_settle(netlist, inputs, n, stride));
    }
    lat_vectors_free(inputs);
    lat_netlist_free(netlist);
  }
}

/* x0 & x1 & ... one after the other: only all ones makes the last gate change, and it changes last of all. */
static struct lat_netlist *chain(size_t inputs) {
  struct lat_netlist *netlist;
  assert_int_equal(lat_netlist_alloc("chain", &netlist), LAT_OK);
  uint32_t last = 0;
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = 1; i < inputs; i++) {
    uint32_t fan_in[2] = {last, (uint32_t)i};
    assert_int_equal(lat_netlist_node(netlist, 2, fan_in, 8, &last), LAT_OK);
  }
  assert_int_equal(lat_netlist_output(netlist, NULL, last), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static void the_search_finds_the_one_vector_that_settles_last(void **state) {
  (void)state;
  struct lat_netlist *netlist = chain(90);
  unsigned char bit[90];
  uint32_t settled;
  assert_int_equal(lat_settle_search(netlist, NULL, 1, 1e6, bit, &settled), LAT_OK);
  assert_int_equal(settled, 89);
  for (size_t i = 0; i < 90; i++) assert_int_equal(bit[i], 1);
  lat_netlist_free(netlist);
}

static void a_given_vector_is_among_the_candidates(void **state) {
  (void)state;
  struct lat_netlist *netlist = chain(300);
  unsigned char bit[300], first[300];
  uint32_t settled;
  memset(first, 1, sizeof first);
  assert_int_equal(lat_settle_search(netlist, first, 1, 0, bit, &settled), LAT_OK);
  assert_int_equal(settled, 299);
  lat_netlist_free(netlist);
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  struct lat_netlist *netlist = chain(9);
  size_t held = lat_memory_current();
  unsigned char bit[9];
  uint32_t settled;
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 100 && status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_settle_search(netlist, NULL, 1, 1e4, bit, &settled);
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), held);
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
  }
  assert_int_equal(status, LAT_OK);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equals_a_scalar_simulation),
      cmocka_unit_test(the_search_finds_the_one_vector_that_settles_last),
      cmocka_unit_test(a_given_vector_is_among_the_candidates),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
