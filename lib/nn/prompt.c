#include "lib/nn/prompt.h"

#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

int lat_prompt_alloc(size_t tokens, size_t width, size_t inputs, size_t outputs, struct lat_prompt **result) {
  *result = NULL;
  size_t count;
  if (tokens == 0 || width == 0 || __builtin_mul_overflow(tokens, width, &count))
    return LAT_FAIL(LAT_INPUT, "a prompt of %zu tokens of width %zu cannot be made", tokens, width);
  int status = LAT_MEMORY;
  struct lat_prompt *prompt = lat_calloc(1, sizeof *prompt);
  if (prompt == NULL) goto done;
  prompt->tokens = tokens;
  prompt->width = width;
  prompt->inputs = inputs;
  prompt->outputs = outputs;
  if ((prompt->state = lat_calloc(count, sizeof *prompt->state)) == NULL) goto done;
  if ((prompt->input_row = lat_calloc(inputs, sizeof *prompt->input_row)) == NULL) goto done;
  if ((prompt->input_delta = lat_calloc(width, sizeof *prompt->input_delta)) == NULL) goto done;
  if ((prompt->readout_row = lat_calloc(outputs, sizeof *prompt->readout_row)) == NULL) goto done;
  if ((prompt->readout_direction = lat_calloc(width, sizeof *prompt->readout_direction)) == NULL) goto done;
  status = LAT_OK;
  *result = prompt;
  prompt = NULL;
done:
  lat_prompt_free(prompt);
  return status;
}

int lat_prompt_add_columns(struct lat_prompt *prompt) {
  assert(prompt->input_column == NULL && prompt->readout_column == NULL);
  prompt->input_column = lat_calloc(prompt->inputs, sizeof *prompt->input_column);
  if (prompt->input_column != NULL) prompt->readout_column = lat_calloc(prompt->outputs, sizeof *prompt->readout_column);
  if (prompt->readout_column != NULL) return LAT_OK;
  lat_free(prompt->input_column);
  prompt->input_column = NULL;
  return LAT_MEMORY;
}

void lat_prompt_free(struct lat_prompt *prompt) {
  if (prompt == NULL) return;
  lat_free(prompt->state);
  lat_free(prompt->input_row);
  lat_free(prompt->input_delta);
  lat_free(prompt->readout_row);
  lat_free(prompt->readout_direction);
  lat_free(prompt->input_column);
  lat_free(prompt->readout_column);
  lat_free(prompt);
}

void lat_prompt_state(const struct lat_prompt *prompt, const unsigned char *bit, float *x) {
  memcpy(x, prompt->state, prompt->tokens * prompt->width * sizeof *x);
  for (size_t i = 0; i < prompt->inputs; i++) {
    assert(bit[i] <= 1 && prompt->input_row[i] < prompt->tokens);
    if (!bit[i]) continue;
    float *row = x + prompt->input_row[i] * prompt->width;
    if (prompt->input_column != NULL) {
      uint32_t d = prompt->input_column[i];
      assert(d < prompt->width);
      row[d] += prompt->input_delta[d];
      continue;
    }
    for (size_t d = 0; d < prompt->width; d++) row[d] += prompt->input_delta[d];
  }
}

int lat_prompt_read(const struct lat_prompt *prompt, const float *x, size_t output, double *margin) {
  assert(output < prompt->outputs && prompt->readout_row[output] < prompt->tokens);
  const float *row = x + prompt->readout_row[output] * prompt->width;
  double product = 0.0;
  size_t from = 0, to = prompt->width;
  if (prompt->readout_column != NULL) from = prompt->readout_column[output], to = from + 1;
  assert(to <= prompt->width);
  for (size_t d = from; d < to; d++) product += (double)row[d] * (double)prompt->readout_direction[d];
  if (margin != NULL) *margin = product;
  return product > 0.0;
}
