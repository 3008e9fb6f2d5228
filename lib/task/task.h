/* Tasks to train on: one table, one file a task, one form of example.
 *
 * An example is a sequence of S positions. Each position has `fields` tokens (one, but for tasks whose tokens name other tokens)
 * and a target class, or -1 where nothing is asked. The model's answer at position i is held to target[i]: nothing is shifted
 * on the way. Every example is a function of (setting, seed, purpose, index): "train", "validation" and "test" never share one by
 * their indices, and neither order nor threads nor shards change one. */
#ifndef LAT_TASK_TASK_H
#define LAT_TASK_TASK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/base/random.h"
#include "lib/task/thinking.h"

/* What is asked of the model. */
enum lat_supervision {
  LAT_SUPERVISE_ANSWER, /* the final answer only */
  LAT_SUPERVISE_DENSE,  /* every intermediate value where it stands in the sequence (gates, prefixes): scored too */
  LAT_SUPERVISE_HINT, /* places behind the input whose targets are the trace, but whose inputs are a pause token (Li et al. 2024) */
  LAT_SUPERVISE_TRACE /* chain of thought: the trace is input and target; made token by token at test (Wei et al. 2022). Class c
                       * is written as token c, in every field */
};

struct lat_task_shape {
  size_t fields;     /* tokens a position, >= 1 */
  size_t vocabulary; /* tokens are 0 .. V-1, all fields in one numbering */
  size_t classes;    /* targets are 0 .. classes-1 */
  size_t sequence;   /* S */
  size_t levels;     /* levels are 0 .. levels-1 */
  size_t
      prompt; /* the first `prompt` positions are given, the others are made by the model in HINT (nothing to make: pauses)
                      * and TRACE; S otherwise */
  int sets;   /* some targets are sets of classes, which are 64 at most */
};

/* The caller's memory. */
struct lat_example {
  int32_t *token;  /* [S fields] */
  int32_t *target; /* [S], -1: nothing asked */
  int32_t *
      level; /* [S] difficulty of what is asked (a gate's level, a prefix's length, hops), >= 1; 0: asked but not scored (the
                    * trace), and where nothing is asked */
  uint64_t *set; /* [S] or NULL: bit c: class c is right too, `target` being one of them; 0: the target alone */
};

struct lat_task_option {
  const char *name, *help;
  const char *names;               /* NULL, or the values' names separated by '|': the value is the place, from 0 */
  int64_t minimum, maximum, value; /* value: unless told otherwise */
};

enum { LAT_TASK_OPTIONS = 8 };

struct lat_task;
struct lat_task_setting {
  const struct lat_task *task;
  int64_t option[LAT_TASK_OPTIONS]; /* in the order of the task's options */
  enum lat_supervision supervision;
  struct lat_thinking thinking; /* all 0: none; not part of the text that lat_task_parse reads */
};

struct lat_task {
  const char *name, *help, *source;      /* source: author, year */
  const struct lat_task_option *options; /* ended by {0}; at most LAT_TASK_OPTIONS */
  const char *difficulty;                /* the option that makes it harder */
  unsigned supervision;                  /* 1 << LAT_SUPERVISE_... of what it offers */
  /* LAT_INPUT with a sentence for options that do not go together. */
  int (*shape)(const struct lat_task_setting *setting, struct lat_task_shape *shape);
  /* Fills every position. Cannot fail for a setting whose shape is fine; takes what it needs from the stack or bounded tables. */
  void (*make)(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example);
  /* One token, or one class, as a person reads it, into text[16]. NULL: the number. */
  void (*token_text)(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]);
  void (*class_text)(const struct lat_task_setting *setting, int32_t class, char text[16]);
};

/* All tasks, ended by NULL (lib/task/table.c). */
extern const struct lat_task *const lat_tasks[];

/* "NAME[:KEY=VALUE]...", e.g. "words:group=s3:length=8:supervision=dense"; what is not named is the option's own value, supervision is
 * the first that the task offers in the order dense, answer, hint, trace. LAT_INPUT with what is allowed; shape is asked too. */
int lat_task_parse(const char *text, struct lat_task_setting *setting);
/* Changes one option of a parsed setting; `key` may be "difficulty". LAT_INPUT as above; the setting is then unchanged. */
int lat_task_set(struct lat_task_setting *setting, const char *key, int64_t value);
/* The option's value; the name must be there (assert). */
int64_t lat_task_option(const struct lat_task_setting *setting, const char *key);
const char *lat_supervision_name(enum lat_supervision supervision); /* "answer" "dense" "hint" "trace" */

int lat_task_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape);
/* Starts the random numbers of example `index` of the stream (seed, purpose). */
void lat_task_stream(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, uint64_t index,
                     struct lat_random *random);
/* Example `index` of the stream (seed, purpose). */
void lat_task_make(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, uint64_t index,
                   struct lat_example *example);

/* What is reached without understanding, on `examples` examples of "test" after counting on as many of "train", over scored
 * positions (level >= 1): accuracy overall and by level. All NaN when nothing is scored. */
struct lat_baseline {
  double chance;       /* 1 / number of classes that occur */
  double majority;     /* the commonest class of all */
  double position;     /* the commonest class at this position */
  double ngram;        /* the best of: the commonest class after the last n = 1, 2, 3 positions' tokens (up to and with this
                        * one, fewer at the start), falling back to n - 1 where unseen; all fields or the first alone */
  size_t ngram_n;      /* which n */
  size_t ngram_fields; /* how many fields: all or 1 */
  double exact;        /* the best of the above at having a whole example right */
};
/* by_level [levels] (may be NULL) gets the best of the four at each level, NaN where nothing is asked. LAT_INPUT for 0 examples,
 * LAT_MEMORY. In TRACE the true trace is read, as in training. */
int lat_task_baseline(const struct lat_task_setting *setting, uint64_t seed, size_t examples, struct lat_baseline *baseline,
                      double *by_level);

#endif
