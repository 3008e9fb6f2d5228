#include "lib/base/random.h"

#include <assert.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <Random123/philox.h>
#pragma GCC diagnostic pop

#define XXH_INLINE_ALL
#include <xxhash.h>

void lat_random_start(struct lat_random *random, uint64_t seed, const char *purpose, uint64_t index) {
  random->key = XXH3_64bits_withSeed(purpose, strlen(purpose), seed);
  random->index = index;
  random->block = 0;
  random->used = 4;
}

static void next_block(struct lat_random *random) {
  philox4x32_ctr_t counter = {
      {(uint32_t)random->block, (uint32_t)(random->block >> 32), (uint32_t)random->index, (uint32_t)(random->index >> 32)}};
  philox4x32_key_t key = {{(uint32_t)random->key, (uint32_t)(random->key >> 32)}};
  philox4x32_ctr_t out = philox4x32(counter, key);
  memcpy(random->word, out.v, sizeof random->word);
  random->block++;
  random->used = 0;
}

uint32_t lat_random_u32(struct lat_random *random) {
  if (random->used == 4) next_block(random);
  return random->word[random->used++];
}

uint64_t lat_random_u64(struct lat_random *random) {
  uint64_t low = lat_random_u32(random);
  return low | (uint64_t)lat_random_u32(random) << 32;
}

double lat_random_uniform(struct lat_random *random) { return (double)(lat_random_u64(random) >> 11) * 0x1p-53; }

uint64_t lat_random_below(struct lat_random *random, uint64_t bound) {
  assert(bound >= 1);
  __extension__ typedef unsigned __int128 wide;
  wide product = (wide)lat_random_u64(random) * bound;
  if ((uint64_t)product < bound) {
    uint64_t threshold = (0 - bound) % bound;
    while ((uint64_t)product < threshold) product = (wide)lat_random_u64(random) * bound;
  }
  return (uint64_t)(product >> 64);
}

void lat_random_permutation(struct lat_random *random, uint32_t *order, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t j = (size_t)lat_random_below(random, i + 1);
    if (j != i) order[i] = order[j];
    order[j] = (uint32_t)i;
  }
}

static void gsl_start(void *state, unsigned long int seed) { lat_random_start(state, seed, "gsl", 0); }
static unsigned long int gsl_get(void *state) { return lat_random_u32(state); }
static double gsl_get_double(void *state) { return lat_random_uniform(state); }

static const gsl_rng_type philox_type = {"philox4x32-10", 0xffffffffUL,  0, sizeof(struct lat_random), gsl_start,
                                         gsl_get,         gsl_get_double};
const gsl_rng_type *const lat_rng_philox = &philox_type;

void lat_random_gsl(gsl_rng *generator, uint64_t seed, const char *purpose, uint64_t index) {
  assert(generator->type == lat_rng_philox);
  lat_random_start(generator->state, seed, purpose, index);
}
