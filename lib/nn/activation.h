/* The activation of the feed-forward part by its name, on arrays; y may be x. The functions, their accuracy and their
 * behaviour far out: lib/nn/vector_math.h. */
#ifndef LAT_NN_ACTIVATION_H
#define LAT_NN_ACTIVATION_H

#include <stddef.h>

#include "lib/nn/transformer.h"

void lat_activation_forward(enum lat_activation kind, size_t n, const lat_real *x, lat_real *y);

/* One value by libm in double. */
double lat_activation_reference(enum lat_activation kind, double x);

#endif
