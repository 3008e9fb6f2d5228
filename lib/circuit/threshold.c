#include "lib/circuit/threshold.h"

#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

#define MOST_NODES ((size_t)1 << 31)

int lat_threshold_alloc(size_t inputs, struct lat_threshold **result) {
  *result = NULL;
  if (inputs >= MOST_NODES) return LAT_FAIL(LAT_INPUT, "%zu inputs are more than a network can have", inputs);
  struct lat_threshold *network = lat_calloc(1, sizeof *network);
  if (network == NULL) return LAT_MEMORY;
  network->inputs = inputs;
  network->first = lat_calloc(1, sizeof *network->first);
  if (network->first == NULL) {
    lat_threshold_free(network);
    return LAT_MEMORY;
  }
  *result = network;
  return LAT_OK;
}

void lat_threshold_free(struct lat_threshold *network) {
  if (network == NULL) return;
  lat_free(network->first);
  lat_free(network->edge);
  lat_free(network->at_least);
  lat_free(network->output);
  lat_free(network);
}

/* Room for `needed` elements, growing by doubling; the old array stays valid on failure. */
static int reserve(void **array, size_t *capacity, size_t needed, size_t size) {
  if (needed <= *capacity) return LAT_OK;
  size_t larger = 2 * *capacity > needed ? 2 * *capacity : needed < 16 ? 16 : needed;
  void *moved = lat_realloc(*array, larger, size);
  if (moved == NULL) return LAT_MEMORY;
  *array = moved;
  *capacity = larger;
  return LAT_OK;
}

/* `first` and `at_least` grow together. */
static int reserve_gates(struct lat_threshold *network, size_t gates) {
  if (gates <= network->gate_capacity) return LAT_OK;
  size_t unused = 0, capacity = network->gate_capacity;
  int status = reserve((void **)&network->at_least, &capacity, gates, sizeof *network->at_least);
  if (status == LAT_OK) status = reserve((void **)&network->first, &unused, capacity + 1, sizeof *network->first);
  if (status == LAT_OK) network->gate_capacity = capacity;
  return status;
}

int lat_threshold_gate(struct lat_threshold *network, size_t at_least, size_t fan_ins, const struct lat_edge *fan_in,
                       uint32_t *node) {
  if (at_least < 1 || at_least > fan_ins)
    return LAT_FAIL(LAT_INPUT,
                    "at least %zu of %zu is the same for all inputs: take a threshold from 1 to the number of fan-ins",
                    at_least, fan_ins);
  if (fan_ins >= MOST_NODES - network->edges || lat_threshold_nodes(network) + 1 >= MOST_NODES)
    return LAT_FAIL(LAT_INPUT, "a network has fewer than 2^31 nodes and edges");
  for (size_t k = 0; k < fan_ins; k++) assert(fan_in[k].source < lat_threshold_nodes(network) && fan_in[k].inverted <= 1);
  int status = reserve_gates(network, network->gates + 1);
  if (status == LAT_OK)
    status = reserve((void **)&network->edge, &network->edge_capacity, network->edges + fan_ins, sizeof *network->edge);
  if (status != LAT_OK) return status;
  if (node != NULL) *node = (uint32_t)lat_threshold_nodes(network);
  memcpy(network->edge + network->edges, fan_in, fan_ins * sizeof *fan_in);
  network->edges += fan_ins;
  network->at_least[network->gates++] = (uint32_t)at_least;
  network->first[network->gates] = (uint32_t)network->edges;
  return LAT_OK;
}

int lat_threshold_output(struct lat_threshold *network, uint32_t node) {
  assert(node < lat_threshold_nodes(network));
  int status = reserve((void **)&network->output, &network->output_capacity, network->outputs + 1, sizeof *network->output);
  if (status == LAT_OK) network->output[network->outputs++] = node;
  return status;
}

uint32_t lat_threshold_levels(const struct lat_threshold *network, uint32_t *level) {
  memset(level, 0, network->inputs * sizeof *level);
  for (size_t g = 0; g < network->gates; g++) {
    uint32_t highest = 0;
    for (size_t e = network->first[g]; e < network->first[g + 1]; e++)
      if (level[network->edge[e].source] > highest) highest = level[network->edge[e].source];
    level[network->inputs + g] = highest + 1;
  }
  uint32_t depth = 0;
  for (size_t o = 0; o < network->outputs; o++)
    if (level[network->output[o]] > depth) depth = level[network->output[o]];
  return depth;
}

size_t lat_threshold_widest(const struct lat_threshold *network) {
  size_t widest = 1;
  for (size_t g = 0; g < network->gates; g++)
    if (lat_threshold_fan_ins(network, g) > widest) widest = lat_threshold_fan_ins(network, g);
  return widest;
}

void lat_threshold_simulate(const struct lat_threshold *network, const struct lat_vectors *inputs,
                            struct lat_vectors *values) {
  assert(inputs->positions == network->inputs && values->positions == lat_threshold_nodes(network));
  assert(inputs->count == values->count);
  for (size_t i = 0; i < network->inputs; i++)
    for (size_t n = 0; n < inputs->count; n++) lat_vectors_set(values, i, n, lat_vectors_get(inputs, i, n));
  for (size_t g = 0; g < network->gates; g++)
    for (size_t n = 0; n < inputs->count; n++) {
      size_t ones = 0;
      for (size_t e = network->first[g]; e < network->first[g + 1]; e++)
        ones += (size_t)lat_vectors_get(values, network->edge[e].source, n) != network->edge[e].inverted;
      lat_vectors_set(values, network->inputs + g, n, ones >= network->at_least[g]);
    }
}
