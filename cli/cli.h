/* The program's commands. One file a command, cli/NAME.c with lat_command_NAME; cli/commands.c knows their names.
 *
 * A command parses its own arguments with argp (argv[0] is "latentlab NAME", so that usage texts read well), prints tables
 * or JSON on stdout, one line `latentlab: SENTENCE` on stderr when something is wrong, and returns the exit status: 0 fine,
 * 1 failure, 2 misuse or bad input. */
#ifndef LAT_CLI_CLI_H
#define LAT_CLI_CLI_H

#include "lib/base/status.h"
#include "lib/sweep/experiment.h"

struct json_object;

int lat_command_list(int argc, char **argv);
int lat_command_run(int argc, char **argv);
int lat_command_status(int argc, char **argv);
int lat_command_merge(int argc, char **argv);
int lat_command_verify(int argc, char **argv);
int lat_command_export(int argc, char **argv);
int lat_command_plot(int argc, char **argv);
int lat_command_report(int argc, char **argv);
int lat_command_circuit(int argc, char **argv);
int lat_command_convert(int argc, char **argv);
int lat_command_bench(int argc, char **argv);
int lat_command_exercise(int argc, char **argv);
int lat_command_task(int argc, char **argv);

/* What the commands work on. A test program sets another list and the word that its own main takes before a command, so
 * that `run --jobs` can start it again. */
struct lat_program {
  const struct lat_experiment *const *experiments; /* ended by NULL */
  const char *driver;                              /* NULL for the real program */
  const char *invoked;                             /* the program as it was called; set by lat_program_main */
};
extern struct lat_program lat_program;

/* `PROGRAM COMMAND ...`: everything that main does. */
int lat_program_main(int argc, char **argv);

/* Prints `latentlab: ` and the stored sentence for a status other than LAT_OK; gives the exit status. */
int lat_cli_fail(int status);
/* Prints `latentlab: ` and this sentence; gives 2. */
int lat_cli_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Prints the object and a newline on stdout and releases it; gives 0, or 1 when stdout takes it not. */
int lat_cli_print_json(struct json_object *object);
/* Ends a command: flushes stdout; `status` when that works, 1 with a message otherwise (a full disk behind `>`). */
int lat_cli_finish(int status);

#endif
