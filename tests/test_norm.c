/* LayerNorm and RMSNorm: accuracy, rows that are hard, in place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/random.h"
#include "lib/nn/layernorm.h"
#include "lib/nn/rmsnorm.h"

enum { ROWS = 3, MOST = 67 };

static void rows_agree_with_the_plain_form(void **unused) {
  (void)unused;
  struct lat_random random;
  lat_random_start(&random, 1, "test", 4);
  for (size_t width = 1; width <= MOST; width++) {
    float x[ROWS * MOST], y[ROWS * MOST], plain[ROWS * MOST], gain[MOST], bias[MOST];
    for (size_t i = 0; i < ROWS * MOST; i++)
      x[i] = (float)(lat_random_uniform(&random) - 0.3) + (i < width ? 1000.0f : 0.0f);
    for (size_t i = 0; i < width; i++) gain[i] = (float)lat_random_uniform(&random), bias[i] = (float)i * 0.1f;
    for (int kind = 0; kind < 2; kind++) {
      if (kind == 0) lat_layernorm_forward(ROWS, width, x, gain, bias, 1e-5, y);
      if (kind == 0) lat_layernorm_reference(ROWS, width, x, gain, bias, 1e-5, plain);
      if (kind == 1) lat_rmsnorm_forward(ROWS, width, x, gain, 1e-5, y);
      if (kind == 1) lat_rmsnorm_reference(ROWS, width, x, gain, 1e-5, plain);
      for (size_t i = 0; i < ROWS * width; i++) {
        /* a row around 1000 has lost digits before it comes here: its mean, rounded to float, is off by 3e-5 */
        double bound = i < width && kind == 0 ? 1e-3 : 1e-6 * (1.0 + fabs((double)plain[i]));
        if (!(fabs((double)y[i] - (double)plain[i]) <= bound)) fail_msg("kind %d width %zu at %zu", kind, width, i);
      }
      float in_place[ROWS * MOST];
      memcpy(in_place, x, sizeof x);
      if (kind == 0) lat_layernorm_forward(ROWS, width, in_place, gain, bias, 1e-5, in_place);
      if (kind == 1) lat_rmsnorm_forward(ROWS, width, in_place, gain, 1e-5, in_place);
      assert_memory_equal(in_place, y, ROWS * width * sizeof *y);
    }
  }
}

static void a_row_of_plus_and_minus_one_keeps_its_bits(void **unused) {
  (void)unused;
  /* what the construction stands on: pairs (x, -x) have mean exactly 0, and epsilon 0 leaves +-1 as it is */
  for (size_t width = 2; width <= 66; width += 2) {
    float x[66], y[66], gain[66], bias[66] = {0};
    for (size_t i = 0; i < width; i++) x[i] = i % 2 == 0 ? (i % 3 == 0 ? 1.0f : -1.0f) : -x[i - 1], gain[i] = 1.0f;
    lat_layernorm_forward(1, width, x, gain, bias, 0.0, y);
    assert_memory_equal(y, x, width * sizeof *x);
    lat_rmsnorm_forward(1, width, x, gain, 0.0, y);
    assert_memory_equal(y, x, width * sizeof *x);
  }
}

static void a_constant_row_gives_the_bias(void **unused) {
  (void)unused;
  float x[11], y[11], gain[11], bias[11];
  for (size_t i = 0; i < 11; i++) x[i] = 0.1f, gain[i] = 3.0f, bias[i] = (float)i;
  lat_layernorm_forward(1, 11, x, gain, bias, 1e-5, y);
  for (size_t i = 0; i < 11; i++)
    if (!(fabs((double)y[i] - (double)i) <= 1e-5)) fail_msg("at %zu", i);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_agree_with_the_plain_form),
      cmocka_unit_test(a_row_of_plus_and_minus_one_keeps_its_bits),
      cmocka_unit_test(a_constant_row_gives_the_bias),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
