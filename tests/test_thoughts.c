/* One thought a step with everything said before in the cache: tokens and vectors, held to the simulator and the formulas. */
#include "lib/compile/thoughts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/nn/decode.h"
#include "tests/thoughts_help.h"

static void must_be_right(const char *name, struct lat_construction construction) {
  struct lat_netlist *netlist = help_mapped(name, construction.fan_in);
  struct lat_thoughts *thoughts = help_thoughts(netlist, construction);
  struct lat_certificate certificate;
  lat_thoughts_certify(thoughts, &certificate);
  if (!certificate.certified) fail_msg("%s: %s", name, certificate.reason);
  struct help_thought checked = help_think(netlist, thoughts, (struct lat_thoughts_record){0});
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
      must_be_right(name, help_tokens(2, 1));
      must_be_right(name, help_tokens(2, 3));
      must_be_right(name, help_vectors(2, 1, 1));
      must_be_right(name, help_vectors(2, 5, 2));
    }
  }
}

static void widths_channels_and_fan_ins_are_right(void **unused) {
  (void)unused;
  for (size_t w = 1; w <= 8; w++) {
    must_be_right("ripple:4", help_tokens(2, w));
    for (unsigned b = 1; b <= 4 && b <= w; b++) must_be_right("ripple:4", help_vectors(2, w, b));
  }
  for (unsigned fan_in = 3; fan_in <= 6; fan_in++) {
    must_be_right("wallace:3", help_tokens(fan_in, 2));
    must_be_right("wallace:3", help_vectors(fan_in, 3, 3));
  }
  must_be_right("wallace:4", help_vectors(2, 16, 2));
  must_be_right("wallace:4", help_tokens(2, 11));
}

/* Teacher forcing: the whole sequence of prompt and thoughts through the ordinary forward pass gives at each position the
 * token that the cached decoding gave. */
static void the_whole_pass_gives_the_decoded_tokens(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_mapped("wallace:3", 2);
  struct lat_thoughts *thoughts = help_thoughts(netlist, help_tokens(2, 3));
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
  struct lat_netlist *netlist = help_mapped("wallace:4", 2);
  for (size_t w = 1; w <= 5; w += 2) {
    for (int latent = 0; latent < 2; latent++) {
      struct lat_thoughts *thoughts = help_thoughts(netlist, latent ? help_vectors(2, w, 1) : help_tokens(2, w));
      struct help_thought all = help_think(netlist, thoughts, (struct lat_thoughts_record){0});
      struct help_thought some = help_think(netlist, thoughts, (struct lat_thoughts_record){.steps = 4});
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

static void levels_are_packed_and_unpacked(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_mapped("parity:2", 2);
  struct lat_thoughts *thoughts = help_thoughts(netlist, help_vectors(2, 5, 3));
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
          struct lat_thoughts *thoughts = help_thoughts(netlist, latent ? help_vectors(2, w, 1) : help_tokens(2, w));
          struct help_thought checked = help_think(netlist, thoughts, (struct lat_thoughts_record){0});
          assert_int_equal(checked.wrong_outputs + checked.record.wrong_bits, 0);
          lat_thoughts_free(thoughts);
        }
      }
      lat_netlist_free(netlist);
    }
  }
}

static void what_cannot_be_is_refused_with_a_sentence(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_mapped("wallace:3", 3);
  struct lat_construction good = help_tokens(3, 2);
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
  struct lat_construction wide = help_vectors(3, 13, 13), many = help_vectors(3, 3, 4), huge = help_vectors(3, 4096, 1);
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
  struct lat_netlist *netlist = help_mapped("wallace:2", 2);
  struct lat_vectors *inputs;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 16, &inputs), LAT_OK);
  lat_vectors_exhaustive(inputs);
  size_t before = lat_memory_current();
  for (int latent = 0; latent < 2; latent++) {
    struct lat_construction construction = latent ? help_vectors(2, 4, 2) : help_tokens(2, 4);
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
                                     cmocka_unit_test(the_whole_pass_gives_the_decoded_tokens),
                                     cmocka_unit_test(costs_are_those_of_the_formulas),
                                     cmocka_unit_test(levels_are_packed_and_unpacked),
                                     cmocka_unit_test(odd_circuits_are_right),
                                     cmocka_unit_test(what_cannot_be_is_refused_with_a_sentence),
                                     cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
