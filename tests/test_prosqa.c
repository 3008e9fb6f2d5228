/* Reading the authors' files: what is in them comes out, and what is wrong is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/task/prosqa.h"

#define GOOD                                                                                                               \
  "{\"question\": \"Is Ann a b or d?\", \"steps\": [\"Ann is a b.\"], \"idx_to_symbol\": [\"Ann\", \"b\", \"c\", \"d\"], " \
  "\"edges\": [[0, 1], [1, 2], [3, 3]], \"root\": 0, \"target\": 2, \"neg_target\": 3}"

static void records_become_graphs(void **state) {
  (void)state;
  char folder[] = "/tmp/latentlab_prosqa_XXXXXX", path[128];
  static const char text[] = "[" GOOD ",\n " GOOD "]\n";
  struct lat_graphs *graphs;
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/two.json", folder);
  assert_int_equal(lat_file_write(path, text, sizeof text - 1), LAT_OK);
  assert_int_equal(lat_prosqa_read(path, &graphs), LAT_OK);
  assert_int_equal(graphs->count, 2);
  static const uint32_t edge[] = {0, 1, 1, 2, 3, 3};
  for (size_t i = 0; i < 2; i++) {
    const struct lat_graph *graph = graphs->graph[i];
    assert_int_equal(graph->nodes, 4);
    assert_int_equal(graph->edges, 3);
    assert_memory_equal(graph->edge, edge, sizeof edge);
    assert_int_equal(graph->root, 0);
    assert_int_equal(graph->target, 2);
    assert_int_equal(graph->negative, 3);
  }
  lat_graphs_free(graphs);
  unlink(path);
  assert_int_equal(lat_prosqa_read(path, &graphs), LAT_INPUT);
  assert_null(graphs);
  rmdir(folder);
}

#define RECORD(symbols, edges, root, target, negative)                                                        \
  "[" GOOD ", {\"idx_to_symbol\": " symbols ", \"edges\": " edges ", \"root\": " root ", \"target\": " target \
  ", \"neg_target\": " negative "}]"
#define FOUR "[\"a\", \"b\", \"c\", \"d\"]"
#define EDGES "[[0, 1], [1, 2]]"

static void what_is_no_prosqa_file_gets_one_sentence(void **state) {
  (void)state;
  static const struct {
    const char *text, *word;
  } bad[] = {
      {"", "no JSON text: it ends too early"},
      {"[", "no JSON text: it ends too early"},
      {"hello", "no JSON text"},
      {"[" GOOD "] x", "no JSON text"},
      {"[" GOOD "", "no JSON text: it ends too early"},
      {"{}", "an array of records is needed, and it is object"},
      {"3", "an array of records is needed, and it is int"},
      {"null", "an array of records is needed, and it is null"},
      {"[]", "has no record"},
      {"[3]", "record 0: it is int and no object"},
      {"[null]", "record 0: it is null and no object"},
      {"[[]]", "record 0: it is array and no object"},
      {"[{}]", "record 0: idx_to_symbol is missing"},
      {"[" GOOD ", {\"idx_to_symbol\": [\"a\"]}]", "record 1: edges is missing"},
      {RECORD("4", EDGES, "0", "2", "3"), "record 1: idx_to_symbol is int where an array is needed"},
      {RECORD("[]", EDGES, "0", "2", "3"), "record 1: idx_to_symbol names no node"},
      {RECORD(FOUR, "{}", "0", "2", "3"), "record 1: edges is object where an array is needed"},
      {RECORD(FOUR, "[[0, 1], [1]]", "0", "2", "3"), "record 1: edges[1] is no pair"},
      {RECORD(FOUR, "[[0, 1], [1, 2, 3]]", "0", "2", "3"), "record 1: edges[1] is no pair"},
      {RECORD(FOUR, "[7]", "0", "2", "3"), "record 1: edges[0] is no pair"},
      {RECORD(FOUR, "[null]", "0", "2", "3"), "record 1: edges[0] is no pair"},
      {RECORD(FOUR, "[[0, 1], [1, 4]]", "0", "2", "3"), "record 1: edges[1][1] is 4, and the nodes are 0 to 3"},
      {RECORD(FOUR, "[[-1, 1]]", "0", "2", "3"), "record 1: edges[0][0] is -1, and the nodes are 0 to 3"},
      {RECORD(FOUR, "[[0, 1.0]]", "0", "2", "3"), "record 1: edges[0][1] is double where"},
      {RECORD(FOUR, "[[0, \"1\"]]", "0", "2", "3"), "record 1: edges[0][1] is string where"},
      {RECORD(FOUR, "[[0, 99999999999999999999999]]", "0", "2", "3"), "record 1: edges[0][1] is "},
      {RECORD(FOUR, "[[-99999999999999999999999, 0]]", "0", "2", "3"), "record 1: edges[0][0] is -"},
      {RECORD(FOUR, "[[4294967296, 0]]", "0", "2", "3"), "record 1: edges[0][0] is 4294967296"},
      {RECORD(FOUR, EDGES, "null", "2", "3"), "record 1: root is missing or null"},
      {RECORD(FOUR, EDGES, "true", "2", "3"), "record 1: root is boolean where"},
      {RECORD(FOUR, EDGES, "0", "[2]", "3"), "record 1: target is array where"},
      {RECORD(FOUR, EDGES, "0", "2", "-3"), "record 1: neg_target is -3"},
      {RECORD(FOUR, EDGES, "0", "2", "4"), "record 1: neg_target is 4"},
      {RECORD(FOUR, EDGES, "0", "3", "2"), "record 1: the target, node 3, is not reached"},
      {RECORD(FOUR, EDGES, "0", "2", "1"), "record 1: the negative, node 1, is reached"},
      {RECORD(FOUR, EDGES, "0", "0", "3"), "record 1: the target is the root itself"},
      {"[{\"idx_to_symbol\": " FOUR ", \"edges\": " EDGES ", \"root\": 0, \"target\": 2}]",
       "record 0: neg_target is missing"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_graphs *graphs;
    size_t before = lat_memory_current();
    assert_int_equal(lat_prosqa_parse(bad[i].text, strlen(bad[i].text), &graphs), LAT_INPUT);
    assert_null(graphs);
    if (strstr(lat_error_message(), bad[i].word) == NULL)
      fail_msg("%s\nsays: %s\nnot: %s", bad[i].text, lat_error_message(), bad[i].word);
    assert_null(strchr(lat_error_message(), '\n'));
    assert_int_equal(lat_memory_current(), before);
  }
}

static void a_deep_nest_is_refused(void **state) {
  (void)state;
  char text[4096];
  struct lat_graphs *graphs;
  memset(text, '[', sizeof text);
  assert_int_equal(lat_prosqa_parse(text, sizeof text, &graphs), LAT_INPUT);
}

static void every_allocation_that_fails_is_reported_and_freed(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    struct lat_graphs *graphs = NULL;
    lat_memory_fail_at(k);
    int status = lat_prosqa_parse("[" GOOD "]", strlen("[" GOOD "]"), &graphs);
    lat_memory_fail_at(0);
    lat_graphs_free(graphs);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
    assert_null(strstr(lat_error_message(), "ProsQA"));
    assert_true(k < 100);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_become_graphs),
      cmocka_unit_test(what_is_no_prosqa_file_gets_one_sentence),
      cmocka_unit_test(a_deep_nest_is_refused),
      cmocka_unit_test(every_allocation_that_fails_is_reported_and_freed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
