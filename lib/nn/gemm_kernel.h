/* The matrix product of this library itself: single precision, one thread, for processors with fused multiply-add on vectors.
 *
 * B is laid out in panels of LAT_PANEL columns (the last one filled up with zeros), a panel as [inner, LAT_PANEL]; a register tile of
 * 6 rows by one panel runs down `inner` (Goto and van de Geijn 2008, section 4, without the packing of A: six rows of A are six
 * streams, which the caches of today follow). Each element of C is a sum in the order of `inner`, begun anew every LAT_DEPTH terms:
 *   C = alpha (((a_0 b_0) + a_1 b_1) + ...) + beta F + bias
 * so its bits depend on neither the number of rows, the columns beside it, the packing, nor the width of the vectors. */
#ifndef LAT_NN_GEMM_KERNEL_H
#define LAT_NN_GEMM_KERNEL_H

#include <stddef.h>

#include "lib/nn/gemm.h"

#if !defined LAT_DOUBLE && !defined LAT_GEMM_LIBRARY && (defined __AVX512F__ || (defined __AVX2__ && defined __FMA__))
#define LAT_GEMM_OWN 1

enum { LAT_DEPTH = 512 };
#ifdef __AVX512F__
enum { LAT_PANEL = 64, LAT_LANES = 16 };
#define LAT_GEMM_OWN_NAME "latentlab 6x64 kernel (AVX-512)"
#else
enum { LAT_PANEL = 16, LAT_LANES = 8 };
#define LAT_GEMM_OWN_NAME "latentlab 6x16 kernel (AVX2)"
#endif

/* What a product is added to: F [rows, columns], may be C itself or NULL; bias [columns] or NULL. */
struct lat_gemm_finish {
  float alpha, beta;
  const float *from;
  size_t from_stride;
  const float *bias;
};

/* One panel: op(B)'s columns 0 .. columns-1 <= LAT_PANEL, of which `inner` rows, into panel [inner, LAT_PANEL]. */
void lat_gemm_pack_panel(size_t inner, size_t columns, struct lat_matrix b, float *panel);

/* The left side as the tiles read it: element (i, k) of group g of LAT_TILE_ROWS rows is data[g group + i down + k along]. */
enum { LAT_TILE_ROWS = 6 };
struct lat_gemm_left {
  const float *data;
  size_t down, along, group;
};
struct lat_gemm_left lat_gemm_left(struct lat_matrix a);
/* The same of a transposed A whose stored rows lie far apart, copied into `to` [rows rounded up to LAT_TILE_ROWS, inner]. */
struct lat_gemm_left lat_gemm_gather(size_t rows, size_t inner, struct lat_matrix a, float *to);

/* C [rows, columns] with columns <= LAT_PANEL and inner <= LAT_DEPTH; `stride_b` is LAT_PANEL for a packed panel, or the distance of B's
 * rows when B lies as it is and columns fill whole vectors. */
void lat_gemm_panel(size_t rows, size_t columns, size_t inner, struct lat_gemm_left a, const float *b, size_t stride_b,
                    const struct lat_gemm_finish *finish, float *c, size_t stride);
#endif

#endif
