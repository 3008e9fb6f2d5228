/* How narrow can a trained model's thought be made before its answers suffer? After each loop (lat_between) the state x of width D, with
 * mean m and principal directions v_k of variance s_k^2 (over states of validation examples), becomes
 *   kept    m + sum over k of q_k(<x - m, v_k>) v_k, q_k the even levels, 2^b_k of them, that suit N(0, s_k^2) best (Max 1960), b_k = round(log2(s_k /
 *           threshold)) from 0 to 10 (reverse water-filling: Cover and Thomas 2006, theorem 10.3.3): one of 2^(sum b_k) states exactly. Also one b
 *           for all directions, and the first few directions without rounding
 *   noisy   x + N(0, deviation^2 P), P the mean square of the entries of x - m: what gets through is at most D log2(1 + 1 / deviation^2) / 2
 *           bits (Shannon 1948, theorem 17)
 * A model that keeps 99 % of its accuracy needs no more than that; it was not trained to be narrow and might do with less. */
#ifndef LAT_EXPERIMENTS_BITS_LADDER_NARROW_H
#define LAT_EXPERIMENTS_BITS_LADDER_NARROW_H

#include "lib/task/task.h"
#include "lib/train/learner.h"

enum { LAT_NARROW_MOST_BITS = 8 };

/* What is narrowed and how it is judged: accuracy of scored positions after `steps` loops. */
struct lat_narrowing {
  struct lat_learner *learner; /* its `between` is set here and cleared at the end */
  const struct lat_task_setting *setting;
  size_t steps, width, examples;
  uint64_t seed;
};

struct lat_narrowed {
  double full, full_test;   /* accuracy as it is, on validation and test examples */
  double participation;     /* ratio of the states' spectrum (lib/info/spectrum.h) */
  size_t quantised;         /* least bits a number at full rank; 0: none of 1..8 */
  size_t projected;         /* least rank without rounding */
  size_t kept_rank, kept;   /* least rank * bits and its rank; 0: none */
  double kept_test;         /* accuracy of that on test examples */
  double noise, noise_bits; /* largest deviation and the bits at it; 0: none that was tried */
};
/* All by validation accuracy of at least 0.99 of the full one. LAT_INPUT, LAT_MEMORY. */
int lat_narrow(const struct lat_narrowing *narrowing, struct lat_narrowed *narrowed);

#endif
