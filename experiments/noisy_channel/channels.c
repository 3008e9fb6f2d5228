#include "experiments/noisy_channel/channels.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/blahut.h"
#include "lib/info/entropy.h"
#include "lib/info/gaussian.h"
#include "lib/info/softmax_channel.h"

/* Rounds of Blahut and Arimoto's; both bounds are kept, so that a stop before the tolerance widens them and breaks nothing. */
enum { MOST_ROUNDS = 2000 };
#define TOLERANCE 1e-4

static const char *const kinds[] = {"gaussian", "bits", "cells", "token"};

int lat_noisy_kind_parse(const char *text, enum lat_noisy_kind *kind) {
  for (int i = 0; i < 4; i++)
    if (strcmp(text, kinds[i]) == 0) {
      *kind = (enum lat_noisy_kind)i;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "channel '%s': there are gaussian, bits, cells and token", text);
}

void lat_noisy_free(struct lat_noisy_sample *sample) {
  lat_free(sample->x);
  lat_free(sample->y);
  lat_free(sample->a);
  lat_free(sample->b);
  lat_free(sample->prior);
  *sample = (struct lat_noisy_sample){0};
}

static size_t pick(const double *p, size_t count, double u) {
  size_t i = 0;
  while (i + 1 < count && u >= p[i]) u -= p[i++];
  while (i > 0 && p[i] == 0) i--; /* rounding may step past the last letter that has any probability */
  return i;
}

/* The matrix p [K, K], the best input distribution and the bounds; then draws. */
static int draw_letters(const struct lat_noisy *channel, struct lat_noisy_sample *sample) {
  int status = LAT_OK;
  size_t K = (size_t)1 << channel->d;
  struct lat_capacity capacity;
  double *p = lat_alloc(K * K, sizeof *p), *logits = lat_alloc(K * K, sizeof *logits);
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  sample->prior = lat_alloc(K, sizeof *sample->prior);
  LAT_CHECK(status, p != NULL && logits != NULL && generator != NULL && sample->prior != NULL, LAT_MEMORY,
            "no memory for a channel of %zu letters", K);
  if (channel->kind == LAT_NOISY_CELLS) {
    struct lat_gaussian_cells cells = {K, K, 1, 1, channel->noise};
    LAT_TRY(status, lat_gaussian_cells_matrix(cells, p));
  } else { /* the same logits for every seed: they belong to the channel */
    lat_random_gsl(generator, 0, "noisy token", channel->d);
    for (size_t i = 0; i < K * K; i++) logits[i] = gsl_ran_gaussian_ziggurat(generator, 1);
    for (size_t i = 0; i < K; i++) logits[i * K + i] += LAT_NOISY_MARGIN;
    LAT_TRY(status, lat_softmax_channel_matrix(logits, K, K, channel->noise, p));
  }
  LAT_TRY(status, lat_blahut_capacity(p, K, K, TOLERANCE, MOST_ROUNDS, sample->prior, &capacity));
  LAT_TRY(status, lat_blahut_information(p, K, K, sample->prior, &sample->exact));
  sample->exact_hard = sample->exact;
  sample->low = capacity.low, sample->high = capacity.high;
  sample->letters = K;
  struct lat_random message, noise;
  lat_random_start(&message, channel->seed, "noisy message", 0);
  lat_random_start(&noise, channel->seed, "noisy channel", 0);
  for (size_t i = 0; i < channel->samples; i++) {
    sample->a[i] = (uint32_t)pick(sample->prior, K, lat_random_uniform(&message));
    sample->b[i] = (uint32_t)pick(p + sample->a[i] * K, K, lat_random_uniform(&noise));
  }
done:
  if (generator != NULL) gsl_rng_free(generator);
  lat_free(p);
  lat_free(logits);
  return status;
}

static void hard_letters(const struct lat_noisy *channel, struct lat_noisy_sample *sample) {
  size_t d = channel->d;
  sample->letters = (size_t)1 << d;
  for (size_t i = 0; i < channel->samples; i++) {
    sample->a[i] = sample->b[i] = 0;
    for (size_t c = 0; c < d; c++) {
      sample->a[i] |= (uint32_t)(sample->x[i * d + c] > 0) << c;
      sample->b[i] |= (uint32_t)(sample->y[i * d + c] > 0) << c;
    }
  }
}

static int draw_vectors(const struct lat_noisy *channel, struct lat_noisy_sample *sample) {
  size_t d = channel->d, count = channel->samples * d;
  double each;
  sample->x = lat_alloc(count, sizeof(float));
  sample->y = lat_alloc(count, sizeof(float));
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  if (sample->x == NULL || sample->y == NULL || generator == NULL) {
    if (generator != NULL) gsl_rng_free(generator);
    return LAT_FAIL(LAT_MEMORY, "no memory for %zu vectors of %zu numbers", channel->samples, d);
  }
  int gaussian = channel->kind == LAT_NOISY_GAUSSIAN;
  lat_random_gsl(generator, channel->seed, "noisy message", 0);
  for (size_t i = 0; i < count; i++)
    sample->x[i] = (float)(gaussian ? gsl_ran_gaussian_ziggurat(generator, 1) : gsl_rng_uniform(generator) < 0.5 ? -1 : 1);
  lat_random_gsl(generator, channel->seed, "noisy channel", 0);
  for (size_t i = 0; i < count; i++)
    sample->y[i] = (float)((double)sample->x[i] + channel->noise * gsl_ran_gaussian_ziggurat(generator, 1));
  gsl_rng_free(generator);
  if (gaussian) {
    each = lat_gaussian_capacity(1, channel->noise * channel->noise);
  } else {
    int status = lat_gaussian_levels(2, 1, channel->noise, &each);
    if (status != LAT_OK) return status;
    double flip = gsl_cdf_ugaussian_Q(1 / channel->noise);
    sample->exact_hard = (double)d * (1 - lat_entropy_binary(flip));
    if (d <= LAT_NOISY_MOST_JOINT) hard_letters(channel, sample);
  }
  sample->exact = sample->low = sample->high = (double)d * each;
  return LAT_OK;
}

int lat_noisy_draw(const struct lat_noisy *channel, struct lat_noisy_sample *sample) {
  *sample = (struct lat_noisy_sample){0};
  int status = LAT_OK;
  sample->a = lat_alloc(channel->samples, sizeof *sample->a);
  sample->b = lat_alloc(channel->samples, sizeof *sample->b);
  LAT_CHECK(status, sample->a != NULL && sample->b != NULL, LAT_MEMORY, "no memory for %zu samples", channel->samples);
  int vectors = channel->kind == LAT_NOISY_GAUSSIAN || channel->kind == LAT_NOISY_BITS;
  LAT_TRY(status, vectors ? draw_vectors(channel, sample) : draw_letters(channel, sample));
done:
  if (status != LAT_OK) lat_noisy_free(sample);
  return status;
}

int lat_noisy_shuffle(const struct lat_noisy *channel, size_t index, struct lat_noisy_sample *sample) {
  size_t n = channel->samples, d = channel->d;
  uint32_t *order = lat_alloc(n, sizeof *order), *b = lat_alloc(n, sizeof *b);
  float *y = lat_alloc(n * d, sizeof *y);
  int status = LAT_OK;
  LAT_CHECK(status, order != NULL && b != NULL && y != NULL, LAT_MEMORY, "no memory to shuffle %zu samples", n);
  struct lat_random random;
  lat_random_start(&random, channel->seed, "noisy shuffle", index);
  lat_random_permutation(&random, order, n);
  memcpy(b, sample->b, n * sizeof *b);
  for (size_t i = 0; i < n && sample->letters > 0; i++) sample->b[i] = b[order[i]];
  if (sample->y == NULL) goto done;
  memcpy(y, sample->y, n * d * sizeof *y);
  for (size_t i = 0; i < n; i++) memcpy(sample->y + i * d, y + order[i] * d, d * sizeof *y);
done:
  lat_free(order);
  lat_free(b);
  lat_free(y);
  return status;
}
