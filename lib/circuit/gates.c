#include "lib/circuit/gates.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"

enum { NAME_BYTES = 64 };

void lat_gates_start(struct lat_gates *gates, const char *name) {
  memset(gates, 0, sizeof *gates);
  gates->status = lat_netlist_alloc(name, &gates->netlist);
}

uint32_t *lat_gates_array(struct lat_gates *gates, size_t count) {
  if (gates->status != LAT_OK) return NULL;
  if (gates->blocks == gates->block_capacity) {
    size_t capacity = 2 * gates->block_capacity + 8;
    void **block = lat_realloc(gates->block, capacity, sizeof *block);
    if (!block) {
      gates->status = LAT_MEMORY;
      return NULL;
    }
    gates->block = block;
    gates->block_capacity = capacity;
  }
  uint32_t *array = lat_calloc(count, sizeof *array);
  if (!array) {
    gates->status = LAT_MEMORY;
    return NULL;
  }
  gates->block[gates->blocks++] = array;
  return array;
}

uint32_t lat_gates_input(struct lat_gates *gates, const char *format, ...) {
  char name[NAME_BYTES];
  uint32_t number = 0;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  if (gates->status == LAT_OK) gates->status = lat_netlist_input(gates->netlist, name, &number);
  return number;
}

void lat_gates_output(struct lat_gates *gates, uint32_t node, const char *format, ...) {
  char name[NAME_BYTES];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(name, sizeof name, format, arguments);
  va_end(arguments);
  if (gates->status == LAT_OK) gates->status = lat_netlist_output(gates->netlist, name, node);
}

uint32_t *lat_gates_inputs(struct lat_gates *gates, const char *name, size_t count) {
  uint32_t *node = lat_gates_array(gates, count);
  if (!node) return NULL;
  for (size_t i = 0; i < count && gates->status == LAT_OK; i++) node[i] = lat_gates_input(gates, "%s[%zu]", name, i);
  return gates->status == LAT_OK ? node : NULL;
}

uint32_t lat_gates_constant(struct lat_gates *gates, int bit) {
  uint32_t number = 0;
  if (gates->status == LAT_OK) gates->status = lat_netlist_node(gates->netlist, 0, NULL, bit != 0, &number);
  return number;
}

uint32_t lat_gate(struct lat_gates *gates, unsigned table, uint32_t a, uint32_t b) {
  uint32_t fan_in[2] = {a, b}, number = 0;
  if (gates->status == LAT_OK) gates->status = lat_netlist_node(gates->netlist, 2, fan_in, table, &number);
  return number;
}

uint32_t lat_gates_tree(struct lat_gates *gates, unsigned table, uint32_t *node, size_t count) {
  while (count > 1) {
    for (size_t i = 0; i < count / 2; i++) node[i] = lat_gate(gates, table, node[2 * i], node[2 * i + 1]);
    if (count % 2) node[count / 2] = node[count - 1];
    count = count / 2 + count % 2;
  }
  return node[0];
}

int lat_gates_finish(struct lat_gates *gates, struct lat_netlist **netlist) {
  *netlist = NULL;
  int status = gates->status;
  if (status == LAT_OK) status = lat_netlist_finish(gates->netlist, NULL);
  if (status == LAT_OK) status = lat_circuit_clean(gates->netlist, netlist);
  for (size_t i = 0; i < gates->blocks; i++) lat_free(gates->block[i]);
  lat_free(gates->block);
  lat_netlist_free(gates->netlist);
  memset(gates, 0, sizeof *gates);
  return status;
}
