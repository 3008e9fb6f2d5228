#include "tests/family_reference.h"

#include <string.h>

static uint64_t number(const unsigned char *bit, int64_t n) {
  uint64_t value = 0;
  for (int64_t i = 0; i < n; i++) value |= (uint64_t)bit[i] << i;
  return value;
}
static void spell(uint64_t value, unsigned char *bit, int64_t n) {
  for (int64_t i = 0; i < n; i++) bit[i] = (unsigned char)(value >> i & 1);
}
static int64_t ones(const unsigned char *bit, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) count += bit[i];
  return count;
}

void reference_parity(int64_t n, const unsigned char *in, unsigned char *out) { out[0] = (unsigned char)(ones(in, n) % 2); }
void reference_add(int64_t n, const unsigned char *in, unsigned char *out) {
  spell(number(in, n) + number(in + n, n), out, n + 1);
}
void reference_multiply(int64_t n, const unsigned char *in, unsigned char *out) {
  spell(number(in, n) * number(in + n, n), out, 2 * n);
}
void reference_square_root(int64_t n, const unsigned char *in, unsigned char *out) {
  uint64_t x = number(in, 2 * n), root = 0;
  for (uint64_t step = (uint64_t)1 << (n - 1); step > 0; step /= 2)
    if ((root + step) * (root + step) <= x) root += step;
  spell(root, out, n);
}
void reference_compare(int64_t n, const unsigned char *in, unsigned char *out) {
  out[0] = number(in, n) < number(in + n, n);
}
void reference_sort(int64_t n, const unsigned char *in, unsigned char *out) {
  int64_t zeros = n - ones(in, n);
  for (int64_t i = 0; i < n; i++) out[i] = i >= zeros;
}
void reference_majority(int64_t n, const unsigned char *in, unsigned char *out) { out[0] = 2 * ones(in, n) > n; }
void reference_count(int64_t n, const unsigned char *in, unsigned char *out) {
  for (int i = 0; n >> i != 0; i++) out[i] = (unsigned char)(ones(in, n) >> i & 1);
}

/* The tree from its top: the bottom level is an OR, so level n - 1, at the top, is an AND when n is even. */
static int sipser_from(int64_t levels, const unsigned char *in) {
  if (levels == 0) return in[0];
  int64_t part = (int64_t)1 << 2 * (levels - 1);
  int count = 0;
  for (int64_t i = 0; i < 4; i++) count += sipser_from(levels - 1, in + i * part);
  return levels % 2 ? count > 0 : count == 4;
}
void reference_sipser(int64_t n, const unsigned char *in, unsigned char *out) {
  out[0] = (unsigned char)sipser_from(n, in);
}

void reference_permutations(int64_t n, const unsigned char *in, unsigned char *out) {
  memset(out, 0, 25);
  for (int start = 0; start < 5; start++) {
    int at = start;
    for (int64_t t = 0; t < n; t++) {
      int to = 0;
      while (!in[25 * t + 5 * at + to]) to++;
      at = to;
    }
    out[5 * start + at] = 1;
  }
}
void draw_permutations(int64_t n, struct lat_random *random, unsigned char *in, size_t inputs) {
  memset(in, 0, inputs);
  for (int64_t t = 0; t < n; t++) {
    uint32_t order[5];
    lat_random_permutation(random, order, 5);
    for (int j = 0; j < 5; j++) in[25 * t + 5 * j + (int)order[j]] = 1;
  }
}

/* A search from every vertex. */
void reference_reach(int64_t n, const unsigned char *in, unsigned char *out) {
  int64_t at = 0;
  for (int64_t source = 0; source < n; source++) {
    int64_t stack[64], held = 1;
    unsigned char seen[64] = {0};
    stack[0] = source;
    seen[source] = 1;
    while (held > 0) {
      int64_t v = stack[--held];
      for (int64_t w = 0; w < n; w++)
        if (w != v && !seen[w] && in[v * (n - 1) + (w > v ? w - 1 : w)]) seen[w] = 1, stack[held++] = w;
    }
    for (int64_t w = 0; w < n; w++)
      if (w != source) out[at++] = seen[w];
  }
}
/* About one edge a vertex: neither all nor nothing is reached. */
void draw_sparse(int64_t n, struct lat_random *random, unsigned char *in, size_t inputs) {
  for (size_t i = 0; i < inputs; i++) in[i] = lat_random_below(random, (uint64_t)n) == 0;
}

void reference_automaton(int64_t n, const unsigned char *in, unsigned char *out) {
  static const unsigned char rule[8] = {0, 1, 1, 1, 0, 1, 1, 0}; /* of left centre right read as a number */
  unsigned char cell[34];
  memcpy(cell + 1, in, 32);
  for (int64_t t = 0; t < n; t++) {
    unsigned char next[34];
    cell[0] = cell[32];
    cell[33] = cell[1];
    for (int i = 1; i <= 32; i++) next[i] = rule[4 * cell[i - 1] + 2 * cell[i] + cell[i + 1]];
    memcpy(cell, next, sizeof cell);
  }
  memcpy(out, cell + 1, 32);
}

void reference_choose(int64_t n, const unsigned char *in, unsigned char *out) { out[0] = in[n + (int64_t)number(in, n)]; }
void reference_decode(int64_t n, const unsigned char *in, unsigned char *out) {
  memset(out, 0, (size_t)1 << n);
  out[number(in, n)] = 1;
}
