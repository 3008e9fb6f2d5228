#include "experiments/learned_depth/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

/* Seeds of one setting, rates and side lengths of the grid that are looked at. */
enum { MOST_RUNS = 64, MOST_RATES = 16, MOST_SIDES = 16 };

struct side {
  size_t count;
  int64_t value[MOST_SIDES];
};

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  int64_t depth; /* the deepest that something was trained at: the figure and the verdict are about it */
  struct side layers, loops;
  double rate[2]; /* of (1, depth) and (depth, 1): chosen on validation */
};

/* The runs of one setting. */
struct set {
  size_t count;
  size_t point[MOST_RUNS];
};

static int64_t integer(const struct reading *r, const char *name, size_t i) {
  return lat_merged_integer(r->merged, name, i);
}
static int text_is(const struct reading *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}

static struct set pick(const struct reading *r, const char *how, int64_t layers, int64_t loops, const char *control,
                       double rate) {
  struct set set = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged); i++)
    if (integer(r, "depth", i) == r->depth && integer(r, "layers", i) == layers && integer(r, "loops", i) == loops &&
        text_is(r, "how", i, how) && text_is(r, "control", i, control) && lat_merged_real(r->merged, "rate", i) == rate &&
        set.count < MOST_RUNS)
      set.point[set.count++] = i;
  return set;
}

/* A run that failed has learned nothing: 0 levels. */
static struct lat_spread levels_of(const struct reading *r, const struct set *set) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++)
    value[k] = lat_merged_failed(r->merged, set->point[k]) ? 0 : lat_merged_real(r->merged, "levels_right", set->point[k]);
  return lat_spread_of(value, set->count);
}

static struct lat_spread scalars_of(const struct reading *r, const struct set *set, const char *name) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++) value[k] = lat_merged_real(r->merged, name, set->point[k]);
  return lat_spread_of(value, set->count);
}

static size_t reach(const struct reading *r, const struct set *set, int64_t levels) {
  size_t count = 0;
  for (size_t k = 0; k < set->count; k++)
    count += !lat_merged_failed(r->merged, set->point[k]) && integer(r, "levels_right", set->point[k]) >= levels;
  return count;
}

/* Accuracy at a level, over the runs of a set. */
static struct lat_spread accuracy_of(const struct reading *r, const struct set *set, size_t level) {
  double value[MOST_RUNS];
  for (size_t k = 0; k < set->count; k++) {
    size_t extent[3];
    const double *right = lat_merged_array(r->merged, "right", set->point[k], extent);
    const double *asked = lat_merged_array(r->merged, "asked", set->point[k], extent);
    value[k] = right == NULL || asked == NULL ? (double)NAN : right[level] / asked[level];
  }
  return lat_spread_of(value, set->count);
}

static void add_side(struct side *side, int64_t value) {
  size_t at = 0;
  while (at < side->count && side->value[at] < value) at++;
  if ((at < side->count && side->value[at] == value) || side->count == MOST_SIDES) return;
  memmove(side->value + at + 1, side->value + at, (side->count - at) * sizeof *side->value);
  side->value[at] = value;
  side->count++;
}

/* A number of the tables, which know no infinity: NaN is the text. */
static const char *number(char text[32], double value) {
  snprintf(text, 32, isfinite(value) ? "%.5g" : "NaN", value);
  return text;
}

/* The rate with the best median validation; the smaller one of equals. */
static int choose_rate(struct reading *r, size_t arm) {
  double rate[MOST_RATES], best = -1;
  size_t rates = 0;
  int status = LAT_OK;
  int64_t layers = arm == 0 ? 1 : r->depth, loops = arm == 0 ? r->depth : 1;
  r->rate[arm] = LAT_LEARNED_DEPTH_RATE;
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    double value = lat_merged_real(r->merged, "rate", i);
    size_t k = 0;
    while (k < rates && rate[k] < value) k++;
    if ((k < rates && rate[k] == value) || rates == MOST_RATES) continue;
    memmove(rate + k + 1, rate + k, (rates - k) * sizeof *rate);
    rate[k] = value;
    rates++;
  }
  for (size_t k = 0; k < rates; k++) {
    struct set set = pick(r, "trained", layers, loops, "none", rate[k]);
    struct lat_spread validation = scalars_of(r, &set, "validation");
    if (validation.count > 0 && validation.median > best) best = validation.median, r->rate[arm] = rate[k];
  }
  for (size_t k = 0; k < rates; k++) {
    char a[32], b[32];
    struct set set = pick(r, "trained", layers, loops, "none", rate[k]);
    if (set.count == 0) continue;
    LAT_TRY(status, lat_table_row(r->analysis, "%lld\t%lld\t%g\t%zu\t%s\t%s\t%s", (long long)layers, (long long)loops,
                                  rate[k], set.count, number(a, scalars_of(r, &set, "validation").median),
                                  number(b, levels_of(r, &set).median), rate[k] == r->rate[arm] ? "yes" : "no"));
  }
done:
  return status;
}

static int table_rates(struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "rates",
                                  "layers\tloops\tpeak rate\tseeds\tvalidation, median (1)\tlevels, median\tchosen",
                                  "Learning rates tried, the same for both arms; the one with the best median validation "
                                  "stands for the arm in panel c and in the verdict. Test circuits choose nothing."));
  LAT_TRY(status, choose_rate(r, 0));
  LAT_TRY(status, choose_rate(r, 1));
done:
  return status;
}

static int table_cells(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(
                      r->analysis, "cells",
                      "layers\tloops\tconstructed (levels)\ttrained, median (levels)\tleast\tmost\tseeds\treach L T\t"
                      "solved\tupdates to solve, median\tparameters\toperations of training, median",
                      "The grid at the common learning rate: levels evaluated, constructed and trained; seeds whose run "
                      "reaches L T levels; seeds that reach the validation accuracy at which training stops, and when."));
  for (size_t a = 0; a < r->layers.count; a++)
    for (size_t b = 0; b < r->loops.count; b++) {
      char t[7][32];
      int64_t layers = r->layers.value[a], loops = r->loops.value[b];
      struct set built = pick(r, "constructed", layers, loops, "none", LAT_LEARNED_DEPTH_RATE);
      struct set set = pick(r, "trained", layers, loops, "none", LAT_LEARNED_DEPTH_RATE);
      if (built.count + set.count == 0) continue;
      double at[MOST_RUNS];
      size_t solved = 0;
      for (size_t k = 0; k < set.count; k++) {
        at[solved] = lat_merged_real(r->merged, "solved_at", set.point[k]);
        solved += at[solved] >= 0;
      }
      struct lat_spread levels = levels_of(r, &set);
      LAT_TRY(status, lat_table_row(r->analysis, "%lld\t%lld\t%s\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%s\t%s\t%s", (long long)layers,
                                    (long long)loops, number(t[0], levels_of(r, &built).median),
                                    number(t[1], levels.median), number(t[2], levels.least), number(t[3], levels.most),
                                    set.count, reach(r, &set, layers * loops < r->depth ? layers * loops : r->depth),
                                    solved, number(t[4], lat_spread_of(at, solved).median),
                                    number(t[5], scalars_of(r, &set, "parameters").median),
                                    number(t[6], scalars_of(r, &set, "flops").median)));
    }
done:
  return status;
}

/* Both maps by place in the grid, column after column, and what is written into the cells. */
static int figure_maps(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "map",
                                  "column\trow\tconstructed (levels)\ttrained, median (levels)\tlayers\tloops", NULL));
  for (size_t a = 0; a < r->layers.count; a++) {
    for (size_t b = 0; b < r->loops.count; b++) {
      char t[2][32];
      struct set built = pick(r, "constructed", r->layers.value[a], r->loops.value[b], "none", LAT_LEARNED_DEPTH_RATE);
      struct set set = pick(r, "trained", r->layers.value[a], r->loops.value[b], "none", LAT_LEARNED_DEPTH_RATE);
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%s\t%s\t%lld\t%lld", a, b,
                                    number(t[0], levels_of(r, &built).median), number(t[1], levels_of(r, &set).median),
                                    (long long)r->layers.value[a], (long long)r->loops.value[b]));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
  LAT_TRY(status, lat_table_begin(r->analysis, "written", "column\trow\tconstructed\ttrained\tseeds that reach L T", NULL));
  for (size_t a = 0; a < r->layers.count; a++)
    for (size_t b = 0; b < r->loops.count; b++) {
      char t[2][32], of[64] = "";
      int64_t product = r->layers.value[a] * r->loops.value[b];
      struct set built = pick(r, "constructed", r->layers.value[a], r->loops.value[b], "none", LAT_LEARNED_DEPTH_RATE);
      struct set set = pick(r, "trained", r->layers.value[a], r->loops.value[b], "none", LAT_LEARNED_DEPTH_RATE);
      if (built.count + set.count == 0) continue;
      if (set.count > 0) snprintf(of, sizeof of, "%zu of %zu", reach(r, &set, product), set.count);
      LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%s\t%s\t%s", a, b,
                                    built.count > 0 ? number(t[0], levels_of(r, &built).median) : "",
                                    set.count > 0 ? number(t[1], levels_of(r, &set).median) : "", of));
    }
done:
  return status;
}

/* The lines of panel c: 0 constructed (1, depth), 1 looped, 2 deep, 3 one layer once. */
static struct set arm(const struct reading *r, size_t which) {
  switch (which) {
    case 0: return pick(r, "constructed", 1, r->depth, "none", LAT_LEARNED_DEPTH_RATE);
    case 1: return pick(r, "trained", 1, r->depth, "none", r->rate[0]);
    case 2: return pick(r, "trained", r->depth, 1, "none", r->rate[1]);
    default: return pick(r, "trained", 1, 1, "none", LAT_LEARNED_DEPTH_RATE);
  }
}

static int figure_levels(const struct reading *r) {
  static const char *const name[] = {"constructed", "one layer, looped", "as many layers", "one layer, once"};
  char a[32], b[32], c[32];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "levels", "arm\tlevel\taccuracy (1)\tlow (1)\thigh (1)\tseeds\tmodel",
                                  "Accuracy by level, mean over seeds, with 95 % intervals by Student's t."));
  for (size_t which = 0; which < 4; which++) {
    struct set set = arm(r, which);
    for (size_t level = 0; level < (size_t)r->depth; level++) {
      struct lat_spread spread = accuracy_of(r, &set, level);
      LAT_TRY(status,
              lat_table_row(r->analysis, "%zu\t%zu\t%s\t%s\t%s\t%zu\t%s", which, level + 1, number(a, spread.mean),
                            number(b, fmax(spread.low, 0)), number(c, fmin(spread.high, 1)), spread.count, name[which]));
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
  }
  LAT_TRY(status, lat_table_begin(r->analysis, "baseline", "level\taccuracy without understanding (1)", NULL));
  struct set built = arm(r, 0);
  for (size_t level = 0; level < (size_t)r->depth; level++) {
    double value[MOST_RUNS];
    size_t extent[3], count = 0;
    for (size_t k = 0; k < built.count; k++) {
      const double *baseline = lat_merged_array(r->merged, "baseline", built.point[k], extent);
      if (baseline != NULL) value[count++] = baseline[level];
    }
    LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s", level + 1, number(a, lat_spread_of(value, count).mean)));
  }
done:
  return status;
}

/* The values of a side as words; text [200]. */
static void join(const struct side *side, char *text) {
  *text = '\0';
  for (size_t k = 0; k < side->count; k++)
    snprintf(text + strlen(text), 200 - strlen(text), "%s%lld", k > 0 ? " " : "", (long long)side->value[k]);
}

static int figure_curves(const struct reading *r) {
  int status = LAT_OK;
  size_t rows = 0;
  LAT_TRY(status, lat_table_begin(r->analysis, "curves", "arm\tupdates\tvalidation (1)\tphase\tseed", NULL));
  for (size_t which = 3; which > 0; which--) {
    struct set set = arm(r, which);
    for (size_t k = 0; k < set.count; k++) {
      size_t extent[3];
      const double *update = lat_merged_array(r->merged, "curve_update", set.point[k], extent);
      const double *accuracy = lat_merged_array(r->merged, "curve_accuracy", set.point[k], extent);
      const double *phase = lat_merged_array(r->merged, "curve_phase", set.point[k], extent);
      if (update == NULL || accuracy == NULL || phase == NULL) continue;
      for (size_t n = 0; n < extent[0]; n++, rows++) {
        char a[32];
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%g\t%s\t%g\t%lld", which, update[n], number(a, accuracy[n]),
                                      phase[n], (long long)integer(r, "seed", set.point[k])));
      }
      LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
    }
  }
  if (rows == 0) LAT_TRY(status, lat_table_row(r->analysis, "1\tNaN\tNaN\tNaN\t0"));
  LAT_TRY(status, lat_table_begin(r->analysis, "names", "depth\tcolumns\trows\tlayers\tloops", NULL));
  char layers[200], loops[200];
  join(&r->layers, layers);
  join(&r->loops, loops);
  LAT_TRY(status, lat_table_row(r->analysis, "%lld\t%zu\t%zu\t%s\t%s", (long long)r->depth, r->layers.count, r->loops.count,
                                layers, loops));
done:
  return status;
}

static const char *const controls[] = {"no-injection", "answer-only", "longer"};

static struct set control_set(const struct reading *r, size_t k) {
  return k == 2 ? pick(r, "trained", r->depth, 1, "longer", LAT_LEARNED_DEPTH_RATE)
                : pick(r, "trained", 1, r->depth, controls[k], LAT_LEARNED_DEPTH_RATE);
}

static int table_controls(const struct reading *r) {
  int status = LAT_OK;
  char a[32], b[32], c[32], d[32];
  LAT_TRY(status, lat_table_begin(
                      r->analysis, "controls",
                      "control\tlayers\tloops\tseeds\tlevels, median\tleast\tmost\taccuracy at the last level, mean (1)",
                      "Controls: the same task and curriculum without input injection, with the last level alone "
                      "supervised, and the untied model with four times the updates."));
  for (size_t k = 0; k < 3; k++) {
    struct set set = control_set(r, k);
    if (set.count == 0) continue;
    struct lat_spread levels = levels_of(r, &set);
    LAT_TRY(status, lat_table_row(r->analysis, "%s\t%lld\t%lld\t%zu\t%s\t%s\t%s\t%s", controls[k],
                                  (long long)(k == 2 ? r->depth : 1), (long long)(k == 2 ? 1 : r->depth), set.count,
                                  number(a, levels.median), number(b, levels.least), number(c, levels.most),
                                  number(d, accuracy_of(r, &set, (size_t)r->depth - 1).mean)));
  }
done:
  return status;
}

struct count {
  size_t built, exact, uncertified, failed, diverged, trained;
  int64_t wrong;
};

static struct count count_all(const struct reading *r) {
  struct count n = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    int failed = lat_merged_failed(r->merged, i), built = text_is(r, "how", i, "constructed");
    n.failed += failed != 0;
    n.built += built != 0;
    n.trained += built == 0;
    n.diverged += !failed && text_is(r, "end", i, "diverged");
    if (failed || !built) continue;
    int64_t off = integer(r, "wrong", i) + integer(r, "unlike", i) + integer(r, "other_weights", i);
    n.wrong += off;
    n.exact += off == 0;
    n.uncertified += integer(r, "certified", i) != integer(r, "examples", i);
  }
  return n;
}

static int verdict(const struct reading *r) {
  struct count n = count_all(r);
  struct set looped = arm(r, 1), deep = arm(r, 2), once = arm(r, 3), free = control_set(r, 0), answer = control_set(r, 1),
             longer = control_set(r, 2);
  struct lat_spread a = levels_of(r, &looped), b = levels_of(r, &deep), c = levels_of(r, &once), d = levels_of(r, &free),
                    e = levels_of(r, &answer), f = levels_of(r, &longer);
  double depth = (double)r->depth;
  char beside[200] = "";
  if (e.count > 0) snprintf(beside, sizeof beside, ", with the answer alone supervised %g", e.median);
  if (f.count > 0)
    snprintf(beside + strlen(beside), sizeof beside - strlen(beside), "; %lld layers with four times the updates: %g",
             (long long)r->depth, f.median);
  if (a.count < 2 || b.count < 2 || c.count < 2 || d.count < 1 || n.built == 0)
    return lat_verdict(r->analysis, LAT_OPEN,
                       "%zu looped, %zu deep and %zu single runs, %zu without injection and %zu constructed machines: at "
                       "least 2, 2, 2, 1 and 1 are needed; %zu of %zu points failed.",
                       a.count, b.count, c.count, d.count, n.built, n.failed, lat_merged_points(r->merged));
  const struct {
    int broken;
    const char *what;
  } part[] = {{n.exact < n.built || n.uncertified > 0, "the constructed machine"},
              {!(a.median >= depth), "the looped layer learns too little"},
              {!(a.median > b.median), "as many layers are no worse"},
              {!(c.most < 2), "one layer once learns level 2"},
              {d.median >= depth, "it is learned without injection"},
              {e.count > 0 && e.median >= depth, "it is learned from the answer alone"}};
  char failing[300] = "";
  for (size_t k = 0; k < sizeof part / sizeof *part; k++) {
    if (part[k].broken)
      snprintf(failing + strlen(failing), sizeof failing - strlen(failing), "%s%s",
               *failing == '\0' ? " Against the prediction: " : ", ", part[k].what);
  }
  return lat_verdict(
      r->analysis, *failing == '\0' ? LAT_SUPPORTED : LAT_REFUTED,
      "On circuits of %lld levels the constructed machine is right in every gate up to level L T in %zu of %zu runs (%lld "
      "wrong; %zu without a certificate). Levels learned, median over seeds: one layer looped %lld times %g (%zu of %zu "
      "seeds learn all), %lld layers %g (%zu of %zu), one layer once %g (most %g), without injection %g%s. %zu of %zu "
      "fits diverged, %zu points failed.%s%s",
      (long long)r->depth, n.exact, n.built, (long long)n.wrong, n.uncertified, (long long)r->depth, a.median,
      reach(r, &looped, r->depth), looped.count, (long long)r->depth, b.median, reach(r, &deep, r->depth), deep.count,
      c.median, c.most, d.median, beside, n.diverged, n.trained, n.failed, failing, *failing == '\0' ? "" : ".");
}

int lat_learned_depth_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  for (int any = 0; any < 2 && r.depth == 0; any++) /* of the trained ones; without any, of the constructed ones */
    for (size_t i = 0; i < lat_merged_points(merged); i++)
      if ((any || text_is(&r, "how", i, "trained")) && integer(&r, "depth", i) > r.depth) r.depth = integer(&r, "depth", i);
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    if (integer(&r, "depth", i) == r.depth) {
      add_side(&r.layers, integer(&r, "layers", i));
      add_side(&r.loops, integer(&r, "loops", i));
    }
  if ((status = table_rates(&r)) != LAT_OK || (status = table_cells(&r)) != LAT_OK) return status;
  if ((status = table_controls(&r)) != LAT_OK || (status = figure_maps(&r)) != LAT_OK) return status;
  if ((status = figure_levels(&r)) != LAT_OK || (status = figure_curves(&r)) != LAT_OK) return status;
  return verdict(&r);
}
