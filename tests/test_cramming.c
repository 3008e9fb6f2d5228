/* cramming: what is read stays within what the vectors can hold, and each part of the prediction can refute it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "experiments/cramming/cram.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/quantise.h"
#include "lib/train/recipe.h"
#include "tests/made_up.h"

enum { D = 16, LETTERS = 8, LOADS = 2, TEXTS = 2 };

static struct lat_transformer *small(void) {
  struct lat_task_setting setting;
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  struct lat_transformer *model;
  struct lat_learner *learner;
  assert_int_equal(lat_task_parse("text", &setting), LAT_OK);
  assert_int_equal(lat_task_set(&setting, "letters", LETTERS), LAT_OK);
  assert_int_equal(lat_recipe_config(&setting, D, 2, 1, 1, &config), LAT_OK);
  config.positions = LAT_POSITIONS_ROTARY, config.sequence = 0;
  assert_int_equal(lat_recipe_make(&config, &initialisation, 1, &model, &learner), LAT_OK);
  lat_learner_free(learner);
  return model;
}

/* Texts of one letter to texts far too long, one and several vectors: never more than the rounded numbers' bits, nor than is asked for. */
static void no_reading_exceeds_what_the_vectors_can_hold(void **state) {
  (void)state;
  struct lat_transformer *model = small();
  static const size_t length[] = {1, 2, 7, 96};
  double most = 0;
  for (size_t l = 0; l < sizeof length / sizeof *length; l++)
    for (size_t k = 1; k <= 2; k++) {
      struct lat_cram cram = {model, LETTERS, LETTERS, 3, length[l], k, 60, 5, 0.05};
      struct lat_cram_reading reading;
      assert_int_equal(lat_cram(&cram, &reading), LAT_OK);
      if (!(fabs(reading.exact - 3 * (double)length[l]) <= 1e-9)) fail_msg("entropy %g", reading.exact);
      if (!(reading.gain <= reading.exact && reading.gain_low <= reading.gain && reading.gain <= reading.gain_high))
        fail_msg("%g of %g", reading.gain, reading.exact);
      if (!(fabs(reading.exact - reading.with - reading.gain) <= 1e-9)) fail_msg("%g", reading.with);
      for (size_t b = 1; b <= LAT_CRAM_ROUNDED; b++)
        if (!(reading.rounded[b - 1] <= lat_cram_bound(b, k, D, 3) && reading.rounded[b - 1] <= reading.exact))
          fail_msg("%g bits in %zu numbers of %zu bits", reading.rounded[b - 1], k * D, b);
      /* Read greedily in a row, so right when those before are given as well. */
      if (!(reading.alone <= reading.right * (double)length[l] + 1e-9)) fail_msg("%g in a row", reading.alone);
      most = fmax(most, reading.gain);
    }
  /* It does hold something, or the bound would hold idly. */
  if (!(most >= 3)) fail_msg("%g bits at most", most);
  lat_transformer_free(model);
}

/* A hand-made reader that is perfect meets the bound: b k d bits and a scale. */
static void the_bound_is_the_bits_of_the_message(void **state) {
  (void)state;
  if (!(fabs(lat_cram_bound(3, 2, 5, 40) - (3 * 2 * 5 + 2 * LAT_QUANTISE_SCALE_BITS + 1)) <= 1e-12)) fail();
  if (!(lat_cram_bound(1, 1, 1, SIZE_MAX) <= 33.001)) fail();
}

static void no_memory_is_said_and_nothing_is_lost(void **state) {
  (void)state;
  struct lat_transformer *model = small();
  struct lat_cram cram = {model, LETTERS, 3, 2, 3, 1, 2, 5, 0.05};
  struct lat_cram_reading reading;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK && k < 2000; k += k < 30 ? 1 : 7) {
    lat_memory_fail_at(k);
    status = lat_cram(&cram, &reading);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  lat_transformer_free(model);
}

/* Bits a number of what each model is read with, those of independent letters in `own` by both measures, what four vectors hold of one and
 * what rounding leaves, at width 16 and four times that. */
struct made {
  double own, mixed, initial, unseen, published, four, kept, narrow;
};
static const struct made right = {0.2, 0.2, 0.25, 0.1, 0.6, 3, 0.95, 2.5};

static void add(struct lat_merged *merged, const char *model, int64_t width, int64_t vectors, int seed,
                const struct made *made) {
  double number = (double)width, held = (strcmp(model, "own") == 0     ? made->own
                                         : strcmp(model, "mixed") == 0 ? made->mixed
                                                                       : made->initial) *
                                        number * (width == 16 ? made->narrow : 1) * (vectors == 4 ? made->four : 1);
  double unseen = strcmp(model, "own") == 0 ? made->unseen * number : held, published = made->published * number;
  double with[TEXTS][LOADS], gain[TEXTS][LOADS], exact[TEXTS][LOADS], without[TEXTS][LOADS],
      zero[TEXTS][LOADS] = {{0}}, rounded[TEXTS][LOADS][LAT_CRAM_ROUNDED];
  const size_t extent[] = {TEXTS, LOADS, LAT_CRAM_ROUNDED};
  /* The second length of text is the one that counts. */
  for (size_t t = 0; t < TEXTS; t++)
    for (size_t l = 0; l < LOADS; l++) {
      exact[t][l] = 1000;
      gain[t][l] = l == 0 ? -5 : t == 0 ? held : unseen;
      with[t][l] = exact[t][l] - gain[t][l];
      without[t][l] = with[t][l] + (l == 0 ? 0 : published);
      for (size_t b = 0; b < LAT_CRAM_ROUNDED; b++) rounded[t][l][b] = made->kept * gain[t][l];
    }
  made_up_point(merged, "ok");
  made_up_text(merged, "model", model);
  made_up_integer(merged, "width", width);
  made_up_integer(merged, "layers", 2);
  made_up_integer(merged, "vectors", vectors);
  made_up_integer(merged, "texts", 8);
  made_up_integer(merged, "seed", seed);
  made_up_reals(merged, "length", LOADS, (double[]){4, 8});
  made_up_grid(merged, "exact", 2, extent, &exact[0][0]);
  made_up_grid(merged, "with", 2, extent, &with[0][0]);
  made_up_grid(merged, "without", 2, extent, &without[0][0]);
  made_up_grid(merged, "gain", 2, extent, &gain[0][0]);
  static const char *const others[] = {"right", "plain_right", "first", "alone"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) made_up_grid(merged, others[i], 2, extent, &zero[0][0]);
  made_up_grid(merged, "rounded", 3, extent, &rounded[0][0][0]);
}

static struct lat_merged *results(struct made made) {
  struct lat_merged *merged = made_up("cramming");
  for (int seed = 0; seed < 3; seed++)
    for (int64_t width = 16; width <= 64; width *= 4) {
      add(merged, "own", width, 1, seed, &made);
      add(merged, "mixed", width, 1, seed, &made);
      add(merged, "initial", width, 1, seed, &made);
      if (width == 64) add(merged, "own", width, 4, seed, &made), add(merged, "mixed", width, 4, seed, &made);
    }
  return merged;
}

static void must_say(struct lat_merged *merged, enum lat_verdict verdict, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("cramming", merged);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  if (lat_analysis_verdict(analysis) != verdict) fail_msg("another verdict: %s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  struct made made = right;
  must_say(results(made), LAT_SUPPORTED, "holds 0.2 bits a number at most (0 of 2 reach 0.4)");
  made = right, made.own = 0.41, made.narrow = 2.1;
  must_say(results(made), LAT_REFUTED, "holds 0.41 bits a number at most (1 of 2 reach 0.4)");
  made = right, made.mixed = 0.4, made.initial = 0.5;
  must_say(results(made), LAT_REFUTED, "(1 of 2 reach 0.4)");
  made = right, made.published = 0.19;
  must_say(results(made), LAT_REFUTED, "reads 1.9 times the exact one or more of independent letters (2 of 2 below 2");
  made = right, made.narrow = 1.9;
  must_say(results(made), LAT_REFUTED, "(2 of 2 above 0.5)");
  made = right, made.four = 1.9;
  must_say(results(made), LAT_REFUTED, "four vectors hold 1.9 times one or more (2 below 2)");
  made = right, made.kept = 0.89;
  must_say(results(made), LAT_REFUTED, "rounded to 6 bits 0.89 of the bits remain at least (4 below 0.9)");
  made = right, made.initial = 0.19;
  must_say(results(made), LAT_REFUTED, "(2 of 2 below 1)");
}

static void failed_rows_missing_parts_and_readings_beyond_the_bound_leave_it_open(void **state) {
  (void)state;
  struct lat_merged *merged = results(right);
  made_up_point(merged, "failed");
  must_say(merged, LAT_OPEN, "1 points failed");
  merged = made_up("cramming");
  add(merged, "own", 64, 1, 0, &right);
  must_say(merged, LAT_OPEN, "four vectors were not tried");
  /* 64 bits a number: more than a bit of each and a scale. */
  struct made made = right;
  made.own = 2, made.kept = 1.5;
  must_say(results(made), LAT_OPEN, "which would be a mistake");
}

static void the_best_length_of_text_counts_and_both_measures_are_written(void **state) {
  (void)state;
  struct lat_merged *merged = results(right);
  struct lat_analysis *analysis = made_up_analyse("cramming", merged);
  char text[64];
  /* Three models at two widths and four vectors of two, each with two sources. */
  assert_int_equal(made_up_rows(analysis, "best"), 2 * (6 + 2));
  made_up_cell(analysis, "best", 1, 5, text);
  assert_string_equal(text, "1.6");
  made_up_cell(analysis, "best", 1, 8, text);
  assert_string_equal(text, "9.6");
  made_up_cell(analysis, "best", 1, 11, text);
  assert_string_equal(text, "8");
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("cramming", "model=guessed", "model is own, mixed or initial");
  made_up_refuses("cramming", "letters=27", "a multiple of 3");
  made_up_refuses("cramming", "successors=27", "more than letters");
  made_up_refuses("cramming", "width=20", "4 heads");
  made_up_refuses("cramming", "texts=1", "texts");
}

static void the_same_bytes_for_any_threads(void **state) {
  (void)state;
  made_up_runs_twice("cramming");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_reading_exceeds_what_the_vectors_can_hold),
      cmocka_unit_test(the_bound_is_the_bits_of_the_message),
      cmocka_unit_test(no_memory_is_said_and_nothing_is_lost),
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(failed_rows_missing_parts_and_readings_beyond_the_bound_leave_it_open),
      cmocka_unit_test(the_best_length_of_text_counts_and_both_measures_are_written),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(the_same_bytes_for_any_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
