#include "lib/nn/gemm_kernel.h"

#ifdef LAT_GEMM_OWN

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS static inline __attribute__((always_inline))

#ifdef __AVX512F__
typedef __m512 wide;
typedef __mmask16 mask;
enum { LANES = LAT_LANES };
#define ZERO() _mm512_setzero_ps()
#define SPREAD(x) _mm512_set1_ps(x)
#define FUSED(a, b, c) _mm512_fmadd_ps(a, b, c)
#define TIMES(a, b) _mm512_mul_ps(a, b)
#define PLUS(a, b) _mm512_add_ps(a, b)
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, x) _mm512_storeu_ps(p, x)
#define LOAD_SOME(m, p) _mm512_maskz_loadu_ps(m, p)
#define STORE_SOME(p, m, x) _mm512_mask_storeu_ps(p, m, x)
ALWAYS mask first_lanes(size_t count) { return (mask)(0xffffu >> (LANES - count)); }
#else
typedef __m256 wide;
typedef __m256i mask;
enum { LANES = LAT_LANES };
#define ZERO() _mm256_setzero_ps()
#define SPREAD(x) _mm256_set1_ps(x)
#define FUSED(a, b, c) _mm256_fmadd_ps(a, b, c)
#define TIMES(a, b) _mm256_mul_ps(a, b)
#define PLUS(a, b) _mm256_add_ps(a, b)
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, x) _mm256_storeu_ps(p, x)
#define LOAD_SOME(m, p) _mm256_maskload_ps(p, m)
#define STORE_SOME(p, m, x) _mm256_maskstore_ps(p, m, x)
ALWAYS mask first_lanes(size_t count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

enum { ROWS = LAT_TILE_ROWS, VECTORS = LAT_PANEL / LANES };

/* The accumulators have names: as an array the compiler would keep them in memory. */
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)

/* `height` rows by `width` vectors, both known when this is compiled; `last` are the lanes in use of the last vector. */
ALWAYS void tile(const size_t height, const size_t width, size_t inner, const float *a, size_t down, size_t along,
                 const float *b, size_t stride_b, const struct lat_gemm_finish *finish, const float *bias,
                 const float *from, float *c, size_t stride, mask last) {
#define BEGIN(i) wide c##i##0 = ZERO(), c##i##1 = c##i##0, c##i##2 = c##i##0, c##i##3 = c##i##0;
  EACH_ROW(BEGIN)
#undef BEGIN
  const float *below = a + 3 * down;
  for (size_t k = 0; k < inner; k++) {
    wide b0 = LOAD(b), b1 = b0, b2 = b0, b3 = b0;
    if (width > 1) b1 = LOAD(b + LANES);
    if (width > 2) b2 = LOAD(b + 2 * LANES);
    if (width > 3) b3 = LOAD(b + 3 * LANES);
#define STEP(i)                                                     \
  if (height > i) {                                                 \
    wide x = SPREAD(i < 3 ? a[i % 3 * down] : below[i % 3 * down]); \
    c##i##0 = FUSED(x, b0, c##i##0);                                \
    if (width > 1) c##i##1 = FUSED(x, b1, c##i##1);                 \
    if (width > 2) c##i##2 = FUSED(x, b2, c##i##2);                 \
    if (width > 3) c##i##3 = FUSED(x, b3, c##i##3);                 \
  }
    EACH_ROW(STEP)
#undef STEP
    a += along, below += along, b += stride_b;
  }
  const wide alpha = SPREAD(finish->alpha), beta = SPREAD(finish->beta);
#define PUT(i, v)                                                                                                 \
  if (height > i && width > v) {                                                                                  \
    mask lanes = width == v + 1 ? last : first_lanes(LANES);                                                      \
    wide sum = TIMES(alpha, c##i##v);                                                                             \
    if (from != NULL) sum = PLUS(sum, TIMES(beta, LOAD_SOME(lanes, from + i * finish->from_stride + v * LANES))); \
    if (bias != NULL) sum = PLUS(sum, LOAD_SOME(lanes, bias + v * LANES));                                        \
    STORE_SOME(c + i * stride + v * LANES, lanes, sum);                                                           \
  }
#define PUTS(i) PUT(i, 0) PUT(i, 1) PUT(i, 2) PUT(i, 3)
  EACH_ROW(PUTS)
#undef PUTS
#undef PUT
}

typedef void tile_of(size_t inner, const float *a, size_t down, size_t along, const float *b, size_t stride_b,
                     const struct lat_gemm_finish *finish, const float *bias, const float *from, float *c, size_t stride,
                     mask last);
#define TILE(height, width)                                                                                             \
  static __attribute__((noinline)) void tile_##height##_##width(                                                        \
      size_t inner, const float *a, size_t down, size_t along, const float *b, size_t stride_b,                         \
      const struct lat_gemm_finish *finish, const float *bias, const float *from, float *c, size_t stride, mask last) { \
    tile(height, width, inner, a, down, along, b, stride_b, finish, bias, from, c, stride, last);                       \
  }
#ifdef __AVX512F__
#define TILES(height) TILE(height, 1) TILE(height, 2) TILE(height, 3) TILE(height, 4)
#define NAMES(height) \
  { tile_##height##_1, tile_##height##_2, tile_##height##_3, tile_##height##_4 }
#else
#define TILES(height) TILE(height, 1) TILE(height, 2)
#define NAMES(height) \
  { tile_##height##_1, tile_##height##_2 }
#endif
/* clang-format off */
TILES(1)
TILES(2)
TILES(3)
TILES(4)
TILES(5)
TILES(6)
/* clang-format on */
static tile_of *const tiles[ROWS][VECTORS] = {NAMES(1), NAMES(2), NAMES(3), NAMES(4), NAMES(5), NAMES(6)};

struct lat_gemm_left lat_gemm_left(struct lat_matrix a) {
  size_t down = a.transpose ? 1 : a.stride;
  return (struct lat_gemm_left){a.data, down, a.transpose ? a.stride : 1, ROWS * down};
}

void lat_gemm_panel(size_t rows, size_t columns, size_t inner, struct lat_gemm_left a, const float *b, size_t stride_b,
                    const struct lat_gemm_finish *finish, float *c, size_t stride) {
  size_t width = (columns + LANES - 1) / LANES;
  mask last = first_lanes(columns - (width - 1) * LANES);
  const float *from = finish->beta == 0 ? NULL : finish->from;
  for (size_t i = 0; i < rows; i += ROWS, a.data += a.group) {
    size_t height = rows - i < ROWS ? rows - i : ROWS;
    tiles[height - 1][width - 1](inner, a.data, a.down, a.along, b, stride_b, finish, finish->bias,
                                 from != NULL ? from + i * finish->from_stride : NULL, c + i * stride, stride, last);
  }
}

/* ---- packing ---- */

/* LANES x LANES numbers of B stored [columns, inner] into the panel's [inner, columns]. */
#ifdef __AVX512F__
ALWAYS __m512 low_pairs(__m512 a, __m512 b) {
  return _mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
ALWAYS __m512 high_pairs(__m512 a, __m512 b) {
  return _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(a), _mm512_castps_pd(b)));
}
static void transpose(const float *b, size_t stride, float *panel) {
  __m512 r[16], t[16];
  for (size_t i = 0; i < 16; i++) r[i] = LOAD(b + i * stride);
  for (size_t i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
  for (size_t i = 0; i < 16; i += 4) {
    r[i] = low_pairs(t[i], t[i + 2]), r[i + 1] = high_pairs(t[i], t[i + 2]);
    r[i + 2] = low_pairs(t[i + 1], t[i + 3]), r[i + 3] = high_pairs(t[i + 1], t[i + 3]);
  }
  for (size_t i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88), t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88), t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
  for (size_t i = 0; i < 4; i++) {
    STORE(panel + i * LAT_PANEL, _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88));
    STORE(panel + (i + 8) * LAT_PANEL, _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd));
    STORE(panel + (i + 4) * LAT_PANEL, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88));
    STORE(panel + (i + 12) * LAT_PANEL, _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd));
  }
}
#else
static void transpose(const float *b, size_t stride, float *panel) {
  __m256 r[8], t[8];
  for (size_t i = 0; i < 8; i++) r[i] = LOAD(b + i * stride);
  for (size_t i = 0; i < 8; i += 2)
    t[i] = _mm256_unpacklo_ps(r[i], r[i + 1]), t[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
  for (size_t i = 0; i < 8; i += 4) {
    r[i] = _mm256_shuffle_ps(t[i], t[i + 2], 0x44), r[i + 1] = _mm256_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0x44), r[i + 3] = _mm256_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
  for (size_t i = 0; i < 4; i++) {
    STORE(panel + i * LAT_PANEL, _mm256_permute2f128_ps(r[i], r[i + 4], 0x20));
    STORE(panel + (i + 4) * LAT_PANEL, _mm256_permute2f128_ps(r[i], r[i + 4], 0x31));
  }
}
#endif

void lat_gemm_pack_panel(size_t inner, size_t columns, struct lat_matrix b, float *panel) {
  if (!b.transpose) {
    for (size_t k = 0; k < inner; k++, panel += LAT_PANEL) {
      const float *row = b.data + k * b.stride;
      size_t j = 0;
      for (; j + LANES <= columns; j += LANES) STORE(panel + j, LOAD(row + j));
      if (j < columns) STORE(panel + j, LOAD_SOME(first_lanes(columns - j), row + j)), j += LANES;
      for (; j < LAT_PANEL; j += LANES) STORE(panel + j, ZERO());
    }
    return;
  }
  size_t whole = columns / LANES * LANES, deep = inner / LANES * LANES;
  for (size_t k = 0; k < deep; k += LANES)
    for (size_t j = 0; j < whole; j += LANES) transpose(b.data + j * b.stride + k, b.stride, panel + k * LAT_PANEL + j);
  for (size_t k = 0; k < inner; k++)
    for (size_t j = k < deep ? whole : 0; j < LAT_PANEL; j++)
      panel[k * LAT_PANEL + j] = j < columns ? b.data[j * b.stride + k] : 0;
}

struct lat_gemm_left lat_gemm_gather(size_t rows, size_t inner, struct lat_matrix a, float *to) {
  struct lat_gemm_left left = {to, 1, ROWS, ROWS * inner};
  for (size_t i = 0; i < rows; i += ROWS) {
    const float *from = a.data + i;
    size_t height = rows - i < ROWS ? rows - i : ROWS;
    for (size_t k = 0; k < inner; k++, from += a.stride, to += ROWS) {
      if (height == ROWS)
        memcpy(to, from, ROWS * sizeof *to); /* of a size that the compiler knows */
      else
        memcpy(to, from, height * sizeof *to);
    }
  }
  return left;
}

#endif
