#include "experiments/life_bandwidth/bound.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/task/life.h"

static int descending(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x < y) - (x > y);
}

int lat_life_bound(unsigned rows, unsigned columns, size_t steps, double *bound, size_t *distinct) {
  unsigned n = rows * columns;
  assert(n <= 20);
  size_t boards = (size_t)1 << n, seen = 0;
  uint64_t sum = 0;
  uint32_t *count = lat_calloc(boards, sizeof *count);
  *distinct = 0;
  if (count == NULL) return LAT_MEMORY;
  for (size_t first = 0; first < boards; first++) {
    uint64_t board = first;
    for (size_t t = 0; t < steps; t++) board = lat_life_step(rows, columns, board);
    count[board]++;
  }
  qsort(count, boards, sizeof *count, descending);
  for (unsigned w = 0; w <= n; w++) {
    for (; seen < (size_t)1 << w; seen++) sum += count[seen];
    bound[w] = (double)sum / (double)boards;
  }
  while (*distinct < boards && count[*distinct] > 0) ++*distinct;
  lat_free(count);
  return LAT_OK;
}
