#include "experiments/loop_extrapolation/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

enum { MOST_RUNS = 64, MOST_SERIES = 6, MOST_LOOPS = 1024, MOST_BLOCKS = 16 };

static const char *const injections[] = {"norm", "add", "none"};
static const char *const draws[] = {"random", "fixed"};

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t blocks; /* different numbers of blocks that were trained, in order */
  int64_t block[MOST_BLOCKS];
};

/* The runs of one setting that did not fail. */
struct set {
  size_t count, solved;
  size_t point[MOST_RUNS];
};

static int is(const struct reading *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}

/* `blocks` 0: circuits. */
static struct set pick(const struct reading *r, const char *how, int64_t blocks, const char *injection, const char *draw) {
  struct set set = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    if (lat_merged_failed(r->merged, i) || !is(r, "how", i, how) || !is(r, "injection", i, injection) ||
        !is(r, "draw", i, draw) || set.count == MOST_RUNS)
      continue;
    if (blocks == 0 ? !is(r, "task", i, "circuit")
                    : !is(r, "task", i, "blocks") || lat_merged_integer(r->merged, "blocks", i) != blocks)
      continue;
    set.point[set.count++] = i;
    set.solved += is(r, "end", i, "solved") != 0;
  }
  return set;
}

/* Score of a run at a size after `loops` loops; NaN where it was not tested. */
static double score_of(const struct reading *r, size_t point, size_t size, int64_t loops) {
  size_t extent[3];
  const double *score = lat_merged_array(r->merged, "score", point, extent);
  if (score == NULL || size >= extent[0] || loops < 1 || loops > (int64_t)extent[1]) return (double)NAN;
  return score[size * extent[1] + (size_t)loops - 1];
}

/* Loops of a run's training: the most. */
static int64_t trained_loops(const struct reading *r, size_t point) {
  return lat_merged_integer(r->merged, "loops", point) * (is(r, "draw", point, "random") ? 2 : 1);
}

enum question { AT_TRAINED, AT_MOST, LOSS, GAIN };

/* What a run tells at a size: the score after as many loops as in training (of a random number: the most), after the most
 * loops of the test, how much less that is, and how much the best score beyond the least trained loops is above that there. */
static double answer(const struct reading *r, size_t point, size_t size, enum question question) {
  int64_t trained = trained_loops(r, point), most = lat_merged_integer(r->merged, "most", point);
  int64_t least = lat_merged_integer(r->merged, "loops", point);
  double at = score_of(r, point, size, trained), last = score_of(r, point, size, most), best = (double)NAN;
  switch (question) {
    case AT_TRAINED: return at;
    case AT_MOST: return last;
    case LOSS: return at - last;
    default:
      for (int64_t t = least + 1; t <= most; t++)
        best = fmax(best, score_of(r, point, size, t)); /* not NaN if one is not */
      return best - score_of(r, point, size, least);
  }
}

static struct lat_spread spread(const struct reading *r, const struct set *set, size_t size, enum question question) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++) value[k] = answer(r, set->point[k], size, question);
  return lat_spread_of(value, set->count);
}

static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) ? "%.4g" : "NaN", value);
  return text;
}

static int row_of(const struct reading *r, const char *how, int64_t blocks, const char *injection, const char *draw) {
  int status = LAT_OK;
  struct set set = pick(r, how, blocks, injection, draw);
  for (size_t size = 0; size < LAT_EXTRAPOLATION_SIZES && set.count > 0; size++) {
    char name[40], t[6][32];
    struct lat_spread at = spread(r, &set, size, AT_TRAINED), last = spread(r, &set, size, AT_MOST);
    struct lat_spread loss = spread(r, &set, size, LOSS), gain = spread(r, &set, size, GAIN);
    double baseline[MOST_RUNS];
    size_t extent[3], lost = 0;
    for (size_t k = 0; k < set.count; k++) {
      const double *b = lat_merged_array(r->merged, "baseline", set.point[k], extent);
      baseline[k] = b == NULL ? (double)NAN : b[size];
      lost += answer(r, set.point[k], size, LOSS) > 0.05;
    }
    if (at.count == 0) continue;
    snprintf(name, sizeof name, blocks == 0 ? "circuit" : "%lld blocks", (long long)blocks);
    LAT_TRY(status, lat_table_row(r->analysis, "%s\t%s\t%s\t%s\t%g\t%zu\t%zu\t%s\t%s\t%s\t%zu\t%s\t%s", how, name,
                                  strcmp(how, "trained") == 0 ? injection : "-", strcmp(how, "trained") == 0 ? draw : "-",
                                  lat_extrapolation_size[size], set.count, set.solved, number(t[0], at.median),
                                  number(t[1], last.median), number(t[2], loss.median), lost, number(t[3], gain.median),
                                  number(t[4], lat_spread_of(baseline, set.count).median)));
  }
done:
  return status;
}

static int table_scores(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "scores",
              "how\ttask\tinjection\tloops in training\tsize (of trained)\tseeds\tsolved\tat trained loops, median "
              "(1)\tat the most loops (1)\tlost (1)\tseeds that lose over 0.05\tgained beyond the least (1)\tbaseline (1)",
              "Score by task and size: after as many loops as in training (random: the most), after the most loops "
              "of the test, the loss between the two, and what the best number of loops above the least trained "
              "one adds to the score there."));
  LAT_TRY(status, row_of(r, "constructed", 0, "norm", "fixed"));
  for (size_t b = 0; b <= r->blocks; b++)
    for (size_t j = 0; j < 3; j++)
      for (size_t d = 0; d < 2; d++)
        LAT_TRY(status, row_of(r, "trained", b == 0 ? 0 : r->block[b - 1], injections[j], draws[d]));
done:
  return status;
}

/* One line of a panel: blocks of rows separated by blank lines. */
static int curve(const struct reading *r, size_t panel, size_t series, const struct set *set, size_t size, size_t *rows) {
  int status = LAT_OK;
  for (int64_t t = 1; t <= MOST_LOOPS && set->count > 0; t++) {
    double value[MOST_RUNS];
    for (size_t k = 0; k < set->count; k++) value[k] = score_of(r, set->point[k], size, t);
    struct lat_spread s = lat_spread_of(value, set->count);
    if (s.count == 0) break;
    LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%lld\t%.5g\t%.5g\t%.5g\t%zu", panel, series, (long long)t,
                                  s.median, s.least, s.most, s.count));
    ++*rows;
  }
  LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
done:
  return status;
}

/* Series 1 .. 6: injection norm, add, none, each random and fixed; 0: constructed. Panels a and b are circuits, c and d the language
 * of the most blocks, of the trained size and twice that. */
static int figure(const struct reading *r) {
  int status = LAT_OK;
  size_t rows = 0;
  int64_t serial = r->blocks > 0 ? r->block[r->blocks - 1] : 0;
  double baseline[4] = {NAN, NAN, NAN, NAN}, least = NAN, most = NAN;
  LAT_TRY(status,
          lat_table_begin(r->analysis, "curves", "panel\tseries\tloops\tscore, median (1)\tleast\tmost\tseeds", NULL));
  for (size_t panel = 0; panel < 4; panel++) {
    size_t size = LAT_EXTRAPOLATION_TRAINED + panel % 2;
    if (panel < 2) {
      struct set built = pick(r, "constructed", 0, "norm", "fixed");
      LAT_TRY(status, curve(r, panel, 0, &built, size, &rows));
    } else if (serial == 0) {
      continue;
    }
    for (size_t s = 0; s < MOST_SERIES; s++) {
      struct set set = pick(r, "trained", panel < 2 ? 0 : serial, injections[s / 2], draws[s % 2]);
      LAT_TRY(status, curve(r, panel, s + 1, &set, size, &rows));
      for (size_t k = 0; k < set.count; k++) {
        size_t extent[3];
        const double *b = lat_merged_array(r->merged, "baseline", set.point[k], extent);
        if (b != NULL) baseline[panel] = b[size];
        least = lat_merged_real(r->merged, "loops", set.point[k]);
        most = fmax(most, lat_merged_real(r->merged, "most", set.point[k]));
      }
    }
  }
  if (rows == 0) LAT_TRY(status, lat_table_row(r->analysis, "0\t0\tNaN\tNaN\tNaN\tNaN\t0"));
  char t[6][32];
  LAT_TRY(status,
          lat_table_begin(r->analysis, "names",
                          "trained loops\tmost loops\tblocks\tbaseline a\tbaseline b\tbaseline c\tbaseline d", NULL));
  LAT_TRY(status, lat_table_row(r->analysis, "%s\t%s\t%lld\t%s\t%s\t%s\t%s", number(t[0], least), number(t[1], most),
                                (long long)serial, number(t[2], baseline[0]), number(t[3], baseline[1]),
                                number(t[4], baseline[2]), number(t[5], baseline[3])));
done:
  return status;
}

struct count {
  size_t points, failed, diverged, unsolved, trained, built;
  int64_t wrong;
};

static struct count count_all(const struct reading *r) {
  struct count n = {.points = lat_merged_points(r->merged)};
  for (size_t i = 0; i < n.points; i++) {
    size_t extent[3];
    int built = is(r, "how", i, "constructed");
    if (lat_merged_failed(r->merged, i)) {
      n.failed++;
      continue;
    }
    n.built += built != 0;
    n.trained += built == 0;
    n.diverged += is(r, "end", i, "diverged") != 0;
    n.unsolved += is(r, "end", i, "updates") != 0;
    const double *wrong = built ? lat_merged_array(r->merged, "wrong", i, extent) : NULL;
    for (size_t s = 0; wrong != NULL && s < extent[0]; s++) n.wrong += (int64_t)wrong[s];
  }
  return n;
}

static int verdict(const struct reading *r) {
  struct count n = count_all(r);
  struct set random = pick(r, "trained", 0, "norm", "random"), fixed = pick(r, "trained", 0, "norm", "fixed");
  struct set none = pick(r, "trained", 0, "none", "random");
  struct lat_spread gain = spread(r, &random, LAT_EXTRAPOLATION_TRAINED + 1, GAIN);
  struct lat_spread kept = spread(r, &random, LAT_EXTRAPOLATION_TRAINED, LOSS);
  struct lat_spread lost = spread(r, &fixed, LAT_EXTRAPOLATION_TRAINED, LOSS);
  struct lat_spread bare = spread(r, &none, LAT_EXTRAPOLATION_TRAINED, AT_TRAINED);
  struct lat_spread at = spread(r, &random, LAT_EXTRAPOLATION_TRAINED, AT_TRAINED);
  char languages[300] = "", b[32];
  for (size_t k = 0; k < r->blocks; k++) {
    struct set f = pick(r, "trained", r->block[k], "norm", "fixed"), d = pick(r, "trained", r->block[k], "norm", "random");
    size_t used = strlen(languages);
    double more = spread(r, &f, LAT_EXTRAPOLATION_TRAINED, LOSS).median,
           less = spread(r, &d, LAT_EXTRAPOLATION_TRAINED, LOSS).median;
    if (isfinite(more) && isfinite(less))
      snprintf(languages + used, sizeof languages - used, " Languages of %lld blocks lose %.3g (fixed) and %.3g (random).",
               (long long)r->block[k], more, less);
  }
  if (gain.count == 0 || kept.count == 0 || lost.count == 0 || n.built == 0 || random.solved + fixed.solved == 0)
    return lat_verdict(
        r->analysis, LAT_OPEN,
        "%zu runs with random and %zu with fixed loops (%zu and %zu solved), %zu constructed machines: one of "
        "each and one that is solved are needed; %zu of %zu points failed.",
        random.count, fixed.count, random.solved, fixed.solved, n.built, n.failed, n.points);
  int holds = n.wrong == 0 && gain.median >= 0.05 && kept.median <= 0.05 && lost.median > kept.median;
  return lat_verdict(r->analysis, holds ? LAT_SUPPORTED : LAT_REFUTED,
                     "Circuits, norm injection, median over %zu and %zu seeds (%zu and %zu solved): trained with random "
                     "loops the score is "
                     "%.3g and loses %.3g at the largest number of loops, with a fixed number it loses %.3g; at twice the "
                     "depth more loops "
                     "than trained add %.3g. Without injection the score is %s.%s Constructed: %lld gates wrong. %zu of "
                     "%zu fits diverged, %zu "
                     "did not reach the stop rule, %zu points failed.",
                     random.count, fixed.count, random.solved, fixed.solved, at.median, kept.median, lost.median,
                     gain.median, number(b, bare.median), languages, (long long)n.wrong, n.diverged, n.trained, n.unsolved,
                     n.failed);
}

int lat_loop_extrapolation_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    int64_t blocks = lat_merged_integer(merged, "blocks", i);
    size_t at = 0;
    if (!is(&r, "task", i, "blocks")) continue;
    while (at < r.blocks && r.block[at] < blocks) at++;
    if ((at < r.blocks && r.block[at] == blocks) || r.blocks == MOST_BLOCKS) continue;
    memmove(r.block + at + 1, r.block + at, (r.blocks - at) * sizeof *r.block);
    r.block[at] = blocks;
    r.blocks++;
  }
  LAT_TRY(status, table_scores(&r));
  LAT_TRY(status, figure(&r));
  LAT_TRY(status, verdict(&r));
done:
  return status;
}
