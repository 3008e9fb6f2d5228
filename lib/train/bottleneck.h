/* A looped cellular network whose state passes a narrow place after every loop.
 *
 * Each cell of a board on a torus has a state x of D numbers, at first a row of the embedding. With f the tanh form of GELU and N(x) the
 * states of the cell and its eight neighbours side by side, a loop is
 *   y = W2 f(W1 N(x) + b1) + b2                 a layer whose attention is given: every cell reads its neighbourhood
 *   q = quantise_b(tanh(W_in Y + b_in))         Y [S D] the whole board, q [c] numbers of 2^b levels: c b bits and no more
 *   r = W_out q + b_out                         [S D]: what every cell reads of them
 *   x = r + W4 f(W3 r + b3) + b4                by every cell alone
 * and logits = head x. Nothing else goes from loop to loop, nor to the logits: the input is not seen again. c = 0: x is made of r = y.
 * The gradient of the rounding is that of lat_quantise. Life on boards with a narrow place: 'The Information Bottleneck of Chain of
 * Thought', 2026; finite scalar quantisation: Mentzer et al. 2024. */
#ifndef LAT_TRAIN_BOTTLENECK_H
#define LAT_TRAIN_BOTTLENECK_H

#include "lib/train/learner.h"

struct lat_bottleneck {
  size_t rows, columns; /* S cells, both >= 3 */
  size_t width;         /* D */
  size_t hidden;        /* F, of both halves */
  size_t channels;      /* c; 0: nothing is narrow */
  unsigned bits;        /* b, 1..24 */
  int shown;            /* in training the boards of Life after the earlier loops are targets too, through `extra` */
};

/* Weights N(0, 1 / fan_in), embedding N(0, 1) from the seed, biases 0. LAT_INPUT for sizes that cannot be, LAT_MEMORY. Fit for tasks with
 * tokens 0 and 1, two classes and S positions. learner->between, if set, gets q [B, c] after every loop, with a pass that has
 * tape, batch, sequence = 1 and channel only; what it returns goes on. */
int lat_learner_bottleneck(const struct lat_bottleneck *config, uint64_t seed, struct lat_learner **learner);

/* Explicit weights, not trained: each loop is one step of Life, number k < min(c, S) carries cell k as one bit and cells without a
 * number are taken for dead. So S bits suffice for any number of steps. LAT_INPUT for D < 1, F < 4 or c = 0. */
int lat_bottleneck_construct(struct lat_learner *learner);

#endif
