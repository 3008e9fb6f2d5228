/* How much softmax weight misses the target when keys are +-1 address codes.
 *
 * Let x = exp(-2 beta), the weight of one differing address bit. Over all 2^m addresses the weights sum to (1 + x)^m, of
 * which 1 belongs to the target: leak = 1 - (1 + x)^-m = 1 - sigma(2 beta)^m.
 *
 * With only the addresses 0 .. N-1 occupied, let W(t, N) be the sum of weights seen from target t and 2^b the highest
 * power of two in N, N' = N - 2^b. The block 0 .. 2^b - 1 seen from inside weighs (1 + x)^b, from outside x times that, and
 * the rest of the addresses weighs at most as much as a full block. So a worst target lies inside the block and
 *   W(N) = max_t W(t, N) = (1 + x)^b + x W(N'),  W(0) = 0,
 * one term for each 1 in the binary form of N: leak = 1 - 1 / W. Both forms are evaluated without cancellation. */
#include <math.h>

#include "lib/compile/certificate.h"

double lat_leak(double beta, size_t address_bits) { return -expm1(-(double)address_bits * log1p(exp(-2 * beta))); }

double lat_leak_occupied(double beta, size_t tokens) {
  double x = exp(-2 * beta), step = log1p(x), excess = 0, factor = 1;
  int first = 1;
  for (size_t bit = 8 * sizeof tokens; bit-- > 0;) {
    if (!(tokens >> bit & 1)) continue;
    excess += first ? expm1((double)bit * step) : factor * exp((double)bit * step);
    factor *= x;
    first = 0;
  }
  return excess / (1 + excess);
}
