/* Capacity of a thought that is one sampled token, in bits.
 *
 * The sender chooses one of K states; state k has logits z_k [V], and the reader gets a token v drawn with
 *   p(v|k) = exp(z_kv / temperature) / sum_u exp(z_ku / temperature)
 * a discrete channel whose capacity lib/info/blahut.h bounds from both sides. Never above log2 min(K, V). At temperature 0 the largest
 * logit is taken, equal ones evenly: log2 of the number of different tokens where none are equal. */
#ifndef LAT_INFO_SOFTMAX_CHANNEL_H
#define LAT_INFO_SOFTMAX_CHANNEL_H

#include <stddef.h>

#include "lib/info/blahut.h"

/* logits [K, V] finite, temperature >= 0; p [K, V]. LAT_INPUT. */
int lat_softmax_channel_matrix(const double *logits, size_t K, size_t V, double temperature, double *p);
/* input [K] may be NULL. LAT_INPUT, LAT_MEMORY. */
int lat_softmax_channel_capacity(const double *logits, size_t K, size_t V, double temperature, double tolerance,
                                 size_t most, double *input, struct lat_capacity *capacity);

/* K = V states, the own token's logit `margin` above all others: a symmetric channel, and its capacity has a closed form,
 *   C = log2 V - H(p), p = (e^g, 1, ..., 1) / (e^g + V - 1), g = margin / temperature       (Cover and Thomas 2006, equation 7.22) */
double lat_softmax_channel_symmetric(size_t V, double margin, double temperature);

#endif
