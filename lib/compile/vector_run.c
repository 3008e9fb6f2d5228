/* Runs of the one-vector machine and what is recorded of them. Thoughts of up to 64 vectors lie side by side: channel c of
 * vector w is x[c * lanes + w], so that a channel's signs over the vectors are one word, as in lib/circuit/simulate.h. */
#include <math.h>
#include <omp.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/vector.h"
#include "lib/nn/activation.h"

enum { WORD = 64, NARROW = 16 };

/* Sums over all chunks; whole numbers, so that the order of chunks does not matter. */
struct run {
  const struct lat_vector *vector;
  const struct lat_vectors *inputs, *values;
  struct lat_engine_record *record;
  size_t steps, lanes, done, total;
  int stop;
};

/* One thread's memory. */
struct worker {
  float *x, *next;        /* [D * lanes] */
  unsigned char *changed; /* [2 D]: of the last layer, and of the one before while a layer runs */
  uint64_t *answer;       /* [O]: output bits, for the step of the last change */
  uint64_t updates;
};

static int worker_alloc(const struct run *run, struct worker *worker) {
  size_t D = run->vector->width, lanes = run->lanes;
  worker->x = lat_alloc(D, lanes * sizeof(float));
  worker->next = lat_alloc(D, lanes * sizeof(float));
  worker->changed = lat_alloc(D, 2);
  worker->answer = lat_alloc(run->vector->outputs, sizeof(uint64_t));
  if (worker->x && worker->next && worker->changed && worker->answer) return LAT_OK;
  return LAT_FAIL(LAT_MEMORY, "no memory for %zu thoughts of width %zu", lanes, D);
}

static void worker_free(struct worker *worker) {
  lat_free(worker->x);
  lat_free(worker->next);
  lat_free(worker->changed);
  lat_free(worker->answer);
}

static uint64_t signs(const float *x, size_t count) {
  uint64_t word = 0;
  for (size_t w = 0; w < count; w++) word |= (uint64_t)(x[w] > 0) << w;
  return word;
}

/* ---- the record ---- */

static int wants_levels(const struct lat_engine_record *record, int last) {
  return record->level_right || record->level_ready || (last && (record->last_right || record->last_ready));
}

static void add_levels(const struct run *run, const float *x, size_t first, size_t count, size_t step) {
  const struct lat_vector *vector = run->vector;
  struct lat_engine_record *record = run->record;
  size_t levels = vector->depth + (size_t)1, last = step == run->steps;
  for (size_t i = 0; i < vector->nodes; i++) {
    uint32_t level = vector->level[i];
    if (level > vector->depth) continue;
    uint64_t value = signs(x + i * run->lanes, count), ready = signs(x + (vector->nodes + i) * run->lanes, count);
    uint64_t all = count == WORD ? UINT64_MAX : ((uint64_t)1 << count) - 1, right = 0;
    if (run->values != NULL) right = ~(value ^ run->values->word[i * run->values->words + first / WORD]) & all;
    uint64_t rights = (uint64_t)__builtin_popcountll(right), readies = (uint64_t)__builtin_popcountll(ready);
    if (record->level_right != NULL) record->level_right[step * levels + level] += rights;
    if (record->level_ready != NULL) record->level_ready[step * levels + level] += readies;
    if (last && record->last_right != NULL) record->last_right[level] += rights;
    if (last && record->last_ready != NULL) record->last_ready[level] += readies;
    if (record->largest_error == NULL) continue;
    for (size_t w = 0; w < count; w++) {
      if (!(right >> w & ready >> w & 1)) continue;
      double error = fabs(fabs((double)x[i * run->lanes + w]) - 1);
      if (!(error <= record->largest_error[step])) record->largest_error[step] = error;
    }
  }
}

static void add_outputs(const struct run *run, struct worker *worker, const float *x, size_t first, size_t count,
                        size_t step) {
  const struct lat_vector *vector = run->vector;
  struct lat_engine_record *record = run->record;
  uint64_t all = count == WORD ? UINT64_MAX : ((uint64_t)1 << count) - 1, moved = 0, wrong = 0, ready = 0;
  for (size_t o = 0; o < vector->outputs; o++) {
    size_t node = vector->output[o];
    uint64_t value = signs(x + node * run->lanes, count);
    int is_ready = signs(x + (vector->nodes + node) * run->lanes, count) == all;
    if (step > 0) moved |= value ^ worker->answer[o];
    worker->answer[o] = value;
    ready += (uint64_t)is_ready;
    if (run->values != NULL)
      wrong += (uint64_t)__builtin_popcountll((value ^ run->values->word[node * run->values->words + first / WORD]) & all);
    if (step < run->steps) continue;
    if (record->output_last != NULL && !is_ready) record->output_last[o] = 0;
    if (record->outputs != NULL) record->outputs->word[o * record->outputs->words + first / WORD] = value;
  }
  for (size_t w = 0; w < count && record->settled_step != NULL; w++)
    if (moved >> w & 1) record->settled_step[first + w] = (uint32_t)step;
  if (record->output_wrong != NULL) record->output_wrong[step] += wrong;
  if (record->output_ready != NULL && ready < record->output_ready[step]) record->output_ready[step] = ready;
}

/* Writes to the shared record, one thread at a time. True when the caller asked to stop. */
static int look(struct run *run, struct worker *worker, const float *x, size_t first, size_t step) {
  size_t count = run->inputs->count - first < run->lanes ? run->inputs->count - first : run->lanes;
  int stop;
#pragma omp critical(lat_vector_record)
  {
    add_outputs(run, worker, x, first, count, step);
    if (wants_levels(run->record, step == run->steps) || run->record->largest_error) add_levels(run, x, first, count, step);
    run->done += step > 0;
    if (step > 0 && run->record->progress != NULL && !run->stop)
      run->stop = run->record->progress(run->record->context, run->done, run->total) != 0;
    stop = run->stop;
  }
  return stop;
}

static int start(struct run *run) {
  const struct lat_vector *vector = run->vector;
  struct lat_engine_record *record = run->record;
  const struct lat_vectors *inputs = run->inputs, *values = run->values;
  size_t levels = vector->depth + (size_t)1;
  run->steps = record->steps != 0 ? record->steps : vector->construction.steps;
  size_t rows = run->steps + 1;
  if (inputs->positions != vector->inputs)
    return LAT_FAIL(LAT_INPUT, "vectors have %zu bits but the circuit has %zu inputs", inputs->positions, vector->inputs);
  if (values != NULL && (values->positions != vector->nodes || values->count != inputs->count))
    return LAT_FAIL(LAT_INPUT, "the oracle's values are for %zu nodes and %zu vectors, not for %zu and %zu",
                    values->positions, values->count, vector->nodes, inputs->count);
  if (record->outputs != NULL && (record->outputs->positions != vector->outputs || record->outputs->count != inputs->count))
    return LAT_FAIL(LAT_INPUT, "the array for outputs is for %zu outputs and %zu vectors, not for %zu and %zu",
                    record->outputs->positions, record->outputs->count, vector->outputs, inputs->count);
  if (record->level_right) memset(record->level_right, 0, rows * levels * sizeof *record->level_right);
  if (record->level_ready) memset(record->level_ready, 0, rows * levels * sizeof *record->level_ready);
  if (record->last_right) memset(record->last_right, 0, levels * sizeof *record->last_right);
  if (record->last_ready) memset(record->last_ready, 0, levels * sizeof *record->last_ready);
  if (record->output_wrong) memset(record->output_wrong, 0, rows * sizeof *record->output_wrong);
  for (size_t t = 0; t < rows && record->output_ready; t++) record->output_ready[t] = vector->outputs;
  for (size_t t = 0; t < rows && record->largest_error; t++) record->largest_error[t] = 0;
  if (record->output_last) memset(record->output_last, 1, vector->outputs);
  if (record->settled_step) memset(record->settled_step, 0, inputs->count * sizeof *record->settled_step);
  run->lanes = inputs->count <= NARROW ? NARROW : WORD;
  run->total = (inputs->count + run->lanes - 1) / run->lanes * run->steps;
  return LAT_OK;
}

/* ---- sparse ---- */

static void begin(const struct run *run, size_t first, float *x) {
  const struct lat_vector *vector = run->vector;
  size_t lanes = run->lanes;
  for (size_t c = 0; c < vector->width; c++)
    for (size_t w = 0; w < lanes; w++) x[c * lanes + w] = vector->state[c];
  for (size_t i = 0; i < vector->inputs; i++)
    for (size_t w = 0; w < lanes && first + w < run->inputs->count; w++)
      if (lat_vectors_get(run->inputs, i, first + w)) x[i * lanes + w] = 1;
}

static int any_changed(const struct lat_vector *vector, const unsigned char *changed, size_t channel) {
  size_t node = channel < vector->nodes ? channel : channel - vector->nodes, offset = channel - node;
  if (changed[channel]) return 1;
  for (size_t f = vector->fan_first[node]; f < vector->fan_first[node + 1]; f++)
    if (changed[offset + vector->fan[f]]) return 1;
  return 0;
}

static void channel_forward(const struct lat_vector *vector, size_t lanes, size_t c, const float *restrict x,
                            float *restrict next) {
  enum lat_activation activation = vector->construction.activation;
  float sum[WORD], hidden[WORD];
  for (size_t w = 0; w < lanes; w++) sum[w] = x[c * lanes + w];
  for (size_t u = vector->unit[c]; u < vector->unit[c + 1]; u++) {
    for (size_t w = 0; w < lanes; w++) hidden[w] = 0;
    for (size_t i = vector->term[u]; i < vector->term[u + 1]; i++) {
      const float *from = x + vector->column[i] * lanes, weight = vector->weight[i];
      for (size_t w = 0; w < lanes; w++) hidden[w] += weight * from[w];
    }
    for (size_t w = 0; w < lanes; w++) hidden[w] += vector->bias[u];
    lat_activation_forward(activation, lanes, hidden, hidden);
    for (size_t w = 0; w < lanes; w++) sum[w] += vector->down[u] * hidden[w];
  }
  for (size_t w = 0; w < lanes; w++) next[c * lanes + w] = sum[w] + vector->base[c];
}

/* A channel that is not computed keeps its number in both halves: it did not change in the last layer either. */
static void layer_forward(const struct run *run, struct worker *worker) {
  const struct lat_vector *vector = run->vector;
  size_t D = vector->width, lanes = run->lanes;
  const unsigned char *before = worker->changed;
  unsigned char *after = worker->changed + D;
  for (size_t c = 0; c < D; c++) {
    after[c] = 0;
    if (!any_changed(vector, before, c)) continue;
    channel_forward(vector, lanes, c, worker->x, worker->next);
    after[c] = memcmp(worker->x + c * lanes, worker->next + c * lanes, lanes * sizeof(float)) != 0;
    worker->updates++;
  }
  memcpy(worker->changed, after, D);
  float *x = worker->x;
  worker->x = worker->next;
  worker->next = x;
}

static void run_chunk(struct run *run, struct worker *worker, size_t first) {
  begin(run, first, worker->x);
  memset(worker->changed, 1, run->vector->width);
  int stop = look(run, worker, worker->x, first, 0);
  for (size_t t = 1; t <= run->steps && !stop; t++) {
    for (size_t l = 0; l < run->vector->construction.layers; l++) layer_forward(run, worker);
    stop = look(run, worker, worker->x, first, t);
  }
}

int lat_vector_run(const struct lat_vector *vector, const struct lat_vectors *inputs, const struct lat_vectors *values,
                   struct lat_engine_record *record, double *share) {
  int status = LAT_OK;
  struct run run = {.vector = vector, .inputs = inputs, .values = values, .record = record};
  struct worker *worker = NULL;
  struct lat_certificate certificate;
  size_t workers = 0;
  lat_vector_certify(vector, &certificate);
  LAT_CHECK(status, certificate.certified, LAT_UNSUPPORTED,
            "no sparse run of this one-vector machine, its sums may round: %s", certificate.reason);
  LAT_TRY(status, start(&run));
  size_t chunks = (inputs->count + run.lanes - 1) / run.lanes;
  size_t threads = omp_in_parallel() ? 1 : (size_t)omp_get_max_threads();
  workers = threads < chunks ? threads : chunks;
  worker = lat_calloc(workers, sizeof *worker);
  LAT_CHECK(status, worker != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t i = 0; i < workers; i++) LAT_TRY(status, worker_alloc(&run, &worker[i]));
  if (chunks > 0) {
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)workers)
    for (size_t chunk = 0; chunk < chunks; chunk++) run_chunk(&run, &worker[omp_get_thread_num()], chunk * run.lanes);
  }
  uint64_t updates = 0;
  for (size_t i = 0; i < workers; i++) updates += worker[i].updates;
  double possible = (double)vector->width * (double)vector->construction.layers * (double)run.steps * (double)chunks;
  if (share != NULL) *share = possible > 0 ? (double)updates / possible : 1;
  LAT_CHECK(status, !run.stop, LAT_INTERRUPTED, "the run was stopped after %zu of %zu steps", run.done, run.total);
done:
  for (size_t i = 0; i < workers && worker != NULL; i++) worker_free(&worker[i]);
  lat_free(worker);
  return status;
}

int lat_vector_trace(const struct lat_vector *vector, const struct lat_vectors *inputs, size_t steps,
                     lat_engine_watch *watch, void *context) {
  int status = LAT_OK;
  struct lat_engine_record record = {.steps = steps};
  struct run run = {.vector = vector, .inputs = inputs, .record = &record};
  struct worker worker = {0};
  struct lat_certificate certificate;
  float *row = NULL;
  lat_vector_certify(vector, &certificate);
  LAT_CHECK(status, certificate.certified, LAT_UNSUPPORTED,
            "no sparse run of this one-vector machine, its sums may round: %s", certificate.reason);
  LAT_TRY(status, start(&run));
  LAT_TRY(status, worker_alloc(&run, &worker));
  row = lat_alloc(vector->width, sizeof *row);
  LAT_CHECK(status, row != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t first = 0; first < inputs->count; first += run.lanes) {
    begin(&run, first, worker.x);
    memset(worker.changed, 1, vector->width);
    for (size_t t = 0; t <= run.steps; t++) {
      for (size_t l = 0; t > 0 && l < vector->construction.layers; l++) layer_forward(&run, &worker);
      for (size_t w = 0; w < run.lanes && first + w < inputs->count; w++) {
        for (size_t c = 0; c < vector->width; c++) row[c] = worker.x[c * run.lanes + w];
        LAT_TRY(status, watch(context, first + w, t, row));
      }
    }
  }
done:
  lat_free(row);
  worker_free(&worker);
  return status;
}

/* ---- dense ---- */

struct watch {
  struct run *run;
  struct worker *worker;
  size_t first;
};

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct watch *watch = context;
  struct run *run = watch->run;
  (void)layer;
  for (size_t w = 0; w < run->lanes; w++)
    for (size_t c = 0; c < run->vector->width; c++) watch->worker->x[c * run->lanes + w] = x[w * run->vector->width + c];
  return look(run, watch->worker, watch->worker->x, watch->first, step + 1) ? LAT_INTERRUPTED : LAT_OK;
}

int lat_vector_run_dense(const struct lat_vector *vector, const struct lat_transformer *model,
                         const struct lat_prompt *prompt, const struct lat_vectors *inputs,
                         const struct lat_vectors *values, struct lat_engine_record *record) {
  int status = LAT_OK;
  struct run run = {.vector = vector, .inputs = inputs, .values = values, .record = record};
  struct worker worker = {0};
  struct lat_forward *forward = NULL;
  unsigned char *bit = NULL;
  LAT_TRY(status, start(&run));
  LAT_TRY(status, worker_alloc(&run, &worker));
  LAT_TRY(status, lat_forward_alloc(model, run.lanes, 1, &forward));
  bit = lat_calloc(vector->inputs, 1);
  LAT_CHECK(status, bit != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t first = 0; first < inputs->count; first += run.lanes) {
    for (size_t w = 0; w < run.lanes; w++) {
      for (size_t i = 0; i < vector->inputs; i++)
        bit[i] = first + w < inputs->count && lat_vectors_get(inputs, i, first + w);
      lat_prompt_state(prompt, bit, worker.next + w * vector->width);
    }
    struct watch watch = {&run, &worker, first};
    begin(&run, first, worker.x);
    look(&run, &worker, worker.x, first, 0);
    status = lat_transformer_run(model, forward, run.steps, worker.next, observe, &watch, 0);
    LAT_CHECK(status, status != LAT_INTERRUPTED, LAT_INTERRUPTED, "the run was stopped after %zu of %zu steps", run.done,
              run.total);
    if (status != LAT_OK) goto done;
  }
done:
  lat_free(bit);
  lat_forward_free(forward);
  worker_free(&worker);
  return status;
}
