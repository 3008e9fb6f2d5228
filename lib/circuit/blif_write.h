/* BLIF from a circuit: each node one .names with a cover of prime cubes, of the on-set or of the off-set, whichever has fewer.
 * Reading is lib/circuit/blif.h. */
#ifndef LAT_CIRCUIT_BLIF_WRITE_H
#define LAT_CIRCUIT_BLIF_WRITE_H

#include "lib/base/text.h"
#include "lib/circuit/netlist.h"

/* Appends the file's bytes to `text`. A node is named after the first output that shows it, else "n" and its number. Fan-ins
 * that are repeated or do not matter are left out. LAT_MEMORY. */
int lat_blif_print(const struct lat_netlist *netlist, struct lat_text *text);

#endif
