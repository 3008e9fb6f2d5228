#include "experiments/looped_tasks/cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
  const struct cell *x = a, *y = b;
  int order = strcmp(x->task, y->task);
  if (order != 0) return order;
  if (x->layers != y->layers) return x->layers < y->layers ? -1 : 1;
  if (x->loops != y->loops) return x->loops < y->loops ? -1 : 1;
  if (x->width != y->width) return x->width < y->width ? -1 : 1;
  if ((order = strcmp(x->model, y->model)) != 0) return order;
  return x->rate < y->rate ? -1 : x->rate > y->rate;
}

static int same_stack(const struct cell *x, const struct cell *y) {
  return strcmp(x->task, y->task) == 0 && strcmp(x->model, y->model) == 0;
}

static struct cell *place(struct cells *cells, const struct lat_merged *merged, size_t i) {
  struct cell next = {.task = lat_merged_text(merged, "task", i),
                      .model = lat_merged_text(merged, "model", i),
                      .rate = lat_merged_real(merged, "rate", i),
                      .layers = (size_t)lat_merged_integer(merged, "layers", i),
                      .loops = (size_t)lat_merged_integer(merged, "loops", i),
                      .width = (size_t)lat_merged_integer(merged, "model_width", i),
                      .low = HUGE_VAL,
                      .high = -HUGE_VAL};
  for (size_t c = 0; c < cells->count; c++) {
    struct cell *at = &cells->cell[c];
    if (same_stack(at, &next) && !(at->rate < next.rate || at->rate > next.rate)) return at;
  }
  if (cells->count == MOST_CELLS) return NULL;
  cells->cell[cells->count] = next;
  return &cells->cell[cells->count++];
}

static double or_zero(double value) { return isfinite(value) ? value : 0; }

static int better(const struct cell *x, const struct cell *y) {
  if (x->validation > y->validation || x->validation < y->validation) return x->validation > y->validation;
  if (x->solved != y->solved) return x->solved > y->solved;
  return x->rate < y->rate;
}

void lat_cells_gather(const struct lat_merged *merged, struct cells *cells) {
  cells->count = cells->failed = cells->left_out = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i)) {
      cells->failed++;
      continue;
    }
    struct cell *cell = place(cells, merged, i);
    if (cell == NULL || cell->count == MOST_SEEDS) {
      cells->left_out++;
      continue;
    }
    double accuracy = or_zero(lat_merged_real(merged, "accuracy", i));
    cell->point[cell->count++] = i;
    cell->solved += lat_merged_integer(merged, "solved_at", i) >= 0;
    cell->diverged += strcmp(lat_merged_text(merged, "end", i), "diverged") == 0;
    cell->validation += or_zero(lat_merged_real(merged, "validated", i));
    cell->accuracy += accuracy;
    cell->exact += or_zero(lat_merged_real(merged, "exact", i));
    cell->trivial += lat_merged_real(merged, "trivial", i);
    cell->chance += lat_merged_real(merged, "chance", i);
    cell->low = fmin(cell->low, accuracy);
    cell->high = fmax(cell->high, accuracy);
  }
  qsort(cells->cell, cells->count, sizeof *cells->cell, compare);
  for (size_t c = 0; c < cells->count; c++) {
    struct cell *cell = &cells->cell[c];
    double n = (double)cell->count;
    cell->validation /= n, cell->accuracy /= n, cell->exact /= n, cell->trivial /= n, cell->chance /= n;
  }
  for (size_t c = 0; c < cells->count; c++) {
    cells->cell[c].chosen = 1;
    for (size_t o = 0; o < cells->count; o++)
      if (o != c && same_stack(&cells->cell[c], &cells->cell[o]) && better(&cells->cell[o], &cells->cell[c]))
        cells->cell[c].chosen = 0;
  }
}

const struct cell *lat_cells_find(const struct cells *cells, const char *task, size_t layers, size_t loops, size_t width) {
  const struct cell *found = NULL;
  for (size_t c = 0; c < cells->count; c++) {
    const struct cell *cell = &cells->cell[c];
    if (!cell->chosen || strcmp(cell->task, task) != 0 || cell->layers != layers || cell->loops != loops) continue;
    if (width > 0 ? cell->width == width : found == NULL || cell->width > found->width) found = cell;
  }
  return found;
}

static int compare_reals(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

double lat_cell_updates(const struct lat_merged *merged, const struct cell *cell) {
  double updates[MOST_SEEDS] = {0};
  for (size_t s = 0; s < cell->count; s++) {
    int64_t at = lat_merged_integer(merged, "solved_at", cell->point[s]);
    updates[s] = at >= 0 ? (double)at : HUGE_VAL;
  }
  qsort(updates, cell->count, sizeof *updates, compare_reals);
  double middle = (updates[(cell->count - 1) / 2] + updates[cell->count / 2]) / 2;
  return isfinite(middle) ? middle : (double)NAN;
}

int lat_cells_agree(const struct lat_merged *merged, const char *parameter) {
  for (size_t i = 1; i < lat_merged_points(merged); i++) {
    double a = lat_merged_real(merged, parameter, 0), b = lat_merged_real(merged, parameter, i);
    if (a < b || a > b) return 0;
  }
  return 1;
}
