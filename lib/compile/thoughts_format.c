/* Thoughts in narrow formats: which numbers stand for beta and kappa, and the certificate.
 *
 * Where storing takes a fetched channel back to the very number that stands in the cache, and the feed-forward parts are exact on such numbers
 * (thoughts_exact.c), nothing is ever off, for all inputs and any number of thoughts. Leak and lost weight over the S positions are those
 * of format_bound.c. A channel holds v, |v| <= top, and fetching adds
 *   delta = lost top + min(4 W top + one rounding, W top + S roundings), the rounding of the sum at top (1 + 4 W)
 * without the one rounding when nothing is lost and v is a number of the accumulator, and 0 when, beyond that, the accumulator passes over
 * 2 W top next to v. It is stored as v when v +- delta are. */
#include <math.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/thoughts_build.h"

#define ROOM_OF_BETA 2.0 /* added to the smallest beta that certifies */

struct fetch {
  int exact;
  const char *failed;
  double leak, error, room; /* W; delta and half the gap where they are closest */
};

static int absorbs(enum lat_dtype dtype, double value, double change) {
  return lat_dtype_round_double(dtype, value - change) == value && lat_dtype_round_double(dtype, value + change) == value;
}

static struct fetch fetch(const struct lat_thoughts *thoughts, const struct lat_thoughts_exact *exact,
                          double query_weight) {
  const struct lat_arithmetic arithmetic = thoughts->construction.arithmetic;
  double S = (double)thoughts->sequence, top = 1;
  struct lat_format_setting setting = {.arithmetic = arithmetic,
                                       .tokens = thoughts->sequence,
                                       .address_bits = thoughts->layout.address_bits,
                                       .fan_in = thoughts->construction.fan_in,
                                       .kappa = thoughts->construction.kappa,
                                       .query_weight = query_weight,
                                       .exact_layer = 1};
  struct lat_format_bound bound;
  lat_format_bound(&setting, &bound);
  struct fetch result = {.exact = 1, .leak = bound.weight_off, .failed = bound.failed, .room = HUGE_VAL};
  if (bound.failed != NULL) return (struct fetch){.failed = bound.failed, .error = HUGE_VAL};
  for (size_t i = 0; i < exact->count; i++) top = top > exact->size[i] ? top : exact->size[i];
  double W = bound.weight_off * top, rounding = lat_format_half_unit(arithmetic.accumulate, top + 4 * W);
  for (size_t i = 0; i < exact->count; i++) {
    double v = exact->size[i];
    int clean = bound.lost == 0 && lat_dtype_round_double(arithmetic.accumulate, v) == v;
    double by_terms = 4 * W + (clean ? 0 : rounding), by_count = W + S * rounding;
    double error = bound.lost * top + (by_terms < by_count ? by_terms : by_count);
    double room = lat_format_half_unit(arithmetic.storage, v * (1 - 0x1p-30)); /* of the numbers just below v */
    if (clean && absorbs(arithmetic.accumulate, v, 2 * W)) error = 0;
    if (!absorbs(arithmetic.storage, v, error)) result.exact = 0;
    if (room - error < result.room - result.error) result.room = room, result.error = error;
  }
  return result;
}

static double smallest_beta(const struct lat_thoughts *thoughts, const struct lat_thoughts_exact *exact) {
  size_t m = thoughts->layout.address_bits;
  if (exact->failed != NULL) return HUGE_VAL;
  for (long index = 0;; index++) {
    double query_weight = lat_format_numbered_query(thoughts->construction.arithmetic, m, index);
    if (query_weight == 0) return HUGE_VAL;
    if (fetch(thoughts, exact, query_weight).exact) return query_weight * lat_format_scale(m);
  }
}

static void realise(struct lat_thoughts *thoughts, double beta) {
  struct lat_construction *construction = &thoughts->construction;
  size_t m = thoughts->layout.address_bits;
  double largest = lat_format_largest_beta(construction->arithmetic, m);
  construction->beta = beta < largest ? beta : largest;
  construction->beta =
      (double)lat_format_query_weight(construction->arithmetic, construction->beta, m) * lat_format_scale(m);
  thoughts->beta = construction->beta;
}

int lat_thoughts_format_choose(struct lat_thoughts *thoughts) {
  struct lat_construction *construction = &thoughts->construction;
  const enum lat_dtype storage = construction->arithmetic.storage;
  double largest = lat_format_largest_beta(construction->arithmetic, thoughts->layout.address_bits);
  if (construction->beta > largest)
    return LAT_FAIL(LAT_INPUT, "beta %g is too large for %s with sums in %s, which hold the scores of at most %g",
                    construction->beta, lat_dtype_name(storage), lat_dtype_name(construction->arithmetic.accumulate),
                    largest);
  construction->kappa = lat_dtype_round_double(storage, construction->kappa > 0 ? construction->kappa : LAT_FORMAT_KAPPA);
  if (!(construction->kappa * (2 * construction->fan_in + 1) <= lat_dtype_facts(storage).largest))
    return LAT_FAIL(LAT_INPUT, "kappa %g is too large for %s", construction->kappa, lat_dtype_name(storage));
  realise(thoughts, construction->beta > 0 ? construction->beta : 1);
  return LAT_OK;
}

void lat_thoughts_format_settle(struct lat_thoughts *thoughts) {
  struct lat_thoughts_exact exact;
  lat_thoughts_exact(thoughts, &exact);
  double smallest = smallest_beta(thoughts, &exact);
  realise(thoughts, isfinite(smallest) ? ceil(2 * (smallest + ROOM_OF_BETA)) / 2 : LAT_CONSTRUCT_BIT_EXACT_BETA);
  lat_thoughts_build_query(thoughts);
}

void lat_thoughts_format_certify(const struct lat_thoughts *thoughts, struct lat_certificate *certificate) {
  const struct lat_arithmetic arithmetic = thoughts->construction.arithmetic;
  const char *storage = lat_dtype_name(arithmetic.storage), *accumulate = lat_dtype_name(arithmetic.accumulate);
  struct lat_thoughts_exact exact;
  lat_thoughts_exact(thoughts, &exact);
  float query_weight = lat_format_query_weight(arithmetic, thoughts->beta, thoughts->layout.address_bits);
  struct fetch found = fetch(thoughts, &exact, (double)query_weight);
  int one_bit = thoughts->construction.bits_per_channel == 1;
  *certificate = (struct lat_certificate){.margin = found.room - found.error,
                                          .leak = found.leak,
                                          .eta = exact.off,
                                          .beta_minimum = smallest_beta(thoughts, &exact)};
  char *reason = certificate->reason;
  size_t size = sizeof certificate->reason;
  if (exact.failed != NULL) {
    certificate->margin = -HUGE_VAL;
    snprintf(certificate->inequality, sizeof certificate->inequality, "none in %s with sums in %s", storage, accumulate);
    snprintf(reason, size, "%s: %s with sums in %s", exact.failed, storage, accumulate);
    return;
  }
  snprintf(certificate->inequality, sizeof certificate->inequality,
           "a fetched channel is within %.3g of its number and %s stores it as that up to %.3g; %stables%s are exact on "
           "all that "
           "a channel can hold: %.3g <= %.3g",
           found.error, storage, found.room, thoughts->layout.layers == 2 ? "the choice of bits and the " : "the ",
           thoughts->vocabulary > 0 ? " and the largest logit" : "", found.error, found.room);
  if (found.failed != NULL) {
    snprintf(reason, size, "%s: %s with sums in %s", found.failed, storage, accumulate);
  } else if (!found.exact) {
    snprintf(reason, size, "the leak and the rounding of %s with sums in %s take more room than there is (margin %.3g)",
             storage, accumulate, certificate->margin);
  } else {
    certificate->certified = 1;
    certificate->bit_exact = one_bit;
    certificate->layers_right = SIZE_MAX;
  }
}
