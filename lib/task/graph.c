#include "lib/task/graph.h"

#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

int lat_graph_alloc(size_t nodes, size_t edges, struct lat_graph **result) {
  *result = NULL;
  struct lat_graph *graph = lat_calloc(1, sizeof *graph);
  if (graph == NULL) return LAT_MEMORY;
  graph->nodes = nodes;
  graph->edges = edges;
  graph->edge = lat_calloc(edges, 2 * sizeof *graph->edge);
  if (graph->edge == NULL) {
    lat_free(graph);
    return LAT_MEMORY;
  }
  *result = graph;
  return LAT_OK;
}

void lat_graph_free(struct lat_graph *graph) {
  if (graph == NULL) return;
  lat_free(graph->edge);
  lat_free(graph);
}

int lat_graphs_alloc(size_t count, struct lat_graphs **result) {
  *result = NULL;
  struct lat_graphs *graphs = lat_calloc(1, sizeof *graphs);
  if (graphs == NULL) return LAT_MEMORY;
  graphs->count = count;
  graphs->graph = lat_calloc(count, sizeof(struct lat_graph *));
  if (graphs->graph == NULL) {
    lat_free(graphs);
    return LAT_MEMORY;
  }
  *result = graphs;
  return LAT_OK;
}

void lat_graphs_free(struct lat_graphs *graphs) {
  if (graphs == NULL) return;
  for (size_t i = 0; i < graphs->count; i++) lat_graph_free(graphs->graph[i]);
  lat_free(graphs->graph);
  lat_free(graphs);
}

/* One round after the other over all edges, so that round c reaches exactly the nodes at distance c + 1. */
uint32_t lat_graph_distances(const struct lat_graph *graph, uint32_t source, uint32_t *distance) {
  assert(source < graph->nodes);
  uint32_t round = 0;
  for (size_t v = 0; v < graph->nodes; v++) distance[v] = LAT_UNREACHED;
  distance[source] = 0;
  for (int grown = 1; grown; round++) {
    grown = 0;
    for (size_t e = 0; e < graph->edges; e++) {
      uint32_t from = graph->edge[2 * e], to = graph->edge[2 * e + 1];
      if (distance[from] != round || distance[to] != LAT_UNREACHED) continue;
      distance[to] = round + 1;
      grown = 1;
    }
  }
  return round - 1;
}

size_t lat_graph_reached(size_t nodes, const uint32_t *distance, uint32_t c) {
  size_t reached = 0;
  for (size_t v = 0; v < nodes; v++) reached += distance[v] <= c && distance[v] != LAT_UNREACHED;
  return reached;
}

uint32_t lat_graph_diameter(const struct lat_graph *graph, uint32_t *scratch) {
  uint32_t largest = 0;
  for (uint32_t v = 0; v < graph->nodes; v++) {
    uint32_t reach = lat_graph_distances(graph, v, scratch);
    if (reach > largest) largest = reach;
  }
  return largest;
}

int lat_graph_check(const struct lat_graph *graph) {
  const struct {
    const char *name;
    uint32_t node;
  } end[] = {{"root", graph->root}, {"target", graph->target}, {"negative", graph->negative}};
  int status = LAT_OK;
  uint32_t *distance = NULL;
  for (size_t i = 0; i < 3; i++)
    LAT_CHECK(status, end[i].node < graph->nodes, LAT_INPUT, "the %s is node %u of a graph of %zu nodes", end[i].name,
              end[i].node, graph->nodes);
  for (size_t e = 0; e < graph->edges; e++)
    LAT_CHECK(status, graph->edge[2 * e] < graph->nodes && graph->edge[2 * e + 1] < graph->nodes, LAT_INPUT,
              "edge %zu goes from node %u to %u in a graph of %zu nodes", e, graph->edge[2 * e], graph->edge[2 * e + 1],
              graph->nodes);
  distance = lat_alloc(graph->nodes, sizeof *distance);
  LAT_CHECK(status, distance != NULL, LAT_MEMORY, "no memory for the distances of %zu nodes", graph->nodes);
  lat_graph_distances(graph, graph->root, distance);
  LAT_CHECK(status, graph->target != graph->root, LAT_INPUT, "the target is the root itself (node %u)", graph->root);
  LAT_CHECK(status, distance[graph->target] != LAT_UNREACHED, LAT_INPUT, "the target, node %u, is not reached from node %u",
            graph->target, graph->root);
  LAT_CHECK(status, distance[graph->negative] == LAT_UNREACHED, LAT_INPUT,
            "the negative, node %u, is reached from node %u like the target", graph->negative, graph->root);
done:
  lat_free(distance);
  return status;
}

int lat_graph_squarings(const struct lat_graph *graph, uint32_t *squarings) {
  size_t n = graph->nodes, words = (n + 63) / 64;
  int status = LAT_OK;
  uint64_t *row = lat_calloc(2 * n, words * sizeof *row);
  LAT_CHECK(status, row != NULL, LAT_MEMORY, "no memory for a matrix of %zu nodes", n);
  uint64_t *next = row + n * words;
  for (size_t v = 0; v < n; v++) row[v * words + v / 64] |= (uint64_t)1 << v % 64;
  for (size_t e = 0; e < graph->edges; e++)
    row[graph->edge[2 * e] * words + graph->edge[2 * e + 1] / 64] |= (uint64_t)1 << graph->edge[2 * e + 1] % 64;
  *squarings = 0;
  while (!(row[graph->root * words + graph->target / 64] >> graph->target % 64 & 1)) {
    LAT_CHECK(status, *squarings < 64, LAT_INPUT, "the target, node %u, is not reached from node %u", graph->target,
              graph->root);
    memset(next, 0, n * words * sizeof *next);
    for (size_t i = 0; i < n; i++)
      for (size_t k = 0; k < n; k++) {
        if (!(row[i * words + k / 64] >> k % 64 & 1)) continue;
        for (size_t w = 0; w < words; w++) next[i * words + w] |= row[k * words + w];
      }
    memcpy(row, next, n * words * sizeof *row);
    ++*squarings;
  }
done:
  lat_free(row);
  return status;
}

int lat_graph_search(const struct lat_graph *graph, size_t *nodes, size_t *edges) {
  size_t head = 0, tail = 0, n = graph->nodes;
  int status = LAT_OK;
  uint32_t *queue = lat_alloc(n, sizeof *queue);
  unsigned char *seen = lat_calloc(n, 1);
  LAT_CHECK(status, queue != NULL && seen != NULL, LAT_MEMORY, "no memory for a queue of %zu nodes", n);
  *nodes = *edges = 0;
  queue[tail++] = graph->root;
  seen[graph->root] = 1;
  while (head < tail && !seen[graph->target]) {
    uint32_t from = queue[head++];
    ++*nodes;
    for (size_t e = 0; e < graph->edges && !seen[graph->target]; e++) {
      if (graph->edge[2 * e] != from) continue;
      ++*edges;
      uint32_t to = graph->edge[2 * e + 1];
      if (!seen[to]) queue[tail++] = to;
      seen[to] = 1;
    }
  }
  LAT_CHECK(status, seen[graph->target], LAT_INPUT, "the target, node %u, is not reached from node %u", graph->target,
            graph->root);
done:
  lat_free(seen);
  lat_free(queue);
  return status;
}
