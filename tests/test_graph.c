/* Reachability questions: distances against another algorithm, what each family promises, the random descent. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/task/descent.h"
#include "lib/task/graph_make.h"

static struct lat_graph *made(const char *name, uint64_t seed, uint64_t index) {
  struct lat_graph *graph;
  if (lat_graph_make(name, seed, index, &graph) != LAT_OK) fail_msg("%s: %s", name, lat_error_message());
  return graph;
}

static struct lat_graph *given(size_t nodes, size_t edges, const uint32_t *edge, uint32_t root, uint32_t target,
                               uint32_t negative) {
  struct lat_graph *graph;
  assert_int_equal(lat_graph_alloc(nodes, edges, &graph), LAT_OK);
  memcpy(graph->edge, edge, 2 * edges * sizeof *edge);
  graph->root = root;
  graph->target = target;
  graph->negative = negative;
  return graph;
}

/* 0 -> 1 -> 2 -> 3, 0 -> 4, 5 -> 3, a loop at 1, an edge twice. */
static const uint32_t small[] = {0, 1, 1, 2, 2, 3, 0, 4, 5, 3, 1, 1, 0, 1};
static struct lat_graph *small_graph(void) { return given(6, 7, small, 0, 3, 5); }

static const char *const families[] = {"prosqa:8", "prosqa:23", "prosqa:60", "random:8",  "random:33",
                                       "clique:8", "clique:23", "layered:1", "layered:2", "layered:9"};
enum { FAMILIES = sizeof families / sizeof *families };

static void distances_of_a_small_graph(void **state) {
  (void)state;
  struct lat_graph *graph = small_graph();
  uint32_t distance[6];
  static const uint32_t wanted[] = {0, 1, 2, 3, 1, LAT_UNREACHED};
  assert_int_equal(lat_graph_distances(graph, 0, distance), 3);
  assert_memory_equal(distance, wanted, sizeof wanted);
  static const size_t reached[] = {1, 3, 4, 5, 5};
  for (uint32_t c = 0; c < 5; c++) assert_int_equal(lat_graph_reached(6, distance, c), reached[c]);
  assert_int_equal(lat_graph_diameter(graph, distance), 3);
  assert_int_equal(lat_graph_distances(graph, 3, distance), 0);
  assert_int_equal(lat_graph_check(graph), LAT_OK);
  lat_graph_free(graph);
}

static void distances_are_those_of_floyd_and_warshall(void **state) {
  (void)state;
  for (size_t f = 0; f < FAMILIES; f++) {
    struct lat_graph *graph = made(families[f], 7, f);
    size_t n = graph->nodes;
    uint32_t *all = lat_alloc(n * n, sizeof *all), *distance = lat_alloc(n, sizeof *distance), diameter = 0;
    for (size_t i = 0; i < n * n; i++) all[i] = i / n == i % n ? 0 : 1000000;
    for (size_t e = 0; e < graph->edges; e++)
      if (graph->edge[2 * e] != graph->edge[2 * e + 1]) all[graph->edge[2 * e] * n + graph->edge[2 * e + 1]] = 1;
    for (size_t k = 0; k < n; k++)
      for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
          if (all[i * n + k] + all[k * n + j] < all[i * n + j]) all[i * n + j] = all[i * n + k] + all[k * n + j];
    for (uint32_t v = 0; v < n; v++) {
      lat_graph_distances(graph, v, distance);
      for (size_t w = 0; w < n; w++) {
        uint32_t wanted = all[v * n + w];
        assert_int_equal(distance[w], wanted == 1000000 ? LAT_UNREACHED : wanted);
        if (wanted != 1000000 && wanted > diameter) diameter = wanted;
      }
    }
    assert_int_equal(lat_graph_diameter(graph, distance), diameter);
    lat_free(distance);
    lat_free(all);
    lat_graph_free(graph);
  }
}

static void every_family_asks_a_question_with_one_answer(void **state) {
  (void)state;
  for (size_t f = 0; f < FAMILIES; f++)
    for (uint64_t index = 0; index < 40; index++) {
      struct lat_graph *graph = made(families[f], 1, index), *again = made(families[f], 1, index);
      uint32_t distance[512], size = 0;
      assert_int_equal(lat_graph_check(graph), LAT_OK);
      assert_int_equal(graph->edges, again->edges);
      assert_memory_equal(graph->edge, again->edge, 2 * graph->edges * sizeof *graph->edge);
      lat_graph_distances(graph, graph->root, distance);
      sscanf(strchr(families[f], ':'), ":%u", &size);
      if (families[f][0] == 'l') assert_int_equal(distance[graph->target], size);
      if (families[f][0] == 'p') assert_true(distance[graph->target] >= 3);
      if (families[f][0] == 'r') assert_true(distance[graph->target] >= 2);
      if (families[f][0] == 'c') assert_int_equal(distance[graph->target], 1 + size / 4);
      lat_graph_free(again);
      lat_graph_free(graph);
    }
}

/* Leaves below one root each, no cycle, and the averages of the published set (22.8 nodes: 35.8 edges, 3.8 steps) nearly. */
static void graphs_in_the_manner_of_prosqa(void **state) {
  (void)state;
  double edges = 0, steps = 0, count = 300;
  for (uint64_t index = 0; index < 300; index++) {
    struct lat_graph *graph = made("prosqa:23", 3, index);
    uint32_t distance[23], in_target = 0, in_negative = 0;
    lat_graph_distances(graph, graph->root, distance);
    steps += distance[graph->target];
    edges += (double)graph->edges;
    for (size_t e = 0; e < graph->edges; e++) {
      assert_true(graph->edge[2 * e] != graph->target && graph->edge[2 * e] != graph->negative);
      in_target += graph->edge[2 * e + 1] == graph->target;
      in_negative += graph->edge[2 * e + 1] == graph->negative;
    }
    assert_true(in_target >= 1 && in_negative >= 1);
    for (uint32_t v = 0; v < 23; v++) { /* no way back: the end of an edge does not reach its start */
      lat_graph_distances(graph, v, distance);
      for (size_t e = 0; e < graph->edges; e++)
        if (graph->edge[2 * e + 1] == v) assert_int_equal(distance[graph->edge[2 * e]], LAT_UNREACHED);
    }
    lat_graph_free(graph);
  }
  if (!(fabs(edges / count - 35.8) <= 4)) fail_msg("%g edges on average", edges / count);
  if (!(fabs(steps / count - 3.8) <= 0.5)) fail_msg("%g steps on average", steps / count);
}

static void layered_candidates_agree_in_depth_and_in_degree(void **state) {
  (void)state;
  for (uint64_t index = 0; index < 50; index++) {
    struct lat_graph *graph = made("layered:5", 3, index);
    size_t in_target = 0, in_negative = 0;
    for (size_t e = 0; e < graph->edges; e++) {
      in_target += graph->edge[2 * e + 1] == graph->target;
      in_negative += graph->edge[2 * e + 1] == graph->negative;
    }
    assert_int_equal(in_target, 2);
    assert_int_equal(in_negative, 2);
    lat_graph_free(graph);
  }
}

static void seeds_and_indices_give_other_graphs(void **state) {
  (void)state;
  for (size_t f = 0; f < FAMILIES; f++) {
    struct lat_graph *a = made(families[f], 1, 0), *b = made(families[f], 2, 0), *c = made(families[f], 1, 1);
    assert_true(a->edges != b->edges || memcmp(a->edge, b->edge, 2 * a->edges * sizeof *a->edge) != 0);
    assert_true(a->edges != c->edges || memcmp(a->edge, c->edge, 2 * a->edges * sizeof *a->edge) != 0);
    lat_graph_free(a);
    lat_graph_free(b);
    lat_graph_free(c);
  }
}

static void questions_that_are_none_are_refused(void **state) {
  (void)state;
  static const struct {
    uint32_t root, target, negative;
    const char *word;
  } bad[] = {{6, 3, 5, "root is node 6"},     {0, 7, 5, "target is node 7"},    {0, 3, UINT32_MAX, "negative is node"},
             {0, 0, 5, "is the root itself"}, {4, 3, 5, "is not reached from"}, {0, 3, 2, "reached from node 0 like"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_graph *graph = given(6, 7, small, bad[i].root, bad[i].target, bad[i].negative);
    assert_int_equal(lat_graph_check(graph), LAT_INPUT);
    if (strstr(lat_error_message(), bad[i].word) == NULL) fail_msg("%s", lat_error_message());
    lat_graph_free(graph);
  }
  struct lat_graph *graph = small_graph();
  graph->edge[3] = 6;
  assert_int_equal(lat_graph_check(graph), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "edge 1 goes from node 1 to 6"));
  lat_graph_free(graph);
}

static void families_that_do_not_exist_are_refused(void **state) {
  (void)state;
  static const char *const bad[] = {
      "",       "prosqa",    "prosqa:",     "prosqa:0",   "prosqa:7", "prosqa:1e3", "random:-4",
      "tree:4", "layered:0", "layered:257", "clique:257", "rand:20",  ":20",        "random:99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_graph *graph;
    assert_int_equal(lat_graph_make(bad[i], 1, 0, &graph), LAT_INPUT);
    assert_null(graph);
  }
}

static void squarings_cover_twice_as_far_each(void **state) {
  (void)state;
  static const uint32_t wanted[][2] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {8, 3}, {9, 4}, {70, 7}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    char name[32];
    uint32_t squarings;
    snprintf(name, sizeof name, "layered:%u", wanted[i][0]);
    struct lat_graph *graph = made(name, 5, i);
    assert_int_equal(lat_graph_squarings(graph, &squarings), LAT_OK);
    assert_int_equal(squarings, wanted[i][1]);
    lat_graph_free(graph);
  }
}

static void breadth_first_counts_what_it_takes_and_looks_at(void **state) {
  (void)state;
  struct lat_graph *graph = small_graph();
  size_t nodes, edges;
  assert_int_equal(lat_graph_search(graph, &nodes, &edges), LAT_OK);
  assert_int_equal(nodes, 4); /* 0, 1, 4, 2 */
  assert_int_equal(edges, 6); /* three of 0, two of 1, one of 2 */
  lat_graph_free(graph);
}

static void a_descent_by_hand(void **state) {
  (void)state;
  struct lat_graph *graph = small_graph();
  struct lat_descent descent;
  /* From 0: to 1 twice in three, else to 4, a dead end. At 1: to 2 or again to 1. At 2: to 3. In 50 tokens all is decided. */
  assert_int_equal(lat_descent_exact(graph, 50, &descent), LAT_OK);
  if (!(fabs(descent.hit - 2.0 / 3) <= 1e-12)) fail_msg("hit %g", descent.hit);
  if (!(fabs(descent.length - (1 + 2.0 / 3 * (2 + 1))) <= 1e-12)) fail_msg("length %g", descent.length);
  if (!(fabs(descent.tokens - 4.5) <= 1e-12)) fail_msg("tokens %g", descent.tokens);
  assert_int_equal(lat_descent_exact(graph, 2, &descent), LAT_OK);
  assert_true(descent.hit <= 0);
  lat_graph_free(graph);
}

static void sampled_descents_agree_with_the_exact_ones(void **state) {
  (void)state;
  static const char *const name[] = {"prosqa:23", "random:20", "layered:4"};
  for (size_t f = 0; f < 3; f++) {
    struct lat_graph *graph = made(name[f], 11, f);
    struct lat_descent descent;
    double sum = 0, walks = 0, count = 4000;
    assert_int_equal(lat_descent_exact(graph, graph->nodes, &descent), LAT_OK);
    for (uint64_t i = 0; i < 4000; i++) {
      struct lat_random random;
      size_t tokens, walked;
      lat_random_start(&random, 3, "descent", i);
      assert_int_equal(lat_descent_sample(graph, graph->nodes, 100000, &random, &tokens, &walked), LAT_OK);
      sum += (double)tokens;
      walks += (double)walked;
    }
    /* The number of walks is geometric: its deviation is below its mean. */
    double bound = 5 / sqrt(count);
    if (!(fabs(walks / count * descent.hit - 1) <= bound)) fail_msg("%s: %g walks for hit %g", name[f], walks, descent.hit);
    if (!(fabs(sum / count / descent.tokens - 1) <= bound)) fail_msg("%s: %g tokens, %g", name[f], sum, descent.tokens);
    lat_graph_free(graph);
  }
}

static void every_allocation_that_fails_is_reported_and_freed(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  for (size_t f = 0; f < FAMILIES; f++)
    for (uint64_t k = 1;; k++) {
      struct lat_graph *graph = NULL;
      uint32_t squarings;
      size_t nodes, edges;
      struct lat_descent descent;
      lat_memory_fail_at(k);
      int status = lat_graph_make(families[f], 1, 0, &graph);
      if (status == LAT_OK) status = lat_graph_squarings(graph, &squarings);
      if (status == LAT_OK) status = lat_graph_search(graph, &nodes, &edges);
      if (status == LAT_OK) status = lat_descent_exact(graph, 3, &descent);
      lat_memory_fail_at(0);
      lat_graph_free(graph);
      assert_int_equal(lat_memory_current(), before);
      if (status == LAT_OK) break;
      assert_int_equal(status, LAT_MEMORY);
      assert_true(k < 100);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distances_of_a_small_graph),
      cmocka_unit_test(distances_are_those_of_floyd_and_warshall),
      cmocka_unit_test(every_family_asks_a_question_with_one_answer),
      cmocka_unit_test(graphs_in_the_manner_of_prosqa),
      cmocka_unit_test(layered_candidates_agree_in_depth_and_in_degree),
      cmocka_unit_test(seeds_and_indices_give_other_graphs),
      cmocka_unit_test(questions_that_are_none_are_refused),
      cmocka_unit_test(families_that_do_not_exist_are_refused),
      cmocka_unit_test(squarings_cover_twice_as_far_each),
      cmocka_unit_test(breadth_first_counts_what_it_takes_and_looks_at),
      cmocka_unit_test(a_descent_by_hand),
      cmocka_unit_test(sampled_descents_agree_with_the_exact_ones),
      cmocka_unit_test(every_allocation_that_fails_is_reported_and_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
