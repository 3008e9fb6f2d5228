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
  } cases[] = {{tokens(2, 1), 0.15},    {vectors(2, 1, 1), 0.15}, {tokens(2, 4), 0.5},
               {vectors(2, 4, 2), 0.6}, {vectors(2, 6, 3), 0.8},  {vectors(3, 4, 4), 0.8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const struct lat_construction *c = &cases[i].construction;
    struct lat_netlist *netlist = adversary(40 * c->bits_per_step, c->fan_in);
    struct lat_certificate certificate;
    wrong_at(netlist, cases[i].construction, 6.0, &certificate);
    double smallest = certificate.beta_minimum, broken = 0;
    assert_true(certificate.certified && smallest > 0.3 && smallest < 6);
    for (double beta = smallest + 0.2; beta > smallest * 0.7; beta -= 0.04) {
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

/* Teacher forcing: the whole sequence of prompt and thoughts through the ordinary forward pass gives at each position the token
 * that the cached decoding gave. */
static void the_whole_pass_gives_the_decoded_tokens(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("wallace:3", 2);
  struct lat_thoughts *thoughts = compile(netlist, tokens(2, 3));
  size_t S = thoughts->sequence, D = thoughts->layout.width, P = thoughts->prompt_tokens, V = thoughts->vocabulary, w = 3;
  struct lat_vectors *inputs, *values;
  struct lat_forward *forward;
  float *x = lat_alloc(S, D * sizeof *x), *logits = lat_alloc(S, V * sizeof *logits);
  int32_t *token = lat_calloc(S + 1, sizeof *token);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 64, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, 64, &values), LAT_OK);
  lat_vectors_exhaustive(inputs);
  lat_simulate(netlist, inputs, values);
  assert_int_equal(lat_forward_alloc(thoughts->model, 1, S, &forward), LAT_OK);
  for (size_t n = 0; n < 64; n += 7) {
    memset(token, 0, (S + 1) * sizeof *token);
    for (size_t node = 0; node < netlist->nodes; node++) {
      size_t place = thoughts->place[node];
      if (place != UINT32_MAX) token[place / w] |= lat_vectors_get(values, node, n) << (place % w);
    }
    assert_int_equal(lat_transformer_embed(thoughts->model, 1, S, token, x), LAT_OK);
    assert_int_equal(lat_transformer_run(thoughts->model, forward, 1, x, NULL, NULL, 0), LAT_OK);
    lat_transformer_logits(thoughts->model, forward, x, logits);
    for (size_t p = P - 1; p < S; p++) assert_int_equal(lat_greedy(V, logits + p * V), token[p + 1]);
  }
  lat_forward_free(forward);
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_free(x);
  lat_free(logits);
  lat_free(token);
  lat_thoughts_free(thoughts);
  lat_netlist_free(netlist);
}

static void costs_are_those_of_the_formulas(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("wallace:4", 2);
  for (size_t w = 1; w <= 5; w += 2) {
    for (int latent = 0; latent < 2; latent++) {
      struct lat_thoughts *thoughts = compile(netlist, latent ? vectors(2, w, 1) : tokens(2, w));
      struct checked all = run(netlist, thoughts, (struct lat_thoughts_record){0});
      struct checked some = run(netlist, thoughts, (struct lat_thoughts_record){.steps = 4});
      size_t S = thoughts->sequence;
      double head = latent ? 0 : 2.0 * (double)((size_t)1 << w) * (double)thoughts->layout.width;
      double formula = lat_transformer_flops(&thoughts->model->config, S) + head * (double)thoughts->steps;
      assert_true(all.record.flops == formula && all.record.flops == lat_thoughts_flops(thoughts, 0));
      assert_true(all.record.cache_bytes == lat_thoughts_cache_bytes(thoughts, 0));
      size_t per_token =
          thoughts->layout.layers * thoughts->layout.heads * (thoughts->layout.address_bits + thoughts->layout.channels);
      assert_true(all.record.cache_bytes == 4.0 * (double)(per_token * S));
      assert_true(some.record.cache_bytes == 4.0 * (double)(per_token * (thoughts->prompt_tokens + 3)));
      assert_int_equal(some.record.thoughts, 4);
      assert_int_equal(some.record.wrong_bits, 0);
      assert_true(some.wrong_outputs > 0); /* outputs that were not reached are 0 */
      assert_int_equal(some.record.bits, 4 * w);
      assert_int_equal(all.record.bits, thoughts->schedule.size);
      assert_int_equal(thoughts->steps, thoughts->schedule.steps);
      lat_thoughts_free(thoughts);
    }
  }
  lat_netlist_free(netlist);
}

/* Adds `size`, with a sign that depends on the place, to every channel; counts its calls. */
struct noise {
  float size;
  size_t calls, stop;
};
static int add_noise(void *context, size_t step, size_t first, size_t batch, size_t channels, float *thought) {
  struct noise *noise = context;
  noise->calls++;
  if (noise->stop != 0 && noise->calls == noise->stop) return LAT_FAIL(LAT_INTERRUPTED, "enough");
  for (size_t i = 0; i < batch * channels; i++) thought[i] += (step + first + i) % 2 ? noise->size : -noise->size;
  return LAT_OK;
}

static void noise_is_removed_by_the_token_and_by_the_clip_while_it_is_small(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("s5_serial:3", 2);
  const struct {
    struct lat_construction construction;
    float harmless, harmful;
  } cases[] = {{tokens(2, 2), 0.98f, 1.02f}, {vectors(2, 1, 1), 0.3f, 1.2f}, {vectors(2, 4, 2), 0.2f, 0.6f}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lat_thoughts *thoughts = compile(netlist, cases[i].construction);
    struct noise noise = {.size = cases[i].harmless};
    struct checked small = run(netlist, thoughts, (struct lat_thoughts_record){.hook = add_noise, .hook_context = &noise});
    assert_int_equal(small.wrong_outputs + small.record.wrong_bits, 0);
    assert_true(noise.calls >= thoughts->steps);
    assert_true(fabs(small.record.largest_error - (double)cases[i].harmless) < 1e-4);
    noise = (struct noise){.size = cases[i].harmful};
    struct checked large = run(netlist, thoughts, (struct lat_thoughts_record){.hook = add_noise, .hook_context = &noise});
    assert_true(large.record.wrong_bits > 0 && large.record.wrong_vectors > 0);
    lat_thoughts_free(thoughts);
  }
  lat_netlist_free(netlist);
}

static void what_a_run_records_belongs_together(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("s5_serial:3", 2);
  struct lat_thoughts *thoughts = compile(netlist, tokens(2, 2));
  uint64_t *step_wrong = lat_calloc(thoughts->steps, sizeof *step_wrong), sum = 0, vectors_wrong = 0, earliest = 0;
  uint32_t first_wrong[256];
  struct noise noise = {.size = 1.5f};
  struct checked checked =
      run(netlist, thoughts,
          (struct lat_thoughts_record){
              .step_wrong = step_wrong, .first_wrong = first_wrong, .hook = add_noise, .hook_context = &noise});
  for (size_t t = 0; t < thoughts->steps; t++) sum += step_wrong[t];
  assert_int_equal(sum, checked.record.wrong_bits);
  for (size_t n = 0; n < checked.vectors; n++) {
    vectors_wrong += first_wrong[n] <= thoughts->steps;
    earliest += first_wrong[n] == 1;
  }
  assert_int_equal(vectors_wrong, checked.record.wrong_vectors);
  assert_true(earliest > 0 ? step_wrong[0] > 0 : step_wrong[0] == 0);
  noise = (struct noise){.size = 0, .stop = 3};
  struct lat_thoughts_record record = {.hook = add_noise, .hook_context = &noise};
  struct lat_vectors *inputs;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 5, &inputs), LAT_OK);
  lat_vectors_random(inputs, 1);
  assert_int_equal(lat_thoughts_run(thoughts, inputs, NULL, &record), LAT_INTERRUPTED);
  noise = (struct noise){.size = NAN};
  assert_int_equal(lat_thoughts_run(thoughts, inputs, NULL, &record), LAT_NUMERIC);
  lat_thoughts_free(thoughts);
  thoughts = compile(netlist, vectors(2, 3, 3));
  assert_int_equal(lat_thoughts_run(thoughts, inputs, NULL, &record), LAT_NUMERIC);
  lat_thoughts_free(thoughts);
  lat_vectors_free(inputs);
  lat_free(step_wrong);
  lat_netlist_free(netlist);
}

static void levels_are_packed_and_unpacked(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("parity:2", 2);
  struct lat_thoughts *thoughts = compile(netlist, vectors(2, 5, 3));
  unsigned char bit[5], back[5];
  float channel[2];
  assert_int_equal(thoughts->channels, 2);
  assert_int_equal(lat_thoughts_channel_bits(thoughts, 0), 3);
  assert_int_equal(lat_thoughts_channel_bits(thoughts, 1), 2);
  for (unsigned number = 0; number < 32; number++) {
    for (unsigned j = 0; j < 5; j++) bit[j] = number >> j & 1;
    lat_thoughts_pack(thoughts, bit, channel);
    assert_true(fabs((double)channel[0] - (2.0 * (number & 7) - 7) / 7) < 1e-7);
    assert_true(fabs((double)channel[1] - (2.0 * (number >> 3) - 3) / 3) < 1e-7);
    for (int sign = -1; sign <= 1; sign++) {
      float moved[2] = {channel[0] + 0.14f * (float)sign, channel[1] - 0.33f * (float)sign};
      lat_thoughts_unpack(thoughts, moved, back);
      assert_memory_equal(bit, back, 5);
    }
  }
  lat_thoughts_free(thoughts);
  lat_netlist_free(netlist);
}

/* Constants, outputs that are inputs, repeated outputs, no inputs at all, no gates at all. */
static void odd_circuits_are_right(void **unused) {
  (void)unused;
  for (int inputs = 0; inputs < 3; inputs++) {
    for (int gates = 0; gates < 3; gates++) {
      struct lat_netlist *netlist;
      uint32_t number[8];
      size_t count = 0;
      assert_int_equal(lat_netlist_alloc("odd", &netlist), LAT_OK);
      for (int i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, &number[count++]), LAT_OK);
      if (gates > 0) assert_int_equal(lat_netlist_node(netlist, 0, NULL, 1, &number[count++]), LAT_OK);
      if (gates > 1) {
        uint32_t pair[] = {number[0], number[count - 1]};
        assert_int_equal(lat_netlist_node(netlist, 2, pair, 6, &number[count]), LAT_OK);
        count++;
      }
      for (size_t i = 0; i < count; i++)
        for (int twice = 0; twice < 2; twice++) assert_int_equal(lat_netlist_output(netlist, NULL, number[i]), LAT_OK);
      assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
      for (size_t w = 1; w <= 4; w += 3) {
        for (int latent = 0; latent < 2; latent++) {
          struct lat_thoughts *thoughts = compile(netlist, latent ? vectors(2, w, 1) : tokens(2, w));
          struct checked checked = run(netlist, thoughts, (struct lat_thoughts_record){0});
          assert_int_equal(checked.wrong_outputs + checked.record.wrong_bits, 0);
          lat_thoughts_free(thoughts);
        }
      }
      lat_netlist_free(netlist);
    }
  }
}

static void narrow_formats_run_and_are_not_certified(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("wallace:3", 2);
  struct lat_construction construction = tokens(2, 2);
  construction.beta = 8;
  construction.arithmetic = (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_FP32};
  struct lat_thoughts *thoughts = compile(netlist, construction);
  struct lat_certificate certificate;
  lat_thoughts_certify(thoughts, &certificate);
  assert_false(certificate.certified);
  assert_non_null(strstr(certificate.reason, "bf16"));
  assert_int_equal(run(netlist, thoughts, (struct lat_thoughts_record){0}).wrong_outputs, 0);
  lat_thoughts_free(thoughts);
  lat_netlist_free(netlist);
}

static void what_cannot_be_is_refused_with_a_sentence(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("wallace:3", 3);
  struct lat_construction good = tokens(3, 2);
  const struct {
    size_t offset, size, value;
    int status;
    const char *word;
  } bad[] = {
#define FIELD(name) offsetof(struct lat_construction, name), sizeof good.name
      {FIELD(fan_in), 7, LAT_INPUT, "fan-in 7"},
      {FIELD(fan_in), 1, LAT_INPUT, "fan-in 1"},
      {FIELD(fan_in), 2, LAT_INPUT, "map the circuit first"},
      {FIELD(variant), LAT_VARIANT_WEIGHTS, LAT_INPUT, "no thoughts"},
      {FIELD(layers), 3, LAT_INPUT, "layers"},
      {FIELD(steps), 2, LAT_INPUT, "2 steps"},
      {FIELD(steps), 200, LAT_INPUT, "200 steps"},
      {FIELD(norm), LAT_NORM_RMSNORM, LAT_UNSUPPORTED, "rmsnorm"},
      {FIELD(activation), LAT_ACTIVATION_GELU, LAT_UNSUPPORTED, "gelu"},
      {FIELD(mask), LAT_MASK_WINDOW, LAT_UNSUPPORTED, "window"},
      {FIELD(snap), LAT_SNAP_NONE, LAT_UNSUPPORTED, "snap"},
      {FIELD(bits_per_step), 18, LAT_INPUT, "2^18"},
      {FIELD(bits_per_step), SIZE_MAX / 2, LAT_INPUT, "at most 17"},
      {FIELD(bits_per_channel), 2, LAT_INPUT, "one bit"},
#undef FIELD
  };
  struct lat_thoughts *thoughts;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_construction construction = good;
    memcpy((char *)&construction + bad[i].offset, &bad[i].value, bad[i].size); /* little end first */
    int status = lat_thoughts_compile(netlist, &construction, &thoughts);
    if (status != bad[i].status || strstr(lat_error_message(), bad[i].word) == NULL)
      fail_msg("case %zu: status %d, '%s'", i, status, lat_error_message());
    assert_null(thoughts);
  }
  struct lat_construction wide = vectors(3, 13, 13), many = vectors(3, 3, 4), huge = vectors(3, 4096, 1);
  assert_int_equal(lat_thoughts_compile(netlist, &wide, &thoughts), LAT_INPUT);
  assert_int_equal(lat_thoughts_compile(netlist, &many, &thoughts), LAT_INPUT);
  assert_int_equal(lat_thoughts_compile(netlist, &huge, &thoughts), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "parameters"));
  wide.bits_per_step = SIZE_MAX / 2;
  wide.bits_per_channel = 1;
  assert_int_equal(lat_thoughts_compile(netlist, &wide, &thoughts), LAT_INPUT);
  good.beta = -1;
  assert_int_equal(lat_thoughts_compile(netlist, &good, &thoughts), LAT_INPUT);
  good.beta = 0, good.kappa = 0.5;
  assert_int_equal(lat_thoughts_compile(netlist, &good, &thoughts), LAT_INPUT);
  lat_netlist_free(netlist);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = mapped("wallace:2", 2);
  struct lat_vectors *inputs;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 16, &inputs), LAT_OK);
  lat_vectors_exhaustive(inputs);
  size_t before = lat_memory_current();
  for (int latent = 0; latent < 2; latent++) {
    struct lat_construction construction = latent ? vectors(2, 4, 2) : tokens(2, 4);
    int status = LAT_MEMORY;
    uint64_t k = 1;
    for (; status != LAT_OK; k++) {
      struct lat_thoughts *thoughts = NULL;
      lat_memory_fail_at(k);
      status = lat_thoughts_compile(netlist, &construction, &thoughts);
      struct lat_thoughts_record record = {0};
      if (status == LAT_OK) status = lat_thoughts_run(thoughts, inputs, NULL, &record);
      lat_memory_fail_at(0);
      assert_true(status == LAT_OK || status == LAT_MEMORY);
      lat_thoughts_free(thoughts);
      assert_int_equal(lat_memory_current(), before);
    }
    assert_true(k > 25);
  }
  lat_vectors_free(inputs);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_family_is_right_in_tokens_and_in_vectors),
                                     cmocka_unit_test(widths_channels_and_fan_ins_are_right),
                                     cmocka_unit_test(never_wrong_where_certified_and_wrong_below),
                                     cmocka_unit_test(the_whole_pass_gives_the_decoded_tokens),
                                     cmocka_unit_test(costs_are_those_of_the_formulas),
                                     cmocka_unit_test(noise_is_removed_by_the_token_and_by_the_clip_while_it_is_small),
                                     cmocka_unit_test(what_a_run_records_belongs_together),
                                     cmocka_unit_test(levels_are_packed_and_unpacked),
                                     cmocka_unit_test(odd_circuits_are_right),
                                     cmocka_unit_test(narrow_formats_run_and_are_not_certified),
                                     cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
                                     cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
