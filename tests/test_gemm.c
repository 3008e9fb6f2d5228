/* Matrix products: held to sums in double for all ways to store the operands, and to the same bits for any threads. */
#include "lib/nn/gemm.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

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
    if (!(error <= 0x1p-24 * (4.0 + (double)inner)))
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
      cmocka_unit_test(products_agree_with_sums_in_double), cmocka_unit_test(the_tiled_form_agrees_too),
      cmocka_unit_test(empty_products_are_defined),         cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
      cmocka_unit_test(sums_of_half_integers_are_exact),    cmocka_unit_test(the_provider_has_a_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
