/* Running thoughts: batches of vectors through one cache, a thought at a time. The size of a batch depends on the number of
 * vectors and the model alone. */
#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/thoughts.h"
#include "lib/nn/decode.h"
#include "lib/nn/rows.h"

enum { LARGEST_BATCH = 256 };
#define LITTLE_WORK 4e6  /* multiply-adds that are not worth waking threads for */
#define CACHE_BUDGET 5e8 /* bytes of a batch; one vector may take more, up to CACHE_LIMIT */
#define CACHE_LIMIT 8e9

struct run {
  const struct lat_thoughts *thoughts;
  const struct lat_vectors *inputs, *values;
  struct lat_thoughts_record *record;
  struct lat_cache *cache;
  struct lat_forward *forward;      /* for the head; NULL for vectors */
  size_t batch, size, first, steps; /* room, vectors of this batch, their first, thoughts to make */
  float *x, *row, *thought, *right; /* [batch P D], [batch D], [batch d], [d] */
  float *logits;                    /* [batch V] or NULL */
  int32_t *token;                   /* [batch P] */
  unsigned char *bit, *said;        /* [w], [batch T w] */
};

/* Positions that are in the cache in the end: the last thought is not fed back. */
static size_t fed(const struct lat_thoughts *thoughts, size_t steps) {
  return thoughts->prompt_tokens + (steps > 0 ? steps - 1 : 0);
}

static size_t thoughts_to_make(const struct lat_thoughts *thoughts, size_t steps) {
  return steps == 0 || steps > thoughts->steps ? thoughts->steps : steps;
}

double lat_thoughts_flops(const struct lat_thoughts *thoughts, size_t steps) {
  steps = thoughts_to_make(thoughts, steps);
  double sum = 2.0 * (double)thoughts->vocabulary * (double)thoughts->layout.width * (double)steps;
  for (size_t p = 1; p <= fed(thoughts, steps); p++) sum += lat_decode_flops(&thoughts->model->config, p);
  return sum;
}

double lat_thoughts_cache_bytes(const struct lat_thoughts *thoughts, size_t steps) {
  const struct lat_thoughts_layout *layout = &thoughts->layout;
  return 4.0 * (double)layout->layers * (double)layout->heads * (double)(layout->address_bits + layout->channels) *
         (double)fed(thoughts, thoughts_to_make(thoughts, steps));
}

static int32_t token_of(const struct run *run, const unsigned char *bit) {
  int32_t token = 0;
  for (size_t j = 0; j < run->thoughts->construction.bits_per_step; j++) token |= (int32_t)bit[j] << j;
  return token;
}

/* The row of position p plus the thought: what a token's embedding gives for tokens. */
static void embed_vector(const struct run *run, size_t p, const float *channel, float *x) {
  const struct lat_thoughts_layout *layout = &run->thoughts->layout;
  memcpy(x, run->thoughts->model->position + p * layout->width, layout->width * sizeof *x);
  for (size_t c = 0; c < layout->channels; c++) x[layout->content + c] += channel[c];
}

/* Puts the prompts of the batch through the model; run->row gets the states of their last tokens. */
static int read_prompts(struct run *run) {
  const struct lat_thoughts *thoughts = run->thoughts;
  size_t P = thoughts->prompt_tokens, D = thoughts->layout.width, w = thoughts->construction.bits_per_step;
  int status = LAT_OK;
  for (size_t n = 0; n < run->batch; n++) {
    size_t vector = run->first + (n < run->size ? n : 0); /* idle rows of the last batch repeat its first */
    for (size_t p = 0; p < P; p++) {
      for (size_t j = 0; j < w; j++)
        run->bit[j] = p * w + j < thoughts->inputs && lat_vectors_get(run->inputs, p * w + j, vector);
      if (thoughts->vocabulary > 0) {
        run->token[n * P + p] = token_of(run, run->bit);
      } else {
        lat_thoughts_pack(thoughts, run->bit, run->thought);
        embed_vector(run, p, run->thought, run->x + (n * P + p) * D);
      }
    }
  }
  if (thoughts->vocabulary > 0)
    LAT_TRY(status, lat_transformer_embed_at(thoughts->model, run->batch, P, 0, run->token, run->x));
  LAT_TRY(status, lat_transformer_decode(thoughts->model, run->cache, P, run->x));
  for (size_t n = 0; n < run->batch; n++) memcpy(run->row + n * D, run->x + (n * P + P - 1) * D, D * sizeof *run->row);
done:
  return status;
}

/* Holds the thought in the channels against the oracle, before it becomes a token. */
static void measure(struct run *run, size_t t) {
  const struct lat_thoughts *thoughts = run->thoughts;
  size_t w = thoughts->construction.bits_per_step, d = thoughts->channels;
  for (size_t n = 0; n < run->size; n++) {
    for (size_t j = 0; j < w; j++) {
      uint32_t node = thoughts->gate[(t - 1) * w + j];
      run->bit[j] = node != UINT32_MAX && lat_vectors_get(run->values, node, run->first + n);
    }
    lat_thoughts_pack(thoughts, run->bit, run->right);
    for (size_t c = 0; c < d; c++) {
      double error = fabs((double)run->thought[n * d + c] - (double)run->right[c]);
      if (error > run->record->largest_error) run->record->largest_error = error;
    }
  }
}

/* Takes thought t out of the states, makes it a token where thoughts are tokens, and keeps what was said. */
static int say(struct run *run, size_t t) {
  const struct lat_thoughts *thoughts = run->thoughts;
  size_t D = thoughts->layout.width, d = thoughts->channels, w = thoughts->construction.bits_per_step;
  size_t V = thoughts->vocabulary, next = thoughts->layout.next;
  struct lat_thoughts_record *record = run->record;
  for (size_t n = 0; n < run->batch; n++) memcpy(run->thought + n * d, run->row + n * D + next, d * sizeof *run->thought);
  if (record->hook != NULL) {
    int status = record->hook(record->hook_context, t, run->first, run->size, d, run->thought);
    if (status != LAT_OK) return status;
  }
  if (run->values != NULL) measure(run, t);
  if (V > 0) {
    for (size_t n = 0; n < run->batch; n++) memcpy(run->row + n * D + next, run->thought + n * d, d * sizeof *run->thought);
    if ((double)run->batch * (double)V * (double)D < LITTLE_WORK)
      lat_rows_logits(thoughts->model, run->batch, run->row, run->logits, run->x);
    else
      lat_transformer_logits(thoughts->model, run->forward, run->row, run->logits);
  }
  for (size_t n = 0; n < run->batch; n++) {
    unsigned char *said = run->said + (n * thoughts->steps + t - 1) * w;
    if (V > 0) {
      int32_t token = run->token[n] = lat_greedy(V, run->logits + n * V);
      if (token < 0)
        return LAT_FAIL(LAT_NUMERIC, "a logit of thought %zu of vector %zu is not a number", t, run->first + n);
      for (size_t j = 0; j < w; j++) said[j] = (unsigned char)(token >> j & 1);
    } else {
      for (size_t c = 0; c < d; c++)
        if (!isfinite(run->thought[n * d + c]))
          return LAT_FAIL(LAT_NUMERIC, "channel %zu of thought %zu of vector %zu is not a finite number", c, t,
                          run->first + n);
      lat_thoughts_unpack(thoughts, run->thought + n * d, said);
    }
  }
  return LAT_OK;
}

/* Feeds the thought that was said last, at position p, and leaves the states in run->row. */
static int feed_back(struct run *run, size_t p) {
  const struct lat_thoughts *thoughts = run->thoughts;
  int status = LAT_OK;
  if (thoughts->vocabulary > 0) {
    LAT_TRY(status, lat_transformer_embed_at(thoughts->model, run->batch, 1, p, run->token, run->row));
  } else {
    for (size_t n = 0; n < run->batch; n++)
      embed_vector(run, p, run->thought + n * thoughts->channels, run->row + n * thoughts->layout.width);
  }
  status = lat_transformer_decode(thoughts->model, run->cache, 1, run->row);
done:
  return status;
}

/* Counts what was said against the oracle and reads the outputs. */
static void count(struct run *run) {
  const struct lat_thoughts *thoughts = run->thoughts;
  struct lat_thoughts_record *record = run->record;
  size_t w = thoughts->construction.bits_per_step, prompt = thoughts->prompt_tokens * w;
  for (size_t n = 0; n < run->size; n++) {
    const unsigned char *said = run->said + n * thoughts->steps * w;
    size_t vector = run->first + n, first_wrong = thoughts->steps + 1;
    for (size_t slot = run->steps * w; run->values != NULL && slot-- > 0;) {
      uint32_t node = thoughts->gate[slot];
      if (node == UINT32_MAX || lat_vectors_get(run->values, node, vector) == said[slot]) continue;
      record->wrong_bits++;
      first_wrong = slot / w + 1;
      if (record->step_wrong != NULL) record->step_wrong[slot / w]++;
    }
    record->wrong_vectors += first_wrong <= thoughts->steps;
    if (record->first_wrong != NULL && run->values != NULL) record->first_wrong[vector] = (uint32_t)first_wrong;
    for (size_t o = 0; record->outputs != NULL && o < thoughts->outputs; o++) {
      uint32_t node = thoughts->output[o];
      size_t place = thoughts->place[node];
      int bit = node < thoughts->inputs ? lat_vectors_get(run->inputs, node, vector)
                                        : place - prompt < run->steps * w && said[place - prompt];
      lat_vectors_set(record->outputs, o, vector, bit);
    }
  }
}

static int think(struct run *run) {
  const struct lat_thoughts *thoughts = run->thoughts;
  struct lat_thoughts_record *record = run->record;
  int status = LAT_OK;
  lat_cache_truncate(run->cache, 0);
  LAT_TRY(status, read_prompts(run));
  for (size_t t = 1; t <= run->steps; t++) {
    LAT_TRY(status, say(run, t));
    if (t < run->steps) LAT_TRY(status, feed_back(run, thoughts->prompt_tokens + t - 1));
    if (record->progress == NULL) continue;
    size_t batches = (run->inputs->count + run->batch - 1) / run->batch;
    LAT_TRY(status, record->progress(record->context, run->first / run->batch * run->steps + t, batches * run->steps));
  }
  record->cache_bytes = lat_cache_bytes(run->cache, 4) / (double)run->batch;
  count(run);
done:
  return status;
}

static size_t choose_batch(const struct run *run, double bytes) {
  const struct lat_thoughts *thoughts = run->thoughts;
  size_t batch = run->inputs->count < LARGEST_BATCH ? run->inputs->count : LARGEST_BATCH;
  bytes += (double)thoughts->steps * (double)thoughts->construction.bits_per_step + 4.0 * (double)thoughts->vocabulary;
  while (batch > 1 && (double)batch * bytes > CACHE_BUDGET) batch = (batch + 1) / 2;
  return batch;
}

static int alloc(struct run *run) {
  const struct lat_thoughts *thoughts = run->thoughts;
  size_t D = thoughts->layout.width, P = thoughts->prompt_tokens, w = thoughts->construction.bits_per_step;
  size_t d = thoughts->channels, V = thoughts->vocabulary, B;
  double bytes = lat_thoughts_cache_bytes(thoughts, run->steps);
  int status = LAT_OK;
  LAT_CHECK(status, bytes <= CACHE_LIMIT, LAT_INPUT,
            "the cache of one vector would take %.3g bytes for %zu positions, %zu heads of %zu + %zu numbers, more than "
            "%.3g: the circuit is too large",
            bytes, thoughts->sequence, thoughts->layout.heads, thoughts->layout.address_bits, d, CACHE_LIMIT);
  B = run->batch = choose_batch(run, bytes);
  LAT_TRY(status, lat_cache_alloc(thoughts->model, B, fed(thoughts, run->steps), 1, &run->cache));
  if (V > 0) LAT_TRY(status, lat_forward_alloc(thoughts->model, B, 1, &run->forward));
  run->x = lat_alloc(B * P, D * sizeof *run->x);
  run->row = lat_alloc(B, D * sizeof *run->row);
  run->thought = lat_alloc(B, d * sizeof *run->thought);
  run->right = lat_alloc(d, sizeof *run->right);
  run->logits = lat_alloc(B, V * sizeof *run->logits);
  run->token = lat_alloc(B * P, sizeof *run->token);
  run->bit = lat_alloc(w, 1);
  run->said = lat_calloc(B * thoughts->steps, w);
  if (run->x == NULL || run->row == NULL || run->thought == NULL || run->right == NULL || run->logits == NULL ||
      run->token == NULL || run->bit == NULL || run->said == NULL)
    status = LAT_MEMORY;
done:
  return status;
}

int lat_thoughts_run(const struct lat_thoughts *thoughts, const struct lat_vectors *inputs,
                     const struct lat_vectors *values, struct lat_thoughts_record *record) {
  assert(inputs->positions == thoughts->inputs && (values == NULL || values->positions == thoughts->nodes));
  assert(record->outputs == NULL || record->outputs->positions == thoughts->outputs);
  struct run run = {.thoughts = thoughts,
                    .inputs = inputs,
                    .values = values,
                    .record = record,
                    .steps = thoughts_to_make(thoughts, record->steps)};
  int status = LAT_OK;
  record->thoughts = run.steps;
  record->bits = record->wrong_bits = record->wrong_vectors = 0;
  record->largest_error = record->cache_bytes = 0;
  for (size_t t = 1; t <= run.steps; t++) record->bits += thoughts->schedule.count[t];
  if (record->step_wrong != NULL) memset(record->step_wrong, 0, thoughts->steps * sizeof *record->step_wrong);
  record->flops = lat_thoughts_flops(thoughts, run.steps);
  if (inputs->count == 0) return LAT_OK;
  LAT_TRY(status, alloc(&run));
  for (run.first = 0; run.first < inputs->count; run.first += run.batch) {
    run.size = inputs->count - run.first < run.batch ? inputs->count - run.first : run.batch;
    LAT_TRY(status, think(&run));
  }
done:
  lat_cache_free(run.cache);
  lat_forward_free(run.forward);
  void *const held[] = {run.x, run.row, run.thought, run.right, run.logits, run.token, run.bit, run.said};
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) lat_free(held[i]);
  return status;
}
