/* BLIF, the Berkeley logic interchange format (Sentovich et al., SIS, 1992), combinational.
 *
 *   .model NAME   .inputs a b ...   .outputs y ...   .names a b ... y   cubes   .subckt MODEL formal=actual ...   .end
 *
 * '#' begins a comment, '\' before a line's end joins lines (here: as a space), CRLF is allowed, a missing .end and a missing
 * first .model too; statements in any order. The first model is the circuit; others may stand anywhere, are flattened where
 * .subckt names them, and are checked even where nobody does. All cubes of a cover have one output value; with 0 they list
 * the off-set: NOT(OR of the cubes). No cubes: constant 0. Covers of up to 6 fan-ins stay one node with a table; wider ones
 * become an AND tree a cube and an OR tree, of two-input nodes and the lowest depth.
 * Statements that only tell areas, delays, loads, drives or attributes are skipped.
 *
 * Refused: two drivers, none, a driven or repeated input, cycles, sub-models that are unknown or contain themselves, ports
 * that do not fit, a hierarchy that would flatten to over 2^26 names and cube positions. LAT_UNSUPPORTED: latches, state
 * tables, .gate (no cell library is read), .exdc, .search, black boxes. */
#ifndef LAT_CIRCUIT_BLIF_H
#define LAT_CIRCUIT_BLIF_H

#include <stddef.h>

#include "lib/circuit/netlist.h"

int lat_blif_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist);

#endif
