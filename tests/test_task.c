/* Names and options, and what every task of the table promises. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/task_stream.h"

static void a_setting_is_read_from_its_text(void **state) {
  (void)state;
  struct lat_task_setting s;
  assert_int_equal(lat_task_parse("words", &s), LAT_OK);
  assert_string_equal(s.task->name, "words");
  assert_int_equal(s.supervision, LAT_SUPERVISE_DENSE);
  assert_int_equal(lat_task_option(&s, "length"), 8);
  assert_int_equal(lat_task_parse("words:group=z2:length=5:supervision=trace", &s), LAT_OK);
  assert_int_equal(s.supervision, LAT_SUPERVISE_TRACE);
  assert_int_equal(lat_task_option(&s, "group"), 0);
  assert_int_equal(lat_task_option(&s, "length"), 5);
  assert_int_equal(lat_task_option(&s, "difficulty"), 5);
  assert_int_equal(lat_task_parse("circuit:difficulty=7:supervision=answer", &s), LAT_OK);
  assert_int_equal(lat_task_option(&s, "depth"), 7);
  assert_int_equal(s.supervision, LAT_SUPERVISE_ANSWER);
}

static void what_is_no_setting_gets_one_sentence(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"", "no task ''; there are circuit, crasp"},
      {"word", "no task 'word'"},
      {"wordss", "no task 'wordss'"},
      {"words:", "'' is not KEY=VALUE; the keys are group, length, supervision"},
      {"words::length=3", "is not KEY=VALUE"},
      {"words:length", "'length' is not KEY=VALUE"},
      {"words:=3", "is not KEY=VALUE"},
      {"words:len=3", "no option 'len'; its options are group, length, supervision"},
      {"words:lengthy=3", "no option 'lengthy'"},
      {"words:length=", "option length"},
      {"words:length=3x", "option length: '3x' is not a whole number"},
      {"words:length=99999999999999999999999999999999999999999999999999999999999", "option length"},
      {"words:length=0", "option length is 0; it lies in 1 .. 4096"},
      {"words:length=-1", "option length is -1"},
      {"words:length=4097", "option length is 4097"},
      {"words:length=3:length=3", "option length is given twice"},
      {"words:length=3:difficulty=3", "option length is given twice"},
      {"words:supervision=hint:supervision=hint", "option supervision is given twice"},
      {"words:group=s6", "option group is 's6'; it is one of z2, "},
      {"words:group=s", "option group is 's'"},
      {"words:group=", "option group is ''"},
      {"words:group=1", "option group is '1'"},
      {"words:supervision=", "no supervision ''; it offers answer, dense, hint, trace"},
      {"words:supervision=Dense", "no supervision 'Dense'"},
      {"crasp:supervision=trace", "no supervision 'trace'; it offers dense"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) stream_refused(bad[i][0], bad[i][1]);
}

static void an_option_is_changed_or_the_setting_stays(void **state) {
  (void)state;
  struct lat_task_setting s, before;
  assert_int_equal(lat_task_parse("circuit:ids=20", &s), LAT_OK);
  assert_int_equal(lat_task_set(&s, "difficulty", 3), LAT_OK);
  assert_int_equal(lat_task_option(&s, "depth"), 3);
  assert_int_equal(lat_task_set(&s, "width", 4), LAT_OK);
  before = s;
  assert_int_equal(lat_task_set(&s, "depth", 4), LAT_INPUT); /* 24 tokens, 20 ids */
  assert_non_null(strstr(lat_error_message(), "ids=24"));
  assert_memory_equal(&s, &before, sizeof s);
  assert_int_equal(lat_task_set(&s, "depth", 0), LAT_INPUT);
  assert_memory_equal(&s, &before, sizeof s);
  assert_int_equal(lat_task_set(&s, "deep", 1), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "no option 'deep'"));
  s.supervision = LAT_SUPERVISE_HINT;
  struct lat_task_shape shape;
  assert_int_equal(lat_task_shape(&s, &shape), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "no supervision 'hint'"));
}

/* Calls `visit` for every task, supervision and value of its difficulty that is small and fits the other options. */
static void every_setting(void (*visit)(struct task_stream *stream, const char *text)) {
  size_t seen = 0;
  for (size_t t = 0; lat_tasks[t]; t++)
    for (int s = 0; s <= LAT_SUPERVISE_TRACE; s++) {
      if (!(lat_tasks[t]->supervision & 1u << s)) continue;
      size_t of_this = 0;
      for (int difficulty = 0; difficulty <= 5; difficulty++) {
        char text[128];
        struct task_stream stream;
        struct lat_task_setting probe;
        snprintf(text, sizeof text, "%s:supervision=%s:difficulty=%d", lat_tasks[t]->name,
                 lat_supervision_name((enum lat_supervision)s), difficulty);
        if (lat_task_parse(text, &probe) != LAT_OK) continue;
        stream_open(&stream, text);
        visit(&stream, text);
        stream_close(&stream);
        of_this++;
      }
      if (of_this == 0) fail_msg("%s has no setting of difficulty 0 .. 5", lat_tasks[t]->name);
      seen++;
    }
  assert_true(seen >= 5);
}

static void check_ranges(struct task_stream *stream, const char *text) {
  const struct lat_task_shape *h = &stream->shape;
  const struct lat_example *e = &stream->example;
  size_t scored = 0;
  assert_true(h->fields >= 1 && h->sequence >= 1 && h->classes >= 1 && h->levels >= 2 && h->prompt >= 1);
  assert_true(h->prompt <= h->sequence);
  for (uint64_t index = 0; index < 64; index++) {
    stream_draw(stream, 3, "train", index);
    for (size_t p = 0; p < h->sequence; p++) {
      int32_t target = e->target[p], level = e->level[p];
      for (size_t f = 0; f < h->fields; f++) {
        int32_t token = e->token[p * h->fields + f];
        if (token < 0 || (size_t)token >= h->vocabulary) fail_msg("%s: token %d at %zu", text, token, p);
      }
      if (target < -1 || (target >= 0 && (size_t)target >= h->classes)) fail_msg("%s: target %d at %zu", text, target, p);
      if (level < 0 || (size_t)level >= h->levels) fail_msg("%s: level %d at %zu", text, level, p);
      if (target < 0 && level != 0) fail_msg("%s: level %d where nothing is asked, at %zu", text, level, p);
      scored += level > 0;
    }
  }
  if (scored == 0) fail_msg("%s: nothing is scored in 64 examples", text);
}
static void tokens_targets_and_levels_stay_in_the_shape(void **state) {
  (void)state;
  every_setting(check_ranges);
}

/* What is asked behind the prompt is asked at pauses for hint; for trace, what was asked at the position before. */
static void check_prompt(struct task_stream *stream, const char *text) {
  const struct lat_task_shape *h = &stream->shape;
  const struct lat_example *e = &stream->example;
  enum lat_supervision supervision = stream->setting.supervision;
  int made = supervision == LAT_SUPERVISE_HINT || supervision == LAT_SUPERVISE_TRACE;
  if (!made && h->prompt != h->sequence) fail_msg("%s: the prompt is not everything", text);
  for (uint64_t index = 0; index < 16; index++) {
    stream_draw(stream, 4, "train", index);
    size_t last = 0;
    int32_t pause = -1;
    for (size_t p = 0; p < h->sequence; p++) {
      if (e->target[p] >= 0) last = p;
      if (p < h->prompt) continue;
      if (supervision == LAT_SUPERVISE_HINT && e->target[p] >= 0) {
        if (pause < 0) pause = e->token[p * h->fields];
        if (e->token[p * h->fields] != pause) fail_msg("%s: position %zu is no pause", text, p);
      }
      if (supervision == LAT_SUPERVISE_TRACE && p > 0 && e->target[p - 1] >= 0 && e->target[p] >= 0 &&
          e->token[p * h->fields] != e->target[p - 1])
        fail_msg("%s: the token at %zu is not the trace", text, p);
    }
    if (made && e->level[last] < 1) fail_msg("%s: the last thing that is asked is not scored", text);
  }
}
static void what_follows_the_prompt_is_pauses_or_the_trace(void **state) {
  (void)state;
  every_setting(check_prompt);
}

static size_t bytes_of(const struct task_stream *stream) {
  return (stream->shape.sequence * (stream->shape.fields + 2)) * sizeof(int32_t);
}

/* A copy of the example, drawn over memory full of `fill`, with a margin that must stay. */
static void draw_over(struct task_stream *stream, int fill, uint64_t seed, const char *purpose, uint64_t index,
                      unsigned char *copy) {
  size_t positions = stream->shape.sequence, count[3] = {positions * stream->shape.fields, positions, positions};
  int32_t *array[3];
  enum { MARGIN = 64 };
  for (int i = 0; i < 3; i++) {
    array[i] = lat_alloc(count[i] + 2 * MARGIN, sizeof(int32_t));
    assert_non_null(array[i]);
    memset(array[i], fill, (count[i] + 2 * MARGIN) * sizeof(int32_t));
  }
  struct lat_example example = {array[0] + MARGIN, array[1] + MARGIN, array[2] + MARGIN, NULL};
  lat_task_make(&stream->setting, seed, purpose, index, &example);
  for (int i = 0; i < 3; i++) {
    const unsigned char *byte = (const unsigned char *)array[i];
    for (size_t b = 0; b < MARGIN * sizeof(int32_t); b++) {
      assert_int_equal(byte[b], fill);
      assert_int_equal(byte[(count[i] + MARGIN) * sizeof(int32_t) + b], fill);
    }
    memcpy(copy, array[i] + MARGIN, count[i] * sizeof(int32_t));
    copy += count[i] * sizeof(int32_t);
    lat_free(array[i]);
  }
}

static void check_stream(struct task_stream *stream, const char *text) {
  size_t bytes = bytes_of(stream), differ[3] = {0};
  unsigned char *one = lat_alloc(bytes, 1), *other = lat_alloc(bytes, 1);
  assert_true(one && other);
  for (uint64_t index = 0; index < 64; index++) {
    draw_over(stream, 0x11, 7, "train", index, one);
    draw_over(stream, 0x77, 7, "train", index, other);
    if (memcmp(one, other, bytes) != 0) fail_msg("%s: example %d is not a function of its index", text, (int)index);
    draw_over(stream, 0x77, 8, "train", index, other);
    differ[0] += memcmp(one, other, bytes) != 0;
    draw_over(stream, 0x77, 7, "test", index, other);
    differ[1] += memcmp(one, other, bytes) != 0;
    draw_over(stream, 0x77, 7, "train", index + 1, other);
    differ[2] += memcmp(one, other, bytes) != 0;
  }
  static const char *const what[] = {"seed", "purpose", "index"};
  for (int i = 0; i < 3; i++)
    if (differ[i] < 8) fail_msg("%s: another %s changes %zu of 64 examples", text, what[i], differ[i]);
  lat_free(one);
  lat_free(other);
}
static void an_example_is_a_function_of_seed_purpose_and_index(void **state) {
  (void)state;
  every_setting(check_stream);
}

static void check_threads(struct task_stream *stream, const char *text) {
  enum { COUNT = 64 };
  size_t bytes = bytes_of(stream), positions = stream->shape.sequence, fields = stream->shape.fields;
  int32_t *serial = lat_calloc(COUNT, bytes), *parallel = lat_calloc(COUNT, bytes);
  size_t stride = bytes / sizeof(int32_t);
  assert_true(serial && parallel);
  uint64_t before = lat_memory_allocations();
  for (size_t i = 0; i < COUNT; i++) {
    int32_t *at = serial + i * stride;
    struct lat_example example = {at, at + positions * fields, at + positions * (fields + 1), NULL};
    lat_task_make(&stream->setting, 1, "x", i, &example);
  }
#pragma omp parallel for num_threads(3) schedule(dynamic, 1)
  for (size_t i = 0; i < COUNT; i++) {
    int32_t *at = parallel + (COUNT - 1 - i) * stride;
    struct lat_example example = {at, at + positions * fields, at + positions * (fields + 1), NULL};
    lat_task_make(&stream->setting, 1, "x", COUNT - 1 - i, &example);
  }
  if (lat_memory_allocations() != before) fail_msg("%s: an example takes memory", text);
  if (memcmp(serial, parallel, COUNT * bytes) != 0) fail_msg("%s: threads change an example", text);
  lat_free(serial);
  lat_free(parallel);
}
static void threads_and_order_change_no_example(void **state) {
  (void)state;
  every_setting(check_threads);
}

static void the_table_is_well_formed(void **state) {
  (void)state;
  for (size_t t = 0; lat_tasks[t]; t++) {
    const struct lat_task *task = lat_tasks[t];
    int options = 0, difficulty = 0;
    assert_true(task->name[0] && task->help[0] && task->source[0] && task->supervision != 0);
    assert_null(strpbrk(task->name, ":= "));
    for (size_t u = 0; u < t; u++) assert_string_not_equal(task->name, lat_tasks[u]->name);
    for (const struct lat_task_option *o = task->options; o->name; o++, options++) {
      assert_true(o->minimum <= o->value && o->value <= o->maximum);
      assert_null(strpbrk(o->name, ":= "));
      difficulty += !strcmp(o->name, task->difficulty);
      assert_true(strcmp(o->name, "difficulty") != 0 || !strcmp(task->difficulty, "difficulty"));
      assert_string_not_equal(o->name, "supervision");
      if (!o->names) continue;
      int64_t names = 1;
      for (const char *c = o->names; *c; c++) names += *c == '|';
      assert_int_equal(o->minimum, 0);
      assert_int_equal(o->maximum, names - 1);
    }
    assert_true(options <= LAT_TASK_OPTIONS);
    assert_int_equal(difficulty, 1);
    struct lat_task_setting setting;
    if (lat_task_parse(task->name, &setting) != LAT_OK) fail_msg("%s", lat_error_message());
  }
}

/* Every token and class has a text; those of two classes differ. (A letter of the input may read like a class: they never stand at one
 * place.) */
static void check_texts(struct task_stream *stream, const char *text) {
  const struct lat_task *task = stream->setting.task;
  char(*seen)[16] = lat_calloc(stream->shape.classes, sizeof *seen), word[16];
  assert_non_null(seen);
  for (size_t v = 0; task->token_text && v < stream->shape.vocabulary; v++) {
    memset(word, 'x', sizeof word);
    task->token_text(&stream->setting, 0, (int32_t)v, word);
    size_t length = strnlen(word, sizeof word);
    if (length == 0 || length == sizeof word) fail_msg("%s: token %zu has no text", text, v);
  }
  for (size_t c = 0; task->class_text && c < stream->shape.classes; c++) {
    memset(seen[c], 'x', sizeof *seen);
    task->class_text(&stream->setting, (int32_t)c, seen[c]);
    size_t length = strnlen(seen[c], sizeof *seen);
    if (length == 0 || length == sizeof *seen) fail_msg("%s: class %zu has no text", text, c);
    for (size_t u = 0; u < c; u++)
      if (!strcmp(seen[u], seen[c])) fail_msg("%s: classes %zu and %zu both read '%s'", text, u, c, seen[c]);
  }
  lat_free(seen);
}
static void tokens_have_texts_and_classes_are_told_apart(void **state) {
  (void)state;
  every_setting(check_texts);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_table_is_well_formed),
      cmocka_unit_test(a_setting_is_read_from_its_text),
      cmocka_unit_test(what_is_no_setting_gets_one_sentence),
      cmocka_unit_test(an_option_is_changed_or_the_setting_stays),
      cmocka_unit_test(tokens_targets_and_levels_stay_in_the_shape),
      cmocka_unit_test(what_follows_the_prompt_is_pauses_or_the_trace),
      cmocka_unit_test(an_example_is_a_function_of_seed_purpose_and_index),
      cmocka_unit_test(threads_and_order_change_no_example),
      cmocka_unit_test(tokens_have_texts_and_classes_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
