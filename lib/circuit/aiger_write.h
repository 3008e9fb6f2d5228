/* AIGER, ascii or binary, from the AND-inverter graph of a circuit. Reading is lib/circuit/aiger.h. */
#ifndef LAT_CIRCUIT_AIGER_WRITE_H
#define LAT_CIRCUIT_AIGER_WRITE_H

#include "lib/base/text.h"
#include "lib/circuit/netlist.h"

/* Appends the file's bytes to `text`. Every port gets a symbol. LAT_MEMORY, LAT_UNSUPPORTED for too many ANDs. */
int lat_aiger_print(const struct lat_netlist *netlist, int binary, struct lat_text *text);

#endif
