/* Rate and distortion of vectors x [n, d] that are rounded, and the line that no rounding of Gaussian vectors passes.
 *
 *   lat_quantise_fixed      nearest of 2^b even levels from -range to range         b d bits; the values of lat_quantise (lib/nn/channel.h)
 *   lat_quantise_largest    the same with range = max |x| of each vector            b d + scale bits
 *   lat_quantise_normal     mean and deviation of each vector, then the even levels with the least error for N(0, 1) (Max 1960), scaled
 *                           back                                                     b d + 2 scale bits
 *   lat_quantise_codebook   nearest of K codes                                      log2 K bits; codes by Lloyd (1982)
 * `error` is the mean squared error of one number. A vector's scale has to be sent too: SCALE_BITS (32, a float) each.
 * For Gaussian vectors with variances v_i, bits below R(D) are impossible at a mean squared error D (Cover and Thomas 2006, theorem 10.3.3);
 * one variance: D = v 2^(-2 R). Bits are counted as log2 of the levels: entropy coding of uneven levels would need fewer. */
#ifndef LAT_INFO_QUANTISE_H
#define LAT_INFO_QUANTISE_H

#include <stddef.h>
#include <stdint.h>

enum { LAT_QUANTISE_SCALE_BITS = 32, LAT_QUANTISE_MOST_BITS = 24, LAT_QUANTISE_NORMAL_BITS = 16 };

struct lat_distortion {
  double bits;  /* a vector */
  double error; /* a number, mean squared */
};

/* out [n, d] may be x itself. bits from 1 to 24, of lat_quantise_normal to 16. LAT_INPUT for bits, range or a number that is not
 * finite. */
int lat_quantise_fixed(const float *x, size_t n, size_t d, unsigned bits, double range, float *out,
                       struct lat_distortion *distortion);
int lat_quantise_largest(const float *x, size_t n, size_t d, unsigned bits, float *out, struct lat_distortion *distortion);
int lat_quantise_normal(const float *x, size_t n, size_t d, unsigned bits, float *out, struct lat_distortion *distortion);
/* Step and mean squared error of the best 2^bits even levels for N(0, 1). */
void lat_quantise_normal_step(unsigned bits, double *step, double *error);

/* codes [K, d] for x by at most `rounds` rounds of Lloyd's from a start by k-means++ (Arthur and Vassilvitskii 2007), stream (seed,
 * "codebook", 0). A code that loses all vectors takes the one furthest from its own code. The result is a local optimum. Rounds that
 * were needed in *used, may be NULL. The same bits for any number of threads. LAT_INPUT for K outside 1..n, LAT_MEMORY. */
int lat_quantise_train(const float *x, size_t n, size_t d, size_t K, size_t rounds, uint64_t seed, float *codes,
                       size_t *used);
/* index [n] and out [n, d] may be NULL. The smallest of equals. LAT_INPUT for a number that is not finite. */
int lat_quantise_codebook(const float *x, size_t n, size_t d, const float *codes, size_t K, uint32_t *index, float *out,
                          struct lat_distortion *distortion);

/* R(D) in bits a vector for independent Gaussian numbers with these variances, at a mean squared error of `error` a number, by reverse
 * water-filling; 0 where the error is no smaller than the mean variance. error > 0 (asserted). */
double lat_quantise_gaussian_bits(const double *variance, size_t d, double error);

#endif
