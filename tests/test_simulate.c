/* The oracle against one node and one vector at a time, and the sets of vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/simulate.h"
#include "tests/netlist_help.h"

static struct lat_vectors *vectors_of(size_t positions, size_t count) {
  struct lat_vectors *vectors;
  assert_int_equal(lat_vectors_alloc(positions, count, &vectors), LAT_OK);
  assert_int_equal(vectors->words, (count + 63) / 64);
  return vectors;
}

static void every_node_equals_its_table(void **state) {
  (void)state;
  static const size_t counts[] = {1, 63, 64, 65, 512, 1000};
  for (uint64_t seed = 0; seed < 24; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, (size_t)seed, 5 * (size_t)seed + 1, 3);
    size_t count = counts[seed % 6];
    struct lat_vectors *in = vectors_of(netlist->inputs, count), *values = vectors_of(netlist->nodes, count);
    struct lat_vectors *out = vectors_of(netlist->outputs, count);
    unsigned char *value = calloc(netlist->nodes, 1);
    lat_vectors_random(in, seed);
    lat_simulate(netlist, in, values);
    lat_simulate_outputs(netlist, values, out);
    for (size_t v = 0; v < count; v++) {
      for (size_t i = 0; i < netlist->inputs; i++) value[i] = (unsigned char)lat_vectors_get(in, i, v);
      plain_values(netlist, value);
      for (size_t i = 0; i < netlist->nodes; i++) assert_int_equal(lat_vectors_get(values, i, v), value[i]);
      for (size_t o = 0; o < netlist->outputs; o++) assert_int_equal(lat_vectors_get(out, o, v), value[netlist->output[o]]);
    }
    free(value);
    lat_netlist_free(netlist);
    lat_vectors_free(in);
    lat_vectors_free(values);
    lat_vectors_free(out);
  }
}

static void threads_change_no_bit(void **state) {
  (void)state;
  struct lat_netlist *netlist = random_netlist(3, 20, 300, 5);
  struct lat_vectors *in = vectors_of(20, 64 * 37 + 5), *one = vectors_of(netlist->nodes, in->count);
  struct lat_vectors *three = vectors_of(netlist->nodes, in->count);
  int before = omp_get_max_threads();
  lat_vectors_random(in, 1);
  omp_set_num_threads(1);
  lat_simulate(netlist, in, one);
  omp_set_num_threads(3);
  lat_simulate(netlist, in, three);
  omp_set_num_threads(before);
  assert_memory_equal(one->word, three->word, one->positions * one->words * sizeof(uint64_t));
  lat_netlist_free(netlist);
  lat_vectors_free(in);
  lat_vectors_free(one);
  lat_vectors_free(three);
}

static void exhaustive_counts_upwards(void **state) {
  (void)state;
  for (size_t positions = 0; positions <= 13; positions++) {
    struct lat_vectors *vectors = vectors_of(positions, (size_t)1 << positions);
    lat_vectors_exhaustive(vectors);
    for (size_t n = 0; n < vectors->count; n++)
      for (size_t p = 0; p < positions; p++) assert_int_equal(lat_vectors_get(vectors, p, n), n >> p & 1);
    for (size_t p = 0; positions < 6 && p < positions; p++) assert_int_equal(vectors->word[p] >> vectors->count, 0);
    lat_vectors_free(vectors);
  }
}

static void random_bits_are_a_prefix_and_end_with_zeros(void **state) {
  (void)state;
  struct lat_vectors *few = vectors_of(5, 70), *many = vectors_of(9, 700), *other = vectors_of(5, 70);
  lat_vectors_random(few, 11);
  lat_vectors_random(many, 11);
  lat_vectors_random(other, 12);
  for (size_t p = 0; p < 5; p++) {
    for (size_t n = 0; n < 70; n++) assert_int_equal(lat_vectors_get(few, p, n), lat_vectors_get(many, p, n));
    assert_int_equal(few->word[p * few->words + 1] >> 6, 0);
  }
  assert_memory_not_equal(few->word, other->word, 5 * few->words * sizeof(uint64_t));
  lat_vectors_free(few);
  lat_vectors_free(many);
  lat_vectors_free(other);
}

/* 40,000 fair coins: 10 standard deviations are 1,000. */
static void random_bits_are_balanced(void **state) {
  (void)state;
  struct lat_vectors *vectors = vectors_of(4, 10000);
  long ones = 0;
  lat_vectors_random(vectors, 5);
  for (size_t p = 0; p < 4; p++)
    for (size_t n = 0; n < 10000; n++) ones += lat_vectors_get(vectors, p, n);
  assert_true(labs(ones - 20000) < 1000);
  lat_vectors_free(vectors);
}

static void set_and_get_touch_one_bit(void **state) {
  (void)state;
  struct lat_vectors *vectors = vectors_of(3, 130);
  lat_vectors_set(vectors, 1, 129, 1);
  lat_vectors_set(vectors, 1, 64, 1);
  lat_vectors_set(vectors, 1, 64, 0);
  size_t ones = 0;
  for (size_t w = 0; w < 9; w++) ones += (size_t)__builtin_popcountll(vectors->word[w]);
  assert_int_equal(ones, 1);
  assert_int_equal(lat_vectors_get(vectors, 1, 129), 1);
  lat_vectors_free(vectors);
}

static void no_vectors_and_no_inputs_are_allowed(void **state) {
  (void)state;
  struct lat_netlist *netlist = random_netlist(1, 0, 5, 2);
  for (size_t count = 0; count < 2; count++) {
    struct lat_vectors *in = vectors_of(0, count), *values = vectors_of(5, count), *out = vectors_of(2, count);
    lat_vectors_random(in, 1);
    lat_simulate(netlist, in, values);
    lat_simulate_outputs(netlist, values, out);
    lat_vectors_free(in);
    lat_vectors_free(values);
    lat_vectors_free(out);
  }
  lat_netlist_free(netlist);
}

static void impossible_sizes_are_refused(void **state) {
  (void)state;
  struct lat_vectors *vectors = (struct lat_vectors *)1;
  assert_int_equal(lat_vectors_alloc(SIZE_MAX / 4, SIZE_MAX / 4, &vectors), LAT_MEMORY);
  assert_null(vectors);
}

static void every_failed_allocation_is_survived(void **state) {
  (void)state;
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK; k++) {
    size_t held = lat_memory_current();
    struct lat_vectors *vectors = NULL;
    lat_memory_fail_at(k);
    status = lat_vectors_alloc(7, 100, &vectors);
    lat_memory_fail_at(0);
    assert_true((status == LAT_OK) == (vectors != NULL));
    lat_vectors_free(vectors);
    assert_int_equal(lat_memory_current(), held);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_node_equals_its_table),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(exhaustive_counts_upwards),
      cmocka_unit_test(random_bits_are_a_prefix_and_end_with_zeros),
      cmocka_unit_test(random_bits_are_balanced),
      cmocka_unit_test(set_and_get_touch_one_bit),
      cmocka_unit_test(no_vectors_and_no_inputs_are_allowed),
      cmocka_unit_test(impossible_sizes_are_refused),
      cmocka_unit_test(every_failed_allocation_is_survived),
  };
  return cmocka_run_group_tests_name("simulate", tests, NULL, NULL);
}
