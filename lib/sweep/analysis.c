#include "lib/sweep/analysis.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

struct table {
  char *name, *columns, *caption;
  size_t fields, rows;
  struct lat_text text; /* the whole file */
};

struct lat_analysis {
  const char *experiment;
  int version, said;
  size_t points, failed, count, capacity;
  struct table *table;
  enum lat_verdict verdict;
  char sentence[2048];
};

const char *lat_verdict_name(enum lat_verdict verdict) {
  static const char *const names[] = {"open", "supported", "refuted"};
  return names[verdict];
}

enum lat_verdict lat_analysis_verdict(const struct lat_analysis *analysis) { return analysis->verdict; }
const char *lat_analysis_sentence(const struct lat_analysis *analysis) { return analysis->sentence; }

static size_t count_fields(const char *text) {
  size_t fields = 1;
  for (; *text; text++) fields += *text == '\t';
  return fields;
}

int lat_table_begin(struct lat_analysis *analysis, const char *table, const char *columns, const char *caption) {
  if (strspn(table, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(table) || !*table)
    return LAT_FAIL(LAT_INPUT, "table '%.60s': a name is made of small letters, digits and _", table);
  for (size_t i = 0; i < analysis->count; i++)
    if (!strcmp(analysis->table[i].name, table)) return LAT_FAIL(LAT_INPUT, "table %s is begun twice", table);
  if (strchr(columns, '\n')) return LAT_FAIL(LAT_INPUT, "table %s: the names of its columns take more than a line", table);
  if (analysis->count == analysis->capacity) {
    size_t capacity = analysis->capacity ? 2 * analysis->capacity : 4;
    struct table *grown = lat_realloc(analysis->table, capacity, sizeof *grown);
    if (!grown) return LAT_MEMORY;
    analysis->table = grown;
    analysis->capacity = capacity;
  }
  struct table *made = &analysis->table[analysis->count++];
  *made = (struct table){.name = lat_strdup(table), .columns = lat_strdup(columns), .fields = count_fields(columns)};
  if (caption && !(made->caption = lat_strdup(caption))) return LAT_MEMORY;
  if (!made->name || !made->columns) return LAT_MEMORY;
  return lat_text_printf(&made->text, "%s\n", columns);
}

/* Whether a field is what printf makes of a number that is not finite. "NaN" is written on purpose. */
static int not_finite(const char *field, size_t length) {
  while (length && isspace((unsigned char)*field)) field++, length--;
  while (length && isspace((unsigned char)field[length - 1])) length--;
  if (length && (*field == '-' || *field == '+')) field++, length--;
  return length == 3 && (!memcmp(field, "nan", 3) || !memcmp(field, "inf", 3));
}

int lat_table_row(struct lat_analysis *analysis, const char *format, ...) {
  if (analysis->count == 0) return LAT_FAIL(LAT_INPUT, "a row before any table");
  struct table *table = &analysis->table[analysis->count - 1];
  char few[512], *row = few;
  va_list list;
  va_start(list, format);
  int length = vsnprintf(few, sizeof few, format, list), status = LAT_OK;
  va_end(list);
  if (length < 0) return LAT_FAIL(LAT_INPUT, "table %s, row %zu cannot be printed", table->name, table->rows + 1);
  if ((size_t)length >= sizeof few) {
    if (!(row = lat_alloc((size_t)length + 1, 1))) return LAT_MEMORY;
    va_start(list, format);
    vsnprintf(row, (size_t)length + 1, format, list);
    va_end(list);
  }
  if (length > 0) {
    LAT_CHECK(status, !strchr(row, '\n'), LAT_INPUT, "table %s, row %zu holds a line break", table->name, table->rows + 1);
    LAT_CHECK(status, count_fields(row) == table->fields, LAT_INPUT, "table %s, row %zu has %zu fields for %zu columns",
              table->name, table->rows + 1, count_fields(row), table->fields);
    size_t column = 1;
    for (const char *field = row; field; column++) {
      const char *tab = strchr(field, '\t');
      size_t bytes = tab ? (size_t)(tab - field) : strlen(field);
      LAT_CHECK(status, !not_finite(field, bytes), LAT_NUMERIC,
                "table %s, row %zu, column %zu is %.*s: not a finite number", table->name, table->rows + 1, column,
                (int)bytes, field);
      field = tab ? tab + 1 : NULL;
    }
    table->rows++;
  }
  status = lat_text_printf(&table->text, "%s\n", row);
done:
  if (row != few) lat_free(row);
  return status;
}

int lat_verdict(struct lat_analysis *analysis, enum lat_verdict verdict, const char *format, ...) {
  va_list list;
  va_start(list, format);
  int length = vsnprintf(analysis->sentence, sizeof analysis->sentence, format, list);
  va_end(list);
  if (length < 0 || (size_t)length >= sizeof analysis->sentence)
    return LAT_FAIL(LAT_INPUT, "the sentence of a verdict takes over %zu bytes", sizeof analysis->sentence - 1);
  analysis->verdict = verdict;
  analysis->said = 1;
  return LAT_OK;
}

void lat_analysis_free(struct lat_analysis *analysis) {
  if (!analysis) return;
  for (size_t i = 0; i < analysis->count; i++) {
    lat_free(analysis->table[i].name);
    lat_free(analysis->table[i].columns);
    lat_free(analysis->table[i].caption);
    lat_text_free(&analysis->table[i].text);
  }
  lat_free(analysis->table);
  lat_free(analysis);
}

int lat_analysis_make(const struct lat_experiment *experiment, const struct lat_merged *merged,
                      struct lat_analysis **analysis) {
  int status = LAT_OK;
  struct lat_analysis *made = lat_calloc(1, sizeof *made);
  *analysis = NULL;
  if (!made) return LAT_MEMORY;
  made->experiment = experiment->name;
  made->version = experiment->version;
  made->points = merged->points;
  for (size_t i = 0; i < merged->points; i++) made->failed += lat_merged_failed(merged, i) != 0;
  if (experiment->analyse) LAT_TRY(status, experiment->analyse(merged, made));
  LAT_CHECK(status, !merged->copy_failed, LAT_MEMORY, "no memory for an array of integers as numbers");
  *analysis = made;
  made = NULL;
done:
  lat_analysis_free(made);
  return status == LAT_OK ? LAT_OK : lat_fail_prefix(status, "analysis of %s", experiment->name);
}

static void put(struct json_object *object, const char *key, const char *text) {
  json_object_object_add(object, key, text ? json_object_new_string(text) : NULL);
}

static void put_count(struct json_object *object, const char *key, size_t count) {
  json_object_object_add(object, key, json_object_new_int64((int64_t)count));
}

static int verdict_text(const struct lat_analysis *analysis, struct lat_text *text) {
  struct json_object *object = json_object_new_object(), *tables = json_object_new_array();
  put(object, "experiment", analysis->experiment);
  put_count(object, "version", (size_t)analysis->version);
  put_count(object, "points", analysis->points);
  put_count(object, "failed", analysis->failed);
  put(object, "verdict", lat_verdict_name(analysis->verdict));
  put(object, "sentence", analysis->sentence);
  for (size_t i = 0; i < analysis->count; i++) {
    const struct table *table = &analysis->table[i];
    struct json_object *row = json_object_new_object(), *columns = json_object_new_array();
    for (const char *at = table->columns; at;) {
      const char *tab = strchr(at, '\t');
      json_object_array_add(columns, json_object_new_string_len(at, tab ? (int)(tab - at) : (int)strlen(at)));
      at = tab ? tab + 1 : NULL;
    }
    put(row, "name", table->name);
    json_object_object_add(row, "columns", columns);
    put(row, "caption", table->caption);
    put_count(row, "rows", table->rows);
    json_object_array_add(tables, row);
  }
  json_object_object_add(object, "tables", tables);
  const char *json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
  int status = json ? lat_text_printf(text, "%s\n", json) : LAT_FAIL(LAT_MEMORY, "no memory for a verdict");
  json_object_put(object);
  return status;
}

/* A table that is in the folder and is made no longer. */
static int find_stale(const struct lat_analysis *analysis, const char *folder, struct lat_text *path) {
  DIR *directory = opendir(folder);
  struct dirent *entry;
  int found = 0;
  while (directory && !found && (entry = readdir(directory))) {
    size_t length = strlen(entry->d_name);
    if (length < 4 || strcmp(entry->d_name + length - 4, ".tsv") != 0) continue;
    found = 1;
    for (size_t i = 0; i < analysis->count; i++)
      if (strlen(analysis->table[i].name) == length - 4 && !strncmp(analysis->table[i].name, entry->d_name, length - 4))
        found = 0;
    if (found && lat_path(path, "%s/%s", folder, entry->d_name) != LAT_OK) found = 0;
  }
  if (directory) closedir(directory);
  return found;
}

int lat_analysis_write(const struct lat_analysis *analysis, const char *folder) {
  struct lat_text path = {0}, verdict = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_make_folders(folder));
  for (size_t i = 0; i < analysis->count; i++) {
    const struct lat_text *text = &analysis->table[i].text;
    LAT_TRY(status, lat_path(&path, "%s/%s.tsv", folder, analysis->table[i].name));
    LAT_TRY(status, lat_file_write(path.bytes, text->bytes, text->length));
  }
  while (find_stale(analysis, folder, &path))
    LAT_CHECK(status, unlink(path.bytes) == 0, LAT_FILE, "%s: cannot be removed: %s", path.bytes, strerror(errno));
  LAT_TRY(status, verdict_text(analysis, &verdict));
  LAT_TRY(status, lat_path(&path, "%s/verdict.json", folder));
  LAT_TRY(status, lat_file_write(path.bytes, verdict.bytes, verdict.length));
done:
  lat_text_free(&path);
  lat_text_free(&verdict);
  return status;
}

static int compare_file(const char *path, const struct lat_text *text) {
  char *bytes = NULL;
  size_t count = 0, same = 0, line = 1;
  int status = lat_file_read(path, &bytes, &count);
  if (status != LAT_OK) return status;
  while (same < count && same < text->length && bytes[same] == text->bytes[same]) line += bytes[same++] == '\n';
  if (same != count || same != text->length)
    status = LAT_FAIL(LAT_INPUT, "%s, line %zu is not what the points give; merge again", path, line);
  lat_free(bytes);
  return status;
}

int lat_analysis_compare(const struct lat_analysis *analysis, const char *folder) {
  struct lat_text path = {0}, verdict = {0};
  int status = LAT_OK;
  for (size_t i = 0; i < analysis->count; i++) {
    LAT_TRY(status, lat_path(&path, "%s/%s.tsv", folder, analysis->table[i].name));
    LAT_TRY(status, compare_file(path.bytes, &analysis->table[i].text));
  }
  LAT_TRY(status, verdict_text(analysis, &verdict));
  LAT_TRY(status, lat_path(&path, "%s/verdict.json", folder));
  LAT_TRY(status, compare_file(path.bytes, &verdict));
  LAT_CHECK(status, !find_stale(analysis, folder, &path), LAT_INPUT, "%s is not what the points give; merge again",
            path.bytes);
done:
  lat_text_free(&path);
  lat_text_free(&verdict);
  return status;
}
