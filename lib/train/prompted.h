/* Texts crammed into input vectors of a frozen transformer: only the vectors are trained.
 *
 * A text x_1 .. x_N stands behind k vectors in the place of token embeddings, v_1 .. v_k x_1 .. x_(N-1), and the logits from v_k on
 * answer x_1 .. x_N: the first letter too. The model's parameters stay as they are. The vectors and the frozen model then describe the
 * text in -sum_i log2 q(x_i|v, x_<i) bits (Kuratov et al. 2025; Burtsev et al. 2020 for memory tokens). */
#ifndef LAT_TRAIN_PROMPTED_H
#define LAT_TRAIN_PROMPTED_H

#include "lib/nn/transformer.h"
#include "lib/train/trainer.h"

struct lat_prompted {
  const struct lat_transformer *model; /* causal, one field, no learned positions or as many as k + N - 1 */
  size_t texts, vectors, length;       /* M, k, N */
  const int32_t *text;                 /* [M, N], classes of the model, which are its tokens of the same number */
  int32_t start;                       /* token that stands before a text without vectors */
};

/* vector [M, k, D]: normal numbers with the mean square of the model's token embeddings, stream (seed, "vectors", text). LAT_INPUT for a
 * model that cannot be used so, LAT_MEMORY. */
int lat_prompted_start(const struct lat_prompted *prompted, uint64_t seed, float *vector);
/* `updates` steps on the sum over texts of the mean cross-entropy. Texts do not see each other: an update's clip has to be 0 (asserted).
 * LAT_INPUT, LAT_NUMERIC, LAT_MEMORY. The same bits for any number of threads. */
int lat_prompted_fit(const struct lat_prompted *prompted, const struct lat_training *training, uint64_t updates,
                     float *vector);

struct lat_prompted_score {
  double *bits;          /* [M]: -log2 q of each text given its letters so far */
  size_t *right, *first; /* [M]: letters right when those before are given; 1 when the first is */
  size_t *alone; /* [M]: letters right from the start on when the model reads its own (greedy), up to the first wrong one */
};
/* vector NULL: the start token stands alone before the text. Any member may be NULL. LAT_INPUT, LAT_MEMORY. */
int lat_prompted_read(const struct lat_prompted *prompted, const float *vector, struct lat_prompted_score *score);

#endif
