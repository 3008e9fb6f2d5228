#include "lib/compile/bound.h"

#include <math.h>

#include "lib/compile/construct.h"
#include "lib/nn/vector_math.h"

/* The invariant is sought by iteration from 0. Without a norm that contracts by 2 to 10 a step; with one, where rows are
 * short, by as little as 1.1. */
enum { ITERATIONS = 2000 };
#define ROOM 1e-3    /* the fixed point is of (1 + ROOM) x the layer's bound, so that the layer itself maps below it */
#define SETTLED 1e-4 /* relative change of one step, well below ROOM */

static const double unit = 0x1p-24; /* unit roundoff of float, round to nearest */

/* n roundings in a row: |product of n factors (1 + d), |d| <= u, - 1| <= gamma(n) (Higham 2002, Lemma 3.1). */
static double gamma_of(double n) { return n * unit < 0.5 ? n * unit / (1 - n * unit) : HUGE_VAL; }

static double larger(double a, double b) { return a > b ? a : b; }

/* What a layer may find in a row and what it leaves. */
struct state {
  double eta;     /* |v - bit|, |r - bit| */
  double residue; /* |x| in scratch */
  double pair;    /* |x+ + x-| of a pair of columns */
};

/* One layer applied to such rows. Fills in everything but the invariant. */
static struct state bound_layer(const struct lat_bound_setting *setting, struct state before, struct lat_bound *bound) {
  double eta = before.eta, residue = before.residue, pair = before.pair;
  double K = (double)setting->fan_in, C = (double)setting->channels, D = (double)setting->width;
  double m = (double)setting->address_bits, N = (double)setting->tokens, beta = setting->beta, kappa = setting->kappa;
  int norm = setting->norm, exact = bound->bit_exact;
  double row = norm && !exact ? gamma_of(D + 16) : 0; /* mean square, root, division, gain */

  /* Norm before attention: an exact static channel comes out within `static_error` of +-1, a value within value_error. */
  double static_error = 0, value_error = eta, scale = 1;
  if (norm && !exact) {
    double square = (C - 2 * K) / C + setting->epsilon;
    double change = (2 * (2 * eta + eta * eta) + 2 * K * residue * residue) / C;
    double mean = setting->paired ? (1 + K) * pair / C + gamma_of(D) * (1 + eta) : 0;
    double lowest = 1 - (change + mean * mean) / square;
    if (!(lowest > 0)) lowest = 0;
    scale = (1 + row) / sqrt(lowest);
    double smallest = (1 - row) / sqrt(1 + change / square);
    static_error = larger(scale * (1 + mean) - 1, 1 - smallest * (1 - mean));
    value_error = static_error + scale * eta;
  }

  /* Logits fall by 2 beta H to a token at Hamming distance H, up to omega. */
  double factor = norm && !exact ? (1 + static_error) * (1 + static_error) * (1 + gamma_of(m + 4)) - 1 : gamma_of(m + 4);
  int fast = setting->attention == LAT_ATTENTION_FAST;
  double omega = fast ? m * unit * (8 + 32 * beta) : 2 * beta * m * (factor + 2 * unit * (1 + factor));
  double off = lat_leak_occupied(beta, setting->tokens);
  /* In logarithms: a leak that underflows times an e^omega that overflows is not a number. */
  double size = off > 0 ? log(off / (1 - off)) : log(N) - 2 * beta;
  off = exp(size + omega) * (1 + 8 * unit) + N * 0x1p-148;
  bound->leak = exact ? 0 : off < HUGE_VAL ? off / (1 + off) : 1;
  double dense_rounding = gamma_of(2 * N + 10), fast_rounding = gamma_of(8 * m + 8);
  bound->rounding = exact                                       ? 0
                    : setting->attention == LAT_ATTENTION_DENSE ? dense_rounding
                    : fast                                      ? fast_rounding
                                                                : larger(dense_rounding, fast_rounding);

  /* A fetched value: above by convexity, below by the leak; one more rounding to add it to the residual stream. */
  double above = residue + value_error + bound->rounding * (1 + value_error);
  if (!exact) above += unit * (2 + above);
  double fetch = above + 2 * bound->leak;
  bound->fetch = fetch;

  /* Norm before the feed-forward part. */
  double low = 1, high = 1, mean = 0;
  if (norm && !exact) {
    double fixed = C - 2 * K - 2, left = larger(1 - fetch, 0), value_left = larger(1 - eta, 0);
    double least = (fixed + 2 * value_left * value_left + 2 * K * left * left) / C + setting->epsilon;
    double most = (fixed + 2 * (1 + eta) * (1 + eta) + 2 * K * (1 + above) * (1 + above)) / C + setting->epsilon;
    mean = setting->paired ? (pair + K * (pair + 2 * unit * (1 + above))) / C + gamma_of(D) * (1 + above) : 0;
    least = larger(least - mean * mean, 0);
    low = (1 - row) * sqrt((1 + setting->epsilon) / most);
    high = (1 + row) * sqrt((1 + setting->epsilon) / least);
  }
  bound->scale_low = low;
  bound->offset = high * 2 * K * mean;

  /* Sums of the feed-forward part: K + 2 products, a bias, in any order; three roundings of the norm in each channel. */
  bound->sum = exact ? 0 : gamma_of(K + 8) * (high * (1 + mean) * (2 * K + 1 + K * above) + 1 / (2 * kappa));
  bound->left = 1 - (low * (1 - K * fetch) - bound->offset - bound->sum);
  double t = setting->gelu ? LAT_CONSTRUCT_GELU_SCALE : 1, cut = setting->gelu ? setting->activation_cut / t : 0;
  bound->right = 1 - (0.5 + cut) / kappa;
  bound->failed = NULL;
  if (setting->paired && !(LAT_CONSTRUCT_CLEAR_OFFSET - high * (1 + larger(eta, above) + mean) > cut))
    bound->failed = "a unit that clears a channel leaves its linear part";
  if (!setting->paired && setting->gelu && !(low * (1 - larger(eta, fetch)) > cut))
    bound->failed = "a unit that clears a channel reaches the bend of GELU";

  /* What the layer leaves. */
  double stretch = larger(high - 1, 1 - low), top = high * (1 + K * above) + bound->offset + bound->sum;
  double clear = setting->paired && !exact ? gamma_of(8) * (high * (1 + larger(eta, above) + mean) + 2) : 0;
  double down = exact ? 0 : gamma_of(8) * (4 * kappa * top + 3 * high * (1 + eta + mean) + 6);
  struct state after = {4 * kappa * bound->sum + down + clear + stretch * (1 + eta) + high * mean, 0, 0};
  if (norm && !exact)
    after.residue = clear + gamma_of(8) * (2 * high * (1 + above + mean) + 4) + stretch * (1 + above) + high * mean;
  if (setting->paired && !exact)
    after.pair = stretch * pair + 2 * high * mean + 8 * unit * high * (1 + larger(eta, above)) + 2 * (down + clear);
  return after;
}

/* A little more than what the layer leaves: enlarging the fixed point of the layer itself would not do, for the residue hardly
 * has a source of its own and grows with the rest faster than in proportion. */
static double grown(double before, double after, int used, int exact) {
  return exact || !used ? larger(before, after) : larger(before, after * (1 + ROOM) + 1e-12);
}

void lat_bound_evaluate(const struct lat_bound_setting *setting, struct lat_bound *bound) {
  *bound = (struct lat_bound){0};
  double m = (double)setting->address_bits, beta = setting->beta;
  double omega = 2 * beta * m * (gamma_of(m + 4) + 2 * unit * 2);
  bound->bit_exact = (!setting->norm || setting->exact_norm) && 2 * beta - omega >= -(double)LAT_EXP_ZERO;
  int exact = bound->bit_exact;
  struct state state = {0, 0, 0};
  for (int i = 0; i < ITERATIONS && state.eta < 1 && state.residue < 1 && state.pair < 1; i++) {
    struct state next = bound_layer(setting, state, bound);
    next = (struct state){grown(state.eta, next.eta, 1, exact), grown(state.residue, next.residue, setting->norm, exact),
                          grown(state.pair, next.pair, setting->paired, exact)};
    int settled = next.eta - state.eta <= SETTLED * next.eta && next.residue - state.residue <= SETTLED * next.residue &&
                  next.pair - state.pair <= SETTLED * next.pair;
    state = next;
    if (settled) break;
  }
  /* This check, not the iteration, is the proof. */
  struct state after = bound_layer(setting, state, bound);
  bound->eta = state.eta;
  bound->residue = state.residue;
  bound->pair = state.pair;
  bound->invariant =
      after.eta <= state.eta && after.residue <= state.residue && after.pair <= state.pair && state.eta < 0.5;
}
