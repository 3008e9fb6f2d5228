/* Parts of exercise 2: how many different vectors a number format leaves, before and after a norm, and what a reader sees. */
#ifndef LAT_CLI_EXERCISE_BITS_H
#define LAT_CLI_EXERCISE_BITS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/dtype.h"

/* Distinct finite values, counted by decoding every code of the format; 0 for formats of over 16 bits. Every decoded value
 * must be one that rounds to itself; *strangers counts those that are not. LAT_MEMORY. */
int lat_bits_count_finite(enum lat_dtype dtype, uint64_t *distinct, size_t *strangers);

/* Different results of an exact norm on all vectors of `entries` = 2 or 3 finite fp8-e4m3 values: directions for RMSNorm,
 * directions of the part without the mean for LayerNorm, the zero vector counted as one result. LAT_MEMORY. */
int lat_bits_count_rmsnorm(size_t entries, uint64_t *count);
int lat_bits_count_layernorm(size_t entries, uint64_t *count);

/* Bits a use of the channel y = x + noise carries when x is one of M = 2^bits evenly spaced levels of mean square 1, all
 * equally likely, and the noise is Gaussian of variance 1 / snr: the mean over `samples` draws, and its standard error. */
double lat_bits_through_noise(unsigned bits, double snr, size_t samples, double *error);

/* Cover (1965): into how many regions r hyperplanes through the origin in general position cut d dimensions,
 * 2 sum_{k < d} C(r - 1, k); as log2. */
double lat_bits_cover(double rows, size_t entries);
/* The same for d = 3, counted: sign patterns of `rows` random linear readers. LAT_MEMORY. */
int lat_bits_count_patterns(size_t rows, uint64_t *count);

/* `samples` random states of `entries` Gaussian entries, read by argmax over `rows` random rows: different winners, and the
 * entropy of the winner in bits. LAT_MEMORY. */
int lat_bits_read_argmax(size_t rows, size_t entries, size_t samples, size_t *winners, double *entropy);

#endif
