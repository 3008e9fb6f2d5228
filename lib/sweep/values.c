/* A stepped range is computed with whole numbers: from and step are written as integers over one power of ten, and each
 * value is one correctly rounded division, which gives the double that its decimal text reads as. */
#include "lib/sweep/values.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

enum { MOST_VALUES = 1000000 };

const char *lat_parameter_range(const struct lat_parameter *parameter, char buffer[96]) {
  char low[32], high[32];
  if (parameter->kind == LAT_INTEGER)
    snprintf(buffer, 96, "a whole number from %.0f to %.0f", parameter->minimum, parameter->maximum);
  else if (parameter->kind == LAT_REAL)
    snprintf(buffer, 96, "a number from %s to %s", lat_format_real(parameter->minimum, low),
             lat_format_real(parameter->maximum, high));
  else
    snprintf(buffer, 96, parameter->kind == LAT_PATH ? "the name of a file, or nothing" : "a word");
  return buffer;
}

int lat_value_equal(enum lat_kind kind, union lat_value a, union lat_value b) {
  if (kind == LAT_INTEGER) return a.integer == b.integer;
  if (kind == LAT_REAL) return a.real == b.real;
  return strcmp(a.text, b.text) == 0;
}

void lat_values_free(struct lat_values *values) {
  if (values->kind == LAT_TEXT || values->kind == LAT_PATH)
    for (size_t i = 0; i < values->count; i++) lat_free(values->value[i].text);
  lat_free(values->value);
  *values = (struct lat_values){0};
}

static int refuse(const struct lat_parameter *parameter, const char *item, const char *why) {
  char range[96];
  return LAT_FAIL(LAT_INPUT, "%s=%.80s: %s; %s is %s", parameter->name, item, why, parameter->name,
                  lat_parameter_range(parameter, range));
}

/* Adds a value unless it is there already. Takes over a text. */
static int push(struct lat_values *values, union lat_value value) {
  int owned = values->kind == LAT_TEXT || values->kind == LAT_PATH;
  for (size_t i = 0; i < values->count && values->count < 1000; i++)
    if (lat_value_equal(values->kind, values->value[i], value)) {
      if (owned) lat_free(value.text);
      return LAT_OK;
    }
  if (values->count == values->capacity) {
    size_t capacity = values->capacity ? 2 * values->capacity : 8;
    union lat_value *grown = lat_realloc(values->value, capacity, sizeof *grown);
    if (!grown) {
      if (owned) lat_free(value.text);
      return LAT_MEMORY;
    }
    values->value = grown;
    values->capacity = capacity;
  }
  values->value[values->count++] = value;
  return LAT_OK;
}

static int push_number(struct lat_values *values, const struct lat_parameter *parameter, const char *item, double number) {
  if (!(number >= parameter->minimum && number <= parameter->maximum))
    return refuse(parameter, item, "a value lies outside the range");
  union lat_value value = {.real = number == 0 ? 0 : number}; /* no -0: it would be another point */
  if (parameter->kind == LAT_INTEGER) value.integer = llround(number);
  return push(values, value);
}

/* The smallest power of ten over which both numbers are whole; 0 when there is none below 10^15. */
static double common_scale(double a, double b) {
  double scale = 1;
  for (int digits = 0; digits <= 15; digits++, scale *= 10) {
    double wide = round(a * scale), narrow = round(b * scale);
    if (fabs(wide) > 9e15 || fabs(narrow) > 9e15) return 0;
    if (wide / scale == a && narrow / scale == b) return scale;
  }
  return 0;
}

static int push_steps(struct lat_values *values, const struct lat_parameter *parameter, const char *item, double from,
                      double to, double step) {
  if (step == 0) return refuse(parameter, item, "the step is 0");
  if ((to - from) * step < 0) return refuse(parameter, item, "the step leads away from the end");
  double count = floor((to - from) / step + 1e-9) + 1, scale = common_scale(from, step);
  if (!(count <= MOST_VALUES)) return refuse(parameter, item, "the range holds over a million values");
  double start = round(from * scale), stride = round(step * scale);
  int status = LAT_OK;
  for (double i = 0; i < count && status == LAT_OK; i++) {
    double value = scale > 0 && fabs(start + i * stride) < 9e15 ? (start + i * stride) / scale : from + i * step;
    status = push_number(values, parameter, item, value);
  }
  return status;
}

static int push_factors(struct lat_values *values, const struct lat_parameter *parameter, const char *item, double from,
                        double to, double factor) {
  if (!(from > 0 && to > 0 && factor > 0)) return refuse(parameter, item, "a range by a factor needs positive numbers");
  if (factor == 1 || (to - from) * (factor - 1) < 0) return refuse(parameter, item, "the factor leads away from the end");
  double count = floor(log(to / from) / log(factor) + 1e-9) + 1;
  if (!(count <= MOST_VALUES)) return refuse(parameter, item, "the range holds over a million values");
  int status = LAT_OK;
  for (double i = 0; i < count && status == LAT_OK; i++) {
    /* 15 digits take the last bits of pow away, which differ between libraries and would give another point. */
    char digits[32];
    snprintf(digits, sizeof digits, "%.15g", from * pow(factor, i));
    double value = strtod(digits, NULL);
    if (fabs(value - to) <= 1e-9 * to) value = to;
    if (parameter->kind == LAT_INTEGER) value = round(value);
    status = push_number(values, parameter, item, value);
  }
  return status;
}

static int read_number(const struct lat_parameter *parameter, const char *item, const char *text, int whole,
                       double *number) {
  int64_t integer = 0;
  if (whole) {
    if (lat_parse_int(text, -(INT64_C(1) << 53), INT64_C(1) << 53, &integer) != LAT_OK)
      return refuse(parameter, item, "this is not a whole number");
    *number = (double)integer;
  } else if (lat_parse_real(text, -HUGE_VAL, HUGE_VAL, number) != LAT_OK) {
    return refuse(parameter, item, "this is not a number");
  }
  return LAT_OK;
}

/* One item of a list of numbers; `text` is its own copy and is cut at the colons. */
static int push_item(struct lat_values *values, const struct lat_parameter *parameter, const char *item, char *text) {
  int whole = parameter->kind == LAT_INTEGER;
  char *end = strchr(text, ':'), *step = NULL;
  if (end) *end++ = '\0';
  if (end && (step = strchr(end, ':'))) *step++ = '\0';
  double from = 0, to = 0, by = 1;
  int status = read_number(parameter, item, text, whole, &from);
  if (status != LAT_OK || !end) return status != LAT_OK ? status : push_number(values, parameter, item, from);
  if (!step && !whole) return refuse(parameter, item, "a range is from:to:step or from:to:*factor");
  int factor = step && *step == '*';
  if ((status = read_number(parameter, item, end, whole, &to)) != LAT_OK) return status;
  if (step && (status = read_number(parameter, item, step + factor, whole && !factor, &by)) != LAT_OK) return status;
  if (!step && to < from) by = -1;
  return (factor ? push_factors : push_steps)(values, parameter, item, from, to, by);
}

static char *trim(char *text) {
  while (*text == ' ' || *text == '\t') text++;
  size_t length = strlen(text);
  while (length && (text[length - 1] == ' ' || text[length - 1] == '\t')) text[--length] = '\0';
  return text;
}

int lat_values_parse(struct lat_values *values, const struct lat_parameter *parameter, const char *text) {
  int status = LAT_OK, words = parameter->kind == LAT_TEXT || parameter->kind == LAT_PATH;
  char *copy = lat_strdup(text), *rest = copy;
  *values = (struct lat_values){.kind = parameter->kind};
  if (!copy) return LAT_MEMORY;
  while (rest && status == LAT_OK) {
    char *comma = strchr(rest, ','), *next = comma ? comma + 1 : NULL;
    if (comma) *comma = '\0';
    char *item = trim(rest);
    if (words) {
      union lat_value value = {.text = lat_strdup(item)};
      status = value.text ? push(values, value) : LAT_MEMORY;
    } else if (*item == '\0') {
      status = refuse(parameter, text, "a value is missing");
    } else {
      char *whole_item = lat_strdup(item);
      status = whole_item ? push_item(values, parameter, whole_item, item) : LAT_MEMORY;
      lat_free(whole_item);
    }
    rest = next;
  }
  lat_free(copy);
  if (status != LAT_OK) lat_values_free(values);
  return status;
}
