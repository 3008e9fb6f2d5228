#include "experiments/bits_ladder/narrow.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/gaussian.h"
#include "lib/info/quantise.h"
#include "lib/info/spectrum.h"
#include "lib/nn/channel.h"
#include "lib/train/evaluate.h"

enum { COLLECTED = 64, MOST_ROWS = 8192, RAW = 255, FINEST = 10, THRESHOLDS = 48 };
static const double share = 0.99;
static const double deviations[] = {4,    2.8,  2,    1.4,  1,    0.7,  0.5,  0.35, 0.25,
                                    0.18, 0.13, 0.09, 0.06, 0.04, 0.03, 0.02, 0.01};

struct hook {
  size_t width;
  unsigned char *bit;      /* [width] of each direction: 0 left out, RAW not rounded */
  double step[FINEST + 1]; /* of the levels for so many bits and deviation 1 */
  int narrows;             /* 0: the state goes on as it is */
  double noise;            /* in the state's units; 0: none */
  double *mean, *direction, *eigenvalue;
  /* While states are collected, on one thread. */
  float *state;
  size_t rows, most;
};

static double level(const struct hook *hook, double value, double deviation, unsigned bits) {
  if (bits == RAW || deviation == 0) return value;
  double half = ldexp(1, (int)bits - 1), step = deviation * hook->step[bits], place = floor(value / step) + 0.5;
  return step * fmin(fmax(place, 0.5 - half), half - 0.5);
}

static void keep(const struct hook *hook, const float *x, float *y) {
  double sum[4096];
  size_t D = hook->width;
  for (size_t i = 0; i < D; i++) sum[i] = hook->mean[i];
  for (size_t k = 0; k < D; k++) {
    if (hook->bit[k] == 0) continue;
    const double *v = hook->direction + k * D;
    double along = 0;
    for (size_t i = 0; i < D; i++) along += ((double)x[i] - hook->mean[i]) * v[i];
    along = level(hook, along, sqrt(fmax(hook->eigenvalue[k], 0)), hook->bit[k]);
    for (size_t i = 0; i < D; i++) sum[i] += along * v[i];
  }
  for (size_t i = 0; i < D; i++) y[i] = (float)sum[i];
}

static struct lat_array *between(void *context, struct lat_pass *pass, size_t step, struct lat_array *x) {
  struct hook *hook = context;
  size_t D = x->columns;
  (void)step;
  if (hook->state != NULL) {
    for (size_t i = 0; i < x->rows && hook->rows < hook->most; i++, hook->rows++)
      memcpy(hook->state + hook->rows * D, x->value + i * D, D * sizeof *hook->state);
    return x;
  }
  if (hook->noise > 0) return lat_add_noise(pass->tape, x, hook->noise, pass->channel);
  if (!hook->narrows) return x;
  float *value = lat_tape_memory(pass->tape, x->rows * D, sizeof *value);
  if (value == NULL) return NULL;
  for (size_t i = 0; i < x->rows; i++) keep(hook, x->value + i * D, value + i * D);
  return lat_straight_through(pass->tape, x, value);
}

static int accuracy_of(const struct lat_narrowing *n, const char *purpose, double *accuracy) {
  struct lat_score score = {0};
  int status = lat_evaluate(n->learner, n->setting, n->seed, purpose, n->examples, n->steps, 0, &score);
  if (status == LAT_OK) *accuracy = lat_score_accuracy(&score, n->steps);
  lat_score_free(&score);
  return status;
}

/* States of validation examples, one example after the other, and their spectrum. */
static int collect(const struct lat_narrowing *n, struct hook *hook, struct lat_narrowed *narrowed) {
  struct lat_task_shape shape;
  struct lat_tape *tape = NULL;
  struct lat_random channel;
  struct lat_spectrum spectrum;
  struct lat_learner_pass pass;
  int status = LAT_OK;
  LAT_TRY(status, lat_tape_alloc(&tape));
  LAT_TRY(status, lat_task_shape(n->setting, &shape));
  size_t S = shape.sequence;
  hook->most = MOST_ROWS;
  hook->state = lat_alloc(hook->most * n->width, sizeof *hook->state);
  LAT_CHECK(status, hook->state != NULL, LAT_MEMORY, "no memory for %zu states", hook->most);
  lat_random_start(&channel, n->seed, "collected", 0);
  for (uint64_t first = 0; hook->rows < hook->most && first < 64 * COLLECTED; first += COLLECTED) {
    lat_tape_reset(tape);
    int32_t *token = lat_tape_memory(tape, COLLECTED * S * shape.fields, sizeof *token);
    int32_t *rest = lat_tape_memory(tape, 2 * S, sizeof *rest);
    struct lat_array **logits = lat_tape_memory(tape, n->steps, sizeof(struct lat_array *));
    if (token == NULL || rest == NULL || logits == NULL) {
      status = lat_tape_status(tape);
      goto done;
    }
    for (size_t i = 0; i < COLLECTED; i++) {
      struct lat_example one = {.token = token + i * S * shape.fields, .target = rest, .level = rest + S};
      lat_task_make(n->setting, n->seed, "validation", first + i, &one);
    }
    pass = (struct lat_learner_pass){.tape = tape,
                                     .batch = COLLECTED,
                                     .sequence = S,
                                     .token = token,
                                     .steps = n->steps,
                                     .through = SIZE_MAX,
                                     .channel = &channel,
                                     .logits = logits};
    LAT_TRY(status, n->learner->run(n->learner, &pass));
  }
  LAT_TRY(status,
          lat_spectrum(hook->state, hook->rows, n->width, hook->mean, hook->eigenvalue, hook->direction, &spectrum));
  narrowed->participation = spectrum.participation;
done:
  lat_free(hook->state);
  hook->state = NULL;
  lat_tape_free(tape);
  return status;
}

/* 1, 2, 3, 4, 6, 8, 12, .. and D. */
static size_t ranks_of(size_t D, size_t rank[64]) {
  size_t count = 0;
  for (size_t r = 1; r < D; r *= 2) {
    rank[count++] = r;
    if (r > 1 && r + r / 2 < D) rank[count++] = r + r / 2;
  }
  rank[count++] = D;
  return count;
}

static int passes(const struct lat_narrowing *n, struct hook *hook, double full, int *is) {
  double accuracy;
  hook->narrows = 1;
  int status = accuracy_of(n, "validation", &accuracy);
  *is = status == LAT_OK && accuracy >= share * full;
  return status;
}

/* Bits of the directions for an error of about threshold^2 in each that varies by more; how many in all. */
static size_t share_out(struct hook *hook, double threshold) {
  size_t sum = 0;
  for (size_t k = 0; k < hook->width; k++) {
    double bits = rint(0.5 * log2(fmax(hook->eigenvalue[k], 1e-300) / (threshold * threshold)));
    hook->bit[k] = (unsigned char)fmin(fmax(bits, 0), FINEST);
    sum += hook->bit[k];
  }
  return sum;
}

static int search(const struct lat_narrowing *n, struct hook *hook, struct lat_narrowed *narrowed) {
  size_t rank[64], ranks = ranks_of(n->width, rank);
  double accuracy, unused;
  int status = LAT_OK, is = 0;
  for (unsigned b = 1; b <= FINEST; b++) lat_quantise_normal_step(b, &hook->step[b], &unused);
  for (unsigned b = 1; b <= LAT_NARROW_MOST_BITS && narrowed->quantised == 0; b++) {
    memset(hook->bit, (int)b, n->width);
    LAT_TRY(status, passes(n, hook, narrowed->full, &is));
    if (is) narrowed->quantised = b;
  }
  for (size_t k = 0; k < ranks && narrowed->projected == 0; k++) {
    for (size_t i = 0; i < n->width; i++) hook->bit[i] = i < rank[k] ? RAW : 0;
    LAT_TRY(status, passes(n, hook, narrowed->full, &is));
    if (is) narrowed->projected = rank[k];
  }
  for (size_t t = 0, last = 0; t < THRESHOLDS && narrowed->kept == 0; t++) {
    size_t bits = share_out(hook, sqrt(fmax(hook->eigenvalue[0], 0)) * pow(2, -0.25 * (double)t));
    if (bits == last) continue;
    last = bits;
    LAT_TRY(status, passes(n, hook, narrowed->full, &is));
    if (is) narrowed->kept = bits;
  }
  for (size_t k = 0; narrowed->kept > 0 && k < n->width; k++) narrowed->kept_rank += hook->bit[k] > 0;
  if (narrowed->kept > 0) LAT_TRY(status, accuracy_of(n, "test", &narrowed->kept_test));
  double power = 0;
  for (size_t k = 0; k < n->width; k++) power += fmax(hook->eigenvalue[k], 0) / (double)n->width;
  for (size_t k = 0; k < sizeof deviations / sizeof *deviations && narrowed->noise == 0; k++) {
    hook->noise = deviations[k] * sqrt(power);
    LAT_TRY(status, accuracy_of(n, "validation", &accuracy));
    if (accuracy >= share * narrowed->full) narrowed->noise = deviations[k];
  }
  if (narrowed->noise > 0)
    narrowed->noise_bits = (double)n->width * lat_gaussian_capacity(1, narrowed->noise * narrowed->noise);
done:
  return status;
}

int lat_narrow(const struct lat_narrowing *n, struct lat_narrowed *narrowed) {
  struct hook hook = {.width = n->width};
  size_t D = n->width;
  int status = LAT_OK;
  *narrowed = (struct lat_narrowed){0};
  LAT_CHECK(status, D >= 1 && D <= 4096, LAT_INPUT, "states of %zu numbers are not narrowed: 1..4096", D);
  LAT_TRY(status, accuracy_of(n, "validation", &narrowed->full));
  LAT_TRY(status, accuracy_of(n, "test", &narrowed->full_test));
  hook.mean = lat_calloc(D, sizeof *hook.mean);
  hook.eigenvalue = lat_calloc(D, sizeof *hook.eigenvalue);
  hook.bit = lat_calloc(D, 1);
  hook.direction = lat_calloc(D * D, sizeof *hook.direction);
  LAT_CHECK(status, hook.bit && hook.mean && hook.eigenvalue && hook.direction, LAT_MEMORY, "no memory for %zu directions",
            D);
  n->learner->between = between;
  n->learner->between_context = &hook;
  LAT_TRY(status, collect(n, &hook, narrowed));
  LAT_TRY(status, search(n, &hook, narrowed));
done:
  n->learner->between = NULL;
  n->learner->between_context = NULL;
  lat_free(hook.bit);
  lat_free(hook.mean);
  lat_free(hook.eigenvalue);
  lat_free(hook.direction);
  return status;
}
