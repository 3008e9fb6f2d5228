/* Random hunts for a counterexample to the certificate: wherever it says certified, every channel of every token must stay
 * within the invariant that its proof claims, in the plain transformer and in both paths of the engine. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/engine.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

enum { MOST_VECTORS = 64 };

struct hunt {
  const struct lat_compiled *compiled;
  struct lat_certificate certificate;
  const struct lat_vectors *values;
  size_t first, batch, offset; /* vectors of the batch; layers that count as applied before the first */
  const char *where;
  double value, scratch, pair; /* largest seen, relative to the bound */
  size_t rows, bad;
};

static double share(double x, double bound) { return x <= 0 ? 0 : x / bound; }

/* One row after `applied` layers, held against the invariant. */
static void look(struct hunt *hunt, const float *row, size_t node, size_t vector, size_t applied) {
  const struct lat_layout *layout = &hunt->compiled->layout;
  const float *initial = hunt->compiled->prompt->state + node * layout->width;
  const struct lat_certificate *c = &hunt->certificate;
  int settled = hunt->compiled->level[node] <= applied, sides = layout->paired ? 2 : 1;
  double bit = lat_vectors_get(hunt->values, node, vector) ? 1 : -1, ready = settled ? 1 : -1, value = 0, scratch = 0,
         pair = 0;
  int moved = 0;
  hunt->rows++;
  for (size_t channel = 0; channel < layout->channels; channel++) {
    size_t column = lat_layout_column(layout, channel);
    for (int side = 0; side < sides; side++) {
      double x = side ? -(double)row[column + 1] : (double)row[column], error;
      if (channel == layout->value)
        error = settled ? fabs(x - bit) : fabs(fabs(x) - 1);
      else if (channel == layout->ready)
        error = fabs(x - ready);
      else if (channel >= layout->fetched) {
        if (!(fabs(x) <= scratch)) scratch = fabs(x);
        continue;
      } else {
        moved |= row[column + (size_t)side] != initial[column + (size_t)side];
        continue;
      }
      if (!(error <= value)) value = error;
    }
    if (sides == 2) {
      double sum = fabs((double)row[column] + (double)row[column + 1]);
      if (!(sum <= pair)) pair = sum;
    }
  }
  if (moved || !(value <= c->eta) || !(scratch <= c->residue) || !(pair <= c->pair)) {
    if (hunt->bad++ == 0) {
      const struct lat_construction *k = &hunt->compiled->construction;
      print_message(
          "%s: N %zu K %u L %zu %s %s %s %s beta %.9g kappa %.9g, node %zu after %zu layers: value %g of %g, scratch %g "
          "of %g, pair %g of %g%s%s\n",
          hunt->where, hunt->compiled->nodes, k->fan_in, k->layers, lat_norm_name(k->norm),
          lat_activation_name(k->activation), lat_mask_name(k->mask), lat_variant_name(k->variant), hunt->compiled->beta,
          k->kappa, node, applied, value, c->eta, scratch, c->residue, pair, c->pair,
          moved ? ", a static channel moved" : "", c->bit_exact ? " (bit-exact)" : "");
    }
  }
  hunt->value = fmax(hunt->value, share(value, c->eta));
  hunt->scratch = fmax(hunt->scratch, share(scratch, c->residue));
  hunt->pair = fmax(hunt->pair, share(pair, c->pair));
}

static int watch_layer(void *context, size_t step, size_t layer, const float *x) {
  struct hunt *hunt = context;
  size_t applied = hunt->offset + step * hunt->compiled->construction.layers + layer + 1, N = hunt->compiled->nodes;
  for (size_t b = 0; b < hunt->batch; b++)
    for (size_t i = 0; i < N; i++) look(hunt, x + (b * N + i) * hunt->compiled->layout.width, i, hunt->first + b, applied);
  return LAT_OK;
}

static int watch_engine(void *context, size_t vector, size_t step, const float *x) {
  struct hunt *hunt = context;
  size_t N = hunt->compiled->nodes;
  for (size_t i = 0; i < N; i++)
    look(hunt, x + i * hunt->compiled->layout.width, i, vector, step * hunt->compiled->construction.layers);
  return LAT_OK;
}

/* Pushes a settled state to the rim of the invariant. `way` 0: values shrink; 1: grow; 2: by the sign of the bit; 3: random. */
static void perturb(struct hunt *hunt, struct lat_random *random, unsigned way, float *x) {
  const struct lat_layout *layout = &hunt->compiled->layout;
  const struct lat_certificate *c = &hunt->certificate;
  for (size_t b = 0; b < hunt->batch; b++)
    for (size_t i = 0; i < hunt->compiled->nodes; i++) {
      float *row = x + (b * hunt->compiled->nodes + i) * layout->width;
      for (size_t channel = layout->value; channel < layout->channels; channel++) {
        if (channel == layout->constant) continue;
        double centre = channel == layout->value   ? (lat_vectors_get(hunt->values, i, hunt->first + b) ? 1 : -1)
                        : channel == layout->ready ? 1
                                                   : 0;
        double room = channel >= layout->fetched ? c->residue : c->eta;
        double sign = lat_random_below(random, 2) ? 1 : -1;
        if (centre != 0 && way < 2) sign = way ? centre : -centre;
        if (way == 2) sign = lat_vectors_get(hunt->values, i, hunt->first + b) ? 1 : -1;
        double tilt = layout->paired ? fmin(c->pair, 2 * room) * (lat_random_below(random, 2) ? 1 : -1) : 0;
        size_t column = lat_layout_column(layout, channel);
        /* x+ = y + tilt/2, x- = -y + tilt/2, both within the room */
        double y = centre + sign * (room - fabs(tilt) / 2);
        row[column] = (float)(y + tilt / 2);
        if (layout->paired) row[column + 1] = (float)(-y + tilt / 2);
      }
    }
}

static struct lat_vectors *assignments(struct lat_random *random, size_t inputs) {
  struct lat_vectors *vectors;
  size_t count = 2 * inputs + 4 < MOST_VECTORS ? 2 * inputs + 4 : MOST_VECTORS;
  assert_int_equal(lat_vectors_alloc(inputs, count, &vectors), LAT_OK);
  for (size_t n = 0; n < count; n++)
    for (size_t i = 0; i < inputs; i++) {
      size_t which = n / 2 % (inputs + 1); /* one 1 among 0s, one 0 among 1s, all 0, all 1, then random */
      int bit = n < 2 * inputs + 2 ? (int)(n % 2) ^ (which == i) : (int)lat_random_below(random, 2);
      lat_vectors_set(vectors, i, n, bit);
    }
  return vectors;
}

/* Circuits in which whatever leaks pulls one way, and random ones. */
static struct lat_netlist *prey(struct lat_random *random, size_t nodes, unsigned K) {
  struct lat_netlist *netlist;
  unsigned kind = (unsigned)lat_random_below(random, 4);
  size_t inputs = 1 + lat_random_below(random, nodes < 12 ? nodes : 12);
  if (kind == 3) return help_random(lat_random_u64(random) >> 20, inputs, nodes - inputs, K);
  uint64_t most = K == 6 ? UINT64_MAX : ((uint64_t)1 << (1u << K)) - 1;
  assert_int_equal(lat_netlist_alloc("prey", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t g = inputs; g < nodes; g++) {
    uint32_t from[LAT_MAX_FAN_IN];
    for (unsigned k = 0; k < K; k++)
      from[k] = (uint32_t)(kind == 0 ? 0 : kind == 1 ? lat_random_below(random, inputs) : lat_random_below(random, g));
    uint64_t table = kind == 0 ? (nodes & 1 ? most : 0) : kind == 1 ? most - 1 : lat_random_u64(random) & most;
    assert_int_equal(lat_netlist_node(netlist, K, from, table, NULL), LAT_OK);
  }
  for (size_t o = 0; o < nodes; o++) assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)o), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static double pick(struct lat_random *random, const double *from, size_t count) {
  return from[lat_random_below(random, count)];
}

static struct lat_compiled *compile(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

static void run_plain(struct hunt *hunt, struct lat_random *random, const struct lat_vectors *inputs) {
  enum { BATCH = 8 };
  const struct lat_compiled *compiled = hunt->compiled;
  size_t N = compiled->nodes, size = N * compiled->layout.width;
  float *x = lat_alloc(BATCH * size, sizeof *x);
  unsigned char *bit = lat_calloc(inputs->positions, 1);
  for (int rim = 0; rim < 5; rim++)
    for (size_t first = 0; first < inputs->count; first += BATCH) {
      struct lat_forward *forward;
      hunt->first = first;
      hunt->batch = inputs->count - first < BATCH ? inputs->count - first : BATCH;
      hunt->offset = rim ? compiled->depth + N : 0;
      hunt->where = rim ? "transformer from the rim" : "transformer";
      assert_int_equal(lat_forward_alloc(compiled->model, hunt->batch, N, &forward), LAT_OK);
      for (size_t b = 0; b < hunt->batch; b++) {
        for (size_t i = 0; i < inputs->positions; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, first + b);
        lat_prompt_state(compiled->prompt, bit, x + b * size);
      }
      if (rim) perturb(hunt, random, (unsigned)rim - 1, x);
      size_t steps = rim ? 2 : compiled->construction.steps;
      assert_int_equal(lat_transformer_run(compiled->model, forward, steps, x, watch_layer, hunt, 1), LAT_OK);
      lat_forward_free(forward);
    }
  lat_free(bit);
  lat_free(x);
}

struct tally {
  size_t tried, certified, exact, rows, bad;
  double value, scratch, pair;
};

static void hunt_once(uint64_t seed, size_t most_nodes, struct tally *tally) {
  static const double kappas[] = {1, 1, 1.0001, 1.03, 1.5, 2, 3.7, 4, 10, 32, 33.3, 100, 777.7, 1000, 4096, 9999};
  static const double factors[] = {1, 1, 1, 1.0005, 1.01, 1.1, 1.5};
  static const double betas[] = {1e-6, 0.5, 20, 40, 51.9, 52, 52.5, 53, 60, 100, 777, 1e4, 1e6};
  struct lat_random random;
  lat_random_start(&random, seed, "hunt", 0);
  struct lat_construction construction = help_plain(2 + (unsigned)lat_random_below(&random, 5));
  construction.layers = 1 + lat_random_below(&random, 3);
  construction.norm = (enum lat_norm)lat_random_below(&random, 3);
  construction.activation = (enum lat_activation)lat_random_below(&random, 3);
  construction.mask = lat_random_below(&random, 2) ? LAT_MASK_CAUSAL : LAT_MASK_FULL;
  construction.variant = lat_random_below(&random, 2) ? LAT_VARIANT_WEIGHTS : LAT_VARIANT_UNIVERSAL;
  construction.kappa = lat_random_below(&random, 4) ? pick(&random, kappas, sizeof kappas / sizeof *kappas)
                                                    : exp(lat_random_uniform(&random) * log(1e4));
  size_t power = (size_t)1 << lat_random_below(&random, 8);
  size_t nodes = power + lat_random_below(&random, 3) - (power > 1);
  if (lat_random_below(&random, 4) == 0) nodes = 1 + lat_random_below(&random, most_nodes);
  if (nodes > most_nodes) nodes = most_nodes;
  if (nodes < 1) nodes = 1;
  struct lat_netlist *netlist = prey(&random, nodes, construction.fan_in);
  struct lat_vectors *inputs = assignments(&random, netlist->inputs), *values;
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  lat_simulate(netlist, inputs, values);
  for (int attention = LAT_ATTENTION_DENSE; attention <= LAT_ATTENTION_FAST; attention++) {
    struct hunt hunt = {.values = values};
    struct lat_compiled *compiled = compile(netlist, &construction);
    lat_certify(compiled, (enum lat_attention)attention, &hunt.certificate);
    double smallest = hunt.certificate.beta_minimum;
    size_t depth = compiled->depth;
    lat_compiled_free(compiled);
    struct lat_construction now = construction;
    if (!isfinite(smallest) || lat_random_below(&random, 4) == 0)
      now.beta = pick(&random, betas, sizeof betas / sizeof *betas);
    else
      now.beta = smallest * pick(&random, factors, sizeof factors / sizeof *factors);
    now.steps = (depth + now.layers - 1) / now.layers + 3 + lat_random_below(&random, 8);
    if (nodes < 6 && lat_random_below(&random, 8) == 0) now.steps = 1500;
    compiled = compile(netlist, &now);
    lat_certify(compiled, (enum lat_attention)attention, &hunt.certificate);
    hunt.compiled = compiled;
    tally->tried++;
    if (hunt.certificate.certified) {
      tally->certified++;
      tally->exact += (size_t)hunt.certificate.bit_exact;
      if (attention == LAT_ATTENTION_DENSE) run_plain(&hunt, &random, inputs);
      struct lat_engine *engine;
      hunt.where = attention == LAT_ATTENTION_DENSE ? "dense engine" : "fast engine";
      if (lat_engine_alloc(compiled, (enum lat_attention)attention, &engine) != LAT_OK)
        fail_msg("certified but refused: %s", lat_error_message());
      assert_int_equal(lat_engine_trace(engine, inputs, now.steps, watch_engine, &hunt), LAT_OK);
      lat_engine_free(engine);
    }
    tally->rows += hunt.rows;
    tally->bad += hunt.bad;
    tally->value = fmax(tally->value, hunt.value);
    tally->scratch = fmax(tally->scratch, hunt.scratch);
    tally->pair = fmax(tally->pair, hunt.pair);
    lat_compiled_free(compiled);
  }
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_netlist_free(netlist);
}

static void what_is_certified_keeps_its_invariant(void **state) {
  (void)state;
  const char *from = getenv("HUNT_FROM"), *count = getenv("HUNT_COUNT");
  uint64_t first = from ? strtoull(from, NULL, 10) : 1, hunts = count ? strtoull(count, NULL, 10) : 24;
  struct tally tally = {0};
  for (uint64_t seed = first; seed < first + hunts; seed++) hunt_once(seed, 130, &tally);
  print_message(
      "%zu settings, %zu certified (%zu bit-exact), %zu rows; largest share of the bound: value %.3f, scratch %.3f, "
      "pair %.3f\n",
      tally.tried, tally.certified, tally.exact, tally.rows, tally.value, tally.scratch, tally.pair);
  assert_int_equal(tally.bad, 0);
  assert_true(tally.certified > 0);
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times */
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_certified_keeps_its_invariant)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
