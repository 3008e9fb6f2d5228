/* Every operation of the tape against central differences, built in double precision (LAT_DOUBLE): relative difference 1e-6 at
 * most, at odd sizes and size 1, with every argument's gradient, arguments used twice and gradients that are added to. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/channel.h"
#include "lib/nn/extend.h"
#include "lib/nn/operation.h"
#include "lib/nn/positions.h"

enum { ARGUMENTS = 4, LARGEST = 4096 };

/* A function under test: builds its composition over the leaves and gives any array; the test makes a scalar of it. */
struct subject {
  const char *name;
  size_t rows[ARGUMENTS], columns[ARGUMENTS];
  struct lat_array *(*build)(struct lat_tape *tape, struct lat_array **leaf);
};

static lat_real value[ARGUMENTS][LARGEST], gradient[ARGUMENTS][LARGEST], weight[LARGEST];

/* Loss: a fixed random weighting of the result's elements plus the sum of their squares, so that no symmetry hides an error. */
static lat_real loss_of(struct lat_tape *tape, const struct subject *subject, int wanted) {
  struct lat_array *leaf[ARGUMENTS] = {NULL};
  lat_tape_reset(tape);
  for (size_t a = 0; a < ARGUMENTS && subject->rows[a] > 0; a++)
    leaf[a] = lat_tape_leaf(tape, subject->rows[a], subject->columns[a], value[a], wanted ? gradient[a] : NULL);
  struct lat_array *y = subject->build(tape, leaf);
  assert_non_null(y);
  assert_true(y->rows * y->columns <= LARGEST);
  struct lat_array *by = lat_tape_leaf(tape, y->rows, y->columns, weight, NULL);
  struct lat_array *sum = lat_total(tape, lat_sum_of(tape, 1, lat_product(tape, y, by), 0.25, lat_product(tape, y, y)));
  assert_non_null(sum);
  if (wanted) assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  return sum->value[0];
}

static void check(const struct subject *subject) {
  struct lat_tape *tape = NULL;
  struct lat_random random;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_random_start(&random, 1, subject->name, 0);
  for (size_t i = 0; i < LARGEST; i++) weight[i] = 2 * lat_random_uniform(&random) - 1;
  for (size_t a = 0; a < ARGUMENTS; a++)
    for (size_t i = 0; i < LARGEST; i++) {
      value[a][i] = 2 * lat_random_uniform(&random) - 1;
      gradient[a][i] = 0.5; /* what is there is added to */
    }
  loss_of(tape, subject, 1);
  for (size_t a = 0; a < ARGUMENTS && subject->rows[a] > 0; a++) {
    for (size_t i = 0; i < subject->rows[a] * subject->columns[a]; i++) {
      lat_real kept = value[a][i], step = 1e-5;
      value[a][i] = kept + step;
      lat_real above = loss_of(tape, subject, 0);
      value[a][i] = kept - step;
      lat_real below = loss_of(tape, subject, 0);
      value[a][i] = kept;
      lat_real expected = (above - below) / (2 * step), found = gradient[a][i] - 0.5;
      if (!(fabs(found - expected) <= 1e-6 * (1 + fabs(expected))))
        fail_msg("%s: argument %zu, element %zu: %.12g, and by differences %.12g", subject->name, a, i, found, expected);
    }
  }
  lat_tape_free(tape);
}

static struct lat_array *linear(struct lat_tape *t, struct lat_array **x) { return lat_linear(t, x[0], x[1], x[2], x[3]); }
static struct lat_array *linear_plain(struct lat_tape *t, struct lat_array **x) {
  return lat_linear(t, x[0], x[1], NULL, NULL);
}
static struct lat_array *linear_self(struct lat_tape *t, struct lat_array **x) {
  return lat_linear(t, x[0], x[1], NULL, x[0]);
}
static struct lat_array *layer_norm(struct lat_tape *t, struct lat_array **x) {
  return lat_layer_norm(t, x[0], x[1], x[2], 1e-5);
}
static struct lat_array *rms_norm(struct lat_tape *t, struct lat_array **x) { return lat_rms_norm(t, x[0], x[1], 1e-5); }
static struct lat_array *relu(struct lat_tape *t, struct lat_array **x) {
  return lat_activate(t, LAT_ACTIVATION_RELU, x[0]);
}
static struct lat_array *gelu(struct lat_tape *t, struct lat_array **x) {
  return lat_activate(t, LAT_ACTIVATION_GELU, lat_sum_of(t, 3, x[0], 0, x[0]));
}
static struct lat_array *gelu_tanh(struct lat_tape *t, struct lat_array **x) {
  return lat_activate(t, LAT_ACTIVATION_GELU_TANH, lat_sum_of(t, 3, x[0], 0, x[0]));
}
static struct lat_array *sigmoid(struct lat_tape *t, struct lat_array **x) { return lat_sigmoid(t, x[0]); }
static struct lat_array *tanh_of(struct lat_tape *t, struct lat_array **x) { return lat_tanh(t, x[0]); }
static struct lat_array *attend(struct lat_tape *t, struct lat_array **x, enum lat_mask mask) {
  struct lat_attention_shape shape = {.batch = 2, .sequence = 5, .heads = 3, .key_width = 2, .value_width = 3};
  shape.mask = mask;
  shape.window = 2;
  shape.scale = 0.75f;
  return lat_attend(t, &shape, x[0], x[1], x[2]);
}
static struct lat_array *attend_full(struct lat_tape *t, struct lat_array **x) { return attend(t, x, LAT_MASK_FULL); }
static struct lat_array *attend_causal(struct lat_tape *t, struct lat_array **x) { return attend(t, x, LAT_MASK_CAUSAL); }
static struct lat_array *attend_window(struct lat_tape *t, struct lat_array **x) { return attend(t, x, LAT_MASK_WINDOW); }
static struct lat_array *attend_self(struct lat_tape *t, struct lat_array **x) {
  static const struct lat_attention_shape shape = {
      .batch = 1, .sequence = 4, .heads = 2, .key_width = 3, .value_width = 3, .mask = LAT_MASK_CAUSAL, .scale = 1};
  return lat_attend(t, &shape, x[0], x[0], x[0]);
}
/* Two sequences of five tokens, of which the last two ask. */
static struct lat_array *attend_last_of(struct lat_tape *t, struct lat_array **x, enum lat_mask mask) {
  const struct lat_attention_shape shape = {
      .batch = 2, .sequence = 5, .heads = 3, .key_width = 2, .value_width = 3, .mask = mask, .window = 2, .scale = 0.75f};
  return lat_attend_last(t, &shape, 2, x[0], x[1], x[2]);
}
static struct lat_array *attend_last(struct lat_tape *t, struct lat_array **x) {
  return attend_last_of(t, x, LAT_MASK_CAUSAL);
}
static struct lat_array *attend_last_window(struct lat_tape *t, struct lat_array **x) {
  return attend_last_of(t, x, LAT_MASK_WINDOW);
}
static struct lat_array *join(struct lat_tape *t, struct lat_array **x) {
  return lat_join_rows(t, 2, lat_join_rows(t, 2, x[0], x[1]), x[0]);
}
static struct lat_array *take(struct lat_tape *t, struct lat_array **x) {
  return lat_join_rows(t, 2, lat_take_rows(t, 2, x[0], 1, 2), lat_take_rows(t, 2, x[0], 2, 1));
}
static struct lat_array *rotate(struct lat_tape *t, struct lat_array **x) {
  static lat_real table[5 * 4];
  lat_rotary_table(5, 4, table);
  return lat_rotate(t, x[0], 5, 2, 4, table);
}
static struct lat_array *gather(struct lat_tape *t, struct lat_array **x) {
  static const int32_t index[] = {3, 0, -1, 3, 1};
  return lat_gather(t, x[0], 5, index);
}
static struct lat_array *replace(struct lat_tape *t, struct lat_array **x) {
  static const int32_t index[] = {4, 1};
  return lat_replace_rows(t, x[0], index, x[1]);
}
static struct lat_array *sum_of(struct lat_tape *t, struct lat_array **x) { return lat_sum_of(t, 2, x[0], -0.5, x[1]); }
static struct lat_array *pattern(struct lat_tape *t, struct lat_array **x) { return lat_add_pattern(t, x[0], x[1]); }
static struct lat_array *scale(struct lat_tape *t, struct lat_array **x) { return lat_scale_rows(t, x[0], x[1]); }
static struct lat_array *columns(struct lat_tape *t, struct lat_array **x) { return lat_columns(t, x[0], 1, 3); }
static struct lat_array *reshape(struct lat_tape *t, struct lat_array **x) {
  return lat_product(t, lat_reshape(t, x[0], 2, 6), lat_reshape(t, lat_reshape(t, x[0], 12, 1), 2, 6));
}
static struct lat_array *recur_tanh(struct lat_tape *t, struct lat_array **x) {
  return lat_recur_tanh(t, x[0]->rows == 8 ? 4 : 1, x[0], x[1]);
}
static struct lat_array *recur_lstm(struct lat_tape *t, struct lat_array **x) {
  return lat_recur_lstm(t, x[0]->rows == 8 ? 4 : 1, x[0], x[1]);
}
static struct lat_array *recur_twice(struct lat_tape *t, struct lat_array **x) {
  struct lat_array *h = lat_recur_tanh(t, 4, x[0], x[1]);
  return lat_recur_tanh(t, 2, lat_linear(t, h, x[1], NULL, x[0]), x[1]);
}
static struct lat_array *noise(struct lat_tape *t, struct lat_array **x) {
  struct lat_random random;
  lat_random_start(&random, 7, "noise", 0);
  return lat_add_noise(t, x[0], 0.4, &random);
}
static struct lat_array *softmax_rows(struct lat_tape *t, struct lat_array **x) { return lat_softmax_rows(t, x[0]); }
static struct lat_array *gumbel(struct lat_tape *t, struct lat_array **x) {
  struct lat_random random;
  lat_random_start(&random, 7, "gumbel", 0);
  return lat_gumbel_softmax(t, x[0], 0.7, 0, &random);
}
static struct lat_array *mix(struct lat_tape *t, struct lat_array **x) {
  return lat_mix(t, lat_softmax_rows(t, x[0]), x[1]);
}
static struct lat_array *dropout(struct lat_tape *t, struct lat_array **x) {
  struct lat_random random;
  lat_random_start(&random, 7, "dropout", 0);
  return lat_dropout(t, x[0], 0.4, &random);
}
static struct lat_array *cross_entropy(struct lat_tape *t, struct lat_array **x) {
  static const int32_t target[] = {2, -1, 0, 4};
  static const lat_real share[] = {0.5, 1, 2, 0.25};
  return lat_cross_entropy(t, x[0], target, share, NULL, NULL);
}
static struct lat_array *cross_entropy_sets(struct lat_tape *t, struct lat_array **x) {
  static const int32_t target[] = {2, -1, 0, 4};
  static const uint64_t set[] = {1u << 2 | 1u << 3, 0, 0, 1u << 0 | 1u << 1 | 1u << 4};
  static const lat_real share[] = {0.5, 1, 2, 0.25};
  return lat_cross_entropy_sets(t, x[0], target, set, share, NULL, NULL);
}
static struct lat_array *cross_entropy_rows(struct lat_tape *t, struct lat_array **x) {
  static const int32_t target[] = {2, -1, 0, 4};
  return lat_cross_entropy_rows(t, x[0], target);
}
static struct lat_array *square_error(struct lat_tape *t, struct lat_array **x) {
  static const lat_real wish[] = {0.1, 0.2, -0.3, 0.4, 0.5, -0.6};
  return lat_square_error(t, x[0], wish);
}
/* A tied block applied three times with the input put in again: reuse of arrays, handed-over gradients. */
static struct lat_array *loop(struct lat_tape *t, struct lat_array **x) {
  struct lat_array *h = x[0];
  for (int step = 0; step < 3; step++) {
    if (step > 0) h = lat_sum_of(t, 1, h, 1, x[0]);
    h = lat_linear(t, lat_activate(t, LAT_ACTIVATION_GELU, lat_linear(t, lat_rms_norm(t, h, x[2], 1e-5), x[1], NULL, NULL)),
                   x[1], NULL, h);
  }
  return h;
}

static const struct subject subjects[] = {
    {"linear", {5, 4, 1, 5}, {3, 3, 4, 4}, linear},
    {"linear, size 1", {1, 1, 1, 1}, {1, 1, 1, 1}, linear},
    {"linear without bias", {7, 2}, {3, 3}, linear_plain},
    {"linear on its own residual", {4, 3}, {3, 3}, linear_self},
    {"layer norm", {5, 1, 1}, {7, 7, 7}, layer_norm},
    {"root mean square norm", {3, 1}, {5, 5}, rms_norm},
    {"relu", {3}, {5}, relu},
    {"gelu", {3}, {7}, gelu},
    {"gelu-tanh", {3}, {7}, gelu_tanh},
    {"sigmoid", {2}, {5}, sigmoid},
    {"tanh", {2}, {5}, tanh_of},
    {"attention, full", {10, 10, 10}, {6, 6, 9}, attend_full},
    {"attention, causal", {10, 10, 10}, {6, 6, 9}, attend_causal},
    {"attention, window", {10, 10, 10}, {6, 6, 9}, attend_window},
    {"attention of one array", {4}, {6}, attend_self},
    {"attention of the last two", {4, 10, 10}, {6, 6, 9}, attend_last},
    {"attention of the last two, window", {4, 10, 10}, {6, 6, 9}, attend_last_window},
    {"rows joined", {4, 6}, {3, 3}, join},
    {"rows taken", {6}, {3}, take},
    {"rotary positions", {10}, {8}, rotate},
    {"gather", {4}, {3}, gather},
    {"replace rows", {5, 2}, {3, 3}, replace},
    {"sum", {3, 3}, {2, 2}, sum_of},
    {"pattern of positions", {6, 3}, {2, 2}, pattern},
    {"pattern of one row", {5, 1}, {2, 2}, pattern},
    {"scale rows", {4, 4}, {3, 1}, scale},
    {"columns", {3}, {5}, columns},
    {"reshape", {4}, {3}, reshape},
    {"tanh cells", {8, 3}, {3, 3}, recur_tanh},
    {"tanh cells, one token", {5, 1}, {1, 1}, recur_tanh},
    {"tanh cells on tanh cells", {8, 3}, {3, 3}, recur_twice},
    {"LSTM cells", {8, 12}, {12, 3}, recur_lstm},
    {"LSTM cells, one token", {3, 4}, {4, 1}, recur_lstm},
    {"noise", {3}, {5}, noise},
    {"softmax of rows", {4}, {5}, softmax_rows},
    {"softmax of one", {3}, {1}, softmax_rows},
    {"Gumbel-softmax, soft", {4}, {5}, gumbel},
    {"mixture of codes", {4, 5}, {5, 3}, mix},
    {"dropout", {4}, {5}, dropout},
    {"cross entropy", {4}, {5}, cross_entropy},
    {"cross entropy of sets", {4}, {5}, cross_entropy_sets},
    {"cross entropy by row", {4}, {5}, cross_entropy_rows},
    {"square error", {2}, {3}, square_error},
    {"a loop with tied weights and input injection", {3, 4, 1}, {4, 4, 4}, loop},
};

static void gradients_are_central_differences(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) check(&subjects[i]);
}

/* dL/dW of K tied copies is the sum over K untied copies of their own. */
static void tied_loops_add_the_gradients_of_untied_copies(void **state) {
  (void)state;
  enum { K = 3, D = 4, R = 2 };
  struct lat_tape *tape = NULL;
  struct lat_random random;
  lat_real W[D * D], x[R * D], tied[D * D] = {0}, untied[K][D * D] = {{0}};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_random_start(&random, 3, "loop", 0);
  for (size_t i = 0; i < D * D; i++) W[i] = lat_random_uniform(&random) - 0.5;
  for (size_t i = 0; i < R * D; i++) x[i] = lat_random_uniform(&random) - 0.5;
  for (int own = 0; own < 2; own++) {
    lat_tape_reset(tape);
    struct lat_array *h = lat_tape_leaf(tape, R, D, x, NULL), *shared = lat_tape_leaf(tape, D, D, W, tied);
    for (size_t k = 0; k < K; k++) {
      struct lat_array *weights = own ? lat_tape_leaf(tape, D, D, W, untied[k]) : shared;
      h = lat_activate(tape, LAT_ACTIVATION_GELU, lat_linear(tape, h, weights, NULL, h));
    }
    assert_int_equal(lat_tape_backward(tape, lat_total(tape, h), 1), LAT_OK);
  }
  for (size_t i = 0; i < D * D; i++) {
    lat_real sum = 0;
    for (size_t k = 0; k < K; k++) sum += untied[k][i];
    if (!(fabs(sum - tied[i]) <= 1e-13)) fail_msg("element %zu: %.15g tied, %.15g in sum", i, tied[i], sum);
  }
  lat_tape_free(tape);
}

static void gradients_stop_and_pass_where_they_should(void **state) {
  (void)state;
  struct lat_tape *tape = NULL;
  lat_real x[2] = {1.5, -2}, dx[2] = {0, 0}, rounded[2] = {2, -2};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  struct lat_array *leaf = lat_tape_leaf(tape, 1, 2, x, dx);
  struct lat_array *y = lat_straight_through(tape, leaf, rounded), *stopped = lat_stop_gradient(tape, y);
  struct lat_array *sum = lat_total(tape, lat_product(tape, y, stopped));
  assert_true(sum->value[0] == 8);
  assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  assert_true(dx[0] == 2 && dx[1] == -2);
  lat_tape_free(tape);
}

/* A step of the same shapes allocates nothing after the first, and memory that runs out anywhere is a status, not a crash. */
static void a_second_step_allocates_nothing(void **state) {
  (void)state;
  struct lat_tape *tape = NULL;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  const struct subject *subject = &subjects[sizeof subjects / sizeof *subjects - 1];
  loss_of(tape, subject, 1);
  uint64_t before = lat_memory_allocations();
  for (int step = 0; step < 3; step++) loss_of(tape, subject, 1);
  assert_int_equal(lat_memory_allocations(), before);
  lat_tape_free(tape);
}

static void memory_that_runs_out_is_a_status(void **state) {
  (void)state;
  size_t start = lat_memory_current();
  int ended = 0;
  for (uint64_t k = 1; k < 200 && !ended; k++) {
    struct lat_tape *tape = NULL;
    static lat_real big[64 * 512], slope[512 * 512], x[64 * 512];
    lat_memory_fail_at(k);
    int status = lat_tape_alloc(&tape);
    if (status == LAT_OK) {
      struct lat_array *h = lat_tape_leaf(tape, 64, 512, x, big), *w = lat_tape_leaf(tape, 512, 512, slope, slope);
      for (int i = 0; i < 3; i++) h = lat_linear(tape, h, w, NULL, h);
      struct lat_array *sum = lat_total(tape, h);
      status = sum != NULL ? lat_tape_backward(tape, sum, 1) : lat_tape_status(tape);
      assert_true(status == LAT_OK || status == LAT_MEMORY);
    }
    ended = status == LAT_OK;
    lat_memory_fail_at(0);
    lat_tape_free(tape);
    assert_int_equal(lat_memory_current(), start);
  }
  assert_true(ended);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_are_central_differences),
      cmocka_unit_test(tied_loops_add_the_gradients_of_untied_copies),
      cmocka_unit_test(gradients_stop_and_pass_where_they_should),
      cmocka_unit_test(a_second_step_allocates_nothing),
      cmocka_unit_test(memory_that_runs_out_is_a_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
