/* Serial problems that a loop solves in about log2 of their length: explicit weights of ONE looped layer each, no norm, ReLU.
 *
 * Words over a group (Hillis and Steele 1986; Saunshi et al. 2025, theorem 5.1). Tokens 0 .. n: the identity, then the n
 *   letters. A token holds its own address, a pointer and a group element, all as +-1 codes. A loop fetches what the pointer
 *   points at, takes over its pointer and multiplies its element from the left: next[i] = next[next[i]], g[i] = g[next[i]] g[i].
 *   After t loops g[i] is the product of the last min(i, 2^t) letters up to i. |G|^2 units multiply, 4 per bit clear.
 * Hops (induction; Saunshi et al. 2025, corollary 5.3): hop_p(v) = v[find_p(n)], find_1(i) = the largest j <= i with
 *   v[j-1] = v[i], 0 for none, find_p = find_1 o find_(p-1), v[0] = #. One loop fetches every token's predecessor, one finds,
 *   and then each loop composes: with c = ceil(p / 2^j) the token holds find_c and find_(c-1), from which find_2c, find_(2c-1)
 *   and find_(2c-2) follow by one composition. Which one is wanted is a flag in the step embedding, which is all that depends
 *   on p. 2 + ceil(log2 p) loops.
 * Reachability by squaring: token i is row i of the relation R, as n numbers 0 and 1. It attends evenly to all k with
 *   R[i][k] = 1 and sees a positive number in column j when one of them has R[k][j] = 1: R <- R o R, distance <= 2^t.
 *
 * The scan beside them moves by one letter or one edge a loop: n - 1 loops, diameter - 1 loops.
 *
 * All of it is exact in single precision, bit for bit: a wrong token's logit lies at least 104 below (128 here), so that its
 * softmax weight underflows to 0; fetched numbers are then exact, units see small integers. In reachability weights are
 * 1/d for d <= n tokens, and 1 - ReLU(1 - 2 n x) is exactly 1 for x >= (1 - u) / n and exactly 0 for x = 0. Needs denormal
 * numbers and no fast-math. */
#ifndef LAT_COMPILE_DOUBLING_H
#define LAT_COMPILE_DOUBLING_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/group.h"
#include "lib/nn/transformer.h"

enum lat_pace {
  LAT_PACE_DOUBLING, /* reach doubles in each loop */
  LAT_PACE_SCAN      /* reach grows by one in each loop */
};
const char *lat_pace_name(enum lat_pace pace); /* "doubling" "scan" */
int lat_pace_parse(const char *name, enum lat_pace *pace);

/* Letters, edges: least t with 2^t >= reach, or t + 1 >= reach. reach >= 1. */
size_t lat_pace_loops(enum lat_pace pace, size_t reach);
/* The reach after `loops` loops: 2^t or t + 1. */
size_t lat_pace_reach(enum lat_pace pace, size_t loops);

/* Tokens: 0 (the identity), then the letters; vocabulary |G|, logits of token i name its product. config.steps is what the
 * letters need. LAT_INPUT for 0 letters, LAT_MEMORY. */
int lat_word_machine(const struct lat_group *group, size_t letters, enum lat_pace pace, struct lat_transformer **model);
/* Units that the layer has, by formula. */
size_t lat_word_units(const struct lat_group *group, size_t letters, enum lat_pace pace);
/* Product of the last min(i, reach) letters up to token i of token [0 .. i]. */
unsigned lat_word_window(const struct lat_group *group, const int32_t *token, size_t i, size_t reach);

/* Tokens: # (number `symbols`), then `length` symbols 0 .. symbols-1; logits of the last token name hop_p. LAT_INPUT for
 * fewer than 2 symbols, no token, no hop. */
int lat_hop_machine(size_t symbols, size_t length, size_t hops, struct lat_transformer **model);
size_t lat_hop_loops(size_t hops);
/* find_1 of position i >= 1 in v [0 .. i], v[0] = #; 0 for none. */
size_t lat_hop_find(const int32_t *v, size_t i);

/* The state is given by lat_reach_state: x [n, 3 n], [n, 4 n] for a scan. */
int lat_reach_machine(size_t vertices, enum lat_pace pace, struct lat_transformer **model);
/* edge [n * n], edge[i * n + j] != 0 for an edge from i to j. */
void lat_reach_state(size_t vertices, const unsigned char *edge, enum lat_pace pace, float *x);
/* R[i][j] of a state. */
int lat_reach_read(size_t vertices, enum lat_pace pace, const float *x, size_t i, size_t j);

#endif
