/* Circuits and comparisons shared by the tests of lib/compile. */
#ifndef LAT_TESTS_COMPILE_HELP_H
#define LAT_TESTS_COMPILE_HELP_H

#include "lib/circuit/circuit.h"
#include "lib/compile/compile.h"

/* ISCAS-85 c17: 5 inputs, 6 NAND gates, 2 outputs, depth 3. */
struct lat_netlist *help_c17(void);

/* `inputs` inputs and `gates` nodes with 0..fan_in fan-ins among earlier nodes, random tables; every last node an output.
 */
struct lat_netlist *help_random(uint64_t seed, size_t inputs, size_t gates, unsigned fan_in);

/* A generated family: as it is for fan_in 2, mapped for more. */
struct lat_netlist *help_family(const char *name_and_size, unsigned fan_in);

/* A construction with K and the rest plain: universal, 1 layer, no norm, ReLU, full, automatic numbers. */
struct lat_construction help_plain(unsigned fan_in);

/* Runs `vectors` random input vectors (all, when there are at most that many) for T steps by lat_transformer_run and
 * compares with lat_simulate: after every layer, every node of level <= layers applied must have the right sign and its
 * ready bit must be [level <= layers applied] for every node; at the end all outputs by lat_prompt_read. Fails the running
 * test otherwise. Returns the largest |v - bit| over settled nodes. */
double help_run_and_compare(const struct lat_netlist *netlist, const struct lat_compiled *compiled, size_t vectors);

/* Wrong signs of node values after the last step, over the vectors given; never fails. */
size_t help_wrong(const struct lat_netlist *netlist, const struct lat_compiled *compiled, size_t vectors);

#endif
