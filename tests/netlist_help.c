#include "tests/netlist_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka needs the three above and stdint.h */
#include <cmocka.h>
#include <string.h>

#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/simulate.h"

struct lat_netlist *random_netlist(uint64_t seed, size_t inputs, size_t nodes, size_t outputs) {
  struct lat_netlist *netlist;
  struct lat_random random;
  lat_random_start(&random, seed, "netlist", 0);
  assert_int_equal(lat_netlist_alloc("random", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = inputs; i < inputs + nodes; i++) {
    uint32_t fan_in[LAT_MAX_FAN_IN];
    unsigned n = i == 0 ? 0 : (unsigned)lat_random_below(&random, LAT_MAX_FAN_IN + 1);
    if (n == 0 && i != 0 && lat_random_below(&random, 4) != 0) n = 2;
    for (unsigned j = 0; j < n; j++) { /* mostly from the last twenty, so that the circuit is deep */
      size_t back = lat_random_below(&random, 3) == 0 ? i : 20 < i ? 20 : i;
      fan_in[j] = (uint32_t)(i - 1 - lat_random_below(&random, back));
    }
    uint64_t mask = n == 6 ? ~(uint64_t)0 : ((uint64_t)1 << (1u << n)) - 1, table = lat_random_u64(&random);
    if (n == 2 && lat_random_below(&random, 2)) table = 6; /* values would die out otherwise */
    assert_int_equal(lat_netlist_node(netlist, n, fan_in, table & mask, NULL), LAT_OK);
  }
  for (size_t o = 0; o < outputs; o++)
    assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)lat_random_below(&random, inputs + nodes)), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

void plain_values(const struct lat_netlist *netlist, unsigned char *value) {
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
    unsigned index = 0;
    for (unsigned j = 0; j < lat_netlist_fan_ins(netlist, i); j++)
      index |= (unsigned)value[netlist->fan_in[netlist->first[i] + j]] << j;
    value[i] = (unsigned char)(netlist->table[i] >> index & 1);
  }
}

void assert_same_function(const struct lat_netlist *a, const struct lat_netlist *b) {
  assert_int_equal(a->inputs, b->inputs);
  assert_int_equal(a->outputs, b->outputs);
  for (size_t i = 0; i < a->inputs; i++) assert_string_equal(a->input_name[i], b->input_name[i]);
  for (size_t o = 0; o < a->outputs; o++) assert_string_equal(a->output_name[o], b->output_name[o]);
  size_t count = a->inputs <= 12 ? (size_t)1 << a->inputs : 4096;
  struct lat_vectors *in, *first, *second;
  assert_int_equal(lat_vectors_alloc(a->inputs, count, &in), LAT_OK);
  assert_int_equal(lat_vectors_alloc(a->nodes, count, &first), LAT_OK);
  assert_int_equal(lat_vectors_alloc(b->nodes, count, &second), LAT_OK);
  if (a->inputs <= 12)
    lat_vectors_exhaustive(in);
  else
    lat_vectors_random(in, 1);
  lat_simulate(a, in, first);
  lat_simulate(b, in, second);
  for (size_t o = 0; o < a->outputs; o++)
    for (size_t v = 0; v < count; v++)
      if (lat_vectors_get(first, a->output[o], v) != lat_vectors_get(second, b->output[o], v))
        fail_msg("%s: output %s differs for vector %zu", a->name, a->output_name[o], v);
  lat_vectors_free(in);
  lat_vectors_free(first);
  lat_vectors_free(second);
}
