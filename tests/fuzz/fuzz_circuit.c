/* Any bytes through every circuit reader: no crash, no over-read, no memory or time beyond what the bytes justify; and what
 * is read has its nodes in order and is written in every format as the same function.
 *
 * Built by `make fuzz` for libFuzzer. With -DLAT_FUZZ_STANDALONE it is a program that replays the files it is given. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/aiger.h"
#include "lib/circuit/aiger_write.h"
#include "lib/circuit/bench.h"
#include "lib/circuit/blif.h"
#include "lib/circuit/blif_write.h"
#include "lib/circuit/circuit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parser(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist);

static void require(int condition, const char *what) {
  if (condition) return;
  fprintf(stderr, "broken: %s (last message: %s)\n", what, lat_error_message());
  abort();
}

/* 64 random vectors: the outputs' words, hashed. */
static uint64_t signature(const struct lat_netlist *netlist) {
  struct lat_vectors *inputs = NULL, *values = NULL;
  uint64_t sum = netlist->outputs;
  require(lat_vectors_alloc(netlist->inputs, 64, &inputs) == LAT_OK, "room for vectors");
  require(lat_vectors_alloc(netlist->nodes, 64, &values) == LAT_OK, "room for values");
  lat_vectors_random(inputs, 1);
  lat_simulate(netlist, inputs, values);
  for (size_t i = 0; i < netlist->outputs; i++) sum = sum * 0x9e3779b97f4a7c15U + values->word[netlist->output[i]];
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  return sum;
}

static void check_order(const struct lat_netlist *netlist) {
  for (size_t node = 0; node < netlist->nodes; node++) {
    require(netlist->first[node] <= netlist->first[node + 1], "fan-ins in order");
    require(lat_netlist_fan_ins(netlist, node) <= LAT_MAX_FAN_IN, "at most 6 fan-ins");
    for (uint32_t k = netlist->first[node]; k < netlist->first[node + 1]; k++)
      require(netlist->fan_in[k] < node, "fan-ins before their readers");
  }
  for (size_t i = 0; i < netlist->outputs; i++) require(netlist->output[i] < netlist->nodes, "outputs that exist");
}

/* Written and read again, the circuit has as many ports and the same function. */
static void check_round_trip(const struct lat_netlist *netlist, int format, uint64_t expected) {
  struct lat_text text = {0};
  struct lat_netlist *again = NULL;
  int status = format == 2 ? lat_blif_print(netlist, &text) : lat_aiger_print(netlist, format, &text);
  require(status == LAT_OK, "printing");
  status = format == 2 ? lat_blif_parse("again", text.bytes, text.length, &again)
                       : lat_aiger_parse("again", text.bytes, text.length, &again);
  require(status == LAT_OK, "reading what was printed");
  require(again->inputs == netlist->inputs && again->outputs == netlist->outputs, "as many ports");
  require(signature(again) == expected, "the same function");
  lat_netlist_free(again);
  lat_text_free(&text);
}

static void check_message(const char *path) {
  const char *message = lat_error_message();
  size_t length = strlen(path);
  require(strncmp(message, path, length) == 0 && message[length] == ':', "a message with its place");
  for (const char *at = message; *at != '\0'; at++)
    require((unsigned char)*at >= 32 && *at != 127, "a message of one line");
}

static void run(parser *parse, const char *path, const char *bytes, size_t size, int bounded) {
  struct lat_netlist *netlist = (struct lat_netlist *)&netlist;
  size_t before = lat_memory_current();
  lat_memory_reset_peak();
  lat_error_clear();
  int status = parse(path, bytes, size, &netlist);
  require(!bounded || lat_memory_peak() - before <= ((size_t)64 << 20) + 4096 * size, "memory in proportion to the file");
  if (status == LAT_OK) {
    check_order(netlist);
    if (netlist->nodes < 20000) {
      uint64_t expected = signature(netlist);
      for (int format = 0; format < 3; format++) check_round_trip(netlist, format, expected);
    }
    lat_netlist_free(netlist);
  } else {
    require(netlist == NULL, "no netlist after a failure");
    require(status == LAT_INPUT || status == LAT_UNSUPPORTED || (status == LAT_MEMORY && !bounded),
            "a status for bad input");
    if (status != LAT_MEMORY) check_message(path);
  }
  require(lat_memory_current() == before, "no leak");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  /* A block of its own, so that the sanitizer sees a read past the end. */
  char *bytes = malloc(size > 0 ? size : 1);
  if (bytes == NULL) return 0;
  if (size > 0) memcpy(bytes, data, size);
  lat_memory_limit((size_t)1 << 30);
  run(lat_circuit_parse, "f.txt", bytes, size, 0);
  run(lat_aiger_parse, "f.aig", bytes, size, 1);
  run(lat_bench_parse, "f.bench", bytes, size, 1);
  run(lat_blif_parse, "f.blif", bytes, size, 0);
  lat_memory_limit(0);
  free(bytes);
  return 0;
}

#ifdef LAT_FUZZ_STANDALONE
int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *bytes = NULL;
    size_t count = 0;
    if (lat_file_read(argv[i], &bytes, &count) != LAT_OK) {
      fprintf(stderr, "%s\n", lat_error_message());
      return 2;
    }
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, count);
    lat_free(bytes);
  }
  printf("%d files replayed\n", argc - 1);
  return 0;
}
#endif
