#include "experiments/loop_bits/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

enum { MOST_RUNS = 64, MOST_DEPTHS = 16, ARMS = 4, TRAINED = 0, CONSTRUCTED = 1, INITIAL = 2, SHUFFLED = 3 };
static const char *const arms[ARMS] = {"trained", "constructed", "initial", "shuffled"};
/* An accuracy from which a fit counts as learned; bits a gate from which a level is known and up to which it is not; what a
 * control that knows nothing may show. */
static const double learned = 0.9, known = 0.9, unknown = 0.5, nothing = 0.05;

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t depths;
  int64_t depth[MOST_DEPTHS];
};

/* Runs of one arm on circuits of one depth: those that did not fail, and of trained ones those that learned the task. The shuffled
 * readings are those of the trained runs. */
struct set {
  const char *output;
  size_t count, ran;
  size_t point[MOST_RUNS];
};

static struct set pick(const struct reading *r, size_t arm, int64_t depth) {
  struct set set = {.output = arm == SHUFFLED ? "shuffled" : "bits"};
  for (size_t i = 0; i < lat_merged_points(r->merged) && set.count < MOST_RUNS; i++) {
    if (lat_merged_failed(r->merged, i) || lat_merged_integer(r->merged, "depth", i) != depth ||
        strcmp(lat_merged_text(r->merged, "how", i), arms[arm == SHUFFLED ? TRAINED : arm]) != 0)
      continue;
    set.ran++;
    if (arm == TRAINED && !(lat_merged_real(r->merged, "accuracy", i) >= learned)) continue;
    set.point[set.count++] = i;
  }
  return set;
}

static void find_depths(struct reading *r) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    int64_t depth = lat_merged_integer(r->merged, "depth", i);
    size_t at = 0;
    while (at < r->depths && r->depth[at] < depth) at++;
    if ((at < r->depths && r->depth[at] == depth) || r->depths == MOST_DEPTHS) continue;
    memmove(r->depth + at + 1, r->depth + at, (r->depths - at) * sizeof *r->depth);
    r->depth[at] = depth;
    r->depths++;
  }
}

/* Bits a gate of a level (from 0) after `loop` + 1 loops, of all levels together for SIZE_MAX; NaN where there is none. */
static double bits_of(const struct reading *r, const char *output, size_t i, size_t loop, size_t level) {
  size_t extent[3];
  const double *bits = lat_merged_array(r->merged, output, i, extent);
  if (bits == NULL || loop >= extent[0]) return (double)NAN;
  if (level != SIZE_MAX)
    return level < extent[1] ? bits[loop * extent[1] + level] / lat_merged_real(r->merged, "gates", i) : (double)NAN;
  double sum = 0;
  for (size_t l = 0; l < extent[1]; l++) sum += bits[loop * extent[1] + l];
  return sum;
}

static size_t loops_of(const struct reading *r, const struct set *set) {
  size_t loops = 0, extent[3];
  for (size_t k = 0; k < set->count; k++)
    if (lat_merged_array(r->merged, set->output, set->point[k], extent) != NULL && extent[0] > loops) loops = extent[0];
  return loops;
}

static struct lat_spread spread_at(const struct reading *r, const struct set *set, size_t loop, size_t level, int gained) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++) {
    value[k] = bits_of(r, set->output, set->point[k], loop, level);
    if (gained && loop > 0) value[k] -= bits_of(r, set->output, set->point[k], loop - 1, level);
  }
  return lat_spread_of(value, set->count);
}

static int tables(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "levels",
                                  "arm (index)\tdepth\tlevel\tloops\tbits a gate, median\tleast\tmost\tseeds\tarm",
                                  "Information about the gates of a level in their own states, lower bounds by linear "
                                  "probes: medians over seeds (of trained models those that learned the task)."));
  for (size_t arm = 0; arm < ARMS; arm++)
    for (size_t d = 0; d < r->depths; d++) {
      struct set set = pick(r, arm, r->depth[d]);
      for (size_t l = 0; l < (size_t)r->depth[d]; l++) {
        for (size_t t = 0; t < loops_of(r, &set); t++) {
          struct lat_spread bits = spread_at(r, &set, t, l, 0);
          if (bits.count == 0) continue;
          LAT_TRY(status,
                  lat_table_row(r->analysis, "%zu\t%lld\t%zu\t%zu\t%.5g\t%.5g\t%.5g\t%zu\t%s", arm, (long long)r->depth[d],
                                l + 1, t + 1, bits.median, bits.least, bits.most, bits.count, arms[arm]));
        }
        LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
      }
    }
  LAT_TRY(status,
          lat_table_begin(r->analysis, "total",
                          "arm (index)\tdepth\tloops\tbits, median\tleast\tmost\tgained, median (bits)\tleast\tmost\t"
                          "seeds\tarm",
                          "The sum over all gates of a circuit, and what each loop adds to it."));
  for (size_t arm = 0; arm < ARMS; arm++)
    for (size_t d = 0; d < r->depths; d++) {
      struct set set = pick(r, arm, r->depth[d]);
      for (size_t t = 0; t < loops_of(r, &set); t++) {
        struct lat_spread bits = spread_at(r, &set, t, SIZE_MAX, 0), gained = spread_at(r, &set, t, SIZE_MAX, 1);
        if (bits.count == 0 || gained.count == 0) continue;
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%lld\t%zu\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%zu\t%s", arm,
                                      (long long)r->depth[d], t + 1, bits.median, bits.least, bits.most, gained.median,
                                      gained.least, gained.most, bits.count, arms[arm]));
      }
      LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
    }
  LAT_TRY(status, lat_table_begin(r->analysis, "names", "greatest depth", NULL));
  if (r->depths > 0) LAT_TRY(status, lat_table_row(r->analysis, "%lld", (long long)r->depth[r->depths - 1]));
done:
  return status;
}

struct sums {
  size_t failed, ran, learned, judged;
  double least_known, most_unknown, most_initial, most_shuffled,
      late; /* medians; late: what a further loop changes at most */
  int64_t wrong;
};

static void judge_depth(const struct reading *r, int64_t depth, struct sums *s) {
  struct set set[ARMS];
  for (size_t arm = 0; arm < ARMS; arm++) set[arm] = pick(r, arm, depth);
  s->ran += set[TRAINED].ran;
  s->learned += set[TRAINED].count;
  for (size_t k = 0; k < set[CONSTRUCTED].count; k++)
    s->wrong += lat_merged_integer(r->merged, "wrong", set[CONSTRUCTED].point[k]);
  if (set[TRAINED].count == 0 || set[INITIAL].count == 0 || set[SHUFFLED].count == 0 || set[CONSTRUCTED].count == 0) return;
  s->judged++;
  for (size_t t = 0; t < loops_of(r, &set[TRAINED]); t++) {
    if (t >= (size_t)depth) s->late = fmax(s->late, fabs(spread_at(r, &set[TRAINED], t, SIZE_MAX, 1).median));
    for (size_t l = 0; l < (size_t)depth; l++) {
      double bits = spread_at(r, &set[TRAINED], t, l, 0).median;
      if (l <= t)
        s->least_known = fmin(s->least_known, bits);
      else
        s->most_unknown = fmax(s->most_unknown, bits);
      s->most_initial = fmax(s->most_initial, spread_at(r, &set[INITIAL], t, l, 0).median);
      s->most_shuffled = fmax(s->most_shuffled, spread_at(r, &set[SHUFFLED], t, l, 0).median);
    }
  }
}

static int verdict(const struct reading *r) {
  struct sums s = {.least_known = HUGE_VAL};
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) s.failed += lat_merged_failed(r->merged, i) != 0;
  for (size_t d = 0; d < r->depths; d++) judge_depth(r, r->depth[d], &s);
  if (s.failed > 0 || s.judged < r->depths || s.judged == 0 || s.wrong != 0 || !(s.most_shuffled <= nothing))
    return lat_verdict(
        r->analysis, LAT_OPEN,
        "%zu points failed; %zu of %zu trained models learned their task; %zu of %zu depths have all four kinds "
        "of runs; constructed machines have %lld ready gates wrong; the shuffled control shows %.3g bits a gate "
        "at most: not enough to judge",
        s.failed, s.learned, s.ran, s.judged, r->depths, (long long)s.wrong, s.most_shuffled);
  int refuted = !(s.least_known >= known) || !(s.most_unknown <= unknown) || !(s.most_initial <= unknown);
  return lat_verdict(
      r->analysis, refuted ? LAT_REFUTED : LAT_SUPPORTED,
      "Medians over the %zu of %zu trained models that learned their task: levels up to the number of loops have %.3g bits "
      "a "
      "gate or more, levels above it %.3g or less; a loop beyond the depth changes the sum by %.3g bits at most. As "
      "initialised: %.3g bits a gate at most; beside another circuit's gates: %.3g. Constructed: 0 ready gates wrong; 0 "
      "points "
      "failed.",
      s.learned, s.ran, s.least_known, s.most_unknown, s.late, s.most_initial, s.most_shuffled);
}

int lat_loop_bits_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  find_depths(&r);
  LAT_TRY(status, tables(&r));
  LAT_TRY(status, verdict(&r));
done:
  return status;
}
