/* The sheet is json-c objects from the start; a cell is [value, text], and each way of showing it takes its half. */
#include "cli/exercise_sheet.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PAGE = 100, SENTENCE = 1024, MOST_COLUMNS = 16 };

void lat_sheet_start(struct lat_sheet *sheet) {
  *sheet = (struct lat_sheet){.formulas = json_object_new_array(),
                              .tables = json_object_new_array(),
                              .checks = json_object_new_array(),
                              .conclusion = json_object_new_array()};
}

void lat_sheet_free(struct lat_sheet *sheet) {
  json_object_put(sheet->formulas);
  json_object_put(sheet->tables);
  json_object_put(sheet->checks);
  json_object_put(sheet->conclusion);
  *sheet = (struct lat_sheet){0};
}

static struct json_object *sentence(const char *format, va_list list) {
  char text[SENTENCE];
  vsnprintf(text, sizeof text, format, list);
  return json_object_new_string(text);
}

#define SENTENCE_OF(object, format)      \
  do {                                   \
    va_list list;                        \
    va_start(list, format);              \
    (object) = sentence((format), list); \
    va_end(list);                        \
  } while (0)

void lat_sheet_formula(struct lat_sheet *sheet, const char *format, ...) {
  struct json_object *text;
  SENTENCE_OF(text, format);
  json_object_array_add(sheet->formulas, text);
}

void lat_sheet_conclude(struct lat_sheet *sheet, const char *format, ...) {
  struct json_object *text;
  SENTENCE_OF(text, format);
  json_object_array_add(sheet->conclusion, text);
}

void lat_sheet_table(struct lat_sheet *sheet, const char *key, const char *title, const struct lat_sheet_column *columns) {
  struct json_object *table = json_object_new_object();
  json_object_object_add(table, "key", json_object_new_string(key));
  json_object_object_add(table, "title", json_object_new_string(title));
  sheet->columns = json_object_new_array();
  sheet->rows = json_object_new_array();
  sheet->row = NULL;
  for (; columns->key != NULL; columns++) {
    struct json_object *column = json_object_new_array();
    json_object_array_add(column, json_object_new_string(columns->key));
    json_object_array_add(column, json_object_new_string(columns->head));
    json_object_array_add(sheet->columns, column);
  }
  json_object_object_add(table, "columns", sheet->columns);
  json_object_object_add(table, "rows", sheet->rows);
  json_object_array_add(sheet->tables, table);
}

static void add_cell(struct lat_sheet *sheet, struct json_object *value, const char *text) {
  if (sheet->row == NULL || json_object_array_length(sheet->row) == json_object_array_length(sheet->columns)) {
    sheet->row = json_object_new_array();
    json_object_array_add(sheet->rows, sheet->row);
  }
  struct json_object *cell = json_object_new_array();
  json_object_array_add(cell, value);
  json_object_array_add(cell, json_object_new_string(text));
  json_object_array_add(sheet->row, cell);
}

void lat_sheet_word(struct lat_sheet *sheet, const char *format, ...) {
  struct json_object *text;
  SENTENCE_OF(text, format);
  add_cell(sheet, text, json_object_get_string(text));
}

void lat_sheet_none(struct lat_sheet *sheet) { add_cell(sheet, NULL, "-"); }

/* JSON knows no infinity and no NaN. */
static struct json_object *number(double value) {
  return isfinite(value) ? json_object_new_double(value) : json_object_new_string(isnan(value) ? "nan" : "infinity");
}

const char *lat_sheet_grouped(int64_t value, char buffer[32]) {
  char digits[24];
  int length = snprintf(digits, sizeof digits, "%" PRId64, value), out = 0, negative = value < 0;
  for (int i = 0; i < length; i++) {
    if (i > negative && (length - i) % 3 == 0) buffer[out++] = ',';
    buffer[out++] = digits[i];
  }
  buffer[out] = '\0';
  return buffer;
}

const char *lat_sheet_scaled(double value, const char *unit, char buffer[32]) {
  static const char *const prefix[] = {"", "k", "M", "G", "T", "P", "E"};
  size_t step = 0;
  double scaled = value;
  /* 999.6 would be printed as 1000. */
  while (step + 1 < sizeof prefix / sizeof *prefix && fabs(scaled) >= 999.5) scaled /= 1000, step++;
  if (step == 0 && scaled == floor(scaled)) {
    snprintf(buffer, 32, "%.0f %s", scaled, unit);
  } else {
    int decimals = fabs(scaled) < 9.995 ? 2 : fabs(scaled) < 99.95 ? 1 : 0;
    snprintf(buffer, 32, "%.*f %s%s", decimals, scaled, prefix[step], unit);
  }
  return buffer;
}

void lat_sheet_integer(struct lat_sheet *sheet, int64_t value) {
  char text[32];
  add_cell(sheet, json_object_new_int64(value), lat_sheet_grouped(value, text));
}

void lat_sheet_fixed(struct lat_sheet *sheet, double value, int decimals) {
  char text[64];
  snprintf(text, sizeof text, "%.*f", decimals, value);
  add_cell(sheet, number(value), text);
}

void lat_sheet_real(struct lat_sheet *sheet, double value, int digits) {
  char text[64];
  snprintf(text, sizeof text, "%.*g", digits, value);
  add_cell(sheet, number(value), text);
}

void lat_sheet_amount(struct lat_sheet *sheet, double value, const char *unit) {
  char text[32];
  add_cell(sheet, number(value), lat_sheet_scaled(value, unit, text));
}

static int add_check(struct lat_sheet *sheet, struct json_object *what, const char *relation, double predicted,
                     double found, int holds) {
  struct json_object *check = json_object_new_object();
  json_object_object_add(check, "what", what);
  json_object_object_add(check, "relation", json_object_new_string(relation));
  json_object_object_add(check, "predicted", number(predicted));
  json_object_object_add(check, "found", number(found));
  json_object_object_add(check, "holds", json_object_new_boolean(holds));
  json_object_array_add(sheet->checks, check);
  sheet->failed += !holds;
  return holds;
}

int lat_sheet_check(struct lat_sheet *sheet, double predicted, double found, double tolerance, const char *format, ...) {
  struct json_object *what;
  SENTENCE_OF(what, format);
  return add_check(sheet, what, tolerance > 0 ? "about" : "equal", predicted, found, fabs(found - predicted) <= tolerance);
}

int lat_sheet_limit(struct lat_sheet *sheet, double limit, double found, const char *format, ...) {
  struct json_object *what;
  SENTENCE_OF(what, format);
  return add_check(sheet, what, "at most", limit, found, found <= limit);
}

/* Prints words within the page, the first line after `first`, the others after as many blanks. */
static void print_wrapped(const char *first, const char *text) {
  int indent = (int)strlen(first), at = indent;
  fputs(first, stdout);
  for (const char *word = text; *word != '\0';) {
    int length = (int)strcspn(word, " ");
    if (at > indent && at + 1 + length > PAGE) {
      printf("\n%*s", indent, "");
      at = indent;
    } else if (at > indent) {
      putchar(' ');
      at++;
    }
    printf("%.*s", length, word);
    at += length;
    word += length + (word[length] == ' ');
  }
  putchar('\n');
}

static const char *text_at(struct json_object *array, size_t index, size_t half) {
  return json_object_get_string(json_object_array_get_idx(json_object_array_get_idx(array, index), half));
}

/* Columns of words are set to the left, all others to the right. */
static void print_table(struct json_object *table) {
  struct json_object *columns = json_object_object_get(table, "columns"), *rows = json_object_object_get(table, "rows");
  size_t count = json_object_array_length(columns), height = json_object_array_length(rows);
  int width[MOST_COLUMNS] = {0}, left[MOST_COLUMNS] = {0};
  if (count > MOST_COLUMNS) count = MOST_COLUMNS;
  for (size_t c = 0; c < count; c++) {
    width[c] = (int)strlen(text_at(columns, c, 1));
    for (size_t r = 0; r < height; r++) {
      struct json_object *row = json_object_array_get_idx(rows, r);
      struct json_object *value = json_object_array_get_idx(json_object_array_get_idx(row, c), 0);
      int length = (int)strlen(text_at(row, c, 1));
      if (length > width[c]) width[c] = length;
      if (r == 0) left[c] = json_object_is_type(value, json_type_string);
    }
  }
  printf("  %s\n", json_object_get_string(json_object_object_get(table, "title")));
  for (size_t r = 0; r <= height; r++) {
    struct json_object *row = r == 0 ? columns : json_object_array_get_idx(rows, r - 1);
    char line[1024];
    int at = 0;
    for (size_t c = 0; c < count && at < (int)sizeof line; c++)
      at += snprintf(line + at, sizeof line - (size_t)at, "  %*s", left[c] ? -width[c] : width[c], text_at(row, c, 1));
    at = at < (int)sizeof line ? at : (int)sizeof line - 1;
    while (at > 0 && line[at - 1] == ' ') at--;
    printf("  %.*s\n", at, line);
  }
}

static void show(double value, char text[64]) {
  char grouped[32];
  if (value == floor(value) && fabs(value) < 1e15)
    snprintf(text, 64, "%s", lat_sheet_grouped((int64_t)value, grouped));
  else
    snprintf(text, 64, "%.6g", value);
}

static void print_check(struct json_object *check) {
  char line[SENTENCE + 256], predicted[64], found[64];
  show(json_object_get_double(json_object_object_get(check, "predicted")), predicted);
  show(json_object_get_double(json_object_object_get(check, "found")), found);
  snprintf(
      line, sizeof line, "%s: %s%s, found %s", json_object_get_string(json_object_object_get(check, "what")),
      strcmp(json_object_get_string(json_object_object_get(check, "relation")), "at most") == 0 ? "at most " : "predicted ",
      predicted, found);
  print_wrapped(json_object_get_boolean(json_object_object_get(check, "holds")) ? "  holds  " : "  FAILS  ", line);
}

void lat_sheet_print(const struct lat_sheet *sheet, int number_of_it, const char *name, const char *question,
                     const char *source) {
  printf("exercise %d: %s\n", number_of_it, name);
  print_wrapped("  ", question);
  printf("\nformula\n");
  for (size_t i = 0; i < json_object_array_length(sheet->formulas); i++)
    print_wrapped("  ", json_object_get_string(json_object_array_get_idx(sheet->formulas, i)));
  printf("\nnumbers\n");
  for (size_t i = 0; i < json_object_array_length(sheet->tables); i++) {
    if (i > 0) putchar('\n');
    print_table(json_object_array_get_idx(sheet->tables, i));
  }
  printf("\ncheck\n");
  for (size_t i = 0; i < json_object_array_length(sheet->checks); i++)
    print_check(json_object_array_get_idx(sheet->checks, i));
  printf("\nconclusion\n");
  for (size_t i = 0; i < json_object_array_length(sheet->conclusion); i++)
    print_wrapped("  ", json_object_get_string(json_object_array_get_idx(sheet->conclusion, i)));
  putchar('\n');
  print_wrapped("source  ", source);
}

static struct json_object *rows_by_key(struct json_object *table) {
  struct json_object *columns = json_object_object_get(table, "columns"), *rows = json_object_object_get(table, "rows");
  struct json_object *result = json_object_new_array();
  for (size_t r = 0; r < json_object_array_length(rows); r++) {
    struct json_object *row = json_object_array_get_idx(rows, r), *object = json_object_new_object();
    for (size_t c = 0; c < json_object_array_length(columns); c++)
      json_object_object_add(object, text_at(columns, c, 0),
                             json_object_get(json_object_array_get_idx(json_object_array_get_idx(row, c), 0)));
    json_object_array_add(result, object);
  }
  return result;
}

void lat_sheet_json(struct lat_sheet *sheet, struct json_object *object) {
  struct json_object *tables = json_object_new_object();
  for (size_t i = 0; i < json_object_array_length(sheet->tables); i++) {
    struct json_object *table = json_object_array_get_idx(sheet->tables, i);
    json_object_object_add(tables, json_object_get_string(json_object_object_get(table, "key")), rows_by_key(table));
  }
  json_object_object_add(object, "formula", json_object_get(sheet->formulas));
  json_object_object_add(object, "tables", tables);
  json_object_object_add(object, "checks", json_object_get(sheet->checks));
  json_object_object_add(object, "conclusion", json_object_get(sheet->conclusion));
}
