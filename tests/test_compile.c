/* The compiled transformer evaluates the circuit: every option, against the bit-parallel simulator. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

static struct lat_compiled *compile(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, &construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

static void compile_and_run(const struct lat_netlist *netlist, struct lat_construction construction, size_t vectors) {
  struct lat_compiled *compiled = compile(netlist, construction);
  help_run_and_compare(netlist, compiled, vectors);
  lat_compiled_free(compiled);
}

static void every_combination_of_options_evaluates_c17(void **state) {
  (void)state;
  struct lat_netlist *c17 = help_c17();
  for (unsigned K = 2; K <= 6; K++)
    for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
      for (int activation = LAT_ACTIVATION_RELU; activation <= LAT_ACTIVATION_GELU_TANH; activation++)
        for (int mask = LAT_MASK_FULL; mask <= LAT_MASK_CAUSAL; mask++)
          for (int variant = LAT_VARIANT_UNIVERSAL; variant <= LAT_VARIANT_WEIGHTS; variant++)
            for (size_t layers = 1; layers <= 3; layers++) {
              struct lat_construction construction = {.fan_in = K,
                                                      .variant = (enum lat_variant)variant,
                                                      .layers = layers,
                                                      .norm = (enum lat_norm)norm,
                                                      .activation = (enum lat_activation)activation,
                                                      .mask = (enum lat_mask)mask};
              compile_and_run(c17, construction, 32);
            }
  lat_netlist_free(c17);
}

static void random_circuits_of_any_shape(void **state) {
  (void)state;
  static const size_t shape[][2] = {{0, 1}, {1, 0}, {1, 1}, {0, 3}, {3, 0}, {2, 1}, {5, 27}, {6, 59}, {3, 77}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (unsigned K = 2; K <= 6; K++) {
      struct lat_netlist *netlist = help_random(s, shape[s][0], shape[s][1], K);
      for (int full = 0; full < 2; full++) {
        struct lat_construction construction = help_plain(K);
        construction.layers = 1 + s % 3;
        if (full) {
          construction.norm = LAT_NORM_LAYERNORM;
          construction.activation = LAT_ACTIVATION_GELU_TANH;
          construction.mask = LAT_MASK_CAUSAL;
          construction.variant = LAT_VARIANT_WEIGHTS;
        }
        compile_and_run(netlist, construction, 8);
      }
      lat_netlist_free(netlist);
    }
}

static void families_and_their_mapped_forms(void **state) {
  (void)state;
  static const char *const family[] = {"parity:17", "ripple:4",  "kogge_stone:4", "wallace:3", "comparator:7",
                                       "sipser:2",  "batcher:4", "majority:4",    "s5_tree:2", "reachability:3",
                                       "layered:5", "rule110:1", "multiplexer:3", "decoder:4"};
  for (size_t f = 0; f < sizeof family / sizeof *family; f++)
    for (unsigned K = 2; K <= 6; K += 2) {
      struct lat_netlist *netlist = help_family(family[f], K);
      struct lat_construction construction = help_plain(K);
      construction.norm = (enum lat_norm)(f % 3);
      construction.activation = (enum lat_activation)(f / 3 % 3);
      construction.mask = f % 2 ? LAT_MASK_CAUSAL : LAT_MASK_FULL;
      construction.variant = f % 5 == 0 ? LAT_VARIANT_WEIGHTS : LAT_VARIANT_UNIVERSAL;
      construction.layers = 1 + f % 3;
      compile_and_run(netlist, construction, 3);
      lat_netlist_free(netlist);
    }
}

/* From the depth on, the state of an exact model must be what the simulator says, to the last bit of every channel. */
static void bit_exact_mode_equals_the_boolean_reference_by_memcmp(void **state) {
  (void)state;
  size_t exact = 0;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (int activation = LAT_ACTIVATION_RELU; activation <= LAT_ACTIVATION_GELU_TANH; activation++)
      for (unsigned K = 2; K <= 6; K += 2) {
        struct lat_netlist *netlist = help_random(3 + K, 7, 90, K);
        struct lat_construction construction = help_plain(K);
        construction.norm = (enum lat_norm)norm;
        construction.activation = (enum lat_activation)activation;
        construction.beta = 53;
        construction.kappa = K == 4 ? 1.37 : 0;
        struct lat_compiled *compiled = compile(netlist, construction);
        struct lat_certificate certificate;
        lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
        assert_true(certificate.certified);
        if (norm == LAT_NORM_NONE) assert_true(certificate.bit_exact);
        double error = help_run_and_compare(netlist, compiled, 16);
        if (certificate.bit_exact) {
          exact++;
          if (!(error == 0))
            fail_msg("%s %s K %u: error %g in bit-exact mode", lat_norm_name(construction.norm),
                     lat_activation_name(construction.activation), K, error);
          size_t D = compiled->layout.width, size = compiled->nodes * D;
          struct lat_vectors *inputs, *values;
          assert_int_equal(lat_vectors_alloc(7, 128, &inputs), LAT_OK);
          assert_int_equal(lat_vectors_alloc(netlist->nodes, 128, &values), LAT_OK);
          lat_vectors_exhaustive(inputs);
          lat_simulate(netlist, inputs, values);
          struct lat_forward *forward;
          assert_int_equal(lat_forward_alloc(compiled->model, 1, compiled->nodes, &forward), LAT_OK);
          float *x = lat_alloc(size, sizeof *x), *want = lat_alloc(size, sizeof *want);
          for (size_t n = 0; n < 128; n += 9) {
            unsigned char bit[7];
            for (size_t i = 0; i < 7; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, n);
            lat_prompt_state(compiled->prompt, bit, x);
            memcpy(want, x, size * sizeof *x);
            assert_int_equal(
                lat_transformer_run(compiled->model, forward, compiled->construction.steps + 3, x, NULL, NULL, 0), LAT_OK);
            for (size_t i = 0; i < compiled->nodes; i++) {
              float *row = want + i * D;
              if (compiled->level[i] > compiled->depth) continue; /* no output shows it */
              lat_layout_set(&compiled->layout, row, compiled->layout.value, lat_vectors_get(values, i, n) ? 1 : -1);
              lat_layout_set(&compiled->layout, row, compiled->layout.ready, 1);
              assert_memory_equal(row, x + i * D, D * sizeof *x);
            }
          }
          lat_free(x);
          lat_free(want);
          lat_forward_free(forward);
          lat_vectors_free(inputs);
          lat_vectors_free(values);
        }
        lat_compiled_free(compiled);
        lat_netlist_free(netlist);
      }
  print_message("%zu of 27 combinations of norm, activation and K are bit-exact\n", exact);
}

static void loop_equals_untied_stack_bit_for_bit(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++) {
    struct lat_netlist *netlist = help_random(11, 4, 40, 3);
    struct lat_construction loop = help_plain(3), stack;
    loop.norm = (enum lat_norm)norm;
    stack = loop;
    struct lat_compiled *looped = compile(netlist, loop);
    stack.layers = looped->depth;
    stack.steps = 1;
    struct lat_compiled *stacked = compile(netlist, stack);
    assert_true(looped->construction.steps == looped->depth && looped->depth > 3);
    size_t size = looped->nodes * looped->layout.width;
    float *x = lat_alloc(size, sizeof *x), *y = lat_alloc(size, sizeof *y);
    struct lat_forward *a, *b;
    assert_int_equal(lat_forward_alloc(looped->model, 1, looped->nodes, &a), LAT_OK);
    assert_int_equal(lat_forward_alloc(stacked->model, 1, looped->nodes, &b), LAT_OK);
    for (unsigned n = 0; n < 16; n++) {
      unsigned char bit[4] = {n & 1, n >> 1 & 1, n >> 2 & 1, n >> 3 & 1};
      lat_prompt_state(looped->prompt, bit, x);
      lat_prompt_state(stacked->prompt, bit, y);
      assert_int_equal(lat_transformer_run(looped->model, a, looped->depth, x, NULL, NULL, 0), LAT_OK);
      assert_int_equal(lat_transformer_run(stacked->model, b, 1, y, NULL, NULL, 0), LAT_OK);
      assert_memory_equal(x, y, size * sizeof *x);
    }
    lat_forward_free(a);
    lat_forward_free(b);
    lat_free(x);
    lat_free(y);
    lat_compiled_free(looped);
    lat_compiled_free(stacked);
    lat_netlist_free(netlist);
  }
}

static void embedding_of_bits_equals_the_prompt(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++) {
    struct lat_netlist *netlist = help_random(5, 5, 20, 2);
    struct lat_construction construction = help_plain(2);
    construction.norm = (enum lat_norm)norm;
    construction.variant = LAT_VARIANT_WEIGHTS;
    struct lat_compiled *compiled = compile(netlist, construction);
    size_t N = compiled->nodes, size = N * compiled->layout.width;
    float *x = lat_alloc(size, sizeof *x), *y = lat_alloc(size, sizeof *y), *logits = lat_alloc(2 * N, sizeof *logits);
    struct lat_forward *forward;
    assert_int_equal(lat_forward_alloc(compiled->model, 1, N, &forward), LAT_OK);
    for (unsigned n = 0; n < 32; n++) {
      unsigned char bit[5];
      int32_t token[25] = {0};
      for (unsigned i = 0; i < 5; i++) token[i] = bit[i] = (unsigned char)(n >> i & 1);
      assert_int_equal(lat_transformer_embed(compiled->model, 1, N, token, x), LAT_OK);
      lat_prompt_state(compiled->prompt, bit, y);
      assert_memory_equal(x, y, size * sizeof *x);
      assert_int_equal(lat_transformer_run(compiled->model, forward, compiled->construction.steps, x, NULL, NULL, 0),
                       LAT_OK);
      lat_transformer_logits(compiled->model, forward, x, logits);
      for (size_t o = 0; o < netlist->outputs; o++) {
        size_t row = compiled->prompt->readout_row[o];
        assert_int_equal(logits[2 * row + 1] > logits[2 * row], lat_prompt_read(compiled->prompt, x, o, NULL));
      }
    }
    lat_forward_free(forward);
    lat_free(x);
    lat_free(y);
    lat_free(logits);
    lat_compiled_free(compiled);
    lat_netlist_free(netlist);
  }
}

static void parameters_follow_the_formula(void **state) {
  (void)state;
  for (unsigned K = 2; K <= 6; K++)
    for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
      for (int variant = 0; variant < 2; variant++)
        for (size_t gates = 0; gates < 40; gates += 13) {
          struct lat_netlist *netlist = help_random(gates, 2, gates, K);
          struct lat_construction construction = help_plain(K);
          construction.norm = (enum lat_norm)norm;
          construction.variant = (enum lat_variant)variant;
          construction.layers = 2;
          struct lat_compiled *compiled = compile(netlist, construction);
          assert_true(lat_compile_parameters(&construction, netlist->nodes) == compiled->model->count);
          assert_true(lat_transformer_count(&compiled->model->config) == compiled->model->count);
          assert_true(compiled->model->config.ffn == 2 * ((size_t)1 << K) + 4 * K + 6);
          lat_compiled_free(compiled);
          lat_netlist_free(netlist);
        }
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(2, 3, 30, 4);
  struct lat_construction good = help_plain(4), bad[8];
  for (size_t i = 0; i < 8; i++) bad[i] = good;
  bad[0].fan_in = 1;
  bad[1].fan_in = 7;
  bad[2].fan_in = 3;
  bad[3].layers = 0;
  bad[4].beta = -1;
  bad[5].beta = (double)NAN;
  bad[6].kappa = 0.5;
  bad[7].mask = LAT_MASK_WINDOW;
  for (size_t i = 0; i < 8; i++) {
    struct lat_compiled *compiled = (void *)netlist;
    int status = lat_compile(netlist, &bad[i], &compiled);
    assert_int_equal(status, i == 7 ? LAT_UNSUPPORTED : LAT_INPUT);
    assert_null(compiled);
    assert_true(strlen(lat_error_message()) > 10);
  }
  lat_netlist_free(netlist);
  struct lat_netlist *empty;
  struct lat_compiled *compiled;
  assert_int_equal(lat_netlist_alloc("empty", &empty), LAT_OK);
  assert_int_equal(lat_netlist_finish(empty, NULL), LAT_OK);
  assert_int_equal(lat_compile(empty, &good, &compiled), LAT_INPUT);
  lat_netlist_free(empty);
}

static void every_failing_allocation_is_survived(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17();
  struct lat_construction construction = help_plain(2);
  construction.variant = LAT_VARIANT_WEIGHTS;
  construction.norm = LAT_NORM_LAYERNORM;
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 100 && status != LAT_OK; k++) {
    struct lat_compiled *compiled;
    lat_memory_fail_at(k);
    status = lat_compile(netlist, &construction, &compiled);
    lat_memory_fail_at(0);
    if (status != LAT_OK) {
      assert_int_equal(status, LAT_MEMORY);
      assert_null(compiled);
    }
    lat_compiled_free(compiled);
    assert_true(lat_memory_current() == before);
  }
  assert_int_equal(status, LAT_OK);
  lat_netlist_free(netlist);
}

static void names_parse_back(void **state) {
  (void)state;
  enum lat_variant variant;
  assert_int_equal(lat_variant_parse("weights", &variant), LAT_OK);
  assert_string_equal(lat_variant_name(variant), "weights");
  assert_int_equal(lat_variant_parse("universal", &variant), LAT_OK);
  assert_string_equal(lat_variant_name(variant), "universal");
  assert_int_equal(lat_variant_parse("Weights", &variant), LAT_INPUT);
}

int main(void) {
  omp_set_num_threads(1); /* small models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_combination_of_options_evaluates_c17),
      cmocka_unit_test(random_circuits_of_any_shape),
      cmocka_unit_test(families_and_their_mapped_forms),
      cmocka_unit_test(bit_exact_mode_equals_the_boolean_reference_by_memcmp),
      cmocka_unit_test(loop_equals_untied_stack_bit_for_bit),
      cmocka_unit_test(embedding_of_bits_equals_the_prompt),
      cmocka_unit_test(parameters_follow_the_formula),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(every_failing_allocation_is_survived),
      cmocka_unit_test(names_parse_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
