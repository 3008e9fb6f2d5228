/* The threshold machine: every gate of up to 10 fan-ins on all inputs, counts around the threshold for many, the closed form of the
 * mean, and the certificate against an adversary. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/threshold.h"
#include "tests/threshold_help.h"

static struct lat_threshold_machine *compile(const struct lat_threshold *network, double beta, double kappa) {
  struct lat_threshold_construction construction = {.beta = beta, .kappa = kappa};
  struct lat_threshold_machine *machine;
  help_good(lat_threshold_compile(network, &construction, &machine));
  return machine;
}

static struct lat_threshold_certificate certify(const struct lat_threshold *network,
                                                const struct lat_threshold_machine *machine) {
  struct lat_threshold_certificate certificate;
  help_good(lat_threshold_certify(network, machine, &certificate));
  return certificate;
}

/* Compiles with automatic beta, must be certified, and every node must be right and ready from its level on and never ready
 * before. Margins must keep what the certificate promises. Frees the network. */
static void runs_right(struct lat_threshold *network, struct lat_vectors *inputs, const char *name) {
  struct lat_threshold_machine *machine = compile(network, 0, 0);
  struct lat_threshold_certificate certificate = certify(network, machine);
  if (!certificate.certified) fail_msg("%s: %s", name, certificate.reason);
  assert_true(certificate.beta_minimum < machine->construction.beta);
  struct lat_vectors *values = help_simulated(network, inputs);
  struct lat_threshold_record record;
  help_good(lat_threshold_run(network, machine, 0, inputs, values, &record));
  if (record.wrong + record.late + record.early + record.output_wrong != 0 || record.checked == 0)
    fail_msg("%s: of %llu values %llu wrong, %llu late; %llu early", name, (unsigned long long)record.checked,
             (unsigned long long)record.wrong, (unsigned long long)record.late, (unsigned long long)record.early);
  assert_int_equal(record.output_bits, network->outputs * inputs->count);
  if (machine->depth > 1) assert_true(record.ready_before < record.output_bits);
  double room = (double)record.fan_in / (2 * machine->slope);
  if (!(record.margin >= room + certificate.margin)) fail_msg("%s: margin %g", name, record.margin);
  if (!(record.margin_ready >= room + certificate.margin)) fail_msg("%s: ready margin %g", name, record.margin_ready);
  if (!(record.eta <= 0.5)) fail_msg("%s: a value is off by %g", name, record.eta);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
}

static void every_gate_of_up_to_ten_fan_ins_is_right_on_all_inputs(void **state) {
  (void)state;
  for (size_t n = 1; n <= 10; n++)
    for (size_t polarity = 0; polarity < 3; polarity++) {
      char name[64];
      struct lat_threshold *network;
      struct lat_edge edge[10];
      uint32_t node;
      snprintf(name, sizeof name, "all thresholds of %zu, polarity %zu", n, polarity);
      help_good(lat_threshold_alloc(n, &network));
      for (size_t i = 0; i < n; i++)
        edge[i] = (struct lat_edge){(uint32_t)i, polarity == 1 || (polarity == 2 && i % 3 == 0)};
      for (size_t k = 1; k <= n; k++) {
        help_good(lat_threshold_gate(network, k, n, edge, &node));
        help_good(lat_threshold_output(network, node));
      }
      runs_right(network, help_assignments(n), name);
    }
}

static void functions_run_level_by_level(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t size;
  } list[] = {{"parity", 1},      {"parity", 9},      {"parity", 24},     {"popcount", 7},   {"popcount", 17},
              {"multiplexer", 1}, {"multiplexer", 3}, {"multiplexer", 5}, {"comparator", 1}, {"comparator", 5},
              {"comparator", 12}, {"majority", 101},  {"and", 33},        {"or", 64}};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
    struct lat_threshold *network = help_threshold(list[i].name, list[i].size);
    runs_right(network, help_assignments(network->inputs), list[i].name);
  }
}

/* Gates of random fan-ins (repeated ones too), thresholds and inversions. */
static struct lat_threshold *random_network(uint64_t seed, size_t inputs, size_t gates) {
  struct lat_random random;
  struct lat_threshold *network;
  struct lat_edge edge[12];
  lat_random_start(&random, seed, "test", 0);
  help_good(lat_threshold_alloc(inputs, &network));
  for (size_t g = 0; g < gates; g++) {
    size_t n = 1 + lat_random_below(&random, 12);
    uint32_t node;
    for (size_t k = 0; k < n; k++)
      edge[k] = (struct lat_edge){(uint32_t)lat_random_below(&random, inputs + g), (uint32_t)lat_random_below(&random, 2)};
    help_good(lat_threshold_gate(network, 1 + lat_random_below(&random, n), n, edge, &node));
    if (g % 3 == 0 || g + 1 == gates) help_good(lat_threshold_output(network, node));
  }
  return network;
}

static void random_networks_run_level_by_level(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 6; seed++) {
    struct lat_threshold *network = random_network(seed, 1 + (size_t)seed, 4 + 2 * (size_t)seed);
    runs_right(network, help_assignments(network->inputs), "random");
  }
}

/* Counts k - 1, k, k + 1, with the ones at either end. */
static struct lat_vectors *around(size_t n, size_t k) {
  struct lat_vectors *vectors;
  help_good(lat_vectors_alloc(n, 6, &vectors));
  for (size_t v = 0; v < 6; v++)
    for (size_t i = 0; i < n; i++) lat_vectors_set(vectors, v < 3 ? i : n - 1 - i, v, i + 1 < k + v % 3);
  return vectors;
}

static void counts_around_the_threshold_are_told_apart(void **state) {
  (void)state;
  static const size_t sizes[] = {97, 256, 700};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    size_t n = sizes[s], ks[] = {1, 2, n / 2, n / 2 + 1, n - 1, n};
    for (size_t i = 0; i < sizeof ks / sizeof *ks; i++) {
      struct lat_threshold *network;
      struct lat_edge *edge = calloc(n, sizeof *edge);
      for (size_t e = 0; e < n; e++) edge[e].source = (uint32_t)e;
      help_good(lat_threshold_alloc(n, &network));
      help_good(lat_threshold_gate(network, ks[i], n, edge, NULL));
      help_good(lat_threshold_output(network, (uint32_t)n));
      runs_right(network, around(n, ks[i]), "one gate");
      free(edge);
    }
  }
}

/* State after `layers` layers of the first step (1 or 2) for one vector. */
static float *state_after(const struct lat_threshold_machine *machine, const struct lat_vectors *inputs, size_t n,
                          size_t layers) {
  size_t count = machine->tokens * machine->layout.width;
  float *x = malloc(count * sizeof *x);
  unsigned char bit[256];
  struct lat_forward *forward;
  for (size_t i = 0; i < inputs->positions; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, n);
  lat_prompt_state(machine->prompt, bit, x);
  help_good(lat_forward_alloc(machine->model, 1, machine->tokens, &forward));
  for (size_t l = 0; l < layers; l++) lat_transformer_layer(machine->model, forward, l, x);
  lat_forward_free(forward);
  return x;
}

static unsigned differing(size_t a, size_t b) { return (unsigned)__builtin_popcountll((unsigned long long)(a ^ b)); }

/* mu of gate i from the values after layer 1 by its definition, in double, from owners that the network names. */
static double mean_by_definition(const struct lat_threshold *network, const struct lat_threshold_machine *machine,
                                 const float *x, size_t i, double *stray) {
  double total = 0, weight = 0, own = 0;
  size_t nodes = machine->nodes;
  for (size_t j = 0; j < machine->tokens; j++) {
    size_t owner = j;
    if (j >= network->inputs && j < nodes) owner = nodes + network->first[j - network->inputs];
    if (j >= nodes) {
      size_t g = 0;
      while (network->first[g + 1] <= j - nodes) g++;
      owner = network->inputs + g;
    }
    double w = exp(-2 * machine->construction.beta * differing(i, owner));
    if (owner == i) own += w;
    weight += w;
    total += w * (double)x[j * machine->layout.width + machine->layout.value];
  }
  *stray = weight - own;
  return total / weight;
}

static void means_and_stray_weights_follow_the_closed_form(void **state) {
  (void)state;
  for (double beta = 0.5; beta <= 8; beta *= 2) {
    struct lat_threshold *network = help_threshold("popcount", 11);
    struct lat_threshold_machine *machine = compile(network, beta, 0);
    struct lat_vectors *inputs = help_assignments(11);
    double *stray = malloc(machine->nodes * sizeof *stray);
    help_good(lat_threshold_stray(network, machine->construction.beta, stray));
    for (size_t n = 0; n < inputs->count; n += 131) {
      float *before = state_after(machine, inputs, n, 1), *after = state_after(machine, inputs, n, 2);
      for (size_t i = 0; i < machine->nodes; i++) {
        double sum, want = mean_by_definition(network, machine, before, i, &sum);
        double got = (double)after[i * machine->layout.width + machine->layout.mean];
        if (!(fabs(got - want) <= 2e-6)) fail_msg("beta %g, node %zu: mean %.9g is not %.9g", beta, i, got, want);
        if (!(fabs(stray[i] - sum) <= 1e-12 * (sum + 1)))
          fail_msg("beta %g, node %zu: S %.9g is not %.9g", beta, i, stray[i], sum);
      }
      free(before);
      free(after);
    }
    free(stray);
    lat_vectors_free(inputs);
    lat_threshold_machine_free(machine);
    lat_threshold_free(network);
  }
}

/* Whether an OR of n inputs, of which one is 1, keeps all values for 6 steps: results of 0 are large negative numbers, and each takes
 * its share of every fetch. */
static int survives(const struct lat_threshold *network, double beta, double kappa) {
  struct lat_threshold_construction construction = {.beta = beta, .kappa = kappa, .steps = 6};
  struct lat_threshold_machine *machine;
  struct lat_vectors *inputs, *values;
  struct lat_threshold_record record;
  size_t n = network->inputs;
  help_good(lat_threshold_compile(network, &construction, &machine));
  help_good(lat_vectors_alloc(n, n, &inputs));
  for (size_t i = 0; i < n * n; i++) lat_vectors_set(inputs, i / n, i % n, i / n == i % n);
  values = help_simulated(network, inputs);
  help_good(lat_threshold_run(network, machine, 0, inputs, values, &record));
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  return record.wrong + record.late == 0;
}

static void an_adversary_breaks_it_little_below_the_certificate(void **state) {
  (void)state;
  for (size_t n = 7; n <= 31; n = 2 * n + 1)
    for (double kappa = 1; kappa <= 4; kappa *= 4) {
      struct lat_threshold *network = help_threshold("or", n);
      struct lat_threshold_machine *machine = compile(network, 0, kappa);
      double minimum = certify(network, machine).beta_minimum, low = 0, high = minimum;
      assert_true(survives(network, minimum, kappa));
      while (high - low > 1e-2) {
        double middle = 0.5 * (low + high);
        *(survives(network, middle, kappa) ? &high : &low) = middle;
      }
      if (!(minimum - low <= (kappa < 2 ? 0.5 : 0.25)))
        fail_msg("n = %zu, kappa %g: certified from %g, breaks at %g", n, kappa, minimum, low);
      lat_threshold_machine_free(machine);
      lat_threshold_free(network);
    }
}

static void bit_exact_mode_holds_only_plus_and_minus_one(void **state) {
  (void)state;
  struct lat_threshold *network = help_threshold("majority", 64);
  struct lat_threshold_machine *machine = compile(network, 53, 0);
  assert_true(certify(network, machine).bit_exact);
  struct lat_vectors *inputs = help_assignments(64);
  for (size_t n = 0; n < inputs->count; n++) {
    float *x = state_after(machine, inputs, n, 2);
    for (size_t i = 0; i < machine->nodes; i++) {
      float v = x[i * machine->layout.width + machine->layout.value],
            u = x[i * machine->layout.width + machine->layout.result];
      assert_true(v == 1.0f || v == -1.0f);
      assert_true(u == rintf(u) && (u == 1.0f || u <= -1.0f));
    }
    free(x);
  }
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
}

/* MAJORITY of n inputs in formats of p significant bits: certified at 2^p, right up to 2^(p+1), where the running sum stalls at 2^p
 * weights and comes back by as many, and wrong at 3 * 2^p. */
static void narrow_formats_count_up_to_their_significant_bits(void **state) {
  (void)state;
  static const struct {
    enum lat_dtype storage, accumulate;
    size_t count, times;
  } list[] = {{LAT_DTYPE_BF16, LAT_DTYPE_BF16, 256, 1},
              {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E4M3, 16, 4},
              {LAT_DTYPE_FP32, LAT_DTYPE_FP8_E4M3, 16, 4},
              {LAT_DTYPE_FP8_E5M2, LAT_DTYPE_FP8_E5M2, 8, 4},
              {LAT_DTYPE_FP32, LAT_DTYPE_FP8_E5M2, 8, 4}};
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    for (size_t times = 1; times <= list[i].times; times++) {
      size_t n = times * list[i].count;
      struct lat_threshold *network = help_threshold("majority", n);
      struct lat_threshold_construction construction = {.arithmetic = {list[i].storage, list[i].accumulate}};
      struct lat_threshold_machine *machine;
      struct lat_threshold_record record;
      help_good(lat_threshold_compile(network, &construction, &machine));
      struct lat_vectors *inputs = around(n, n / 2 + 1), *values = help_simulated(network, inputs);
      help_good(lat_threshold_run(network, machine, 0, inputs, values, &record));
      struct lat_threshold_certificate certificate = certify(network, machine);
      if (certificate.certified != (times == 1)) fail_msg("case %zu, n = %zu: %s", i, n, certificate.reason);
      if ((record.wrong == 0) != (times <= 2)) fail_msg("case %zu, n = %zu: %g wrong", i, n, (double)record.wrong);
      if (times == 1) assert_true(record.late + record.early == 0);
      lat_vectors_free(values);
      lat_vectors_free(inputs);
      lat_threshold_machine_free(machine);
      lat_threshold_free(network);
    }
}

static void what_cannot_be_certified_is_not(void **state) {
  (void)state;
  struct lat_threshold *network = help_threshold("popcount", 12);
  struct lat_threshold_machine *machine = compile(network, 0.5, 0);
  struct lat_threshold_certificate certificate = certify(network, machine);
  assert_false(certificate.certified);
  assert_true(certificate.margin < 0 && strlen(certificate.reason) > 10);
  lat_threshold_machine_free(machine);
  struct lat_threshold_construction bad[] = {{.beta = -1}, {.beta = (double)NAN}, {.kappa = 0.5}, {.kappa = 1e9}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(lat_threshold_compile(network, &bad[i], &machine), LAT_INPUT);
    assert_null(machine);
  }
  lat_threshold_free(network);
}

static int whole(void) {
  struct lat_threshold *network = NULL;
  struct lat_threshold_machine *machine = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_threshold_certificate certificate;
  struct lat_threshold_record record;
  struct lat_threshold_construction construction = {0};
  int status;
  LAT_TRY(status, lat_threshold_make("comparator:3", &network));
  LAT_TRY(status, lat_threshold_compile(network, &construction, &machine));
  LAT_TRY(status, lat_threshold_certify(network, machine, &certificate));
  LAT_TRY(status, lat_vectors_alloc(6, 64, &inputs));
  LAT_TRY(status, lat_vectors_alloc(lat_threshold_nodes(network), 64, &values));
  lat_vectors_exhaustive(inputs);
  lat_threshold_simulate(network, inputs, values);
  LAT_TRY(status, lat_threshold_run(network, machine, 0, inputs, values, &record));
  assert_true(record.wrong == 0);
done:
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_threshold_machine_free(machine);
  lat_threshold_free(network);
  return status;
}

static void every_failed_allocation_is_survived(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  for (uint64_t k = 1;; k++) {
    lat_memory_fail_at(k);
    int status = whole();
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) return;
    assert_int_equal(status, LAT_MEMORY);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_gate_of_up_to_ten_fan_ins_is_right_on_all_inputs),
      cmocka_unit_test(functions_run_level_by_level),
      cmocka_unit_test(random_networks_run_level_by_level),
      cmocka_unit_test(counts_around_the_threshold_are_told_apart),
      cmocka_unit_test(means_and_stray_weights_follow_the_closed_form),
      cmocka_unit_test(an_adversary_breaks_it_little_below_the_certificate),
      cmocka_unit_test(bit_exact_mode_holds_only_plus_and_minus_one),
      cmocka_unit_test(narrow_formats_count_up_to_their_significant_bits),
      cmocka_unit_test(what_cannot_be_certified_is_not),
      cmocka_unit_test(every_failed_allocation_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
