/* AIGER, ascii (.aag) and binary (.aig), formats 1.0 and 1.9 (Biere, 2007; Biere, Heljanko and Wieringa, 2011),
 * combinational.
 *
 * Read strictly: single spaces, newline line ends (CRLF is refused with a hint), every used variable defined, no cycle even
 * where no output looks. Legal and read: an output that is an input, a constant or repeated; an AND with a constant or with
 * equal fan-ins; in ascii, variables in any order and gaps between them; two inputs or outputs of the same name. After the
 * symbol table, a `c` that does not begin a constraint symbol ends the data, whatever bytes follow.
 *
 * Each AND becomes one node, inverted when the first output that shows it is; what outputs need beyond that are one
 * inverter a variable and one node a constant. Header numbers are checked against the size of the file before memory is
 * taken: variables (ascii) and inputs (binary) may not exceed 65,536 + 8 times the file's bytes.
 *
 * LAT_INPUT, LAT_UNSUPPORTED for latches and properties, LAT_MEMORY. */
#ifndef LAT_CIRCUIT_AIGER_H
#define LAT_CIRCUIT_AIGER_H

#include <stddef.h>

#include "lib/circuit/netlist.h"

int lat_aiger_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist);

#endif
