/* Parity of uniformly drawn bits, and the parities of all prefixes. */
#include <stdio.h>

#include "lib/task/prefix.h"
#include "lib/task/tasks.h"

enum { LENGTH };

static const struct lat_task_option options[] = {{"length", "bits", NULL, 1, 4096, 16}, {0}};

static int parity_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  lat_prefix_shape((size_t)setting->option[LENGTH], 2, setting->supervision, shape);
  return 0;
}

static void parity_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  size_t length = (size_t)setting->option[LENGTH];
  uint32_t bits = 0;
  int32_t running = 0;
  for (size_t i = 0; i < length; i++, bits >>= 1) {
    if (i % 32 == 0) bits = lat_random_u32(random);
    example->token[i] = (int32_t)(bits & 1);
    example->target[i] = running ^= example->token[i];
  }
  lat_prefix_lay(length, 2, setting->supervision, example);
}

static void parity_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  (void)field;
  snprintf(text, 16, "%s", token == 0 ? "0" : token == 1 ? "1" : setting->supervision == LAT_SUPERVISE_TRACE ? "=" : ".");
}

const struct lat_task lat_task_parity = {
    "parity",
    "parities of the prefixes of a string of bits; level: bits read",
    "Minsky and Papert 1969; with a trace Wies, Levine and Shashua 2023",
    options,
    "length",
    1u << LAT_SUPERVISE_ANSWER | 1u << LAT_SUPERVISE_DENSE | 1u << LAT_SUPERVISE_HINT | 1u << LAT_SUPERVISE_TRACE,
    parity_shape,
    parity_make,
    parity_text,
    NULL};
