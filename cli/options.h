/* How every command reads its options: argp's reading, one line for a mistake, help that leaves by the front door. */
#ifndef LAT_CLI_OPTIONS_H
#define LAT_CLI_OPTIONS_H

#include <argp.h>
#include <stddef.h>

/* Parses with `command` as argp would, `input` for its parser. -1: go on. Else the exit status: 0 after --help, --usage or
 * --version, 2 after one line on stderr. argp_error comes back to the parser that called it: return after it. */
int lat_cli_parse(const struct argp *command, int argc, char **argv, void *input);

/* The last line of a command's help text where nothing more is to be said. */
#define LAT_EXIT_USUAL \
  "Exit status: 0 done, 1 something failed, 2 misuse or bad input. What is wrong is told in one line on standard error."

/* The name nearest to a mistyped word, at most two slips away; NULL when none is. */
const char *lat_nearest(const char *word, const char *const *names, size_t count);

#endif
