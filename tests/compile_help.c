#include "tests/compile_help.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/layout.h"

struct lat_netlist *help_c17(void) {
  static const uint32_t fan_in[6][2] = {{0, 2}, {2, 3}, {1, 6}, {6, 4}, {5, 7}, {7, 8}};
  struct lat_netlist *netlist;
  assert_int_equal(lat_netlist_alloc("c17", &netlist), LAT_OK);
  for (size_t i = 0; i < 5; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t g = 0; g < 6; g++) assert_int_equal(lat_netlist_node(netlist, 2, fan_in[g], 7, NULL), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, 9), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, 10), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

struct lat_netlist *help_random(uint64_t seed, size_t inputs, size_t gates, unsigned fan_in) {
  struct lat_netlist *netlist;
  struct lat_random random;
  lat_random_start(&random, seed, "test", inputs * 1000 + gates);
  assert_int_equal(lat_netlist_alloc("random", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t g = 0; g < gates; g++) {
    uint32_t from[LAT_MAX_FAN_IN];
    unsigned fan_ins = inputs + g == 0 ? 0 : (unsigned)lat_random_below(&random, fan_in + 1);
    for (unsigned k = 0; k < fan_ins; k++) from[k] = (uint32_t)lat_random_below(&random, inputs + g);
    uint64_t table = lat_random_u64(&random);
    if (fan_ins < 6) table &= ((uint64_t)1 << (1u << fan_ins)) - 1;
    assert_int_equal(lat_netlist_node(netlist, fan_ins, from, table, NULL), LAT_OK);
  }
  for (size_t o = 0; o < inputs + gates; o++)
    if (o % 3 == 0 || o + 1 == inputs + gates) assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)o), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

struct lat_construction help_plain(unsigned fan_in) {
  return (struct lat_construction){.fan_in = fan_in, .layers = 1};
}

struct watch {
  const struct lat_netlist *netlist;
  const struct lat_compiled *compiled;
  const struct lat_vectors *values;
  size_t first, batch; /* vectors in this batch */
  size_t wrong_value, wrong_ready;
  double largest;
};

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct watch *watch = context;
  const struct lat_layout *layout = &watch->compiled->layout;
  size_t applied = step * watch->compiled->construction.layers + layer + 1, nodes = watch->compiled->nodes;
  for (size_t b = 0; b < watch->batch; b++)
    for (size_t i = 0; i < nodes; i++) {
      const float *row = x + (b * nodes + i) * layout->width;
      double v = (double)row[lat_layout_column(layout, layout->value)];
      double r = (double)row[lat_layout_column(layout, layout->ready)];
      int settled = watch->compiled->level[i] <= applied;
      double bit = lat_vectors_get(watch->values, i, watch->first + b) ? 1 : -1;
      if (settled && !(v * bit > 0)) watch->wrong_value++;
      if (!(r * (settled ? 1 : -1) > 0)) watch->wrong_ready++;
      if (settled) watch->largest = fmax(watch->largest, fabs(v - bit));
    }
  return LAT_OK;
}

static struct lat_vectors *vectors_for(const struct lat_netlist *netlist, size_t vectors) {
  struct lat_vectors *inputs;
  int all = netlist->inputs < 16 && (size_t)1 << netlist->inputs <= vectors;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, all ? (size_t)1 << netlist->inputs : vectors, &inputs), LAT_OK);
  if (all)
    lat_vectors_exhaustive(inputs);
  else
    lat_vectors_random(inputs, 7);
  return inputs;
}

static struct watch run(const struct lat_netlist *netlist, const struct lat_compiled *compiled, size_t vectors,
                        size_t *wrong_outputs) {
  enum { BATCH = 8 };
  struct lat_vectors *inputs = vectors_for(netlist, vectors), *values;
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  lat_simulate(netlist, inputs, values);
  size_t nodes = compiled->nodes, size = nodes * compiled->layout.width;
  struct watch watch = {.netlist = netlist, .compiled = compiled, .values = values};
  *wrong_outputs = 0;
  float *x = lat_alloc(BATCH * size, sizeof *x);
  unsigned char *bit = lat_calloc(netlist->inputs, 1);
  assert_non_null(x);
  assert_non_null(bit);
  for (size_t first = 0; first < inputs->count; first += BATCH) {
    size_t batch = inputs->count - first < BATCH ? inputs->count - first : BATCH;
    struct lat_forward *forward;
    assert_int_equal(lat_forward_alloc(compiled->model, batch, nodes, &forward), LAT_OK);
    for (size_t b = 0; b < batch; b++) {
      for (size_t i = 0; i < netlist->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, first + b);
      lat_prompt_state(compiled->prompt, bit, x + b * size);
    }
    watch.first = first;
    watch.batch = batch;
    assert_int_equal(lat_transformer_run(compiled->model, forward, compiled->construction.steps, x, observe, &watch, 1),
                     LAT_OK);
    for (size_t b = 0; b < batch; b++)
      for (size_t o = 0; o < netlist->outputs; o++)
        *wrong_outputs += lat_prompt_read(compiled->prompt, x + b * size, o, NULL) !=
                          lat_vectors_get(values, netlist->output[o], first + b);
    lat_forward_free(forward);
  }
  lat_free(bit);
  lat_free(x);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  return watch;
}

double help_run_and_compare(const struct lat_netlist *netlist, const struct lat_compiled *compiled, size_t vectors) {
  size_t wrong_outputs;
  struct watch watch = run(netlist, compiled, vectors, &wrong_outputs);
  const struct lat_construction *c = &compiled->construction;
  if (watch.wrong_value || watch.wrong_ready || wrong_outputs || !(watch.largest < 0.5))
    fail_msg(
        "K %u %s %s %s %s L %zu T %zu beta %g kappa %g: %zu wrong values, %zu wrong ready bits, %zu wrong outputs, "
        "largest error %g",
        c->fan_in, lat_variant_name(c->variant), lat_norm_name(c->norm), lat_activation_name(c->activation),
        lat_mask_name(c->mask), c->layers, c->steps, compiled->beta, c->kappa, watch.wrong_value, watch.wrong_ready,
        wrong_outputs, watch.largest);
  return watch.largest;
}

size_t help_wrong(const struct lat_netlist *netlist, const struct lat_compiled *compiled, size_t vectors) {
  size_t wrong_outputs;
  struct watch watch = run(netlist, compiled, vectors, &wrong_outputs);
  return watch.wrong_value + watch.wrong_ready + wrong_outputs;
}

struct lat_netlist *help_family(const char *name_and_size, unsigned fan_in) {
  struct lat_netlist *netlist, *mapped;
  if (lat_family_make(name_and_size, 1, &netlist) != LAT_OK) fail_msg("%s", lat_error_message());
  if (fan_in == 2) return netlist;
  if (lat_circuit_map(netlist, fan_in, &mapped) != LAT_OK) fail_msg("%s", lat_error_message());
  lat_netlist_free(netlist);
  return mapped;
}
