/* The constructed machine (lib/compile) on the examples that the trained ones are tested on. */
#ifndef LAT_EXPERIMENTS_LEARNED_DEPTH_MACHINE_H
#define LAT_EXPERIMENTS_LEARNED_DEPTH_MACHINE_H

#include "lib/circuit/netlist.h"
#include "lib/train/evaluate.h"

/* The circuit that an example of the task `circuit` tells, read from its tokens: node i is position i, the constants are inputs and
 * bit [inputs] holds them; all gates of the last level are outputs. LAT_INPUT for a token that makes no sense. */
int lat_machine_circuit(const struct lat_task_setting *setting, const struct lat_example *example,
                        struct lat_netlist **netlist, unsigned char *bit);

struct lat_machine_report {
  uint64_t certified; /* circuits whose machine is certified */
  uint64_t other;     /* circuits whose weights are not the first one's: the circuit is in the prompt, so there is none */
  uint64_t unlike;    /* gates whose target in the task is not what the circuit's simulation gives */
  size_t parameters;
};

/* Each of the examples 0.. of (seed, purpose) is compiled for a block of `layers` layers and run for `steps` loops. `score` as of
 * lat_evaluate with `every` (its losses are NaN), to be freed with lat_score_free. */
int lat_machine_evaluate(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, size_t examples,
                         size_t layers, size_t steps, struct lat_score *score, struct lat_machine_report *report);

#endif
