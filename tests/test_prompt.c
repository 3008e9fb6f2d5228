/* The prompt: inputs in, outputs out. */
#include "lib/nn/prompt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

static struct lat_prompt *make(void) {
  struct lat_prompt *prompt;
  assert_int_equal(lat_prompt_alloc(3, 2, 2, 3, &prompt), LAT_OK);
  const float state[] = {1, 2, 3, 4, 5, 6};
  memcpy(prompt->state, state, sizeof state);
  prompt->input_row[0] = 2;
  prompt->input_row[1] = 0;
  prompt->input_delta[0] = 0.0f;
  prompt->input_delta[1] = -8.0f;
  prompt->readout_row[0] = 0;
  prompt->readout_row[1] = 1;
  prompt->readout_row[2] = 2;
  prompt->readout_direction[0] = -0.5f;
  prompt->readout_direction[1] = 1.0f;
  return prompt;
}

static void an_input_that_is_one_moves_its_row_by_the_delta(void **unused) {
  (void)unused;
  struct lat_prompt *prompt = make();
  float x[7] = {[6] = 9.0f};
  const float none[] = {1, 2, 3, 4, 5, 6}, both[] = {1, -6, 3, 4, 5, -2}, second[] = {1, -6, 3, 4, 5, 6};
  lat_prompt_state(prompt, (const unsigned char[2]){1, 1}, x);
  assert_memory_equal(x, both, sizeof both);
  lat_prompt_state(prompt, (const unsigned char[2]){0, 1}, x);
  assert_memory_equal(x, second, sizeof second);
  lat_prompt_state(prompt, (const unsigned char[2]){0, 0}, x);
  assert_memory_equal(x, none, sizeof none);
  assert_true(x[6] == 9.0f);
  lat_prompt_free(prompt);
}

static void an_output_is_the_sign_of_its_product(void **unused) {
  (void)unused;
  struct lat_prompt *prompt = make();
  const float x[] = {1, 2, 8, 4, 6, -2};
  double margin;
  assert_int_equal(lat_prompt_read(prompt, x, 0, &margin), 1);
  assert_true(margin == 1.5);
  assert_int_equal(lat_prompt_read(prompt, x, 1, &margin), 0); /* 0 is not above 0 */
  assert_true(margin == 0.0);
  assert_int_equal(lat_prompt_read(prompt, x, 2, NULL), 0);
  lat_prompt_free(prompt);
}

static void ports_with_columns_are_single_numbers_of_a_row(void **unused) {
  (void)unused;
  struct lat_prompt *prompt = make();
  assert_int_equal(lat_prompt_add_columns(prompt), LAT_OK);
  prompt->input_delta[0] = 16.0f;
  prompt->input_column[1] = 1;
  prompt->readout_column[0] = 1;
  float x[6];
  double margin;
  const float both[] = {1, -6, 3, 4, 21, 6};
  lat_prompt_state(prompt, (const unsigned char[2]){1, 1}, x);
  assert_memory_equal(x, both, sizeof both);
  assert_int_equal(lat_prompt_read(prompt, x, 0, &margin), 0);
  assert_true(margin == -6.0);
  assert_int_equal(lat_prompt_read(prompt, x, 1, &margin), 0);
  assert_true(margin == -1.5);
  lat_prompt_free(prompt);
}

static void a_prompt_may_have_no_ports_but_not_no_tokens(void **unused) {
  (void)unused;
  struct lat_prompt *prompt;
  float x[1] = {3.0f};
  assert_int_equal(lat_prompt_alloc(1, 1, 0, 0, &prompt), LAT_OK);
  lat_prompt_state(prompt, NULL, x);
  assert_true(x[0] == 0.0f);
  lat_prompt_free(prompt);
  lat_prompt_free(NULL);
  assert_int_equal(lat_prompt_alloc(0, 1, 0, 0, &prompt), LAT_INPUT);
  assert_int_equal(lat_prompt_alloc(1, 0, 0, 0, &prompt), LAT_INPUT);
  assert_int_equal(lat_prompt_alloc(SIZE_MAX, 2, 0, 0, &prompt), LAT_INPUT);
  assert_null(prompt);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **unused) {
  (void)unused;
  size_t before = lat_memory_current();
  for (uint64_t k = 1; k <= 9; k++) {
    struct lat_prompt *prompt;
    lat_memory_fail_at(k);
    int status = lat_prompt_alloc(3, 2, 2, 3, &prompt);
    if (status == LAT_OK) status = lat_prompt_add_columns(prompt);
    lat_memory_fail_at(0);
    assert_int_equal(status, k <= 8 ? LAT_MEMORY : LAT_OK);
    assert_true((prompt == NULL) == (k <= 6));
    lat_prompt_free(prompt);
    assert_int_equal(lat_memory_current(), before);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_input_that_is_one_moves_its_row_by_the_delta),
      cmocka_unit_test(an_output_is_the_sign_of_its_product),
      cmocka_unit_test(ports_with_columns_are_single_numbers_of_a_row),
      cmocka_unit_test(a_prompt_may_have_no_ports_but_not_no_tokens),
      cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
