/* The languages L_k: strings of k alternating blocks a..ab..ba..a.. that begin with a. Counting languages that need one more layer of
 * a transformer without positions for each further block.
 *
 * A string of n letters has its k - 1 switches at different places, drawn uniformly out of n - 1. Asked at every letter: is the string
 * up to here in L_k (1 from the last switch on)? The level is the number of the letter's block, 1 .. k. */
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { BLOCKS, LENGTH };
enum { BEGIN = 2, MOST_LETTERS = 4096 };

static const struct lat_task_option options[] = {
    {"k", "alternating blocks", NULL, 2, 64, 4}, {"length", "letters of the string", NULL, 2, MOST_LETTERS, 40}, {0}};

static int crasp_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  size_t k = (size_t)setting->option[BLOCKS], n = (size_t)setting->option[LENGTH];
  if (k > n) return LAT_FAIL(LAT_INPUT, "task crasp: %zu blocks do not fit into a string of length %zu", k, n);
  *shape = (struct lat_task_shape){1, 3, 2, n + 1, k + 1, n + 1, 0};
  return LAT_OK;
}

static void crasp_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  size_t k = (size_t)setting->option[BLOCKS], n = (size_t)setting->option[LENGTH], wanted = k - 1;
  int32_t block = 1;
  example->token[0] = BEGIN, example->target[0] = -1, example->level[0] = 0;
  for (size_t i = 0; i < n; i++) {
    /* One of the places that are left switches with the chance wanted / left: every choice of k - 1 places is equally likely. */
    if (i > 0 && lat_random_below(random, n - i) < wanted) {
      block++;
      wanted--;
    }
    example->token[i + 1] = (block - 1) % 2;
    example->target[i + 1] = block == (int32_t)k;
    example->level[i + 1] = block;
  }
}

static void crasp_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  (void)setting, (void)field;
  snprintf(text, 16, "%s", token == BEGIN ? "^" : token ? "b" : "a");
}

const struct lat_task lat_task_crasp = {
    "crasp",
    "is the string so far made of exactly k alternating blocks; level: the number of the block",
    "Yang, Cadilhac and Chiang 2025 (C-RASP depth hierarchy)",
    options,
    "k",
    1u << LAT_SUPERVISE_DENSE,
    crasp_shape,
    crasp_make,
    crasp_text,
    NULL};
