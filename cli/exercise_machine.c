#include "cli/exercise_machine.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/layout.h"

enum { BATCH = 8, CHAIN_INPUTS = 8 };

int lat_machine_make(const char *family, const struct lat_construction *construction, struct lat_machine *machine) {
  struct lat_netlist *made = NULL;
  int status;
  *machine = (struct lat_machine){0};
  LAT_TRY(status, lat_family_make(family, 0, &made));
  if (construction->fan_in > 2) {
    LAT_TRY(status, lat_circuit_map(made, construction->fan_in, &machine->netlist));
  } else {
    machine->netlist = made;
    made = NULL;
  }
  LAT_TRY(status, lat_compile(machine->netlist, construction, &machine->compiled));
done:
  lat_netlist_free(made);
  return status;
}

int lat_machine_chain(size_t levels, const struct lat_construction *construction, struct lat_machine *machine) {
  uint32_t input[CHAIN_INPUTS], pair[2];
  int status;
  *machine = (struct lat_machine){0};
  LAT_TRY(status, lat_netlist_alloc("chain", &machine->netlist));
  for (size_t i = 0; i < CHAIN_INPUTS; i++) LAT_TRY(status, lat_netlist_input(machine->netlist, NULL, &input[i]));
  pair[0] = input[0];
  for (size_t g = 1; g <= levels; g++) {
    pair[1] = input[g % CHAIN_INPUTS];
    LAT_TRY(status, lat_netlist_node(machine->netlist, 2, pair, 6, &pair[0]));
  }
  LAT_TRY(status, lat_netlist_output(machine->netlist, "end", pair[0]));
  LAT_TRY(status, lat_netlist_finish(machine->netlist, NULL));
  LAT_TRY(status, lat_compile(machine->netlist, construction, &machine->compiled));
done:
  return status;
}

void lat_machine_free(struct lat_machine *machine) {
  lat_compiled_free(machine->compiled);
  lat_netlist_free(machine->netlist);
  *machine = (struct lat_machine){0};
}

static void count_outputs(const struct lat_machine *machine, const struct lat_vectors *values, size_t vector,
                          const float *x, struct lat_machine_count *count) {
  const struct lat_layout *layout = &machine->compiled->layout;
  for (size_t o = 0; o < machine->netlist->outputs; o++) {
    uint32_t node = machine->netlist->output[o];
    const float *row = x + (size_t)machine->compiled->prompt->readout_row[o] * layout->width;
    count->bits++;
    count->wrong += lat_prompt_read(machine->compiled->prompt, x, o, NULL) != lat_vectors_get(values, node, vector);
    count->ready += row[lat_layout_column(layout, layout->ready)] > 0;
  }
}

int lat_machine_run(const struct lat_machine *machine, size_t steps, size_t vectors, struct lat_machine_count *count) {
  const struct lat_netlist *netlist = machine->netlist;
  const struct lat_compiled *compiled = machine->compiled;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_forward *forward = NULL;
  unsigned char *bit = lat_calloc(netlist->inputs + 1, 1);
  size_t size = compiled->nodes * compiled->layout.width;
  float *x = lat_alloc(BATCH * size, sizeof *x);
  int all = netlist->inputs < 20 && (size_t)1 << netlist->inputs <= vectors, status = LAT_OK;
  *count = (struct lat_machine_count){0};
  LAT_CHECK(status, bit != NULL && x != NULL, LAT_MEMORY, "no memory for the state");
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, all ? (size_t)1 << netlist->inputs : vectors, &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, inputs->count, &values));
  if (all) lat_vectors_exhaustive(inputs);
  if (!all) lat_vectors_random(inputs, 0);
  lat_simulate(netlist, inputs, values);
  for (size_t first = 0; first < inputs->count; first += BATCH) {
    size_t batch = inputs->count - first < BATCH ? inputs->count - first : BATCH;
    if (first == 0 || batch < BATCH) {
      lat_forward_free(forward);
      forward = NULL;
      LAT_TRY(status, lat_forward_alloc(compiled->model, batch, compiled->nodes, &forward));
    }
    for (size_t b = 0; b < batch; b++) {
      for (size_t i = 0; i < netlist->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, first + b);
      lat_prompt_state(compiled->prompt, bit, x + b * size);
    }
    LAT_TRY(status, lat_transformer_run(compiled->model, forward, steps, x, NULL, NULL, 0));
    for (size_t b = 0; b < batch; b++) count_outputs(machine, values, first + b, x + b * size, count);
  }
done:
  lat_forward_free(forward);
  lat_free(x);
  lat_free(bit);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  return status;
}
