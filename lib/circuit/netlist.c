/* The topological order is that of a depth-first walk from node 0 upwards which puts a node after its fan-ins: it is
 * linear, it needs no recursion (an explicit stack of nodes and of the next fan-in to look at), and it leaves a netlist
 * that is in order as it is, since then every fan-in has been put before its reader is looked at. */
#include "lib/circuit/netlist.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static const size_t MOST = (size_t)1 << 31; /* nodes; fan-ins are bounded by 2^32 - 1 */

/* Room for `need` elements in an array that grows by doubling; *capacity changes by the caller, once all arrays have grown.
 */
static int grow(void *array, size_t size, size_t new_capacity) {
  void *old, *larger;
  memcpy(&old, array, sizeof old);
  larger = lat_realloc(old, new_capacity, size);
  if (larger == NULL) return LAT_MEMORY;
  memcpy(array, &larger, sizeof larger);
  return LAT_OK;
}

static size_t larger_capacity(size_t capacity, size_t need) {
  size_t twice = capacity * 2;
  if (twice < 16) twice = 16;
  return twice > need ? twice : need;
}

int lat_netlist_alloc(const char *name, struct lat_netlist **netlist) {
  *netlist = NULL;
  struct lat_netlist *made = lat_calloc(1, sizeof *made);
  if (made == NULL) return LAT_MEMORY;
  made->name = lat_strdup(name);
  made->first = lat_calloc(1, sizeof *made->first);
  made->table = lat_alloc(0, sizeof *made->table);
  made->fan_in = lat_alloc(0, sizeof *made->fan_in);
  made->output = lat_alloc(0, sizeof *made->output);
  made->input_name = lat_alloc(0, sizeof *made->input_name);
  made->output_name = lat_alloc(0, sizeof *made->output_name);
  if (made->name == NULL || made->first == NULL || made->table == NULL || made->fan_in == NULL || made->output == NULL ||
      made->input_name == NULL || made->output_name == NULL) {
    lat_netlist_free(made);
    return LAT_MEMORY;
  }
  *netlist = made;
  return LAT_OK;
}

void lat_netlist_free(struct lat_netlist *netlist) {
  if (netlist == NULL) return;
  for (size_t i = 0; i < netlist->inputs; i++) lat_free(netlist->input_name[i]);
  for (size_t i = 0; i < netlist->outputs; i++) lat_free(netlist->output_name[i]);
  lat_free(netlist->input_name);
  lat_free(netlist->output_name);
  lat_free(netlist->output);
  lat_free(netlist->fan_in);
  lat_free(netlist->first);
  lat_free(netlist->table);
  lat_free(netlist->name);
  lat_free(netlist);
}

static int reserve_node(struct lat_netlist *netlist, size_t fan_ins) {
  int status = LAT_OK;
  if (netlist->nodes >= MOST || netlist->first[netlist->nodes] > UINT32_MAX - fan_ins)
    return LAT_FAIL(LAT_INPUT, "a circuit of more than %zu nodes or %u fan-ins is too large", MOST, UINT32_MAX);
  if (netlist->nodes == netlist->node_capacity) {
    size_t capacity = larger_capacity(netlist->node_capacity, netlist->nodes + 1);
    LAT_TRY(status, grow(&netlist->table, sizeof *netlist->table, capacity));
    LAT_TRY(status, grow(&netlist->first, sizeof *netlist->first, capacity + 1));
    netlist->node_capacity = capacity;
  }
  size_t need = netlist->first[netlist->nodes] + fan_ins;
  if (need > netlist->fan_in_capacity) {
    size_t capacity = larger_capacity(netlist->fan_in_capacity, need);
    LAT_TRY(status, grow(&netlist->fan_in, sizeof *netlist->fan_in, capacity));
    netlist->fan_in_capacity = capacity;
  }
done:
  return status;
}

static char *name_or_default(const char *name, char letter, size_t index) {
  char text[32];
  if (name != NULL) return lat_strdup(name);
  snprintf(text, sizeof text, "%c%zu", letter, index);
  return lat_strdup(text);
}

int lat_netlist_input(struct lat_netlist *netlist, const char *name, uint32_t *number) {
  assert(netlist->inputs == netlist->nodes);
  int status = LAT_OK;
  LAT_TRY(status, reserve_node(netlist, 0));
  if (netlist->inputs == netlist->input_capacity) {
    size_t capacity = larger_capacity(netlist->input_capacity, netlist->inputs + 1);
    LAT_TRY(status, grow(&netlist->input_name, sizeof *netlist->input_name, capacity));
    netlist->input_capacity = capacity;
  }
  char *copy = name_or_default(name, 'i', netlist->inputs);
  if (copy == NULL) return LAT_MEMORY;
  netlist->input_name[netlist->inputs++] = copy;
  netlist->table[netlist->nodes] = 0;
  netlist->first[netlist->nodes + 1] = netlist->first[netlist->nodes];
  if (number != NULL) *number = (uint32_t)netlist->nodes;
  netlist->nodes++;
done:
  return status;
}

int lat_netlist_node(struct lat_netlist *netlist, unsigned fan_ins, const uint32_t *fan_in, uint64_t table,
                     uint32_t *number) {
  assert(fan_ins <= LAT_MAX_FAN_IN);
  assert(fan_ins == LAT_MAX_FAN_IN || table >> (1U << fan_ins) == 0);
  int status = reserve_node(netlist, fan_ins);
  if (status != LAT_OK) return status;
  uint32_t start = netlist->first[netlist->nodes];
  for (unsigned i = 0; i < fan_ins; i++) netlist->fan_in[start + i] = fan_in[i];
  netlist->table[netlist->nodes] = table;
  netlist->first[netlist->nodes + 1] = start + fan_ins;
  if (number != NULL) *number = (uint32_t)netlist->nodes;
  netlist->nodes++;
  return LAT_OK;
}

int lat_netlist_output(struct lat_netlist *netlist, const char *name, uint32_t node) {
  int status = LAT_OK;
  if (netlist->outputs == netlist->output_capacity) {
    size_t capacity = larger_capacity(netlist->output_capacity, netlist->outputs + 1);
    LAT_TRY(status, grow(&netlist->output, sizeof *netlist->output, capacity));
    LAT_TRY(status, grow(&netlist->output_name, sizeof *netlist->output_name, capacity));
    netlist->output_capacity = capacity;
  }
  char *copy = name_or_default(name, 'o', netlist->outputs);
  if (copy == NULL) return LAT_MEMORY;
  netlist->output[netlist->outputs] = node;
  netlist->output_name[netlist->outputs++] = copy;
done:
  return status;
}

/* Every fan-in and output exists; *ordered tells whether the nodes stand in topological order already. */
static int check_references(const struct lat_netlist *netlist, int *ordered) {
  *ordered = 1;
  for (size_t node = netlist->inputs; node < netlist->nodes; node++) {
    for (uint32_t k = netlist->first[node]; k < netlist->first[node + 1]; k++) {
      if (netlist->fan_in[k] >= netlist->nodes)
        return LAT_FAIL(LAT_INPUT, "node %zu reads node %u, but the nodes are 0..%zu", node, netlist->fan_in[k],
                        netlist->nodes - 1);
      if (netlist->fan_in[k] >= node) *ordered = 0;
    }
  }
  for (size_t i = 0; i < netlist->outputs; i++) {
    if (netlist->output[i] >= netlist->nodes)
      return LAT_FAIL(LAT_INPUT, "output %zu shows node %u, but the circuit has %zu nodes", i, netlist->output[i],
                      netlist->nodes);
  }
  return LAT_OK;
}

/* Fills place[node] with the node's new number. `stack` and `next` are scratch of [nodes]. */
static int order_nodes(const struct lat_netlist *netlist, uint32_t *place, uint32_t *stack, uint32_t *next,
                       uint32_t *cycle) {
  const uint32_t unseen = UINT32_MAX, open = UINT32_MAX - 1;
  uint32_t placed = 0;
  for (; placed < netlist->inputs; placed++) place[placed] = placed;
  for (size_t node = netlist->inputs; node < netlist->nodes; node++) place[node] = unseen;
  for (size_t root = netlist->inputs; root < netlist->nodes; root++) {
    if (place[root] != unseen) continue;
    size_t depth = 0;
    stack[depth++] = (uint32_t)root;
    place[root] = open;
    next[root] = netlist->first[root];
    while (depth > 0) {
      uint32_t node = stack[depth - 1];
      if (next[node] == netlist->first[node + 1]) {
        place[node] = placed++;
        depth--;
        continue;
      }
      uint32_t source = netlist->fan_in[next[node]++];
      if (place[source] == open) {
        if (cycle != NULL) *cycle = source;
        return LAT_FAIL(LAT_INPUT, "the circuit is not combinational: node %u of %zu is on a cycle", source,
                        netlist->nodes);
      }
      if (place[source] == unseen) {
        place[source] = open;
        next[source] = netlist->first[source];
        stack[depth++] = source;
      }
    }
  }
  return LAT_OK;
}

/* Moves tables and fan-ins to their new places. */
static int renumber(struct lat_netlist *netlist, const uint32_t *place) {
  size_t nodes = netlist->nodes, edges = netlist->first[nodes];
  uint64_t *table = lat_alloc(nodes, sizeof *table);
  uint32_t *first = lat_alloc(nodes + 1, sizeof *first);
  uint32_t *fan_in = lat_alloc(edges, sizeof *fan_in);
  if (table == NULL || first == NULL || fan_in == NULL) {
    lat_free(table);
    lat_free(first);
    lat_free(fan_in);
    return LAT_MEMORY;
  }
  first[0] = 0;
  for (size_t node = 0; node < nodes; node++) {
    table[place[node]] = netlist->table[node];
    first[place[node] + 1] = lat_netlist_fan_ins(netlist, node);
  }
  for (size_t node = 0; node < nodes; node++) first[node + 1] += first[node];
  for (size_t node = 0; node < nodes; node++) {
    uint32_t to = first[place[node]];
    for (uint32_t k = netlist->first[node]; k < netlist->first[node + 1]; k++) fan_in[to++] = place[netlist->fan_in[k]];
  }
  for (size_t i = 0; i < netlist->outputs; i++) netlist->output[i] = place[netlist->output[i]];
  lat_free(netlist->table);
  lat_free(netlist->first);
  lat_free(netlist->fan_in);
  netlist->table = table;
  netlist->first = first;
  netlist->fan_in = fan_in;
  netlist->node_capacity = nodes;
  netlist->fan_in_capacity = edges;
  return LAT_OK;
}

int lat_netlist_finish(struct lat_netlist *netlist, uint32_t *cycle) {
  int status = LAT_OK, ordered = 0;
  uint32_t *scratch = NULL;
  LAT_TRY(status, check_references(netlist, &ordered));
  if (ordered) return LAT_OK;
  scratch = lat_alloc(netlist->nodes, 3 * sizeof *scratch);
  if (scratch == NULL) return LAT_MEMORY;
  uint32_t *place = scratch, *stack = scratch + netlist->nodes, *next = scratch + 2 * netlist->nodes;
  LAT_TRY(status, order_nodes(netlist, place, stack, next, cycle));
  status = renumber(netlist, place);
done:
  lat_free(scratch);
  return status;
}

int lat_netlist_copy(const struct lat_netlist *from, struct lat_netlist **to) {
  int status = LAT_OK;
  struct lat_netlist *made = NULL;
  *to = NULL;
  LAT_TRY(status, lat_netlist_alloc(from->name, &made));
  for (size_t i = 0; i < from->inputs; i++) LAT_TRY(status, lat_netlist_input(made, from->input_name[i], NULL));
  for (size_t node = from->inputs; node < from->nodes; node++)
    LAT_TRY(status, lat_netlist_node(made, lat_netlist_fan_ins(from, node), from->fan_in + from->first[node],
                                     from->table[node], NULL));
  for (size_t i = 0; i < from->outputs; i++)
    LAT_TRY(status, lat_netlist_output(made, from->output_name[i], from->output[i]));
  *to = made;
  made = NULL;
done:
  lat_netlist_free(made);
  return status;
}

uint32_t lat_netlist_levels(const struct lat_netlist *netlist, uint32_t *level) {
  uint32_t depth = 0;
  for (size_t node = 0; node < netlist->nodes; node++) {
    uint32_t highest = 0;
    for (uint32_t k = netlist->first[node]; k < netlist->first[node + 1]; k++) {
      uint32_t below = level[netlist->fan_in[k]] + 1;
      if (below > highest) highest = below;
    }
    level[node] = highest;
  }
  for (size_t i = 0; i < netlist->outputs; i++) {
    if (level[netlist->output[i]] > depth) depth = level[netlist->output[i]];
  }
  return depth;
}
