/* Words of group elements, drawn uniformly; the running products are asked. Group elements are numbered as in lib/base/group.h (0 is
 * the identity; "a, then b"), and multiplied here without its table: even and odd permutations lie in pairs in lexicographic order,
 * so the even one of rank r among the even ones has rank 2 r or 2 r + 1 among all. */
#include <stdio.h>

#include "lib/task/prefix.h"
#include "lib/task/tasks.h"

enum { GROUP, LENGTH };
enum { MOST_POINTS = 5 };

static const struct {
  char kind; /* cyclic, symmetric, alternating */
  int number, order;
} groups[] = {{'z', 2, 2},   {'z', 3, 3},   {'z', 5, 5},   {'z', 6, 6},   {'z', 7, 7},
              {'z', 12, 12}, {'z', 24, 24}, {'z', 60, 60}, {'z', 97, 97}, {'z', 120, 120},
              {'s', 3, 6},   {'s', 4, 24},  {'s', 5, 120}, {'a', 4, 12},  {'a', 5, 60}};
#define NAMES "z2|z3|z5|z6|z7|z12|z24|z60|z97|z120|s3|s4|s5|a4|a5"

static const struct lat_task_option options[] = {
    {"group", "whose elements are multiplied", NAMES, 0, sizeof groups / sizeof *groups - 1, 10},
    {"length", "letters of the word", NULL, 1, 4096, 8},
    {0}};

/* The permutation with this rank in lexicographic order. */
static void unrank(int rank, int points, int image[MOST_POINTS]) {
  int left[MOST_POINTS] = {0, 1, 2, 3, 4}, below = 1;
  for (int i = 2; i < points; i++) below *= i;
  for (int i = 0; i < points; i++) {
    int place = rank / below;
    rank %= below;
    image[i] = left[place];
    for (int j = place; j + 1 < points; j++) left[j] = left[j + 1];
    if (i + 1 < points) below /= points - 1 - i;
  }
}

/* Its rank, and whether it is odd. */
static int rank(const int image[MOST_POINTS], int points, int *odd) {
  int result = 0;
  *odd = 0;
  for (int i = 0; i < points; i++) {
    int smaller = 0;
    for (int j = i + 1; j < points; j++) smaller += image[j] < image[i];
    result = result * (points - i) + smaller;
    *odd ^= smaller & 1;
  }
  return result;
}

static void element(char kind, int points, int number, int image[MOST_POINTS]) {
  int odd;
  unrank(kind == 'a' ? 2 * number : number, points, image);
  if (kind == 'a' && (rank(image, points, &odd), odd)) unrank(2 * number + 1, points, image);
}

static int product(char kind, int number, int a, int b) {
  int first[MOST_POINTS] = {0}, then[MOST_POINTS] = {0}, both[MOST_POINTS] = {0}, odd;
  if (kind == 'z') return (a + b) % number;
  element(kind, number, a, first);
  element(kind, number, b, then);
  for (int i = 0; i < number; i++) both[i] = then[first[i]];
  int result = rank(both, number, &odd);
  return kind == 'a' ? result / 2 : result;
}

static int words_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  lat_prefix_shape((size_t)setting->option[LENGTH], (size_t)groups[setting->option[GROUP]].order, setting->supervision,
                   shape);
  return 0;
}

static void words_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  int64_t group = setting->option[GROUP];
  size_t length = (size_t)setting->option[LENGTH], order = (size_t)groups[group].order;
  int running = 0;
  for (size_t i = 0; i < length; i++) {
    int letter = (int)lat_random_below(random, order);
    example->token[i] = letter;
    example->target[i] = running = product(groups[group].kind, groups[group].number, running, letter);
  }
  lat_prefix_lay(length, order, setting->supervision, example);
}

/* Permutations by the images of 1, 2, ..; numbers for cyclic groups. */
static void words_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int64_t group = setting->option[GROUP];
  int image[MOST_POINTS];
  (void)field;
  if (token == groups[group].order) {
    snprintf(text, 16, "%s", setting->supervision == LAT_SUPERVISE_TRACE ? "=" : ".");
  } else if (groups[group].kind == 'z') {
    snprintf(text, 16, "%d", token);
  } else {
    element(groups[group].kind, groups[group].number, token, image);
    for (int i = 0; i < groups[group].number; i++) text[i] = (char)('1' + image[i]);
    text[groups[group].number] = '\0';
  }
}
static void words_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  words_text(setting, 0, class, text);
}

const struct lat_task lat_task_words = {
    "words",
    "running products of a word of group elements; level: letters multiplied",
    "word problem: Barrington 1989; Liu, Ash, Goel, Krishnamurthy and Zhang 2023; Merrill and Sabharwal 2024",
    options,
    "length",
    1u << LAT_SUPERVISE_ANSWER | 1u << LAT_SUPERVISE_DENSE | 1u << LAT_SUPERVISE_HINT | 1u << LAT_SUPERVISE_TRACE,
    words_shape,
    words_make,
    words_text,
    words_class};
