/* What stands where a chain of thought would stand: nothing, pauses, or places for thoughts, by stages.
 *
 * A task with a trace (LAT_SUPERVISE_TRACE) gives the tokens q_1 .. q_P, s_1 .. s_K and asks s_1 .. s_K, a: position P
 * asks s_1, position P + t asks s_(t+1), the last one the answer a. A setting with `slots` n or `removed` r changes what is
 * told, not what is true:
 *
 *   q_1 .. q_P, n slots, s_(r+1) .. s_K        asks s_(r+1) at the last slot (or at q_P when n = 0), then as before
 *
 * so r = 0, n = 0 is chain of thought; r by stages with n = 0 removes steps (iCoT: Deng et al. 2024); r = K, n = 0 is no
 * chain of thought; r = K, n > 0 with one learned token is pauses (Goyal et al. 2024), with a token for each slot a soft prompt,
 * and with the last state fed back a continuous thought (Hao et al. 2024): what a slot holds is the learner's
 * (lib/train/thinker.h), for the example it is a token like any other. Which steps are asked where slots stand is `labels`.
 *
 * Slots are numbered V, V + 1, .. V + tokens - 1 and again from V, V being the task's own vocabulary. */
#ifndef LAT_TASK_THINKING_H
#define LAT_TASK_THINKING_H

#include <stddef.h>

enum lat_labels {
  LAT_LABELS_ALL,  /* the steps that were removed too: step t at slot floor((t - 1) n / r), counted from q_P as 0, n >= r */
  LAT_LABELS_REST, /* the remaining steps and the answer (Hao et al. 2024) */
  LAT_LABELS_NEXT, /* what comes right behind the slots, alone (Zhu et al. 2025) */
  LAT_LABELS_REACHED, /* the removed steps and the one behind them; what comes later is not told either: the example ends at the last
                       * slot (or at q_P) */
  LAT_LABELS_ANSWER /* the answer alone */
};
enum { LAT_LABELS = LAT_LABELS_ANSWER + 1, LAT_THINKING_MOST = 16384 };
const char *lat_labels_name(enum lat_labels labels); /* "all" "rest" "next" "reached" "answer" */

/* All 0: the task as it is. */
struct lat_thinking {
  size_t
      tokens; /* slot tokens in the vocabulary; 0: no thinking, and all the rest is 0. The same in every stage of a fit. */
  size_t slots;   /* n */
  size_t removed; /* r <= K */
  int before;     /* the slots stand before q_1; nothing is asked at them (labels may not be ALL or REACHED) */
  enum lat_labels labels;
};

struct lat_task_setting;
struct lat_task_shape;
struct lat_example;

/* Changes the shape that the task gave: vocabulary, sequence, prompt (the slots are part of it). LAT_INPUT when it has no trace or
 * not as many steps, when n < r under ALL or REACHED, and when the example is longer than LAT_THINKING_MOST tokens. */
int lat_thinking_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape);
/* Lays `own` (of shape `shape`, the task's own) out anew. */
void lat_thinking_lay(const struct lat_thinking *thinking, const struct lat_task_shape *shape,
                      const struct lat_example *own, struct lat_example *example);

#endif
