/* Circuits in narrow number formats: what is certified never fails under adversaries, and how far below its bound they begin to
 * win; what cannot be derived is called not certified. */
#include "lib/compile/format.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

/* The first input and gates of one value: everything that leaks to the input's latch pulls the same way. `last` puts the wire
 * that is fetched behind all of them instead: a chain of copies of the input at the end of the tokens. */
static struct lat_netlist *adversary(size_t nodes, int others, int last) {
  struct lat_netlist *netlist;
  uint32_t from[2] = {0, 0};
  assert_int_equal(lat_netlist_alloc("adversary", &netlist), LAT_OK);
  assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t g = 1; g < nodes; g++) {
    int copy = last && g + 4 >= nodes;
    from[0] = copy && g + 4 > nodes ? (uint32_t)g - 1 : 0;
    assert_int_equal(lat_netlist_node(netlist, 1, from, copy ? 2 : others ? 3 : 0, NULL), LAT_OK);
  }
  assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)(last ? nodes - 1 : 0)), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static struct lat_compiled *compile(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

static struct lat_certificate certify(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_certificate certificate;
  struct lat_compiled *compiled = compile(netlist, &construction);
  lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
  lat_compiled_free(compiled);
  return certificate;
}

static int breaks(const struct lat_netlist *netlist, struct lat_construction construction, double beta) {
  construction.beta = beta;
  construction.steps = 6;
  struct lat_compiled *compiled = compile(netlist, &construction);
  size_t wrong = help_wrong(netlist, compiled, 2);
  lat_compiled_free(compiled);
  return wrong > 0;
}

static struct lat_construction in_format(unsigned K, enum lat_norm norm, int storage, int accumulate) {
  struct lat_construction construction = help_plain(K);
  construction.norm = norm;
  construction.arithmetic.storage = (enum lat_dtype)storage;
  construction.arithmetic.accumulate = (enum lat_dtype)accumulate;
  return construction;
}

/* Every pair of formats and every norm: right at the smallest certified beta and above; a table of where it breaks. */
static void what_is_certified_stands_in_every_pair_of_formats(void **state) {
  (void)state;
  struct lat_netlist *bad[4];
  for (int i = 0; i < 4; i++) bad[i] = adversary(i < 2 ? 16 : 21, i % 2, i >= 2);
  struct lat_netlist *random = help_random(9, 4, 17, 2);
  size_t certified = 0, settings = 0;
  for (int s = 0; s < LAT_DTYPES; s++)
    for (int a = 0; a < LAT_DTYPES; a++)
      for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++) {
        struct lat_construction construction = in_format(2, (enum lat_norm)norm, s, a);
        if (lat_arithmetic_is_plain(construction.arithmetic)) continue;
        double smallest = 0, lost = 0;
        settings++;
        for (int i = 0; i < 4; i += norm == LAT_NORM_NONE ? 1 : 3) {
          struct lat_certificate certificate = certify(bad[i], construction);
          if (!isfinite(certificate.beta_minimum)) {
            if (certificate.certified || strlen(certificate.reason) < 10) fail_msg("a certificate without a beta");
            continue;
          }
          if (certificate.beta_minimum > smallest) smallest = certificate.beta_minimum;
          double beta = certificate.beta_minimum;
          for (int k = 0; k < 2; k++, beta *= 1.3)
            if (breaks(bad[i], construction, beta))
              fail_msg("%s, sums in %s, norm %d, adversary %d: certified from %g, breaks at %g",
                       lat_dtype_name((enum lat_dtype)s), lat_dtype_name((enum lat_dtype)a), norm, i,
                       certificate.beta_minimum, beta);
          for (beta = certificate.beta_minimum; beta > 0.4 && !breaks(bad[i], construction, beta);) beta *= 0.9;
          if (beta > lost) lost = beta;
        }
        if (smallest == 0) {
          print_message("%-8s sums in %-8s %-9s not certified\n", lat_dtype_name((enum lat_dtype)s),
                        lat_dtype_name((enum lat_dtype)a), lat_norm_name((enum lat_norm)norm));
          continue;
        }
        certified++;
        print_message("%-8s sums in %-8s %-9s certified from %5.3f, the adversaries win below %5.3f\n",
                      lat_dtype_name((enum lat_dtype)s), lat_dtype_name((enum lat_dtype)a),
                      lat_norm_name((enum lat_norm)norm), smallest, lost / 0.9);
        construction.beta = smallest;
        struct lat_certificate certificate;
        struct lat_compiled *compiled = compile(random, &construction);
        lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
        if (certificate.certified) {
          double error = help_run_and_compare(random, compiled, 32);
          if (!(error <= certificate.eta)) fail_msg("error %g above eta %g", error, certificate.eta);
          if (certificate.bit_exact) assert_true(error == 0);
        }
        lat_compiled_free(compiled);
      }
  assert_int_equal(certified, settings);
  for (int i = 0; i < 4; i++) lat_netlist_free(bad[i]);
  lat_netlist_free(random);
}

static void other_fan_ins_activations_masks_and_variants_stand_too(void **state) {
  (void)state;
  static const int pairs[][2] = {{LAT_DTYPE_BF16, LAT_DTYPE_FP32},
                                 {LAT_DTYPE_FP16, LAT_DTYPE_FP16},
                                 {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32},
                                 {LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP8_E5M2},
                                 {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E4M3}};
  for (size_t p = 0; p < 5; p++)
    for (unsigned K = 2; K <= 6; K++) {
      struct lat_construction construction = in_format(K, LAT_NORM_NONE, pairs[p][0], pairs[p][1]);
      construction.activation = (enum lat_activation)(K % 3);
      construction.mask = K % 2 ? LAT_MASK_CAUSAL : LAT_MASK_FULL;
      construction.variant = K % 2 ? LAT_VARIANT_UNIVERSAL : LAT_VARIANT_WEIGHTS;
      construction.layers = 1 + K % 2;
      struct lat_netlist *netlist = help_random(K + p, 6, 24, K);
      struct lat_certificate certificate;
      struct lat_compiled *compiled = compile(netlist, &construction);
      lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
      if (!certificate.certified) fail_msg("pair %zu, K %u: %s", p, K, certificate.reason);
      double error = help_run_and_compare(netlist, compiled, 8);
      if (!(error <= certificate.eta)) fail_msg("pair %zu, K %u: error %g above eta %g", p, K, error, certificate.eta);
      lat_compiled_free(compiled);
      lat_netlist_free(netlist);
    }
}

/* From the smallest beta that certifies, every larger one that the formats hold does. */
static void a_larger_beta_stays_certified(void **state) {
  (void)state;
  static const size_t bits[] = {1, 4, 9, 14};
  for (int s = 0; s < LAT_DTYPES; s++)
    for (int a = 0; a < LAT_DTYPES; a++)
      for (size_t i = 0; i < 4; i++)
        for (int bounded = 0; bounded < 2; bounded++) {
          struct lat_arithmetic arithmetic = {(enum lat_dtype)s, (enum lat_dtype)a};
          if (lat_arithmetic_is_plain(arithmetic)) continue;
          struct lat_format_setting setting = {.arithmetic = arithmetic,
                                               .tokens = (size_t)1 << bits[i],
                                               .address_bits = bits[i],
                                               .fan_in = 2,
                                               .kappa = 1,
                                               .exact_layer = 1,
                                               .bounded = bounded};
          double largest = lat_format_largest_beta(arithmetic, bits[i]), first = 0;
          for (double beta = 0.25; beta <= largest && beta < 60; beta *= 1.013) {
            struct lat_format_bound bound;
            setting.query_weight = (double)lat_format_query_weight(arithmetic, beta, bits[i]);
            lat_format_bound(&setting, &bound);
            int good = bound.invariant && bound.failed == NULL && bound.left <= bound.right;
            if (good && first == 0) first = beta;
            if (first > 0 && !good)
              fail_msg("%s, sums in %s, m %zu, bounded %d: certified at %g, not at %g (%g <= %g)",
                       lat_dtype_name(arithmetic.storage), lat_dtype_name(arithmetic.accumulate), bits[i], bounded, first,
                       beta, bound.left, bound.right);
          }
        }
}

/* Weights are values of the storage, and a score falls by exactly 2 beta for every address bit that differs. */
static void beta_is_realised_exactly(void **state) {
  (void)state;
  for (int s = 1; s < LAT_DTYPES; s++)
    for (size_t nodes = 2; nodes <= 300; nodes = nodes * 2 + 1) {
      struct lat_netlist *netlist = adversary(nodes, 0, 0);
      struct lat_construction construction = in_format(2, LAT_NORM_RMSNORM, s, LAT_DTYPE_FP32);
      construction.beta = 3.3;
      struct lat_compiled *compiled = compile(netlist, &construction);
      const struct lat_transformer *model = compiled->model;
      for (size_t i = 0; i < model->count; i++)
        assert_true(lat_dtype_round((enum lat_dtype)s, model->parameters[i]) == model->parameters[i]);
      double query = 0, scale = model->config.attention_scale;
      for (size_t d = 0; d < model->config.width; d++) query += (double)model->layer[0].query.weight[d];
      assert_true(compiled->beta == query * scale && compiled->beta == compiled->construction.beta);
      assert_true(fabs(compiled->beta / 3.3 - 1) <= lat_dtype_facts((enum lat_dtype)s).unit_roundoff);
      assert_true(frexp(scale, &(int){0}) == 0.5);
      assert_true(compiled->construction.kappa == LAT_FORMAT_KAPPA);
      lat_compiled_free(compiled);
      lat_netlist_free(netlist);
    }
}

/* Whatever the number of channels, there is a gain that turns a row of +-1 back into exactly +-1. */
static void norms_with_single_precision_sums_are_exact_at_every_width(void **state) {
  (void)state;
  for (int s = 1; s < LAT_DTYPES; s++)
    for (int norm = LAT_NORM_RMSNORM; norm <= LAT_NORM_LAYERNORM; norm++)
      for (unsigned K = 2; K <= 6; K += 2)
        for (size_t nodes = 2; nodes <= 300; nodes = nodes * 2 - 1) {
          struct lat_netlist *netlist = adversary(nodes, 0, 0);
          struct lat_construction construction = in_format(K, (enum lat_norm)norm, s, LAT_DTYPE_FP32);
          construction.beta = 4;
          struct lat_compiled *compiled = compile(netlist, &construction);
          if (!lat_format_layer_is_exact(compiled))
            fail_msg("%s, norm %d, K %u, %zu tokens", lat_dtype_name((enum lat_dtype)s), norm, K, nodes);
          lat_compiled_free(compiled);
          lat_netlist_free(netlist);
        }
}

static void what_the_formats_cannot_hold_is_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(50, 0, 0);
  struct lat_construction construction = in_format(2, LAT_NORM_NONE, LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32);
  struct lat_compiled *compiled;
  construction.beta = 300;
  assert_int_equal(lat_compile(netlist, &construction, &compiled), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "beta 300 is too large for fp8-e4m3 with sums in fp32"));
  construction.beta = 0;
  construction.kappa = 200;
  assert_int_equal(lat_compile(netlist, &construction, &compiled), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "too large for fp8-e4m3"));
  lat_netlist_free(netlist);
}

static void what_cannot_be_derived_is_not_certified_and_says_why(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(50, 0, 0);
  struct lat_construction construction = in_format(2, LAT_NORM_RMSNORM, LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP32);
  construction.kappa = 4; /* 4 1/2 has 4 bits */
  construction.beta = 1;
  struct lat_certificate certificate = certify(netlist, construction);
  assert_false(certificate.certified || isfinite(certificate.beta_minimum));
  assert_non_null(strstr(certificate.reason, "the layer is not exact"));
  assert_true(breaks(netlist, construction, 1));
  struct lat_netlist *long_one = adversary(300, 0, 0); /* 9 address bits, and 9 is no number of 3 bits */
  construction = in_format(2, LAT_NORM_NONE, LAT_DTYPE_BF16, LAT_DTYPE_FP8_E5M2);
  certificate = certify(long_one, construction);
  assert_false(certificate.certified || isfinite(certificate.beta_minimum));
  assert_non_null(strstr(certificate.reason, "partial sums of a score"));
  lat_netlist_free(long_one);
  construction = in_format(2, LAT_NORM_NONE, LAT_DTYPE_BF16, LAT_DTYPE_FP32);
  construction.snap = LAT_SNAP_NONE;
  construction.beta = 2;
  certificate = certify(netlist, construction);
  assert_false(certificate.certified);
  assert_non_null(strstr(certificate.reason, "without a snap"));
  construction.beta = 8; /* then storing is the snap */
  certificate = certify(netlist, construction);
  assert_true(certificate.certified && certificate.bit_exact);
  assert_false(breaks(netlist, construction, 8));
  lat_netlist_free(netlist);
}

/* A slope whose steps the format does not hold: the run of the layer finds it. */
static void a_layer_that_is_not_exact_is_found_by_running_it(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(20, 0, 0);
  struct lat_construction construction = in_format(2, LAT_NORM_NONE, LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP32);
  struct lat_compiled *compiled = compile(netlist, &construction);
  assert_true(lat_format_layer_is_exact(compiled));
  size_t column = lat_layout_column(&compiled->layout, compiled->layout.fetched + 1);
  for (size_t unit = 0; unit < compiled->model->config.ffn;
       unit++) { /* one weight of each hidden unit off, one at a time */
    float *weight = &compiled->model->layer[0].up.weight[unit * compiled->layout.width + column], kept = *weight;
    if (kept == 0) continue;
    *weight = kept * 1.25f;
    if (lat_format_layer_is_exact(compiled) && fabsf(kept) != 1) fail_msg("unit %zu", unit);
    *weight = -kept;
    if (lat_format_layer_is_exact(compiled)) fail_msg("a turned weight of unit %zu is not found", unit);
    *weight = kept;
  }
  assert_true(lat_format_layer_is_exact(compiled));
  lat_compiled_free(compiled);
  construction.kappa = 4; /* 4 1/2 has 4 bits */
  compiled = compile(netlist, &construction);
  assert_false(lat_format_layer_is_exact(compiled));
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

static void failing_allocations_leave_nothing_behind(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(20, 0, 0);
  struct lat_construction construction = in_format(2, LAT_NORM_NONE, LAT_DTYPE_BF16, LAT_DTYPE_BF16);
  size_t before = lat_memory_current();
  struct lat_compiled *compiled = NULL;
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_compile(netlist, &construction, &compiled);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || (status == LAT_MEMORY && lat_memory_current() == before));
    assert_true(k < 100);
  }
  lat_compiled_free(compiled);
  assert_int_equal(lat_memory_current(), before);
  lat_netlist_free(netlist);
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_certified_stands_in_every_pair_of_formats),
      cmocka_unit_test(other_fan_ins_activations_masks_and_variants_stand_too),
      cmocka_unit_test(a_larger_beta_stays_certified),
      cmocka_unit_test(beta_is_realised_exactly),
      cmocka_unit_test(norms_with_single_precision_sums_are_exact_at_every_width),
      cmocka_unit_test(what_the_formats_cannot_hold_is_refused),
      cmocka_unit_test(what_cannot_be_derived_is_not_certified_and_says_why),
      cmocka_unit_test(a_layer_that_is_not_exact_is_found_by_running_it),
      cmocka_unit_test(failing_allocations_leave_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
