/* Counting predictors. Each is a table from a context to the commonest class after it: one context for all positions, the position
 * itself, or a hash of the last tokens. Ties go to the smaller class, so that the result is a function of the setting and the seed. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/task/task.h"

enum { MAJORITY, POSITION, NGRAM, MOST_N = 3, PREDICTORS = NGRAM + 2 * MOST_N };

struct entry {
  uint64_t context;
  int32_t class;
};

struct table {
  struct entry *entry; /* [count], by rising context */
  size_t count;
};

struct work {
  const struct lat_task_setting *setting;
  uint64_t seed;
  size_t examples;
  struct lat_task_shape shape;
  struct lat_example example;
  struct table table[PREDICTORS];
  uint64_t *asked;       /* [levels] */
  uint64_t *right;       /* [PREDICTORS, levels] */
  uint64_t whole, *sure; /* examples with something scored; [PREDICTORS] of them all right */
};

static int scored(const struct work *work, size_t position) {
  return work->example.level[position] >= 1 && work->example.target[position] >= 0;
}

/* Predictors NGRAM .. read n = 1, 2, 3 positions with all fields, then with the first one. */
static uint64_t context(const struct work *work, int predictor, size_t position) {
  if (predictor == MAJORITY) return 0;
  if (predictor == POSITION) return position;
  size_t fields = work->shape.fields, n = (size_t)(predictor - NGRAM) % MOST_N + 1;
  if (n > position + 1) n = position + 1;
  const int32_t *from = work->example.token + (position + 1 - n) * fields;
  int32_t first[MOST_N];
  if (predictor < NGRAM + MOST_N) return XXH3_64bits(from, n * fields * sizeof *from);
  for (size_t i = 0; i < n; i++) first[i] = from[i * fields];
  return XXH3_64bits(first, n * sizeof *first);
}

static int by_context(const void *left, const void *right) {
  const struct entry *a = left, *b = right;
  if (a->context != b->context) return a->context < b->context ? -1 : 1;
  return (a->class > b->class) - (a->class < b->class);
}

static void make(struct work *work, const char *purpose, size_t index) {
  lat_task_make(work->setting, work->seed, purpose, index, &work->example);
}

/* Scored positions of the examples that are counted on, and how many classes occur there. */
static int count_scored(struct work *work, size_t *count, size_t *classes) {
  unsigned char *seen = lat_calloc(work->shape.classes, 1);
  if (!seen) return LAT_MEMORY;
  *count = *classes = 0;
  for (size_t i = 0; i < work->examples; i++) {
    make(work, "train", i);
    for (size_t p = 0; p < work->shape.sequence; p++) {
      if (!scored(work, p)) continue;
      ++*count;
      *classes += !seen[work->example.target[p]];
      seen[work->example.target[p]] = 1;
    }
  }
  lat_free(seen);
  return LAT_OK;
}

/* Of equal contexts only the commonest class stays. */
static size_t reduce(struct entry *entry, size_t count) {
  size_t kept = 0, best = 0;
  for (size_t i = 0, end; i < count; i = end) {
    for (end = i; end < count && by_context(entry + i, entry + end) == 0;) end++;
    int same = kept > 0 && entry[kept - 1].context == entry[i].context;
    if (!same || end - i > best) {
      best = end - i;
      struct entry winner = entry[i];
      if (!same) kept++;
      entry[kept - 1] = winner;
    }
  }
  return kept;
}

static int learn(struct work *work, int predictor, size_t count) {
  struct table *table = &work->table[predictor];
  size_t at = 0;
  table->entry = lat_alloc(count, sizeof *table->entry);
  if (!table->entry) return LAT_MEMORY;
  for (size_t i = 0; i < work->examples; i++) {
    make(work, "train", i);
    for (size_t p = 0; p < work->shape.sequence; p++)
      if (scored(work, p)) table->entry[at++] = (struct entry){context(work, predictor, p), work->example.target[p]};
  }
  assert(at == count);
  qsort(table->entry, count, sizeof *table->entry, by_context);
  table->count = reduce(table->entry, count);
  return LAT_OK;
}

/* -1: this context was never seen. */
static int32_t look_up(const struct table *table, uint64_t wanted) {
  size_t low = 0, high = table->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (table->entry[middle].context < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low < table->count && table->entry[low].context == wanted ? table->entry[low].class : -1;
}

static int32_t predict(const struct work *work, int predictor, size_t position) {
  for (;;) {
    int32_t class = look_up(&work->table[predictor], context(work, predictor, position));
    if (class >= 0 || predictor == MAJORITY) return class;
    predictor = predictor == NGRAM + MOST_N || predictor <= NGRAM ? MAJORITY : predictor - 1;
  }
}

static void score(struct work *work) {
  for (size_t i = 0; i < work->examples; i++) {
    unsigned wrong = 0;
    int any = 0;
    make(work, "test", i);
    for (size_t p = 0; p < work->shape.sequence; p++) {
      if (!scored(work, p)) continue;
      size_t level = (size_t)work->example.level[p];
      any = 1;
      work->asked[level]++;
      for (int k = 0; k < PREDICTORS; k++) {
        int right = predict(work, k, p) == work->example.target[p];
        work->right[(size_t)k * work->shape.levels + level] += (uint64_t)right;
        if (!right) wrong |= 1u << k;
      }
    }
    work->whole += (uint64_t)any;
    for (int k = 0; k < PREDICTORS; k++) work->sure[k] += (uint64_t)(any && !(wrong & 1u << k));
  }
}

static void read_out(const struct work *work, size_t count, size_t classes, struct lat_baseline *baseline,
                     double *by_level) {
  size_t levels = work->shape.levels;
  double accuracy[PREDICTORS], none = (double)NAN;
  uint64_t all = 0, exact = 0;
  *baseline = (struct lat_baseline){none, none, none, none, 0, 0, none};
  for (size_t l = 0; l < levels; l++) {
    if (by_level) by_level[l] = none;
    all += work->asked[l];
  }
  if (count == 0 || all == 0) return;
  baseline->chance = 1 / (double)classes;
  for (int k = 0; k < PREDICTORS; k++) {
    uint64_t right = 0;
    for (size_t l = 0; l < levels; l++) right += work->right[(size_t)k * levels + l];
    accuracy[k] = (double)right / (double)all;
    if (work->sure[k] > exact) exact = work->sure[k];
    if (k < NGRAM || (k > NGRAM && !(accuracy[k] > baseline->ngram))) continue;
    baseline->ngram = accuracy[k];
    baseline->ngram_n = (size_t)(k - NGRAM) % MOST_N + 1;
    baseline->ngram_fields = k < NGRAM + MOST_N ? work->shape.fields : 1;
  }
  baseline->majority = accuracy[MAJORITY];
  baseline->position = accuracy[POSITION];
  baseline->exact = (double)exact / (double)work->whole;
  int chosen = NGRAM + (int)baseline->ngram_n - 1 + (baseline->ngram_fields < work->shape.fields ? MOST_N : 0);
  for (size_t l = 0; by_level && l < levels; l++) {
    if (!work->asked[l]) continue;
    by_level[l] = baseline->chance;
    for (int k = 0; k < PREDICTORS; k++) {
      double here = (double)work->right[(size_t)k * levels + l] / (double)work->asked[l];
      if ((k < NGRAM || k == chosen) && here > by_level[l]) by_level[l] = here;
    }
  }
}

int lat_task_baseline(const struct lat_task_setting *setting, uint64_t seed, size_t examples, struct lat_baseline *baseline,
                      double *by_level) {
  struct work work = {.setting = setting, .seed = seed, .examples = examples};
  uint64_t sure[PREDICTORS] = {0};
  size_t count = 0, classes = 0;
  int status;
  work.sure = sure;
  LAT_CHECK(status, examples > 0, LAT_INPUT, "a baseline needs one example or more");
  LAT_TRY(status, lat_task_shape(setting, &work.shape));
  work.example.token = lat_alloc(work.shape.sequence * work.shape.fields, sizeof *work.example.token);
  work.example.target = lat_alloc(work.shape.sequence, sizeof *work.example.target);
  work.example.level = lat_alloc(work.shape.sequence, sizeof *work.example.level);
  work.asked = lat_calloc(work.shape.levels, sizeof *work.asked);
  work.right = lat_calloc(work.shape.levels * PREDICTORS, sizeof *work.right);
  LAT_CHECK(status, work.example.token && work.example.target && work.example.level && work.asked && work.right, LAT_MEMORY,
            "no memory for the baselines of task %s", setting->task->name);
  LAT_TRY(status, count_scored(&work, &count, &classes));
  for (int k = 0; k < PREDICTORS; k++) LAT_TRY(status, learn(&work, k, count));
  score(&work);
  read_out(&work, count, classes, baseline, by_level);
done:
  for (int k = 0; k < PREDICTORS; k++) lat_free(work.table[k].entry);
  lat_free(work.right);
  lat_free(work.asked);
  lat_free(work.example.level);
  lat_free(work.example.target);
  lat_free(work.example.token);
  return status;
}
