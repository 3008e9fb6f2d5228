/* The certificate against adversaries: what is certified never fails, and where the bound ends an adversary wins. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/engine.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

/* One input and N - 1 gates whose value is always `others`: while the input carries the opposite, every wrong token that
 * its latch can leak from pulls the same way. Token 0 is a worst target for any N. */
static struct lat_netlist *adversary(size_t nodes, int others) {
  struct lat_netlist *netlist;
  uint32_t from[2] = {0, 0};
  assert_int_equal(lat_netlist_alloc("adversary", &netlist), LAT_OK);
  assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t g = 1; g < nodes; g++) assert_int_equal(lat_netlist_node(netlist, 1, from, others ? 3 : 0, NULL), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, 0), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static struct lat_compiled *compile(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

/* Steps that let an error of one part in 10^9 grow by the clip's slope to the full signal. */
enum { STEPS = 24 };

/* Does the real forward pass lose the input's bit? *realised gets the beta that really ran. */
static int breaks(const struct lat_netlist *netlist, struct lat_construction construction, double beta, double *realised) {
  construction.beta = beta;
  construction.steps = STEPS;
  struct lat_compiled *compiled = compile(netlist, &construction);
  if (realised) *realised = compiled->beta;
  int broken = help_wrong(netlist, compiled, 2) > 0;
  lat_compiled_free(compiled);
  return broken;
}

/* The beta at which the adversary begins to win, between certain defeat and certain victory. */
static double threshold(const struct lat_netlist *netlist, struct lat_construction construction) {
  double low = 0.3, high = 4, realised = 0;
  assert_true(breaks(netlist, construction, low, NULL));
  assert_false(breaks(netlist, construction, high, NULL));
  while (high - low > 2e-4) {
    double middle = (low + high) / 2;
    if (breaks(netlist, construction, middle, &realised))
      low = middle;
    else
      high = realised > low ? fmin(realised, middle) : middle;
  }
  return high;
}

static struct lat_certificate certify(const struct lat_netlist *netlist, struct lat_construction construction,
                                      enum lat_attention attention) {
  struct lat_certificate certificate;
  struct lat_compiled *compiled = compile(netlist, &construction);
  lat_certify(compiled, attention, &certificate);
  lat_compiled_free(compiled);
  return certificate;
}

/* The beta of the closed form: leak(beta) = (1 - 1 / (2 kappa)) / (2 K). */
static double formula(double kappa, double K, size_t tokens) {
  double low = 0.01, high = 20, leak = (1 - 1 / (2 * kappa)) / (2 * K);
  for (int i = 0; i < 200; i++) {
    double middle = (low + high) / 2;
    if (lat_leak_occupied(middle, tokens) <= leak)
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* The latch of the adversary in exact arithmetic: all other wires are -1. */
static int model_breaks(double kappa, double leak) {
  double v = 1;
  for (int t = 0; t < 200; t++) {
    double z = 2 * ((1 - leak) * v - leak) - 1;
    v = 2 * (fmax(kappa * z + 0.5, 0) - fmax(kappa * z - 0.5, 0)) - 1;
  }
  return !(v > 0);
}

static void closed_form_is_the_exact_threshold_of_the_model(void **state) {
  (void)state;
  static const double kappa[] = {1, 4, 32}, at_512[] = {2.1016, 1.7912, 1.7228}, at_256[] = {2.0423, 1.7315, 1.6629};
  for (size_t i = 0; i < 3; i++) {
    double low = 0, high = 0.5;
    for (int n = 0; n < 60; n++) {
      double middle = (low + high) / 2;
      if (model_breaks(kappa[i], middle))
        high = middle;
      else
        low = middle;
    }
    if (!(fabs(high - (0.25 - 1 / (8 * kappa[i]))) <= 1e-9)) fail_msg("kappa %g: leak %.9f", kappa[i], high);
    if (!(fabs(formula(kappa[i], 2, 512) - at_512[i]) <= 5e-5)) fail_msg("512: %.5f", formula(kappa[i], 2, 512));
    if (!(fabs(formula(kappa[i], 2, 256) - at_256[i]) <= 5e-5)) fail_msg("256: %.5f", formula(kappa[i], 2, 256));
  }
}

static void the_adversary_wins_where_the_formula_ends(void **state) {
  (void)state;
  static const size_t nodes[] = {64, 50, 7};
  for (size_t n = 0; n < 3; n++)
    for (int k = 0; k < 3; k++)
      for (unsigned K = 2; K <= 4; K += 2) {
        struct lat_construction construction = help_plain(K);
        construction.kappa = k == 0 ? 1 : k == 1 ? 4 : 32;
        struct lat_netlist *netlist = adversary(nodes[n], 0);
        double measured = threshold(netlist, construction), want = formula(construction.kappa, K, nodes[n]);
        struct lat_certificate certificate = certify(netlist, construction, LAT_ATTENTION_DENSE);
        if (!(fabs(measured - want) <= 1e-3))
          fail_msg("N %zu kappa %g: breaks at %.5f, formula %.5f", nodes[n], construction.kappa, measured, want);
        if (!(certificate.beta_minimum >= measured - 1e-3 && certificate.beta_minimum <= measured * 1.002))
          fail_msg("N %zu kappa %g: breaks at %.5f, certified from %.5f", nodes[n], construction.kappa, measured,
                   certificate.beta_minimum);
        lat_netlist_free(netlist);
      }
}

static void full_address_space_of_512(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(512, 0);
  struct lat_construction construction = help_plain(2);
  construction.kappa = 4;
  double want = formula(4, 2, 512);
  assert_true(breaks(netlist, construction, want * 0.999, NULL));
  assert_false(breaks(netlist, construction, certify(netlist, construction, LAT_ATTENTION_DENSE).beta_minimum, NULL));
  lat_netlist_free(netlist);
}

/* Where norms and GELU make the bound less tight it must still be on the safe side. */
static void what_is_certified_stands_under_every_option(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (int activation = LAT_ACTIVATION_RELU; activation <= LAT_ACTIVATION_GELU_TANH; activation += 2)
      for (int others = 0; others < 2; others++)
        for (unsigned K = 2; K <= 3; K++) {
          struct lat_construction construction = help_plain(K);
          construction.norm = (enum lat_norm)norm;
          construction.activation = (enum lat_activation)activation;
          construction.kappa = others ? 1 : 4;
          struct lat_netlist *bad = adversary(32, others), *random = help_random(9, 5, 27, K);
          struct lat_certificate certificate = certify(bad, construction, LAT_ATTENTION_DENSE);
          double smallest = certificate.beta_minimum, measured = threshold(bad, construction);
          if (!(measured <= smallest + 2e-4))
            fail_msg("norm %d activation %d: certified from %.5f but breaks at %.5f", norm, activation, smallest, measured);
          if (others == 0 && !(smallest <= measured * 1.3))
            fail_msg("the bound is useless: %.5f for %.5f", smallest, measured);
          if (K == 2 && others == 0)
            print_message("%s %s: certified from %.4f, the adversary wins below %.4f\n", lat_norm_name(construction.norm),
                          lat_activation_name(construction.activation), smallest, measured);
          construction.beta = smallest;
          struct lat_compiled *compiled = compile(random, &construction);
          lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
          assert_true(certificate.certified && certificate.margin >= 0);
          help_run_and_compare(random, compiled, 32);
          lat_compiled_free(compiled);
          lat_netlist_free(random);
          lat_netlist_free(bad);
        }
}

/* Wrong output bits after the last step, by the engine; *error gets its largest error of a settled value. */
static uint64_t wrong_in_engine(const struct lat_netlist *netlist, const struct lat_compiled *compiled,
                                enum lat_attention attention, double *error) {
  struct lat_engine *engine;
  struct lat_vectors *inputs, *values;
  size_t T = compiled->construction.steps;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, (size_t)1 << netlist->inputs, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  lat_vectors_exhaustive(inputs);
  lat_simulate(netlist, inputs, values);
  if (lat_engine_alloc(compiled, attention, &engine) != LAT_OK) fail_msg("%s", lat_error_message());
  uint64_t *wrong = lat_calloc(T + 1, sizeof *wrong), last;
  double *errors = lat_calloc(T + 1, sizeof *errors);
  struct lat_engine_record record = {.output_wrong = wrong, .largest_error = errors};
  assert_int_equal(lat_engine_run(engine, inputs, values, &record), LAT_OK);
  last = wrong[T];
  *error = errors[T];
  lat_free(errors);
  lat_free(wrong);
  lat_engine_free(engine);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  return last;
}

static void what_is_certified_stands_in_the_engine(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++)
      for (int which = 0; which < 3; which++)
        for (int room = 0; room < 2; room++) {
          struct lat_construction construction = help_plain(which == 2 ? 3 : 2);
          construction.norm = (enum lat_norm)norm;
          construction.activation = which == 2 ? LAT_ACTIVATION_GELU : LAT_ACTIVATION_RELU;
          construction.steps = STEPS;
          struct lat_netlist *netlist = which == 2 ? help_random(4, 6, 70, 3) : adversary(which ? 50 : 64, 0);
          construction.beta = certify(netlist, construction, (enum lat_attention)attention).beta_minimum + 2 * room;
          struct lat_compiled *compiled = compile(netlist, &construction);
          struct lat_certificate certificate;
          lat_certify(compiled, (enum lat_attention)attention, &certificate);
          assert_true(certificate.certified);
          double eta = strtod(strstr(certificate.inequality, "eta ") + 4, NULL), error;
          uint64_t wrong = wrong_in_engine(netlist, compiled, (enum lat_attention)attention, &error);
          if (wrong || !(error <= eta * 1.01))
            fail_msg("norm %d %s beta %g: %llu wrong, error %g, eta %g", norm,
                     lat_attention_name((enum lat_attention)attention), compiled->beta, (unsigned long long)wrong, error,
                     eta);
          lat_compiled_free(compiled);
          lat_netlist_free(netlist);
        }
}

/* The measured error of a value never exceeds the eta that the inequality uses, which is printed in it. */
static void measured_error_stays_below_the_bound(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (double beta = 3; beta <= 12; beta += 3) {
      struct lat_netlist *netlist = help_random(17, 8, 120, 2);
      struct lat_construction construction = help_plain(2);
      construction.norm = (enum lat_norm)norm;
      construction.beta = beta;
      struct lat_certificate certificate;
      struct lat_compiled *compiled = compile(netlist, &construction);
      lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
      double eta = strtod(strstr(certificate.inequality, "eta ") + 4, NULL);
      double error = help_run_and_compare(netlist, compiled, 16);
      if (!(error <= eta * 1.01)) fail_msg("norm %d beta %g: error %g above eta %g", norm, beta, error, eta);
      lat_compiled_free(compiled);
      lat_netlist_free(netlist);
    }
}

static void automatic_beta_is_certified_with_room(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (unsigned K = 2; K <= 6; K++)
      for (size_t nodes = 1; nodes <= 1000; nodes *= 10) {
        struct lat_netlist *netlist = adversary(nodes, 0);
        struct lat_construction construction = help_plain(K);
        construction.norm = (enum lat_norm)norm;
        struct lat_compiled *compiled = compile(netlist, &construction);
        struct lat_certificate dense, fast;
        lat_certify(compiled, LAT_ATTENTION_DENSE, &dense);
        lat_certify(compiled, LAT_ATTENTION_FAST, &fast);
        assert_true(dense.certified && fast.certified && dense.reason[0] == '\0');
        assert_true(compiled->beta >= dense.beta_minimum + 1.99 && compiled->beta <= dense.beta_minimum + 2.51);
        assert_true(dense.leak >= lat_leak_occupied(compiled->beta, nodes));
        lat_compiled_free(compiled);
        lat_netlist_free(netlist);
      }
}

static void below_the_bound_it_says_not_certified(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(200, 0);
  struct lat_construction construction = help_plain(2);
  struct lat_certificate smallest = certify(netlist, construction, LAT_ATTENTION_DENSE);
  construction.beta = smallest.beta_minimum;
  assert_true(certify(netlist, construction, LAT_ATTENTION_DENSE).certified);
  construction.beta = smallest.beta_minimum * 0.999;
  struct lat_certificate below = certify(netlist, construction, LAT_ATTENTION_DENSE);
  assert_true(!below.certified && below.margin < 0 && strlen(below.reason) > 10);
  assert_true(fabs(below.beta_minimum - smallest.beta_minimum) < 1e-12);
  construction.beta = 6;
  construction.mask = LAT_MASK_CAUSAL;
  struct lat_certificate causal = certify(netlist, construction, LAT_ATTENTION_FAST);
  assert_true(!causal.certified && strstr(causal.reason, "causal"));
  assert_true(certify(netlist, construction, LAT_ATTENTION_DENSE).certified);
  construction.beta = 53;
  causal = certify(netlist, construction, LAT_ATTENTION_FAST);
  assert_true(causal.certified && causal.bit_exact && causal.leak == 0);
  construction.beta = 51;
  assert_false(certify(netlist, construction, LAT_ATTENTION_DENSE).bit_exact);
  lat_netlist_free(netlist);
}

/* Two tokens, a steep clip and a norm: the fixed point is reached slowly, and scratch has hardly an error of its own. */
static void a_larger_beta_stays_certified(void **state) {
  (void)state;
  struct lat_netlist *netlist = adversary(2, 0);
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (unsigned K = 2; K <= 6; K += 2) {
      struct lat_construction construction = help_plain(K);
      construction.norm = (enum lat_norm)norm;
      construction.kappa = 100;
      double smallest = certify(netlist, construction, LAT_ATTENTION_DENSE).beta_minimum;
      if (!(smallest < 4)) fail_msg("K %u norm %d: certified from %g only", K, norm, smallest);
      for (construction.beta = smallest; construction.beta < 1e6; construction.beta *= 1.25)
        for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
          struct lat_certificate certificate = certify(netlist, construction, (enum lat_attention)attention);
          if (!certificate.certified)
            fail_msg("K %u norm %d: certified from %g, not at %g: %s", K, norm, smallest, construction.beta,
                     certificate.reason);
        }
    }
  lat_netlist_free(netlist);
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_form_is_the_exact_threshold_of_the_model),
      cmocka_unit_test(the_adversary_wins_where_the_formula_ends),
      cmocka_unit_test(full_address_space_of_512),
      cmocka_unit_test(what_is_certified_stands_under_every_option),
      cmocka_unit_test(what_is_certified_stands_in_the_engine),
      cmocka_unit_test(measured_error_stays_below_the_bound),
      cmocka_unit_test(automatic_beta_is_certified_with_room),
      cmocka_unit_test(below_the_bound_it_says_not_certified),
      cmocka_unit_test(a_larger_beta_stays_certified),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
