/* The names of a circuit's ports, made fit for a file format.
 *
 * Bytes that the format cannot hold become '_', an empty name becomes "_", and a name that is taken gets a number. An output
 * keeps the name of an input only where it shows that input: readers that connect by name would tie them together. */
#ifndef LAT_CIRCUIT_PORT_NAMES_H
#define LAT_CIRCUIT_PORT_NAMES_H

#include "lib/circuit/names.h"
#include "lib/circuit/netlist.h"

struct lat_port_names {
  size_t inputs, outputs;
  char **input, **output; /* [inputs], [outputs] */
  struct lat_names taken; /* all of them */
};

/* Zero-initialise `names`; lat_port_names_free is due whatever this returns. `legal` says whether a byte may stand in a
 * name (at its start when `first` is not 0). LAT_MEMORY. */
int lat_port_names_make(struct lat_port_names *names, const struct lat_netlist *netlist,
                        int (*legal)(char byte, int first));
void lat_port_names_free(struct lat_port_names *names);

/* A copy of `name` with illegal bytes replaced; the caller frees it. NULL without memory. */
char *lat_port_name_mangle(const char *name, int (*legal)(char byte, int first));

#endif
