#include "experiments/bits_ladder/representable.h"

#include <assert.h>
#include <math.h>

uint64_t lat_representable_values(enum lat_dtype dtype, double limit) {
  struct lat_dtype_facts facts = lat_dtype_facts(dtype);
  if (limit >= facts.largest) return facts.finite;
  if (limit < facts.smallest) return 1;
  /* Positive values below the smallest normal one lie evenly; above, so many in each power of two. */
  uint64_t each = (uint64_t)1 << facts.mantissa_bits;
  if (limit < facts.smallest_normal) return 2 * (uint64_t)floor(limit / facts.smallest) + 1;
  int exponent, lowest;
  double mantissa = frexp(limit, &exponent); /* 0.5 .. 1 */
  frexp(facts.smallest_normal, &lowest);
  uint64_t below = (each - 1) + (uint64_t)(exponent - lowest) * each;
  uint64_t within = (uint64_t)floor((2 * mantissa - 1) * (double)each) + 1;
  return 2 * (below + within) + 1;
}

struct lat_representable lat_representable_states(enum lat_dtype dtype, size_t d) {
  assert(d >= 3);
  double n = (double)d, widest = lat_dtype_round_double(dtype, sqrt(n - 1));
  double all = log2((double)lat_representable_values(dtype, widest));
  double few = log2((double)lat_representable_values(dtype, sqrt(2 / (n - 2))));
  return (struct lat_representable){(n - 2) * few, fmin(n * all, (n - 1) * all + log2(n * (n + 1)))};
}
