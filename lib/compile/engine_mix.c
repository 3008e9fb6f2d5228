/* Mixed values = softmax weights x values, the weights packed once for all steps and vectors.
 *
 * Not through lib/nn/gemm, for two reasons. A general product packs its left side on every call, and here that side is by
 * far the larger one and never changes: measured 63 against 95 GF/s at 64 columns. And every column must have the same bits
 * wherever it stands, so that a vector's result does not depend on its chunk; a BLAS does not promise that. Each number is
 * one sum over tokens in order, by fused multiply-adds where the processor has them. */
#include "lib/compile/engine_step.h"

#ifdef __AVX512F__
#include <immintrin.h>
#define FUSED(c, a, b) c = _mm512_fmadd_ps(_mm512_set1_ps(a), b, c)
enum { TILE = 4 }; /* groups of LAT_LANES columns: 6 x 4 sums, 4 values and a weight fill 32 registers */
#else
#define FUSED(c, a, b) c += (a) * (b)
enum { TILE = 1 };
#endif

enum { DEPTH_BLOCK = 1024 }; /* tokens whose values stay in the second-level cache: 256 KB at 64 columns */

#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
_Static_assert(LAT_PANEL == 6, "EACH_ROW names six rows");

/* c [6, stride] (+)= w [depth, 6] transposed x b [depth, stride], one group of columns; strides in groups. */
static void tile_one(size_t depth, const float *w, const lat_lanes *b, size_t stride, lat_lanes *c, int add) {
#define BEGIN(r) lat_lanes c##r = add ? c[r * stride] : (lat_lanes){0};
#define STEP(r) FUSED(c##r, w[r], b0);
#define END(r) c[r * stride] = c##r;
  EACH_ROW(BEGIN)
  for (size_t k = 0; k < depth; k++, w += LAT_PANEL, b += stride) {
    lat_lanes b0 = b[0];
    EACH_ROW(STEP)
  }
  EACH_ROW(END)
#undef BEGIN
#undef STEP
#undef END
}

#ifdef __AVX512F__
/* Four groups of columns. */
static void tile_four(size_t depth, const float *w, const lat_lanes *b, size_t stride, lat_lanes *c, int add) {
#define BEGIN(r)                                                                                                \
  lat_lanes c##r##0 = add ? c[r * stride] : (lat_lanes){0}, c##r##1 = add ? c[r * stride + 1] : (lat_lanes){0}; \
  lat_lanes c##r##2 = add ? c[r * stride + 2] : (lat_lanes){0}, c##r##3 = add ? c[r * stride + 3] : (lat_lanes){0};
#define STEP(r)             \
  FUSED(c##r##0, w[r], b0); \
  FUSED(c##r##1, w[r], b1); \
  FUSED(c##r##2, w[r], b2); \
  FUSED(c##r##3, w[r], b3);
#define END(r)                 \
  c[r * stride] = c##r##0;     \
  c[r * stride + 1] = c##r##1; \
  c[r * stride + 2] = c##r##2; \
  c[r * stride + 3] = c##r##3;
  EACH_ROW(BEGIN)
  for (size_t k = 0; k < depth; k++, w += LAT_PANEL, b += stride) {
    lat_lanes b0 = b[0], b1 = b[1], b2 = b[2], b3 = b[3];
    EACH_ROW(STEP)
  }
  EACH_ROW(END)
#undef BEGIN
#undef STEP
#undef END
}
#endif

static void tile(size_t groups, size_t depth, const float *w, const lat_lanes *b, size_t stride, lat_lanes *c, int add) {
#ifdef __AVX512F__
  if (groups == TILE) {
    tile_four(depth, w, b, stride, c, add);
    return;
  }
#endif
  for (size_t g = 0; g < groups; g++) tile_one(depth, w, b + g, stride, c + g, add);
}

void lat_mix_rows(const struct lat_mixing *mixing, size_t tokens, size_t groups, const float *value, float *mixed) {
  const lat_lanes *b = (const lat_lanes *)value;
  lat_lanes *c = (lat_lanes *)mixed;
  for (size_t g = 0; g < groups; g += TILE) {
    size_t wide = groups - g < TILE ? groups - g : TILE;
    for (size_t from = 0; from < tokens; from += DEPTH_BLOCK) {
      for (size_t p = 0; p < mixing->rows / LAT_PANEL; p++) {
        size_t depth = (mixing->panel[p + 1] - mixing->panel[p]) / LAT_PANEL;
        if (depth <= from) continue;
        size_t here = depth - from < DEPTH_BLOCK ? depth - from : DEPTH_BLOCK;
        tile(wide, here, mixing->weight + mixing->panel[p] + from * LAT_PANEL, b + from * groups + g, groups,
             c + p * LAT_PANEL * groups + g, from > 0);
      }
    }
  }
}
