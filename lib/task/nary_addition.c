/* The sum of n numbers (Saunshi et al. 2025, section 3).
 *
 *   a_1 + a_2 + ... + a_n =  digits of the sum
 *
 * a_i is uniform in 0 .. base^digits - 1 and written with all its digits; n is uniform in fewest .. operands. The sum has
 * as many digits as the largest possible one, with zeros behind the number (in front of it when the most significant digit
 * comes first). The trace is a_1 + a_2, then + a_3, ..: every running sum but the last, each ended by ";". Dense: at the
 * digits of a_2, a_3, .. the digits of the sum so far in the same places. The level is the number of operands added: i at
 * a_i, n for the answer. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { OPERANDS, FEWEST, DIGITS, BASE, ORDER, TRACE };
static const struct lat_task_option options[] = {
    {"operands", "numbers to add, at most", NULL, 1, 64, 8},
    {"fewest", "numbers to add, at least; 0: always `operands`", NULL, 0, 64, 2},
    {"digits", "digits of an operand", NULL, 1, 9, 2},
    {"base", "of the digits", NULL, 2, 36, 10},
    {"order", "which digit is written first", "least|most", 0, 1, 0},
    {"trace",
     "what is made step by step: the running sums and the answer, or "
     "the answer's digits alone, as in the paper",
     "sums|answer", 0, 1, 0},
    {0}};

static int64_t largest_operand(const struct lat_task_setting *setting) {
  int64_t power = 1;
  for (int64_t i = 0; i < setting->option[DIGITS]; i++) power *= setting->option[BASE];
  return power - 1;
}

static size_t sum_digits(const struct lat_task_setting *setting) {
  size_t digits = 0;
  for (int64_t rest = largest_operand(setting) * setting->option[OPERANDS]; rest > 0; rest /= setting->option[BASE])
    digits++;
  return digits;
}

/* Tokens: the digits and ";" are classes; then + = pad pause. */
static int32_t token_of(const struct lat_task_setting *setting, int place) {
  return (int32_t)setting->option[BASE] + 1 + place;
}
enum { PLUS, EQUALS, PAD, PAUSE, SIGNS };

static size_t prompt_of(const struct lat_task_setting *setting, int64_t operands) {
  return (size_t)operands * ((size_t)setting->option[DIGITS] + 1);
}

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[FEWEST] > option[OPERANDS])
    return LAT_FAIL(LAT_INPUT,
                    "task nary_addition: fewest = %lld is more than operands = %lld; lower it, or 0 for always `operands`",
                    (long long)option[FEWEST], (long long)option[OPERANDS]);
  size_t sums = option[OPERANDS] > 2 && option[TRACE] == 0 ? (size_t)option[OPERANDS] - 2 : 0;
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = (size_t)option[BASE] + 1 + SIGNS,
                                   .classes = (size_t)option[BASE] + 1,
                                   .levels = (size_t)option[OPERANDS] + 1};
  lat_layout_shape(setting->supervision, prompt_of(setting, option[OPERANDS]), sums * (sum_digits(setting) + 1),
                   sum_digits(setting), shape);
  return LAT_OK;
}

/* Digit number `place`, in the order in which `count` digits are written. */
static int32_t digit(const struct lat_task_setting *setting, int64_t number, size_t place, size_t count) {
  size_t power = setting->option[ORDER] == 0 ? place : count - 1 - place;
  for (size_t i = 0; i < power; i++) number /= setting->option[BASE];
  return (int32_t)(number % setting->option[BASE]);
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t fewest = option[FEWEST] > 0 ? option[FEWEST] : option[OPERANDS], operand[64], sum[64], so_far = 0;
  int64_t n = fewest + (int64_t)lat_random_below(random, (uint64_t)(option[OPERANDS] - fewest + 1));
  assert(n >= 1 && n <= 64);
  for (int64_t i = 0; i < n; i++) {
    operand[i] = (int64_t)lat_random_below(random, (uint64_t)largest_operand(setting) + 1);
    so_far += operand[i];
    sum[i] = so_far;
  }
  size_t digits = (size_t)option[DIGITS], wide = sum_digits(setting);
  struct lat_layout layout;
  lat_layout_start(&layout, setting, prompt_of(setting, n), prompt_of(setting, option[OPERANDS]), token_of(setting, PAD),
                   token_of(setting, PAUSE), example);
  for (int64_t i = 0; i < n; i++) {
    for (size_t k = 0; k < digits; k++) {
      lat_layout_token(&layout, digit(setting, operand[i], k, digits));
      if (i > 0) lat_layout_dense(&layout, digit(setting, sum[i], k, digits), (int32_t)i + 1);
    }
    lat_layout_token(&layout, token_of(setting, i + 1 < n ? PLUS : EQUALS));
  }
  if (option[TRACE] == 0)
    for (int64_t i = 1; i < n - 1; i++) {
      for (size_t k = 0; k < wide; k++) lat_layout_trace(&layout, digit(setting, sum[i], k, wide));
      lat_layout_trace(&layout, (int32_t)option[BASE]);
    }
  for (size_t k = 0; k < wide; k++) lat_layout_answer(&layout, digit(setting, sum[n - 1], k, wide), (int32_t)n);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t base = (int32_t)setting->option[BASE];
  (void)field;
  if (token < base)
    snprintf(text, 16, "%c", token < 10 ? '0' + token : 'a' + token - 10);
  else
    snprintf(text, 16, "%c", ";+=._"[token - base]);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_nary_addition = {.name = "nary_addition",
                                                .help =
                                                    "the digits of a sum of n numbers; dense: at the digits of each "
                                                    "operand but the first those of the sum so far; level: numbers added",
                                                .source = "Saunshi et al. 2025",
                                                .options = options,
                                                .difficulty = "operands",
                                                .supervision = 1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE |
                                                               1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
                                                .shape = shape_of,
                                                .make = make,
                                                .token_text = token_text,
                                                .class_text = class_text};
