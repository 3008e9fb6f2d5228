/* The engine on models in emulated arithmetic: the same record as in single precision, the states of the transformer itself. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

enum { VECTORS = 37 };

struct all {
  struct lat_compiled *compiled;
  struct lat_engine *engine;
  struct lat_vectors *inputs, *values, *outputs;
  size_t steps, cells;
  uint64_t *counts; /* level_right, level_ready [(T+1)(depth+1)], output_wrong, output_ready [T+1], last_* [depth+1] */
  uint32_t *settled;
  double *error;
  unsigned char *last;
};

static struct lat_engine_record record_of(struct all *all) {
  size_t rows = all->steps + 1, levels = all->compiled->depth + (size_t)1, n = rows * levels;
  uint64_t *c = all->counts;
  return (struct lat_engine_record){.steps = all->steps,
                                    .level_right = c,
                                    .level_ready = c + n,
                                    .output_wrong = c + 2 * n,
                                    .output_ready = c + 2 * n + rows,
                                    .last_right = c + 2 * n + 2 * rows,
                                    .last_ready = c + 2 * n + 2 * rows + levels,
                                    .settled_step = all->settled,
                                    .largest_error = all->error,
                                    .outputs = all->outputs,
                                    .output_last = all->last};
}

static struct all start(const struct lat_netlist *netlist, struct lat_arithmetic arithmetic, enum lat_norm norm) {
  struct all all = {0};
  struct lat_construction construction = help_plain(2);
  construction.arithmetic = arithmetic;
  construction.norm = norm;
  if (lat_compile(netlist, &construction, &all.compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_int_equal(lat_engine_alloc(all.compiled, LAT_ATTENTION_AUTO, &all.engine), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, VECTORS, &all.inputs), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->nodes, VECTORS, &all.values), LAT_OK);
  assert_int_equal(lat_vectors_alloc(netlist->outputs, VECTORS, &all.outputs), LAT_OK);
  lat_vectors_random(all.inputs, 3);
  lat_simulate(netlist, all.inputs, all.values);
  all.steps = all.compiled->construction.steps + 2;
  size_t levels = all.compiled->depth + (size_t)1;
  all.cells = 2 * (all.steps + 1) * levels + 2 * (all.steps + 1) + 2 * levels;
  all.counts = lat_calloc(all.cells, sizeof *all.counts);
  all.settled = lat_calloc(VECTORS, sizeof *all.settled);
  all.error = lat_calloc(all.steps + 1, sizeof *all.error);
  all.last = lat_calloc(netlist->outputs, 1);
  return all;
}

static void end(struct all *all) {
  lat_engine_free(all->engine);
  lat_compiled_free(all->compiled);
  lat_vectors_free(all->inputs);
  lat_vectors_free(all->values);
  lat_vectors_free(all->outputs);
  lat_free(all->counts), lat_free(all->settled), lat_free(all->error), lat_free(all->last);
}

static void run(struct all *all) {
  struct lat_engine_record record = record_of(all);
  if (lat_engine_run(all->engine, all->inputs, all->values, &record) != LAT_OK) fail_msg("%s", lat_error_message());
}

static void must_be_same(const struct all *a, const struct all *b, size_t outputs) {
  assert_memory_equal(a->counts, b->counts, a->cells * sizeof *a->counts);
  assert_memory_equal(a->settled, b->settled, VECTORS * sizeof *a->settled);
  assert_memory_equal(a->last, b->last, outputs);
  assert_memory_equal(a->outputs->word, b->outputs->word, outputs * a->outputs->words * sizeof *a->outputs->word);
}

/* Certified wires have the same signs in every arithmetic, and so has the record. */
static void the_record_is_that_of_single_precision(void **unused) {
  (void)unused;
  static const struct lat_arithmetic formats[] = {{LAT_DTYPE_BF16, LAT_DTYPE_FP32},
                                                  {LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E4M3},
                                                  {LAT_DTYPE_FP16, LAT_DTYPE_FP16},
                                                  {LAT_DTYPE_FP32, LAT_DTYPE_BF16}};
  static const struct lat_arithmetic plain;
  struct lat_netlist *netlist = help_random(11, 7, 44, 2);
  struct all single = start(netlist, plain, LAT_NORM_NONE);
  run(&single);
  for (size_t f = 0; f < 4; f++) {
    struct all narrow = start(netlist, formats[f], LAT_NORM_NONE);
    struct lat_certificate certificate;
    lat_certify(narrow.compiled, LAT_ATTENTION_DENSE, &certificate);
    assert_true(certificate.certified);
    run(&narrow);
    must_be_same(&narrow, &single, netlist->outputs);
    for (size_t t = 0; t <= narrow.steps; t++) assert_true(narrow.error[t] <= certificate.eta);
    assert_int_equal(lat_engine_attention(narrow.engine), LAT_ATTENTION_DENSE);
    assert_true(lat_engine_share(narrow.engine) == 1 && lat_engine_flops(narrow.engine) > 0);
    end(&narrow);
  }
  end(&single);
  lat_netlist_free(netlist);
}

static void threads_change_nothing(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_random(12, 7, 44, 2);
  int most = omp_get_max_threads();
  struct lat_arithmetic arithmetic = {LAT_DTYPE_FP8_E5M2, LAT_DTYPE_BF16};
  struct all one = start(netlist, arithmetic, LAT_NORM_RMSNORM), three = start(netlist, arithmetic, LAT_NORM_RMSNORM);
  omp_set_num_threads(1);
  run(&one);
  omp_set_num_threads(3);
  run(&three);
  omp_set_num_threads(most);
  must_be_same(&one, &three, netlist->outputs);
  assert_memory_equal(one.error, three.error, (one.steps + 1) * sizeof *one.error);
  end(&one);
  end(&three);
  lat_netlist_free(netlist);
}

/* A batch of all vectors by the transformer, state after state, and what the trace hands out. */
struct watch {
  float *state; /* [T + 1, VECTORS, N, D] */
  size_t cells, vectors;
};

static int keep(void *context, size_t step, size_t layer, const float *x) {
  struct watch *watch = context;
  (void)layer;
  memcpy(watch->state + (step + 1) * VECTORS * watch->cells, x, VECTORS * watch->cells * sizeof *x);
  return LAT_OK;
}

static int compare(void *context, size_t vector, size_t step, const float *x) {
  struct watch *watch = context;
  watch->vectors = vector + 1;
  return memcmp(watch->state + (step * VECTORS + vector) * watch->cells, x, watch->cells * sizeof *x) == 0 ? LAT_OK
                                                                                                           : LAT_INPUT;
}

static void the_trace_is_the_transformers_own_run(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_random(13, 6, 20, 2);
  struct all all = start(netlist, (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_FP16}, LAT_NORM_LAYERNORM);
  struct watch watch = {.cells = all.compiled->nodes * all.compiled->layout.width};
  float *x = lat_alloc(VECTORS * watch.cells, sizeof *x);
  watch.state = lat_calloc((all.steps + 1) * VECTORS * watch.cells, sizeof *x);
  unsigned char bit[16];
  for (size_t n = 0; n < VECTORS; n++) {
    for (size_t i = 0; i < netlist->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(all.inputs, i, n);
    lat_prompt_state(all.compiled->prompt, bit, x + n * watch.cells);
  }
  memcpy(watch.state, x, VECTORS * watch.cells * sizeof *x);
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(all.compiled->model, VECTORS, all.compiled->nodes, &forward), LAT_OK);
  assert_int_equal(lat_transformer_run(all.compiled->model, forward, all.steps, x, keep, &watch, 0), LAT_OK);
  assert_int_equal(lat_engine_trace(all.engine, all.inputs, all.steps, compare, &watch), LAT_OK);
  assert_int_equal(watch.vectors, VECTORS);
  lat_forward_free(forward);
  lat_free(x), lat_free(watch.state);
  end(&all);
  lat_netlist_free(netlist);
}

static void a_wire_that_is_no_number_is_not_right(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_c17();
  struct all all = start(netlist, (struct lat_arithmetic){LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP32}, LAT_NORM_NONE);
  size_t value = lat_layout_column(&all.compiled->layout, all.compiled->layout.value);
  all.compiled->model->layer[0].down.bias[value] = NAN;
  run(&all);
  struct lat_engine_record record = record_of(&all);
  for (size_t l = 0; l <= all.compiled->depth; l++) assert_int_equal(record.last_right[l], 0);
  end(&all);
  lat_netlist_free(netlist);
}

/* At a beta that certifies nothing, values of settled wires are off, and the record says by how much. */
static void the_largest_error_is_that_of_ready_wires(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_random(11, 7, 44, 2);
  struct all all = start(netlist, (struct lat_arithmetic){LAT_DTYPE_FP16, LAT_DTYPE_FP32}, LAT_NORM_NONE);
  struct lat_construction construction = all.compiled->construction;
  construction.beta = 1.9, construction.kappa = 1;
  struct all loose = all;
  assert_int_equal(lat_compile(netlist, &construction, &loose.compiled), LAT_OK);
  assert_int_equal(lat_engine_alloc(loose.compiled, LAT_ATTENTION_DENSE, &loose.engine), LAT_OK);
  run(&loose);
  assert_true(loose.error[loose.steps] > 0 && loose.error[loose.steps] < 1.5);
  lat_engine_free(loose.engine);
  lat_compiled_free(loose.compiled);
  end(&all);
  lat_netlist_free(netlist);
}

static int stop_at(void *context, size_t done, size_t total) {
  size_t *at = context;
  assert_true(done <= total);
  return done >= *at;
}

static void what_cannot_be_done_is_said(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_c17();
  struct all all = start(netlist, (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_FP32}, LAT_NORM_NONE);
  struct lat_engine *engine;
  assert_int_equal(lat_engine_alloc(all.compiled, LAT_ATTENTION_FAST, &engine), LAT_UNSUPPORTED);
  assert_non_null(strstr(lat_error_message(), "bf16 with sums in fp32"));
  assert_null(engine);
  size_t at = 7;
  struct lat_engine_record record = record_of(&all);
  record.progress = stop_at;
  record.context = &at;
  assert_int_equal(lat_engine_run(all.engine, all.inputs, all.values, &record), LAT_INTERRUPTED);
  assert_non_null(strstr(lat_error_message(), "was stopped"));
  record.progress = NULL;
  struct lat_vectors *wrong;
  assert_int_equal(lat_vectors_alloc(netlist->inputs + 1, VECTORS, &wrong), LAT_OK);
  assert_int_equal(lat_engine_run(all.engine, wrong, NULL, &record), LAT_INPUT);
  lat_vectors_free(wrong);
  assert_int_equal(lat_vectors_alloc(netlist->inputs, 0, &wrong), LAT_OK);
  record = (struct lat_engine_record){.output_ready = record.output_ready};
  assert_int_equal(lat_engine_run(all.engine, wrong, NULL, &record), LAT_OK);
  assert_int_equal(record.output_ready[0], netlist->outputs);
  lat_vectors_free(wrong);
  end(&all);
  lat_netlist_free(netlist);
}

static void failing_allocations_leave_nothing_behind(void **unused) {
  (void)unused;
  struct lat_netlist *netlist = help_c17();
  struct all all = start(netlist, (struct lat_arithmetic){LAT_DTYPE_BF16, LAT_DTYPE_BF16}, LAT_NORM_NONE);
  size_t before = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK && k < 100; k++) {
    struct lat_engine_record record = record_of(&all);
    lat_memory_fail_at(k);
    status = lat_engine_run(all.engine, all.inputs, all.values, &record);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  end(&all);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_record_is_that_of_single_precision),   cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(the_trace_is_the_transformers_own_run),    cmocka_unit_test(a_wire_that_is_no_number_is_not_right),
      cmocka_unit_test(the_largest_error_is_that_of_ready_wires), cmocka_unit_test(what_cannot_be_done_is_said),
      cmocka_unit_test(failing_allocations_leave_nothing_behind),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
