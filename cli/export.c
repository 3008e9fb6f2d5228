/* `latentlab export`: the scalars of all points as text. */
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/select.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

struct arguments {
  struct lat_selection selection;
  const char *file;
  int csv;
};

static const struct argp_option options[] = {
    {"csv", 'c', 0, 0, "commas in place of tabs, with quotes where they are needed", 1},
    {"file", 'F', "FILE", 0, "write to this file in place of standard output", 1},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state) {
  struct arguments *arguments = state->input;
  switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = &arguments->selection; return 0;
    case 'c': arguments->csv = 1; return 0;
    case 'F': arguments->file = arg; return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

/* The next field of a line, which is cut up; `*rest` is NULL after the last. */
static char *cut(char **rest) {
  char *start = *rest, *tab = strchr(start, '\t');
  if (tab) *tab = '\0';
  *rest = tab ? tab + 1 : NULL;
  return start;
}

static void append_csv(struct lat_text *text, const char *value) {
  if (!strpbrk(value, ",\"")) {
    lat_text_printf(text, "%s", value);
    return;
  }
  lat_text_append(text, "\"", 1);
  for (; *value; value++) lat_text_append(text, *value == '"' ? "\"\"" : value, *value == '"' ? 2 : 1);
  lat_text_append(text, "\"", 1);
}

static int as_csv(char *table, struct lat_text *text) {
  for (char *line = table, *next; line && *line; line = next) {
    if ((next = strchr(line, '\n'))) *next++ = '\0';
    for (char *rest = line, *cell; rest;) {
      int first = rest == line;
      cell = cut(&rest);
      if (!first) lat_text_append(text, ",", 1);
      append_csv(text, cell);
    }
    lat_text_append(text, "\n", 1);
  }
  return text->failed ? LAT_FAIL(LAT_MEMORY, "no memory for the table") : LAT_OK;
}

/* Whether the column holds numbers: its parameter or result says so. */
static int is_number(const struct lat_experiment *experiment, const char *column) {
  for (const struct lat_parameter *p = experiment->parameters; p->name; p++)
    if (!strcmp(p->name, column)) return p->kind == LAT_INTEGER || p->kind == LAT_REAL;
  for (const struct lat_output *o = experiment->outputs; o->name; o++)
    if (!strcmp(o->name, column)) return o->kind == LAT_INTEGER || o->kind == LAT_REAL;
  return 0;
}

static struct json_object *as_json(const struct lat_experiment *experiment, char *table) {
  struct json_object *rows = json_object_new_array();
  char *line = strchr(table, '\n');
  if (line) *line++ = '\0';
  for (char *next; line && *line; line = next) {
    if ((next = strchr(line, '\n'))) *next++ = '\0';
    struct json_object *row = json_object_new_object();
    const char *head = table;
    for (char *rest = line; rest;) {
      char name[256], *cell = cut(&rest);
      size_t width = strcspn(head, "\t"), bare = strcspn(head, "\t ");
      snprintf(name, sizeof name, "%.*s", (int)bare, head);
      head += width + (head[width] == '\t');
      struct json_object *value = NULL; /* NaN is null */
      if (strcmp(cell, "NaN") != 0)
        value =
            is_number(experiment, name) ? json_object_new_double_s(strtod(cell, NULL), cell) : json_object_new_string(cell);
      json_object_object_add(row, name, value);
    }
    json_object_array_add(rows, row);
  }
  return rows;
}

static int export_points(const struct arguments *arguments, const struct lat_experiment *experiment) {
  struct lat_merged *merged = NULL;
  struct lat_text path = {0}, table = {0}, text = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_path(&path, "%s/%s", arguments->selection.out, experiment->name));
  LAT_TRY(status, lat_merge_read(path.bytes, 1, NULL, &merged));
  LAT_TRY(status, lat_merge_table(merged, &table));
  if (arguments->selection.json) {
    struct json_object *rows = as_json(experiment, table.bytes);
    status = lat_text_printf(
        &text, "%s\n", json_object_to_json_string_ext(rows, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put(rows);
    if (status != LAT_OK) goto done;
  } else if (arguments->csv) {
    LAT_TRY(status, as_csv(table.bytes, &text));
  } else {
    LAT_TRY(status, lat_text_append(&text, table.bytes, table.length));
  }
  if (arguments->file)
    status = lat_file_write(arguments->file, text.bytes, text.length);
  else
    fwrite(text.bytes, 1, text.length, stdout);
done:
  lat_text_free(&table);
  lat_merged_free(merged);
  lat_text_free(&path);
  lat_text_free(&text);
  return status;
}

int lat_command_export(int argc, char **argv) {
  static const struct argp_child children[] = {{&lat_select_folder, 0, NULL, 2}, {0}};
  static const struct argp argp = {
      options,
      parse,
      "NAME",
      "Prints parameters and single-number results of every point as a table: the first line names "
      "the columns with their units, NaN is a missing number. Arrays are in the merged file.\v" LAT_EXIT_USUAL,
      children,
      0,
      0};
  struct arguments arguments = {0};
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0;
  int status = lat_cli_parse(&argp, argc, argv, &arguments);
  if (status >= 0) return status;
  status = lat_select_experiments(&arguments.selection, 0, experiments, &count);
  if (status) return status;
  if (count != 1) return lat_cli_misuse("export takes one experiment at a time");
  if (arguments.csv && arguments.selection.json) return lat_cli_misuse("--csv and --json exclude each other");
  status = export_points(&arguments, experiments[0]);
  return status == LAT_OK ? lat_cli_finish(0) : lat_cli_fail(status);
}
