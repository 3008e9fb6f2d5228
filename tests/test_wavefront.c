/* The counts that decide the depth experiment: none on a machine that is right, and each single fault is seen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/wavefront.h"

enum { VECTORS = 70, LAYERS = 2, STEPS = 5 };

static struct lat_netlist *netlist;
static struct lat_vectors *inputs, *values;
static struct lat_compiled *compiled;

static int before(void **state) {
  (void)state;
  struct lat_construction construction = {.fan_in = 2, .layers = LAYERS};
  if (lat_family_make("ripple:5", 0, &netlist) != LAT_OK || lat_compile(netlist, &construction, &compiled) != LAT_OK ||
      lat_vectors_alloc(netlist->inputs, VECTORS, &inputs) != LAT_OK ||
      lat_vectors_alloc(netlist->nodes, VECTORS, &values) != LAT_OK)
    return -1;
  lat_vectors_random(inputs, 3);
  lat_simulate(netlist, inputs, values);
  return 0;
}

static int after(void **state) {
  (void)state;
  lat_vectors_free(inputs);
  lat_vectors_free(values);
  lat_compiled_free(compiled);
  lat_netlist_free(netlist);
  return 0;
}

static void run(struct lat_wavefront *wave) {
  struct lat_engine *engine;
  assert_int_equal(lat_wavefront_alloc(wave, compiled, netlist->outputs, VECTORS, STEPS), LAT_OK);
  assert_int_equal(lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine), LAT_OK);
  assert_int_equal(lat_engine_run(engine, inputs, values, &wave->record), LAT_OK);
  lat_engine_free(engine);
}

static void a_right_machine_has_no_fault_and_its_front_is_the_line(void **state) {
  (void)state;
  struct lat_wavefront wave;
  run(&wave);
  lat_wavefront_sum(&wave, LAYERS);
  assert_int_equal(compiled->depth, 9);
  assert_int_equal(wave.wrong + wave.late + wave.early, 0);
  int64_t checked = 0;
  for (size_t t = 0; t <= STEPS; t++) {
    size_t line = LAYERS * t < 9 ? LAYERS * t : 9;
    assert_int_equal(wave.front[t], line);
    for (size_t i = 0; i < compiled->nodes; i++) checked += compiled->level[i] <= line ? VECTORS : 0;
  }
  assert_int_equal(wave.checked, checked);
  lat_wavefront_free(&wave);
}

static void one_faulty_value_is_counted(void **state) {
  (void)state;
  size_t below = 2 * 10 + 4, above = 2 * 10 + 5; /* step 2: the line is level 4 */
  for (int fault = 0; fault < 4; fault++) {
    struct lat_wavefront wave;
    run(&wave);
    assert_int_equal(wave.levels, 10);
    if (fault == 0) wave.record.level_right[below]--;
    if (fault == 1) wave.record.level_ready[below]--;
    if (fault == 2) wave.record.level_ready[above]++;
    if (fault == 3) wave.record.level_right[above] = 0; /* no fault: above the line nothing is promised */
    lat_wavefront_sum(&wave, LAYERS);
    assert_int_equal(wave.wrong, fault == 0);
    assert_int_equal(wave.late, fault == 1);
    assert_int_equal(wave.early, fault == 2);
    assert_int_equal(wave.front[2], fault == 1 ? 3 : 4);
    lat_wavefront_free(&wave);
  }
}

static void more_layers_claimed_than_there_are_is_a_fault(void **state) {
  (void)state;
  struct lat_wavefront wave;
  run(&wave);
  lat_wavefront_sum(&wave, LAYERS + 1);
  assert_true(wave.late > 0);
  assert_true(wave.wrong > 0);
  lat_wavefront_free(&wave);
}

static void uniform_attention_is_found_out(void **state) {
  (void)state;
  struct lat_wavefront wave;
  const struct lat_transformer_config *shape = &compiled->model->config;
  for (size_t l = 0; l < LAYERS; l++)
    memset(compiled->model->layer[l].query.weight, 0, shape->heads * shape->key_width * shape->width * sizeof(float));
  run(&wave);
  lat_wavefront_sum(&wave, LAYERS);
  assert_true(wave.wrong > 0);
  lat_wavefront_free(&wave);
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  size_t held = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 30 && status != LAT_OK; k++) {
    struct lat_wavefront wave;
    lat_memory_fail_at(k);
    status = lat_wavefront_alloc(&wave, compiled, 3, 70, 4);
    lat_memory_fail_at(0);
    lat_wavefront_free(&wave);
    assert_int_equal(lat_memory_current(), held);
  }
  assert_int_equal(status, LAT_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_right_machine_has_no_fault_and_its_front_is_the_line),
      cmocka_unit_test(one_faulty_value_is_counted),
      cmocka_unit_test(more_layers_claimed_than_there_are_is_a_fault),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
      cmocka_unit_test(uniform_attention_is_found_out), /* last: it changes the weights */
  };
  return cmocka_run_group_tests(tests, before, after);
}
