/* Capacity of a discrete memoryless channel, in bits, between two bounds.
 *
 * Blahut (1972), Arimoto (1972): from any input distribution r, with q_y = sum_x r_x p(y|x) and D_x = sum_y p(y|x) log2 (p(y|x) / q_y),
 *   log2 sum_x r_x 2^(D_x)  <=  C  <=  max_x D_x                (Blahut 1972; Gallager 1968, theorem 4.5.1 for the right side)
 * and r_x 2^(D_x) / sum is the next r. The iteration stops when the bounds are within `tolerance`, or after `most` rounds: both bounds
 * hold wherever it stops. The bounds close like 1 / rounds, faster where the best r has no zeros. */
#ifndef LAT_INFO_BLAHUT_H
#define LAT_INFO_BLAHUT_H

#include <stddef.h>

struct lat_capacity {
  double low, high; /* bits: low <= C <= high */
  size_t rounds;
  int converged; /* high - low <= tolerance */
};

/* p [X, Y], p[x * Y + y] = p(y|x). input [X], the distribution that attains `low`, may be NULL. LAT_INPUT for a row that is no
 * distribution (negative, not finite, or its sum further than 1e-9 from 1), LAT_MEMORY. */
int lat_blahut_capacity(const double *p, size_t X, size_t Y, double tolerance, size_t most, double *input,
                        struct lat_capacity *capacity);

/* I(X; Y) in bits for the input distribution r [X]. The rows are taken as they are. LAT_MEMORY. */
int lat_blahut_information(const double *p, size_t X, size_t Y, const double *r, double *bits);

#endif
