#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/threshold.h"

/* Rows that are run at once: enough to keep all threads busy, few enough to stay small. */
enum { ROWS = 8192 };

/* One batch of vectors, as the observer sees it. */
struct look {
  const struct lat_threshold *network;
  const struct lat_threshold_machine *machine;
  const struct lat_vectors *values;
  size_t first, count, steps;
  struct lat_threshold_record *record;
};

/* How far the mean lies on the right side of the threshold, times n. A NaN is as wrong as can be. */
static double margin_of(float mean, float threshold, double n, int one) {
  double margin = n * ((double)mean - (double)threshold) * (one ? 1 : -1);
  return isnan(margin) ? -HUGE_VAL : margin;
}

static void look_at_node(const struct look *look, size_t t, size_t n, size_t i, const float *row) {
  const struct lat_threshold_layout *layout = &look->machine->layout;
  struct lat_threshold_record *record = look->record;
  int bit = lat_vectors_get(look->values, i, n), settled = look->machine->level[i] <= t,
      ready = row[layout->result_ready] > 0;
  if (!settled) {
    record->early += ready != 0;
    return;
  }
  float value = row[layout->result];
  int right = bit ? value > 0 : value <= 0;
  record->checked++;
  record->wrong += !right;
  record->late += !ready;
  double error = bit ? fabs((double)value - 1) : (double)value + 1;
  if (right && error > record->eta) record->eta = error;
  if (i < look->network->inputs) return;
  double fan_ins = (double)lat_threshold_fan_ins(look->network, i - look->network->inputs);
  double margin = margin_of(row[layout->mean], row[layout->threshold], fan_ins, bit);
  double margin_ready = margin_of(row[layout->ready_mean], row[layout->ready_threshold], fan_ins, 1);
  if (margin_ready < record->margin_ready) record->margin_ready = margin_ready;
  if (margin >= record->margin) return;
  record->margin = margin;
  record->fan_in = (size_t)fan_ins;
}

static int observe(void *context, size_t step, size_t layer, const float *x) {
  (void)layer;
  const struct look *look = context;
  const struct lat_threshold_layout *layout = &look->machine->layout;
  const struct lat_prompt *prompt = look->machine->prompt;
  size_t t = step + 1, sequence = look->machine->tokens * layout->width;
  for (size_t b = 0; b < look->count; b++) {
    const float *state = x + b * sequence;
    for (size_t i = 0; i < look->machine->nodes; i++) look_at_node(look, t, look->first + b, i, state + i * layout->width);
    for (size_t o = 0; o < prompt->outputs; o++) {
      const float *row = state + prompt->readout_row[o] * layout->width;
      if (t + 1 == look->steps) look->record->ready_before += row[layout->result_ready] > 0;
      if (t != look->steps) continue;
      look->record->output_bits++;
      look->record->output_wrong += (uint64_t)(lat_prompt_read(prompt, state, o, NULL) !=
                                               lat_vectors_get(look->values, prompt->readout_row[o], look->first + b));
    }
  }
  return LAT_OK;
}

int lat_threshold_run(const struct lat_threshold *network, const struct lat_threshold_machine *machine, size_t steps,
                      const struct lat_vectors *inputs, const struct lat_vectors *values,
                      struct lat_threshold_record *record) {
  size_t sequence = machine->tokens * machine->layout.width, batch = ROWS / machine->tokens;
  if (batch > inputs->count) batch = inputs->count;
  if (batch < 1) batch = 1;
  if (steps == 0) steps = machine->construction.steps;
  *record = (struct lat_threshold_record){.margin = HUGE_VAL, .margin_ready = HUGE_VAL};
  int status = LAT_OK;
  struct lat_forward *forward = NULL;
  float *x = lat_alloc(batch, sequence * sizeof *x);
  unsigned char *bit = lat_alloc(network->inputs, 1);
  LAT_CHECK(status, x && bit, LAT_MEMORY, "no memory for %zu tokens", batch * machine->tokens);
  for (size_t first = 0; first < inputs->count; first += batch) {
    size_t count = inputs->count - first < batch ? inputs->count - first : batch;
    if (first == 0 || count < batch) {
      lat_forward_free(forward);
      forward = NULL;
      LAT_TRY(status, lat_forward_alloc(machine->model, count, machine->tokens, &forward));
    }
    for (size_t b = 0; b < count; b++) {
      for (size_t i = 0; i < network->inputs; i++) bit[i] = (unsigned char)lat_vectors_get(inputs, i, first + b);
      lat_prompt_state(machine->prompt, bit, x + b * sequence);
    }
    struct look look = {network, machine, values, first, count, steps, record};
    LAT_TRY(status, lat_transformer_run(machine->model, forward, steps, x, observe, &look, 0));
  }
done:
  lat_forward_free(forward);
  lat_free(x);
  lat_free(bit);
  return status;
}
