/* Weights files of earlier programs, which lack attributes that came later, and storages that the parameters do not fit. */
#include <hdf5.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/store/weights.h"
#include "tests/model_help.h"

static char path[] = "/tmp/latentlab-weights-XXXXXX";

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
                                                    .positions = LAT_POSITIONS_LEARNED,
                                                    .attention_scale = 0.5,
                                                    .input_injection = LAT_INJECTION_ADD,
                                                    .linear_bias = 1};

static int make_path(void **unused) {
  (void)unused;
  int file = mkstemp(path);
  return file < 0 ? -1 : close(file);
}
static int remove_path(void **unused) {
  (void)unused;
  return unlink(path);
}

static void save_usual(void) {
  struct lat_transformer *model = help_model(&usual, 0.5, 1);
  assert_int_equal(lat_weights_save(path, model, NULL), LAT_OK);
  lat_transformer_free(model);
}

static void a_file_from_before_the_formats_is_in_single_precision(void **unused) {
  (void)unused;
  struct lat_transformer *model;
  save_usual();
  hid_t old = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(old, "storage") >= 0 && H5Adelete(old, "accumulate") >= 0);
  H5Fclose(old);
  assert_int_equal(lat_weights_load(path, &model, NULL), LAT_OK);
  assert_true(lat_arithmetic_is_plain(model->config.arithmetic));
  lat_transformer_free(model);
}

static void a_file_from_before_fields_has_one_token_a_position(void **unused) {
  (void)unused;
  struct lat_transformer *model;
  save_usual();
  hid_t old = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(old, "fields") >= 0 && H5Adelete(old, "classes") >= 0);
  H5Fclose(old);
  assert_int_equal(lat_weights_load(path, &model, NULL), LAT_OK);
  assert_int_equal(lat_transformer_fields(&model->config), 1);
  assert_int_equal(lat_transformer_classes(&model->config), usual.vocabulary);
  assert_int_equal(model->config.input_injection, LAT_INJECTION_ADD);
  lat_transformer_free(model);
}

static void parameters_that_are_no_values_of_the_storage_are_not_saved(void **unused) {
  (void)unused;
  struct lat_transformer *model = help_model(&usual, 0.5, 1);
  model->config.arithmetic.storage = LAT_DTYPE_BF16;
  assert_int_equal(lat_weights_save(path, model, NULL), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "embed/token: number 0 is no value of bf16, which is the storage"));
  lat_transformer_free(model);
}

static void a_file_from_before_placements_has_norms_before_each_half(void **unused) {
  (void)unused;
  struct lat_transformer *model;
  save_usual();
  hid_t old = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(old, "placement") >= 0 && H5Adelete(old, "residual_scale") >= 0);
  H5Fclose(old);
  assert_int_equal(lat_weights_load(path, &model, NULL), LAT_INPUT); /* one of the three alone is damage */
  assert_non_null(strstr(lat_error_message(), "attribute placement: is missing"));
  old = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
  assert_true(H5Adelete(old, "tied_head") >= 0);
  H5Fclose(old);
  assert_int_equal(lat_weights_load(path, &model, NULL), LAT_OK);
  assert_int_equal(model->config.placement, LAT_PLACEMENT_PRE);
  assert_false(model->config.tied_head);
  lat_transformer_free(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_file_from_before_the_formats_is_in_single_precision),
      cmocka_unit_test(a_file_from_before_fields_has_one_token_a_position),
      cmocka_unit_test(a_file_from_before_placements_has_norms_before_each_half),
      cmocka_unit_test(parameters_that_are_no_values_of_the_storage_are_not_saved),
  };
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
