#include "experiments/loop_extrapolation/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

/* MOST_DRAWN: curves of a panel that the figure has inks for. */
enum { MOST_RUNS = 64, MOST_ARMS = 32, MOST_BLOCKS = 16, MOST_DRAWN = 5, SIZE = LAT_EXTRAPOLATION_TRAINED };
/* A score from which a task counts as learned, one from which it counts as known before it is lost, and what counts as lost
 * or gained. */
static const double learned = 0.95, known = 0.9, much = 0.05;

/* Fits of one kind: injection and loops in training. */
struct arm {
  const char *injection, *training;
  int64_t low, high; /* loops in training */
};

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t blocks, arms; /* different numbers of blocks that were trained, in order, and kinds of fits, in order */
  int64_t block[MOST_BLOCKS];
  struct arm arm[MOST_ARMS];
};

/* The runs of one kind on one task that did not fail. */
struct set {
  size_t count, solved, point[MOST_RUNS];
};

static int is(const struct reading *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}

/* Circuits (`blocks` 0) or a language; arm NULL: the constructed machine. */
static struct set pick(const struct reading *r, int64_t blocks, const struct arm *arm) {
  struct set set = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    if (lat_merged_failed(r->merged, i) || set.count == MOST_RUNS) continue;
    if (!is(r, "how", i, arm == NULL ? "constructed" : "trained")) continue;
    if (arm != NULL && (!is(r, "injection", i, arm->injection) || !is(r, "training", i, arm->training))) continue;
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

static double baseline_of(const struct reading *r, size_t point, size_t size) {
  size_t extent[3];
  const double *baseline = lat_merged_array(r->merged, "baseline", point, extent);
  return baseline == NULL || size >= extent[0] ? (double)NAN : baseline[size];
}

enum question { AT_TRAINED, AT_MOST, LOST, AT_LEVELS, ADDED, BEFORE, BASELINE };

/* What a run tells at a size: its score after the most loops of its training, after the most loops of the test, and how much
 * less that is; of circuits after as many loops as they have levels, how much more that is, when it takes more loops than the
 * training had, and after one loop fewer than levels. */
static double answer(const struct reading *r, size_t point, size_t size, enum question question) {
  int64_t trained = lat_merged_integer(r->merged, "loops_high", point), most = lat_merged_integer(r->merged, "most", point);
  int circuit = is(r, "task", point, "circuit");
  int64_t levels = (int64_t)(lat_extrapolation_size[size] * lat_merged_real(r->merged, "depth", point));
  if (is(r, "how", point, "constructed")) trained = lat_merged_integer(r->merged, "depth", point);
  double at = score_of(r, point, size, trained);
  switch (question) {
    case AT_TRAINED: return at;
    case AT_MOST: return score_of(r, point, size, most);
    case LOST: return at - score_of(r, point, size, most);
    case AT_LEVELS: return circuit ? score_of(r, point, size, levels) : (double)NAN;
    case ADDED: return circuit && levels > trained ? score_of(r, point, size, levels) - at : (double)NAN;
    case BEFORE: return circuit ? score_of(r, point, size, levels - 1) : (double)NAN;
    default: return baseline_of(r, point, size);
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

static int rows_of(const struct reading *r, int64_t blocks, const struct arm *arm) {
  int status = LAT_OK;
  struct set set = pick(r, blocks, arm);
  for (size_t size = 0; size < LAT_EXTRAPOLATION_SIZES && set.count > 0; size++) {
    char name[40], t[6][32];
    struct lat_spread at = spread(r, &set, size, AT_TRAINED);
    size_t lost = 0;
    if (at.count == 0) continue;
    for (size_t k = 0; k < set.count; k++) lost += answer(r, set.point[k], size, LOST) > much;
    snprintf(name, sizeof name, blocks == 0 ? "circuit" : "%lld blocks", (long long)blocks);
    LAT_TRY(status, lat_table_row(r->analysis, "%s\t%s\t%s\t%g\t%zu\t%zu\t%s\t%s\t%s\t%zu\t%s\t%s\t%s", name,
                                  arm == NULL ? "constructed" : arm->injection, arm == NULL ? "-" : arm->training,
                                  lat_extrapolation_size[size], set.count, set.solved, number(t[0], at.median),
                                  number(t[1], spread(r, &set, size, AT_MOST).median),
                                  number(t[2], spread(r, &set, size, LOST).median), lost,
                                  number(t[3], spread(r, &set, size, AT_LEVELS).median),
                                  number(t[4], spread(r, &set, size, ADDED).median),
                                  number(t[5], spread(r, &set, size, BASELINE).median)));
  }
done:
  return status;
}

static int table_scores(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              r->analysis, "scores",
              "task\tinjection\tloops in training\tsize (of trained)\tseeds\tsolved\tat trained loops (1)\tat the most "
              "loops (1)\tlost (1)\tseeds that lose over 0.05\tat loops = levels (1)\tadded by more than trained "
              "(1)\tbaseline (1)",
              "Medians over seeds, by task and size: the score after as many loops as in training (a range: its upper "
              "end; constructed: levels of training), after the most loops of the test, and what is lost between the two; "
              "of circuits, the score after as many loops as levels and what that adds when it is beyond the training."));
  LAT_TRY(status, rows_of(r, 0, NULL));
  for (size_t b = 0; b <= r->blocks; b++)
    for (size_t a = 0; a < r->arms; a++) LAT_TRY(status, rows_of(r, b == 0 ? 0 : r->block[b - 1], &r->arm[a]));
done:
  return status;
}

/* One line of a panel, ended by a blank row. */
static int curve(const struct reading *r, size_t panel, size_t series, const struct set *set, size_t size,
                 const struct arm *arm) {
  int status = LAT_OK;
  for (int64_t t = 1; set->count > 0; t++) {
    double value[MOST_RUNS];
    char inside[32];
    for (size_t k = 0; k < set->count; k++) value[k] = score_of(r, set->point[k], size, t);
    struct lat_spread s = lat_spread_of(value, set->count);
    if (s.count == 0) break;
    LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%lld\t%.5g\t%.5g\t%.5g\t%s\t%zu", panel, series, (long long)t,
                                  s.median, s.least, s.most,
                                  number(inside, arm != NULL && t >= arm->low && t <= arm->high ? s.median : (double)NAN),
                                  s.count));
  }
  LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
done:
  return status;
}

/* Panels 0, 1, 2: circuits of the trained depth, twice and four times that; 3, 4: the languages of the fewest and the most
 * blocks, as long as in training. Series 0: constructed, then the fits with norm injection. */
static int figure_curves(const struct reading *r) {
  int status = LAT_OK;
  double none = (double)NAN, baseline[5] = {none, none, none, none, none}, most = none;
  int64_t block[2] = {r->blocks > 0 ? r->block[0] : 0, r->blocks > 0 ? r->block[r->blocks - 1] : 0};
  LAT_TRY(status,
          lat_table_begin(r->analysis, "curves",
                          "panel\tseries\tloops\tscore, median (1)\tleast\tmost\twithin the training\tseeds", NULL));
  LAT_TRY(status, lat_table_row(r->analysis, "-1\t-1\tNaN\tNaN\tNaN\tNaN\tNaN\t0")); /* never empty */
  for (size_t panel = 0; panel < 5; panel++) {
    size_t size = panel < 3 ? SIZE + panel : SIZE, series = 0;
    int64_t blocks = panel < 3 ? 0 : block[panel - 3];
    struct set built = pick(r, 0, NULL);
    if (panel < 3) LAT_TRY(status, curve(r, panel, 0, &built, size, NULL));
    for (size_t a = 0; a < r->arms && series < MOST_DRAWN && (panel < 3 || blocks > 0); a++) {
      struct set set = pick(r, blocks, &r->arm[a]);
      if (strcmp(r->arm[a].injection, "norm") != 0) continue;
      LAT_TRY(status, curve(r, panel, ++series, &set, size, &r->arm[a]));
      if (set.count == 0) continue;
      baseline[panel] = spread(r, &set, size, BASELINE).median;
      most = fmax(most, lat_merged_real(r->merged, "most", set.point[0]));
    }
  }
  char t[6][32];
  LAT_TRY(status, lat_table_begin(r->analysis, "names", "most loops\teasy\tserial\tbaseline a\tb\tc\td\te", NULL));
  LAT_TRY(status, lat_table_row(r->analysis, "%s\t%lld\t%lld\t%s\t%s\t%s\t%s\t%s", number(t[5], most), (long long)block[0],
                                (long long)block[1], number(t[0], baseline[0]), number(t[1], baseline[1]),
                                number(t[2], baseline[2]), number(t[3], baseline[3]), number(t[4], baseline[4])));
  LAT_TRY(status, lat_table_begin(r->analysis, "series", "loops in training", NULL));
  size_t series = 0;
  for (size_t a = 0; a < r->arms && series < MOST_DRAWN; a++)
    if (strcmp(r->arm[a].injection, "norm") == 0) {
      LAT_TRY(status, lat_table_row(r->analysis, "%s", r->arm[a].training));
      series++;
    }
  if (series == 0) LAT_TRY(status, lat_table_row(r->analysis, "none"));
done:
  return status;
}

/* What every fit loses: place of its arm, loss, task (0 circuits, 1 easy, 2 serial), for those that knew the task. */
static int figure_losses(const struct reading *r) {
  int status = LAT_OK;
  size_t rows = 0;
  LAT_TRY(status, lat_table_begin(r->analysis, "losses", "place\tlost (1)\tmedian (1)\ttask\tinjection, loops", NULL));
  for (size_t task = 0; task < 3; task++)
    for (size_t a = 0; a < r->arms; a++) {
      int64_t blocks = task == 0 || r->blocks == 0 ? 0 : r->block[task == 1 ? 0 : r->blocks - 1];
      struct set set = task > 0 && blocks == 0 ? (struct set){0} : pick(r, blocks, &r->arm[a]);
      double value[MOST_RUNS];
      size_t count = 0;
      char median[32];
      for (size_t k = 0; k < set.count; k++)
        if (answer(r, set.point[k], SIZE, AT_TRAINED) >= known) value[count++] = answer(r, set.point[k], SIZE, LOST);
      double middle = lat_spread_of(value, count).median;
      for (size_t k = 0; k < count; k++, rows++)
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%.4g\t%s\t%zu\t%s %s", a + 1, value[k],
                                      number(median, k == 0 ? middle : (double)NAN), task, r->arm[a].injection,
                                      r->arm[a].training));
    }
  if (rows == 0) LAT_TRY(status, lat_table_row(r->analysis, "1\tNaN\tNaN\t0\tnone"));
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

/* The first arm with norm injection, more than one run on circuits, and a random number of loops; or, `low` > 0, the fixed
 * number `low`. */
static const struct arm *circuit_arm(const struct reading *r, int64_t low) {
  for (size_t a = 0; a < r->arms; a++) {
    const struct arm *arm = &r->arm[a];
    if (strcmp(arm->injection, "norm") != 0 || (low > 0 ? arm->low != low || arm->high != low : arm->low == arm->high))
      continue;
    if (pick(r, 0, arm).count >= 2) return arm;
  }
  return NULL;
}

/* " Circuits lose 0.1 (4), .. 3 blocks lose 0.02 (4), .." by their training with norm injection; whether the languages of the fewest and
 * the most blocks lose much with the fixed number of loops. */
static void judge_languages(const struct reading *r, int64_t low, char *text, size_t size, int *easy, int *serial) {
  *text = '\0';
  *easy = *serial = -1;
  for (size_t k = 0; k <= r->blocks; k++) {
    size_t shown = 0;
    int64_t blocks = k == 0 ? 0 : r->block[k - 1];
    for (size_t a = 0; a < r->arms; a++) {
      struct set set = pick(r, blocks, &r->arm[a]);
      struct lat_spread loss = spread(r, &set, SIZE, LOST);
      if (strcmp(r->arm[a].injection, "norm") != 0 || loss.count == 0) continue;
      if (shown++ == 0)
        snprintf(text + strlen(text), size - strlen(text), k == 0 ? " Circuits lose" : " %lld blocks lose",
                 (long long)blocks);
      snprintf(text + strlen(text), size - strlen(text), "%s %.3g (%s)", shown > 1 ? "," : "", loss.median,
               r->arm[a].training);
      if (r->arm[a].low != low || r->arm[a].high != low) continue;
      if (k == 1) *easy = loss.median > much;
      if (k > 1 && k == r->blocks) *serial = loss.median > much;
    }
    if (shown > 0) snprintf(text + strlen(text), size - strlen(text), ".");
  }
}

static int verdict(const struct reading *r) {
  struct count n = count_all(r);
  const struct arm *random = circuit_arm(r, 0), *fixed = random == NULL ? NULL : circuit_arm(r, random->low);
  struct set drawn = {0}, same = {0}, none = {0}, built = pick(r, 0, NULL);
  if (random != NULL) drawn = pick(r, 0, random);
  if (fixed != NULL) same = pick(r, 0, fixed);
  for (size_t a = 0; a < r->arms && random != NULL; a++)
    if (strcmp(r->arm[a].injection, "none") == 0 && strcmp(r->arm[a].training, random->training) == 0)
      none = pick(r, 0, &r->arm[a]);
  struct lat_spread at = spread(r, &drawn, SIZE, AT_TRAINED), fixed_at = spread(r, &same, SIZE, AT_TRAINED);
  if (random == NULL || fixed == NULL || n.built == 0)
    return lat_verdict(
        r->analysis, LAT_OPEN,
        "Circuits with norm injection need two seeds with a random number of loops (%zu kinds of fits ran), two "
        "with its least number fixed, and a constructed machine (%zu ran); %zu of %zu points failed.",
        r->arms, n.built, n.failed, n.points);
  if (!(at.median >= known) || !(fixed_at.median >= known))
    return lat_verdict(r->analysis, LAT_OPEN,
                       "Circuits were not learned well enough to lose anything: median score %.3g with %s loops, %.3g with "
                       "%s; %zu of %zu points failed.",
                       at.median, random->training, fixed_at.median, fixed->training, n.failed, n.points);
  struct lat_spread early = spread(r, &built, SIZE, BEFORE);
  if (!(early.median < known))
    return lat_verdict(r->analysis, LAT_OPEN,
                       "The control failed: with one loop fewer than levels the constructed machine has %.3g of the last "
                       "level right.",
                       early.median);
  struct lat_spread lost = spread(r, &drawn, SIZE, LOST), fixed_lost = spread(r, &same, SIZE, LOST);
  struct lat_spread at_levels = spread(r, &drawn, SIZE + 1, AT_LEVELS), added = spread(r, &drawn, SIZE + 1, ADDED);
  struct lat_spread fixed_levels = spread(r, &same, SIZE + 1, AT_LEVELS), fixed_added = spread(r, &same, SIZE + 1, ADDED);
  struct lat_spread further = spread(r, &drawn, SIZE + 2, AT_LEVELS), bare = spread(r, &none, SIZE, AT_TRAINED);
  char languages[600], more[200] = "", failing[300] = "";
  int easy, serial;
  judge_languages(r, fixed->low, languages, sizeof languages, &easy, &serial);
  if (further.count > 0) snprintf(more, sizeof more, ", at four times the depth %.3g", further.median);
  if (bare.count > 0)
    snprintf(more + strlen(more), sizeof more - strlen(more),
             ". Without injection (%s) it is %.3g, and %.3g at twice the depth", random->training, bare.median,
             spread(r, &none, SIZE + 1, AT_LEVELS).median);
  const struct {
    int broken;
    const char *what;
  } part[] = {{n.wrong > 0, "the constructed machine errs"},
              {!(added.median >= much), "more loops than in training do not help at twice the depth"},
              {!(lost.median <= much), "random loops lose it"},
              {!(fixed_lost.median > much), "a fixed number does not lose it"},
              {!(fixed_lost.median > lost.median), "a fixed number loses no more than random ones"},
              {bare.count > 0 && bare.median >= learned, "circuits are learned without injection"},
              {easy == 0 && serial == 1, "the easy language does not decay as the serial one does"},
              {easy == 1 && serial == 0, "the serial language does not decay as the easy one does"}};
  for (size_t k = 0; k < sizeof part / sizeof *part; k++)
    if (part[k].broken)
      snprintf(failing + strlen(failing), sizeof failing - strlen(failing), "%s%s",
               *failing == '\0' ? " Against the prediction: " : ", ", part[k].what);
  return lat_verdict(
      r->analysis, *failing == '\0' ? LAT_SUPPORTED : LAT_REFUTED,
      "Circuits, norm injection, medians: trained with %s loops (%zu of %zu seeds solved) the score is %.3g and loses %.3g "
      "at "
      "the most loops; with %s (%zu of %zu) %.3g and loses %.3g. At twice the depth, with as many loops as levels, %.3g "
      "and "
      "%.3g, of which loops beyond the training add %.3g and %.3g%s.%s Constructed: %lld gates wrong, %.3g right one loop "
      "early. %zu of %zu fits diverged, %zu did not reach the stop rule, %zu points failed.%s%s",
      random->training, drawn.solved, drawn.count, at.median, lost.median, fixed->training, same.solved, same.count,
      fixed_at.median, fixed_lost.median, at_levels.median, fixed_levels.median, added.median, fixed_added.median, more,
      languages, (long long)n.wrong, early.median, n.diverged, n.trained, n.unsolved, n.failed, failing,
      *failing == '\0' ? "" : ".");
}

/* Norm first, then by name; fixed numbers of loops first, in order. */
static int comes_before(const struct arm *a, const struct arm *b) {
  int norm_a = strcmp(a->injection, "norm") == 0, norm_b = strcmp(b->injection, "norm") == 0;
  int same = strcmp(a->injection, b->injection);
  int random_a = a->low != a->high, random_b = b->low != b->high;
  if (norm_a != norm_b) return norm_a;
  if (same != 0) return same < 0;
  if (random_a != random_b) return random_b;
  return a->high != b->high ? a->high < b->high : a->low < b->low;
}

static void add_arm(struct reading *r, size_t i) {
  struct arm arm = {lat_merged_text(r->merged, "injection", i), lat_merged_text(r->merged, "training", i),
                    lat_merged_integer(r->merged, "loops_low", i), lat_merged_integer(r->merged, "loops_high", i)};
  size_t at = 0;
  while (at < r->arms && comes_before(&r->arm[at], &arm)) at++;
  if (r->arms == MOST_ARMS || (at < r->arms && !comes_before(&arm, &r->arm[at]))) return;
  memmove(r->arm + at + 1, r->arm + at, (r->arms - at) * sizeof *r->arm);
  r->arm[at] = arm;
  r->arms++;
}

int lat_loop_extrapolation_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    int64_t blocks = lat_merged_integer(merged, "blocks", i);
    size_t at = 0;
    if (!lat_merged_failed(merged, i) && is(&r, "how", i, "trained")) add_arm(&r, i);
    if (!is(&r, "task", i, "blocks")) continue;
    while (at < r.blocks && r.block[at] < blocks) at++;
    if ((at < r.blocks && r.block[at] == blocks) || r.blocks == MOST_BLOCKS) continue;
    memmove(r.block + at + 1, r.block + at, (r.blocks - at) * sizeof *r.block);
    r.block[at] = blocks;
    r.blocks++;
  }
  LAT_TRY(status, table_scores(&r));
  LAT_TRY(status, figure_curves(&r));
  LAT_TRY(status, figure_losses(&r));
  LAT_TRY(status, verdict(&r));
done:
  return status;
}
