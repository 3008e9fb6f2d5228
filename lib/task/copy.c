/* Copy and reverse: n symbols, then the same again, forwards or backwards (Dehghani et al. 2019, section 3.3).
 *
 *   3 1 4 1 5 =  3 1 4 1 5   or   5 1 4 1 3
 *
 * n is uniform in shortest .. length, symbols are uniform. There are no steps to a symbol but the symbol itself: TRACE
 * makes the answer token by token, and DENSE or HINT would say no more than ANSWER. The level is n. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { LENGTH, SHORTEST, SYMBOLS };
enum { MOST = 1024 };
static const struct lat_task_option options[] = {{"length", "symbols, at most", NULL, 1, MOST, 10},
                                                 {"shortest", "symbols, at least; 0: always `length`", NULL, 0, MOST, 1},
                                                 {"symbols", "different ones", NULL, 2, 36, 10},
                                                 {0}};

/* Tokens: the symbols are classes; then = pad pause. */
enum { EQUALS, PAD, PAUSE, SIGNS };

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[SHORTEST] > option[LENGTH])
    return LAT_FAIL(LAT_INPUT, "task %s: shortest = %lld is more than length = %lld; lower it, or 0 for always `length`",
                    setting->task->name, (long long)option[SHORTEST], (long long)option[LENGTH]);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = (size_t)option[SYMBOLS] + SIGNS,
                                   .classes = (size_t)option[SYMBOLS],
                                   .levels = (size_t)option[LENGTH] + 1};
  lat_layout_shape(setting->supervision, (size_t)option[LENGTH] + 1, 0, (size_t)option[LENGTH], shape);
  return LAT_OK;
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example,
                 int backwards) {
  const int64_t *option = setting->option;
  int64_t shortest = option[SHORTEST] > 0 ? option[SHORTEST] : option[LENGTH];
  size_t n = (size_t)shortest + (size_t)lat_random_below(random, (uint64_t)(option[LENGTH] - shortest + 1));
  int32_t symbol[MOST], signs = (int32_t)option[SYMBOLS];
  assert(n >= 1 && n <= MOST);
  struct lat_layout layout;
  lat_layout_start(&layout, setting, n + 1, (size_t)option[LENGTH] + 1, signs + PAD, signs + PAUSE, example);
  for (size_t i = 0; i < n; i++) {
    symbol[i] = (int32_t)lat_random_below(random, (uint64_t)option[SYMBOLS]);
    lat_layout_token(&layout, symbol[i]);
  }
  lat_layout_token(&layout, signs + EQUALS);
  for (size_t i = 0; i < n; i++) lat_layout_answer(&layout, symbol[backwards ? n - 1 - i : i], (int32_t)n);
  lat_layout_finish(&layout);
}

static void make_copy(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  make(setting, random, example, 0);
}

static void make_reverse(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  make(setting, random, example, 1);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[SYMBOLS];
  (void)field;
  snprintf(text, 16, "%c", place >= 0 ? "=._"[place] : token < 10 ? '0' + token : 'a' + token - 10);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_copy = {.name = "copy",
                                       .help = "the symbols once more; level: how many there are",
                                       .source = "Dehghani et al. 2019",
                                       .options = options,
                                       .difficulty = "length",
                                       .supervision = 1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_TRACE,
                                       .shape = shape_of,
                                       .make = make_copy,
                                       .token_text = token_text,
                                       .class_text = class_text};

const struct lat_task lat_task_reverse = {.name = "reverse",
                                          .help = "the symbols once more, last first; level: how many there are",
                                          .source = "Dehghani et al. 2019",
                                          .options = options,
                                          .difficulty = "length",
                                          .supervision = 1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_TRACE,
                                          .shape = shape_of,
                                          .make = make_reverse,
                                          .token_text = token_text,
                                          .class_text = class_text};
