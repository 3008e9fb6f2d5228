/* The machines of experiments/thought_bandwidth.c: one circuit, computed by thoughts of several kinds, and what each costs.
 *
 * A machine's last step is the last that its schedule has; what it shows one step earlier is the control, which must not be
 * all there. Counts are whole numbers and the same for any number of threads; `seconds` alone is a time. */
#ifndef LAT_EXPERIMENTS_THOUGHT_BANDWIDTH_MACHINE_H
#define LAT_EXPERIMENTS_THOUGHT_BANDWIDTH_MACHINE_H

#include "lib/circuit/circuit.h"
#include "lib/circuit/schedule.h"

/* A question that all machines are asked: the mapped circuit that they run, and input vectors with the answers of the
 * circuit as it came, which no machine saw. */
struct lat_bandwidth_question {
  struct lat_netlist *mapped;
  struct lat_vectors *inputs, *wanted; /* the last vector is the one that settles last, so far as a search found it */
  unsigned fan_in;                     /* K of the mapping */
  size_t repeats;                      /* timed runs; the fastest counts */
};

/* Reads or makes the circuit (`file` unless it is "", else `family`), maps it to nodes of at most `fan_in` fan-ins, draws
 * `vectors` random input vectors and adds the late one. LAT_INPUT for a circuit without gates. To be freed either way. */
int lat_bandwidth_ask(const char *file, const char *family, unsigned fan_in, size_t vectors, uint64_t seed,
                      struct lat_bandwidth_question *question);
void lat_bandwidth_forget(struct lat_bandwidth_question *question);

struct lat_bandwidth_answer {
  size_t steps;
  int64_t compared, wrong;       /* output bits over all vectors after the last step */
  int64_t wrong_before;          /* of these, wrong one step earlier */
  int64_t outputs, ready_before; /* outputs; of these, there one step earlier */
  int64_t certified;             /* 1 when the arithmetic that ran is certified; -1: this kind has no certificate */
  int64_t *flips;                /* [steps]: wires whose value appears in step t + 1, measured */
  double nominal_bits;           /* that a step hands on: log2 V of a token, 16 for each entry of a state or thought */
  double flops, bytes;           /* of one vector: operations of all steps; what the last step could read of earlier ones */
  int64_t parameters;
  double seconds; /* of one vector, alone */
};
void lat_bandwidth_answer_free(struct lat_bandwidth_answer *answer);

/* One token a gate, all of them updated in each step; w has no limit. */
int lat_bandwidth_gates(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer);
/* One thought a step of w = `bits`: a token of V = 2^w, or a vector of w / `channel_bits` channels. */
int lat_bandwidth_thoughts(const struct lat_bandwidth_question *question, int token, size_t bits, unsigned channel_bits,
                           struct lat_bandwidth_answer *answer);
/* All wires in one vector, no attention; w has no limit. `seconds` is NaN where the dense model would be too large. */
int lat_bandwidth_wires(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer);

/* For the machines: output bits that differ; and, from the ready wires [steps + 1, depth + 1] summed over vectors, those that
 * became ready in each step [steps]. Ready bits do not depend on the inputs, so that every vector has as many. */
int64_t lat_bandwidth_count_wrong(const struct lat_vectors *wanted, const struct lat_vectors *got);
void lat_bandwidth_count_flips(const uint64_t *level_ready, size_t steps, size_t depth, size_t vectors, int64_t *flips);

#endif
