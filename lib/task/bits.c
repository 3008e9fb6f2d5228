/* Random bits, asked for where they stand: what goes through a narrow place between reading and answering is measured in them. */
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { LENGTH, ASKED };
enum { MOST = 4096 };

static const struct lat_task_option options[] = {
    {"length", "bits", NULL, 1, MOST, 16}, {"asked", "how many of them, the first ones; 0: all", NULL, 0, MOST, 0}, {0}};

static int bits_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[ASKED] > option[LENGTH])
    return LAT_FAIL(LAT_INPUT, "task bits: asked = %lld is more than length = %lld; lower it, or 0 for all",
                    (long long)option[ASKED], (long long)option[LENGTH]);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = 2,
                                   .classes = 2,
                                   .sequence = (size_t)option[LENGTH],
                                   .levels = (size_t)option[LENGTH] + 1,
                                   .prompt = (size_t)option[LENGTH]};
  return LAT_OK;
}

static void bits_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t asked = option[ASKED] > 0 ? option[ASKED] : option[LENGTH];
  uint32_t word = 0;
  for (int64_t i = 0; i < option[LENGTH]; i++, word >>= 1) {
    if (i % 32 == 0) word = lat_random_u32(random);
    example->token[i] = (int32_t)(word & 1);
    example->target[i] = i < asked ? example->token[i] : -1;
    example->level[i] = i < asked ? (int32_t)i + 1 : 0;
  }
}

const struct lat_task lat_task_bits = {
    "bits",         "independent fair bits, asked for where they stand; level: which one",
    "this project", options,
    "length",       1u << LAT_SUPERVISE_DENSE,
    bits_shape,     bits_make,
    NULL,           NULL};
