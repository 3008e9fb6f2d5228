/* Thoughts and what may go wrong: the certificate against an adversary, noise, narrow formats. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/thoughts.h"
#include "tests/thoughts_help.h"

/* One input against gates that all carry its opposite and all read it, with every fan-in: the worst that a softmax over
 * addresses can meet. */
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
  struct lat_thoughts *thoughts = help_thoughts(netlist, construction);
  lat_thoughts_certify(thoughts, certificate);
  struct help_thought checked = help_think(netlist, thoughts, (struct lat_thoughts_record){0});
  lat_thoughts_free(thoughts);
  return checked.wrong_outputs + checked.record.wrong_bits;
}

/* Walks beta down: wherever the certificate holds nothing is wrong, and not far below the machine breaks. */
static void never_wrong_where_certified_and_wrong_below(void **unused) {
  (void)unused;
  const struct {
    struct lat_construction construction;
    double slack; /* the machine breaks at beta_minimum - slack at the latest */
  } cases[] = {{help_tokens(2, 1), 0.15},    {help_vectors(2, 1, 1), 0.15}, {help_tokens(2, 4), 0.5},
               {help_vectors(2, 4, 2), 0.6}, {help_vectors(2, 6, 3), 0.8},  {help_vectors(3, 4, 4), 0.8}};
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
      if (certificate.certified != (beta >= smallest) && !(fabs(beta - smallest) <= 0.01))
        fail_msg("case %zu: %g and smallest %g do not agree", i, beta, smallest);
      if (wrong > 0 && broken == 0) broken = beta;
    }
    print_message("  w = %zu, b = %u, %s: certified from %.4f, broken at %.4f\n", c->bits_per_step, c->bits_per_channel,
                  c->variant == LAT_VARIANT_COT ? "tokens" : "vectors", smallest, broken);
    assert_true(broken > 0 && broken < smallest);
    if (!(broken >= smallest - cases[i].slack)) fail_msg("case %zu: %g is far below %g", i, broken, smallest);
    lat_netlist_free(netlist);
  }
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
  struct lat_netlist *netlist = help_mapped("s5_serial:3", 2);
  const struct {
    struct lat_construction construction;
    float harmless, harmful;
  } cases[] = {{help_tokens(2, 2), 0.98f, 1.02f}, {help_vectors(2, 1, 1), 0.3f, 1.2f}, {help_vectors(2, 4, 2), 0.2f, 0.6f}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lat_thoughts *thoughts = help_thoughts(netlist, cases[i].construction);
    struct noise noise = {.size = cases[i].harmless};
    struct help_thought small =
        help_think(netlist, thoughts, (struct lat_thoughts_record){.hook = add_noise, .hook_context = &noise});
    assert_int_equal(small.wrong_outputs + small.record.wrong_bits, 0);
    assert_true(noise.calls >= thoughts->steps);
    assert_true(fabs(small.record.largest_error - (double)cases[i].harmless) < 1e-4);
    noise = (struct noise){.size = cases[i].harmful};
    struct help_thought large =
        help_think(netlist, thoughts, (struct lat_thoughts_record){.hook = add_noise, .hook_context = &noise});
    assert_true(large.record.wrong_bits > 0 && large.record.wrong_vectors > 0);
    lat_thoughts_free(thoughts);
  }
  lat_netlist_free(netlist);
}

static void what_a_run_records_belongs_together(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_mapped("s5_serial:3", 2);
  struct lat_thoughts *thoughts = help_thoughts(netlist, help_tokens(2, 2));
  uint64_t *step_wrong = lat_calloc(thoughts->steps, sizeof *step_wrong), sum = 0, vectors_wrong = 0, earliest = 0;
  uint32_t first_wrong[256];
  struct noise noise = {.size = 1.5f};
  struct help_thought checked =
      help_think(netlist, thoughts,
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
  thoughts = help_thoughts(netlist, help_vectors(2, 3, 3));
  assert_int_equal(lat_thoughts_run(thoughts, inputs, NULL, &record), LAT_NUMERIC);
  lat_thoughts_free(thoughts);
  lat_vectors_free(inputs);
  lat_free(step_wrong);
  lat_netlist_free(netlist);
}

static struct lat_construction in_formats(struct lat_construction construction, int storage, int accumulate) {
  construction.arithmetic = (struct lat_arithmetic){(enum lat_dtype)storage, (enum lat_dtype)accumulate};
  return construction;
}

/* Every pair of formats: from the smallest beta on nothing is wrong, not by a bit; below it the adversary wins in the end. */
static void what_narrow_formats_certify_is_exact_against_an_adversary(void **unused) {
  (void)unused;
  const struct lat_construction cases[] = {help_tokens(2, 1), help_vectors(2, 1, 1), help_tokens(2, 3),
                                           help_vectors(3, 3, 1)};
  for (size_t i = 0; i < 4; i++) {
    struct lat_netlist *bad = adversary((i > 1 ? 5 : 13) * cases[i].bits_per_step, cases[i].fan_in);
    for (int s = 0; s < LAT_DTYPES; s++)
      for (int a = 0; a < LAT_DTYPES; a++) {
        struct lat_construction construction = in_formats(cases[i], s, a);
        if (lat_arithmetic_is_plain(construction.arithmetic) || (i != 1 && (s + a) % 3 != 0)) continue;
        struct lat_certificate certificate;
        struct lat_thoughts *thoughts = help_thoughts(bad, construction);
        lat_thoughts_certify(thoughts, &certificate);
        if (!certificate.certified || !certificate.bit_exact)
          fail_msg("case %zu, %s with sums in %s: %s", i, lat_dtype_name((enum lat_dtype)s),
                   lat_dtype_name((enum lat_dtype)a), certificate.reason);
        for (size_t p = 0; p < thoughts->model->count; p++)
          assert_true(lat_dtype_round((enum lat_dtype)s, thoughts->model->parameters[p]) == thoughts->model->parameters[p]);
        struct help_thought checked = help_think(bad, thoughts, (struct lat_thoughts_record){0});
        assert_true(checked.record.largest_error == 0 && checked.wrong_outputs + checked.record.wrong_bits == 0);
        lat_thoughts_free(thoughts);
        double smallest = certificate.beta_minimum, right = smallest, wrong = 0;
        if (wrong_at(bad, construction, smallest, &certificate) > 0 || !certificate.certified)
          fail_msg("case %zu: certified from %g on and wrong there, or not certified", i, smallest);
        if (i > 1) continue;
        while (right - wrong > 0.02) { /* by bisection: where it breaks */
          double middle = (right + wrong) / 2;
          int broken = wrong_at(bad, construction, middle, &certificate) > 0;
          if (broken && certificate.certified) fail_msg("case %zu: certified at %g and wrong", i, middle);
          *(broken ? &wrong : &right) = middle;
        }
        assert_true(wrong > 0.1 && wrong < smallest);
        if (i == 1)
          print_message("  %-8s sums in %-8s certified from %.3f, broken at %.3f\n", lat_dtype_name((enum lat_dtype)s),
                        lat_dtype_name((enum lat_dtype)a), smallest, wrong);
      }
    lat_netlist_free(bad);
  }
}

static void families_are_exact_in_narrow_formats(void **unused) {
  (void)unused;
  static const struct {
    int storage, accumulate;
  } pairs[] = {{LAT_DTYPE_BF16, LAT_DTYPE_FP32},
               {LAT_DTYPE_FP16, LAT_DTYPE_FP16},
               {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32},
               {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E4M3},
               {LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP8_E5M2}};
  for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++)
    for (unsigned K = 2; K <= 6; K += p < 4 ? 2 : 1)
      for (int latent = 0; latent < 2; latent++) {
        struct lat_netlist *netlist = help_mapped(K % 2 ? "parity:6" : "ripple:3", K);
        struct lat_construction construction = latent ? help_vectors(K, 2 * K - 3, 1) : help_tokens(K, K - 1);
        struct lat_thoughts *thoughts =
            help_thoughts(netlist, in_formats(construction, pairs[p].storage, pairs[p].accumulate));
        struct lat_certificate certificate;
        lat_thoughts_certify(thoughts, &certificate);
        if (!certificate.certified) fail_msg("pair %zu, K = %u: %s", p, K, certificate.reason);
        struct help_thought checked = help_think(netlist, thoughts, (struct lat_thoughts_record){0});
        if (!(checked.wrong_outputs + checked.record.wrong_bits == 0 && checked.record.largest_error == 0))
          fail_msg("pair %zu, K = %u: %zu bits wrong", p, K, (size_t)checked.record.wrong_bits);
        lat_thoughts_free(thoughts);
        lat_netlist_free(netlist);
      }
}

static void what_a_format_cannot_hold_is_named(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_mapped("parity:6", 2);
  const struct {
    struct lat_construction construction;
    const char *word;
  } cases[] = {{in_formats(help_tokens(2, 9), LAT_DTYPE_BF16, LAT_DTYPE_FP8_E5M2), "more terms"},
               {in_formats(help_tokens(2, 9), LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP32), NULL},
               {in_formats(help_tokens(2, 11), LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP32), NULL},
               {in_formats(help_vectors(2, 4, 2), LAT_DTYPE_FP16, LAT_DTYPE_FP32), "levels"},
               {in_formats(help_vectors(2, 7, 7), LAT_DTYPE_BF16, LAT_DTYPE_FP32), "6 bits"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lat_thoughts *thoughts = help_thoughts(netlist, cases[i].construction);
    struct lat_certificate certificate;
    lat_thoughts_certify(thoughts, &certificate);
    if (certificate.certified != (cases[i].word == NULL)) fail_msg("case %zu: '%s'", i, certificate.reason);
    if (cases[i].word != NULL && strstr(certificate.reason, cases[i].word) == NULL)
      fail_msg("case %zu: '%s'", i, certificate.reason);
    if (certificate.certified)
      assert_int_equal(help_think(netlist, thoughts, (struct lat_thoughts_record){0}).record.wrong_bits, 0);
    lat_thoughts_free(thoughts);
  }
  struct lat_construction steep = in_formats(help_tokens(2, 2), LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32);
  struct lat_thoughts *thoughts;
  steep.beta = 1e5;
  assert_int_equal(lat_thoughts_compile(netlist, &steep, &thoughts), LAT_INPUT);
  steep.beta = 0, steep.kappa = 400;
  assert_int_equal(lat_thoughts_compile(netlist, &steep, &thoughts), LAT_INPUT);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(never_wrong_where_certified_and_wrong_below),
                                     cmocka_unit_test(noise_is_removed_by_the_token_and_by_the_clip_while_it_is_small),
                                     cmocka_unit_test(what_a_run_records_belongs_together),
                                     cmocka_unit_test(what_narrow_formats_certify_is_exact_against_an_adversary),
                                     cmocka_unit_test(families_are_exact_in_narrow_formats),
                                     cmocka_unit_test(what_a_format_cannot_hold_is_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
