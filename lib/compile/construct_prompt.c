#include <string.h>

#include "lib/compile/construct.h"
#include "lib/compile/layout.h"

/* Inputs and constants point at themselves and hold what they have: an input by the identity table, a constant by a
 * constant one. A node with fewer than K fan-ins aims its spare pointers at its first fan-in, and its table ignores them.
 */
void lat_construct_row(const struct lat_netlist *netlist, const struct lat_layout *layout, size_t node, float *row) {
  size_t patterns = (size_t)1 << layout->fan_in;
  unsigned fan_ins = lat_netlist_fan_ins(netlist, node);
  const uint32_t *fan_in = netlist->fan_in + netlist->first[node];
  int is_input = node < netlist->inputs, settled = is_input || fan_ins == 0;
  uint64_t table = is_input ? 2 : netlist->table[node];
  size_t used = is_input ? 1 : fan_ins, mask = ((size_t)1 << used) - 1;
  memset(row, 0, layout->width * sizeof *row);
  lat_layout_set_address(layout, row, layout->address, node);
  for (size_t k = 0; k < layout->fan_in; k++)
    lat_layout_set_address(layout, row, lat_layout_pointer(layout, k), settled ? node : fan_in[k < fan_ins ? k : 0]);
  for (size_t s = 0; s < patterns; s++)
    lat_layout_set(layout, row, layout->table + s, table >> (s & mask) & 1 ? 1.0f : -1.0f);
  lat_layout_set(layout, row, layout->value, settled && !is_input && (table & 1) ? 1.0f : -1.0f);
  lat_layout_set(layout, row, layout->ready, settled ? 1.0f : -1.0f);
  lat_layout_set(layout, row, layout->constant, 1);
}

void lat_construct_prompt(const struct lat_netlist *netlist, const struct lat_layout *layout, struct lat_prompt *prompt) {
  for (size_t i = 0; i < netlist->nodes; i++) lat_construct_row(netlist, layout, i, prompt->state + i * layout->width);
  for (size_t i = 0; i < netlist->inputs; i++) prompt->input_row[i] = (uint32_t)i;
  for (size_t o = 0; o < netlist->outputs; o++) prompt->readout_row[o] = netlist->output[o];
  memset(prompt->input_delta, 0, layout->width * sizeof *prompt->input_delta);
  memset(prompt->readout_direction, 0, layout->width * sizeof *prompt->readout_direction);
  lat_layout_set(layout, prompt->input_delta, layout->value, 2);
  prompt->readout_direction[lat_layout_column(layout, layout->value)] = 1;
}

void lat_construct_embedding(const struct lat_prompt *prompt, struct lat_transformer *model) {
  size_t D = prompt->width;
  memcpy(model->position, prompt->state, prompt->tokens * D * sizeof *model->position);
  memcpy(model->token + D, prompt->input_delta, D * sizeof *model->token);
  for (size_t d = 0; d < D; d++) {
    model->head[d] = -prompt->readout_direction[d];
    model->head[D + d] = prompt->readout_direction[d];
  }
}
