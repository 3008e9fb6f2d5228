/* thought_relay: nothing is recovered beyond what a channel carries, and what the verdict rests on. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_errno.h>

#include "experiments/thought_relay/relaying.h"
#include "experiments/thought_relay/spelling.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/made_up.h"

static struct lat_relaying small(const char *thought, size_t bits) {
  struct lat_relaying relaying = {.rate = 0.01, .updates = 300, .batch = 64, .seed = 1};
  assert_int_equal(lat_spelling_parse(thought, &relaying.relay), LAT_OK);
  relaying.relay.bits = bits;
  relaying.relay.thoughts = relaying.relay.sender_layers = relaying.relay.reader_layers = 1;
  relaying.relay.hidden = 32;
  return relaying;
}

static struct lat_recovered recovered_by(const struct lat_relaying *relaying, size_t examples) {
  struct lat_relayed relayed;
  struct lat_recovered got;
  assert_int_equal(lat_relaying_run(relaying, NULL, &relayed), LAT_OK);
  assert_int_equal(lat_relaying_measure(&relayed, examples, &got), LAT_OK);
  lat_relayed_free(&relayed);
  return got;
}

static void nothing_is_recovered_beyond_what_a_channel_carries(void **state) {
  (void)state;
  static const struct {
    const char *thought;
    size_t bits, thoughts;
    double least; /* it has to be near enough for the bound to mean something */
  } tried[] = {{"codebook:2", 4, 1, 0.4},    {"codebook:4", 6, 1, 1},     {"codebook:5", 6, 1, 1},
               {"codebook:2", 4, 2, 0.7},    {"gumbel:4", 3, 1, 1},       {"quantised:2:1", 5, 1, 1.5},
               {"quantised:1:2", 5, 1, 1.2}, {"noisy:3:1", 4, 1, 1},      {"noisy:2:3", 4, 1, 0},
               {"noisy:4:0.5", 8, 2, 4},     {"continuous:1", 40, 1, 0.5}};
  for (size_t k = 0; k < sizeof tried / sizeof *tried; k++) {
    struct lat_relaying relaying = small(tried[k].thought, tried[k].bits);
    relaying.relay.thoughts = tried[k].thoughts;
    double bound = lat_relay_bound(&relaying.relay);
    struct lat_recovered got = recovered_by(&relaying, 2000);
    if (!(got.low <= bound && got.bits <= got.high && got.low <= got.bits))
      fail_msg("%s: %g of %g", tried[k].thought, got.bits, bound);
    /* Where the channel draws nothing, the examples alone make the difference: 0.01 bit is many of their deviations. */
    if (!(got.bits <= bound * 1.02 + 0.01)) fail_msg("%s: %g of %g", tried[k].thought, got.bits, bound);
    if (!(got.fano_low <= bound && got.fano_low <= got.fano + 1e-12))
      fail_msg("%s: by errors %g of %g", tried[k].thought, got.fano_low, bound);
    if (isfinite(got.sent) && !(got.bits <= got.sent + 0.02 && got.sent <= bound + 1e-12))
      fail_msg("%s: %g recovered of %g sent", tried[k].thought, got.bits, got.sent);
    if (!(got.bits >= tried[k].least)) fail_msg("%s: only %g of %g", tried[k].thought, got.bits, bound);
  }
}

static void codes_saturate_when_the_bits_that_fit_are_learned_first(void **state) {
  (void)state;
  struct lat_relaying relaying = small("codebook:8", 6);
  relaying.first = 3;
  relaying.relay.hidden = 64;
  struct lat_recovered got = recovered_by(&relaying, 2000);
  if (!(got.bits >= 2.94 && got.bits <= 3.001 && got.used == 8)) fail_msg("%g bits, %zu codes", got.bits, got.used);
  assert_true(got.counted >= 3 && got.counted <= 6);
}

static void a_reader_that_knows_nothing_recovers_nothing(void **state) {
  (void)state;
  struct lat_relaying relaying = small("noisy:4:100", 16);
  relaying.updates = 1;
  struct lat_recovered got = recovered_by(&relaying, 500);
  if (!(got.bits <= 0.02 && got.low == 0 && got.fano_low <= 0.02)) fail_msg("%g bits", got.bits);
  if (!(fabs(got.accuracy - 0.5) < 0.03)) fail_msg("accuracy %g", got.accuracy);
}

static void spellings_are_read_or_refused_with_a_sentence(void **state) {
  (void)state;
  struct lat_relay_config config;
  static const char *const wrong[] = {
      "",           "continuous",  "continuous:0", "continuous:4:1", "quantised:8", "quantised:8:25",  "noisy:8:0",
      "noisy:8:-1", "noisy:8:nan", "codebook:x",   "codebook:",      "token:8",     "continuous:4:1:1"};
  assert_int_equal(lat_spelling_parse("quantised:8:3", &config), LAT_OK);
  assert_true(config.kind == LAT_RELAY_QUANTISED && config.width == 8 && config.levels == 3);
  assert_int_equal(lat_spelling_parse("noisy:5:0.25", &config), LAT_OK);
  assert_true(config.kind == LAT_RELAY_NOISY && config.width == 5 && config.deviation == 0.25);
  assert_int_equal(lat_spelling_parse("codebook:64", &config), LAT_OK);
  assert_true(config.kind == LAT_RELAY_CODEBOOK && config.codes == 64 && config.width == 8);
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    assert_int_equal(lat_spelling_parse(wrong[k], &config), LAT_INPUT);
    if (strstr(lat_error_message(), "thought '") == NULL) fail_msg("%s", lat_error_message());
  }
}

static void bad_values_are_refused(void **state) {
  (void)state;
  made_up_refuses("thought_relay", "thought=continuous:0", "thought 'continuous:0'");
  made_up_refuses("thought_relay", "thought=noisy:1:1", "width 1");
  made_up_refuses("thought_relay", "thought=codebook:1", "1 codes");
  made_up_refuses("thought_relay", "arm=twice", "arm 'twice'");
  made_up_refuses("thought_relay", "batch=3", "multiple of 2");
}

/* One run of arm plain or first. */
static void add(struct lat_merged *merged, const char *thought, int bits, const char *arm, int seed, double recovered,
                double bound) {
  made_up_point(merged, isnan(recovered) ? "failed" : "ok");
  made_up_text(merged, "thought", thought);
  made_up_integer(merged, "bits", bits);
  made_up_text(merged, "arm", arm);
  made_up_integer(merged, "seed", seed);
  made_up_real(merged, "rate", 0);
  if (isnan(recovered)) return;
  made_up_real(merged, "bound", bound);
  made_up_real(merged, "recovered", recovered);
  made_up_real(merged, "recovered_low", recovered - 0.05);
  made_up_real(merged, "recovered_high", recovered + 0.05);
  made_up_real(merged, "fano", recovered - 0.1);
  made_up_real(merged, "validation", recovered);
  made_up_integer(merged, "used", 4);
  made_up_integer(merged, "revived", 0);
  made_up_integer(merged, "updates", 100);
  made_up_integer(merged, "parameters", 1000);
  made_up_text(merged, "end", "updates");
}

/* Codes recover this share of log2 K, the last number of codes after its first phase another; slope in bits a number. */
static struct lat_merged *results(double share, double last, double slope) {
  struct lat_merged *merged = made_up("thought_relay");
  for (int k = 1; k <= 4; k++) {
    char thought[32];
    snprintf(thought, sizeof thought, "codebook:%d", 1 << 2 * k);
    for (int seed = 0; seed < 3; seed++) {
      add(merged, thought, 2 * k, "plain", seed, share * 2 * k, 2 * k);
      add(merged, thought, 12, "plain", seed, 0.9 * 2 * k, 2 * k);
      add(merged, thought, 12, "first", seed, (k == 4 ? last : share) * 2 * k, 2 * k);
    }
  }
  for (int d = 1; d <= 16; d *= 2)
    for (int seed = 0; seed < 3; seed++) {
      char thought[32];
      snprintf(thought, sizeof thought, "continuous:%d", d);
      add(merged, thought, 3 * d, "plain", seed, 1 + slope * d + 0.05 * d * (seed - 1), 32 * d);
    }
  return merged;
}

static enum lat_verdict verdict_of(struct lat_merged *merged, const char *says) {
  struct lat_analysis *analysis = made_up_analyse("thought_relay", merged);
  enum lat_verdict verdict = lat_analysis_verdict(analysis);
  if (strstr(lat_analysis_sentence(analysis), says) == NULL) fail_msg("%s", lat_analysis_sentence(analysis));
  lat_analysis_free(analysis);
  lat_merged_free(merged);
  return verdict;
}

static void each_part_of_the_prediction_can_refute_it(void **state) {
  (void)state;
  assert_int_equal(verdict_of(results(0.99, 0.99, 2), "4 numbers of codes up to 256"), LAT_SUPPORTED);
  assert_int_equal(verdict_of(results(0.979, 0.99, 2), "at most 2.1 % of log2 K"), LAT_REFUTED);
  assert_int_equal(verdict_of(results(0.99, 0.95, 2), "5 % with 12 after"), LAT_REFUTED);
  assert_int_equal(verdict_of(results(0.99, 0.99, 0), "continuous thoughts"), LAT_REFUTED);
  struct lat_merged *merged = results(0.99, 0.99, 2);
  add(merged, "quantised:8:1", 16, "plain", 0, 8.06, 8);
  assert_int_equal(verdict_of(merged, "1 of 52 runs have an interval beyond"), LAT_REFUTED);
  merged = results(0.99, 0.99, 2);
  add(merged, "quantised:8:1", 16, "plain", 0, 8.04, 8); /* within the interval */
  assert_int_equal(verdict_of(merged, "0 of 52 runs have an interval beyond what their channel can carry, 1 a mean"),
                   LAT_SUPPORTED);
}

static void a_failed_run_counts_as_nothing_recovered(void **state) {
  (void)state;
  struct lat_merged *merged = results(0.99, 0.99, 2);
  for (int seed = 3; seed < 7; seed++) add(merged, "codebook:16", 4, "plain", seed, (double)NAN, 4);
  assert_int_equal(verdict_of(merged, "4 failed"), LAT_REFUTED);
}

static void without_all_numbers_of_codes_it_is_open(void **state) {
  (void)state;
  struct lat_merged *merged = made_up("thought_relay");
  add(merged, "codebook:4", 2, "plain", 0, 2, 2);
  assert_int_equal(verdict_of(merged, "0 numbers of codes"), LAT_OPEN);
}

static void the_slope_is_that_of_the_line(void **state) {
  (void)state;
  struct lat_merged *merged = results(0.99, 0.99, 2.5);
  struct lat_analysis *analysis = made_up_analyse("thought_relay", merged);
  char slope[64], low[64], high[64];
  made_up_cell(analysis, "slope", 0, 1, slope);
  made_up_cell(analysis, "slope", 0, 2, low);
  made_up_cell(analysis, "slope", 0, 3, high);
  double c, from, to;
  assert_int_equal(sscanf(slope, "%lf", &c) + sscanf(low, "%lf", &from) + sscanf(high, "%lf", &to), 3);
  if (!(fabs(c - 2.5) < 1e-3 && from < c && c < to && to - from < 0.2)) fail_msg("%s (%s to %s)", slope, low, high);
  lat_analysis_free(analysis);
  lat_merged_free(merged);
}

static void threads_change_no_result(void **state) {
  (void)state;
  made_up_runs_twice("thought_relay");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_recovered_beyond_what_a_channel_carries),
      cmocka_unit_test(codes_saturate_when_the_bits_that_fit_are_learned_first),
      cmocka_unit_test(a_reader_that_knows_nothing_recovers_nothing),
      cmocka_unit_test(spellings_are_read_or_refused_with_a_sentence),
      cmocka_unit_test(bad_values_are_refused),
      cmocka_unit_test(each_part_of_the_prediction_can_refute_it),
      cmocka_unit_test(a_failed_run_counts_as_nothing_recovered),
      cmocka_unit_test(without_all_numbers_of_codes_it_is_open),
      cmocka_unit_test(the_slope_is_that_of_the_line),
      cmocka_unit_test(threads_change_no_result),
  };
  gsl_set_error_handler_off(); /* as the program does */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
