/* A search that keeps its whole frontier in one continuous thought: a transformer of two layers with explicit weights.
 *
 * After c thoughts the thought is (1 / sqrt |V_c|) sum_{v in V_c} u_v, V_c being the nodes within c edges of the root: one
 * vector holds every node that a search might stand on, and one pass of the two layers makes V_{c+1} of V_c. Source: Zhu et
 * al. 2025 ("Reasoning by superposition"), theorem 1 and its construction. The weights depend on the largest sizes alone, on
 * no graph. With n nodes the tokens are
 *   <s>  (from to <e>) for every edge  <Q> c1 c2 <R> root   thought_1 .. thought_C   <A>
 * and a row has D = 3 d + 5 + p channels:
 *   content d, special 5 (<s> <e> <Q> <R> <A>), buffer 1 d, buffer 2 d, position p
 * A node is a unit vector u_v in the d content channels, token i = 1, 2, ... has the position channels cos(i w_k), sin(i w_k)
 * with w_k = 10^(-8k/p), k = 1 .. p/2.
 *
 * Layer 1, five heads (x, l): token i reads token i - l when it is an x, and <s>, which holds nothing, when it is not:
 *   score_ij = eta (<p_i, p_{j+l}> + xi (1 - <x, i>) <p_1, p_j>).
 * So <e> gets its edge's ends (from in buffer 1, to in buffer 2), <R> both candidates in buffer 2, <A> the last thought in
 * buffer 1. The feed-forward part filters both buffers and clears the positions.
 * Layer 2, one head: score_ij = tau (<content_i, buffer1_j> + [i is <A>] [j is <R>]), value = buffer 2, written to content: a
 * thought reads the far ends of all edges that leave it, each with the same weight, and <A> reads the candidates. The
 * feed-forward part filters: content <- sum_v u_v ([<u_v, content> > threshold] + [<u_v, buffer 1> > threshold]). The row is
 * then the next thought but for its length; at <A> a reached candidate has 2, the other one 1.
 *
 * What differs from the paper, so that it is this project's pre-norm residual transformer and no other one:
 * - the hard step [x > threshold] is a clip of two ReLU units, ReLU(s x + 1/2) - ReLU(s x - 1/2) about the threshold, 0 below 3/4
 *   and 1 above 5/4 of it;
 * - the feed-forward part has a residual around it, so it also subtracts what it replaces, by x = ReLU(x) - ReLU(-x);
 * - the blocks have no norm. The one that matters is kept: a thought is divided by its length (RMSNorm with gain D^-1/2) before it is
 *   fed back. Inside, the paper's norm divides an edge's row by sqrt 3, so its score is tau / sqrt(3 |V_c|); here
 *   tau / sqrt |V_c|. Content is not filtered again in layer 1, where nothing was written to it;
 * - 'not an x' is 1 minus the channel of x, not a sum over all other tokens;
 * - special tokens have channels of their own, so buffers and values hold nodes only and <s> holds nothing without a rule;
 * - the second threshold is 1 / (2 m) for at most m edges, not 1 / (4 n): among M edges that leave V_c a new node gets 1 / M,
 *   which a graph with over 4 n of them takes below 1 / (4 n). */
#ifndef LAT_COMPILE_SUPERPOSITION_H
#define LAT_COMPILE_SUPERPOSITION_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/transformer.h"

struct lat_superposition_options {
  size_t nodes, edges, thoughts; /* at most: n, m, C; each >= 1, n >= 2 */
  size_t width;          /* d, 0: n. Below n node vectors are not orthogonal, and the machine is not expected to work */
  size_t position_width; /* p, even; 0: 32 */
  double sharpness;      /* eta times the smallest gap between two positions' scores; 0: 24 */
  double tau;            /* 0: sqrt(n) ln(16 m S), S tokens in all */
  double threshold;      /* of layer 2; 0: 1 / (2 m) */
  uint64_t seed;         /* of the node vectors */
};

struct lat_superposition {
  struct lat_superposition_options options; /* as realised: no 0 */
  size_t tokens;                            /* S: 3 m + 6 + C + 1 at most */
  double eta, xi, gap;                      /* gap: min over 1 <= delta < S + 2 of p/2 - sum_k cos(delta w_k) */
  double threshold1;                        /* of layer 1: 1 / (2 sqrt n) */
  struct lat_transformer *model;            /* owned */
  float *vector;                            /* [n, d], owned */
  float *gain;                              /* [D], owned: of the norm of a thought */
};

/* LAT_INPUT with a sentence for sizes that cannot be, LAT_MEMORY. The caller frees it. */
int lat_superposition_alloc(const struct lat_superposition_options *options, struct lat_superposition **machine);
void lat_superposition_free(struct lat_superposition *machine);

/* Room to run it: the caller owns it, and a run allocates nothing. The machine must outlive it. */
struct lat_superposition_scratch;
int lat_superposition_scratch_alloc(const struct lat_superposition *machine, struct lat_superposition_scratch **scratch);
void lat_superposition_scratch_free(struct lat_superposition_scratch *scratch);

/* One question. edge [edges, 2], root and the two candidates are nodes; at most the machine's numbers (asserted). For every
 * c = 0 .. thoughts:
 *   product [c, v] = <thought_c, u_v>, n numbers a thought; thought_0 is the root's token;
 *   logit [c, i] = what <A> holds of candidate i when it stands after c thoughts: 2 where it is reached, else 1.
 * `product` and `logit` may be NULL. */
int lat_superposition_run(const struct lat_superposition *machine, struct lat_superposition_scratch *scratch, size_t edges,
                          const uint32_t *edge, uint32_t root, const uint32_t candidate[2], size_t thoughts, float *product,
                          float *logit);

/* Whether theory expects thoughts 1 .. thoughts to be exact superpositions, from the scores alone: with w_j = exp(tau /
 * sqrt |V_c|) at the M edges that leave V_c and 1 at every other token, node v receives sum_{edges to v} w / sum_j w (and 1 / sum_j
 * w as a candidate); the filter has to pass it at 5/4 of the threshold where v is in V_{c+1} and stop it at 3/4 elsewhere. Layer 1
 * and the node vectors are taken as perfect. 1 or 0, or LAT_MEMORY in *status. */
int lat_superposition_expected(const struct lat_superposition *machine, size_t edges, const uint32_t *edge, uint32_t root,
                               const uint32_t candidate[2], size_t thoughts, int *status);

#endif
