/* libcyaml reads the file by this schema. It says what is wrong in its log: the first line is the cause, the first line of
 * the backtrace the place. */
#include "lib/sweep/sweepfile.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

static const cyaml_schema_value_t word = {CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t run_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("experiments", CYAML_FLAG_POINTER, struct lat_sweepfile_run, experiments, experiments_count,
                               &word, 1, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("size", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct lat_sweepfile_run, size, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE_COUNT("set", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct lat_sweepfile_run, set, set_count,
                               &word, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("filter", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct lat_sweepfile_run, filter, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t run_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct lat_sweepfile_run, run_fields)};
static const cyaml_schema_field_t top_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("runs", CYAML_FLAG_POINTER, struct lat_sweepfile, runs, runs_count, &run_value, 1,
                               CYAML_UNLIMITED),
    CYAML_FIELD_END};
static const cyaml_schema_value_t top_value = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct lat_sweepfile, top_fields)};

/* What the log said. */
struct complaint {
  char cause[256];
  int line, column;
};

static void take_log(cyaml_log_t level, void *context, const char *format, va_list list) {
  struct complaint *complaint = context;
  char text[256];
  (void)level;
  vsnprintf(text, sizeof text, format, list);
  text[strcspn(text, "\n")] = '\0';
  const char *at = strstr(text, "(line: ");
  if (!*complaint->cause)
    snprintf(complaint->cause, sizeof complaint->cause, "%s", strncmp(text, "Load: ", 6) ? text : text + 6);
  else if (!complaint->line && at && sscanf(at, "(line: %d, column: %d)", &complaint->line, &complaint->column) != 2)
    complaint->line = 0;
}

static void *memory(void *context, void *pointer, size_t size) {
  (void)context;
  if (size == 0) {
    lat_free(pointer);
    return NULL;
  }
  return pointer ? lat_realloc(pointer, size, 1) : lat_alloc(size, 1);
}

/* For an unknown key libcyaml gives the place of what it read before: look for the key from there. */
static void find_key(struct complaint *complaint, const char *bytes) {
  static const char lead[] = "Unexpected key: ";
  if (strncmp(complaint->cause, lead, sizeof lead - 1) != 0) return;
  const char *key = complaint->cause + sizeof lead - 1, *line = bytes;
  size_t length = strlen(key);
  int number = 1, column = complaint->column > 0 ? complaint->column - 1 : 0;
  while (number < complaint->line && (line = strchr(line, '\n'))) line++, number++;
  if (!line || !length) return;
  for (const char *at = line; (at = strstr(at, key)); at++) {
    const char *after = at + length;
    after += strspn(after, "\"' \t");
    if (*after != ':' || (number == complaint->line && at < line + column)) continue;
    for (const char *newline; (newline = memchr(line, '\n', (size_t)(at - line)));) line = newline + 1, number++;
    complaint->line = number;
    complaint->column = (int)(at - line) + 1;
    return;
  }
}

static int fail(const char *name, struct complaint *complaint, const char *bytes, cyaml_err_t error) {
  if (error == CYAML_ERR_OOM) return LAT_FAIL(LAT_MEMORY, "no memory to read %s", name);
  find_key(complaint, bytes);
  const char *cause = *complaint->cause ? complaint->cause : cyaml_strerror(error);
  if (complaint->line)
    return LAT_FAIL(LAT_INPUT, "%s, line %d, column %d: %s", name, complaint->line, complaint->column, cause);
  return LAT_FAIL(LAT_INPUT, "%s: %s", name, cause);
}

static cyaml_config_t configuration(struct complaint *complaint) {
  return (cyaml_config_t){.log_fn = complaint ? take_log : NULL,
                          .log_ctx = complaint,
                          .mem_fn = memory,
                          .log_level = CYAML_LOG_WARNING,
                          .flags = CYAML_CFG_DEFAULT};
}

int lat_sweepfile_parse(const char *name, const char *bytes, unsigned long count, struct lat_sweepfile **file) {
  struct complaint complaint = {0};
  cyaml_config_t config = configuration(&complaint);
  *file = NULL;
  if (memchr(bytes, '\0', count)) return LAT_FAIL(LAT_INPUT, "%s: not a text file", name);
  cyaml_err_t error = cyaml_load_data((const uint8_t *)bytes, count, &config, &top_value, (void **)file, NULL);
  if (error != CYAML_OK) {
    *file = NULL;
    return fail(name, &complaint, bytes, error);
  }
  if (!*file) return LAT_FAIL(LAT_INPUT, "%s: empty; it needs `runs:` and what to run", name);
  return LAT_OK;
}

int lat_sweepfile_read(const char *path, struct lat_sweepfile **file) {
  char *bytes = NULL;
  size_t count = 0;
  *file = NULL;
  int status = lat_file_read(path, &bytes, &count);
  if (status == LAT_OK) status = lat_sweepfile_parse(path, bytes, count, file);
  lat_free(bytes);
  return status;
}

void lat_sweepfile_free(struct lat_sweepfile *file) {
  cyaml_config_t config = configuration(NULL);
  if (file) cyaml_free(&config, &top_value, file, 0);
}
