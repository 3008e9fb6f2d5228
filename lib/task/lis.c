/* The length of the longest strictly increasing subsequence (Feng et al. 2023, section 5).
 *
 *   4 9 2 5 7 =  1 2 1 2 3  3
 *
 * n numbers, n uniform in shortest .. length. Uniform numbers would nearly all have length about 2 sqrt(n), so runs are
 * planted, as in the paper: m uniform in 1 .. n of the places, in order, hold one, two or three sorted runs of distinct
 * numbers, cut anywhere; the other places hold uniform numbers. The trace is the row of the dynamic programme: for every
 * number the length of the longest subsequence that ends with it; the answer is the row's maximum. Dense: the row, below
 * the numbers. The level is the place of the number, n for the answer. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { LENGTH, SHORTEST, VALUES };
enum { MOST = 128, MOST_VALUES = 1024 };
static const struct lat_task_option options[] = {{"length", "numbers, at most", NULL, 1, MOST, 10},
                                                 {"shortest", "numbers, at least; 0: always `length`", NULL, 0, MOST, 0},
                                                 {"values", "numbers are 0 .. values-1", NULL, 2, MOST_VALUES, 20},
                                                 {0}};

/* Tokens: lengths 0 .. `length` are classes; then = pad pause, then the numbers. */
enum { EQUALS, PAD, PAUSE, SIGNS };

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[SHORTEST] > option[LENGTH])
    return LAT_FAIL(LAT_INPUT, "task lis: shortest = %lld is more than length = %lld; lower it, or 0 for always `length`",
                    (long long)option[SHORTEST], (long long)option[LENGTH]);
  if (option[VALUES] < option[LENGTH])
    return LAT_FAIL(LAT_INPUT,
                    "task lis: %lld values are too few for an increasing run of length = %lld; give values=%lld or more",
                    (long long)option[VALUES], (long long)option[LENGTH], (long long)option[LENGTH]);
  size_t n = (size_t)option[LENGTH];
  *shape = (struct lat_task_shape){
      .fields = 1, .vocabulary = n + 1 + SIGNS + (size_t)option[VALUES], .classes = n + 1, .levels = n + 1};
  lat_layout_shape(setting->supervision, n + 1, n, 1, shape);
  return LAT_OK;
}

/* A sorted random choice of `count` of 0 .. values-1 into run: each value is taken with the right chance in turn (Knuth
 * 1969, 3.4.2 S). */
static void sorted_choice(struct lat_random *random, size_t values, size_t count, int32_t *run) {
  for (size_t v = 0; count > 0; v++)
    if (lat_random_below(random, values - v) < count) *run++ = (int32_t)v, count--;
}

static void draw(struct lat_random *random, size_t n, size_t values, int32_t *number) {
  size_t m = 1 + (size_t)lat_random_below(random, n), runs = 1 + (size_t)lat_random_below(random, 3);
  size_t cut[2] = {m, m};
  for (size_t i = 0; i + 1 < runs; i++) cut[i] = (size_t)lat_random_below(random, m + 1);
  if (cut[0] > cut[1]) {
    size_t swap = cut[0];
    cut[0] = cut[1], cut[1] = swap;
  }
  int32_t planted[MOST], place[MOST];
  sorted_choice(random, values, cut[0], planted);
  sorted_choice(random, values, cut[1] - cut[0], planted + cut[0]);
  sorted_choice(random, values, m - cut[1], planted + cut[1]);
  sorted_choice(random, n, m, place);
  for (size_t i = 0; i < n; i++) number[i] = (int32_t)lat_random_below(random, values);
  for (size_t i = 0; i < m; i++) number[place[i]] = planted[i];
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t shortest = option[SHORTEST] > 0 ? option[SHORTEST] : option[LENGTH];
  size_t n = (size_t)shortest + (size_t)lat_random_below(random, (uint64_t)(option[LENGTH] - shortest + 1));
  assert(n >= 1 && n <= MOST);
  int32_t number[MOST], longest[MOST], answer = 0, signs = (int32_t)option[LENGTH] + 1;
  draw(random, n, (size_t)option[VALUES], number);
  for (size_t i = 0; i < n; i++) {
    longest[i] = 1;
    for (size_t j = 0; j < i; j++)
      if (number[j] < number[i] && longest[j] >= longest[i]) longest[i] = longest[j] + 1;
    if (longest[i] > answer) answer = longest[i];
  }
  struct lat_layout layout;
  lat_layout_start(&layout, setting, n + 1, (size_t)option[LENGTH] + 1, signs + PAD, signs + PAUSE, example);
  for (size_t i = 0; i < n; i++) {
    lat_layout_token(&layout, signs + SIGNS + number[i]);
    lat_layout_dense(&layout, longest[i], (int32_t)i + 1);
  }
  lat_layout_token(&layout, signs + EQUALS);
  for (size_t i = 0; i < n; i++) lat_layout_trace(&layout, longest[i]);
  lat_layout_answer(&layout, answer, (int32_t)n);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[LENGTH] - 1;
  (void)field;
  if (place < 0 || place >= SIGNS)
    snprintf(text, 16, "%d", place < 0 ? token : place - SIGNS);
  else
    snprintf(text, 16, "%c", "=._"[place]);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_lis = {
    .name = "lis",
    .help =
        "the length of the longest increasing subsequence; dense: below every number, of those that end with it; level: "
        "numbers so far",
    .source = "Feng et al. 2023",
    .options = options,
    .difficulty = "length",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
