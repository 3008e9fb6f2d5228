/* An AIGER file as literals, between its reader (aiger.c) and what turns it into nodes (aiger_build.c). Nothing outside these
 * two includes this. */
#ifndef LAT_CIRCUIT_AIGER_FILE_H
#define LAT_CIRCUIT_AIGER_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/names.h"
#include "lib/circuit/netlist.h"

struct lat_aiger {
  const char *path, *bytes;
  size_t count, at, line;
  int binary;
  uint64_t header[9]; /* M I L O A B C J F */
  size_t inputs, outputs, ands;
  uint64_t variables;      /* M */
  size_t first_and_line;   /* ascii: AND k stands in this line + k */
  uint32_t *node;          /* [variables + 1]: node number + 1, or 0 where it is undefined */
  uint32_t *left, *right;  /* [ands]: literals */
  uint32_t *output;        /* [outputs]: literals */
  unsigned char *inverted; /* [inputs + ands]: the node computes the inverse of the variable */
  struct lat_slice *input_name, *output_name;
};

/* The checked literals as a netlist. LAT_INPUT for a cycle, LAT_MEMORY. */
int lat_aiger_build(struct lat_aiger *aiger, struct lat_netlist **netlist);

#endif
