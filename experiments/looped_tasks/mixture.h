/* What is trained on and tested: a task at its greatest difficulty, and mixed with all smaller ones. */
#ifndef LAT_EXPERIMENTS_LOOPED_TASKS_MIXTURE_H
#define LAT_EXPERIMENTS_LOOPED_TASKS_MIXTURE_H

#include "lib/task/task.h"

enum { MOST_SETTINGS = 65 };

/* setting[0] has the greatest difficulty only. A task that mixes by itself (option `fewest` or `draw`) has that mixture as setting[1],
 * so every other batch is of the greatest difficulty; else there is one setting for each difficulty. From setting[whole] on, each
 * difficulty is there once. */
struct lat_mixture {
  size_t count, whole;
  struct lat_task_setting setting[MOST_SETTINGS];
};

/* From the task's text, which names the greatest difficulty; the smallest one is the task's own. LAT_INPUT with a sentence. */
int lat_mixture_make(const char *task, struct lat_mixture *mixture);

#endif
