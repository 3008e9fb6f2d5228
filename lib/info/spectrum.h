/* How many directions a cloud of vectors fills: the spectrum of its covariance and what is read from it.
 *
 * l_1 >= ... >= l_d >= 0 the eigenvalues of C = sum_i (x_i - mean)(x_i - mean)^T / n, p_i = l_i / sum l:
 *   participation ratio   (sum l)^2 / sum l^2             1 .. d
 *   spectral entropy      H(p) = -sum p_i log2 p_i        0 .. log2 d bits
 *   effective rank        2^H(p) of the covariance        1 .. d    (Roy and Vetterli 2007, definition 1)
 * Bias: n samples show at most n - 1 directions and spread equal eigenvalues. For d equal ones the participation ratio comes out as about
 * d n / (n + d): 10 % low at n = 10 d. Directions are not bits: how many levels each carries is not in the spectrum. */
#ifndef LAT_INFO_SPECTRUM_H
#define LAT_INFO_SPECTRUM_H

#include <stddef.h>

struct lat_spectrum {
  double total; /* sum l: the mean squared distance from the mean */
  double participation, entropy, effective_rank;
};

/* Of eigenvalues [d] >= 0; all 0: one point, for which all but `total` are 0. */
struct lat_spectrum lat_spectrum_of(const double *eigenvalue, size_t d);

/* vectors [n, d]; mean [d], eigenvalue [d] from the largest, direction [d, d] with one unit vector a row; each may be NULL. LAT_INPUT for a
 * number that is not finite or no vectors, LAT_NUMERIC when the eigenvalues are not found, LAT_MEMORY. */
int lat_spectrum(const float *vectors, size_t n, size_t d, double *mean, double *eigenvalue, double *direction,
                 struct lat_spectrum *spectrum);

/* out [n, d] = mean + the part of x - mean along the first `kept` directions; out may be `vectors` itself. The mean squared distance to
 * the vectors that mean and directions are from is the sum of the other eigenvalues. LAT_MEMORY. */
int lat_spectrum_project(const float *vectors, size_t n, size_t d, const double *mean, const double *direction, size_t kept,
                         float *out);

#endif
