/* Text of a stated source with exact entropy: letters of which each is followed by one of a few others.
 *
 * The first letter is uniform on V; behind letter a comes (3 a + 1 + j) mod V with j uniform on 0 .. s - 1, s being the number of
 * successors. For V no multiple of 3 every letter has s different successors and s different predecessors, so each place is uniform on V,
 * and a text of N letters has log2 V + (N - 1) log2 s bits; s = V: independent letters. The first token is a start sign. */
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { LENGTH, LETTERS, SUCCESSORS };
enum { MOST_LENGTH = 4096, MOST_LETTERS = 64 };

static const struct lat_task_option options[] = {
    {"length", "letters of the text", NULL, 1, MOST_LENGTH, 32},
    {"letters", "size of the alphabet, no multiple of 3", NULL, 2, MOST_LETTERS, 26},
    {"successors", "letters that may follow one; 0: all, independent letters", NULL, 0, MOST_LETTERS, 4},
    {0}};

static int text_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  size_t length = (size_t)option[LENGTH];
  if (option[LETTERS] % 3 == 0)
    return LAT_FAIL(LAT_INPUT,
                    "task text: letters = %lld is a multiple of 3, for which successors would not be spread evenly",
                    (long long)option[LETTERS]);
  if (option[SUCCESSORS] > option[LETTERS])
    return LAT_FAIL(LAT_INPUT, "task text: successors = %lld is more than letters = %lld; lower it, or 0 for all",
                    (long long)option[SUCCESSORS], (long long)option[LETTERS]);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = (size_t)option[LETTERS] + 1,
                                   .classes = (size_t)option[LETTERS],
                                   .sequence = length,
                                   .levels = length + 1,
                                   .prompt = length};
  return LAT_OK;
}

static void text_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  uint64_t letters = (uint64_t)option[LETTERS],
           successors = option[SUCCESSORS] > 0 ? (uint64_t)option[SUCCESSORS] : letters;
  uint64_t letter = lat_random_below(random, letters);
  for (size_t i = 0; i < (size_t)option[LENGTH]; i++) {
    example->token[i] = i == 0 ? (int32_t)letters : example->target[i - 1];
    if (i > 0) letter = (3 * letter + 1 + lat_random_below(random, successors)) % letters;
    example->target[i] = (int32_t)letter;
    example->level[i] = (int32_t)i + 1;
  }
}

static void text_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  (void)field;
  if (token >= (int32_t)setting->option[LETTERS])
    snprintf(text, 16, "^");
  else if (token < 26)
    snprintf(text, 16, "%c", 'a' + token);
  else
    snprintf(text, 16, "%d", token);
}
static void text_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  text_text(setting, 0, class, text);
}

const struct lat_task lat_task_text = {"text",
                                       "the next letter of a text whose entropy is known; level: letters so far",
                                       "sources with exact entropy: Shannon 1948, section 7",
                                       options,
                                       "length",
                                       1u << LAT_SUPERVISE_DENSE,
                                       text_shape,
                                       text_make,
                                       text_text,
                                       text_class};
