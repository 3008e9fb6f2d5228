/* One step of the block in single precision, u = 2^-24. Before it: nodes within eta2 of +-1, edges at most 1 + eta2 in size, scratch
 * exactly 0. Logits are exact (query weights of 12 bits, a scale that is a power of two), so the softmax errs only by exp (2 u),
 * its one division and the products with it.
 *   layer 1    fetched value: phi = eta2 + 2 eps1 + gamma(2 N + 10) (1 + eta2), eps1 the universal machine's leak
 *              clip: phi + R1 <= 1 - 1 / (2 kappa); leaves eta1
 *   layer 2    mean of n edges: E = eta1 + 2 S / (n + S) + gamma(N + 8) (1 + eta1); S sums exp(-2 beta H) over the tokens that
 *              are no edge of the gate
 *              clip: E + u + R2 <= 1 / n - 1 / (2 slope); leaves eta2
 * Edges after layer 2 hold anything within 1 + eta2: the next layer 1 overwrites them. Bit-exact mode: wrong weights are
 * exactly 0, and with n a power of two every term is a multiple of 1 / n, exact in any order. */
#include "lib/compile/threshold_bound.h"

#include <math.h>
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/construct.h"
#include "lib/nn/vector_math.h"

enum { ITERATIONS = 60, BISECTIONS = 40 };
#define ROOM 1e-3
#define EXACT_SLOPE 0x1p21 /* up to here all sums of the clips are multiples of 1/2 below 2^23 */

static const double unit = 0x1p-24;

static double gamma_of(double n) { return n * unit < 0.5 ? n * unit / (1 - n * unit) : HUGE_VAL; }

/* What is known of the network and the machine, for any beta. */
struct setting {
  const struct lat_threshold *network;
  size_t tokens, nodes, address_bits;
  double kappa, slope;
  int plain, powers; /* single precision; every fan-in a power of two */
};

int lat_threshold_stray(const struct lat_threshold *network, double beta, double *stray) {
  size_t nodes = lat_threshold_nodes(network), tokens = nodes + network->edges, m = 1;
  while ((size_t)1 << m < tokens) m++;
  size_t addresses = (size_t)1 << m;
  double x = exp(-2 * beta);
  int status = LAT_OK;
  double *count = lat_calloc(addresses, sizeof *count), *sum = lat_calloc(addresses, sizeof *sum);
  LAT_CHECK(status, count && sum, LAT_MEMORY, "no memory for %zu addresses", addresses);
  for (size_t i = 0; i < network->inputs; i++) count[i]++;
  for (size_t g = 0; g < network->gates; g++) {
    count[network->inputs + g] += (double)lat_threshold_fan_ins(network, g);
    count[nodes + network->first[g]]++; /* the gate token itself */
  }
  /* sum[a] = sum over o != a of count[o] x^Hamming(a, o), bit by bit, with nothing to cancel. */
  for (size_t bit = 1; bit < addresses; bit *= 2)
    for (size_t a = 0; a < addresses; a++) {
      if (a & bit) continue;
      double low = sum[a], high = sum[a | bit];
      sum[a] = low + x * (count[a | bit] + high);
      sum[a | bit] = high + x * (count[a] + low);
    }
  for (size_t i = 0; i < nodes; i++) stray[i] = sum[i];
done:
  lat_free(count);
  lat_free(sum);
  return status;
}

/* One step from nodes within `eta` of +-1; fills in the certificate's numbers and returns what the step leaves. `first` gets the
 * room of the first layer's clip. */
static double step(const struct setting *setting, double beta, const double *stray, double eta, double *first,
                   struct lat_threshold_certificate *certificate) {
  double N = (double)setting->tokens, kappa = setting->kappa, slope = setting->slope;
  int exact = certificate->bit_exact, gather = 2 * beta >= -(double)LAT_EXP_ZERO;
  double underflow = gather ? 0 : N * 0x1p-148;

  double off = lat_leak_occupied(beta, setting->tokens);
  off = gather ? 0 : off / (1 - off) * (1 + 4 * unit) + underflow;
  double fetch = eta + 2 * off / (1 + off) + (gather ? 0 : gamma_of(2 * N + 10) * (1 + eta));
  double top = 3 + fetch, sum = exact ? 0 : gamma_of(8) * (top + 1 / (2 * kappa));
  *first = 1 - 1 / (2 * kappa) - fetch - sum;
  double left = exact ? 0 : 4 * kappa * sum + gamma_of(10) * (4 * kappa * top + 3 * (1 + eta) + 6);

  certificate->margin = HUGE_VAL;
  certificate->eta = left;
  double error = 0;
  for (size_t i = 0; i < setting->nodes; i++) {
    double n =
        i < setting->network->inputs ? 1 : (double)lat_threshold_fan_ins(setting->network, i - setting->network->inputs);
    double wrong = gather ? 0 : stray[i] * (1 + 4 * unit) + underflow, leak = wrong / (n + wrong);
    double rounding = exact ? 0 : gamma_of((gather ? n : N) + 8) * (1 + left) + unit;
    double mean = left + 2 * leak + rounding;
    rounding += exact ? 0 : gamma_of(3) * (2 + mean + 1 / (2 * slope));
    double margin = 1 - n / (2 * slope) - n * (left + 2 * leak + rounding);
    if (mean > error) error = mean;
    if (margin >= certificate->margin) continue;
    certificate->margin = margin;
    certificate->leak = leak;
    certificate->stray = wrong;
    certificate->rounding = rounding;
    certificate->fan_in = (size_t)n;
  }
  top = slope * (2 + error) + 0.5;
  return exact ? 0 : 4 * gamma_of(3) * top + gamma_of(6) * (4 * top + 3 * (1 + left) + 3);
}

/* The fixed point of a step, and the test that a step keeps it. `reason` is NULL when certified. */
static void evaluate(const struct setting *setting, double beta, const double *stray,
                     struct lat_threshold_certificate *certificate, const char **reason) {
  *certificate = (struct lat_threshold_certificate){0};
  certificate->bit_exact = 2 * beta >= -(double)LAT_EXP_ZERO && setting->powers && setting->slope <= EXACT_SLOPE;
  double eta = 0, first, after = 0;
  for (int i = 0; i < ITERATIONS && eta < 1; i++) {
    after = step(setting, beta, stray, eta, &first, certificate);
    double next = certificate->bit_exact ? 0 : after * (1 + ROOM) + 1e-12;
    if (next <= eta) break;
    eta = next;
  }
  after = step(setting, beta, stray, eta, &first, certificate);
  *reason = NULL;
  if (!setting->plain)
    *reason = "the bound is derived for single precision only";
  else if (!(first >= 0))
    *reason = "an edge cannot tell its source's value: leak and rounding take more than the clip's room";
  else if (!(certificate->margin >= 0))
    *reason = "leak and rounding take more than a gate's margin of 1 / n";
  else if (!(after <= eta && eta < 1))
    *reason = "the bound on the error of a value does not settle";
  certificate->certified = *reason == NULL;
}

static struct setting setting_of(const struct lat_threshold *network, const struct lat_threshold_machine *machine) {
  struct setting setting = {network,
                            machine->tokens,
                            machine->nodes,
                            machine->layout.address_bits,
                            machine->construction.kappa,
                            machine->slope,
                            lat_arithmetic_is_plain(machine->construction.arithmetic),
                            1};
  for (size_t g = 0; g < network->gates; g++) {
    size_t n = lat_threshold_fan_ins(network, g);
    if ((n & (n - 1)) != 0) setting.powers = 0;
  }
  return setting;
}

static int certified_at(const struct setting *setting, double beta, double *stray, int *certified) {
  struct lat_threshold_certificate certificate;
  const char *reason;
  int status = lat_threshold_stray(setting->network, beta, stray);
  if (status != LAT_OK) return status;
  evaluate(setting, beta, stray, &certificate, &reason);
  *certified = certificate.certified;
  return LAT_OK;
}

/* Easier as beta grows: bisection. */
static int smallest_beta(const struct setting *setting, double *stray, double *beta) {
  int certified = 0;
  double low = 0, high = LAT_CONSTRUCT_BIT_EXACT_BETA;
  int status = certified_at(setting, high, stray, &certified);
  *beta = HUGE_VAL;
  if (status != LAT_OK || !certified) return status;
  for (int i = 0; i < BISECTIONS; i++) {
    double middle = lat_threshold_realised(0.5 * (low + high));
    if (!(middle > low && middle < high)) break;
    if ((status = certified_at(setting, middle, stray, &certified)) != LAT_OK) return status;
    *(certified ? &high : &low) = middle;
  }
  *beta = high;
  return LAT_OK;
}

int lat_threshold_smallest_beta(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                                double *beta) {
  struct setting setting = setting_of(network, machine);
  double *stray = lat_alloc(setting.nodes, sizeof *stray);
  int status = stray ? smallest_beta(&setting, stray, beta) : LAT_MEMORY;
  lat_free(stray);
  return status;
}

int lat_threshold_certify(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                          struct lat_threshold_certificate *certificate) {
  struct setting setting = setting_of(network, machine);
  const char *reason = NULL;
  double minimum = HUGE_VAL, beta = machine->construction.beta;
  double *stray = lat_alloc(setting.nodes, sizeof *stray);
  int status = stray ? smallest_beta(&setting, stray, &minimum) : LAT_MEMORY;
  if (status == LAT_OK) status = lat_threshold_stray(network, beta, stray);
  if (status == LAT_OK) {
    evaluate(&setting, beta, stray, certificate, &reason);
    double n = (double)certificate->fan_in;
    certificate->beta_minimum = minimum;
    snprintf(
        certificate->inequality, sizeof certificate->inequality,
        "n (2 S/(n + S) + eta + rounding) <= 1 - n/(2 slope), n = %zu, S = %.4g, slope = %g: %.6g + %.3g + %.3g <= %.6g",
        certificate->fan_in, certificate->stray, setting.slope, 2 * n * certificate->leak, n * certificate->eta,
        n * certificate->rounding, 1 - n / (2 * setting.slope));
    snprintf(certificate->reason, sizeof certificate->reason, "%s", reason ? reason : "");
  }
  lat_free(stray);
  return status;
}
