/* Capacities: Blahut and Arimoto's bounds, Gaussian channels and the softmax channel, on channels whose capacity has a closed form. */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/entropy.h"
#include "lib/info/gaussian.h"
#include "lib/info/softmax_channel.h"
#include "tests/info_help.h"

static void channels_with_a_closed_form(void **state) {
  (void)state;
  for (double e = 0; e <= 0.5; e += 0.0625) {
    double symmetric[] = {1 - e, e, e, 1 - e}, erasure[] = {1 - e, e, 0, 0, e, 1 - e}, z[] = {1, 0, e, 1 - e};
    help_near(help_capacity(symmetric, 2, 2), 1 - lat_entropy_binary(e), 1e-9, "binary symmetric");
    help_near(help_capacity(erasure, 2, 3), 1 - e, 1e-9, "binary erasure");
    double one = e > 0 ? log2(1 + (1 - e) * pow(e, e / (1 - e))) : 1;
    help_near(help_capacity(z, 2, 2), one, 1e-9, "Z channel");
  }
  double single[] = {0.25, 0.75}, same[] = {0.25, 0.75, 0.25, 0.75};
  help_near(help_capacity(single, 1, 2), 0, 1e-12, "one input");
  help_near(help_capacity(same, 2, 2), 0, 1e-12, "no difference");
}

/* A typewriter of 26 keys that prints the letter or the next one: log2 13. */
static void a_noisy_typewriter(void **state) {
  (void)state;
  double p[26 * 26] = {0};
  for (size_t x = 0; x < 26; x++) p[x * 26 + x] = p[x * 26 + (x + 1) % 26] = 0.5;
  help_near(help_capacity(p, 26, 26), log2(13), 1e-9, "typewriter");
}

static void random_channel(double *p, size_t X, size_t Y, uint64_t index) {
  struct lat_random random;
  lat_random_start(&random, 3, "test channel", index);
  for (size_t x = 0; x < X; x++) {
    double sum = 0;
    for (size_t y = 0; y < Y; y++) sum += p[x * Y + y] = pow(lat_random_uniform(&random), 4);
    for (size_t y = 0; y < Y; y++) p[x * Y + y] /= sum;
  }
}

/* Wherever it stops, low <= C <= high, the distribution it returns has at least `low`, and no other one passes `high`. */
static void both_bounds_hold_after_any_number_of_rounds(void **state) {
  (void)state;
  enum { X = 7, Y = 5 };
  double p[X * Y], r[X], bits;
  for (uint64_t index = 0; index < 20; index++) {
    random_channel(p, X, Y, index);
    double exact = help_capacity(p, X, Y);
    assert_true(exact <= log2(Y));
    for (size_t most = 1; most < 300; most = most * 2 + 1) {
      struct lat_capacity capacity;
      assert_int_equal(lat_blahut_capacity(p, X, Y, 0, most, r, &capacity), LAT_OK);
      assert_true(capacity.rounds <= most);
      if (!(capacity.low <= exact + 1e-9 && exact <= capacity.high + 1e-9))
        fail_msg("%zu rounds: %g <= %g <= %g does not hold", most, capacity.low, exact, capacity.high);
      assert_int_equal(lat_blahut_information(p, X, Y, r, &bits), LAT_OK);
      if (!(bits >= capacity.low - 1e-12 && bits <= capacity.high + 1e-12))
        fail_msg("%g bits beside %g", bits, capacity.low);
    }
  }
}

static void what_is_no_channel_is_refused(void **state) {
  (void)state;
  struct lat_capacity capacity;
  double sum[] = {0.5, 0.4}, negative[] = {1.5, -0.5}, missing[] = {(double)NAN, 1};
  assert_int_equal(lat_blahut_capacity(sum, 1, 2, 0, 1, NULL, &capacity), LAT_INPUT);
  assert_int_equal(lat_blahut_capacity(negative, 1, 2, 0, 1, NULL, &capacity), LAT_INPUT);
  assert_int_equal(lat_blahut_capacity(missing, 1, 2, 0, 1, NULL, &capacity), LAT_INPUT);
}

static void water_fills_the_quiet_channels_first(void **state) {
  (void)state;
  double noise[] = {1, 4, 2}, given[3], bits;
  assert_int_equal(lat_gaussian_water_filling(noise, 3, 3, given, &bits), LAT_OK); /* level 3 */
  help_near(given[0], 2, 1e-12, "first"), help_near(given[1], 0, 0, "second"), help_near(given[2], 1, 1e-12, "third");
  help_near(bits, 0.5 * log2(3) + 0.5 * log2(1.5), 1e-12, "bits");
  assert_int_equal(lat_gaussian_water_filling(noise, 3, 0, given, &bits), LAT_OK);
  help_near(bits, 0, 0, "no power");
  double equal[5] = {0.5, 0.5, 0.5, 0.5, 0.5};
  assert_int_equal(lat_gaussian_water_filling(equal, 5, 10, NULL, &bits), LAT_OK);
  help_near(bits, 5 * lat_gaussian_capacity(2, 0.5), 1e-12, "equal channels");
  /* no other allocation is better */
  struct lat_random random;
  lat_random_start(&random, 1, "test power", 0);
  assert_int_equal(lat_gaussian_water_filling(noise, 3, 7, given, &bits), LAT_OK);
  for (int trial = 0; trial < 200; trial++) {
    double share[3], total = 0, sum = 0;
    for (size_t i = 0; i < 3; i++) total += share[i] = lat_random_uniform(&random);
    for (size_t i = 0; i < 3; i++) sum += lat_gaussian_capacity(7 * share[i] / total, noise[i]);
    assert_true(sum <= bits + 1e-12);
  }
  noise[1] = 0;
  assert_int_equal(lat_gaussian_water_filling(noise, 3, 3, NULL, &bits), LAT_INPUT);
}

/* Two levels: the information of the binary-input Gaussian channel, which is tabulated: 0.4859 bits at a ratio of 1 (0 dB). */
static void few_levels_stay_below_shannon_and_their_own_number(void **state) {
  (void)state;
  double bits;
  assert_int_equal(lat_gaussian_levels(2, 1, 1, &bits), LAT_OK);
  help_near(bits, 0.48594, 2e-5, "two levels at 0 dB");
  for (double deviation = 0.01; deviation < 30; deviation *= 1.7) {
    double shannon = lat_gaussian_capacity(1, deviation * deviation);
    for (size_t levels = 1; levels <= 256; levels *= 2) {
      assert_int_equal(lat_gaussian_levels(levels, 1, deviation, &bits), LAT_OK);
      if (!(bits <= shannon + 1e-9 && bits <= log2((double)levels)))
        fail_msg("%zu levels: %g above %g", levels, bits, shannon);
    }
    /* Many even levels miss what a Gaussian input would gain: at most log2 (pi e / 6) / 2 = 0.2546 bits. */
    assert_int_equal(lat_gaussian_levels(65536, 1, deviation, &bits), LAT_OK);
    if (!(shannon - bits >= -1e-9 && shannon - bits <= 0.25462))
      fail_msg("deviation %g: %g below", deviation, shannon - bits);
  }
  assert_int_equal(lat_gaussian_levels(7, 1, 0, &bits), LAT_OK);
  help_near(bits, log2(7), 0, "no noise");
  assert_int_equal(lat_gaussian_levels(0, 1, 1, &bits), LAT_INPUT);
}

static void cells_are_a_channel_within_its_three_bounds(void **state) {
  (void)state;
  static double p[32 * 33];
  for (double deviation = 0; deviation < 4; deviation = deviation * 2 + 0.03)
    for (size_t inputs = 1; inputs <= 32; inputs = inputs * 3 + 1)
      for (size_t outputs = 1; outputs <= 33; outputs = outputs * 4 + 1) {
        struct lat_gaussian_cells cells = {inputs, outputs, 1, 1.25, deviation};
        struct lat_capacity capacity;
        assert_int_equal(lat_gaussian_cells_matrix(cells, p), LAT_OK);
        assert_int_equal(lat_gaussian_cells_capacity(cells, 1e-4, 200, NULL, &capacity), LAT_OK);
        double bound = fmin(log2((double)inputs), log2((double)outputs));
        if (deviation > 0) bound = fmin(bound, lat_gaussian_capacity(1, deviation * deviation));
        if (!(capacity.low <= bound + 1e-12 && capacity.low >= 0)) fail_msg("%zu %zu %g", inputs, outputs, deviation);
      }
  /* one bit in, one bit out: a binary symmetric channel with Q(A / deviation) */
  struct lat_gaussian_cells cells = {2, 2, 1, 1, 0.7};
  assert_int_equal(lat_gaussian_cells_matrix(cells, p), LAT_OK);
  help_near(help_capacity(p, 2, 2), 1 - lat_entropy_binary(gsl_cdf_ugaussian_Q(1 / 0.7)), 1e-9, "one bit");
  /* without noise, as many as the fewer levels */
  cells = (struct lat_gaussian_cells){9, 9, 1, 1, 0};
  assert_int_equal(lat_gaussian_cells_matrix(cells, p), LAT_OK);
  help_near(help_capacity(p, 9, 9), log2(9), 1e-9, "no noise");
  cells.range = 0;
  assert_int_equal(lat_gaussian_cells_matrix(cells, p), LAT_INPUT);
}

/* Fine cells at the input levels of lat_gaussian_levels, used evenly: the same information by two ways. */
static void fine_cells_agree_with_the_density(void **state) {
  (void)state;
  enum { M = 4, CELLS = 2001 };
  static double p[M * CELLS];
  double even[M] = {0.25, 0.25, 0.25, 0.25}, bits, density, amplitude = sqrt(3.0 * 3 / 5);
  for (double deviation = 0.1; deviation < 2; deviation *= 1.8) {
    struct lat_gaussian_cells cells = {M, CELLS, amplitude, amplitude + 6 * deviation, deviation};
    assert_int_equal(lat_gaussian_cells_matrix(cells, p), LAT_OK);
    assert_int_equal(lat_blahut_information(p, M, CELLS, even, &bits), LAT_OK);
    assert_int_equal(lat_gaussian_levels(M, 1, deviation, &density), LAT_OK);
    if (!(bits <= density + 1e-9)) fail_msg("cells hold %g of %g", bits, density);
    help_near(bits, density, 2e-5, "four levels");
  }
}

static void tokens_by_symmetry_and_at_temperature_0(void **state) {
  (void)state;
  enum { V = 17 };
  double logits[V * V] = {0}, p[V * V];
  for (size_t v = 0; v < V; v++) logits[v * V + v] = 3;
  for (double temperature = 0; temperature < 40; temperature = temperature * 2 + 0.05) {
    assert_int_equal(lat_softmax_channel_matrix(logits, V, V, temperature, p), LAT_OK);
    double exact = lat_softmax_channel_symmetric(V, 3, temperature);
    help_near(help_capacity(p, V, V), exact, 1e-9, "symmetric tokens");
    assert_true(exact <= log2(V));
  }
  help_near(lat_softmax_channel_symmetric(V, 3, 0), log2(V), 0, "temperature 0");
  help_near(lat_softmax_channel_symmetric(V, 3, 1e-300), log2(V), 1e-12, "no overflow");
  logits[1] = 9, logits[3 * V + 1] = 9; /* states 0, 1 and 3 now give token 1 */
  assert_int_equal(lat_softmax_channel_matrix(logits, V, V, 0, p), LAT_OK);
  help_near(help_capacity(p, V, V), log2(V - 2), 1e-9, "two states fewer");
  assert_int_equal(lat_softmax_channel_matrix(logits, V, V, -1, p), LAT_INPUT);
}

static int cells_job(void) {
  struct lat_gaussian_cells cells = {4, 4, 1, 1, 0.5};
  struct lat_capacity capacity;
  double logits[4] = {1, 0, 0, 1}, noise[2] = {1, 2}, bits;
  int status = lat_gaussian_cells_capacity(cells, 1e-3, 100, NULL, &capacity);
  if (status == LAT_OK) status = lat_softmax_channel_capacity(logits, 2, 2, 1, 1e-3, 100, NULL, &capacity);
  if (status == LAT_OK) status = lat_gaussian_water_filling(noise, 2, 1, NULL, &bits);
  return status;
}
static void memory_that_fails_is_told(void **state) {
  (void)state;
  help_fail_each(cells_job);
}

int main(void) {
  gsl_set_error_handler_off();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(channels_with_a_closed_form),
      cmocka_unit_test(a_noisy_typewriter),
      cmocka_unit_test(both_bounds_hold_after_any_number_of_rounds),
      cmocka_unit_test(what_is_no_channel_is_refused),
      cmocka_unit_test(water_fills_the_quiet_channels_first),
      cmocka_unit_test(few_levels_stay_below_shannon_and_their_own_number),
      cmocka_unit_test(cells_are_a_channel_within_its_three_bounds),
      cmocka_unit_test(fine_cells_agree_with_the_density),
      cmocka_unit_test(tokens_by_symmetry_and_at_temperature_0),
      cmocka_unit_test(memory_that_fails_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
