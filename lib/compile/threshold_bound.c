/* One step of the block in single precision, u = 2^-24. Logits are exact (query weights of 12 bits, a scale that is a power of two),
 * so the softmax errs only by exp (2 u), its one division and the products with it. Results u are exactly 1 or at most -1, and at
 * least -M_j = -2 slope (1 + theta_j + 1/n), because both sides of the comparison lie beyond the bend of its ReLU.
 *   layer 1    a fetched 1 falls short by phi = sum_j exp(-2 beta H) (1 + M_j) + gamma(2 N + 10) (1 + phi); a fetched -1 stays below -1 + phi
 *              clip: phi + R1 <= 1 - 1 / (2 kappa); leaves v within eta of +-1, eta from the rounding of the clip
 *   layer 2    mean of n edges: E = eta + 2 S / (n + S) + gamma(N + 8) (1 + eta); S sums exp(-2 beta H) over the tokens that
 *              are no edge of the gate
 *              comparison: E + u + R2 <= 1 / n - 1 / (2 slope)
 * Nothing of this depends on the step, so it holds at every depth. Both sums over tokens are exact, by butterflies. Bit-exact: wrong
 * weights are exactly 0, and with n a power of two every term is a multiple of 1 / n, exact in any order. */
#include "lib/compile/threshold_bound.h"

#include <math.h>
#include <stdio.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/compile/layout.h"
#include "lib/nn/vector_math.h"

enum { BISECTIONS = 40 };
#define EXACT_SLOPE 0x1p21 /* up to here all sums of the comparison are multiples of 1/2 below 2^23 */

static const double unit = 0x1p-24;

static double gamma_of(double n) { return n * unit < 0.5 ? n * unit / (1 - n * unit) : HUGE_VAL; }

/* What is known of the network and the machine, for any beta. */
struct setting {
  const struct lat_threshold *network;
  size_t tokens, nodes, address_bits;
  double kappa, slope;
  struct lat_arithmetic arithmetic;
  int powers; /* every fan-in is a power of two */
};

/* What depends on beta and takes time. */
struct strays {
  double *stray; /* [nodes]: S */
  double fetch;  /* largest sum of exp(-2 beta H) (1 + M_j) of a node */
};

/* sum[a] = sum over o != a of own[o] x^Hamming(a, o), address bit by address bit, with nothing to cancel. */
static void spread(size_t addresses, double x, const double *own, double *sum) {
  for (size_t a = 0; a < addresses; a++) sum[a] = 0;
  for (size_t bit = 1; bit < addresses; bit *= 2)
    for (size_t a = 0; a < addresses; a++) {
      if (a & bit) continue;
      double low = sum[a], high = sum[a | bit];
      sum[a] = low + x * (own[a | bit] + high);
      sum[a | bit] = high + x * (own[a] + low);
    }
}

/* Room for numbers at all addresses of a network. */
static double *at_addresses(const struct lat_threshold *network, size_t *addresses) {
  size_t tokens = lat_threshold_nodes(network) + network->edges;
  *addresses = (size_t)1 << lat_layout_address_bits(tokens);
  return lat_calloc(*addresses, sizeof(double));
}

int lat_threshold_stray(const struct lat_threshold *network, double beta, double *stray) {
  size_t nodes = lat_threshold_nodes(network), addresses;
  int status = LAT_OK;
  double *count = at_addresses(network, &addresses), *sum = at_addresses(network, &addresses);
  LAT_CHECK(status, count && sum, LAT_MEMORY, "no memory for %zu addresses", addresses);
  for (size_t i = 0; i < network->inputs; i++) count[i]++;
  for (size_t g = 0; g < network->gates; g++) {
    count[network->inputs + g] += (double)lat_threshold_fan_ins(network, g);
    count[nodes + network->first[g]]++; /* the gate token itself */
  }
  spread(addresses, exp(-2 * beta), count, sum);
  for (size_t i = 0; i < nodes; i++) stray[i] = sum[i];
done:
  lat_free(count);
  lat_free(sum);
  return status;
}

/* The largest weight times size that a fetch may catch from tokens that it does not want. */
static int fetched_stray(const struct setting *setting, double beta, const double *stray, double *largest) {
  const struct lat_threshold *network = setting->network;
  size_t addresses;
  int status = LAT_OK;
  double *size = at_addresses(network, &addresses), *sum = at_addresses(network, &addresses);
  LAT_CHECK(status, size && sum, LAT_MEMORY, "no memory for %zu addresses", addresses);
  double kappa = setting->kappa; /* eta and all rounding of a mean */
  double slack =
      4 * kappa * gamma_of(8) * (4 + 1 / kappa) + gamma_of(10) * (8 * kappa + 8) + gamma_of((double)setting->tokens + 16);
  for (size_t i = 0; i < setting->tokens; i++) {
    double n = 1, theta = 0,
           wrong = i < setting->nodes ? stray[i] : 0; /* an edge's mean is of whatever, but no less than -1 */
    if (i >= network->inputs && i < setting->nodes) {
      n = (double)lat_threshold_fan_ins(network, i - network->inputs);
      theta = 1 - 1 / n; /* of the ready bit; a value's is no larger */
    }
    size[i] = 1 + 2 * setting->slope * (1 + theta + 2 * wrong / (n + wrong) + slack);
  }
  spread(addresses, exp(-2 * beta), size, sum);
  *largest = 0;
  for (size_t i = 0; i < setting->nodes; i++)
    if (sum[i] > *largest) *largest = sum[i];
done:
  lat_free(size);
  lat_free(sum);
  return status;
}

/* The inequalities; returns why they do not hold, or NULL. */
static const char *single(const struct setting *setting, double beta, const struct strays *strays,
                          struct lat_threshold_certificate *certificate) {
  double N = (double)setting->tokens, kappa = setting->kappa, slope = setting->slope;
  int gather = 2 * beta >= -(double)LAT_EXP_ZERO, exact = gather && setting->powers && slope <= EXACT_SLOPE;
  double underflow = gather ? 0 : N * 0x1p-148;
  certificate->bit_exact = exact;

  double fetch = gather ? 0 : strays->fetch * (1 + 4 * unit) + underflow * (1 + 6 * slope);
  fetch += gather ? 0 : gamma_of(2 * N + 10) * (1 + fetch) + 2 * unit;
  double sum = exact ? 0 : gamma_of(8) * (3 + fetch + 1 / (2 * kappa));
  int told = 1 - 1 / (2 * kappa) - fetch - sum >= 0;
  double eta = exact ? 0 : 4 * kappa * sum + gamma_of(10) * (4 * kappa * (1 + fetch) + 8);

  certificate->margin = HUGE_VAL;
  certificate->eta = eta;
  for (size_t i = 0; i < setting->nodes; i++) {
    size_t inputs = setting->network->inputs;
    double n = i < inputs ? 1 : (double)lat_threshold_fan_ins(setting->network, i - inputs);
    double wrong = gather ? 0 : strays->stray[i] * (1 + 4 * unit) + underflow, leak = wrong / (n + wrong);
    double rounding = exact ? 0 : gamma_of((gather ? n : N) + 8) * (1 + eta) + unit;
    rounding += exact ? 0 : gamma_of(3) * (2 + eta + 2 * leak + rounding + 1 / (2 * slope));
    double margin = 1 - n / (2 * slope) - n * (eta + 2 * leak + rounding);
    if (margin >= certificate->margin) continue;
    certificate->margin = margin;
    certificate->leak = leak;
    certificate->stray = wrong;
    certificate->rounding = rounding;
    certificate->fan_in = (size_t)n;
  }
  if (!told) return "an edge cannot tell its source's value: leak and rounding take more than the clip's room";
  if (!(certificate->margin >= 0)) return "leak and rounding take more than a gate's margin of 1 / n";
  return NULL;
}

/* In other formats, with the order of sums of lib/nn/emulate.h, one case is derived: nothing is rounded but comparisons far from their
 * threshold, where it does not matter. */
static const char *narrow(const struct setting *setting, double beta, struct lat_threshold_certificate *certificate) {
  enum lat_dtype storage = setting->arithmetic.storage, accumulate = setting->arithmetic.accumulate;
  struct lat_dtype_facts s = lat_dtype_facts(storage), a = lat_dtype_facts(accumulate);
  unsigned bits = s.mantissa_bits < a.mantissa_bits ? s.mantissa_bits + 1 : a.mantissa_bits + 1;
  double m = (double)setting->address_bits, scale = lat_threshold_scale(setting->address_bits), query = beta / scale;
  double largest = s.largest < a.largest ? s.largest : a.largest,
         smallest = s.smallest > a.smallest ? s.smallest : a.smallest;
  size_t widest = lat_threshold_widest(setting->network);
  int exponent;
  certificate->fan_in = widest;
  certificate->margin = -HUGE_VAL;
  if (!setting->powers) return "outside single precision only fan-ins that are powers of two are derived";
  if ((double)widest > ldexp(1, (int)bits) || 1 / (double)widest < smallest)
    return "the number of fan-ins needs more significant bits than the format has: the count stalls";
  if (!(frexp(query, &exponent) == 0.5) || m > ldexp(1, (int)a.mantissa_bits + 1) || query > s.largest ||
      m * query > a.largest)
    return "logits are not exact in the accumulator";
  if (lat_dtype_round(accumulate, lat_exp((float)(-2 * beta))) != 0)
    return "wrong weights do not vanish in the accumulator";
  if (4 * setting->slope + 1 > largest) return "a result is beyond the range of the format";
  if (3 * setting->kappa + 0.5 >= ldexp(0.5, (int)bits))
    return "the clip of the first layer is not exact in this format: kappa is too large";
  for (size_t g = 0; g < setting->network->gates; g++) {
    double n = (double)lat_threshold_fan_ins(setting->network, g),
           theta = (2.0 * setting->network->at_least[g] - 1 - n) / n;
    if ((double)lat_dtype_round(storage, (float)theta) != theta ||
        (double)lat_dtype_round(storage, (float)(1 - 1 / n)) != 1 - 1 / n)
      return "a threshold is no number of the storage format";
  }
  certificate->bit_exact = 1;
  certificate->margin = 1 - (double)widest / (2 * setting->slope);
  return NULL;
}

static int evaluate(const struct setting *setting, double beta, struct lat_threshold_certificate *certificate,
                    const char **reason) {
  struct strays strays = {lat_alloc(setting->nodes, sizeof(double)), 0};
  int status = strays.stray ? LAT_OK : LAT_MEMORY;
  *certificate = (struct lat_threshold_certificate){0};
  if (!lat_arithmetic_is_plain(setting->arithmetic)) {
    *reason = narrow(setting, beta, certificate);
  } else {
    if (status == LAT_OK) status = lat_threshold_stray(setting->network, beta, strays.stray);
    if (status == LAT_OK) status = fetched_stray(setting, beta, strays.stray, &strays.fetch);
    if (status == LAT_OK) *reason = single(setting, beta, &strays, certificate);
  }
  lat_free(strays.stray);
  if (status == LAT_OK) certificate->certified = *reason == NULL;
  return status;
}

static struct setting setting_of(const struct lat_threshold *network, const struct lat_threshold_machine *machine) {
  struct setting setting = {network,
                            machine->tokens,
                            machine->nodes,
                            machine->layout.address_bits,
                            machine->construction.kappa,
                            machine->slope,
                            machine->construction.arithmetic,
                            1};
  for (size_t g = 0; g < network->gates; g++) {
    size_t n = lat_threshold_fan_ins(network, g);
    if ((n & (n - 1)) != 0) setting.powers = 0;
  }
  return setting;
}

double lat_threshold_vanishing_beta(enum lat_dtype accumulate) {
  double beta = 1;
  while (lat_dtype_round(accumulate, lat_exp((float)(-2 * beta))) > 0) beta *= 2;
  return beta;
}

int lat_threshold_smallest_beta(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                                double *beta) {
  struct setting setting = setting_of(network, machine);
  struct lat_threshold_certificate certificate;
  const char *reason;
  int plain = lat_arithmetic_is_plain(setting.arithmetic);
  double low = 0, high = plain ? LAT_CONSTRUCT_BIT_EXACT_BETA : lat_threshold_vanishing_beta(setting.arithmetic.accumulate);
  int status = evaluate(&setting, high, &certificate, &reason);
  *beta = certificate.certified ? high : HUGE_VAL;
  /* Easier as beta grows: bisection. */
  for (int i = 0; i < BISECTIONS && plain && status == LAT_OK && isfinite(*beta); i++) {
    double middle = lat_threshold_realised(0.5 * (low + high), setting.address_bits, setting.arithmetic);
    if (!(middle > low && middle < high)) break;
    status = evaluate(&setting, middle, &certificate, &reason);
    *(certificate.certified ? &high : &low) = middle;
    *beta = high;
  }
  return status;
}

int lat_threshold_certify(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                          struct lat_threshold_certificate *certificate) {
  struct setting setting = setting_of(network, machine);
  const char *reason = NULL;
  double minimum = HUGE_VAL;
  int status = lat_threshold_smallest_beta(network, machine, &minimum);
  if (status == LAT_OK) status = evaluate(&setting, machine->construction.beta, certificate, &reason);
  if (status != LAT_OK) return status;
  double n = (double)certificate->fan_in;
  certificate->beta_minimum = minimum;
  if (lat_arithmetic_is_plain(setting.arithmetic))
    snprintf(
        certificate->inequality, sizeof certificate->inequality,
        "n (2 S/(n + S) + eta + rounding) <= 1 - n/(2 slope), n = %zu, S = %.4g, slope = %g: %.6g + %.3g + %.3g <= %.6g",
        certificate->fan_in, certificate->stray, setting.slope, 2 * n * certificate->leak, n * certificate->eta,
        n * certificate->rounding, 1 - n / (2 * setting.slope));
  else
    snprintf(certificate->inequality, sizeof certificate->inequality,
             "nothing is rounded: n = %zu is a power of two that storage %s and accumulator %s count up to",
             certificate->fan_in, lat_dtype_name(setting.arithmetic.storage),
             lat_dtype_name(setting.arithmetic.accumulate));
  snprintf(certificate->reason, sizeof certificate->reason, "%s", reason ? reason : "");
  return LAT_OK;
}
