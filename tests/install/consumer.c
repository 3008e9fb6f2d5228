/* A program outside the source tree: reads a circuit, compiles it, runs the transformer on every input, and compares with
 * the simulator. Its exit status is the verdict; tests/e2e_install.sh builds it against an installed latentlab. */
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/compile.h"

static int run(const char *path) {
  struct lat_netlist *netlist = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_forward *forward = NULL;
  float *state = NULL;
  unsigned char bit[16];
  unsigned long wrong = 0, seen = 0;
  int status;
  LAT_TRY(status, lat_circuit_read(path, &netlist));
  LAT_CHECK(status, netlist->inputs <= 16, LAT_INPUT, "%s: over 16 inputs", path);
  struct lat_construction construction = {.fan_in = 2, .layers = 1};
  LAT_TRY(status, lat_compile(netlist, &construction, &compiled));
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, (size_t)1 << netlist->inputs, &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, inputs->count, &values));
  lat_vectors_exhaustive(inputs);
  lat_simulate(netlist, inputs, values);
  LAT_TRY(status, lat_forward_alloc(compiled->model, 1, compiled->nodes, &forward));
  state = lat_alloc(compiled->nodes * compiled->layout.width, sizeof *state);
  LAT_CHECK(status, state != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t n = 0; n < inputs->count; n++) {
    for (size_t i = 0; i < netlist->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, n);
    lat_prompt_state(compiled->prompt, bit, state);
    LAT_TRY(status, lat_transformer_run(compiled->model, forward, compiled->construction.steps, state, NULL, NULL, 0));
    for (size_t o = 0; o < netlist->outputs; o++, seen++)
      wrong += lat_prompt_read(compiled->prompt, state, o, NULL) != lat_vectors_get(values, netlist->output[o], n);
  }
  printf("%lu of %lu output bits are right\n", seen - wrong, seen);
  LAT_CHECK(status, seen > 0 && wrong == 0, LAT_NUMERIC, "the transformer is not the circuit");
done:
  lat_free(state);
  lat_forward_free(forward);
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
  return status;
}

int main(int argc, char **argv) {
  int status = argc == 2 ? run(argv[1]) : LAT_FAIL(LAT_INPUT, "usage: consumer CIRCUIT");
  if (status != LAT_OK) fprintf(stderr, "%s\n", lat_error_message());
  return lat_status_exit(status);
}
