/* Entropy of counts and mutual information of two labels, in bits.
 *
 * counts n_i, N = sum n_i, K cells of which m are not empty:
 *   plug-in        H = log2 N - (1/N) sum n_i log2 n_i          bias about -(K - 1) / (2 N ln 2): too low
 *   Miller-Madow   H = plug-in + (m - 1) / (2 N ln 2)           Miller (1955): bias of order 1/N^2 where every cell is seen
 *   Grassberger    H = (ln N - (1/N) sum n_i G(n_i)) / ln 2, G(n) = psi(n) + (-1)^n (psi((n + 1)/2) - psi(n/2)) / 2
 *                  Grassberger (2003), his integral written by psi; small bias already at n_i of about 1
 * I(X; Y) = H(X) + H(Y) - H(X, Y), each by the same method. Plug-in information is too high by about (K_x - 1)(K_y - 1) / (2 N ln 2):
 * the corrections take most of that away as long as N is several times K_x K_y, and can then be below 0. */
#ifndef LAT_INFO_ENTROPY_H
#define LAT_INFO_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/info/control.h"
#include "lib/info/estimate.h"

enum lat_entropy_method { LAT_ENTROPY_PLUGIN, LAT_ENTROPY_MILLER_MADOW, LAT_ENTROPY_GRASSBERGER };

/* Of counts [cells]; at least one count (asserted). The bound is log2 cells. */
struct lat_estimate lat_entropy(const uint64_t *counts, size_t cells, enum lat_entropy_method method);
/* Of a distribution p [cells], exact; 0 log 0 = 0. */
double lat_entropy_exact(const double *p, size_t cells);
/* h2(p) = -p log2 p - (1 - p) log2 (1 - p). */
double lat_entropy_binary(double p);

/* Of joint counts [X, Y], at least one. The bound is log2 min(X, Y). LAT_MEMORY. */
int lat_entropy_information(const uint64_t *joint, size_t X, size_t Y, enum lat_entropy_method method,
                            struct lat_estimate *information);

/* Labels x [n] < X and y [n] < Y into joint [X, Y], which is overwritten. LAT_INPUT for a label that is too large. */
int lat_entropy_joint(const uint32_t *x, size_t X, const uint32_t *y, size_t Y, size_t n, uint64_t *joint);
/* What the estimator shows where there is nothing to show: y shuffled against x (control.h). LAT_INPUT, LAT_MEMORY. */
int lat_entropy_control(const uint32_t *x, size_t X, const uint32_t *y, size_t Y, size_t n, enum lat_entropy_method method,
                        size_t shuffles, uint64_t seed, struct lat_control *control);

#endif
