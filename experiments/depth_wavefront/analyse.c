#include "experiments/depth_wavefront/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/info/interval.h"

#define INTEGER(name, i) lat_merged_integer(merged, name, i)

static const char *circuit_of(const struct lat_merged *merged, size_t i) {
  const char *family = lat_merged_text(merged, "family", i);
  return strcmp(family, "file") == 0 ? lat_merged_text(merged, "circuit", i) : family;
}

static int is_control(const struct lat_merged *merged, size_t i) {
  return strcmp(lat_merged_text(merged, "attention", i), "uniform") == 0;
}

static int is_plain(const struct lat_merged *merged, size_t i) {
  return strcmp(lat_merged_text(merged, "form", i), "plain") == 0;
}

static int same_machine(const struct lat_merged *merged, size_t i, size_t j) {
  return strcmp(circuit_of(merged, i), circuit_of(merged, j)) == 0 && INTEGER("lut", i) == INTEGER("lut", j) &&
         is_plain(merged, i) == is_plain(merged, j) && is_control(merged, i) == is_control(merged, j);
}

/* Failed and control points are no part of the claim. */
static int counts(const struct lat_merged *merged, size_t i) {
  return !lat_merged_failed(merged, i) && !is_control(merged, i);
}

static const char *gates_of(const struct lat_merged *merged, size_t i, char text[16]) {
  int64_t lut = INTEGER("lut", i);
  snprintf(text, 16, lut == 0 ? "gates" : "K = %d", (int)lut);
  return text;
}

/* Random vectors wrong at one L: only seeds make other vectors, so machines of other L are no further trials.
 * trials[0] gets the vectors, trials[1] the wrong ones. */
static struct lat_interval interval_at(const struct lat_merged *merged, size_t like, int64_t layers, int64_t trials[2]) {
  trials[0] = trials[1] = 0;
  for (size_t j = 0; j < lat_merged_points(merged); j++) {
    if (!counts(merged, j) || !same_machine(merged, like, j) || INTEGER("layers", j) != layers) continue;
    trials[0] += INTEGER("vectors", j);
    trials[1] += INTEGER("wrong_vectors", j);
  }
  return lat_interval_proportion((uint64_t)trials[1], (uint64_t)trials[0], 0.95);
}

/* One row for all L and seeds of a circuit in one form. */
static int table_exact(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  char gates[16];
  LAT_TRY(
      status,
      lat_table_begin(
          analysis, "exact",
          "circuit\tnodes\tform\tdepth (levels)\tmachines\tcertified\tvalues checked\tnot right\tnot "
          "ready\tready early\trandom vectors\twrong\tP(wrong), 95 % interval",
          "Every wire at or below level L t, at every step, for all L that were run. P(wrong): "
          "Clopper-Pearson interval for a random vector to have a wrong output bit after the last step, at the L with the "
          "highest upper end; machines of other L see the same vectors and are no further trials."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    int64_t sum[10] = {0};
    struct lat_interval worst = {0, -1};
    size_t before = 0;
    while (before < i && !(counts(merged, before) && counts(merged, i) && same_machine(merged, i, before))) before++;
    if (!counts(merged, i) || before < i) continue;
    for (size_t j = i; j < lat_merged_points(merged); j++) {
      if (!counts(merged, j) || !same_machine(merged, i, j)) continue;
      sum[0]++;
      sum[1] += INTEGER("certified", j);
      sum[2] += INTEGER("checked", j);
      sum[3] += INTEGER("wrong", j);
      sum[4] += INTEGER("late", j);
      sum[5] += INTEGER("early", j);
      struct lat_interval bound = interval_at(merged, i, INTEGER("layers", j), sum + 6);
      if (bound.high > worst.high) worst = bound, sum[8] = sum[6], sum[9] = sum[7];
    }
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%s\t%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld\t%.3g to %.3g",
                          circuit_of(merged, i), gates_of(merged, i, gates), is_plain(merged, i) ? "plain" : "gpt2",
                          (long long)INTEGER("depth", i), (long long)sum[0], (long long)sum[1], (long long)sum[2],
                          (long long)sum[3], (long long)sum[4], (long long)sum[5], (long long)sum[8], (long long)sum[9],
                          worst.low, worst.high));
  }
done:
  return status;
}

/* Right by luck against ready, at one layer a step. */
static int table_settling(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  char gates[16];
  LAT_TRY(
      status,
      lat_table_begin(
          analysis, "settling",
          "circuit\tnodes\tdepth (levels)\toutput bits right at step 0 (1)\tall random vectors right from (step)\tall "
          "outputs ready at (step)\tsettling step, least\tmean\tmost\tsensitising vector settles at (step)\toutputs "
          "ready one step before (1)",
          "One layer a step. A random vector can be right long before its outputs are ready, since unknown wires start "
          "at 0; the sensitising vector shows when the value itself needs the whole depth. The settling step is the last "
          "at which an output changes."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!counts(merged, i) || !is_plain(merged, i) || INTEGER("layers", i) != 1) continue;
    size_t extent[3];
    const double *settled = lat_merged_array(merged, "settled_step", i, extent);
    size_t vectors = extent[0] - 1; /* the last is the sensitising one */
    double least = (double)INFINITY, most = 0, sum = 0;
    for (size_t n = 0; n < vectors; n++) {
      least = settled[n] < least ? settled[n] : least;
      most = settled[n] > most ? settled[n] : most;
      sum += settled[n];
    }
    const double *ready = lat_merged_array(merged, "output_ready", i, extent);
    size_t ready_at = 0;
    while (ready_at + 1 < extent[0] && ready[ready_at] < 1) ready_at++;
    int64_t needed = INTEGER("steps_needed", i);
    double before = needed > 0 ? ready[needed - 1] : 1;
    const double *right = lat_merged_array(merged, "output_right", i, extent);
    LAT_TRY(status, lat_table_row(analysis, "%s\t%s\t%lld\t%.3f\t%lld\t%zu\t%g\t%.1f\t%g\t%lld\t%.3f",
                                  circuit_of(merged, i), gates_of(merged, i, gates), (long long)INTEGER("depth", i),
                                  right[0], (long long)INTEGER("settled_last", i), ready_at, least, sum / (double)vectors,
                                  most, (long long)INTEGER("sensitised", i), before));
  }
done:
  return status;
}

static int table_control(const struct lat_merged *merged, struct lat_analysis *analysis, size_t *controls,
                         size_t *survived) {
  int status;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "control",
              "circuit\tdepth (levels)\tvalues checked\tnot right\toutput bits right at the end (1)\trandom vectors\t"
              "wrong\tP(wrong), 95 % interval",
              "Control: the same machines with the query weights set to 0, so that every token attends to all alike. "
              "They must fail."));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i) || !is_control(merged, i)) continue;
    size_t extent[3];
    const double *right = lat_merged_array(merged, "output_right", i, extent);
    uint64_t vectors = (uint64_t)INTEGER("vectors", i), wrong = (uint64_t)INTEGER("wrong_vectors", i);
    struct lat_interval bound = lat_interval_proportion(wrong, vectors, 0.95);
    ++*controls;
    *survived += INTEGER("wrong", i) == 0;
    LAT_TRY(status, lat_table_row(analysis, "%s\t%lld\t%lld\t%lld\t%.3f\t%llu\t%llu\t%.3g to %.3g", circuit_of(merged, i),
                                  (long long)INTEGER("depth", i), (long long)INTEGER("checked", i),
                                  (long long)INTEGER("wrong", i), right[extent[0] - 1], (unsigned long long)vectors,
                                  (unsigned long long)wrong, bound.low, bound.high));
  }
done:
  return status;
}

/* Panel a: where the random vectors themselves need four fifths of the depth, then the deepest. Panel b: most different
 * L, then the deepest. */
static int pick_wave(const struct lat_merged *merged, size_t *wave) {
  int64_t best = -1;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    size_t extent[3];
    if (!counts(merged, i) || lat_merged_array(merged, "right", i, extent) == NULL) continue;
    int64_t late = 10 * INTEGER("settled_last", i) >= 8 * INTEGER("steps_needed", i),
            score = late * 100000 + INTEGER("depth", i);
    if (score > best) best = score, *wave = i;
  }
  return best >= 0;
}

static int pick_map(const struct lat_merged *merged, size_t *map) {
  int64_t best = -1;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!counts(merged, i) || !is_plain(merged, i) || INTEGER("lut", i) != 0) continue;
    int64_t layers = 0;
    for (size_t j = 0; j < lat_merged_points(merged); j++)
      layers += counts(merged, j) && same_machine(merged, i, j) && INTEGER("seed", j) == INTEGER("seed", i) &&
                INTEGER("vectors", j) == INTEGER("vectors", i);
    int64_t score = layers * 100000 + (INTEGER("depth", i) <= 31 ? INTEGER("depth", i) : 0);
    if (score > best) best = score, *map = i;
  }
  return best >= 0;
}

static int figure_wave(const struct lat_merged *merged, struct lat_analysis *analysis, size_t wave) {
  int status;
  size_t extent[3];
  const double *right = NULL, *front = NULL;
  extent[0] = extent[1] = 0;
  if (wave != SIZE_MAX) right = lat_merged_array(merged, "right", wave, extent);
  LAT_TRY(status, lat_table_begin(analysis, "wave", "step\tlevel\tright (1)", NULL));
  for (size_t t = 0; t < extent[0]; t++) {
    for (size_t l = 0; l < extent[1]; l++)
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu\t%.4f", t, l, right[t * extent[1] + l]));
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
  size_t shown = extent[0], every = shown / 16 + 1;
  if (wave != SIZE_MAX) front = lat_merged_array(merged, "front", wave, extent);
  LAT_TRY(status, lat_table_begin(analysis, "front", "step\tall ready up to level", NULL));
  for (size_t t = 0; t < shown; t += every) LAT_TRY(status, lat_table_row(analysis, "%zu\t%g", t, front[t]));
done:
  return status;
}

/* The cells of panel b in the order of L; a cell that was not run is NaN. */
static int figure_map(const struct lat_merged *merged, struct lat_analysis *analysis, size_t map, const size_t *column,
                      size_t columns, size_t rows, size_t *lucky) {
  int status;
  size_t extent[3];
  *lucky = 0;
  double depth = map != SIZE_MAX ? (double)INTEGER("depth", map) : 0;
  LAT_TRY(status, lat_table_begin(analysis, "map", "layers\tstep\toutputs ready (1)\toutput bits right (1)", NULL));
  for (size_t c = 0; c < columns; c++) {
    for (size_t t = 0; t < rows; t++) {
      const double *ready = column[c] == SIZE_MAX ? NULL : lat_merged_array(merged, "output_ready", column[c], extent);
      const double *right = column[c] == SIZE_MAX ? NULL : lat_merged_array(merged, "output_right", column[c], extent);
      int there = ready != NULL && right != NULL && t < extent[0];
      if (there)
        LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu\t%.4f\t%.4f", c + 1, t, ready[t], right[t]));
      else
        LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu\tNaN\tNaN", c + 1, t));
    }
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
  /* Between the cells: the first step of the column of L that the depth allows is ceil(depth / L). */
  LAT_TRY(status, lat_table_begin(analysis, "boundary", "layers\tstep", NULL));
  for (size_t c = 0; c < columns; c++) {
    double step = ceil(depth / (double)(c + 1)) - 0.5;
    LAT_TRY(status, lat_table_row(analysis, "%.1f\t%.1f", (double)c + 0.5, step));
    LAT_TRY(status, lat_table_row(analysis, "%.1f\t%.1f", (double)c + 1.5, step));
  }
  /* All random vectors right although not all outputs are ready. */
  LAT_TRY(status, lat_table_begin(analysis, "lucky", "layers\tstep", NULL));
  for (size_t c = 0; c < columns; c++) {
    if (column[c] == SIZE_MAX) continue;
    const double *ready = lat_merged_array(merged, "output_ready", column[c], extent);
    for (size_t t = (size_t)INTEGER("settled_last", column[c]); t < extent[0] && t < rows; t++)
      if (ready[t] < 1) {
        LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu", c + 1, t));
        ++*lucky;
      }
  }
done:
  return status;
}

/* A panel without a machine has tables without rows, and its name is "none". */
static int figure(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  size_t wave = SIZE_MAX, map = SIZE_MAX, columns = 0, rows = 0, lucky, extent[3], column[64];
  int has_wave = pick_wave(merged, &wave), has_map = pick_map(merged, &map);
  for (size_t c = 0; c < 64; c++) column[c] = SIZE_MAX;
  for (size_t j = 0; has_map && j < lat_merged_points(merged); j++) {
    if (!counts(merged, j) || !same_machine(merged, map, j) || INTEGER("seed", j) != INTEGER("seed", map) ||
        INTEGER("vectors", j) != INTEGER("vectors", map) || INTEGER("layers", j) > 12)
      continue;
    size_t layers = (size_t)INTEGER("layers", j);
    column[layers - 1] = j;
    if (layers > columns) columns = layers;
    if (lat_merged_array(merged, "output_ready", j, extent) != NULL && extent[0] > rows) rows = extent[0];
  }
  LAT_TRY(status, figure_wave(merged, analysis, wave));
  LAT_TRY(status, figure_map(merged, analysis, map, column, columns, rows, &lucky));
  if (has_wave) lat_merged_array(merged, "right", wave, extent);
  LAT_TRY(status, lat_table_begin(analysis, "names",
                                  "circuit a\tdepth\tlayers\tsteps\tcircuit b\tdepth\tlayers\tsteps\tlucky cells", NULL));
  LAT_TRY(
      status,
      lat_table_row(analysis, "%s\t%lld\t%lld\t%zu\t%s\t%lld\t%zu\t%zu\t%zu", has_wave ? circuit_of(merged, wave) : "none",
                    has_wave ? (long long)INTEGER("depth", wave) : 0, has_wave ? (long long)INTEGER("layers", wave) : 1,
                    has_wave ? extent[0] - 1 : 1, has_map ? circuit_of(merged, map) : "none",
                    has_map ? (long long)INTEGER("depth", map) : 0, columns, rows > 0 ? rows - 1 : 0, lucky));
done:
  return status;
}

int lat_depth_wavefront_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status;
  size_t controls = 0, survived = 0, machines = 0, uncertified = 0, broken = 0, sensitised = 0;
  int64_t checked = 0, wrong = 0, unpredicted = 0;
  LAT_TRY(status, table_exact(merged, analysis));
  LAT_TRY(status, table_settling(merged, analysis));
  LAT_TRY(status, table_control(merged, analysis, &controls, &survived));
  LAT_TRY(status, figure(merged, analysis));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!counts(merged, i)) continue;
    if (!INTEGER("certified", i)) {
      uncertified++;
      continue;
    }
    int64_t off = INTEGER("wrong", i) + INTEGER("late", i) + INTEGER("early", i) + INTEGER("wrong_vectors", i);
    machines++;
    checked += INTEGER("checked", i);
    wrong += off;
    unpredicted += INTEGER("unpredicted", i);
    broken += off > 0 || INTEGER("unpredicted", i) > 0;
    sensitised += INTEGER("sensitised", i) == INTEGER("steps_needed", i);
  }
  if (broken > 0)
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "%zu of %zu certified machines break it: %lld wire values wrong, not ready in time or ready early, %lld vectors "
        "settle at another step than the circuit does.",
        broken, machines, (long long)wrong, (long long)unpredicted);
  else if (survived > 0)
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu of %zu controls with uniform attention got every wire right, so the test cannot tell.",
                         survived, controls);
  else if (machines == 0 || controls == 0)
    status = lat_verdict(analysis, LAT_OPEN, "There are %zu certified machines and %zu controls; both are needed.",
                         machines, controls);
  else
    status = lat_verdict(
        analysis, LAT_SUPPORTED,
        "All %zu certified machines hold it in all %lld wire values checked at or below level L t, none is ready above it, "
        "and every vector settles at the step that the circuit alone predicts; in %zu of them some vector is wrong until "
        "the very last step; %zu machines are without a certificate; all %zu controls with uniform attention fail.",
        machines, (long long)checked, sensitised, uncertified, controls);
done:
  return status;
}
