#include "lib/circuit/tree.h"

#include "lib/base/status.h"
#include "lib/circuit/truth.h"

uint64_t lat_gate_table(enum lat_tree_gate gate, unsigned fan_ins, uint32_t inverted) {
  static const uint64_t parity = 0x6996966996696996U; /* bit s is the parity of s */
  uint64_t rows = lat_truth_mask(fan_ins), table = 0;
  switch (gate) {
    case LAT_GATE_AND: table = (uint64_t)1 << ((1U << fan_ins) - 1); break;
    case LAT_GATE_OR: table = rows & ~(uint64_t)1; break;
    case LAT_GATE_XOR: table = rows & parity; break;
  }
  return inverted ? rows & ~table : table;
}

/* One node for one or two operands. */
static int add(struct lat_netlist *netlist, enum lat_tree_gate gate, const struct lat_operand *operand, unsigned count,
               uint32_t inverted, uint32_t *number) {
  uint32_t fan_in[2] = {operand[0].node, count > 1 ? operand[1].node : 0};
  uint64_t straight = lat_gate_table(gate, count, inverted), table = 0;
  unsigned flip = (operand[0].inverted ? 1U : 0U) | (count > 1 && operand[1].inverted ? 2U : 0U);
  for (unsigned row = 0; row < 1U << count; row++) table |= (straight >> (row ^ flip) & 1) << row;
  return lat_netlist_node(netlist, count, fan_in, table, number);
}

/* Operands of the lowest level are paired first, and one left over is treated as one of the next level: that is Huffman's
 * rule for the cost max + 1, so the depth is the lowest. Pairs keep the operands' order. */
int lat_tree(struct lat_netlist *netlist, enum lat_tree_gate gate, struct lat_operand *operand, size_t count,
             uint32_t inverted, uint32_t *root) {
  if (count == 0) return lat_netlist_node(netlist, 0, NULL, lat_gate_table(gate, 0, inverted), root);
  for (uint32_t level = 0; count > 2; level++) {
    size_t kept = 0, waiting = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
      struct lat_operand now = operand[i];
      if (now.level > level) {
        operand[kept++] = now;
      } else if (waiting == SIZE_MAX) {
        now.level = level + 1;
        waiting = kept;
        operand[kept++] = now;
      } else {
        struct lat_operand pair[2] = {operand[waiting], now};
        int status = add(netlist, gate, pair, 2, 0, &operand[waiting].node);
        if (status != LAT_OK) return status;
        operand[waiting].inverted = 0;
        waiting = SIZE_MAX;
      }
    }
    count = kept;
  }
  return add(netlist, gate, operand, (unsigned)count, inverted, root);
}

void lat_nets_resolve(struct lat_netlist *netlist, const uint32_t *node_of_net) {
  size_t edges = netlist->first[netlist->nodes];
  for (size_t k = 0; k < edges; k++) {
    if (netlist->fan_in[k] & LAT_NET(0)) netlist->fan_in[k] = node_of_net[netlist->fan_in[k] & ~LAT_NET(0)];
  }
  for (size_t i = 0; i < netlist->outputs; i++) {
    if (netlist->output[i] & LAT_NET(0)) netlist->output[i] = node_of_net[netlist->output[i] & ~LAT_NET(0)];
  }
}

size_t lat_nets_find(const uint32_t *node_of_net, size_t nets, uint32_t node) {
  size_t found = nets;
  for (size_t net = 0; net < nets; net++) {
    if (node_of_net[net] >= node && (found == nets || node_of_net[net] < node_of_net[found])) found = net;
  }
  return found;
}
