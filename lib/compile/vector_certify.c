/* Why a thought of +1 and -1 stays one, exactly.
 *
 * Up projection: unit sums are of K_i terms +-kappa t and a bias -kappa t (K_i - 1) +- t/2 (t = 1, or 256 for GELU). All are
 * multiples of q = the largest power of two that divides kappa t and t/2, and any partial sum in any order is at most S, the
 * sum of the sizes. So all partial sums are numbers of a format with p bits of mantissa (the hidden one counted) whenever
 * S / q <= 2^p, S is in its range and q is not below its smallest number: exact, nothing is rounded. z is then 1 for the
 * one pattern that matches and at most -1 else, and kappa z -+ 1/2 is beyond the bend of the activation when kappa >= 1/2 +
 * cut: the clip is 1 or 0. Down projection: x, its clearing, one clip's two halves and a bias of +-1; the same argument with
 * multiples of 2 q / t. What comes out is -1 + 2 [a pattern matches], or its negative: +1 or -1 again. */
#include <math.h>
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/compile/construct.h"
#include "lib/compile/vector.h"
#include "lib/nn/rmsnorm.h"
#include "lib/nn/vector_math.h"

/* The largest power of two that divides x. */
static double quantum(double x) {
  int exponent;
  double mantissa = frexp(x, &exponent);
  while (mantissa != rint(mantissa)) mantissa *= 2, exponent--;
  for (; fmod(mantissa, 2) == 0; exponent++) mantissa /= 2;
  return ldexp(1, exponent);
}

/* All partial sums of multiples of q of total size S are numbers of the format. */
static int holds(enum lat_dtype dtype, double q, double S) {
  struct lat_dtype_facts facts = lat_dtype_facts(dtype);
  return S / q <= ldexp(1, (int)facts.mantissa_bits + 1) && S <= facts.largest && q >= facts.smallest;
}

static int kept(enum lat_dtype dtype, float x) { return lat_dtype_round(dtype, x) == x; }

static int weights_are_kept(const struct lat_vector *vector, enum lat_dtype dtype, float *lost) {
  for (size_t u = 0; u < vector->ffn; u++) {
    *lost = vector->bias[u];
    if (!kept(dtype, *lost)) return 0;
    *lost = vector->down[u];
    if (!kept(dtype, *lost)) return 0;
  }
  for (size_t i = 0; i < vector->terms; i++) {
    *lost = vector->weight[i];
    if (!kept(dtype, *lost)) return 0;
  }
  return 1;
}

/* Does the norm, as lib/nn computes it, give back a thought? Every thought has the same mean square, 1, as a sum of whole
 * numbers, so that one speaks for all. */
static int norm_is_exact(const struct lat_vector *vector, const char **reason) {
  size_t D = vector->width;
  if (vector->construction.norm == LAT_NORM_NONE) return 1;
  if (!lat_arithmetic_is_plain(vector->construction.arithmetic)) {
    *reason = "the rounding of RMSNorm in a narrow format is not derived";
    return 0;
  }
  float *row = lat_alloc(3 * D, sizeof *row);
  *reason = "no memory to try the norm on one thought";
  if (row == NULL) return 0;
  float *gain = row + D, *out = gain + D;
  for (size_t d = 0; d < D; d++) {
    row[d] = d % 3 == 0 ? -1.0f : 1.0f;
    gain[d] = lat_construct_gain(1, LAT_CONSTRUCT_NORM_EPSILON);
  }
  lat_rmsnorm_forward(1, D, row, gain, LAT_CONSTRUCT_NORM_EPSILON, out);
  int exact = 1;
  for (size_t d = 0; d < D; d++) exact = exact && out[d] == row[d];
  lat_free(row);
  *reason = "RMSNorm does not give back a thought of +1 and -1 exactly";
  return exact;
}

void lat_vector_certify(const struct lat_vector *vector, struct lat_certificate *certificate) {
  const struct lat_construction *c = &vector->construction;
  const struct lat_arithmetic arithmetic = c->arithmetic;
  double t = (double)lat_construct_activation_scale(c->activation), kappa = c->kappa, cut = 0, up = 0;
  double q = fmin(quantum(kappa * t), quantum(t / 2)), down = 0;
  const char *reason = "";
  float lost = 0;
  if (c->activation == LAT_ACTIVATION_GELU) cut = (double)LAT_GELU_CUT / t;
  if (c->activation == LAT_ACTIVATION_GELU_TANH) cut = (double)LAT_GELU_TANH_CUT / t;
  for (size_t u = 0; u < vector->ffn; u++) {
    double size = fabs((double)vector->bias[u]);
    for (size_t i = vector->term[u]; i < vector->term[u + 1]; i++) size += fabs((double)vector->weight[i]);
    up = fmax(up, size);
  }
  down = 1 + 1 + 1 + 2 * (kappa + 0.5) + 2 * (kappa - 0.5); /* x, clearing, bias, the halves of the clip that matches */
  *certificate = (struct lat_certificate){.margin = 1 - (0.5 + cut) / kappa, .beta_minimum = (double)NAN, .bit_exact = 1};
  enum lat_dtype narrow[2] = {arithmetic.storage, arithmetic.accumulate};
  int ok = norm_is_exact(vector, &reason);
  if (!ok) snprintf(certificate->reason, sizeof certificate->reason, "%s", reason);
  if (ok && !weights_are_kept(vector, arithmetic.storage, &lost)) {
    ok = 0;
    snprintf(certificate->reason, sizeof certificate->reason, "the weight %g is not a number of %s", (double)lost,
             lat_dtype_name(arithmetic.storage));
  }
  for (int i = 0; i < 2 && ok; i++) {
    ok = holds(narrow[i], q, up) && holds(narrow[i], fmin(2 * q / t, 1), down) && kept(narrow[i], 1);
    if (!ok)
      snprintf(certificate->reason, sizeof certificate->reason,
               "sums go up to %g in units of %g and %g in units of %g, which %s with %u bits of mantissa need not keep", up,
               q, down, fmin(2 * q / t, 1), lat_dtype_name(narrow[i]), lat_dtype_facts(narrow[i]).mantissa_bits + 1);
  }
  certificate->certified = ok && certificate->margin >= 0;
  if (ok && !certificate->certified)
    snprintf(certificate->reason, sizeof certificate->reason, "the clip is too flat: 1/2 + cut is %g and kappa %g",
             0.5 + cut, kappa);
  snprintf(certificate->inequality, sizeof certificate->inequality,
           "no leak and no rounding: sums <= %g in units of %g, and %g in units of %g; 0 <= 1 - (1/2 + cut)/kappa = %.6g",
           up, q, down, fmin(2 * q / t, 1), certificate->margin);
  if (!certificate->certified) certificate->bit_exact = 0;
}
