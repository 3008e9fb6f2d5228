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

enum { MOST_PARAMETERS = 64 };

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

static int append_escaped(struct lat_text *text, const char *value) {
  for (; *value; value++) {
    unsigned char c = (unsigned char)*value;
    if (c <= ' ' || c == '%' || c == 127)
      lat_text_printf(text, "%%%02X", c);
    else
      lat_text_append(text, value, 1);
  }
  return text->failed ? LAT_MEMORY : LAT_OK;
}

static int by_name(const void *a, const void *b) {
  return strcmp((*(const struct lat_parameter *const *)a)->name, (*(const struct lat_parameter *const *)b)->name);
}

int lat_canonical(const struct lat_experiment *experiment, const void *parameters, char **canonical) {
  const struct lat_parameter *sorted[MOST_PARAMETERS];
  size_t count = 0;
  struct lat_text text = {0};
  int status = LAT_OK;
  for (const struct lat_parameter *p = experiment->parameters; p->name; p++) {
    LAT_CHECK(status, count < MOST_PARAMETERS, LAT_UNSUPPORTED, "experiment %s has over %d parameters", experiment->name,
              MOST_PARAMETERS);
    sorted[count++] = p;
  }
  qsort(sorted, count, sizeof *sorted, by_name);
  LAT_TRY(status, lat_text_append(&text, "", 0));
  for (size_t i = 0; i < count; i++) {
    const void *field = (const char *)parameters + sorted[i]->offset;
    char number[32];
    lat_text_printf(&text, "%s%s=", i ? " " : "", sorted[i]->name);
    if (sorted[i]->kind == LAT_INTEGER) {
      lat_text_printf(&text, "%lld", (long long)*(const int64_t *)field);
    } else if (sorted[i]->kind == LAT_REAL) {
      lat_text_printf(&text, "%s", lat_format_real(*(const double *)field, number));
    } else if (sorted[i]->kind == LAT_TEXT) {
      append_escaped(&text, *(const char *const *)field);
    } else {
      const char *path = *(const char *const *)field;
      char hash[17];
      LAT_TRY(status, hash_file(sorted[i], path, hash));
      append_escaped(&text, base_name(path));
      if (*hash) lat_text_printf(&text, " %s_hash=%s", sorted[i]->name, hash);
    }
  }
  LAT_CHECK(status, !text.failed, LAT_MEMORY, "no memory for the text of a point of %s", experiment->name);
  *canonical = text.bytes ? text.bytes : lat_strdup("");
  text = (struct lat_text){0};
  if (!*canonical) status = LAT_MEMORY;
done:
  lat_text_free(&text);
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
