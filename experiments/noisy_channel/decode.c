#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "experiments/noisy_channel/channels.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/decoder.h"

static struct lat_bootstrap how_of(const struct lat_noisy *channel) {
  struct lat_bootstrap how = {0.95, 300, channel->seed};
  return how;
}

static void keep(struct lat_noisy_found *found, enum lat_noisy_estimator which, const struct lat_decoder *decoder) {
  found->raw[which] = decoder->information.raw;
  found->low[which] = decoder->interval.low;
  found->high[which] = decoder->interval.high;
}

/* Ridge regression of x on y over the first `train` samples, ridge 1: W = (Y^T Y + 1)^-1 Y^T X; guess [n, d] = Y W for all of them. */
static int regress(const struct lat_noisy_sample *sample, size_t n, size_t train, size_t d, double *guess) {
  int status = LAT_OK;
  double *normal = lat_calloc(2 * d * d + d, sizeof *normal), *W = normal + d * d, *right = W + d * d;
  LAT_CHECK(status, normal != NULL, LAT_MEMORY, "no memory for a regression on %zu numbers", d);
  for (size_t i = 0; i < train; i++)
    for (size_t a = 0; a < d; a++)
      for (size_t b = 0; b < d; b++) {
        normal[a * d + b] += (double)sample->y[i * d + a] * (double)sample->y[i * d + b];
        W[b * d + a] += (double)sample->y[i * d + a] * (double)sample->x[i * d + b]; /* [target, feature] */
      }
  for (size_t a = 0; a < d; a++) normal[a * d + a] += 1;
  gsl_matrix_view matrix = gsl_matrix_view_array(normal, d, d);
  LAT_CHECK(status, gsl_linalg_cholesky_decomp1(&matrix.matrix) == 0, LAT_NUMERIC, "a regression on %zu numbers failed", d);
  for (size_t b = 0; b < d; b++) {
    memcpy(right, W + b * d, d * sizeof *right);
    gsl_vector_view from = gsl_vector_view_array(right, d), to = gsl_vector_view_array(W + b * d, d);
    LAT_CHECK(status, gsl_linalg_cholesky_solve(&matrix.matrix, &from.vector, &to.vector) == 0, LAT_NUMERIC,
              "a regression on %zu numbers failed", d);
  }
  for (size_t i = 0; i < n; i++)
    for (size_t b = 0; b < d; b++) {
      double sum = 0;
      for (size_t a = 0; a < d; a++) sum += W[b * d + a] * (double)sample->y[i * d + a];
      guess[i * d + b] = sum;
    }
done:
  lat_free(normal);
  return status;
}

/* x given y as N(guess, v), v from the samples that it was trained on: too small where there are few, and then the bound is low. */
static int decode_gaussian(const struct lat_noisy *channel, const struct lat_noisy_sample *sample, const double *guess,
                           struct lat_noisy_found *found) {
  size_t n = channel->samples, d = channel->d, train = n / 2;
  double *gain = lat_calloc(n - train, sizeof *gain);
  if (gain == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for %zu samples", n);
  for (size_t c = 0; c < d; c++) {
    double v = 0;
    for (size_t i = 0; i < train; i++) v += pow((double)sample->x[i * d + c] - guess[i * d + c], 2) / (double)train;
    v = fmax(v, 1e-9);
    for (size_t i = train; i < n; i++) {
      double x = (double)sample->x[i * d + c], off = x - guess[i * d + c];
      gain[i - train] += 0.5 * (x * x - off * off / v - log(v)) / M_LN2;
    }
  }
  struct lat_decoder decoder;
  int status = lat_decoder_gain(gain, n - train, HUGE_VAL, how_of(channel), &decoder);
  if (status == LAT_OK) keep(found, LAT_NOISY_DECODER, &decoder);
  lat_free(gain);
  return status;
}

/* The guess of a bit under each value as N(mean, v) with one v: then ln of the odds is linear in the guess. */
static int decode_bits(const struct lat_noisy *channel, const struct lat_noisy_sample *sample, const double *guess,
                       struct lat_noisy_found *found) {
  int status = LAT_OK;
  size_t n = channel->samples, d = channel->d, train = n / 2, test = n - train;
  float *logit = lat_alloc(test * d, sizeof *logit);
  uint8_t *bit = lat_alloc(test * d, sizeof *bit);
  struct lat_decoder_bits bits;
  LAT_CHECK(status, logit != NULL && bit != NULL, LAT_MEMORY, "no memory for %zu samples", n);
  for (size_t c = 0; c < d; c++) {
    double mean[2] = {0, 0}, count[2] = {1e-9, 1e-9}, v = 1e-9;
    for (size_t i = 0; i < train; i++) {
      int one = sample->x[i * d + c] > 0;
      mean[one] += guess[i * d + c];
      count[one] += 1;
    }
    mean[0] /= count[0], mean[1] /= count[1];
    for (size_t i = 0; i < train; i++) v += pow(guess[i * d + c] - mean[sample->x[i * d + c] > 0], 2) / (double)train;
    for (size_t i = train; i < n; i++) {
      logit[(i - train) * d + c] = (float)((mean[1] - mean[0]) / v * (guess[i * d + c] - 0.5 * (mean[0] + mean[1])));
      bit[(i - train) * d + c] = sample->x[i * d + c] > 0;
    }
  }
  LAT_TRY(status, lat_decoder_bits(logit, bit, test, d, how_of(channel), NULL, &bits));
  keep(found, LAT_NOISY_DECODER, &bits.soft);
  keep(found, LAT_NOISY_HARD, &bits.hard);
  struct lat_decoder fano = lat_decoder_fano(test - bits.whole, test, (double)d, 0.95);
  keep(found, LAT_NOISY_FANO, &fano);
done:
  lat_free(logit);
  lat_free(bit);
  return status;
}

/* q(a|b) = (count + prior) / (count of b + 1). Fano's bound is for equally likely letters: with a prior of its own the entropy of a is
 * H(prior), and H(a|b) <= h2(e) + e log2 (K - 1) still. */
static int decode_letters(const struct lat_noisy *channel, const struct lat_noisy_sample *sample, double entropy,
                          struct lat_noisy_found *found) {
  int status = LAT_OK;
  size_t n = channel->samples, K = sample->letters, train = n / 2;
  double *count = lat_calloc(K * K + K, sizeof *count), *all = count + K * K, *gain = lat_alloc(n - train, sizeof *gain);
  uint64_t wrong = 0;
  struct lat_decoder decoder;
  LAT_CHECK(status, count != NULL && gain != NULL, LAT_MEMORY, "no memory for %zu letters", K);
  for (size_t i = 0; i < train; i++) count[sample->b[i] * K + sample->a[i]] += 1, all[sample->b[i]] += 1;
  for (size_t i = train; i < n; i++) {
    const double *row = count + sample->b[i] * K;
    size_t best = 0;
    for (size_t a = 1; a < K; a++)
      if (row[a] + sample->prior[a] > row[best] + sample->prior[best]) best = a;
    wrong += best != sample->a[i];
    double prior = sample->prior[sample->a[i]];
    gain[i - train] = log2((row[sample->a[i]] + prior) / (all[sample->b[i]] + 1) / prior);
  }
  LAT_TRY(status, lat_decoder_gain(gain, n - train, HUGE_VAL, how_of(channel), &decoder));
  keep(found, LAT_NOISY_DECODER, &decoder);
  struct lat_interval error = lat_interval_proportion(wrong, n - train, 0.95);
  double rate[3] = {(double)wrong / (double)(n - train), error.high, error.low}, fano[3];
  for (int i = 0; i < 3; i++) /* d bits less what the prior lacks to be even */
    fano[i] = fmax(lat_decoder_fano_at(rate[i], (double)channel->d) - ((double)channel->d - entropy), 0);
  found->raw[LAT_NOISY_FANO] = fano[0];
  found->low[LAT_NOISY_FANO] = fano[1];
  found->high[LAT_NOISY_FANO] = fano[2];
done:
  lat_free(count);
  lat_free(gain);
  return status;
}

static double entropy_of(const double *p, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum -= p[i] > 0 ? p[i] * log2(p[i]) : 0;
  return sum;
}

int lat_noisy_decode(const struct lat_noisy *channel, const struct lat_noisy_sample *sample,
                     struct lat_noisy_found *found) {
  if (sample->x == NULL) return decode_letters(channel, sample, entropy_of(sample->prior, sample->letters), found);
  int status = LAT_OK;
  double *guess = lat_alloc(channel->samples * channel->d, sizeof *guess);
  LAT_CHECK(status, guess != NULL, LAT_MEMORY, "no memory for %zu samples", channel->samples);
  LAT_TRY(status, regress(sample, channel->samples, channel->samples / 2, channel->d, guess));
  if (channel->kind == LAT_NOISY_GAUSSIAN)
    LAT_TRY(status, decode_gaussian(channel, sample, guess, found));
  else
    LAT_TRY(status, decode_bits(channel, sample, guess, found));
done:
  lat_free(guess);
  return status;
}
