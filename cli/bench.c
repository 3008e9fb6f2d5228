/* latentlab bench: how fast this machine does it, against stated goals. */
#include "cli/bench.h"

#include <argp.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

static const struct {
  const char *name, *what;
  int (*run)(const struct lat_bench_request *request);
} benches[] = {{"circuits", "circuits run as transformers on many input vectors", lat_bench_circuits},
               {"train", "training steps of transformers of seven sizes", lat_bench_train}};
enum { BENCHES = sizeof benches / sizeof *benches };

static const struct argp_option options[] = {
    {"quick", 'q', 0, 0, "small cases (train: A), a few seconds", 0},
    {"config", 'c', "A,B,..", 0, "train: only these of A, B, C8, C16, C32, D, E, small", 0},
    {"threads", 't', "N", 0, "threads, in place of OMP_NUM_THREADS", 0},
    {"out", 'o', "FILE.h5", 0, "write the table as HDF5 too", 0},
    {"json", 'j', 0, 0, "print JSON, and nothing else, on standard output", 0},
    {0}};

struct words {
  struct lat_bench_request request;
  const char *name, *threads;
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct words *words = state->input;
  switch (key) {
    case 'q': words->request.quick = 1; return 0;
    case 'c': words->request.configs = argument; return 0;
    case 't': words->threads = argument; return 0;
    case 'o': words->request.out = argument; return 0;
    case 'j': words->request.json = 1; return 0;
    case ARGP_KEY_ARG:
      if (words->name != NULL) return ARGP_ERR_UNKNOWN;
      words->name = argument;
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static const struct argp argp = {
    options,
    parse,
    "NAME",
    "Measures seconds and rates, and whether the goals stated in the table are met.\v"
    "NAME is: circuits or train. Goals are for two cores of the machine described in DESIGN.md.\n" LAT_EXIT_USUAL,
    0,
    0,
    0};

static int unknown(const char *name) {
  char list[256] = "";
  size_t at = 0;
  for (int b = 0; b < BENCHES; b++) {
    int wrote = snprintf(list + at, sizeof list - at, "%s%s (%s)", b > 0 ? ", " : "", benches[b].name, benches[b].what);
    at += wrote > 0 && (size_t)wrote < sizeof list - at ? (size_t)wrote : 0;
  }
  if (name == NULL) return lat_cli_misuse("which benchmark? There is: %s", list);
  return lat_cli_misuse("there is no benchmark '%s'; there is: %s", name, list);
}

int lat_command_bench(int argc, char **argv) {
  struct words words = {0};
  int end = lat_cli_parse(&argp, argc, argv, &words);
  if (end >= 0) return end;
  if (words.threads != NULL) {
    char *rest;
    long threads = strtol(words.threads, &rest, 10);
    if (*rest != '\0' || rest == words.threads || threads < 1 || threads > 1024)
      return lat_cli_misuse("--threads is '%.80s', and a whole number 1..1024 is needed", words.threads);
    omp_set_num_threads((int)threads);
  }
  for (int b = 0; b < BENCHES && words.name != NULL; b++) {
    if (strcmp(words.name, benches[b].name) == 0) return benches[b].run(&words.request);
  }
  return unknown(words.name);
}
