/* Threshold gates of any fan-in in the one transformer: an edge token for every wire, two layers a level, looped.
 *
 * Tokens: one a node (inputs, then gates; token i is node i), then one an edge, N in all, m = ceil(log2 N) address bits.
 * Channels: own address a [m], pointer p [m] (an edge's source; else the token itself), owner o [m] (an edge's gate; an
 * input's own address; a gate's first edge, whose mean nobody reads), two table entries (tau0 = 1 and tau1 = -1 where an edge
 * inverts, else the reverse), threshold theta = (2 k - 1 - n) / n, ready threshold 1 - 1 / n, result u, result's ready bit w,
 * snapped value v and ready r, constant 1, scratch f and g, means mu and rho.
 *   Layer 1: softmax(beta <p_i, a_j>) fetches (u, w) into (f, g). v <- 2 clip(f + tau1 - 1) - 2 clip(f + tau0 - 1) + tau0 and
 *            r <- 2 clip(g) - 1, clip(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2); u, w, f, g, mu, rho become 0.
 *   Layer 2: softmax(beta <a_i, o_j>) weighs the n edges of gate i alike and gives the means (mu, rho) of their (v, r); of +-1 values
 *            with c ones mu = (2 c - n) / n, which lies 1 / n or more from theta. u <- 1 - 2 ReLU(1/2 - slope (mu - theta)),
 *            w <- 1 - 2 ReLU(1/2 - slope (rho - (1 - 1/n))), slope = kappa 2^ceil(log2 n_max). mu and rho stay to be looked at.
 * A result is +1, or -1 and anything below: the upper half of the comparison saturates here, the lower half in layer 1's clip, so that
 * no two large numbers are ever subtracted, in whatever number format. After t steps of the block every node of level <= t is right,
 * and ready says [level <= t]. One head, 23 hidden units, no norm, ReLU, no mask; parameters do not depend on the circuit but for m
 * and the slope.
 * Sources: uniform attention counts: Merrill and Sabharwal 2023, Strobl et al. 2024; looped and padded: London and Kanade 2025,
 * Svete et al. 2026; the construction, its clip and its certificate are derived here (DESIGN.md, "Threshold gates"). */
#ifndef LAT_COMPILE_THRESHOLD_H
#define LAT_COMPILE_THRESHOLD_H

#include "lib/circuit/threshold.h"
#include "lib/nn/prompt.h"
#include "lib/nn/transformer.h"

struct lat_threshold_construction {
  double beta;  /* 0: chosen so that the certificate holds with room */
  double kappa; /* 0: default; rounded to a power of two, >= 1 */
  size_t steps; /* T; 0: the depth, at least 1 */
  struct lat_arithmetic arithmetic;
};

struct lat_threshold_layout {
  size_t address_bits, width;
  size_t address, pointer, owner, table, threshold, ready_threshold, result, result_ready, value, ready, constant, fetched,
      fetched_ready, mean, ready_mean;
};

struct lat_threshold_machine {
  struct lat_transformer *model;
  struct lat_prompt *prompt;
  struct lat_threshold_construction construction; /* with every automatic value filled in, beta as the weights realise it */
  struct lat_threshold_layout layout;
  size_t tokens, nodes, widest; /* N; inputs and gates; n_max */
  double slope;                 /* of the comparison: kappa 2^ceil(log2 n_max) */
  uint32_t depth;
  uint32_t *level; /* [nodes] */
};

/* The caller frees it. LAT_INPUT for parameters that cannot be, LAT_MEMORY. */
int lat_threshold_compile(const struct lat_threshold *network, const struct lat_threshold_construction *construction,
                          struct lat_threshold_machine **machine);
void lat_threshold_machine_free(struct lat_threshold_machine *machine);

/* Right for all inputs of this network, any number of steps, in the arithmetic that runs? For gate i with n edges:
 *   wrong weight  S = sum over tokens j that are no edge of i of exp(-2 beta Hamming(a_i, o_j)), exact by a butterfly
 *   leak          eps = S / (n + S)
 *   must hold     2 eps + eta + rounding  <=  1 / n - 1 / (2 slope)
 * where eta bounds what the first layer leaves of |v - bit|, and the fetch of a result must keep it within that layer's clip. Printed times n, for the gate with the least room. */
struct lat_threshold_certificate {
  int certified;
  double margin;       /* n (right side - left side) of the worst gate; certified when >= 0 */
  double beta_minimum; /* the smallest beta that certifies with everything else the same; infinity when none does */
  double leak;         /* eps of the worst gate */
  double stray;        /* S of the worst gate */
  double eta, rounding;
  size_t fan_in; /* n of the worst gate */
  int bit_exact; /* every value is exactly +-1: 2 beta >= 103.98 and every fan-in a power of two */
  char inequality[320];
  char reason[256]; /* why not; "" when certified */
};
/* LAT_MEMORY. */
int lat_threshold_certify(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                          struct lat_threshold_certificate *certificate);

/* What a run shows. Counts are over vectors, nodes and steps t = 1 .. T; "settled" is a node of level <= t. */
struct lat_threshold_record {
  uint64_t checked, wrong, late, early; /* settled values; of these not right, not ready; ready but not settled */
  uint64_t output_bits, output_wrong;   /* after the last step */
  uint64_t ready_before;                /* output bits that are ready one step before the last */
  double margin;       /* smallest n (mu - theta), towards the right side, of a settled gate: 1 without error */
  double margin_ready; /* the same of the ready bit's mean */
  double eta;          /* largest |v - bit| of a settled node that is right */
  size_t fan_in;       /* n of the gate with the smallest margin */
};

/* Runs all vectors for `steps` steps (0: the machine's) and compares with `values` (lat_threshold_simulate). LAT_MEMORY. */
int lat_threshold_run(const struct lat_threshold *network, const struct lat_threshold_machine *machine, size_t steps,
                      const struct lat_vectors *inputs, const struct lat_vectors *values,
                      struct lat_threshold_record *record);

/* S of every node's query in layer 2 at this beta: stray [nodes]. LAT_MEMORY. */
int lat_threshold_stray(const struct lat_threshold *network, double beta, double *stray);

#endif
