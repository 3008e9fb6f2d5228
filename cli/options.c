#include "cli/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/sweep/names.h"

enum { USAGE = 1000000 };

struct parse {
  void *input;
  int told; /* help, usage or version was printed */
};

static const struct argp_option options[] = {{"help", '?', 0, 0, "print this and leave", -1},
                                             {"usage", USAGE, 0, 0, "print all options in short and leave", 0},
                                             {"version", 'V', 0, 0, "print the program's version and leave", 0},
                                             {0}};

/* argp's own --help leaves the process by exit() or, told not to, goes on as if nothing had been asked. */
static error_t parse_common(int key, char *argument, struct argp_state *state) {
  struct parse *parse = state->input;
  (void)argument;
  switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = parse->input; return 0;
    case '?': argp_state_help(state, stdout, ARGP_HELP_STD_HELP & ~(unsigned)ARGP_HELP_EXIT_OK); break;
    case USAGE: argp_state_help(state, stdout, ARGP_HELP_USAGE); break;
    case 'V': printf("%s\n", argp_program_version); break;
    default: return ARGP_ERR_UNKNOWN;
  }
  parse->told = 1;
  state->next = state->argc; /* what follows is not looked at */
  return ECANCELED;
}

/* `latentlab NAME: SENTENCE\nTry ...` becomes `latentlab: SENTENCE; see latentlab NAME --help`. */
static int tell(const char *name, const char *text) {
  size_t length = strlen(name);
  if (strncmp(text, name, length) == 0 && text[length] == ':') text += length + 1;
  text += strspn(text, " ");
  return lat_cli_misuse("%.*s; `%s --help` tells more", (int)strcspn(text, "\n"), text, name);
}

int lat_cli_parse(const struct argp *command, int argc, char **argv, void *input) {
  const struct argp_child children[] = {{command, 0, NULL, 0}, {0}};
  const struct argp argp = {options, parse_common, 0, 0, children, 0, 0};
  struct parse parse = {input, 0};
  char *text = NULL;
  size_t length = 0;
  FILE *kept = stderr, *caught = open_memstream(&text, &length);
  if (caught == NULL) return lat_cli_misuse("no memory to read the options");
  stderr = caught; /* argp's, and that of getopt below it */
  error_t error = argp_parse(&argp, argc, argv, ARGP_NO_HELP | ARGP_NO_EXIT, NULL, &parse);
  stderr = kept;
  fclose(caught);
  int status = -1;
  if (parse.told) {
    status = lat_cli_finish(0);
  } else if (error != 0 || (text != NULL && *text != '\0')) {
    status = tell(argv[0], text != NULL && *text != '\0' ? text : strerror(error));
  }
  free(text); /* lat_free knows only what lat_alloc gave */
  return status;
}

const char *lat_nearest(const char *word, const char *const *names, size_t count) {
  const char *best = NULL;
  size_t least = 3;
  for (size_t i = 0; i < count; i++) {
    size_t d = lat_name_distance(word, names[i]);
    if (d < least && d < strlen(names[i])) least = d, best = names[i];
  }
  return best;
}
