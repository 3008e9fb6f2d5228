/* Inside `latentlab circuit`: what was asked for, what came out, and the pieces that read and print them. */
#ifndef LAT_CLI_CIRCUIT_H
#define LAT_CLI_CIRCUIT_H

#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"

struct json_object;

struct lat_circuit_request {
  const char *file, *family, *vectors, *save, *extract; /* NULL when not given; one of file and family is */
  struct lat_construction construction;                 /* fan_in is the K of --lut; steps, beta, kappa 0 for auto */
  enum lat_attention attention;
  size_t random; /* vectors; SIZE_MAX when not given */
  int exhaustive, json;
  uint64_t seed;
};

struct lat_circuit_seconds {
  double read, map, compile, certify, run, check;
};

/* What came out. A machine fills what it has: arrays that it leaves NULL are not printed. */
struct lat_circuit_outcome {
  const char *name; /* file or family */
  struct lat_netlist *original, *mapped;
  struct lat_circuit_statistics before, after;
  const struct lat_circuit_machine *kind;
  void *machine; /* its own */
  /* The machine that was built. */
  struct lat_transformer_config config;
  enum lat_variant variant;
  unsigned fan_in;    /* K */
  double beta, kappa; /* beta 0: no softmax; then its key is null in JSON */
  enum lat_snap snap;
  size_t parameters, tokens;           /* dense parameters by formula where the model itself is not built */
  const char *attention;               /* "dense", "fast", "none" ... */
  const struct lat_transformer *model; /* for --save, the machine's own; NULL: cannot be saved, and `unsaved` says why */
  const struct lat_prompt *prompt;
  const char *unsaved;
  struct lat_certificate certificate;
  /* What the run gave. */
  struct lat_vectors *inputs, *expected, *outputs; /* expected: from --vectors, or NULL */
  size_t steps, levels;                            /* T, depth + 1 (0: not recorded by level) */
  uint32_t depth;                                  /* of the mapped circuit */
  uint64_t *wires;                                 /* [levels]: nodes of that level */
  uint64_t *right, *ready;                         /* [levels]: after the last step, summed over vectors */
  uint64_t *output_wrong, *output_ready;           /* [T + 1] */
  unsigned char *output_last;                      /* [O] */
  uint32_t *settled;                               /* [vectors] */
  uint64_t wrong_bits, lucky_bits, unready_bits;   /* lucky: right bits of outputs that are not ready */
  struct lat_circuit_seconds seconds;
};

/* One way to turn a circuit into a transformer: a file cli/circuit_NAME.c each. */
struct lat_circuit_machine {
  /* Compiles outcome->mapped, certifies and runs it on outcome->inputs: fills the part above from `machine` on, seconds but
   * `read` and `map`, and no counts of wrong bits: those are the command's. Outputs must be allocated by it. */
  int (*work)(const struct lat_circuit_request *request, struct lat_circuit_outcome *outcome);
  int (*extract)(const struct lat_circuit_outcome *outcome, const char *path); /* NULL: not possible */
  void (*print)(const struct lat_circuit_outcome *outcome);                    /* its lines of the table, or NULL */
  void (*add_json)(const struct lat_circuit_outcome *outcome, struct json_object *object); /* its keys, or NULL */
  void (*forget)(void *machine);
};
extern const struct lat_circuit_machine lat_circuit_tokens; /* universal and weights */
extern const struct lat_circuit_machine lat_circuit_vector; /* all wires in one thought */
extern const struct lat_circuit_machine lat_circuit_cot;    /* w bits a thought: tokens, or with --variant vector vectors */

/* Room for the record of a run: outputs, and every array of the outcome. `level` is [mapped->nodes]; NULL: nothing by
 * level. Needs mapped, inputs, steps and depth. LAT_MEMORY; the command frees it. */
int lat_circuit_record_alloc(struct lat_circuit_outcome *outcome, const uint32_t *level);

/* Reads the command line. Returns the exit status that ends the program, or -1 to go on. */
int lat_circuit_options(int argc, char **argv, struct lat_circuit_request *request);

/* The input vectors that the request asks for, and the expected outputs of a file. LAT_INPUT with "FILE:LINE: cause". */
int lat_circuit_vectors(const struct lat_circuit_request *request, const struct lat_netlist *netlist,
                        struct lat_vectors **inputs, struct lat_vectors **expected);

/* Outputs that are ready for every vector after the last step. */
uint64_t lat_circuit_outputs_ready(const struct lat_circuit_outcome *outcome);

/* Print what came out. */
int lat_circuit_print_json(const struct lat_circuit_outcome *outcome);
void lat_circuit_print_table(const struct lat_circuit_outcome *outcome);

/* A progress line with the time left on stderr, when that is a terminal and the work takes over a second. */
struct lat_circuit_progress {
  double began, shown;
  int terminal;
};
void lat_circuit_progress_start(struct lat_circuit_progress *progress);
int lat_circuit_progress_tell(void *progress, size_t done, size_t total);
void lat_circuit_progress_end(struct lat_circuit_progress *progress);

#endif
