/* Recurrent learners: held to plain loops in double, to differences of their loss, and to what their initial values promise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/train/fit.h"

enum { V = 7, CLASSES = 5, B = 3, S = 6, D = 8, FIELDS = 2, LAYERS = 2 };
static const char *const names[] = {"tanh", "LSTM"};

static struct lat_learner *make(enum lat_cell cell, uint64_t seed) {
  struct lat_learner *learner;
  assert_int_equal(lat_learner_recurrent(cell, V, FIELDS, CLASSES, D, LAYERS, seed, &learner), LAT_OK);
  return learner;
}

static void tokens(int32_t *token) {
  struct lat_random random;
  lat_random_start(&random, 3, "tokens", 0);
  for (size_t i = 0; i < B * S * FIELDS; i++) token[i] = (int32_t)lat_random_below(&random, V);
}

static struct lat_array *run(const struct lat_learner *learner, struct lat_tape *tape, const int32_t *token,
                             float *gradient) {
  struct lat_array *logits[3] = {NULL};
  struct lat_learner_pass pass = {.tape = tape, .gradient = gradient, .batch = B, .sequence = S, .token = token};
  pass.steps = 3; /* it has no loops: the same for any number */
  pass.logits = logits;
  lat_tape_reset(tape);
  assert_int_equal(learner->run(learner, &pass), LAT_OK);
  assert_null(logits[0]);
  assert_non_null(logits[2]);
  return logits[2];
}

static double plain_sigmoid(double x) { return 1 / (1 + exp(-x)); }

/* Logits of one sequence, from the formulas; parameters in their order. */
static void plain(enum lat_cell cell, const float *p, const int32_t *token, double logits[S][CLASSES]) {
  size_t gates = cell == LAT_CELL_LSTM ? 4 : 1;
  double x[S][D];
  for (size_t t = 0; t < S; t++)
    for (size_t i = 0; i < D; i++)
      x[t][i] = (double)p[(size_t)token[t * FIELDS + i / (D / FIELDS)] * (D / FIELDS) + i % (D / FIELDS)];
  p += V * D / FIELDS;
  for (size_t l = 0; l < LAYERS; l++, p += 2 * gates * D * D + gates * D) {
    const float *W = p, *U = p + gates * D * D, *b = U + gates * D * D;
    double h[D] = {0}, c[D] = {0}, pre[4 * D];
    for (size_t t = 0; t < S; t++) {
      for (size_t o = 0; o < gates * D; o++) {
        pre[o] = (double)b[o];
        for (size_t i = 0; i < D; i++) pre[o] += (double)W[o * D + i] * x[t][i] + (double)U[o * D + i] * h[i];
      }
      for (size_t i = 0; i < D; i++) {
        if (cell == LAT_CELL_LSTM) {
          c[i] = plain_sigmoid(pre[D + i]) * c[i] + plain_sigmoid(pre[i]) * tanh(pre[2 * D + i]);
          h[i] = plain_sigmoid(pre[3 * D + i]) * tanh(c[i]);
        } else {
          h[i] = tanh(pre[i]);
        }
        x[t][i] = h[i];
      }
    }
  }
  for (size_t t = 0; t < S; t++)
    for (size_t k = 0; k < CLASSES; k++) {
      logits[t][k] = (double)p[CLASSES * D + k];
      for (size_t i = 0; i < D; i++) logits[t][k] += (double)p[k * D + i] * x[t][i];
    }
}

static void logits_are_those_of_plain_loops(void **state) {
  (void)state;
  int32_t token[B * S * FIELDS];
  tokens(token);
  for (int cell = 0; cell < 2; cell++) {
    struct lat_learner *learner = make((enum lat_cell)cell, 5);
    struct lat_tape *tape;
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    struct lat_random random;
    lat_random_start(&random, 1, "bias", 0);
    for (size_t i = 0; i < learner->count; i++) learner->parameters[i] += (float)(0.2 * lat_random_uniform(&random));
    struct lat_array *found = run(learner, tape, token, NULL);
    assert_int_equal(found->rows, B * S);
    assert_int_equal(found->columns, CLASSES);
    for (size_t b = 0; b < B; b++) {
      double expected[S][CLASSES];
      plain((enum lat_cell)cell, learner->parameters, token + b * S * FIELDS, expected);
      for (size_t i = 0; i < S * CLASSES; i++) {
        double got = (double)found->value[b * S * CLASSES + i], wish = expected[i / CLASSES][i % CLASSES];
        if (!(fabs(got - wish) <= 1e-5 * (1 + fabs(wish)))) fail_msg("%s: %.8g, not %.8g", names[cell], got, wish);
      }
    }
    lat_tape_free(tape);
    lat_learner_free(learner);
  }
}

static double loss_of(const struct lat_learner *learner, struct lat_tape *tape, const int32_t *token, float *gradient) {
  static const int32_t target[B * S] = {1, 0, -1, 4, 2, 3, 3, 3, 0, 1, 2, 4, 4, -1, -1, 0, 0, 2};
  struct lat_array *sum = lat_cross_entropy(tape, run(learner, tape, token, gradient), target, NULL, NULL, NULL);
  assert_non_null(sum);
  if (gradient != NULL) assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  return (double)sum->value[0];
}

/* Operations are held to central differences in double elsewhere; here, that every array gets the gradient that is its own. */
static void every_array_has_the_slope_of_the_loss(void **state) {
  (void)state;
  int32_t token[B * S * FIELDS];
  tokens(token);
  for (int cell = 0; cell < 2; cell++) {
    struct lat_learner *learner = make((enum lat_cell)cell, 5);
    struct lat_tape *tape;
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    float *gradient = lat_calloc(learner->count, sizeof *gradient), *at = learner->parameters;
    float *kept = lat_alloc(learner->count, sizeof *kept);
    memcpy(kept, learner->parameters, learner->count * sizeof *kept);
    loss_of(learner, tape, token, gradient);
    for (size_t i = 0, n; i < learner->pieces; at += n, i++) {
      double norm = 0, value[2];
      size_t from = (size_t)(at - learner->parameters);
      n = learner->piece[i].count;
      for (size_t k = 0; k < n; k++) norm += (double)gradient[from + k] * (double)gradient[from + k];
      norm = sqrt(norm);
      assert_true(norm > 1e-3);
      for (int side = 0; side < 2; side++) { /* along the gradient the loss rises by its norm */
        for (size_t k = 0; k < n; k++) at[k] = kept[from + k] + (side ? 0.01f : -0.01f) * gradient[from + k] / (float)norm;
        value[side] = loss_of(learner, tape, token, NULL);
        memcpy(at, kept + from, n * sizeof *at);
      }
      double slope = (value[1] - value[0]) / 0.02;
      if (!(fabs(slope - norm) <= 5e-3 * norm))
        fail_msg("%s: array %zu: %g, and by differences %g", names[cell], i, norm, slope);
    }
    lat_free(kept);
    lat_free(gradient);
    lat_tape_free(tape);
    lat_learner_free(learner);
  }
}

static void a_later_token_changes_no_earlier_bit(void **state) {
  (void)state;
  int32_t token[B * S * FIELDS];
  tokens(token);
  struct lat_learner *learner = make(LAT_CELL_LSTM, 5);
  struct lat_tape *tape;
  float before[S * CLASSES];
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  memcpy(before, run(learner, tape, token, NULL)->value, sizeof before);
  token[4 * FIELDS] = (token[4 * FIELDS] + 1) % V;
  const float *after = run(learner, tape, token, NULL)->value;
  assert_memory_equal(before, after, 4 * CLASSES * sizeof *after);
  assert_memory_not_equal(before + 4 * CLASSES, after + 4 * CLASSES, CLASSES * sizeof *after);
  assert_memory_not_equal(before + 5 * CLASSES, after + 5 * CLASSES, CLASSES * sizeof *after);
  lat_tape_free(tape);
  lat_learner_free(learner);
}

static void initial_values_are_what_the_header_says(void **state) {
  (void)state;
  struct lat_learner *a = make(LAT_CELL_LSTM, 5), *b = make(LAT_CELL_LSTM, 5), *c = make(LAT_CELL_LSTM, 6);
  assert_memory_equal(a->parameters, b->parameters, a->count * sizeof(float));
  assert_memory_not_equal(a->parameters, c->parameters, a->count * sizeof(float));
  size_t total = 0;
  for (size_t i = 0; i < a->pieces; i++) total += a->piece[i].count;
  assert_int_equal(total, a->count);
  assert_int_equal(a->count, V * D / FIELDS + LAYERS * (8 * D * D + 4 * D) + CLASSES * (D + 1));
  const float *U = a->parameters + V * D / FIELDS + 4 * D * D, *bias = U + 4 * D * D;
  for (size_t gate = 0; gate < 4; gate++)
    for (size_t i = 0; i < D; i++)
      for (size_t j = 0; j < D; j++) {
        double product = 0;
        for (size_t k = 0; k < D; k++) product += (double)U[(gate * D + i) * D + k] * (double)U[(gate * D + j) * D + k];
        assert_true(fabs(product - (i == j)) <= 1e-5);
      }
  for (size_t i = 0; i < 4 * D; i++) assert_true(bias[i] == (i / D == 1 ? 1.0f : 0.0f));
  assert_false(a->piece[3].decays);
  assert_true(a->piece[2].decays);
  lat_learner_free(a), lat_learner_free(b), lat_learner_free(c);
}

static void a_second_pass_allocates_nothing(void **state) {
  (void)state;
  int32_t token[B * S * FIELDS];
  tokens(token);
  for (int cell = 0; cell < 2; cell++) {
    struct lat_learner *learner = make((enum lat_cell)cell, 5);
    struct lat_tape *tape;
    float *gradient = lat_calloc(learner->count, sizeof *gradient);
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    double first = loss_of(learner, tape, token, gradient);
    uint64_t before = lat_memory_allocations();
    for (int again = 0; again < 3; again++) assert_true(loss_of(learner, tape, token, gradient) == first);
    assert_int_equal(lat_memory_allocations(), before);
    lat_free(gradient);
    lat_tape_free(tape);
    lat_learner_free(learner);
  }
}

static void sizes_and_tokens_that_cannot_be_are_told(void **state) {
  (void)state;
  struct lat_learner *learner;
  assert_int_equal(lat_learner_recurrent(LAT_CELL_TANH, 4, 1, 2, 0, 1, 1, &learner), LAT_INPUT);
  assert_string_equal(lat_error_message(), "a recurrent network with width 0 cannot be: 1..2147483647");
  assert_int_equal(lat_learner_recurrent(LAT_CELL_LSTM, 4, 3, 2, 8, 1, 1, &learner), LAT_INPUT);
  assert_string_equal(lat_error_message(), "width 8 is not divisible by fields 3, whose embeddings stand side by side");
  assert_null(learner);
  learner = make(LAT_CELL_TANH, 1);
  struct lat_tape *tape;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  int32_t token[FIELDS] = {0, V};
  struct lat_array *logits[1];
  struct lat_learner_pass pass = {.tape = tape, .batch = 1, .sequence = 1, .token = token, .steps = 1, .logits = logits};
  assert_int_equal(learner->run(learner, &pass), LAT_INPUT);
  assert_string_equal(lat_error_message(), "token 7 at row 0, field 1, is outside 0..6");
  pass.steps = 0;
  assert_int_equal(learner->run(learner, &pass), LAT_INPUT);
  lat_tape_free(tape);
  lat_learner_free(learner);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  uint64_t k = 1;
  for (;; k++) {
    struct lat_learner *learner;
    lat_memory_fail_at(k);
    int status = lat_learner_recurrent(LAT_CELL_LSTM, V, 1, CLASSES, D, LAYERS, 1, &learner);
    lat_memory_fail_at(0);
    lat_learner_free(learner);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
  }
  assert_true(k > 4);
}

/* What makes them a baseline: the state of a group word is learned, and holds on words longer than any that was trained on. */
static void they_learn_words_of_any_length(void **state) {
  (void)state;
  struct lat_task_setting word, longer;
  struct lat_task_shape shape;
  assert_int_equal(lat_task_parse("words:group=s3:length=8:supervision=dense", &word), LAT_OK);
  longer = word;
  assert_int_equal(lat_task_set(&longer, "length", 24), LAT_OK);
  assert_int_equal(lat_task_shape(&word, &shape), LAT_OK);
  for (int cell = 0; cell < 2; cell++) {
    struct lat_learner *learner;
    struct lat_fit_plan plan = lat_fit_default();
    struct lat_phase phase = {1, &word, 1, 1, 1500, 64, 2};
    struct lat_fit fit;
    struct lat_score score;
    assert_int_equal(
        lat_learner_recurrent((enum lat_cell)cell, shape.vocabulary, shape.fields, shape.classes, 32, 1, 1, &learner),
        LAT_OK);
    plan.phases = 1;
    plan.phase = &phase;
    plan.seed = 4;
    plan.every = 50;
    plan.validation = 100;
    plan.training.rate.peak = 0.01;
    assert_int_equal(lat_fit(learner, &plan, NULL, NULL, NULL, &fit), LAT_OK);
    if (fit.end != LAT_FIT_SOLVED) fail_msg("%s: accuracy %g", names[cell], fit.accuracy[fit.points - 1]);
    assert_int_equal(lat_evaluate(learner, &longer, 9, "test", 200, 1, 0, &score), LAT_OK);
    double accuracy = lat_score_accuracy(&score, 1);
    print_message("%s: solved after %d updates, %.3f of the positions of words three times as long\n", names[cell],
                  (int)fit.solved_at, accuracy);
    if (!(accuracy >= 0.8)) fail_msg("%s: %g of the positions of longer words", names[cell], accuracy);
    lat_score_free(&score);
    lat_fit_free(&fit);
    lat_learner_free(learner);
  }
}

/* 2 operations a weight and position: for tanh 2 layers of 8 x 8 and 8 x 8, for the LSTM four times that. */
static void operations_are_counted_once_whatever_the_steps(void **state) {
  const double weights[] = {2 * 128, 4 * 2 * 128};
  (void)state;
  for (int cell = LAT_CELL_TANH; cell <= LAT_CELL_LSTM; cell++) {
    struct lat_learner *learner = make((enum lat_cell)cell, 1);
    for (size_t steps = 1; steps <= 3; steps += 2)
      for (size_t length = 1; length <= 6; length += 5)
        if (!(fabs(lat_learner_flops(learner, length, steps) - 2 * (double)length * weights[cell]) <= 0))
          fail_msg("%s: %g operations for %zu positions", names[cell], lat_learner_flops(learner, length, steps), length);
    lat_learner_free(learner);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_are_counted_once_whatever_the_steps),
      cmocka_unit_test(logits_are_those_of_plain_loops),
      cmocka_unit_test(every_array_has_the_slope_of_the_loss),
      cmocka_unit_test(a_later_token_changes_no_earlier_bit),
      cmocka_unit_test(initial_values_are_what_the_header_says),
      cmocka_unit_test(a_second_pass_allocates_nothing),
      cmocka_unit_test(sizes_and_tokens_that_cannot_be_are_told),
      cmocka_unit_test(they_learn_words_of_any_length),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
