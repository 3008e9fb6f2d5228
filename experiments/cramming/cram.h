/* One set of texts crammed into the input vectors of a frozen model, and read back. */
#ifndef LAT_EXPERIMENTS_CRAMMING_CRAM_H
#define LAT_EXPERIMENTS_CRAMMING_CRAM_H

#include "lib/nn/transformer.h"

enum { LAT_CRAM_ROUNDED = 8 }; /* numbers are rounded to 1 .. so many bits */

struct lat_cram {
  const struct lat_transformer *model;
  size_t letters, successors;    /* of the texts' source; successors = letters: independent letters */
  size_t texts, length, vectors; /* M, N, k */
  uint64_t updates, seed;
  double rate;
};

/* Means over the M texts; bits of a text. `exact`: its entropy. A vector's numbers rounded to b bits with a scale of 32 bits are a message
 * of w = b k d + 32 k bits, and for equally likely texts E[2^gain] <= 2^w: the mean gain of M texts lies above w + t with a probability
 * of 2^(-M t) at most (Markov's inequality). lat_cram_bound is that with a probability of 2^-40. */
struct lat_cram_reading {
  double exact, without, with, gain, gain_low, gain_high, rounded[LAT_CRAM_ROUNDED];
  double right, plain_right, first, alone; /* shares of letters, of letters without vectors, of first letters; letters */
};
double lat_cram_bound(size_t bits, size_t vectors, size_t width, size_t texts);

/* LAT_INPUT, LAT_NUMERIC, LAT_MEMORY. The same bits for any number of threads. */
int lat_cram(const struct lat_cram *cram, struct lat_cram_reading *reading);

#endif
