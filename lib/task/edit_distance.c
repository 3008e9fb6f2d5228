/* The least cost of turning one string into another: insert 2, delete 2, replace 3 (Feng et al. 2023, section 5).
 *
 *   a b c | a c =  0 2 , 2 3 , 4 2 ,  2
 *
 * The first string has n letters, the second n - slack .. n + slack but at least 1. An example uses u of the 26 letters, u
 * uniform in 3 .. letters (all of them when there are fewer). With chance .4 the second string is random, of random length;
 * else it is the first one after 1 .. n random edits of the three kinds. The trace is the table of the dynamic programme,
 * row by row, without its first row and column, each row ended by ",": D(i, j) is the cost for the first i and j letters.
 * Dense: below the second string the last row, D(n, j). The level is the number of the second string's letters, j there. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { LENGTH, SLACK, LETTERS };
enum { MOST = 48, MOST_SLACK = 8, WIDE = MOST + MOST_SLACK, ALPHABET = 26 };
enum { CHANGE = 2, REPLACE = 3 };
static const struct lat_task_option options[] = {
    {"length", "letters of the first string", NULL, 1, MOST, 8},
    {"slack", "how much longer or shorter the second may be", NULL, 0, MOST_SLACK, 2},
    {"letters", "different letters of an example, at most", NULL, 2, ALPHABET, 10},
    {0}};

/* The largest cost: replace what can be, change the rest. */
static size_t costs(const struct lat_task_setting *setting) {
  return (size_t)(REPLACE * setting->option[LENGTH] + CHANGE * setting->option[SLACK]) + 1;
}

/* Tokens: the costs and "," are classes; then | = pad pause, then the letters. */
enum { COMMA, BAR, EQUALS, PAD, PAUSE, SIGNS };

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  size_t n = (size_t)setting->option[LENGTH], most = n + (size_t)setting->option[SLACK];
  *shape = (struct lat_task_shape){
      .fields = 1, .vocabulary = costs(setting) + SIGNS + ALPHABET, .classes = costs(setting) + 1, .levels = most + 1};
  lat_layout_shape(setting->supervision, n + most + 2, n * (most + 1), 1, shape);
  return LAT_OK;
}

static size_t below(struct lat_random *random, size_t bound) { return (size_t)lat_random_below(random, bound); }

/* One edit of a random kind, a replacement where the length may not change that way. */
static void edit(struct lat_random *random, const uint32_t *letter, size_t used, size_t least, size_t most, int32_t *b,
                 size_t *length) {
  size_t kind = below(random, 3), at;
  if (kind == 0 && *length > least) {
    at = below(random, *length);
    memmove(b + at, b + at + 1, (*length - at - 1) * sizeof *b);
    (*length)--;
  } else if (kind == 1 && *length < most) {
    at = below(random, *length + 1);
    memmove(b + at + 1, b + at, (*length - at) * sizeof *b);
    b[at] = (int32_t)letter[below(random, used)];
    (*length)++;
  } else {
    b[below(random, *length)] = (int32_t)letter[below(random, used)];
  }
}

/* Gives the second string's length. */
static size_t draw(const struct lat_task_setting *setting, struct lat_random *random, int32_t *a, int32_t *b) {
  size_t n = (size_t)setting->option[LENGTH], slack = (size_t)setting->option[SLACK];
  size_t letters = (size_t)setting->option[LETTERS], used = letters > 3 ? 3 + below(random, letters - 2) : letters;
  size_t least = n > slack ? n - slack : 1, most = n + slack, length = n;
  uint32_t letter[ALPHABET];
  lat_random_permutation(random, letter, ALPHABET);
  for (size_t i = 0; i < n; i++) a[i] = (int32_t)letter[below(random, used)];
  if (lat_random_uniform(random) < 0.4) {
    length = least + below(random, most - least + 1);
    for (size_t j = 0; j < length; j++) b[j] = (int32_t)letter[below(random, used)];
  } else {
    memcpy(b, a, n * sizeof *a);
    for (size_t edits = 1 + below(random, n); edits > 0; edits--) edit(random, letter, used, least, most, b, &length);
  }
  return length;
}

static int32_t smaller(int32_t a, int32_t b) { return a < b ? a : b; }

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  size_t n = (size_t)setting->option[LENGTH], most = n + (size_t)setting->option[SLACK];
  int32_t a[MOST], b[WIDE], cost[MOST + 1][WIDE + 1], signs = (int32_t)costs(setting);
  assert(n <= MOST && most <= WIDE);
  size_t length = draw(setting, random, a, b);
  for (size_t j = 0; j <= length; j++) cost[0][j] = CHANGE * (int32_t)j;
  for (size_t i = 1; i <= n; i++) {
    cost[i][0] = CHANGE * (int32_t)i;
    for (size_t j = 1; j <= length; j++)
      cost[i][j] = smaller(smaller(cost[i - 1][j], cost[i][j - 1]) + CHANGE,
                           cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : REPLACE));
  }
  struct lat_layout layout;
  lat_layout_start(&layout, setting, n + length + 2, n + most + 2, signs + PAD, signs + PAUSE, example);
  for (size_t i = 0; i < n; i++) lat_layout_token(&layout, signs + SIGNS + a[i]);
  lat_layout_token(&layout, signs + BAR);
  for (size_t j = 1; j <= length; j++) {
    lat_layout_token(&layout, signs + SIGNS + b[j - 1]);
    lat_layout_dense(&layout, cost[n][j], (int32_t)j);
  }
  lat_layout_token(&layout, signs + EQUALS);
  for (size_t i = 1; i <= n; i++) {
    for (size_t j = 1; j <= length; j++) lat_layout_trace(&layout, cost[i][j]);
    lat_layout_trace(&layout, signs + COMMA);
  }
  lat_layout_answer(&layout, cost[n][length], (int32_t)length);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)costs(setting);
  (void)field;
  if (place < 0)
    snprintf(text, 16, "%d", token);
  else
    snprintf(text, 16, "%c", place < SIGNS ? ",|=._"[place] : 'a' + place - SIGNS);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_edit_distance = {
    .name = "edit_distance",
    .help =
        "the least cost of turning one string into another; dense: below the second string the table's last row; level: "
        "letters of the second string so far",
    .source = "Feng et al. 2023",
    .options = options,
    .difficulty = "length",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
