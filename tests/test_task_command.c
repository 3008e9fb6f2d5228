/* latentlab task: what it prints and returns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/task/task.h"
#include "tests/task_stream.h"

static char folder[] = "/tmp/latentlab-task-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}
static int remove_folder(void **state) {
  (void)state;
  unlink("out");
  unlink("error");
  return chdir("/") != 0 || rmdir(folder) != 0;
}

static void aim(int descriptor, const char *path) {
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  assert_true(file >= 0);
  dup2(file, descriptor);
  close(file);
}

/* The exit status of `latentlab task WORDS`, stdout in the file "out" and stderr in "error". */
static int task(const char *words) {
  char copy[512], *argv[16];
  int argc = 0;
  snprintf(copy, sizeof copy, "%s", words);
  argv[argc++] = (char *)(uintptr_t) "latentlab task";
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) argv[argc++] = word;
  argv[argc] = NULL;
  fflush(stdout);
  fflush(stderr);
  int out = dup(1), error = dup(2);
  aim(1, "out");
  aim(2, "error");
  size_t before = lat_memory_current();
  int code = lat_command_task(argc, argv);
  fflush(stdout);
  fflush(stderr);
  dup2(out, 1);
  dup2(error, 2);
  close(out);
  close(error);
  assert_int_equal(lat_memory_current(), before);
  return code;
}

/* The whole file; good until the next call. */
static const char *content(const char *path) {
  static char kept[1 << 20];
  char *bytes;
  size_t count;
  assert_int_equal(lat_file_read(path, &bytes, &count), LAT_OK);
  assert_true(count < sizeof kept);
  memcpy(kept, bytes, count + 1);
  lat_free(bytes);
  return kept;
}

static void prints(const char *words, const char *wanted) {
  if (task(words) != 0) fail_msg("%s: %s", words, content("error"));
  if (!strstr(content("out"), wanted)) fail_msg("%s prints\n%s\nwithout\n%s", words, content("out"), wanted);
  assert_string_equal(content("error"), "");
}

static void every_task_is_listed(void **state) {
  (void)state;
  for (size_t t = 0; lat_tasks[t]; t++) {
    char row[64];
    snprintf(row, sizeof row, "\n%s ", lat_tasks[t]->name);
    prints("", row);
    prints("--list", row);
    char help[256];
    snprintf(help, sizeof help, "%.*s\n", (int)strcspn(lat_tasks[t]->help, ";"), lat_tasks[t]->help);
    prints("", help);
    prints(lat_tasks[t]->name, lat_tasks[t]->help);
  }
}

static void options_are_told_with_ranges_and_values_here(void **state) {
  (void)state;
  prints("words:length=5:supervision=trace", "supervision  answer dense hint trace (here trace)");
  prints("words:length=5:supervision=trace", "letters of the word; 1 .. 4096 (here 5)");
  prints("words:group=a5", "|a4|a5 (here a5)");
  prints("words:length=5:supervision=trace",
         "10 positions of 1 token out of 7, 6 classes; the first 6 positions are given");
  prints("circuit", "20 positions of 4 tokens out of 40, 2 classes\n");
}

/* A table read back: the n-th word of the row that begins with `name`, and a dot or number each. */
static void cells(const char *text, const char *name, char cell[64][16], size_t *count) {
  const char *row = strstr(text, name);
  assert_non_null(row);
  char line[1024];
  snprintf(line, sizeof line, "%.*s", (int)strcspn(row, "\n"), row);
  *count = 0;
  for (char *word = strtok(line + strlen(name), " |"); word; word = strtok(NULL, " |"))
    snprintf(cell[(*count)++], 16, "%s", word);
}

static void examples_are_printed_as_they_are(void **state) {
  (void)state;
  struct task_stream stream;
  char token[64][16], target[64][16], level[64][16], text[16];
  size_t count[3];
  stream_open(&stream, "words:group=s3:length=4:supervision=trace");
  prints("words:group=s3:length=4:supervision=trace --show 1 --seed 9 --purpose test", "example 0\n");
  cells(content("out"), "  token", token, &count[0]);
  cells(content("out"), "  target", target, &count[1]);
  cells(content("out"), "  level", level, &count[2]);
  stream_draw(&stream, 9, "test", 0);
  for (int i = 0; i < 3; i++) assert_int_equal(count[i], 8);
  for (size_t p = 0; p < 8; p++) {
    int32_t asked = stream.example.target[p];
    stream.setting.task->token_text(&stream.setting, 0, stream.example.token[p], text);
    assert_string_equal(token[p], text);
    if (asked >= 0)
      stream.setting.task->class_text(&stream.setting, asked, text);
    else
      strcpy(text, ".");
    assert_string_equal(target[p], text);
    if (asked >= 0) snprintf(text, sizeof text, "%d", stream.example.level[p]);
    assert_string_equal(level[p], text);
  }
  stream_close(&stream);
}

/* All rows of a block are equally wide, no line is wider than 100, and no position is left out. */
static void long_examples_are_folded_and_aligned(void **state) {
  (void)state;
  static const char *const some[] = {"parity:length=150 --show 2", "words:group=a5:length=40:supervision=hint --show 1",
                                     "words:group=z120:length=60:supervision=trace --show 1", "circuit --show 3",
                                     "p-hop:length=1:hops=0 --show 1"};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
    assert_int_equal(task(some[i]), 0);
    const char *text = content("out");
    size_t width = 0;
    for (const char *line = strstr(text, "\n  position"); line && *line; line = strchr(line, '\n')) {
      line += *line == '\n';
      size_t length = strcspn(line, "\n");
      assert_true(length <= 100);
      if (!strncmp(line, "  position", 10)) width = length;
      if (!strncmp(line, "  ", 2) && length != width) fail_msg("%s: a row of %zu under one of %zu", some[i], length, width);
      if (!strchr(line, '\n')) break;
    }
  }
  prints("parity:length=150 --show 1", " 150\n");
}

static struct json_object *at(struct json_object *object, const char *key) {
  struct json_object *found = NULL;
  if (!json_object_object_get_ex(object, key, &found)) fail_msg("no %s", key);
  return found;
}

static void json_holds_the_same_and_nothing_else(void **state) {
  (void)state;
  assert_int_equal(task("--json"), 0);
  struct json_object *all = json_tokener_parse(content("out"));
  assert_non_null(all);
  for (size_t t = 0; lat_tasks[t]; t++)
    assert_string_equal(json_object_get_string(at(json_object_array_get_idx(all, t), "name")), lat_tasks[t]->name);
  json_object_put(all);
  assert_int_equal(task("circuit:supervision=answer --show 2 --baseline=200 --seed 3 --json"), 0);
  struct json_object *one = json_tokener_parse(content("out"));
  struct task_stream stream;
  assert_non_null(one);
  /* The setting is given in full and can be given back. */
  stream_open(&stream, json_object_get_string(at(one, "setting")));
  assert_int_equal(stream.setting.supervision, LAT_SUPERVISE_ANSWER);
  assert_int_equal(json_object_get_int(at(at(one, "shape"), "sequence")), 20);
  struct json_object *examples = at(one, "examples");
  assert_int_equal(json_object_array_length(examples), 2);
  for (size_t i = 0; i < 2; i++) {
    struct json_object *positions = at(json_object_array_get_idx(examples, i), "positions");
    stream_draw(&stream, 3, "train", i);
    assert_int_equal(json_object_array_length(positions), 20);
    for (size_t p = 0; p < 20; p++) {
      struct json_object *row = json_object_array_get_idx(positions, p);
      for (size_t f = 0; f < 4; f++)
        assert_int_equal(json_object_get_int(json_object_array_get_idx(at(row, "token"), f)),
                         stream.example.token[p * 4 + f]);
      assert_int_equal(json_object_get_int(at(row, "target")), stream.example.target[p]);
      assert_int_equal(json_object_get_int(at(row, "level")), stream.example.level[p]);
    }
  }
  struct lat_baseline b;
  double level[5];
  assert_int_equal(lat_task_baseline(&stream.setting, 3, 200, &b, level), LAT_OK);
  struct json_object *baseline = at(one, "baseline"), *levels = at(baseline, "by_level");
  if (!(json_object_get_double(at(baseline, "ngram")) == b.ngram &&
        json_object_get_double(at(baseline, "exact")) == b.exact))
    fail_msg("another baseline");
  assert_int_equal(json_object_array_length(levels), 5);
  assert_null(json_object_array_get_idx(levels, 1)); /* only the last level is asked: null, not NaN */
  if (!(json_object_get_double(json_object_array_get_idx(levels, 4)) == level[4])) fail_msg("another level");
  stream_close(&stream);
  json_object_put(one);
}

static void baselines_are_printed(void **state) {
  (void)state;
  prints("parity:length=1 --baseline=50", "n-gram         1.0000  the commonest class after the last 1 position\n");
  prints("circuit --baseline", "on 4096 examples");
  prints("circuit --baseline", "' first tokens\n");
  prints("p-hop:hops=60:length=62:draw=fixed --baseline=2", "nothing is asked in these examples");
}

static void mistakes_get_one_line_and_status_2(void **state) {
  (void)state;
  static const char *const bad[][2] = {
      {"nope", "no task 'nope'; there are circuit, crasp, words, parity, p-hop"},
      {"words:size=3", "task words has no option 'size'; its options are group, length, supervision"},
      {"words:group=q8", "it is one of z2, z3"},
      {"words --show 0", "--show: 0 is outside 1..10000"},
      {"words --show x", "--show: 'x' is not a whole number"},
      {"words --baseline=0", "--baseline: 0 is outside"},
      {"words --seed -1", "--seed: -1 is outside"},
      {"words parity", "one task is expected; 'parity' is a second one"},
      {"--list words", "--list takes no task"},
      {"--show 3", "--show needs a task"},
      {"--baseline", "--baseline needs a task"},
      {"words --nonsense", "--nonsense"},
      {"circuit:depth=9 --json", "give ids=35 or more"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (task(bad[i][0]) != 2) fail_msg("%s is no misuse", bad[i][0]);
    const char *said = content("error");
    if (!strstr(said, bad[i][1]) || strncmp(said, "latentlab: ", 11) != 0) fail_msg("%s: %s", bad[i][0], said);
    assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
    assert_string_equal(content("out"), "");
  }
}

static void help_tells_every_option(void **state) {
  (void)state;
  static const char *const words[] = {"--show",      "--baseline", "--seed", "--purpose", "--list",     "--json",
                                      "supervision", "trace",      "hint",   "dense",     "difficulty", "status"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) prints("--help", words[i]);
}

static void memory_that_is_refused_ends_with_status_1(void **state) {
  (void)state;
  static const char *const some[] = {"words --show 1", "words --show 1 --baseline=3", "words --show 1 --baseline=3 --json"};
  for (size_t i = 0; i < sizeof some / sizeof *some; i++)
    for (uint64_t k = 1;; k++) {
      lat_memory_fail_at(k);
      int code = task(some[i]);
      lat_memory_fail_at(0);
      if (code == 0) {
        assert_true(k > 3);
        break;
      }
      assert_int_equal(code, 1);
      assert_int_equal(strncmp(content("error"), "latentlab: ", 11), 0);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_task_is_listed),
      cmocka_unit_test(options_are_told_with_ranges_and_values_here),
      cmocka_unit_test(examples_are_printed_as_they_are),
      cmocka_unit_test(long_examples_are_folded_and_aligned),
      cmocka_unit_test(json_holds_the_same_and_nothing_else),
      cmocka_unit_test(baselines_are_printed),
      cmocka_unit_test(mistakes_get_one_line_and_status_2),
      cmocka_unit_test(help_tells_every_option),
      cmocka_unit_test(memory_that_is_refused_ends_with_status_1),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
