#include "lib/compile/layout.h"

#include <assert.h>

size_t lat_layout_address_bits(size_t nodes) {
  size_t bits = 1;
  while (bits < 8 * sizeof nodes - 1 && (size_t)1 << bits < nodes) bits++;
  return bits;
}

struct lat_layout lat_layout_make(size_t nodes, unsigned fan_in, enum lat_norm norm) {
  assert(nodes >= 1 && fan_in >= 2 && fan_in <= LAT_MAX_FAN_IN);
  struct lat_layout layout = {.address_bits = lat_layout_address_bits(nodes), .fan_in = fan_in};
  size_t m = layout.address_bits;
  layout.paired = norm == LAT_NORM_LAYERNORM;
  layout.address = 0;
  layout.pointer = layout.address + m;
  layout.table = layout.pointer + fan_in * m;
  layout.value = layout.table + ((size_t)1 << fan_in);
  layout.ready = layout.value + 1;
  layout.constant = layout.ready + 1;
  layout.fetched = layout.constant + 1;
  layout.fetched_ready = layout.fetched + fan_in;
  layout.channels = layout.fetched_ready + fan_in;
  layout.width = layout.paired ? 2 * layout.channels : layout.channels;
  return layout;
}

void lat_layout_set_address(const struct lat_layout *layout, float *row, size_t first, size_t number) {
  for (size_t b = 0; b < layout->address_bits; b++) lat_layout_set(layout, row, first + b, number >> b & 1 ? 1.0f : -1.0f);
}

size_t lat_layout_hidden(unsigned fan_in, enum lat_snap snap) {
  size_t selectors = ((size_t)1 << fan_in) + 1;
  return (snap == LAT_SNAP_CLIP ? 2 * selectors : selectors) + 2 * (2 * (size_t)fan_in + 2);
}
