/* Sorting SIZE bits, and their majority, by Batcher's odd-even merge exchange (1968) in the iterative form of Knuth (volume
 * 3, algorithm 5.2.2M). A comparator of bits is an AND (the smaller) and an OR (the larger), one level. SIZE must be a
 * power of two: at other sizes the network sorts too, but levels run empty, so that its depth follows no formula. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

static void sort(struct lat_gates *gates, uint32_t *x, size_t n) {
  size_t top = 1;
  while (2 * top < n) top *= 2;
  for (size_t p = top; n > 1 && p >= 1; p /= 2) {
    size_t q = top, r = 0, distance = p;
    for (;;) {
      for (size_t i = 0; i + distance < n; i++) {
        if ((i & p) != r) continue;
        uint32_t low = lat_gate(gates, LAT_AND, x[i], x[i + distance]);
        x[i + distance] = lat_gate(gates, LAT_OR, x[i], x[i + distance]);
        x[i] = low;
      }
      if (q == p) break;
      distance = q - p;
      q /= 2;
      r = p;
    }
  }
}

static int refuse(const char *name, int64_t size) {
  return LAT_FAIL(LAT_INPUT, "the family %s has sizes that are powers of two, not %" PRId64 "; take %" PRId64, name, size,
                  (int64_t)1 << lat_log2_up(size));
}

int lat_family_batcher(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  *netlist = NULL;
  if ((size & (size - 1)) != 0) return refuse("batcher", size);
  struct lat_gates gates;
  lat_gates_start(&gates, "batcher");
  uint32_t *x = lat_gates_inputs(&gates, "x", (size_t)size);
  if (x) {
    sort(&gates, x, (size_t)size);
    for (size_t i = 0; i < (size_t)size; i++) lat_gates_output(&gates, x[i], "y[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

int lat_family_majority(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  *netlist = NULL;
  if ((size & (size - 1)) != 0) return refuse("majority", size);
  struct lat_gates gates;
  lat_gates_start(&gates, "majority");
  size_t n = (size_t)size;
  uint32_t *x = lat_gates_inputs(&gates, "x", n);
  if (x) {
    sort(&gates, x, n);
    lat_gates_output(&gates, x[n - n / 2 - 1], "more_than_half");
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_batcher_depth(int64_t size) { return lat_log2_up(size) * (lat_log2_up(size) + 1) / 2; }
int64_t lat_family_majority_depth(int64_t size) { return lat_family_batcher_depth(size); }

/* All 1: in a network without empty levels no gate is 1 before its level is reached. */
int lat_family_batcher_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  (void)size;
  memset(bit, 1, netlist->inputs);
  return LAT_OK;
}

int lat_family_majority_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  return lat_family_batcher_sensitise(netlist, size, bit);
}
