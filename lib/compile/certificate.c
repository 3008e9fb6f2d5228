/* The derivation, in short; every symbol is a variable of bound.c, every line is argued in DESIGN.md, "Certificate".
 *
 * Invariant, for each row before each layer: value and ready within eta of +-1, scratch within lambda of 0, the two columns of
 * a LayerNorm pair sum to at most d, static channels exact. One layer:
 *   norm 1     static channels within delta of +-1, values within e = delta + s eta (no norm: delta = 0, e = eta)
 *   logits     the target leads a token at Hamming distance H by 2 beta H - omega, omega from delta and m + 4 roundings
 *   leak       eps = S / (1 + S), S = e^omega (1 + 8 u) leak0 / (1 - leak0), leak0 the closed form of leak.c
 *   fetch      phi = lambda + e + 2 eps + gamma(2 N + 10) (1 + e), or gamma(8 m + 8) for the butterfly; alpha = phi - 2 eps
 *   norm 2     scales between s_low and s_high, mean from d
 *   clip       s_low (1 - K phi) - 2 K s_high mean - R >= (1/2 + cut) / kappa: the inequality that is printed
 *   leaves     eta', lambda', d' from R, the rounding of the down projection and the scale; must be <= eta, lambda, d
 * The invariant holds at the start with all three 0, hence at every depth. */
#include "lib/compile/certificate.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "lib/compile/bound.h"
#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/horizon.h"
#include "lib/compile/layout.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/rmsnorm.h"
#include "lib/nn/vector_math.h"

enum { LARGEST_WIDTH = 1024 }; /* over 2 (m (K + 1) + 2^K + 3 + 2 K) for m = 63, K = 6 */

/* Does the norm, as lib/nn computes it, give back a row of exact +-1 (and 0 in scratch)? Every sum over such a row is a
 * whole number, free of rounding in any order, so that one row speaks for all. */
static int norm_is_exact(const struct lat_compiled *compiled) {
  const struct lat_layout *layout = &compiled->layout;
  size_t D = layout->width;
  enum lat_norm kind = compiled->construction.norm;
  if (kind == LAT_NORM_NONE) return 1;
  assert(D <= LARGEST_WIDTH);
  float row[LARGEST_WIDTH] = {0}, gain[LARGEST_WIDTH], bias[LARGEST_WIDTH] = {0}, out[LARGEST_WIDTH];
  for (int second = 0; second < 2; second++) {
    float value = lat_construct_gain(lat_construct_mean_square(layout, second), LAT_CONSTRUCT_NORM_EPSILON);
    for (size_t d = 0; d < D; d++) gain[d] = value;
    for (size_t c = 0; c < layout->channels; c++)
      if (second || c < layout->fetched) lat_layout_set(layout, row, c, c % 2 ? -1.0f : 1.0f);
    if (kind == LAT_NORM_RMSNORM)
      lat_rmsnorm_forward(1, D, row, gain, LAT_CONSTRUCT_NORM_EPSILON, out);
    else
      lat_layernorm_forward(1, D, row, gain, bias, LAT_CONSTRUCT_NORM_EPSILON, out);
    for (size_t d = 0; d < D; d++)
      if (!(out[d] == row[d])) return 0;
  }
  return 1;
}

static int holds(const struct lat_bound_setting *setting, const struct lat_bound *bound) {
  return bound->invariant && !bound->failed && bound->right - bound->left >= 0 && (!setting->no_snap || bound->bit_exact);
}

/* Query weights have few bits of mantissa: number them, so that bisection walks over what can be realised. */
static double realisable_beta(long index, size_t address_bits) {
  long per_octave = 1L << (LAT_CONSTRUCT_MANTISSA_BITS - 1);
  double weight = ldexp((double)(per_octave + index % per_octave), (int)(index / per_octave) - 24);
  return lat_construct_realised_beta((float)weight, address_bits);
}

/* The inequality only gets easier as beta grows to the bit-exact mode, so bisection finds its smallest solution. */
static double smallest_beta(struct lat_bound_setting setting) {
  long low = 0, high = 0;
  struct lat_bound bound;
  while (realisable_beta(high, setting.address_bits) < LAT_CONSTRUCT_BIT_EXACT_BETA) high++;
  setting.beta = realisable_beta(high, setting.address_bits);
  lat_bound_evaluate(&setting, &bound);
  if (!holds(&setting, &bound)) return HUGE_VAL;
  while (high - low > 1) {
    long middle = low + (high - low) / 2;
    setting.beta = realisable_beta(middle, setting.address_bits);
    lat_bound_evaluate(&setting, &bound);
    if (holds(&setting, &bound))
      high = middle;
    else
      low = middle;
  }
  return realisable_beta(high, setting.address_bits);
}

static void describe(const struct lat_bound_setting *setting, const struct lat_bound *bound, char *text, size_t size) {
  double K = (double)setting->fan_in;
  if (bound->bit_exact)
    snprintf(text, size,
             "2 beta = %.6g >= %.6g: every wrong address has softmax weight exactly 0, all other arithmetic is exact; "
             "0 <= 1 - %.6g",
             2 * setting->beta, -(double)LAT_EXP_ZERO, 1 - bound->right);
  else if (setting->norm)
    snprintf(text, size,
             "1 - scale (1 - %g fetch) + mean %.3g + sums %.3g <= 1 - (1/2 + cut)/kappa, scale %.6g, fetch = eta %.3g + "
             "2 leak %.6g + norm, scratch and attention rounding %.3g: %.6g <= %.6g",
             K, bound->offset, bound->sum, bound->scale_low, bound->eta, bound->leak,
             bound->fetch - bound->eta - 2 * bound->leak, bound->left, bound->right);
  else
    snprintf(text, size,
             "%g (eta %.3g + 2 leak %.6g + attention rounding %.3g) + sums %.3g <= 1 - (1/2 + cut)/kappa: %.6g <= %.6g", K,
             bound->eta, bound->leak, bound->fetch - bound->eta - 2 * bound->leak, bound->sum, bound->left, bound->right);
}

void lat_certify(const struct lat_compiled *compiled, enum lat_attention attention, struct lat_certificate *certificate) {
  const struct lat_construction *construction = &compiled->construction;
  const struct lat_layout *layout = &compiled->layout;
  if (!lat_arithmetic_is_plain(construction->arithmetic)) {
    lat_format_certify(compiled, certificate);
    return;
  }
  struct lat_bound_setting setting = {.tokens = compiled->nodes,
                                      .address_bits = layout->address_bits,
                                      .fan_in = layout->fan_in,
                                      .channels = layout->channels,
                                      .width = layout->width,
                                      .paired = layout->paired,
                                      .norm = construction->norm != LAT_NORM_NONE,
                                      .exact_norm = norm_is_exact(compiled),
                                      .gelu = construction->activation != LAT_ACTIVATION_RELU,
                                      .causal = construction->mask == LAT_MASK_CAUSAL,
                                      .no_snap = construction->snap == LAT_SNAP_NONE,
                                      .epsilon = LAT_CONSTRUCT_NORM_EPSILON,
                                      .kappa = construction->kappa,
                                      .beta = compiled->beta,
                                      .attention = attention};
  setting.activation_cut = (double)(construction->activation == LAT_ACTIVATION_GELU ? LAT_GELU_CUT : LAT_GELU_TANH_CUT);
  struct lat_bound bound;
  lat_bound_evaluate(&setting, &bound);
  *certificate = (struct lat_certificate){.margin = bound.right - bound.left,
                                          .leak = bound.leak,
                                          .eta = bound.eta,
                                          .residue = bound.residue,
                                          .pair = bound.pair,
                                          .bit_exact = bound.bit_exact,
                                          .beta_minimum = smallest_beta(setting)};
  describe(&setting, &bound, certificate->inequality, sizeof certificate->inequality);
  char *reason = certificate->reason;
  size_t size = sizeof certificate->reason;
  if (attention == LAT_ATTENTION_FAST && setting.causal && !bound.bit_exact) {
    certificate->beta_minimum = LAT_CONSTRUCT_BIT_EXACT_BETA;
    snprintf(reason, size, "fast attention under a causal mask is derived for the bit-exact mode only (2 beta >= %.6g)",
             -(double)LAT_EXP_ZERO);
  } else if (setting.no_snap && !bound.bit_exact) {
    lat_horizon_tell(&setting, &bound, certificate);
  } else if (bound.failed) {
    snprintf(reason, size, "%s", bound.failed);
  } else if (!(certificate->margin >= 0)) {
    snprintf(reason, size, "the leak and the rounding take more than the clip's room (margin %.3g)", certificate->margin);
  } else if (!bound.invariant) {
    snprintf(reason, size, "the bound on the error of a value grows from layer to layer");
  } else {
    certificate->certified = 1;
    certificate->layers_right = SIZE_MAX;
  }
}
