/* Symbolic reachability in the manner of ProsQA (Hao et al. 2024; as symbols: Zhu et al. 2025), without its shortcuts: a directed graph, a
 * root and two candidates, of which exactly one is reached from the root, by a shortest path of `hops` edges.
 *
 * Two roots r_0, r_1; from each a path of `hops` edges to its candidate t_k and a decoy of `decoy` edges that leads nowhere; the nodes
 * that are left hang on nodes that are not candidates, above the last layer; further edges lead from lower to higher layers. Root
 * and order of the candidates are coin flips. Each edge is kept only if afterwards still: t_k is at `hops` edges from r_k and is not reached from
 * r_(1-k); the candidates have equally many edges leading to them; at most half of either root's children lie on a shortest path.
 * So everything but the root's own connection is alike for both candidates. The graph is grown edge by edge and nothing is thrown
 * away; in the rare graph where no further edge fits, one is told twice. Nodes have random numbers, edges a random order.
 *
 *   edge format    [s t] for every edge, [? c], [? c'], [> r]        two fields, edges + 3 positions
 *   triple format  s t | for every edge, ? c c' > r                  one field, 3 edges + 5 positions
 *
 * The trace is one node a hop and then the answer's mark; the answer is the candidate that is reached, its level `hops`. The nodes are
 * those of one shortest path (steps=path, drawn uniformly edge by edge), or at each hop a node drawn on its own from all at that
 * distance from the root (steps=frontier) or from those of them that lie on a shortest path (steps=optimal), the whole set being the label:
 * for thoughts; as a chain of thought they are no path. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/reachability.h"
#include "lib/task/tasks.h"

enum { NODES, EDGES, HOPS, DECOY, FORMAT, STEPS };
enum { EDGE, TRIPLE };
enum { PATH, FRONTIER, OPTIMAL };
enum { ANSWER, BAR, ASK, ROOT, PAUSE, SIGNS };
enum { MOST_NODES = 64, MOST_EDGES = 160, MOST_HOPS = 12, TRIES = 64 };

static const struct lat_task_option options[] = {
    {"nodes", "in the graph", NULL, 6, MOST_NODES, 14},
    {"edges", "in the graph", NULL, 4, MOST_EDGES, 16},
    {"hops", "edges of the shortest path from the root to its candidate", NULL, 2, MOST_HOPS, 3},
    {"decoy", "edges of a path from each root that leads nowhere", NULL, 0, MOST_HOPS, 3},
    {"format", "a position for each edge, or three", "edge|triple", EDGE, TRIPLE, EDGE},
    {"steps", "what the trace tells of each hop", "path|frontier|optimal", PATH, OPTIMAL, PATH},
    {0}};

static int reachability_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *o = setting->option;
  int64_t least = 2 * (o[HOPS] + 1 + o[DECOY]), tree = o[NODES] - 2;
  if (o[NODES] < least)
    return LAT_FAIL(LAT_INPUT, "task reachability: %lld hops with decoys of %lld need %lld nodes, not %lld",
                    (long long)o[HOPS], (long long)o[DECOY], (long long)least, (long long)o[NODES]);
  if (o[STEPS] != PATH && o[NODES] > 63)
    return LAT_FAIL(LAT_INPUT, "task reachability: sets of nodes are told of up to 63 nodes, not %lld: take steps=path",
                    (long long)o[NODES]);
  if (o[EDGES] < tree)
    return LAT_FAIL(LAT_INPUT, "task reachability: %lld nodes need at least %lld edges, not %lld", (long long)o[NODES],
                    (long long)tree, (long long)o[EDGES]);
  size_t prompt = o[FORMAT] == EDGE ? (size_t)o[EDGES] + 3 : 3 * (size_t)o[EDGES] + 5;
  *shape = (struct lat_task_shape){.fields = o[FORMAT] == EDGE ? 2 : 1,
                                   .vocabulary = (size_t)o[NODES] + SIGNS,
                                   .classes = (size_t)o[NODES] + 1,
                                   .levels = (size_t)o[HOPS] + 1,
                                   .sets = o[STEPS] != PATH};
  lat_layout_shape(setting->supervision, prompt, (size_t)o[HOPS] + 1, 1, shape);
  return LAT_OK;
}

/* A graph in the making: nodes by their layer; the k-th root is node k. */
struct growth {
  struct lat_graph graph;
  uint32_t edge[2 * MOST_EDGES], candidate[2];
  unsigned layer[MOST_NODES];
  size_t hops;
};

static void connect(struct growth *g, uint32_t from, uint32_t to) {
  g->edge[2 * g->graph.edges] = from;
  g->edge[2 * g->graph.edges + 1] = to;
  g->graph.edges++;
}

/* A path of `length` new nodes below `from`; the last of them. */
static uint32_t grow_path(struct growth *g, uint32_t from, size_t length) {
  for (size_t i = 0; i < length; i++) {
    uint32_t node = (uint32_t)g->graph.nodes++;
    g->layer[node] = g->layer[from] + 1;
    connect(g, from, node);
    from = node;
  }
  return from;
}

/* Distance to `target` of every node. */
static void distances_to(const struct lat_graph *graph, uint32_t target, uint32_t *distance) {
  uint32_t turned[2 * MOST_EDGES];
  struct lat_graph back = *graph;
  for (size_t e = 0; e < graph->edges; e++) turned[2 * e] = graph->edge[2 * e + 1], turned[2 * e + 1] = graph->edge[2 * e];
  back.edge = turned;
  lat_graph_distances(&back, target, distance);
}

static int is_well(const struct growth *g) {
  uint32_t distance[MOST_NODES], back[MOST_NODES], in[2] = {0, 0};
  for (uint32_t k = 0; k < 2; k++) {
    uint32_t children = 0, optimal = 0;
    lat_graph_distances(&g->graph, k, distance);
    if (distance[g->candidate[k]] != g->hops || distance[g->candidate[1 - k]] != LAT_UNREACHED) return 0;
    distances_to(&g->graph, g->candidate[k], back);
    for (size_t e = 0; e < g->graph.edges; e++) {
      in[k] += g->edge[2 * e + 1] == g->candidate[k];
      if (g->edge[2 * e] != k) continue;
      children++;
      optimal += back[g->edge[2 * e + 1]] == g->hops - 1;
    }
    if (children > 1 && 2 * optimal > children) return 0;
  }
  return in[0] == in[1];
}

static int has(const struct growth *g, uint32_t from, uint32_t to) {
  for (size_t e = 0; e < g->graph.edges; e++)
    if (g->edge[2 * e] == from && g->edge[2 * e + 1] == to) return 1;
  return 0;
}

/* One more edge that leads to a higher layer, or one to each candidate; 0: it did not fit. */
static int try_edge(struct growth *g, size_t most, struct lat_random *random) {
  size_t n = g->graph.nodes, before = g->graph.edges;
  uint32_t from = (uint32_t)lat_random_below(random, n), to = (uint32_t)lat_random_below(random, n);
  if (g->layer[from] >= g->layer[to] || has(g, from, to)) return 0;
  connect(g, from, to);
  if (to == g->candidate[0] || to == g->candidate[1]) {
    uint32_t other = g->candidate[to == g->candidate[0]], second = (uint32_t)lat_random_below(random, n);
    if (g->graph.edges < most && g->layer[second] < g->layer[other] && !has(g, second, other)) connect(g, second, other);
  }
  if (is_well(g)) return 1;
  g->graph.edges = before;
  return 0;
}

static void grow(const int64_t *o, struct lat_random *random, struct growth *g) {
  size_t nodes = (size_t)o[NODES], edges = (size_t)o[EDGES];
  *g = (struct growth){.graph = {.nodes = 2}, .hops = (size_t)o[HOPS]};
  g->graph.edge = g->edge;
  for (uint32_t k = 0; k < 2; k++) {
    g->candidate[k] = grow_path(g, k, g->hops);
    grow_path(g, k, (size_t)o[DECOY]);
  }
  while (g->graph.nodes < nodes) {
    uint32_t from = (uint32_t)lat_random_below(random, g->graph.nodes);
    if (g->layer[from] < g->hops && from != g->candidate[0] && from != g->candidate[1]) grow_path(g, from, 1);
  }
  for (size_t tries = 0; g->graph.edges < edges;)
    if (try_edge(g, edges, random))
      tries = 0;
    else if (++tries > TRIES * MOST_NODES) {
      size_t again = (size_t)lat_random_below(random, g->graph.edges);
      uint32_t from = g->edge[2 * again], to = g->edge[2 * again + 1];
      if (to != g->candidate[0] && to != g->candidate[1]) connect(g, from, to);
    }
  assert(g->graph.edges == edges);
}

/* New numbers for the nodes and a new order of the edges. */
static void shuffle(struct growth *g, struct lat_random *random) {
  uint32_t number[MOST_NODES], order[MOST_EDGES], edge[2 * MOST_EDGES];
  lat_random_permutation(random, number, g->graph.nodes);
  lat_random_permutation(random, order, g->graph.edges);
  uint32_t asked = (uint32_t)lat_random_below(random, 2);
  memcpy(edge, g->edge, sizeof edge);
  for (size_t e = 0; e < g->graph.edges; e++) {
    g->edge[2 * e] = number[edge[2 * order[e]]];
    g->edge[2 * e + 1] = number[edge[2 * order[e] + 1]];
  }
  g->graph.root = number[asked];
  g->graph.target = number[g->candidate[asked]];
  g->graph.negative = number[g->candidate[1 - asked]];
}

void lat_reachability_draw(const struct lat_task_setting *setting, struct lat_random *random, struct lat_graph *graph) {
  struct growth g;
  uint32_t *edge = graph->edge;
  grow(setting->option, random, &g);
  shuffle(&g, random);
  *graph = g.graph;
  graph->edge = edge;
  memcpy(edge, g.edge, 2 * g.graph.edges * sizeof *edge);
}

/* One node out of those that may stand at hop `hop`, uniformly; the path goes on from `at`. */
static uint32_t step_of(const struct lat_graph *graph, int64_t steps, uint32_t hop, uint32_t at, const uint32_t *distance,
                        const uint32_t *back, size_t hops, struct lat_random *random, uint64_t *set) {
  uint32_t may[MOST_EDGES];
  size_t count = 0;
  if (steps == PATH) {
    for (size_t e = 0; e < graph->edges; e++) {
      uint32_t to = graph->edge[2 * e + 1];
      if (graph->edge[2 * e] == at && back[to] != LAT_UNREACHED && back[to] + hop == hops) may[count++] = to;
    }
  } else {
    for (uint32_t v = 0; v < graph->nodes; v++)
      if (distance[v] == hop && (steps == FRONTIER || (back[v] != LAT_UNREACHED && back[v] + hop == hops)))
        may[count++] = v;
  }
  assert(count > 0);
  *set = 0;
  for (size_t i = 0; i < count; i++) *set |= (uint64_t)1 << may[i];
  return may[lat_random_below(random, count)];
}

static void reachability_make(const struct lat_task_setting *setting, struct lat_random *random,
                              struct lat_example *example) {
  const int64_t *o = setting->option;
  uint32_t edge[2 * MOST_EDGES], distance[MOST_NODES], back[MOST_NODES];
  struct lat_graph graph = {.edge = edge};
  struct lat_task_shape shape;
  int32_t sign = (int32_t)o[NODES];
  lat_reachability_draw(setting, random, &graph);
  int swapped = (int)lat_random_below(random, 2);
  int32_t first = (int32_t)(swapped ? graph.negative : graph.target),
          second = (int32_t)(swapped ? graph.target : graph.negative);
  reachability_shape(setting, &shape);

  /* Positions are laid out in one field and written twice where there are two: an edge is [s t], a query [? c], a class [c c]. */
  int32_t pair[MOST_EDGES + 3][2];
  size_t P = (size_t)o[EDGES] + 3;
  for (size_t e = 0; e < (size_t)o[EDGES]; e++) pair[e][0] = (int32_t)edge[2 * e], pair[e][1] = (int32_t)edge[2 * e + 1];
  pair[P - 3][0] = pair[P - 2][0] = sign + ASK, pair[P - 1][0] = sign + ROOT;
  pair[P - 3][1] = first, pair[P - 2][1] = second, pair[P - 1][1] = (int32_t)graph.root;

  int32_t line[3 * MOST_EDGES + MOST_HOPS + 16];
  struct lat_example single = {line, example->target, example->level, NULL};
  struct lat_layout layout;
  size_t prompt = o[FORMAT] == EDGE ? P : 3 * (size_t)o[EDGES] + 5;
  lat_layout_start(&layout, setting, prompt, prompt, sign + PAUSE, sign + PAUSE, o[FORMAT] == EDGE ? &single : example);
  if (o[FORMAT] == EDGE) {
    for (size_t i = 0; i < P; i++) lat_layout_token(&layout, pair[i][1]);
  } else {
    for (size_t e = 0; e + 3 < P; e++) {
      lat_layout_token(&layout, pair[e][0]);
      lat_layout_token(&layout, pair[e][1]);
      lat_layout_token(&layout, sign + BAR);
    }
    lat_layout_token(&layout, sign + ASK);
    lat_layout_token(&layout, first);
    lat_layout_token(&layout, second);
    lat_layout_token(&layout, sign + ROOT);
    lat_layout_token(&layout, (int32_t)graph.root);
  }
  lat_graph_distances(&graph, graph.root, distance);
  distances_to(&graph, graph.target, back);
  uint32_t at = graph.root;
  uint64_t set[MOST_HOPS];
  for (uint32_t hop = 1; hop <= (uint32_t)o[HOPS]; hop++) {
    at = step_of(&graph, o[STEPS], hop, at, distance, back, (size_t)o[HOPS], random, &set[hop - 1]);
    lat_layout_trace(&layout, (int32_t)at);
  }
  lat_layout_trace(&layout, sign + ANSWER);
  lat_layout_answer(&layout, (int32_t)graph.target, (int32_t)o[HOPS]);
  lat_layout_finish(&layout);
  int traced = setting->supervision == LAT_SUPERVISE_HINT || setting->supervision == LAT_SUPERVISE_TRACE;
  if (example->set != NULL && traced && o[STEPS] != PATH)
    memcpy(example->set + prompt - 1, set, (size_t)o[HOPS] * sizeof *set);
  if (o[FORMAT] == TRIPLE) return;
  for (size_t i = 0; i < shape.sequence; i++) {
    example->token[2 * i] = i < P ? pair[i][0] : line[i];
    example->token[2 * i + 1] = line[i];
  }
}

static void reachability_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[NODES];
  (void)field;
  if (place < 0)
    snprintf(text, 16, "%d", token);
  else
    snprintf(text, 16, "%s", (const char *const[]){"=", "|", "?", ">", "."}[place < SIGNS ? place : PAUSE]);
}
static void reachability_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  reachability_text(setting, 0, class, text);
}

const struct lat_task lat_task_reachability = {
    .name = "reachability",
    .help = "which of two nodes does a path from the root lead to; level: its edges",
    .source = "ProsQA: Hao et al. 2024; symbolic: Zhu et al. 2025; candidates matched here",
    .options = options,
    .difficulty = "hops",
    .supervision = 1u << LAT_SUPERVISE_ANSWER | 1u << LAT_SUPERVISE_HINT | 1u << LAT_SUPERVISE_TRACE,
    .shape = reachability_shape,
    .make = reachability_make,
    .token_text = reachability_text,
    .class_text = reachability_class};
