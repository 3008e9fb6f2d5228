#include "tests/sweep_sample.h"

#include <dirent.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                \
  PATH(input, "-", "a file", "", "", "")                                                                                 \
  TEXT(fail, "-",                                                                                                        \
       "what goes wrong: no, numeric, input, memory, file, infinite; checkpoint: nothing, but it keeps its state", "no", \
       "no,numeric", "no")                                                                                               \
  INT(layers, "layers", 1, 64, "layers", "1,2,3", "1:8", "1:64")                                                         \
  REAL(beta, "1", 0, 60, "sharpness", "0.1:0.3:0.1", "0.5:2:0.5", "1:8:0.25")                                            \
  INT(seed, "-", 0, 1000000, "seed", "0,1", "0:2", "0:9")                                                                \
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

/* Waits in steps of a millisecond, or goes on from the step that the checkpoint tells. */
static int pause_for(struct lat_run *run, int64_t milliseconds, int keeps) {
  struct timespec tick = {0, 1000000};
  const char *path = keeps ? lat_run_checkpoint(run) : NULL;
  char *bytes = NULL, text[32];
  size_t count = 0;
  int64_t from = 0;
  int status = LAT_OK;
  if (path && lat_file_read(path, &bytes, &count) == LAT_OK) LAT_TRY(status, lat_parse_int(bytes, 0, milliseconds, &from));
  for (int64_t i = from; i < milliseconds && status == LAT_OK; i++) {
    nanosleep(&tick, NULL);
    status = lat_run_progress(run, (double)(i + 1) / (double)milliseconds);
    if (status == LAT_INTERRUPTED) {
      snprintf(text, sizeof text, "%lld", (long long)i + 1);
      if (lat_file_write(path, text, strlen(text)) != LAT_OK) status = LAT_FILE;
    }
  }
done:
  lat_free(bytes);
  return status;
}

static int run_sample(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  double start = lat_clock(), parts[16], curve[8], total = 0;
  int64_t odd[16], odds = 0, counts[15];
  int status = LAT_OK;
  lat_sample_runs++;
  LAT_TRY(status, pause_for(run, p->wait, !strcmp(p->fail, "checkpoint")));
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

void lat_sample_folder(char folder[64]) {
  /* In memory where there is such a folder: a flush to disk for each of thousands of files takes a minute. */
  snprintf(folder, 64, "%s/latentlab-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (!mkdtemp(folder)) abort();
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *place) {
  (void)info, (void)kind, (void)place;
  return remove(path);
}

void lat_sample_remove(const char *folder) { nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static int ends(const char *name, const char *ending) {
  size_t length = strlen(name), tail = strlen(ending);
  return length >= tail && !strcmp(name + length - tail, ending);
}

size_t lat_sample_count(const char *folder, const char *ending) {
  char path[128];
  size_t count = 0;
  snprintf(path, sizeof path, "%s/sample", folder);
  DIR *directory = opendir(path);
  for (struct dirent *entry; directory && (entry = readdir(directory));) count += ends(entry->d_name, ending) != 0;
  if (directory) closedir(directory);
  return count;
}

const char *lat_sample_difference(const char *a, const char *b) {
  static char found[500];
  const char *folders[2] = {a, b};
  *found = '\0';
  for (int side = 0; side < 2 && !*found; side++) {
    char path[128];
    snprintf(path, sizeof path, "%s/sample", folders[side]);
    DIR *directory = opendir(path);
    if (!directory) return "no folder of results";
    for (struct dirent *entry; !*found && (entry = readdir(directory));) {
      char *bytes[2] = {NULL, NULL}, file[2][400];
      size_t count[2] = {0, 0};
      if (!ends(entry->d_name, ".h5") || ends(entry->d_name, ".timing.h5")) continue;
      for (int s = 0; s < 2; s++) {
        snprintf(file[s], sizeof file[s], "%s/sample/%s", folders[s], entry->d_name);
        if (lat_file_read(file[s], &bytes[s], &count[s]) != LAT_OK) snprintf(found, sizeof found, "%s is missing", file[s]);
      }
      if (!*found && (count[0] != count[1] || memcmp(bytes[0], bytes[1], count[0]) != 0))
        snprintf(found, sizeof found, "%s differs", file[0]);
      lat_free(bytes[0]);
      lat_free(bytes[1]);
    }
    closedir(directory);
  }
  return found;
}
