/* The engine against the plain transformer, against itself by other ways, and against the simulator. */
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
#include "lib/compile/engine_step.h"
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

/* ---- parts ---- */

static void the_butterfly_is_the_sum_over_all_addresses(void **state) {
  (void)state;
  static const float flip[11] = {0.5f, 0.25f, 0.125f, 0.75f, 0.0625f, 0.3f, 0.9f, 0.01f, 0.4f, 0.2f, 0.6f};
  for (size_t bits = 1; bits <= 11; bits++) {
    for (size_t lanes = LAT_LANES; lanes <= 5 * LAT_LANES; lanes += 2 * LAT_LANES) {
      size_t places = (size_t)1 << bits, occupied = bits < 3 ? places : places - 3;
      float *data = zeros(places, lanes * sizeof *data), *first = zeros(places, sizeof *first);
      for (size_t j = 0; j < occupied; j++) {
        first[j] = (float)((j * 37 + 11) % 19) / 19.0f;
        for (size_t k = 0; k < lanes; k++) data[j * lanes + k] = first[j] * (float)(k + 1);
      }
      lat_butterfly(data, bits, lanes, occupied, flip);
      for (size_t p = 0; p<places; p += bits> 8 ? 97 : 1) {
        double sum = 0.0, size = 0.0;
        for (size_t j = 0; j < occupied; j++) {
          double weight = 1.0;
          for (size_t b = 0; b < bits; b++) weight *= ((p ^ j) >> b & 1) != 0 ? (double)flip[b] : 1.0;
          sum += weight * (double)first[j];
          size += weight * fabs((double)first[j]);
        }
        for (size_t k = 0; k < lanes; k++) {
          double error = fabs((double)data[p * lanes + k] - sum * (double)(k + 1));
          if (!(error <= (double)bits * 0x1p-23 * size * (double)(k + 1)))
            fail_msg("%zu bits, row %zu: %g", bits, p, error);
        }
      }
      lat_free(data);
      lat_free(first);
    }
  }
}

/* Depths over one cache block, panels of different depth, every width of tile. */
static void mixed_rows_are_the_sums_over_tokens(void **state) {
  (void)state;
  static const size_t depth[] = {2500, 1, 1024, 1025, 7};
  enum { PANELS = 5, TOKENS = 2500, MOST_GROUPS = 6 };
  size_t panel[PANELS + 1] = {0};
  for (size_t p = 0; p < PANELS; p++) panel[p + 1] = panel[p] + depth[p] * LAT_PANEL;
  struct lat_mixing mixing = {.rows = PANELS * LAT_PANEL, .panel = panel};
  mixing.weight = zeros(panel[PANELS], sizeof *mixing.weight);
  for (size_t k = 0; k < panel[PANELS]; k++) mixing.weight[k] = (float)(k * 29 % 101) / 101.0f;
  for (size_t groups = 1; groups <= MOST_GROUPS; groups++) {
    size_t columns = groups * LAT_LANES;
    float *value = zeros(TOKENS, columns * sizeof *value), *mixed = zeros(mixing.rows, columns * sizeof *mixed);
    for (size_t k = 0; k < TOKENS * columns; k++) value[k] = (float)(k * 17 % 23) - 11.0f;
    memset(mixed, 0xff, mixing.rows * columns * sizeof *mixed); /* NaN: must be overwritten */
    lat_mix_rows(&mixing, TOKENS, groups, value, mixed);
    for (size_t r = 0; r < mixing.rows; r++) {
      const float *w = mixing.weight + panel[r / LAT_PANEL] + r % LAT_PANEL;
      for (size_t c = 0; c < columns; c += 7) {
        double sum = 0.0, size = 0.0;
        for (size_t j = 0; j < depth[r / LAT_PANEL]; j++) {
          double term = (double)w[j * LAT_PANEL] * (double)value[j * columns + c];
          sum += term;
          size += fabs(term);
        }
        double error = fabs((double)mixed[r * columns + c] - sum);
        if (!(error <= 1e-5 * size)) fail_msg("%zu groups, row %zu, column %zu: %g of %g", groups, r, c, error, size);
      }
    }
    lat_free(value);
    lat_free(mixed);
  }
  lat_free(mixing.weight);
}

/* One group of vectors and two at a time are two ways through the code. The shifted constant makes the norm's mean count. */
static void chunks_of_any_width_hold_the_same_bits(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(33, 8, 50, 2);
  for (int norm = 0; norm < 3; norm++) {
    for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
      struct lat_construction c = help_plain(2);
      struct lat_compiled *compiled = NULL;
      struct lat_engine *engine = NULL;
      struct lat_vectors *inputs = NULL;
      struct lat_chunk *narrow = NULL, *wide = NULL;
      if (norm == LAT_NORM_LAYERNORM && attention == LAT_ATTENTION_FAST) continue; /* a mean spoils the address code */
      c.norm = (enum lat_norm)norm;
      assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
      size_t column = compiled->layout.constant * (compiled->layout.paired ? 2 : 1), D = compiled->prompt->width;
      for (size_t i = 0; i < compiled->prompt->tokens; i++) compiled->prompt->state[i * D + column] += 0.25f;
      assert_int_equal(lat_engine_alloc(compiled, (enum lat_attention)attention, &engine), LAT_OK);
      assert_int_equal(lat_vectors_alloc(netlist->inputs, 64, &inputs), LAT_OK);
      lat_vectors_random(inputs, 4);
      assert_int_equal(lat_chunk_alloc(engine, LAT_VECTOR_PART, 64, &wide), LAT_OK);
      assert_int_equal(lat_chunk_alloc(engine, LAT_VECTOR_PART, 16, &narrow), LAT_OK);
      lat_chunk_start(wide, inputs, 0);
      for (int t = 0; t < 4; t++) lat_chunk_step(wide);
      size_t rows = engine->tokens * engine->part[LAT_VECTOR_PART].channels;
      for (size_t first = 0; first < 64; first += 16) {
        lat_chunk_start(narrow, inputs, first);
        for (int t = 0; t < 4; t++) lat_chunk_step(narrow);
        for (size_t r = 0; r < rows; r++) {
          assert_memory_equal(wide->state + r * 64 + first, narrow->state + r * 16, 16 * sizeof(float));
        }
      }
      lat_chunk_free(narrow);
      lat_chunk_free(wide);
      lat_vectors_free(inputs);
      lat_engine_free(engine);
      lat_compiled_free(compiled);
    }
  }
  lat_netlist_free(netlist);
}

static void automatic_attention_is_dense_then_fast(void **state) {
  (void)state;
  static const struct {
    const char *family;
    enum lat_mask mask;
    enum lat_attention becomes;
  } cases[] = {{"layered:40", LAT_MASK_FULL, LAT_ATTENTION_DENSE},
               {"layered:270", LAT_MASK_FULL, LAT_ATTENTION_FAST},
               {"layered:270", LAT_MASK_CAUSAL, LAT_ATTENTION_DENSE}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    struct lat_netlist *netlist = family(cases[k].family);
    struct lat_construction c = help_plain(2);
    struct lat_compiled *compiled = NULL;
    struct lat_engine *engine = NULL;
    c.mask = cases[k].mask;
    assert_int_equal(lat_compile(netlist, &c, &compiled), LAT_OK);
    assert_int_equal(compiled->nodes > LAT_ENGINE_DENSE_TOKENS, k > 0);
    assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_AUTO, &engine), LAT_OK);
    assert_int_equal(lat_engine_attention(engine), cases[k].becomes);
    lat_engine_free(engine);
    lat_compiled_free(compiled);
    lat_netlist_free(netlist);
  }
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
      cmocka_unit_test(the_wavefront_is_one_level_a_layer),
      cmocka_unit_test(settling_and_wrong_bits_are_those_of_the_synchronous_network),
      cmocka_unit_test(threads_change_no_bit),
      cmocka_unit_test(a_vector_does_not_feel_the_others),
      cmocka_unit_test(the_butterfly_is_the_sum_over_all_addresses),
      cmocka_unit_test(mixed_rows_are_the_sums_over_tokens),
      cmocka_unit_test(chunks_of_any_width_hold_the_same_bits),
      cmocka_unit_test(automatic_attention_is_dense_then_fast),
      cmocka_unit_test(what_the_engine_cannot_run_is_refused_with_a_reason),
      cmocka_unit_test(every_failed_allocation_is_told_and_leaves_nothing),
      cmocka_unit_test(a_run_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
