/* What the tests of circuit files share. */
#ifndef LAT_TESTS_CIRCUIT_HELP_H
#define LAT_TESTS_CIRCUIT_HELP_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/circuit.h"

/* c17 of ISCAS-85 in ascii AIGER, BENCH and BLIF, and its two outputs for the 32 inputs, first input in bit 0. */
extern const char circuit_c17_aag[], circuit_c17_bench[], circuit_c17_blif[];
extern const uint32_t circuit_c17_output[2];

/* The netlist of a text, which must be read. The caller frees it. */
struct lat_netlist *circuit_parsed(const char *path, const char *text);
struct lat_netlist *circuit_parsed_bytes(const char *path, const char *bytes, size_t count);

/* The text must be refused with this status, and the sentence must name the path and a line or byte, be one line, and have
 * `fragment` in it. */
void circuit_refused(const char *path, const char *text, int status, const char *fragment);
void circuit_refused_bytes(const char *path, const char *bytes, size_t count, int status, const char *fragment);

/* An output for all assignments of up to 6 inputs: bit n is its value when input p carries bit p of n. */
uint64_t circuit_table(const struct lat_netlist *netlist, size_t output);

/* The text, which must be read, has this table at output 0. */
void circuit_computes(const char *path, const char *text, uint64_t table);

/* Both have the same numbers of ports and the same outputs: for all assignments up to 14 inputs, else for 4,096 random ones. */
void circuit_same(const struct lat_netlist *a, const struct lat_netlist *b);

/* Reads the bytes with the k-th allocation failing, for all k: LAT_MEMORY each time, nothing held, until all is read. */
void circuit_sweep(const char *path, const char *bytes, size_t count);

#endif
