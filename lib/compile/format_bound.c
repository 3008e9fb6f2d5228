/* The error of a compiled layer in narrow formats, from three facts about rounding to nearest: it is monotone; it moves x by
 * at most half a unit in the last place; and when a is a value of the format, fl(a + b) is within |b| of a + b. The third
 * makes bounds for long sums that do not grow with their length, where n roundings of a narrow format would say nothing.
 *
 *   scores     a score at Hamming distance H is computed here as the model computes it, when its partial sums are exact
 *   softmax    e_H likewise; with E = sum of the wrong ones the total lies in [1, 1 + 4 E] (and within n half units of 1 + E)
 *   weights    right: at least round(1 / total); wrong: at most round(e_H), summing to W; both exactly as they are stored
 *   fetched    lies within delta = (1 - right) + min(W + n half units, 4 W + one) of the value
 *   exact      when delta is below half the gap next to 1, storing brings the value back to exactly +-1; or when W is so
 *              small that the accumulator passes over every wrong term. With a layer that is exact on +-1 (run, not argued)
 *              the invariant is eta = 0.
 *   else       eta > 0: phi = eta + delta + storing; clip kappa (1 - K phi) - sums >= 1/2 + cut; the two halves of a clip
 *              have the same partial sums up to their biases, so their difference is 1 up to 4 roundings; eta from those. */
#include <math.h>

#include "lib/compile/format.h"
#include "lib/nn/vector_math.h"

enum { ITERATIONS = 60 };

double lat_format_half_unit(enum lat_dtype dtype, double size) {
  struct lat_dtype_facts facts = lat_dtype_facts(dtype);
  if (!(size <= facts.largest)) return HUGE_VAL;
  double normal = size > facts.smallest_normal ? size : facts.smallest_normal;
  return exp2(floor(log2(normal))) * facts.unit_roundoff;
}

static int absorbs(enum lat_dtype dtype, double change) {
  return lat_dtype_round_double(dtype, 1 - change) == 1 && lat_dtype_round_double(dtype, 1 + change) == 1;
}

struct weights {
  double wrong, largest, right; /* W, the largest wrong weight, the least right one */
  double count;                 /* wrong weights that are not 0 */
};

/* The softmax of a row, every address but the right one as near to it as the code allows. */
static const char *softmax(const struct lat_format_setting *setting, struct weights *weights) {
  const enum lat_dtype storage = setting->arithmetic.storage, accumulate = setting->arithmetic.accumulate;
  double m = (double)setting->address_bits, q = setting->query_weight, scale = lat_format_scale(setting->address_bits);
  double left = (double)setting->tokens - 1, binomial = 1, off = 0, terms = 0;
  *weights = (struct weights){.right = 1};
  for (double j = 1; j <= m; j++)
    if (lat_dtype_round_double(accumulate, j * q) != j * q) return "the partial sums of a score do not fit the accumulator";
  double best = lat_dtype_round_double(accumulate, m * q * scale);
  for (double H = 1; H <= m && left > 0; H++) {
    binomial *= (m - H + 1) / H;
    double count = binomial < left ? binomial : left;
    left -= count;
    double score = lat_dtype_round_double(accumulate, (m - 2 * H) * q * scale);
    double fall = lat_dtype_round_double(accumulate, score - best);
    double e = lat_dtype_round_double(accumulate, (double)lat_exp((float)fall));
    double weight = lat_dtype_round_double(storage, e);
    if (!(e <= 1)) return "a score leaves the accumulator's range";
    off += count * e;
    terms += e > 0 ? count : 0;
    weights->wrong += count * weight;
    weights->count += weight > 0 ? count : 0;
    if (weight > weights->largest) weights->largest = weight;
  }
  double total = 1 + 4 * off, sharp = 1 + off + terms * lat_format_half_unit(accumulate, total);
  if (sharp < total) total = sharp;
  weights->right = lat_dtype_round_double(storage, lat_dtype_round_double(accumulate, 1 / total));
  return NULL;
}

/* |fetched value - its value| before storing, when values are within eta of +-1. */
static double fetch_error(const struct lat_format_setting *setting, const struct weights *weights, double eta) {
  const enum lat_dtype accumulate = setting->arithmetic.accumulate;
  double W = weights->wrong * (1 + eta), largest = (1 + eta) * (1 + 4 * weights->wrong);
  if (eta == 0 && weights->right == 1 && absorbs(accumulate, 2 * W) && absorbs(accumulate, weights->largest)) return 0;
  int exact_target = eta == 0 && weights->right == 1; /* then +-1 itself is a term, which the accumulator holds */
  double by_terms = 4 * W + (exact_target ? 0 : lat_format_half_unit(accumulate, largest));
  double by_count = W + (weights->count + 1) * lat_format_half_unit(accumulate, largest);
  return (1 - weights->right) * (1 + eta) + (by_terms < by_count ? by_terms : by_count);
}

/* One layer on values within eta; fills in the inequality and returns what it leaves. */
static double layer(const struct lat_format_setting *setting, const struct weights *weights, double eta,
                    struct lat_format_bound *bound) {
  const enum lat_dtype storage = setting->arithmetic.storage, accumulate = setting->arithmetic.accumulate;
  double K = (double)setting->fan_in, kappa = setting->kappa;
  bound->fetched = fetch_error(setting, weights, eta);
  double phi = eta + bound->fetched + lat_format_half_unit(storage, 1 + eta + bound->fetched);
  double most = kappa * (2 * K + 1 + K * phi);
  double sums =
      (K + 2) * lat_format_half_unit(accumulate, 1.01 * most) + lat_format_half_unit(accumulate, 1.01 * most + 0.5);
  double unit = kappa * (1 + K * phi) + 0.5 + sums; /* the largest hidden unit of a clip that counts */
  double both = lat_format_half_unit(accumulate, unit) + lat_format_half_unit(storage, unit);
  bound->left = K * phi + sums / kappa;
  bound->right = 1 - (0.5 + setting->cut + (setting->cut > 0 ? both : 0)) / kappa;
  double clear = lat_format_half_unit(accumulate, 1 + eta) + lat_format_half_unit(storage, 1 + eta);
  double down = 4 * lat_format_half_unit(accumulate, 2 * unit + 3);
  double change = 2 * (2 * both) + clear + down;
  return change + lat_format_half_unit(storage, 2 + eta + change) +
         lat_format_half_unit(storage, 1 + change + lat_format_half_unit(storage, 3));
}

void lat_format_bound(const struct lat_format_setting *setting, struct lat_format_bound *bound) {
  struct weights weights;
  *bound = (struct lat_format_bound){.left = HUGE_VAL, .right = 0};
  if ((bound->failed = softmax(setting, &weights)) != NULL) return;
  bound->weight_off = weights.wrong;
  bound->lost = 1 - weights.right;
  bound->fetched = fetch_error(setting, &weights, 0);
  double gap = lat_format_half_unit(setting->arithmetic.storage, 0.75); /* of the numbers just below 1 */
  bound->exact = setting->exact_layer && bound->fetched < 0.5 && absorbs(setting->arithmetic.storage, bound->fetched);
  if (bound->exact || !setting->bounded) {
    bound->left = bound->fetched;
    bound->right = gap;
    bound->invariant = bound->exact;
    if (!bound->exact && !setting->exact_layer)
      bound->failed = "the layer is not exact on +-1 in these formats, and its errors are derived only without a norm";
    return;
  }
  double eta = 0;
  for (int i = 0; i < ITERATIONS && eta < 0.5; i++) {
    double next = layer(setting, &weights, eta, bound);
    if (next <= eta) break;
    eta = next;
  }
  bound->eta = eta;
  bound->invariant = eta < 0.5 && layer(setting, &weights, eta, bound) <= eta;
  if (setting->cut > 0 && !(1 - (eta > bound->fetched ? eta : bound->fetched) > 1.1 * setting->cut))
    bound->failed = "a unit that clears a channel reaches the bend of GELU";
}
