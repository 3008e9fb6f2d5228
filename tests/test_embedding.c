/* Where tokens come in: embeddings, fields and positions; and where classes come out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/transformer.h"
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

static void embedding_adds_positions_and_refuses_strange_tokens(void **unused) {
  (void)unused;
  for (unsigned kind = 0; kind < 4; kind++) {
    struct lat_transformer_config config = usual;
    config.positions = (enum lat_positions)kind;
    config.sequence = config.positions == LAT_POSITIONS_LEARNED ? 4 : 0;
    struct lat_transformer *model = help_model(&config, 0.4, 15);
    int32_t token[8] = {0, 10, 3, 3, 7, 1, 2, 10};
    float x[8 * 24];
    assert_int_equal(lat_transformer_embed(model, 2, 4, token, x), LAT_OK);
    for (size_t r = 0; r < 8; r++) {
      for (size_t i = 0; i < 24; i++) {
        double angle = (double)(r % 4) / pow(10000.0, (double)(i / 2 * 2) / 24.0), add = 0.0;
        if (config.positions == LAT_POSITIONS_LEARNED) add = (double)model->position[r % 4 * 24 + i];
        if (config.positions == LAT_POSITIONS_SINUSOIDAL) add = i % 2 == 0 ? sin(angle) : cos(angle);
        double error = fabs((double)x[r * 24 + i] - ((double)model->token[token[r] * 24 + (int)i] + add));
        if (!(error <= 1e-6)) fail_msg("%s: row %zu channel %zu", lat_positions_name(config.positions), r, i);
      }
    }
    token[5] = 11;
    assert_int_equal(lat_transformer_embed(model, 2, 4, token, x), LAT_INPUT);
    token[5] = -1;
    assert_int_equal(lat_transformer_embed(model, 2, 4, token, x), LAT_INPUT);
    assert_string_equal(lat_error_message(), "token -1 at row 5 is outside 0..10");
    if (config.positions == LAT_POSITIONS_LEARNED)
      assert_int_equal(lat_transformer_embed(model, 1, 5, token, x), LAT_INPUT);
    lat_transformer_free(model);
  }
}

static void fields_stand_side_by_side_and_the_head_has_a_row_for_each_class(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.fields = 3;
  config.classes = 2;
  struct lat_transformer *model = help_model(&config, 0.4, 15);
  struct lat_forward *forward;
  int32_t token[12] = {0, 10, 3, 3, 7, 1, 2, 10, 5, 5, 5, 4};
  float x[4 * 24], logits[4 * 2 + 1] = {[8] = 77}, normed[4 * 24];
  assert_int_equal(lat_transformer_embed(model, 2, 2, token, x), LAT_OK);
  for (size_t r = 0; r < 4; r++)
    for (size_t i = 0; i < 24; i++) assert_true(x[r * 24 + i] == model->token[(size_t)token[r * 3 + i / 8] * 8 + i % 8]);
  assert_int_equal(lat_forward_alloc(model, 2, 2, &forward), LAT_OK);
  lat_transformer_logits(model, forward, x, logits);
  lat_layernorm_reference(4, 24, x, model->final_norm.gain, model->final_norm.bias, config.norm_epsilon, normed);
  for (size_t i = 0; i < 8; i++) {
    double expected = 0;
    for (size_t d = 0; d < 24; d++) expected += (double)model->head[i % 2 * 24 + d] * (double)normed[i / 2 * 24 + d];
    assert_true(fabs((double)logits[i] - expected) <= 1e-5);
  }
  assert_true(logits[8] == 77);
  token[7] = 11;
  assert_int_equal(lat_transformer_embed(model, 2, 2, token, x), LAT_INPUT);
  assert_string_equal(lat_error_message(), "token 11 at row 2, field 1, is outside 0..10");
  lat_forward_free(forward);
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(embedding_adds_positions_and_refuses_strange_tokens),
      cmocka_unit_test(fields_stand_side_by_side_and_the_head_has_a_row_for_each_class),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
