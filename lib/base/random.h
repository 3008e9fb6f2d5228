/* Random numbers as a function of (seed, purpose, index): Philox4x32-10 (Salmon, Moraes, Dror and Shaw, 2011) from the
 * library Random123, in counter mode. Two streams with another seed, purpose or index share no counter block, so the order
 * in which draws are made, the number of threads and the shard never change a number. */
#ifndef LAT_BASE_RANDOM_H
#define LAT_BASE_RANDOM_H

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

struct lat_random {
  uint64_t key;     /* from seed and purpose */
  uint64_t index;   /* the high half of the counter */
  uint64_t block;   /* the low half: which block comes next */
  uint32_t word[4]; /* the block in hand */
  unsigned used;    /* how many of its words are spent */
};

/* Starts the stream (seed, purpose, index). `purpose` is a word such as "vectors" or "test"; it is hashed with all 64 bits
 * of the seed (XXH3), so seeds s and s + 2^32 differ. */
void lat_random_start(struct lat_random *random, uint64_t seed, const char *purpose, uint64_t index);

uint32_t lat_random_u32(struct lat_random *random);
uint64_t lat_random_u64(struct lat_random *random);

/* Uniform on [0, 1): 53 bits. */
double lat_random_uniform(struct lat_random *random);

/* Uniform on 0..bound-1 without bias (Lemire, 2019, 64-bit multiply and reject); bound >= 1. */
uint64_t lat_random_below(struct lat_random *random, uint64_t bound);

/* Puts 0..count-1 into `order` in random order (Fisher and Yates). */
void lat_random_permutation(struct lat_random *random, uint32_t *order, size_t count);

/* The same generator under GSL's interface, so that all of gsl_randist works on it. A gsl_rng of this type made by
 * gsl_rng_alloc is the stream (seed, "gsl", 0); lat_random_gsl re-aims it at any stream, position included. */
extern const gsl_rng_type *const lat_rng_philox;
void lat_random_gsl(gsl_rng *generator, uint64_t seed, const char *purpose, uint64_t index);

#endif
