/* Compiled circuits as the exercises run them: by the one transformer, on many input vectors, held to the simulation. */
#ifndef LAT_CLI_EXERCISE_MACHINE_H
#define LAT_CLI_EXERCISE_MACHINE_H

#include "lib/circuit/circuit.h"
#include "lib/compile/compile.h"

/* A circuit that takes `inputs`, compiled. Both are to be freed, also after a failure (they are NULL where not made). */
struct lat_machine {
  struct lat_netlist *netlist;
  struct lat_compiled *compiled;
};

/* A generated family as nodes of at most construction->fan_in fan-ins, compiled. */
int lat_machine_make(const char *family, const struct lat_construction *construction, struct lat_machine *machine);
/* A chain of `levels` exclusive ors over eight inputs, one new input a gate. */
int lat_machine_chain(size_t levels, const struct lat_construction *construction, struct lat_machine *machine);
void lat_machine_free(struct lat_machine *machine);

struct lat_machine_count {
  size_t bits;  /* output bits of all vectors */
  size_t wrong; /* of these, not what the simulation says */
  size_t ready; /* of these, with the ready bit on */
};

/* Runs `steps` steps on `vectors` random input vectors (all of them when there are at most so many). LAT_MEMORY. */
int lat_machine_run(const struct lat_machine *machine, size_t steps, size_t vectors, struct lat_machine_count *count);

#endif
