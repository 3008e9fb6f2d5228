/* Graphs of the task `reachability`: what is promised of them, by a search of its own. */
#include "lib/task/reachability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/status.h"

enum { MOST = 64, EXAMPLES = 400, ROWS = 512 };

static struct lat_task_setting setting_of(const char *text) {
  struct lat_task_setting setting;
  if (lat_task_parse(text, &setting) != LAT_OK) fail_msg("%s: %s", text, lat_error_message());
  return setting;
}

/* Edges between every two nodes on the shortest path, -1: none (Floyd and Warshall). */
static void distances(size_t n, size_t m, const int32_t (*edge)[2], int d[MOST][MOST]) {
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) d[i][j] = i == j ? 0 : 1000;
  for (size_t e = 0; e < m; e++) d[edge[e][0]][edge[e][1]] = edge[e][0] == edge[e][1] ? 0 : 1;
  for (size_t k = 0; k < n; k++)
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        if (d[i][k] + d[k][j] < d[i][j]) d[i][j] = d[i][k] + d[k][j];
}

struct read {
  size_t n, m, hops, at; /* `at`: the question's last position */
  int32_t edge[160][2], first, second, root;
  int32_t token[2 * ROWS], target[ROWS], level[ROWS];
};

static void read_example(const struct lat_task_setting *setting, uint64_t index, struct read *r) {
  struct lat_example example = {r->token, r->target, r->level, NULL};
  r->n = (size_t)lat_task_option(setting, "nodes");
  r->m = (size_t)lat_task_option(setting, "edges");
  r->hops = (size_t)lat_task_option(setting, "hops");
  lat_task_make(setting, 7, "test", index, &example);
  int32_t n = (int32_t)r->n;
  if (lat_task_option(setting, "format") == 0) {
    for (size_t e = 0; e < r->m; e++) memcpy(r->edge[e], r->token + 2 * e, sizeof r->edge[e]);
    const int32_t *question = r->token + 2 * r->m;
    assert_true(question[0] == n + 2 && question[2] == n + 2 && question[4] == n + 3);
    r->first = question[1], r->second = question[3], r->root = question[5];
    r->at = r->m + 2;
  } else {
    for (size_t e = 0; e < r->m; e++) {
      memcpy(r->edge[e], r->token + 3 * e, sizeof r->edge[e]);
      assert_int_equal(r->token[3 * e + 2], n + 1);
    }
    const int32_t *question = r->token + 3 * r->m;
    assert_true(question[0] == n + 2 && question[3] == n + 3);
    r->first = question[1], r->second = question[2], r->root = question[4];
    r->at = 3 * r->m + 4;
  }
}

static const char *const settings[] = {"reachability:supervision=trace",
                                       "reachability:nodes=20:edges=23:hops=4:decoy=4:supervision=trace:steps=frontier",
                                       "reachability:nodes=20:edges=26:hops=3:decoy=0:format=triple:supervision=trace",
                                       "reachability:nodes=28:edges=31:hops=6:decoy=6:supervision=trace:steps=optimal",
                                       "reachability:nodes=6:edges=4:hops=2:decoy=0:supervision=trace"};

static void candidates_look_alike_but_for_the_root(void **state) {
  (void)state;
  for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
    struct lat_task_setting setting = setting_of(settings[s]);
    size_t first = 0, told_twice = 0;
    for (uint64_t i = 0; i < EXAMPLES; i++) {
      static struct read r;
      static int d[MOST][MOST];
      read_example(&setting, i, &r);
      distances(r.n, r.m, (const int32_t(*)[2])r.edge, d);
      int32_t target = d[r.root][r.first] < 1000 ? r.first : r.second, negative = target == r.first ? r.second : r.first;
      assert_int_equal(d[r.root][target], r.hops);
      assert_int_equal(d[r.root][negative], 1000);
      size_t in[2] = {0, 0}, rivals = 0, out = 0, optimal = 0;
      for (size_t e = 0; e < r.m; e++) {
        in[0] += r.edge[e][1] == target;
        in[1] += r.edge[e][1] == negative;
        out += r.edge[e][0] == r.root;
        optimal += r.edge[e][0] == r.root && d[r.edge[e][1]][target] == (int)r.hops - 1;
        for (size_t f = 0; f < e; f++) told_twice += memcmp(r.edge[e], r.edge[f], sizeof r.edge[e]) == 0;
      }
      assert_int_equal(in[0], in[1]);
      assert_true(out == 1 || 2 * optimal <= out);
      for (size_t v = 0; v < r.n; v++) { /* the other root: above the negative alone, as far */
        size_t above = 0;
        for (size_t e = 0; e < r.m; e++) above += r.edge[e][1] == (int32_t)v;
        rivals += above == 0 && d[v][negative] == (int)r.hops && d[v][target] == 1000;
        for (size_t w = 0; w < r.n; w++) assert_true(v == w || d[v][w] == 1000 || d[w][v] == 1000); /* no cycle */
      }
      assert_true(rivals >= 1);
      first += target == r.first;
      /* The answer, and the steps. */
      size_t last = r.at + r.hops + 1;
      assert_int_equal(r.target[last], target);
      assert_int_equal(r.level[last], r.hops);
      assert_int_equal(r.target[r.at + r.hops], r.n);
      int64_t steps = lat_task_option(&setting, "steps");
      for (size_t hop = 1; hop <= r.hops; hop++) {
        int32_t v = r.target[r.at + hop - 1];
        assert_int_equal(d[r.root][v], hop);
        assert_int_equal(r.level[r.at + hop - 1], 0);
        if (steps != 1) assert_int_equal(d[v][target], r.hops - hop);
        if (steps == 0 && hop > 1) assert_int_equal(d[r.target[r.at + hop - 2]][v], 1);
      }
    }
    /* A fair coin: 400 tosses lie within 4 standard deviations. */
    assert_in_range(first, EXAMPLES / 2 - 40, EXAMPLES / 2 + 40);
    if (told_twice > EXAMPLES / 20 && s < 4) fail_msg("%s: %zu edges told twice", settings[s], told_twice);
  }
}

static void a_graph_can_be_had_alone(void **state) {
  (void)state;
  struct lat_task_setting setting = setting_of(settings[1]);
  for (uint64_t i = 0; i < 20; i++) {
    static struct read r;
    uint32_t edge[2 * 160];
    struct lat_random random;
    struct lat_graph graph = {.edge = edge};
    read_example(&setting, i, &r);
    lat_task_stream(&setting, 7, "test", i, &random);
    lat_reachability_draw(&setting, &random, &graph);
    assert_int_equal(lat_graph_check(&graph), LAT_OK);
    assert_int_equal(graph.edges, r.m);
    assert_int_equal(graph.root, r.root);
    assert_int_equal(graph.target, r.target[r.at + r.hops + 1]);
    for (size_t e = 0; e < r.m; e++)
      assert_true((int32_t)edge[2 * e] == r.edge[e][0] && (int32_t)edge[2 * e + 1] == r.edge[e][1]);
  }
}

static void sizes_that_cannot_be_are_refused(void **state) {
  (void)state;
  struct lat_task_setting setting;
  assert_int_equal(lat_task_parse("reachability:nodes=13", &setting), LAT_INPUT);
  assert_int_equal(lat_task_parse("reachability:edges=11", &setting), LAT_INPUT);
  assert_int_equal(lat_task_parse("reachability:nodes=6:edges=160:hops=2:decoy=0", &setting), LAT_OK);
  static struct read r;
  setting.supervision = LAT_SUPERVISE_TRACE;
  read_example(&setting, 0, &r); /* more edges than fit: told again, and the graph is still right */
  assert_int_equal(r.target[r.at + r.hops + 1] == r.first || r.target[r.at + r.hops + 1] == r.second, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(candidates_look_alike_but_for_the_root),
                                     cmocka_unit_test(a_graph_can_be_had_alone),
                                     cmocka_unit_test(sizes_that_cannot_be_are_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
