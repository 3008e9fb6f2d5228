#include "cli/report_section.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/gnuplot.h"
#include "cli/html.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/layout.h"

static void row(struct lat_text *page, const char *term, const char *text) {
  lat_html(page, "<dt>%s</dt><dd>", term);
  lat_html_text(page, text);
  lat_html(page, "</dd>\n");
}

static void claim(struct lat_text *page, const struct lat_report_data *data) {
  const struct lat_experiment *e = data->experiment;
  lat_html(page, "<p class=\"name\"><code>%s</code></p>\n<h2 class=\"question\">", e->name);
  lat_html_text(page, e->question);
  lat_html(page, "</h2>\n<dl>\n");
  row(page, "Prediction", e->prediction);
  row(page, "Refuted if", e->refuted_if);
  row(page, "Source", e->source);
  lat_html(page, "</dl>\n");
  const char *status = lat_report_status(data);
  lat_html(page, "<div class=\"verdict\"><span class=\"badge %s\">%s</span>\n<p>", status,
           strcmp(status, "missing") == 0 ? "not run" : status);
  lat_html_text(page, data->verdict != NULL  ? lat_report_sentence(data)
                      : data->merged == NULL ? "There are no points of it here yet."
                                             : "Its points are not merged yet: the commands below do it.");
  lat_html(page, "</p></div>\n");
  if (data->stale)
    lat_html(page, "<p>The tables were made from another number of points than there is now: merge again.</p>\n");
  if (data->damaged > 0)
    lat_html(page, "<p>%zu point files are damaged and left out: <code>latentlab verify</code> names them.</p>\n",
             data->damaged);
}

static int figure(struct lat_text *page, const char *out, const struct lat_report_data *data, char note[400]) {
  const struct lat_experiment *e = data->experiment;
  struct lat_text tables = {0}, path = {0}, prefix = {0};
  char *bytes = NULL;
  size_t count;
  int status, empty;
  LAT_TRY(status, lat_path(&path, "%s/figures", out));
  LAT_TRY(status, lat_make_folders(path.bytes));
  LAT_TRY(status, lat_path(&tables, "%s/tables/%s", out, e->name));
  LAT_TRY(status, lat_path(&path, "%s/figures/%s.svg", out, e->name));
  status = lat_gnuplot_draw(e->name, "svg", tables.bytes, path.bytes, &empty);
  if (status == LAT_MEMORY || status == LAT_FILE) goto done;
  if (status != LAT_OK) snprintf(note, 400, "%s", lat_error_message());
  /* Without gnuplot an earlier drawing serves; one that gnuplot refused would be of other tables. */
  if (status == LAT_INPUT || !lat_path_exists(path.bytes)) {
    lat_html(page, "<p>There is no figure: ");
    lat_html_text(page, note);
    lat_html(page, ".</p>\n");
    status = LAT_OK;
    goto done;
  }
  if (status == LAT_OK) *note = '\0';
  LAT_TRY(status, lat_file_read(path.bytes, &bytes, &count));
  LAT_TRY(status, lat_text_printf(&prefix, "figure-%s", e->name));
  lat_html(page, "<figure>\n<div class=\"plot\">\n");
  LAT_TRY(status, lat_html_svg(page, bytes, count, prefix.bytes, e->question, e->caption));
  lat_html(page, "</div>\n<figcaption>");
  lat_html_text(page, e->caption);
  lat_html(page, "</figcaption>\n</figure>\n");
done:
  lat_text_free(&tables);
  lat_text_free(&path);
  lat_text_free(&prefix);
  lat_free(bytes);
  return status;
}

static int tables(struct lat_text *page, const char *out, const struct lat_report_data *data) {
  struct json_object *list, *entry, *caption, *name;
  struct lat_text path = {0}, id = {0};
  int status = LAT_OK;
  size_t count = json_object_object_get_ex(data->verdict, "tables", &list) ? json_object_array_length(list) : 0;
  for (size_t i = 0; i < count; i++) {
    char *bytes = NULL;
    size_t length;
    entry = json_object_array_get_idx(list, i);
    if (!json_object_object_get_ex(entry, "caption", &caption) || caption == NULL) continue; /* for the figure only */
    if (!json_object_object_get_ex(entry, "name", &name)) continue;
    LAT_TRY(status, lat_path(&path, "%s/tables/%s/%s.tsv", out, data->experiment->name, json_object_get_string(name)));
    LAT_TRY(status, lat_path(&id, "table-%s-%s", data->experiment->name, json_object_get_string(name)));
    LAT_TRY(status, lat_file_read(path.bytes, &bytes, &length));
    lat_html_table(page, bytes, id.bytes, json_object_get_string(caption));
    lat_free(bytes);
  }
done:
  lat_text_free(&path);
  lat_text_free(&id);
  return status;
}

/* A parameter's value in one point, as text; files by their names. */
static int value_text(const struct lat_field *field, struct lat_words *words) {
  char text[64];
  switch (field->kind) {
    case LAT_INTEGER:
      snprintf(text, sizeof text, "%lld", (long long)field->data.integer[0]);
      return lat_words_add(words, text);
    case LAT_REAL: return lat_words_add(words, lat_format_real(field->data.real[0], text));
    default: return lat_words_add(words, field->data.text[0]);
  }
}

static int by_number(const void *a, const void *b) {
  double x = atof(*(char *const *)a), y = atof(*(char *const *)b);
  return (x > y) - (x < y);
}

static int values_of(const struct lat_report_data *data, const struct lat_parameter *parameter, const char *size,
                     struct lat_words *words) {
  int status = LAT_OK;
  for (size_t i = 0; status == LAT_OK && i < data->merged->points; i++) {
    const struct lat_field *field = lat_record_find(&data->merged->point[i].record, parameter->name);
    if (field != NULL && (size == NULL || strcmp(data->merged->point[i].size, size) == 0))
      status = value_text(field, words);
  }
  if (words->count > 0 && (parameter->kind == LAT_INTEGER || parameter->kind == LAT_REAL))
    qsort(words->word, words->count, sizeof *words->word, by_number);
  return status;
}

static int parameters(struct lat_text *page, const struct lat_report_data *data) {
  const char *name = data->experiment->name;
  lat_html(page,
           "<h3>Parameters</h3>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"parameters-%s\">\n"
           "<table>\n<caption id=\"parameters-%s\"><span>What was varied, over the %zu points "
           "here.</span></caption>\n<thead><tr>"
           "<th scope=\"col\">name</th><th scope=\"col\">unit</th><th scope=\"col\">meaning</th><th "
           "scope=\"col\">values</th></tr></thead>\n"
           "<tbody>\n",
           name, name, data->merged->points);
  for (const struct lat_parameter *p = data->experiment->parameters; p->name != NULL; p++) {
    struct lat_words words = {0};
    int status = values_of(data, p, NULL, &words);
    if (status != LAT_OK) return status;
    lat_html(page, "<tr><td><code>%s</code></td><td>", p->name);
    lat_html_text(page, strcmp(p->unit, "-") == 0 ? "" : p->unit);
    lat_html(page, "</td><td>");
    lat_html_text(page, p->help);
    lat_html(page, "</td><td>");
    size_t shown = words.count > 24 ? 23 : words.count;
    for (size_t i = 0; i < shown; i++) {
      lat_html(page, i > 0 ? ", " : "");
      lat_html_text(page, *words.word[i] == '\0' ? "(none)" : words.word[i]);
    }
    if (shown < words.count) lat_html(page, ", ... (%zu values, last %s)", words.count, words.word[words.count - 1]);
    lat_html(page, "</td></tr>\n");
    lat_words_free(&words);
  }
  lat_html(page, "</tbody></table>\n</div>\n");
  return LAT_OK;
}

static void failures(struct lat_text *page, const struct lat_report_data *data) {
  if (data->failed.count == 0) {
    lat_html(page, "<p>No point failed.</p>\n");
    return;
  }
  lat_html(page, "<details open><summary>%zu failed points, with reasons</summary>\n<ul>\n", data->failed.count);
  for (size_t i = 0; i < data->failed.count; i++) {
    lat_html(page, "<li class=\"small\">");
    lat_html_text(page, data->failed.word[i]);
    lat_html(page, "</li>\n");
  }
  lat_html(page, "</ul></details>\n");
}

static void words_row(struct lat_text *page, const char *term, const struct lat_words *words) {
  lat_html(page, "<dt>%s</dt><dd class=\"small\">", term);
  for (size_t i = 0; i < words->count; i++) {
    lat_html(page, i > 0 ? "; " : "");
    lat_html_text(page, words->word[i]);
  }
  lat_html(page, "</dd>\n");
}

static void provenance(struct lat_text *page, const struct lat_report_data *data) {
  lat_html(page, "<h3>Provenance</h3>\n<dl>\n<dt>Points</dt><dd class=\"small\">%zu, of size ", data->merged->points);
  for (size_t i = 0; i < data->sizes.count; i++) lat_html(page, "%s%s", i > 0 ? ", " : "", data->sizes.word[i]);
  lat_html(page, "; %zu failed</dd>\n", data->failed.count);
  words_row(page, "Source", &data->sources);
  words_row(page, "Built with", &data->flags);
  words_row(page, "Host", &data->hosts);
  words_row(page, "Threads", &data->threads);
  lat_html(page, "<dt>Time</dt><dd class=\"small\">%.1f s of points", data->seconds);
  if (data->started.count > 0) {
    lat_html(page, ", begun from ");
    lat_html_text(page, data->started.word[0]);
    lat_html(page, " to ");
    lat_html_text(page, data->started.word[data->started.count - 1]);
  }
  lat_html(page, "</dd>\n</dl>\n");
}

/* A word for a shell: as it is, or in single quotes. */
static void shell_word(struct lat_text *page, const char *word) {
  if (*word != '\0' && word[strcspn(word, " \t\n\"'`$&|;<>()*?[]#~!{}\\")] == '\0') {
    lat_html_text(page, word);
    return;
  }
  lat_html_text(page, "'");
  for (; *word != '\0'; word++) lat_html_text(page, *word == '\'' ? "'\\''" : (const char[]){*word, '\0'});
  lat_html_text(page, "'");
}

static void command(struct lat_text *page, const char *verb, const char *name, const char *out) {
  lat_html(page, "latentlab %s %s --out ", verb, name);
  shell_word(page, out);
}

static int commands(struct lat_text *page, const char *out, const struct lat_report_data *data) {
  const char *name = data->experiment->name;
  int status = LAT_OK;
  lat_html(page, "<h3>How to make it again</h3>\n<pre><code>");
  if (data->sizes.count == 0) {
    command(page, "run", name, out);
    lat_html(page, "\n");
  }
  for (size_t i = 0; i < data->sizes.count; i++) {
    const char *size = data->sizes.word[i];
    int custom = strcmp(size, "custom") == 0;
    command(page, "run", name, out);
    if (!custom) lat_html(page, " --size %s", size);
    for (const struct lat_parameter *p = data->experiment->parameters; custom && p->name != NULL; p++) {
      struct lat_words words = {0};
      status = values_of(data, p, size, &words);
      if (status != LAT_OK) return status;
      lat_html(page, " \\\n  --set %s=", p->name);
      for (size_t k = 0; k < words.count; k++) {
        lat_html(page, k > 0 ? "," : "");
        lat_html_text(page, words.word[k]);
      }
      lat_words_free(&words);
    }
    lat_html(page, "\n");
  }
  command(page, "merge", name, out);
  lat_html(page, "\n");
  command(page, "plot", name, out);
  lat_html(page, "\nlatentlab report --out ");
  shell_word(page, out);
  lat_html(page, "</code></pre>\n");
  return status;
}

/* A list entry for a file below `out`, when it is there. */
static int link_to(struct lat_text *page, const char *out, const char *folder, const char *name, const char *end,
                   const char *what) {
  struct lat_text path = {0};
  int status = lat_path(&path, "%s/%s%s%s", out, folder, name, end);
  if (status == LAT_OK && lat_path_exists(path.bytes))
    lat_html(page, "<li><a href=\"%s%s%s\">%s%s%s</a>: %s</li>\n", folder, name, end, folder, name, end, what);
  lat_text_free(&path);
  return status;
}

static int files(struct lat_text *page, const char *out, const struct lat_report_data *data) {
  const char *name = data->experiment->name;
  struct json_object *list, *entry, *table;
  int status;
  lat_html(page, "<h3>Files</h3>\n<ul class=\"small\">\n");
  LAT_TRY(status, link_to(page, out, "", name, ".h5", "all points, for h5py, xarray and netCDF"));
  LAT_TRY(status, link_to(page, out, "", name, ".timing.h5", "measured times"));
  LAT_TRY(status, link_to(page, out, "figures/", name, ".svg", "the figure"));
  LAT_TRY(status, link_to(page, out, "figures/", name, ".pdf", "the figure"));
  LAT_TRY(status, link_to(page, out, "figures/", name, ".png", "the figure"));
  size_t count = json_object_object_get_ex(data->verdict, "tables", &list) ? json_object_array_length(list) : 0;
  if (count > 0) lat_html(page, "<li>tables: ");
  for (size_t i = 0; i < count; i++) {
    entry = json_object_array_get_idx(list, i);
    if (!json_object_object_get_ex(entry, "name", &table)) continue;
    lat_html(page, "%s<a href=\"tables/%s/%s.tsv\">%s.tsv</a>", i > 0 ? ", " : "", name, json_object_get_string(table),
             json_object_get_string(table));
  }
  if (count > 0) lat_html(page, "</li>\n");
  lat_html(page, "</ul>\n");
done:
  return status;
}

int lat_report_section(struct lat_text *page, const char *out, const struct lat_report_data *data, char note[400]) {
  int status = LAT_OK;
  *note = '\0';
  lat_html(page, "<section id=\"%s\">\n", data->experiment->name);
  claim(page, data);
  if (data->verdict != NULL) {
    LAT_TRY(status, figure(page, out, data, note));
    LAT_TRY(status, tables(page, out, data));
  }
  if (data->merged != NULL) {
    LAT_TRY(status, parameters(page, data));
    failures(page, data);
    provenance(page, data);
  }
  LAT_TRY(status, commands(page, out, data));
  if (data->merged != NULL) LAT_TRY(status, files(page, out, data));
  lat_html(page, "</section>\n");
done:
  return status;
}
