/* The trainer on a small problem: same bits for any number of threads and after a stop, no allocation, failures told. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/nn/operation.h"
#include "lib/train/checkpoint.h"

/* Parity of three bits by a layer of 16 hidden units. */
enum { HIDDEN = 16, PER_SHARD = 8, SHARDS = 4, COUNT = HIDDEN * 3 + HIDDEN + 2 * HIDDEN + 2 };
static const struct lat_piece pieces[] = {{HIDDEN * 3, 1}, {HIDDEN, 0}, {2 * HIDDEN, 1}, {2, 0}};

struct problem {
  float parameter[COUNT];
  uint64_t poison; /* the step in which a shard's input is not finite; 0: never */
  uint64_t steep;  /* that in which its loss is, but not its gradient */
};

static int shard_loss(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *loss) {
  struct problem *problem = context;
  struct lat_random random;
  float *value = problem->parameter;
  lat_random_start(&random, 5, "parity", step * SHARDS + shard);
  float *x = lat_tape_memory(tape, PER_SHARD * 3, sizeof *x);
  int32_t *target = lat_tape_memory(tape, PER_SHARD, sizeof *target);
  if (x == NULL || target == NULL) return lat_tape_status(tape);
  for (size_t i = 0; i < PER_SHARD; i++) {
    uint32_t bits = lat_random_u32(&random) & 7;
    target[i] = __builtin_parity(bits);
    for (size_t b = 0; b < 3; b++) x[3 * i + b] = bits >> b & 1 ? 1.0f : -1.0f;
  }
  if (problem->poison != 0 && step == problem->poison && shard == 2) x[0] = (float)INFINITY;
  struct lat_array *part[4], *h;
  const size_t rows[] = {HIDDEN, 1, 2, 1}, columns[] = {3, HIDDEN, HIDDEN, 2};
  for (size_t i = 0, at = 0; i < 4; at += pieces[i].count, i++)
    part[i] = lat_tape_leaf(tape, rows[i], columns[i], value + at, gradient + at);
  h = lat_linear(tape, lat_tape_leaf(tape, PER_SHARD, 3, x, NULL), part[0], part[1], NULL);
  h = lat_linear(tape, lat_activate(tape, LAT_ACTIVATION_GELU_TANH, h), part[2], part[3], NULL);
  struct lat_array *sum = lat_cross_entropy(tape, h, target, NULL, NULL, NULL);
  if (sum == NULL) return lat_tape_status(tape);
  *loss = (double)sum->value[0] / (PER_SHARD * SHARDS);
  int status = lat_tape_backward(tape, sum, 1.0f / (PER_SHARD * SHARDS));
  if (problem->steep != 0 && step == problem->steep && shard == 1) gradient[COUNT - 1] = (float)-INFINITY;
  return status;
}

static struct lat_trainer *start(struct problem *problem, enum lat_optimiser_kind kind) {
  struct lat_training training = lat_training_default(400);
  struct lat_trainer *trainer = NULL;
  struct lat_random random;
  memset(problem, 0, sizeof *problem);
  lat_random_start(&random, 1, "initial", 0);
  for (size_t i = 0; i < COUNT; i++) problem->parameter[i] = (float)(lat_random_uniform(&random) - 0.5);
  training.shards = SHARDS;
  training.rate.peak = 0.02;
  training.optimiser.kind = kind;
  assert_int_equal(lat_trainer_alloc(&training, 4, pieces, problem->parameter, shard_loss, problem, &trainer), LAT_OK);
  return trainer;
}

static void train(struct lat_trainer *trainer, size_t steps, double *loss) {
  struct lat_step step;
  for (size_t s = 0; s < steps; s++) {
    assert_int_equal(lat_trainer_step(trainer, &step), LAT_OK);
    *loss = step.loss;
  }
}

static void it_learns_parity(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    struct problem problem;
    struct lat_trainer *trainer = start(&problem, (enum lat_optimiser_kind)kind);
    double loss = 9;
    train(trainer, 400, &loss);
    if (!(loss <= (kind == LAT_OPTIMISER_ADAMW ? 0.05 : 0.6))) fail_msg("%d: loss %g", kind, loss);
    lat_trainer_free(trainer);
  }
}

static void any_number_of_threads_gives_the_same_bits(void **state) {
  (void)state;
  struct problem first, other;
  const int threads[] = {1, 2, 3, 16};
  int before = omp_get_max_threads();
  for (size_t i = 0; i < 4; i++) {
    struct problem *problem = i == 0 ? &first : &other;
    double loss;
    omp_set_num_threads(threads[i]);
    struct lat_trainer *trainer = start(problem, LAT_OPTIMISER_ADAMW);
    train(trainer, 20, &loss);
    lat_trainer_free(trainer);
    assert_memory_equal(first.parameter, problem->parameter, sizeof first.parameter);
  }
  omp_set_num_threads(before);
}

static void a_stopped_training_goes_on_with_the_same_bits(void **state) {
  (void)state;
  struct problem whole, cut;
  double loss, extra[2] = {3, 4}, back[2] = {0, 0};
  char path[] = "/tmp/latentlab-test-XXXXXX";
  int found, file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  unlink(path);
  struct lat_trainer *trainer = start(&whole, LAT_OPTIMISER_ADAMW);
  train(trainer, 30, &loss);
  lat_trainer_free(trainer);

  trainer = start(&cut, LAT_OPTIMISER_ADAMW);
  assert_int_equal(lat_checkpoint_load(path, trainer, back, sizeof back, &found), LAT_OK);
  assert_int_equal(found, 0);
  train(trainer, 13, &loss);
  assert_int_equal(lat_checkpoint_save(path, trainer, extra, sizeof extra), LAT_OK);
  train(trainer, 5, &loss); /* lost */
  lat_trainer_free(trainer);
  trainer = start(&cut, LAT_OPTIMISER_ADAMW);
  assert_int_equal(lat_checkpoint_load(path, trainer, back, sizeof back, &found), LAT_OK);
  assert_int_equal(found, 1);
  assert_true(back[0] == 3 && back[1] == 4 && lat_trainer_steps(trainer) == 13);
  train(trainer, 17, &loss);
  assert_memory_equal(whole.parameter, cut.parameter, sizeof whole.parameter);

  /* damage anywhere is found, and nothing is taken up */
  char *bytes = NULL;
  size_t count;
  assert_int_equal(lat_file_read(path, &bytes, &count), LAT_OK);
  for (size_t at = 0; at < count; at += 97) {
    bytes[at] = (char)(bytes[at] ^ 4);
    assert_int_equal(lat_file_write(path, bytes, count), LAT_OK);
    assert_int_equal(lat_checkpoint_load(path, trainer, back, sizeof back, &found), LAT_INPUT);
    bytes[at] = (char)(bytes[at] ^ 4);
  }
  assert_int_equal(lat_file_write(path, bytes, count / 2), LAT_OK);
  assert_int_equal(lat_checkpoint_load(path, trainer, back, sizeof back, &found), LAT_INPUT);
  assert_int_equal(lat_trainer_steps(trainer), 30);
  lat_free(bytes);
  lat_trainer_free(trainer);
  unlink(path);
}

static void what_is_not_finite_stops_it_with_step_and_norms(void **state) {
  (void)state;
  struct problem problem;
  struct lat_trainer *trainer = start(&problem, LAT_OPTIMISER_ADAMW);
  struct lat_step step;
  double loss;
  float before[COUNT];
  problem.poison = 3;
  train(trainer, 3, &loss);
  memcpy(before, problem.parameter, sizeof before);
  assert_int_equal(lat_trainer_step(trainer, &step), LAT_NUMERIC);
  assert_non_null(strstr(lat_error_message(), "step 3: the loss is"));
  assert_non_null(strstr(lat_error_message(), "the norms before: "));
  assert_memory_equal(before, problem.parameter, sizeof before);
  problem.poison = 0;
  problem.steep = 3;
  assert_int_equal(lat_trainer_step(trainer, &step), LAT_NUMERIC);
  assert_non_null(strstr(lat_error_message(), "and the norm of its gradient inf; the norms before: "));
  assert_memory_equal(before, problem.parameter, sizeof before);
  problem.steep = 0; /* moments have not moved either: it goes on as if nothing had been */
  train(trainer, 4, &loss);
  struct problem undisturbed;
  struct lat_trainer *other = start(&undisturbed, LAT_OPTIMISER_ADAMW);
  train(other, 7, &loss);
  assert_memory_equal(undisturbed.parameter, problem.parameter, sizeof before);
  lat_trainer_free(other);
  lat_trainer_free(trainer);
}

static void a_second_step_allocates_nothing(void **state) {
  (void)state;
  struct problem problem;
  struct lat_trainer *trainer = start(&problem, LAT_OPTIMISER_ADAMW);
  double loss;
  train(trainer, 1, &loss);
  uint64_t before = lat_memory_allocations();
  train(trainer, 3, &loss);
  assert_int_equal(lat_memory_allocations(), before);
  lat_trainer_free(trainer);
}

static void settings_that_cannot_be_are_told(void **state) {
  (void)state;
  struct problem problem;
  struct lat_trainer *trainer = NULL;
  for (int wrong = 0; wrong < 7; wrong++) {
    struct lat_training training = lat_training_default(100);
    if (wrong == 0) training.shards = 0;
    if (wrong == 1) training.clip = (double)NAN;
    if (wrong == 2) training.rate.peak = 0;
    if (wrong == 3) training.rate.warmup = 100;
    if (wrong == 4) training.optimiser.beta1 = 1;
    if (wrong == 5) training.optimiser.epsilon = 0;
    if (wrong == 6) training.rate.floor = 1.5;
    assert_int_equal(lat_trainer_alloc(&training, 4, pieces, problem.parameter, shard_loss, &problem, &trainer), LAT_INPUT);
    assert_null(trainer);
  }
}

static void memory_that_runs_out_is_a_status(void **state) {
  (void)state;
  size_t start_bytes = lat_memory_current();
  int ended = 0;
  for (uint64_t k = 1; k < 500 && !ended; k++) {
    struct lat_training training = lat_training_default(100);
    struct problem problem;
    struct lat_trainer *trainer = NULL;
    memset(&problem, 0, sizeof problem);
    training.shards = SHARDS;
    lat_memory_fail_at(k);
    int status = lat_trainer_alloc(&training, 4, pieces, problem.parameter, shard_loss, &problem, &trainer);
    if (status == LAT_OK) status = lat_trainer_step(trainer, NULL);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    ended = status == LAT_OK;
    lat_trainer_free(trainer);
    assert_int_equal(lat_memory_current(), start_bytes);
  }
  assert_true(ended);
}

static void rates_follow_their_formula(void **state) {
  (void)state;
  struct lat_rate rate = {LAT_DECAY_COSINE, 2, 0.1, 4, 24};
  const double expected[] = {0.5, 1, 1.5, 2, 2};
  for (size_t s = 0; s < 5; s++)
    if (!(fabs(lat_rate_at(&rate, s) - expected[s]) <= 1e-12)) fail_msg("step %zu: %g", s, lat_rate_at(&rate, s));
  if (!(fabs(lat_rate_at(&rate, 14) - 1.1) <= 1e-12)) fail_msg("middle: %g", lat_rate_at(&rate, 14));
  if (!(fabs(lat_rate_at(&rate, 24) - 0.2) <= 1e-12)) fail_msg("end: %g", lat_rate_at(&rate, 24));
  if (!(fabs(lat_rate_at(&rate, 99) - 0.2) <= 1e-12)) fail_msg("beyond: %g", lat_rate_at(&rate, 99));
  rate.decay = LAT_DECAY_LINEAR;
  if (!(fabs(lat_rate_at(&rate, 9) - 2 * (1 - 0.9 * 0.25)) <= 1e-12)) fail_msg("linear: %g", lat_rate_at(&rate, 9));
}

/* Three steps of AdamW by the definition, in double. */
static void adamw_is_adamw(void **state) {
  (void)state;
  struct lat_optimiser adamw = {LAT_OPTIMISER_ADAMW, 0.9, 0.99, 1e-8, 0.1};
  float p = 0.7f, m = 0, v = 0;
  double P = (double)p, M = 0, V = 0;
  const float g[] = {0.3f, -0.2f, 0.05f};
  for (uint64_t t = 1; t <= 3; t++) {
    double G = 0.5 * (double)g[t - 1];
    M = 0.9 * M + 0.1 * G;
    V = 0.99 * V + 0.01 * G * G;
    P -= 0.01 * (0.1 * P + M / (1 - pow(0.9, (double)t)) / (sqrt(V / (1 - pow(0.99, (double)t))) + 1e-8));
    lat_optimiser_step(&adamw, 0.01, t, 0.5, 1, 1, &g[t - 1], &p, &m, &v);
    if (!(fabs((double)p - P) <= 1e-6)) fail_msg("step %d: %g, and %g by definition", (int)t, (double)p, P);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_learns_parity),
      cmocka_unit_test(any_number_of_threads_gives_the_same_bits),
      cmocka_unit_test(a_stopped_training_goes_on_with_the_same_bits),
      cmocka_unit_test(what_is_not_finite_stops_it_with_step_and_norms),
      cmocka_unit_test(a_second_step_allocates_nothing),
      cmocka_unit_test(settings_that_cannot_be_are_told),
      cmocka_unit_test(memory_that_runs_out_is_a_status),
      cmocka_unit_test(rates_follow_their_formula),
      cmocka_unit_test(adamw_is_adamw),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
