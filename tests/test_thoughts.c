/* One thought a step with everything said before in the cache: tokens and vectors, held to the simulator and the formulas. */
#include "lib/compile/thoughts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/nn/decode.h"

static struct lat_netlist *mapped(const char *name, unsigned fan_in) {
  struct lat_netlist *family, *netlist;
  assert_int_equal(lat_family_make(name, 1, &family), LAT_OK);
  assert_int_equal(lat_circuit_map(family, fan_in, &netlist), LAT_OK);
  lat_netlist_free(family);
  return netlist;
}

static struct lat_construction tokens(unsigned fan_in, size_t bits) {
  return (struct lat_construction){.fan_in = fan_in, .variant = LAT_VARIANT_COT, .bits_per_step = bits};
}
static struct lat_construction vectors(unsigned fan_in, size_t bits, unsigned per_channel) {
  return (struct lat_construction){
      .fan_in = fan_in, .variant = LAT_VARIANT_VECTOR, .bits_per_step = bits, .bits_per_channel = per_channel};
}

/* A run on all vectors (up to 8 inputs) or on 96 random ones, against the oracle. */
struct checked {
  struct lat_thoughts_record record;
  uint64_t wrong_outputs, vectors;
};
static struct checked run(const struct lat_netlist *netlist, const struct lat_thoughts *thoughts,
                          struct lat_thoughts_record record) {
  struct lat_vectors *inputs, *values, *truth;
  size_t count = netlist->inputs <= 8 ? (size_t)1 << netlist->inputs : 96;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, count, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, count, &values), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, count, &truth), LAT_OK);
  if (netlist->inputs <= 8) lat_vectors_exhaustive(inputs);
  if (netlist->inputs > 8) lat_vectors_random(inputs, 3);
  lat_simulate(netlist, inputs, values);
  lat_simulate_outputs(netlist, values, truth);
  struct checked checked = {.record = record, .vectors = count};
  assert_int_equal(lat_vectors_alloc(netlist->outputs, count, &checked.record.outputs), LAT_OK);
  assert_int_equal(lat_thoughts_run(thoughts, inputs, values, &checked.record), LAT_OK);
  for (size_t o = 0; o < netlist->outputs; o++)
    for (size_t n = 0; n < count; n++)
      checked.wrong_outputs += lat_vectors_get(checked.record.outputs, o, n) != lat_vectors_get(truth, o, n);
  lat_vectors_free(checked.record.outputs);
  checked.record.outputs = NULL;
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_vectors_free(truth);
  return checked;
}

static struct lat_thoughts *compile(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_thoughts *thoughts;
  if (lat_thoughts_compile(netlist, &construction, &thoughts) != LAT_OK) fail_msg("%s", lat_error_message());
  return thoughts;
}

static void must_be_right(const char *name, struct lat_construction construction) {
  struct lat_netlist *netlist = mapped(name, construction.fan_in);
  struct lat_thoughts *thoughts = compile(netlist, construction);
  struct lat_certificate certificate;
  lat_thoughts_certify(thoughts, &certificate);
  if (!certificate.certified) fail_msg("%s: %s", name, certificate.reason);
  struct checked checked = run(netlist, thoughts, (struct lat_thoughts_record){0});
  if (checked.wrong_outputs != 0 || checked.record.wrong_bits != 0)
    fail_msg("%s, w = %zu, b = %u: %zu outputs and %zu thought bits wrong", name, construction.bits_per_step,
             construction.bits_per_channel, (size_t)checked.wrong_outputs, (size_t)checked.record.wrong_bits);
  assert_true(checked.record.largest_error <= certificate.eta);
  assert_int_equal(checked.record.bits, thoughts->schedule.size);
  assert_int_equal(checked.record.thoughts, thoughts->schedule.steps);
  assert_int_equal(lat_thoughts_parameters(&construction, thoughts->sequence), thoughts->model->count);
  lat_thoughts_free(thoughts);
  lat_netlist_free(netlist);
}

static void every_family_is_right_in_tokens_and_in_vectors(void **unused) {
  (void)unused;
  for (const struct lat_family *family = lat_families; family->name != NULL; family++) {
    int64_t size = family->minimum;
    for (int more = 0; more < 2; more++, size++) {
      char name[80];
      struct lat_netlist *probe;
      snprintf(name, sizeof name, "%s:%lld", family->name, (long long)size);
      if (lat_family_make(name, 1, &probe) != LAT_OK) continue;
      lat_netlist_free(probe);
      must_be_right(name, tokens(2, 1));
      must_be_right(name, tokens(2, 3));
      must_be_right(name, vectors(2, 1, 1));
      must_be_right(name, vectors(2, 5, 2));
    }
  }
}

static void widths_channels_and_fan_ins_are_right(void **unused) {
  (void)unused;
  for (size_t w = 1; w <= 8; w++) {
    must_be_right("ripple:4", tokens(2, w));
    for (unsigned b = 1; b <= 4 && b <= w; b++) must_be_right("ripple:4", vectors(2, w, b));
  }
  for (unsigned fan_in = 3; fan_in <= 6; fan_in++) {
    must_be_right("wallace:3", tokens(fan_in, 2));
    must_be_right("wallace:3", vectors(fan_in, 3, 3));
  }
  must_be_right("wallace:4", vectors(2, 16, 2));
  must_be_right("wallace:4", tokens(2, 11));
}

/* One input against gates that all carry its opposite and all read it, with every fan-in: the worst that a softmax over addresses
 * can meet. */
static struct lat_netlist *adversary(size_t gates, unsigned fan_in) {
  struct lat_netlist *netlist;
  uint32_t input, node;
  assert_int_equal(lat_netlist_alloc("adversary", &netlist), LAT_OK);
  assert_int_equal(lat_netlist_input(netlist, "a", &input), LAT_OK);
  for (size_t i = 0; i < gates; i++) {
    uint32_t all[LAT_MAX_FAN_IN] = {input, input, input, input, input, input};
    assert_int_equal(lat_netlist_node(netlist, fan_in, all, 1, &node), LAT_OK); /* not a */
    assert_int_equal(lat_netlist_output(netlist, NULL, node), LAT_OK);
  }
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static uint64_t wrong_at(const struct lat_netlist *netlist, struct lat_construction construction, double beta,
                         struct lat_certificate *certificate) {
  construction.beta = beta;
  struct lat_thoughts *thoughts = compile(netlist, construction);
  lat_thoughts_certify(thoughts, certificate);
  struct checked checked = run(netlist, thoughts, (struct lat_thoughts_record){0});
  lat_thoughts_free(thoughts);
  return checked.wrong_outputs + checked.record.wrong_bits;
}

/* Walks beta down: wherever the certificate holds nothing is wrong, and not far below the machine breaks. */
static void never_wrong_where_certified_and_wrong_below(void **unused) {
  (void)unused;
  const struct {
    struct lat_construction construction;
    double slack; /* the machine breaks at beta_minimum - slack at the latest */
  } cases[] = {{tokens(2, 1), 0.1},     {vectors(2, 1, 1), 0.1}, {tokens(2, 4), 0.5},
               {vectors(2, 4, 2), 0.6}, {vectors(2, 6, 3), 0.8}, {vectors(3, 4, 4), 0.8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct lat_construction *c = &cases[i].construction;
    struct lat_netlist *netlist = adversary(60 * c->bits_per_step, c->fan_in);
    struct lat_certificate certificate;
    wrong_at(netlist, cases[i].construction, 6.0, &certificate);
    double smallest = certificate.beta_minimum, broken = 0;
    assert_true(certificate.certified && smallest > 0.3 && smallest < 6);
    for (double beta = smallest + 0.5; beta > smallest / 2; beta -= 0.025) {
      uint64_t wrong = wrong_at(netlist, cases[i].construction, beta, &certificate);
      if (certificate.certified && wrong > 0) fail_msg("case %zu: certified at %g and wrong", i, beta);
      if (certificate.certified != (beta >= smallest)) {
        if (fabs(beta - smallest) > 0.01) fail_msg("case %zu: %g and smallest %g do not agree", i, beta, smallest);
      }
      if (wrong > 0 && broken == 0) broken = beta;
    }
    print_message("  w = %zu, b = %u, %s: certified from %.4f, broken at %.4f\n", c->bits_per_step, c->bits_per_channel,
                  c->variant == LAT_VARIANT_COT ? "tokens" : "vectors", smallest, broken);
    assert_true(broken > 0 && broken < smallest);
    if (!(broken >= smallest - cases[i].slack)) fail_msg("case %zu: %g is far below %g", i, broken, smallest);
    lat_netlist_free(netlist);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_family_is_right_in_tokens_and_in_vectors),
                                     cmocka_unit_test(widths_channels_and_fan_ins_are_right),
                                     cmocka_unit_test(never_wrong_where_certified_and_wrong_below)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
