/* Threshold networks against the families of two-input gates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "tests/threshold_help.h"

static void functions_equal_their_families(void **state) {
  (void)state;
  static const size_t sizes[] = {1, 2, 3, 4, 5, 6, 8, 11, 16, 32, 64};
  for (const struct lat_threshold_function *f = lat_threshold_functions; f->name; f++)
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      size_t size = sizes[s];
      if (size < f->minimum || (strcmp(f->name, "multiplexer") == 0 && size > 8)) continue;
      struct lat_threshold *network = help_threshold(f->name, size);
      struct lat_vectors *inputs = help_assignments(network->inputs), *values = help_simulated(network, inputs),
                         *nodes = NULL;
      struct lat_netlist *netlist = NULL;
      char text[64];
      snprintf(text, sizeof text, "%s:%zu", f->family ? f->family : "", size);
      int power = (size & (size - 1)) == 0;
      if (f->family && (power || strcmp(f->family, "majority") != 0)) {
        help_good(lat_family_make(text, 1, &netlist));
        assert_int_equal(netlist->inputs, network->inputs);
        assert_int_equal(netlist->outputs, network->outputs);
        help_good(lat_vectors_alloc(netlist->nodes, inputs->count, &nodes));
        lat_simulate(netlist, inputs, nodes);
      }
      for (size_t n = 0; n < inputs->count; n++) {
        size_t ones = 0;
        for (size_t i = 0; i < inputs->positions; i++) ones += (size_t)lat_vectors_get(inputs, i, n);
        for (size_t o = 0; o < network->outputs; o++) {
          int got = lat_vectors_get(values, network->output[o], n);
          if (netlist && got != lat_vectors_get(nodes, netlist->output[o], n))
            fail_msg("%s: vector %zu, output %zu is %d", text, n, o, got);
          if (strcmp(f->name, "and") == 0) assert_int_equal(got, ones == size);
          if (strcmp(f->name, "or") == 0) assert_int_equal(got, ones > 0);
          if (strcmp(f->name, "majority") == 0) assert_int_equal(got, 2 * ones > size);
        }
      }
      uint32_t *level = malloc(lat_threshold_nodes(network) * sizeof *level);
      uint32_t depth = lat_threshold_levels(network, level);
      if (size >= 2) assert_int_equal(depth, f->depth);
      free(level);
      lat_netlist_free(netlist);
      lat_vectors_free(nodes);
      lat_vectors_free(values);
      lat_vectors_free(inputs);
      lat_threshold_free(network);
    }
}

static void wrong_names_sizes_and_thresholds_are_refused(void **state) {
  (void)state;
  struct lat_threshold *network;
  static const char *const names[] = {"xor:3", "and", "and:0", "and:x", "multiplexer:21", "popcount:-1", ""};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_int_equal(lat_threshold_make(names[i], &network), LAT_INPUT);
    assert_null(network);
  }
  struct lat_edge edge = {0, 0};
  help_good(lat_threshold_alloc(1, &network));
  assert_int_equal(lat_threshold_gate(network, 0, 1, &edge, NULL), LAT_INPUT);
  assert_int_equal(lat_threshold_gate(network, 2, 1, &edge, NULL), LAT_INPUT);
  lat_threshold_free(network);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(functions_equal_their_families),
      cmocka_unit_test(wrong_names_sizes_and_thresholds_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
