/* latentlab exercise 6 to 8: costs, channels and codes, worked out here again. */
#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <json-c/json.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "tests/exercise_help.h"

/* parity:16 is 15 gates in 4 levels over 16 inputs; positions and pairs follow. */
static void costs_of_a_tree_of_exclusive_ors(void **state) {
  (void)state;
  struct json_object *root = exercise_sheet_of("6 --family parity:16 --bits-per-step 4 --bits-per-channel 2 --vectors 8");
  /* With 4 gates a step: 8 of level 1 in two, then 4, 2 and 1. */
  static const double steps[] = {15, 5, 5, 4};
  for (size_t row = 0; row < 4; row++) {
    exercise_near(exercise_real(root, "machines", row, "steps"), steps[row], 0, "steps");
    exercise_near(exercise_real(root, "machines", row, "wrong"), 0, 0, "wrong bits");
  }
  /* 16 prompt tokens and 14 thoughts that are fed back; 4 and 4, through two layers; 31 tokens, 4 times. */
  exercise_near(exercise_real(root, "machines", 0, "pairs"), 30 * 31 / 2, 0, "pairs of narrow tokens");
  exercise_near(exercise_real(root, "machines", 1, "pairs"), 2 * 8 * 9 / 2, 0, "pairs of wide tokens");
  exercise_near(exercise_real(root, "machines", 3, "pairs"), 4 * 31 * 31, 0, "pairs of the latent machine");
  /* K = 2 heads of m = 5 keys and one value each, 4 bytes a number. */
  exercise_near(exercise_real(root, "machines", 0, "cache"), 4.0 * 30 * 2 * (5 + 1), 0, "cache");
  /* Universal machine of N = 31: m = 5, width 3 m + 4 + 3 + 4, 22 hidden units, 2 heads of m keys and 2 values. */
  double width = 26, keys = 10, values = 4;
  exercise_near(exercise_real(root, "machines", 3, "operations"),
                4 * (31 * (2 * width * (2 * keys + 2 * values) + 4 * width * 22) + 2 * 31 * 31 * (keys + values)), 0,
                "operations");
  json_object_put(root);
  json_object_put(exercise_sheet_of("6 --family ripple:3 --lut 3 --bits-per-step 2 --bits-per-channel 1 --vectors 4"));
}

/* A value x among others u arrives as (1 - leak) x + leak u; with u = -1 the top level has to stay above the middle of the
 * two highest. */
static void levels_survive_as_long_as_half_their_distance_is_the_error(void **state) {
  (void)state;
  for (int m = 4; m <= 8; m += 4) {
    struct json_object *root = exercise_sheet_of(m == 4 ? "7 --address-bits 4" : "7");
    for (size_t row = 0; row < exercise_rows_of(root, "levels"); row++) {
      double beta = exercise_real(root, "levels", row, "beta"), M = exercise_real(root, "levels", row, "fp32");
      double leak = 1 - pow(1 / (1 + exp(-2 * beta)), m);
      exercise_near(exercise_real(root, "levels", row, "leak"), leak, 1e-9, "leak");
      exercise_near(exercise_real(root, "levels", row, "bits"), log2(1 + 1 / (2 * leak)), 1e-9, "bits");
      double top = (1 - leak) - leak;
      assert_true(top > 1 - 1 / (M - 1) && !(top > 1 - 1 / M * 0.9999));
      assert_true(exercise_real(root, "levels", row, "fp8") <= 36 && exercise_real(root, "levels", row, "bf16") <= 516);
    }
    json_object_put(root);
  }
}

static void only_binary_codes_are_cheap(void **state) {
  (void)state;
  struct json_object *root = exercise_sheet_of("8");
  /* sigma(2 B / m)^m = 7 / 8 at the range B that is printed. */
  for (size_t row = 0; row < 4; row++) {
    double m = exercise_real(root, "ranges", row, "address_bits"), B = exercise_real(root, "ranges", row, "binary");
    exercise_near(pow(1 / (1 + exp(-2 * B / m)), m), 0.875, 1e-6, "leak at the range");
    assert_true(exercise_real(root, "ranges", row, "circle") > 5 * B);
    assert_true(exercise_real(root, "ranges", row, "hash") > exercise_real(root, "ranges", row, "quadratic"));
  }
  for (size_t row = 0; row < 4; row++) {
    double B = exercise_real(root, "cliffs", row, "range"), m = exercise_real(root, "cliffs", row, "bits");
    assert_true(1 - pow(1 / (1 + exp(-2 * B / m)), m) <= 0.125);
    assert_true(1 - pow(1 / (1 + exp(-2 * B / (m + 1))), m + 1) > 0.125);
  }
  assert_string_equal(json_object_get_string(exercise_cell(root, "heads", 0, "read")), "64 of 64");
  assert_string_not_equal(json_object_get_string(exercise_cell(root, "heads", 2, "read")), "64 of 64");
  json_object_put(root);
  json_object_put(exercise_sheet_of("8 --leak 1e-6 --address-bits 2"));
  json_object_put(exercise_sheet_of("8 --leak 0.49 --address-bits 8"));
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  static const char *const words[] = {"6 --family parity:3 --bits-per-step 2 --vectors 2 --json",
                                      "7 --address-bits 3 --json", "8 --address-bits 2 --json"};
  for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
    uint64_t before = lat_memory_allocations();
    assert_int_equal(exercise_run(words[w]), 0);
    uint64_t made = lat_memory_allocations() - before;
    for (uint64_t k = 1; k <= made; k += w == 1 ? 4 : 1) {
      lat_memory_fail_at(k);
      int code = exercise_run(words[w]);
      lat_memory_fail_at(0);
      if (code != 1) fail_msg("%s: allocation %d of %d: status %d", words[w], (int)k, (int)made, code);
    }
  }
}

int main(void) {
  omp_set_num_threads(1); /* tiny models, many times; the number of threads changes no bit */
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(costs_of_a_tree_of_exclusive_ors),
      cmocka_unit_test(levels_survive_as_long_as_half_their_distance_is_the_error),
      cmocka_unit_test(only_binary_codes_are_cheap),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, exercise_make_folder, exercise_remove_folder);
}
