/* The error bound behind the certificate, as a function of numbers alone (no model needed): the derivation stands in
 * certificate.c and DESIGN.md. */
#ifndef LAT_COMPILE_BOUND_H
#define LAT_COMPILE_BOUND_H

#include "lib/compile/certificate.h"

struct lat_bound_setting {
  size_t tokens, address_bits, fan_in, channels, width; /* N, m, K, C, D */
  int paired, norm;                                     /* norm: any */
  int exact_norm;                                       /* the norm returns exactly +-1 on exact rows */
  int gelu;
  int causal;
  int no_snap;                                 /* no clip: only exact values stay */
  double epsilon, activation_cut, kappa, beta; /* activation_cut: beyond it the activation is exactly ReLU, / t */
  enum lat_attention attention;
};

struct lat_bound {
  int invariant;             /* |v - bit| <= eta is kept by a layer */
  int bit_exact;             /* all errors are 0 */
  double eta, residue, pair; /* of value and ready bit; left in scratch after clearing; |x+ + x-| of a pair of columns */
  double leak, rounding;     /* softmax weight off the target; rounding of attention's sums */
  double fetch;              /* error of a fetched value: residue + eta + 2 leak + rounding (+ scale) */
  double scale_low, offset;  /* norm before the feed-forward part: smallest scale, mean */
  double sum;                /* rounding of the feed-forward sums, in units of z */
  double left, right;        /* the inequality: left <= right */
  const char *failed;        /* which other condition failed, or NULL */
};

void lat_bound_evaluate(const struct lat_bound_setting *setting, struct lat_bound *bound);

#endif
