/* latentlab plot: figures from the tables that `merge` wrote. DIR/tables/NAME -> DIR/figures/NAME.FORMAT. */
#include <argp.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/gnuplot.h"
#include "cli/options.h"
#include "lib/base/memory.h"
#include "lib/sweep/layout.h"

static const char *const formats[] = {"svg", "png", "pdf"};
enum { FORMATS = sizeof formats / sizeof *formats };

struct request {
  const char *out;
  unsigned wanted; /* bit i: formats[i] */
  int json, all;
  char **name;
  int names;
};

static const struct argp_option options[] = {
    {"out", 'o', "DIR", 0, "folder of the results (default results/run)", 0},
    {"format", 'f', "LIST", 0, "svg, png, pdf, or several with commas (default all three)", 0},
    {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
    {0}};

static int read_formats(const char *list, unsigned *wanted) {
  *wanted = 0;
  while (*list != '\0') {
    size_t length = strcspn(list, ",");
    int known = 0;
    for (int i = 0; i < FORMATS; i++)
      if (strlen(formats[i]) == length && strncmp(list, formats[i], length) == 0) {
        *wanted |= 1u << i;
        known = 1;
      }
    if (!known) return 0;
    list += length + (list[length] == ',');
  }
  return *wanted != 0;
}

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct request *request = state->input;
  switch (key) {
    case 'o': request->out = argument; return 0;
    case 'j': request->json = 1; return 0;
    case 'f':
      if (!read_formats(argument, &request->wanted)) argp_error(state, "'%s': the formats are svg, png and pdf", argument);
      return 0;
    case ARGP_KEY_ARGS:
      request->name = state->argv + state->next;
      request->names = state->argc - state->next;
      return 0;
    case ARGP_KEY_NO_ARGS: argp_error(state, "which experiment? Names, or all; `latentlab list` shows them"); return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {
    options,
    parse,
    "NAME...|all",
    "Draws the figures of merged experiments with gnuplot, into DIR/figures.\v"
    "The data is DIR/tables/NAME, which `latentlab merge NAME --out DIR` writes. The scripts are in "
    "the folder analysis; LATENTLAB_ANALYSIS names another. A panel of which no point was run is drawn as an empty "
    "frame.\n" LAT_EXIT_USUAL,
    0,
    0,
    0};

static int is_folder(const char *path) {
  struct stat about;
  return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* One experiment in all wanted formats; the files are added to `list`, or printed. */
static int plot_one(const struct request *request, const char *name, struct json_object *list) {
  struct lat_text tables = {0}, path = {0};
  int status, empty = 0;
  LAT_TRY(status, lat_text_printf(&tables, "%s/tables/%s", request->out, name));
  LAT_CHECK(status, is_folder(tables.bytes), LAT_INPUT,
            "%s is not there: first `latentlab run %s --out %s`, then `latentlab merge %s --out %s`", tables.bytes, name,
            request->out, name, request->out);
  for (int i = 0; i < FORMATS; i++) {
    if (!(request->wanted & 1u << i)) continue;
    lat_text_clear(&path);
    LAT_TRY(status, lat_text_printf(&path, "%s/figures/%s.%s", request->out, name, formats[i]));
    LAT_TRY(status, lat_gnuplot_draw(name, formats[i], tables.bytes, path.bytes, &empty));
    if (list != NULL) {
      struct json_object *row = json_object_new_object();
      json_object_object_add(row, "experiment", json_object_new_string(name));
      json_object_object_add(row, "format", json_object_new_string(formats[i]));
      json_object_object_add(row, "file", json_object_new_string(path.bytes));
      json_object_object_add(row, "panels_without_points", json_object_new_int(empty));
      json_object_array_add(list, row);
    } else {
      printf("%-20s %-4s %s", name, formats[i], path.bytes);
      if (empty > 0) printf(" (%d panel%s without points)", empty, empty == 1 ? "" : "s");
      putchar('\n');
    }
  }
done:
  lat_text_free(&tables);
  lat_text_free(&path);
  return status;
}

static int known(const char *name) {
  for (const struct lat_experiment *const *e = lat_program.experiments; *e != NULL; e++)
    if (strcmp((*e)->name, name) == 0) return 1;
  return 0;
}

/* All that have tables; the others are not due yet. */
static int plot_all(const struct request *request, struct json_object *list) {
  struct lat_text tables = {0};
  int status = LAT_OK, drawn = 0;
  for (const struct lat_experiment *const *e = lat_program.experiments; status == LAT_OK && *e != NULL; e++) {
    lat_text_clear(&tables);
    status = lat_text_printf(&tables, "%s/tables/%s", request->out, (*e)->name);
    if (status != LAT_OK || !is_folder(tables.bytes)) continue;
    status = plot_one(request, (*e)->name, list);
    drawn++;
  }
  lat_text_free(&tables);
  if (status == LAT_OK && drawn == 0)
    status = LAT_FAIL(
        LAT_INPUT,
        "there are no tables in %s/tables: first `latentlab run NAME --out %s`, then `latentlab merge NAME --out %s`",
        request->out, request->out, request->out);
  return status;
}

int lat_command_plot(int argc, char **argv) {
  struct request request = {.out = "results/run", .wanted = (1u << FORMATS) - 1};
  int end = lat_cli_parse(&argp, argc, argv, &request);
  if (end >= 0) return end;
  for (int i = 0; i < request.names; i++) {
    if (strcmp(request.name[i], "all") == 0)
      request.all = 1;
    else if (!known(request.name[i]))
      return lat_cli_misuse("there is no experiment '%s'; `latentlab list` shows them", request.name[i]);
  }
  struct lat_text figures = {0};
  struct json_object *list = request.json ? json_object_new_array() : NULL;
  int status = lat_text_printf(&figures, "%s/figures", request.out);
  if (status == LAT_OK && is_folder(request.out)) status = lat_make_folders(figures.bytes);
  if (status == LAT_OK && request.all) status = plot_all(&request, list);
  for (int i = 0; status == LAT_OK && !request.all && i < request.names; i++)
    status = plot_one(&request, request.name[i], list);
  lat_text_free(&figures);
  if (status != LAT_OK) {
    json_object_put(list);
    return lat_cli_fail(status);
  }
  return list != NULL ? lat_cli_print_json(list) : lat_cli_finish(0);
}
