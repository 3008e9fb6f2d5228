#include "lib/info/decoder.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/entropy.h"

static void cut(struct lat_interval *interval, double bound) {
  interval->low = fmin(interval->low, bound);
  interval->high = fmin(interval->high, bound);
}

/* From the mean of bits [n] lost, and their bootstrap. */
static int from_losses(const double *lost, size_t n, double entropy, struct lat_bootstrap how, struct lat_decoder *found) {
  double sum = 0;
  struct lat_interval interval;
  for (size_t i = 0; i < n; i++) sum += lost[i];
  int status = lat_bootstrap_mean(lost, n, how, &interval);
  if (status != LAT_OK) return status;
  found->information = lat_estimate_make(entropy - sum / (double)n, entropy);
  found->interval = (struct lat_interval){entropy - interval.high, entropy - interval.low};
  cut(&found->interval, entropy);
  return LAT_OK;
}

int lat_decoder_joint(const double *loss, size_t n, double entropy, struct lat_bootstrap how, struct lat_decoder *found) {
  assert(n >= 1 && entropy >= 0);
  int status = LAT_OK;
  double *lost = lat_alloc(n, sizeof *lost);
  LAT_CHECK(status, lost != NULL, LAT_MEMORY, "no memory for %zu losses", n);
  for (size_t i = 0; i < n; i++) {
    LAT_CHECK(status, loss[i] >= 0 && isfinite(loss[i]), LAT_NUMERIC, "the loss of example %zu is %g", i, loss[i]);
    lost[i] = loss[i] / M_LN2;
  }
  LAT_TRY(status, from_losses(lost, n, entropy, how, found));
done:
  lat_free(lost);
  return status;
}

int lat_decoder_gain(const double *gain, size_t n, double bound, struct lat_bootstrap how, struct lat_decoder *found) {
  assert(n >= 1);
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(gain[i])) return LAT_FAIL(LAT_NUMERIC, "the gain of example %zu is %g", i, gain[i]);
    sum += gain[i];
  }
  int status = lat_bootstrap_mean(gain, n, how, &found->interval);
  if (status != LAT_OK) return status;
  found->information = lat_estimate_make(sum / (double)n, bound);
  cut(&found->interval, bound);
  return LAT_OK;
}

/* log2 (1 + e^-z), which neither overflows nor loses small values. */
static double lost_bits(double z) { return (z > 0 ? log1p(exp(-z)) : -z + log1p(exp(z))) / M_LN2; }

static double bitwise(double error, double m) { return m * (1 - lat_entropy_binary(fmin(error, 0.5))); }

int lat_decoder_bits(const float *logit, const uint8_t *bit, size_t n, size_t m, struct lat_bootstrap how, double *each,
                     struct lat_decoder_bits *found) {
  assert(n >= 1 && m >= 1);
  int status = LAT_OK;
  double *lost = lat_calloc(2 * n, sizeof *lost), *wrong = lost + n, errors = 0;
  LAT_CHECK(status, lost != NULL, LAT_MEMORY, "no memory for %zu examples", n);
  for (size_t j = 0; j < m && each != NULL; j++) each[j] = 1;
  found->whole = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < m; j++) {
      double z = bit[i * m + j] ? (double)logit[i * m + j] : -(double)logit[i * m + j], bits = lost_bits(z);
      LAT_CHECK(status, isfinite(bits), LAT_NUMERIC, "the logit of bit %zu of example %zu is %g", j, i, z);
      lost[i] += bits;
      if (each != NULL) each[j] -= bits / (double)n;
      wrong[i] += z > 0 ? 0 : z < 0 ? 1 : 0.5;
    }
    found->whole += wrong[i] == 0;
    wrong[i] /= (double)m;
    errors += wrong[i];
  }
  found->error = errors / (double)n;
  LAT_TRY(status, from_losses(lost, n, (double)m, how, &found->soft));
  struct lat_interval interval;
  LAT_TRY(status, lat_bootstrap_mean(wrong, n, how, &interval));
  /* Where no error, or hardly any, was seen, the bootstrap knows of none to come: Clopper and Pearson's limit for the messages that are
   * wrong, each by as many bits as those seen, by one where there were none. */
  double spoilt = (double)(n - found->whole), share = spoilt > 0 ? errors / spoilt : 1 / (double)m;
  interval.high = fmax(interval.high, share * lat_interval_proportion(n - found->whole, n, how.confidence).high);
  found->hard.information = lat_estimate_make(bitwise(found->error, (double)m), (double)m);
  found->hard.interval = (struct lat_interval){bitwise(interval.high, (double)m), bitwise(interval.low, (double)m)};
done:
  lat_free(lost);
  return status;
}

double lat_decoder_fano_at(double error, double entropy) {
  assert(error >= 0 && error <= 1 && entropy >= 0);
  double guess = -expm1(-entropy * M_LN2); /* 1 - 2^-H: wrong by guessing */
  if (!(error < guess)) return 0;
  double others = entropy + log2(guess); /* log2 (2^H - 1) */
  return fmax(entropy - lat_entropy_binary(error) - error * others, 0);
}

struct lat_decoder lat_decoder_fano(uint64_t wrong, uint64_t trials, double entropy, double confidence) {
  struct lat_interval error = lat_interval_proportion(wrong, trials, confidence);
  struct lat_decoder found;
  double rate = trials > 0 ? (double)wrong / (double)trials : 1;
  found.information = lat_estimate_make(lat_decoder_fano_at(rate, entropy), entropy);
  found.interval.low = lat_decoder_fano_at(error.high, entropy);
  found.interval.high = lat_decoder_fano_at(error.low, entropy);
  return found;
}
