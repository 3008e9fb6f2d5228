#include "experiments/cramming/cram.h"

#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/bootstrap.h"
#include "lib/info/quantise.h"
#include "lib/task/task.h"
#include "lib/train/prompted.h"

enum { IMPROBABLE = 40 };

double lat_cram_bound(size_t bits, size_t vectors, size_t width, size_t texts) {
  return (double)(bits * vectors * width + LAT_QUANTISE_SCALE_BITS * vectors) + IMPROBABLE / (double)texts;
}

static int make_texts(const struct lat_cram *cram, int32_t *text, int32_t *rest) {
  struct lat_task_setting setting;
  size_t N = cram->length;
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse("text", &setting));
  LAT_TRY(status, lat_task_set(&setting, "letters", (int64_t)cram->letters));
  LAT_TRY(status, lat_task_set(&setting, "successors", (int64_t)cram->successors));
  LAT_TRY(status, lat_task_set(&setting, "length", (int64_t)N));
  for (size_t m = 0; m < cram->texts; m++) {
    struct lat_example one = {.token = rest, .target = text + m * N, .level = rest + N};
    lat_task_make(&setting, cram->seed, "test", m, &one);
  }
done:
  return status;
}

static double mean_of(const size_t *value, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += (double)value[i] / (double)n;
  return sum;
}

/* bits [2 M], count [4 M], rounded [numbers]: room. */
static int read_back(const struct lat_cram *cram, const struct lat_prompted *prompted, const float *vector, float *rounded,
                     double *bits, size_t *count, struct lat_cram_reading *reading) {
  size_t M = cram->texts, N = cram->length;
  struct lat_prompted_score score = {bits, count, count + M, count + 2 * M};
  struct lat_prompted_score plain = {.bits = bits + M, .right = count + 3 * M}, only = {.bits = bits};
  struct lat_distortion distortion;
  struct lat_interval interval;
  int status = LAT_OK;
  *reading =
      (struct lat_cram_reading){.exact = log2((double)cram->letters) + (double)(N - 1) * log2((double)cram->successors)};
  LAT_TRY(status, lat_prompted_read(prompted, vector, &score));
  LAT_TRY(status, lat_prompted_read(prompted, NULL, &plain));
  for (size_t m = 0; m < M; m++) {
    reading->with += bits[m] / (double)M;
    reading->without += bits[M + m] / (double)M;
    bits[m] = reading->exact - bits[m];
  }
  reading->gain = reading->exact - reading->with;
  LAT_TRY(status, lat_bootstrap_mean(bits, M, (struct lat_bootstrap){0.95, 1000, cram->seed}, &interval));
  reading->gain_low = interval.low, reading->gain_high = interval.high;
  reading->right = mean_of(count, M) / (double)N;
  reading->plain_right = mean_of(count + 3 * M, M) / (double)N;
  reading->first = mean_of(count + M, M);
  reading->alone = mean_of(count + 2 * M, M);
  for (unsigned b = 1; b <= LAT_CRAM_ROUNDED; b++) {
    LAT_TRY(status, lat_quantise_largest(vector, M * cram->vectors, cram->model->config.width, b, rounded, &distortion));
    LAT_TRY(status, lat_prompted_read(prompted, rounded, &only));
    reading->rounded[b - 1] = reading->exact;
    for (size_t m = 0; m < M; m++) reading->rounded[b - 1] -= bits[m] / (double)M;
  }
done:
  return status;
}

int lat_cram(const struct lat_cram *cram, struct lat_cram_reading *reading) {
  size_t M = cram->texts, N = cram->length, numbers = M * cram->vectors * cram->model->config.width;
  struct lat_prompted prompted = {
      .model = cram->model, .texts = M, .vectors = cram->vectors, .length = N, .start = (int32_t)cram->letters};
  struct lat_training training = lat_training_default(cram->updates);
  int32_t *text = lat_alloc(M * N + 2 * N, sizeof *text);
  float *vector = lat_alloc(2 * numbers, sizeof *vector);
  double *bits = lat_alloc(2 * M, sizeof *bits);
  size_t *count = lat_alloc(4 * M, sizeof *count);
  int status = LAT_OK;
  LAT_CHECK(status, text != NULL && vector != NULL && bits != NULL && count != NULL, LAT_MEMORY, "no memory for %zu texts",
            M);
  LAT_TRY(status, make_texts(cram, text, text + M * N));
  prompted.text = text;
  LAT_TRY(status, lat_prompted_start(&prompted, cram->seed, vector));
  training.clip = 0;
  training.shards = 2;
  training.rate.peak = cram->rate;
  training.rate.warmup = cram->updates > 20 ? 20 : 1;
  training.optimiser.weight_decay = 0;
  LAT_TRY(status, lat_prompted_fit(&prompted, &training, cram->updates, vector));
  LAT_TRY(status, read_back(cram, &prompted, vector, vector + numbers, bits, count, reading));
done:
  lat_free(text);
  lat_free(vector);
  lat_free(bits);
  lat_free(count);
  return status;
}
