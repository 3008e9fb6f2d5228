/* Lower bounds on mutual information from a decoder, in bits.
 *
 * A decoder q(m|y) that was trained and chosen without seeing these examples gives, for a message M of entropy H,
 *   joint    I(M; Y) >= H - < -log2 q(m|y) >                          (Barber and Agakov 2003)
 *   per bit  I(M; Y) >= sum_j (1 - < -log2 q_j(m_j|y) >)              for m independent fair bits
 * and from its errors alone, e the probability that the message is wrong, among 2^H equally likely ones,
 *   Fano     I(M; Y) >= H - h2(e) - e log2 (2^H - 1)                  (Fano 1961; Cover and Thomas 2006, theorem 2.10.1)
 *   bitwise  I(M; Y) >= sum_j (1 - h2(e_j)) >= m (1 - h2(mean e_j))
 * The expectation is below I; an average over n held-out examples is so up to its error only, hence the intervals. A bad or
 * overconfident decoder gives a low bound, even below 0, and never a wrong one: the gap to I is the divergence of q from the truth.
 * A bound above H is impossible for the expectation and is cut (estimate.h). On the decoder's own training examples none of this holds. */
#ifndef LAT_INFO_DECODER_H
#define LAT_INFO_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/info/bootstrap.h"
#include "lib/info/estimate.h"
#include "lib/info/interval.h"

struct lat_decoder {
  struct lat_estimate information;
  struct lat_interval interval; /* two-sided, of the bound, and cut at H as it is */
};

/* loss [n]: -ln q(m|y) of each held-out example, in nats, as a cross-entropy is; entropy H in bits. Interval: bootstrap over
 * examples. LAT_NUMERIC for a loss that is not finite or below 0, LAT_MEMORY. */
int lat_decoder_joint(const double *loss, size_t n, double entropy, struct lat_bootstrap how, struct lat_decoder *found);

/* For a message that is a continuous vector with known density p: gain [n] = log2 (q(m|y) / p(m)) of each held-out example, in bits, whose
 * mean is the same bound, I(M; Y) >= < gain >. `bound`: what I cannot exceed, or INFINITY. LAT_NUMERIC, LAT_MEMORY. */
int lat_decoder_gain(const double *gain, size_t n, double bound, struct lat_bootstrap how, struct lat_decoder *found);

struct lat_decoder_bits {
  struct lat_decoder soft, hard; /* by cross-entropies, by the bitwise Fano bound on mean errors */
  double error;                  /* share of wrong bits; a logit of exactly 0 is half a wrong one */
  uint64_t whole;                /* examples with every bit right: for lat_decoder_fano */
};
/* logit [n, m]: ln (q(1) / q(0)); bit [n, m] of 0 or 1, fair and independent. each [m]: information of each bit by its cross-entropy,
 * not cut, or NULL. Intervals: bootstrap over examples; of `hard` at least as wide as Clopper and Pearson's for wrong messages.
 * That of `soft` is too short where wrong and sure is rarer than one in n. LAT_NUMERIC for a logit that is no number, LAT_MEMORY. */
int lat_decoder_bits(const float *logit, const uint8_t *bit, size_t n, size_t m, struct lat_bootstrap how, double *each,
                     struct lat_decoder_bits *found);

/* The Fano bound at error probability `error` among 2^entropy equally likely messages; 0 where the error is no better than guessing. */
double lat_decoder_fano_at(double error, double entropy);
/* Of `wrong` of `trials` independent messages; interval by Clopper and Pearson. At interval.low it holds with confidence
 * 1 - (1 - confidence) / 2, for every number of trials. */
struct lat_decoder lat_decoder_fano(uint64_t wrong, uint64_t trials, double entropy, double confidence);

#endif
