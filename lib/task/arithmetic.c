/* Arithmetic expressions mod p (Feng et al. 2023, section 3 and appendix).
 *
 *   ( 7 + 3 ) * 2 / 5 =  10 * 2 / 5 =  9 / 5 =  4
 *
 * An expression begins as one number and grows k times, k uniform in fewest .. operations: a number x, uniform among those
 * written so far, becomes a o b = x mod p, o uniform over + - * / and a over all numbers, both drawn again where no b is
 * right. Brackets stand around it when it is behind "/"; when it is a sum or difference and beside "*", before "/" or
 * behind "-"; else not. What is written is then read as usual, from the left: so a divisor is never 0, and the answer is
 * uniform. The trace is the expression with one operation less each time: the first one, from the left, whose operands are
 * both numbers. (The paper undoes the growth backwards, an order that cannot be told from the text.) Dense: at every
 * operation its value, which only a model that looks ahead can know. The level is the number of operations in a value, or
 * how many of them stand on one path. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { OPERATIONS, FEWEST, MODULUS, LEVEL };
enum { MOST = 24, TEXT = 4 * MOST };
static const struct lat_task_option options[] = {
    {"operations", "in the expression, at most", NULL, 1, MOST, 3},
    {"fewest", "operations in the expression, at least; 0: always `operations`", NULL, 0, MOST, 1},
    {"modulus", "p, a prime", NULL, 3, 97, 11},
    {"level", "what makes a value difficult: the operations in it, or how many stand on one path", "operations|depth", 0, 1,
     0},
    {0}};

/* Tokens: the numbers mod p, brackets, operations and "=" are classes, for the trace has them all; then pad pause. */
enum { OPEN, CLOSE, PLUS, MINUS, TIMES, DIVIDE, EQUALS, SIGNS, PAD = SIGNS, PAUSE };

/* k operations: k + 1 numbers, and brackets around all but one at most. */
static size_t text_most(int64_t operations) { return (size_t)(4 * operations - 1); }

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[FEWEST] > option[OPERATIONS])
    return LAT_FAIL(LAT_INPUT,
                    "task arithmetic: fewest = %lld is more than operations = %lld; lower it, or 0 for always `operations`",
                    (long long)option[FEWEST], (long long)option[OPERATIONS]);
  for (int64_t d = 2; d < option[MODULUS]; d++)
    if (option[MODULUS] % d == 0)
      return LAT_FAIL(
          LAT_INPUT, "task arithmetic: the modulus %lld is no prime, so that not every division has a result; give a prime",
          (long long)option[MODULUS]);
  size_t trace = 0;
  for (int64_t k = 1; k < option[OPERATIONS]; k++) trace += text_most(k) + 1;
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = (size_t)option[MODULUS] + SIGNS + 2,
                                   .classes = (size_t)option[MODULUS] + SIGNS,
                                   .levels = (size_t)option[OPERATIONS] + 1};
  lat_layout_shape(setting->supervision, text_most(option[OPERATIONS]) + 1, trace, 1, shape);
  return LAT_OK;
}

static int32_t inverse(int32_t a, int32_t p) {
  int32_t b = 1;
  while (a * b % p != 1) b++;
  return b;
}

static int32_t apply(int sign, int32_t a, int32_t b, int32_t p) {
  switch (sign) {
    case PLUS: return (a + b) % p;
    case MINUS: return (a - b + p) % p;
    case TIMES: return a * b % p;
    default: return a * inverse(b, p) % p;
  }
}

/* Numbers a and b with a o b = x: both are drawn again when this a has no b. */
static void split(int32_t x, int32_t p, struct lat_random *random, int32_t *a, int *sign, int32_t *b) {
  for (;;) {
    *a = (int32_t)lat_random_below(random, (uint64_t)p);
    *sign = PLUS + (int)lat_random_below(random, 4);
    if (*sign == PLUS || *sign == MINUS) {
      *b = *sign == PLUS ? apply(MINUS, x, *a, p) : apply(MINUS, *a, x, p);
      return;
    }
    if ((*a == 0) != (x == 0) && (*a == 0 || *sign == DIVIDE)) continue; /* 0 o b = x, or a / b = 0 */
    if (*a == 0)
      *b = *sign == TIMES ? (int32_t)lat_random_below(random, (uint64_t)p)
                          : 1 + (int32_t)lat_random_below(random, (uint64_t)p - 1);
    else
      *b = *sign == TIMES ? apply(DIVIDE, x, *a, p) : apply(DIVIDE, *a, x, p);
    return;
  }
}

/* A text of numbers 0 .. p-1 and p + sign. */
struct text {
  int32_t token[TEXT];
  size_t length;
};

static void grow(struct text *text, size_t numbers, int32_t p, struct lat_random *random) {
  size_t which = (size_t)lat_random_below(random, numbers), at = 0;
  for (;; at++)
    if (text->token[at] < p && which-- == 0) break;
  int before = at > 0 ? text->token[at - 1] - p : OPEN, behind = at + 1 < text->length ? text->token[at + 1] - p : CLOSE,
      sign;
  int32_t part[5], *end = part, a, b;
  split(text->token[at], p, random, &a, &sign, &b);
  int sum = sign == PLUS || sign == MINUS;
  int brackets = before == DIVIDE || (sum && (before == TIMES || before == MINUS || behind == TIMES || behind == DIVIDE));
  if (brackets) *end++ = p + OPEN;
  *end++ = a, *end++ = p + sign, *end++ = b;
  if (brackets) *end++ = p + CLOSE;
  size_t count = (size_t)(end - part);
  assert(text->length + count - 1 <= TEXT);
  memmove(text->token + at + count, text->token + at + 1, (text->length - at - 1) * sizeof *text->token);
  memcpy(text->token + at, part, count * sizeof *part);
  text->length += count - 1;
}

/* What stands between two places of the text: a number, or an operation with all of its operands. */
struct span {
  size_t first, last, operation; /* operation: place of its sign; SIZE_MAX: a number */
  int32_t value;
  int operations, depth;
};

static void join(struct span *value, size_t *values, int sign, size_t place, int32_t p, struct span *at) {
  struct span *left = &value[*values - 2], *right = &value[*values - 1];
  left->last = right->last;
  left->operation = place;
  left->value = apply(sign, left->value, right->value, p);
  left->operations += right->operations + 1;
  left->depth = (left->depth > right->depth ? left->depth : right->depth) + 1;
  at[place] = *left;
  (*values)--;
}

/* Reads the text with a stack of values and one of signs (Dijkstra 1961); at[i] is filled at every operation. Gives the
 * whole. */
static struct span read_text(const struct text *text, int32_t p, struct span *at) {
  struct span value[TEXT];
  size_t sign[TEXT], values = 0, signs = 0;
  for (size_t i = 0; i <= text->length; i++) {
    int32_t token = i < text->length ? text->token[i] : p + EQUALS;
    if (token < p) {
      value[values++] = (struct span){.first = i, .last = i, .operation = SIZE_MAX, .value = token};
      continue;
    }
    if (token == p + OPEN) {
      sign[signs++] = i;
      continue;
    }
    int weak = token != p + TIMES && token != p + DIVIDE; /* + - ) = let every operation before them go first */
    while (signs > 0 && text->token[sign[signs - 1]] != p + OPEN) {
      int32_t top = text->token[sign[signs - 1]];
      if (!weak && (top == p + PLUS || top == p + MINUS)) break;
      join(value, &values, top - p, sign[--signs], p, at);
    }
    if (token == p + CLOSE) {
      value[values - 1].first = sign[--signs];
      value[values - 1].last = i;
    } else if (i < text->length) {
      sign[signs++] = i;
    }
  }
  assert(values == 1 && signs == 0);
  return value[0];
}

/* The first operation whose operands are two numbers becomes its value, brackets and all. */
static void reduce(struct text *text, int32_t p) {
  struct span at[TEXT];
  read_text(text, p, at);
  size_t i = 0;
  while (text->token[i] < p + PLUS || at[i].operations != 1) i++;
  size_t first = i - 1, last = i + 1;
  if (first > 0 && text->token[first - 1] == p + OPEN && text->token[last + 1] == p + CLOSE) first--, last++;
  text->token[first] = at[i].value;
  memmove(text->token + first + 1, text->token + last + 1, (text->length - last - 1) * sizeof *text->token);
  text->length -= last - first;
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t fewest = option[FEWEST] > 0 ? option[FEWEST] : option[OPERATIONS];
  size_t operations = (size_t)fewest + (size_t)lat_random_below(random, (uint64_t)(option[OPERATIONS] - fewest + 1));
  int32_t p = (int32_t)option[MODULUS];
  struct text text = {.length = 1};
  struct span at[TEXT];
  int32_t start = (int32_t)lat_random_below(random, (uint64_t)p);
  text.token[0] = start;
  for (size_t k = 0; k < operations; k++) grow(&text, k + 1, p, random);
  struct span whole = read_text(&text, p, at);
  assert(whole.value == start);
  (void)start;

  struct lat_layout layout;
  lat_layout_start(&layout, setting, text.length + 1, text_most(option[OPERATIONS]) + 1, p + PAD, p + PAUSE, example);
  for (size_t i = 0; i < text.length; i++) {
    lat_layout_token(&layout, text.token[i]);
    if (text.token[i] >= p + PLUS)
      lat_layout_dense(&layout, at[i].value, option[LEVEL] == 0 ? at[i].operations : at[i].depth);
  }
  lat_layout_token(&layout, p + EQUALS);
  for (size_t k = 1; k < operations; k++) {
    reduce(&text, p);
    for (size_t i = 0; i < text.length; i++) lat_layout_trace(&layout, text.token[i]);
    lat_layout_trace(&layout, p + EQUALS);
  }
  lat_layout_answer(&layout, whole.value, option[LEVEL] == 0 ? whole.operations : whole.depth);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[MODULUS];
  (void)field;
  if (place < 0)
    snprintf(text, 16, "%d", token);
  else
    snprintf(text, 16, "%c", "()+-*/=._"[place]);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_arithmetic = {
    .name = "arithmetic",
    .help =
        "the value of an expression mod p; dense: at every operation its value (this needs attention both ways); level: "
        "operations in the value, or depth",
    .source = "Feng et al. 2023",
    .options = options,
    .difficulty = "operations",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
