/* Spectra and rate-distortion on clouds whose answer is known. */
#include <gsl/gsl_errno.h>
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/quantise.h"
#include "lib/info/spectrum.h"
#include "lib/nn/channel.h"
#include "lib/nn/operation.h"
#include "tests/info_help.h"

enum { N = 4000, D = 12 };
static float x[N * D], y[N * D];

static void a_spectrum_of_equal_or_single_directions(void **state) {
  (void)state;
  double equal[8] = {3, 3, 3, 3, 3, 3, 3, 3}, one[4] = {0, 5, 0, 0}, none[2] = {0, 0}, two[3] = {3, 1, 0};
  struct lat_spectrum s = lat_spectrum_of(equal, 8);
  help_near(s.participation, 8, 1e-12, "participation"), help_near(s.effective_rank, 8, 1e-9, "rank");
  help_near(s.entropy, 3, 1e-12, "entropy"), help_near(s.total, 24, 0, "total");
  s = lat_spectrum_of(one, 4);
  help_near(s.participation, 1, 0, "one"), help_near(s.effective_rank, 1, 0, "one"), help_near(s.entropy, 0, 0, "one");
  s = lat_spectrum_of(none, 2);
  assert_true(s.participation == 0 && s.effective_rank == 0 && s.total == 0);
  s = lat_spectrum_of(two, 3);
  help_near(s.participation, 1.6, 1e-12, "3 to 1"), help_near(s.entropy, 0.25 * 2 + 0.75 * log2(4.0 / 3), 1e-12, "3 to 1");
}

/* Rotated: x = scale_a g_a u_a + scale_b g_b u_b + mean; the two directions and their variances come back. */
static void directions_and_variances_come_back(void **state) {
  (void)state;
  double mean[D], value[D], direction[D * D];
  struct lat_spectrum s;
  help_normal(y, N * 2, 1);
  for (size_t i = 0; i < N; i++)
    for (size_t c = 0; c < D; c++) /* u_a = (1, 1, ...) / sqrt D, u_b = (1, -1, 1, ...) / sqrt D */
      x[i * D + c] = 2 + (4 * y[2 * i] + (c % 2 ? -1 : 1) * y[2 * i + 1]) / (float)sqrt(D);
  assert_int_equal(lat_spectrum(x, N, D, mean, value, direction, &s), LAT_OK);
  help_near(value[0], 16, 1.5, "first variance"), help_near(value[1], 1, 0.1, "second variance");
  help_near(value[2], 0, 1e-5, "no third");
  help_near(mean[0], 2, 0.1, "mean");
  for (size_t c = 0; c < D; c++) help_near(fabs(direction[c]), 1 / sqrt(D), 0.01, "first direction");
  help_near(s.participation, 17.0 * 17 / 257, 0.03, "participation");
  /* what projection leaves out is the sum of the other eigenvalues */
  for (size_t kept = 0; kept <= 2; kept++) {
    double off = 0, rest = 0;
    assert_int_equal(lat_spectrum_project(x, N, D, mean, direction, kept, y), LAT_OK);
    for (size_t i = 0; i < N * D; i++) off += ((double)x[i] - (double)y[i]) * ((double)x[i] - (double)y[i]) / N;
    for (size_t i = kept; i < D; i++) rest += value[i];
    help_near(off, rest, 1e-4 * (1 + rest), "left out");
  }
  x[5] = (float)INFINITY;
  assert_int_equal(lat_spectrum(x, N, D, NULL, NULL, NULL, &s), LAT_INPUT);
  assert_int_equal(lat_spectrum(x, 0, D, NULL, NULL, NULL, &s), LAT_INPUT);
}

/* d n / (n + d) for n samples of d equal directions. */
static void few_samples_show_fewer_directions(void **state) {
  (void)state;
  struct lat_spectrum s;
  for (size_t n = 12; n <= 1200; n *= 10) {
    double sum = 0;
    for (uint64_t trial = 0; trial < 20; trial++) {
      help_normal(x, n * D, 50 + trial);
      assert_int_equal(lat_spectrum(x, n, D, NULL, NULL, NULL, &s), LAT_OK);
      sum += s.participation / 20;
    }
    help_near(sum, (double)(D * n) / (double)(n + D), 0.5, "participation of few");
  }
  assert_int_equal(lat_spectrum(x, 1, D, NULL, NULL, NULL, &s), LAT_OK);
  assert_true(s.total == 0 && s.participation == 0);
}

/* Table II of Max (1960). */
static void the_best_step_is_the_one_of_max(void **state) {
  (void)state;
  static const double table[][2] = {
      {1.596, 0.3634}, {0.9957, 0.1188}, {0.5860, 0.03744}, {0.3352, 0.01154}, {0.1881, 0.003495}};
  for (unsigned bits = 1; bits <= 5; bits++) {
    double step, error;
    lat_quantise_normal_step(bits, &step, &error);
    help_near(step, table[bits - 1][0], 6e-5 * (bits == 1 ? 10 : 1), "step");
    help_near(error, table[bits - 1][1], 6e-5 * table[bits - 1][1] + (bits == 1 ? 5e-5 : bits == 2 ? 5e-5 : 5e-6), "error");
  }
}

/* No rounding of Gaussian numbers passes the line, and the best even levels come out where the integral says. */
static void rounding_stays_above_the_gaussian_line(void **state) {
  (void)state;
  enum { LONG = 400, ROWS = N * D / LONG };
  struct lat_distortion found;
  double variance = 0, step, expected;
  help_normal(x, N * D, 9);
  for (size_t i = 0; i < N * D; i++) variance += (double)x[i] * (double)x[i] / (N * D);
  for (unsigned bits = 1; bits <= 10; bits++) {
    lat_quantise_normal_step(bits, &step, &expected);
    assert_int_equal(lat_quantise_normal(x, ROWS, LONG, bits, y, &found), LAT_OK);
    /* with many levels half of the error is that of a few numbers in the tails */
    help_near(found.error / expected, 1, bits <= 6 ? 0.05 : 0.15, "best even levels");
    help_near(found.bits, bits * LONG + 64, 0, "bits");
    for (int which = 0; which < 3; which++) {
      if (which == 1) assert_int_equal(lat_quantise_largest(x, ROWS, LONG, bits, y, &found), LAT_OK);
      if (which == 2) assert_int_equal(lat_quantise_fixed(x, ROWS, LONG, bits, 3, y, &found), LAT_OK);
      double line = lat_quantise_gaussian_bits(&variance, 1, found.error) * LONG;
      if (!(found.bits >= line)) fail_msg("%g bits at an error that needs %g", found.bits, line);
    }
  }
  help_near(lat_quantise_gaussian_bits(&variance, 1, variance / 16), 2, 1e-9, "D = v / 16");
  double two[2] = {4, 1};
  help_near(lat_quantise_gaussian_bits(two, 2, 0.25), 2 + 1, 1e-9, "both above the water");
  help_near(lat_quantise_gaussian_bits(two, 2, 1.5), 0.5, 1e-9, "one under it");
  help_near(lat_quantise_gaussian_bits(two, 2, 2.5), 0, 0, "no bits needed");
}

/* The same levels as the channel that models are trained with, and never further off than half a step. */
static void levels_are_those_of_the_trained_channel(void **state) {
  (void)state;
  struct lat_tape *tape;
  struct lat_distortion found;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  help_normal(x, 30 * D, 4);
  for (unsigned bits = 1; bits <= 12; bits += 3)
    for (int fixed = 0; fixed < 2; fixed++) {
      lat_tape_reset(tape);
      struct lat_array *z = lat_quantise(tape, lat_tape_leaf(tape, 30, D, x, NULL), bits, fixed ? 1.5 : 0);
      assert_int_equal(
          fixed ? lat_quantise_fixed(x, 30, D, bits, 1.5, y, &found) : lat_quantise_largest(x, 30, D, bits, y, &found),
          LAT_OK);
      for (size_t i = 0; i < 30 * D; i++) help_near((double)y[i], (double)z->value[i], 2e-6, "level");
    }
  lat_tape_free(tape);
  memset(x, 0, D * sizeof *x);
  assert_int_equal(lat_quantise_largest(x, 1, D, 4, y, &found), LAT_OK);
  help_near(found.error, 0, 0, "zeros stay");
  assert_int_equal(lat_quantise_normal(x, 1, D, 4, y, &found), LAT_OK);
  help_near(found.error, 0, 0, "zeros stay");
  assert_int_equal(lat_quantise_fixed(x, 1, D, 0, 1, y, &found), LAT_INPUT);
  assert_int_equal(lat_quantise_fixed(x, 1, D, 4, 0, y, &found), LAT_INPUT);
  assert_int_equal(lat_quantise_normal(x, 1, D, 17, y, &found), LAT_INPUT);
}

/* Eight far clumps: eight codes leave their inner variance only, and the labels are the clumps. */
static void a_codebook_finds_clumps(void **state) {
  (void)state;
  enum { K = 8, SMALL = 800, d = 3 };
  float codes[K * d];
  static uint32_t index[SMALL];
  struct lat_distortion found;
  size_t used;
  help_normal(x, SMALL * d, 12);
  for (size_t i = 0; i < SMALL; i++)
    for (size_t c = 0; c < d; c++) x[i * d + c] = 0.1F * x[i * d + c] + ((i >> c) & 1 ? 5 : -5);
  assert_int_equal(lat_quantise_train(x, SMALL, d, K, 50, 1, codes, &used), LAT_OK);
  assert_true(used < 50);
  assert_int_equal(lat_quantise_codebook(x, SMALL, d, codes, K, index, y, &found), LAT_OK);
  help_near(found.error, 0.01, 0.001, "inner variance"), help_near(found.bits, 3, 0, "bits");
  for (size_t i = 8; i < SMALL; i++) assert_int_equal(index[i], index[i % 8]);
  assert_memory_equal(y, codes + index[0] * d, d * sizeof(float));
  /* one code is the mean; as many codes as vectors leave nothing; more are refused */
  assert_int_equal(lat_quantise_train(x, SMALL, d, 1, 50, 1, codes, NULL), LAT_OK);
  assert_int_equal(lat_quantise_codebook(x, SMALL, d, codes, 1, NULL, NULL, &found), LAT_OK);
  help_near(found.error, 25.01, 0.05, "one code"), help_near(found.bits, 0, 0, "no bits");
  assert_int_equal(lat_quantise_train(x, K, d, K, 50, 1, codes, NULL), LAT_OK);
  assert_int_equal(lat_quantise_codebook(x, K, d, codes, K, NULL, NULL, &found), LAT_OK);
  help_near(found.error, 0, 0, "a code each");
  assert_int_equal(lat_quantise_train(x, 5, d, 6, 50, 1, codes, NULL), LAT_INPUT);
}

static void a_codebook_of_normal_numbers_is_that_of_lloyd_and_max(void **state) {
  (void)state;
  float codes[8];
  struct lat_distortion found;
  help_normal(x, N * D, 13);
  /* Table I of Max (1960): the least errors with uneven levels, 2, 4 and 8 of them */
  static const double least[] = {0.3634, 0.1175, 0.03454};
  for (size_t b = 0; b < 3; b++) {
    size_t K = (size_t)2 << b;
    assert_int_equal(lat_quantise_train(x, N * D, 1, K, 300, 2, codes, NULL), LAT_OK);
    assert_int_equal(lat_quantise_codebook(x, N * D, 1, codes, K, NULL, NULL, &found), LAT_OK);
    help_near(found.error / least[b], 1, 0.04, "Lloyd");
  }
}

static void codebooks_do_not_depend_on_threads(void **state) {
  (void)state;
  float one[16 * D], five[16 * D];
  help_normal(x, 300 * D, 14);
  for (size_t i = 0; i < 100 * D; i++) x[i] = x[100 * D + i]; /* equals among them */
  omp_set_num_threads(1);
  assert_int_equal(lat_quantise_train(x, 300, D, 16, 20, 3, one, NULL), LAT_OK);
  omp_set_num_threads(5);
  assert_int_equal(lat_quantise_train(x, 300, D, 16, 20, 3, five, NULL), LAT_OK);
  omp_set_num_threads(2);
  assert_memory_equal(one, five, sizeof one);
}

static int all_job(void) {
  double mean[2], direction[4];
  float codes[4];
  struct lat_spectrum s;
  struct lat_distortion found;
  int status = lat_spectrum(x, 9, 2, mean, NULL, direction, &s);
  if (status == LAT_OK) status = lat_spectrum_project(x, 9, 2, mean, direction, 1, y);
  if (status == LAT_OK) status = lat_quantise_train(x, 9, 2, 2, 5, 0, codes, NULL);
  if (status == LAT_OK) status = lat_quantise_codebook(x, 9, 2, codes, 2, NULL, NULL, &found);
  return status;
}
static void memory_that_fails_is_told(void **state) {
  (void)state;
  help_fail_each(all_job);
}

int main(void) {
  gsl_set_error_handler_off();
  omp_set_num_threads(2);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_spectrum_of_equal_or_single_directions),
      cmocka_unit_test(directions_and_variances_come_back),
      cmocka_unit_test(few_samples_show_fewer_directions),
      cmocka_unit_test(the_best_step_is_the_one_of_max),
      cmocka_unit_test(rounding_stays_above_the_gaussian_line),
      cmocka_unit_test(levels_are_those_of_the_trained_channel),
      cmocka_unit_test(a_codebook_finds_clumps),
      cmocka_unit_test(a_codebook_of_normal_numbers_is_that_of_lloyd_and_max),
      cmocka_unit_test(codebooks_do_not_depend_on_threads),
      cmocka_unit_test(memory_that_fails_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
