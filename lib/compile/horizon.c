#include "lib/compile/horizon.h"

#include <math.h>
#include <stdio.h>

#include "lib/compile/construct.h"

static const double unit = 0x1p-24;

static double gamma_of(double n) { return n * unit / (1 - n * unit); }

double lat_horizon_drift(double leak, size_t fan_in, size_t layers) {
  double delta = 0, K = (double)fan_in;
  for (size_t t = 0; t < layers; t++) delta = 2 * K * ((1 - leak) * delta + 2 * leak);
  return delta;
}

double lat_horizon_layers(double leak, size_t fan_in) {
  double K = (double)fan_in, factor = 2 * K * (1 - leak), first = 4 * K * leak;
  if (!(leak > 0)) return HUGE_VAL;
  if (first >= 1) return 0;
  return log1p((factor - 1) / first) / log(factor);
}

/* The terms are those of bound.c without a norm: scratch is exactly 0 and scales are 1. Signs survive a layer when the true
 * pattern keeps z > 0 beyond the bend of the activation, every other pattern keeps z below it, and clearing stays linear. */
size_t lat_horizon_proven(const struct lat_bound_setting *setting, const struct lat_bound *bound) {
  double K = (double)setting->fan_in, eta = 0;
  double cut = setting->gelu ? setting->activation_cut / LAT_CONSTRUCT_GELU_SCALE : 0;
  if (setting->norm) return 0;
  if (bound->bit_exact) return SIZE_MAX;
  for (size_t layers = 0;; layers++) {
    double above = eta + bound->rounding * (1 + eta);
    above += unit * (2 + above);
    double fetch = above + 2 * bound->leak, sum = gamma_of(K + 8) * (2 * K + 1 + K * above);
    double top = 1 + K * above + sum, down = gamma_of(8) * (2 * top + 3 * (1 + eta) + 6);
    double next = 2 * (K * fetch + sum) + down;
    int right = 1 - K * fetch - sum > cut && 1 - (K - 1) * above - fetch - sum > cut && 1 - eta > cut && next < 1;
    if (!right) return layers;
    eta = next;
  }
}

void lat_horizon_tell(const struct lat_bound_setting *setting, const struct lat_bound *bound,
                      struct lat_certificate *certificate) {
  unsigned K = (unsigned)setting->fan_in;
  certificate->layers_right = lat_horizon_proven(setting, bound);
  certificate->margin = -4 * (double)K * bound->leak;
  snprintf(certificate->inequality, sizeof certificate->inequality,
           "no snap: a true wire loses delta' = %u ((1 - leak) delta + 2 leak) a layer, so that delta = 0 is kept only if "
           "%u leak <= 0, leak %.6g: %.6g <= 0",
           2 * K, 4 * K, bound->leak, -certificate->margin);
  if (setting->norm)
    snprintf(certificate->reason, sizeof certificate->reason,
             "without a snap errors grow %u-fold a layer and reach 1 after about %.2f layers (leak %.3g); under a norm no "
             "number "
             "of layers is derived",
             2 * K, lat_horizon_layers(bound->leak, K), bound->leak);
  else
    snprintf(
        certificate->reason, sizeof certificate->reason,
        "without a snap errors grow %u-fold a layer and reach 1 after %.2f layers (leak %.3g): right for all inputs up to "
        "%zu layers, for any depth only in the bit-exact mode",
        2 * K, lat_horizon_layers(bound->leak, K), bound->leak, certificate->layers_right);
}
