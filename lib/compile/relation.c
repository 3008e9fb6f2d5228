#include "lib/compile/relation.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

static int make_random(size_t n, uint64_t seed, unsigned char *edge) {
  struct lat_random random;
  uint32_t *order = lat_alloc(n, sizeof *order);
  if (order == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for a graph of %zu vertices", n);
  lat_random_start(&random, seed, "random relation", n);
  lat_random_permutation(&random, order, n);
  for (size_t i = 0; i + 1 < n && i < (n + 1) / 2; i++) edge[order[i] * n + order[i + 1]] = 1;
  for (size_t k = 0; k < n / 2; k++) {
    size_t from = lat_random_below(&random, n);
    edge[from * n + lat_random_below(&random, n)] = 1;
  }
  lat_free(order);
  return LAT_OK;
}

int lat_relation_make(const char *kind, size_t vertices, uint64_t seed, unsigned char *edge) {
  size_t n = vertices;
  memset(edge, 0, n * n);
  if (strcmp(kind, "random") == 0) return make_random(n, seed, edge);
  int path = strcmp(kind, "path") == 0, cycle = strcmp(kind, "cycle") == 0;
  if (!path && !cycle && strcmp(kind, "tree") != 0)
    return LAT_FAIL(LAT_INPUT, "no kind of graph '%.40s': path, cycle, tree or random", kind);
  for (size_t i = 0; i < n; i++) {
    if ((path || cycle) && i + 1 < n) edge[i * n + i + 1] = 1;
    if (cycle && i + 1 == n) edge[i * n] = 1;
    if (!path && !cycle && i > 0) edge[i * n + (i - 1) / 2] = 1;
  }
  return LAT_OK;
}

/* Level by level over whole rows: no queue, and nothing shared with the machine that is held to it. */
size_t lat_relation_distances(size_t vertices, const unsigned char *edge, uint32_t *distance) {
  size_t n = vertices, largest = 0;
  for (size_t source = 0; source < n; source++) {
    uint32_t *row = distance + source * n;
    for (size_t j = 0; j < n; j++) row[j] = j == source ? 0 : LAT_RELATION_FAR;
    int grew = 1;
    for (uint32_t level = 0; grew; level++) {
      grew = 0;
      for (size_t i = 0; i < n; i++) {
        if (row[i] != level) continue;
        for (size_t j = 0; j < n; j++)
          if (edge[i * n + j] && row[j] == LAT_RELATION_FAR) {
            row[j] = level + 1;
            grew = 1;
          }
      }
      if (grew && level + 1 > largest) largest = level + 1;
    }
  }
  return largest;
}
