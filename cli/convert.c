/* latentlab convert: a circuit from one format into another, mapped to K-input tables when asked, with its statistics.
 *
 * What was written is read again: the second row of the table describes the file that is now there, and 4,096 random
 * vectors are compared, so that a wrong file is an error here and not a riddle later. */
#include <argp.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/circuit.h"

struct request {
  const char *in, *out, *family;
  int64_t k, seed; /* k = 0: not mapped */
  int json;
};

enum { KEY_SEED = 256 };

static const struct argp_option options[] = {
    {"family", 'f', "NAME:SIZE", 0, "a generated circuit in place of IN, e.g. parity:64", 0},
    {"seed", KEY_SEED, "N", 0, "for random families (default 0)", 0},
    {"lut", 'k', "K", 0, "map to tables of at most K inputs, 2..6 (default: not mapped)", 0},
    {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
    {0}};

static void parse_number(struct argp_state *state, const char *text, int64_t minimum, int64_t maximum, const char *what,
                         int64_t *value) {
  if (lat_parse_int(text, minimum, maximum, value) != LAT_OK) argp_error(state, "%s: %s", what, lat_error_message());
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct request *request = state->input;
  switch (key) {
    case 'f': request->family = argument; return 0;
    case 'k': parse_number(state, argument, 2, LAT_MAX_FAN_IN, "--lut", &request->k); return 0;
    case KEY_SEED: parse_number(state, argument, 0, INT64_MAX, "--seed", &request->seed); return 0;
    case 'j': request->json = 1; return 0;
    case ARGP_KEY_ARGS: {
      int wanted = request->family != NULL ? 1 : 2;
      if (state->argc - state->next != wanted)
        argp_error(state, wanted == 1 ? "with --family, one file is expected: OUT" : "two files are expected: IN OUT");
      request->in = request->family != NULL ? request->family : state->argv[state->next];
      request->out = state->argv[state->argc - 1];
      return 0;
    }
    case ARGP_KEY_NO_ARGS: argp_error(state, "two files are expected: IN OUT"); return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {
    options,
    parse,
    "IN OUT\n--family NAME:SIZE OUT",
    "Translates circuits: reads AIGER (.aag, .aig), BENCH and BLIF, writes .aag, .aig and .blif by OUT's extension, and "
    "prints their statistics.\v"
    "IN's format is told by its content. A node with a table becomes AND gates in AIGER and one cover in BLIF. What was "
    "written is read again and compared.\n" LAT_EXIT_USUAL,
    0,
    0,
    0};

/* The first of 4,096 random vectors for which an output differs; 4,096 when none does. */
static int first_difference(const struct lat_netlist *a, const struct lat_netlist *b, size_t *vector) {
  enum { VECTORS = 4096 };
  const struct lat_netlist *netlist[2] = {a, b};
  struct lat_vectors *in = NULL, *values = NULL, *out[2] = {NULL, NULL};
  int status;
  *vector = VECTORS;
  LAT_CHECK(status, a->inputs == b->inputs && a->outputs == b->outputs, LAT_FILE, "the numbers of ports differ");
  LAT_TRY(status, lat_vectors_alloc(a->inputs, VECTORS, &in));
  lat_vectors_random(in, 0);
  for (int i = 0; i < 2; i++) {
    LAT_TRY(status, lat_vectors_alloc(netlist[i]->nodes, VECTORS, &values));
    LAT_TRY(status, lat_vectors_alloc(netlist[i]->outputs, VECTORS, &out[i]));
    lat_simulate(netlist[i], in, values);
    lat_simulate_outputs(netlist[i], values, out[i]);
    lat_vectors_free(values);
    values = NULL;
  }
  for (size_t n = 0; n < VECTORS && *vector == VECTORS; n++) {
    for (size_t p = 0; p < a->outputs; p++) {
      if (lat_vectors_get(out[0], p, n) != lat_vectors_get(out[1], p, n)) *vector = n;
    }
  }
  LAT_CHECK(status, *vector == VECTORS, LAT_FILE, "random vector %zu gives other outputs", *vector);
done:
  lat_vectors_free(in);
  lat_vectors_free(values);
  lat_vectors_free(out[0]);
  lat_vectors_free(out[1]);
  return status;
}

static struct json_object *as_json(const char *file, const struct lat_circuit_statistics *s) {
  struct json_object *row = json_object_new_object(), *by_fan_in = json_object_new_array();
  json_object_object_add(row, "file", json_object_new_string(file));
  json_object_object_add(row, "inputs", json_object_new_uint64(s->inputs));
  json_object_object_add(row, "outputs", json_object_new_uint64(s->outputs));
  json_object_object_add(row, "nodes", json_object_new_uint64(s->nodes));
  json_object_object_add(row, "depth", json_object_new_uint64(s->depth));
  json_object_object_add(row, "widest_level", json_object_new_uint64(s->widest_level));
  json_object_object_add(row, "edges", json_object_new_uint64(s->edges));
  json_object_object_add(row, "skip_edges", json_object_new_uint64(s->skip_edges));
  for (int n = 0; n <= LAT_MAX_FAN_IN; n++) json_object_array_add(by_fan_in, json_object_new_uint64(s->by_fan_in[n]));
  json_object_object_add(row, "by_fan_in", by_fan_in);
  return row;
}

static void print_row(const char *file, const struct lat_circuit_statistics *s) {
  printf("%-24s %7zu %7zu %8zu %7u %8zu %8zu %8zu ", file, s->inputs, s->outputs, s->nodes, s->depth, s->widest_level,
         s->edges, s->skip_edges);
  for (int n = 0; n <= LAT_MAX_FAN_IN; n++) printf("%s%zu", n > 0 ? "/" : " ", s->by_fan_in[n]);
  printf("\n");
}

static int report(const struct request *request, const struct lat_netlist *before, const struct lat_netlist *after) {
  struct lat_circuit_statistics first, second;
  int status;
  LAT_TRY(status, lat_circuit_measure(before, &first));
  LAT_TRY(status, lat_circuit_measure(after, &second));
  if (request->json) {
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "read", as_json(request->in, &first));
    json_object_object_add(object, "written", as_json(request->out, &second));
    json_object_object_add(object, "lut", request->k != 0 ? json_object_new_int64(request->k) : NULL);
    return lat_cli_print_json(object);
  }
  printf("%-24s %7s %7s %8s %7s %8s %8s %8s  %s\n", "circuit", "inputs", "outputs", "nodes", "depth", "widest", "edges",
         "skipping", "nodes by fan-ins 0..6");
  print_row(request->in, &first);
  print_row(request->out, &second);
  return lat_cli_finish(0);
done:
  return lat_cli_fail(status);
}

int lat_command_convert(int argc, char **argv) {
  struct request request = {0};
  struct lat_netlist *before = NULL, *mapped = NULL, *after = NULL;
  int status;
  size_t vector;
  int end = lat_cli_parse(&argp, argc, argv, &request);
  if (end >= 0) return end;
  LAT_TRY(status, request.family != NULL ? lat_family_make(request.family, (uint64_t)request.seed, &before)
                                         : lat_circuit_read(request.in, &before));
  if (request.k != 0) LAT_TRY(status, lat_circuit_map(before, (unsigned)request.k, &mapped));
  LAT_TRY(status, lat_circuit_write(request.out, mapped != NULL ? mapped : before));
  LAT_TRY(status, lat_circuit_read(request.out, &after));
  status = first_difference(before, after, &vector);
  if (status != LAT_OK) lat_fail_prefix(status, "%s is written, but it is not the circuit of %s", request.out, request.in);
done:;
  int code = status == LAT_OK ? report(&request, before, after) : lat_cli_fail(status);
  lat_netlist_free(before);
  lat_netlist_free(mapped);
  lat_netlist_free(after);
  return code;
}
