/* Multi-head scaled dot-product attention (Vaswani et al. 2017, equation 1) with a mask.
 *
 * y[b, i, h] = sum_j w_ij v[b, j, h], w_i = softmax_j(scale * <q[b, i, h], k[b, j, h]>) over the tokens j that the mask
 * allows: all (full), j <= i (causal), i - window < j <= i (window). q, k [B, S, H, key_width], v, y [B, S, H,
 * value_width]; y is overwritten and must not overlap the others. A weight that the mask forbids is exactly 0.
 *
 * The work is split by sequence, head and tile of rows, whatever the number of threads; each task needs one S-wide tile of
 * scores, taken from `scratch`: `per_thread` >= lat_attention_scratch floats for each of at most `threads` threads. Called
 * inside a parallel region it stays on the calling thread. */
#ifndef LAT_NN_ATTENTION_H
#define LAT_NN_ATTENTION_H

#include "lib/nn/transformer.h"

struct lat_attention_shape {
  size_t batch, sequence, heads, key_width, value_width; /* B S H */
  enum lat_mask mask;
  size_t window;
  float scale;
  struct lat_arithmetic arithmetic;
};

/* Rows of a tile: a fixed number, so that the split of the work moves no bit. */
enum { LAT_ATTENTION_TILE = 64 };

size_t lat_attention_scratch(size_t sequence);
void lat_attention_forward(const struct lat_attention_shape *shape, const float *q, const float *k, const float *v,
                           float *y, float *scratch, int threads, size_t per_thread);

/* Rows i0 .. i1 - 1 of one head of one sequence. q and y point at row i0 and k and v at token 0, all of that head; rows are
 * the strides of [S, H, width] apart. Only tokens that these rows may read are touched. scores: (i1 - i0) * S floats. */
void lat_attention_rows(const struct lat_attention_shape *shape, size_t i0, size_t i1, const float *q, const float *k,
                        const float *v, float *y, float *scores);

/* By the definition, in double; weights holds S doubles. */
void lat_attention_reference(const struct lat_attention_shape *shape, const float *q, const float *k, const float *v,
                             float *y, double *weights);

/* The tokens that token i of S reads: first .. end - 1. */
static inline void lat_attention_range(enum lat_mask mask, size_t window, size_t sequence, size_t i, size_t *first,
                                       size_t *end) {
  *first = mask == LAT_MASK_WINDOW && i + 1 > window ? i + 1 - window : 0;
  *end = mask == LAT_MASK_FULL ? sequence : i + 1;
}

#endif
