/* Weights files for other programs: models of three kinds that run, are saved, and are held against numpy elsewhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/weights.h"
#include "tests/model_help.h"

/* For tests/e2e_weights.sh: with LAT_KEEP set, models of three kinds with the state after T steps beside them. */
static void a_model_can_be_given_to_another_framework(void **unused) {
  (void)unused;
  const char *keep = getenv("LAT_KEEP");
  const struct lat_transformer_config kinds[] = {
      {.norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU, .mask = LAT_MASK_CAUSAL, .linear_bias = 1},
      {.norm = LAT_NORM_RMSNORM, .activation = LAT_ACTIVATION_GELU_TANH, .mask = LAT_MASK_FULL, .input_injection = 1},
      {.norm = LAT_NORM_NONE,
       .activation = LAT_ACTIVATION_RELU,
       .mask = LAT_MASK_WINDOW,
       .window = 6,
       .linear_bias = 1,
       .positions = LAT_POSITIONS_ROTARY}};
  for (unsigned kind = 0; kind < 3; kind++) {
    struct lat_transformer_config config = kinds[kind];
    enum { TOKENS = 21 };
    config.width = 12;
    config.heads = 3, config.key_width = 4, config.value_width = 5, config.ffn = 17;
    config.layers = 2, config.steps = 3, config.norm_epsilon = 1e-5, config.attention_scale = 0.5;
    struct lat_transformer *model = help_model(&config, 0.5, 1);
    for (size_t i = 0; config.norm == LAT_NORM_NONE && i < model->count; i++) model->parameters[i] *= 0.5f;
    struct lat_prompt *prompt = help_prompt(TOKENS, 12, 4, 3);
    struct lat_forward *forward;
    float x[TOKENS * 12];
    lat_prompt_state(prompt, (const unsigned char[4]){1, 0, 1, 1}, x);
    assert_int_equal(lat_forward_alloc(model, 1, TOKENS, &forward), LAT_OK);
    assert_int_equal(lat_transformer_run(model, forward, config.steps, x, NULL, NULL, 0), LAT_OK);
    for (size_t i = 0; i < TOKENS * 12; i++) assert_true(isfinite(x[i]));
    if (keep != NULL) {
      char path[512];
      snprintf(path, sizeof path, "%s/model%u.h5", keep, kind);
      assert_int_equal(lat_weights_save(path, model, prompt), LAT_OK);
      snprintf(path, sizeof path, "%s/model%u.state", keep, kind);
      assert_int_equal(lat_file_write(path, (const char *)x, sizeof x), LAT_OK);
    }
    lat_forward_free(forward);
    lat_prompt_free(prompt);
    lat_transformer_free(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_model_can_be_given_to_another_framework),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
