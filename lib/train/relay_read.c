/* What goes through a relay, example by example, and codes that nothing goes through. */
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/train/relay_parts.h"

enum { AT_ONCE = 256 };

/* Draws examples first .. first + count - 1 and runs them without gradient. The targets are on the tape. */
static int pass_over(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                     const char *purpose, uint64_t first, size_t count, struct lat_random *channel,
                     struct lat_learner_pass *pass, struct lat_relay_trace *trace, int32_t **target) {
  struct lat_tape *tape = pass->tape;
  struct lat_task_shape shape;
  int status = LAT_OK;
  LAT_TRY(status, lat_task_shape(setting, &shape));
  size_t S = shape.sequence;
  lat_tape_reset(tape);
  int32_t *token = lat_tape_memory(tape, count * S, sizeof *token), *level = lat_tape_memory(tape, S, sizeof *level);
  *target = lat_tape_memory(tape, count * S, sizeof **target);
  struct lat_array **logits = lat_tape_memory(tape, 1, sizeof(struct lat_array *));
  if (token == NULL || level == NULL || *target == NULL || logits == NULL) return lat_tape_status(tape);
  for (size_t i = 0; i < count; i++) {
    struct lat_example one = {token + i * S, *target + i * S, level, NULL};
    lat_task_make(setting, seed, purpose, first + i, &one);
  }
  *pass = (struct lat_learner_pass){.tape = tape,
                                    .batch = count,
                                    .sequence = S,
                                    .token = token,
                                    .steps = 1,
                                    .through = SIZE_MAX,
                                    .channel = channel,
                                    .logits = logits};
  if (trace != NULL)
    LAT_TRY(status, lat_relay_trace(learner, pass, trace));
  else
    LAT_TRY(status, learner->run(learner, pass));
done:
  return status;
}

void lat_relay_reading_free(struct lat_relay_reading *reading) {
  lat_free(reading->loss);
  lat_free(reading->hit);
  lat_free(reading->code);
  *reading = (struct lat_relay_reading){0};
}

int lat_relay_read(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                   const char *purpose, size_t examples, struct lat_relay_reading *reading) {
  const struct lat_relay_config *config = &lat_relay_head_of(learner)->config;
  struct lat_learner_pass pass = {0};
  struct lat_relay_trace trace = {0};
  struct lat_random channel;
  size_t m = config->bits, n = config->thoughts;
  int status = LAT_OK;
  int32_t *target;
  *reading = (struct lat_relay_reading){.examples = examples, .bits = m, .thoughts = n};
  LAT_TRY(status, lat_tape_alloc(&pass.tape));
  reading->loss = lat_calloc(examples * m, sizeof *reading->loss);
  reading->hit = lat_calloc(examples, m);
  if (lat_relay_head_of(learner)->codes != NULL) reading->code = lat_calloc(examples * n, sizeof *reading->code);
  LAT_CHECK(status, reading->loss && reading->hit && (reading->code || lat_relay_head_of(learner)->codes == NULL),
            LAT_MEMORY, "no memory for %zu examples of %zu bits", examples, m);
  for (size_t first = 0; first < examples; first += AT_ONCE) {
    size_t count = examples - first < AT_ONCE ? examples - first : AT_ONCE;
    lat_random_start(&channel, seed, "channel of a reading", first);
    LAT_TRY(status, pass_over(learner, setting, seed, purpose, first, count, &channel, &pass,
                              reading->code != NULL ? &trace : NULL, &target));
    if (lat_cross_entropy(pass.tape, pass.logits[0], target, NULL, reading->loss + first * m, reading->hit + first * m) ==
        NULL) {
      status = lat_tape_status(pass.tape);
      goto done;
    }
    for (size_t t = 0; reading->code != NULL && t < n; t++)
      for (size_t i = 0; i < count; i++) reading->code[(first + i) * n + t] = trace.code[t][i];
  }
done:
  lat_tape_free(pass.tape);
  if (status != LAT_OK) lat_relay_reading_free(reading);
  return status;
}

static double apart(size_t n, const float *a, const float *b) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
  return sum;
}

/* Moves dead codes to the farthest states, one after the other; far [rows] is each state's distance to its nearest code. */
static void move(size_t rows, size_t width, const float *state, double *far, size_t codes, const size_t *taken, float *code,
                 size_t *dead) {
  for (size_t k = 0; k < codes; k++) {
    size_t farthest = 0;
    if (taken[k] > 0) continue;
    (*dead)++;
    for (size_t i = 1; i < rows; i++)
      if (far[i] > far[farthest]) farthest = i;
    if (!(far[farthest] > 0)) continue;
    memcpy(code + k * width, state + farthest * width, width * sizeof *code);
    for (size_t i = 0; i < rows; i++) {
      double distance = apart(width, state + i * width, code + k * width);
      if (distance < far[i]) far[i] = distance;
    }
  }
}

int lat_relay_revive(struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed, uint64_t index,
                     size_t examples, size_t *dead) {
  const struct lat_relay_config *config = &lat_relay_head_of(learner)->config;
  float *code = lat_relay_head_of(learner)->codes, *state = NULL;
  size_t rows = examples * config->thoughts, width = config->width, row = 0;
  struct lat_learner_pass pass = {0};
  struct lat_relay_trace trace = {0};
  struct lat_random channel;
  double *far = NULL;
  size_t *taken = NULL;
  int status = LAT_OK;
  int32_t *target;
  *dead = 0;
  if (config->kind != LAT_RELAY_CODEBOOK) return LAT_OK;
  LAT_TRY(status, lat_tape_alloc(&pass.tape));
  state = lat_alloc(rows * width, sizeof *state);
  far = lat_calloc(rows, sizeof *far);
  taken = lat_calloc(config->codes, sizeof *taken);
  LAT_CHECK(status, state && far && taken, LAT_MEMORY, "no memory for %zu states", rows);
  lat_random_start(&channel, seed, "revive channel", index);
  for (size_t first = 0; first < examples; first += AT_ONCE) {
    size_t count = examples - first < AT_ONCE ? examples - first : AT_ONCE;
    LAT_TRY(status, pass_over(learner, setting, seed, "revive", index + first, count, &channel, &pass, &trace, &target));
    for (size_t t = 0; t < config->thoughts; t++)
      for (size_t i = 0; i < count; i++, row++) {
        size_t k = (size_t)trace.code[t][i];
        memcpy(state + row * width, trace.state[t]->value + i * width, width * sizeof *state);
        far[row] = apart(width, state + row * width, code + k * width);
        taken[k]++;
      }
  }
  move(rows, width, state, far, config->codes, taken, code, dead);
done:
  lat_tape_free(pass.tape);
  lat_free(state);
  lat_free(far);
  lat_free(taken);
  return status;
}
