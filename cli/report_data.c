#include "cli/report_data.h"

#include <dirent.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

int lat_words_add(struct lat_words *words, const char *word) {
  size_t at = 0;
  while (at < words->count && strcmp(words->word[at], word) < 0) at++;
  if (at < words->count && strcmp(words->word[at], word) == 0) return LAT_OK;
  if (words->count == words->capacity) {
    size_t capacity = words->capacity ? 2 * words->capacity : 8;
    char **grown = lat_realloc(words->word, capacity, sizeof *grown);
    if (grown == NULL) return LAT_MEMORY;
    words->word = grown;
    words->capacity = capacity;
  }
  char *copy = lat_strdup(word);
  if (copy == NULL) return LAT_MEMORY;
  memmove(words->word + at + 1, words->word + at, (words->count - at) * sizeof *words->word);
  words->word[at] = copy;
  words->count++;
  return LAT_OK;
}

void lat_words_free(struct lat_words *words) {
  for (size_t i = 0; i < words->count; i++) lat_free(words->word[i]);
  lat_free(words->word);
  *words = (struct lat_words){0};
}

static int read_json(const char *path, struct json_object **object) {
  char *bytes;
  size_t count;
  *object = NULL;
  int status = lat_file_read(path, &bytes, &count);
  if (status != LAT_OK) return status;
  *object = json_tokener_parse(bytes);
  lat_free(bytes);
  return *object != NULL ? LAT_OK : LAT_FAIL(LAT_INPUT, "%s: not a JSON text; merge or run again", path);
}

static const char *member(struct json_object *object, const char *key) {
  struct json_object *value;
  return json_object_object_get_ex(object, key, &value) && value != NULL ? json_object_get_string(value) : "";
}

static int add_failure(struct lat_report_data *data, const char *point, const char *reason) {
  struct lat_text text = {0};
  int status = lat_text_printf(&text, "%s: %s", point, reason);
  if (status == LAT_OK) status = lat_words_add(&data->failed, text.bytes);
  lat_text_free(&text);
  return status;
}

/* One sidecar: where, when and for how long its point ran. */
static int read_sidecar(const char *path, int broken, struct lat_report_data *data) {
  struct json_object *object = NULL, *seconds;
  struct lat_text host = {0};
  int status;
  LAT_TRY(status, read_json(path, &object));
  LAT_TRY(status, lat_text_printf(&host, "%s (%s)", member(object, "host"), member(object, "processor")));
  LAT_TRY(status, lat_words_add(&data->hosts, host.bytes));
  LAT_TRY(status, lat_words_add(&data->threads, member(object, "threads")));
  LAT_TRY(status, lat_words_add(&data->started, member(object, "started")));
  if (json_object_object_get_ex(object, "seconds", &seconds)) data->seconds += json_object_get_double(seconds);
  if (broken) LAT_TRY(status, add_failure(data, member(object, "canonical"), member(object, "reason")));
done:
  json_object_put(object);
  lat_text_free(&host);
  return status;
}

static int ends(const char *text, const char *end) {
  size_t length = strlen(text), tail = strlen(end);
  return length > tail && strcmp(text + length - tail, end) == 0;
}

static int read_sidecars(const char *folder, struct lat_report_data *data) {
  struct lat_text path = {0};
  struct dirent *entry;
  int status = LAT_OK;
  DIR *directory = opendir(folder);
  if (directory == NULL) return LAT_FAIL(LAT_FILE, "%s cannot be read", folder);
  while (status == LAT_OK && (entry = readdir(directory)) != NULL) {
    if (!ends(entry->d_name, ".json")) continue;
    status = lat_path(&path, "%s/%s", folder, entry->d_name);
    if (status == LAT_OK) status = read_sidecar(path.bytes, ends(entry->d_name, ".failed.json"), data);
  }
  closedir(directory);
  lat_text_free(&path);
  return status;
}

int lat_report_read(const char *out, const struct lat_experiment *experiment, struct lat_report_data *data) {
  struct lat_text folder = {0}, file = {0};
  int status;
  *data = (struct lat_report_data){.experiment = experiment};
  LAT_TRY(status, lat_path(&folder, "%s/%s", out, experiment->name));
  if (!lat_path_exists(folder.bytes)) goto done;
  LAT_TRY(status, lat_merge_read(folder.bytes, 1, &data->damaged, &data->merged));
  LAT_TRY(status, read_sidecars(folder.bytes, data));
  for (size_t i = 0; i < data->merged->points; i++) {
    const struct lat_point *point = &data->merged->point[i];
    LAT_TRY(status, lat_words_add(&data->sizes, point->size));
    LAT_TRY(status, lat_words_add(&data->sources, point->source));
    LAT_TRY(status, lat_words_add(&data->flags, point->flags));
    if (lat_merged_failed(data->merged, i)) LAT_TRY(status, add_failure(data, point->canonical, point->reason));
  }
  LAT_TRY(status, lat_path(&file, "%s/tables/%s/verdict.json", out, experiment->name));
  if (!lat_path_exists(file.bytes)) goto done;
  LAT_TRY(status, read_json(file.bytes, &data->verdict));
  data->stale = strtoull(member(data->verdict, "points"), NULL, 10) != data->merged->points;
done:
  lat_text_free(&folder);
  lat_text_free(&file);
  return status;
}

void lat_report_data_free(struct lat_report_data *data) {
  lat_merged_free(data->merged);
  json_object_put(data->verdict);
  struct lat_words *words[] = {&data->sizes,   &data->sources, &data->flags, &data->hosts,
                               &data->threads, &data->started, &data->failed};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) lat_words_free(words[i]);
}

const char *lat_report_status(const struct lat_report_data *data) {
  if (data->verdict == NULL) return "missing";
  const char *word = member(data->verdict, "verdict");
  return strcmp(word, "supported") == 0 || strcmp(word, "refuted") == 0 ? word : "open";
}

const char *lat_report_sentence(const struct lat_report_data *data) {
  return data->verdict == NULL ? "" : member(data->verdict, "sentence");
}
