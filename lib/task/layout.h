/* Where prompt, trace and answer stand in an example, the same for all tasks that answer a question after its end.
 *
 *   prompt:  p_0 ... p_(P-1)              P positions; the last one is the task's own end sign, e.g. "="
 *   output:  y_0 ... y_(R+A-1)            the trace (R classes), then the answer (A classes)
 *
 * Output k is asked for at position P - 1 + k. The token at position P + k is class k itself (TRACE) or a pause (all
 * others): a class's token has the class's number, so tasks number their tokens from the classes upwards. ANSWER and DENSE
 * have no trace; S = P + A - 1 for them and P + R + A - 1 for HINT and TRACE. Examples shorter than the shape are padded in
 * front of the prompt, so that the output always begins at the same place, and behind the answer when the trace is shorter
 * than R. */
#ifndef LAT_TASK_LAYOUT_H
#define LAT_TASK_LAYOUT_H

#include "lib/task/task.h"

/* Sets sequence and prompt. */
void lat_layout_shape(enum lat_supervision supervision, size_t prompt, size_t trace, size_t answer,
                      struct lat_task_shape *shape);

struct lat_layout {
  struct lat_example *example;
  enum lat_supervision supervision;
  size_t sequence, at; /* positions, positions filled */
  int32_t pad, pause, pending;
};

/* Begins an example of one token a position (a task of more fields copies it) whose prompt takes `prompt` of at most `prompt_most` positions: pads the front.
 * */
void lat_layout_start(struct lat_layout *layout, const struct lat_task_setting *setting, size_t prompt, size_t prompt_most,
                      int32_t pad, int32_t pause, struct lat_example *example);
/* The prompt's next token; with DENSE supervision lat_layout_dense then asks for a class there. */
void lat_layout_token(struct lat_layout *layout, int32_t token);
void lat_layout_dense(struct lat_layout *layout, int32_t class, int32_t level);
/* The next class of the trace (skipped by ANSWER and DENSE) and of the answer. */
void lat_layout_trace(struct lat_layout *layout, int32_t class);
void lat_layout_answer(struct lat_layout *layout, int32_t class, int32_t level);
/* Pads what is left. */
void lat_layout_finish(struct lat_layout *layout);

#endif
