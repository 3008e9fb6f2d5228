#include "lib/circuit/truth.h"

#include <assert.h>

uint64_t lat_truth_flip(uint64_t table, unsigned n, unsigned j) {
  assert(j < n && n <= LAT_MAX_FAN_IN);
  uint64_t high = lat_truth_variable(n, j);
  unsigned distance = 1u << j;
  return (table & high) >> distance | (table & ~high & lat_truth_mask(n)) << distance;
}

int lat_truth_depends(uint64_t table, unsigned n, unsigned j) { return lat_truth_flip(table, n, j) != table; }

/* s with a bit put in at place j. */
static unsigned insert(unsigned s, unsigned j, unsigned bit) {
  unsigned low = s & ((1u << j) - 1);
  return (s - low) << 1 | bit << j | low;
}

uint64_t lat_truth_fix(uint64_t table, unsigned n, unsigned j, int bit) {
  assert(j < n && n <= LAT_MAX_FAN_IN);
  uint64_t fixed = 0;
  for (unsigned s = 0; s < 1u << (n - 1); s++) fixed |= (table >> insert(s, j, bit != 0) & 1) << s;
  return fixed;
}

uint64_t lat_truth_tie(uint64_t table, unsigned n, unsigned i, unsigned j, int inverted) {
  assert(i < n && j < n && i != j && n <= LAT_MAX_FAN_IN);
  uint64_t tied = 0;
  unsigned place = i < j ? i : i - 1; /* of fan-in i once j is gone */
  for (unsigned s = 0; s < 1u << (n - 1); s++) {
    unsigned bit = (s >> place & 1) ^ (inverted != 0);
    tied |= (table >> insert(s, j, bit) & 1) << s;
  }
  return tied;
}
