#include "lib/nn/gemm.h"

#include <assert.h>
#include <limits.h>
#include <omp.h>
#include <string.h>

#include "lib/nn/gemm_kernel.h"

#if defined LAT_GEMM_OWN
/* Rows that are taken through all panels together: of A and C so many stay in the second-level cache. A right side that is used by few
 * rows, or whose own rows lie near each other, is read where it is. */
enum { BLOCK_ROWS = 192, FEW_ROWS = 48, NEAR = 512, FAR = 1024 };
#elif defined LAT_GEMM_ONEDNN && !defined LAT_DOUBLE
#include <oneapi/dnnl/dnnl.h>
#else
#include <cblas.h>
#include <pthread.h>
#endif

enum { TILE_ROWS = 128, TILE_COLUMNS = 512 };

static void scale(size_t rows, size_t columns, lat_real beta, lat_real *c, size_t stride) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) c[i * stride + j] = beta == 0 ? 0 : beta * c[i * stride + j];
}

#if defined LAT_GEMM_OWN

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

const char *lat_gemm_provider(void) { return LAT_GEMM_OWN_NAME; }

static struct lat_matrix part(struct lat_matrix x, size_t row, size_t column) {
  x.data += x.transpose ? column * x.stride + row : row * x.stride + column;
  return x;
}

/* What the terms from `k` on are added to: the first ones to what was asked for, the rest to what is there by then. */
static struct lat_gemm_finish finish_at(const struct lat_gemm_finish *first, size_t k, size_t i, size_t j, float *c,
                                        size_t stride) {
  if (k > 0) return (struct lat_gemm_finish){first->alpha, 1, c, stride, NULL};
  struct lat_gemm_finish here = *first;
  if (here.from != NULL) here.from += i * here.from_stride + j;
  if (here.bias != NULL) here.bias += j;
  return here;
}

/* `gathered` has room for BLOCK_ROWS x LAT_DEPTH numbers of the left side when that is to be copied, else NULL. */
static void product(size_t rows, size_t columns, size_t inner, struct lat_matrix a, struct lat_matrix b,
                    const float *packed, float *gathered, const struct lat_gemm_finish *finish, float *c, size_t stride) {
  _Alignas(64) float panel[LAT_DEPTH * LAT_PANEL];
  size_t block = packed != NULL || gathered != NULL ? BLOCK_ROWS : rows;
  for (size_t i = 0; i < rows; i += block) {
    for (size_t k = 0; k < inner; k += LAT_DEPTH) {
      size_t height = least(block, rows - i), depth = least(LAT_DEPTH, inner - k);
      struct lat_gemm_left left =
          gathered != NULL ? lat_gemm_gather(height, depth, part(a, i, k), gathered) : lat_gemm_left(part(a, i, k));
      for (size_t j = 0; j < columns; j += LAT_PANEL) {
        size_t length = least(LAT_PANEL, columns - j), stride_b = LAT_PANEL;
        const float *right = panel;
        if (packed != NULL) {
          right = packed + j * inner + k * LAT_PANEL;
        } else if (!b.transpose && (rows <= FEW_ROWS || b.stride <= NEAR) && length % LAT_LANES == 0) {
          right = part(b, k, j).data;
          stride_b = b.stride;
        } else {
          lat_gemm_pack_panel(depth, length, part(b, k, j), panel);
        }
        float *to = c + i * stride + j;
        struct lat_gemm_finish here = finish_at(finish, k, i, j, to, stride);
        lat_gemm_panel(height, length, depth, left, right, stride_b, &here, to, stride);
      }
    }
  }
}

static void product_of_far(size_t rows, size_t columns, size_t inner, struct lat_matrix a, struct lat_matrix b,
                           const float *packed, const struct lat_gemm_finish *finish, float *c, size_t stride) {
  _Alignas(64) float gathered[BLOCK_ROWS * LAT_DEPTH];
  product(rows, columns, inner, a, b, packed, gathered, finish, c, stride);
}

static void own(size_t rows, size_t columns, size_t inner, struct lat_matrix a, struct lat_matrix b, const float *packed,
                const struct lat_gemm_finish *finish, float *c, size_t stride) {
  if (a.transpose && a.stride >= FAR && columns >= 2 * LAT_PANEL)
    product_of_far(rows, columns, inner, a, b, packed, finish, c, stride);
  else
    product(rows, columns, inner, a, b, packed, NULL, finish, c, stride);
}

size_t lat_gemm_packed_count(size_t columns, size_t inner) {
  return (columns + LAT_PANEL - 1) / LAT_PANEL * LAT_PANEL * inner;
}

void lat_gemm_pack(size_t columns, size_t inner, struct lat_matrix b, float *packed) {
  for (size_t j = 0; j < columns; j += LAT_PANEL)
    lat_gemm_pack_panel(inner, least(LAT_PANEL, columns - j), part(b, 0, j), packed + j * inner);
}

#else /* a library */

#if defined LAT_GEMM_ONEDNN && !defined LAT_DOUBLE

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
const char *lat_gemm_provider(void) {
  return "oneDNN " TEXT(DNNL_VERSION_MAJOR) "." TEXT(DNNL_VERSION_MINOR) "." TEXT(DNNL_VERSION_PATCH) " dnnl_sgemm";
}

static void library(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                    lat_real beta, lat_real *c, size_t stride) {
  /* It takes as many threads as this thread may start: one. */
  int threads = omp_get_max_threads();
  if (threads > 1) omp_set_num_threads(1);
  dnnl_sgemm(a.transpose ? 'T' : 'N', b.transpose ? 'T' : 'N', (dnnl_dim_t)rows, (dnnl_dim_t)columns, (dnnl_dim_t)inner,
             alpha, a.data, (dnnl_dim_t)a.stride, b.data, (dnnl_dim_t)b.stride, beta, c, (dnnl_dim_t)stride);
  if (threads > 1) omp_set_num_threads(threads);
}

#else

#ifdef LAT_DOUBLE
#define PRODUCT cblas_dgemm
#else
#define PRODUCT cblas_sgemm
#endif

/* OpenBLAS only; absent, and then null, with another CBLAS. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));

static pthread_once_t started = PTHREAD_ONCE_INIT;

/* A BLAS with threads of its own inside our threads is ten times slower, and its split would move the bits. */
static void start(void) {
  if (openblas_set_num_threads) openblas_set_num_threads(1);
}

const char *lat_gemm_provider(void) { return openblas_get_config ? openblas_get_config() : "CBLAS"; }

static void library(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                    lat_real beta, lat_real *c, size_t stride) {
  pthread_once(&started, start);
  PRODUCT(CblasRowMajor, a.transpose ? CblasTrans : CblasNoTrans, b.transpose ? CblasTrans : CblasNoTrans, (int)rows,
          (int)columns, (int)inner, alpha, a.data, (int)a.stride, b.data, (int)b.stride, beta, c, (int)stride);
}

#endif

size_t lat_gemm_packed_count(size_t columns, size_t inner) {
  (void)columns, (void)inner;
  return 0;
}

void lat_gemm_pack(size_t columns, size_t inner, struct lat_matrix b, lat_real *packed) {
  (void)columns, (void)inner, (void)b, (void)packed;
}

#endif

void lat_gemm(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
              lat_real beta, lat_real *c, size_t stride) {
  assert(rows <= INT_MAX && columns <= INT_MAX && inner <= INT_MAX);
  assert(a.stride <= INT_MAX && b.stride <= INT_MAX && stride <= INT_MAX && stride >= columns);
  if (rows == 0 || columns == 0) return;
  if (inner == 0) {
    scale(rows, columns, beta, c, stride);
    return;
  }
#ifdef LAT_GEMM_OWN
  own(rows, columns, inner, a, b, NULL, &(struct lat_gemm_finish){alpha, beta, c, stride, NULL}, c, stride);
#else
  library(rows, columns, inner, alpha, a, b, beta, c, stride);
#endif
}

void lat_gemm_onto(size_t rows, size_t columns, size_t inner, struct lat_matrix a, struct lat_matrix b,
                   const lat_real *packed, const lat_real *from, size_t from_stride, const lat_real *bias, lat_real *c,
                   size_t stride) {
#ifdef LAT_GEMM_OWN
  if (rows > 0 && columns > 0 && inner > 0) {
    struct lat_gemm_finish finish = {1, from != NULL ? 1 : 0, from, from_stride, bias};
    own(rows, columns, inner, a, b, packed, &finish, c, stride);
    return;
  }
#endif
  (void)packed;
  /* The sum begins with what is added, so that the product lands on it. */
  for (size_t i = 0; i < rows && (bias != NULL || (from != NULL && from != c)); i++) {
    lat_real *row = c + i * stride;
    if (from != NULL && from != c) memcpy(row, from + i * from_stride, columns * sizeof *row);
    if (from == NULL) memcpy(row, bias, columns * sizeof *row);
    if (from == NULL || bias == NULL) continue;
#pragma omp simd
    for (size_t j = 0; j < columns; j++) row[j] += bias[j];
  }
  lat_gemm(rows, columns, inner, 1, a, b, bias != NULL || from != NULL ? 1 : 0, c, stride);
}

void lat_gemm_parallel(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                       lat_real beta, lat_real *c, size_t stride) {
  size_t down = (rows + TILE_ROWS - 1) / TILE_ROWS, across = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
#pragma omp parallel for schedule(static) if (!omp_in_parallel())
  for (size_t tile = 0; tile < down * across; tile++) {
    size_t i = tile / across * TILE_ROWS, j = tile % across * TILE_COLUMNS;
    struct lat_matrix left = a, right = b;
    left.data += a.transpose ? i : i * a.stride;
    right.data += b.transpose ? j * b.stride : j;
    size_t height = rows - i < TILE_ROWS ? rows - i : TILE_ROWS;
    size_t length = columns - j < TILE_COLUMNS ? columns - j : TILE_COLUMNS;
    lat_gemm(height, length, inner, alpha, left, right, beta, c + i * stride + j, stride);
  }
}

void lat_gemm_reference(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
                        lat_real beta, lat_real *c, size_t stride) {
  for (size_t i = 0; i < rows; i++) {
    for (size_t j = 0; j < columns; j++) {
      double sum = 0.0;
      for (size_t k = 0; k < inner; k++) {
        lat_real left = a.data[a.transpose ? k * a.stride + i : i * a.stride + k];
        lat_real right = b.data[b.transpose ? j * b.stride + k : k * b.stride + j];
        sum += (double)left * (double)right;
      }
      double old = beta == 0 ? 0.0 : (double)beta * (double)c[i * stride + j];
      c[i * stride + j] = (lat_real)((double)alpha * sum + old);
    }
  }
}
