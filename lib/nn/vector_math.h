/* Elementwise functions that the compiler turns into vector code: exp and the activations, without libm.
 *
 * Each is a pure function of one float in IEEE single and double arithmetic, with no fused multiply-add and no table: a
 * number has the same bits in a vector lane, in a remainder loop, on any machine and with any number of threads. The
 * arrays may be the same one (y = x); otherwise they must not overlap. u = 2^-24 below.
 *
 * exp: |lat_exp(x) - e^x| <= 2 u e^x wherever e^x is a finite normal number (x >= -87.33; measured 1.4 u).
 *
 * exp far out: below -87.33 the result is a denormal number, one more rounding to a multiple of 2^-149. It is exactly 0 for
 * every x <= LAT_EXP_ZERO and positive for every x >= LAT_EXP_POSITIVE (the true limit, 2^-150, lies at -103.97208),
 * +infinity from 88.7229 on; lat_exp(0) = 1; NaN gives NaN. All this while the processor keeps denormal numbers, as it does
 * unless someone sets flush-to-zero.
 *
 * gelu(x) = x Phi(x); gelu_tanh(x) = x / (1 + exp(-2 w)), w = sqrt(2/pi) (x + 0.044715 x^3) (Hendrycks and Gimpel 2016).
 * Both come from the tail t(a) = -gelu(-a), a = |x|, as gelu(a) = a - t and gelu(-a) = -t. |error| <= 8 u |gelu(x)| down to
 * -13 (gelu-tanh: -9.87), on the negative side too (measured 7.0 u and 3.9 u).
 *
 * gelu far out: gelu(x) = x and gelu(-x) = +0 exactly from x = LAT_GELU_CUT (LAT_GELU_TANH_CUT) on, and a result is no
 * denormal number unless x is nearly one. gelu(x) - gelu(-x) = x within u x. */
#ifndef LAT_NN_VECTOR_MATH_H
#define LAT_NN_VECTOR_MATH_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/nn/real.h"

#define LAT_EXP_ZERO (-103.98f)
#define LAT_EXP_POSITIVE (-103.97f)
#define LAT_GELU_CUT 13.01f
#define LAT_GELU_TANH_CUT 9.89f

/* y_i = f(x_i), i = 0 .. n-1. */
void lat_exp_array(size_t n, const lat_real *x, lat_real *y);
void lat_relu_array(size_t n, const lat_real *x, lat_real *y);
void lat_gelu_array(size_t n, const lat_real *x, lat_real *y);
void lat_gelu_tanh_array(size_t n, const lat_real *x, lat_real *y);

/* dx_i = keep dx_i + dy_i f'(x_i), keep 0 or 1 (0: dx may hold anything). relu'(0) = 0; gelu'(x) = Phi(x) + x phi(x), and as the
 * formula above says for gelu_tanh, both within 2e-6 absolutely. */
void lat_relu_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx);
void lat_gelu_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx);
void lat_gelu_tanh_backward(size_t n, const lat_real *x, const lat_real *dy, lat_real keep, lat_real *dx);

/* y_i = gelu_tanh(x_i), the bits of lat_gelu_tanh_array, and slope_i = gelu_tanh'(x_i) from the same exponential, within 2e-6. */
void lat_gelu_tanh_with_slope(size_t n, const lat_real *x, lat_real *y, lat_real *slope);

#ifdef LAT_DOUBLE /* for gradient checks: libm */

static inline double lat_exp(double x) { return exp(x); }
static inline double lat_relu(double x) { return x <= 0.0 ? 0.0 : x; }
static inline double lat_relu_slope(double x) { return x > 0.0 ? 1.0 : 0.0; }
static inline double lat_gelu(double x) { return 0.5 * x * erfc(-x * M_SQRT1_2); }
static inline double lat_gelu_slope(double x) {
  return 0.5 * erfc(-x * M_SQRT1_2) + x * 0.5 * M_SQRT1_2 * M_2_SQRTPI * exp(-0.5 * x * x);
}
static inline double lat_gelu_tanh_both(double x, double *slope) {
  double s = 1.0 / (1.0 + exp(-2.0 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x)));
  *slope = s + x * s * (1.0 - s) * 2.0 * sqrt(M_2_PI) * (1.0 + 3.0 * 0.044715 * x * x);
  return x * s;
}
static inline double lat_gelu_tanh(double x) { return x / (1.0 + exp(-2.0 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x))); }
static inline double lat_gelu_tanh_slope(double x) {
  double s = 1.0 / (1.0 + exp(-2.0 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x)));
  return s + x * s * (1.0 - s) * 2.0 * sqrt(M_2_PI) * (1.0 + 3.0 * 0.044715 * x * x);
}

#else

/* Where arguments are cut off: -104, 89, 14, 11. Their values are kept from the compiler: from a comparison with a number
 * that it knows gcc makes a branch, and then masked vector code or none. */
extern const float lat_exp_lowest, lat_exp_highest, lat_gelu_beyond, lat_gelu_tanh_beyond;

/* 2^n for n = -126 .. 127. */
static inline float lat_power_of_two(int32_t n) {
  uint32_t bits = ((uint32_t)n + 127u) << 23;
  float power;
  memcpy(&power, &bits, sizeof power);
  return power;
}

/* e^r 2^n for |r| <= 0.35 and n = -250 .. 128. e^r = 1 + (r + r^2 q(r)), q of degree 4 by a minimax fit of relative error
 * 3.1e-9. The power is applied in two halves: the first product is exact, the second rounds once, into denormals too. */
static inline float lat_exp_reduced(float r, int32_t n) {
  float q = 0x1.6a2434p-10f;
  q = q * r + 0x1.1239e2p-7f;
  q = q * r + 0x1.5558f2p-5f;
  q = q * r + 0x1.555492p-3f;
  q = q * r + 0x1.fffffcp-2f;
  float power = 1.0f + (r + r * r * q);
  int32_t half = n >> 1;
  return power * lat_power_of_two(half) * lat_power_of_two(n - half);
}

static inline float lat_exp(float x) {
  const float magic = 0x1.8p23f; /* adding it rounds to a whole number that then stands in the low bits */
  float inside = x < lat_exp_lowest ? lat_exp_lowest : x;
  inside = inside > lat_exp_highest ? lat_exp_highest : inside;
  float shifted = inside * 0x1.715476p0f + magic;
  float whole = shifted - magic;
  uint32_t bits;
  memcpy(&bits, &shifted, sizeof bits);
  /* ln 2 in two parts, the first short enough that its product is exact (Cody and Waite 1980) */
  float r = (inside - whole * 0x1.63p-1f) - whole * -0x1.bd0106p-13f;
  return lat_exp_reduced(r, (int32_t)(bits - 0x4b400000u));
}

/* e^z as a float, for an argument that needs more than a float's precision; -120 <= z <= 0. Below 2^-122 it is exactly 0,
 * so that a product with it is no denormal number. */
static inline float lat_exp_precise(double z) {
  const double magic = 0x1.8p52;
  double whole = (z * 0x1.71547652b82fep0 + magic) - magic;
  float power = lat_exp_reduced((float)(z - whole * 0x1.62e42fefa39efp-1), (int32_t)whole);
  return power < 0x1p-122f ? 0.0f : power;
}

static inline float lat_relu(float x) { return x <= 0.0f ? 0.0f : x; }

/* gelu from a = |x| and the tail t(a). NaN passes through a. */
static inline float lat_gelu_join(float x, float a, float tail) { return x < 0.0f ? 0.0f - tail : a - tail; }

static inline float lat_relu_slope(float x) { return x > 0.0f ? 1.0f : 0.0f; }

/* The upper tail of the normal law is e^(-a^2/2) R(a), R the scaled Mills ratio: R(a) = P(y) / (a + 4), y = (a - 4) / (a + 4),
 * P of degree 9 by a minimax fit of relative error 8e-9 on 0 <= a <= 13. */
static inline float lat_mills_ratio(float a) {
  float below = 1.0f / (a + 4.0f);
  float y = (a - 4.0f) * below;
  float p = -0x1.03ca8p-13f;
  p = p * y + 0x1.9dbbb8p-13f;
  p = p * y + 0x1.9d8142p-10f;
  p = p * y + -0x1.cd5fp-9f;
  p = p * y + -0x1.ed816cp-8f;
  p = p * y + 0x1.eed5aep-5f;
  p = p * y + -0x1.7dff9ap-3f;
  p = p * y + 0x1.8c6d9cp-2f;
  p = p * y + -0x1.373e3ap-1f;
  p = p * y + 0x1.82b4bcp-1f;
  return p * below;
}

/* t(a) = a e^(-a^2/2) R(a). */
static inline float lat_gelu(float x) {
  float a = fabsf(x);
  float inside = a < lat_gelu_beyond ? a : lat_gelu_beyond;
  double wide = (double)inside;
  float power = lat_exp_precise(-0.5 * wide * wide);
  return lat_gelu_join(x, a, inside * lat_mills_ratio(inside) * power);
}

/* Phi(x) + x phi(x) */
static inline float lat_gelu_slope(float x) {
  float a = fabsf(x);
  float inside = a < lat_gelu_beyond ? a : lat_gelu_beyond;
  float power = lat_exp(-0.5f * inside * inside);
  float part = (lat_mills_ratio(inside) - inside * 0x1.988454p-2f) * power; /* 1 / sqrt(2 pi) */
  return x < 0.0f ? part : 1.0f - part;
}

static inline float lat_gelu_tanh(float x) {
  float a = fabsf(x);
  float inside = a < lat_gelu_tanh_beyond ? a : lat_gelu_tanh_beyond;
  double wide = (double)inside;
  float power = lat_exp_precise(-wide * (0x1.9884533d43651p+0 + 0x1.2444f2a4d8b4bp-4 * (wide * wide)));
  return lat_gelu_join(x, a, inside * (power / (1.0f + power)));
}

/* The value as above, and with s = sigma(2 w) the slope s + x s (1 - s) 2 w'. */
static inline float lat_gelu_tanh_both(float x, float *slope) {
  float a = fabsf(x);
  float inside = a < lat_gelu_tanh_beyond ? a : lat_gelu_tanh_beyond, square = inside * inside;
  double wide = (double)inside;
  float power = lat_exp_precise(-wide * (0x1.9884533d43651p+0 + 0x1.2444f2a4d8b4bp-4 * (wide * wide)));
  float all = 1.0f + power, small = power / all;
  float part = small - inside * small * (1.0f - small) * (0x1.988454p+0f + 3.0f * 0x1.2444f2p-4f * square);
  *slope = x < 0.0f ? part : 1.0f - part;
  return lat_gelu_join(x, a, inside * small);
}

/* With s = sigma(2 w): s + x s (1 - s) 2 w'. */
static inline float lat_gelu_tanh_slope(float x) {
  float a = fabsf(x);
  float inside = a < lat_gelu_tanh_beyond ? a : lat_gelu_tanh_beyond, square = inside * inside;
  float power = lat_exp(-inside * (0x1.988454p+0f + 0x1.2444f2p-4f * square));
  float below = 1.0f / (1.0f + power), small = power * below;
  float part = small - inside * small * below * (0x1.988454p+0f + 3.0f * 0x1.2444f2p-4f * square);
  return x < 0.0f ? part : 1.0f - part;
}

#endif /* LAT_DOUBLE */

#endif
