/* Channels of many levels: the limits by leak and by mantissa are met exactly by machines that run. */
#include "lib/compile/levels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"

static struct lat_transformer *model_of(const struct lat_levels_setting *setting) {
  struct lat_transformer *model;
  if (lat_levels_model(setting, &model) != LAT_OK) fail_msg("%s", lat_error_message());
  return model;
}

/* Wrong channels after the loops when level `level` stands among its worst neighbours. */
static size_t worst(const struct lat_levels_setting *setting, size_t level, size_t steps) {
  struct lat_transformer *model = model_of(setting);
  uint32_t start[256];
  size_t wrong;
  assert_true(((size_t)1 << setting->address_bits) * setting->channels <= 256);
  lat_levels_worst(setting, level, start);
  assert_int_equal(lat_levels_run(setting, model, 1, steps, start, &wrong, NULL), LAT_OK);
  lat_transformer_free(model);
  return wrong;
}

static void levels_are_evenly_spaced_and_exact_in_few_bits(void **unused) {
  (void)unused;
  for (size_t M = 2; M < 70; M++) {
    float spacing = lat_levels_value(M, 1) - lat_levels_value(M, 0);
    assert_true(lat_levels_value(M, M - 1) == -lat_levels_value(M, 0) && lat_levels_value(M, M - 1) <= 1);
    for (size_t j = 1; j < M; j++) {
      assert_true(lat_levels_value(M, j) - lat_levels_value(M, j - 1) == spacing);
      if (M <= 17) assert_true(lat_dtype_round(LAT_DTYPE_FP8_E4M3, lat_levels_value(M, j)) == lat_levels_value(M, j));
    }
  }
}

static void the_leak_limit_is_met_to_the_level(void **unused) {
  (void)unused;
  for (size_t m = 1; m <= 4; m += m == 1 ? 2 : 1)
    for (int sharp = 0; sharp < 4; sharp++)
      for (int steep = 0; steep < 3; steep++) {
        struct lat_levels_setting setting = {.address_bits = m, .channels = 1, .beta = 1.1 + 0.6 * sharp};
        setting.kappa = steep == 0 ? 2 : steep == 1 ? 7 : 64;
        double leak = lat_leak(lat_levels_beta(&setting), m), limit = lat_levels_limit_leak(leak, setting.kappa);
        size_t most = (size_t)floor(limit);
        if (fabs(limit - round(limit)) < 1e-4 * limit) continue; /* rounding decides */
        if (most >= 2) {
          setting.levels = most;
          for (size_t level = 0; level<most; level += most> 40 ? 13 : 1) assert_int_equal(worst(&setting, level, 24), 0);
          assert_int_equal(worst(&setting, most - 1, 24), 0);
        }
        setting.levels = most + 1 < 2 ? 2 : most + 1; /* the control: one level more is lost */
        assert_true(worst(&setting, setting.levels - 1, 24) > 0);
      }
}

static void the_mantissa_limit_is_met_to_the_level(void **unused) {
  (void)unused;
  for (int dtype = LAT_DTYPE_FP32; dtype < LAT_DTYPES; dtype++) {
    unsigned p = lat_dtype_facts((enum lat_dtype)dtype).mantissa_bits + 1;
    for (int part = 0; part < 3; part++)
      for (double kappa = dtype == LAT_DTYPE_FP32 ? 65536 : dtype == LAT_DTYPE_FP16 ? 64 : 2; kappa < 1e6; kappa *= 4) {
        size_t most = lat_levels_limit_mantissa(p, kappa);
        if (most < 2) break;
        struct lat_levels_setting setting = {.address_bits = 2, .channels = 2, .beta = 26, .kappa = kappa};
        if (part != 1) setting.arithmetic.storage = (enum lat_dtype)dtype;
        if (part != 2) setting.arithmetic.accumulate = (enum lat_dtype)dtype;
        if (dtype == LAT_DTYPE_FP32) most = lat_levels_limit_any_order(p, kappa); /* fast kernels sum in any order */
        setting.levels = most;
        for (size_t level = 0; level < most; level++) {
          if (most > 20 && level % 11 != 0 && level != most - 1) continue;
          if (worst(&setting, level, 5) > 0)
            fail_msg("%s part %d slope %g: level %zu of %zu is lost", lat_dtype_name((enum lat_dtype)dtype), part, kappa,
                     level, most);
        }
        setting.levels = lat_levels_limit_mantissa(p, kappa) + 1;
        if (worst(&setting, setting.levels - 1, 5) == 0)
          fail_msg("%s part %d slope %g: %zu levels last", lat_dtype_name((enum lat_dtype)dtype), part, kappa,
                   setting.levels);
      }
  }
}

static void every_channel_of_a_thought_keeps_its_level(void **unused) {
  (void)unused;
  struct lat_levels_setting setting = {.address_bits = 3, .levels = 19, .channels = 7, .beta = 4, .kappa = 8};
  struct lat_transformer *model = model_of(&setting);
  uint32_t level[3 * 8 * 7];
  struct lat_random random;
  size_t wrong;
  double error;
  lat_random_start(&random, 3, "test", 0);
  for (size_t i = 0; i < sizeof level / sizeof *level; i++) level[i] = (uint32_t)lat_random_below(&random, 19);
  assert_int_equal(lat_levels_run(&setting, model, 3, 37, level, &wrong, &error), LAT_OK);
  assert_int_equal(wrong, 0);
  assert_true(error < 1e-4);
  model->layer[0].query.weight[setting.address_bits] = 0; /* one address bit unread: half of what comes is another's */
  assert_int_equal(lat_levels_run(&setting, model, 3, 37, level, &wrong, &error), LAT_OK);
  assert_true(wrong > 0 && error > 0.5);
  lat_transformer_free(model);
}

static void what_cannot_be_is_refused(void **unused) {
  (void)unused;
  const struct lat_levels_setting bad[] = {
      {0, 2, 1, 1, 2, {0}},   {17, 2, 1, 1, 2, {0}}, {2, 1, 1, 1, 2, {0}},   {2, (size_t)1 << 21, 1, 1, 2, {0}},
      {2, 2, 0, 1, 2, {0}},   {2, 2, 1, 0, 2, {0}},  {2, 2, 1, 1, 0.5, {0}}, {2, 2, 1, (double)NAN, 2, {0}},
      {2, 2, 1, 1, 1e10, {0}}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_transformer *model = (struct lat_transformer *)&model;
    assert_int_equal(lat_levels_model(&bad[i], &model), LAT_INPUT);
    assert_null(model);
  }
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  struct lat_levels_setting setting = {.address_bits = 1, .levels = 3, .channels = 1, .beta = 9, .kappa = 8};
  size_t before = lat_memory_current(), failures = 0, wrong;
  const uint32_t level[2] = {0, 2};
  for (uint64_t k = 1;; k++, failures++) {
    struct lat_transformer *model;
    lat_memory_fail_at(k);
    int status = lat_levels_model(&setting, &model);
    if (status == LAT_OK) status = lat_levels_run(&setting, model, 1, 2, level, &wrong, NULL);
    lat_memory_fail_at(0);
    lat_transformer_free(model);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
  }
  assert_true(failures > 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(levels_are_evenly_spaced_and_exact_in_few_bits),
      cmocka_unit_test(the_leak_limit_is_met_to_the_level),
      cmocka_unit_test(the_mantissa_limit_is_met_to_the_level),
      cmocka_unit_test(every_channel_of_a_thought_keeps_its_level),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
