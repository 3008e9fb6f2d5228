/* The oracle: bit-parallel simulation, 64 input vectors a word, words in parallel by OpenMP.
 *
 * It shares no code with the transformer, so agreement between the two means something. */
#ifndef LAT_CIRCUIT_SIMULATE_H
#define LAT_CIRCUIT_SIMULATE_H

#include "lib/circuit/netlist.h"

/* A set of bit vectors, column-wise: bit (n % 64) of word[p * words + n / 64] is the value of position p in vector n. Bits
 * beyond `count` in the last word are 0 in inputs and unspecified in results. */
struct lat_vectors {
  size_t positions, count, words; /* words = ceil(count / 64) */
  uint64_t *word;                 /* [positions * words] */
};

int lat_vectors_alloc(size_t positions, size_t count, struct lat_vectors **vectors);
void lat_vectors_free(struct lat_vectors *vectors);

static inline int lat_vectors_get(const struct lat_vectors *vectors, size_t position, size_t n) {
  return (int)(vectors->word[position * vectors->words + n / 64] >> (n % 64) & 1);
}
static inline void lat_vectors_set(struct lat_vectors *vectors, size_t position, size_t n, int bit) {
  uint64_t mask = (uint64_t)1 << (n % 64);
  uint64_t *word = &vectors->word[position * vectors->words + n / 64];
  *word = bit ? *word | mask : *word & ~mask;
}

/* Uniform random bits from stream (seed, "vectors", position); the first n vectors of a longer set equal a shorter set. */
void lat_vectors_random(struct lat_vectors *vectors, uint64_t seed);

/* All 2^positions assignments (count must equal that): vector n has bit p of n at position p. */
void lat_vectors_exhaustive(struct lat_vectors *vectors);

/* Values of every node of the netlist for the given inputs. `values` has netlist->nodes positions and as many vectors. */
void lat_simulate(const struct lat_netlist *netlist, const struct lat_vectors *inputs, struct lat_vectors *values);

/* Picks the outputs' rows out of `values` into `outputs` (netlist->outputs positions). */
void lat_simulate_outputs(const struct lat_netlist *netlist, const struct lat_vectors *values, struct lat_vectors *outputs);

#endif
