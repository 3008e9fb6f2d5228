/* Narrow channels: what comes out of noise, levels, codebooks and choices, and the gradient that each of them promises. */
#include "lib/nn/channel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/model_help.h"

static struct lat_tape *tape;
static int make_tape(void **state) {
  (void)state;
  return lat_tape_alloc(&tape);
}
static int free_tape(void **state) {
  (void)state;
  lat_tape_free(tape);
  return 0;
}
static void reset(void) { lat_tape_reset(tape); }

/* Loss sum_i weight_i y_i: then the gradient of y is `weight`, whatever y's values are. */
static void pull(struct lat_array *y, float *weight) {
  struct lat_array *by = lat_tape_leaf(tape, y->rows, y->columns, weight, NULL);
  assert_int_equal(lat_tape_backward(tape, lat_total(tape, lat_product(tape, y, by)), 1), LAT_OK);
}

static void noise_is_normal_and_passes_the_gradient(void **state) {
  (void)state;
  enum { N = 400001 };
  static float x[N], dx[N], again[N], weight[N];
  struct lat_random random;
  double sum = 0, square = 0, fourth = 0, beyond = 0;
  help_fill(x, N, 1, 1);
  help_fill(weight, N, 1, 2);
  for (int round = 0; round < 2; round++) {
    reset();
    lat_random_start(&random, 5, "noise", 0);
    memset(dx, 0, sizeof dx);
    struct lat_array *leaf = lat_tape_leaf(tape, 1, N, x, dx), *y = lat_add_noise(tape, leaf, 0.5, &random);
    assert_ptr_equal(lat_add_noise(tape, leaf, 0, &random), leaf);
    if (round == 1) assert_memory_equal(again, y->value, sizeof again);
    memcpy(again, y->value, sizeof again);
    pull(y, weight);
    assert_memory_equal(dx, weight, sizeof dx);
  }
  for (size_t i = 0; i < N; i++) {
    double n = ((double)again[i] - (double)x[i]) / 0.5;
    sum += n, square += n * n, fourth += n * n * n * n, beyond += fabs(n) > 1.959964;
  }
  /* five standard errors each */
  assert_true(fabs(sum / N) <= 5 / sqrt(N));
  assert_true(fabs(square / N - 1) <= 5 * sqrt(2.0 / N));
  assert_true(fabs(fourth / N - 3) <= 5 * sqrt(96.0 / N));
  assert_true(fabs(beyond / N - 0.05) <= 5 * sqrt(0.05 * 0.95 / N));
}

static void levels_are_as_many_as_the_bits_allow_and_the_nearest(void **state) {
  (void)state;
  enum { ROWS = 3, N = 501 };
  static float x[ROWS * N], dx[ROWS * N], weight[ROWS * N];
  help_fill(x, ROWS * N, 2, 3);
  help_fill(weight, ROWS * N, 1, 4);
  for (int scaled = 0; scaled < 2; scaled++)
    for (unsigned bits = 1; bits <= 8; bits++) {
      reset();
      memset(dx, 0, sizeof dx);
      struct lat_array *y = lat_quantise(tape, lat_tape_leaf(tape, ROWS, N, x, dx), bits, scaled ? 0 : 1.5);
      for (size_t r = 0; r < ROWS; r++) {
        double range = 0, seen[256];
        size_t levels = 0;
        for (size_t i = 0; i < N; i++) range = fmax(range, fabs((double)x[r * N + i]));
        if (!scaled) range = 1.5;
        double step = 2 * range / ((1u << bits) - 1);
        for (size_t i = 0; i < N; i++) {
          double in = fmax(-range, fmin(range, (double)x[r * N + i])), out = (double)y->value[r * N + i];
          if (!(fabs(out - in) <= step / 2 * (1 + 1e-5))) fail_msg("%u bits: %g became %g", bits, in, out);
          size_t k = 0;
          while (k < levels && seen[k] != out) k++;
          if (k == levels) {
            assert_true(levels < (size_t)1 << bits);
            seen[levels++] = out;
          }
        }
        if (bits <= 5) assert_int_equal(levels, (size_t)1 << bits); /* 501 numbers reach them all */
      }
      pull(y, weight);
      for (size_t i = 0; i < ROWS * N; i++) assert_true(dx[i] == (scaled || fabsf(x[i]) <= 1.5f ? weight[i] : 0));
    }
}

static void rows_of_zeros_stay_and_numbers_that_are_none_are_not_hidden(void **state) {
  (void)state;
  float x[6] = {0, 0, 0, 1, NAN, 2};
  reset();
  struct lat_array *y = lat_quantise(tape, lat_tape_leaf(tape, 2, 3, x, NULL), 3, 0);
  for (size_t i = 0; i < 3; i++) assert_true(y->value[i] == 0);
  assert_true(isnan(y->value[4]));
  y = lat_quantise(tape, lat_tape_leaf(tape, 2, 3, x, NULL), 3, 1);
  assert_true(isnan(y->value[4]));
}

/* Behind tanh the channel is bounded, and the gradient is tanh's. */
static void behind_tanh_the_gradient_is_that_of_tanh(void **state) {
  (void)state;
  enum { N = 33 };
  float x[N], dx[N] = {0}, weight[N];
  help_fill(x, N, 4, 3);
  help_fill(weight, N, 1, 4);
  reset();
  struct lat_array *y = lat_quantise(tape, lat_tanh(tape, lat_tape_leaf(tape, 1, N, x, dx)), 2, 1);
  pull(y, weight);
  for (size_t i = 0; i < N; i++) {
    double level = ((double)y->value[i] + 1) * 1.5, t = tanh((double)x[i]);
    assert_true(fabs(level - rint(level)) <= 1e-6);
    assert_true(fabs((double)dx[i] - (double)weight[i] * (1 - t * t)) <= 1e-6);
  }
}

static void a_codebook_gives_the_nearest_code_and_pulls_both_together(void **state) {
  (void)state;
  enum { R = 29, D = 5, K = 7 };
  float x[R * D], e[K * D], dx[R * D] = {0}, de[K * D] = {0}, weight[R * D];
  double loss = 0, pull_code[K * D] = {0};
  help_fill(x, R * D, 1, 5);
  help_fill(e, K * D, 1, 6);
  help_fill(weight, R * D, 1, 7);
  memcpy(e + 6 * D, e + 2 * D, D * sizeof *e); /* equals: the first is taken */
  reset();
  struct lat_array *codebook_loss;
  int32_t *index;
  struct lat_array *y =
      lat_codebook(tape, lat_tape_leaf(tape, R, D, x, dx), lat_tape_leaf(tape, K, D, e, de), 0.25, &codebook_loss, &index);
  struct lat_array *by = lat_tape_leaf(tape, R, D, weight, NULL);
  struct lat_array *sum = lat_sum_of(tape, 1, lat_total(tape, lat_product(tape, y, by)), 1, codebook_loss);
  assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  int seen2 = 0;
  for (size_t i = 0; i < R; i++) {
    size_t best = 0;
    double least = 0;
    for (size_t k = 0; k < K; k++) { /* |x|^2 is the same for all */
      double score = 0;
      for (size_t d = 0; d < D; d++) score += (double)e[k * D + d] * ((double)e[k * D + d] - 2 * (double)x[i * D + d]);
      if (k == 0 || score < least) least = score, best = k;
    }
    assert_int_equal(index[i], best);
    seen2 |= best == 2;
    for (size_t d = 0; d < D; d++) {
      double apart = (double)x[i * D + d] - (double)e[best * D + d];
      assert_true(y->value[i * D + d] == e[best * D + d]);
      loss += 1.25 * apart * apart;
      pull_code[best * D + d] -= 2 * apart;
      assert_true(fabs((double)dx[i * D + d] - ((double)weight[i * D + d] + 0.5 * apart)) <= 1e-5);
    }
  }
  assert_true(seen2);
  assert_true(fabs((double)codebook_loss->value[0] - loss) <= 1e-4 * loss);
  for (size_t i = 0; i < K * D; i++) assert_true(fabs((double)de[i] - pull_code[i]) <= 1e-4);
}

static void hard_choices_are_samples_with_the_gradient_of_the_soft_ones(void **state) {
  (void)state;
  enum { R = 20000, K = 4 };
  static float z[R * K], dz[2][R * K], weight[R * K];
  const double logit[K] = {0.5, -1, 1.5, 0};
  struct lat_random random;
  double total = 0, count[K] = {0};
  for (size_t i = 0; i < R * K; i++) z[i] = (float)logit[i % K];
  for (size_t k = 0; k < K; k++) total += exp(logit[k]);
  help_fill(weight, R * K, 1, 8);
  for (int hard = 0; hard < 2; hard++) {
    reset();
    lat_random_start(&random, 5, "gumbel", 0);
    struct lat_array *y = lat_gumbel_softmax(tape, lat_tape_leaf(tape, R, K, z, dz[hard]), 0.3, hard, &random);
    for (size_t i = 0; i < R; i++) {
      float sum = 0, ones = 0;
      for (size_t k = 0; k < K; k++) sum += y->value[i * K + k], ones += y->value[i * K + k] == 1;
      assert_true(fabsf(sum - 1) <= 1e-5f);
      if (!hard) continue;
      assert_true(ones == 1 && sum == 1);
      for (size_t k = 0; k < K; k++) count[k] += (double)y->value[i * K + k];
    }
    pull(y, weight);
  }
  assert_memory_equal(dz[0], dz[1], sizeof dz[0]);
  for (size_t k = 0; k < K; k++) {
    double p = exp(logit[k]) / total;
    if (!(fabs(count[k] / R - p) <= 5 * sqrt(p * (1 - p) / R))) fail_msg("class %zu: %g, not %g", k, count[k] / R, p);
  }
}

static void a_mixture_by_a_hard_choice_is_the_code_itself(void **state) {
  (void)state;
  float z[3 * 4] = {0, 3, 1, 2, 9, 1, 1, 1, 0, 0, 5, 5}, e[4 * 2] = {1, 2, 3, 4, 5, 6, 7, 8};
  const float expected[6] = {3, 4, 1, 2, 5, 6};
  reset();
  struct lat_array *choice = lat_gumbel_softmax(tape, lat_tape_leaf(tape, 3, 4, z, NULL), 1, 1, NULL);
  struct lat_array *y = lat_mix(tape, choice, lat_tape_leaf(tape, 4, 2, e, NULL));
  assert_memory_equal(y->value, expected, sizeof expected);
}

static void memory_that_runs_out_is_a_status(void **state) {
  (void)state;
  enum { R = 64, D = 256 };
  static float x[R * D], dx[R * D], e[9 * D], de[9 * D];
  size_t before = lat_memory_current();
  int ended = 0;
  uint64_t k = 1;
  for (; k < 100 && !ended; k++) {
    struct lat_tape *own = NULL;
    struct lat_array *loss;
    struct lat_random random;
    lat_random_start(&random, 1, "memory", 0);
    lat_memory_fail_at(k);
    int status = lat_tape_alloc(&own);
    if (status == LAT_OK) {
      struct lat_array *h = lat_tape_leaf(own, R, D, x, dx), *codes = lat_tape_leaf(own, 9, D, e, de);
      h = lat_quantise(own, lat_add_noise(own, h, 1, &random), 3, 0);
      h = lat_codebook(own, h, codes, 0.25, &loss, NULL);
      h = lat_mix(own, lat_gumbel_softmax(own, lat_linear(own, h, codes, NULL, NULL), 1, 1, &random), codes);
      struct lat_array *sum = lat_sum_of(own, 1, lat_total(own, h), 1, loss);
      status = sum != NULL ? lat_tape_backward(own, sum, 1) : lat_tape_status(own);
    }
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    ended = status == LAT_OK;
    lat_tape_free(own);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_true(ended && k > 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_is_normal_and_passes_the_gradient),
      cmocka_unit_test(levels_are_as_many_as_the_bits_allow_and_the_nearest),
      cmocka_unit_test(rows_of_zeros_stay_and_numbers_that_are_none_are_not_hidden),
      cmocka_unit_test(behind_tanh_the_gradient_is_that_of_tanh),
      cmocka_unit_test(a_codebook_gives_the_nearest_code_and_pulls_both_together),
      cmocka_unit_test(hard_choices_are_samples_with_the_gradient_of_the_soft_ones),
      cmocka_unit_test(a_mixture_by_a_hard_choice_is_the_code_itself),
      cmocka_unit_test(memory_that_runs_out_is_a_status),
  };
  return cmocka_run_group_tests(tests, make_tape, free_tape);
}
