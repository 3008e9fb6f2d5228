#include "lib/nn/gemm.h"

#include <assert.h>
#include <cblas.h>
#include <limits.h>
#include <omp.h>
#include <pthread.h>

#ifdef LAT_DOUBLE
#define PRODUCT cblas_dgemm
#else
#define PRODUCT cblas_sgemm
#endif

enum { TILE_ROWS = 128, TILE_COLUMNS = 512 };

/* OpenBLAS only; absent, and then null, with another CBLAS. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern char *openblas_get_config(void) __attribute__((weak));

static pthread_once_t started = PTHREAD_ONCE_INIT;

/* A BLAS with threads of its own inside our threads is ten times slower, and its split would move the bits. */
static void start(void) {
  if (openblas_set_num_threads) openblas_set_num_threads(1);
}

const char *lat_gemm_provider(void) { return openblas_get_config ? openblas_get_config() : "CBLAS"; }

static void scale(size_t rows, size_t columns, lat_real beta, lat_real *c, size_t stride) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) c[i * stride + j] = beta == 0 ? 0 : beta * c[i * stride + j];
}

void lat_gemm(size_t rows, size_t columns, size_t inner, lat_real alpha, struct lat_matrix a, struct lat_matrix b,
              lat_real beta, lat_real *c, size_t stride) {
  assert(rows <= INT_MAX && columns <= INT_MAX && inner <= INT_MAX);
  assert(a.stride <= INT_MAX && b.stride <= INT_MAX && stride <= INT_MAX && stride >= columns);
  if (rows == 0 || columns == 0) return;
  if (inner == 0) {
    scale(rows, columns, beta, c, stride);
    return;
  }
  pthread_once(&started, start);
  PRODUCT(CblasRowMajor, a.transpose ? CblasTrans : CblasNoTrans, b.transpose ? CblasTrans : CblasNoTrans, (int)rows,
          (int)columns, (int)inner, alpha, a.data, (int)a.stride, b.data, (int)b.stride, beta, c, (int)stride);
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
