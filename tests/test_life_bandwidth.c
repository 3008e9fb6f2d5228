/* life_bandwidth: the bound is that of a count by hand, no network exceeds it on all boards, and bad values are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "experiments/life_bandwidth/bound.h"
#include "lib/base/status.h"
#include "lib/nn/tape.h"
#include "lib/task/life.h"
#include "lib/train/bottleneck.h"
#include "tests/made_up.h"

enum { BOARDS = 512, CELLS = 9, STEPS = 2 };

/* Share of all first boards that the network answers in every cell. */
static double success(const struct lat_learner *learner) {
  static int32_t token[BOARDS * CELLS];
  struct lat_tape *tape;
  struct lat_array *out[STEPS];
  size_t whole = 0;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  for (size_t i = 0; i < BOARDS * CELLS; i++) token[i] = (int32_t)(i / CELLS >> i % CELLS & 1);
  struct lat_learner_pass pass = {
      .tape = tape, .batch = BOARDS, .sequence = CELLS, .token = token, .steps = STEPS, .through = SIZE_MAX, .logits = out};
  assert_int_equal(learner->run(learner, &pass), LAT_OK);
  for (uint64_t first = 0; first < BOARDS; first++) {
    uint64_t board = lat_life_step(3, 3, lat_life_step(3, 3, first)), got = 0;
    for (size_t i = 0; i < CELLS; i++) {
      const float *logit = out[STEPS - 1]->value + 2 * (first * CELLS + i);
      got |= (uint64_t)(logit[1] > logit[0]) << i;
    }
    whole += got == board;
  }
  lat_tape_free(tape);
  return (double)whole / BOARDS;
}

static void no_network_exceeds_the_bound_on_all_boards(void **state) {
  (void)state;
  double bound[CELLS + 1];
  size_t distinct;
  assert_int_equal(lat_life_bound(3, 3, STEPS, bound, &distinct), LAT_OK);
  assert_true(distinct > 1 && distinct < BOARDS && bound[CELLS] >= 1 && bound[0] < 1);
  for (size_t c = 1; c <= CELLS; c++)
    for (int explicit_weights = 0; explicit_weights < 2; explicit_weights++) {
      struct lat_bottleneck config = {.rows = 3, .columns = 3, .width = 2, .hidden = 4, .channels = c, .bits = 1};
      struct lat_learner *learner;
      assert_int_equal(lat_learner_bottleneck(&config, c, &learner), LAT_OK);
      if (explicit_weights) assert_int_equal(lat_bottleneck_construct(learner), LAT_OK);
      double share = success(learner);
      if (!(share <= bound[c])) fail_msg("%g with %zu bits, bound %g", share, c, bound[c]);
      if (explicit_weights && c == CELLS && !(share >= 1)) fail_msg("%g with a bit a cell", share);
      lat_learner_free(learner);
    }
}

/* No bits: the commonest final board, counted another way. */
static void without_bits_the_commonest_board_is_the_best_answer(void **state) {
  (void)state;
  double bound[13];
  size_t distinct, most = 0;
  static size_t count[4096];
  for (uint64_t first = 0; first < 4096; first++) {
    size_t now = ++count[lat_life_step(3, 4, first)];
    if (now > most) most = now;
  }
  assert_int_equal(lat_life_bound(3, 4, 1, bound, &distinct), LAT_OK);
  assert_true(fabs(bound[0] - (double)most / 4096) <= 0);
  for (size_t w = 1; w <= 12; w++) assert_true(bound[w] >= bound[w - 1]);
}

/* Runs on a board of nine cells, half of the boards right by a constant answer: `success` of explicit weights with a bit a cell, of
 * trained ones with 4 and with 9 bits, of those without a narrow place and of the cut control. */
struct made {
  double constructed, few, many, wide, cut;
};
static const struct made right = {1, 0.6, 0.9, 1, 0.5};

static void add(struct lat_merged *merged, const char *how, const char *control, size_t bits, double success) {
  enum { TESTED = 1000 };
  double bounds[CELLS + 1];
  for (size_t w = 0; w <= CELLS; w++) bounds[w] = w < 4 ? 0.5 : w < CELLS ? 0.8 : 1;
  for (int seed = 0; seed < 3; seed++) {
    made_up_point(merged, "ok");
    made_up_text(merged, "how", how);
    made_up_text(merged, "board", "3x3");
    made_up_text(merged, "control", control);
    made_up_real(merged, "share", (double)bits / CELLS);
    made_up_integer(merged, "bits", 1);
    made_up_integer(merged, "steps", STEPS);
    made_up_integer(merged, "seed", seed);
    made_up_real(merged, "rate", 0.003);
    made_up_real(merged, "validated", success);
    made_up_integer(merged, "whole", (int64_t)(success * TESTED));
    made_up_integer(merged, "tested", TESTED);
    made_up_real(merged, "success", success);
    made_up_real(merged, "bandwidth", (double)bits);
    made_up_real(merged, "cells", CELLS);
    made_up_real(merged, "bound", bounds[bits]);
    made_up_reals(merged, "bounds", CELLS + 1, bounds);
  }
}

static struct lat_merged *results(struct made made) {
  struct lat_merged *merged = made_up("life_bandwidth");
  add(merged, "constructed", "none", CELLS, made.constructed);
  add(merged, "trained", "none", 4, made.few);
  add(merged, "trained", "none", CELLS, made.many);
  add(merged, "trained", "wide", CELLS, made.wide);
  add(merged, "trained", "cut", 0, made.cut);
  return merged;
}

static void must_say(struct lat_merged *merged, enum lat_verdict verdict, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("life_bandwidth", merged);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  if (lat_analysis_verdict(analysis) != verdict) fail_msg("another verdict: %s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  struct made made = right;
  must_say(results(made), LAT_SUPPORTED,
           "from 1 bits a cell on (0 of 1 kinds with less than half a bit do, of which 1 could");
  made = right, made.many = 0.6;
  must_say(results(made), LAT_SUPPORTED, "none of 2 kinds of trained networks");
  made = right, made.few = 0.76;
  must_say(results(made), LAT_REFUTED, "(1 of 1 kinds with less than half a bit do");
  made = right, made.constructed = 0.99;
  must_say(results(made), LAT_REFUTED, "have a share of 0.99 of the boards right");
}

static void a_run_above_the_bound_leaves_it_open(void **state) {
  (void)state;
  struct made made = right;
  /* 0.8 is the bound there: as many by chance are let pass, three runs of 0.9 are not. */
  made.few = 0.81;
  must_say(results(made), LAT_REFUTED, "0 runs above the exact bound");
  made.few = 0.9;
  must_say(results(made), LAT_OPEN, "3 runs lie above the exact bound, which would be a mistake");
}

static void controls_that_do_not_do_their_part_and_failed_rows_leave_it_open(void **state) {
  (void)state;
  struct made made = right;
  made.wide = 0.7;
  must_say(results(made), LAT_OPEN, "0 of 1 networks without a narrow place learned Life");
  made = right, made.cut = 0.53;
  must_say(results(made), LAT_SUPPORTED, "0 of 1 cut controls succeed");
  struct lat_merged *merged = results(right);
  made_up_point(merged, "failed");
  must_say(merged, LAT_OPEN, "1 points failed");
  merged = results(right);
  add(merged, "trained", "cut", CELLS, 0.9);
  must_say(merged, LAT_OPEN, "1 of 2 cut controls succeed");
  merged = made_up("life_bandwidth");
  add(merged, "constructed", "none", CELLS, 1);
  must_say(merged, LAT_OPEN, "0 kinds of trained networks with less than half a bit a cell could succeed");
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("life_bandwidth", "how=guessed", "how is constructed or trained");
  made_up_refuses("life_bandwidth", "board=5x5", "20 cells at most");
  made_up_refuses("life_bandwidth", "control=half", "none, cut or wide");
}

static void the_same_bytes_for_any_threads(void **state) {
  (void)state;
  made_up_runs_twice("life_bandwidth");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_network_exceeds_the_bound_on_all_boards),
      cmocka_unit_test(without_bits_the_commonest_board_is_the_best_answer),
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(a_run_above_the_bound_leaves_it_open),
      cmocka_unit_test(controls_that_do_not_do_their_part_and_failed_rows_leave_it_open),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(the_same_bytes_for_any_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
