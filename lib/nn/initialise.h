/* Initial values of a transformer's parameters, drawn as a function of the seed. */
#ifndef LAT_NN_INITIALISE_H
#define LAT_NN_INITIALISE_H

#include <gsl/gsl_rng.h>
#include <stdint.h>

#include "lib/nn/transformer.h"

enum lat_initial {
  LAT_INITIAL_FAN_IN,     /* N(0, gain^2 / fan_in) (LeCun et al. 1998) */
  LAT_INITIAL_XAVIER,     /* N(0, 2 gain^2 / (fan_in + fan_out)) (Glorot and Bengio 2010, equation 12's variance) */
  LAT_INITIAL_ORTHOGONAL, /* gain times a random semi-orthogonal matrix (Saxe, McClelland and Ganguli 2014) */
  LAT_INITIAL_NORMAL      /* N(0, gain^2), whatever the shape: GPT-2's has gain 0.02 (Radford et al. 2019) */
};

struct lat_initialisation {
  enum lat_initial kind;
  double gain;   /* > 0 */
  double output; /* further factor of what writes into the stream (W_o, W_down); 0: 1 / sqrt(2 L T) of the configuration */
  double embedding; /* standard deviation of token embeddings */
  double position;  /* of learned positions; below 0: sinusoids times -position, to start from */
};

/* fan-in, gain 1, output 1 / sqrt(2 L T), embedding 1, position 1. */
struct lat_initialisation lat_initialisation_default(void);

/* Biases and step embeddings 0, gains of norms 1, head as a linear map of `kind` (but tied: the embedding). LAT_MEMORY. */
int lat_transformer_initialise(struct lat_transformer *model, const struct lat_initialisation *initialisation,
                               uint64_t seed);

/* to [rows, columns] = gain times a random semi-orthogonal matrix. LAT_MEMORY. */
int lat_orthogonal(gsl_rng *generator, size_t rows, size_t columns, double gain, lat_real *to);

const char *lat_initial_name(enum lat_initial kind); /* "fan-in" "xavier" "orthogonal" "normal" */
int lat_initial_parse(const char *name, enum lat_initial *kind);

#endif
