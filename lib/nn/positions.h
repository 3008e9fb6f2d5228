/* Positions without parameters.
 *
 * Sinusoidal (Vaswani et al. 2017, section 3.5): channel 2k of token s gets sin(s w_k), channel 2k + 1 gets cos(s w_k), w_k
 * = 10000^(-2k / D). Rotary (Su et al. 2021, equation 34): in every head the channels 2k and 2k + 1 of token s are turned
 * by the angle s 10000^(-2k / key_width), so that <q_i, k_j> depends on i - j alone. Angles are computed in double, then
 * rounded. */
#ifndef LAT_NN_POSITIONS_H
#define LAT_NN_POSITIONS_H

#include <stddef.h>

#include "lib/nn/real.h"

/* x [B, S, D] += the sinusoids. */
void lat_sinusoidal_add(size_t batch, size_t sequence, size_t width, lat_real *x);
/* x [B, tokens, D] += those of tokens first, first + 1, ... */
void lat_sinusoidal_add_at(size_t batch, size_t tokens, size_t first, size_t width, lat_real *x);

/* table [S, key_width]: cos and sin of channel pair k of token s at 2k and 2k + 1. key_width is even. */
void lat_rotary_table(size_t sequence, size_t key_width, lat_real *table);

/* Turns the `rows` rows x [rows, H * key_width] in place; row r is token (start + r) mod S. */
void lat_rotary_forward(size_t start, size_t rows, size_t sequence, size_t heads, size_t key_width, const lat_real *table,
                        lat_real *x);

#endif
