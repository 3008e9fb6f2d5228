/* A sequence that grows on the tape has the states and gradients of one pass over the whole sequence, and a thought fed back those of
 * a pass that is run again for every thought. */
#include "lib/nn/extend.h"

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
#include "tests/model_help.h"

enum { B = 3, S = 9, V = 7, D = 12, FIELDS = 2 };

static struct lat_transformer_config config_of(unsigned choice) {
  struct lat_transformer_config c = {.vocabulary = V,
                                     .sequence = S,
                                     .width = D,
                                     .heads = choice % 5 == 4 ? 0 : 2,
                                     .ffn = 17,
                                     .layers = 1 + choice % 2,
                                     .steps = 1 + choice % 3,
                                     .norm = LAT_NORM_LAYERNORM,
                                     .norm_epsilon = 1e-5,
                                     .placement = (enum lat_placement)(choice % 3),
                                     .activation = LAT_ACTIVATION_GELU_TANH,
                                     .mask = choice % 4 == 3 ? LAT_MASK_WINDOW : LAT_MASK_CAUSAL,
                                     .window = 3,
                                     .positions = (enum lat_positions)(choice % 4),
                                     .attention_scale = 0.5,
                                     .input_injection = (enum lat_injection)(choice % 3),
                                     .step_embeddings = choice % 2,
                                     .linear_bias = 1,
                                     .fields = 1 + choice % 2,
                                     .final_norm = choice % 3 != 1};
  if (c.heads > 0)
    c.key_width = 4, c.value_width = 5;
  else if (c.positions == LAT_POSITIONS_ROTARY)
    c.positions = LAT_POSITIONS_LEARNED;
  return c;
}

static int32_t token[FIELDS * B * S], target[B * S];

static void draw(void) {
  struct lat_random random;
  lat_random_start(&random, 4, "tokens", 0);
  for (size_t i = 0; i < FIELDS * B * S; i++) token[i] = (int32_t)lat_random_below(&random, V);
  for (size_t i = 0; i < B * S; i++) target[i] = i % 4 == 2 ? -1 : (int32_t)lat_random_below(&random, V);
}

/* Tokens first .. first + n - 1 of every sequence, on the tape. */
static int32_t *part(struct lat_tape *tape, size_t fields, size_t first, size_t n) {
  int32_t *to = lat_tape_memory(tape, B * n * fields, sizeof *to);
  assert_non_null(to);
  for (size_t b = 0; b < B; b++) memcpy(to + b * n * fields, token + (b * S + first) * fields, n * fields * sizeof *to);
  return to;
}

static void must_agree(unsigned choice, const char *what, size_t n, const float *a, const float *b) {
  double largest = 0, scale = 0;
  for (size_t i = 0; i < n; i++) {
    double difference = fabs((double)a[i] - (double)b[i]);
    if (!(difference <= largest)) largest = difference;
    scale = fmax(scale, fabs((double)b[i]));
  }
  if (!(largest <= 5e-5 * (1 + scale))) fail_msg("choice %u, %s: differs by %g at scale %g", choice, what, largest, scale);
}

struct result {
  float loss, *gradient, state[B * S * D];
};

/* Whole: one pass. Else in parts of 4, 1, 1 and the rest; of the last part only the last two states are asked for. */
static struct result run(const struct lat_transformer *model, int whole) {
  const struct lat_transformer_config *config = &model->config;
  size_t fields = lat_transformer_fields(config);
  struct lat_tape *tape = NULL;
  struct result result = {.gradient = lat_calloc(model->count, sizeof(float))};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  struct lat_pass *pass = lat_pass_make(tape, model, B, S, result.gradient);
  struct lat_array *x = NULL;
  assert_non_null(pass);
  if (whole) {
    x = lat_pass_run(pass, config->steps, SIZE_MAX, lat_pass_embed(pass, part(tape, fields, 0, S)), NULL);
    x = lat_join_rows(tape, B, lat_take_rows(tape, B, x, 0, 6), lat_take_rows(tape, B, x, 7, 2));
  } else {
    static const size_t length[] = {4, 1, 1, 3};
    struct lat_pass_cache *cache = lat_pass_cache_make(pass, config->steps);
    for (size_t i = 0; i < 4; i++) {
      size_t n = length[i];
      struct lat_array *in = lat_pass_embed_next(pass, cache, n, part(tape, fields, cache->tokens, n));
      x = lat_join_rows(tape, B, x, lat_pass_extend(pass, cache, n, i == 3 ? 2 : n, in));
    }
    assert_int_equal(cache->tokens, S);
  }
  assert_non_null(x);
  assert_int_equal(x->rows, B * 8);
  memcpy(result.state, x->value, x->rows * D * sizeof(float));
  struct lat_array *loss = lat_cross_entropy(tape, lat_pass_logits(pass, x), target, NULL, NULL, NULL);
  assert_non_null(loss);
  result.loss = loss->value[0];
  assert_int_equal(lat_tape_backward(tape, loss, 1), LAT_OK);
  lat_tape_free(tape);
  return result;
}

static void parts_are_the_whole(void **unused) {
  (void)unused;
  draw();
  for (unsigned choice = 0; choice < 60; choice++) {
    struct lat_transformer_config config = config_of(choice);
    struct lat_transformer *model = help_model(&config, 0.4, choice);
    struct result whole = run(model, 1), parts = run(model, 0);
    must_agree(choice, "states", B * 8 * D, parts.state, whole.state);
    must_agree(choice, "loss", 1, &parts.loss, &whole.loss);
    must_agree(choice, "gradients", model->count, parts.gradient, whole.gradient);
    lat_free(whole.gradient);
    lat_free(parts.gradient);
    lat_transformer_free(model);
  }
}

enum { PROMPT = 4, THOUGHTS = 3 };

/* The state of the last thought, from keys and values that are kept or from a pass over everything for each thought. */
static struct result think(const struct lat_transformer *model, int kept) {
  const struct lat_transformer_config *config = &model->config;
  size_t fields = lat_transformer_fields(config);
  struct lat_tape *tape = NULL;
  struct result result = {.gradient = lat_calloc(model->count, sizeof(float))};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  struct lat_pass *pass = lat_pass_make(tape, model, B, S, result.gradient);
  struct lat_pass_cache *cache = lat_pass_cache_make(pass, config->steps);
  struct lat_array *x = lat_pass_embed_next(pass, cache, PROMPT, part(tape, fields, 0, PROMPT)), *y = NULL;
  if (kept) y = lat_pass_extend(pass, cache, PROMPT, 1, x);
  for (size_t t = 0; t < THOUGHTS; t++) {
    size_t n = PROMPT + t;
    if (!kept) {
      cache = lat_pass_cache_make(pass, config->steps);
      y = lat_take_rows(tape, B, lat_pass_extend(pass, cache, n, n, x), n - 1, 1);
    }
    struct lat_array *thought = lat_pass_place_next(pass, cache, 1, lat_pass_final(pass, y));
    if (kept)
      y = lat_pass_extend(pass, cache, 1, 1, thought);
    else
      x = lat_join_rows(tape, B, x, thought);
  }
  if (!kept) {
    cache = lat_pass_cache_make(pass, config->steps);
    y = lat_pass_extend(pass, cache, PROMPT + THOUGHTS, 1, x);
  }
  assert_non_null(y);
  memcpy(result.state, y->value, B * D * sizeof(float));
  struct lat_array *loss = lat_cross_entropy(tape, lat_pass_logits(pass, y), target, NULL, NULL, NULL);
  assert_int_equal(lat_tape_backward(tape, loss, 1), LAT_OK);
  lat_tape_free(tape);
  return result;
}

static void thoughts_need_no_second_pass(void **unused) {
  (void)unused;
  draw();
  for (unsigned choice = 0; choice < 60; choice++) {
    struct lat_transformer_config config = config_of(choice);
    struct lat_transformer *model = help_model(&config, 0.4, choice);
    struct result again = think(model, 0), kept = think(model, 1);
    must_agree(choice, "last thought", B * D, kept.state, again.state);
    must_agree(choice, "gradients through thoughts", model->count, kept.gradient, again.gradient);
    lat_free(again.gradient);
    lat_free(kept.gradient);
    lat_transformer_free(model);
  }
}

static void memory_that_runs_out_is_a_status(void **unused) {
  (void)unused;
  struct lat_transformer_config config = config_of(2);
  struct lat_transformer *model = help_model(&config, 0.4, 1);
  size_t before = lat_memory_current();
  draw();
  for (uint64_t k = 1; k < 6; k++) {
    struct lat_tape *tape = NULL;
    lat_memory_fail_at(k);
    if (lat_tape_alloc(&tape) == LAT_OK) {
      struct lat_pass *pass = lat_pass_make(tape, model, B, S, NULL);
      struct lat_pass_cache *cache = pass != NULL ? lat_pass_cache_make(pass, config.steps) : NULL;
      if (cache != NULL) {
        struct lat_array *x = lat_pass_embed_next(pass, cache, 2, token);
        struct lat_array *y = lat_pass_extend(pass, cache, 2, 1, x);
        assert_true((y == NULL) == (lat_tape_status(tape) != LAT_OK));
      }
    }
    lat_memory_fail_at(0);
    lat_tape_free(tape);
    assert_int_equal(lat_memory_current(), before);
  }
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(parts_are_the_whole),
      cmocka_unit_test(thoughts_need_no_second_pass),
      cmocka_unit_test(memory_that_runs_out_is_a_status),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
