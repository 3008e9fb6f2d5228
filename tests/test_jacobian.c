/* The loop's Jacobian in double precision against the dense one by central differences, and its singular values against those
 * that GSL finds in the dense one. */
#include <gsl/gsl_linalg.h>
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
#include "lib/nn/jacobian.h"
#include "lib/nn/pass.h"

enum { S = 5, D = 6, N = S * D };

struct variant {
  const char *name;
  struct lat_transformer_config change; /* layers, steps 0: 1 */
  double stream;
  int untied;
  size_t steps, first; /* the Jacobian from `first` on */
};

static const struct variant variants[] = {
    {"pre layernorm gelu causal", {.norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU, .layers = 2}, 1, 0, 3, 0},
    {"post rmsnorm gelu-tanh, full mask",
     {.norm = LAT_NORM_RMSNORM, .placement = LAT_PLACEMENT_POST, .activation = LAT_ACTIVATION_GELU_TANH},
     1,
     0,
     2,
     0},
    {"sandwich, injection through a norm, step embeddings",
     {.norm = LAT_NORM_LAYERNORM,
      .placement = LAT_PLACEMENT_SANDWICH,
      .activation = LAT_ACTIVATION_GELU,
      .input_injection = LAT_INJECTION_NORM,
      .step_embeddings = 2,
      .mask = LAT_MASK_CAUSAL},
     1,
     0,
     3,
     0},
    {"added injection, rotary, window, from the second step",
     {.norm = LAT_NORM_RMSNORM,
      .activation = LAT_ACTIVATION_GELU,
      .input_injection = LAT_INJECTION_ADD,
      .positions = LAT_POSITIONS_ROTARY,
      .mask = LAT_MASK_WINDOW,
      .window = 2},
     1,
     0,
     3,
     1},
    {"no residual, no norm", {.activation = LAT_ACTIVATION_GELU, .mask = LAT_MASK_CAUSAL}, 0, 0, 4, 0},
    {"no norm, scaled residual", {.activation = LAT_ACTIVATION_GELU, .residual_scale = 0.6}, 1, 0, 2, 0},
    {"untied, added injection",
     {.norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU, .layers = 3, .input_injection = LAT_INJECTION_ADD},
     1,
     1,
     3,
     0},
    {"no attention, one step",
     {.heads = SIZE_MAX, .norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU},
     1,
     0,
     1,
     0},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

struct subject {
  struct lat_transformer *model;
  struct lat_jacobian *jacobian;
  struct lat_loop loop;
  lat_real x0[N];
};

static struct lat_transformer_config config_of(const struct variant *variant) {
  struct lat_transformer_config c = variant->change;
  c.vocabulary = 3;
  c.sequence = S;
  c.width = D;
  c.key_width = c.heads == SIZE_MAX ? 0 : 4;
  c.value_width = c.heads == SIZE_MAX ? 0 : 3;
  c.heads = c.heads == SIZE_MAX ? 0 : 2;
  c.ffn = 5;
  c.layers = c.layers > 0 ? c.layers : 1;
  c.steps = 1;
  c.norm_epsilon = 1e-5;
  c.attention_scale = 0.5;
  c.linear_bias = 1;
  return c;
}

static void open_subject(const struct variant *variant, struct subject *subject) {
  struct lat_transformer_config config = config_of(variant);
  struct lat_random random;
  assert_int_equal(lat_transformer_alloc(&config, &subject->model), LAT_OK);
  lat_random_start(&random, 3, variant->name, 0);
  for (size_t i = 0; i < subject->model->count; i++)
    subject->model->parameters[i] += 1.2 * (lat_random_uniform(&random) - 0.5);
  for (size_t i = 0; i < N; i++) subject->x0[i] = 2 * (lat_random_uniform(&random) - 0.5);
  subject->loop = (struct lat_loop){subject->model, S, variant->steps, variant->stream, variant->untied};
  assert_int_equal(lat_jacobian_alloc(&subject->loop, &subject->jacobian), LAT_OK);
  assert_int_equal(lat_jacobian_start(subject->jacobian, subject->x0), LAT_OK);
}

static void close_subject(struct subject *subject) {
  lat_jacobian_free(subject->jacobian);
  lat_transformer_free(subject->model);
}

/* The state after all steps when the state after `first` ones is x: composed here by hand, with the injected input left as it is. */
static void states_from(const struct subject *subject, const struct variant *variant, const lat_real *x, lat_real *y) {
  struct lat_tape *tape = NULL;
  lat_real at[N], first[N];
  memcpy(at, x, sizeof at);
  memcpy(first, subject->x0, sizeof first);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  struct lat_pass *pass = lat_pass_make(tape, subject->model, 1, S, NULL);
  pass->stream = variant->stream;
  struct lat_array *now = lat_tape_leaf(tape, S, D, at, NULL), *injected = lat_tape_leaf(tape, S, D, first, NULL);
  for (size_t t = variant->first; t < variant->steps; t++) {
    if (!variant->untied) {
      now = lat_pass_step(pass, t, now, injected);
    } else {
      now = lat_pass_begin_step(pass, t, now, injected);
      now = lat_pass_layer(pass, t, now);
    }
  }
  assert_non_null(now);
  memcpy(y, now->value, N * sizeof *y);
  lat_tape_free(tape);
}

/* J[i][j] = d y_i / d x_j by central differences. */
static void dense(const struct subject *subject, const struct variant *variant, double J[N][N]) {
  lat_real x[N], above[N], below[N], step = 1e-5;
  memcpy(x, lat_jacobian_state(subject->jacobian, variant->first), sizeof x);
  for (size_t j = 0; j < N; j++) {
    lat_real kept = x[j];
    x[j] = kept + step;
    states_from(subject, variant, x, above);
    x[j] = kept - step;
    states_from(subject, variant, x, below);
    x[j] = kept;
    for (size_t i = 0; i < N; i++) J[i][j] = (above[i] - below[i]) / (2 * step);
  }
}

static void products_are_those_of_the_dense_jacobian(void **state) {
  (void)state;
  for (size_t k = 0; k < VARIANTS; k++) {
    const struct variant *variant = &variants[k];
    struct subject subject;
    static double J[N][N];
    open_subject(variant, &subject);
    dense(&subject, variant, J);
    for (int transposed = 0; transposed < 2; transposed++)
      for (size_t j = 0; j < N; j++) {
        double v[N] = {0}, log_scale;
        v[j] = 1;
        int status = (transposed ? lat_jacobian_transposed_times : lat_jacobian_times)(subject.jacobian, variant->first,
                                                                                       variant->steps, v, v, &log_scale);
        assert_int_equal(status, LAT_OK);
        for (size_t i = 0; i < N; i++) {
          double found = v[i] * exp(log_scale), expected = transposed ? J[j][i] : J[i][j];
          if (!(fabs(found - expected) <= 1e-7 * (1 + fabs(expected))))
            fail_msg("%s, %s: entry %zu of column %zu is %.12g, and by differences %.12g", variant->name,
                     transposed ? "transposed" : "forwards", i, j, found, expected);
        }
      }
    close_subject(&subject);
  }
}

static void singular_values_are_those_of_the_dense_jacobian(void **state) {
  (void)state;
  enum { WANTED = 6 };
  const size_t most[] = {N, 20};
  for (size_t k = 0; k < VARIANTS; k++)
    for (size_t m = 0; m < 2; m++) {
      const struct variant *variant = &variants[k];
      struct subject subject;
      static double J[N][N];
      double log_value[WANTED], residual;
      size_t rounds;
      open_subject(variant, &subject);
      dense(&subject, variant, J);
      gsl_matrix_view all = gsl_matrix_view_array(&J[0][0], N, N);
      gsl_matrix *right = gsl_matrix_alloc(N, N);
      gsl_vector *value = gsl_vector_alloc(N), *work = gsl_vector_alloc(N);
      gsl_linalg_SV_decomp(&all.matrix, right, value, work);
      const struct lat_singular wanted = {WANTED, most[m], m == 0 ? 0 : 1e-4, 1};
      assert_int_equal(
          lat_jacobian_singular(subject.jacobian, variant->first, variant->steps, &wanted, log_value, &rounds, &residual),
          LAT_OK);
      for (size_t i = 0; i < WANTED; i++) {
        double expected = gsl_vector_get(value, i), found = exp(log_value[i]), largest = gsl_vector_get(value, 0);
        /* All rounds: exact. Fewer: from below, and no further off than the residual says (the nearest value may be another). */
        double bound = m == 0 ? 1e-7 * largest : (residual + 1e-7) * largest;
        if (!(found <= expected + 1e-7 * largest) || (m == 0 || i == 0 ? !(fabs(found - expected) <= bound) : 0))
          fail_msg("%s, %zu rounds: singular value %zu is %.10g, and GSL finds %.10g (residual %g)", variant->name, rounds,
                   i, found, expected, residual);
      }
      gsl_vector_free(work);
      gsl_vector_free(value);
      gsl_matrix_free(right);
      close_subject(&subject);
    }
}

/* Length 1e-130 of a product of 400 factors each: no number in between leaves its range. */
static void scales_beyond_the_range_of_numbers_are_kept(void **state) {
  (void)state;
  struct variant variant = variants[4];
  struct subject subject;
  variant.steps = 400;
  open_subject(&variant, &subject);
  close_subject(&subject);
  struct lat_transformer_config config = config_of(&variant);
  assert_int_equal(lat_transformer_alloc(&config, &subject.model), LAT_OK);
  struct lat_random random;
  lat_random_start(&random, 3, "small", 0);
  for (size_t i = 0; i < subject.model->count; i++)
    subject.model->parameters[i] = 0.1 * (lat_random_uniform(&random) - 0.5);
  subject.loop.model = subject.model;
  subject.loop.steps = 400;
  assert_int_equal(lat_jacobian_alloc(&subject.loop, &subject.jacobian), LAT_OK);
  assert_int_equal(lat_jacobian_start(subject.jacobian, subject.x0), LAT_OK);
  double log_value[2], residual;
  size_t rounds;
  const struct lat_singular wanted = {2, N, 1e-6, 1};
  assert_int_equal(lat_jacobian_singular(subject.jacobian, 0, 400, &wanted, log_value, &rounds, &residual), LAT_OK);
  assert_true(log_value[0] < -800 && log_value[0] > -1e5 && log_value[1] <= log_value[0]);
  close_subject(&subject);
}

static void what_cannot_be_is_said(void **state) {
  (void)state;
  struct subject subject;
  struct lat_jacobian *none;
  open_subject(&variants[0], &subject);
  struct lat_loop loop = subject.loop;
  loop.steps = 0;
  assert_int_equal(lat_jacobian_alloc(&loop, &none), LAT_INPUT);
  assert_null(none);
  loop.steps = 3;
  loop.untied = 1; /* two layers */
  assert_int_equal(lat_jacobian_alloc(&loop, &none), LAT_INPUT);
  subject.x0[7] = (double)NAN;
  assert_int_equal(lat_jacobian_start(subject.jacobian, subject.x0), LAT_NUMERIC);
  assert_non_null(strstr(lat_error_message(), "after 1 steps"));
  close_subject(&subject);
}

static void memory_that_runs_out_is_said_and_nothing_leaks(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int done = 0;
  for (uint64_t k = 1; !done; k++) {
    struct lat_transformer_config config = config_of(&variants[2]);
    struct lat_transformer *model = NULL;
    struct lat_jacobian *jacobian = NULL;
    lat_real x0[N] = {0.5, -0.25, 1};
    double log_value[2], residual;
    size_t rounds;
    const struct lat_singular wanted = {2, 8, 1e-3, 1};
    assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
    const struct lat_loop loop = {model, S, 2, 1, 0};
    lat_memory_fail_at(k);
    int status = lat_jacobian_alloc(&loop, &jacobian);
    if (status == LAT_OK) status = lat_jacobian_start(jacobian, x0);
    if (status == LAT_OK) status = lat_jacobian_singular(jacobian, 0, 2, &wanted, log_value, &rounds, &residual);
    done = status == LAT_OK;
    lat_memory_fail_at(0);
    assert_true(done || status == LAT_MEMORY);
    lat_jacobian_free(jacobian);
    lat_transformer_free(model);
    assert_int_equal(lat_memory_current(), before);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_those_of_the_dense_jacobian),
      cmocka_unit_test(singular_values_are_those_of_the_dense_jacobian),
      cmocka_unit_test(scales_beyond_the_range_of_numbers_are_kept),
      cmocka_unit_test(what_cannot_be_is_said),
      cmocka_unit_test(memory_that_runs_out_is_said_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
