/* Without the clip: exact where attention is exact, and drifting by the derived law where it is not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/engine.h"
#include "lib/compile/horizon.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

static struct lat_compiled *compile(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_compiled *compiled;
  construction.snap = LAT_SNAP_NONE;
  if (lat_compile(netlist, &construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

static void every_combination_evaluates_c17_in_bit_exact_mode_and_reads_back(void **state) {
  (void)state;
  struct lat_netlist *c17 = help_c17();
  for (unsigned K = 2; K <= 6; K++)
    for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
      for (int activation = LAT_ACTIVATION_RELU; activation <= LAT_ACTIVATION_GELU_TANH; activation++) {
        struct lat_construction construction = help_plain(K);
        construction.norm = (enum lat_norm)norm;
        construction.activation = (enum lat_activation)activation;
        construction.beta = 56;
        struct lat_compiled *compiled = compile(c17, construction);
        assert_int_equal(compiled->model->config.ffn, ((size_t)1 << K) + 1 + 2 * (2 * K + 2));
        assert_int_equal(compiled->model->count, lat_compile_parameters(&compiled->construction, compiled->nodes));
        struct lat_certificate certificate;
        lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
        assert_true(certificate.bit_exact && certificate.certified && certificate.layers_right == SIZE_MAX);
        double error = help_run_and_compare(c17, compiled, 32);
        if (!(error == 0)) fail_msg("K %u norm %d activation %d: error %g", K, norm, activation, error);
        struct lat_netlist *back = NULL;
        if (lat_compile_extract(compiled->model, compiled->prompt, &back) != LAT_OK) fail_msg("%s", lat_error_message());
        assert_int_equal(back->nodes, c17->nodes);
        lat_netlist_free(back);
        lat_compiled_free(compiled);
      }
  lat_netlist_free(c17);
}

struct drift {
  const struct lat_compiled *compiled;
  double leak;
  size_t layers;
  size_t right; /* layers after which the input still has its sign */
  double worst; /* largest difference from the law, relative */
};

static int watch(void *context, size_t step, size_t layer, const float *x) {
  struct drift *drift = context;
  (void)step, (void)layer;
  drift->layers++;
  double v = (double)x[lat_layout_column(&drift->compiled->layout, drift->compiled->layout.value)];
  double law = lat_horizon_drift(drift->leak, drift->compiled->layout.fan_in, drift->layers);
  if (v > 0 && drift->right + 1 == drift->layers) drift->right = drift->layers;
  if (law < 0.9) drift->worst = fmax(drift->worst, fabs(1 - v - law) / law);
  return LAT_OK;
}

/* Inputs alone, one of them 1: the assignment that leaks worst. */
static struct drift run_lone_input(unsigned K, double beta, size_t inputs, struct lat_certificate *certificate) {
  struct lat_netlist *netlist = help_random(1, inputs, 0, K);
  struct lat_construction construction = help_plain(K);
  construction.beta = beta;
  construction.steps = 40;
  struct lat_compiled *compiled = compile(netlist, construction);
  lat_certify(compiled, LAT_ATTENTION_DENSE, certificate);
  struct drift drift = {.compiled = compiled, .leak = lat_leak_occupied(compiled->beta, inputs)};
  unsigned char *bit = lat_calloc(inputs, 1);
  float *x = lat_alloc(inputs * compiled->layout.width, sizeof *x);
  struct lat_forward *forward;
  bit[0] = 1; /* token 0 is the worst target for every number of tokens */
  lat_prompt_state(compiled->prompt, bit, x);
  assert_int_equal(lat_forward_alloc(compiled->model, 1, inputs, &forward), LAT_OK);
  assert_int_equal(lat_transformer_run(compiled->model, forward, 40, x, watch, &drift, 0), LAT_OK);
  lat_forward_free(forward);
  lat_free(x);
  lat_free(bit);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
  drift.compiled = NULL;
  return drift;
}

static void a_lone_true_wire_drifts_by_the_law_to_the_horizon(void **state) {
  (void)state;
  for (unsigned K = 2; K <= 4; K += 2)
    for (double beta = 1; beta <= 6; beta += 0.5)
      for (size_t inputs = 7; inputs <= 64; inputs += 57) {
        struct lat_certificate certificate;
        struct drift drift = run_lone_input(K, beta, inputs, &certificate);
        double horizon = lat_horizon_layers(drift.leak, K);
        if (!(drift.worst <= 5e-3)) fail_msg("K %u beta %g: off the law by %g", K, beta, drift.worst);
        assert_int_equal(drift.right, (size_t)fmax(ceil(horizon) - 1, 0));
        assert_false(certificate.certified);
        assert_true(certificate.margin < 0);
        assert_non_null(strstr(certificate.reason, "right for all inputs up to"));
        /* Proven up to the horizon itself, but for rounding at a layer's edge. */
        assert_true(certificate.layers_right <= drift.right && certificate.layers_right + 1 >= drift.right);
        assert_true(certificate.beta_minimum > 50 && certificate.beta_minimum < 54);
      }
}

static void the_horizon_is_the_formula_and_1_44_layers_a_unit_of_beta(void **state) {
  (void)state;
  for (double leak = 1e-12; leak < 1e-3; leak *= 10) {
    double formula = log(1 + 3 / (8 * leak)) / log(4);
    if (!(fabs(lat_horizon_layers(leak, 2) - formula) <= 20 * leak * formula + 1e-9)) fail_msg("leak %g", leak);
  }
  double slope = lat_horizon_layers(lat_leak(12, 8), 2) - lat_horizon_layers(lat_leak(11, 8), 2);
  if (!(fabs(slope - 2 / log(4)) <= 1e-3)) fail_msg("%g layers", slope);
  assert_true(isinf(lat_horizon_layers(0, 2)));
  assert_true(lat_horizon_layers(0.2, 2) == 0);
}

static void proven_layers_are_right(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17();
  size_t tried = 0;
  enum { C17_DEPTH = 3 };
  for (double beta = 3; beta <= 9; beta += 0.5) {
    struct lat_construction construction = help_plain(2);
    struct lat_certificate certificate;
    construction.beta = beta;
    construction.activation = tried % 2 ? LAT_ACTIVATION_GELU : LAT_ACTIVATION_RELU;
    struct lat_compiled *compiled = compile(netlist, construction);
    lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
    lat_compiled_free(compiled);
    if (certificate.layers_right < C17_DEPTH) continue;
    construction.steps = certificate.layers_right;
    compiled = compile(netlist, construction);
    assert_int_equal(help_wrong(netlist, compiled, 32), 0);
    lat_compiled_free(compiled);
    tried++;
  }
  assert_true(tried > 8);
  lat_netlist_free(netlist);
}

static void under_a_norm_nothing_is_promised(void **state) {
  (void)state;
  struct lat_netlist *c17 = help_c17();
  struct lat_construction construction = help_plain(2);
  struct lat_certificate certificate;
  construction.norm = LAT_NORM_RMSNORM;
  construction.beta = 4;
  struct lat_compiled *compiled = compile(c17, construction);
  lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
  assert_false(certificate.certified);
  assert_int_equal(certificate.layers_right, 0);
  assert_non_null(strstr(certificate.reason, "under a norm"));
  lat_compiled_free(compiled);
  lat_netlist_free(c17);
}

static void the_engine_has_the_bits_of_the_model(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_family("ripple:3", 2);
  struct lat_construction construction = help_plain(2);
  construction.beta = 56;
  struct lat_compiled *compiled = compile(netlist, construction);
  struct lat_engine *engine;
  struct lat_vectors *input, *value;
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 64, &input), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, 64, &value), LAT_OK);
  lat_vectors_random(input, 3);
  lat_simulate(netlist, input, value);
  uint64_t *wrong = lat_calloc(compiled->construction.steps + 1, sizeof *wrong);
  struct lat_engine_record record = {.output_wrong = wrong};
  assert_int_equal(lat_engine_run(engine, input, value, &record), LAT_OK);
  assert_int_equal(wrong[compiled->construction.steps], 0);
  assert_true(wrong[0] > 0);
  lat_free(wrong);
  lat_vectors_free(input);
  lat_vectors_free(value);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

static void names_read_back_and_strange_ones_are_refused(void **state) {
  (void)state;
  enum lat_snap snap;
  for (int i = LAT_SNAP_CLIP; i <= LAT_SNAP_NONE; i++) {
    assert_int_equal(lat_snap_parse(lat_snap_name((enum lat_snap)i), &snap), LAT_OK);
    assert_int_equal(snap, i);
  }
  assert_int_equal(lat_snap_parse("snip", &snap), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "clip or none"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_combination_evaluates_c17_in_bit_exact_mode_and_reads_back),
      cmocka_unit_test(a_lone_true_wire_drifts_by_the_law_to_the_horizon),
      cmocka_unit_test(the_horizon_is_the_formula_and_1_44_layers_a_unit_of_beta),
      cmocka_unit_test(proven_layers_are_right),
      cmocka_unit_test(under_a_norm_nothing_is_promised),
      cmocka_unit_test(the_engine_has_the_bits_of_the_model),
      cmocka_unit_test(names_read_back_and_strange_ones_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
