#include "experiments/supervision/analyse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { MOST_CELLS = 2048, MOST_SEEDS = 64, MOST_LANES = 128 };

static const char *const signals[] = {"answer", "curriculum", "hint", "dense", "trace"};
enum { SIGNALS = sizeof signals / sizeof *signals, CURRICULUM = 1, TRACE = 4 };

struct cell {
  const char *task, *model;
  size_t signal;
  int64_t depth;
  double rate;
  size_t count, point[MOST_SEEDS];
  size_t solved, diverged;
  double answer;            /* mean test */
  double median, low, high; /* examples to solve; not solved counts as infinite */
  double flops;             /* median operations to solve */
  int chosen;               /* of its task, model, signal and depth: most solved, then least median, then least rate */
};

struct cells {
  size_t count, failed, left_out;
  struct cell cell[MOST_CELLS]; /* by task, model, signal, depth, rate */
};

/* One task and model: how deep each signal reaches. */
struct lane {
  const char *task, *model;
  int64_t deepest;          /* greatest depth tried with any signal */
  int64_t reached[SIGNALS]; /* greatest depth up to which all that were tried are solved by most seeds; -1: not tried */
};

static size_t signal_of(const char *name) {
  size_t s = 0;
  while (s < SIGNALS && strcmp(signals[s], name) != 0) s++;
  return s;
}

static int compare_place(const struct cell *x, const struct cell *y) {
  int order = strcmp(x->task, y->task);
  if (order == 0) order = strcmp(y->model, x->model); /* plain layers before the loop */
  if (order != 0) return order;
  if (x->signal != y->signal) return x->signal < y->signal ? -1 : 1;
  return x->depth < y->depth ? -1 : x->depth > y->depth;
}

static int compare(const void *a, const void *b) {
  const struct cell *x = a, *y = b;
  int order = compare_place(x, y);
  return order != 0 ? order : x->rate < y->rate ? -1 : x->rate > y->rate;
}

static struct cell *place(struct cells *cells, const struct lat_merged *merged, size_t i) {
  struct cell next = {.task = lat_merged_text(merged, "task", i),
                      .model = lat_merged_text(merged, "model", i),
                      .signal = signal_of(lat_merged_text(merged, "signal", i)),
                      .depth = lat_merged_integer(merged, "depth", i),
                      .rate = lat_merged_real(merged, "rate", i)};
  for (size_t c = 0; c < cells->count; c++)
    if (compare(&cells->cell[c], &next) == 0) return &cells->cell[c];
  if (cells->count == MOST_CELLS || next.signal == SIGNALS) return NULL;
  cells->cell[cells->count] = next;
  return &cells->cell[cells->count++];
}

static int compare_reals(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static double middle(double *value, size_t count) {
  qsort(value, count, sizeof *value, compare_reals);
  return (value[(count - 1) / 2] + value[count / 2]) / 2;
}

static void summarise(const struct lat_merged *merged, struct cell *cell) {
  double examples[MOST_SEEDS] = {0}, flops[MOST_SEEDS] = {0};
  for (size_t s = 0; s < cell->count; s++) {
    size_t i = cell->point[s];
    int64_t needed = lat_merged_integer(merged, "examples_to_solve", i);
    double answer = lat_merged_real(merged, "answer", i);
    examples[s] = needed >= 0 ? (double)needed : HUGE_VAL;
    flops[s] = needed >= 0 ? lat_merged_real(merged, "flops_to_solve", i) : HUGE_VAL;
    cell->solved += needed >= 0;
    cell->diverged += strcmp(lat_merged_text(merged, "end", i), "diverged") == 0;
    cell->answer += (isfinite(answer) ? answer : 0) / (double)cell->count;
  }
  cell->median = middle(examples, cell->count), cell->flops = middle(flops, cell->count);
  cell->low = examples[0], cell->high = examples[cell->count - 1];
}

static int better(const struct cell *x, const struct cell *y) {
  if (x->solved != y->solved) return x->solved > y->solved;
  if (x->median < y->median || x->median > y->median) return x->median < y->median;
  return x->rate < y->rate;
}

static void gather(const struct lat_merged *merged, struct cells *cells) {
  cells->count = cells->failed = cells->left_out = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i)) {
      cells->failed++;
      continue;
    }
    struct cell *cell = place(cells, merged, i);
    if (cell == NULL || cell->count == MOST_SEEDS)
      cells->left_out++;
    else
      cell->point[cell->count++] = i;
  }
  qsort(cells->cell, cells->count, sizeof *cells->cell, compare);
  for (size_t c = 0; c < cells->count; c++) summarise(merged, &cells->cell[c]);
  for (size_t first = 0, next; first < cells->count; first = next) {
    size_t best = first;
    for (next = first; next < cells->count && compare_place(&cells->cell[first], &cells->cell[next]) == 0; next++)
      if (better(&cells->cell[next], &cells->cell[best])) best = next;
    cells->cell[best].chosen = 1;
  }
}

static size_t make_lanes(const struct cells *cells, struct lane *lane) {
  size_t count = 0;
  int broken = 0;
  const struct cell *before = NULL;
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    if (!cell->chosen) continue;
    if (count == 0 || strcmp(lane[count - 1].task, cell->task) != 0 || strcmp(lane[count - 1].model, cell->model) != 0) {
      if (count == MOST_LANES) return count;
      lane[count] = (struct lane){.task = cell->task, .model = cell->model};
      for (size_t s = 0; s < SIGNALS; s++) lane[count].reached[s] = -1;
      count++;
      before = NULL;
    }
    struct lane *at = &lane[count - 1];
    if (before == NULL || before->signal != cell->signal) broken = 0, at->reached[cell->signal] = 0;
    broken |= 2 * cell->solved <= cell->count;
    if (!broken) at->reached[cell->signal] = cell->depth;
    if (cell->depth > at->deepest) at->deepest = cell->depth;
    before = cell;
  }
  return count;
}

/* Not finite is the text NaN: missing, here not solved within the budget. */
static const char *number(double value, char text[32]) {
  if (isfinite(value))
    snprintf(text, 32, "%.5g", value);
  else
    strcpy(text, "NaN");
  return text;
}

static size_t task_of(const struct cells *cells, size_t c) {
  size_t task = 0;
  for (size_t i = 1; i <= c; i++) task += strcmp(cells->cell[i - 1].task, cells->cell[i].task) != 0;
  return task;
}

/* The row of the figure: the first model of a task, the second, .. */
static size_t model_of(const struct cells *cells, size_t c) {
  size_t model = 0;
  for (size_t i = 1; i <= c; i++) {
    if (strcmp(cells->cell[i - 1].task, cells->cell[i].task) != 0)
      model = 0;
    else
      model += strcmp(cells->cell[i - 1].model, cells->cell[i].model) != 0;
  }
  return model;
}

static int panels(struct lat_analysis *analysis, const struct cells *cells) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "panels", "task (index)\tmodel (index)\ttask\tmodel", NULL));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c], *before = c > 0 ? cell - 1 : NULL;
    if (before != NULL && strcmp(before->task, cell->task) == 0 && strcmp(before->model, cell->model) == 0) continue;
    LAT_TRY(status,
            lat_table_row(analysis, "%zu\t%zu\t%s\t%s", task_of(cells, c), model_of(cells, c), cell->task, cell->model));
  }
done:
  return status;
}

static int examples(const struct lat_merged *merged, struct lat_analysis *analysis, const struct cells *cells) {
  char a[32], b[32], e[32], f[32];
  int status = LAT_OK;
  LAT_TRY(
      status,
      lat_table_begin(
          analysis, "cells",
          "task (index)\tmodel (index)\tsignal (index)\tdepth\tmedian examples\tlow\thigh\tsolved\tseeds\tdiverged\t"
          "training to solve (flops)\tanswer (1)\ttrivial (1)\tpositions\tan answer (flops)\trate\tsignal\tmodel\ttask",
          "Training examples and operations to solve (medians over seeds, a seed that does not get there within the budget "
          "counting as infinite; NaN: so do half of them), test accuracy of the answer, and what an answer costs."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    size_t i = cell->point[0];
    if (!cell->chosen) continue;
    LAT_TRY(
        status,
        lat_table_row(analysis, "%zu\t%zu\t%zu\t%lld\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%s\t%.5g\t%.5g\t%g\t%.5g\t%g\t%s\t%s\t%s",
                      task_of(cells, c), model_of(cells, c), cell->signal, (long long)cell->depth, number(cell->median, a),
                      number(cell->low, b), number(cell->high, e), cell->solved, cell->count, cell->diverged,
                      number(cell->flops, f), cell->answer, lat_merged_real(merged, "trivial", i),
                      lat_merged_real(merged, "positions", i), lat_merged_real(merged, "answer_flops", i), cell->rate,
                      signals[cell->signal], cell->model, cell->task));
  }
  LAT_TRY(status, lat_table_begin(analysis, "seeds",
                                  "task (index)\tmodel (index)\tsignal (index)\tdepth\texamples\tseed\tanswer (1)\tend",
                                  "Every training at the chosen rate; NaN: not solved within the budget."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    for (size_t s = 0; cell->chosen && s < cell->count; s++) {
      size_t i = cell->point[s];
      int64_t needed = lat_merged_integer(merged, "examples_to_solve", i);
      LAT_TRY(status,
              lat_table_row(analysis, "%zu\t%zu\t%zu\t%lld\t%s\t%lld\t%s\t%s", task_of(cells, c), model_of(cells, c),
                            cell->signal, (long long)cell->depth, number(needed >= 0 ? (double)needed : HUGE_VAL, a),
                            (long long)lat_merged_integer(merged, "seed", i),
                            number(lat_merged_real(merged, "answer", i), b), lat_merged_text(merged, "end", i)));
    }
  }
done:
  return status;
}

static int tuning(struct lat_analysis *analysis, const struct cells *cells) {
  char a[32];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "tuning",
                                  "task\tmodel\tsignal\tdepth\trate\tseeds\tsolved\tdiverged\tmedian examples\tchosen",
                                  "What was tried: every learning rate of every cell."));
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    LAT_TRY(status, lat_table_row(analysis, "%s\t%s\t%s\t%lld\t%g\t%zu\t%zu\t%zu\t%s\t%d", cell->task, cell->model,
                                  signals[cell->signal], (long long)cell->depth, cell->rate, cell->count, cell->solved,
                                  cell->diverged, number(cell->median, a), cell->chosen));
  }
done:
  return status;
}

/* What papers report, at their own sizes: accuracy after a fixed training, not examples to solve. */
static int literature(struct lat_analysis *analysis) {
  static const struct {
    const char *source, *question, *signal, *accuracy;
  } row[] = {
      {"Feng et al. 2023", "arithmetic mod 11, 4 / 5 / 6 operations", "answer only, 3 layers", "0.729 / 0.374 / 0.254"},
      {"Feng et al. 2023", "arithmetic mod 11, 4 / 5 / 6 operations", "answer only, 5 layers", "0.968 / 0.699 / 0.491"},
      {"Feng et al. 2023", "arithmetic mod 11, 4 / 5 / 6 operations", "chain of thought, 3 layers",
       "1.000 / 1.000 / 1.000"},
      {"Feng et al. 2023", "LIS of 50 / 80 / 100 numbers", "answer only, 3 layers", "0.644 / 0.300 / 0.226"},
      {"Feng et al. 2023", "LIS of 50 / 80 / 100 numbers", "chain of thought, 3 layers", "0.995 / 0.998 / 1.000"},
      {"Li et al. 2024", "words over S5, iterated squaring, circuit value", "chain of thought, 1 layer", "nearly perfect"},
      {"Li et al. 2024", "words over S5, iterated squaring, circuit value", "answer only", "needs many layers"}};
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "literature", "source\tquestion\tsignal\taccuracy",
                                  "What papers report: test accuracy after a fixed, far larger training."));
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%s\t%s\t%s", row[i].source, row[i].question, row[i].signal, row[i].accuracy));
done:
  return status;
}

static int lanes_table(const struct lat_merged *merged, struct lat_analysis *analysis, const struct lane *lane,
                       size_t lanes) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "lanes", "task\tmodel\tdeepest tried\tanswer\tcurriculum\thint\tdense\ttrace",
                                  "The greatest depth up to which every depth was solved by most seeds; 0: not even the "
                                  "smallest, -1: not tried."));
  for (size_t l = 0; l < lanes; l++)
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%s\t%lld\t%lld\t%lld\t%lld\t%lld\t%lld", lane[l].task, lane[l].model,
                          (long long)lane[l].deepest, (long long)lane[l].reached[0], (long long)lane[l].reached[1],
                          (long long)lane[l].reached[2], (long long)lane[l].reached[3], (long long)lane[l].reached[4]));
  LAT_TRY(status, lat_table_begin(analysis, "budget", "examples at most", NULL));
  double most = 1;
  for (size_t i = 0; i < lat_merged_points(merged); i++)
    most = fmax(most, lat_merged_real(merged, "budget", i) * lat_merged_real(merged, "batch", i));
  LAT_TRY(status, lat_table_row(analysis, "%.6g", most));
done:
  return status;
}

static size_t uneven(const struct lat_merged *merged) {
  static const char *const same[] = {"width", "budget", "batch", "every", "tested", "goal", "advance"};
  size_t count = 0;
  for (size_t k = 0; k < sizeof same / sizeof *same; k++)
    for (size_t i = 1; i < lat_merged_points(merged); i++) {
      double a = lat_merged_real(merged, same[k], 0), b = lat_merged_real(merged, same[k], i);
      if (!(a < b || a > b)) continue;
      count++;
      break;
    }
  return count;
}

int lat_supervision_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct cells *cells = lat_calloc(1, sizeof *cells);
  struct lane lane[MOST_LANES];
  size_t ran = 0, diverged = 0, judged = 0, missed = 0, direct = 0, worse = 0, compared = 0;
  int status = LAT_OK;
  if (cells == NULL) return LAT_MEMORY;
  gather(merged, cells);
  size_t lanes = make_lanes(cells, lane), differ = uneven(merged);
  LAT_TRY(status, panels(analysis, cells));
  LAT_TRY(status, examples(merged, analysis, cells));
  LAT_TRY(status, lanes_table(merged, analysis, lane, lanes));
  LAT_TRY(status, tuning(analysis, cells));
  LAT_TRY(status, literature(analysis));
  for (size_t c = 0; c < cells->count; c++) ran += cells->cell[c].count, diverged += cells->cell[c].diverged;
  for (size_t l = 0; l < lanes; l++) {
    const int64_t *reached = lane[l].reached;
    if (reached[TRACE] < 0 || reached[0] < 0) continue;
    judged++;
    missed += reached[TRACE] < lane[l].deepest;
    direct += reached[0] == lane[l].deepest;
    if (reached[CURRICULUM] < 0) continue;
    compared++;
    worse += reached[CURRICULUM] < reached[0];
  }
  if (cells->failed > 0 || cells->left_out > 0 || differ > 0 || judged == 0)
    status = lat_verdict(
        analysis, LAT_OPEN,
        "%zu trainings ran (%zu diverged), %zu rows failed, %zu were left out, %zu settings of the budget "
        "differ among them, and %zu pairs of task and model have both a chain of thought and the answer alone: not "
        "enough to judge",
        ran, diverged, cells->failed, cells->left_out, differ, judged);
  else
    status = lat_verdict(analysis, missed + direct + worse > 0 ? LAT_REFUTED : LAT_SUPPORTED,
                         "In %zu trainings (%zu diverged) on %zu pairs of task and model, the chain of thought misses some "
                         "depth on %zu, the "
                         "answer alone reaches the greatest depth on %zu, and the curriculum reaches less deep than the "
                         "answer alone on %zu of %zu",
                         ran, diverged, judged, missed, direct, worse, compared);
done:
  lat_free(cells);
  return status;
}
