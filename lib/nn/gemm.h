/* Matrix products: the one place that knows who computes them.
 *
 * C = alpha op(A) op(B) + beta C, row-major float: C [rows, columns], op(A) [rows, inner], op(B) [inner, columns]; op(A) =
 * A transposed where `transpose_a`, and then A is stored [inner, rows]. `stride` is the distance between stored rows. beta
 * = 0 overwrites C whatever it held. inner = 0 gives beta C. C must not overlap A or B.
 *
 * Three providers, chosen when this is built: the kernel of this library (gemm_kernel.h) where the processor has vectors with fused
 * multiply-add; oneDNN's sgemm (make GEMM=onednn); CBLAS (GEMM=cblas, and wherever the first is not possible; always in double).
 * Each runs on the calling thread alone; parallel work is split by the caller or by lat_gemm_parallel, into tiles that do not
 * depend on the number of threads, so the bits do not either. They depend on the provider, and with a library on the processor. */
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

/* The same product with a matrix B that is used many times: laid out once as the provider likes it. */
size_t lat_gemm_packed_count(size_t columns, size_t inner); /* numbers; 0: this provider has no such layout */
void lat_gemm_pack(size_t columns, size_t inner, struct lat_matrix b, lat_real *packed);
/* C = A op(B) + F + bias; F [rows, columns] with rows `from_stride` apart, may be C itself, or NULL; bias [columns] or NULL. `packed` is
 * what lat_gemm_pack made of b, or NULL; the bits are the same. */
void lat_gemm_onto(size_t rows, size_t columns, size_t inner, struct lat_matrix a, struct lat_matrix b,
                   const lat_real *packed, const lat_real *from, size_t from_stride, const lat_real *bias, lat_real *c,
                   size_t stride);

/* On all OpenMP threads, by fixed tiles of C; inside a parallel region on the calling thread, with the same tiles. */
void lat_gemm_parallel(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                       lat_real beta, lat_real *c, size_t stride);

/* The definition, summed in double: what the tests hold the fast form to. */
void lat_gemm_reference(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                        lat_real beta, lat_real *c, size_t stride);

/* Who does the work, e.g. "latentlab 6x64 kernel (AVX-512)" or "OpenBLAS 0.3.21 ...". */
const char *lat_gemm_provider(void);

#endif
