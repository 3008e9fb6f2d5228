/* A task's name and options as text, and the streams of examples. */
#include "lib/task/task.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/text.h"

enum { SUPERVISIONS = LAT_SUPERVISE_TRACE + 1 };

const char *lat_supervision_name(enum lat_supervision supervision) {
  static const char *const names[SUPERVISIONS] = {"answer", "dense", "hint", "trace"};
  return (unsigned)supervision < SUPERVISIONS ? names[supervision] : "?";
}

/* Lists for error messages: what does not fit is cut. */
struct list {
  char text[512];
  size_t length;
};

static void add(struct list *list, const char *word, size_t bytes) {
  if (list->length + bytes + 3 > sizeof list->text) return;
  list->length += (size_t)snprintf(list->text + list->length, sizeof list->text - list->length, "%s%.*s",
                                   list->length ? ", " : "", (int)bytes, word);
}

static struct list task_names(void) {
  struct list list = {0};
  for (size_t i = 0; lat_tasks[i]; i++) add(&list, lat_tasks[i]->name, strlen(lat_tasks[i]->name));
  return list;
}

static struct list option_names(const struct lat_task *task) {
  struct list list = {0};
  for (const struct lat_task_option *o = task->options; o->name; o++) add(&list, o->name, strlen(o->name));
  add(&list, "supervision", strlen("supervision"));
  return list;
}

static struct list supervision_names(const struct lat_task *task) {
  struct list list = {0};
  for (int s = 0; s < SUPERVISIONS; s++) {
    const char *name = lat_supervision_name((enum lat_supervision)s);
    if (task->supervision & 1u << s) add(&list, name, strlen(name));
  }
  return list;
}

static struct list value_names(const struct lat_task_option *option) {
  struct list list = {0};
  for (const char *at = option->names; *at;) {
    size_t bytes = strcspn(at, "|");
    add(&list, at, bytes);
    at += bytes + (at[bytes] == '|');
  }
  return list;
}

/* The place of the option in the task's list, -1: there is none. "difficulty" is another name of one. */
static int find(const struct lat_task *task, const char *key, size_t bytes) {
  if (bytes == strlen("difficulty") && !strncmp(key, "difficulty", bytes)) {
    key = task->difficulty;
    bytes = strlen(key);
  }
  for (int i = 0; i < LAT_TASK_OPTIONS && task->options[i].name; i++)
    if (strlen(task->options[i].name) == bytes && !strncmp(task->options[i].name, key, bytes)) return i;
  return -1;
}

static int read_named(const struct lat_task *task, const struct lat_task_option *option, const char *text, int64_t *value) {
  size_t bytes = strlen(text);
  int64_t place = 0;
  for (const char *at = option->names; *at; place++) {
    size_t name = strcspn(at, "|");
    if (name == bytes && !strncmp(at, text, bytes)) {
      *value = place;
      return LAT_OK;
    }
    at += name + (at[name] == '|');
  }
  return LAT_FAIL(LAT_INPUT, "task %s: option %s is '%.40s'; it is one of %s", task->name, option->name, text,
                  value_names(option).text);
}

static int read_supervision(const struct lat_task *task, const char *text, enum lat_supervision *supervision) {
  for (int s = 0; s < SUPERVISIONS; s++) {
    if (strcmp(text, lat_supervision_name((enum lat_supervision)s)) != 0 || !(task->supervision & 1u << s)) continue;
    *supervision = (enum lat_supervision)s;
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "task %s has no supervision '%.40s'; it offers %s", task->name, text,
                  supervision_names(task).text);
}

static int in_range(const struct lat_task *task, const struct lat_task_option *option, int64_t value) {
  if (value >= option->minimum && value <= option->maximum) return LAT_OK;
  return LAT_FAIL(LAT_INPUT, "task %s: option %s is %" PRId64 "; it lies in %" PRId64 " .. %" PRId64, task->name,
                  option->name, value, option->minimum, option->maximum);
}

/* One "KEY=VALUE"; `seen` has a bit for each option that was given. */
static int read_pair(struct lat_task_setting *setting, const char *pair, size_t bytes, unsigned *seen) {
  const struct lat_task *task = setting->task;
  char value[48];
  size_t key = 0;
  while (key < bytes && pair[key] != '=') key++;
  if (key == bytes || key == 0)
    return LAT_FAIL(LAT_INPUT, "task %s: '%.*s' is not KEY=VALUE; the keys are %s", task->name,
                    (int)(bytes < 40 ? bytes : 40), pair, option_names(task).text);
  snprintf(value, sizeof value, "%.*s", (int)(bytes - key - 1 < 47 ? bytes - key - 1 : 47), pair + key + 1);
  int place = find(task, pair, key), named = key == strlen("supervision") && !strncmp(pair, "supervision", key);
  if (place < 0 && !named)
    return LAT_FAIL(LAT_INPUT, "task %s has no option '%.*s'; its options are %s", task->name, (int)(key < 40 ? key : 40),
                    pair, option_names(task).text);
  unsigned bit = 1u << (named ? LAT_TASK_OPTIONS : place);
  if (*seen & bit)
    return LAT_FAIL(LAT_INPUT, "task %s: option %s is given twice", task->name,
                    named ? "supervision" : task->options[place].name);
  *seen |= bit;
  if (named) return read_supervision(task, value, &setting->supervision);
  const struct lat_task_option *option = &task->options[place];
  if (option->names) return read_named(task, option, value, &setting->option[place]);
  if (lat_parse_int(value, INT64_MIN, INT64_MAX, &setting->option[place]) != LAT_OK)
    return lat_fail_prefix(LAT_INPUT, "task %s: option %s", task->name, option->name);
  return in_range(task, option, setting->option[place]);
}

int lat_task_parse(const char *text, struct lat_task_setting *setting) {
  size_t bytes = strcspn(text, ":");
  unsigned seen = 0;
  struct lat_task_shape shape;
  struct lat_task_setting made = {0};
  int status;
  for (size_t i = 0; lat_tasks[i]; i++)
    if (strlen(lat_tasks[i]->name) == bytes && !strncmp(lat_tasks[i]->name, text, bytes)) made.task = lat_tasks[i];
  if (!made.task)
    return LAT_FAIL(LAT_INPUT, "no task '%.*s'; there are %s", (int)(bytes < 40 ? bytes : 40), text, task_names().text);
  for (int i = 0; i < LAT_TASK_OPTIONS && made.task->options[i].name; i++) made.option[i] = made.task->options[i].value;
  static const enum lat_supervision order[SUPERVISIONS] = {LAT_SUPERVISE_DENSE, LAT_SUPERVISE_ANSWER, LAT_SUPERVISE_HINT,
                                                           LAT_SUPERVISE_TRACE};
  int first = 0;
  while (first < SUPERVISIONS - 1 && !(made.task->supervision & 1u << order[first])) first++;
  made.supervision = order[first];
  while (text[bytes] == ':') {
    text += bytes + 1;
    bytes = strcspn(text, ":");
    if ((status = read_pair(&made, text, bytes, &seen)) != LAT_OK) return status;
  }
  if ((status = lat_task_shape(&made, &shape)) != LAT_OK) return status;
  *setting = made;
  return LAT_OK;
}

int lat_task_set(struct lat_task_setting *setting, const char *key, int64_t value) {
  const struct lat_task *task = setting->task;
  struct lat_task_setting changed = *setting;
  struct lat_task_shape shape;
  int place = find(task, key, strlen(key)), status;
  if (place < 0)
    return LAT_FAIL(LAT_INPUT, "task %s has no option '%.40s'; its options are %s", task->name, key,
                    option_names(task).text);
  if ((status = in_range(task, &task->options[place], value)) != LAT_OK) return status;
  changed.option[place] = value;
  if ((status = lat_task_shape(&changed, &shape)) != LAT_OK) return status;
  *setting = changed;
  return LAT_OK;
}

int64_t lat_task_option(const struct lat_task_setting *setting, const char *key) {
  int place = find(setting->task, key, strlen(key));
  assert(place >= 0);
  return setting->option[place];
}

int lat_task_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  if (!(setting->task->supervision & 1u << setting->supervision))
    return LAT_FAIL(LAT_INPUT, "task %s has no supervision '%s'; it offers %s", setting->task->name,
                    lat_supervision_name(setting->supervision), supervision_names(setting->task).text);
  int status = setting->task->shape(setting, shape);
  return status == LAT_OK && setting->thinking.tokens > 0 ? lat_thinking_shape(setting, shape) : status;
}

void lat_task_stream(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, uint64_t index,
                     struct lat_random *random) {
  char stream[96];
  snprintf(stream, sizeof stream, "task %s %s", setting->task->name, purpose);
  lat_random_start(random, seed, stream, index);
}

void lat_task_make(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, uint64_t index,
                   struct lat_example *example) {
  struct lat_random random;
  struct lat_task_shape shape;
  lat_task_stream(setting, seed, purpose, index, &random);
  if (example->set != NULL) {
    lat_task_shape(setting, &shape); /* fine, or nothing could be made */
    memset(example->set, 0, shape.sequence * sizeof *example->set);
  }
  if (setting->thinking.tokens == 0) {
    setting->task->make(setting, &random, example);
    return;
  }
  int32_t token[LAT_THINKING_MOST], target[LAT_THINKING_MOST], level[LAT_THINKING_MOST];
  uint64_t set[LAT_THINKING_MOST] = {0};
  struct lat_example own = {token, target, level, example->set != NULL ? set : NULL};
  struct lat_task_setting plain = *setting;
  plain.thinking = (struct lat_thinking){0};
  plain.task->shape(&plain, &shape); /* was fine when the setting was */
  plain.task->make(&plain, &random, &own);
  lat_thinking_lay(&setting->thinking, &shape, &own, example);
}
