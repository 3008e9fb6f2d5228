#include "lib/train/evaluate.h"

#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"

/* Rows of a part that runs on one thread: small enough for its cache. */
enum { PART_ROWS = 512 };

/* What one part counts; parts are added in their order. */
struct part {
  uint64_t *right, *asked, *exact, *broken; /* as in lat_score */
  double *loss;                             /* sums */
  uint64_t *scored;                         /* [steps]: positions behind `loss` */
  int status;
  char message[512];
};

struct work {
  const struct lat_learner *learner;
  const struct lat_task_setting *setting;
  struct lat_task_shape shape;
  uint64_t seed;
  const char *purpose;
  size_t examples, steps, per_part;
  int every, generated;
};

void lat_score_free(struct lat_score *score) {
  lat_free(score->right);
  lat_free(score->asked);
  lat_free(score->exact);
  lat_free(score->broken);
  lat_free(score->loss);
  *score = (struct lat_score){0};
}

static double share(uint64_t right, uint64_t asked) { return asked > 0 ? (double)right / (double)asked : (double)NAN; }

double lat_score_level(const struct lat_score *score, size_t steps, size_t level) {
  return share(score->right[(steps - 1) * score->levels + level], score->asked[level]);
}

double lat_score_accuracy(const struct lat_score *score, size_t steps) {
  uint64_t right = 0, asked = 0;
  for (size_t l = 1; l < score->levels; l++) {
    right += score->right[(steps - 1) * score->levels + l];
    asked += score->asked[l];
  }
  return share(right, asked);
}

double lat_score_asked(const struct lat_score *score, size_t steps) {
  uint64_t right = 0, asked = 0;
  for (size_t l = 0; l < score->levels; l++) {
    right += score->right[(steps - 1) * score->levels + l];
    asked += score->asked[l];
  }
  return share(right, asked);
}

double lat_score_exact(const struct lat_score *score, size_t steps) {
  return share(score->exact[steps - 1], score->examples);
}

struct rows {
  size_t count; /* examples */
  struct lat_example example;
  unsigned char *hit; /* [count S] */
  float *loss;        /* [count S] */
};

static int make_rows(const struct work *work, struct lat_tape *tape, size_t first, struct rows *rows) {
  size_t S = work->shape.sequence, fields = work->shape.fields;
  rows->count = work->examples - first < work->per_part ? work->examples - first : work->per_part;
  rows->example.token = lat_tape_memory(tape, rows->count * S * fields, sizeof(int32_t));
  rows->example.target = lat_tape_memory(tape, rows->count * S, sizeof(int32_t));
  rows->example.level = lat_tape_memory(tape, rows->count * S, sizeof(int32_t));
  rows->example.set = work->shape.sets ? lat_tape_memory(tape, rows->count * S, sizeof(uint64_t)) : NULL;
  rows->hit = lat_tape_memory(tape, rows->count * S, 1);
  rows->loss = lat_tape_memory(tape, rows->count * S, sizeof(float));
  if (lat_tape_status(tape) != LAT_OK) return lat_tape_status(tape);
  for (size_t i = 0; i < rows->count; i++) {
    struct lat_example one = {rows->example.token + i * S * fields, rows->example.target + i * S,
                              rows->example.level + i * S, rows->example.set != NULL ? rows->example.set + i * S : NULL};
    lat_task_make(work->setting, work->seed, work->purpose, first + i, &one);
  }
  return LAT_OK;
}

/* Adds the rows' hits to row t of the part. */
static void count(const struct work *work, const struct rows *rows, size_t t, struct part *part) {
  size_t S = work->shape.sequence;
  for (size_t i = 0; i < rows->count; i++) {
    int whole = 1;
    for (size_t s = i * S; s < (i + 1) * S; s++) {
      if (rows->example.target[s] < 0) continue;
      int finite = isfinite(rows->loss[s]), right = finite && rows->hit[s];
      size_t level = (size_t)rows->example.level[s];
      part->right[t * work->shape.levels + level] += (uint64_t)right;
      part->broken[t] += !finite;
      if (finite) part->loss[t] += (double)rows->loss[s];
      part->scored[t] += (uint64_t)finite;
      if (level > 0 && !right) whole = 0;
    }
    part->exact[t] += (uint64_t)whole;
  }
}

static void count_asked(const struct work *work, const struct rows *rows, struct part *part) {
  for (size_t s = 0; s < rows->count * work->shape.sequence; s++)
    if (rows->example.target[s] >= 0) part->asked[rows->example.level[s]]++;
}

static int run_given(const struct work *work, struct lat_tape *tape, const struct rows *rows, struct lat_random *channel,
                     struct part *part) {
  struct lat_learner_pass pass = {.tape = tape,
                                  .batch = rows->count,
                                  .sequence = work->shape.sequence,
                                  .token = rows->example.token,
                                  .steps = work->steps,
                                  .through = SIZE_MAX,
                                  .every = work->every,
                                  .channel = channel};
  int status = LAT_OK;
  pass.logits = lat_tape_memory(tape, work->steps, sizeof *pass.logits);
  if (pass.logits == NULL) return lat_tape_status(tape);
  LAT_TRY(status, work->learner->run(work->learner, &pass));
  for (size_t t = 0; t < work->steps; t++) {
    if (pass.logits[t] == NULL) continue;
    if (lat_cross_entropy_sets(tape, pass.logits[t], rows->example.target, rows->example.set, NULL, rows->loss,
                               rows->hit) == NULL)
      return lat_tape_status(tape);
    count(work, rows, t, part);
  }
done:
  return status;
}

static int32_t largest(const float *logit, size_t classes) {
  size_t best = 0;
  for (size_t c = 1; c < classes; c++)
    if (logit[c] > logit[best]) best = c;
  return (int32_t)best;
}

/* The positions from prompt - 1 on, one after the other; each sees only what stands before it. `tape` is reset on the way: the rows
 * lie on another. */
static int run_generated(const struct work *work, struct lat_tape *tape, const struct rows *rows,
                         struct lat_random *channel, struct part *part) {
  size_t S = work->shape.sequence, classes = work->shape.classes, fields = work->shape.fields;
  int status = LAT_OK;
  memset(rows->hit, 0, rows->count * S);
  memset(rows->loss, 0, rows->count * S * sizeof *rows->loss);
  for (size_t at = work->shape.prompt - 1; at < S; at++) {
    lat_tape_reset(tape);
    size_t n = at + 1, first = n == work->shape.prompt ? 0 : at; /* what the question itself asks is judged with its end */
    int32_t *token = lat_tape_memory(tape, rows->count * n * fields, sizeof *token);
    int32_t *target = lat_tape_memory(tape, rows->count * n, sizeof *target);
    uint64_t *set = rows->example.set != NULL ? lat_tape_memory(tape, rows->count * n, sizeof *set) : NULL;
    float *loss = lat_tape_memory(tape, rows->count * n, sizeof *loss);
    unsigned char *hit = lat_tape_memory(tape, rows->count * n, 1);
    struct lat_learner_pass pass = {.tape = tape,
                                    .batch = rows->count,
                                    .sequence = n,
                                    .token = token,
                                    .steps = work->steps,
                                    .through = SIZE_MAX,
                                    .channel = channel};
    pass.logits = lat_tape_memory(tape, work->steps, sizeof *pass.logits);
    if (lat_tape_status(tape) != LAT_OK) return lat_tape_status(tape);
    for (size_t i = 0; i < rows->count; i++) {
      memcpy(token + i * n * fields, rows->example.token + i * S * fields, n * fields * sizeof *token);
      for (size_t s = 0; s < n; s++) target[i * n + s] = s >= first ? rows->example.target[i * S + s] : -1;
      if (set != NULL) memcpy(set + i * n, rows->example.set + i * S, n * sizeof *set);
    }
    LAT_TRY(status, work->learner->run(work->learner, &pass));
    struct lat_array *logits = pass.logits[work->steps - 1];
    if (lat_cross_entropy_sets(tape, logits, target, set, NULL, loss, hit) == NULL) return lat_tape_status(tape);
    for (size_t i = 0; i < rows->count; i++) {
      memcpy(rows->hit + i * S + first, hit + i * n + first, n - first);
      memcpy(rows->loss + i * S + first, loss + i * n + first, (n - first) * sizeof *loss);
      for (size_t f = 0; f < fields && n < S; f++)
        rows->example.token[(i * S + n) * fields + f] = largest(logits->value + (i * n + at) * classes, classes);
    }
  }
  count(work, rows, work->steps - 1, part);
done:
  return status;
}

static void run_part(const struct work *work, struct lat_tape *tape[2], size_t index, struct part *part) {
  struct rows rows;
  lat_tape_reset(tape[0]);
  lat_tape_reset(tape[1]);
  part->status = make_rows(work, tape[0], index * work->per_part, &rows);
  if (part->status == LAT_OK) {
    count_asked(work, &rows, part);
    struct lat_random channel;
    char purpose[128];
    snprintf(purpose, sizeof purpose, "channel of %s", work->purpose);
    lat_random_start(&channel, work->seed, purpose, index);
    part->status = work->generated ? run_generated(work, tape[1], &rows, &channel, part)
                                   : run_given(work, tape[0], &rows, &channel, part);
  }
  if (part->status != LAT_OK) snprintf(part->message, sizeof part->message, "%s", lat_error_message());
}

static int alloc_part(const struct work *work, struct part *part) {
  part->right = lat_calloc(work->steps * work->shape.levels, sizeof *part->right);
  part->asked = lat_calloc(work->shape.levels, sizeof *part->asked);
  part->exact = lat_calloc(work->steps, sizeof *part->exact);
  part->broken = lat_calloc(work->steps, sizeof *part->broken);
  part->scored = lat_calloc(work->steps, sizeof *part->scored);
  part->loss = lat_calloc(work->steps, sizeof *part->loss);
  return part->right && part->asked && part->exact && part->broken && part->scored && part->loss ? LAT_OK : LAT_MEMORY;
}

static void free_part(struct part *part) {
  lat_free(part->right);
  lat_free(part->asked);
  lat_free(part->exact);
  lat_free(part->broken);
  lat_free(part->scored);
  lat_free(part->loss);
}

static void add_part(const struct work *work, const struct part *from, struct part *to) {
  for (size_t i = 0; i < work->steps * work->shape.levels; i++) to->right[i] += from->right[i];
  for (size_t l = 0; l < work->shape.levels; l++) to->asked[l] += from->asked[l];
  for (size_t t = 0; t < work->steps; t++) {
    to->exact[t] += from->exact[t];
    to->broken[t] += from->broken[t];
    to->scored[t] += from->scored[t];
    to->loss[t] += from->loss[t];
  }
}

static int run_parts(const struct work *work, size_t parts, struct part *part) {
  int status = LAT_OK;
  size_t threads = (size_t)omp_get_max_threads();
  struct lat_tape *(*tape)[2] = lat_calloc(threads, sizeof *tape);
  LAT_CHECK(status, tape != NULL, LAT_MEMORY, "no memory for %zu threads", threads);
  for (size_t i = 0; i < 2 * threads; i++) LAT_TRY(status, lat_tape_alloc(&tape[i / 2][i % 2]));
#pragma omp parallel for schedule(dynamic, 1)
  for (size_t p = 0; p < parts; p++) run_part(work, tape[omp_get_thread_num()], p, &part[p]);
  for (size_t p = 0; p < parts && status == LAT_OK; p++)
    if (part[p].status != LAT_OK) status = LAT_FAIL(part[p].status, "%s", part[p].message);
done:
  for (size_t i = 0; tape != NULL && i < 2 * threads; i++) lat_tape_free(tape[i / 2][i % 2]);
  lat_free(tape);
  return status;
}

static int check_generated(const struct work *work) {
  const struct lat_transformer *model = work->learner->transformer;
  if (work->shape.classes > work->shape.vocabulary || work->shape.prompt == 0 ||
      work->setting->supervision != LAT_SUPERVISE_TRACE)
    return LAT_FAIL(LAT_INPUT, "%s: only a task with supervision=trace can be answered token by token",
                    work->setting->task->name);
  if (model != NULL && model->config.mask == LAT_MASK_FULL)
    return LAT_FAIL(LAT_INPUT,
                    "a model whose attention sees the whole sequence cannot make it token by token: use the causal "
                    "mask");
  return LAT_OK;
}

static int evaluate(struct work *work, struct lat_score *score) {
  int status = LAT_OK;
  struct part *part = NULL, sum = {0};
  size_t parts = 0;
  *score = (struct lat_score){0};
  LAT_CHECK(status, work->steps > 0 && work->examples > 0, LAT_INPUT,
            "%zu examples after %zu loops show nothing: both must be 1 or more", work->examples, work->steps);
  LAT_TRY(status, lat_task_shape(work->setting, &work->shape));
  if (work->generated) LAT_TRY(status, check_generated(work));
  work->per_part = work->learner->at_once > 0         ? work->learner->at_once
                   : work->shape.sequence < PART_ROWS ? PART_ROWS / work->shape.sequence
                                                      : 1;
  parts = (work->examples + work->per_part - 1) / work->per_part;
  status = LAT_MEMORY;
  if ((part = lat_calloc(parts, sizeof *part)) == NULL || alloc_part(work, &sum) != LAT_OK) goto done;
  for (size_t p = 0; p < parts; p++)
    if (alloc_part(work, &part[p]) != LAT_OK) goto done;
  LAT_TRY(status, run_parts(work, parts, part));
  for (size_t p = 0; p < parts; p++) add_part(work, &part[p], &sum);
  for (size_t t = 0; t < work->steps; t++)
    sum.loss[t] = sum.scored[t] > 0 ? sum.loss[t] / (double)sum.scored[t] : (double)NAN;
  *score = (struct lat_score){work->steps, work->shape.levels, work->examples, sum.right,
                              sum.asked,   sum.exact,          sum.broken,     sum.loss};
  lat_free(sum.scored);
  sum = (struct part){0};
done:
  free_part(&sum);
  for (size_t p = 0; part != NULL && p < parts; p++) free_part(&part[p]);
  lat_free(part);
  return status;
}

int lat_evaluate(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                 const char *purpose, size_t examples, size_t steps, int every, struct lat_score *score) {
  struct work work = {.learner = learner,
                      .setting = setting,
                      .seed = seed,
                      .purpose = purpose,
                      .examples = examples,
                      .steps = steps,
                      .every = every};
  return evaluate(&work, score);
}

int lat_evaluate_generated(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                           const char *purpose, size_t examples, size_t steps, struct lat_score *score) {
  struct work work = {.learner = learner,
                      .setting = setting,
                      .seed = seed,
                      .purpose = purpose,
                      .examples = examples,
                      .steps = steps,
                      .generated = 1};
  return evaluate(&work, score);
}
