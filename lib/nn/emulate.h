/* The kernels in emulated arithmetic: the same formulas as the fast ones, with every rounding where a naive machine has it.
 *
 * The rule. Inside a kernel the result of every single operation is rounded to `accumulate`; what a kernel leaves behind is
 * then rounded to `storage`. In particular:
 *   products, sums   sum <- round_accumulate(sum + a b), the product exact, one rounding for each term, in the order of the
 *                    inner index from 0 up, starting from +0: no pairs, no blocks, no second accumulator
 *   linear           that sum over the inputs, then the bias as one more term; round_storage
 *   scores           that sum over the channels of a head, then one product with the scale; they stay in accumulate
 *   softmax          differences to the largest score, their exponentials (lat_exp in single precision), the sum of those in
 *                    the order of the tokens, quotients: each rounded to accumulate; the weights, being stored, to storage
 *   weighted sum     over the tokens in their order; round_storage
 *   norm             sum, mean, differences, sum of squares, mean square, with epsilon, 1 / root (in double), product with it,
 *                    with the gain, plus the bias: each rounded to accumulate; round_storage
 *   activation       in single precision; round_storage
 *   residual, embedding plus position, injected input (before its norm), step embedding: the exact sum; round_storage only
 *   rotary positions in single precision; round_storage
 * Parameters are used as they are found: lat_transformer_round makes them values of `storage` once. The state that a caller
 * gives to lat_transformer_run is rounded to storage first. With fp32 for both the results are those of naive sums, which the
 * fast kernels do not promise; the transformer then takes the fast kernels.
 *
 * A kernel works on the calling thread; each output number depends on its inputs alone, not on how many rows or columns there
 * are beside it: same bits for any number of threads, and for cached as for full decoding. */
#ifndef LAT_NN_EMULATE_H
#define LAT_NN_EMULATE_H

#include "lib/nn/attention.h"
#include "lib/nn/dtype.h"
#include "lib/nn/gemm.h"
#include "lib/nn/transformer.h"

/* C [rows, columns] = op(A) op(B) by sums in `accumulate`, operands as in lib/nn/gemm.h; C is overwritten, not rounded to a
 * storage, and must not overlap A or B. */
void lat_emulate_gemm(enum lat_dtype accumulate, size_t rows, size_t columns, size_t inner, struct lat_matrix a,
                      struct lat_matrix b, float *c, size_t stride);

/* One term of such a sum: round_accumulate(sum + a b). */
float lat_emulate_term(enum lat_dtype accumulate, float sum, float a, float b);

/* y [rows, out] = x W^T + b; y is overwritten. */
void lat_emulate_linear(struct lat_arithmetic arithmetic, const struct lat_linear *part, size_t rows, size_t out, size_t in,
                        const float *x, float *y);

/* y_i = round_storage(y_i + x_i) */
void lat_emulate_add(enum lat_dtype storage, size_t n, const float *x, float *y);

/* y may be x. `bias` NULL or not as the kind has one; LAT_NORM_NONE is no kernel. */
void lat_emulate_norm(struct lat_arithmetic arithmetic, enum lat_norm kind, size_t rows, size_t width, const float *x,
                      const float *gain, const float *bias, double epsilon, float *y);

/* y may be x. */
void lat_emulate_activation(enum lat_dtype storage, enum lat_activation kind, size_t n, const float *x, float *y);

/* lat_attention_rows in emulated arithmetic. */
void lat_emulate_attention_rows(const struct lat_attention_shape *shape, size_t i0, size_t i1, const float *q,
                                const float *k, const float *v, float *y, float *scores);

#endif
