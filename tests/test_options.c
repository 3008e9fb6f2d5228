/* Every command: help that is complete and leaves with 0, mistakes in one line that leave with 2. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"

static const char *const commands[] = {"list", "run",    "status",  "merge",   "verify", "export",
                                       "plot", "report", "circuit", "convert", "bench",  "exercise"};
enum { COMMANDS = sizeof commands / sizeof *commands };

struct said {
  int code;
  char out[16384], error[4096];
};

static void read_back(int descriptor, char *text, size_t room) {
  ssize_t got = pread(descriptor, text, room - 1, 0);
  text[got > 0 ? got : 0] = '\0';
}

/* `latentlab WORD...`, at most three words. */
static struct said say(const char *first, const char *second, const char *third) {
  static struct said said;
  char *argv[] = {(char *)(uintptr_t) "latentlab", (char *)(uintptr_t)first, (char *)(uintptr_t)second,
                  (char *)(uintptr_t)third, NULL};
  int argc = first == NULL ? 1 : second == NULL ? 2 : third == NULL ? 3 : 4, old[2] = {dup(1), dup(2)};
  FILE *file[2] = {tmpfile(), tmpfile()};
  assert_true(file[0] != NULL && file[1] != NULL);
  fflush(NULL);
  for (int i = 0; i < 2; i++) dup2(fileno(file[i]), i + 1);
  said.code = lat_program_main(argc, argv);
  fflush(NULL);
  read_back(1, said.out, sizeof said.out);
  read_back(2, said.error, sizeof said.error);
  for (int i = 0; i < 2; i++) {
    dup2(old[i], i + 1);
    close(old[i]);
    fclose(file[i]);
  }
  return said;
}

static void is_one_line(const struct said *said, const char *word) {
  if (said->code != 2 || *said->out != '\0' || strncmp(said->error, "latentlab: ", 11) != 0 ||
      strchr(said->error, '\n') != said->error + strlen(said->error) - 1 || strstr(said->error, word) == NULL)
    fail_msg("%d, out '%s', error '%s', wanted '%s'", said->code, said->out, said->error, word);
}

static void a_mistake_is_one_line_and_status_2_for_every_command(void **state) {
  (void)state;
  for (int i = 0; i < COMMANDS; i++) {
    struct said said = say(commands[i], "--no-such-option", NULL);
    is_one_line(&said, "--no-such-option");
    assert_non_null(strstr(said.error, commands[i]));
  }
  struct said said = say("run", "--out", NULL);
  is_one_line(&said, "requires an argument");
  said = say("run", "--s", "x");
  is_one_line(&said, "ambiguous");
  said = say("run", "--jobs", "0");
  is_one_line(&said, "outside 1..");
  said = say("bench", "circuits", "circuits");
  is_one_line(&said, "arguments");
  said = say("convert", "only", NULL);
  is_one_line(&said, "two files");
}

static void help_says_the_exit_status_and_leaves_with_0(void **state) {
  static const char *const words[] = {"--help", "-?", "--hel"};
  (void)state;
  for (int i = 0; i < COMMANDS; i++) {
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
      struct said said = say(commands[i], words[w], NULL);
      if (said.code != 0 || *said.error != '\0' || strncmp(said.out, "Usage: latentlab ", 17) != 0 ||
          strstr(said.out, "Exit status: 0") == NULL || strstr(said.out, "--version") == NULL)
        fail_msg("%s %s: %d '%s' '%s'", commands[i], words[w], said.code, said.out, said.error);
    }
    struct said said = say(commands[i], "--usage", NULL);
    if (said.code != 0 || *said.error != '\0' || strstr(said.out, "--help") == NULL) fail_msg("%s --usage", commands[i]);
    said = say(commands[i], "-V", NULL);
    if (said.code != 0 || strncmp(said.out, "latentlab ", 10) != 0) fail_msg("%s -V: '%s'", commands[i], said.out);
  }
}

static void what_follows_help_is_not_looked_at(void **state) {
  (void)state;
  struct said said = say("run", "--help", "--no-such-option");
  assert_int_equal(said.code, 0);
  assert_true(*said.error == '\0');
}

static void a_mistyped_command_gets_the_nearest_one(void **state) {
  (void)state;
  struct said said = say("exprot", NULL, NULL);
  is_one_line(&said, "'export'");
  said = say("nothing-like-it", NULL, NULL);
  is_one_line(&said, "--help");
  assert_null(strstr(said.error, "did you mean"));
  said = say("", NULL, NULL);
  is_one_line(&said, "--help");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_mistake_is_one_line_and_status_2_for_every_command),
      cmocka_unit_test(help_says_the_exit_status_and_leaves_with_0),
      cmocka_unit_test(what_follows_help_is_not_looked_at),
      cmocka_unit_test(a_mistyped_command_gets_the_nearest_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
