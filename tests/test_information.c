/* Entropy, mutual information and decoder bounds on cases whose answer is known. */
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
#include "lib/info/bootstrap.h"
#include "lib/info/decoder.h"
#include "lib/info/entropy.h"
#include "lib/info/gaussian.h"
#include "lib/info/neighbour.h"
#include "tests/info_help.h"

static void entropy_of_counts_by_hand(void **state) {
  (void)state;
  uint64_t even[4] = {2, 2, 2, 2}, one[3] = {0, 9, 0}, mixed[3] = {1, 2, 5};
  help_near(lat_entropy(even, 4, LAT_ENTROPY_PLUGIN).bits, 2, 1e-12, "four even cells");
  help_near(lat_entropy(one, 3, LAT_ENTROPY_PLUGIN).bits, 0, 1e-12, "one cell");
  double plugin = 3 - (2 * 1 + 5 * log2(5)) / 8;
  help_near(lat_entropy(mixed, 3, LAT_ENTROPY_PLUGIN).raw, plugin, 1e-12, "1, 2, 5");
  help_near(lat_entropy(mixed, 3, LAT_ENTROPY_MILLER_MADOW).raw, plugin + 2 / (16 * M_LN2), 1e-12, "with Miller's term");
  /* G(1) = -gamma - ln 2, G(2) = G(1) + 2, G(3) = G(2), G(5) = G(4) = G(3) + 2/3 */
  double G1 = -0.57721566490153286 - M_LN2, G2 = G1 + 2, G5 = G2 + 2.0 / 3;
  help_near(lat_entropy(mixed, 3, LAT_ENTROPY_GRASSBERGER).raw, (log(8) - (G1 + 2 * G2 + 5 * G5) / 8) / M_LN2, 1e-12,
            "Grassberger's");
  /* a correction that passes log2 K is cut and says so */
  struct lat_estimate cut = lat_entropy(even, 4, LAT_ENTROPY_MILLER_MADOW);
  assert_true(lat_estimate_cut(cut) && cut.bits == 2 && cut.raw > 2);
}

/* 40 draws from 32 cells with p_i proportional to i: the mean error of each method. Miller's term counts cells that were seen, here
 * two thirds, and leaves 40 % of the bias; Grassberger's leaves a tenth. */
static void the_corrections_take_the_bias_that_they_promise(void **state) {
  (void)state;
  enum { K = 32, DRAWS = 40, TRIALS = 400 };
  double p[K], sum[3] = {0}, exact;
  for (size_t i = 0; i < K; i++) p[i] = (double)(i + 1) / (K * (K + 1) / 2);
  exact = lat_entropy_exact(p, K);
  for (uint64_t trial = 0; trial < TRIALS; trial++) {
    struct lat_random random;
    uint64_t counts[K] = {0};
    lat_random_start(&random, 7, "test counts", trial);
    for (size_t s = 0; s < DRAWS; s++) {
      double u = lat_random_uniform(&random);
      size_t i = 0;
      while (i + 1 < K && u >= p[i]) u -= p[i++];
      counts[i]++;
    }
    for (int m = 0; m < 3; m++) sum[m] += lat_entropy(counts, K, (enum lat_entropy_method)m).raw / TRIALS;
  }
  help_near(sum[LAT_ENTROPY_PLUGIN] - exact, -(K - 1) / (2 * DRAWS * M_LN2), 0.06, "plug-in bias");
  help_near(sum[LAT_ENTROPY_MILLER_MADOW] - exact, -0.24, 0.05, "Miller-Madow bias");
  help_near(sum[LAT_ENTROPY_GRASSBERGER] - exact, 0, 0.05, "Grassberger bias");
}

/* A binary symmetric channel: I = 1 - h2(e). And two labels that have nothing to do with each other. */
static void information_of_labels(void **state) {
  (void)state;
  enum { N = 4000, K = 8 };
  static uint32_t x[N], y[N];
  uint64_t joint[K * K];
  struct lat_estimate found;
  struct lat_control control;
  struct lat_random random;
  lat_random_start(&random, 11, "test labels", 0);
  for (size_t i = 0; i < N; i++) {
    x[i] = (uint32_t)lat_random_below(&random, 2);
    y[i] = lat_random_uniform(&random) < 0.1 ? 1 - x[i] : x[i];
  }
  for (int m = 0; m < 3; m++) {
    assert_int_equal(lat_entropy_joint(x, 2, y, 2, N, joint), LAT_OK);
    assert_int_equal(lat_entropy_information(joint, 2, 2, (enum lat_entropy_method)m, &found), LAT_OK);
    help_near(found.bits, 1 - lat_entropy_binary(0.1), 0.04, "binary symmetric channel"); /* 2.5 standard errors */
  }
  /* N = 640 of 64 cells: plug-in shows (K - 1)^2 / (2 N ln 2) = 0.055 bits of nothing, the others not */
  for (size_t i = 0; i < 640; i++)
    x[i] = (uint32_t)lat_random_below(&random, K), y[i] = (uint32_t)lat_random_below(&random, K);
  assert_int_equal(lat_entropy_control(x, K, y, K, 640, LAT_ENTROPY_PLUGIN, 100, 1, &control), LAT_OK);
  help_near(control.mean, 49 / (1280 * M_LN2), 0.006, "plug-in control");
  assert_true(control.highest > control.mean && control.deviation > 0);
  assert_int_equal(lat_entropy_control(x, K, y, K, 640, LAT_ENTROPY_MILLER_MADOW, 100, 1, &control), LAT_OK);
  help_near(control.mean, 0, 0.006, "Miller-Madow control");
  assert_int_equal(lat_entropy_joint(x, 2, y, 2, 640, joint), LAT_INPUT);
}

static float large_x[4096 * 4], large_y[4096 * 4];

static struct lat_neighbour ksg(size_t n, size_t d, size_t k, int variant) {
  struct lat_neighbour found;
  struct lat_neighbour_options options = {k, variant, 1, HUGE_VAL};
  if (lat_neighbour_information(large_x, d, large_y, d, n, options, &found) != LAT_OK) fail_msg("%s", lat_error_message());
  return found;
}

static void neighbours_see_a_gaussian_channel(void **state) {
  (void)state;
  for (int variant = 1; variant <= 2; variant++)
    for (double deviation = 0.25; deviation <= 4; deviation *= 4) {
      help_gaussian_pairs(large_x, large_y, 3000, 1, deviation, 5);
      struct lat_neighbour found = ksg(3000, 1, 4, variant);
      double exact = lat_gaussian_capacity(1, deviation * deviation);
      help_near(found.information.raw, exact, 4 * found.error + 0.01, "one dimension");
      assert_true(found.tied_x == 0 && found.tied_y == 0);
      help_gaussian_pairs(large_x, large_y, 3000, 2, deviation, 6);
      found = ksg(3000, 2, 4, variant);
      help_near(found.information.raw, 2 * exact, 4 * found.error + 0.15 * 2 * exact, "two dimensions");
    }
}

/* Nothing is there: 0 within the noise, for both. */
static void neighbours_see_nothing_in_a_shuffled_pair(void **state) {
  (void)state;
  struct lat_control control;
  help_gaussian_pairs(large_x, large_y, 500, 3, 0.1, 8);
  for (int variant = 1; variant <= 2; variant++) {
    struct lat_neighbour_options options = {4, variant, 1, HUGE_VAL};
    assert_int_equal(lat_neighbour_control(large_x, 3, large_y, 3, 500, options, 12, &control), LAT_OK);
    help_near(control.mean, 0, 4 * control.deviation / sqrt(12) + 0.01, "shuffled");
    assert_true(control.deviation > 0 && control.deviation < 0.1);
  }
}

/* The definition, by the smallest means: sorted distances and plain loops. */
static double plain_ksg(size_t n, size_t k) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    double best[8];
    size_t found = 0, a = 0, b = 0;
    for (size_t j = 0; j < n; j++) {
      if (j == i) continue;
      double z = fmax(fabs((double)large_x[j] - (double)large_x[i]) / 2, fabs((double)large_y[j] - (double)large_y[i]) / 3),
             t;
      for (size_t m = 0; m < found; m++)
        if (z < best[m]) t = best[m], best[m] = z, z = t;
      if (found < k) best[found++] = z;
    }
    for (size_t j = 0; j < n; j++) {
      a += j != i && fabs((double)large_x[j] - (double)large_x[i]) / 2 < best[k - 1];
      b += j != i && fabs((double)large_y[j] - (double)large_y[i]) / 3 < best[k - 1];
    }
    double psi_a = -0.57721566490153286, psi_b = psi_a;
    for (size_t m = 1; m <= a; m++) psi_a += 1 / (double)m;
    for (size_t m = 1; m <= b; m++) psi_b += 1 / (double)m;
    sum += psi_a + psi_b;
  }
  double own = -0.57721566490153286, all = own;
  for (size_t m = 1; m < k; m++) own += 1 / (double)m;
  for (size_t m = 1; m < n; m++) all += 1 / (double)m;
  return (own + all - sum / (double)n) / M_LN2;
}

static void neighbours_follow_their_definition(void **state) {
  (void)state;
  enum { N = 61 };
  /* mean squares of exactly 4 and 9 about a mean of 0, so that the scales are known */
  help_gaussian_pairs(large_x, large_y, N, 1, 0.5, 3);
  for (int which = 0; which < 2; which++) {
    float *v = which ? large_y : large_x;
    double mean = 0, square = 0, goal = which ? 3 : 2;
    for (size_t i = 0; i < N; i++) mean += (double)v[i] / N;
    for (size_t i = 0; i < N; i++) square += ((double)v[i] - mean) * ((double)v[i] - mean) / N;
    for (size_t i = 0; i < N; i++) v[i] = (float)(((double)v[i] - mean) / sqrt(square) * goal);
  }
  for (size_t k = 1; k <= 5; k += 2) help_near(ksg(N, 1, k, 1).information.raw, plain_ksg(N, k), 1e-9, "definition");
}

static void neighbours_are_told_of_ties_and_of_their_ceiling(void **state) {
  (void)state;
  enum { N = 900 };
  help_gaussian_pairs(large_x, large_y, N, 1, 0.3, 4);
  struct lat_neighbour before = ksg(N, 1, 3, 1);
  memcpy(large_y, large_x, N * sizeof(float)); /* infinite information: the estimate is its own ceiling at most */
  for (int variant = 1; variant <= 2; variant++) {
    struct lat_neighbour found = ksg(N, 1, 3, variant);
    if (!(found.information.raw <= found.ceiling && found.information.raw > before.information.raw))
      fail_msg("%g above %g", found.information.raw, found.ceiling);
  }
  struct lat_neighbour found;
  struct lat_neighbour_options options = {3, 1, 1, 2.5};
  assert_int_equal(lat_neighbour_information(large_x, 1, large_y, 1, N, options, &found), LAT_OK);
  assert_true(lat_estimate_cut(found.information) && found.information.bits == 2.5);
  for (size_t i = 0; i < N; i++) large_x[i] = (float)(i % 2); /* a fair bit, and y tells it */
  for (size_t i = 0; i < N; i++) large_y[i] = large_x[i] + 0.05F * large_y[i];
  found = ksg(N, 1, 3, 1);
  assert_true(found.tied_x == 1 && found.tied_y == 0);
  help_near(found.information.raw, 1, 0.1, "a bit");
  for (size_t i = 0; i < N; i++) large_x[i] = 7;
  help_near(ksg(N, 1, 3, 1).information.raw, 0, 0, "a constant tells nothing");
  options.k = N;
  assert_int_equal(lat_neighbour_information(large_x, 1, large_y, 1, N, options, &found), LAT_INPUT);
  large_y[3] = (float)NAN;
  options.k = 3;
  assert_int_equal(lat_neighbour_information(large_x, 1, large_y, 1, N, options, &found), LAT_INPUT);
}

static void neighbours_do_not_depend_on_threads(void **state) {
  (void)state;
  help_gaussian_pairs(large_x, large_y, 333, 2, 0.4, 2);
  omp_set_num_threads(1);
  struct lat_neighbour one = ksg(333, 2, 3, 2);
  omp_set_num_threads(5);
  struct lat_neighbour five = ksg(333, 2, 3, 2);
  omp_set_num_threads(2);
  assert_memory_equal(&one, &five, sizeof one);
}

static struct lat_bootstrap how = {0.95, 500, 1};

/* The decoder that knows the channel loses exactly H(M|Y): the bound is I. One that is too sure, or knows nothing, is below. */
static void a_decoder_gives_what_it_knows_and_no_more(void **state) {
  (void)state;
  enum { N = 4000, M = 5 };
  static float sure[N * M], right[N * M], nothing[N * M];
  static uint8_t bit[N * M];
  static double loss[N];
  double each[M], e = 0.1, truth = M * (1 - lat_entropy_binary(e));
  struct lat_random random;
  lat_random_start(&random, 21, "test decoder", 0);
  memset(loss, 0, sizeof loss);
  for (size_t i = 0; i < N * M; i++) {
    bit[i] = (uint8_t)lat_random_below(&random, 2);
    int seen = lat_random_uniform(&random) < e ? !bit[i] : bit[i];
    right[i] = (float)((seen ? 1 : -1) * log((1 - e) / e));
    sure[i] = 4 * right[i];
    loss[i / M] -= log(seen == bit[i] ? 1 - e : e);
  }
  struct lat_decoder_bits found;
  struct lat_decoder joint;
  assert_int_equal(lat_decoder_bits(right, bit, N, M, how, each, &found), LAT_OK);
  help_near(found.soft.information.bits, truth, 0.15, "the right decoder");
  assert_true(found.soft.interval.low <= truth && truth <= found.soft.interval.high);
  help_near(found.hard.information.bits, truth, 0.15, "by its errors");
  assert_true(found.hard.interval.low <= truth && truth <= found.hard.interval.high);
  double sum = 0;
  for (size_t j = 0; j < M; j++) sum += each[j];
  help_near(sum, found.soft.information.raw, 1e-9, "sum of bits");
  assert_int_equal(lat_decoder_joint(loss, N, M, how, &joint), LAT_OK);
  help_near(joint.information.raw, found.soft.information.raw, 1e-6, "joint");
  help_near(joint.interval.low, found.soft.interval.low, 1e-5, "its interval");
  struct lat_decoder fano = lat_decoder_fano(N - found.whole, N, M, 0.95);
  assert_true(fano.information.bits < truth && fano.interval.low < fano.information.bits);
  double before = found.soft.information.raw, errors = found.error;
  assert_int_equal(lat_decoder_bits(sure, bit, N, M, how, NULL, &found), LAT_OK);
  assert_true(found.soft.information.raw < before - 0.5 && found.error == errors);
  assert_int_equal(lat_decoder_bits(nothing, bit, N, M, how, NULL, &found), LAT_OK);
  help_near(found.soft.information.raw, 0, 1e-12, "no idea");
  help_near(found.error, 0.5, 0, "half wrong");
  nothing[7] = (float)NAN, loss[3] = -1;
  assert_int_equal(lat_decoder_bits(nothing, bit, N, M, how, NULL, &found), LAT_NUMERIC);
  assert_int_equal(lat_decoder_joint(loss, N, M, how, &joint), LAT_NUMERIC);
}

/* The channel with which Fano's inequality is an equality: right with 1 - e, else any other evenly. */
static void fano_is_exact_where_it_should_be(void **state) {
  (void)state;
  for (double K = 2; K < 1000; K *= 3)
    for (double e = 0; e < 1; e += 0.1) {
      double bits = lat_decoder_fano_at(e, log2(K));
      double exact = log2(K) - lat_entropy_binary(e) - (e > 0 ? e * log2(K - 1) : 0);
      help_near(bits, e < 1 - 1 / K ? exact : 0, 1e-9, "Fano");
    }
  help_near(lat_decoder_fano_at(0.25, 4096), 4096 * 0.75 - lat_entropy_binary(0.25), 1e-9, "many bits");
  struct lat_decoder none = lat_decoder_fano(0, 0, 8, 0.95), all = lat_decoder_fano(0, 500, 8, 0.95);
  assert_true(none.information.bits == 0 && none.interval.low == 0 && none.interval.high == 8);
  assert_true(all.information.bits == 8 && all.interval.low < 8 && all.interval.low > 7.8 && all.interval.high == 8);
}

/* Of 200 samples of 60 normal numbers about 95 % of the intervals hold the mean 0; binomial: 99.9 % between 0.885 and 0.985. */
static void the_bootstrap_covers_a_mean(void **state) {
  (void)state;
  enum { N = 60, TRIALS = 200 };
  float drawn[N];
  double value[N];
  struct lat_interval interval, again;
  int held = 0;
  for (uint64_t trial = 0; trial < TRIALS; trial++) {
    help_normal(drawn, N, 100 + trial);
    for (size_t i = 0; i < N; i++) value[i] = (double)drawn[i];
    assert_int_equal(lat_bootstrap_mean(value, N, how, &interval), LAT_OK);
    assert_int_equal(lat_bootstrap_mean(value, N, how, &again), LAT_OK);
    assert_memory_equal(&interval, &again, sizeof interval);
    held += interval.low <= 0 && 0 <= interval.high;
  }
  help_near((double)held / TRIALS, 0.935, 0.05, "coverage");
  value[0] = (double)NAN;
  assert_int_equal(lat_bootstrap_mean(value, N, how, &interval), LAT_NUMERIC);
  value[0] = 3;
  assert_int_equal(lat_bootstrap_mean(value, 1, how, &interval), LAT_OK);
  assert_true(interval.low == 3 && interval.high == 3);
}

static int all_job(void) {
  omp_set_num_threads(1); /* which of several threads' allocations is the k-th would be chance */
  uint32_t x[4] = {0, 1, 0, 1}, y[4] = {1, 0, 1, 1};
  float logit[4] = {1, 2, -1, 0};
  uint8_t bit[4] = {0, 1, 0, 1};
  double loss[4] = {1, 2, 3, 0};
  struct lat_control control;
  struct lat_decoder decoder;
  struct lat_decoder_bits bits;
  struct lat_neighbour_options options = {1, 1, 0, 9};
  int status = lat_entropy_control(x, 2, y, 2, 4, LAT_ENTROPY_GRASSBERGER, 2, 0, &control);
  if (status == LAT_OK) status = lat_neighbour_control(large_x, 1, large_x, 1, 40, options, 2, &control);
  if (status == LAT_OK) status = lat_decoder_bits(logit, bit, 2, 2, how, NULL, &bits);
  if (status == LAT_OK) status = lat_decoder_joint(loss, 4, 2, how, &decoder);
  omp_set_num_threads(2);
  return status;
}
static void memory_that_fails_is_told(void **state) {
  (void)state;
  help_normal(large_x, 40, 1);
  help_fail_each(all_job);
}

int main(void) {
  gsl_set_error_handler_off();
  omp_set_num_threads(2);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(entropy_of_counts_by_hand),
      cmocka_unit_test(the_corrections_take_the_bias_that_they_promise),
      cmocka_unit_test(information_of_labels),
      cmocka_unit_test(neighbours_see_a_gaussian_channel),
      cmocka_unit_test(neighbours_see_nothing_in_a_shuffled_pair),
      cmocka_unit_test(neighbours_follow_their_definition),
      cmocka_unit_test(neighbours_are_told_of_ties_and_of_their_ceiling),
      cmocka_unit_test(neighbours_do_not_depend_on_threads),
      cmocka_unit_test(a_decoder_gives_what_it_knows_and_no_more),
      cmocka_unit_test(fano_is_exact_where_it_should_be),
      cmocka_unit_test(the_bootstrap_covers_a_mean),
      cmocka_unit_test(memory_that_fails_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
