#include "experiments/looped_tasks/mixture.h"

#include <string.h>

#include "lib/base/status.h"

static const struct lat_task_option *find(const struct lat_task *task, const char *name) {
  const struct lat_task_option *option = task->options;
  while (option->name != NULL && strcmp(option->name, name) != 0) option++;
  return option->name != NULL ? option : NULL;
}

int lat_mixture_make(const char *task, struct lat_mixture *mixture) {
  struct lat_task_setting top;
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse(task, &top));
  const struct lat_task_option *fewest = find(top.task, "fewest"), *draw = find(top.task, "draw");
  int64_t most = lat_task_option(&top, top.task->difficulty), least = find(top.task, top.task->difficulty)->minimum;
  if (fewest != NULL) least = fewest->value;
  LAT_CHECK(status, most >= least && most - least < MOST_SETTINGS, LAT_INPUT,
            "task '%s': its difficulty (%s) is %lld, and one from %lld to %lld is wanted", task, top.task->difficulty,
            (long long)most, (long long)least, (long long)least + MOST_SETTINGS - 1);
  mixture->whole = fewest != NULL || draw != NULL;
  mixture->count = mixture->whole ? 2 : (size_t)(most - least) + 1;
  for (size_t i = 0; i < mixture->count; i++) {
    struct lat_task_setting *setting = &mixture->setting[i];
    *setting = top;
    if (fewest != NULL)
      LAT_TRY(status, lat_task_set(setting, "fewest", i == 0 ? most : least));
    else if (draw != NULL)
      LAT_TRY(status, lat_task_set(setting, "draw", i == 0 ? draw->maximum : draw->minimum)); /* fixed, mixed */
    else
      LAT_TRY(status, lat_task_set(setting, "difficulty", most - (int64_t)i));
  }
done:
  return status;
}
