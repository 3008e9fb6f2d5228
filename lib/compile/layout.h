/* Which column of the residual stream means what: the one place that knows.
 *
 * C = m (1 + K) + 2^K + 3 + 2 K channels in the order own address, fan-in addresses, truth table, value, ready, constant,
 * fetched values, fetched ready bits. Width D = C, or 2 C when channels are stored as pairs (x, -x). */
#ifndef LAT_COMPILE_LAYOUT_H
#define LAT_COMPILE_LAYOUT_H

#include "lib/compile/compile.h"

/* Bits that tell `nodes` positions apart, at least 1. */
size_t lat_layout_address_bits(size_t nodes);

/* nodes >= 1, 2 <= fan_in <= 6. */
struct lat_layout lat_layout_make(size_t nodes, unsigned fan_in, enum lat_norm norm);

/* The column that holds channel c itself; with pairs its negative is in the next column. */
static inline size_t lat_layout_column(const struct lat_layout *layout, size_t channel) {
  return layout->paired ? 2 * channel : channel;
}

/* First channel of the k-th pointer (0-based). */
static inline size_t lat_layout_pointer(const struct lat_layout *layout, size_t k) {
  return layout->pointer + k * layout->address_bits;
}

/* Writes a channel of one row [D] of the residual stream (and its negative). */
static inline void lat_layout_set(const struct lat_layout *layout, float *row, size_t channel, float value) {
  size_t column = lat_layout_column(layout, channel);
  row[column] = value;
  if (layout->paired) row[column + 1] = -value;
}

/* Writes the low m bits of `number` as +-1, least significant first. */
void lat_layout_set_address(const struct lat_layout *layout, float *row, size_t first, size_t number);

/* Hidden units of the feed-forward part: 2^K table entries and one ready bit are selected by a clip of two units each, or by
 * one unit each when nothing snaps, and 2 K + 2 channels are cleared by two units each. */
size_t lat_layout_hidden(unsigned fan_in, enum lat_snap snap);

/* Number of scratch channels, which are 0 before attention: 2 K. */
static inline size_t lat_layout_scratch(const struct lat_layout *layout) { return 2 * layout->fan_in; }

#endif
