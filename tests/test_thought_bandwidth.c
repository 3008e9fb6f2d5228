/* The machines of the experiment thought_bandwidth, at sizes that take no time: steps, wires a step and outputs are those of
 * the schedule and the circuit, for every kind of thought. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/thought_bandwidth/machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine.h"
#include "lib/sweep/experiment.h"

enum { VECTORS = 9 };

static const char *const circuits[] = {"parity:9",    "wallace:3",     "batcher:8",
                                       "s5_serial:2", "square_root:3", "comparator:1"};

static struct lat_bandwidth_question asked(const char *family, unsigned fan_in) {
  struct lat_bandwidth_question question;
  assert_int_equal(lat_bandwidth_ask("", family, fan_in, VECTORS, 1, &question), LAT_OK);
  return question;
}

/* What every machine owes: T and each step's wires as planned, nothing wrong, and something missing one step earlier. */
static void assert_as_planned(const struct lat_bandwidth_question *question, size_t width,
                              const struct lat_bandwidth_answer *answer) {
  struct lat_schedule plan;
  assert_int_equal(lat_schedule_make(question->mapped, width, &plan), LAT_OK);
  assert_int_equal(answer->steps, plan.steps);
  for (size_t t = 0; t < plan.steps; t++) assert_int_equal(answer->flips[t], plan.count[t + 1]);
  assert_int_equal(answer->compared,
                   question->mapped->outputs * (VECTORS + 2)); /* the late one, and that one alone again */
  assert_int_equal(answer->wrong, 0);
  assert_int_equal(answer->outputs, question->mapped->outputs);
  assert_true(answer->ready_before < answer->outputs);
  assert_int_equal(answer->certified, 1);
  assert_true(answer->seconds >= 0 && answer->flops > 0 && answer->bytes > 0 && answer->parameters > 0);
  lat_schedule_free(&plan);
}

static void a_token_per_gate_takes_the_depth(void **state) {
  (void)state;
  for (size_t c = 0; c < sizeof circuits / sizeof *circuits; c++)
    for (unsigned fan_in = 2; fan_in <= 4; fan_in += 2) {
      struct lat_bandwidth_question question = asked(circuits[c], fan_in);
      struct lat_bandwidth_answer answer;
      assert_int_equal(lat_bandwidth_gates(&question, &answer), LAT_OK);
      assert_as_planned(&question, SIZE_MAX, &answer);
      lat_bandwidth_answer_free(&answer);
      lat_bandwidth_forget(&question);
    }
}

/* The counted operations and bytes, from the numbers of the model that is known to be built. */
static void a_token_per_gate_costs_what_its_model_costs(void **state) {
  (void)state;
  struct lat_bandwidth_question question = asked("wallace:3", 2);
  struct lat_bandwidth_answer answer;
  struct lat_compiled *compiled;
  struct lat_construction construction = {.fan_in = 2, .layers = 1};
  assert_int_equal(lat_bandwidth_gates(&question, &answer), LAT_OK);
  assert_int_equal(lat_compile(question.mapped, &construction, &compiled), LAT_OK);
  const struct lat_transformer_config *config = &compiled->model->config;
  double entries = (double)(compiled->nodes * config->width);
  assert_true(answer.flops == (double)compiled->depth * lat_transformer_flops(config, compiled->nodes));
  assert_true(answer.bytes == 4 * entries && answer.nominal_bits == 16 * entries);
  assert_int_equal(answer.parameters, compiled->model->count);
  lat_compiled_free(compiled);
  lat_bandwidth_answer_free(&answer);
  lat_bandwidth_forget(&question);
}

static void the_answers_are_those_of_the_circuit_as_it_came(void **state) {
  (void)state;
  struct lat_bandwidth_question question = asked("parity:9", 4);
  for (size_t n = 0; n <= VECTORS; n++) {
    int odd = 0;
    for (size_t i = 0; i < 9; i++) odd ^= lat_vectors_get(question.inputs, i, n);
    assert_int_equal(lat_vectors_get(question.wanted, 0, n), odd);
  }
  /* An answer that is not the circuit's is told from one that is. */
  lat_vectors_set(question.wanted, 0, 3, !lat_vectors_get(question.wanted, 0, 3));
  struct lat_bandwidth_answer answer;
  assert_int_equal(lat_bandwidth_gates(&question, &answer), LAT_OK);
  assert_int_equal(answer.wrong, 1);
  lat_bandwidth_answer_free(&answer);
  lat_bandwidth_forget(&question);
}

static void bad_circuits_are_refused_in_one_sentence(void **state) {
  (void)state;
  struct lat_bandwidth_question question;
  assert_int_equal(lat_bandwidth_ask("", "nothing:3", 2, VECTORS, 0, &question), LAT_INPUT);
  assert_int_equal(lat_bandwidth_ask("", "parity:0", 2, VECTORS, 0, &question), LAT_INPUT);
  assert_int_equal(lat_bandwidth_ask("", "parity:1", 2, VECTORS, 0, &question), LAT_INPUT); /* a wire */
  assert_non_null(strstr(lat_error_message(), "no step is needed"));
  assert_int_equal(lat_bandwidth_ask("no/such/file.blif", "", 2, VECTORS, 0, &question), LAT_INPUT);
}

typedef int machine(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer);

static void assert_leaks_nothing(machine *make) {
  size_t held = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 3000 && status != LAT_OK; k++) {
    struct lat_bandwidth_question question;
    struct lat_bandwidth_answer answer = {0};
    lat_memory_fail_at(k);
    status = lat_bandwidth_ask("", "parity:3", 2, 2, 0, &question);
    if (status == LAT_OK) status = make(&question, &answer);
    lat_memory_fail_at(0);
    lat_bandwidth_answer_free(&answer);
    lat_bandwidth_forget(&question);
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
    assert_int_equal(lat_memory_current(), held);
  }
  assert_int_equal(status, LAT_OK);
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  assert_leaks_nothing(lat_bandwidth_gates);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_token_per_gate_takes_the_depth),
      cmocka_unit_test(a_token_per_gate_costs_what_its_model_costs),
      cmocka_unit_test(the_answers_are_those_of_the_circuit_as_it_came),
      cmocka_unit_test(bad_circuits_are_refused_in_one_sentence),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
