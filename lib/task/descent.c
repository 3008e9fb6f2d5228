#include "lib/task/descent.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static int ends(const struct lat_graph *graph, const uint32_t *degree, uint32_t node) {
  return node == graph->target || node == graph->negative || degree[node] == 0;
}

static uint32_t *degrees(const struct lat_graph *graph) {
  uint32_t *degree = lat_calloc(graph->nodes, sizeof *degree);
  if (degree == NULL) return NULL;
  for (size_t e = 0; e < graph->edges; e++) degree[graph->edge[2 * e]]++;
  return degree;
}

int lat_descent_exact(const struct lat_graph *graph, size_t most, struct lat_descent *descent) {
  size_t n = graph->nodes;
  int status = LAT_OK;
  uint32_t *degree = degrees(graph);
  double *here = lat_calloc(2 * n, sizeof *here);
  LAT_CHECK(status, degree != NULL && here != NULL, LAT_MEMORY, "no memory for a walk over %zu nodes", n);
  double *next = here + n;
  *descent = (struct lat_descent){0};
  here[graph->root] = 1;
  for (size_t t = 0; t < most; t++) {
    memset(next, 0, n * sizeof *next);
    for (size_t e = 0; e < graph->edges; e++) {
      uint32_t from = graph->edge[2 * e], to = graph->edge[2 * e + 1];
      if (ends(graph, degree, from)) continue;
      double moved = here[from] / degree[from];
      descent->length += moved;
      next[to] += moved;
    }
    descent->hit += next[graph->target];
    memcpy(here, next, n * sizeof *here);
  }
  descent->tokens = descent->length / descent->hit;
done:
  lat_free(here);
  lat_free(degree);
  return status;
}

int lat_descent_sample(const struct lat_graph *graph, size_t most, size_t walks, struct lat_random *random, size_t *tokens,
                       size_t *walked) {
  int status = LAT_OK;
  uint32_t *degree = degrees(graph), node = graph->root;
  LAT_CHECK(status, degree != NULL, LAT_MEMORY, "no memory for a walk over %zu nodes", graph->nodes);
  *tokens = 0;
  for (*walked = 0; *walked < walks && node != graph->target; ++*walked) {
    node = graph->root;
    for (size_t t = 0; t < most && !ends(graph, degree, node); t++) {
      uint64_t choice = lat_random_below(random, degree[node]);
      size_t e = 0;
      while (graph->edge[2 * e] != node || choice-- > 0) e++;
      node = graph->edge[2 * e + 1];
      ++*tokens;
    }
  }
  LAT_CHECK(status, node == graph->target, LAT_NUMERIC, "none of %zu walks ended on the target", walks);
done:
  lat_free(degree);
  return status;
}
