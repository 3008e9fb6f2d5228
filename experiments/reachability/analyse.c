#include "experiments/reachability/analyse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"
#include "lib/train/mode.h"

enum { MOST_GRAPHS = 16, MOST_KINDS = 64, MOST_SEEDS = 64 };
enum { ANSWER, STEPS, DENSE, REST, NEXT };
static const char *const tolds[] = {"answer", "steps", "dense", "rest", "next"};
/* Of the prediction: coconut at least, controls at most, modes told the answer alone at most. */
static const double right = 0.9, blind = 0.7, guessing = 0.6;

/* A mode and what it is told: a row of the figure. */
struct kind {
  size_t mode, told;
};

struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t graphs, kinds, failed, left_out;
  const char *graph[MOST_GRAPHS];
  struct kind kind[MOST_KINDS];
};

struct set {
  size_t count, point[MOST_SEEDS];
};

static size_t mode_of(const char *name) {
  size_t m = 0;
  while (lat_modes[m].name != NULL && strcmp(lat_modes[m].name, name) != 0) m++;
  return m;
}

static int kind_at(const struct lat_merged *merged, size_t i, struct kind *kind) {
  const char *labels = lat_merged_text(merged, "labels", i);
  kind->mode = mode_of(lat_merged_text(merged, "mode", i));
  if (lat_modes[kind->mode].name == NULL) return 0;
  enum lat_told told = lat_modes[kind->mode].told;
  kind->told = told == LAT_TOLD_ANSWER       ? ANSWER
               : told == LAT_TOLD_STEPS      ? STEPS
               : strcmp(labels, "rest") == 0 ? REST
               : strcmp(labels, "next") == 0 ? NEXT
                                             : DENSE;
  return 1;
}

static int compare(const void *a, const void *b) {
  const struct kind *x = a, *y = b;
  if (x->mode != y->mode) return x->mode < y->mode ? -1 : 1;
  return x->told < y->told ? -1 : x->told > y->told;
}

static void gather(struct reading *r) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    const char *graph = lat_merged_text(r->merged, "graph", i);
    struct kind kind;
    size_t g = 0, k = 0;
    r->failed += lat_merged_failed(r->merged, i) != 0;
    if (!kind_at(r->merged, i, &kind)) {
      r->left_out++;
      continue;
    }
    while (g < r->graphs && strcmp(r->graph[g], graph) != 0) g++;
    while (k < r->kinds && compare(&r->kind[k], &kind) != 0) k++;
    if (g == MOST_GRAPHS || k == MOST_KINDS) {
      r->left_out++;
      continue;
    }
    r->graph[g] = graph;
    r->graphs += g == r->graphs;
    r->kind[k] = kind;
    r->kinds += k == r->kinds;
  }
  qsort(r->kind, r->kinds, sizeof *r->kind, compare);
}

static struct set pick(const struct reading *r, size_t graph, const struct kind *kind) {
  struct set set = {0};
  for (size_t i = 0; i < lat_merged_points(r->merged) && set.count < MOST_SEEDS; i++) {
    struct kind own;
    if (lat_merged_failed(r->merged, i) || !kind_at(r->merged, i, &own) || compare(&own, kind) != 0 ||
        strcmp(lat_merged_text(r->merged, "graph", i), r->graph[graph]) != 0)
      continue;
    set.point[set.count++] = i;
  }
  return set;
}

static struct lat_spread accuracy_of(const struct reading *r, const struct set *set) {
  double value[MOST_SEEDS];
  for (size_t k = 0; k < set->count; k++) value[k] = lat_merged_real(r->merged, "accuracy", set->point[k]);
  return lat_spread_of(value, set->count);
}

static const char *number(double value, char text[32]) {
  if (isfinite(value))
    snprintf(text, 32, "%.5g", value);
  else
    snprintf(text, 32, "NaN");
  return text;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* Median over all runs of a number that only solved ones have: infinite when most are not solved. */
static double to_solve(const struct reading *r, const struct set *set, const char *output, size_t *solved) {
  double value[MOST_SEEDS];
  *solved = 0;
  for (size_t k = 0; k < set->count; k++) {
    int done = lat_merged_integer(r->merged, "solved_at", set->point[k]) >= 0;
    value[k] = done ? lat_merged_real(r->merged, output, set->point[k]) : HUGE_VAL;
    *solved += done != 0;
  }
  if (set->count == 0) return HUGE_VAL;
  qsort(value, set->count, sizeof *value, ascending);
  return value[set->count / 2];
}

static int mode_row(const struct reading *r, size_t g, size_t k) {
  struct set set = pick(r, g, &r->kind[k]);
  char updates[32], flops[32];
  size_t solved;
  int status = LAT_OK;
  if (set.count == 0) return LAT_OK;
  struct lat_spread spread = accuracy_of(r, &set);
  if (spread.count == 0) return LAT_OK;
  size_t i = set.point[0];
  number(to_solve(r, &set, "solved_at", &solved), updates);
  number(1e-12 * to_solve(r, &set, "flops", &solved), flops);
  LAT_TRY(
      status,
      lat_table_row(
          r->analysis,
          "%zu\t%zu\t%zu\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%zu\t%zu\t%s\t%s\t%lld\t%lld\t%lld\t%lld\t%.5g\t%s\t%s\t%s", g, k,
          r->kind[k].told, spread.mean, fmax(0, spread.low), fmin(1, spread.high), spread.least, spread.most, spread.count,
          solved, updates, flops, (long long)lat_merged_integer(r->merged, "parameters", i),
          (long long)lat_merged_integer(r->merged, "thoughts", i), (long long)lat_merged_integer(r->merged, "tokens", i),
          (long long)lat_merged_integer(r->merged, "passes", i), 1e-6 * lat_merged_real(r->merged, "answer_flops", i),
          lat_modes[r->kind[k].mode].name, tolds[r->kind[k].told], r->graph[g]));
done:
  return status;
}

static int mode_tables(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(
                      r->analysis, "modes",
                      "graph (index)\trow (index)\ttold (index)\taccuracy, mean\tlow\thigh\tleast\tmost\tseeds\tsolved\t"
                      "updates to solve, median\ttraining to solve (TFLOP), median\tparameters\tthoughts\ttokens\t"
                      "passes\tanswer (MFLOP)\tmode\ttold\tgraph",
                      "Modes of thought by what training told them: accuracy on test graphs, what training took until "
                      "solved (NaN: most seeds are not within the budget), what an answer costs."));
  for (size_t g = 0; g < r->graphs; g++)
    for (size_t k = 0; k < r->kinds; k++) LAT_TRY(status, mode_row(r, g, k));
  LAT_TRY(status, lat_table_begin(r->analysis, "seeds", "graph (index)\trow (index)\ttold (index)\taccuracy\tseed", NULL));
  for (size_t g = 0; g < r->graphs; g++)
    for (size_t k = 0; k < r->kinds; k++) {
      struct set set = pick(r, g, &r->kind[k]);
      for (size_t s = 0; s < set.count; s++) {
        double accuracy = lat_merged_real(r->merged, "accuracy", set.point[s]);
        if (isfinite(accuracy))
          LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%zu\t%.5g\t%lld", g, k, r->kind[k].told, accuracy,
                                        (long long)lat_merged_integer(r->merged, "seed", set.point[s])));
      }
    }
  LAT_TRY(status, lat_table_begin(r->analysis, "rows", "row (index)\tname", NULL));
  for (size_t k = 0; k < r->kinds; k++) {
    size_t told = r->kind[k].told;
    LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%s%s%s", k, lat_modes[r->kind[k].mode].name, told > DENSE ? ", " : "",
                                  told > DENSE ? tolds[told] : ""));
  }
done:
  return status;
}

static int thought_table(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(r->analysis, "thoughts",
                          "graph (index)\tmode (index)\ttold (index)\tthoughts\taccuracy, mean\tlow\thigh\tseeds\tmode",
                          "The same models asked with other numbers of thoughts than they were trained for."));
  for (size_t g = 0; g < r->graphs; g++)
    for (size_t k = 0; k < r->kinds; k++) {
      struct set set = pick(r, g, &r->kind[k]);
      size_t shown = 0, extent[3];
      for (size_t t = 0; t < 512; t++) {
        double value[MOST_SEEDS];
        size_t count = 0;
        for (size_t s = 0; s < set.count; s++) {
          const double *by = lat_merged_array(r->merged, "accuracy_by_thoughts", set.point[s], extent);
          if (by != NULL && t < extent[0]) value[count++] = by[t];
        }
        struct lat_spread spread = lat_spread_of(value, count);
        if (spread.count == 0) break;
        shown++;
        LAT_TRY(status, lat_table_row(r->analysis, "%zu\t%zu\t%zu\t%zu\t%.5g\t%.5g\t%.5g\t%zu\t%s", g, r->kind[k].mode,
                                      r->kind[k].told, t, spread.mean, fmax(0, spread.low), fmin(1, spread.high),
                                      spread.count, lat_modes[r->kind[k].mode].name));
      }
      if (shown > 0) LAT_TRY(status, lat_table_row(r->analysis, "%s", ""));
    }
done:
  return status;
}

static struct lat_spread dense(const struct reading *r, size_t graph, const char *mode) {
  struct kind kind = {mode_of(mode), DENSE};
  struct set set = pick(r, graph, &kind);
  return accuracy_of(r, &set);
}

static int control_table(const struct reading *r) {
  static const struct {
    const char *content, *passes, *mode;
  } cell[] = {{"fixed", "one", "pause-as-thought"},
              {"fixed", "one behind the other", "pause-as-thought"},
              {"recycled", "one", "state-once"},
              {"recycled", "one behind the other", "coconut"}};
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(
                      r->analysis, "control", "graph\tcontent\tpasses\taccuracy, mean\tleast\tmost\tseeds\tmode",
                      "The same dense labels at the same places: what a thought holds, against whether thoughts come one "
                      "behind the other. Fixed content computed one behind the other is the same function as in one pass "
                      "(causal mask), so its row is the same runs."));
  for (size_t g = 0; g < r->graphs; g++)
    for (size_t c = 0; c < sizeof cell / sizeof *cell; c++) {
      struct lat_spread spread = dense(r, g, cell[c].mode);
      if (spread.count > 0)
        LAT_TRY(status, lat_table_row(r->analysis, "%s\t%s\t%s\t%.5g\t%.5g\t%.5g\t%zu\t%s", r->graph[g], cell[c].content,
                                      cell[c].passes, spread.mean, spread.least, spread.most, spread.count, cell[c].mode));
    }
done:
  return status;
}

struct sums {
  size_t judged;
  double coconut, control, answer, recurrent, written; /* least, most, most, least, least mean over kinds of graphs */
};

static void judge_graph(const struct reading *r, size_t g, struct sums *s) {
  struct lat_spread coconut = dense(r, g, "coconut"), pause = dense(r, g, "pause-as-thought"),
                    once = dense(r, g, "state-once"), recurrent = dense(r, g, "recurrent");
  struct kind written = {mode_of("cot"), STEPS};
  struct set set = pick(r, g, &written);
  struct lat_spread cot = accuracy_of(r, &set);
  size_t answers = 0;
  for (size_t k = 0; k < r->kinds; k++) {
    if (r->kind[k].told != ANSWER) continue;
    set = pick(r, g, &r->kind[k]);
    struct lat_spread spread = accuracy_of(r, &set);
    if (spread.count == 0) continue;
    answers++;
    s->answer = fmax(s->answer, spread.mean);
  }
  if (recurrent.count > 0) s->recurrent = fmin(s->recurrent, recurrent.mean);
  if (cot.count > 0) s->written = fmin(s->written, cot.mean);
  if (coconut.count == 0 || pause.count == 0 || once.count == 0 || answers == 0) return;
  s->judged++;
  s->coconut = fmin(s->coconut, coconut.mean);
  s->control = fmax(s->control, fmax(pause.mean, once.mean));
}

static int verdict(const struct reading *r) {
  struct sums s = {.coconut = 1, .recurrent = HUGE_VAL, .written = HUGE_VAL};
  char recurrent[32], written[32];
  for (size_t g = 0; g < r->graphs; g++) judge_graph(r, g, &s);
  if (r->failed > 0 || r->left_out > 0 || s.judged < r->graphs || s.judged == 0)
    return lat_verdict(
        r->analysis, LAT_OPEN,
        "%zu points failed, %zu were too many to read; %zu of %zu kinds of graphs have coconut, pause-as-thought, "
        "state-once and a mode that is told the answer alone: not enough to judge",
        r->failed, r->left_out, s.judged, r->graphs);
  int refuted = !(s.coconut >= right) || !(s.control <= blind) || !(s.answer <= guessing);
  return lat_verdict(
      r->analysis, refuted ? LAT_REFUTED : LAT_SUPPORTED,
      "Means over seeds, worst of %zu kinds of graphs: with the same dense labels coconut %.3g or more, fixed content or "
      "recycled content in one pass %.3g or less, loops %s or more; told the answer alone %.3g or less; a chain of "
      "thought of its own %s or more. 0 points failed",
      r->graphs, s.coconut, s.control, number(s.recurrent, recurrent), s.answer, number(s.written, written));
}

int lat_reachability_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  int status = LAT_OK;
  gather(&r);
  LAT_TRY(status, mode_tables(&r));
  LAT_TRY(status, thought_table(&r));
  LAT_TRY(status, control_table(&r));
  LAT_TRY(status, verdict(&r));
done:
  return status;
}
