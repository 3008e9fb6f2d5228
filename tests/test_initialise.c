/* Initial values: of the size that the header says, a function of the seed alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/nn/initialise.h"

static const struct lat_transformer_config wide = {.vocabulary = 50,
                                                   .sequence = 9,
                                                   .width = 48,
                                                   .heads = 3,
                                                   .key_width = 16,
                                                   .value_width = 16,
                                                   .ffn = 96,
                                                   .layers = 2,
                                                   .steps = 3,
                                                   .norm = LAT_NORM_LAYERNORM,
                                                   .norm_epsilon = 1e-5,
                                                   .activation = LAT_ACTIVATION_RELU,
                                                   .positions = LAT_POSITIONS_LEARNED,
                                                   .attention_scale = 0.25,
                                                   .step_embeddings = 2,
                                                   .linear_bias = 1,
                                                   .final_norm = 1};

static struct lat_transformer *made(const struct lat_transformer_config *config, struct lat_initialisation how,
                                    uint64_t seed) {
  struct lat_transformer *model;
  assert_int_equal(lat_transformer_alloc(config, &model), LAT_OK);
  assert_int_equal(lat_transformer_initialise(model, &how, seed), LAT_OK);
  return model;
}

static double deviation(const float *x, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
  return sqrt(sum / (double)n);
}

/* Within five standard errors of a Gaussian's sample deviation. */
static void assert_deviation(const float *x, size_t n, double expected) {
  double off = fabs(deviation(x, n) / expected - 1);
  if (!(off < 5 / sqrt(2 * (double)n))) fail_msg("deviation %g, expected %g", deviation(x, n), expected);
}

static void values_have_the_size_promised(void **state) {
  (void)state;
  struct lat_initialisation how = lat_initialisation_default();
  struct lat_transformer *model = made(&wide, how, 1);
  double output = 1 / sqrt(2.0 * 2 * 3);
  assert_deviation(model->token, 50 * 48, 1);
  assert_deviation(model->position, 9 * 48, 1);
  assert_deviation(model->layer[1].query.weight, 48 * 48, 1 / sqrt(48));
  assert_deviation(model->layer[0].up.weight, 96 * 48, 1 / sqrt(48));
  assert_deviation(model->layer[0].down.weight, 96 * 48, output / sqrt(96));
  assert_deviation(model->layer[1].output.weight, 48 * 48, output / sqrt(48));
  assert_deviation(model->head, 50 * 48, 1 / sqrt(48));
  for (size_t i = 0; i < 48; i++) assert_true(model->layer[0].norm1.gain[i] == 1 && model->layer[0].norm1.bias[i] == 0);
  for (size_t i = 0; i < 96; i++) assert_true(model->layer[1].up.bias[i] == 0 && model->step[i] == 0);
  lat_transformer_free(model);
  how.kind = LAT_INITIAL_XAVIER;
  how.gain = 2;
  how.output = 0.5;
  model = made(&wide, how, 1);
  assert_deviation(model->layer[0].up.weight, 96 * 48, 2 * sqrt(2.0 / (96 + 48)));
  assert_deviation(model->layer[0].down.weight, 96 * 48, 0.5 * 2 * sqrt(2.0 / (96 + 48)));
  lat_transformer_free(model);
  how.kind = LAT_INITIAL_NORMAL;
  how.gain = 0.02;
  how.output = 1;
  how.embedding = 0.02;
  model = made(&wide, how, 1);
  assert_deviation(model->layer[0].up.weight, 96 * 48, 0.02);
  assert_deviation(model->token, 50 * 48, 0.02);
  lat_transformer_free(model);
}

/* Rows (or columns, where there are more rows) of length `gain` and at right angles. */
static void assert_orthogonal(const float *w, size_t rows, size_t columns, double gain) {
  size_t few = rows < columns ? rows : columns, many = rows < columns ? columns : rows;
  for (size_t a = 0; a < few; a++)
    for (size_t b = 0; b <= a; b++) {
      double sum = 0;
      for (size_t k = 0; k < many; k++)
        sum += rows < columns ? (double)w[a * columns + k] * (double)w[b * columns + k]
                              : (double)w[k * columns + a] * (double)w[k * columns + b];
      if (!(fabs(sum - (a == b ? gain * gain : 0)) < 1e-5)) fail_msg("rows %zu, %zu: %g", a, b, sum);
    }
}

static void orthogonal_matrices_are(void **state) {
  (void)state;
  struct lat_initialisation how = {.kind = LAT_INITIAL_ORTHOGONAL, .gain = 1.5, .output = 1, .embedding = 1, .position = 1};
  struct lat_transformer *model = made(&wide, how, 7);
  assert_orthogonal(model->layer[0].query.weight, 48, 48, 1.5);
  assert_orthogonal(model->layer[0].up.weight, 96, 48, 1.5);
  assert_orthogonal(model->layer[0].down.weight, 48, 96, 1.5);
  lat_transformer_free(model);
}

static void the_seed_and_the_name_alone_decide(void **state) {
  (void)state;
  struct lat_initialisation how = lat_initialisation_default();
  struct lat_transformer_config shallow = wide;
  shallow.layers = 1;
  shallow.steps = 6;
  struct lat_transformer *a = made(&wide, how, 5), *b = made(&wide, how, 5), *c = made(&wide, how, 6),
                         *d = made(&shallow, how, 5);
  assert_memory_equal(a->parameters, b->parameters, a->count * sizeof(float));
  assert_memory_not_equal(a->token, c->token, 48 * sizeof(float));
  assert_memory_equal(a->layer[0].query.weight, d->layer[0].query.weight, 48 * 48 * sizeof(float));
  assert_memory_equal(a->layer[0].down.weight, d->layer[0].down.weight, 48 * 96 * sizeof(float));
  assert_memory_not_equal(a->layer[0].query.weight, a->layer[1].query.weight, 48 * sizeof(float));
  lat_transformer_free(a);
  lat_transformer_free(b);
  lat_transformer_free(c);
  lat_transformer_free(d);
}

static void positions_can_start_as_sinusoids(void **state) {
  (void)state;
  struct lat_initialisation how = lat_initialisation_default();
  how.position = -0.5;
  struct lat_transformer *model = made(&wide, how, 5);
  for (size_t i = 0; i < 24; i++) {
    assert_true(fabs((double)model->position[2 * i]) < 1e-6);           /* sin 0 */
    assert_true(fabs((double)model->position[2 * i + 1] - 0.5) < 1e-6); /* cos 0, halved */
  }
  lat_transformer_free(model);
}

static void bad_settings_are_refused(void **state) {
  (void)state;
  struct lat_transformer *model;
  struct lat_initialisation how = lat_initialisation_default();
  enum lat_initial kind;
  assert_int_equal(lat_transformer_alloc(&wide, &model), LAT_OK);
  how.gain = 0;
  assert_int_equal(lat_transformer_initialise(model, &how, 1), LAT_INPUT);
  how.gain = (double)NAN;
  assert_int_equal(lat_transformer_initialise(model, &how, 1), LAT_INPUT);
  for (int i = 0; i < 4; i++) {
    assert_int_equal(lat_initial_parse(lat_initial_name((enum lat_initial)i), &kind), LAT_OK);
    assert_int_equal((int)kind, i);
  }
  assert_int_equal(lat_initial_parse("he", &kind), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "orthogonal"));
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_have_the_size_promised),      cmocka_unit_test(orthogonal_matrices_are),
      cmocka_unit_test(the_seed_and_the_name_alone_decide), cmocka_unit_test(positions_can_start_as_sinusoids),
      cmocka_unit_test(bad_settings_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
