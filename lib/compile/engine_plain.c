#include "lib/compile/engine_plain.h"

#include <math.h>
#include <omp.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/layout.h"

/* One run, shared by its workers. */
struct shared {
  const struct lat_compiled *compiled;
  const struct lat_vectors *inputs, *values;
  struct lat_engine_record *record;
  size_t steps, done;
  int status; /* of the first vector that failed, and then the others stop */
};

struct worker {
  struct shared *shared;
  struct lat_forward *forward;
  size_t vector;
  unsigned char *bit;     /* [inputs] */
  float *x;               /* [N, D] */
  float *value;           /* [T + 1, N]: v of right wires, NaN of others; NULL when nobody asks for the largest error */
  unsigned char *ready;   /* [T + 1, N] */
  unsigned char *answer;  /* [O]: of the step before */
  unsigned char *present; /* [O]: ready after the last step */
};

static int worker_alloc(struct shared *shared, struct worker *worker) {
  const struct lat_compiled *compiled = shared->compiled;
  size_t N = compiled->nodes, O = compiled->prompt->outputs, rows = shared->steps + 1;
  *worker = (struct worker){.shared = shared};
  int status = lat_forward_alloc(compiled->model, 1, N, &worker->forward);
  if (status != LAT_OK) return status;
  worker->bit = lat_calloc(compiled->prompt->inputs, 1);
  worker->x = lat_alloc(N, compiled->layout.width * sizeof *worker->x);
  worker->ready = lat_alloc(rows, N * sizeof *worker->ready);
  worker->answer = lat_calloc(O, 1);
  worker->present = lat_calloc(O, 1);
  if (shared->record != NULL && shared->record->largest_error != NULL &&
      (worker->value = lat_alloc(rows, N * sizeof *worker->value)) == NULL)
    return LAT_MEMORY;
  return worker->bit && worker->x && worker->ready && worker->answer && worker->present ? LAT_OK : LAT_MEMORY;
}

static void worker_free(struct worker *worker) {
  lat_forward_free(worker->forward);
  lat_free(worker->bit);
  lat_free(worker->x);
  lat_free(worker->value);
  lat_free(worker->ready);
  lat_free(worker->answer);
  lat_free(worker->present);
}

static void start(struct worker *worker, size_t vector) {
  const struct lat_prompt *prompt = worker->shared->compiled->prompt;
  worker->vector = vector;
  for (size_t i = 0; i < prompt->inputs; i++)
    worker->bit[i] = (unsigned char)lat_vectors_get(worker->shared->inputs, i, vector);
  lat_prompt_state(prompt, worker->bit, worker->x);
}

static void count(uint64_t *to) {
  if (to == NULL) return;
#pragma omp atomic
  *to += 1;
}

static void look_wires(struct worker *worker, size_t step, const float *x) {
  const struct shared *shared = worker->shared;
  const struct lat_compiled *compiled = shared->compiled;
  struct lat_engine_record *record = shared->record;
  size_t N = compiled->nodes, levels = compiled->depth + (size_t)1;
  size_t v = lat_layout_column(&compiled->layout, compiled->layout.value);
  size_t r = lat_layout_column(&compiled->layout, compiled->layout.ready);
  for (size_t i = 0; i < N; i++) {
    const float *row = x + i * compiled->layout.width;
    size_t level = compiled->level[i], cell = step * levels + level;
    int ready = row[r] > 0.0f, right = 0, counted = level < levels, last = step == shared->steps;
    if (shared->values != NULL) right = lat_vectors_get(shared->values, i, worker->vector) ? row[v] > 0 : row[v] <= 0;
    worker->ready[step * N + i] = (unsigned char)ready;
    if (worker->value != NULL) worker->value[step * N + i] = right ? row[v] : NAN;
    if (ready && counted) count(record->level_ready != NULL ? &record->level_ready[cell] : NULL);
    if (ready && counted && last) count(record->last_ready != NULL ? &record->last_ready[level] : NULL);
    if (right && counted) count(record->level_right != NULL ? &record->level_right[cell] : NULL);
    if (right && counted && last) count(record->last_right != NULL ? &record->last_right[level] : NULL);
  }
}

static void look_outputs(struct worker *worker, size_t step, const float *x) {
  const struct shared *shared = worker->shared;
  const struct lat_prompt *prompt = shared->compiled->prompt;
  struct lat_engine_record *record = shared->record;
  uint64_t ready = 0;
  for (size_t o = 0; o < prompt->outputs; o++) {
    size_t row = prompt->readout_row[o];
    int now = lat_prompt_read(prompt, x, o, NULL), is_ready = worker->ready[step * shared->compiled->nodes + row];
    if (shared->values != NULL && now != lat_vectors_get(shared->values, row, worker->vector) &&
        record->output_wrong != NULL)
      count(&record->output_wrong[step]);
    if (now != worker->answer[o] && step > 0 && record->settled_step != NULL)
      record->settled_step[worker->vector] = (uint32_t)step;
    worker->answer[o] = (unsigned char)now;
    worker->present[o] = (unsigned char)is_ready;
    ready += (uint64_t)is_ready;
  }
  if (record->output_ready == NULL) return;
#pragma omp critical(lat_engine_ready)
  if (ready < record->output_ready[step]) record->output_ready[step] = ready;
}

static int tell(struct shared *shared) {
  const struct lat_engine_record *record = shared->record;
  int status = LAT_OK;
#pragma omp critical(lat_engine_progress)
  {
    size_t total = shared->steps * shared->inputs->count;
    shared->done++;
    if (shared->status == LAT_OK && record->progress != NULL && record->progress(record->context, shared->done, total) != 0)
      shared->status = LAT_INTERRUPTED;
    status = shared->status;
  }
  return status;
}

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct worker *worker = context;
  (void)layer;
  look_wires(worker, step + 1, x);
  look_outputs(worker, step + 1, x);
  return tell(worker->shared);
}

/* |v - bit| of right wires from the step on from which they stay ready. */
static void look_back(const struct worker *worker) {
  const struct shared *shared = worker->shared;
  size_t N = shared->compiled->nodes;
  for (size_t i = 0; i < N; i++)
    for (size_t t = shared->steps + 1; t-- > 0 && worker->ready[t * N + i];) {
      double error = fabs(fabs((double)worker->value[t * N + i]) - 1.0);
      if (isnan(worker->value[t * N + i])) continue;
#pragma omp critical(lat_engine_error)
      if (!(error <= shared->record->largest_error[t])) shared->record->largest_error[t] = error;
    }
}

static int run_vector(struct worker *worker, size_t vector) {
  struct shared *shared = worker->shared;
  struct lat_engine_record *record = shared->record;
  size_t O = shared->compiled->prompt->outputs;
  start(worker, vector);
  look_wires(worker, 0, worker->x);
  look_outputs(worker, 0, worker->x);
  int status = lat_transformer_run(shared->compiled->model, worker->forward, shared->steps, worker->x, observe, worker, 0);
  if (status != LAT_OK) return status;
  if (worker->value != NULL) look_back(worker);
  for (size_t o = 0; o < O; o++) {
    uint64_t mask = (uint64_t)1 << (vector % 64);
    if (record->outputs != NULL && worker->answer[o]) {
#pragma omp atomic
      record->outputs->word[o * record->outputs->words + vector / 64] |= mask;
    }
    if (record->output_last != NULL && !worker->present[o]) {
#pragma omp atomic write
      record->output_last[o] = 0;
    }
  }
  return LAT_OK;
}

int lat_plain_run(const struct lat_compiled *compiled, const struct lat_vectors *inputs, const struct lat_vectors *values,
                  struct lat_engine_record *record, size_t steps) {
  struct shared shared = {compiled, inputs, values, record, steps, 0, LAT_OK};
  size_t threads = omp_in_parallel() ? 1 : (size_t)omp_get_max_threads(), made = 0;
  size_t workers = threads < inputs->count ? threads : inputs->count;
  int status = LAT_OK;
  struct worker *worker = lat_calloc(workers, sizeof *worker);
  LAT_CHECK(status, worker != NULL, LAT_MEMORY, "%s", lat_error_message());
  while (made < workers) LAT_TRY(status, worker_alloc(&shared, &worker[made++]));
    /* Whole numbers are counted, so the order of vectors does not matter; a single vector is split by rows instead. */
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)workers) if (workers > 1)
  for (size_t n = 0; n < inputs->count; n++) {
    int stop;
#pragma omp critical(lat_engine_progress)
    stop = shared.status;
    if (stop != LAT_OK) continue;
    int result = run_vector(&worker[workers > 1 ? omp_get_thread_num() : 0], n);
    if (result == LAT_OK) continue;
#pragma omp critical(lat_engine_progress)
    if (shared.status == LAT_OK) shared.status = result;
  }
  LAT_CHECK(status, shared.status == LAT_OK, shared.status, "the run was stopped after %zu of %zu steps", shared.done,
            steps * inputs->count);
  for (size_t t = 0; t <= steps && record->output_ready != NULL && inputs->count == 0; t++)
    record->output_ready[t] = compiled->prompt->outputs;
done:
  for (size_t w = 0; w < made && worker != NULL; w++) worker_free(&worker[w]);
  lat_free(worker);
  return status;
}

/* What a trace hands on. */
struct trace {
  lat_engine_watch *watch;
  void *context;
  size_t vector;
};

static int pass_on(void *context, size_t step, size_t layer, const float *x) {
  const struct trace *trace = context;
  (void)layer;
  return trace->watch(trace->context, trace->vector, step + 1, x);
}

int lat_plain_trace(const struct lat_compiled *compiled, const struct lat_vectors *inputs, size_t steps,
                    lat_engine_watch *watch, void *context) {
  struct shared shared = {compiled, inputs, NULL, NULL, steps, 0, LAT_OK};
  struct worker worker;
  int status = worker_alloc(&shared, &worker);
  for (size_t n = 0; n < inputs->count && status == LAT_OK; n++) {
    struct trace trace = {watch, context, n};
    start(&worker, n);
    LAT_TRY(status, watch(context, n, 0, worker.x));
    LAT_TRY(status, lat_transformer_run(compiled->model, worker.forward, steps, worker.x, pass_on, &trace, 0));
  }
done:
  worker_free(&worker);
  return status;
}
