/* Address codes compared: how large must logits be for a softmax over N addresses to find one of them?
 *
 * Four codes from the literature, keys k_j for j = 0 .. N-1, N = 2^m, queries s k_i with a scale s:
 *   binary     +-1 bits of j; logits s (m - 2 Hamming), range s m
 *   circle     (cos, sin)(2 pi j / N); range s
 *   hash       (z, 1, -z, -1) / sqrt(2 z^2 + 2), z = j: layer-norm hash (Merrill and Sabharwal 2025); range s
 *   quadratic  s (2 i j - j^2): -(i - j)^2 expanded, as two channels can hold it; range s (N - 1)^2
 * The leak is the softmax weight off the target, for the target that leaks worst. */
#ifndef LAT_COMPILE_ADDRESS_CODE_H
#define LAT_COMPILE_ADDRESS_CODE_H

#include <stddef.h>

struct lat_address_code {
  double scale;       /* s that gives exactly the asked leak in exact arithmetic */
  double logit_range; /* the largest |logit| at that scale */
  double logit_gap;   /* target's logit less the next one's */
  double leak_single; /* the leak at that scale when codes and products are single precision */
};

/* Finds the scale at which code NAME on 2^address_bits addresses (2..20 bits) leaks `leak` (0 < leak < 1/2). LAT_INPUT for
 * an unknown name or a number out of range, LAT_NUMERIC when no scale is found, LAT_MEMORY. */
int lat_address_code_find(const char *name, size_t address_bits, double leak, struct lat_address_code *found);

/* Softmax weight off `target` for logits [tokens]: exp in single precision after subtracting the largest logit, as the
 * model does; summed in double so that a leak below 2^-24 can be seen. */
double lat_softmax_leak(size_t tokens, size_t target, const float *logit);

#endif
