/* Vectors in front of a frozen model: their gradient, what is read behind them, and the same bits for any threads. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/train/prompted.h"
#include "tests/model_help.h"

enum { V = 5, D = 8, M = 3, K = 2, N = 6, NUMBERS = M * K * D };

static struct lat_transformer_config shape(void) {
  return (struct lat_transformer_config){.vocabulary = V + 1,
                                         .classes = V,
                                         .width = D,
                                         .heads = 2,
                                         .key_width = 4,
                                         .value_width = 4,
                                         .ffn = 16,
                                         .layers = 2,
                                         .steps = 1,
                                         .norm = LAT_NORM_LAYERNORM,
                                         .norm_epsilon = 1e-5,
                                         .activation = LAT_ACTIVATION_GELU_TANH,
                                         .mask = LAT_MASK_CAUSAL,
                                         .positions = LAT_POSITIONS_ROTARY,
                                         .attention_scale = 0.5,
                                         .linear_bias = 1,
                                         .final_norm = 1};
}

static int32_t text[M * N] = {0, 1, 2, 3, 4, 0, 4, 4, 3, 0, 1, 1, 2, 2, 2, 0, 3, 1};

static struct lat_prompted behind(const struct lat_transformer *model) {
  return (struct lat_prompted){.model = model, .texts = M, .vectors = K, .length = N, .text = text, .start = V};
}

static struct lat_training plan(uint64_t updates, size_t shards) {
  struct lat_training training = lat_training_default(updates);
  training.clip = 0, training.shards = shards, training.rate.peak = 0.05, training.rate.warmup = 1;
  training.optimiser.weight_decay = 0;
  return training;
}

static double bits_of(const struct lat_prompted *prompted, const float *vector) {
  double bits[M], sum = 0;
  struct lat_prompted_score score = {.bits = bits};
  assert_int_equal(lat_prompted_read(prompted, vector, &score), LAT_OK);
  for (size_t m = 0; m < M; m++) sum += bits[m];
  return sum;
}

/* The first step of Adam goes by the rate against the sign of the gradient, number by number: that of the loss as it is read, by central
 * differences. */
static void the_first_step_goes_down_the_slope_that_differences_give(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 1);
  struct lat_prompted prompted = behind(model);
  struct lat_training training = plan(2, 2);
  float vector[NUMBERS], before[NUMBERS];
  size_t clear = 0;
  assert_int_equal(lat_prompted_start(&prompted, 1, before), LAT_OK);
  memcpy(vector, before, sizeof vector);
  assert_int_equal(lat_prompted_fit(&prompted, &training, 1, vector), LAT_OK);
  for (size_t i = 0; i < NUMBERS; i++) {
    const float step = 0.01f;
    float other[NUMBERS];
    memcpy(other, before, sizeof other);
    other[i] = before[i] + step;
    double above = bits_of(&prompted, other);
    other[i] = before[i] - step;
    double slope = (above - bits_of(&prompted, other)) / (2 * (double)step), moved = (double)(vector[i] - before[i]);
    if (!(fabs(slope) >= 1e-3)) continue;
    clear++;
    if (!(slope * moved < 0)) fail_msg("number %zu moved by %g on a slope of %g", i, moved, slope);
  }
  if (!(clear >= NUMBERS / 2)) fail_msg("%zu slopes of %d are clear", clear, NUMBERS);
  lat_transformer_free(model);
}

static void fitting_lowers_the_bits_of_each_text_and_leaves_the_model_alone(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 1), *same = help_model(&config, 0.5, 1);
  struct lat_prompted prompted = behind(model);
  struct lat_training training = plan(200, 2);
  float vector[NUMBERS];
  double first[M], last[M];
  size_t right[M], one[M], alone[M];
  struct lat_prompted_score score = {.bits = first}, after = {last, right, one, alone};
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_OK);
  assert_int_equal(lat_prompted_read(&prompted, vector, &score), LAT_OK);
  assert_int_equal(lat_prompted_fit(&prompted, &training, 200, vector), LAT_OK);
  assert_int_equal(lat_prompted_read(&prompted, vector, &after), LAT_OK);
  for (size_t m = 0; m < M; m++) {
    if (!(last[m] <= first[m] - 0.3)) fail_msg("text %zu: %g bits, %g before", m, last[m], first[m]);
    assert_true(one[m] <= 1 && right[m] <= N && alone[m] <= right[m] && (alone[m] > 0) == one[m]);
  }
  assert_memory_equal(model->parameters, same->parameters, model->count * sizeof *model->parameters);
  lat_transformer_free(model);
  lat_transformer_free(same);
}

/* A token's own embedding in the vector's place is the token, the start token without vectors too; each text alone as among others. */
static void a_vector_that_is_an_embedding_reads_like_the_token(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 2);
  struct lat_prompted prompted = behind(model);
  float vector[M * D];
  prompted.vectors = 1;
  for (size_t m = 0; m < M; m++) memcpy(vector + m * D, model->token + V * D, D * sizeof *vector);
  if (!(fabs(bits_of(&prompted, vector) - bits_of(&prompted, NULL)) <= 1e-4))
    fail_msg("%g and %g bits", bits_of(&prompted, vector), bits_of(&prompted, NULL));
  double all[M], alone;
  struct lat_prompted_score score = {.bits = all}, single = {.bits = &alone};
  assert_int_equal(lat_prompted_read(&prompted, vector, &score), LAT_OK);
  prompted.texts = 1, prompted.text = text + N;
  assert_int_equal(lat_prompted_read(&prompted, vector, &single), LAT_OK);
  assert_true(fabs(alone - all[1]) <= 0);
  lat_transformer_free(model);
}

/* With a head of zeros nothing is told apart: log2 V bits a letter, the first letter counted. */
static void every_letter_counts_the_first_too(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 2);
  struct lat_prompted prompted = behind(model);
  float vector[NUMBERS];
  memset(model->head, 0, V * D * sizeof *model->head);
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_OK);
  if (!(fabs(bits_of(&prompted, vector) - M * N * log2(V)) <= 1e-3)) fail_msg("%g bits", bits_of(&prompted, vector));
  lat_transformer_free(model);
}

static void one_and_two_threads_give_the_same_bits(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 1);
  struct lat_prompted prompted = behind(model);
  struct lat_training training = plan(20, 2);
  float vector[2][NUMBERS];
  double bits[2];
  int threads = omp_get_max_threads();
  for (int t = 0; t < 2; t++) {
    omp_set_num_threads(t + 1);
    assert_int_equal(lat_prompted_start(&prompted, 1, vector[t]), LAT_OK);
    assert_int_equal(lat_prompted_fit(&prompted, &training, 20, vector[t]), LAT_OK);
    bits[t] = bits_of(&prompted, vector[t]);
  }
  omp_set_num_threads(threads);
  assert_memory_equal(vector[0], vector[1], sizeof vector[0]);
  assert_memory_equal(&bits[0], &bits[1], sizeof bits[0]);
  lat_transformer_free(model);
}

static void models_that_cannot_be_used_are_refused_with_a_sentence(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  float vector[NUMBERS];
  config.mask = LAT_MASK_FULL;
  struct lat_transformer *full = help_model(&config, 0.5, 1);
  struct lat_prompted prompted = behind(full);
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "causal"));
  config = shape(), config.positions = LAT_POSITIONS_LEARNED, config.sequence = N;
  struct lat_transformer *brief = help_model(&config, 0.5, 1);
  prompted.model = brief;
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "7 positions are wanted, but the model has learned 6"));
  prompted.vectors = 1;
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_OK);
  prompted.texts = 0;
  assert_int_equal(lat_prompted_start(&prompted, 1, vector), LAT_INPUT);
  lat_transformer_free(full);
  lat_transformer_free(brief);
}

static void no_memory_is_said_and_nothing_is_lost(void **state) {
  (void)state;
  struct lat_transformer_config config = shape();
  struct lat_transformer *model = help_model(&config, 0.5, 1);
  struct lat_prompted prompted = behind(model);
  struct lat_training training = plan(2, 2);
  float vector[NUMBERS];
  size_t alone[M], before = lat_memory_current();
  struct lat_prompted_score score = {.alone = alone};
  int status = LAT_MEMORY;
  for (uint64_t k = 1; status != LAT_OK && k < 5000; k++) {
    lat_memory_fail_at(k);
    status = lat_prompted_start(&prompted, 1, vector);
    if (status == LAT_OK) status = lat_prompted_fit(&prompted, &training, 2, vector);
    if (status == LAT_OK) status = lat_prompted_read(&prompted, vector, &score);
    lat_memory_fail_at(0);
    assert_true(status == LAT_OK || status == LAT_MEMORY);
    assert_int_equal(lat_memory_current(), before);
  }
  assert_int_equal(status, LAT_OK);
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_step_goes_down_the_slope_that_differences_give),
      cmocka_unit_test(fitting_lowers_the_bits_of_each_text_and_leaves_the_model_alone),
      cmocka_unit_test(a_vector_that_is_an_embedding_reads_like_the_token),
      cmocka_unit_test(every_letter_counts_the_first_too),
      cmocka_unit_test(one_and_two_threads_give_the_same_bits),
      cmocka_unit_test(models_that_cannot_be_used_are_refused_with_a_sentence),
      cmocka_unit_test(no_memory_is_said_and_nothing_is_lost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
