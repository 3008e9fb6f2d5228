#include "tests/circuit_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

const char circuit_c17_aag[] =
    "aag 11 5 0 2 6\n2\n4\n6\n8\n10\n21\n23\n12 6 2\n14 8 6\n16 15 4\n18 15 10\n20 17 13\n22 19 17\n"
    "i0 1\ni1 2\ni2 3\ni3 6\ni4 7\no0 22\no1 23\nc\nc17\n";
const char circuit_c17_bench[] =
    "# c17\nINPUT(1)\nINPUT(2)\nINPUT(3)\nINPUT(6)\nINPUT(7)\n\nOUTPUT(22)\nOUTPUT(23)\n\n10 = NAND(1, 3)\n11 = NAND(3, "
    "6)\n"
    "16 = NAND(2, 11)\n19 = NAND(11, 7)\n22 = NAND(10, 16)\n23 = NAND(16, 19)\n";
const char circuit_c17_blif[] =
    ".model c17\n.inputs 1 2 3 6 7\n.outputs 22 23\n.names 1 3 10\n11 0\n.names 3 6 11\n0- 1\n-0 1\n.names 2 11 16\n11 0\n"
    ".names 11 7 19\n11 0\n.names 10 16 22\n0- 1\n-0 1\n.names 16 19 23\n11 0\n.end\n";

/* Computed by hand-independent means: the NAND formulas over bit patterns. */
#define NAND(a, b) (~((a) & (b)))
#define IN1 0xaaaaaaaaU
#define IN2 0xccccccccU
#define IN3 0xf0f0f0f0U
#define IN6 0xff00ff00U
#define IN7 0xffff0000U
#define NET16 NAND(IN2, NAND(IN3, IN6))
const uint32_t circuit_c17_output[2] = {NAND(NAND(IN1, IN3), NET16), NAND(NET16, NAND(NAND(IN3, IN6), IN7))};

struct lat_netlist *circuit_parsed_bytes(const char *path, const char *bytes, size_t count) {
  struct lat_netlist *netlist = NULL;
  int status = lat_circuit_parse(path, bytes, count, &netlist);
  if (status != LAT_OK) fail_msg("%s should be read: %s", path, lat_error_message());
  return netlist;
}

struct lat_netlist *circuit_parsed(const char *path, const char *text) {
  return circuit_parsed_bytes(path, text, strlen(text));
}

void circuit_refused_bytes(const char *path, const char *bytes, size_t count, int status, const char *fragment) {
  struct lat_netlist *netlist = (struct lat_netlist *)&netlist;
  size_t before = lat_memory_current();
  lat_error_clear();
  int got = lat_circuit_parse(path, bytes, count, &netlist);
  const char *message = lat_error_message();
  if (got != status || strstr(message, fragment) == NULL)
    fail_msg("expected %s with '%s', got %s: %s", lat_status_name(status), fragment, lat_status_name(got), message);
  assert_null(netlist);
  assert_int_equal(lat_memory_current(), before);
  size_t length = strlen(path);
  int placed = strncmp(message, path, length) == 0 && message[length] == ':';
  const char *place = placed ? message + length + 1 : message;
  if (strncmp(place, " byte ", 6) == 0) place += 6;
  if (!placed || *place < '0' || *place > '9' || strchr(message, '\n') != NULL)
    fail_msg("no place or no one line: %s", message);
}

void circuit_refused(const char *path, const char *text, int status, const char *fragment) {
  circuit_refused_bytes(path, text, strlen(text), status, fragment);
}

static struct lat_vectors *outputs_of(const struct lat_netlist *netlist, const struct lat_vectors *inputs) {
  struct lat_vectors *values = NULL, *outputs = NULL;
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, inputs->count, &outputs), LAT_OK);
  lat_simulate(netlist, inputs, values);
  lat_simulate_outputs(netlist, values, outputs);
  lat_vectors_free(values);
  return outputs;
}

uint64_t circuit_table(const struct lat_netlist *netlist, size_t output) {
  struct lat_vectors *inputs = NULL;
  size_t count = (size_t)1 << netlist->inputs;
  uint64_t table = 0;
  if (!(netlist->inputs <= 6 && output < netlist->outputs)) fail();
  assert_int_equal(lat_vectors_alloc(netlist->inputs, count, &inputs), LAT_OK);
  lat_vectors_exhaustive(inputs);
  struct lat_vectors *outputs = outputs_of(netlist, inputs);
  for (size_t n = 0; n < count; n++) table |= (uint64_t)lat_vectors_get(outputs, output, n) << n;
  lat_vectors_free(outputs);
  lat_vectors_free(inputs);
  return table;
}

void circuit_computes(const char *path, const char *text, uint64_t table) {
  struct lat_netlist *netlist = circuit_parsed(path, text);
  uint64_t got = circuit_table(netlist, 0);
  if (got != table)
    fail_msg("table %#llx instead of %#llx of\n%s", (unsigned long long)got, (unsigned long long)table, text);
  lat_netlist_free(netlist);
}

void circuit_same(const struct lat_netlist *a, const struct lat_netlist *b) {
  assert_int_equal(a->inputs, b->inputs);
  assert_int_equal(a->outputs, b->outputs);
  struct lat_vectors *inputs = NULL;
  size_t count = a->inputs <= 14 ? (size_t)1 << a->inputs : 4096;
  assert_int_equal(lat_vectors_alloc(a->inputs, count, &inputs), LAT_OK);
  if (a->inputs <= 14)
    lat_vectors_exhaustive(inputs);
  else
    lat_vectors_random(inputs, 7);
  struct lat_vectors *left = outputs_of(a, inputs), *right = outputs_of(b, inputs);
  for (size_t p = 0; p < a->outputs; p++) {
    for (size_t n = 0; n < count; n++) {
      if (lat_vectors_get(left, p, n) != lat_vectors_get(right, p, n)) fail_msg("output %zu differs for vector %zu", p, n);
    }
  }
  lat_vectors_free(left);
  lat_vectors_free(right);
  lat_vectors_free(inputs);
}

void circuit_sweep(const char *path, const char *bytes, size_t count) {
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_netlist *netlist = NULL;
    lat_memory_fail_at(k);
    int status = lat_circuit_parse(path, bytes, count, &netlist);
    lat_memory_fail_at(0);
    lat_netlist_free(netlist);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) {
      if (!(k > 10)) fail();
      return;
    }
    if (status != LAT_MEMORY) fail_msg("allocation %llu: %s", (unsigned long long)k, lat_error_message());
  }
}
