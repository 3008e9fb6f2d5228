#include "tests/thoughts_help.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/circuit/circuit.h"

struct lat_netlist *help_mapped(const char *name, unsigned fan_in) {
  struct lat_netlist *family, *netlist;
  assert_int_equal(lat_family_make(name, 1, &family), LAT_OK);
  assert_int_equal(lat_circuit_map(family, fan_in, &netlist), LAT_OK);
  lat_netlist_free(family);
  return netlist;
}

struct lat_construction help_tokens(unsigned fan_in, size_t bits) {
  return (struct lat_construction){.fan_in = fan_in, .variant = LAT_VARIANT_COT, .bits_per_step = bits};
}
struct lat_construction help_vectors(unsigned fan_in, size_t bits, unsigned per_channel) {
  return (struct lat_construction){
      .fan_in = fan_in, .variant = LAT_VARIANT_VECTOR, .bits_per_step = bits, .bits_per_channel = per_channel};
}

struct help_thought help_think(const struct lat_netlist *netlist, const struct lat_thoughts *thoughts,
                               struct lat_thoughts_record record) {
  struct lat_vectors *inputs, *values, *truth;
  size_t count = netlist->inputs <= 8 ? (size_t)1 << netlist->inputs : 96;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, count, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, count, &values), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, count, &truth), LAT_OK);
  if (netlist->inputs <= 8) lat_vectors_exhaustive(inputs);
  if (netlist->inputs > 8) lat_vectors_random(inputs, 3);
  lat_simulate(netlist, inputs, values);
  lat_simulate_outputs(netlist, values, truth);
  struct help_thought checked = {.record = record, .vectors = count};
  assert_int_equal(lat_vectors_alloc(netlist->outputs, count, &checked.record.outputs), LAT_OK);
  assert_int_equal(lat_thoughts_run(thoughts, inputs, values, &checked.record), LAT_OK);
  for (size_t o = 0; o < netlist->outputs; o++)
    for (size_t n = 0; n < count; n++)
      checked.wrong_outputs += lat_vectors_get(checked.record.outputs, o, n) != lat_vectors_get(truth, o, n);
  lat_vectors_free(checked.record.outputs);
  checked.record.outputs = NULL;
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_vectors_free(truth);
  return checked;
}

struct lat_thoughts *help_thoughts(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_thoughts *thoughts;
  if (lat_thoughts_compile(netlist, &construction, &thoughts) != LAT_OK) fail_msg("%s", lat_error_message());
  return thoughts;
}
