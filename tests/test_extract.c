/* Extraction reads the circuit that the weights and the prompt really compute, or refuses. */
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
#include "lib/store/weights.h"
#include "tests/compile_help.h"

static struct lat_compiled *compile(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

/* The outputs of a netlist on all vectors of its inputs. */
static struct lat_vectors *outputs_of(const struct lat_netlist *netlist) {
  struct lat_vectors *inputs, *values, *outputs;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, (size_t)1 << netlist->inputs, &inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, inputs->count, &outputs), LAT_OK);
  lat_vectors_exhaustive(inputs);
  lat_simulate(netlist, inputs, values);
  lat_simulate_outputs(netlist, values, outputs);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  return outputs;
}

/* The same from the transformer, run for `steps` steps, all vectors in one batch. */
static struct lat_vectors *outputs_of_model(const struct lat_compiled *compiled, size_t steps) {
  const struct lat_prompt *prompt = compiled->prompt;
  size_t size = prompt->tokens * prompt->width, count = (size_t)1 << prompt->inputs;
  struct lat_vectors *outputs;
  struct lat_forward *forward;
  assert_int_equal(lat_vectors_alloc(prompt->outputs, count, &outputs), LAT_OK);
  assert_int_equal(lat_forward_alloc(compiled->model, count, prompt->tokens, &forward), LAT_OK);
  float *x = lat_alloc(count * size, sizeof *x);
  for (size_t n = 0; n < count; n++) {
    unsigned char bit[16];
    for (size_t i = 0; i < prompt->inputs; i++) bit[i] = (unsigned char)(n >> i & 1);
    lat_prompt_state(prompt, bit, x + n * size);
  }
  assert_int_equal(lat_transformer_run(compiled->model, forward, steps, x, NULL, NULL, 0), LAT_OK);
  for (size_t n = 0; n < count; n++)
    for (size_t o = 0; o < prompt->outputs; o++)
      lat_vectors_set(outputs, o, n, lat_prompt_read(prompt, x + n * size, o, NULL));
  lat_free(x);
  lat_forward_free(forward);
  return outputs;
}

static int same(const struct lat_vectors *a, const struct lat_vectors *b) {
  if (a->positions != b->positions || a->count != b->count) return 0;
  for (size_t p = 0; p < a->positions; p++)
    for (size_t n = 0; n < a->count; n++)
      if (lat_vectors_get(a, p, n) != lat_vectors_get(b, p, n)) return 0;
  return 1;
}

static void extracted_circuit_has_the_same_function(void **state) {
  (void)state;
  for (unsigned K = 2; K <= 6; K++)
    for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
      for (int variant = 0; variant < 2; variant++)
        for (uint64_t seed = 0; seed < 3; seed++) {
          struct lat_netlist *netlist = help_random(seed, seed == 2 ? 0 : 6, 1 + 20 * seed, K), *extracted;
          struct lat_construction construction = help_plain(K);
          construction.norm = (enum lat_norm)norm;
          construction.variant = (enum lat_variant)variant;
          construction.activation = (enum lat_activation)(seed % 3);
          construction.layers = 1 + seed;
          struct lat_compiled *compiled = compile(netlist, &construction);
          if (lat_compile_extract(compiled->model, compiled->prompt, &extracted) != LAT_OK)
            fail_msg("K %u norm %d variant %d: %s", K, norm, variant, lat_error_message());
          assert_true(extracted->inputs == netlist->inputs && extracted->nodes == netlist->nodes);
          struct lat_vectors *want = outputs_of(netlist), *got = outputs_of(extracted);
          assert_true(same(want, got));
          lat_vectors_free(want);
          lat_vectors_free(got);
          lat_netlist_free(extracted);
          lat_compiled_free(compiled);
          lat_netlist_free(netlist);
        }
}

/* Enough for any circuit that a flipped pointer makes of 12 gates. */
enum { STEPS = 12 };

struct tally {
  size_t flips, refused, differs, changed, missed, unfaithful;
};

/* With one number changed: does the transformer compute another function, and does extraction tell? */
static void judge(const struct lat_compiled *compiled, const struct lat_vectors *want, struct tally *tally) {
  struct lat_netlist *extracted;
  struct lat_vectors *model = outputs_of_model(compiled, STEPS);
  int changed = !same(model, want), status = lat_compile_extract(compiled->model, compiled->prompt, &extracted);
  assert_true(status == LAT_OK || status == LAT_INPUT);
  tally->flips++;
  tally->changed += (size_t)changed;
  if (status != LAT_OK) {
    tally->refused++;
  } else {
    struct lat_vectors *got = outputs_of(extracted);
    int differs = !same(got, want);
    tally->differs += (size_t)differs;
    tally->missed += (size_t)(changed && !differs);
    tally->unfaithful += (size_t)!same(got, model);
    lat_vectors_free(got);
    lat_netlist_free(extracted);
  }
  lat_vectors_free(model);
}

/* Flips the sign of at most `most` of the nonzero numbers, evenly spread, one at a time. */
static void flip_signs(float *number, size_t count, size_t most, const struct lat_compiled *compiled,
                       const struct lat_vectors *want, struct tally *tally) {
  size_t nonzero = 0, seen = 0;
  for (size_t i = 0; i < count; i++) nonzero += number[i] != 0.0f;
  for (size_t i = 0; i < count; i++) {
    if (number[i] == 0.0f) continue;
    size_t rank = seen++;
    if (rank * most / nonzero == (rank + 1) * most / nonzero) continue;
    number[i] = -number[i];
    judge(compiled, want, tally);
    number[i] = -number[i];
  }
}

static void every_flipped_sign_is_refused_or_shows(void **state) {
  (void)state;
  for (int norm = LAT_NORM_NONE; norm <= LAT_NORM_LAYERNORM; norm++)
    for (int variant = 0; variant < 2; variant++) {
      struct lat_netlist *netlist = help_random(21, 4, 12, 2);
      struct lat_construction construction = help_plain(2);
      construction.norm = (enum lat_norm)norm;
      construction.variant = (enum lat_variant)variant;
      construction.activation = norm == LAT_NORM_LAYERNORM ? LAT_ACTIVATION_GELU : LAT_ACTIVATION_RELU;
      struct lat_compiled *compiled = compile(netlist, &construction);
      struct lat_vectors *want = outputs_of(netlist), *model = outputs_of_model(compiled, STEPS);
      assert_true(same(want, model));
      struct tally weights = {0}, prompt = {0};
      flip_signs(compiled->model->parameters, compiled->model->count, 96, compiled, want, &weights);
      struct lat_prompt *p = compiled->prompt;
      flip_signs(p->state, p->tokens * p->width, 64, compiled, want, &prompt);
      flip_signs(p->input_delta, p->width, 2, compiled, want, &prompt);
      flip_signs(p->readout_direction, p->width, 2, compiled, want, &prompt);
      print_message(
          "%s %s: weights %zu flips, %zu change the function, %zu refused, %zu extracted as another function; "
          "prompt %zu, %zu, %zu, %zu\n",
          lat_norm_name(construction.norm), lat_variant_name(construction.variant), weights.flips, weights.changed,
          weights.refused, weights.differs, prompt.flips, prompt.changed, prompt.refused, prompt.differs);
      assert_true(weights.changed + prompt.changed > 5);
      assert_true(weights.missed == 0 && prompt.missed == 0);
      assert_true(weights.unfaithful == 0 && prompt.unfaithful == 0);
      lat_vectors_free(model);
      lat_vectors_free(want);
      lat_compiled_free(compiled);
      lat_netlist_free(netlist);
    }
}

static void layers_that_disagree_are_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_random(4, 4, 20, 2), *extracted;
  struct lat_construction construction = help_plain(2);
  construction.layers = 3;
  struct lat_compiled *compiled = compile(netlist, &construction);
  /* the first table entry's clip in the last layer: minus instead of plus */
  struct lat_layer *layer = &compiled->model->layer[2];
  size_t F = compiled->model->config.ffn;
  for (size_t f = 0; f < 2; f++) layer->down.weight[compiled->layout.value * F + f] *= 0.0f;
  assert_int_equal(lat_compile_extract(compiled->model, compiled->prompt, &extracted), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "another circuit"));
  assert_null(extracted);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

/* Only what the file keeps is there: no layout, no netlist. */
static void a_model_from_a_file_is_read_back(void **state) {
  (void)state;
  char folder[] = "/tmp/latentlab_extract_XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/model.h5", folder);
  for (int variant = 0; variant < 2; variant++) {
    struct lat_netlist *netlist = help_random(8, 6, 40, 4), *extracted;
    struct lat_construction construction = help_plain(4);
    construction.variant = (enum lat_variant)variant;
    construction.norm = LAT_NORM_LAYERNORM;
    construction.activation = LAT_ACTIVATION_GELU_TANH;
    construction.layers = 5;
    struct lat_compiled *compiled = compile(netlist, &construction);
    struct lat_transformer *model;
    struct lat_prompt *prompt;
    assert_int_equal(lat_weights_save(path, compiled->model, compiled->prompt), LAT_OK);
    lat_compiled_free(compiled);
    assert_int_equal(lat_weights_load(path, &model, &prompt), LAT_OK);
    if (lat_compile_extract(model, prompt, &extracted) != LAT_OK) fail_msg("%s", lat_error_message());
    struct lat_vectors *want = outputs_of(netlist), *got = outputs_of(extracted);
    assert_true(same(want, got));
    lat_vectors_free(want);
    lat_vectors_free(got);
    lat_netlist_free(extracted);
    lat_prompt_free(prompt);
    lat_transformer_free(model);
    lat_netlist_free(netlist);
  }
  assert_int_equal(remove(path), 0);
  assert_int_equal(remove(folder), 0);
}

static void a_model_of_random_weights_is_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17(), *extracted;
  struct lat_construction construction = help_plain(2);
  struct lat_compiled *compiled = compile(netlist, &construction);
  struct lat_random random;
  lat_random_start(&random, 1, "test", 0);
  for (size_t i = 0; i < compiled->model->count; i++)
    compiled->model->parameters[i] = (float)(lat_random_uniform(&random) - 0.5);
  assert_int_equal(lat_compile_extract(compiled->model, compiled->prompt, &extracted), LAT_INPUT);
  for (size_t i = 0; i < compiled->model->count; i++) compiled->model->parameters[i] = NAN;
  assert_int_equal(lat_compile_extract(compiled->model, compiled->prompt, &extracted), LAT_INPUT);
  compiled->prompt->readout_row[0] = 1000;
  assert_int_equal(lat_compile_extract(compiled->model, compiled->prompt, &extracted), LAT_INPUT);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

static void every_failing_allocation_is_survived(void **state) {
  (void)state;
  struct lat_netlist *netlist = help_c17(), *extracted;
  struct lat_construction construction = help_plain(3);
  struct lat_compiled *compiled = compile(netlist, &construction);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 300 && status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_compile_extract(compiled->model, compiled->prompt, &extracted);
    lat_memory_fail_at(0);
    if (status != LAT_OK) {
      assert_int_equal(status, LAT_MEMORY);
      assert_null(extracted);
    }
    lat_netlist_free(extracted);
    assert_true(lat_memory_current() == before);
  }
  assert_int_equal(status, LAT_OK);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extracted_circuit_has_the_same_function), cmocka_unit_test(every_flipped_sign_is_refused_or_shows),
      cmocka_unit_test(layers_that_disagree_are_refused),        cmocka_unit_test(a_model_from_a_file_is_read_back),
      cmocka_unit_test(a_model_of_random_weights_is_refused),    cmocka_unit_test(every_failing_allocation_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
