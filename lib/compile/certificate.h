/* A certificate that a compiled model is right for ALL inputs, circuits of this size and any depth, in the floating-point
 * arithmetic that really runs. Derivation: DESIGN.md, "Certificate". */
#ifndef LAT_COMPILE_CERTIFICATE_H
#define LAT_COMPILE_CERTIFICATE_H

#include "lib/compile/compile.h"

/* How attention is computed; names the summation whose rounding has to be bounded. */
enum lat_attention {
  LAT_ATTENTION_AUTO,
  LAT_ATTENTION_DENSE, /* softmax over all tokens, sums of N terms in any order */
  LAT_ATTENTION_FAST   /* butterfly over address bits (m passes), or a plain gather in bit-exact mode */
};

struct lat_certificate {
  int certified;
  double margin;       /* right side minus left side of the inequality; certified when >= 0 */
  double beta_minimum; /* the smallest beta that certifies with everything else the same; infinity when none does */
  double leak;         /* the bound on softmax weight off the target */
  double eta, residue; /* the invariant: |v - bit| and |r - (+-1)| <= eta, |scratch| <= residue before every layer, */
  double pair;         /* and |x+ + x-| <= pair for the two columns of a LayerNorm pair */
  size_t
      layers_right; /* layers after which all wires reached are right for all inputs: SIZE_MAX: any number; else what could
                         * be derived, 0 for nothing */
  int bit_exact;    /* every wire value is exactly +1 or -1: exp underflows to 0 for every wrong address or, in a narrow
                     * format, storing takes a fetched value back to it */
  char inequality[512]; /* the inequality with its numbers, one line */
  char reason[256];     /* why not, one sentence; "" when certified */
};

/* Never fails: what it cannot derive it calls not certified, with the reason. */
void lat_certify(const struct lat_compiled *compiled, enum lat_attention attention, struct lat_certificate *certificate);

/* Closed forms used by it and by the leak_law experiment. m address bits, all 2^m addresses occupied, no mask.
 * Leak of the softmax on the target: 1 - sigma(2 beta)^m. */
double lat_leak(double beta, size_t address_bits);
/* The same for `tokens` <= 2^m occupied addresses 0 .. tokens-1, worst over targets. */
double lat_leak_occupied(double beta, size_t tokens);

#endif
