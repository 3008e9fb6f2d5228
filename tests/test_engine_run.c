/* Whole runs of the engine: what they record, and what must not change it. */
#include <math.h>
#include <omp.h>
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

/* ---- a whole run and its record ---- */

struct result {
  size_t T, levels, outputs, vectors;
  uint64_t *level_right, *level_ready, *output_wrong, *output_ready, *last_right, *last_ready;
  unsigned char *output_last;
  uint32_t *settled;
  double *error;
  struct lat_vectors *bits;
};

static void *zeros(size_t count, size_t size) {
  void *pointer = lat_calloc(count, size);
  assert_non_null(pointer);
  return pointer;
}

static struct result run_all(const struct lat_netlist *netlist, const struct lat_construction *construction,
                             enum lat_attention attention, size_t vectors, size_t steps) {
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  assert_int_equal(lat_compile(netlist, construction, &compiled), LAT_OK);
  if (lat_engine_alloc(compiled, attention, &engine) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(lat_vectors_alloc(netlist->inputs, vectors, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, vectors, &values), LAT_OK);
  lat_vectors_random(inputs, 11);
  lat_simulate(netlist, inputs, values);
  struct result r = {.T = steps != 0 ? steps : compiled->construction.steps, .levels = compiled->depth + (size_t)1};
  r.outputs = netlist->outputs;
  r.vectors = vectors;
  r.level_right = zeros((r.T + 1) * r.levels, sizeof *r.level_right);
  r.level_ready = zeros((r.T + 1) * r.levels, sizeof *r.level_ready);
  r.output_wrong = zeros(r.T + 1, sizeof *r.output_wrong);
  r.output_ready = zeros(r.T + 1, sizeof *r.output_ready);
  r.last_right = zeros(r.levels, sizeof *r.last_right);
  r.last_ready = zeros(r.levels, sizeof *r.last_ready);
  r.output_last = zeros(r.outputs, 1);
  r.settled = zeros(vectors, sizeof *r.settled);
  r.error = zeros(r.T + 1, sizeof *r.error);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, vectors, &r.bits), LAT_OK);
  struct lat_engine_record record = {.steps = steps,
                                     .level_right = r.level_right,
                                     .level_ready = r.level_ready,
                                     .output_wrong = r.output_wrong,
                                     .output_ready = r.output_ready,
                                     .settled_step = r.settled,
                                     .largest_error = r.error,
                                     .outputs = r.bits,
                                     .last_right = r.last_right,
                                     .last_ready = r.last_ready,
                                     .output_last = r.output_last};
  if (lat_engine_run(engine, inputs, values, &record) != LAT_OK) fail_msg("%s", lat_error_message());
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  return r;
}

static void forget(struct result *r) {
  lat_free(r->level_right);
  lat_free(r->level_ready);
  lat_free(r->output_wrong);
  lat_free(r->output_ready);
  lat_free(r->last_right);
  lat_free(r->last_ready);
  lat_free(r->output_last);
  lat_free(r->settled);
  lat_free(r->error);
  lat_vectors_free(r->bits);
}

static void assert_same(const struct result *a, const struct result *b) {
  size_t rows = a->T + 1;
  assert_int_equal(a->T, b->T);
  assert_memory_equal(a->level_right, b->level_right, rows * a->levels * sizeof *a->level_right);
  assert_memory_equal(a->level_ready, b->level_ready, rows * a->levels * sizeof *a->level_ready);
  assert_memory_equal(a->output_wrong, b->output_wrong, rows * sizeof *a->output_wrong);
  assert_memory_equal(a->output_ready, b->output_ready, rows * sizeof *a->output_ready);
  assert_memory_equal(a->settled, b->settled, a->vectors * sizeof *a->settled);
  assert_memory_equal(a->error, b->error, rows * sizeof *a->error);
  assert_memory_equal(a->output_last, b->output_last, a->outputs);
  for (size_t o = 0; o < a->outputs; o++) {
    for (size_t n = 0; n < a->vectors; n++)
      assert_int_equal(lat_vectors_get(a->bits, o, n), lat_vectors_get(b->bits, o, n));
  }
}

/* The wires of a circuit whose parameters need not be equal: what a run has to say at every step. */
static void the_wavefront_is_one_level_a_layer(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("ripple:6");
  uint32_t *level = zeros(netlist->nodes, sizeof *level);
  uint32_t depth = lat_netlist_levels(netlist, level);
  uint64_t *wires = zeros(depth + (size_t)1, sizeof *wires);
  for (size_t i = 0; i < netlist->nodes; i++) wires[level[i]] += level[i] <= depth;
  for (size_t layers = 1; layers <= 3; layers++) {
    for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
      for (int norm = 0; norm < 3; norm += 2) {
        struct lat_construction c = help_plain(2);
        c.layers = layers;
        c.norm = (enum lat_norm)norm;
        size_t vectors = 70;
        struct result r = run_all(netlist, &c, (enum lat_attention)attention, vectors, 0);
        for (size_t t = 0; t <= r.T; t++) {
          uint64_t outputs_ready = 0;
          for (size_t l = 0; l < r.levels; l++) {
            int due = l <= t * layers;
            assert_int_equal(r.level_ready[t * r.levels + l], due ? wires[l] * vectors : 0);
            if (due) assert_int_equal(r.level_right[t * r.levels + l], wires[l] * vectors);
          }
          for (size_t o = 0; o < netlist->outputs; o++) outputs_ready += level[netlist->output[o]] <= t * layers;
          assert_int_equal(r.output_ready[t], outputs_ready);
          if (!(r.error[t] <= (norm == LAT_NORM_NONE ? 1e-5 : 2e-3))) fail_msg("step %zu: %g", t, r.error[t]);
        }
        assert_int_equal(r.output_wrong[r.T], 0);
        assert_true(r.output_wrong[0] > 0);
        assert_memory_equal(r.last_right, r.level_right + r.T * r.levels, r.levels * sizeof *r.last_right);
        assert_memory_equal(r.last_ready, r.level_ready + r.T * r.levels, r.levels * sizeof *r.last_ready);
        forget(&r);
      }
    }
  }
  lat_free(wires);
  lat_free(level);
  lat_netlist_free(netlist);
}

/* Steps and outputs by the plain rule: a synchronous network that starts at -1. In bit-exact arithmetic nothing else can be. */
static void settling_and_wrong_bits_are_those_of_the_synchronous_network(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(21, 7, 60, 2);
  struct lat_construction c = help_plain(2);
  c.beta = 56.0;
  enum { VECTORS = 19 };
  struct result r = run_all(netlist, &c, LAT_ATTENTION_FAST, VECTORS, 0);
  struct lat_vectors *inputs = NULL, *values = NULL;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, VECTORS, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, VECTORS, &values), LAT_OK);
  lat_vectors_random(inputs, 11);
  lat_simulate(netlist, inputs, values);
  unsigned char *now = zeros(netlist->nodes, 1), *next = zeros(netlist->nodes, 1);
  uint64_t *wrong = zeros(r.T + 1, sizeof *wrong);
  for (size_t n = 0; n < VECTORS; n++) {
    uint32_t settled = 0;
    for (size_t i = 0; i < netlist->nodes; i++) {
      now[i] = i < netlist->inputs ? (unsigned char)lat_vectors_get(inputs, i, n) : 0;
      if (i >= netlist->inputs && lat_netlist_fan_ins(netlist, i) == 0) now[i] = netlist->table[i] & 1;
    }
    for (size_t t = 0; t <= r.T; t++) {
      for (size_t o = 0; o < netlist->outputs; o++) {
        wrong[t] += now[netlist->output[o]] != lat_vectors_get(values, netlist->output[o], n);
      }
      if (t == r.T) break;
      for (size_t i = 0; i < netlist->nodes; i++) {
        unsigned index = 0, fan_ins = lat_netlist_fan_ins(netlist, i);
        for (unsigned j = 0; j < fan_ins; j++) index |= (unsigned)now[netlist->fan_in[netlist->first[i] + j]] << j;
        next[i] = (unsigned char)(fan_ins == 0 ? now[i] : netlist->table[i] >> index & 1);
      }
      for (size_t o = 0; o < netlist->outputs; o++) {
        if (next[netlist->output[o]] != now[netlist->output[o]]) settled = (uint32_t)t + 1;
      }
      memcpy(now, next, netlist->nodes);
    }
    assert_int_equal(r.settled[n], settled);
  }
  assert_memory_equal(r.output_wrong, wrong, (r.T + 1) * sizeof *wrong);
  for (size_t t = 0; t <= r.T; t++) assert_true(r.error[t] == 0.0);
  lat_free(now);
  lat_free(next);
  lat_free(wrong);
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  forget(&r);
  lat_netlist_free(netlist);
}

static void threads_change_no_bit(void **state) {
  (void)state;
  int threads = omp_get_max_threads();
  struct lat_netlist *netlist = family("wallace:5");
  for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
    for (int norm = 0; norm < 3; norm += 2) {
      struct lat_construction c = help_plain(2);
      c.norm = (enum lat_norm)norm;
      omp_set_num_threads(1);
      struct result one = run_all(netlist, &c, (enum lat_attention)attention, 150, 0);
      for (int k = 2; k <= 3; k++) {
        omp_set_num_threads(k);
        struct result more = run_all(netlist, &c, (enum lat_attention)attention, 150, 0);
        assert_same(&one, &more);
        forget(&more);
      }
      forget(&one);
    }
  }
  omp_set_num_threads(threads);
  lat_netlist_free(netlist);
}

static void a_vector_does_not_feel_the_others(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("wallace:4");
  static const size_t counts[] = {1, 15, 16, 17, 33, 64, 65, 127};
  for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
    struct lat_construction c = help_plain(2);
    c.beta = 1.3; /* wires go wrong here, each in its own way */
    struct result all = run_all(netlist, &c, (enum lat_attention)attention, 130, 9);
    assert_true(all.output_wrong[9] > 0);
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
      struct result few = run_all(netlist, &c, (enum lat_attention)attention, counts[k], 9);
      assert_memory_equal(few.settled, all.settled, counts[k] * sizeof *few.settled);
      for (size_t o = 0; o < few.outputs; o++) {
        for (size_t n = 0; n < counts[k]; n++) {
          assert_int_equal(lat_vectors_get(few.bits, o, n), lat_vectors_get(all.bits, o, n));
        }
      }
      forget(&few);
    }
    forget(&all);
  }
  lat_netlist_free(netlist);
}

/* The largest over all chunks, whichever ran last. */
static void the_drift_is_that_of_the_whole_run(void **state) {
  (void)state;
  struct lat_netlist *netlist = family("wallace:4");
  struct lat_construction c = help_plain(2);
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_vectors *all = NULL;
  struct lat_engine_record record = {.steps = 9};
  enum { COUNT = 12 * 16 };
  c.norm = LAT_NORM_LAYERNORM;
  c.beta = 1.3;
  assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, COUNT, &all), LAT_OK);
  lat_vectors_random(all, 3);
  double largest = 0.0;
  for (size_t first = 0; first < COUNT; first += 16) {
    struct lat_vectors *some = NULL;
    assert_int_equal(lat_vectors_alloc(netlist->inputs, 16, &some), LAT_OK);
    for (size_t p = 0; p < netlist->inputs; p++)
      for (size_t n = 0; n < 16; n++) lat_vectors_set(some, p, n, lat_vectors_get(all, p, first + n));
    assert_int_equal(lat_engine_run(engine, some, NULL, &record), LAT_OK);
    largest = fmax(largest, lat_engine_scale_drift(engine));
    lat_vectors_free(some);
  }
  assert_int_equal(lat_engine_run(engine, all, NULL, &record), LAT_OK);
  if (!(largest > 1e-3 && lat_engine_scale_drift(engine) == largest))
    fail_msg("%g, in parts %g", lat_engine_scale_drift(engine), largest);
  lat_vectors_free(all);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

static void no_vectors_are_a_run_too(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17();
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_RMSNORM; norm++) {
    struct lat_construction c = help_plain(2);
    c.norm = (enum lat_norm)norm;
    struct result r = run_all(netlist, &c, LAT_ATTENTION_DENSE, 0, 4);
    for (size_t t = 0; t <= r.T; t++) assert_true(r.output_wrong[t] == 0 && r.output_ready[t] == r.outputs);
    forget(&r);
  }
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_wavefront_is_one_level_a_layer),
      cmocka_unit_test(settling_and_wrong_bits_are_those_of_the_synchronous_network),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_vector_does_not_feel_the_others),
      cmocka_unit_test(the_drift_is_that_of_the_whole_run),
      cmocka_unit_test(no_vectors_are_a_run_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
