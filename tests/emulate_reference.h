/* A transformer by the rule of lib/nn/emulate.h, number by number: no tiles, no lanes, no shared code but the rounding of one
 * number, exp and the activations. */
#ifndef LAT_TESTS_EMULATE_REFERENCE_H
#define LAT_TESTS_EMULATE_REFERENCE_H

#include "lib/nn/transformer.h"

/* x [B, S, D] in place. Rotary positions are not in it. */
void reference_run(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps, float *x);

/* round(a + b c): in integers where they are wide enough (every product of numbers from 2^-24 to 2^16), else asserts. */
double reference_term(enum lat_dtype dtype, double a, double b, double c);

#endif
