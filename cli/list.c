/* `latentlab list`: the experiments; `latentlab list NAME`: all about one. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "lib/sweep/values.h"

static error_t parse(int key, char *arg, struct argp_state *state) {
  struct lat_selection *selection = state->input;
  switch (key) {
    case 'j': selection->json = 1; return 0;
    case ARGP_KEY_ARG:
      if (selection->names == LAT_MOST_NAMES) {
        argp_error(state, "over %d names", LAT_MOST_NAMES);
        return EINVAL;
      }
      selection->name[selection->names++] = arg;
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const char *kind_name(enum lat_kind kind) {
  static const char *const names[] = {"integer", "real", "text", "path"};
  return names[kind];
}

static void put(struct json_object *object, const char *key, const char *value) {
  json_object_object_add(object, key, json_object_new_string(value ? value : ""));
}

static struct json_object *describe(const struct lat_experiment *e, int whole) {
  static const char *const sizes[] = {"smoke", "quick", "paper"};
  struct json_object *object = json_object_new_object();
  put(object, "name", e->name);
  put(object, "section", e->section);
  put(object, "question", e->question);
  if (!whole) return object;
  put(object, "prediction", e->prediction);
  put(object, "refuted_if", e->refuted_if);
  put(object, "source", e->source);
  json_object_object_add(object, "version", json_object_new_int(e->version));
  struct json_object *parameters = json_object_new_array(), *outputs = json_object_new_array();
  for (const struct lat_parameter *p = e->parameters; p->name; p++) {
    struct json_object *row = json_object_new_object();
    put(row, "name", p->name);
    put(row, "unit", p->unit);
    put(row, "kind", kind_name(p->kind));
    put(row, "help", p->help);
    if (p->kind == LAT_INTEGER || p->kind == LAT_REAL) {
      json_object_object_add(row, "minimum", json_object_new_double(p->minimum));
      json_object_object_add(row, "maximum", json_object_new_double(p->maximum));
    }
    for (int s = 0; s < 3; s++) put(row, sizes[s], p->values[s]);
    json_object_array_add(parameters, row);
  }
  for (const struct lat_output *o = e->outputs; o->name; o++) {
    struct json_object *row = json_object_new_object();
    put(row, "name", o->name);
    put(row, "unit", o->unit);
    put(row, "kind", kind_name(o->kind));
    put(row, "long_name", o->long_name);
    put(row, "dimensions", o->dimensions);
    json_object_array_add(outputs, row);
  }
  json_object_object_add(object, "parameters", parameters);
  json_object_object_add(object, "outputs", outputs);
  return object;
}

static void print_whole(const struct lat_experiment *e) {
  printf("%s (%s), version %d\n", e->name, e->section, e->version);
  printf("  question    %s\n  prediction  %s\n  refuted if  %s\n  source      %s\n\n", e->question, e->prediction,
         e->refuted_if, e->source);
  printf("  parameters\n");
  for (const struct lat_parameter *p = e->parameters; p->name; p++) {
    char range[96];
    printf("    %-16s %s (%s); %s\n", p->name, p->help, p->unit, lat_parameter_range(p, range));
    printf("    %-16s smoke %s | quick %s | paper %s\n", "", p->values[0], p->values[1], p->values[2]);
  }
  printf("\n  results\n");
  for (const struct lat_output *o = e->outputs; o->name; o++)
    printf("    %-16s %s (%s)%s%s%s\n", o->name, o->long_name, o->unit, *o->dimensions ? " by " : "", o->dimensions,
           o->flags & LAT_IS_TIMING ? ", a timing" : "");
}

static int by_section(const void *a, const void *b) {
  const struct lat_experiment *left = *(const struct lat_experiment *const *)a,
                              *right = *(const struct lat_experiment *const *)b;
  int order = strcmp(left->section, right->section);
  return order ? order : strcmp(left->name, right->name);
}

int lat_command_list(int argc, char **argv) {
  static const struct argp_option options[] = {{"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
                                               {0}};
  static const struct argp argp = {
      options,
      parse,
      "[NAME...]",
      "The experiments and their questions; with NAME, the parameters with their ranges and values "
      "at each size, the prediction, what would refute it, and the source.\v" LAT_EXIT_USUAL,
      0,
      0,
      0};
  struct lat_selection selection = {0};
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0;
  int status = lat_cli_parse(&argp, argc, argv, &selection);
  if (status >= 0) return status;
  status = lat_select_experiments(&selection, 1, experiments, &count);
  int whole = selection.names > 0;
  if (status) return status;
  if (selection.json) {
    struct json_object *all = json_object_new_array();
    for (size_t i = 0; i < count; i++) json_object_array_add(all, describe(experiments[i], whole));
    return lat_cli_print_json(all);
  }
  if (!whole) qsort(experiments, count, sizeof *experiments, by_section);
  const char *section = "";
  for (size_t i = 0; i < count; i++) {
    if (whole) {
      if (i) putchar('\n');
      print_whole(experiments[i]);
    } else {
      if (strcmp(section, experiments[i]->section) != 0) printf("%s%s\n", *section ? "\n" : "", experiments[i]->section);
      section = experiments[i]->section;
      printf("  %-20s %s\n", experiments[i]->name, experiments[i]->question);
    }
  }
  return lat_cli_finish(0);
}
