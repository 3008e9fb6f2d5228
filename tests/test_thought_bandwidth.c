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
#include "lib/compile/thoughts.h"
#include "lib/compile/vector.h"
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

static void tokens_and_vectors_take_the_steps_of_their_schedules(void **state) {
  (void)state;
  static const struct {
    int token;
    size_t bits;
    unsigned channel_bits;
  } thought[] = {{1, 1, 1}, {1, 2, 1}, {1, 5, 1}, {0, 1, 1}, {0, 3, 1}, {0, 4, 4}, {0, 6, 2}};
  for (size_t c = 0; c < sizeof circuits / sizeof *circuits; c++)
    for (size_t k = 0; k < sizeof thought / sizeof *thought; k++) {
      struct lat_bandwidth_question question = asked(circuits[c], k % 2 == 0 ? 2 : 3);
      struct lat_bandwidth_answer answer;
      assert_int_equal(
          lat_bandwidth_thoughts(&question, thought[k].token, thought[k].bits, thought[k].channel_bits, &answer), LAT_OK);
      assert_as_planned(&question, thought[k].bits, &answer);
      double nominal =
          thought[k].token ? (double)thought[k].bits : 16.0 * (double)(thought[k].bits / thought[k].channel_bits);
      assert_true(answer.nominal_bits == nominal);
      lat_bandwidth_answer_free(&answer);
      lat_bandwidth_forget(&question);
    }
}

static void all_wires_in_one_vector_take_the_depth(void **state) {
  (void)state;
  for (size_t c = 0; c < sizeof circuits / sizeof *circuits; c++)
    for (unsigned fan_in = 2; fan_in <= 4; fan_in += 2) {
      struct lat_bandwidth_question question = asked(circuits[c], fan_in);
      struct lat_bandwidth_answer answer;
      assert_int_equal(lat_bandwidth_wires(&question, &answer), LAT_OK);
      assert_as_planned(&question, SIZE_MAX, &answer);
      lat_bandwidth_answer_free(&answer);
      lat_bandwidth_forget(&question);
    }
}

/* On one curve: what a thought is made of does not matter to its steps, only how many wires it may add. */
static void a_token_and_a_vector_of_equal_bits_take_equal_steps(void **state) {
  (void)state;
  struct lat_bandwidth_question question = asked("wallace:4", 2);
  for (size_t bits = 1; bits <= 4; bits++) {
    struct lat_bandwidth_answer token, vector;
    assert_int_equal(lat_bandwidth_thoughts(&question, 1, bits, 1, &token), LAT_OK);
    assert_int_equal(lat_bandwidth_thoughts(&question, 0, bits, 1, &vector), LAT_OK);
    assert_int_equal(token.steps, vector.steps);
    assert_memory_equal(token.flips, vector.flips, token.steps * sizeof *token.flips);
    lat_bandwidth_answer_free(&token);
    lat_bandwidth_answer_free(&vector);
  }
  lat_bandwidth_forget(&question);
}

/* One step fewer: what is missing is what the schedule left for the last step, and some vector shows it. */
static void a_chain_of_thought_cut_by_one_token_is_wrong(void **state) {
  (void)state;
  struct lat_bandwidth_question question = asked("parity:9", 2);
  struct lat_bandwidth_answer answer;
  assert_int_equal(lat_bandwidth_thoughts(&question, 1, 2, 1, &answer), LAT_OK);
  assert_int_equal(answer.ready_before, 0);
  int64_t odd = 0;
  for (size_t n = 0; n <= VECTORS; n++) odd += lat_vectors_get(question.wanted, 0, n);
  assert_true(odd > 0);
  assert_int_equal(answer.wrong_before, odd); /* what was never thought reads 0 */
  lat_bandwidth_answer_free(&answer);
  lat_bandwidth_forget(&question);
}

/* The counted operations and bytes, from the numbers of the model that is known to be built. */
static void a_thought_costs_what_its_model_costs(void **state) {
  (void)state;
  struct lat_bandwidth_question question = asked("wallace:3", 2);
  struct lat_bandwidth_answer answer;
  struct lat_thoughts *thoughts;
  struct lat_vector *vector;
  struct lat_construction token = {.fan_in = 2, .variant = LAT_VARIANT_COT, .bits_per_step = 3, .mask = LAT_MASK_CAUSAL};
  struct lat_construction wires = {.fan_in = 2, .variant = LAT_VARIANT_VECTOR, .layers = 1};
  assert_int_equal(lat_bandwidth_thoughts(&question, 1, 3, 1, &answer), LAT_OK);
  assert_int_equal(lat_thoughts_compile(question.mapped, &token, &thoughts), LAT_OK);
  assert_true(answer.flops == lat_thoughts_flops(thoughts, 0));
  assert_true(answer.bytes == lat_thoughts_cache_bytes(thoughts, 0));
  assert_int_equal(answer.parameters, thoughts->model->count);
  lat_thoughts_free(thoughts);
  lat_bandwidth_answer_free(&answer);
  assert_int_equal(lat_bandwidth_wires(&question, &answer), LAT_OK);
  assert_int_equal(lat_vector_compile(question.mapped, &wires, &vector), LAT_OK);
  assert_true(answer.flops == (double)vector->depth * lat_vector_flops_dense(vector));
  assert_true(answer.bytes == 4 * (double)vector->width);
  assert_int_equal(answer.parameters, lat_vector_parameters(question.mapped, &wires));
  lat_vector_free(vector);
  lat_bandwidth_answer_free(&answer);
  lat_bandwidth_forget(&question);
}

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

static int make_token(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer) {
  return lat_bandwidth_thoughts(question, 1, 2, 1, answer);
}

static int make_vector(const struct lat_bandwidth_question *question, struct lat_bandwidth_answer *answer) {
  return lat_bandwidth_thoughts(question, 0, 2, 2, answer);
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  assert_leaks_nothing(lat_bandwidth_gates);
  assert_leaks_nothing(lat_bandwidth_wires);
  assert_leaks_nothing(make_token);
  assert_leaks_nothing(make_vector);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_token_per_gate_takes_the_depth),
      cmocka_unit_test(all_wires_in_one_vector_take_the_depth),
      cmocka_unit_test(tokens_and_vectors_take_the_steps_of_their_schedules),
      cmocka_unit_test(a_token_and_a_vector_of_equal_bits_take_equal_steps),
      cmocka_unit_test(a_chain_of_thought_cut_by_one_token_is_wrong),
      cmocka_unit_test(a_thought_costs_what_its_model_costs),
      cmocka_unit_test(a_token_per_gate_costs_what_its_model_costs),
      cmocka_unit_test(the_answers_are_those_of_the_circuit_as_it_came),
      cmocka_unit_test(bad_circuits_are_refused_in_one_sentence),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
