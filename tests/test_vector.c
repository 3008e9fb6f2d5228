/* The one-vector machine: every wire in one thought, held to the simulator, to the dense model and to the formulas. */
#include "lib/compile/vector.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/compile_help.h"

static struct lat_vector *compiled(const struct lat_netlist *netlist, struct lat_construction construction) {
  struct lat_vector *vector;
  if (lat_vector_compile(netlist, &construction, &vector) != LAT_OK) fail_msg("%s", lat_error_message());
  return vector;
}

static struct lat_vectors *inputs_of(const struct lat_netlist *netlist, size_t most) {
  struct lat_vectors *inputs;
  int all = netlist->inputs < 16 && (size_t)1 << netlist->inputs <= most;
  assert_int_equal(lat_vectors_alloc(netlist->inputs, all ? (size_t)1 << netlist->inputs : most, &inputs), LAT_OK);
  if (all)
    lat_vectors_exhaustive(inputs);
  else
    lat_vectors_random(inputs, 5);
  return inputs;
}

/* Everything a run can record, for comparison. */
struct kept {
  struct lat_engine_record record;
  size_t rows, levels;
};

static struct kept kept_alloc(const struct lat_vector *vector, size_t vectors, size_t steps) {
  struct kept kept = {.rows = steps + 1, .levels = vector->depth + (size_t)1};
  struct lat_engine_record *r = &kept.record;
  r->steps = steps;
  r->level_right = lat_calloc(kept.rows * kept.levels, sizeof(uint64_t));
  r->level_ready = lat_calloc(kept.rows * kept.levels, sizeof(uint64_t));
  r->output_wrong = lat_calloc(kept.rows, sizeof(uint64_t));
  r->output_ready = lat_calloc(kept.rows, sizeof(uint64_t));
  r->settled_step = lat_calloc(vectors, sizeof(uint32_t));
  r->largest_error = lat_calloc(kept.rows, sizeof(double));
  r->last_right = lat_calloc(kept.levels, sizeof(uint64_t));
  r->last_ready = lat_calloc(kept.levels, sizeof(uint64_t));
  r->output_last = lat_calloc(vector->outputs, 1);
  assert_int_equal(lat_vectors_alloc(vector->outputs, vectors, &r->outputs), LAT_OK);
  return kept;
}

static void kept_free(struct kept *kept) {
  struct lat_engine_record *r = &kept->record;
  void *part[] = {r->level_right,   r->level_ready, r->output_wrong, r->output_ready, r->settled_step,
                  r->largest_error, r->last_right,  r->last_ready,   r->output_last};
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) lat_free(part[i]);
  lat_vectors_free(r->outputs);
}

static void must_be_equal(const struct kept *a, const struct kept *b, size_t vectors, size_t outputs) {
  const struct lat_engine_record *x = &a->record, *y = &b->record;
  size_t cells = a->rows * a->levels * sizeof(uint64_t), rows = a->rows * sizeof(uint64_t);
  assert_memory_equal(x->level_right, y->level_right, cells);
  assert_memory_equal(x->level_ready, y->level_ready, cells);
  assert_memory_equal(x->output_wrong, y->output_wrong, rows);
  assert_memory_equal(x->output_ready, y->output_ready, rows);
  assert_memory_equal(x->settled_step, y->settled_step, vectors * sizeof(uint32_t));
  assert_memory_equal(x->largest_error, y->largest_error, a->rows * sizeof(double));
  assert_memory_equal(x->last_right, y->last_right, a->levels * sizeof(uint64_t));
  assert_memory_equal(x->last_ready, y->last_ready, a->levels * sizeof(uint64_t));
  assert_memory_equal(x->output_last, y->output_last, outputs);
  for (size_t o = 0; o < outputs; o++)
    for (size_t n = 0; n < vectors; n++)
      assert_int_equal(lat_vectors_get(x->outputs, o, n), lat_vectors_get(y->outputs, o, n));
}

/* Runs, and holds every step to the claim: levels up to L t are right and ready, none above is ready. */
static void run_and_hold(const struct lat_netlist *netlist, const struct lat_vector *vector, size_t most) {
  struct lat_vectors *inputs = inputs_of(netlist, most), *values;
  size_t T = vector->construction.steps, L = vector->construction.layers, outputs_ready = 0;
  struct kept kept = kept_alloc(vector, inputs->count, T);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  lat_simulate(netlist, inputs, values);
  uint64_t *wires = lat_calloc(kept.levels, sizeof *wires);
  for (size_t i = 0; i < netlist->nodes; i++)
    if (vector->level[i] <= vector->depth) wires[vector->level[i]]++;
  if (lat_vector_run(vector, inputs, values, &kept.record, NULL) != LAT_OK) fail_msg("%s", lat_error_message());
  for (size_t t = 0; t <= T; t++) {
    for (size_t l = 0; l < kept.levels; l++) {
      uint64_t all = wires[l] * inputs->count, ready = kept.record.level_ready[t * kept.levels + l];
      uint64_t right = kept.record.level_right[t * kept.levels + l];
      if (!(ready == (l <= L * t ? all : 0) && (l > L * t || right == all)))
        fail_msg("step %zu level %zu: %lu right and %lu ready of %lu", t, l, (unsigned long)right, (unsigned long)ready,
                 (unsigned long)all);
    }
    assert_true(kept.record.largest_error[t] == 0);
    outputs_ready = 0;
    for (size_t o = 0; o < netlist->outputs; o++) outputs_ready += vector->level[netlist->output[o]] <= L * t;
    assert_int_equal(kept.record.output_ready[t], outputs_ready);
  }
  assert_int_equal(outputs_ready, netlist->outputs);
  assert_int_equal(kept.record.output_wrong[T], 0);
  /* the control: one step fewer is too few */
  if (vector->depth > 0) assert_true(kept.record.output_ready[T - 1] < netlist->outputs);
  lat_free(wires);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  kept_free(&kept);
}

static void every_family_is_evaluated_level_by_level(void **unused) {
  (void)unused;
  size_t families = 0;
  for (const struct lat_family *family = lat_families; family->name != NULL; family++, families++) {
    int64_t size = family->minimum + (family->maximum > family->minimum + 2 ? 2 : 0);
    for (; size >= family->minimum; size--) { /* not every size is one: majority takes powers of two */
      struct lat_netlist *netlist;
      char name[64];
      snprintf(name, sizeof name, "%s:%lld", family->name, (long long)size);
      if (lat_family_make(name, 1, &netlist) != LAT_OK) continue;
      lat_netlist_free(netlist);
      for (unsigned K = 2; K <= 6; K++) {
        struct lat_construction construction = help_plain(K);
        netlist = help_family(name, K);
        construction.layers = 1 + families % 3;
        construction.activation = (enum lat_activation)(families % 3);
        construction.norm = families % 2 ? LAT_NORM_RMSNORM : LAT_NORM_NONE;
        construction.kappa = K == 3 ? 2.6 : K == 5 ? 9999 : 0;
        struct lat_vector *vector = compiled(netlist, construction);
        run_and_hold(netlist, vector, 256);
        lat_vector_free(vector);
        lat_netlist_free(netlist);
      }
      break;
    }
  }
  assert_true(families >= 15);
}

static void random_circuits_of_any_shape(void **unused) {
  (void)unused;
  static const size_t shape[][2] = {{0, 1}, {1, 0}, {1, 1}, {0, 3}, {3, 0}, {2, 1}, {5, 27}, {6, 59}, {7, 77}};
  for (size_t s = 0; s < sizeof shape / sizeof *shape; s++)
    for (unsigned K = 2; K <= 6; K++) {
      struct lat_netlist *netlist = help_random(s, shape[s][0], shape[s][1], K);
      struct lat_construction construction = help_plain(K);
      construction.layers = 1 + s % 2;
      struct lat_vector *vector = compiled(netlist, construction);
      run_and_hold(netlist, vector, 128);
      lat_vector_free(vector);
      lat_netlist_free(netlist);
    }
}

struct compare {
  const struct lat_vector *vector;
  float *thought; /* [vectors, T + 1, D] */
  size_t rows;
};

static int keep_thought(void *context, size_t vector, size_t step, const float *x) {
  struct compare *compare = context;
  size_t D = compare->vector->width;
  memcpy(compare->thought + (vector * compare->rows + step) * D, x, D * sizeof *x);
  return LAT_OK;
}

struct one {
  struct compare *compare;
  size_t vector;
};

static int hold_thought(void *context, size_t step, size_t layer, const float *x) {
  struct one *one = context;
  const struct lat_vector *vector = one->compare->vector;
  const float *sparse = one->compare->thought + (one->vector * one->compare->rows + step + 1) * vector->width;
  (void)layer;
  if (memcmp(sparse, x, vector->width * sizeof *x) != 0) fail_msg("vector %zu step %zu: other bits", one->vector, step);
  return LAT_OK;
}

static void sparse_and_dense_thoughts_are_the_same_bits(void **unused) {
  (void)unused;
  for (unsigned kind = 0; kind < 3 * 2 * 5; kind++) {
    unsigned K = 2 + kind / 6;
    struct lat_netlist *netlist = help_random(kind, 5, 40, K);
    struct lat_construction construction = help_plain(K);
    construction.activation = (enum lat_activation)(kind % 3);
    construction.norm = kind / 3 % 2 ? LAT_NORM_RMSNORM : LAT_NORM_NONE;
    construction.layers = 1 + kind % 2;
    construction.kappa = kind % 4 == 1 ? 1.37 : kind % 4 == 2 ? 32 : 0;
    struct lat_vector *vector = compiled(netlist, construction);
    struct lat_transformer *model;
    struct lat_prompt *prompt;
    assert_int_equal(lat_vector_dense(vector, &model, &prompt), LAT_OK);
    struct lat_vectors *inputs = inputs_of(netlist, 32), *values;
    size_t T = construction.steps = vector->construction.steps, D = vector->width;
    struct compare compare = {vector, lat_alloc(inputs->count * (T + 1) * D, sizeof(float)), T + 1};
    if (lat_vector_trace(vector, inputs, 0, keep_thought, &compare) != LAT_OK) fail_msg("%s", lat_error_message());
    struct lat_forward *forward;
    assert_int_equal(lat_forward_alloc(model, 1, 1, &forward), LAT_OK);
    float *x = lat_alloc(D, sizeof *x);
    for (size_t n = 0; n < inputs->count; n++) {
      unsigned char bit[5];
      struct one one = {&compare, n};
      for (size_t i = 0; i < 5; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, n);
      lat_prompt_state(prompt, bit, x);
      assert_memory_equal(compare.thought + n * (T + 1) * D, x, D * sizeof *x);
      assert_int_equal(lat_transformer_run(model, forward, T, x, hold_thought, &one, 0), LAT_OK);
      for (size_t d = 0; d < D; d++) assert_true(fabsf(x[d]) == 1.0f);
    }
    struct kept sparse = kept_alloc(vector, inputs->count, T), dense = kept_alloc(vector, inputs->count, T);
    assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
    lat_simulate(netlist, inputs, values);
    assert_int_equal(lat_vector_run(vector, inputs, values, &sparse.record, NULL), LAT_OK);
    assert_int_equal(lat_vector_run_dense(vector, model, prompt, inputs, values, &dense.record), LAT_OK);
    must_be_equal(&sparse, &dense, inputs->count, netlist->outputs);
    kept_free(&sparse);
    kept_free(&dense);
    lat_vectors_free(values);
    lat_vectors_free(inputs);
    lat_free(compare.thought);
    lat_free(x);
    lat_forward_free(forward);
    lat_transformer_free(model);
    lat_prompt_free(prompt);
    lat_vector_free(vector);
    lat_netlist_free(netlist);
  }
}

/* Where the certificate says that a narrow format rounds nothing, its emulation must give the bits of single precision. */
static void certified_narrow_formats_give_the_same_record(void **unused) {
  (void)unused;
  size_t certified = 0;
  for (int dtype = LAT_DTYPE_BF16; dtype < LAT_DTYPES; dtype++)
    for (int kind = 0; kind < 6; kind++) {
      unsigned K = kind % 3 == 0 ? 2 : kind % 3 == 1 ? 4 : 6;
      struct lat_netlist *netlist = help_random((uint64_t)kind, 5, 30, K);
      struct lat_construction construction = help_plain(K);
      struct lat_certificate certificate;
      struct lat_transformer *model;
      struct lat_prompt *prompt;
      construction.arithmetic.storage = (enum lat_dtype)dtype;
      construction.arithmetic.accumulate = kind < 3 ? (enum lat_dtype)dtype : LAT_DTYPE_FP32;
      construction.activation = kind % 2 ? LAT_ACTIVATION_GELU : LAT_ACTIVATION_RELU;
      struct lat_vector *vector = compiled(netlist, construction);
      lat_vector_certify(vector, &certificate);
      struct lat_vectors *inputs = inputs_of(netlist, 32), *values;
      size_t T = vector->construction.steps;
      struct kept sparse = kept_alloc(vector, inputs->count, T), dense = kept_alloc(vector, inputs->count, T);
      assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
      lat_simulate(netlist, inputs, values);
      assert_int_equal(lat_vector_dense(vector, &model, &prompt), LAT_OK);
      assert_int_equal(lat_vector_run_dense(vector, model, prompt, inputs, values, &dense.record), LAT_OK);
      if (certificate.certified) {
        certified++;
        assert_int_equal(lat_vector_run(vector, inputs, values, &sparse.record, NULL), LAT_OK);
        must_be_equal(&sparse, &dense, inputs->count, netlist->outputs);
      }
      kept_free(&sparse);
      kept_free(&dense);
      lat_vectors_free(values);
      lat_vectors_free(inputs);
      lat_transformer_free(model);
      lat_prompt_free(prompt);
      lat_vector_free(vector);
      lat_netlist_free(netlist);
    }
  assert_true(certified >= 14);
}

static void any_number_of_threads_and_vectors_gives_the_same_record(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_family("wallace:5", 2);
  struct lat_vector *vector = compiled(netlist, help_plain(2));
  struct lat_vectors *inputs = inputs_of(netlist, 1024), *values;
  assert_int_equal(lat_vectors_alloc(netlist->nodes, inputs->count, &values), LAT_OK);
  lat_simulate(netlist, inputs, values);
  struct kept first = kept_alloc(vector, inputs->count, vector->construction.steps);
  double share, other;
  omp_set_num_threads(1);
  assert_int_equal(lat_vector_run(vector, inputs, values, &first.record, &share), LAT_OK);
  assert_true(share > 0 && share < 1);
  for (int threads = 2; threads <= 3; threads++) {
    struct kept again = kept_alloc(vector, inputs->count, vector->construction.steps);
    omp_set_num_threads(threads);
    assert_int_equal(lat_vector_run(vector, inputs, values, &again.record, &other), LAT_OK);
    assert_true(other == share);
    must_be_equal(&first, &again, inputs->count, netlist->outputs);
    kept_free(&again);
  }
  kept_free(&first);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_vector_free(vector);
  lat_netlist_free(netlist);
}

static int stop_at_three(void *context, size_t done, size_t total) {
  (void)context, (void)total;
  return done >= 3;
}

static void a_run_can_be_stopped(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_family("parity:64", 2);
  struct lat_vector *vector = compiled(netlist, help_plain(2));
  struct lat_vectors *inputs = inputs_of(netlist, 200);
  struct lat_engine_record record = {.progress = stop_at_three};
  assert_int_equal(lat_vector_run(vector, inputs, NULL, &record, NULL), LAT_INTERRUPTED);
  lat_vectors_free(inputs);
  lat_vector_free(vector);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_family_is_evaluated_level_by_level),
      cmocka_unit_test(random_circuits_of_any_shape),
      cmocka_unit_test(sparse_and_dense_thoughts_are_the_same_bits),
      cmocka_unit_test(certified_narrow_formats_give_the_same_record),
      cmocka_unit_test(any_number_of_threads_and_vectors_gives_the_same_record),
      cmocka_unit_test(a_run_can_be_stopped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
