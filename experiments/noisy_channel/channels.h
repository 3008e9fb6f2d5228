/* Four channels whose information is known exactly, samples of them, and every estimator of lib/info on the samples.
 *
 *   gaussian   x ~ N(0, 1)^d, y = x + noise N(0, 1)^d                      I = d log2 (1 + 1 / noise^2) / 2, the capacity at power 1
 *   bits       d fair bits as x = +-1, y = x + noise N(0, 1)^d             I = d times that of two levels (lib/info/gaussian.h)
 *   cells      2^d even levels in -1..1, noise N(0, noise^2), the nearest of 2^d levels; levels chosen as Blahut and Arimoto say
 *   token      2^d states, a token drawn at temperature `noise` from logits that are MARGIN higher for the own one, and noise of deviation 1 on
 *              all of them; states chosen as Blahut and Arimoto say
 * cells and token are one use of a channel with 2^d letters, d up to MOST_LETTERS. */
#ifndef LAT_EXPERIMENTS_NOISY_CHANNEL_CHANNELS_H
#define LAT_EXPERIMENTS_NOISY_CHANNEL_CHANNELS_H

#include <stddef.h>
#include <stdint.h>

enum lat_noisy_kind { LAT_NOISY_GAUSSIAN, LAT_NOISY_BITS, LAT_NOISY_CELLS, LAT_NOISY_TOKEN };
enum lat_noisy_estimator {
  LAT_NOISY_PLUGIN,
  LAT_NOISY_MILLER_MADOW,
  LAT_NOISY_GRASSBERGER,
  LAT_NOISY_KSG1,
  LAT_NOISY_KSG2,
  LAT_NOISY_DECODER,
  LAT_NOISY_HARD,
  LAT_NOISY_FANO,
  LAT_NOISY_ESTIMATORS
};
enum { LAT_NOISY_MARGIN = 8, LAT_NOISY_MOST_LETTERS = 8, LAT_NOISY_MOST_JOINT = 6 };

struct lat_noisy {
  enum lat_noisy_kind kind;
  size_t d, samples, neighbours, shuffles;
  double noise; /* > 0 */
  uint64_t seed;
};

struct lat_noisy_sample {
  float *x, *y; /* [samples, d]: gaussian and bits */
  uint32_t *a,
      *b; /* [samples] < letters: what was sent, and the letter that came out; for bits the hard decisions, d up to MOST_JOINT */
  size_t letters;    /* 0: a and b are not there */
  double *prior;     /* [letters] of a */
  double exact;      /* I between x and y, or a and b, in bits */
  double exact_hard; /* I between a and b */
  double low, high;  /* bounds of the capacity */
};

/* Missing values are NaN. */
struct lat_noisy_found {
  double raw[LAT_NOISY_ESTIMATORS], low[LAT_NOISY_ESTIMATORS], high[LAT_NOISY_ESTIMATORS]; /* 95 % where there is one */
  double estimate[LAT_NOISY_ESTIMATORS]; /* raw, cut at the upper bound of the capacity */
  double control[LAT_NOISY_ESTIMATORS];  /* with y shuffled, mean over the shuffles */
  double exact[LAT_NOISY_ESTIMATORS];    /* what it estimates, or bounds from below */
  double capacity_low, capacity_high;
};

int lat_noisy_kind_parse(const char *text, enum lat_noisy_kind *kind);
const char *lat_noisy_estimator_name(enum lat_noisy_estimator estimator);

/* Draws; streams (seed, "noisy message"), (seed, "noisy channel"). LAT_MEMORY. The caller frees. */
int lat_noisy_draw(const struct lat_noisy *channel, struct lat_noisy_sample *sample);
void lat_noisy_free(struct lat_noisy_sample *sample);
/* Puts y and b in the order of shuffle number `index`. */
int lat_noisy_shuffle(const struct lat_noisy *channel, size_t index, struct lat_noisy_sample *sample);

/* Everything at once. LAT_MEMORY. */
int lat_noisy_measure(const struct lat_noisy *channel, struct lat_noisy_found *found);

/* Decoders that see the first half of the samples and are measured on the other: ridge regression for vectors, counts for letters. Into
 * raw, low and high of DECODER, HARD and FANO. */
int lat_noisy_decode(const struct lat_noisy *channel, const struct lat_noisy_sample *sample, struct lat_noisy_found *found);

#endif
