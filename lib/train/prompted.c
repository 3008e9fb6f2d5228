#include "lib/train/prompted.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/pass.h"

enum { AT_ONCE = 512 }; /* rows of a pass */

static int check(const struct lat_prompted *p, size_t vectors) {
  const struct lat_transformer_config *config = &p->model->config;
  if (p->texts == 0 || vectors == 0 || p->length == 0)
    return LAT_FAIL(LAT_INPUT, "%zu texts of %zu letters behind %zu vectors: one of each is the least", p->texts, p->length,
                    vectors);
  if (config->mask == LAT_MASK_FULL || lat_transformer_fields(config) != 1)
    return LAT_FAIL(LAT_INPUT, "texts are read letter by letter: the mask must be causal and a token of one field");
  if (config->positions == LAT_POSITIONS_LEARNED && vectors + p->length - 1 > config->sequence)
    return LAT_FAIL(LAT_INPUT, "%zu positions are wanted, but the model has learned %zu", vectors + p->length - 1,
                    config->sequence);
  return LAT_OK;
}

/* Logits of texts first .. first + count - 1 with n letters read; [count (vectors + n), classes]. */
static struct lat_array *run(const struct lat_prompted *p, struct lat_tape *tape, size_t vectors, float *vector,
                             float *gradient, const int32_t *text, size_t count, size_t n) {
  size_t S = vectors + n, D = p->model->config.width;
  int32_t *token = lat_tape_memory(tape, count * S, sizeof *token);
  int32_t *index = lat_tape_memory(tape, count * vectors, sizeof *index);
  struct lat_pass *pass = lat_pass_make(tape, p->model, count, S, NULL);
  if (token == NULL || index == NULL || pass == NULL) return NULL;
  for (size_t i = 0; i < count; i++)
    for (size_t s = 0; s < S; s++) {
      token[i * S + s] = s < vectors ? p->start : text[i * p->length + s - vectors];
      if (s < vectors) index[i * vectors + s] = (int32_t)(i * S + s);
    }
  struct lat_array *x = lat_pass_embed(pass, token);
  if (vector != NULL) x = lat_replace_rows(tape, x, index, lat_tape_leaf(tape, count * vectors, D, vector, gradient));
  x = lat_pass_run(pass, p->model->config.steps, SIZE_MAX, x, NULL);
  return x != NULL ? lat_pass_logits(pass, x) : NULL;
}

static void ask(const struct lat_prompted *p, size_t vectors, const int32_t *text, size_t count, int32_t *target) {
  size_t S = vectors + p->length - 1;
  for (size_t i = 0; i < count; i++)
    for (size_t s = 0; s < S; s++) target[i * S + s] = s + 1 < vectors ? -1 : text[i * p->length + s + 1 - vectors];
}

int lat_prompted_start(const struct lat_prompted *p, uint64_t seed, float *vector) {
  size_t D = p->model->config.width, V = p->model->config.vocabulary;
  struct lat_tape *tape = NULL;
  double square = 0;
  int status = LAT_OK;
  LAT_TRY(status, check(p, p->vectors));
  LAT_TRY(status, lat_tape_alloc(&tape));
  /* One token at a time: position 0 may add to it, and is the same for all. */
  struct lat_pass *pass = lat_pass_make(tape, p->model, V, 1, NULL);
  int32_t *token = lat_tape_memory(tape, V, sizeof *token);
  if (pass == NULL || token == NULL) {
    status = lat_tape_status(tape);
    goto done;
  }
  for (size_t v = 0; v < V; v++) token[v] = (int32_t)v;
  struct lat_array *x = lat_pass_embed(pass, token);
  LAT_TRY(status, lat_tape_status(tape));
  for (size_t i = 0; i < V * D; i++) square += (double)x->value[i] * (double)x->value[i] / (double)(V * D);
  for (size_t m = 0; m < p->texts; m++) {
    struct lat_random random;
    lat_random_start(&random, seed, "vectors", m);
    for (size_t i = 0; i < p->vectors * D; i++) {
      double radius = sqrt(-2 * log(1 - lat_random_uniform(&random)));
      vector[m * p->vectors * D + i] = (float)(sqrt(square) * radius * cos(2 * M_PI * lat_random_uniform(&random)));
    }
  }
done:
  lat_tape_free(tape);
  return status;
}

struct work {
  const struct lat_prompted *p;
  size_t shards;
  float *vector;
};

static int shard_loss(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *loss) {
  const struct work *work = context;
  const struct lat_prompted *p = work->p;
  size_t D = p->model->config.width, S = p->vectors + p->length - 1, size = p->vectors * D;
  size_t first = shard * p->texts / work->shards, end = (shard + 1) * p->texts / work->shards;
  size_t most = AT_ONCE / S > 0 ? AT_ONCE / S : 1;
  int status = LAT_OK;
  (void)step;
  for (; first < end; first += most) {
    size_t count = end - first < most ? end - first : most;
    const int32_t *text = p->text + first * p->length;
    lat_tape_reset(tape);
    int32_t *target = lat_tape_memory(tape, count * S, sizeof *target);
    if (target == NULL) return lat_tape_status(tape);
    ask(p, p->vectors, text, count, target);
    struct lat_array *logits =
        run(p, tape, p->vectors, work->vector + first * size, gradient + first * size, text, count, p->length - 1);
    struct lat_array *sum = lat_cross_entropy(tape, logits, target, NULL, NULL, NULL);
    if (sum == NULL) return lat_tape_status(tape);
    *loss += (double)sum->value[0] / (double)p->length;
    LAT_TRY(status, lat_tape_backward(tape, sum, (float)(1 / (double)p->length)));
  }
done:
  return status;
}

int lat_prompted_fit(const struct lat_prompted *p, const struct lat_training *training, uint64_t updates, float *vector) {
  struct work work = {p, training->shards, vector};
  struct lat_piece piece = {p->texts * p->vectors * p->model->config.width, 0};
  struct lat_trainer *trainer = NULL;
  struct lat_step step;
  int status = LAT_OK;
  assert(training->clip <= 0);
  LAT_TRY(status, check(p, p->vectors));
  LAT_TRY(status, lat_trainer_alloc(training, 1, &piece, vector, shard_loss, &work, &trainer));
  for (uint64_t u = 0; u < updates; u++) LAT_TRY(status, lat_trainer_step(trainer, &step));
done:
  lat_trainer_free(trainer);
  return status;
}

static int read_given(const struct lat_prompted *p, struct lat_tape *tape, size_t vectors, const float *vector, size_t m,
                      struct lat_prompted_score *score) {
  size_t D = p->model->config.width, S = vectors + p->length - 1;
  const int32_t *text = p->text + m * p->length;
  lat_tape_reset(tape);
  int32_t *target = lat_tape_memory(tape, S, sizeof *target);
  float *loss = lat_tape_memory(tape, S, sizeof *loss);
  unsigned char *hit = lat_tape_memory(tape, S, 1);
  float *own = lat_tape_memory(tape, vectors * D, sizeof *own);
  if (target == NULL || loss == NULL || hit == NULL || own == NULL) return lat_tape_status(tape);
  if (vector != NULL) memcpy(own, vector + m * vectors * D, vectors * D * sizeof *own);
  ask(p, vectors, text, 1, target);
  struct lat_array *logits = run(p, tape, vectors, vector != NULL ? own : NULL, NULL, text, 1, p->length - 1);
  if (lat_cross_entropy(tape, logits, target, NULL, loss, hit) == NULL) return lat_tape_status(tape);
  double bits = 0;
  size_t right = 0;
  for (size_t s = vectors - 1; s < S; s++) bits += (double)loss[s] / M_LN2, right += hit[s];
  if (score->bits != NULL) score->bits[m] = bits;
  if (score->right != NULL) score->right[m] = right;
  if (score->first != NULL) score->first[m] = hit[vectors - 1];
  return LAT_OK;
}

static int read_alone(const struct lat_prompted *p, struct lat_tape *tape, size_t vectors, const float *vector, size_t m,
                      size_t *alone) {
  size_t D = p->model->config.width,
         classes = p->model->config.classes > 0 ? p->model->config.classes : p->model->config.vocabulary;
  for (*alone = 0; *alone < p->length; ++*alone) {
    lat_tape_reset(tape);
    float *own = lat_tape_memory(tape, vectors * D, sizeof *own);
    if (own == NULL) return lat_tape_status(tape);
    if (vector != NULL) memcpy(own, vector + m * vectors * D, vectors * D * sizeof *own);
    /* What it wrote so far is the text itself, or it would have ended. */
    struct lat_array *logits = run(p, tape, vectors, vector != NULL ? own : NULL, NULL, p->text + m * p->length, 1, *alone);
    if (logits == NULL) return lat_tape_status(tape);
    const float *last = logits->value + (vectors + *alone - 1) * classes;
    size_t best = 0;
    for (size_t c = 1; c < classes; c++)
      if (last[c] > last[best]) best = c;
    if ((int32_t)best != p->text[m * p->length + *alone]) break;
  }
  return LAT_OK;
}

int lat_prompted_read(const struct lat_prompted *p, const float *vector, struct lat_prompted_score *score) {
  size_t vectors = vector != NULL ? p->vectors : 1;
  struct lat_tape *tape = NULL;
  int status = LAT_OK;
  LAT_TRY(status, check(p, vectors));
  LAT_TRY(status, lat_tape_alloc(&tape));
  for (size_t m = 0; m < p->texts; m++) {
    LAT_TRY(status, read_given(p, tape, vectors, vector, m, score));
    if (score->alone != NULL) LAT_TRY(status, read_alone(p, tape, vectors, vector, m, &score->alone[m]));
  }
done:
  lat_tape_free(tape);
  return status;
}
