/* Inside the threshold machine: the error bound behind its certificate, derived in DESIGN.md, "Threshold gates". */
#ifndef LAT_COMPILE_THRESHOLD_BOUND_H
#define LAT_COMPILE_THRESHOLD_BOUND_H

#include "lib/compile/threshold.h"

/* The beta that the weights hold when this one is asked for: few bits of mantissa keep logits exact. */
double lat_threshold_realised(double beta, size_t address_bits, struct lat_arithmetic arithmetic);

double lat_threshold_scale(size_t address_bits); /* of attention */

/* The smallest power of two at which the weight of every wrong address is rounded to 0. */
double lat_threshold_vanishing_beta(enum lat_dtype accumulate);

/* The smallest beta that certifies with everything else as in the machine, whose model need not exist yet; infinity. */
int lat_threshold_smallest_beta(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                                double *beta);

#endif
