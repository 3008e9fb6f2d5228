#include "tests/model_help.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "lib/base/random.h"
#include "lib/base/status.h"

void help_fill(float *x, size_t n, double scale, uint64_t seed) {
  struct lat_random random;
  lat_random_start(&random, seed, "test", 0);
  for (size_t i = 0; i < n; i++) x[i] = (float)(scale * (2.0 * lat_random_uniform(&random) - 1.0));
}

struct lat_transformer *help_model(const struct lat_transformer_config *config, double scale, uint64_t seed) {
  struct lat_transformer *model;
  assert_int_equal(lat_transformer_alloc(config, &model), LAT_OK);
  help_fill(model->parameters, model->count, scale, seed);
  return model;
}

struct lat_prompt *help_prompt(size_t tokens, size_t width, size_t inputs, size_t outputs) {
  struct lat_prompt *prompt;
  assert_int_equal(lat_prompt_alloc(tokens, width, inputs, outputs, &prompt), LAT_OK);
  help_fill(prompt->state, tokens * width, 1.0, 2);
  help_fill(prompt->input_delta, width, 1.0, 3);
  help_fill(prompt->readout_direction, width, 1.0, 4);
  for (size_t i = 0; i < inputs; i++) prompt->input_row[i] = (uint32_t)(i % tokens);
  for (size_t i = 0; i < outputs; i++) prompt->readout_row[i] = (uint32_t)((tokens - 1) * (i % 2));
  return prompt;
}
