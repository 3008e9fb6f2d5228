/* One thought holds the whole frontier: exact at every step for every graph, and not with settings that must fail. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/node_vectors.h"
#include "lib/compile/superposition.h"
#include "lib/task/graph_make.h"

enum { GRAPHS = 6, THOUGHTS = 7, MOST_NODES = 64 };

struct given {
  struct lat_graph *graph[GRAPHS];
  size_t nodes, edges;
};

static void make(struct given *given, const char *family) {
  given->nodes = given->edges = 0;
  for (uint64_t i = 0; i < GRAPHS; i++) {
    if (lat_graph_make(family, 9, i, &given->graph[i]) != LAT_OK) fail_msg("%s", lat_error_message());
    if (given->graph[i]->nodes > given->nodes) given->nodes = given->graph[i]->nodes;
    if (given->graph[i]->edges > given->edges) given->edges = given->graph[i]->edges;
  }
}

static void release(struct given *given) {
  for (size_t i = 0; i < GRAPHS; i++) lat_graph_free(given->graph[i]);
}

static struct lat_superposition *machine_of(const struct given *given, struct lat_superposition_options options) {
  struct lat_superposition *machine;
  options.nodes = given->nodes;
  options.edges = given->edges;
  options.thoughts = THOUGHTS;
  if (lat_superposition_alloc(&options, &machine) != LAT_OK) fail_msg("%s", lat_error_message());
  return machine;
}

/* One run: *exact when every thought is (1 / sqrt |V_c|) on V_c and 0 elsewhere to 1e-4 of that, *right when the answer token
 * prefers the target by 1 from the target's distance on and neither candidate before. */
static void judge(const struct lat_superposition *machine, struct lat_superposition_scratch *scratch,
                  const struct lat_graph *graph, int swapped, int *exact, int *right) {
  float product[(THOUGHTS + 1) * MOST_NODES], logit[2 * (THOUGHTS + 1)];
  uint32_t distance[MOST_NODES], candidate[2] = {graph->target, graph->negative};
  if (swapped) candidate[0] = graph->negative, candidate[1] = graph->target;
  size_t n = machine->options.nodes;
  assert_true(n <= MOST_NODES);
  lat_graph_distances(graph, graph->root, distance);
  assert_int_equal(
      lat_superposition_run(machine, scratch, graph->edges, graph->edge, graph->root, candidate, THOUGHTS, product, logit),
      LAT_OK);
  *exact = *right = 1;
  for (uint32_t c = 0; c <= THOUGHTS; c++) {
    double root = sqrt((double)lat_graph_reached(graph->nodes, distance, c));
    for (size_t v = 0; v < n; v++) {
      double wanted = v < graph->nodes && distance[v] <= c ? 1 : 0;
      if (!(fabs((double)product[c * n + v] * root - wanted) <= 1e-4)) *exact = 0;
    }
    double preferred = (double)(logit[2 * c] - logit[2 * c + 1]) * (swapped ? -1 : 1);
    if (!(fabs(preferred - (distance[graph->target] <= c ? 1 : 0)) <= 1e-3)) *right = 0;
  }
}

/* How many of the graphs are exact and right. */
static void count(const struct given *given, struct lat_superposition_options options, int *exact, int *right) {
  struct lat_superposition *machine = machine_of(given, options);
  struct lat_superposition_scratch *scratch;
  assert_int_equal(lat_superposition_scratch_alloc(machine, &scratch), LAT_OK);
  *exact = *right = 0;
  for (size_t i = 0; i < GRAPHS; i++) {
    int one = 0, other = 0;
    judge(machine, scratch, given->graph[i], (int)(i % 2), &one, &other);
    *exact += one;
    *right += other;
  }
  lat_superposition_scratch_free(scratch);
  lat_superposition_free(machine);
}

static void every_thought_is_the_set_of_nodes_within_reach(void **state) {
  (void)state;
  static const char *const family[] = {"prosqa:8", "prosqa:23", "random:25", "clique:17", "layered:1", "layered:6"};
  for (size_t f = 0; f < sizeof family / sizeof *family; f++) {
    struct given given;
    int exact, right;
    make(&given, family[f]);
    count(&given, (struct lat_superposition_options){.seed = f}, &exact, &right);
    assert_int_equal(exact, GRAPHS);
    assert_int_equal(right, GRAPHS);
    release(&given);
  }
}

static void narrow_and_wide_positions_both_do(void **state) {
  (void)state;
  struct given given;
  make(&given, "prosqa:15");
  for (size_t p = 8; p <= 128; p *= 4)
    for (size_t extra = 0; extra < 10; extra += 9) {
      int exact, right;
      count(&given, (struct lat_superposition_options){.position_width = p, .width = given.nodes + extra, .sharpness = 8},
            &exact, &right);
      assert_int_equal(exact, GRAPHS);
      assert_int_equal(right, GRAPHS);
    }
  release(&given);
}

static void settings_that_must_fail_do(void **state) {
  (void)state;
  struct given given, clique;
  struct lat_superposition *machine;
  int exact, right;
  make(&given, "prosqa:23");
  make(&clique, "clique:24");
  machine = machine_of(&given, (struct lat_superposition_options){0});
  struct lat_superposition_options bad[] = {
      {.tau = machine->options.tau / 10}, {.sharpness = 0.5}, {.width = given.nodes - 1}, {.threshold = 0.5}};
  lat_superposition_free(machine);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    count(&given, bad[i], &exact, &right);
    assert_true(exact <= GRAPHS / 4);
    assert_true(right <= GRAPHS / 4);
  }
  count(&clique, (struct lat_superposition_options){.threshold = 0.25 / (double)clique.nodes}, &exact, &right);
  assert_int_equal(exact, 0);
  assert_int_equal(right, 0);
  count(&clique, (struct lat_superposition_options){0}, &exact, &right);
  assert_int_equal(exact, GRAPHS);
  release(&clique);
  release(&given);
}

static void theory_names_the_graphs_that_a_small_tau_breaks(void **state) {
  (void)state;
  struct given given;
  int broken = 0, held = 0;
  make(&given, "prosqa:23");
  for (double factor = 0.05; factor <= 0.45; factor += 0.04) {
    struct lat_superposition *machine = machine_of(&given, (struct lat_superposition_options){0});
    struct lat_superposition_options options = {.tau = machine->options.tau * factor};
    struct lat_superposition_scratch *scratch;
    lat_superposition_free(machine);
    machine = machine_of(&given, options);
    assert_int_equal(lat_superposition_scratch_alloc(machine, &scratch), LAT_OK);
    for (size_t i = 0; i < GRAPHS; i++) {
      const struct lat_graph *graph = given.graph[i];
      const uint32_t candidate[2] = {graph->target, graph->negative};
      int exact, right, status;
      judge(machine, scratch, graph, 0, &exact, &right);
      int expected =
          lat_superposition_expected(machine, graph->edges, graph->edge, graph->root, candidate, THOUGHTS, &status);
      assert_int_equal(status, LAT_OK);
      assert_int_equal(exact, expected);
      broken += !exact;
      held += exact;
    }
    lat_superposition_scratch_free(scratch);
    lat_superposition_free(machine);
  }
  assert_true(broken >= GRAPHS && held >= GRAPHS);
  release(&given);
}

static void node_vectors_are_orthonormal_or_as_good_as_random(void **state) {
  (void)state;
  static float vector[200 * 50];
  for (size_t n = 1; n <= 41; n += 8) {
    assert_int_equal(lat_node_vectors(n, 41, 5, 1, vector), LAT_OK);
    for (size_t v = 0; v < n; v++)
      for (size_t w = 0; w < n; w++) {
        double sum = 0;
        for (size_t i = 0; i < 41; i++) sum += (double)vector[v * 41 + i] * (double)vector[w * 41 + i];
        if (!(fabs(sum - (v == w)) <= 1e-6)) fail_msg("<u_%zu, u_%zu> = %g", v, w, sum);
      }
  }
  assert_int_equal(lat_node_vectors(200, 50, 5, 1, vector), LAT_OK);
  double square = 0, pairs = 0;
  for (size_t v = 0; v < 200; v++)
    for (size_t w = 0; w <= v; w++) {
      double sum = 0;
      for (size_t i = 0; i < 50; i++) sum += (double)vector[v * 50 + i] * (double)vector[w * 50 + i];
      if (v == w && !(fabs(sum - 1) <= 1e-6)) fail_msg("length %g", sum);
      if (v != w) square += sum * sum;
      pairs += v != w;
    }
  if (!(fabs(square / pairs * 50 - 1) <= 0.05)) fail_msg("deviation squared %g / 50", square / pairs * 50);
}

static void sizes_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const struct {
    struct lat_superposition_options options;
    const char *word;
  } bad[] = {{{.nodes = 1, .edges = 1, .thoughts = 1}, "nodes"},
             {{.nodes = 5000, .edges = 1, .thoughts = 1}, "nodes"},
             {{.nodes = 4, .edges = 0, .thoughts = 1}, "edges"},
             {{.nodes = 4, .edges = SIZE_MAX, .thoughts = 1}, "edges"},
             {{.nodes = 4, .edges = 4, .thoughts = 0}, "thoughts"},
             {{.nodes = 4, .edges = 4, .thoughts = 1, .position_width = 7}, "even"},
             {{.nodes = 4, .edges = 4, .thoughts = 1, .position_width = 9000}, "position_width"},
             {{.nodes = 4, .edges = 4, .thoughts = 1, .tau = -1}, "tau"},
             {{.nodes = 4, .edges = 4, .thoughts = 1, .sharpness = (double)NAN}, "sharpness"},
             {{.nodes = 4, .edges = 4, .thoughts = 1, .threshold = 1}, "threshold"}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_superposition *machine;
    assert_int_equal(lat_superposition_alloc(&bad[i].options, &machine), LAT_INPUT);
    assert_null(machine);
    if (strstr(lat_error_message(), bad[i].word) == NULL) fail_msg("%s", lat_error_message());
  }
}

static void every_allocation_that_fails_is_reported_and_freed(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  const struct lat_superposition_options options = {.nodes = 5, .edges = 6, .thoughts = 2};
  static const uint32_t edge[] = {0, 1, 1, 2}, candidate[2] = {2, 3};
  for (uint64_t k = 1;; k++) {
    struct lat_superposition *machine = NULL;
    struct lat_superposition_scratch *scratch = NULL;
    lat_memory_fail_at(k);
    int status = lat_superposition_alloc(&options, &machine);
    if (status == LAT_OK) status = lat_superposition_scratch_alloc(machine, &scratch);
    if (status == LAT_OK) lat_superposition_expected(machine, 2, edge, 0, candidate, 2, &status);
    uint64_t allocations = lat_memory_allocations();
    if (status == LAT_OK) status = lat_superposition_run(machine, scratch, 2, edge, 0, candidate, 2, NULL, NULL);
    assert_true(lat_memory_allocations() == allocations); /* a run allocates nothing */
    lat_memory_fail_at(0);
    lat_superposition_scratch_free(scratch);
    lat_superposition_free(machine);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
    assert_true(k < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_thought_is_the_set_of_nodes_within_reach),
      cmocka_unit_test(narrow_and_wide_positions_both_do),
      cmocka_unit_test(settings_that_must_fail_do),
      cmocka_unit_test(theory_names_the_graphs_that_a_small_tau_breaks),
      cmocka_unit_test(node_vectors_are_orthonormal_or_as_good_as_random),
      cmocka_unit_test(sizes_that_cannot_be_are_refused),
      cmocka_unit_test(every_allocation_that_fails_is_reported_and_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
