#include "lib/task/prefix.h"

static int longer(enum lat_supervision supervision) {
  return supervision == LAT_SUPERVISE_HINT || supervision == LAT_SUPERVISE_TRACE;
}

void lat_prefix_shape(size_t length, size_t values, enum lat_supervision supervision, struct lat_task_shape *shape) {
  size_t sequence = longer(supervision) ? 2 * length : length;
  size_t prompt = supervision == LAT_SUPERVISE_TRACE ? length + 1 : length;
  *shape = (struct lat_task_shape){1, values + 1, values, sequence, length + 1, prompt, 0};
}

void lat_prefix_lay(size_t length, size_t values, enum lat_supervision supervision, struct lat_example *example) {
  int32_t *token = example->token, *target = example->target, *level = example->level, mark = (int32_t)values;
  int behind = longer(supervision);
  for (size_t i = 0; i < length; i++) {
    int last = i == length - 1;
    if (behind) {
      token[length + i] = i > 0 && supervision == LAT_SUPERVISE_TRACE ? target[i - 1] : mark;
      target[length + i] = target[i];
      level[length + i] = last ? (int32_t)length : 0;
    }
    level[i] = !behind && (last || supervision == LAT_SUPERVISE_DENSE) ? (int32_t)i + 1 : 0;
  }
  for (size_t i = 0; i < length; i++)
    if (!level[i]) target[i] = -1;
}
