#include "lib/task/prosqa.h"

#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

/* A number that names one of `nodes` nodes; `what` is the member for the sentence. */
static int node_of(struct json_object *value, size_t nodes, const char *what, uint32_t *node) {
  if (value == NULL) return LAT_FAIL(LAT_INPUT, "%s is missing or null", what);
  if (json_object_get_type(value) != json_type_int)
    return LAT_FAIL(LAT_INPUT, "%s is %s where a node number is needed", what,
                    json_type_to_name(json_object_get_type(value)));
  int64_t number = json_object_get_int64(value); /* what is beyond 64 bits comes as the largest or smallest */
  if (number < 0 || (uint64_t)number >= nodes)
    return LAT_FAIL(LAT_INPUT, "%s is %.24s, and the nodes are 0 to %zu", what, json_object_get_string(value), nodes - 1);
  *node = (uint32_t)number;
  return LAT_OK;
}

static int array_of(struct json_object *record, const char *name, struct json_object **array, size_t *count) {
  if (!json_object_object_get_ex(record, name, array)) return LAT_FAIL(LAT_INPUT, "%s is missing", name);
  if (json_object_get_type(*array) != json_type_array)
    return LAT_FAIL(LAT_INPUT, "%s is %s where an array is needed", name, json_type_to_name(json_object_get_type(*array)));
  *count = json_object_array_length(*array);
  return LAT_OK;
}

static int graph_of(struct json_object *record, struct lat_graph **result) {
  struct json_object *symbols, *edges, *value;
  struct lat_graph *graph = NULL;
  size_t n = 0, m = 0;
  int status = LAT_OK;
  LAT_CHECK(status, json_object_get_type(record) == json_type_object, LAT_INPUT, "it is %s and no object",
            json_type_to_name(json_object_get_type(record)));
  LAT_TRY(status, array_of(record, "idx_to_symbol", &symbols, &n));
  LAT_TRY(status, array_of(record, "edges", &edges, &m));
  LAT_CHECK(status, n >= 1 && n < LAT_UNREACHED, LAT_INPUT, "idx_to_symbol names no node");
  LAT_TRY(status, lat_graph_alloc(n, m, &graph));
  for (size_t e = 0; e < m; e++) {
    struct json_object *pair = json_object_array_get_idx(edges, e);
    char what[64];
    LAT_CHECK(status, json_object_get_type(pair) == json_type_array && json_object_array_length(pair) == 2, LAT_INPUT,
              "edges[%zu] is no pair [from, to]", e);
    for (size_t end = 0; end < 2; end++) {
      snprintf(what, sizeof what, "edges[%zu][%zu]", e, end);
      LAT_TRY(status, node_of(json_object_array_get_idx(pair, end), n, what, &graph->edge[2 * e + end]));
    }
  }
  uint32_t *slot[] = {&graph->root, &graph->target, &graph->negative};
  static const char *const name[] = {"root", "target", "neg_target"};
  for (size_t i = 0; i < 3; i++) {
    value = NULL;
    json_object_object_get_ex(record, name[i], &value);
    LAT_TRY(status, node_of(value, n, name[i], slot[i]));
  }
  LAT_TRY(status, lat_graph_check(graph));
  *result = graph;
  graph = NULL;
done:
  lat_graph_free(graph);
  return status;
}

int lat_prosqa_parse(const char *bytes, size_t count, struct lat_graphs **result) {
  struct json_tokener *tokener = NULL;
  struct json_object *root = NULL;
  struct lat_graphs *graphs = NULL;
  size_t end = 0, records = 0;
  int status = LAT_OK;
  *result = NULL;
  LAT_CHECK(status, count < INT_MAX, LAT_INPUT, "%zu bytes are more than a JSON text may have here", count);
  tokener = json_tokener_new();
  LAT_CHECK(status, tokener != NULL, LAT_MEMORY, "no memory to read JSON");
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
  root = json_tokener_parse_ex(tokener, bytes, (int)count);
  end = json_tokener_get_parse_end(tokener);
  if (json_tokener_get_error(tokener) == json_tokener_continue) { /* a number ends where something follows it */
    root = json_tokener_parse_ex(tokener, "\n", 1);
    end = count;
  }
  enum json_tokener_error error = json_tokener_get_error(tokener);
  LAT_CHECK(status, error == json_tokener_success, LAT_INPUT, "this is no JSON text: %s at byte %zu",
            error == json_tokener_continue ? "it ends too early" : json_tokener_error_desc(error), end);
  while (end < count && strchr(" \t\r\n", bytes[end]) != NULL && bytes[end] != '\0') end++;
  LAT_CHECK(status, end == count, LAT_INPUT, "this is no JSON text: something follows its end at byte %zu", end);
  LAT_CHECK(status, json_object_get_type(root) == json_type_array, LAT_INPUT,
            "this is no ProsQA file: an array of records is needed, and it is %s",
            json_type_to_name(json_object_get_type(root)));
  records = json_object_array_length(root);
  LAT_CHECK(status, records >= 1, LAT_INPUT, "this ProsQA file has no record");
  LAT_TRY(status, lat_graphs_alloc(records, &graphs));
  for (size_t i = 0; i < records; i++) {
    status = graph_of(json_object_array_get_idx(root, i), &graphs->graph[i]);
    if (status != LAT_OK) {
      if (status == LAT_INPUT) lat_fail_prefix(status, "this is no ProsQA file, see record %zu", i);
      goto done;
    }
  }
  *result = graphs;
  graphs = NULL;
done:
  lat_graphs_free(graphs);
  json_object_put(root);
  json_tokener_free(tokener);
  return status;
}

int lat_prosqa_read(const char *path, struct lat_graphs **graphs) {
  char *bytes = NULL;
  size_t count = 0;
  int status = LAT_OK;
  *graphs = NULL;
  LAT_TRY(status, lat_file_read(path, &bytes, &count));
  status = lat_prosqa_parse(bytes, count, graphs);
  if (status != LAT_OK) lat_fail_prefix(status, "%s", path);
done:
  lat_free(bytes);
  return status;
}
