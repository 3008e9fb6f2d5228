/* What a transformer can be: sizes are counted, impossible ones are refused, names are read back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/nn/transformer.h"

static const struct lat_transformer_config usual = {.vocabulary = 11,
                                                    .sequence = 0,
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

static void the_count_is_the_sum_of_the_shapes(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.positions = LAT_POSITIONS_LEARNED;
  config.sequence = 9;
  config.step_embeddings = 4;
  size_t layer = 2 * 2 * 24 + 2 * (18 * 24 + 18) + (15 * 24 + 15) + (24 * 15 + 24) + (37 * 24 + 37) + (24 * 37 + 24);
  assert_int_equal(lat_transformer_count(&config), 2 * 11 * 24 + 9 * 24 + 4 * 24 + 2 * 24 + 2 * layer);
  struct lat_transformer *model;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
  assert_int_equal(model->count, lat_transformer_count(&config));
  double total = 0.0;
  for (size_t i = 0; i < model->count; i++) total += (double)model->parameters[i];
  assert_true(total == 5 * 24); /* the gains */
  assert_ptr_equal(model->head + 11 * 24, model->layer[0].norm1.gain);
  assert_ptr_equal(model->layer[1].down.bias + 24, model->parameters + model->count);
  lat_transformer_free(model);
  /* by hand: S 3, causal: 6 pairs */
  double flops = 2 * (2.0 * 3 * 24 * (2 * 18 + 2 * 15) + 2.0 * 6 * (18 + 15) + 4.0 * 3 * 24 * 37);
  assert_true(lat_transformer_flops(&usual, 3) == flops);
}

static void fields_classes_and_the_norm_of_injection_are_counted(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  size_t before = lat_transformer_count(&config);
  config.fields = 4;
  config.classes = 3;
  config.input_injection = LAT_INJECTION_NORM;
  assert_int_equal(lat_transformer_count(&config), before - 11 * 24 + 11 * 6 - 11 * 24 + 3 * 24 + 2 * 24);
  struct lat_transformer *model;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
  assert_ptr_equal(model->inject_norm.gain, model->token + 11 * 6);
  assert_true(model->inject_norm.gain[23] == 1 && model->inject_norm.bias[0] == 0);
  assert_ptr_equal(model->layer[0].norm1.gain, model->head + 3 * 24);
  lat_transformer_free(model);
}

static void without_heads_a_layer_is_its_feed_forward_half(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.heads = config.key_width = config.value_width = 0;
  size_t layer = 2 * 24 + (37 * 24 + 37) + (24 * 37 + 24);
  assert_int_equal(lat_transformer_count(&config), 2 * 11 * 24 + 2 * 24 + 2 * layer);
  assert_true(lat_transformer_flops(&config, 3) == 2 * 4.0 * 3 * 24 * 37);
  struct lat_transformer *model;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
  assert_null(model->layer[1].norm1.gain);
  assert_null(model->layer[1].query.weight);
  assert_ptr_equal(model->layer[1].norm2.gain, model->layer[0].down.bias + 24);
  lat_transformer_free(model);
  config.positions = LAT_POSITIONS_ROTARY;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
  assert_string_equal(lat_error_message(), "rotary positions turn queries and keys, and with heads 0 there are none");
}

static void impossible_configurations_are_refused_with_the_reason(void **unused) {
  (void)unused;
  const struct {
    size_t offset, value;
    const char *reason;
  } bad[] = {
      {offsetof(struct lat_transformer_config, width), 0, "width is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, heads), 0,
       "heads is 0, so key_width and value_width must be 0 and not 6 and 5"},
      {offsetof(struct lat_transformer_config, key_width), 0, "key_width is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, key_width), 3, "key_width is 3, and rotary positions need an even one"},
      {offsetof(struct lat_transformer_config, value_width), 0, "value_width is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, ffn), 0, "ffn is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, layers), 0, "layers is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, steps), 0, "steps is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, window), 0, "window is 0, and at least 1 is needed"},
      {offsetof(struct lat_transformer_config, ffn), (size_t)1 << 40,
       "ffn is 1099511627776, and at most 2147483647 can be"},
      {offsetof(struct lat_transformer_config, heads), (size_t)1 << 30,
       "heads x key_width is 6442450944, and at most 2147483647 can be"},
  };
  struct lat_transformer *model;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_transformer_config config = usual;
    config.positions = LAT_POSITIONS_ROTARY;
    config.mask = LAT_MASK_WINDOW;
    config.window = 3;
    memcpy((char *)&config + bad[i].offset, &bad[i].value, sizeof(size_t));
    assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
    assert_null(model);
    assert_string_equal(lat_error_message(), bad[i].reason);
  }
  const struct {
    size_t fields, classes, vocabulary;
    int tied, injection;
    enum lat_norm norm;
    const char *reason;
  } ends[] = {
      {5, 0, 11, 0, 0, LAT_NORM_NONE, "width 24 is not divisible by fields 5, whose embeddings stand side by side"},
      {48, 0, 11, 0, 0, LAT_NORM_NONE, "width 24 is not divisible by fields 48, whose embeddings stand side by side"},
      {2, 0, 0, 0, 0, LAT_NORM_NONE, "vocabulary is 0, so there can be neither fields nor classes, and they are 2 and 0"},
      {0, 3, 0, 0, 0, LAT_NORM_NONE, "vocabulary is 0, so there can be neither fields nor classes, and they are 0 and 3"},
      {2, 0, 11, 1, 0, LAT_NORM_NONE, "the head cannot be the token embedding with 2 fields, vocabulary 11 and 11 classes"},
      {1, 4, 11, 1, 0, LAT_NORM_NONE, "the head cannot be the token embedding with 1 fields, vocabulary 11 and 4 classes"},
      {0, 0, 11, 0, LAT_INJECTION_NORM, LAT_NORM_NONE, "the injected input is to pass a norm, and the model has none"},
      {3, 4, 11, 0, LAT_INJECTION_NORM, LAT_NORM_RMSNORM, NULL},
      {1, 11, 11, 1, LAT_INJECTION_ADD, LAT_NORM_NONE, NULL},
  };
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    struct lat_transformer_config config = usual;
    config.fields = ends[i].fields, config.classes = ends[i].classes, config.vocabulary = ends[i].vocabulary;
    config.tied_head = ends[i].tied, config.norm = ends[i].norm;
    config.input_injection = (enum lat_injection)ends[i].injection;
    assert_int_equal(lat_transformer_alloc(&config, &model), ends[i].reason != NULL ? LAT_INPUT : LAT_OK);
    if (ends[i].reason != NULL) assert_string_equal(lat_error_message(), ends[i].reason);
    lat_transformer_free(model);
  }
  const double wrong[] = {(double)NAN, (double)INFINITY, -1e-5};
  for (size_t i = 0; i < 3; i++) {
    struct lat_transformer_config config = usual;
    config.norm_epsilon = wrong[i];
    assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
    config = usual;
    config.attention_scale = i == 2 ? 1e300 : wrong[i];
    assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
  }
  struct lat_transformer_config config = usual;
  config.positions = LAT_POSITIONS_LEARNED;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
  config = usual;
  config.width = config.ffn = config.layers = 0x7fffffff;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_INPUT);
  assert_string_equal(lat_error_message(), "the sizes give more parameters than can be counted");
}

static void names_read_back(void **unused) {
  (void)unused;
  for (unsigned i = 0; i < 4; i++) {
    enum lat_norm norm;
    enum lat_activation activation;
    enum lat_mask mask;
    enum lat_positions positions;
    enum lat_injection injection;
    assert_int_equal(lat_positions_parse(lat_positions_name((enum lat_positions)i), &positions), LAT_OK);
    assert_int_equal(positions, i);
    if (i == 3) break;
    assert_int_equal(lat_norm_parse(lat_norm_name((enum lat_norm)i), &norm), LAT_OK);
    assert_int_equal(norm, i);
    assert_int_equal(lat_activation_parse(lat_activation_name((enum lat_activation)i), &activation), LAT_OK);
    assert_int_equal(activation, i);
    assert_int_equal(lat_mask_parse(lat_mask_name((enum lat_mask)i), &mask), LAT_OK);
    assert_int_equal(mask, i);
    assert_int_equal(lat_injection_parse(lat_injection_name((enum lat_injection)i), &injection), LAT_OK);
    assert_int_equal(injection, i);
    assert_int_equal(lat_injection_parse("1", &injection), LAT_INPUT);
    assert_string_equal(lat_error_message(), "'1' is no injection of the input: none, add or norm");
    assert_int_equal(lat_norm_parse("batch", &norm), LAT_INPUT);
    assert_int_equal(lat_activation_parse("", &activation), LAT_INPUT);
    assert_int_equal(lat_mask_parse("Full", &mask), LAT_INPUT);
    assert_int_equal(lat_positions_parse("alibi", &positions), LAT_INPUT);
    assert_string_equal(lat_error_message(), "'alibi' are no positions: none, learned, sinusoidal or rotary");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_count_is_the_sum_of_the_shapes),
      cmocka_unit_test(fields_classes_and_the_norm_of_injection_are_counted),
      cmocka_unit_test(without_heads_a_layer_is_its_feed_forward_half),
      cmocka_unit_test(impossible_configurations_are_refused_with_the_reason),
      cmocka_unit_test(names_read_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
