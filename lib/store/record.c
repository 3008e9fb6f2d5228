#include "lib/store/record.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

/* Names become variables in netCDF and Python: a letter, then letters, digits and underscores. */
static int is_name(const char *name, size_t length) {
  for (size_t i = 0; i < length; i++) {
    char c = name[i];
    int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'), other = (c >= '0' && c <= '9') || c == '_';
    if (!letter && !(other && i > 0)) return 0;
  }
  return length > 0;
}

int lat_record_is_shape(const char *name, const char *dimensions, size_t rank) {
  if (!is_name(name, strlen(name)) || rank > LAT_MAX_RANK) return 0;
  size_t found = 0;
  for (const char *at = dimensions; *at != '\0'; found++) {
    size_t length = strcspn(at, ",");
    if (!is_name(at, length)) return 0;
    at += length;
    if (*at == ',' && *++at == '\0') return 0;
  }
  return found == rank;
}

int lat_record_is_utf8(const char *text) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  for (const unsigned char *c = (const unsigned char *)text; *c != 0;) {
    int more = *c < 0x80 ? 0 : *c >= 0xc2 && *c < 0xe0 ? 1 : *c >= 0xe0 && *c < 0xf0 ? 2 : *c >= 0xf0 && *c < 0xf5 ? 3 : -1;
    if (more < 0) return 0;
    uint32_t code = more == 0 ? *c : *c & (0x3fu >> more);
    c++;
    for (int i = 0; i < more; i++, c++) {
      if ((*c & 0xc0) != 0x80) return 0;
      code = code << 6 | (*c & 0x3fu);
    }
    if (code < least[more] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return 0;
  }
  return 1;
}

size_t lat_field_size(const struct lat_field *field) {
  size_t size = 1;
  for (size_t r = 0; r < field->rank; r++) size *= field->extent[r];
  return size;
}

static int is_text(enum lat_kind kind) { return kind == LAT_TEXT || kind == LAT_PATH; }

static void field_free(struct lat_field *field) {
  if (is_text(field->kind) && field->data.text != NULL) lat_free(field->data.text[0]);
  lat_free(field->data.integer);
  lat_free(field->name);
  lat_free(field->unit);
  lat_free(field->long_name);
  lat_free(field->dimensions);
}

static int copy_text(struct lat_field *field, const char *const *text) {
  if (!lat_record_is_utf8(text[0])) return LAT_FAIL(LAT_INPUT, "%s: the text is not UTF-8", field->name);
  field->data.text = lat_calloc(1, sizeof *field->data.text);
  if (field->data.text == NULL) return LAT_MEMORY;
  field->data.text[0] = lat_strdup(text[0]);
  return field->data.text[0] != NULL ? LAT_OK : LAT_MEMORY;
}

static int copy_data(struct lat_field *field, const void *data) {
  if (is_text(field->kind)) return copy_text(field, data);
  size_t size = lat_field_size(field);
  field->data.real = lat_alloc(size, sizeof *field->data.real); /* both kinds of number have 8 bytes */
  if (field->data.real == NULL) return LAT_MEMORY;
  if (size > 0) memcpy(field->data.real, data, size * sizeof *field->data.real);
  /* A NaN has many bit patterns, and which one a computation gives depends on the compiler: equal results, equal bytes. */
  if (field->kind == LAT_REAL)
    for (size_t i = 0; i < size; i++)
      if (isnan(field->data.real[i])) field->data.real[i] = (double)NAN;
  return LAT_OK;
}

static int grow(struct lat_record *record) {
  if (record->count < record->capacity) return LAT_OK;
  size_t capacity = record->capacity * 2 + 8;
  struct lat_field *field = lat_realloc(record->field, capacity, sizeof *field);
  if (field == NULL) return LAT_MEMORY;
  record->field = field;
  record->capacity = capacity;
  return LAT_OK;
}

int lat_record_add(struct lat_record *record, const char *name, const char *unit, const char *long_name, enum lat_kind kind,
                   unsigned flags, const char *dimensions, size_t rank, const size_t *extent, const void *data) {
  assert(lat_record_is_shape(name, dimensions, rank));
  assert(rank == 0 || !is_text(kind));
  assert(lat_record_find(record, name) == NULL);
  struct lat_field field = {.kind = kind, .flags = flags, .rank = rank};
  for (size_t r = 0; r < rank; r++) field.extent[r] = extent[r];
  int status = LAT_OK;
  LAT_TRY(status, grow(record));
  field.name = lat_strdup(name);
  field.unit = lat_strdup(unit);
  field.long_name = lat_strdup(long_name);
  field.dimensions = lat_strdup(dimensions);
  if (field.name == NULL || field.unit == NULL || field.long_name == NULL || field.dimensions == NULL) status = LAT_MEMORY;
  if (status == LAT_OK) LAT_TRY(status, copy_data(&field, data));
  if (status == LAT_OK) record->field[record->count++] = field;
done:
  if (status != LAT_OK) field_free(&field);
  return status;
}

const struct lat_field *lat_record_find(const struct lat_record *record, const char *name) {
  for (size_t i = 0; i < record->count; i++)
    if (strcmp(record->field[i].name, name) == 0) return &record->field[i];
  return NULL;
}

void lat_record_free(struct lat_record *record) {
  for (size_t i = 0; i < record->count; i++) field_free(&record->field[i]);
  lat_free(record->field);
  *record = (struct lat_record){0};
}
