/* The operations of a tape: each computes its value at once and leaves the record that passes gradients back.
 *
 * Arrays are [rows, columns]; R is the number of rows (tokens of all sequences of the shard), dy the gradient of the loss by the
 * result. All give NULL when an argument that must be there is NULL or memory has run out (lat_tape_status says which). Shapes
 * that do not fit are asserted. Arguments that are not arrays (tokens, tables, lengths) must stay until the tape is reset. */
#ifndef LAT_NN_OPERATION_H
#define LAT_NN_OPERATION_H

#include <stdint.h>

#include "lib/base/random.h"
#include "lib/nn/attention.h"
#include "lib/nn/tape.h"

/* y = x W^T + b + r: x [R, in], W [out, in], b [1, out] or NULL, r [R, out] or NULL (a residual stream).
 * dW += dy^T x, db += sum of dy's rows, dx = dy W, dr = dy. */
struct lat_array *lat_linear(struct lat_tape *tape, struct lat_array *x, struct lat_array *weight, struct lat_array *bias,
                             struct lat_array *residual);

/* Layer normalisation of each row (Ba, Kiros and Hinton 2016, equation 4); gain and bias [1, D]. With h = (x - mean) s, s = 1 /
 * sqrt(variance + epsilon), g = dy gain: dx = s (g - mean(g) - h mean(g h)), dgain += sum dy h, dbias += sum dy. */
struct lat_array *lat_layer_norm(struct lat_tape *tape, struct lat_array *x, struct lat_array *gain, struct lat_array *bias,
                                 double epsilon);
/* Root mean square normalisation (Zhang and Sennrich 2019, equation 4). With h = x s: dx = s (g - h mean(g h)). */
struct lat_array *lat_rms_norm(struct lat_tape *tape, struct lat_array *x, struct lat_array *gain, double epsilon);

/* y = f(x) elementwise; dx = dy f'(x). */
struct lat_array *lat_activate(struct lat_tape *tape, enum lat_activation kind, struct lat_array *x);
struct lat_array *lat_sigmoid(struct lat_tape *tape, struct lat_array *x); /* dx = dy y (1 - y) */
struct lat_array *lat_tanh(struct lat_tape *tape, struct lat_array *x);    /* dx = dy (1 - y^2) */

/* Multi-head attention, as lib/nn/attention.h says; q, k [B S, H key_width], v [B S, H value_width]. With P the weights:
 * dv_j = sum_i P_ij dy_i, dP_ij = <dy_i, v_j>, dz_ij = P_ij (dP_ij - sum_k P_ik dP_ik), dq_i = scale sum_j dz_ij k_j,
 * dk_j = scale sum_i dz_ij q_i. */
struct lat_array *lat_attend(struct lat_tape *tape, const struct lat_attention_shape *shape, struct lat_array *q,
                             struct lat_array *k, struct lat_array *v);

/* Rotary positions of x [B S, H key_width] (lib/nn/positions.h); `table` [S, key_width]. Backward: turned back. */
struct lat_array *lat_rotate(struct lat_tape *tape, struct lat_array *x, size_t sequence, size_t heads, size_t key_width,
                             const lat_real *table);

/* y_i = table[index_i], rows of [V, D]; an index below 0 gives a row of zeros. dtable[index_i] += dy_i. */
struct lat_array *lat_gather(struct lat_tape *tape, struct lat_array *table, size_t rows, const int32_t *index);
/* y = x with y[index_i] = rows_i, i = 0 .. n-1, indices distinct: thoughts put into a sequence. */
struct lat_array *lat_replace_rows(struct lat_tape *tape, struct lat_array *x, const int32_t *index,
                                   struct lat_array *rows);

/* y = a x + b z, x and z of one shape (x may be z). */
struct lat_array *lat_sum_of(struct lat_tape *tape, double a, struct lat_array *x, double b, struct lat_array *z);
/* y = x z elementwise. */
struct lat_array *lat_product(struct lat_tape *tape, struct lat_array *x, struct lat_array *z);
/* y_i = x_i + pattern[i mod S], pattern [S, D]: positions, or with S = 1 a step's embedding. dpattern_s += sum of its rows. */
struct lat_array *lat_add_pattern(struct lat_tape *tape, struct lat_array *x, struct lat_array *pattern);
/* y_i = w_i x_i, one weight [R, 1] a row: halting weights. dw_i = <dy_i, x_i>. */
struct lat_array *lat_scale_rows(struct lat_tape *tape, struct lat_array *x, struct lat_array *weight);
/* y = x read as [rows, columns], of as many elements; the values are x's own. dx = dy. */
struct lat_array *lat_reshape(struct lat_tape *tape, struct lat_array *x, size_t rows, size_t columns);
/* columns first .. first + count - 1 of x; dx there. */
struct lat_array *lat_columns(struct lat_tape *tape, struct lat_array *x, size_t first, size_t count);

/* Recurrent layers over sequences of S tokens, h before the first being 0; input [B S, D] holds W x + b, weight is U.
 * tanh: h_t = tanh(input_t + U h_(t-1)), U [D, D] (Elman 1990). With dp_t = (dy_t + U^T dp_(t+1)) (1 - h_t^2): dinput_t = dp_t, dU =
 * sum dp_t h_(t-1)^T (back-propagation through time, Werbos 1990). */
struct lat_array *lat_recur_tanh(struct lat_tape *tape, size_t sequence, struct lat_array *input, struct lat_array *weight);
/* LSTM (Hochreiter and Schmidhuber 1997; forget gate: Gers, Schmidhuber and Cummins 2000): input [B S, 4 D] and U [4 D, D] hold i, f,
 * g, o side by side; p_t = input_t + U h_(t-1), i f o = sigmoid(p), g = tanh(p), c_t = f c_(t-1) + i g, h_t = o tanh(c_t). With dh_t =
 * dy_t + U^T dp_(t+1) and dc_t = dh_t o (1 - tanh(c_t)^2) + f_(t+1) dc_(t+1): dp = (dc g i (1 - i), dc c_(t-1) f (1 - f), dc i (1 - g^2),
 * dh tanh(c) o (1 - o)). */
struct lat_array *lat_recur_lstm(struct lat_tape *tape, size_t sequence, struct lat_array *input, struct lat_array *weight);

/* y = x; nothing is passed back. */
struct lat_array *lat_stop_gradient(struct lat_tape *tape, struct lat_array *x);
/* y = x with the value replaced by `value` [R, D] (copied); the gradient passes as if y were x (Bengio, Leonard and Courville
 * 2013, straight-through). */
struct lat_array *lat_straight_through(struct lat_tape *tape, struct lat_array *x, const lat_real *value);
/* y = x m / (1 - rate), m_i = 0 with probability `rate`, else 1, drawn from `random` (Srivastava et al. 2014). rate 0: x itself. */
struct lat_array *lat_dropout(struct lat_tape *tape, struct lat_array *x, double rate, struct lat_random *random);

/* Sum over rows of weight_i (logsumexp(z_i) - z_i[target_i]), [1, 1]; z [R, V]. A row whose target is below 0 does not count;
 * weight [R] may be NULL (all 1). dz_i = weight_i (softmax(z_i) - onehot(target_i)). `loss` [R] (may be NULL) gets each row's
 * unweighted loss (0 where it does not count), `hit` [R] (may be NULL) 1 where the target has the largest logit (ties: the
 * smallest index). */
struct lat_array *lat_cross_entropy(struct lat_tape *tape, struct lat_array *logits, const int32_t *target,
                                    const lat_real *weight, lat_real *loss, unsigned char *hit);
/* The same where several classes may be right: bit c of set_i says that class c is, and the loss is the mean of -log softmax(z_i)_c over
 * them, the cross-entropy of the uniform distribution over the set; 0: the target alone. Classes up to 64. hit: the largest logit
 * is one of the set's. dz_i = weight_i (softmax(z_i) - uniform over the set). set NULL: lat_cross_entropy. */
struct lat_array *lat_cross_entropy_sets(struct lat_tape *tape, struct lat_array *logits, const int32_t *target,
                                         const uint64_t *set, const lat_real *weight, lat_real *loss, unsigned char *hit);
/* The same loss of each row as an array [R, 1]: for losses that are weighted by something learned. */
struct lat_array *lat_cross_entropy_rows(struct lat_tape *tape, struct lat_array *logits, const int32_t *target);
/* Sum of (x - target)^2 over all elements, [1, 1]. */
struct lat_array *lat_square_error(struct lat_tape *tape, struct lat_array *x, const lat_real *target);
/* Sum of all elements, [1, 1]. */
struct lat_array *lat_total(struct lat_tape *tape, struct lat_array *x);

#endif
