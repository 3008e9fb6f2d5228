/* Chunks of vectors are independent: each runs all its steps on one thread, without synchronisation. */
#include <omp.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plain.h"
#include "lib/compile/engine_track.h"

/* Vectors per chunk: wide enough for the matrix product, yet enough chunks for a few threads. */
static size_t chunk_width(const struct lat_engine *engine, size_t count) {
  if (engine->gather || count < 64) return LAT_LANES;
  if (engine->attention == LAT_ATTENTION_FAST) return 2 * LAT_LANES;
  return count < 128 ? 2 * LAT_LANES : 4 * LAT_LANES;
}

struct worker {
  struct lat_chunk *chunk[2];
  struct lat_tracker *tracker[2];
};

static int worker_alloc(const struct lat_tracking *run, size_t width, int common, struct worker *worker) {
  int status = LAT_OK;
  LAT_TRY(status, lat_chunk_alloc(run->engine, LAT_VECTOR_PART, width, &worker->chunk[0]));
  LAT_TRY(status, lat_tracker_alloc(run, worker->chunk[0], &worker->tracker[0]));
  if (!common) goto done;
  LAT_TRY(status, lat_chunk_alloc(run->engine, LAT_COMMON_PART, LAT_LANES, &worker->chunk[1]));
  LAT_TRY(status, lat_tracker_alloc(run, worker->chunk[1], &worker->tracker[1]));
done:
  return status;
}

static void worker_free(struct worker *worker) {
  for (int p = 0; p < 2; p++) {
    lat_tracker_free(worker->tracker[p]);
    lat_chunk_free(worker->chunk[p]);
  }
}

struct shared {
  struct lat_tracking *run;
  const struct lat_vectors *inputs;
  size_t width, done, total;
  int stop;
};

/* True when the caller asked to stop. */
static int tell(struct shared *shared) {
  int stop = 0;
  const struct lat_engine_record *record = shared->run->record;
  if (record->progress == NULL) return 0;
#pragma omp critical(lat_engine_progress)
  {
    shared->done++;
    if (!shared->stop && record->progress(record->context, shared->done, shared->total) != 0) shared->stop = 1;
    stop = shared->stop;
  }
  return stop;
}

static void run_chunk(struct shared *shared, struct worker *worker, size_t part, size_t first) {
  struct lat_chunk *chunk = worker->chunk[part];
  struct lat_tracker *tracker = worker->tracker[part];
  lat_chunk_start(chunk, part == LAT_VECTOR_PART ? shared->inputs : NULL, first);
  lat_tracker_look(tracker, first, 0);
  for (size_t t = 1; t <= shared->run->steps; t++) {
    if (tell(shared)) return;
    lat_chunk_step(chunk);
    lat_tracker_look(tracker, first, t);
  }
  struct lat_vectors *outputs = shared->run->record->outputs;
  if (part != LAT_VECTOR_PART || outputs == NULL) return;
  size_t groups = chunk->vectors / LAT_LANES;
  for (size_t o = 0; o < outputs->positions; o++) {
    for (size_t n = 0; n < chunk->vectors && first + n < outputs->count; n++) {
      int bit = tracker->answer[o * groups + n / LAT_LANES] >> (n % LAT_LANES) & 1;
      uint64_t mask = (uint64_t)1 << ((first + n) % 64), *word = &outputs->word[o * outputs->words + (first + n) / 64];
      /* chunks share words */
      if (bit) {
#pragma omp atomic
        *word |= mask;
      }
    }
  }
}

static int check_counts(const struct lat_engine *engine, const struct lat_vectors *inputs, const struct lat_vectors *values,
                        const struct lat_engine_record *record) {
  const struct lat_prompt *prompt = engine->compiled->prompt;
  if (inputs->positions != prompt->inputs) {
    return LAT_FAIL(LAT_INPUT, "vectors have %zu bits but the circuit has %zu inputs", inputs->positions, prompt->inputs);
  }
  if (values != NULL && (values->positions != engine->tokens || values->count != inputs->count)) {
    return LAT_FAIL(LAT_INPUT, "the oracle's values are for %zu nodes and %zu vectors, not for %zu and %zu",
                    values->positions, values->count, engine->tokens, inputs->count);
  }
  if (record->outputs != NULL &&
      (record->outputs->positions != prompt->outputs || record->outputs->count != inputs->count)) {
    return LAT_FAIL(LAT_INPUT, "the array for outputs is for %zu outputs and %zu vectors, not for %zu and %zu",
                    record->outputs->positions, record->outputs->count, prompt->outputs, inputs->count);
  }
  return LAT_OK;
}

static void clear_record(const struct lat_tracking *run) {
  struct lat_engine_record *record = run->record;
  size_t rows = run->steps + 1, levels = run->engine->compiled->depth + (size_t)1;
  if (record->level_right != NULL) memset(record->level_right, 0, rows * levels * sizeof *record->level_right);
  if (record->level_ready != NULL) memset(record->level_ready, 0, rows * levels * sizeof *record->level_ready);
  if (record->last_right != NULL) memset(record->last_right, 0, levels * sizeof *record->last_right);
  if (record->last_ready != NULL) memset(record->last_ready, 0, levels * sizeof *record->last_ready);
  if (record->output_wrong != NULL) memset(record->output_wrong, 0, rows * sizeof *record->output_wrong);
  for (size_t t = 0; t < rows && record->output_ready != NULL; t++) record->output_ready[t] = UINT64_MAX;
  for (size_t t = 0; t < rows && record->largest_error != NULL; t++) record->largest_error[t] = 0.0;
  if (record->output_last != NULL) memset(record->output_last, 1, run->engine->compiled->prompt->outputs);
  for (size_t n = 0; n < run->count && record->settled_step != NULL; n++) record->settled_step[n] = 0;
  if (record->outputs != NULL) {
    memset(record->outputs->word, 0, record->outputs->positions * record->outputs->words * sizeof *record->outputs->word);
  }
}

int lat_engine_run(struct lat_engine *engine, const struct lat_vectors *inputs, const struct lat_vectors *values,
                   struct lat_engine_record *record) {
  int status = LAT_OK, threads = omp_in_parallel() ? 1 : omp_get_max_threads();
  size_t workers = 0;
  struct worker *worker = NULL;
  struct lat_tracking run = {.engine = engine, .values = values, .record = record, .count = inputs->count};
  run.steps = record->steps != 0 ? record->steps : engine->compiled->model->config.steps;
  struct shared shared = {.run = &run, .inputs = inputs, .width = chunk_width(engine, inputs->count)};
  size_t chunks = (inputs->count + shared.width - 1) / shared.width;
  int common = engine->part[LAT_COMMON_PART].channels > 0, first = common && record->largest_error != NULL;
  size_t tasks = chunks + (size_t)common;
  shared.total = tasks * run.steps;

  LAT_TRY(status, check_counts(engine, inputs, values, record));
  if (!lat_arithmetic_is_plain(engine->compiled->model->config.arithmetic)) {
    clear_record(&run);
    return lat_plain_run(engine->compiled, inputs, values, record, run.steps);
  }
  LAT_TRY(status, lat_readout_make(engine, &run.readout));
  clear_record(&run);
  if (first) {
    run.ready_since = lat_alloc(engine->tokens, sizeof *run.ready_since);
    LAT_CHECK(status, run.ready_since != NULL, LAT_MEMORY, "%s", lat_error_message());
    memset(run.ready_since, 0xff, engine->tokens * sizeof *run.ready_since);
  }
  workers = (size_t)threads < tasks ? (size_t)threads : tasks;
  if (workers == 0) workers = 1; /* no vectors and no common part */
  worker = lat_calloc(workers, sizeof *worker);
  LAT_CHECK(status, worker != NULL, LAT_MEMORY, "%s", lat_error_message());
  for (size_t w = 0; w < workers; w++) LAT_TRY(status, worker_alloc(&run, shared.width, common, &worker[w]));

  if (first) run_chunk(&shared, &worker[0], LAT_COMMON_PART, 0);
    /* Chunks take unequal time where only changes are followed; nothing is summed in floating point across them. */
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)workers)
  for (size_t task = (size_t)first; task < tasks; task++) {
    struct worker *mine = &worker[omp_get_thread_num()];
    if (task == 0 && common) {
      run_chunk(&shared, mine, LAT_COMMON_PART, 0);
    } else {
      run_chunk(&shared, mine, LAT_VECTOR_PART, (task - (size_t)common) * shared.width);
    }
  }
  uint64_t updates = 0, possible = 0;
  engine->drift = 0.0;
  for (size_t w = 0; w < workers; w++) {
    updates += worker[w].chunk[0]->updates;
    possible += worker[w].chunk[0]->possible;
    double drift = worker[w].chunk[0]->drift;
    if (!(drift <= engine->drift)) engine->drift = drift;
  }
  for (size_t t = 0; t <= run.steps && record->output_ready != NULL && inputs->count == 0; t++)
    record->output_ready[t] = engine->compiled->prompt->outputs; /* all of them, for all of no vectors */
  engine->share = possible > 0 ? (double)updates / (double)possible : 1.0;
  LAT_CHECK(status, !shared.stop, LAT_INTERRUPTED, "the run was stopped after %zu of %zu steps", shared.done, shared.total);
done:
  for (size_t w = 0; w < workers && worker != NULL; w++) worker_free(&worker[w]);
  lat_free(worker);
  lat_free(run.ready_since);
  lat_readout_free(&run.readout);
  return status;
}
