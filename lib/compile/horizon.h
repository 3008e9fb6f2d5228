/* How deep a machine without a snap computes (LAT_SNAP_NONE).
 *
 * A wire's value is then v = 2 sum_s ReLU(z_s) - 1. Wires that are false come out as exactly -1: every wrong pattern has
 * z <= 0. A wire that is true comes out as 1 - 2 K d when its fan-ins were fetched within d of their signs, and a true wire
 * at distance delta is fetched as (1 - eps)(1 - delta) - eps in the worst case, all other tokens false. So
 *   delta' = 2 K ((1 - eps) delta + 2 eps),  delta_0 = 0,
 * which an input that latches a lone 1 attains. For K = 2 and small eps: 4 (delta + 2 eps), delta_t = 8 eps (4^t - 1) / 3,
 * and delta reaches 1, where signs are lost, at t = log_4(1 + 3 / (8 eps)): 1.44 layers per unit of beta. Layers count, not
 * levels: inputs and settled wires drift as well. */
#ifndef LAT_COMPILE_HORIZON_H
#define LAT_COMPILE_HORIZON_H

#include "lib/compile/bound.h"

/* delta after so many layers, in exact arithmetic, in the worst case. Beyond delta = 1 it means nothing. */
double lat_horizon_drift(double leak, size_t fan_in, size_t layers);

/* The number of layers at which delta reaches 1, as a real number: log_a(1 + (a - 1) / (4 K eps)), a = 2 K (1 - eps).
 * Infinity for leak 0, 0 when one layer is too much. Signs are right for all inputs after every smaller number of layers. */
double lat_horizon_layers(double leak, size_t fan_in);

/* The same with the rounding of single precision, as a whole number of layers that is proven: without a norm. Returns 0
 * under a norm, for which it is not derived. The leak and attention's rounding are those of `bound`. */
size_t lat_horizon_proven(const struct lat_bound_setting *setting, const struct lat_bound *bound);

/* Fills in the certificate of a machine without a snap that is not bit-exact: never certified. */
void lat_horizon_tell(const struct lat_bound_setting *setting, const struct lat_bound *bound,
                      struct lat_certificate *certificate);

#endif
