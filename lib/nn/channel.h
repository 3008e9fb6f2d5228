/* What makes a thought narrower, as operations of the tape: noise, few levels, a codebook, a choice of one.
 *
 * Conventions of lib/nn/operation.h. The values are those of the narrow channel; the gradient of what has none (rounding, choosing) is that of
 * a smooth stand-in that each operation names (straight-through: Bengio, Leonard and Courville 2013). */
#ifndef LAT_NN_CHANNEL_H
#define LAT_NN_CHANNEL_H

#include "lib/nn/operation.h"

/* y = x + deviation n, n ~ N(0, 1) drawn from `random` (Box and Muller 1958); dx = dy. deviation 0: x itself. At the power P = mean
 * x^2 its capacity is at most log2(1 + P / deviation^2) / 2 bits a number (Shannon 1948, theorem 17). */
struct lat_array *lat_add_noise(struct lat_tape *tape, struct lat_array *x, double deviation, struct lat_random *random);

/* The nearest of 2^bits levels that divide -s .. s evenly, both ends among them, bits 1..24: q = round((x / s + 1) (2^bits - 1) / 2),
 * ties to even, y = s (2 q / (2^bits - 1) - 1).
 * range > 0: s = range, values outside go to the end nearest to them; dx = dy where |x| <= range, else 0. Behind lat_tanh with
 * range 1 nothing is outside (Mentzer et al. 2024, finite scalar quantisation): D numbers then carry D bits bits and no more.
 * range 0: s = the row's largest |x|, which the channel has to carry beside the levels; dx = dy. */
struct lat_array *lat_quantise(struct lat_tape *tape, struct lat_array *x, unsigned bits, double range);

/* y_i = e_k, k = argmin_j |x_i - e_j|^2 (the smallest of equals), codes e [K, D]; log2 K bits a row. dx = dy, none goes to the codes.
 * *loss [1, 1] = sum_i |stop(x_i) - e_k|^2 + commitment |x_i - stop(e_k)|^2, to be added to the loss: it moves the codes to the states and
 * these to the codes (van den Oord, Vinyals and Kavukcuoglu 2017, equation 3; commitment 0.25 there). *index [R], on the tape: k of
 * each row; may be NULL. A row that is not finite gets code 0. */
struct lat_array *lat_codebook(struct lat_tape *tape, struct lat_array *x, struct lat_array *codes, double commitment,
                               struct lat_array **loss, int32_t **index);

/* Softmax of each row, p = softmax(x): dx_j = p_j (dy_j - sum_k p_k dy_k). */
struct lat_array *lat_softmax_rows(struct lat_tape *tape, struct lat_array *x);

/* Gumbel-softmax (Jang, Gu and Poole 2017; Maddison, Mnih and Teh 2017): p = softmax((z + g) / temperature), g = -log(-log u), u
 * uniform from `random`; random NULL: g = 0. `hard`: the value is the unit vector of p's largest entry (the smallest index of equals),
 * a sample of softmax(z), with the gradient of p. */
struct lat_array *lat_gumbel_softmax(struct lat_tape *tape, struct lat_array *logits, double temperature, int hard,
                                     struct lat_random *random);

/* y_i = sum_j w_ij e_j: w [R, K], e [K, D]. dw = dy e^T, de += w^T dy. A thought as a mixture of codes or of token embeddings. */
struct lat_array *lat_mix(struct lat_tape *tape, struct lat_array *weight, struct lat_array *codes);

#endif
