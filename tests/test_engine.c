/* The engine against the plain transformer, step by step; what it refuses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine.h"
#include "tests/compile_help.h"

/* A family whose gates have at most two fan-ins. */
static struct lat_netlist *family(const char *name_and_size) {
  struct lat_netlist *raw = NULL, *clean = NULL;
  assert_int_equal(lat_family_make(name_and_size, 1, &raw), LAT_OK);
  assert_int_equal(lat_circuit_clean(raw, &clean), LAT_OK);
  lat_netlist_free(raw);
  return clean;
}

/* ---- engine and plain transformer, step by step ---- */

struct against {
  const struct lat_compiled *compiled;
  const struct lat_vectors *inputs;
  struct lat_forward *forward;
  float *x;
  double largest;
  size_t unequal, seen;
  int alone; /* every step starts from the engine's state: where wires decay, rounding grows from step to step */
};

static int compare_state(void *context, size_t vector, size_t step, const float *x) {
  struct against *a = context;
  const struct lat_prompt *prompt = a->compiled->prompt;
  size_t cells = prompt->tokens * prompt->width;
  if (step == 0) {
    unsigned char bit[64];
    assert_true(prompt->inputs <= sizeof bit);
    for (size_t p = 0; p < prompt->inputs; p++) bit[p] = (unsigned char)lat_vectors_get(a->inputs, p, vector);
    lat_prompt_state(prompt, bit, a->x);
  } else {
    assert_int_equal(lat_transformer_run(a->compiled->model, a->forward, 1, a->x, NULL, NULL, 0), LAT_OK);
  }
  for (size_t k = 0; k < cells; k++) {
    double difference = fabs((double)a->x[k] - (double)x[k]);
    if (!(difference <= a->largest)) a->largest = difference;
  }
  a->unequal += memcmp(x, a->x, cells * sizeof *x) != 0;
  if (a->alone) memcpy(a->x, x, cells * sizeof *x);
  a->seen++;
  return LAT_OK;
}

/* Largest difference over `vectors` random vectors and one step more than the depth needs; *unequal counts states that are
 * not the same bits. */
static double against_transformer(const struct lat_netlist *netlist, const struct lat_construction *construction,
                                  enum lat_attention attention, size_t vectors, size_t *unequal) {
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL;
  struct against a = {.alone = construction->beta != 0.0 && construction->beta < 2.0};
  assert_int_equal(lat_compile(netlist, construction, &compiled), LAT_OK);
  if (lat_engine_alloc(compiled, attention, &engine) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(lat_engine_attention(engine), attention);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, vectors, &inputs), LAT_OK);
  lat_vectors_random(inputs, 5);
  assert_int_equal(lat_forward_alloc(compiled->model, 1, compiled->prompt->tokens, &a.forward), LAT_OK);
  a.x = lat_alloc(compiled->prompt->tokens * compiled->prompt->width, sizeof *a.x);
  a.compiled = compiled;
  a.inputs = inputs;
  size_t steps = compiled->construction.steps + 1;
  assert_int_equal(lat_engine_trace(engine, inputs, steps, compare_state, &a), LAT_OK);
  assert_int_equal(a.seen, vectors * (steps + 1));
  *unequal = a.unequal;
  lat_free(a.x);
  lat_forward_free(a.forward);
  lat_vectors_free(inputs);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  return a.largest;
}

static const char *describe(const struct lat_construction *c, enum lat_attention attention) {
  static char text[160];
  snprintf(text, sizeof text, "%s %s %s %s K %u L %zu beta %g %s", lat_norm_name(c->norm),
           lat_activation_name(c->activation), lat_mask_name(c->mask), lat_variant_name(c->variant), c->fan_in, c->layers,
           c->beta, lat_attention_name(attention));
  return text;
}

/* Sums of some 20 numbers of size 1 in another order: 20 * 2^-23 = 2.4e-6; measured 1.9e-6. */
static const double rounding = 4e-6;

static void every_construction_is_the_transformer_within_rounding(void **state) {
  (void)state;
  for (unsigned K = 2; K <= 4; K += 2) {
    struct lat_netlist *netlist = help_random(K, 5, 12, K);
    for (int norm = 0; norm < 3; norm++) {
      for (int activation = 0; activation < 3; activation++) {
        for (int mask = 0; mask < 2; mask++) {
          for (int variant = 0; variant < 2; variant++) {
            for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
              struct lat_construction c = help_plain(K);
              c.norm = (enum lat_norm)norm;
              c.activation = (enum lat_activation)activation;
              c.mask = (enum lat_mask)mask;
              c.variant = (enum lat_variant)variant;
              c.layers = 1 + (size_t)(norm + activation) % 2;
              size_t unequal;
              if (mask == LAT_MASK_CAUSAL && attention == LAT_ATTENTION_FAST) continue;
              double largest = against_transformer(netlist, &c, (enum lat_attention)attention, 2, &unequal);
              if (!(largest <= rounding)) fail_msg("%s: %g", describe(&c, (enum lat_attention)attention), largest);
            }
          }
        }
      }
    }
    lat_netlist_free(netlist);
  }
}

static void underflowing_weights_give_the_same_bits(void **state) {
  (void)state;
  for (unsigned K = 2; K <= 3; K++) {
    struct lat_netlist *netlist = help_random(40 + K, 6, 27, K);
    for (int mask = 0; mask < 2; mask++) {
      for (int variant = 0; variant < 2; variant++) {
        for (size_t layers = 1; layers <= 3; layers++) {
          for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
            struct lat_construction c = help_plain(K);
            size_t unequal;
            c.mask = (enum lat_mask)mask;
            c.variant = (enum lat_variant)variant;
            c.layers = layers;
            c.beta = 56.0;
            double largest = against_transformer(netlist, &c, (enum lat_attention)attention, 3, &unequal);
            if (unequal != 0)
              fail_msg("%s: %zu states, up to %g", describe(&c, (enum lat_attention)attention), unequal, largest);
          }
        }
      }
    }
    lat_netlist_free(netlist);
  }
}

static void awkward_sizes_are_the_transformer_too(void **state) {
  (void)state;
  static const struct {
    size_t inputs, gates;
  } sizes[] = {{1, 1}, {1, 2}, {2, 2}, {3, 2}, {1, 6}, {4, 4}, {4, 5}, {5, 8}, {6, 11}, {9, 56}, {7, 122}};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    struct lat_netlist *netlist = help_random(70 + k, sizes[k].inputs, sizes[k].gates, 2);
    for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
      for (int beta = 0; beta < 2; beta++) {
        struct lat_construction c = help_plain(2);
        size_t unequal;
        c.beta = beta ? 1.25 : 0.0; /* far below what certifies; the clip's slope of 4 multiplies rounding */
        double largest = against_transformer(netlist, &c, (enum lat_attention)attention, 2, &unequal);
        if (!(largest <= rounding * (beta ? 8.0 : 1.0)))
          fail_msg("%zu gates, beta %g: %g", sizes[k].gates, c.beta, largest);
      }
    }
    lat_netlist_free(netlist);
  }
}

static void layers_of_different_weights_are_run_each_by_its_own(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(9, 5, 20, 2);
  struct lat_compiled *compiled = NULL;
  struct lat_construction c = help_plain(2);
  c.layers = 3;
  assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
  struct lat_layer *layer = &compiled->model->layer[1];
  size_t keys = compiled->model->config.heads * compiled->model->config.key_width * compiled->model->config.width;
  for (size_t k = 0; k < keys; k++) layer->query.weight[k] *= 0.75f;
  for (size_t f = 0; f < compiled->model->config.ffn; f += 3) layer->up.bias[f] += 0.125f;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL;
  struct against a = {.compiled = compiled};
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 3, &inputs), LAT_OK);
  lat_vectors_random(inputs, 1);
  assert_int_equal(lat_forward_alloc(compiled->model, 1, compiled->prompt->tokens, &a.forward), LAT_OK);
  a.x = lat_alloc(compiled->prompt->tokens * compiled->prompt->width, sizeof *a.x);
  a.inputs = inputs;
  assert_int_equal(lat_engine_trace(engine, inputs, 4, compare_state, &a), LAT_OK);
  if (!(a.largest <= 20.0 * rounding)) fail_msg("%g", a.largest);
  lat_free(a.x);
  lat_forward_free(a.forward);
  lat_vectors_free(inputs);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

/* ---- refusals and failures ---- */

static void refused(struct lat_compiled *compiled, enum lat_attention attention, const char *fragment) {
  struct lat_engine *engine = NULL;
  size_t held = lat_memory_current();
  assert_int_equal(lat_engine_alloc(compiled, attention, &engine), LAT_UNSUPPORTED);
  assert_null(engine);
  assert_int_equal(lat_memory_current(), held);
  if (strstr(lat_error_message(), fragment) == NULL) fail_msg("'%s' does not say '%s'", lat_error_message(), fragment);
}

static void what_the_engine_cannot_run_is_refused_with_a_reason(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17();
  struct lat_construction c = help_plain(2);
  struct lat_compiled *compiled = NULL;
  c.mask = LAT_MASK_CAUSAL;
  assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
  refused(compiled, LAT_ATTENTION_FAST, "causal mask");
  struct lat_layer *layer = &compiled->model->layer[0];
  size_t D = compiled->model->config.width;

  compiled->model->config.mask = LAT_MASK_WINDOW;
  refused(compiled, LAT_ATTENTION_DENSE, "windowed mask");
  compiled->model->config.mask = LAT_MASK_FULL;
  compiled->model->config.input_injection = 1;
  refused(compiled, LAT_ATTENTION_DENSE, "input injection");
  compiled->model->config.input_injection = 0;
  layer->query.weight[compiled->layout.value] = 0.5f; /* scores would follow the wires */
  refused(compiled, LAT_ATTENTION_DENSE, "attention scores");
  layer->query.weight[compiled->layout.value] = 0.0f;
  compiled->prompt->input_delta[compiled->layout.table] = 1.0f;
  refused(compiled, LAT_ATTENTION_DENSE, "no layer writes");
  compiled->prompt->input_delta[compiled->layout.table] = 0.0f;
  size_t F = compiled->model->config.ffn, ready = compiled->layout.ready;
  float *down = &layer->down.weight[ready * F], bias = layer->down.bias[ready];
  float *kept = lat_alloc(F, sizeof *kept);
  assert_non_null(kept);
  memcpy(kept, down, F * sizeof *kept);
  memset(down, 0, F * sizeof *down);
  layer->down.bias[ready] = 0.0f;
  refused(compiled, LAT_ATTENTION_DENSE, "ready bits");
  memcpy(down, kept, F * sizeof *kept);
  layer->down.bias[ready] = bias;
  lat_free(kept);
  size_t rows = compiled->model->config.key_width;
  float *key = &layer->key.weight[compiled->layout.address];
  *key *= 1.5f;
  refused(compiled, LAT_ATTENTION_FAST, "same keys");
  key[rows * D] *= 1.5f; /* another size of one number, in both heads, is still a code */
  struct lat_engine *engine = NULL;
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_FAST, &engine), LAT_OK);
  lat_engine_free(engine);
  key[D] = key[(rows + 1) * D] = *key; /* mixed with a second bit it is none */
  refused(compiled, LAT_ATTENTION_FAST, "address codes");
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

static void every_failed_allocation_is_told_and_leaves_nothing(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17();
  size_t untouched = lat_memory_current();
  for (int kind = 0; kind < 4; kind++) {
    struct lat_construction c = help_plain(2);
    struct lat_compiled *compiled = NULL;
    struct lat_vectors *inputs = NULL, *values = NULL;
    c.norm = kind == 1 ? LAT_NORM_LAYERNORM : LAT_NORM_NONE;
    c.mask = kind == 2 ? LAT_MASK_CAUSAL : LAT_MASK_FULL;
    c.beta = kind == 3 ? 56.0 : 0.0;
    assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
    assert_int_equal(lat_vectors_alloc(netlist->inputs, 40, &inputs), LAT_OK);
    assert_int_equal(lat_vectors_alloc(netlist->nodes, 40, &values), LAT_OK);
    lat_vectors_random(inputs, 1);
    lat_simulate(netlist, inputs, values);
    double error[16];
    uint64_t wrong[16];
    struct lat_engine_record record = {.largest_error = error, .output_wrong = wrong};
    size_t held = lat_memory_current();
    int status = LAT_MEMORY;
    for (uint64_t k = 1; status != LAT_OK; k++) {
      struct lat_engine *engine = NULL;
      lat_memory_fail_at(k);
      status = lat_engine_alloc(compiled, kind == 2 ? LAT_ATTENTION_DENSE : LAT_ATTENTION_FAST, &engine);
      if (status == LAT_OK) status = lat_engine_run(engine, inputs, values, &record);
      lat_memory_fail_at(0);
      lat_engine_free(engine);
      assert_true(status == LAT_OK || status == LAT_MEMORY);
      assert_int_equal(lat_memory_current(), held);
      assert_true(k < 1000);
    }
    lat_vectors_free(inputs);
    lat_vectors_free(values);
    lat_compiled_free(compiled);
  }
  assert_int_equal(lat_memory_current(), untouched);
  lat_netlist_free(netlist);
}

static int stop_at_five(void *context, size_t done, size_t total) {
  size_t *calls = context;
  ++*calls;
  assert_true(done <= total);
  return done >= 5;
}

static void a_run_can_be_stopped(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("parity:40");
  struct lat_construction c = help_plain(2);
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL;
  size_t calls = 0;
  assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 100, &inputs), LAT_OK);
  lat_vectors_random(inputs, 1);
  struct lat_engine_record record = {.progress = stop_at_five, .context = &calls};
  assert_int_equal(lat_engine_run(engine, inputs, NULL, &record), LAT_INTERRUPTED);
  assert_int_equal(calls, 5);
  lat_vectors_free(inputs);
  assert_int_equal(lat_vectors_alloc(netlist->inputs + 1, 3, &inputs), LAT_OK);
  assert_int_equal(lat_engine_run(engine, inputs, NULL, &record), LAT_INPUT);
  lat_vectors_free(inputs);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_construction_is_the_transformer_within_rounding),
      cmocka_unit_test(underflowing_weights_give_the_same_bits),
      cmocka_unit_test(awkward_sizes_are_the_transformer_too),
      cmocka_unit_test(layers_of_different_weights_are_run_each_by_its_own),
      cmocka_unit_test(what_the_engine_cannot_run_is_refused_with_a_reason),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaves_nothing),
      cmocka_unit_test(a_run_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
