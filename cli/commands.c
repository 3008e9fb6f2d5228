/* The table of commands, and the few lines they share. */
#include "cli/cli.h"

#include <argp.h>
#include <errno.h>
#include <gsl/gsl_errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "lib/sweep/provenance.h"

static const struct {
  const char *name, *help;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"list", "experiments, their questions and parameters", lat_command_list},
    {"run", "run experiments, or go on with them", lat_command_run},
    {"status", "what is done, failed, missing or damaged", lat_command_status},
    {"merge", "points into one file; tables and verdict", lat_command_merge},
    {"verify", "check results against what they were made from", lat_command_verify},
    {"export", "results as tab-separated text", lat_command_export},
    {"plot", "figures from the tables", lat_command_plot},
    {"report", "one HTML page of all results", lat_command_report},
    {"circuit", "compile a circuit into a transformer and check it", lat_command_circuit},
    {"convert", "translate a circuit between AIGER, BENCH and BLIF", lat_command_convert},
    {"bench", "how fast this machine does it", lat_command_bench},
    {"task", "tasks to train on: options, examples, what is reached without understanding", lat_command_task},
    {"exercise", "textbook questions worked through and checked", lat_command_exercise},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

struct lat_program lat_program = {lat_experiments, NULL, "latentlab"};
const char *argp_program_version;

static void usage(FILE *out) {
  fprintf(out, "Usage: latentlab COMMAND [ARGUMENTS...]\n\nCommands:\n");
  for (int i = 0; i < COMMANDS; i++) fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].help);
  fprintf(out, "\n`latentlab COMMAND --help` explains a command; `latentlab --version` prints the version.\n");
}

int lat_program_main(int argc, char **argv) {
  static char version[64];
  snprintf(version, sizeof version, "latentlab %s", lat_version());
  argp_program_version = version;
  lat_program.invoked = argv[0];
  gsl_set_error_handler_off();
  signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a failed write with a sentence, not the end */
  argp_err_exit_status = 2;
  if (argc < 2) {
    usage(stderr);
    return 2;
  }
  const char *word = argv[1];
  if (!strcmp(word, "--help") || !strcmp(word, "-?") || !strcmp(word, "-h") || !strcmp(word, "help")) {
    usage(stdout);
    return lat_cli_finish(0);
  }
  if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
    puts(argp_program_version);
    return lat_cli_finish(0);
  }
  if (!strcmp(word, "--usage")) {
    puts("Usage: latentlab COMMAND [ARGUMENTS...]");
    return lat_cli_finish(0);
  }
  for (int i = 0; i < COMMANDS; i++) {
    if (strcmp(word, commands[i].name) != 0) continue;
    char name[64];
    snprintf(name, sizeof name, "latentlab %s", word);
    argv[1] = name;
    return commands[i].run(argc - 1, argv + 1);
  }
  const char *names[COMMANDS], *nearest;
  for (int i = 0; i < COMMANDS; i++) names[i] = commands[i].name;
  if ((nearest = lat_nearest(word, names, COMMANDS)) != NULL)
    return lat_cli_misuse("there is no command '%s'; did you mean '%s'? `latentlab --help` lists them all", word, nearest);
  return lat_cli_misuse("there is no command '%s'; `latentlab --help` lists them", word);
}

int lat_cli_fail(int status) {
  if (status != LAT_OK) fprintf(stderr, "latentlab: %s\n", lat_error_message());
  return lat_status_exit(status);
}

int lat_cli_misuse(const char *format, ...) {
  va_list list;
  va_start(list, format);
  fputs("latentlab: ", stderr);
  vfprintf(stderr, format, list);
  fputc('\n', stderr);
  va_end(list);
  return 2;
}

int lat_cli_print_json(struct json_object *object) {
  const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
  if (text) puts(text);
  json_object_put(object);
  return lat_cli_finish(text ? 0 : 1);
}

int lat_cli_finish(int status) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return status;
  fprintf(stderr, "latentlab: cannot write to standard output: %s\n", strerror(errno));
  return status ? status : 1;
}
