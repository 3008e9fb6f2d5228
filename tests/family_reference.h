/* For tests of families: what each computes, written without gates, and inputs that make sense for it. Arrays hold one bit a
 * place, in the order of the ports. */
#ifndef LAT_TESTS_FAMILY_REFERENCE_H
#define LAT_TESTS_FAMILY_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/random.h"

typedef void reference_function(int64_t n, const unsigned char *in, unsigned char *out);
typedef void draw_function(int64_t n, struct lat_random *random, unsigned char *in, size_t inputs);

reference_function reference_parity, reference_add, reference_multiply, reference_square_root, reference_compare,
    reference_sort, reference_majority, reference_count, reference_sipser, reference_permutations, reference_reach,
    reference_automaton, reference_choose, reference_decode;
draw_function draw_permutations, draw_sparse;

#endif
