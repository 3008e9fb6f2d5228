/* The cellular network with a narrow place: explicit weights play Life, and nothing passes beyond the bits of the narrow place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/task/life.h"
#include "lib/train/bottleneck.h"

enum { MOST = 4096 };

/* Runs one board; logits [S 2] of the last loop. */
static int run(const struct lat_learner *learner, size_t cells, uint64_t board, size_t steps, float *logits) {
  struct lat_tape *tape;
  int32_t token[64];
  struct lat_array *out[16] = {0};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  for (size_t i = 0; i < cells; i++) token[i] = (int32_t)(board >> i & 1);
  struct lat_learner_pass pass = {
      .tape = tape, .batch = 1, .sequence = cells, .token = token, .steps = steps, .through = SIZE_MAX, .logits = out};
  int status = learner->run(learner, &pass);
  if (status == LAT_OK) memcpy(logits, out[steps - 1]->value, cells * 2 * sizeof *logits);
  lat_tape_free(tape);
  return status;
}

static void explicit_weights_play_life_with_a_bit_a_cell(void **state) {
  (void)state;
  static const size_t shape[][2] = {{3, 3}, {3, 4}, {4, 5}, {8, 8}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++) {
    size_t rows = shape[s][0], columns = shape[s][1], cells = rows * columns;
    for (int missing = 0; missing < 2; missing++) {
      struct lat_bottleneck config = {.rows = rows, .columns = columns, .width = 1, .hidden = 4, .bits = 1};
      struct lat_learner *learner;
      float logits[128];
      config.channels = cells - (size_t)missing;
      assert_int_equal(lat_learner_bottleneck(&config, 1, &learner), LAT_OK);
      assert_int_equal(lat_bottleneck_construct(learner), LAT_OK);
      for (uint64_t n = 0; n < 100; n++) {
        uint64_t board = (n + 1) * UINT64_C(0x9e3779b97f4a7c15) >> (64 - cells), now = board;
        size_t steps = 1 + n % 5;
        /* A cell without a number is dead after every loop. */
        for (size_t t = 0; t < steps; t++)
          now =
              lat_life_step((unsigned)rows, (unsigned)columns, now) & ~(missing ? UINT64_C(1) << (cells - 1) : UINT64_C(0));
        assert_int_equal(run(learner, cells, board, steps, logits), LAT_OK);
        for (size_t i = 0; i < cells; i++)
          if (!((logits[2 * i + 1] > logits[2 * i]) == (int)(now >> i & 1)))
            fail_msg("%zu x %zu, board %llx, cell %zu", rows, columns, (unsigned long long)board, i);
      }
      lat_learner_free(learner);
    }
  }
}

/* However the weights are, all 2^9 boards give at most 2^(c b) different answers, after one loop and after two. */
static void no_more_answers_than_the_bits_allow(void **state) {
  (void)state;
  static const struct {
    size_t channels;
    unsigned bits;
    size_t least;
  } tried[] = {{1, 1, 2}, {3, 1, 5}, {1, 3, 5}, {2, 2, 8}, {0, 1, 100}};
  for (size_t k = 0; k < sizeof tried / sizeof *tried; k++)
    for (size_t steps = 1; steps <= 2; steps++) {
      static float answer[512][18];
      size_t different = 0;
      struct lat_bottleneck config = {
          .rows = 3, .columns = 3, .width = 5, .hidden = 7, .channels = tried[k].channels, .bits = tried[k].bits};
      struct lat_learner *learner;
      assert_int_equal(lat_learner_bottleneck(&config, 3, &learner), LAT_OK);
      for (uint64_t board = 0; board < 512; board++) {
        size_t known = 0;
        assert_int_equal(run(learner, 9, board, steps, answer[different]), LAT_OK);
        while (memcmp(answer[known], answer[different], sizeof answer[0]) != 0) known++;
        different += known == different;
      }
      size_t allowed = tried[k].channels == 0 ? 512 : (size_t)1 << tried[k].channels * tried[k].bits;
      if (!(different <= allowed)) fail_msg("%zu answers through %zu codes", different, allowed);
      if (steps == 1 && !(different >= tried[k].least)) fail_msg("only %zu answers of %zu", different, allowed);
      lat_learner_free(learner);
    }
}

/* Central differences of the loss without a narrow place, where nothing is rounded. */
static void gradients_are_those_of_the_loss(void **state) {
  (void)state;
  struct lat_bottleneck config = {.rows = 3, .columns = 4, .width = 2, .hidden = 3, .bits = 1};
  struct lat_learner *learner;
  struct lat_tape *tape;
  int32_t token[24], target[24];
  struct lat_array *out[2];
  float gradient[MOST] = {0};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  assert_int_equal(lat_learner_bottleneck(&config, 5, &learner), LAT_OK);
  assert_true(learner->count < MOST);
  for (size_t i = 0; i < 24; i++) token[i] = (int32_t)(i * 7 % 5 % 2), target[i] = (int32_t)(i * 5 % 7 % 2);
  for (size_t k = 0; k <= learner->count; k += k == 0 ? 1 : 3) {
    double loss[2] = {0};
    float kept = k > 0 ? learner->parameters[k - 1] : 0;
    for (int sign = 0; sign < 2; sign++) {
      struct lat_learner_pass pass = {.tape = tape,
                                      .batch = 2,
                                      .sequence = 12,
                                      .token = token,
                                      .steps = 2,
                                      .through = SIZE_MAX,
                                      .gradient = k == 0 && sign == 0 ? gradient : NULL,
                                      .logits = out};
      if (k > 0) learner->parameters[k - 1] = kept + (sign ? 0.01f : -0.01f);
      assert_int_equal(learner->run(learner, &pass), LAT_OK);
      struct lat_array *sum = lat_cross_entropy(tape, out[1], target, NULL, NULL, NULL);
      loss[sign] = (double)sum->value[0];
      if (k == 0 && sign == 0) assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
      lat_tape_reset(tape);
    }
    if (k == 0) continue;
    learner->parameters[k - 1] = kept;
    double slope = (loss[1] - loss[0]) / 0.02, got = (double)gradient[k - 1];
    if (!(fabs(slope - got) <= 0.02 * fmax(1, fabs(slope)))) fail_msg("parameter %zu: %g, not %g", k - 1, got, slope);
  }
  lat_learner_free(learner);
  lat_tape_free(tape);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  struct lat_bottleneck good = {.rows = 3, .columns = 3, .width = 1, .hidden = 4, .channels = 2, .bits = 1}, bad;
  struct lat_learner *learner;
  float logits[18];
  bad = good, bad.rows = 2;
  assert_int_equal(lat_learner_bottleneck(&bad, 0, &learner), LAT_INPUT);
  bad = good, bad.bits = 25;
  assert_int_equal(lat_learner_bottleneck(&bad, 0, &learner), LAT_INPUT);
  bad = good, bad.rows = 9, bad.columns = 9;
  assert_int_equal(lat_learner_bottleneck(&bad, 0, &learner), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "64 cells"));
  bad = good, bad.hidden = 3;
  assert_int_equal(lat_learner_bottleneck(&bad, 0, &learner), LAT_OK);
  assert_int_equal(lat_bottleneck_construct(learner), LAT_INPUT);
  assert_int_equal(run(learner, 9, 5, 0, logits), LAT_INPUT);
  assert_int_equal(run(learner, 8, 5, 1, logits), LAT_INPUT);
  lat_learner_free(learner);
}

static void memory_that_runs_out_leaves_nothing_behind(void **state) {
  (void)state;
  struct lat_bottleneck config = {.rows = 3, .columns = 3, .width = 2, .hidden = 4, .channels = 2, .bits = 1};
  struct lat_learner *learner;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK; k++) {
    assert_true(k < 100);
    lat_memory_fail_at(k);
    status = lat_learner_bottleneck(&config, 1, &learner);
    lat_memory_fail_at(0);
    if (status != LAT_OK) {
      assert_int_equal(status, LAT_MEMORY);
      assert_null(learner);
      assert_int_equal(lat_memory_current(), before);
    }
  }
  lat_learner_free(learner);
  assert_int_equal(lat_memory_current(), before);
}

/* S (2 F 9 D + 2 D F + 2 F D + 2 D F) + 2 c S D + 2 S D c a loop. */
static void operations_are_two_a_weight_and_use(void **state) {
  (void)state;
  for (size_t channels = 0; channels <= 5; channels += 5) {
    struct lat_bottleneck config = {.rows = 3, .columns = 4, .width = 2, .hidden = 7, .channels = channels, .bits = 1};
    struct lat_learner *learner;
    assert_int_equal(lat_learner_bottleneck(&config, 1, &learner), LAT_OK);
    double loop = 12.0 * 2 * 7 * 2 * (9 + 3) + 4.0 * (double)channels * 12 * 2;
    assert_true(lat_learner_flops(learner, 12, 3) == 3 * loop);
    lat_learner_free(learner);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(explicit_weights_play_life_with_a_bit_a_cell),
      cmocka_unit_test(no_more_answers_than_the_bits_allow),
      cmocka_unit_test(gradients_are_those_of_the_loss),
      cmocka_unit_test(operations_are_two_a_weight_and_use),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(memory_that_runs_out_leaves_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
