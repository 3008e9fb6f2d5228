/* The transformer on a tape gives what the forward pass and cached decoding give, in every configuration; a stored model comes
 * back with its placement, scale and tied head. */
#include "lib/nn/pass.h"

#include <math.h>
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
#include "lib/nn/decode.h"
#include "lib/store/weights.h"
#include "tests/model_help.h"

enum { B = 3, S = 11, V = 13, FIELDS = 2 };

static struct lat_transformer_config config_of(unsigned choice) {
  struct lat_transformer_config c = {.vocabulary = V,
                                     .sequence = S,
                                     .width = 10,
                                     .heads = choice % 7 == 6 ? 0 : 2,
                                     .ffn = 19,
                                     .layers = 2,
                                     .steps = 3,
                                     .norm = (enum lat_norm)(choice % 3),
                                     .norm_epsilon = 1e-5,
                                     .placement = (enum lat_placement)(choice / 3 % 3),
                                     .activation = (enum lat_activation)(choice % 3),
                                     .mask = (enum lat_mask)(choice / 2 % 3),
                                     .window = 4,
                                     .positions = (enum lat_positions)(choice % 4),
                                     .attention_scale = 0.4,
                                     .input_injection = (enum lat_injection)((choice + choice / 3) % 3),
                                     .step_embeddings = choice % 5,
                                     .linear_bias = choice % 3 != 1,
                                     .tied_head = choice % 4 == 2,
                                     .residual_scale = choice % 5 == 3 ? 0.7 : 1,
                                     .final_norm = choice % 2 == 0};
  if (c.norm == LAT_NORM_NONE && c.input_injection == LAT_INJECTION_NORM) c.input_injection = LAT_INJECTION_ADD;
  if (!c.tied_head) {
    c.fields = choice % 5 == 1 ? 2 : choice % 2;
    c.classes = choice % 7 == 1 ? 4 : choice % 7 == 2 ? V + 1 : 0;
  }
  if (c.heads > 0) {
    c.key_width = 4;
    c.value_width = 5;
  } else if (c.positions == LAT_POSITIONS_ROTARY) {
    c.positions = LAT_POSITIONS_LEARNED;
  }
  return c;
}

static void tokens(int32_t *token) {
  struct lat_random random;
  lat_random_start(&random, 4, "tokens", 0);
  for (size_t i = 0; i < FIELDS * B * S; i++) token[i] = (int32_t)lat_random_below(&random, V);
}

static void must_agree(unsigned choice, const char *what, size_t n, const float *a, const float *b) {
  double largest = 0, scale = 0;
  for (size_t i = 0; i < n; i++) {
    double difference = fabs((double)a[i] - (double)b[i]);
    if (!(difference <= largest)) largest = difference;
    scale = fmax(scale, fabs((double)b[i]));
  }
  if (!(largest <= 2e-5 * (1 + scale))) fail_msg("choice %u, %s: differs by %g at scale %g", choice, what, largest, scale);
}

static void the_tape_gives_what_the_forward_pass_gives(void **state) {
  (void)state;
  int32_t token[FIELDS * B * S];
  tokens(token);
  for (unsigned choice = 0; choice < 60; choice++) {
    struct lat_transformer_config config = config_of(choice);
    struct lat_transformer *model = help_model(&config, 0.4, choice);
    struct lat_forward *forward = NULL;
    struct lat_tape *tape = NULL;
    static float x[B * S * 10], logits[B * S * (V + 1)];
    assert_int_equal(lat_forward_alloc(model, B, S, &forward), LAT_OK);
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    assert_int_equal(lat_transformer_embed(model, B, S, token, x), LAT_OK);
    assert_int_equal(lat_transformer_run(model, forward, config.steps, x, NULL, NULL, 0), LAT_OK);
    lat_transformer_logits(model, forward, x, logits);
    struct lat_pass *pass = lat_pass_make(tape, model, B, S, NULL);
    assert_non_null(pass);
    struct lat_array *end = lat_pass_run(pass, config.steps, SIZE_MAX, lat_pass_embed(pass, token), NULL);
    struct lat_array *z = lat_pass_logits(pass, end);
    assert_non_null(z);
    must_agree(choice, "states", B * S * 10, end->value, x);
    assert_int_equal(z->columns, lat_transformer_classes(&config));
    must_agree(choice, "logits", B * S * z->columns, z->value, logits);
    if (config.mask != LAT_MASK_FULL) {
      struct lat_cache *cache = NULL;
      static float y[B * S * 10];
      assert_int_equal(lat_cache_alloc(model, B, S, config.steps, &cache), LAT_OK);
      assert_int_equal(lat_transformer_embed(model, B, S, token, y), LAT_OK);
      assert_int_equal(lat_transformer_decode(model, cache, S, y), LAT_OK);
      must_agree(choice, "decoded states", B * S * 10, y, x);
      lat_cache_free(cache);
    }
    lat_tape_free(tape);
    lat_forward_free(forward);
    lat_transformer_free(model);
  }
}

/* A pass over `token` with losses of every position before `end`; the gradient of the token table is added to `gradient`. */
static struct lat_array *pass_over(struct lat_tape *tape, const struct lat_transformer *model, const int32_t *token,
                                   size_t end, float *gradient) {
  int32_t target[B * S];
  for (size_t i = 0; i < B * S; i++) target[i] = i % S < end ? 0 : -1;
  lat_tape_reset(tape);
  struct lat_pass *pass = lat_pass_make(tape, model, B, S, gradient);
  struct lat_array *x = lat_pass_run(pass, model->config.steps, SIZE_MAX, lat_pass_embed(pass, token), NULL);
  struct lat_array *z = lat_pass_logits(pass, x), *sum = lat_cross_entropy(tape, z, target, NULL, NULL, NULL);
  assert_non_null(sum);
  assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  return z;
}

/* Neither values nor gradients: token V - 1 stands nowhere but at CHANGED, and the losses before that give its embedding none. */
static void a_later_token_changes_no_earlier_bit_and_gets_no_gradient(void **state) {
  (void)state;
  enum { CHANGED = 6 };
  for (unsigned choice = 0; choice < 60; choice++) {
    struct lat_transformer_config config = config_of(choice);
    if (config.mask == LAT_MASK_FULL) config.mask = LAT_MASK_CAUSAL;
    config.tied_head = 0;
    struct lat_transformer *model = help_model(&config, 0.4, choice);
    struct lat_tape *tape = NULL;
    int32_t token[FIELDS * B * S];
    static float before[B * S * (V + 1)];
    size_t fields = lat_transformer_fields(&config), classes = lat_transformer_classes(&config), part = 10 / fields;
    float *gradient = lat_calloc(model->count, sizeof *gradient);
    double earlier = 0, last = 0;
    tokens(token);
    for (size_t i = 0; i < FIELDS * B * S; i++) token[i] %= V - 1;
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    memcpy(before, pass_over(tape, model, token, S, gradient)->value, B * S * classes * sizeof *before);
    memset(gradient, 0, model->count * sizeof *gradient);
    for (size_t b = 0; b < B; b++) token[(b * S + CHANGED) * fields] = V - 1;
    const float *after = pass_over(tape, model, token, CHANGED, gradient)->value;
    for (size_t b = 0; b < B; b++) {
      size_t row = b * S * classes, bytes = CHANGED * classes * sizeof *after;
      if (memcmp(before + row, after + row, bytes) != 0) fail_msg("choice %u: an earlier logit has changed", choice);
      assert_memory_not_equal(before + row + CHANGED * classes, after + row + CHANGED * classes, classes * sizeof *after);
    }
    for (size_t i = 0; i < V * part; i++) *(i < (V - 1) * part ? &earlier : &last) += fabs((double)gradient[i]);
    if (!(last == 0 && earlier > 0)) fail_msg("choice %u: a later token's gradient is %g", choice, last);
    lat_free(gradient);
    lat_tape_free(tape);
    lat_transformer_free(model);
  }
}

/* The same shapes need no new memory, in any configuration. */
static void a_second_pass_allocates_nothing(void **state) {
  (void)state;
  int32_t token[FIELDS * B * S];
  tokens(token);
  for (unsigned choice = 0; choice < 60; choice++) {
    struct lat_transformer_config config = config_of(choice);
    struct lat_transformer *model = help_model(&config, 0.4, choice);
    struct lat_tape *tape = NULL;
    float *gradient = lat_calloc(model->count, sizeof *gradient);
    assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
    pass_over(tape, model, token, S, gradient);
    uint64_t before = lat_memory_allocations();
    size_t bytes = lat_tape_bytes(tape);
    for (int again = 0; again < 2; again++) pass_over(tape, model, token, S, gradient);
    if (lat_memory_allocations() != before) fail_msg("choice %u: a later pass allocates", choice);
    assert_int_equal(lat_tape_bytes(tape), bytes);
    lat_free(gradient);
    lat_tape_free(tape);
    lat_transformer_free(model);
  }
}

static void a_stored_model_comes_back(void **state) {
  (void)state;
  char path[] = "/tmp/latentlab-pass-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  for (unsigned choice = 0; choice < 30; choice++) {
    struct lat_transformer_config config = config_of(choice);
    struct lat_transformer *model = help_model(&config, 0.4, choice), *back = NULL;
    assert_int_equal(lat_weights_save(path, model, NULL), LAT_OK);
    assert_int_equal(lat_weights_load(path, &back, NULL), LAT_OK);
    assert_int_equal(back->config.placement, config.placement);
    assert_int_equal(back->config.tied_head, config.tied_head);
    assert_int_equal(back->config.input_injection, config.input_injection);
    assert_int_equal(back->config.fields, lat_transformer_fields(&config));
    assert_int_equal(back->config.classes, lat_transformer_classes(&config));
    assert_true(back->config.residual_scale == config.residual_scale);
    assert_int_equal(back->count, model->count);
    assert_memory_equal(back->parameters, model->parameters, model->count * sizeof(float));
    if (config.tied_head) assert_ptr_equal(back->head, back->token);
    lat_transformer_free(back);
    lat_transformer_free(model);
  }
  unlink(path);
}

static void a_token_outside_the_vocabulary_is_told(void **state) {
  (void)state;
  struct lat_transformer_config config = config_of(0);
  struct lat_transformer *model = help_model(&config, 0.4, 0);
  struct lat_tape *tape = NULL;
  int32_t token[B * S] = {0};
  token[5] = V;
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  assert_null(lat_pass_embed(lat_pass_make(tape, model, B, S, NULL), token));
  assert_int_equal(lat_tape_status(tape), LAT_INPUT);
  assert_string_equal(lat_error_message(), "token 13 at row 5 is outside 0..12");
  lat_tape_free(tape);
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_tape_gives_what_the_forward_pass_gives),
      cmocka_unit_test(a_later_token_changes_no_earlier_bit_and_gets_no_gradient),
      cmocka_unit_test(a_second_pass_allocates_nothing),
      cmocka_unit_test(a_stored_model_comes_back),
      cmocka_unit_test(a_token_outside_the_vocabulary_is_told),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
