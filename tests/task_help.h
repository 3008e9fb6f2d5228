/* Tasks that are laid out as prompt, trace, answer: settings, examples, and what all of them promise. */
#ifndef LAT_TESTS_TASK_HELP_H
#define LAT_TESTS_TASK_HELP_H

#include "lib/task/task.h"

struct task_pair {
  const char *name;
  int64_t value;
};

enum { TASK_MOST = 8192 };
struct task_sample {
  struct lat_task_shape shape;
  int32_t token[TASK_MOST], target[TASK_MOST], level[TASK_MOST];
};

/* The task's own values but for `pairs`, ended by {0} or NULL. */
struct lat_task_setting task_setting(const struct lat_task *task, enum lat_supervision supervision,
                                     const struct task_pair *pairs);
/* Example `index` of the stream (seed, "test"). */
void task_draw(const struct lat_task_setting *setting, uint64_t seed, uint64_t index, struct task_sample *sample);
/* Texts of tokens from..to-1, or of what is asked there, one behind another with `between` in between; what is shown as "."
 * or "_" and places where nothing is asked are left out. */
void task_read_tokens(const struct lat_task_setting *setting, const struct task_sample *sample, size_t from, size_t to,
                      const char *between, char *text, size_t capacity);
/* ... of targets whose level is 0 (scored = 0) or not (scored = 1). */
void task_read_targets(const struct lat_task_setting *setting, const struct task_sample *sample, size_t from, int scored,
                       const char *between, char *text, size_t capacity);
/* The prompt's length P: also for supervisions whose shape calls everything given. */
size_t task_prompt(const struct lat_task_setting *setting);

/* Fails the test unless, for every supervision that the task offers: all is written, nothing behind the end, and within the
 * shape; the same index gives the same example and another one a different one; at least one position is scored in each;
 * the prompt is the same for all supervisions, and the answers are; a trace's tokens are its own targets one place later;
 * hints ask for the trace and show pauses only. */
void task_keeps_its_promises(const struct lat_task *task, const struct task_pair *pairs);
/* Fails the test unless the shape is refused with one sentence in which `word` occurs. */
void task_is_refused(const struct lat_task *task, const struct task_pair *pairs, const char *word);

#endif
