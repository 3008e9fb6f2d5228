#include "lib/circuit/settle.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

/* One node for 64 vectors: the table is folded by one fan-in at a time, the last one first. */
static uint64_t node_value(const struct lat_netlist *netlist, size_t node, const uint64_t *value) {
  unsigned count = lat_netlist_fan_ins(netlist, node);
  const uint32_t *fan_in = netlist->fan_in + netlist->first[node];
  uint64_t entry[1 << LAT_MAX_FAN_IN];
  for (unsigned s = 0; s < 1u << count; s++) entry[s] = netlist->table[node] >> s & 1 ? ~(uint64_t)0 : 0;
  for (unsigned j = count; j-- > 0;) {
    uint64_t bit = value[fan_in[j]];
    for (unsigned s = 0; s < 1u << j; s++) entry[s] = (bit & entry[s | 1u << j]) | (~bit & entry[s]);
  }
  return entry[0];
}

/* One word: 64 vectors through all steps. `now` and `next` hold one word a node; the words behind `next` are for the
 * outputs before a step. */
static void settle_word(const struct lat_netlist *netlist, const uint32_t *level, uint32_t depth, size_t stride,
                        uint64_t *now, uint64_t *next, const struct lat_vectors *inputs, size_t word,
                        uint32_t settled[64]) {
  for (size_t i = 0; i < netlist->inputs; i++) now[i] = inputs->word[i * inputs->words + word];
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    now[i] = level[i] == 0 && netlist->table[i] & 1 ? ~(uint64_t)0 : 0;
  memset(settled, 0, 64 * sizeof *settled);
  memcpy(next, now, netlist->nodes * sizeof *now);
  size_t steps = (depth + stride - 1) / stride;
  for (size_t step = 1; step <= steps; step++) {
    uint64_t changed = 0;
    uint64_t *before = next + netlist->nodes;
    for (size_t o = 0; o < netlist->outputs; o++) before[o] = now[netlist->output[o]];
    for (size_t update = 1; update <= stride; update++) {
      size_t done = (step - 1) * stride + update;
      for (size_t i = netlist->inputs; i < netlist->nodes; i++)
        next[i] = level[i] < done ? now[i] : node_value(netlist, i, now);
      memcpy(now + netlist->inputs, next + netlist->inputs, (netlist->nodes - netlist->inputs) * sizeof *now);
    }
    for (size_t o = 0; o < netlist->outputs; o++) changed |= before[o] ^ now[netlist->output[o]];
    for (; changed != 0; changed &= changed - 1) settled[__builtin_ctzll(changed)] = (uint32_t)step;
  }
}

int lat_settle(const struct lat_netlist *netlist, const struct lat_vectors *inputs, size_t stride, uint32_t *settled) {
  int status = LAT_OK;
  size_t room = 2 * netlist->nodes + netlist->outputs;
  uint32_t *level = lat_alloc(netlist->nodes, sizeof *level);
  uint64_t *value = lat_alloc(inputs->words * room, sizeof *value);
  if (level == NULL || value == NULL) {
    status = LAT_MEMORY;
    goto done;
  }
  uint32_t depth = lat_netlist_levels(netlist, level);
#pragma omp parallel for schedule(static)
  for (size_t w = 0; w < inputs->words; w++) {
    uint64_t *now = value + w * room;
    uint32_t found[64];
    settle_word(netlist, level, depth, stride, now, now + netlist->nodes, inputs, w, found);
    for (size_t n = 0; n < 64 && w * 64 + n < inputs->count; n++) settled[w * 64 + n] = found[n];
  }
done:
  lat_free(level);
  lat_free(value);
  return status;
}

/* Pattern number p over I inputs; the patterns repeat with random vectors once they are spent. */
static void pattern(size_t p, size_t inputs, uint64_t seed, struct lat_vectors *to, size_t n) {
  size_t kind = p / inputs, at = p % inputs;
  struct lat_random random;
  lat_random_start(&random, seed, "settle", p);
  for (size_t i = 0; i < inputs; i++) {
    int bit = 0;
    switch (kind) {
      case 0: bit = i == at; break;
      case 1: bit = i != at; break;
      case 2: bit = i <= at; break;
      case 3: bit = i >= at; break;
      case 4: bit = i % 2 == 0 || i == at; break;
      case 5: bit = i % 2 == 1 || i == at; break;
      case 6: bit = i < inputs / 2 || i == at; break;
      case 7: bit = i >= inputs / 2 || i == at; break;
      default: bit = (int)(lat_random_u32(&random) & 1);
    }
    lat_vectors_set(to, i, n, bit);
  }
}

/* Evaluates the set and keeps the best vector when it beats *settled. */
static int keep_best(const struct lat_netlist *netlist, const struct lat_vectors *set, uint32_t *step, unsigned char *bit,
                     uint32_t *settled, int *better) {
  int status = lat_settle(netlist, set, 1, step);
  *better = 0;
  for (size_t n = 0; status == LAT_OK && n < set->count; n++) {
    if (step[n] <= *settled) continue;
    *settled = step[n];
    *better = 1;
    for (size_t i = 0; i < set->positions; i++) bit[i] = (unsigned char)lat_vectors_get(set, i, n);
  }
  return status;
}

int lat_settle_search(const struct lat_netlist *netlist, const unsigned char *first, uint64_t seed, double work,
                      unsigned char *bit, uint32_t *settled) {
  int status = LAT_OK, better = 0;
  size_t inputs = netlist->inputs;
  uint32_t *level = lat_alloc(netlist->nodes, sizeof *level), *step = NULL;
  struct lat_vectors *set = NULL;
  *settled = 0;
  memset(bit, 0, inputs);
  if (level == NULL) return LAT_MEMORY;
  uint32_t depth = lat_netlist_levels(netlist, level);
  lat_free(level);
  if (inputs == 0 || depth == 0) return LAT_OK;
  double words = work / ((double)netlist->nodes * depth);
  size_t count = words < 1 ? 64 : words > 1000 ? 64000 : (size_t)words * 64;
  size_t useful = 8 * inputs + 256;
  if (count > useful) count = useful;
  LAT_TRY(status, lat_vectors_alloc(inputs, count, &set));
  LAT_CHECK(status, (step = lat_alloc(count, sizeof *step)) != NULL, LAT_MEMORY, "no memory for %zu vectors", count);
  /* When not all patterns fit, take them evenly. */
  for (size_t n = 0; n < count; n++) pattern(n * useful / count, inputs, seed, set, n);
  for (size_t i = 0; first != NULL && i < inputs; i++) lat_vectors_set(set, i, 0, first[i]);
  LAT_TRY(status, keep_best(netlist, set, step, bit, settled, &better));
  for (double spent = (double)count / 64; *settled < depth && better && spent < words; spent += (double)count / 64) {
    for (size_t n = 0; n < count; n++)
      for (size_t i = 0; i < inputs; i++) lat_vectors_set(set, i, n, bit[i] ^ (i == n % inputs));
    LAT_TRY(status, keep_best(netlist, set, step, bit, settled, &better));
  }
done:
  lat_vectors_free(set);
  lat_free(step);
  return status;
}
