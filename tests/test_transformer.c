/* The transformer: held to a plain one in double, and to what must hold bit for bit. */
#include "lib/nn/transformer.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/activation.h"
#include "lib/nn/attention.h"
#include "lib/nn/gemm.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/positions.h"
#include "lib/nn/rmsnorm.h"
#include "tests/model_help.h"

static const struct lat_transformer_config usual = {.vocabulary = 11,
                                                    .width = 24,
                                                    .heads = 3,
                                                    .key_width = 6,
                                                    .value_width = 5,
                                                    .ffn = 37,
                                                    .layers = 2,
                                                    .steps = 3,
                                                    .norm = LAT_NORM_LAYERNORM,
                                                    .norm_epsilon = 1e-5,
                                                    .activation = LAT_ACTIVATION_GELU,
                                                    .mask = LAT_MASK_CAUSAL,
                                                    .positions = LAT_POSITIONS_NONE,
                                                    .attention_scale = 0.4,
                                                    .linear_bias = 1,
                                                    .final_norm = 1};

static float *state(size_t count, uint64_t seed) {
  float *x = lat_alloc(count, sizeof *x);
  assert_non_null(x);
  help_fill(x, count, 1.0, seed);
  return x;
}

/* Runs a fresh copy of the state that `seed` gives; the caller frees it. */
static float *run(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps, uint64_t seed) {
  struct lat_forward *forward;
  float *x = state(batch * sequence * model->config.width, seed);
  assert_int_equal(lat_forward_alloc(model, batch, sequence, &forward), LAT_OK);
  assert_int_equal(lat_transformer_run(model, forward, steps, x, NULL, NULL, 0), LAT_OK);
  lat_forward_free(forward);
  return x;
}

static void must_be_close(const float *a, const float *b, size_t n, double bound) {
  for (size_t i = 0; i < n; i++) {
    double error = fabs((double)a[i] - (double)b[i]);
    if (!(error <= bound * (1.0 + fabs((double)b[i])))) fail_msg("at %zu: %.9g and %.9g", i, (double)a[i], (double)b[i]);
  }
}

static void plain_linear(const struct lat_linear *part, size_t rows, size_t out, size_t in, const float *x, float *y) {
  lat_gemm_reference(rows, out, in, 1.0f, (struct lat_matrix){x, in, 0}, (struct lat_matrix){part->weight, in, 1}, 0.0f, y,
                     out);
  for (size_t i = 0; part->bias != NULL && i < rows * out; i++) y[i] += part->bias[i % out];
}

static void plain_norm(const struct lat_transformer_config *config, const struct lat_norm_weights *norm, size_t rows,
                       const float *x, float *y) {
  size_t width = config->width;
  if (config->norm == LAT_NORM_NONE) memcpy(y, x, rows * width * sizeof *x);
  if (config->norm == LAT_NORM_RMSNORM) lat_rmsnorm_reference(rows, width, x, norm->gain, config->norm_epsilon, y);
  if (config->norm == LAT_NORM_LAYERNORM)
    lat_layernorm_reference(rows, width, x, norm->gain, norm->bias, config->norm_epsilon, y);
}

/* Rotary by complex numbers: a second way to say the same. */
static void plain_rotary(size_t rows, size_t sequence, size_t heads, size_t key_width, float *x) {
  for (size_t i = 0; i < rows * heads * key_width; i += 2) {
    double position = (double)(i / (heads * key_width) % sequence);
    double radius = hypot((double)x[i], (double)x[i + 1]), angle = atan2((double)x[i + 1], (double)x[i]);
    angle += position * pow(10000.0, -(double)(i % key_width) / (double)key_width);
    x[i] = (float)(radius * cos(angle));
    x[i + 1] = (float)(radius * sin(angle));
  }
}

static void plain_run(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps, float *x) {
  const struct lat_transformer_config *c = &model->config;
  size_t rows = batch * sequence, keys = c->heads * c->key_width, values = c->heads * c->value_width,
         count = rows * c->width;
  float *first = state(count, 0), *y = state(count, 0), *q = state(rows * keys, 0), *k = state(rows * keys, 0);
  float *v = state(rows * values, 0), *mixed = state(rows * values, 0), *hidden = state(rows * c->ffn, 0);
  double *weights = lat_alloc(sequence, sizeof *weights);
  const struct lat_attention_shape shape = {batch,          sequence, c->heads,  c->key_width,
                                            c->value_width, c->mask,  c->window, (float)c->attention_scale,
                                            c->arithmetic};
  memcpy(first, x, count * sizeof *x);
  for (size_t t = 0; t < steps; t++) {
    for (size_t i = 0; t > 0 && c->input_injection != LAT_INJECTION_NONE && i < count; i++) x[i] += first[i];
    if (c->input_injection == LAT_INJECTION_NORM) {
      plain_norm(c, &model->inject_norm, rows, x, y);
      memcpy(x, y, count * sizeof *x);
    }
    size_t step = t < c->step_embeddings ? t : c->step_embeddings - 1;
    for (size_t i = 0; c->step_embeddings > 0 && i < count; i++) x[i] += model->step[step * c->width + i % c->width];
    for (size_t l = 0; l < c->layers; l++) {
      const struct lat_layer *layer = &model->layer[l];
      if (c->heads > 0) {
        plain_norm(c, &layer->norm1, rows, x, y);
        plain_linear(&layer->query, rows, keys, c->width, y, q);
        plain_linear(&layer->key, rows, keys, c->width, y, k);
        plain_linear(&layer->value, rows, values, c->width, y, v);
        if (c->positions == LAT_POSITIONS_ROTARY) {
          plain_rotary(rows, sequence, c->heads, c->key_width, q);
          plain_rotary(rows, sequence, c->heads, c->key_width, k);
        }
        lat_attention_reference(&shape, q, k, v, mixed, weights);
        plain_linear(&layer->output, rows, c->width, values, mixed, y);
        for (size_t i = 0; i < count; i++) x[i] += y[i];
      }
      plain_norm(c, &layer->norm2, rows, x, y);
      plain_linear(&layer->up, rows, c->ffn, c->width, y, hidden);
      for (size_t i = 0; i < rows * c->ffn; i++)
        hidden[i] = (float)lat_activation_reference(c->activation, (double)hidden[i]);
      plain_linear(&layer->down, rows, c->width, c->ffn, hidden, y);
      for (size_t i = 0; i < count; i++) x[i] += y[i];
    }
  }
  float *all[] = {first, y, q, k, v, mixed, hidden};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) lat_free(all[i]);
  lat_free(weights);
}

static void agrees_with_a_plain_model(void **unused) {
  (void)unused;
  for (unsigned kind = 0; kind < 3 * 3 * 3 * 3; kind++) {
    struct lat_transformer_config config = usual;
    config.norm = (enum lat_norm)(kind % 3);
    config.activation = (enum lat_activation)(kind / 3 % 3);
    config.mask = (enum lat_mask)(kind / 9 % 3);
    config.window = 5;
    config.positions = kind / 27 == 1 ? LAT_POSITIONS_ROTARY : LAT_POSITIONS_NONE;
    if (kind / 27 == 2) config.heads = config.key_width = config.value_width = 0;
    config.linear_bias = kind % 2 == 0;
    config.input_injection = kind % 5 == 0 ? LAT_INJECTION_ADD : LAT_INJECTION_NONE;
    if (kind % 5 == 1 && config.norm != LAT_NORM_NONE) config.input_injection = LAT_INJECTION_NORM;
    config.step_embeddings = kind % 4 == 0 ? 2 : 0;
    struct lat_transformer *model = help_model(&config, 0.4, kind);
    if (config.norm == LAT_NORM_NONE) /* without a norm nothing keeps the state from growing */
      for (size_t i = 0; i < model->count; i++) model->parameters[i] *= 0.3f;
    size_t sequence = kind % 7 == 0 ? 1 : kind == 13 ? 300 : 67; /* 600 rows make wide tiles */
    float *x = run(model, 2, sequence, 3, 1), *plain = state(2 * sequence * config.width, 1);
    plain_run(model, 2, sequence, 3, plain);
    must_be_close(x, plain, 2 * sequence * config.width, 2e-4);
    lat_free(x);
    lat_free(plain);
    lat_transformer_free(model);
  }
}

static void a_loop_equals_the_untied_stack_bit_for_bit(void **unused) {
  (void)unused;
  struct lat_transformer *tied = help_model(&usual, 0.4, 3), *stack;
  struct lat_transformer_config config = usual;
  config.layers = 6;
  assert_int_equal(lat_transformer_alloc(&config, &stack), LAT_OK);
  size_t block = (size_t)(tied->layer[1].norm1.gain - tied->layer[0].norm1.gain);
  for (size_t l = 0; l < 6; l++) memcpy(stack->layer[l].norm1.gain, tied->layer[l % 2].norm1.gain, block * sizeof(float));
  float *x = run(tied, 2, 70, 3, 4), *y = run(stack, 2, 70, 1, 4);
  assert_memory_equal(x, y, 2 * 70 * usual.width * sizeof *x);
  lat_free(x), lat_free(y);
  lat_transformer_free(tied);
  lat_transformer_free(stack);
}

static void a_later_token_changes_no_earlier_bit(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  for (unsigned kind = 0; kind < 2; kind++) {
    config.mask = kind == 0 ? LAT_MASK_CAUSAL : LAT_MASK_WINDOW;
    config.window = 7;
    struct lat_transformer *model = help_model(&config, 0.4, 5);
    enum { S = 131 };
    for (size_t changed = 0; changed < S; changed += 13) {
      struct lat_forward *forward;
      float *x = run(model, 1, S, 2, 6), *y = state(S * config.width, 6);
      for (size_t i = 0; i < config.width; i++) y[changed * config.width + i] += 3.0f;
      assert_int_equal(lat_forward_alloc(model, 1, S, &forward), LAT_OK);
      assert_int_equal(lat_transformer_run(model, forward, 2, y, NULL, NULL, 0), LAT_OK);
      assert_memory_equal(x, y, changed * config.width * sizeof *x);
      assert_memory_not_equal(x + changed * config.width, y + changed * config.width, config.width * sizeof *x);
      /* 2 steps of 2 layers reach back 4 (window - 1) tokens */
      size_t reach = changed + 4 * (config.window - 1) + 1;
      if (kind == 1 && reach < S)
        assert_memory_equal(x + reach * config.width, y + reach * config.width, (S - reach) * config.width * sizeof *x);
      lat_forward_free(forward);
      lat_free(x);
      lat_free(y);
    }
    lat_transformer_free(model);
  }
}

static void one_two_and_three_threads_give_the_same_bits(void **unused) {
  (void)unused;
  int before = omp_get_max_threads();
  struct lat_transformer *model = help_model(&usual, 0.4, 7);
  size_t count = 5 * 150 * usual.width; /* 750 rows: wide tiles */
  omp_set_num_threads(1);
  float *one = run(model, 5, 150, 2, 8), *inside = NULL;
  for (int threads = 2; threads <= 3; threads++) {
    omp_set_num_threads(threads);
    float *x = run(model, 5, 150, 2, 8);
    assert_memory_equal(x, one, count * sizeof *x);
    lat_free(x);
  }
#pragma omp parallel num_threads(2)
  {
#pragma omp single
    inside = run(model, 5, 150, 2, 8);
  }
  assert_memory_equal(inside, one, count * sizeof *one);
  omp_set_num_threads(before);
  lat_free(inside);
  lat_free(one);
  lat_transformer_free(model);
}

static void rotary_positions_see_only_differences(void **unused) {
  (void)unused;
  /* Two sequences: the same tokens behind another number of tokens that a window of 4 hides after enough of them. */
  struct lat_transformer_config config = usual;
  config.positions = LAT_POSITIONS_ROTARY;
  config.mask = LAT_MASK_WINDOW;
  config.window = 4;
  config.layers = 1;
  struct lat_transformer *model = help_model(&config, 0.4, 9);
  struct lat_forward *forward;
  enum { S = 40, SHIFT = 9 };
  size_t width = config.width;
  float *base = state((S + SHIFT) * width, 10), *x = state(S * width, 0), *y = state(S * width, 0);
  memcpy(x, base + SHIFT * width, S * width * sizeof *x);
  memcpy(y, base, S * width * sizeof *y); /* token s + SHIFT of y is token s of x */
  assert_int_equal(lat_forward_alloc(model, 1, S, &forward), LAT_OK);
  lat_transformer_layer(model, forward, 0, x);
  lat_transformer_layer(model, forward, 0, y);
  must_be_close(x + 3 * width, y + (3 + SHIFT) * width, (S - SHIFT - 3) * width, 1e-5);
  lat_forward_free(forward);
  lat_free(base);
  lat_free(x), lat_free(y);
  lat_transformer_free(model);
}

struct seen {
  size_t calls, stop_at, step, layer;
  float last[24];
};

static int look(void *context, size_t step, size_t layer, const float *x) {
  struct seen *seen = context;
  seen->calls++;
  seen->step = step;
  seen->layer = layer;
  memcpy(seen->last, x, sizeof seen->last);
  return seen->calls == seen->stop_at ? LAT_INTERRUPTED : LAT_OK;
}

static void observers_see_every_state_and_can_stop(void **unused) {
  (void)unused;
  struct lat_transformer *model = help_model(&usual, 0.4, 11);
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(model, 1, 3, &forward), LAT_OK);
  float *x = state(3 * usual.width, 12);
  struct seen seen = {0};
  assert_int_equal(lat_transformer_run(model, forward, 3, x, look, &seen, 0), LAT_OK);
  assert_int_equal(seen.calls, 3);
  assert_int_equal(seen.step, 2);
  assert_memory_equal(seen.last, x, sizeof seen.last);
  seen = (struct seen){0};
  assert_int_equal(lat_transformer_run(model, forward, 3, x, look, &seen, 1), LAT_OK);
  assert_int_equal(seen.calls, 6);
  seen = (struct seen){.stop_at = 4};
  assert_int_equal(lat_transformer_run(model, forward, 3, x, look, &seen, 1), LAT_INTERRUPTED);
  assert_int_equal(seen.step, 1);
  assert_int_equal(seen.layer, 1);
  lat_free(x);
  lat_forward_free(forward);
  lat_transformer_free(model);
}

static void a_pass_allocates_nothing(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.positions = LAT_POSITIONS_ROTARY;
  config.input_injection = 1;
  struct lat_transformer *model = help_model(&config, 0.4, 13);
  struct lat_forward *forward;
  assert_int_equal(lat_forward_alloc(model, 2, 33, &forward), LAT_OK);
  float *x = state(2 * 33 * config.width, 14), *logits = state(2 * 33 * config.vocabulary, 0);
  int32_t token[2 * 33] = {0};
  uint64_t before = lat_memory_allocations();
  assert_int_equal(lat_transformer_embed(model, 2, 33, token, x), LAT_OK);
  assert_int_equal(lat_transformer_run(model, forward, 2, x, NULL, NULL, 0), LAT_OK);
  lat_transformer_logits(model, forward, x, logits);
  assert_true(lat_memory_allocations() == before);
  lat_free(x);
  lat_free(logits);
  lat_forward_free(forward);
  lat_transformer_free(model);
}

static void logits_are_the_head_of_the_final_norm(void **unused) {
  (void)unused;
  for (int final_norm = 0; final_norm < 2; final_norm++) {
    struct lat_transformer_config config = usual;
    config.final_norm = final_norm;
    struct lat_transformer *model = help_model(&config, 0.4, 16);
    struct lat_forward *forward;
    enum { ROWS = 130 };
    assert_int_equal(lat_forward_alloc(model, 2, ROWS / 2, &forward), LAT_OK);
    float *x = state(ROWS * 24, 17), *y = state(ROWS * 24, 17), *logits = state(ROWS * 11, 0), *plain = state(ROWS * 11, 0);
    lat_transformer_logits(model, forward, x, logits);
    assert_memory_equal(x, y, ROWS * 24 * sizeof *x); /* the state is left alone */
    if (final_norm) plain_norm(&config, &model->final_norm, ROWS, x, y);
    plain_linear(&(struct lat_linear){model->head, NULL}, ROWS, 11, 24, y, plain);
    must_be_close(logits, plain, ROWS * 11, 1e-5);
    float *all[] = {x, y, logits, plain};
    for (size_t i = 0; i < 4; i++) lat_free(all[i]);
    lat_forward_free(forward);
    lat_transformer_free(model);
  }
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.positions = LAT_POSITIONS_ROTARY;
  config.input_injection = 1;
  size_t before = lat_memory_current(), failures = 0;
  for (uint64_t k = 1;; k++, failures++) {
    struct lat_forward *forward = NULL;
    struct lat_transformer *model;
    lat_memory_fail_at(k);
    int status = lat_transformer_alloc(&config, &model);
    if (status == LAT_OK) status = lat_forward_alloc(model, 2, 5, &forward);
    lat_memory_fail_at(0);
    assert_true((status == LAT_OK) == (forward != NULL));
    lat_forward_free(forward);
    lat_transformer_free(model);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
  }
  assert_int_equal(failures, 3 + 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(agrees_with_a_plain_model),
      cmocka_unit_test(a_loop_equals_the_untied_stack_bit_for_bit),
      cmocka_unit_test(a_later_token_changes_no_earlier_bit),
      cmocka_unit_test(one_two_and_three_threads_give_the_same_bits),
      cmocka_unit_test(rotary_positions_see_only_differences),
      cmocka_unit_test(observers_see_every_state_and_can_stop),
      cmocka_unit_test(a_pass_allocates_nothing),
      cmocka_unit_test(logits_are_the_head_of_the_final_norm),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
