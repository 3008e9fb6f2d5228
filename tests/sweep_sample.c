#include "tests/sweep_sample.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/clock.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                               \
  PATH(input, "-", "a file", "", "", "")                                                                \
  TEXT(fail, "-", "how it fails: no, numeric, input, memory, file, infinite", "no", "no,numeric", "no") \
  INT(layers, "layers", 1, 64, "layers", "1,2,3", "1:8", "1:64")                                        \
  REAL(beta, "1", 0, 60, "sharpness", "0.1:0.3:0.1", "0.5:2:0.5", "1:8:0.25")                           \
  INT(seed, "-", 0, 1000000, "seed", "0,1", "0:2", "0:9")                                               \
  INT(wait, "ms", 0, 100000, "milliseconds that a point takes; in no result", "0", "0", "0")
LAT_DEFINE_PARAMETERS(PARAMETERS)

int lat_sample_runs, lat_sample_trouble;

static const struct lat_output outputs[] = {{"total", "1", "sum of random numbers", LAT_REAL, "", 0},
                                            {"odds", "1", "how many words are odd", LAT_INTEGER, "", 0},
                                            {"name", "-", "a word", LAT_TEXT, "", 0},
                                            {"curve", "1", "a curve", LAT_REAL, "moment", LAT_MAY_BE_MISSING},
                                            {"counts", "1", "counts", LAT_INTEGER, "step,level", 0},
                                            {"missing", "1", "never there", LAT_REAL, "", LAT_MAY_BE_MISSING},
                                            {"seconds", "s", "time", LAT_REAL, "", LAT_IS_TIMING},
                                            {0}};

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  return p->layers == 3 && p->seed == 1 ? "three layers have no second seed" : NULL;
}

static double cost(const void *pointer) { return (double)((const struct parameters *)pointer)->layers; }

static int pause_for(struct lat_run *run, int64_t milliseconds) {
  struct timespec tick = {0, 1000000};
  int status = LAT_OK;
  for (int64_t i = 0; i < milliseconds && status == LAT_OK; i++) {
    nanosleep(&tick, NULL);
    status = lat_run_progress(run, (double)i / (double)milliseconds);
  }
  return status;
}

static int run_sample(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  double start = lat_clock(), parts[16], curve[8], total = 0;
  int64_t odd[16], odds = 0, counts[15];
  int status = LAT_OK;
  lat_sample_runs++;
  LAT_TRY(status, pause_for(run, p->wait));
  if (!strcmp(p->fail, "numeric")) return LAT_FAIL(LAT_NUMERIC, "the loss is not a number at step %d", (int)p->layers);
  if (!strcmp(p->fail, "input") && *p->input) return LAT_FAIL(LAT_INPUT, "%s: line 3: no gate there", p->input);
  if (!strcmp(p->fail, "memory") && lat_sample_trouble) return LAT_FAIL(LAT_MEMORY, "no memory for 1 GB");
  if (!strcmp(p->fail, "file") && lat_sample_trouble) return LAT_FAIL(LAT_FILE, "a file cannot be read");
#pragma omp parallel for schedule(static)
  for (int part = 0; part < 16; part++) {
    struct lat_random random;
    lat_random_start(&random, lat_run_seed(run), "sample", (uint64_t)part);
    parts[part] = 0;
    odd[part] = 0;
    for (int i = 0; i < 100 * (int)p->layers; i++) {
      parts[part] += p->beta * lat_random_uniform(&random);
      odd[part] += lat_random_u32(&random) & 1;
    }
  }
  for (int part = 0; part < 16; part++) total += parts[part], odds += odd[part];
  for (int i = 0; i < 8; i++) curve[i] = i == 5 ? (double)NAN : total / (i + 1);
  for (int i = 0; i < 15; i++) counts[i] = i * p->layers;
  if (!strcmp(p->fail, "infinite")) total = HUGE_VAL;
  LAT_TRY(status, lat_put_real(run, "total", total));
  LAT_TRY(status, lat_put_integer(run, "odds", odds));
  LAT_TRY(status, lat_put_text(run, "name", p->layers % 2 ? "odd" : "even"));
  LAT_TRY(status, lat_put_reals(run, "curve", 1, (size_t[]){(size_t)(p->layers < 8 ? p->layers : 8)}, curve));
  LAT_TRY(status, lat_put_integers(run, "counts", 2, (size_t[]){3, 5}, counts));
  LAT_TRY(status, lat_put_real(run, "seconds", lat_clock() - start));
done:
  return status;
}

static int analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  size_t good = 0, points = lat_merged_points(merged), extent[3];
  LAT_TRY(status, lat_table_begin(analysis, "totals", "layers (layers)\tseed\ttotal (1)", "Totals by layers and seed."));
  for (size_t i = 0; i < points; i++) {
    if (lat_merged_failed(merged, i)) continue;
    good++;
    LAT_TRY(status, lat_table_row(analysis, "%lld\t%lld\t%.17g", (long long)lat_merged_integer(merged, "layers", i),
                                  (long long)lat_merged_integer(merged, "seed", i), lat_merged_real(merged, "total", i)));
  }
  LAT_TRY(status, lat_table_begin(analysis, "counts", "step\tcount", NULL));
  for (size_t i = 0; i < points && i < 1; i++) {
    const double *counts = lat_merged_array(merged, "counts", i, extent);
    for (size_t s = 0; counts && s < extent[0]; s++)
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%g", s, counts[s * extent[1]]));
  }
  LAT_TRY(status,
          lat_verdict(analysis, good == points ? LAT_SUPPORTED : LAT_REFUTED, "%zu of %zu points are good", good, points));
done:
  return status;
}

const struct lat_experiment lat_experiment_sample = {
    .name = "sample",
    .section = "T. Tests",
    .question = "does the runner keep what it is given?",
    .prediction = "every byte",
    .refuted_if = "a byte differs",
    .source = "none",
    .caption = "nothing to see",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .cost = cost,
    .run = run_sample,
    .analyse = analyse,
};

const struct lat_experiment *const lat_sample_experiments[] = {&lat_experiment_sample, NULL};
