/* latentlab convert: what it writes, prints and returns. */
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
#include "tests/circuit_help.h"

static char folder[] = "/tmp/latentlab-convert-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL || chdir(folder) != 0;
}
static int remove_folder(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command, "cd / && rm -rf '%s'", folder);
  return system(command);
}

/* The exit status of the command, its stdout in the file "out" and its stderr in "error". */
static int convert(const char *words) {
  char copy[512], *argv[16];
  int argc = 0;
  snprintf(copy, sizeof copy, "%s", words);
  argv[argc++] = (char *)(uintptr_t) "latentlab convert";
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) argv[argc++] = word;
  argv[argc] = NULL;
  fflush(stdout);
  fflush(stderr);
  int old_out = dup(1), old_error = dup(2);
  int out = open("out", O_WRONLY | O_CREAT | O_TRUNC, 0666), error = open("error", O_WRONLY | O_CREAT | O_TRUNC, 0666);
  dup2(out, 1);
  dup2(error, 2);
  size_t before = lat_memory_current();
  int code = lat_command_convert(argc, argv);
  assert_int_equal(lat_memory_current(), before);
  fflush(stdout);
  fflush(stderr);
  dup2(old_out, 1);
  dup2(old_error, 2);
  close(out);
  close(error);
  close(old_out);
  close(old_error);
  return code;
}

static int says(const char *file, const char *fragment) {
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(lat_file_read(file, &bytes, &count), LAT_OK);
  int found = strstr(bytes, fragment) != NULL;
  lat_free(bytes);
  return found;
}

static int64_t number(struct json_object *root, const char *side, const char *key) {
  struct json_object *row = NULL, *value = NULL;
  assert_true(json_object_object_get_ex(root, side, &row));
  assert_true(json_object_object_get_ex(row, key, &value));
  return json_object_get_int64(value);
}

static void a_file_is_translated_and_measured(void **state) {
  (void)state;
  assert_int_equal(lat_file_write("c17.bench", circuit_c17_bench, strlen(circuit_c17_bench)), LAT_OK);
  assert_int_equal(convert("c17.bench c17.aig"), 0);
  assert_true(says("out", "c17.bench"));
  assert_true(says("out", "nodes by fan-ins"));
  assert_int_equal(convert("c17.aig c17.blif --json"), 0);
  struct json_object *root = json_object_from_file("out");
  assert_non_null(root);
  assert_int_equal(number(root, "read", "nodes"), 6);
  assert_int_equal(number(root, "written", "nodes"), 6);
  assert_int_equal(number(root, "written", "inputs"), 5);
  assert_int_equal(number(root, "written", "outputs"), 2);
  assert_int_equal(number(root, "written", "depth"), 3);
  json_object_put(root);
  struct lat_netlist *first = circuit_parsed("c17.bench", circuit_c17_bench), *second = NULL;
  assert_int_equal(lat_circuit_read("c17.blif", &second), LAT_OK);
  circuit_same(first, second);
  lat_netlist_free(first);
  lat_netlist_free(second);
}

static void a_family_is_mapped(void **state) {
  (void)state;
  assert_int_equal(convert("--family parity:16 --lut 4 parity.blif --json"), 0);
  struct json_object *root = json_object_from_file("out");
  assert_int_equal(number(root, "read", "depth"), 4);
  assert_int_equal(number(root, "written", "depth"), 2);
  assert_int_equal(number(root, "written", "nodes"), 5);
  json_object_put(root);
}

static void what_is_wrong_is_said_in_one_line(void **state) {
  (void)state;
  assert_int_equal(lat_file_write("bad.bench", "INPUT(a)\nOUTPUT(y)\ny = FOO(a)\n", 30), LAT_OK);
  assert_int_equal(convert("bad.bench x.aig"), 2);
  assert_true(says("error", "latentlab: bad.bench:3: unknown gate 'FOO'"));
  assert_int_equal(convert("--family parity:4 x.bench"), 2);
  assert_true(says("error", "latentlab: x.bench: circuits are written as"));
  assert_int_equal(convert("--family parity:4 nowhere/x.aig"), 1);
  assert_true(says("error", "latentlab: nowhere/x.aig: cannot be written"));
  assert_int_equal(convert("--family nothing:4 x.aig"), 2);
  assert_int_equal(convert("missing.aig x.aig"), 2);
  assert_int_equal(access("x.aig", F_OK), -1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_is_translated_and_measured),
      cmocka_unit_test(a_family_is_mapped),
      cmocka_unit_test(what_is_wrong_is_said_in_one_line),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
