/* The weights file: what is saved comes back, equal models give equal bytes, and a hostile file gives one sentence. */
#include "lib/store/weights.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/hdf5.h"
#include "tests/model_help.h"

static char folder[] = "/tmp/latentlab-weights-XXXXXX";
static char first[64], second[64];

static const struct lat_transformer_config usual = {.vocabulary = 7,
                                                    .sequence = 9,
                                                    .width = 12,
                                                    .heads = 3,
                                                    .key_width = 4,
                                                    .value_width = 5,
                                                    .ffn = 17,
                                                    .layers = 2,
                                                    .steps = 3,
                                                    .norm = LAT_NORM_LAYERNORM,
                                                    .norm_epsilon = 1e-5,
                                                    .activation = LAT_ACTIVATION_GELU,
                                                    .mask = LAT_MASK_CAUSAL,
                                                    .positions = LAT_POSITIONS_LEARNED,
                                                    .attention_scale = 0.5,
                                                    .input_injection = 1,
                                                    .step_embeddings = 2,
                                                    .linear_bias = 1,
                                                    .final_norm = 1};

static void save_usual(const char *path) {
  struct lat_transformer *model = help_model(&usual, 0.5, 1);
  struct lat_prompt *prompt = help_prompt(6, usual.width, 4, 3);
  assert_int_equal(lat_weights_save(path, model, prompt), LAT_OK);
  lat_transformer_free(model);
  lat_prompt_free(prompt);
}

static void must_be_same_bytes(const char *a, const char *b) {
  char *left, *right;
  size_t left_count, right_count;
  assert_int_equal(lat_file_read(a, &left, &left_count), LAT_OK);
  assert_int_equal(lat_file_read(b, &right, &right_count), LAT_OK);
  assert_int_equal(left_count, right_count);
  assert_memory_equal(left, right, left_count);
  lat_free(left);
  lat_free(right);
}

static void a_model_comes_back_and_saves_to_the_same_bytes(void **unused) {
  (void)unused;
  for (unsigned kind = 0; kind < 18; kind++) {
    struct lat_transformer_config config = usual;
    if (kind >= 12) config.heads = config.key_width = config.value_width = 0;
    config.norm = (enum lat_norm)(kind % 3);
    config.activation = (enum lat_activation)((kind + 1) % 3);
    config.mask = (enum lat_mask)(kind / 2 % 3);
    config.window = config.mask == LAT_MASK_WINDOW ? 3 : 0;
    config.positions = (enum lat_positions)(kind % (kind < 12 ? 4 : 3));
    config.linear_bias = kind % 2 == 0;
    config.final_norm = kind < 6;
    config.input_injection = (enum lat_injection)(kind % 5 == 0);
    if (kind % 5 == 2 && config.norm != LAT_NORM_NONE) config.input_injection = LAT_INJECTION_NORM;
    config.step_embeddings = kind % 4;
    config.vocabulary = kind % 3 * 4;
    if (config.vocabulary > 0) config.fields = kind % 4, config.classes = kind % 5 * 3;
    config.sequence = config.positions == LAT_POSITIONS_LEARNED ? 5 : 0;
    config.layers = 1 + kind % 2 * 2;
    config.norm_epsilon = 1e-5 / 3;
    config.arithmetic = (struct lat_arithmetic){(enum lat_dtype)(kind % 5), (enum lat_dtype)(kind / 2 % 5)};
    struct lat_transformer *model = help_model(&config, 0.5, 1), *again;
    lat_transformer_round(model);
    struct lat_prompt *prompt = kind % 2 ? help_prompt(1 + kind, usual.width, kind, kind / 2) : NULL, *back;
    if (prompt != NULL && kind % 3 == 0) {
      assert_int_equal(lat_prompt_add_columns(prompt), LAT_OK);
      for (size_t i = 0; i < prompt->inputs; i++) prompt->input_column[i] = (uint32_t)(3 * i % usual.width);
      for (size_t o = 0; o < prompt->outputs; o++) prompt->readout_column[o] = (uint32_t)(usual.width - 1 - o);
    }
    assert_int_equal(lat_weights_save(first, model, prompt), LAT_OK);
    if (lat_weights_load(first, &again, &back) != LAT_OK) fail_msg("%s", lat_error_message());
    assert_int_equal(again->count, model->count);
    assert_memory_equal(again->parameters, model->parameters, model->count * sizeof(float));
    assert_int_equal(again->config.positions, config.positions);
    assert_int_equal(again->config.arithmetic.storage, config.arithmetic.storage);
    assert_int_equal(again->config.arithmetic.accumulate, config.arithmetic.accumulate);
    assert_true(again->config.norm_epsilon == config.norm_epsilon);
    assert_int_equal(again->config.step_embeddings, config.step_embeddings);
    assert_int_equal(again->config.input_injection, config.input_injection);
    assert_int_equal(lat_transformer_fields(&again->config), lat_transformer_fields(&config));
    assert_int_equal(lat_transformer_classes(&again->config), lat_transformer_classes(&config));
    assert_int_equal(back != NULL, prompt != NULL);
    if (prompt != NULL) {
      assert_int_equal(back->inputs, prompt->inputs);
      assert_memory_equal(back->state, prompt->state, prompt->tokens * usual.width * sizeof(float));
      assert_int_equal(back->input_column != NULL, kind % 3 == 0);
      if (back->input_column != NULL) {
        assert_memory_equal(back->input_column, prompt->input_column, prompt->inputs * sizeof(uint32_t));
        assert_memory_equal(back->readout_column, prompt->readout_column, prompt->outputs * sizeof(uint32_t));
      }
      assert_memory_equal(back->readout_row, prompt->readout_row, prompt->outputs * sizeof(uint32_t));
    }
    assert_int_equal(lat_weights_save(second, again, back), LAT_OK);
    must_be_same_bytes(first, second);
    lat_transformer_free(again);
    lat_prompt_free(back);
    assert_int_equal(lat_weights_load(first, &again, NULL), LAT_OK); /* the prompt is not wanted */
    lat_transformer_free(again);
    lat_transformer_free(model);
    lat_prompt_free(prompt);
  }
}

/* ---- hostile files: a sound one with one thing changed ---- */

static hid_t file;

static void without_attribute(const char *name) { assert_true(H5Adelete(file, name) >= 0); }
static void with_integer(const char *name, int64_t value) {
  without_attribute(name);
  assert_int_equal(lat_hdf5_put_integer(file, name, value), LAT_OK);
}
static void with_real(const char *name, double value) {
  without_attribute(name);
  assert_int_equal(lat_hdf5_put_real(file, name, value), LAT_OK);
}
static void with_text(const char *name, const char *value) {
  without_attribute(name);
  assert_int_equal(lat_hdf5_put_string(file, name, value), LAT_OK);
}
static void without(const char *name) { assert_true(H5Ldelete(file, name, H5P_DEFAULT) >= 0); }
static void with_data(const char *name, hid_t type, size_t rank, size_t rows, size_t columns, const void *data) {
  if (lat_hdf5_exists(file, name)) without(name);
  assert_int_equal(lat_hdf5_write(file, name, type, rank, (size_t[2]){rows, columns}, data, NULL), LAT_OK);
}

static const double no_real[64];
static const float with_nan[12] = {0, 0, 0, NAN}, with_infinity[12] = {[11] = -INFINITY};

static void no_format(void) { without_attribute("format"); }
static void other_format(void) { with_text("format", "netcdf"); }
static void later_version(void) { with_integer("version", 2); }
static void no_heads(void) { without_attribute("heads"); }
static void negative_layers(void) { with_integer("layers", -1); }
static void huge_layers(void) { with_integer("layers", INT64_MAX); }
static void many_layers(void) { with_integer("layers", 2000000000); }
static void fewer_layers(void) { with_integer("layers", 1); }
static void zero_width(void) { with_integer("width", 0); }
static void real_width(void) { with_real("width", 12.0); }
static void odd_switch(void) { with_integer("final_norm", 2); }
static void nan_scale(void) { with_real("attention_scale", (double)NAN); }
static void strange_mask(void) { with_text("mask", "sparse"); }
static void number_mask(void) { with_integer("mask", 1); }
static void other_heads(void) { with_integer("heads", 4); }
static void no_query(void) { without("layer/1/attention/query/weight"); }
static void group_for_query(void) {
  without("layer/1/attention/query/weight");
  hid_t group = H5Gcreate2(file, "layer/1/attention/query/weight", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  assert_true(group >= 0);
  H5Gclose(group);
}
static void flat_query(void) { with_data("layer/1/attention/query/bias", H5T_NATIVE_FLOAT, 2, 12, 1, with_infinity); }
static void whole_gain(void) { with_data("layer/0/norm1/gain", H5T_NATIVE_INT64, 1, 12, 0, no_real); }
static void nan_gain(void) { with_data("layer/0/norm1/gain", H5T_NATIVE_FLOAT, 1, 12, 0, with_nan); }
static void infinite_bias(void) { with_data("final_norm/bias", H5T_NATIVE_FLOAT, 1, 12, 0, with_infinity); }
static void denied_bias(void) { with_integer("linear_bias", 0); }
static void row_outside(void) { with_data("readout/row", H5T_NATIVE_INT64, 1, 3, 0, (int64_t[3]){0, 6, 1}); }
static void row_negative(void) { with_data("prompt/input_row", H5T_NATIVE_INT64, 1, 2, 0, (int64_t[2]){0, -1}); }
static void row_real(void) { with_data("prompt/input_row", H5T_NATIVE_DOUBLE, 1, 2, 0, no_real); }
static void no_direction(void) { without("readout/direction"); }
static void column_alone(void) { with_data("prompt/input_column", H5T_NATIVE_INT64, 1, 4, 0, (int64_t[4]){0, 1, 2, 11}); }
static void column_outside(void) {
  with_data("readout/column", H5T_NATIVE_INT64, 1, 3, 0, (int64_t[3]){0, 1, 2});
  with_data("prompt/input_column", H5T_NATIVE_INT64, 1, 4, 0, (int64_t[4]){0, 1, 2, 12});
}
static void strange_storage(void) { with_text("storage", "int8"); }
static void no_accumulate(void) { without_attribute("accumulate"); }
static void wide_parameter(void) { with_text("storage", "fp16"); }
static void no_classes(void) { without_attribute("classes"); }
static void other_classes(void) { with_integer("classes", 3); }
static void zero_fields(void) { with_integer("fields", 0); }
static void odd_fields(void) { with_integer("fields", 5); }
static void more_fields(void) { with_integer("fields", 2); }
static void odd_injection(void) { with_integer("input_injection", 3); }
static void no_inject_norm(void) { with_integer("input_injection", 2); }
static void strange_norm(void) { with_data("layer/0/norm3/gain", H5T_NATIVE_FLOAT, 1, 12, 0, no_real); }
static void narrow_state(void) { with_data("prompt/state", H5T_NATIVE_FLOAT, 2, 2, 3, with_infinity); }
static void hollow_head(void) {
  /* a dataset of the right shape that holds nothing, in a model of four gigabytes */
  hsize_t size[2] = {90000000, 12}, chunk[2] = {1024, 12};
  hid_t space = H5Screate_simple(2, size, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(creation, 2, chunk);
  with_integer("vocabulary", 90000000);
  const char *names[] = {"embed/token", "head/weight"};
  for (size_t i = 0; i < 2; i++) {
    without(names[i]);
    H5Dclose(H5Dcreate2(file, names[i], H5T_NATIVE_FLOAT, space, H5P_DEFAULT, creation, H5P_DEFAULT));
  }
  H5Pclose(creation);
  H5Sclose(space);
}

static const struct {
  void (*change)(void);
  const char *sentence;
} hostile[] = {
    {no_format, "attribute format: is missing"},
    {other_format, "attribute format: is 'netcdf', not 'latentlab-weights'"},
    {later_version, "attribute version: 2, and this program reads version 1"},
    {no_heads, "attribute heads: is missing"},
    {negative_layers, "attribute layers: -1 is outside 0..2147483647"},
    {huge_layers, "attribute layers: 9223372036854775807 is outside 0..2147483647"},
    {many_layers, "layer/2/norm1/gain: is missing or no dataset"},
    {fewer_layers, "layer/1: is there, but attribute layers is 1"},
    {zero_width, "width is 0, and at least 1 is needed"},
    {real_width, "attribute width: is no whole number"},
    {odd_switch, "attribute final_norm: 2 is outside 0..1"},
    {nan_scale, "attention_scale is nan, and a finite single-precision number is needed"},
    {strange_mask, "attribute mask: 'sparse' is no mask: full, causal or window"},
    {number_mask, "attribute mask: is no text"},
    {other_heads, "layer/0/attention/query/weight: is not [16, 12]"},
    {no_query, "layer/1/attention/query/weight: is missing or no dataset"},
    {group_for_query, "layer/1/attention/query/weight: is missing or no dataset"},
    {flat_query, "layer/1/attention/query/bias: is not [12]"},
    {whole_gain, "layer/0/norm1/gain: holds another type"},
    {nan_gain, "layer/0/norm1/gain: number 3 is not finite"},
    {infinite_bias, "final_norm/bias: number 11 is not finite"},
    {denied_bias, "layer/0/attention/query/bias: is there, but the attributes describe a model without it"},
    {row_outside, "readout/row: 6 of port 1 is outside 0..5"},
    {row_negative, "prompt/input_row: -1 of port 1 is outside 0..5"},
    {row_real, "prompt/input_row: holds another type"},
    {no_direction, "readout/direction: is missing or no dataset"},
    {column_alone, "prompt/input_column and readout/column: one is there without the other"},
    {column_outside, "prompt/input_column: 12 of port 3 is outside 0..11"},
    {strange_storage, "attribute storage: 'int8' is no number format: fp32, bf16, fp16, fp8-e4m3 or fp8-e5m2"},
    {no_accumulate, "attribute accumulate: is missing"},
    {wide_parameter, "embed/token: number 0 is no value of fp16, which is the storage"},
    {no_classes, "attribute classes: is missing"},
    {other_classes, "head/weight: is not [3, 12]"},
    {zero_fields, "attributes fields and classes: 0 and"},
    {odd_fields, "width 12 is not divisible by fields 5"},
    {more_fields, "embed/token: is not ["},
    {odd_injection, "attribute input_injection: 3 is outside 0..2"},
    {no_inject_norm, "inject_norm/gain: is missing or no dataset"},
    {strange_norm, "layer/0/norm3/gain: is there, but the attributes describe a model without it"},
    {narrow_state, "prompt/state: is not [tokens, 12]"},
    {hollow_head, "embed/token: claims more numbers than the file holds"},
};

static void a_hostile_file_gives_one_sentence_with_path_and_name(void **unused) {
  (void)unused;
  size_t before = lat_memory_current();
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
    struct lat_transformer *model;
    struct lat_prompt *prompt;
    save_usual(first);
    file = H5Fopen(first, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(file >= 0);
    hostile[i].change();
    H5Fclose(file);
    lat_error_clear();
    assert_int_equal(lat_weights_load(first, &model, &prompt), LAT_INPUT);
    assert_null(model);
    assert_null(prompt);
    char expected[256];
    snprintf(expected, sizeof expected, "%s: %s", first, hostile[i].sentence);
    if (strncmp(lat_error_message(), expected, strlen(expected)) != 0)
      fail_msg("'%s' where '%s' is expected", lat_error_message(), expected);
    assert_null(strchr(lat_error_message(), '\n'));
    assert_int_equal(lat_memory_current(), before);
  }
}

static void a_cut_or_flipped_file_is_refused_or_gives_the_same_model(void **unused) {
  (void)unused;
  struct lat_transformer *model = help_model(&usual, 0.5, 1), *back;
  struct lat_prompt *prompt;
  char *bytes;
  size_t count, refused = 0, same = 0;
  save_usual(first);
  assert_int_equal(lat_file_read(first, &bytes, &count), LAT_OK);
  for (size_t cut = 0; cut < count; cut += 1 + count / 40) {
    assert_int_equal(lat_file_write(second, bytes, cut), LAT_OK);
    assert_int_equal(lat_weights_load(second, &back, &prompt), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), second));
  }
  for (size_t bit = 3; bit < 8 * count; bit += 997) {
    bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    assert_int_equal(lat_file_write(second, bytes, count), LAT_OK);
    bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << bit % 8));
    if (lat_weights_load(second, &back, &prompt) != LAT_OK) {
      refused++;
      continue;
    }
    same++;
    assert_memory_equal(back->parameters, model->parameters, model->count * sizeof(float));
    lat_transformer_free(back);
    lat_prompt_free(prompt);
  }
  assert_true(refused > 50);
  lat_free(bytes);
  lat_transformer_free(model);
}

static void what_cannot_be_saved_leaves_the_old_file(void **unused) {
  (void)unused;
  save_usual(first);
  save_usual(second);
  struct lat_transformer *model = help_model(&usual, 0.5, 1);
  struct lat_prompt *prompt = help_prompt(6, usual.width, 4, 3);
  model->layer[1].up.bias[5] = NAN;
  assert_int_equal(lat_weights_save(first, model, prompt), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "layer/1/ffn/up/bias: number 5 is not finite"));
  model->layer[1].up.bias[5] = 0.0f;
  prompt->input_row[2] = 6;
  assert_int_equal(lat_weights_save(first, model, prompt), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "prompt/input_row: 6 of port 2 is outside 0..5"));
  prompt->input_row[2] = 0;
  must_be_same_bytes(first, second);
  assert_int_equal(lat_weights_save("/proc/none/file.h5", model, prompt), LAT_FILE);
  assert_non_null(strstr(lat_error_message(), "/proc/none/file.h5"));
  lat_transformer_free(model);
  lat_prompt_free(prompt);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_transformer_config config = usual;
  config.layers = 1;
  struct lat_transformer *model = help_model(&config, 0.5, 1), *back = NULL;
  struct lat_prompt *prompt = help_prompt(6, usual.width, 4, 3), *prompt_back = NULL;
  size_t before = lat_memory_current(), failures = 0;
  unlink(first);
  for (uint64_t k = 1, done = 0; !done; k++) {
    lat_memory_fail_at(k);
    int status = lat_weights_save(first, model, prompt);
    lat_memory_fail_at(0);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) done = 1;
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
    failures += status != LAT_OK;
  }
  for (uint64_t k = 1, done = 0; !done; k++) {
    lat_memory_fail_at(k);
    int status = lat_weights_load(first, &back, &prompt_back);
    lat_memory_fail_at(0);
    if (status == LAT_OK) done = 1;
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
    if (status != LAT_OK) assert_true(back == NULL && prompt_back == NULL);
    lat_transformer_free(back);
    lat_prompt_free(prompt_back);
    assert_int_equal(lat_memory_current(), before);
    failures += status != LAT_OK;
  }
  assert_true(failures > 20);
  lat_transformer_free(model);
  lat_prompt_free(prompt);
}

static int set_up(void **unused) {
  (void)unused;
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(first, sizeof first, "%s/first.h5", folder);
  snprintf(second, sizeof second, "%s/second.h5", folder);
  return 0;
}

static int tear_down(void **unused) {
  (void)unused;
  unlink(first);
  unlink(second);
  return rmdir(folder); /* fails when a temporary is left */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_model_comes_back_and_saves_to_the_same_bytes),
      cmocka_unit_test(a_hostile_file_gives_one_sentence_with_path_and_name),
      cmocka_unit_test(a_cut_or_flipped_file_is_refused_or_gives_the_same_model),
      cmocka_unit_test(what_cannot_be_saved_leaves_the_old_file),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
