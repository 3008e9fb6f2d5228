#include "lib/task/graph_make.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

enum { MOST_PARENTS = 8, ATTEMPTS = 10000, LAYER = 3 };

/* A graph that grows, in the order of its making. `room` is for that many edges. */
struct growth {
  struct lat_random random;
  struct lat_graph *graph;
  size_t room;
  uint32_t *distance; /* [nodes] */
};

static int grow_start(struct growth *growth, const char *purpose, uint64_t seed, uint64_t index, size_t nodes,
                      size_t room) {
  lat_random_start(&growth->random, seed, purpose, index);
  growth->room = room;
  growth->graph = NULL;
  growth->distance = lat_alloc(nodes, sizeof *growth->distance);
  if (growth->distance == NULL || lat_graph_alloc(nodes, room, &growth->graph) != LAT_OK) return LAT_MEMORY;
  growth->graph->edges = 0;
  return LAT_OK;
}

static void join(struct growth *growth, size_t from, size_t to) {
  uint32_t *edge = growth->graph->edge + 2 * growth->graph->edges++;
  edge[0] = (uint32_t)from;
  edge[1] = (uint32_t)to;
}

/* One of the nodes that `wanted` marks, uniformly; LAT_UNREACHED when there is none. */
static uint32_t draw(struct growth *growth, const unsigned char *wanted) {
  size_t count = 0, v = 0;
  for (size_t i = 0; i < growth->graph->nodes; i++) count += wanted[i];
  if (count == 0) return LAT_UNREACHED;
  uint64_t choice = lat_random_below(&growth->random, count);
  for (;; v++)
    if (wanted[v] && choice-- == 0) return (uint32_t)v;
}

/* New numbers for the nodes and a new order of the edges, then the graph is the caller's. */
static int grow_finish(struct growth *growth, struct lat_graph **result) {
  struct lat_graph *graph = growth->graph;
  size_t n = graph->nodes, m = graph->edges;
  int status = LAT_OK;
  uint32_t *edge = lat_alloc(2 * m, sizeof *edge), *number = lat_alloc(n, sizeof *number),
           *order = lat_alloc(m, sizeof *order);
  LAT_CHECK(status, edge != NULL && number != NULL && order != NULL, LAT_MEMORY, "no memory for %zu edges", m);
  lat_random_permutation(&growth->random, number, n);
  lat_random_permutation(&growth->random, order, m);
  for (size_t e = 0; e < m; e++)
    for (size_t end = 0; end < 2; end++) edge[2 * e + end] = number[graph->edge[2 * order[e] + end]];
  memcpy(graph->edge, edge, 2 * m * sizeof *edge);
  graph->root = number[graph->root];
  graph->target = number[graph->target];
  graph->negative = number[graph->negative];
  LAT_TRY(status, lat_graph_check(graph));
  *result = graph;
  growth->graph = NULL;
done:
  lat_free(order);
  lat_free(number);
  lat_free(edge);
  return status;
}

static void grow_free(struct growth *growth) {
  lat_free(growth->distance);
  lat_graph_free(growth->graph);
}

/* Knuth 1969: how many factors until a product of uniforms falls below e^-mean. */
static size_t poisson(struct lat_random *random, double mean) {
  double product = 1, limit = exp(-mean);
  for (size_t count = 0;; count++)
    if ((product *= lat_random_uniform(random)) <= limit) return count;
}

/* One graph in the manner of ProsQA, before the question. label: bit 0 descends from node 0, bit 1 from node 1. */
static void prosqa_edges(struct growth *growth, unsigned char *label, double *weight) {
  struct lat_graph *graph = growth->graph;
  uint32_t *depth = growth->distance;
  graph->edges = 0;
  for (size_t v = 0; v < 2; v++) {
    label[v] = (unsigned char)(1 + v);
    depth[v] = 0;
  }
  for (size_t v = 2; v < graph->nodes; v++) {
    size_t parents = poisson(&growth->random, 1.5);
    double side = lat_random_uniform(&growth->random);
    unsigned only = side <= 0.35 ? 1 : side <= 0.70 ? 2 : 4;
    if (parents == 0) parents = 1;
    if (parents > MOST_PARENTS) parents = MOST_PARENTS;
    label[v] = 0;
    depth[v] = 0;
    for (size_t c = 0; c < v; c++) weight[c] = only == 4 || label[c] == 0 || label[c] == only ? 1 + 1.5 * depth[c] : 0;
    for (size_t taken = 0; taken < parents; taken++) {
      double total = 0;
      for (size_t c = 0; c < v; c++) total += weight[c];
      if (total <= 0) break;
      double at = lat_random_uniform(&growth->random) * total;
      size_t c = 0, last = 0;
      for (; c < v; c++) {
        if (weight[c] <= 0) continue;
        last = c;
        if ((at -= weight[c]) < 0) break;
      }
      join(growth, last, v);
      weight[last] = 0;
      label[v] |= label[last];
      if (depth[v] == 0 || depth[last] + 1 < depth[v]) depth[v] = depth[last] + 1;
    }
  }
}

static int make_prosqa(struct growth *growth, size_t n) {
  struct lat_graph *graph = growth->graph;
  int status = LAT_OK;
  unsigned char *label = lat_alloc(3 * n, 1), *inner = label + n, *wanted = label + 2 * n;
  double *weight = lat_alloc(n, sizeof *weight);
  LAT_CHECK(status, label != NULL && weight != NULL, LAT_MEMORY, "no memory for %zu nodes", n);
  for (size_t attempt = 0;; attempt++) {
    LAT_CHECK(status, attempt < ATTEMPTS, LAT_INPUT,
              "%d graphs in the manner of ProsQA of %zu nodes had no question to ask", ATTEMPTS, n);
    prosqa_edges(growth, label, weight);
    unsigned side = (unsigned)lat_random_below(&growth->random, 2);
    graph->root = side;
    memset(inner, 0, n);
    for (size_t e = 0; e < graph->edges; e++) inner[graph->edge[2 * e]] = 1;
    lat_graph_distances(graph, graph->root, growth->distance);
    for (size_t v = 0; v < n; v++) wanted[v] = v >= 2 && !inner[v] && label[v] == 1 + side && growth->distance[v] >= 3;
    graph->target = draw(growth, wanted);
    for (size_t v = 0; v < n; v++) wanted[v] = v >= 2 && !inner[v] && label[v] == 2 - side;
    graph->negative = draw(growth, wanted);
    if (graph->target != LAT_UNREACHED && graph->negative != LAT_UNREACHED) break;
  }
done:
  lat_free(weight);
  lat_free(label);
  return status;
}

static int make_random(struct growth *growth, size_t n) {
  struct lat_graph *graph = growth->graph;
  int status = LAT_OK;
  unsigned char *wanted = lat_alloc(n, 1);
  LAT_CHECK(status, wanted != NULL, LAT_MEMORY, "no memory for %zu nodes", n);
  for (size_t attempt = 0;; attempt++) {
    LAT_CHECK(status, attempt < ATTEMPTS, LAT_INPUT, "%d random graphs of %zu nodes had no question to ask", ATTEMPTS, n);
    graph->edges = 0;
    for (size_t from = 0; from < n; from++)
      for (size_t to = 0; to < n; to++)
        if (from != to && graph->edges < growth->room && lat_random_uniform(&growth->random) < 1.5 / (double)n)
          join(growth, from, to);
    graph->root = (uint32_t)lat_random_below(&growth->random, n);
    lat_graph_distances(graph, graph->root, growth->distance);
    for (size_t v = 0; v < n; v++) wanted[v] = growth->distance[v] != LAT_UNREACHED && growth->distance[v] >= 2;
    graph->target = draw(growth, wanted);
    for (size_t v = 0; v < n; v++) wanted[v] = growth->distance[v] == LAT_UNREACHED;
    graph->negative = draw(growth, wanted);
    if (graph->target != LAT_UNREACHED && graph->negative != LAT_UNREACHED) break;
  }
done:
  lat_free(wanted);
  return status;
}

/* Nodes: the clique, the path to the target, the rest. */
static void make_clique(struct growth *growth, size_t n) {
  size_t clique = n / 2, path = n / 4;
  for (size_t from = 0; from < clique; from++)
    for (size_t to = 0; to < clique; to++)
      if (from != to) join(growth, from, to);
  join(growth, 1, clique);
  for (size_t v = clique; v + 1 < clique + path; v++) join(growth, v, v + 1);
  for (size_t v = clique + path; v < n; v++) join(growth, v, v + 1 < n ? v + 1 : 0);
  growth->graph->root = 0;
  growth->graph->target = (uint32_t)(clique + path - 1);
  growth->graph->negative = (uint32_t)(clique + path);
}

/* Nodes: the root, then layer after layer LAYER reached and LAYER unreached ones. The first unreached layer has no parents. */
static void make_layered(struct growth *growth, size_t depth) {
  struct lat_random *random = &growth->random;
  for (size_t l = 0; l < depth; l++)
    for (size_t i = 0; i < 2 * LAYER; i++) {
      size_t node = 1 + 2 * LAYER * l + i, above = node - i - 2 * LAYER, unreached = i >= LAYER;
      if (l == 0) {
        if (!unreached) join(growth, 0, node);
        continue;
      }
      size_t first = unreached * LAYER + lat_random_below(random, LAYER), second = first;
      while (second == first)
        second = unreached ? LAYER + lat_random_below(random, LAYER) : lat_random_below(random, 2 * LAYER);
      join(growth, above + first, node);
      join(growth, above + second, node);
    }
  size_t last = 1 + 2 * LAYER * (depth - 1);
  growth->graph->root = 0;
  growth->graph->target = (uint32_t)(last + lat_random_below(random, LAYER));
  growth->graph->negative = (uint32_t)(last + LAYER + lat_random_below(random, LAYER));
}

int lat_graph_make(const char *name, uint64_t seed, uint64_t index, struct lat_graph **result) {
  static const struct {
    const char *name;
    int64_t least, most;
  } family[] = {{"prosqa", 8, 1024}, {"random", 8, 1024}, {"clique", 8, 256}, {"layered", 1, 256}};
  enum { PROSQA, RANDOM, CLIQUE, LAYERED, FAMILIES };
  const char *colon = strchr(name, ':');
  size_t kind = 0, length = colon != NULL ? (size_t)(colon - name) : strlen(name);
  int64_t size = 0;
  struct growth growth = {.graph = NULL};
  int status = LAT_OK;
  *result = NULL;
  while (kind < FAMILIES && (strlen(family[kind].name) != length || strncmp(family[kind].name, name, length) != 0)) kind++;
  LAT_CHECK(status, kind < FAMILIES && colon != NULL, LAT_INPUT,
            "'%.80s' is no family of graphs: prosqa:N, random:N, clique:N or layered:D", name);
  status = lat_parse_int(colon + 1, family[kind].least, family[kind].most, &size);
  LAT_CHECK(status, status == LAT_OK, LAT_INPUT, "the size of '%.80s' is no whole number from %d to %d", name,
            (int)family[kind].least, (int)family[kind].most);
  size_t n = kind == LAYERED ? 1 + 2 * LAYER * (size_t)size : (size_t)size;
  size_t room = kind == CLIQUE ? n * n / 4 + n : kind == RANDOM ? 8 * n : kind == LAYERED ? 2 * n : MOST_PARENTS * n;
  LAT_TRY(status, grow_start(&growth, family[kind].name, seed, index, n, room));
  if (kind == PROSQA) LAT_TRY(status, make_prosqa(&growth, n));
  if (kind == RANDOM) LAT_TRY(status, make_random(&growth, n));
  if (kind == CLIQUE) make_clique(&growth, n);
  if (kind == LAYERED) make_layered(&growth, (size_t)size);
  LAT_TRY(status, grow_finish(&growth, result));
done:
  grow_free(&growth);
  return status;
}
