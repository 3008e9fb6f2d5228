#include "lib/train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/sums.h"

/* Parameters are reduced and updated in chunks of this many numbers, whatever the number of threads. */
enum { CHUNK = 4096, NORMS = 8 };

struct shard {
  struct lat_tape *tape;
  float *gradient;
  double loss;
  int status;
  char message[1024];
};
struct state {
  uint64_t count, step, moment_step;
  double norm[NORMS]; /* of the last steps; norm[step % NORMS] */
};
struct lat_trainer {
  struct lat_training training;
  size_t pieces;
  struct lat_piece *piece;
  size_t count, chunks;
  float *parameters;
  float *m, *v;        /* [count] each */
  double *square;      /* [chunks] */
  struct shard *shard; /* [shards] */
  lat_shard_loss *loss;
  void *context;
  struct state state;
};

struct lat_training lat_training_default(uint64_t steps) {
  return (struct lat_training){
      .optimiser = {LAT_OPTIMISER_ADAMW, 0.9, 0.98, 1e-8, 0.01},
      .rate = {LAT_DECAY_COSINE, 2e-3, 0.05, steps > 1000 ? 100 : steps / 10, steps},
      .clip = 1,
      .shards = 8,
  };
}

int lat_trainer_alloc(const struct lat_training *training, size_t pieces, const struct lat_piece *piece, float *parameters,
                      lat_shard_loss *loss, void *context, struct lat_trainer **result) {
  int status = LAT_OK;
  struct lat_trainer *t = NULL;
  *result = NULL;
  LAT_TRY(status, lat_optimiser_check(&training->optimiser));
  LAT_TRY(status, lat_rate_check(&training->rate));
  LAT_CHECK(status, training->clip >= 0 && isfinite(training->clip), LAT_INPUT,
            "the gradient is clipped at %g, and 0 (not at all) or a positive number is needed", training->clip);
  LAT_CHECK(status, training->shards >= 1 && training->shards <= 4096, LAT_INPUT,
            "a batch in %zu shards cannot be: 1..4096", training->shards);
  t = lat_calloc(1, sizeof *t);
  LAT_CHECK(status, t != NULL, LAT_MEMORY, "no memory for a trainer");
  t->training = *training;
  t->pieces = pieces;
  t->parameters = parameters;
  t->loss = loss;
  t->context = context;
  for (size_t i = 0; i < pieces; i++) t->count += piece[i].count;
  t->state.count = t->count;
  t->chunks = (t->count + CHUNK - 1) / CHUNK;
  t->piece = lat_alloc(pieces, sizeof *piece);
  t->m = lat_calloc(t->count, sizeof *t->m);
  t->v = lat_calloc(t->count, sizeof *t->v);
  t->square = lat_calloc(t->chunks, sizeof *t->square);
  t->shard = lat_calloc(training->shards, sizeof *t->shard);
  LAT_CHECK(status, t->piece && t->m && t->v && t->square && t->shard, LAT_MEMORY, "no memory to train %zu parameters",
            t->count);
  if (pieces > 0) memcpy(t->piece, piece, pieces * sizeof *piece);
  for (size_t s = 0; s < training->shards; s++) {
    LAT_TRY(status, lat_tape_alloc(&t->shard[s].tape));
    t->shard[s].gradient = lat_calloc(t->count, sizeof(float));
    LAT_CHECK(status, t->shard[s].gradient != NULL, LAT_MEMORY, "no memory for %zu shards of %zu gradients",
              training->shards, t->count);
  }
  *result = t;
  t = NULL;
done:
  lat_trainer_free(t);
  return status;
}

void lat_trainer_free(struct lat_trainer *t) {
  if (t == NULL) return;
  for (size_t s = 0; t->shard != NULL && s < t->training.shards; s++) {
    lat_tape_free(t->shard[s].tape);
    lat_free(t->shard[s].gradient);
  }
  lat_free(t->shard);
  lat_free(t->square);
  lat_free(t->v);
  lat_free(t->m);
  lat_free(t->piece);
  lat_free(t);
}

/* Forward and backward of one shard; the sentence of a failure is kept, because it is stored by thread. */
static void run_shard(struct lat_trainer *t, size_t s) {
  struct shard *shard = &t->shard[s];
  memset(shard->gradient, 0, t->count * sizeof *shard->gradient);
  lat_tape_reset(shard->tape);
  shard->loss = 0;
  shard->status = t->loss(t->context, shard->tape, t->state.step, s, shard->gradient, &shard->loss);
  if (shard->status != LAT_OK) snprintf(shard->message, sizeof shard->message, "%s", lat_error_message());
}

/* Gradients of all shards, in shard order, into the first one's; and the sum of their squares. */
static void reduce(struct lat_trainer *t, size_t chunk) {
  size_t first = chunk * CHUNK, n = t->count - first < CHUNK ? t->count - first : CHUNK;
  float *sum = t->shard[0].gradient + first;
  for (size_t s = 1; s < t->training.shards; s++) {
    const float *more = t->shard[s].gradient + first;
#pragma omp simd
    for (size_t i = 0; i < n; i++) sum[i] += more[i];
  }
  t->square[chunk] = lat_sum_squares(n, sum, 0);
}

/* A chunk may hold several pieces. */
static void update(struct lat_trainer *t, size_t chunk, double rate, double scale) {
  size_t from = chunk * CHUNK, to = from + CHUNK < t->count ? from + CHUNK : t->count, start = 0;
  for (size_t i = 0; i < t->pieces && start < to; start += t->piece[i].count, i++) {
    size_t end = start + t->piece[i].count, a = from > start ? from : start, b = to < end ? to : end;
    if (a >= b) continue;
    lat_optimiser_step(&t->training.optimiser, rate, t->state.moment_step + 1, scale, t->piece[i].decays, b - a,
                       t->shard[0].gradient + a, t->parameters + a, t->m + a, t->v + a);
  }
}

static int not_finite(const struct lat_trainer *t, double loss, double norm) {
  char history[NORMS * 16] = "";
  size_t used = 0;
  uint64_t step = t->state.step;
  for (uint64_t k = step > NORMS ? step - NORMS : 0; k < step; k++) {
    int wrote = snprintf(history + used, sizeof history - used, " %.3g", t->state.norm[k % NORMS]);
    used += wrote > 0 ? (size_t)wrote : 0;
    if (used >= sizeof history) break;
  }
  return LAT_FAIL(LAT_NUMERIC, "step %llu: the loss is %g and the norm of its gradient %g; the norms before:%s",
                  (unsigned long long)step, loss, norm, step > 0 ? history : " none");
}

int lat_trainer_step(struct lat_trainer *t, struct lat_step *result) {
  const struct lat_training *training = &t->training;
  double loss = 0, square = 0;
#pragma omp parallel for schedule(static, 1)
  for (size_t s = 0; s < training->shards; s++) run_shard(t, s);
  for (size_t s = 0; s < training->shards; s++) {
    if (t->shard[s].status != LAT_OK) return LAT_FAIL(t->shard[s].status, "%s", t->shard[s].message);
    loss += t->shard[s].loss;
  }
#pragma omp parallel for schedule(static)
  for (size_t chunk = 0; chunk < t->chunks; chunk++) reduce(t, chunk);
  for (size_t chunk = 0; chunk < t->chunks; chunk++) square += t->square[chunk];
  double norm = sqrt(square), rate = lat_rate_at(&training->rate, t->state.step);
  if (!isfinite(loss) || !isfinite(norm)) return not_finite(t, loss, norm);
  double scale = training->clip > 0 && norm > training->clip ? training->clip / norm : 1;
#pragma omp parallel for schedule(static)
  for (size_t chunk = 0; chunk < t->chunks; chunk++) update(t, chunk, rate, scale);
  if (result != NULL) *result = (struct lat_step){t->state.step, loss, norm, rate};
  t->state.norm[t->state.step % NORMS] = norm;
  t->state.step++;
  t->state.moment_step++;
  return LAT_OK;
}

uint64_t lat_trainer_steps(const struct lat_trainer *t) { return t->state.step; }

void lat_trainer_reset_moments(struct lat_trainer *t) {
  memset(t->m, 0, t->count * sizeof *t->m);
  memset(t->v, 0, t->count * sizeof *t->v);
  t->state.moment_step = 0;
}

size_t lat_trainer_bytes(const struct lat_trainer *t) {
  size_t bytes = sizeof *t + 2 * t->count * sizeof(float) + t->chunks * sizeof(double);
  for (size_t s = 0; s < t->training.shards; s++)
    bytes += sizeof *t->shard + t->count * sizeof(float) + lat_tape_bytes(t->shard[s].tape);
  return bytes;
}

size_t lat_trainer_state_size(const struct lat_trainer *t) { return sizeof t->state + 3 * t->count * sizeof(float); }

void lat_trainer_get_state(const struct lat_trainer *t, void *bytes) {
  unsigned char *to = bytes;
  const float *part[3] = {t->parameters, t->m, t->v};
  memcpy(to, &t->state, sizeof t->state);
  to += sizeof t->state;
  for (size_t i = 0; i < 3; i++, to += t->count * sizeof(float)) memcpy(to, part[i], t->count * sizeof(float));
}

int lat_trainer_set_state(struct lat_trainer *t, const void *bytes, size_t count) {
  const unsigned char *from = bytes;
  float *part[3] = {t->parameters, t->m, t->v};
  struct state state;
  if (count != lat_trainer_state_size(t))
    return LAT_FAIL(LAT_INPUT, "a training state of %zu bytes, and this training has %zu", count,
                    lat_trainer_state_size(t));
  memcpy(&state, from, sizeof state);
  if (state.count != t->count)
    return LAT_FAIL(LAT_INPUT, "a training state of %llu parameters, and this training has %zu",
                    (unsigned long long)state.count, t->count);
  t->state = state;
  from += sizeof state;
  for (size_t i = 0; i < 3; i++, from += t->count * sizeof(float)) memcpy(part[i], from, t->count * sizeof(float));
  return LAT_OK;
}
