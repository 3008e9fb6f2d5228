#include "experiments/looped_tasks/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/looped_tasks/cell.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { MOST_TASKS = 16 };

/* A looped model may fall so far behind the deep one, and must gain so much on the one without loops; a task counts as learned from
 * half of the way between the best trivial baseline and 1. */
static const double behind = 0.1, gain = 0.2, learned_from = 0.5;

/* Accuracies that papers report, %. The stack is k x T with k T = depth; sizes are theirs, not ours. */
static const struct published {
  const char *family; /* part of the task's name */
  size_t depth, layers;
  int looped;
  double accuracy;
} published[] = {
    /* Saunshi et al. 2025: p-hop with p = 16, n = 256 */
    {"hop", 6, 6, 0, 99.9},
    {"hop", 6, 1, 0, 48.9},
    {"hop", 6, 1, 1, 99.9},
    {"hop", 6, 2, 0, 68.8},
    {"hop", 6, 2, 1, 99.9},
    {"hop", 6, 3, 0, 97.2},
    {"hop", 6, 3, 1, 99.9},
    /* Saunshi et al. 2025: sums of 32 numbers of 3 digits */
    {"addition", 12, 12, 0, 100},
    {"addition", 12, 1, 0, 0},
    {"addition", 12, 1, 1, 99.6},
    {"addition", 12, 2, 0, 38.8},
    {"addition", 12, 2, 1, 99.5},
    {"addition", 12, 3, 0, 60.7},
    {"addition", 12, 3, 1, 96.6},
    /* Zhu et al. 2025 (Ouro), figure 6: Mano with L = 16 */
    {"mano", 12, 12, 0, 94.4},
    {"mano", 12, 2, 0, 8.4},
    {"mano", 12, 2, 1, 96.3},
    {"mano", 12, 3, 0, 29.8},
    {"mano", 12, 3, 1, 95.8},
    {"mano", 12, 6, 0, 59.5},
    {"mano", 12, 6, 1, 88.5}};

/* NaN as the text NaN, which means missing. */
static const char *number(double value, char text[32]) {
  if (isfinite(value))
    snprintf(text, 32, "%.5g", value);
  else
    strcpy(text, "NaN");
  return text;
}

static size_t tasks_of(const struct cells *cells, const char *task[MOST_TASKS]) {
  size_t count = 0;
  for (size_t c = 0; c < cells->count; c++) {
    if (count > 0 && strcmp(task[count - 1], cells->cell[c].task) == 0) continue;
    if (count == MOST_TASKS) break;
    task[count++] = cells->cell[c].task;
  }
  return count;
}

/* The greatest layers times loops of the task: what all comparisons at equal compute have. */
static size_t depth_of(const struct cells *cells, const char *task) {
  size_t depth = 0;
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    if (strcmp(cell->task, task) == 0 && cell->layers * cell->loops > depth) depth = cell->layers * cell->loops;
  }
  return depth;
}

/* For the figure: 0 fewer layers, no loop; 1 looped; 2 deep; 3 deep and narrow. */
static int kind_of(const struct cells *cells, const struct cell *cell) {
  size_t depth = depth_of(cells, cell->task);
  const struct cell *deep = lat_cells_find(cells, cell->task, depth, 1, 0);
  if (cell->loops > 1) return 1;
  if (cell->layers < depth) return 0;
  return deep != NULL && cell->width < deep->width ? 3 : 2;
}

/* The narrow deep stack has no counterpart there. */
static double paper_value(const struct cells *cells, const struct cell *cell) {
  size_t depth = depth_of(cells, cell->task);
  if (kind_of(cells, cell) == 3) return (double)NAN;
  int deep = cell->loops == 1 && cell->layers == depth;
  for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
    const struct published *p = &published[i];
    if (strstr(cell->task, p->family) == NULL) continue;
    if (deep ? p->layers == p->depth : p->layers == cell->layers && p->layers < p->depth && p->looped == (cell->loops > 1))
      return p->accuracy / 100;
  }
  return (double)NAN;
}

static size_t task_index(const char *const *task, size_t tasks, const char *name) {
  size_t t = 0;
  while (t < tasks && strcmp(task[t], name) != 0) t++;
  return t;
}

static int stacks(const struct lat_merged *merged, struct lat_analysis *analysis, const struct cells *cells,
                  const char *const *task, size_t tasks) {
  char a[32], b[32];
  size_t place = 0, of = SIZE_MAX;
  int status = LAT_OK;
  LAT_TRY(
      status,
      lat_table_begin(
          analysis, "stacks",
          "task (index)\tplace\tmodel\tparameters\toperations of an answer\trate\tseeds\tsolved\tdiverged\t"
          "accuracy (1)\tlow (1)\thigh (1)\texact (1)\ttrivial (1)\tchance (1)\tupdates to solve\tpaper (1)\tkind\ttask",
          "Each stack at the learning rate that its validation chose: mean, lowest and highest test accuracy at "
          "the greatest difficulty over the seeds; updates to the goal (NaN: not reached by half of "
          "them); what papers report for the stack in the same role at their sizes."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    size_t t = task_index(task, tasks, cell->task), first = cell->point[0];
    if (!cell->chosen || t == tasks) continue;
    place = t == of ? place + 1 : 0, of = t;
    LAT_TRY(status,
            lat_table_row(analysis,
                          "%zu\t%zu\t%s\t%g\t%.4g\t%g\t%zu\t%zu\t%zu\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%.5g\t%s\t%s\t%d\t%s",
                          t, place, cell->model, lat_merged_real(merged, "parameters", first),
                          lat_merged_real(merged, "answer_flops", first), cell->rate, cell->count, cell->solved,
                          cell->diverged, cell->accuracy, cell->low, cell->high, cell->exact, cell->trivial, cell->chance,
                          number(lat_cell_updates(merged, cell), a), number(paper_value(cells, cell), b),
                          kind_of(cells, cell), cell->task));
  }
  LAT_TRY(status, lat_table_begin(analysis, "seeds",
                                  "task (index)\tdrawn at\taccuracy (1)\tupdates to solve\tkind\tend\tseed\tmodel\ttask",
                                  "Every training at the chosen rate."));
  place = 0, of = SIZE_MAX;
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    size_t t = task_index(task, tasks, cell->task);
    if (!cell->chosen || t == tasks) continue;
    place = t == of ? place + 1 : 0, of = t;
    for (size_t s = 0; s < cell->count; s++) {
      size_t i = cell->point[s];
      int64_t at = lat_merged_integer(merged, "solved_at", i);
      double shift = cell->count > 1 ? 0.5 * ((double)s / (double)(cell->count - 1) - 0.5) : 0;
      LAT_TRY(status, lat_table_row(analysis, "%zu\t%.4g\t%s\t%s\t%d\t%s\t%lld\t%s\t%s", t, (double)place + shift,
                                    number(lat_merged_real(merged, "accuracy", i), a),
                                    number(at >= 0 ? (double)at : (double)NAN, b), kind_of(cells, cell),
                                    lat_merged_text(merged, "end", i), (long long)lat_merged_integer(merged, "seed", i),
                                    cell->model, cell->task));
    }
  }
done:
  return status;
}

static int tuning(struct lat_analysis *analysis, const struct cells *cells) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "tuning",
                          "task\tmodel\trate\tseeds\tsolved\tdiverged\tvalidation (1)\taccuracy (1)\tchosen",
                          "What was tried: mean validation and test accuracy of each stack at each learning rate."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%s\t%g\t%zu\t%zu\t%zu\t%.5g\t%.5g\t%d", cell->task, cell->model, cell->rate,
                          cell->count, cell->solved, cell->diverged, cell->validation, cell->accuracy, cell->chosen));
  }
done:
  return status;
}

static int difficulties(const struct lat_merged *merged, struct lat_analysis *analysis, const struct cells *cells) {
  size_t extent[3];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "difficulty", "task\tmodel\tlevel\taccuracy (1)\ttrivial (1)",
                                  "Mean test accuracy at each level (numbers added, operations, hops + 1), at the chosen "
                                  "rate, and the best trivial baseline."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    if (!cell->chosen || lat_merged_array(merged, "accuracy_at", cell->point[0], extent) == NULL) continue;
    for (size_t l = 0, levels = extent[0]; l < levels; l++) {
      double sum = 0, trivial = 0, n = 0;
      for (size_t s = 0; s < cell->count; s++) {
        const double *accuracy = lat_merged_array(merged, "accuracy_at", cell->point[s], extent);
        const double *baseline = lat_merged_array(merged, "trivial_at", cell->point[s], extent);
        if (accuracy == NULL || baseline == NULL || l >= extent[0] || !isfinite(accuracy[l] + baseline[l])) continue;
        sum += accuracy[l], trivial += baseline[l], n++;
      }
      if (n > 0)
        LAT_TRY(status,
                lat_table_row(analysis, "%s\t%s\t%zu\t%.5g\t%.5g", cell->task, cell->model, l, sum / n, trivial / n));
    }
  }
done:
  return status;
}

/* Learning curves over the operations of training: there equal compute is an equal place on the axis. */
static int curves(const struct lat_merged *merged, struct lat_analysis *analysis, const struct cells *cells,
                  const char *const *task, size_t tasks) {
  size_t extent[3];
  char a[32], b[32];
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "curves",
                          "task (index)\tplace\ttraining (GFLOP)\tupdates\tvalidation (1)\tloss (nat)\tkind\tseed", NULL));
  size_t place = 0, of = SIZE_MAX;
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    size_t t = task_index(task, tasks, cell->task);
    if (!cell->chosen || t == tasks) continue;
    place = t == of ? place + 1 : 0, of = t;
    for (size_t s = 0; s < cell->count; s++) {
      size_t i = cell->point[s];
      double each = lat_merged_real(merged, "flops", i) / lat_merged_real(merged, "updates", i);
      const double *update = lat_merged_array(merged, "curve_update", i, extent);
      const double *accuracy = lat_merged_array(merged, "curve_accuracy", i, extent);
      const double *loss = lat_merged_array(merged, "curve_loss", i, extent);
      if (update == NULL || accuracy == NULL || loss == NULL) continue;
      for (size_t k = 0; k < extent[0]; k++)
        LAT_TRY(status, lat_table_row(analysis, "%zu\t%zu\t%.5g\t%g\t%s\t%s\t%d\t%lld", t, place, update[k] * each * 1e-9,
                                      update[k], number(accuracy[k], a), number(loss[k], b), kind_of(cells, cell),
                                      (long long)lat_merged_integer(merged, "seed", i)));
      LAT_TRY(status, lat_table_row(analysis, "%s", ""));
    }
  }
done:
  return status;
}

static int names(struct lat_analysis *analysis, const char *const *task, size_t tasks) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "tasks", "task", NULL));
  for (size_t t = 0; t < tasks; t++) LAT_TRY(status, lat_table_row(analysis, "%s", task[t]));
done:
  return status;
}

struct judged {
  size_t learned, unlearned; /* tasks */
  size_t compared, behind;   /* looped stacks against the deep one */
  size_t paired, without;    /* one layer: looped against not looped; no gain */
  double worst, least;       /* of accuracy: looped minus deep, looped minus unlooped */
};

static void judge(const struct cells *cells, const char *task, struct judged *judged) {
  size_t depth = depth_of(cells, task);
  const struct cell *deep = lat_cells_find(cells, task, depth, 1, 0);
  double best = 0, trivial = 0;
  if (deep != NULL) best = deep->accuracy, trivial = deep->trivial;
  for (size_t k = 1; k < depth; k++) {
    const struct cell *looped = depth % k == 0 ? lat_cells_find(cells, task, k, depth / k, 0) : NULL;
    if (looped != NULL) best = fmax(best, looped->accuracy), trivial = looped->trivial;
  }
  if (!(best >= trivial + learned_from * (1 - trivial))) {
    judged->unlearned++;
    return;
  }
  judged->learned++;
  for (size_t k = 1; k < depth; k++) {
    const struct cell *looped = depth % k == 0 ? lat_cells_find(cells, task, k, depth / k, 0) : NULL;
    const struct cell *single = lat_cells_find(cells, task, k, 1, 0);
    if (looped == NULL) continue;
    if (deep != NULL) {
      double difference = looped->accuracy - deep->accuracy;
      judged->compared++;
      judged->behind += !(difference >= -behind);
      judged->worst = fmin(judged->worst, difference);
    }
    if (single != NULL && k == 1) {
      double difference = looped->accuracy - single->accuracy;
      judged->paired++;
      judged->without += !(difference >= gain);
      judged->least = fmin(judged->least, difference);
    }
  }
}

int lat_looped_tasks_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  static const char *const budget[] = {"width", "budget", "tokens", "every", "tested", "goal"};
  const char *task[MOST_TASKS];
  struct judged judged = {.worst = HUGE_VAL, .least = HUGE_VAL};
  size_t ran = 0, diverged = 0, seeds = SIZE_MAX, uneven = 0;
  struct cells *cells = lat_alloc(1, sizeof *cells);
  int status = LAT_OK;
  if (cells == NULL) return LAT_MEMORY;
  lat_cells_gather(merged, cells);
  size_t tasks = tasks_of(cells, task);
  LAT_TRY(status, names(analysis, task, tasks));
  LAT_TRY(status, stacks(merged, analysis, cells, task, tasks));
  LAT_TRY(status, tuning(analysis, cells));
  LAT_TRY(status, difficulties(merged, analysis, cells));
  LAT_TRY(status, curves(merged, analysis, cells, task, tasks));
  for (size_t c = 0; c < cells->count; c++) {
    ran += cells->cell[c].count, diverged += cells->cell[c].diverged;
    if (cells->cell[c].count < seeds) seeds = cells->cell[c].count;
  }
  for (size_t k = 0; k < sizeof budget / sizeof *budget; k++) uneven += !lat_cells_agree(merged, budget[k]);
  for (size_t t = 0; t < tasks; t++) judge(cells, task[t], &judged);
  if (cells->failed > 0 || cells->left_out > 0 || uneven > 0 || judged.compared == 0 || judged.paired == 0)
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu trainings ran (%zu diverged), %zu rows failed, %zu were left out, %zu settings of the budget "
                         "differ among them, and %zu of %zu tasks were learned by any stack: not enough to judge",
                         ran, diverged, cells->failed, cells->left_out, uneven, judged.learned, tasks);
  else
    status = lat_verdict(analysis, judged.behind + judged.without > 0 ? LAT_REFUTED : LAT_SUPPORTED,
                         "%zu of %zu tasks were learned by some stack in %zu trainings with %zu or more seeds each (%zu "
                         "diverged). On these, %zu of "
                         "%zu looped stacks are more than %g of test accuracy behind the deep one of equal compute (worst "
                         "difference %+.3f), and "
                         "%zu of %zu one-layer loops gain less than %g on the same layer applied once (least gain %+.3f)",
                         judged.learned, tasks, ran, seeds, diverged, judged.behind, judged.compared, behind, judged.worst,
                         judged.without, judged.paired, gain, judged.least);
done:
  lat_free(cells);
  return status;
}
