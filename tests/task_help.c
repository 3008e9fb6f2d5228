#include "tests/task_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/status.h"

struct lat_task_setting task_setting(const struct lat_task *task, enum lat_supervision supervision,
                                     const struct task_pair *pairs) {
  struct lat_task_setting setting = {.task = task, .supervision = supervision};
  for (int i = 0; task->options[i].name; i++) setting.option[i] = task->options[i].value;
  for (; pairs && pairs->name; pairs++) {
    int found = 0;
    for (int i = 0; task->options[i].name; i++)
      if (strcmp(task->options[i].name, pairs->name) == 0) {
        if (!(pairs->value >= task->options[i].minimum && pairs->value <= task->options[i].maximum))
          fail_msg("%s: %s = %lld is out of range", task->name, pairs->name, (long long)pairs->value);
        setting.option[i] = pairs->value, found = 1;
      }
    if (!found) fail_msg("%s has no option %s", task->name, pairs->name);
  }
  return setting;
}

static void draw_over(const struct lat_task_setting *setting, uint64_t seed, uint64_t index, int32_t fill,
                      struct task_sample *sample) {
  if (setting->task->shape(setting, &sample->shape) != LAT_OK) fail_msg("%s", lat_error_message());
  size_t count = sample->shape.sequence;
  if (!(count < TASK_MOST)) fail_msg("%s: %zu positions", setting->task->name, count);
  for (size_t i = 0; i <= count; i++) sample->token[i] = sample->target[i] = sample->level[i] = fill;
  struct lat_random random;
  lat_random_start(&random, seed, "test", index);
  struct lat_example example = {sample->token, sample->target, sample->level, NULL};
  setting->task->make(setting, &random, &example);
  if (sample->token[count] != fill || sample->target[count] != fill || sample->level[count] != fill)
    fail_msg("%s: written behind the end", setting->task->name);
}

void task_draw(const struct lat_task_setting *setting, uint64_t seed, uint64_t index, struct task_sample *sample) {
  draw_over(setting, seed, index, -77, sample);
}

static void append(char *text, size_t capacity, const char *between, const char *word) {
  size_t length = strlen(text);
  int count = snprintf(text + length, capacity - length, "%s%s", length ? between : "", word);
  assert_true(count >= 0 && (size_t)count < capacity - length);
}

static void word_of_token(const struct lat_task_setting *setting, int32_t token, char text[16]) {
  if (setting->task->token_text)
    setting->task->token_text(setting, 0, token, text);
  else
    snprintf(text, 16, "%d", token);
}

static void word_of_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  if (setting->task->class_text)
    setting->task->class_text(setting, class, text);
  else
    snprintf(text, 16, "%d", class);
}

void task_read_tokens(const struct lat_task_setting *setting, const struct task_sample *sample, size_t from, size_t to,
                      const char *between, char *text, size_t capacity) {
  text[0] = '\0';
  for (size_t i = from; i < to; i++) {
    char word[16];
    word_of_token(setting, sample->token[i], word);
    if (strcmp(word, ".") != 0 && strcmp(word, "_") != 0) append(text, capacity, between, word);
  }
}

void task_read_targets(const struct lat_task_setting *setting, const struct task_sample *sample, size_t from, int scored,
                       const char *between, char *text, size_t capacity) {
  text[0] = '\0';
  for (size_t i = from; i < sample->shape.sequence; i++)
    if (sample->target[i] >= 0 && (sample->level[i] > 0) == scored) {
      char word[16];
      word_of_class(setting, sample->target[i], word);
      append(text, capacity, between, word);
    }
}

size_t task_prompt(const struct lat_task_setting *setting) {
  struct lat_task_setting made = *setting;
  made.supervision = LAT_SUPERVISE_TRACE;
  struct lat_task_shape shape;
  if (made.task->shape(&made, &shape) != LAT_OK) fail_msg("%s", lat_error_message());
  return shape.prompt;
}

static void is_whole(const struct lat_task_setting *setting, const struct task_sample *s) {
  const char *name = setting->task->name;
  size_t scored = 0;
  for (size_t i = 0; i < s->shape.sequence; i++) {
    if (s->token[i] < 0 || (size_t)s->token[i] >= s->shape.vocabulary)
      fail_msg("%s: token %d at %zu", name, s->token[i], i);
    if (s->target[i] < -1 || s->target[i] >= (int32_t)s->shape.classes)
      fail_msg("%s: class %d at %zu", name, s->target[i], i);
    if (s->level[i] < 0 || (size_t)s->level[i] >= s->shape.levels) fail_msg("%s: level %d at %zu", name, s->level[i], i);
    if (s->target[i] < 0 && s->level[i] != 0) fail_msg("%s: a level where nothing is asked, at %zu", name, i);
    char word[16] = "", class[16] = "";
    memset(word, 'x', sizeof word), memset(class, 'x', sizeof class);
    word_of_token(setting, s->token[i], word);
    if (!memchr(word, '\0', sizeof word)) fail_msg("%s: a token's text has no end", name);
    if (s->target[i] >= 0) {
      word_of_class(setting, s->target[i], class);
      word_of_token(setting, s->target[i], word);
      if (!memchr(class, '\0', sizeof class) || strcmp(class, word) != 0)
        fail_msg("%s: class %d is not its token", name, s->target[i]);
      scored += s->level[i] > 0;
    }
  }
  if (scored == 0) fail_msg("%s: nothing is scored", name);
}

static int same(const struct task_sample *a, const struct task_sample *b) {
  size_t bytes = a->shape.sequence * sizeof *a->token;
  return a->shape.sequence == b->shape.sequence && memcmp(a->token, b->token, bytes) == 0 &&
         memcmp(a->target, b->target, bytes) == 0 && memcmp(a->level, b->level, bytes) == 0;
}

static void follows_its_trace(const struct lat_task_setting *setting, const struct task_sample *trace,
                              const struct task_sample *hint, const struct task_sample *answer) {
  const char *name = setting->task->name;
  size_t prompt = trace->shape.prompt, classes = trace->shape.classes;
  if (memcmp(trace->token, answer->token, prompt * sizeof *answer->token) != 0) fail_msg("%s: another prompt", name);
  for (size_t i = 0; i + 1 < trace->shape.sequence; i++) {
    int asked = trace->target[i] >= 0 && trace->target[i + 1] >= 0;
    if (i + 1 < prompt && trace->target[i] >= 0) fail_msg("%s: the trace is asked for within the prompt", name);
    if (i + 1 >= prompt && asked && trace->token[i + 1] != trace->target[i])
      fail_msg("%s: the token at %zu is not what was made", name, i + 1);
  }
  char scored[1 << 16], wanted[1 << 16];
  task_read_targets(setting, trace, prompt - 1, 1, " ", scored, sizeof scored);
  task_read_targets(setting, answer, prompt - 1, 1, " ", wanted, sizeof wanted);
  assert_string_equal(scored, wanted);
  if (!hint) return;
  assert_int_equal(hint->shape.sequence, trace->shape.sequence);
  assert_int_equal(hint->shape.prompt, prompt);
  assert_memory_equal(hint->target, trace->target, trace->shape.sequence * sizeof *hint->target);
  assert_memory_equal(hint->level, trace->level, trace->shape.sequence * sizeof *hint->level);
  assert_memory_equal(hint->token, trace->token, prompt * sizeof *hint->token);
  for (size_t i = prompt; i < hint->shape.sequence; i++)
    if ((size_t)hint->token[i] < classes) fail_msg("%s: a hint shows what it asks for", name);
}

void task_keeps_its_promises(const struct lat_task *task, const struct task_pair *pairs) {
  static struct task_sample sample[LAT_SUPERVISE_TRACE + 1], again, other;
  assert_true(task->supervision >> LAT_SUPERVISE_ANSWER & 1U);
  for (uint64_t index = 0; index < 50; index++) {
    for (unsigned kind = 0; kind <= LAT_SUPERVISE_TRACE; kind++) {
      if (!(task->supervision >> kind & 1U)) continue;
      struct lat_task_setting setting = task_setting(task, (enum lat_supervision)kind, pairs);
      task_draw(&setting, 5, index, &sample[kind]);
      is_whole(&setting, &sample[kind]);
      draw_over(&setting, 5, index, 99, &again);
      if (!same(&sample[kind], &again)) fail_msg("%s: not a function of the index, or not all is written", task->name);
      uint64_t next = 1; /* a small task may draw the same example again, but not for ever */
      do task_draw(&setting, 5, index + next, &other);
      while (same(&sample[kind], &other) && ++next < 100);
      if (next == 100) fail_msg("%s: every index gives the same example", task->name);
    }
    const struct task_sample *hint = task->supervision >> LAT_SUPERVISE_HINT & 1U ? &sample[LAT_SUPERVISE_HINT] : NULL;
    struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, pairs);
    if (task->supervision >> LAT_SUPERVISE_TRACE & 1U)
      follows_its_trace(&setting, &sample[LAT_SUPERVISE_TRACE], hint, &sample[LAT_SUPERVISE_ANSWER]);
    if (task->supervision >> LAT_SUPERVISE_DENSE & 1U)
      assert_memory_equal(sample[LAT_SUPERVISE_DENSE].token, sample[LAT_SUPERVISE_ANSWER].token,
                          sample[LAT_SUPERVISE_ANSWER].shape.sequence * sizeof(int32_t));
  }
}

void task_is_refused(const struct lat_task *task, const struct task_pair *pairs, const char *word) {
  struct lat_task_setting setting = task_setting(task, LAT_SUPERVISE_ANSWER, pairs);
  struct lat_task_shape shape;
  lat_error_clear();
  assert_int_equal(task->shape(&setting, &shape), LAT_INPUT);
  const char *message = lat_error_message();
  if (!strstr(message, word) || strchr(message, '\n')) fail_msg("\"%s\" does not speak of %s", message, word);
}
