#include "experiments/level_collapse/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/circuit/netlist.h"

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(lat_merged_text(merged, "measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

/* The circuit's name: the file's base name, else the family. */
static const char *name_of(const struct lat_merged *merged, size_t i) {
  const char *file = lat_merged_text(merged, "circuit", i), *slash = file != NULL ? strrchr(file, '/') : NULL;
  if (file == NULL || file[0] == '\0') return lat_merged_text(merged, "family", i);
  return slash != NULL ? slash + 1 : file;
}

/* No earlier collapse point has the same name up to one of the characters in `end` ("": all of the name). */
static int first_of_its_name(const struct lat_merged *merged, size_t i, const char *end) {
  int length = (int)strcspn(name_of(merged, i), end);
  for (size_t j = 0; j < i; j++) {
    int other = is(merged, j, "collapse") ? (int)strcspn(name_of(merged, j), end) : -1;
    if (other == length && strncmp(name_of(merged, j), name_of(merged, i), (size_t)length) == 0) return 0;
  }
  return 1;
}

/* Fewest layers l with (heads + 1)^l >= inputs, in whole numbers. */
static int64_t layers_bound(int64_t heads, int64_t inputs) {
  int64_t layers = 0;
  for (double reach = 1; reach < (double)inputs; reach *= (double)(heads + 1)) layers++;
  return layers;
}

/* Which series the figure draws, as lists of words: up to six circuits, one a family; the largest parity tree. */
static int series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char circuits[512] = "";
  size_t used = 0, drawn = 0, largest = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (is(merged, i, "receptive") && lat_merged_integer(merged, "input_count", i) > (int64_t)largest)
      largest = (size_t)lat_merged_integer(merged, "input_count", i);
    if (!is(merged, i, "collapse") || !first_of_its_name(merged, i, ":") || drawn == 6) continue;
    if (used + strlen(name_of(merged, i)) + 2 >= sizeof circuits) continue;
    used += (size_t)snprintf(circuits + used, sizeof circuits - used, "%s%s", used > 0 ? " " : "", name_of(merged, i));
    drawn++;
  }
  int status = lat_table_begin(analysis, "series", "circuits\tparity of", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%s\t%zu", circuits, largest);
  return status;
}

int lat_level_collapse_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  size_t points = lat_merged_points(merged), machines = 0, bad = 0, attained = 0, trees = 0, failed = 0;
  double most_levels = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < points; i++) failed += lat_merged_failed(merged, i) ? 1 : 0;

  LAT_TRY(status,
          lat_table_begin(analysis, "collapse",
                          "circuit\tK\tlevels of 2-input gates\tlayers\tlevels per layer\tFFN units\twidth\tparameters\t"
                          "wrong bits\tof bits\toutputs ready a layer earlier\tof outputs\tcertified",
                          "Every machine was built and run. 'Ready a layer earlier' below the number of outputs shows that "
                          "the depth was needed."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "collapse") || !first_of_its_name(merged, i, "")) continue;
    for (int64_t k = 2; k <= LAT_MAX_FAN_IN; k++)
      for (size_t j = i; j < points; j++) {
        if (!is(merged, j, "collapse") || strcmp(name_of(merged, j), name_of(merged, i)) != 0) continue;
        if (lat_merged_integer(merged, "fan_in", j) != k) continue;
        double levels = lat_merged_real(merged, "levels", j), layers = lat_merged_real(merged, "layers", j);
        int64_t wrong = lat_merged_integer(merged, "wrong_bits", j), certified = lat_merged_integer(merged, "certified", j);
        int64_t ready = lat_merged_integer(merged, "ready_before", j), all = lat_merged_integer(merged, "output_count", j);
        machines++;
        if (wrong != 0 || certified != 1 || ready >= all) bad++;
        if (levels / layers > most_levels) most_levels = levels / layers;
        LAT_TRY(status,
                lat_table_row(analysis, "%s\t%d\t%g\t%g\t%.4g\t%g\t%g\t%g\t%lld\t%g\t%lld\t%lld\t%lld", name_of(merged, j),
                              (int)k, levels, layers, levels / layers, lat_merged_real(merged, "ffn", j),
                              lat_merged_real(merged, "width", j), lat_merged_real(merged, "parameters", j),
                              (long long)wrong, lat_merged_real(merged, "total_bits", j), (long long)ready, (long long)all,
                              (long long)certified));
      }
  }
  LAT_TRY(status,
          lat_table_begin(analysis, "lines", "K\tFFN units\ttree: log2 K (levels)\tread-once chain: K - 1 (levels)", NULL));
  for (int k = 2; k <= LAT_MAX_FAN_IN; k++)
    LAT_TRY(status, lat_table_row(analysis, "%d\t%d\t%.6g\t%d", k, 2 * (1 << k) + 2 + 2 * (2 * k + 2), log2(k), k - 1));

  LAT_TRY(status, lat_table_begin(analysis, "receptive",
                                  "layers\tinputs a state depends on, at most\theads H\t(H + 1)^layers\tparity of", NULL));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "receptive")) continue;
    size_t extent[3];
    const double *reach = lat_merged_array(merged, "dependence", i, extent);
    double heads = lat_merged_real(merged, "fan_in", i);
    for (size_t l = 0; l < extent[0]; l++) {
      double bound = pow(heads + 1, (double)l);
      if (!(reach[l] <= bound)) bad++;
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%g\t%g\t%g\t%g", l, reach[l], heads, bound,
                                    lat_merged_real(merged, "input_count", i)));
    }
  }
  LAT_TRY(status,
          lat_table_begin(
              analysis, "trees", "parity of\theads H\tbound: layers >= log_{H+1} n\tcompiled tree (layers)\tattained",
              "The receptive-field bound and the compiled parity tree. The tree reads H tokens a layer and not its own, "
              "so it attains log_H n: the bound in whole layers where the two round to the same number."));
  for (size_t i = 0; i < points; i++) {
    if (!is(merged, i, "receptive")) continue;
    int64_t heads = lat_merged_integer(merged, "fan_in", i), inputs = lat_merged_integer(merged, "input_count", i);
    int64_t bound = layers_bound(heads, inputs), layers = lat_merged_integer(merged, "layers", i);
    trees++;
    attained += bound == layers ? 1 : 0;
    if (layers < bound) bad++;
    LAT_TRY(status, lat_table_row(analysis, "%lld\t%lld\t%lld\t%lld\t%s", (long long)inputs, (long long)heads,
                                  (long long)bound, (long long)layers, bound == layers ? "yes" : "no"));
  }

  LAT_TRY(status, series(merged, analysis));
  if (machines == 0 || trees == 0 || failed > 0) {
    status = lat_verdict(analysis, LAT_OPEN, "%zu machines, %zu trees, %zu failed points: not enough to judge", machines,
                         trees, failed);
  } else if (bad > 0) {
    status = lat_verdict(
        analysis, LAT_REFUTED,
        "%zu of %zu machines and trees were wrong, not certified, ready a layer early, or beyond the receptive-field bound",
        bad, machines + trees);
  } else {
    status = lat_verdict(analysis, LAT_SUPPORTED,
                         "%zu machines gave every output bit right in as many layers as the mapped depth and had outputs "
                         "not ready one layer "
                         "earlier; up to %.3g levels a layer were bought. No state depended on more than (H + 1)^l inputs; "
                         "%zu of %zu parity "
                         "trees need exactly the bound's layers.",
                         machines, most_levels, attained, trees);
  }
done:
  return status;
}
