/* For tests of circuits: random netlists, a plain evaluator, and comparison of two netlists on input vectors. */
#ifndef LAT_TESTS_NETLIST_HELP_H
#define LAT_TESTS_NETLIST_HELP_H

#include <stdint.h>

#include "lib/circuit/netlist.h"

/* A netlist with nodes of 0 .. 6 fan-ins and random tables; many are constants, buffers, inverters, XORs, or read a node twice,
 * and outputs are inputs, constants or repeated. Fails the test when memory is short. */
struct lat_netlist *random_netlist(uint64_t seed, size_t inputs, size_t nodes, size_t outputs);

/* One bit a node, one node at a time. value[] is [nodes]; the inputs' values are given in it. */
void plain_values(const struct lat_netlist *netlist, unsigned char *value);

/* Fails the test unless both show the same outputs, under the same names, for all assignments of up to 12 inputs, else for
 * 4096 random ones. */
void assert_same_function(const struct lat_netlist *a, const struct lat_netlist *b);

#endif
