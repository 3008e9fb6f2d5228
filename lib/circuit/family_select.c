/* Choosing: the multiplexer with SIZE select bits and 2^SIZE data bits, two levels a select bit; and the decoder of SIZE
 * bits into 2^SIZE lines, of which exactly one is 1. In AC0. */
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/families.h"

int lat_family_multiplexer(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "multiplexer");
  size_t selects = (size_t)size, count = (size_t)1 << selects;
  uint32_t *select = lat_gates_inputs(&gates, "s", selects), *data = lat_gates_inputs(&gates, "d", count);
  if (select && data) {
    for (size_t k = 0; k < selects; k++) {
      count /= 2;
      for (size_t i = 0; i < count; i++) {
        uint32_t low = lat_gate(&gates, LAT_FIRST_ONLY, data[2 * i], select[k]);
        data[i] = lat_gate(&gates, LAT_OR, low, lat_gate(&gates, LAT_AND, data[2 * i + 1], select[k]));
      }
    }
    lat_gates_output(&gates, data[0], "y");
  }
  return lat_gates_finish(&gates, netlist);
}

int64_t lat_family_multiplexer_depth(int64_t size) { return 2 * size; }

/* d[0] = 1 is selected and everything else is 0. */
int lat_family_multiplexer_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  memset(bit, 0, netlist->inputs);
  bit[size] = 1;
  return LAT_OK;
}

/* Line v of line[0 .. 2^count - 1] is 1 when x[0 .. count - 1] spells v: the lines of the two halves, ANDed. The recursion
 * is lg SIZE <= 5 deep. */
static void decode(struct lat_gates *gates, const uint32_t *x, size_t count, uint32_t *line) {
  if (count == 1) {
    line[0] = lat_gate(gates, 0x5, x[0], x[0]); /* the complement; folded into the readers */
    line[1] = x[0];
    return;
  }
  size_t low_count = (count + 1) / 2, high_count = count - low_count;
  uint32_t *low = lat_gates_array(gates, (size_t)1 << low_count), *high = lat_gates_array(gates, (size_t)1 << high_count);
  if (!low || !high) return;
  decode(gates, x, low_count, low);
  decode(gates, x + low_count, high_count, high);
  for (size_t i = 0; i < (size_t)1 << count; i++)
    line[i] = lat_gate(gates, LAT_AND, low[i & (((size_t)1 << low_count) - 1)], high[i >> low_count]);
}

int lat_family_decoder(int64_t size, uint64_t seed, struct lat_netlist **netlist) {
  (void)seed;
  struct lat_gates gates;
  lat_gates_start(&gates, "decoder");
  size_t count = (size_t)1 << size;
  uint32_t *x = lat_gates_inputs(&gates, "x", (size_t)size), *line = lat_gates_array(&gates, count);
  if (x && line) {
    decode(&gates, x, (size_t)size, line);
    for (size_t i = 0; i < count; i++) lat_gates_output(&gates, line[i], "y[%zu]", i);
  }
  return lat_gates_finish(&gates, netlist);
}

/* A single bit needs a gate for its complement. */
int64_t lat_family_decoder_depth(int64_t size) { return size == 1 ? 1 : lat_log2_up(size); }

/* All 1: the last line is the AND of all bits. The gate of a single bit is its complement. */
int lat_family_decoder_sensitise(const struct lat_netlist *netlist, int64_t size, unsigned char *bit) {
  memset(bit, size > 1, netlist->inputs);
  return LAT_OK;
}
