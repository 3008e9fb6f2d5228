#include "lib/task/layout.h"

#include <assert.h>

static int has_trace(enum lat_supervision supervision) {
  return supervision == LAT_SUPERVISE_HINT || supervision == LAT_SUPERVISE_TRACE;
}

void lat_layout_shape(enum lat_supervision supervision, size_t prompt, size_t trace, size_t answer,
                      struct lat_task_shape *shape) {
  assert(prompt >= 1 && answer >= 1);
  shape->sequence = prompt + answer - 1 + (has_trace(supervision) ? trace : 0);
  shape->prompt = has_trace(supervision) ? prompt : shape->sequence;
}

static void put(struct lat_layout *layout, int32_t token) {
  assert(layout->at < layout->sequence);
  layout->example->token[layout->at] = token;
  layout->example->target[layout->at] = -1;
  layout->example->level[layout->at] = 0;
  layout->at++;
}

void lat_layout_start(struct lat_layout *layout, const struct lat_task_setting *setting, size_t prompt, size_t prompt_most,
                      int32_t pad, int32_t pause, struct lat_example *example) {
  struct lat_task_shape shape;
  int status = setting->task->shape(setting, &shape);
  assert(status == 0 && prompt <= prompt_most);
  (void)status;
  *layout = (struct lat_layout){.example = example,
                                .supervision = setting->supervision,
                                .sequence = shape.sequence,
                                .pad = pad,
                                .pause = pause,
                                .pending = -1};
  for (size_t i = prompt; i < prompt_most; i++) put(layout, pad);
}

void lat_layout_token(struct lat_layout *layout, int32_t token) { put(layout, token); }

static void ask(struct lat_layout *layout, int32_t class, int32_t level) {
  layout->example->target[layout->at - 1] = class;
  layout->example->level[layout->at - 1] = level;
}

void lat_layout_dense(struct lat_layout *layout, int32_t class, int32_t level) {
  if (layout->supervision == LAT_SUPERVISE_DENSE) ask(layout, class, level);
}

/* The token of an output is written when the next one needs a place: nothing is asked behind the last. */
static void output(struct lat_layout *layout, int32_t class, int32_t level) {
  if (layout->pending >= 0) put(layout, layout->pending);
  ask(layout, class, level);
  layout->pending = layout->supervision == LAT_SUPERVISE_TRACE ? class : layout->pause;
}

void lat_layout_trace(struct lat_layout *layout, int32_t class) {
  if (has_trace(layout->supervision)) output(layout, class, 0);
}

void lat_layout_answer(struct lat_layout *layout, int32_t class, int32_t level) {
  assert(level >= 1);
  output(layout, class, level);
}

void lat_layout_finish(struct lat_layout *layout) {
  while (layout->at < layout->sequence) put(layout, layout->pad);
}
