/* The text that makes a point's id: every parameter, sorted by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/plan.h"
#include "lib/sweep/values.h"

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* 16 hex digits of XXH3-64 of the file's content, "" for no file. */
static int hash_file(const struct lat_parameter *parameter, const char *path, char hash[17]) {
  char *bytes = NULL;
  size_t count = 0;
  *hash = '\0';
  if (!*path) return LAT_OK;
  int status = lat_file_read(path, &bytes, &count);
  if (status == LAT_OK) snprintf(hash, 17, "%016llx", (unsigned long long)XXH3_64bits(bytes, count));
  lat_free(bytes);
  return status == LAT_OK ? LAT_OK : lat_fail_prefix(status, "parameter %s", parameter->name);
}

static void append_escaped(struct lat_text *text, const char *value) {
  for (; *value; value++) {
    unsigned char c = (unsigned char)*value;
    if (c <= ' ' || c == '%' || c == 127)
      lat_text_printf(text, "%%%02X", c);
    else
      lat_text_append(text, value, 1);
  }
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(const struct lat_field *const *)a)->name, (*(const struct lat_field *const *)b)->name);
}

int lat_canonical_of(const struct lat_record *record, char **canonical) {
  const struct lat_field *sorted[2 * LAT_MOST_PARAMETERS];
  size_t count = 0;
  struct lat_text text = {0};
  int status = LAT_OK;
  *canonical = NULL;
  for (size_t i = 0; i < record->count; i++) {
    const struct lat_field *field = &record->field[i];
    if (!(field->flags & LAT_IS_PARAMETER) || (field->kind == LAT_TEXT && !*field->data.text[0])) continue;
    LAT_CHECK(status, count < 2 * LAT_MOST_PARAMETERS, LAT_INPUT, "a point with over %d parameters",
              2 * LAT_MOST_PARAMETERS);
    sorted[count++] = field;
  }
  qsort(sorted, count, sizeof *sorted, by_name);
  for (size_t i = 0; i < count; i++) {
    char number[32];
    lat_text_printf(&text, "%s%s=", i ? " " : "", sorted[i]->name);
    if (sorted[i]->kind == LAT_INTEGER)
      lat_text_printf(&text, "%lld", (long long)sorted[i]->data.integer[0]);
    else if (sorted[i]->kind == LAT_REAL)
      lat_text_printf(&text, "%s", lat_format_real(sorted[i]->data.real[0], number));
    else
      append_escaped(&text, sorted[i]->data.text[0]);
  }
  LAT_CHECK(status, !text.failed, LAT_MEMORY, "no memory for the text of a point");
  if (!(*canonical = lat_strdup(text.bytes ? text.bytes : ""))) status = LAT_MEMORY;
done:
  lat_text_free(&text);
  return status;
}

int lat_canonical(const struct lat_experiment *experiment, const void *parameters, char **canonical) {
  struct lat_record record = {0};
  int status = lat_parameters_record(experiment, parameters, &record);
  if (status == LAT_OK) status = lat_canonical_of(&record, canonical);
  lat_record_free(&record);
  return status;
}

int lat_parameters_record(const struct lat_experiment *experiment, const void *parameters, struct lat_record *record) {
  int status = LAT_OK;
  for (const struct lat_parameter *p = experiment->parameters; p->name && status == LAT_OK; p++) {
    const void *field = (const char *)parameters + p->offset;
    enum lat_kind kind = p->kind == LAT_PATH ? LAT_TEXT : p->kind;
    const char *text = p->kind == LAT_TEXT ? *(const char *const *)field : NULL;
    if (p->kind == LAT_PATH) {
      const char *path = *(const char *const *)field;
      char name[128], help[256], hash[17];
      const char *value = hash;
      snprintf(name, sizeof name, "%s_hash", p->name);
      snprintf(help, sizeof help, "XXH3 of the content of %s", p->name);
      LAT_TRY(status, hash_file(p, path, hash));
      LAT_TRY(status, lat_record_add(record, name, "-", help, LAT_TEXT, LAT_IS_PARAMETER, "", 0, NULL, &value));
      text = base_name(path);
    }
    status = lat_record_add(record, p->name, p->unit, p->help, kind, LAT_IS_PARAMETER, "", 0, NULL, text ? &text : field);
  }
done:
  return status;
}
