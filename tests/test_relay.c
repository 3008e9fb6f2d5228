/* The relay computes what its header says, learns what its channel can carry, and no more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/task/tasks.h"
#include "lib/train/fit.h"
#include "lib/train/recipe.h"
#include "lib/train/relay.h"
#include "tests/task_help.h"

static const struct lat_relay_config small = {.kind = LAT_RELAY_CONTINUOUS,
                                              .bits = 5,
                                              .width = 3,
                                              .thoughts = 2,
                                              .hidden = 7,
                                              .sender_layers = 2,
                                              .reader_layers = 2,
                                              .levels = 2,
                                              .deviation = 0.5,
                                              .codes = 6};

static struct lat_task_setting bits(size_t length, size_t asked) {
  struct lat_task_setting setting;
  char text[64];
  snprintf(text, sizeof text, "bits:length=%zu:asked=%zu", length, asked);
  assert_int_equal(lat_task_parse(text, &setting), LAT_OK);
  return setting;
}

static struct task_sample sample;

static void the_task_asks_for_the_first_bits_where_they_stand(void **state) {
  (void)state;
  struct lat_task_setting setting = bits(70, 40);
  size_t ones = 0, same = 0;
  for (uint64_t index = 0; index < 500; index++) {
    task_draw(&setting, 3, index, &sample);
    assert_int_equal(sample.shape.sequence, 70);
    for (size_t i = 0; i < 70; i++) {
      assert_in_range(sample.token[i], 0, 1);
      assert_int_equal(sample.target[i], i < 40 ? sample.token[i] : -1);
      assert_int_equal(sample.level[i], i < 40 ? (int)i + 1 : 0);
      ones += (size_t)sample.token[i];
      same += i > 0 && sample.token[i] == sample.token[i - 1];
    }
  }
  if (!(fabs((double)ones - 17500) < 5 * 93.6)) fail_msg("%zu ones of 35000", ones);
  if (!(fabs((double)same - 17250) < 5 * 92.9)) fail_msg("%zu of 34500 bits are as the one before", same);
  task_is_refused(&lat_task_bits, (struct task_pair[]){{"length", 3}, {"asked", 4}, {0}}, "asked");
}

/* Sum of all losses of 4 examples, with a fixed channel; gradient may be NULL. */
static double loss_of(const struct lat_learner *learner, size_t m, float *gradient) {
  struct lat_tape *tape;
  struct lat_random channel;
  int32_t token[64];
  struct lat_array *logits[1];
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_random_start(&channel, 1, "test", 0);
  for (size_t i = 0; i < 4 * m; i++) token[i] = (int32_t)(i * i / 3 % 2);
  struct lat_learner_pass pass = {.tape = tape,
                                  .gradient = gradient,
                                  .batch = 4,
                                  .sequence = m,
                                  .token = token,
                                  .steps = 1,
                                  .channel = &channel,
                                  .logits = logits};
  assert_int_equal(learner->run(learner, &pass), LAT_OK);
  struct lat_array *loss = lat_cross_entropy(tape, logits[0], token, NULL, NULL, NULL);
  if (pass.extra != NULL) loss = lat_sum_of(tape, 1, loss, 1, pass.extra);
  assert_non_null(loss);
  double value = (double)loss->value[0];
  if (gradient != NULL) assert_int_equal(lat_tape_backward(tape, loss, 1), LAT_OK);
  lat_tape_free(tape);
  return value;
}

/* Along the gradient itself, where single precision suffices. */
static void check_gradient(struct lat_learner *learner, size_t m) {
  float *gradient = calloc(learner->count, sizeof *gradient), *kept = malloc(learner->count * sizeof *kept);
  double square = 0, step;
  loss_of(learner, m, gradient);
  for (size_t i = 0; i < learner->count; i++) square += (double)gradient[i] * (double)gradient[i];
  assert_true(square > 0);
  step = 2e-3 / sqrt(square);
  memcpy(kept, learner->parameters, learner->count * sizeof *kept);
  double side[2];
  for (int s = 0; s < 2; s++) {
    for (size_t i = 0; i < learner->count; i++)
      learner->parameters[i] = (float)((double)kept[i] + (s == 0 ? step : -step) * (double)gradient[i]);
    side[s] = loss_of(learner, m, NULL);
  }
  double slope = (side[0] - side[1]) / (2 * step);
  if (!(fabs(slope - square) <= 2e-3 * square)) fail_msg("slope %g, gradient's %g", slope, square);
  free(gradient);
  free(kept);
}

static void gradients_of_smooth_channels_are_right(void **state) {
  (void)state;
  struct lat_learner *learner;
  for (int noisy = 0; noisy < 2; noisy++)
    for (size_t layers = 0; layers <= 2; layers++) {
      struct lat_relay_config config = small;
      config.kind = noisy ? LAT_RELAY_NOISY : LAT_RELAY_CONTINUOUS;
      config.reader_layers = layers;
      assert_int_equal(lat_learner_relay(&config, 2, &learner), LAT_OK);
      check_gradient(learner, config.bits);
      lat_learner_free(learner);
    }
}

static int make_ends(const struct lat_relay_config *relay, struct lat_transformer **model, struct lat_learner **learner) {
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  int status = lat_relay_transformer_config(relay, 8, 2, 2, &config);
  *model = NULL;
  *learner = NULL;
  if (status == LAT_OK) status = lat_transformer_alloc(&config, model);
  if (status == LAT_OK) status = lat_transformer_initialise(*model, &initialisation, 1);
  if (status == LAT_OK) status = lat_learner_relay_transformer(relay, *model, learner);
  return status;
}

static void gradients_between_transformers_are_right(void **state) {
  (void)state;
  struct lat_relay_config config = small;
  struct lat_transformer *model;
  struct lat_learner *learner;
  config.thoughts = 1;
  assert_int_equal(make_ends(&config, &model, &learner), LAT_OK);
  check_gradient(learner, config.bits);
  lat_learner_free(learner);
  lat_transformer_free(model);
}

static void bounds_are_the_formulas(void **state) {
  (void)state;
  struct lat_relay_config config = small;
  assert_true(lat_relay_bound(&config) == 2 * 32 * 3);
  config.kind = LAT_RELAY_QUANTISED;
  assert_true(lat_relay_bound(&config) == 2 * 2 * 3);
  config.kind = LAT_RELAY_CODEBOOK;
  assert_true(fabs(lat_relay_bound(&config) - 2 * log2(6)) < 1e-12);
  config.kind = LAT_RELAY_NOISY; /* two channels of power 3 / 2 each, noise 1 / 4, twice: 2 log2(7) */
  assert_true(fabs(lat_relay_bound(&config) - 2 * log2(7)) < 1e-12);
}

/* No more different thoughts than the channel has; `seen` learner->between's context. */
struct seen {
  size_t count;
  float row[64][3];
  size_t width;
};
static struct lat_array *look(void *context, struct lat_pass *pass, size_t step, struct lat_array *x) {
  struct seen *seen = context;
  (void)pass;
  (void)step;
  seen->width = x->columns;
  for (size_t i = 0; i < x->rows; i++) {
    size_t k = 0;
    while (k < seen->count && memcmp(seen->row[k], x->value + i * x->columns, x->columns * sizeof(float)) != 0) k++;
    if (k == seen->count && seen->count < 64)
      memcpy(seen->row[seen->count++], x->value + i * x->columns, x->columns * sizeof(float));
  }
  return x;
}

static void narrow_channels_have_as_many_thoughts_as_they_say(void **state) {
  (void)state;
  static const struct {
    enum lat_relay_kind kind;
    size_t most;
  } channel[] = {{LAT_RELAY_CODEBOOK, 6}, {LAT_RELAY_GUMBEL, 6}, {LAT_RELAY_QUANTISED, 8}};
  for (size_t k = 0; k < 3; k++) {
    struct lat_relay_config config = small;
    struct lat_task_setting setting = bits(5, 0);
    struct lat_relay_reading reading;
    struct lat_learner *learner;
    struct seen seen = {0};
    config.kind = channel[k].kind;
    config.levels = 1;
    config.thoughts = 1;
    assert_int_equal(lat_learner_relay(&config, 4, &learner), LAT_OK);
    for (size_t i = 0; i < learner->count; i++) learner->parameters[i] *= 5; /* far apart: as many as may be */
    learner->between = look;
    learner->between_context = &seen;
    assert_int_equal(lat_relay_read(learner, &setting, 1, "test", 500, &reading), LAT_OK);
    assert_int_equal(seen.width, 3);
    if (!(seen.count >= 2 && seen.count <= channel[k].most)) fail_msg("%zu thoughts of %zu", seen.count, channel[k].most);
    assert_true((reading.code != NULL) == (k < 2));
    for (size_t i = 0; k < 2 && i < 500; i++) assert_in_range(reading.code[i], 0, 5);
    lat_relay_reading_free(&reading);
    lat_learner_free(learner);
  }
}

static void a_reading_is_what_evaluation_counts(void **state) {
  (void)state;
  struct lat_task_setting setting = bits(5, 4);
  struct lat_transformer *model;
  for (int ends = 0; ends < 2; ends++) {
    struct lat_relay_config config = small;
    struct lat_relay_reading reading;
    struct lat_learner *learner;
    struct lat_score score;
    double loss = 0;
    config.thoughts = ends ? 1 : 2;
    model = NULL;
    assert_int_equal(ends ? make_ends(&config, &model, &learner) : lat_learner_relay(&config, 4, &learner), LAT_OK);
    assert_int_equal(lat_relay_read(learner, &setting, 1, "test", 300, &reading), LAT_OK);
    assert_int_equal(lat_evaluate(learner, &setting, 1, "test", 300, 1, 0, &score), LAT_OK);
    for (size_t i = 0; i < 5; i++) {
      size_t right = 0;
      for (size_t e = 0; e < 300; e++) right += reading.hit[e * 5 + i], loss += (double)reading.loss[e * 5 + i];
      if (i < 4) assert_int_equal(right, score.right[i + 1]);
    }
    if (!(fabs(loss / (4 * 300) - score.loss[0]) < 1e-6)) fail_msg("%g, %g", loss / 1200, score.loss[0]);
    lat_score_free(&score);
    lat_relay_reading_free(&reading);
    lat_learner_free(learner);
    lat_transformer_free(model);
  }
}

struct training {
  struct lat_learner *learner;
  struct lat_task_setting setting;
  uint64_t calls;
  size_t dead;
};
static int tell(void *context, double fraction) {
  struct training *training = context;
  size_t dead = 0;
  (void)fraction;
  if (training->calls++ % 50 != 0) return LAT_OK;
  int status = lat_relay_revive(training->learner, &training->setting, 0, 512 * training->calls, 512, &dead);
  training->dead += dead;
  return status;
}

static void a_codebook_of_eight_carries_three_bits(void **state) {
  (void)state;
  struct lat_relay_config config = {.kind = LAT_RELAY_CODEBOOK,
                                    .bits = 3,
                                    .width = 4,
                                    .thoughts = 1,
                                    .hidden = 32,
                                    .sender_layers = 1,
                                    .reader_layers = 1,
                                    .codes = 8};
  struct training training = {.setting = bits(3, 0)};
  struct lat_phase phase = {1, &training.setting, 1, 1, 400, 64, 2};
  struct lat_fit_plan plan = lat_fit_default();
  struct lat_fit fit;
  struct lat_relay_reading reading;
  double recovered = 3;
  assert_int_equal(lat_learner_relay(&config, 0, &training.learner), LAT_OK);
  plan.phases = 1;
  plan.phase = &phase;
  plan.training.rate.peak = 3e-3;
  plan.stop = 2;
  assert_int_equal(lat_fit(training.learner, &plan, NULL, tell, &training, &fit), LAT_OK);
  assert_int_equal(lat_relay_read(training.learner, &training.setting, 0, "test", 1000, &reading), LAT_OK);
  for (size_t i = 0; i < 3000; i++) recovered -= (double)reading.loss[i] / M_LN2 / 1000;
  if (!(recovered > 2.94 && recovered <= 3)) fail_msg("%g bits", recovered);
  assert_true(training.dead > 0); /* there was something to revive */
  lat_relay_reading_free(&reading);
  lat_fit_free(&fit);
  lat_learner_free(training.learner);
}

static void refuses(struct lat_relay_config config, const char *word) {
  struct lat_learner *learner;
  assert_int_equal(lat_learner_relay(&config, 0, &learner), LAT_INPUT);
  assert_null(learner);
  if (strstr(lat_error_message(), word) == NULL) fail_msg("'%s' is not about %s", lat_error_message(), word);
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  struct lat_relay_config config = small;
  enum lat_relay_kind kind;
  struct lat_transformer *model;
  struct lat_learner *learner;
  config.bits = 0;
  refuses(config, "0 bits");
  config = small, config.reader_layers = 9;
  refuses(config, "hidden layers");
  config = small, config.kind = LAT_RELAY_QUANTISED, config.levels = 0;
  refuses(config, "bits a number");
  config = small, config.kind = LAT_RELAY_NOISY, config.width = 1;
  refuses(config, "width 1");
  config = small, config.kind = LAT_RELAY_CODEBOOK, config.codes = 1;
  refuses(config, "1 codes");
  assert_int_equal(lat_relay_parse("noise", &kind), LAT_INPUT);
  assert_int_equal(lat_relay_parse("noisy", &kind), LAT_OK);
  assert_int_equal(kind, LAT_RELAY_NOISY);
  assert_int_equal(make_ends(&small, &model, &learner), LAT_INPUT); /* two thoughts */
  lat_transformer_free(model);
  struct lat_task_setting setting = bits(6, 0);
  struct lat_relay_reading reading;
  assert_int_equal(lat_learner_relay(&small, 0, &learner), LAT_OK);
  assert_int_equal(lat_relay_read(learner, &setting, 0, "test", 10, &reading), LAT_INPUT);
  lat_learner_free(learner);
}

static int everything(void) {
  struct lat_relay_config config = small;
  struct lat_task_setting setting = bits(5, 0);
  struct lat_relay_reading reading = {0};
  struct lat_learner *learner, *ends = NULL;
  struct lat_transformer *model = NULL;
  size_t dead;
  config.kind = LAT_RELAY_CODEBOOK;
  int status = lat_learner_relay(&config, 0, &learner);
  if (status == LAT_OK) status = lat_relay_revive(learner, &setting, 0, 0, 20, &dead);
  if (status == LAT_OK) status = lat_relay_read(learner, &setting, 0, "test", 20, &reading);
  lat_relay_reading_free(&reading);
  lat_learner_free(learner);
  config.kind = LAT_RELAY_CONTINUOUS;
  config.thoughts = 1;
  if (status == LAT_OK) status = make_ends(&config, &model, &ends);
  lat_learner_free(ends);
  lat_transformer_free(model);
  return status;
}

static void any_allocation_may_fail(void **state) {
  (void)state;
  assert_int_equal(everything(), LAT_OK);
  size_t before = lat_memory_current();
  uint64_t k = 1;
  for (;; k++) {
    lat_memory_fail_at(k);
    int status = everything();
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
  }
  assert_true(k > 15);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_task_asks_for_the_first_bits_where_they_stand),
      cmocka_unit_test(gradients_of_smooth_channels_are_right),
      cmocka_unit_test(gradients_between_transformers_are_right),
      cmocka_unit_test(bounds_are_the_formulas),
      cmocka_unit_test(narrow_channels_have_as_many_thoughts_as_they_say),
      cmocka_unit_test(a_reading_is_what_evaluation_counts),
      cmocka_unit_test(a_codebook_of_eight_carries_three_bits),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(any_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
