/* A running parity under noise: g_1 = x_1 xor x_2, g_t = g_(t-1) xor x_(t+1), one gate a step, the inputs free of noise.
 *
 * After step t the value of gate t is v_t = u_t + sigma n_t, n_t standard normal. Step t survives when the signs of v_1 .. v_t
 * are all right. What the next step makes of v is the regenerator's matter:
 *   none   the universal machine without a clip, phi(z) = ReLU(z)
 *   clip   the universal machine with it, phi(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2)
 *   token  the machine without a clip, but v is read by the model's head, the larger of two logits chosen, and its embedding put
 *          in the place of v: v <- sign v
 *   cot    chain of thought proper, one token of two a step, a key-value cache (lib/compile/thoughts.h)
 *   vector its continuous sibling: v itself is fed back, and read through the clip
 * Theory. The four patterns of xor have z = s1 v + s2 x + tau - 2. With input bit 0 (x = -1) the next value is therefore u' = 2
 * (phi(v) + 2 phi(-v - 2) + phi(v - 4)) - 1, with input bit 1 the same of -v: for random inputs (u, bit) is a Markov chain on
 * a line. Its survival is computed by quadrature. For tokens it is (1 - Q(1 / sigma))^t. */
#ifndef LAT_EXPERIMENTS_NOISE_DRIFT_CHAIN_H
#define LAT_EXPERIMENTS_NOISE_DRIFT_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "lib/circuit/netlist.h"

enum lat_regenerator {
  LAT_REGENERATE_NONE,
  LAT_REGENERATE_CLIP,
  LAT_REGENERATE_TOKEN,
  LAT_REGENERATE_COT,
  LAT_REGENERATE_VECTOR
};

const char *lat_regenerator_name(enum lat_regenerator regenerator);
int lat_regenerator_parse(const char *name, enum lat_regenerator *regenerator);

struct lat_drift {
  enum lat_regenerator regenerator;
  double sigma, kappa;
  size_t steps, vectors;
  uint64_t seed;
};

int lat_drift_netlist(size_t steps, struct lat_netlist **netlist);

/* survived [steps]: vectors that survived step t + 1. LAT_INPUT, LAT_MEMORY. */
int lat_drift_run(const struct lat_drift *drift, int64_t *survived);

/* survival [steps]: the probability of it. LAT_MEMORY. */
int lat_drift_theory(const struct lat_drift *drift, double *survival);

#endif
