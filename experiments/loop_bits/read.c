#include "experiments/loop_bits/read.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/decoder.h"
#include "lib/info/probe.h"

enum { AT_ONCE = 64 };

/* States and values of the gates of `circuits` circuits. */
struct collected {
  size_t loops, circuits, inputs, gates, width; /* gates of a circuit, all levels */
  size_t first;                                 /* circuit of the pass at hand */
  float *state;                                 /* [loops, circuits, gates, width] */
  uint8_t *bit;                                 /* [circuits, gates] */
};

static float *state_at(const struct collected *c, size_t loop, size_t circuit, size_t gate) {
  return c->state + ((loop * c->circuits + circuit) * c->gates + gate) * c->width;
}

static struct lat_array *keep(void *context, struct lat_pass *pass, size_t step, struct lat_array *x) {
  const struct collected *c = context;
  for (size_t b = 0; b < pass->batch && c->first + b < c->circuits; b++)
    memcpy(state_at(c, step, c->first + b, 0), x->value + (b * pass->sequence + c->inputs) * c->width,
           c->gates * c->width * sizeof *c->state);
  return x;
}

static int run_pass(const struct lat_loop_reading *r, const char *purpose, struct collected *c, struct lat_tape *tape,
                    const struct lat_task_shape *shape) {
  size_t S = shape->sequence;
  struct lat_random channel;
  int32_t *token = lat_tape_memory(tape, AT_ONCE * S * shape->fields, sizeof *token);
  int32_t *target = lat_tape_memory(tape, 2 * S, sizeof *target);
  struct lat_array **logits = lat_tape_memory(tape, r->loops, sizeof(struct lat_array *));
  if (token == NULL || target == NULL || logits == NULL) return lat_tape_status(tape);
  for (size_t b = 0; b < AT_ONCE; b++) {
    struct lat_example one = {.token = token + b * S * shape->fields, .target = target, .level = target + S};
    lat_task_make(r->setting, r->how.seed, purpose, c->first + b, &one);
    for (size_t g = 0; g < c->gates && c->first + b < c->circuits; g++)
      c->bit[(c->first + b) * c->gates + g] = (uint8_t)target[c->inputs + g];
  }
  lat_random_start(&channel, r->how.seed, "loop bits", c->first);
  struct lat_learner_pass pass = {.tape = tape,
                                  .batch = AT_ONCE,
                                  .sequence = S,
                                  .token = token,
                                  .steps = r->loops,
                                  .through = SIZE_MAX,
                                  .channel = &channel,
                                  .logits = logits};
  return r->learner->run(r->learner, &pass);
}

static int collect(const struct lat_loop_reading *r, const char *purpose, struct collected *c) {
  struct lat_task_shape shape;
  struct lat_tape *tape = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_task_shape(r->setting, &shape));
  c->loops = r->loops;
  c->circuits = r->circuits;
  c->width = r->width;
  c->inputs = (size_t)lat_task_option(r->setting, "inputs");
  c->gates = shape.sequence - c->inputs;
  c->state = lat_alloc(c->loops * c->circuits * c->gates * c->width, sizeof *c->state);
  c->bit = lat_alloc(c->circuits * c->gates, sizeof *c->bit);
  LAT_CHECK(status, c->state != NULL && c->bit != NULL, LAT_MEMORY, "no memory for the states of %zu circuits",
            c->circuits);
  LAT_TRY(status, lat_tape_alloc(&tape));
  r->learner->between = keep;
  r->learner->between_context = c;
  for (c->first = 0; c->first < c->circuits && status == LAT_OK; c->first += AT_ONCE) {
    lat_tape_reset(tape);
    status = run_pass(r, purpose, c, tape, &shape);
  }
done:
  r->learner->between = NULL;
  r->learner->between_context = NULL;
  lat_tape_free(tape);
  return status;
}

/* The gates of a level stand side by side: `from` .. `from + count - 1`. */
struct level {
  size_t from, count;
};

/* The circuit whose gates stand beside the states of circuit i. */
static size_t partner(const struct lat_loop_reading *r, const struct collected *c, size_t i) {
  return r->shuffled ? (i + c->circuits / 2) % c->circuits : i;
}

static int fit(const struct lat_loop_reading *r, const struct collected *c, size_t loop, struct level level, double *weight,
               double *share) {
  size_t rows = c->circuits * level.count, ones = 0;
  float *x = lat_alloc(rows * c->width, sizeof *x);
  uint8_t *bit = lat_alloc(rows, sizeof *bit);
  int status = LAT_OK;
  LAT_CHECK(status, x != NULL && bit != NULL, LAT_MEMORY, "no memory for %zu states of a level", rows);
  for (size_t i = 0, row = 0; i < c->circuits; i++)
    for (size_t g = level.from; g < level.from + level.count; g++, row++) {
      memcpy(x + row * c->width, state_at(c, loop, i, g), c->width * sizeof *x);
      bit[row] = c->bit[partner(r, c, i) * c->gates + g];
      ones += bit[row];
    }
  *share = ((double)ones + 0.5) / ((double)rows + 1);
  LAT_TRY(status, lat_probe_fit(x, bit, rows, c->width, weight));
done:
  lat_free(x);
  lat_free(bit);
  return status;
}

static int bound(const struct lat_loop_reading *r, const struct collected *c, size_t loop, struct level level,
                 const double *weight, double share, double *gain, struct lat_decoder *found) {
  for (size_t i = 0; i < c->circuits; i++) {
    gain[i] = 0;
    for (size_t g = level.from; g < level.from + level.count; g++) {
      int bit = c->bit[partner(r, c, i) * c->gates + g];
      gain[i] -= log2(bit ? share : 1 - share);
      gain[i] -= lat_probe_loss(lat_probe_logit(weight, state_at(c, loop, i, g), c->width), bit);
    }
  }
  return lat_decoder_gain(gain, c->circuits, (double)level.count, r->how, found);
}

int lat_loop_read(const struct lat_loop_reading *r, double *bits, double *low, double *high) {
  struct collected probe = {0}, test = {0};
  size_t depth = (size_t)lat_task_option(r->setting, "depth");
  int status = LAT_OK;
  double *weight = lat_alloc(r->width + 1 + r->circuits, sizeof *weight);
  LAT_CHECK(status, weight != NULL, LAT_MEMORY, "no memory for probes of %zu numbers", r->width);
  LAT_TRY(status, collect(r, "probe", &probe));
  LAT_TRY(status, collect(r, "test", &test));
  size_t last = (size_t)lat_task_option(r->setting, "width"),
         early = depth > 1 ? probe.gates - (depth - 1) * last : probe.gates;
  for (size_t loop = 0; loop < r->loops; loop++)
    for (size_t l = 0; l < depth; l++) {
      struct level level = {l == 0 ? 0 : early + (l - 1) * last, l == 0 ? early : last};
      struct lat_decoder found;
      double share = 0.5;
      LAT_TRY(status, fit(r, &probe, loop, level, weight, &share));
      LAT_TRY(status, bound(r, &test, loop, level, weight, share, weight + r->width + 1, &found));
      bits[loop * depth + l] = found.information.bits;
      low[loop * depth + l] = found.interval.low;
      high[loop * depth + l] = found.interval.high;
    }
done:
  lat_free(probe.state);
  lat_free(probe.bit);
  lat_free(test.state);
  lat_free(test.bit);
  lat_free(weight);
  return status;
}
