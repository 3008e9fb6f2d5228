/* ISCAS netlists, .bench (Brglez and Fujiwara, 1985), combinational.
 *
 *   INPUT(name)   OUTPUT(name)   name = GATE(name, ...)   name = LUT 0xHEX (name, ...)   name = vdd   name = gnd   #
 * comment
 *
 * Statements in any order, one a line, any spacing and letter case of keywords, CRLF allowed; a name is any run of bytes
 * but space, control bytes and ( ) , = #. Gates: AND NAND OR NOR XOR XNOR NXOR NOT INV BUF BUFF MUX. One fan-in makes AND,
 * OR and XOR a buffer and the others an inverter; XOR of more than two is parity and XNOR its complement; MUX(s, a, b) is s
 * ? a : b. LUT: the first fan-in is the least significant bit of the table's index. Up to 6 fan-ins stay one node; wider
 * gates become balanced trees of two-input nodes, wider LUTs trees of tables and selectors. Refused: undriven nets whatever
 * their names, two drivers, a driven or repeated INPUT, cycles, and DFF as sequential.
 *
 * LAT_INPUT, LAT_UNSUPPORTED, LAT_MEMORY. */
#ifndef LAT_CIRCUIT_BENCH_H
#define LAT_CIRCUIT_BENCH_H

#include <stddef.h>

#include "lib/circuit/netlist.h"

int lat_bench_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist);

#endif
