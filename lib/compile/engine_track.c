#include "lib/compile/engine_track.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

#ifdef __AVX512F__
#include <immintrin.h>
static inline uint16_t positive(const float *x) {
  return _mm512_cmp_ps_mask(_mm512_load_ps(x), _mm512_setzero_ps(), _CMP_GT_OQ);
}
#else
static inline uint16_t positive(const float *x) {
  unsigned mask = 0;
  for (unsigned k = 0; k < LAT_LANES; k++) mask |= (unsigned)(x[k] > 0.0f) << k;
  return (uint16_t)mask;
}
#endif

static inline unsigned count_bits(uint16_t mask) { return (unsigned)__builtin_popcount(mask); }

/* Which of the 16 vectors from `first` on are real. */
static uint16_t real_lanes(size_t first, size_t count) {
  if (first >= count) return 0;
  return (uint16_t)(count - first >= LAT_LANES ? 0xffffu : (1u << (count - first)) - 1u);
}

static inline uint16_t oracle_bits(const struct lat_vectors *values, size_t position, size_t first) {
  return (uint16_t)(values->word[position * values->words + first / 64] >> (first % 64));
}

int lat_readout_make(struct lat_engine *engine, struct lat_readout *readout) {
  const struct lat_prompt *prompt = engine->compiled->prompt;
  const struct lat_part *vector = &engine->part[LAT_VECTOR_PART], *common = &engine->part[LAT_COMMON_PART];
  for (size_t c = 0; c < common->channels; c++) {
    if (prompt->readout_direction[common->column[c]] != 0.0f) {
      return LAT_FAIL(LAT_UNSUPPORTED, "the readout reads channel %u, which no input can reach", common->column[c]);
    }
  }
  readout->column = lat_alloc(vector->channels, sizeof *readout->column);
  readout->weight = lat_alloc(vector->channels, sizeof *readout->weight);
  readout->base = lat_calloc(prompt->outputs, sizeof *readout->base);
  if (readout->column == NULL || readout->weight == NULL || readout->base == NULL) return LAT_MEMORY;
  unsigned char *mutable = lat_calloc(engine->width, 1);
  if (mutable == NULL) return LAT_MEMORY;
  for (size_t c = 0; c < vector->channels; c++) {
    float w = prompt->readout_direction[vector->column[c]];
    mutable[vector->column[c]] = 1;
    if (w == 0.0f) continue;
    readout->column[readout->terms] = (uint32_t)c;
    readout->weight[readout->terms++] = w;
  }
  for (size_t o = 0; o < prompt->outputs; o++) {
    for (size_t c = 0; c < engine->width; c++) {
      float w = mutable[c] ? 0.0f : prompt->readout_direction[c];
      if (w != 0.0f) readout->base[o] += w * prompt->state[prompt->readout_row[o] * engine->width + c];
    }
  }
  lat_free(mutable);
  return LAT_OK;
}

void lat_readout_free(struct lat_readout *readout) {
  lat_free(readout->column);
  lat_free(readout->weight);
  lat_free(readout->base);
}

int lat_tracker_alloc(const struct lat_tracking *run, const struct lat_chunk *chunk, struct lat_tracker **out) {
  const struct lat_engine_record *record = run->record;
  size_t N = run->engine->tokens, groups = chunk->vectors / LAT_LANES, levels = run->engine->compiled->depth + (size_t)1;
  int value = run->engine->value_part == chunk->part, ready = run->engine->ready_part == chunk->part, status = LAT_OK;
  int wires = record->level_right != NULL || record->last_right != NULL || record->largest_error != NULL;
  *out = NULL;
  struct lat_tracker *tracker = lat_calloc(1, sizeof *tracker);
  if (tracker == NULL) return LAT_MEMORY;
  tracker->run = run;
  tracker->chunk = chunk;
  tracker->count = chunk->part == LAT_COMMON_PART ? 1 : run->count;
  tracker->right_level = lat_calloc(levels, sizeof *tracker->right_level);
  tracker->ready_level = lat_calloc(levels, sizeof *tracker->ready_level);
  LAT_CHECK(status, tracker->right_level != NULL && tracker->ready_level != NULL, LAT_MEMORY, "%s", lat_error_message());
  if (value && wires && run->values != NULL) {
    tracker->right = lat_calloc(N, groups * sizeof *tracker->right);
    LAT_CHECK(status, tracker->right != NULL, LAT_MEMORY, "%s", lat_error_message());
  }
  if (ready) {
    tracker->ready = lat_calloc(N, groups * sizeof *tracker->ready);
    LAT_CHECK(status, tracker->ready != NULL, LAT_MEMORY, "%s", lat_error_message());
  }
  if (value) {
    tracker->answer = lat_calloc(run->engine->compiled->prompt->outputs, groups * sizeof *tracker->answer);
    LAT_CHECK(status, tracker->answer != NULL, LAT_MEMORY, "%s", lat_error_message());
  }
  *out = tracker;
  return LAT_OK;
done:
  lat_tracker_free(tracker);
  return status;
}

void lat_tracker_free(struct lat_tracker *tracker) {
  if (tracker == NULL) return;
  lat_free(tracker->right);
  lat_free(tracker->ready);
  lat_free(tracker->answer);
  lat_free(tracker->right_level);
  lat_free(tracker->ready_level);
  lat_free(tracker);
}

/* One token: new masks, and their difference into the counts by level. */
static void look_token(struct lat_tracker *tracker, size_t i, size_t step) {
  const struct lat_tracking *run = tracker->run;
  const struct lat_chunk *chunk = tracker->chunk;
  const struct lat_engine *engine = run->engine;
  size_t groups = chunk->vectors / LAT_LANES, level = engine->compiled->level[i];
  size_t channels = engine->part[chunk->part].channels;
  const float *state = chunk->state + i * channels * chunk->vectors;
  int counted = level <= engine->compiled->depth;
  for (size_t g = 0; g < groups; g++) {
    size_t first = tracker->first + g * LAT_LANES;
    uint16_t real = real_lanes(first, tracker->count);
    if (tracker->right != NULL && real != 0) {
      uint16_t now = positive(state + engine->value_local[chunk->part] * chunk->vectors + g * LAT_LANES);
      uint16_t right = (uint16_t)(~(now ^ oracle_bits(run->values, i, first)) & real),
               *old = &tracker->right[i * groups + g];
      if (counted) tracker->right_level[level] += (uint64_t)count_bits(right) - (uint64_t)count_bits(*old);
      *old = right;
    }
    if (tracker->ready != NULL && real != 0) {
      uint16_t now = positive(state + engine->ready_local[chunk->part] * chunk->vectors + g * LAT_LANES);
      uint16_t ready = (uint16_t)(now & real), *old = &tracker->ready[i * groups + g];
      if (counted) tracker->ready_level[level] += (uint64_t)count_bits(ready) - (uint64_t)count_bits(*old);
      if (chunk->part == LAT_COMMON_PART && run->ready_since != NULL) {
        if ((ready & 1) == 0) run->ready_since[i] = UINT32_MAX;
        if ((ready & 1) != 0 && (*old & 1) == 0) run->ready_since[i] = (uint32_t)step;
      }
      *old = ready;
    }
  }
}

static double largest_error(const struct lat_tracker *tracker, size_t step) {
  const struct lat_tracking *run = tracker->run;
  const struct lat_chunk *chunk = tracker->chunk;
  const struct lat_engine *engine = run->engine;
  size_t groups = chunk->vectors / LAT_LANES, channels = engine->part[chunk->part].channels;
  double largest = 0.0;
  for (size_t i = 0; i < engine->tokens; i++) {
    if (run->ready_since != NULL && run->ready_since[i] > step) continue;
    for (size_t g = 0; g < groups; g++) {
      unsigned mask = tracker->right[i * groups + g];
      if (tracker->ready != NULL) mask &= tracker->ready[i * groups + g];
      const float *v = chunk->state + (i * channels + engine->value_local[chunk->part]) * chunk->vectors + g * LAT_LANES;
      float worst = 0.0f; /* right wires only: the bit has the sign of v */
      for (unsigned k = 0; k < LAT_LANES; k++) {
        float error = (mask >> k & 1u) != 0 ? fabsf(fabsf(v[k]) - 1.0f) : 0.0f;
        worst = error > worst ? error : worst;
      }
      if ((double)worst > largest) largest = (double)worst;
    }
  }
  return largest;
}

static void look_outputs(struct lat_tracker *tracker, size_t step) {
  const struct lat_tracking *run = tracker->run;
  const struct lat_chunk *chunk = tracker->chunk;
  const struct lat_engine *engine = run->engine;
  const struct lat_prompt *prompt = engine->compiled->prompt;
  struct lat_engine_record *record = run->record;
  size_t groups = chunk->vectors / LAT_LANES, channels = engine->part[chunk->part].channels;
  uint64_t wrong = 0;
  for (size_t g = 0; g < groups; g++) {
    size_t first = tracker->first + g * LAT_LANES;
    uint16_t real = real_lanes(first, tracker->count), moved = 0;
    for (size_t o = 0; o < prompt->outputs; o++) {
      size_t row = prompt->readout_row[o];
      lat_lanes sum = {0};
      sum += run->readout.base[o];
      for (size_t t = 0; t < run->readout.terms; t++) {
        const float *x = chunk->state + (row * channels + run->readout.column[t]) * chunk->vectors + g * LAT_LANES;
        sum += run->readout.weight[t] * *(const lat_lanes *)x;
      }
      _Alignas(64) float product[LAT_LANES];
      memcpy(product, &sum, sizeof product);
      uint16_t now = (uint16_t)(positive(product) & real), *old = &tracker->answer[o * groups + g];
      moved |= (uint16_t)(now ^ *old);
      *old = now;
      if (run->values != NULL) wrong += count_bits((uint16_t)((now ^ oracle_bits(run->values, row, first)) & real));
    }
    for (size_t k = 0; k < LAT_LANES && record->settled_step != NULL && step > 0; k++) {
      if ((moved >> k & 1) != 0) record->settled_step[first + k] = (uint32_t)step;
    }
  }
  if (record->output_wrong != NULL) {
#pragma omp atomic
    record->output_wrong[step] += wrong;
  }
}

/* Outputs that are ready for every vector of the chunk; the fewest over chunks stays. */
static void look_ready(const struct lat_tracker *tracker, size_t step) {
  const struct lat_tracking *run = tracker->run;
  const struct lat_prompt *prompt = run->engine->compiled->prompt;
  size_t groups = tracker->chunk->vectors / LAT_LANES;
  uint64_t ready = 0;
  for (size_t o = 0; o < prompt->outputs; o++) {
    int all = 1;
    for (size_t g = 0; g < groups && all; g++) {
      uint16_t real = real_lanes(tracker->first + g * LAT_LANES, tracker->count);
      all = tracker->ready[prompt->readout_row[o] * groups + g] == real;
    }
    ready += (uint64_t)all;
    if (run->record->output_last != NULL && step == run->steps && !all) {
#pragma omp atomic write
      run->record->output_last[o] = 0;
    }
  }
  if (run->record->output_ready == NULL) return;
#pragma omp critical(lat_engine_ready)
  if (ready < run->record->output_ready[step]) run->record->output_ready[step] = ready;
}

static void add_levels(uint64_t *to, const uint64_t *from, size_t levels, uint64_t times) {
  for (size_t l = 0; l < levels; l++) {
    if (from[l] == 0) continue;
#pragma omp atomic
    to[l] += from[l] * times;
  }
}

void lat_tracker_look(struct lat_tracker *tracker, size_t first, size_t step) {
  const struct lat_tracking *run = tracker->run;
  const struct lat_chunk *chunk = tracker->chunk;
  struct lat_engine_record *record = run->record;
  size_t N = run->engine->tokens, levels = run->engine->compiled->depth + (size_t)1;
  int common = chunk->part == LAT_COMMON_PART;
  tracker->first = first;
  if (step == 0) {
    size_t groups = chunk->vectors / LAT_LANES;
    if (tracker->right != NULL) memset(tracker->right, 0, N * groups * sizeof *tracker->right);
    if (tracker->ready != NULL) memset(tracker->ready, 0, N * groups * sizeof *tracker->ready);
    memset(tracker->right_level, 0, levels * sizeof *tracker->right_level);
    memset(tracker->ready_level, 0, levels * sizeof *tracker->ready_level);
  }
  if (tracker->right != NULL || tracker->ready != NULL) {
    int all = !chunk->follow || step == 0;
    size_t count = all ? N : chunk->touched;
    for (size_t k = 0; k < count; k++) look_token(tracker, all ? k : chunk->touched_list[k], step);
  }
  uint64_t times = common ? run->count : 1;
  if (tracker->right != NULL) {
    if (record->level_right != NULL) add_levels(record->level_right + step * levels, tracker->right_level, levels, 1);
    if (record->last_right != NULL && step == run->steps) add_levels(record->last_right, tracker->right_level, levels, 1);
  }
  if (tracker->ready != NULL) {
    if (record->level_ready != NULL) add_levels(record->level_ready + step * levels, tracker->ready_level, levels, times);
    if (record->last_ready != NULL && step == run->steps)
      add_levels(record->last_ready, tracker->ready_level, levels, times);
    if (record->output_ready != NULL || record->output_last != NULL) look_ready(tracker, step);
  }
  if (tracker->answer != NULL) look_outputs(tracker, step);
  if (record->largest_error != NULL && tracker->right != NULL) {
    double error = largest_error(tracker, step);
#pragma omp critical(lat_engine_error)
    if (!(error <= record->largest_error[step])) record->largest_error[step] = error;
  }
}
