/* Attention: held to its definition in double for every mask, and to exact properties. */
#include "lib/nn/attention.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"

static float *numbers(size_t count, uint64_t seed) {
  struct lat_random random;
  float *x = lat_alloc(count, sizeof *x);
  assert_non_null(x);
  lat_random_start(&random, seed, "test", 5);
  for (size_t i = 0; i < count; i++) x[i] = (float)(2.0 * lat_random_uniform(&random) - 1.0);
  return x;
}

struct problem {
  struct lat_attention_shape shape;
  float *q, *k, *v, *y, *scratch;
  size_t values; /* numbers in v and y */
};

static struct problem start(size_t batch, size_t sequence, enum lat_mask mask, size_t window) {
  struct problem p = {.shape = {batch, sequence, 3, 4, 5, mask, window, 1.7f, {LAT_DTYPE_FP32, LAT_DTYPE_FP32}}};
  size_t tokens = batch * sequence;
  p.values = tokens * 15;
  p.q = numbers(tokens * 12, 1);
  p.k = numbers(tokens * 12, 2);
  p.v = numbers(p.values, 3);
  p.y = numbers(p.values, 4);
  p.scratch = numbers(4 * lat_attention_scratch(sequence), 5);
  return p;
}

static void attend(struct problem *p, int threads) {
  lat_attention_forward(&p->shape, p->q, p->k, p->v, p->y, p->scratch, threads, lat_attention_scratch(p->shape.sequence));
}

static void stop(struct problem *p) {
  float *all[] = {p->q, p->k, p->v, p->y, p->scratch};
  for (size_t i = 0; i < 5; i++) lat_free(all[i]);
}

static const size_t lengths[] = {1, 2, 17, 63, 64, 65, 130};

static void every_mask_agrees_with_the_definition(void **unused) {
  (void)unused;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    for (unsigned kind = 0; kind < 5; kind++) {
      const size_t windows[] = {0, 0, 1, 7, 200};
      struct problem p = start(2, lengths[i], kind < 2 ? (enum lat_mask)kind : LAT_MASK_WINDOW, windows[kind]);
      float *plain = numbers(p.values, 6);
      double *weights = lat_alloc(lengths[i], sizeof *weights);
      attend(&p, 2);
      lat_attention_reference(&p.shape, p.q, p.k, p.v, plain, weights);
      for (size_t n = 0; n < p.values; n++)
        if (!(fabs((double)p.y[n] - (double)plain[n]) <= 2e-6)) fail_msg("S %zu kind %u at %zu", lengths[i], kind, n);
      lat_free(plain);
      lat_free(weights);
      stop(&p);
    }
  }
}

static void a_window_of_one_copies_the_value_and_a_wide_one_is_causal(void **unused) {
  (void)unused;
  struct problem one = start(2, 70, LAT_MASK_WINDOW, 1), wide = start(2, 70, LAT_MASK_WINDOW, 70);
  struct problem causal = start(2, 70, LAT_MASK_CAUSAL, 0);
  attend(&one, 1);
  attend(&wide, 1);
  attend(&causal, 1);
  assert_memory_equal(one.y, one.v, one.values * sizeof(float));
  assert_memory_equal(wide.y, causal.y, wide.values * sizeof(float));
  stop(&one);
  stop(&wide);
  stop(&causal);
}

static void the_range_of_a_mask_is_what_it_says(void **unused) {
  (void)unused;
  size_t first, end;
  lat_attention_range(LAT_MASK_FULL, 0, 9, 3, &first, &end);
  assert_true(first == 0 && end == 9);
  lat_attention_range(LAT_MASK_CAUSAL, 0, 9, 3, &first, &end);
  assert_true(first == 0 && end == 4);
  lat_attention_range(LAT_MASK_WINDOW, 2, 9, 3, &first, &end);
  assert_true(first == 2 && end == 4);
  lat_attention_range(LAT_MASK_WINDOW, 5, 9, 3, &first, &end);
  assert_true(first == 0 && end == 4);
}

static void sequences_of_a_batch_do_not_meet(void **unused) {
  (void)unused;
  struct problem p = start(2, 66, LAT_MASK_FULL, 0), other = start(2, 66, LAT_MASK_FULL, 0);
  for (size_t i = 0; i < 66 * 12; i++) other.k[66 * 12 + i] += 2.0f;
  attend(&p, 1);
  attend(&other, 1);
  assert_memory_equal(p.y, other.y, p.values / 2 * sizeof(float));
  assert_memory_not_equal(p.y + p.values / 2, other.y + p.values / 2, p.values / 2 * sizeof(float));
  stop(&p);
  stop(&other);
}

static void a_key_far_above_the_others_is_fetched_exactly(void **unused) {
  (void)unused;
  for (size_t target = 0; target < 66; target += 13) {
    struct problem p = start(1, 66, LAT_MASK_FULL, 0);
    for (size_t i = 0; i < 66 * 12; i++) p.q[i] = i % 4 == 0 ? 10.0f : 0.0f;
    for (size_t i = 0; i < 66 * 12; i++) p.k[i] = i / 12 == target ? 8.0f : -8.0f; /* scores +-136 */
    attend(&p, 1);
    for (size_t i = 0; i < 66; i++) assert_memory_equal(p.y + i * 15, p.v + target * 15, 15 * sizeof(float));
    stop(&p);
  }
}

static void any_number_of_threads_gives_the_same_bits(void **unused) {
  (void)unused;
  struct problem one = start(3, 130, LAT_MASK_CAUSAL, 0);
  attend(&one, 1);
  for (int threads = 2; threads <= 4; threads++) {
    struct problem p = start(3, 130, LAT_MASK_CAUSAL, 0);
    attend(&p, threads);
    assert_memory_equal(p.y, one.y, p.values * sizeof(float));
    stop(&p);
  }
  stop(&one);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_mask_agrees_with_the_definition),
      cmocka_unit_test(a_window_of_one_copies_the_value_and_a_wide_one_is_causal),
      cmocka_unit_test(the_range_of_a_mask_is_what_it_says),
      cmocka_unit_test(sequences_of_a_batch_do_not_meet),
      cmocka_unit_test(a_key_far_above_the_others_is_fetched_exactly),
      cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
