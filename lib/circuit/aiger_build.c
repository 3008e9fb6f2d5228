/* Node numbers are known beforehand: input i is node i, AND k is node inputs + k; inverters and constants that outputs need
 * come last. */
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/aiger_file.h"

/* An AND gets the polarity of the first output that shows it. */
static void choose_polarity(struct lat_aiger *a) {
  for (size_t i = a->outputs; i-- > 0;) {
    if (a->output[i] < 2) continue;
    size_t node = a->node[a->output[i] / 2] - 1;
    if (node >= a->inputs) a->inverted[node] = a->output[i] & 1;
  }
}

/* AND of two literals, either of which may be constant or both of one variable, as a node. */
static int add_and(const struct lat_aiger *a, struct lat_netlist *netlist, size_t k) {
  uint32_t literal[2] = {a->left[k], a->right[k]}, fan_in[2] = {0, 0};
  unsigned fan_ins = 0, rows;
  int position[2] = {-1, -1};
  for (int side = 0; side < 2; side++) {
    if (literal[side] < 2) continue;
    uint32_t node = a->node[literal[side] / 2] - 1;
    if (fan_ins == 1 && fan_in[0] == node) {
      position[side] = 0;
      continue;
    }
    position[side] = (int)fan_ins;
    fan_in[fan_ins++] = node;
  }
  uint64_t table = 0;
  rows = 1U << fan_ins;
  for (unsigned row = 0; row < rows; row++) {
    unsigned value = 1;
    for (int side = 0; side < 2; side++) {
      unsigned bit = literal[side] & 1;
      if (position[side] >= 0) bit ^= (row >> position[side] & 1) ^ a->inverted[fan_in[position[side]]];
      value &= bit;
    }
    table |= (uint64_t)(value ^ a->inverted[a->inputs + k]) << row;
  }
  if (table == 0 || table == ((uint64_t)1 << rows) - 1) {
    table &= 1;
    fan_ins = 0;
  }
  return lat_netlist_node(netlist, fan_ins, fan_in, table, NULL);
}

/* The node that shows an output's literal. `shown` is [inputs + ands + 1]: the inverter of a node (the last one: of the
 * constant 0, so 1) + 1 once it exists; *zero is the constant 0 + 1 likewise. */
static int output_node(const struct lat_aiger *a, struct lat_netlist *netlist, uint32_t literal, uint32_t *shown,
                       uint32_t *zero, uint32_t *number) {
  int status = LAT_OK;
  if (literal < 2) {
    uint32_t *place = literal == 0 ? zero : &shown[a->inputs + a->ands];
    if (*place == 0) {
      LAT_TRY(status, lat_netlist_node(netlist, 0, NULL, literal, number));
      *place = *number + 1;
    }
    *number = *place - 1;
    return LAT_OK;
  }
  uint32_t node = a->node[literal / 2] - 1;
  *number = node;
  if ((literal & 1) == a->inverted[node]) return LAT_OK;
  if (shown[node] == 0) {
    LAT_TRY(status, lat_netlist_node(netlist, 1, &node, 1, number));
    shown[node] = *number + 1;
  }
  *number = shown[node] - 1;
done:
  return status;
}

int lat_aiger_build(struct lat_aiger *a, struct lat_netlist **netlist) {
  int status = LAT_OK;
  struct lat_netlist *made = NULL;
  struct lat_text text = {0};
  uint32_t *shown = NULL, zero = 0, cycle = 0;
  const char *stem = lat_slice_string(lat_slice_stem(a->path), &text);
  LAT_CHECK(status, stem != NULL, LAT_MEMORY, "no memory for a name");
  LAT_TRY(status, lat_netlist_alloc(stem, &made));
  shown = lat_calloc(a->inputs + a->ands + 1, sizeof *shown);
  LAT_CHECK(status, shown != NULL, LAT_MEMORY, "no memory for %zu nodes", a->inputs + a->ands);
  choose_polarity(a);
  for (size_t i = 0; i < a->inputs; i++) {
    const char *name = a->input_name[i].bytes == NULL ? NULL : lat_slice_string(a->input_name[i], &text);
    LAT_CHECK(status, name != NULL || a->input_name[i].bytes == NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, lat_netlist_input(made, name, NULL));
  }
  for (size_t k = 0; k < a->ands; k++) LAT_TRY(status, add_and(a, made, k));
  for (size_t i = 0; i < a->outputs; i++) {
    uint32_t node;
    LAT_TRY(status, output_node(a, made, a->output[i], shown, &zero, &node));
    const char *name = a->output_name[i].bytes == NULL ? NULL : lat_slice_string(a->output_name[i], &text);
    LAT_CHECK(status, name != NULL || a->output_name[i].bytes == NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, lat_netlist_output(made, name, node));
  }
  status = lat_netlist_finish(made, &cycle);
  if (status == LAT_INPUT) {
    size_t variable = 1, k = cycle - a->inputs;
    while (a->node[variable] != cycle + 1) variable++;
    LAT_FAIL(LAT_INPUT, "AND gate %zu (literal %zu) is on a combinational cycle", k, 2 * variable);
    status = lat_fail_prefix(LAT_INPUT, "%s:%zu", a->path, a->first_and_line + k);
  }
  if (status != LAT_OK) goto done;
  *netlist = made;
  made = NULL;
done:
  lat_free(shown);
  lat_text_free(&text);
  lat_netlist_free(made);
  return status;
}
