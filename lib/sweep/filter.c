/* Recursive descent into a postfix program; nesting is bounded, so the program's stack is too. */
#include "lib/sweep/filter.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/names.h"

enum { DEEPEST = 50 };
enum operation { EQUAL, UNEQUAL, LESS, LESS_EQUAL, MORE, MORE_EQUAL, AND, OR, NOT };

struct step {
  enum operation operation;
  const struct lat_parameter *parameter; /* comparisons */
  double number;
  char *text;
};

struct lat_filter {
  size_t count, capacity;
  struct step *step;
};

struct reader {
  const struct lat_experiment *experiment;
  const char *text, *at;
  struct lat_filter *filter;
};

static int wrong(const struct reader *reader, const char *at, const char *what) {
  return LAT_FAIL(LAT_INPUT, "filter '%.200s', column %zu: %s", reader->text, (size_t)(at - reader->text) + 1, what);
}

static void skip_spaces(struct reader *reader) {
  while (isspace((unsigned char)*reader->at)) reader->at++;
}

static int take(struct reader *reader, const char *token) {
  skip_spaces(reader);
  size_t length = strlen(token);
  if (strncmp(reader->at, token, length) != 0) return 0;
  reader->at += length;
  return 1;
}

static int emit(struct lat_filter *filter, struct step step) {
  if (filter->count == filter->capacity) {
    size_t capacity = filter->capacity ? 2 * filter->capacity : 8;
    struct step *grown = lat_realloc(filter->step, capacity, sizeof *grown);
    if (!grown) {
      lat_free(step.text);
      return LAT_MEMORY;
    }
    filter->step = grown;
    filter->capacity = capacity;
  }
  filter->step[filter->count++] = step;
  return LAT_OK;
}

/* Copies the next word: a quoted text, or bytes up to a delimiter. */
static int read_word(struct reader *reader, const char *what, char **word) {
  skip_spaces(reader);
  const char *start = reader->at;
  int quoted = *start == '"';
  if (quoted) {
    const char *end = strchr(++start, '"');
    if (!end) return wrong(reader, reader->at, "the quote is not closed");
    reader->at = end;
  } else {
    while (*reader->at && !isspace((unsigned char)*reader->at) && !strchr("()!<>=&|\"", *reader->at)) reader->at++;
    if (reader->at == start) return wrong(reader, start, what);
  }
  size_t length = (size_t)(reader->at - start);
  if (!(*word = lat_calloc(length + 1, 1))) return LAT_MEMORY;
  memcpy(*word, start, length);
  reader->at += quoted;
  return LAT_OK;
}

static int read_comparison(struct reader *reader) {
  static const struct {
    const char *sign;
    enum operation operation;
  } signs[] = {{"==", EQUAL}, {"!=", UNEQUAL}, {"<=", LESS_EQUAL}, {">=", MORE_EQUAL}, {"<", LESS}, {">", MORE}};
  char *name = NULL;
  struct step step = {0};
  int status = LAT_OK;
  skip_spaces(reader);
  const char *start = reader->at;
  LAT_TRY(status, read_word(reader, "a parameter is expected here", &name));
  step.parameter = lat_parameter_find(reader->experiment, name);
  if (!step.parameter) {
    status = lat_fail_prefix(LAT_INPUT, "filter '%.200s', column %zu", reader->text, (size_t)(start - reader->text) + 1);
    goto done;
  }
  size_t which = 0, known = sizeof signs / sizeof *signs;
  skip_spaces(reader);
  const char *sign = reader->at;
  while (which < known && !take(reader, signs[which].sign)) which++;
  if (which == known) {
    status = wrong(reader, sign, *sign == '=' ? "equality is written ==" : "one of == != < <= > >= is expected here");
    goto done;
  }
  step.operation = signs[which].operation;
  int words = step.parameter->kind == LAT_TEXT || step.parameter->kind == LAT_PATH;
  if (words && step.operation != EQUAL && step.operation != UNEQUAL) {
    status = wrong(reader, sign, "a text is compared with == or != only");
    goto done;
  }
  skip_spaces(reader);
  const char *value = reader->at;
  LAT_TRY(status, read_word(reader, "a value is expected here", &step.text));
  if (!words && lat_parse_real(step.text, -HUGE_VAL, HUGE_VAL, &step.number) != LAT_OK) {
    status = wrong(reader, value, "a number is expected here");
    goto done;
  }
  status = emit(reader->filter, step);
  step.text = NULL;
done:
  lat_free(step.text);
  lat_free(name);
  return status;
}

static int read_either(struct reader *reader, int depth);

static int read_one(struct reader *reader, int depth) {
  int status = LAT_OK;
  skip_spaces(reader);
  if (depth > DEEPEST) return wrong(reader, reader->at, "this is nested too deeply");
  const char *start = reader->at;
  if (take(reader, "(")) {
    if ((status = read_either(reader, depth + 1)) != LAT_OK) return status;
    if (!take(reader, ")"))
      return wrong(reader, *reader->at ? reader->at : start,
                   *reader->at ? "')' is expected here" : "this '(' is not closed");
    return LAT_OK;
  }
  if (take(reader, "!")) {
    if ((status = read_one(reader, depth + 1)) != LAT_OK) return status;
    return emit(reader->filter, (struct step){.operation = NOT});
  }
  return read_comparison(reader);
}

static int read_both(struct reader *reader, int depth) {
  int status = read_one(reader, depth);
  while (status == LAT_OK && take(reader, "&&"))
    if ((status = read_one(reader, depth)) == LAT_OK) status = emit(reader->filter, (struct step){.operation = AND});
  return status;
}

static int read_either(struct reader *reader, int depth) {
  int status = read_both(reader, depth);
  while (status == LAT_OK && take(reader, "||"))
    if ((status = read_both(reader, depth)) == LAT_OK) status = emit(reader->filter, (struct step){.operation = OR});
  return status;
}

int lat_filter_parse(const struct lat_experiment *experiment, const char *text, struct lat_filter **filter) {
  struct reader reader = {.experiment = experiment, .text = text, .at = text};
  if (!(*filter = reader.filter = lat_calloc(1, sizeof **filter))) return LAT_MEMORY;
  int status = read_either(&reader, 0);
  skip_spaces(&reader);
  if (status == LAT_OK && *reader.at) status = wrong(&reader, reader.at, "&& or || is expected here");
  if (status != LAT_OK) {
    lat_filter_free(*filter);
    *filter = NULL;
  }
  return status;
}

void lat_filter_free(struct lat_filter *filter) {
  if (!filter) return;
  for (size_t i = 0; i < filter->count; i++) lat_free(filter->step[i].text);
  lat_free(filter->step);
  lat_free(filter);
}

static int compare(const struct step *step, const char *parameters) {
  const struct lat_parameter *parameter = step->parameter;
  const void *field = parameters + parameter->offset;
  double order;
  if (parameter->kind == LAT_INTEGER || parameter->kind == LAT_REAL) {
    double value = parameter->kind == LAT_REAL ? *(const double *)field : (double)*(const int64_t *)field;
    order = value < step->number ? -1 : value > step->number;
  } else {
    const char *value = *(const char *const *)field, *slash = parameter->kind == LAT_PATH ? strrchr(value, '/') : NULL;
    order = strcmp(slash ? slash + 1 : value, step->text);
  }
  switch (step->operation) {
    case EQUAL: return order == 0;
    case UNEQUAL: return order != 0;
    case LESS: return order < 0;
    case LESS_EQUAL: return order <= 0;
    case MORE: return order > 0;
    default: return order >= 0;
  }
}

int lat_filter_takes(const struct lat_filter *filter, const void *parameters) {
  unsigned char stack[2 * DEEPEST + 8] = {0};
  size_t top = 0;
  for (size_t i = 0; i < filter->count; i++) {
    const struct step *step = &filter->step[i];
    if (step->operation == NOT) {
      stack[top - 1] = !stack[top - 1];
    } else if (step->operation == AND || step->operation == OR) {
      top--;
      stack[top - 1] = step->operation == AND ? stack[top - 1] && stack[top] : stack[top - 1] || stack[top];
    } else {
      stack[top++] = (unsigned char)compare(step, parameters);
    }
  }
  return stack[0];
}
