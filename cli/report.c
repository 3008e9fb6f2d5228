/* `latentlab report`: all results of a folder as one HTML page that needs nothing else. */
#include <argp.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/html.h"
#include "cli/options.h"
#include "cli/report_data.h"
#include "cli/report_section.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/provenance.h"

struct request {
  const char *out;
  int json;
};

static const struct argp_option options[] = {{"out", 'o', "DIR", 0, "folder of the results (default results/run)", 0},
                                             {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
                                             {0}};

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct request *request = state->input;
  switch (key) {
    case 'o': request->out = argument; return 0;
    case 'j': request->json = 1; return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {
    options,
    parse,
    "",
    "Writes DIR/report.html: every experiment's question, prediction, verdict, figure, tables, parameters and provenance "
    "on one "
    "page without scripts or external files.\vFigures are drawn anew from DIR/tables; run and merge "
    "first.\n" LAT_EXIT_USUAL,
    0,
    0,
    0};

/* Which sizes all points have, in words. */
static void head(struct lat_text *page, const struct lat_report_data *data, size_t count, struct lat_words *sizes,
                 struct lat_words *sources) {
  size_t points = 0, failed = 0, with = 0;
  double seconds = 0;
  for (size_t i = 0; i < count; i++) {
    if (data[i].merged == NULL) continue;
    with++;
    points += data[i].merged->points;
    failed += data[i].failed.count;
    seconds += data[i].seconds;
    for (size_t k = 0; k < data[i].sizes.count; k++) lat_words_add(sizes, data[i].sizes.word[k]);
    for (size_t k = 0; k < data[i].sources.count; k++) lat_words_add(sources, data[i].sources.word[k]);
  }
  lat_html(page,
           "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>latentlab: "
           "results</title>\n<style>\n%s</style>\n"
           "</head>\n<body>\n<header>\n<h1>What latent reasoning can compute, measured</h1>\n"
           "<p>Results of <strong>latentlab</strong> %s, a research suite in C11 for the expressiveness and the "
           "information capacity "
           "of latent reasoning. Every experiment states its prediction, and what would refute it, in its source file "
           "before it is run; the "
           "verdict is computed from the points by the same program.</p>\n",
           lat_html_style, lat_version());
  lat_html(
      page,
      "<p class=\"soft small\">%zu of %zu experiments have results: %zu points, %zu failed, %.0f s of computing. Size: ",
      with, count, points, failed, seconds);
  for (size_t i = 0; i < sizes->count; i++) lat_html(page, "%s%s", i > 0 ? ", " : "", sizes->word[i]);
  lat_html(page, "%s. Source: ", sizes->count == 0 ? "none" : "");
  for (size_t i = 0; i < sources->count; i++) {
    lat_html(page, "%s<code>", i > 0 ? ", " : "");
    lat_html_text(page, sources->word[i]);
    lat_html(page, "</code>");
  }
  lat_html(page, "%s.</p>\n</header>\n", sources->count == 0 ? "none" : "");
}

static void contents(struct lat_text *page, const struct lat_report_data *data, size_t count) {
  lat_html(page,
           "<nav aria-label=\"Contents\">\n<table class=\"contents\">\n<thead><tr><th scope=\"col\">Question</th>"
           "<th scope=\"col\">Experiment</th><th scope=\"col\">Status</th></tr></thead>\n<tbody>\n");
  for (size_t i = 0; i < count; i++) {
    const struct lat_experiment *e = data[i].experiment;
    const char *status = lat_report_status(&data[i]);
    lat_html(page, "<tr><td>");
    lat_html_text(page, e->question);
    lat_html(page, "</td><td><a href=\"#%s\"><code>%s</code></a></td><td><span class=\"badge %s\">%s</span></td></tr>\n",
             e->name, e->name, status, strcmp(status, "missing") == 0 ? "not run" : status);
  }
  lat_html(page, "</tbody></table>\n</nav>\n");
}

static int write_report(const struct request *request, struct lat_report_data *data, size_t count,
                        struct json_object *list) {
  struct lat_text page = {0}, path = {0};
  struct lat_words sizes = {0}, sources = {0};
  char note[400];
  int status = LAT_OK;
  head(&page, data, count, &sizes, &sources);
  contents(&page, data, count);
  lat_html(&page, "<main>\n");
  for (size_t i = 0; i < count; i++) {
    LAT_TRY(status, lat_report_section(&page, request->out, &data[i], note));
    if (*note != '\0') fprintf(stderr, "latentlab: %s: no new figure: %s\n", data[i].experiment->name, note);
    struct json_object *row = json_object_new_object();
    json_object_object_add(row, "experiment", json_object_new_string(data[i].experiment->name));
    json_object_object_add(row, "status", json_object_new_string(lat_report_status(&data[i])));
    json_object_object_add(row, "figure", json_object_new_boolean(data[i].verdict != NULL && *note == '\0'));
    json_object_array_add(list, row);
  }
  lat_html(&page, "</main>\n</body>\n</html>\n");
  LAT_CHECK(status, !page.failed, LAT_MEMORY, "no memory for the report");
  LAT_TRY(status, lat_path(&path, "%s/report.html", request->out));
  LAT_TRY(status, lat_file_write(path.bytes, page.bytes, page.length));
done:
  lat_words_free(&sizes);
  lat_words_free(&sources);
  lat_text_free(&page);
  lat_text_free(&path);
  return status;
}

int lat_command_report(int argc, char **argv) {
  struct request request = {.out = "results/run"};
  int end = lat_cli_parse(&argp, argc, argv, &request);
  if (end >= 0) return end;
  if (!lat_path_exists(request.out))
    return lat_cli_misuse(
        "there is no folder %s: first `latentlab run NAME --out %s`, then `latentlab merge NAME --out %s`", request.out,
        request.out, request.out);
  size_t count = 0, read = 0;
  while (lat_program.experiments[count] != NULL) count++;
  struct lat_report_data *data = lat_calloc(count, sizeof *data);
  struct json_object *list = json_object_new_array();
  int status = data == NULL ? LAT_MEMORY : LAT_OK;
  while (status == LAT_OK && read < count) {
    status = lat_report_read(request.out, lat_program.experiments[read], &data[read]);
    read++;
  }
  if (status == LAT_OK) status = write_report(&request, data, count, list);
  for (size_t i = 0; i < read; i++) lat_report_data_free(&data[i]);
  lat_free(data);
  if (status != LAT_OK || !request.json) {
    json_object_put(list);
    if (status == LAT_OK) printf("%s/report.html\n", request.out);
    return status == LAT_OK ? lat_cli_finish(0) : lat_cli_fail(status);
  }
  return lat_cli_print_json(list);
}
