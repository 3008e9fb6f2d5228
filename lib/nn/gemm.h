/* Matrix products, and the only door to the BLAS.
 *
 * C = alpha op(A) op(B) + beta C, row-major float: C [rows, columns], op(A) [rows, inner], op(B) [inner, columns]; op(A) =
 * A transposed where `transpose_a`, and then A is stored [inner, rows]. `stride` is the distance between stored rows. beta
 * = 0 overwrites C whatever it held. inner = 0 gives beta C. C must not overlap A or B.
 *
 * The BLAS is always called single-threaded; parallel work is split by the caller or by lat_gemm_parallel, into tiles that
 * do not depend on the number of threads, so the bits do not either. They do depend on the BLAS and on the processor. */
#ifndef LAT_NN_GEMM_H
#define LAT_NN_GEMM_H

#include <stddef.h>

#include "lib/nn/real.h"

/* One operand as it is stored. */
struct lat_matrix {
  const lat_real *data;
  size_t stride;
  int transpose;
};

/* On the calling thread alone. */
void lat_gemm(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
              lat_real beta, lat_real *c, size_t stride);

/* On all OpenMP threads, by fixed tiles of C; inside a parallel region on the calling thread, with the same tiles. */
void lat_gemm_parallel(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                       lat_real beta, lat_real *c, size_t stride);

/* The definition, summed in double: what the tests hold the fast form to. */
void lat_gemm_reference(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                        lat_real beta, lat_real *c, size_t stride);

/* Which library does the work, e.g. "OpenBLAS 0.3.21 ...". */
const char *lat_gemm_provider(void);

#endif
