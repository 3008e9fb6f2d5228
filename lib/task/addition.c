/* The sum of two numbers of the same length (Dehghani et al. 2019, section 3.3).
 *
 *   5 7 + 6 1 =  1 9 0     with the least digit first: 75 + 16 = 091
 *
 * Both have n digits, n uniform in shortest .. digits, each digit uniform; the sum has n + 1. The trace is the carry out of
 * every place, from the least one up, then the sum. Dense: at the second number's digits the same digits of the sum, which
 * a model that reads in order can know when the least digit comes first. The level is n, or the number of places that
 * decide a digit: its own, and downwards until one whose digits do not add up to base - 1, which makes a carry or stops it
 * whatever comes from below. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { DIGITS, SHORTEST, BASE, ORDER, TRACE, LEVEL };
enum { MOST = 512 };
static const struct lat_task_option options[] = {
    {"digits", "of either number, at most", NULL, 1, MOST, 5},
    {"shortest", "digits, at least; 0: always `digits`", NULL, 0, MOST, 1},
    {"base", "of the digits", NULL, 2, 36, 10},
    {"order", "which digit is written first", "least|most", 0, 1, 0},
    {"trace", "what is made step by step: carries and answer, or the answer's digits alone", "carries|answer", 0, 1, 0},
    {"level", "what makes a digit difficult: the digits of the numbers, or the places that decide it", "digits|reach", 0, 1,
     0},
    {0}};

/* Tokens: the digits are classes; then + = pad pause. */
enum { PLUS, EQUALS, PAD, PAUSE, SIGNS };

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[SHORTEST] > option[DIGITS])
    return LAT_FAIL(LAT_INPUT,
                    "task addition: shortest = %lld is more than digits = %lld; lower it, or 0 for always `digits`",
                    (long long)option[SHORTEST], (long long)option[DIGITS]);
  size_t digits = (size_t)option[DIGITS];
  *shape = (struct lat_task_shape){
      .fields = 1, .vocabulary = (size_t)option[BASE] + SIGNS, .classes = (size_t)option[BASE], .levels = digits + 2};
  lat_layout_shape(setting->supervision, 2 * digits + 2, option[TRACE] == 0 ? digits : 0, digits + 1, shape);
  return LAT_OK;
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t shortest = option[SHORTEST] > 0 ? option[SHORTEST] : option[DIGITS];
  size_t n = (size_t)shortest + (size_t)lat_random_below(random, (uint64_t)(option[DIGITS] - shortest + 1));
  assert(n >= 1 && n <= MOST);
  int32_t a[MOST], b[MOST], sum[MOST + 1], carry[MOST + 1], level[MOST + 1], base = (int32_t)option[BASE];
  int32_t reach = 0; /* places that decide the carry into this one */
  carry[0] = 0;
  for (size_t k = 0; k < n; k++) { /* place k has weight base^k */
    a[k] = (int32_t)lat_random_below(random, (uint64_t)base);
    b[k] = (int32_t)lat_random_below(random, (uint64_t)base);
    int32_t column = a[k] + b[k] + carry[k];
    sum[k] = column % base;
    carry[k + 1] = column / base;
    level[k] = option[LEVEL] == 0 ? (int32_t)n : reach + 1;
    reach = a[k] + b[k] == base - 1 ? reach + 1 : 1;
  }
  sum[n] = carry[n];
  level[n] = option[LEVEL] == 0 ? (int32_t)n : reach + 1;

  int least_first = option[ORDER] == 0;
  struct lat_layout layout;
  lat_layout_start(&layout, setting, 2 * n + 2, 2 * (size_t)option[DIGITS] + 2, base + PAD, base + PAUSE, example);
  for (size_t k = 0; k < n; k++) lat_layout_token(&layout, a[least_first ? k : n - 1 - k]);
  lat_layout_token(&layout, base + PLUS);
  for (size_t k = 0; k < n; k++) {
    size_t place = least_first ? k : n - 1 - k;
    lat_layout_token(&layout, b[place]);
    lat_layout_dense(&layout, sum[place], level[place]);
  }
  lat_layout_token(&layout, base + EQUALS);
  if (option[TRACE] == 0)
    for (size_t k = 0; k < n; k++) lat_layout_trace(&layout, carry[k + 1]);
  for (size_t k = 0; k <= n; k++) {
    size_t place = least_first ? k : n - k;
    lat_layout_answer(&layout, sum[place], level[place]);
  }
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[BASE];
  (void)field;
  snprintf(text, 16, "%c", place >= 0 ? "+=._"[place] : token < 10 ? '0' + token : 'a' + token - 10);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_addition = {
    .name = "addition",
    .help =
        "the digits of a sum of two numbers; dense: at the second number's digits those of the sum; level: digits of the "
        "numbers, or places that decide a digit",
    .source = "Dehghani et al. 2019",
    .options = options,
    .difficulty = "digits",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
