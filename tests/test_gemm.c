/* Matrix products: held to sums in double for all ways to store the operands, and to the same bits for any threads. */
#include "lib/nn/gemm.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cblas.h>
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"

typedef void gemm(size_t, size_t, size_t, float, struct lat_matrix, struct lat_matrix, float, float *, size_t);

static float *numbers(size_t count, uint64_t seed) {
  struct lat_random random;
  float *x = lat_alloc(count, sizeof *x);
  assert_non_null(x);
  lat_random_start(&random, seed, "test", 3);
  for (size_t i = 0; i < count; i++) x[i] = (float)(2.0 * lat_random_uniform(&random) - 1.0);
  return x;
}

static void compare(gemm *fast, size_t rows, size_t columns, size_t inner, unsigned how, float alpha, float beta) {
  size_t gap = how / 4 % 3, a_stride = (how & 1 ? rows : inner) + gap, b_stride = (how & 2 ? inner : columns) + gap;
  size_t a_count = (how & 1 ? inner : rows) * a_stride, b_count = (how & 2 ? columns : inner) * b_stride;
  size_t stride = columns + gap, count = rows * stride;
  float *a = numbers(a_count, 1), *b = numbers(b_count, 2), *c = numbers(count, 3), *plain = numbers(count, 3);
  for (size_t i = 0; beta == 0.0f && i < rows; i++) /* must be overwritten, not multiplied */
    for (size_t j = 0; j < columns; j++) c[i * stride + j] = NAN;
  struct lat_matrix left = {a, a_stride, (how & 1) != 0}, right = {b, b_stride, (how & 2) != 0};
  fast(rows, columns, inner, alpha, left, right, beta, c, stride);
  lat_gemm_reference(rows, columns, inner, alpha, left, right, beta, plain, stride);
  for (size_t i = 0; i < count; i++) {
    double error = fabs((double)c[i] - (double)plain[i]);
    if (!(error <= 0x1p-22 * (4.0 + (double)inner)))
      fail_msg("%zu x %zu x %zu, how %u, at %zu: %.9g and %.9g", rows, columns, inner, how, i, (double)c[i],
               (double)plain[i]);
  }
  float *all[] = {a, b, c, plain};
  for (size_t i = 0; i < 4; i++) lat_free(all[i]);
}

static void products_agree_with_sums_in_double(void **unused) {
  (void)unused;
  const size_t sizes[][3] = {{1, 1, 1}, {1, 7, 3}, {7, 1, 33}, {3, 5, 1}, {17, 19, 23}, {64, 64, 64}, {65, 33, 129}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (unsigned how = 0; how < 12; how++)
      compare(lat_gemm, sizes[i][0], sizes[i][1], sizes[i][2], how, how % 5 ? 1.0f : -0.37f, 0.5f * (float)(how % 3));
}

/* Sums that are cut into pieces, left sides whose rows lie far apart, more rows than are taken at once. */
static void large_products_agree_too(void **unused) {
  (void)unused;
  const size_t sizes[][3] = {{1030, 131, 70}, {13, 70, 1100}, {200, 129, 513}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (unsigned how = 0; how < 12; how++)
      compare(lat_gemm, sizes[i][0], sizes[i][1], sizes[i][2], how, how % 5 ? 1.0f : -0.37f, 0.5f * (float)(how % 3));
}

static void products_agree_with_the_library(void **unused) {
  (void)unused;
  enum { ROWS = 77, COLUMNS = 150, INNER = 260 };
  float *a = numbers(ROWS * INNER, 1), *b = numbers(COLUMNS * INNER, 2), *c = numbers(ROWS * COLUMNS, 3);
  float *theirs = numbers(ROWS * COLUMNS, 3);
  for (int how = 0; how < 4; how++) {
    size_t a_stride = how & 1 ? ROWS : INNER, b_stride = how & 2 ? INNER : COLUMNS;
    lat_gemm(ROWS, COLUMNS, INNER, 0.5f, (struct lat_matrix){a, a_stride, how & 1},
             (struct lat_matrix){b, b_stride, how & 2}, 1.0f, c, COLUMNS);
    cblas_sgemm(CblasRowMajor, how & 1 ? CblasTrans : CblasNoTrans, how & 2 ? CblasTrans : CblasNoTrans, ROWS, COLUMNS,
                INNER, 0.5f, a, (int)a_stride, b, (int)b_stride, 1.0f, theirs, COLUMNS);
    for (size_t i = 0; i < ROWS * COLUMNS; i++)
      if (!(fabs((double)c[i] - (double)theirs[i]) <= 0x1p-22 * INNER))
        fail_msg("how %d at %zu: %.9g, and by the library %.9g", how, i, (double)c[i], (double)theirs[i]);
  }
  float *all[] = {a, b, c, theirs};
  for (size_t i = 0; i < 4; i++) lat_free(all[i]);
}

/* Packed or not, onto something or not: what lat_gemm gives, and with the kernel of this library the very same bits. */
static void a_packed_matrix_gives_the_same(void **unused) {
  (void)unused;
  const size_t sizes[][3] = {{1, 1, 1}, {5, 64, 40}, {50, 64, 33}, {200, 131, 600}, {7, 40, 70}};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    size_t rows = sizes[s][0], columns = sizes[s][1], inner = sizes[s][2], count = lat_gemm_packed_count(columns, inner);
    float *a = numbers(rows * inner, 1), *b = numbers(columns * inner, 2), *packed = numbers(count, 9);
    float *from = numbers(rows * columns, 3), *bias = numbers(columns, 4);
    float *c = numbers(rows * columns, 5), *plain = numbers(rows * columns, 5);
    for (int how = 0; how < 16; how++) {
      struct lat_matrix left = {a, how & 1 ? rows : inner, how & 1}, right = {b, how & 2 ? inner : columns, (how & 2) != 0};
      lat_gemm_pack(columns, inner, right, packed);
      for (size_t i = 0; i < rows * columns; i++)
        plain[i] = (how & 4 ? from[i] : 0) + (how & 8 ? bias[i % columns] : 0), c[i] = NAN;
      lat_gemm_reference(rows, columns, inner, 1, left, right, 1, plain, columns);
      lat_gemm_onto(rows, columns, inner, left, right, NULL, how & 4 ? from : NULL, columns, how & 8 ? bias : NULL, c,
                    columns);
      for (size_t i = 0; i < rows * columns; i++)
        if (!(fabs((double)c[i] - (double)plain[i]) <= 0x1p-22 * (4.0 + (double)inner)))
          fail_msg("%zu x %zu x %zu, how %d, at %zu: %.9g and %.9g", rows, columns, inner, how, i, (double)c[i],
                   (double)plain[i]);
      if (count == 0) continue;
      lat_gemm_onto(rows, columns, inner, left, right, packed, how & 4 ? from : NULL, columns, how & 8 ? bias : NULL, plain,
                    columns);
      assert_memory_equal(c, plain, rows * columns * sizeof *c);
    }
    float *all[] = {a, b, packed, from, bias, c, plain};
    for (size_t i = 0; i < 7; i++) lat_free(all[i]);
  }
}

#ifndef LAT_GEMM_LIBRARY
#if defined __AVX512F__ || (defined __AVX2__ && defined __FMA__)
/* Each element is one sum of fused multiply-adds in the order of the inner index, in pieces of 512: the same bits for any number of
 * rows and columns, wherever the numbers lie, on every processor that this kernel runs on. */
static void the_kernel_sums_in_a_fixed_order(void **unused) {
  (void)unused;
  enum { ROWS = 29, COLUMNS = 75, INNER = 531 };
  float *a = numbers(ROWS * INNER + 1, 1), *b = numbers(COLUMNS * INNER + 1, 2), *c = numbers(ROWS * COLUMNS, 3);
  for (size_t shift = 0; shift < 2; shift++) {
    for (size_t rows = ROWS; rows <= ROWS; rows -= 7) {
      for (size_t columns = COLUMNS; columns >= 1; columns /= 2) {
        lat_gemm(rows, columns, INNER, 1, (struct lat_matrix){a + shift, INNER, 0},
                 (struct lat_matrix){b + shift, INNER, 1}, 0, c, COLUMNS);
        for (size_t i = 0; i < rows; i++) {
          for (size_t j = 0; j < columns; j++) {
            float piece[2] = {0, 0};
            for (size_t k = 0; k < INNER; k++)
              piece[k / 512] = fmaf(a[shift + i * INNER + k], b[shift + j * INNER + k], piece[k / 512]);
            assert_true(c[i * COLUMNS + j] == piece[0] + piece[1]);
          }
        }
      }
    }
  }
  float *all[] = {a, b, c};
  for (size_t i = 0; i < 3; i++) lat_free(all[i]);
}
#define KERNEL_TEST cmocka_unit_test(the_kernel_sums_in_a_fixed_order),
#endif
#endif
#ifndef KERNEL_TEST
#define KERNEL_TEST
#endif

static void the_tiled_form_agrees_too(void **unused) {
  (void)unused;
  const size_t sizes[][3] = {{1, 1, 1}, {128, 512, 3}, {129, 513, 5}, {300, 70, 31}, {5, 1100, 9}};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (unsigned how = 0; how < 12; how++)
      compare(lat_gemm_parallel, sizes[i][0], sizes[i][1], sizes[i][2], how, 1.0f, 0.5f * (float)(how % 3));
}

static void empty_products_are_defined(void **unused) {
  (void)unused;
  float c[4] = {1.0f, 2.0f, 3.0f, 4.0f}, x[4] = {9.0f};
  struct lat_matrix any = {x, 2, 0};
  lat_gemm(0, 2, 2, 1.0f, any, any, 0.0f, c, 2);
  lat_gemm(2, 0, 2, 1.0f, any, any, 0.0f, c, 2);
  assert_true(c[0] == 1.0f && c[3] == 4.0f);
  lat_gemm(2, 2, 0, 1.0f, any, any, 0.5f, c, 2);
  assert_true(c[0] == 0.5f && c[3] == 2.0f);
  c[1] = NAN;
  lat_gemm(2, 2, 0, 1.0f, any, any, 0.0f, c, 2);
  assert_true(c[0] == 0.0f && c[1] == 0.0f);
}

static void any_number_of_threads_gives_the_same_bits(void **unused) {
  (void)unused;
  enum { ROWS = 517, COLUMNS = 531, INNER = 77 };
  int before = omp_get_max_threads();
  float *a = numbers(ROWS * INNER, 4), *b = numbers(COLUMNS * INNER, 5), *one = numbers(ROWS * COLUMNS, 6);
  struct lat_matrix left = {a, INNER, 0}, right = {b, INNER, 1};
  omp_set_num_threads(1);
  lat_gemm_parallel(ROWS, COLUMNS, INNER, 1.0f, left, right, 0.0f, one, COLUMNS);
  for (int threads = 2; threads <= 4; threads++) {
    float *c = numbers(ROWS * COLUMNS, 7);
    omp_set_num_threads(threads);
    lat_gemm_parallel(ROWS, COLUMNS, INNER, 1.0f, left, right, 0.0f, c, COLUMNS);
    assert_memory_equal(c, one, ROWS * COLUMNS * sizeof *c);
    lat_free(c);
  }
  /* inside a parallel region each caller works alone */
  float *mine[2] = {numbers(ROWS * COLUMNS, 8), numbers(ROWS * COLUMNS, 9)};
#pragma omp parallel for num_threads(2)
  for (int i = 0; i < 2; i++) lat_gemm_parallel(ROWS, COLUMNS, INNER, 1.0f, left, right, 0.0f, mine[i], COLUMNS);
  for (int i = 0; i < 2; i++) {
    assert_memory_equal(mine[i], one, ROWS * COLUMNS * sizeof(float));
    lat_free(mine[i]);
  }
  omp_set_num_threads(before);
  lat_free(a);
  lat_free(b);
  lat_free(one);
}

static void sums_of_half_integers_are_exact(void **unused) {
  (void)unused;
  /* what bit-exact circuits stand on: products of +-1, +-1/2 and 0 have exact sums in any order */
  enum { N = 203 };
  float *a = numbers(N * N, 10), *b = numbers(N * N, 11), *c = numbers(N * N, 12), *plain = numbers(N * N, 12);
  for (size_t i = 0; i < N * N; i++) a[i] = roundf(2.0f * a[i]) / 2.0f, b[i] = roundf(2.0f * b[i]) / 2.0f;
  lat_gemm(N, N, N, 1.0f, (struct lat_matrix){a, N, 0}, (struct lat_matrix){b, N, 1}, 0.0f, c, N);
  lat_gemm_reference(N, N, N, 1.0f, (struct lat_matrix){a, N, 0}, (struct lat_matrix){b, N, 1}, 0.0f, plain, N);
  for (size_t i = 0; i < N * N; i++) assert_true(c[i] == plain[i]);
  float *all[] = {a, b, c, plain};
  for (size_t i = 0; i < 4; i++) lat_free(all[i]);
}

static void the_provider_has_a_name(void **unused) {
  (void)unused;
  assert_true(strlen(lat_gemm_provider()) >= 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      KERNEL_TEST cmocka_unit_test(large_products_agree_too),
      cmocka_unit_test(products_agree_with_the_library),
      cmocka_unit_test(a_packed_matrix_gives_the_same),
      cmocka_unit_test(products_agree_with_sums_in_double),
      cmocka_unit_test(the_tiled_form_agrees_too),
      cmocka_unit_test(empty_products_are_defined),
      cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
      cmocka_unit_test(sums_of_half_integers_are_exact),
      cmocka_unit_test(the_provider_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
