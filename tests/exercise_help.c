#include "tests/exercise_help.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
/* cmocka.h needs three of the above. */
#include <cmocka.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/base/memory.h"

static char folder[] = "/tmp/latentlab-exercise-XXXXXX";

int exercise_make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}
int exercise_remove_folder(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command, "cd / && rm -rf '%s'", folder);
  return system(command);
}

/* The exit status of `latentlab exercise WORDS`, its stdout in the file "out" and its stderr in "error". */
int exercise_run(const char *words) {
  char copy[512], *argv[32];
  int argc = 0;
  snprintf(copy, sizeof copy, "%s", words);
  argv[argc++] = (char *)(uintptr_t) "latentlab exercise";
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) argv[argc++] = word;
  argv[argc] = NULL;
  fflush(NULL);
  int old_out = dup(1), old_error = dup(2);
  int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0666), error = open("error", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  dup2(out, 1);
  dup2(error, 2);
  size_t before = lat_memory_current();
  int code = lat_command_exercise(argc, argv);
  size_t after = lat_memory_current();
  fflush(NULL);
  dup2(old_out, 1);
  dup2(old_error, 2);
  close(out);
  close(error);
  close(old_out);
  close(old_error);
  assert_int_equal(after, before);
  return code;
}

/* The sheet of an exercise of which every check holds. */
struct json_object *exercise_sheet_of(const char *words) {
  char whole[512];
  snprintf(whole, sizeof whole, "%s --json", words);
  int code = exercise_run(whole);
  struct json_object *root = json_object_from_file("out");
  if (code != 0 || root == NULL) fail_msg("exercise %s: status %d", words, code);
  struct json_object *checks = json_object_object_get(root, "checks");
  assert_true(json_object_array_length(checks) > 1);
  for (size_t i = 0; i < json_object_array_length(checks); i++) {
    struct json_object *check = json_object_array_get_idx(checks, i);
    if (!json_object_get_boolean(json_object_object_get(check, "holds")))
      fail_msg("exercise %s: %s", words, json_object_to_json_string(check));
  }
  assert_true(json_object_array_length(json_object_object_get(root, "conclusion")) >= 1);
  return root;
}

struct json_object *exercise_cell(struct json_object *root, const char *table, size_t row, const char *key) {
  struct json_object *rows = json_object_object_get(json_object_object_get(root, "tables"), table), *value = NULL;
  if (rows == NULL || row >= json_object_array_length(rows) ||
      !json_object_object_get_ex(json_object_array_get_idx(rows, row), key, &value))
    fail_msg("no %s in row %zu of %s", key, row, table);
  return value;
}
double exercise_real(struct json_object *root, const char *table, size_t row, const char *key) {
  return json_object_get_double(exercise_cell(root, table, row, key));
}
size_t exercise_rows_of(struct json_object *root, const char *table) {
  return json_object_array_length(json_object_object_get(json_object_object_get(root, "tables"), table));
}
void exercise_near(double found, double wanted, double tolerance, const char *what) {
  if (!(fabs(found - wanted) <= tolerance)) fail_msg("%s: %.9g, wanted %.9g", what, found, wanted);
}
