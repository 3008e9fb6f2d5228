#include "experiments/thought_bandwidth/analyse.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

enum { DRAWN = 4 }; /* circuits in the figure */

static const char *const kinds[] = {"token", "vector", "wires", "gates"};

static const char *text(const struct lat_merged *merged, const char *name, size_t i) {
  const char *value = lat_merged_text(merged, name, i);
  return value != NULL ? value : "";
}

static int is(const struct lat_merged *merged, size_t i, const char *thought) {
  return strcmp(text(merged, "thought", i), thought) == 0;
}

static int is_schedule(const struct lat_merged *merged, size_t i) { return is(merged, i, "schedule"); }

/* The circuit's name: the file's base name, else the family. */
static const char *name_of(const struct lat_merged *merged, size_t i) {
  const char *file = text(merged, "circuit", i), *slash = strrchr(file, '/');
  if (file[0] == '\0') return text(merged, "family", i);
  return slash != NULL ? slash + 1 : file;
}

static int same_circuit(const struct lat_merged *merged, size_t i, size_t j) {
  return strcmp(name_of(merged, i), name_of(merged, j)) == 0 &&
         lat_merged_integer(merged, "fan_in", i) == lat_merged_integer(merged, "fan_in", j) &&
         lat_merged_integer(merged, "seed", i) == lat_merged_integer(merged, "seed", j);
}

/* What the verdict counts. */
struct tally {
  size_t failed, circuits, schedules, outside, machines, bad, certified, void_controls;
  int64_t compared, wrong;
  size_t compared_costs, cheapest_elsewhere; /* circuits; those whose cheapest machine has not the fewest steps */
  double most_bits, most_share; /* nominal bits of a step over the wires that appear in it, at most; the largest mean */
};

static int put_schedules(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status;
  LAT_TRY(status, lat_table_begin(analysis, "schedule", "circuit\tK\tw (bits)\tsteps\tlower bound\tupper bound", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i) || !is_schedule(merged, i)) continue;
    size_t extent[3];
    const double *budget = lat_merged_array(merged, "schedule_bits", i, extent);
    const double *steps = lat_merged_array(merged, "schedule_steps", i, extent);
    const double *lower = lat_merged_array(merged, "schedule_lower", i, extent);
    const double *upper = lat_merged_array(merged, "schedule_upper", i, extent);
    tally->circuits++;
    for (size_t k = 0; k < extent[0]; k++) {
      tally->schedules++;
      tally->outside += !(steps[k] >= lower[k] && steps[k] <= upper[k]);
      LAT_TRY(status, lat_table_row(analysis, "%s\t%" PRId64 "\t%g\t%g\t%g\t%g", name_of(merged, i),
                                    lat_merged_integer(merged, "fan_in", i), budget[k], steps[k], lower[k], upper[k]));
    }
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
done:
  return status;
}

/* A machine's w, for the axis: its own, or all gates where it has no limit. */
static int64_t width_of(const struct lat_merged *merged, size_t i) {
  int64_t bits = lat_merged_integer(merged, "bits", i);
  return bits > 0 ? bits : lat_merged_integer(merged, "size", i);
}

static void count_machine(const struct lat_merged *merged, size_t i, struct tally *tally) {
  int64_t steps = lat_merged_integer(merged, "steps", i), wrong = lat_merged_integer(merged, "wrong", i);
  tally->machines++;
  tally->compared += lat_merged_integer(merged, "compared", i);
  tally->wrong += wrong;
  tally->bad += wrong != 0 || steps != lat_merged_integer(merged, "scheduled", i) ||
                lat_merged_integer(merged, "unplanned", i) != 0 || steps < lat_merged_integer(merged, "lower", i) ||
                steps > lat_merged_integer(merged, "upper", i);
  tally->certified += lat_merged_integer(merged, "certified", i) == 1;
  tally->void_controls += lat_merged_integer(merged, "ready_before", i) >= lat_merged_integer(merged, "output_count", i);
  double share = lat_merged_real(merged, "nominal_bits", i) / lat_merged_real(merged, "mean_bits", i);
  if (share > tally->most_share) tally->most_share = share;
  if (lat_merged_real(merged, "mean_bits", i) > tally->most_bits)
    tally->most_bits = lat_merged_real(merged, "mean_bits", i);
}

/* Of the machines of point i's circuit: does the one with the fewest operations take more steps than another does? */
static void compare_costs(const struct lat_merged *merged, size_t i, struct tally *tally) {
  double least = (double)INFINITY, steps = 0, fewest = (double)INFINITY;
  for (size_t j = i; j < lat_merged_points(merged); j++) {
    if (lat_merged_failed(merged, j) || is_schedule(merged, j) || !same_circuit(merged, i, j)) continue;
    double flops = lat_merged_real(merged, "flops", j), taken = lat_merged_real(merged, "steps", j);
    if (taken < fewest) fewest = taken;
    if (flops < least || (flops <= least && taken < steps)) steps = taken;
    if (flops < least) least = flops;
  }
  tally->compared_costs += isfinite(least) != 0;
  tally->cheapest_elsewhere += isfinite(least) && steps > fewest;
}

static int first_of_circuit(const struct lat_merged *merged, size_t i) {
  for (size_t j = 0; j < i; j++)
    if (same_circuit(merged, j, i)) return 0;
  return 1;
}

static int put_machines(const struct lat_merged *merged, struct lat_analysis *analysis, struct tally *tally) {
  int status;
  LAT_TRY(status, lat_table_begin(
                      analysis, "machines",
                      "circuit\tK\tthought\tw (bits)\tbits of a channel\tsteps\tscheduled\twires a step, mean\tat most\t"
                      "nominal bits of a step\toperations\tcarried (B)\tparameters\tseconds\twrong bits\tof bits\t"
                      "outputs a step earlier\tof outputs\twrong a step earlier",
                      "Machines that were built and run. Operations, bytes and seconds are of one input vector; "
                      "'carried' is what the last step could read of earlier ones, the key-value cache or the state."));
  /* All machines of a circuit together, kind by kind. */
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (!first_of_circuit(merged, i)) continue;
    compare_costs(merged, i, tally);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
      for (size_t j = i; j < lat_merged_points(merged); j++) {
        if (lat_merged_failed(merged, j) || !same_circuit(merged, i, j) || !is(merged, j, kinds[k])) continue;
        double seconds = lat_merged_real(merged, "seconds", j);
        char time[32] = "NaN";
        if (isfinite(seconds)) snprintf(time, sizeof time, "%.3g", seconds);
        count_machine(merged, j, tally);
        LAT_TRY(
            status,
            lat_table_row(analysis,
                          "%s\t%" PRId64 "\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%.4g\t%" PRId64
                          "\t%g\t%.4g\t%.6g\t%" PRId64 "\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64,
                          name_of(merged, j), lat_merged_integer(merged, "fan_in", j), kinds[k], width_of(merged, j),
                          lat_merged_integer(merged, "channel_bits", j), lat_merged_integer(merged, "steps", j),
                          lat_merged_integer(merged, "scheduled", j), lat_merged_real(merged, "mean_bits", j),
                          lat_merged_integer(merged, "most_bits", j), lat_merged_real(merged, "nominal_bits", j),
                          lat_merged_real(merged, "flops", j), lat_merged_real(merged, "bytes", j),
                          lat_merged_integer(merged, "parameters", j), time, lat_merged_integer(merged, "wrong", j),
                          lat_merged_integer(merged, "compared", j), lat_merged_integer(merged, "ready_before", j),
                          lat_merged_integer(merged, "output_count", j), lat_merged_integer(merged, "wrong_before", j)));
      }
  }
done:
  return status;
}

/* Whether `name` is one of the words. */
static int is_word(const char *words, const char *name) {
  size_t length = strlen(name);
  for (const char *at = words; (at = strstr(at, name)) != NULL; at += length)
    if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return 1;
  return 0;
}

/* The circuits that the figure draws, gates of the least K: at most DRAWN, in the order of their first points. Those that
 * were scheduled; without a schedule, those that machines took. */
static int put_series(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char names[512] = "";
  int64_t least = INT64_MAX;
  size_t drawn = 0, used = 0;
  int status;
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    if (!lat_merged_failed(merged, i) && lat_merged_integer(merged, "fan_in", i) < least)
      least = lat_merged_integer(merged, "fan_in", i);
  size_t points = lat_merged_points(merged);
  for (size_t j = 0; j < 2 * points && drawn < DRAWN; j++) {
    size_t i = j % points;
    if (j == points && drawn > 0) break;
    if (lat_merged_failed(merged, i) || is_schedule(merged, i) != (j < points) ||
        lat_merged_integer(merged, "fan_in", i) != least)
      continue;
    size_t length = strlen(name_of(merged, i));
    if (used + length + 2 > sizeof names || is_word(names, name_of(merged, i))) continue;
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? " " : "", name_of(merged, i));
    drawn++;
  }
  LAT_TRY(status, lat_table_begin(analysis, "series", "circuits\tK", NULL));
  LAT_TRY(status, lat_table_row(analysis, "%s\t%" PRId64, names, least));
done:
  return status;
}

int lat_thought_bandwidth_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct tally tally = {0};
  int status;
  for (size_t i = 0; i < lat_merged_points(merged); i++) tally.failed += lat_merged_failed(merged, i) ? 1 : 0;
  LAT_TRY(status, put_machines(merged, analysis, &tally));
  LAT_TRY(status, put_schedules(merged, analysis, &tally));
  LAT_TRY(status, put_series(merged, analysis));
  if (tally.outside > 0 || tally.bad > 0) {
    status = lat_verdict(analysis, LAT_REFUTED,
                         "%zu of %zu schedules leave Brent's bounds; %zu of %zu machines gave a wrong bit (%" PRId64
                         " of %" PRId64 "), or took other steps, or other wires a step, than their schedule",
                         tally.outside, tally.schedules, tally.bad, tally.machines, tally.wrong, tally.compared);
  } else if (tally.schedules == 0 || tally.machines == 0 || tally.failed > 0 || tally.void_controls > 0) {
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu schedules, %zu machines, %zu failed points, %zu machines with all outputs a step early: not "
                         "enough to judge",
                         tally.schedules, tally.machines, tally.failed, tally.void_controls);
  } else {
    status = lat_verdict(analysis, LAT_SUPPORTED,
                         "%zu schedules of %zu circuits lie within Brent's bounds; %zu machines, %zu of them certified, "
                         "took exactly the steps of their schedules, with 0 of %" PRId64
                         " output bits wrong and outputs missing one step earlier in every one. A step added at most %.4g "
                         "wires in the mean, and was nominally up to %.2g times as wide as what it added. In %zu of %zu "
                         "circuits the machine with the fewest operations is not one with the fewest steps",
                         tally.schedules, tally.circuits, tally.machines, tally.certified, tally.compared, tally.most_bits,
                         tally.most_share, tally.cheapest_elsewhere, tally.compared_costs);
  }
done:
  return status;
}
