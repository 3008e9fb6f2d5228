#include "lib/circuit/simulate.h"

#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

int lat_vectors_alloc(size_t positions, size_t count, struct lat_vectors **vectors) {
  *vectors = NULL;
  size_t words = count / 64 + (count % 64 != 0);
  if (words != 0 && positions > SIZE_MAX / words / sizeof(uint64_t))
    return LAT_FAIL(LAT_MEMORY, "%zu vectors of %zu positions do not fit into memory; take fewer vectors", count,
                    positions);
  struct lat_vectors *made = lat_calloc(1, sizeof *made);
  if (!made) return LAT_MEMORY;
  made->positions = positions;
  made->count = count;
  made->words = words;
  made->word = lat_calloc(positions * words, sizeof *made->word);
  if (!made->word) {
    lat_free(made);
    return LAT_MEMORY;
  }
  *vectors = made;
  return LAT_OK;
}

void lat_vectors_free(struct lat_vectors *vectors) {
  if (!vectors) return;
  lat_free(vectors->word);
  lat_free(vectors);
}

/* The bits of the last word that stand for a vector. */
static uint64_t last_mask(size_t count) { return count % 64 ? ((uint64_t)1 << (count % 64)) - 1 : ~(uint64_t)0; }

void lat_vectors_random(struct lat_vectors *vectors, uint64_t seed) {
  size_t words = vectors->words;
  if (words == 0) return;
  for (size_t p = 0; p < vectors->positions; p++) {
    struct lat_random random;
    lat_random_start(&random, seed, "vectors", p);
    uint64_t *row = vectors->word + p * words;
    for (size_t w = 0; w < words; w++) row[w] = lat_random_u64(&random);
    row[words - 1] &= last_mask(vectors->count);
  }
}

void lat_vectors_exhaustive(struct lat_vectors *vectors) {
  /* Bit p of n for n = 0 .. 63: the six shortest square waves. Longer ones are constant within a word. */
  static const uint64_t wave[6] = {0xaaaaaaaaaaaaaaaa, 0xcccccccccccccccc, 0xf0f0f0f0f0f0f0f0,
                                   0xff00ff00ff00ff00, 0xffff0000ffff0000, 0xffffffff00000000};
  assert(vectors->positions < 64 && vectors->count == (size_t)1 << vectors->positions);
  for (size_t p = 0; p < vectors->positions; p++) {
    uint64_t *row = vectors->word + p * vectors->words;
    for (size_t w = 0; w < vectors->words; w++) row[w] = p < 6 ? wave[p] : 0 - (uint64_t)(w >> (p - 6) & 1);
    row[vectors->words - 1] &= last_mask(vectors->count);
  }
}

/* The table looked up in all 64 vectors at once: the table's bits as full words, halved by one fan-in at a time. */
static uint64_t look_up(uint64_t table, unsigned fan_ins, const uint64_t *input) {
  uint64_t value[(size_t)1 << LAT_MAX_FAN_IN];
  unsigned entries = 1u << fan_ins;
  for (unsigned s = 0; s < entries; s++) value[s] = 0 - (table >> s & 1);
  for (unsigned j = 0; j < fan_ins; j++) {
    entries /= 2;
    for (unsigned s = 0; s < entries; s++) value[s] = (value[2 * s] & ~input[j]) | (value[2 * s + 1] & input[j]);
  }
  return value[0];
}

/* One block of words, all nodes in order: a fan-in stands before its reader. */
static void simulate_block(const struct lat_netlist *netlist, struct lat_vectors *values, size_t begin, size_t end) {
  size_t words = values->words;
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
    unsigned fan_ins = lat_netlist_fan_ins(netlist, i);
    const uint32_t *fan_in = netlist->fan_in + netlist->first[i];
    for (size_t w = begin; w < end; w++) {
      uint64_t input[LAT_MAX_FAN_IN] = {0};
      for (unsigned j = 0; j < fan_ins; j++) input[j] = values->word[fan_in[j] * words + w];
      values->word[i * words + w] = look_up(netlist->table[i], fan_ins, input);
    }
  }
}

void lat_simulate(const struct lat_netlist *netlist, const struct lat_vectors *inputs, struct lat_vectors *values) {
  size_t words = inputs->words;
  assert(inputs->positions == netlist->inputs && values->positions == netlist->nodes && values->count == inputs->count);
  if (netlist->inputs != 0 && words != 0) memcpy(values->word, inputs->word, netlist->inputs * words * sizeof(uint64_t));
  /* Blocks of one cache line, so that threads rarely write to the same one. */
  enum { BLOCK = 8 };
  size_t blocks = words / BLOCK + (words % BLOCK != 0);
#pragma omp parallel for schedule(static) if (blocks > 1)
  for (size_t b = 0; b < blocks; b++)
    simulate_block(netlist, values, b * BLOCK, (b + 1) * BLOCK < words ? (b + 1) * BLOCK : words);
}

void lat_simulate_outputs(const struct lat_netlist *netlist, const struct lat_vectors *values,
                          struct lat_vectors *outputs) {
  size_t words = values->words;
  assert(values->positions == netlist->nodes && outputs->positions == netlist->outputs && outputs->count == values->count);
  if (words == 0) return;
  for (size_t o = 0; o < netlist->outputs; o++)
    memcpy(outputs->word + o * words, values->word + netlist->output[o] * words, words * sizeof(uint64_t));
}
