/* For tests of thoughts: circuits, constructions and checked runs. All fail the running test when something goes wrong. */
#ifndef LAT_TESTS_THOUGHTS_HELP_H
#define LAT_TESTS_THOUGHTS_HELP_H

#include "lib/compile/thoughts.h"

/* A generated family, mapped onto nodes of at most fan_in. */
struct lat_netlist *help_mapped(const char *name, unsigned fan_in);

/* Constructions with automatic numbers: `bits` a token; `bits` a vector, `per_channel` in each channel. */
struct lat_construction help_tokens(unsigned fan_in, size_t bits);
struct lat_construction help_vectors(unsigned fan_in, size_t bits, unsigned per_channel);

struct lat_thoughts *help_thoughts(const struct lat_netlist *netlist, struct lat_construction construction);

/* A run on all vectors (up to 8 inputs) or on 96 random ones, against the oracle. */
struct help_thought {
  struct lat_thoughts_record record;
  uint64_t wrong_outputs, vectors;
};
struct help_thought help_think(const struct lat_netlist *netlist, const struct lat_thoughts *thoughts,
                               struct lat_thoughts_record record);

#endif
