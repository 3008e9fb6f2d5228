#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/depth_staircase/staircase.h"
#include "lib/base/status.h"

enum {
  MOST_CELLS = 512,
  MOST_SEEDS = 16,
  CLAIMED = LAT_STAIRCASE_CLAIMED,
  SEEDS = 3
}; /* SEEDS: that a mean takes at least */

/* Values over the seeds of a cell. */
struct spread {
  size_t count;
  double sum, low, high;
};

struct cell {
  const char *model;
  int64_t k, depth, threshold;
  double rate;
  int chosen;                   /* the best rate of its model, k and depth by validation */
  double validated[MOST_SEEDS]; /* by seed, the last validation; NaN: not run */
  size_t points, failed, diverged, solved;
  struct spread within, beyond, fewer, updates; /* updates: of the seeds that solved */
  struct spread parameters, flops;              /* of training */
};

static void take(struct spread *spread, double value) {
  if (!isfinite(value)) return;
  spread->low = spread->count == 0 ? value : fmin(spread->low, value);
  spread->high = spread->count == 0 ? value : fmax(spread->high, value);
  spread->sum += value;
  spread->count++;
}

static double mean(const struct spread *spread) {
  return spread->count > 0 ? spread->sum / (double)spread->count : (double)NAN;
}

/* "NaN" for what is not there: a table takes no number that is not finite. */
static const char *shown(char text[24], double value) {
  if (isfinite(value))
    snprintf(text, 24, "%.6g", value);
  else
    strcpy(text, "NaN");
  return text;
}

static int64_t margin(const struct cell *cell) { return cell->depth - cell->threshold; }

static struct cell *cell_of(struct cell *cell, size_t *count, const struct lat_merged *merged, size_t i) {
  const char *model = lat_merged_text(merged, "model", i);
  int64_t k = lat_merged_integer(merged, "k", i), depth = lat_merged_integer(merged, "depth", i);
  double rate = lat_merged_real(merged, "rate", i);
  for (size_t c = 0; c < *count; c++)
    if (cell[c].k == k && cell[c].depth == depth && cell[c].rate == rate && strcmp(cell[c].model, model) == 0)
      return &cell[c];
  if (*count == MOST_CELLS) return NULL;
  cell[*count] =
      (struct cell){.model = model, .k = k, .depth = depth, .rate = rate, .threshold = LAT_STAIRCASE_THRESHOLD(k)};
  for (size_t s = 0; s < MOST_SEEDS; s++) cell[*count].validated[s] = (double)NAN;
  return &cell[(*count)++];
}

/* By mean validation over the seeds that both have; of equals the rate that all models have, then the first. */
static int is_better(const struct cell *a, const struct cell *b) {
  double difference = 0;
  for (size_t s = 0; s < MOST_SEEDS; s++)
    if (isfinite(a->validated[s]) && isfinite(b->validated[s])) difference += a->validated[s] - b->validated[s];
  int usual_a = a->rate == LAT_STAIRCASE_RATE, usual_b = b->rate == LAT_STAIRCASE_RATE;
  if (difference != 0) return difference > 0;
  return usual_a != usual_b ? usual_a : a < b;
}

static void choose(struct cell *cell, size_t count) {
  for (size_t a = 0; a < count; a++) {
    cell[a].chosen = 1;
    for (size_t b = 0; b < count; b++)
      if (a != b && cell[b].k == cell[a].k && cell[b].depth == cell[a].depth && strcmp(cell[b].model, cell[a].model) == 0 &&
          (cell[a].beyond.count == 0 || (cell[b].beyond.count > 0 && is_better(&cell[b], &cell[a]))))
        cell[a].chosen = 0;
  }
}

static size_t find_cells(const struct lat_merged *merged, struct cell *cell) {
  size_t count = 0;
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    struct cell *at = cell_of(cell, &count, merged, i);
    if (at == NULL) continue;
    at->points++;
    if (lat_merged_failed(merged, i)) {
      at->failed++;
      continue;
    }
    double solved_at = lat_merged_real(merged, "solved_at", i);
    at->diverged += strcmp(lat_merged_text(merged, "end", i), "diverged") == 0;
    at->solved += solved_at >= 0;
    if (solved_at >= 0) take(&at->updates, solved_at);
    size_t extent[3];
    int64_t seed = lat_merged_integer(merged, "seed", i);
    const double *exact = lat_merged_array(merged, "curve_exact", i, extent);
    if (exact != NULL && extent[0] > 0 && seed >= 0 && seed < MOST_SEEDS) at->validated[seed] = exact[extent[0] - 1];
    take(&at->within, lat_merged_real(merged, "exact_within", i));
    take(&at->beyond, lat_merged_real(merged, "exact_beyond", i));
    take(&at->fewer, lat_merged_real(merged, "fewer_beyond", i));
    take(&at->parameters, lat_merged_real(merged, "parameters", i));
    take(&at->flops, lat_merged_real(merged, "flops", i));
  }
  choose(cell, count);
  return count;
}

static const struct cell *find(const struct cell *cell, size_t count, const char *model, int64_t k, int64_t depth) {
  /* One loop of one layer is one layer. */
  if (depth == 1 && strcmp(model, "looped") == 0) model = "untied";
  for (size_t c = 0; c < count; c++)
    if (cell[c].chosen && cell[c].k == k && cell[c].depth == depth && strcmp(cell[c].model, model) == 0) return &cell[c];
  return NULL;
}

static int put_cells(struct lat_analysis *analysis, const struct cell *cell, size_t count) {
  char a[24], b[24], c[24], d[24], e[24], f[24], g[24], h[24], j[24], l[24];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(
                      analysis, "cells",
                      "model\tk\tdepth\tdepth - threshold\trate (1)\tchosen\tseeds\tfailed\tdiverged\tsolved\tupdates to "
                      "solve\twithin, mean (1)\tlow\thigh\tbeyond, mean (1)\tlow\thigh\tone loop fewer, beyond "
                      "(1)\tparameters\ttraining (flops)",
                      "Every model, language and learning rate (chosen: the best validation over the seeds that rates "
                      "share): seeds that reached the stop rule and their mean updates, "
                      "whole strings right in the lengths of training and at twice the longest (mean, lowest and "
                      "highest seed), the same with one loop fewer than in training, parameters, and mean operations of "
                      "training (0: not counted, recurrent)."));
  for (size_t i = 0; i < count; i++) {
    const struct cell *at = &cell[i];
    size_t ran = at->points - at->failed;
    LAT_TRY(
        status,
        lat_table_row(analysis, "%s\t%lld\t%lld\t%lld\t%g\t%d\t%zu\t%zu\t%zu\t%zu\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s",
                      at->model, (long long)at->k, (long long)at->depth, (long long)margin(at), at->rate, at->chosen,
                      at->points, at->failed, at->diverged, at->solved, shown(a, mean(&at->updates)),
                      shown(b, mean(&at->within)), shown(c, ran ? at->within.low : (double)NAN),
                      shown(d, ran ? at->within.high : (double)NAN), shown(e, mean(&at->beyond)),
                      shown(f, ran ? at->beyond.low : (double)NAN), shown(g, ran ? at->beyond.high : (double)NAN),
                      shown(h, mean(&at->fewer)), shown(j, mean(&at->parameters)), shown(l, mean(&at->flops))));
  }
done:
  return status;
}

/* What the figure draws: means by language and arm, and every seed beside them. */
static int put_steps(const struct lat_merged *merged, struct lat_analysis *analysis, struct cell *cell, size_t count) {
  static const char *const arm[] = {"untied", "looped"};
  char a[24], b[24], languages[256] = "";
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "steps", "depth - threshold\twithin (1)\tbeyond (1)\tmodel\tk", NULL));
  for (int m = 0; m < 2; m++)
    for (int64_t k = 3; k <= 64; k++) {
      size_t rows = 0;
      for (int64_t depth = 1; depth <= 64; depth++) {
        const struct cell *at = find(cell, count, arm[m], k, depth);
        if (at == NULL || at->beyond.count == 0 || margin(at) < -3) continue;
        rows++;
        LAT_TRY(status, lat_table_row(analysis, "%lld\t%s\t%s\t%s\t%lld", (long long)margin(at),
                                      shown(a, mean(&at->within)), shown(b, mean(&at->beyond)), arm[m], (long long)k));
      }
      if (rows == 0) continue;
      LAT_TRY(status, lat_table_row(analysis, "%s", ""));
      size_t end = strlen(languages);
      if (m == 0 && end + 4 < sizeof languages) snprintf(languages + end, 4, end ? " %lld" : "%lld", (long long)k);
    }
  LAT_TRY(status, lat_table_begin(analysis, "series", "languages", NULL));
  LAT_TRY(status, lat_table_row(analysis, "%s", *languages ? languages : "none"));
  LAT_TRY(status,
          lat_table_begin(analysis, "seeds", "depth - threshold\tdepth\twithin (1)\tbeyond (1)\tmodel\tk\tseed", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    size_t known = count;
    const struct cell *at = cell_of(cell, &known, merged, i);
    if (lat_merged_failed(merged, i) || at == NULL || !at->chosen) continue;
    int64_t k = lat_merged_integer(merged, "k", i), depth = lat_merged_integer(merged, "depth", i);
    LAT_TRY(status,
            lat_table_row(analysis, "%lld\t%lld\t%s\t%s\t%s\t%lld\t%lld", (long long)(depth - LAT_STAIRCASE_THRESHOLD(k)),
                          (long long)depth, shown(a, lat_merged_real(merged, "exact_within", i)),
                          shown(b, lat_merged_real(merged, "exact_beyond", i)), lat_merged_text(merged, "model", i),
                          (long long)k, (long long)lat_merged_integer(merged, "seed", i)));
  }
done:
  return status;
}

/* The loop against its equals, at the threshold. */
static int put_equals(struct lat_analysis *analysis, const struct cell *cell, size_t count) {
  static const char *const name[] = {"one layer", "looped", "untied", "lstm", "tanh"};
  char a[24], b[24], c[24];
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "equals",
              "k\tmodel\tlayers x loops\tparameters\tbeyond, mean (1)\tlow (1)\thigh (1)\tseeds\tsolved\tupdates to "
              "solve\ttraining (flops)",
              "At the threshold depth k - 2, at twice the length: one layer has the loop's parameters, the stack "
              "its operations. Recurrent cells of the same width beside them, where they were run."));
  for (int64_t k = 3; k <= 64; k++)
    for (int m = 0; m < 5; m++) {
      int64_t depth = m == 1 || m == 2 ? LAT_STAIRCASE_THRESHOLD(k) : 1;
      const struct cell *at = find(cell, count, m == 0 ? "untied" : name[m], k, depth);
      if (at == NULL || at->beyond.count == 0) continue;
      LAT_TRY(status, lat_table_row(analysis, "%lld\t%s\t%lldx%lld\t%s\t%.4g\t%.4g\t%.4g\t%zu\t%zu\t%s\t%s", (long long)k,
                                    name[m], (long long)(m == 1 ? 1 : depth), (long long)(m == 1 ? depth : 1),
                                    shown(c, mean(&at->parameters)), mean(&at->beyond), at->beyond.low, at->beyond.high,
                                    at->points, at->solved, shown(a, mean(&at->updates)), shown(b, mean(&at->flops))));
    }
done:
  return status;
}

/* Yang, Cadilhac and Chiang 2025, figure 1, in the lengths of training: the rows that could be read. */
static int put_published(struct lat_analysis *analysis) {
  static const struct {
    int k, depth;
    double exact;
  } row[] = {{3, 1, 1}, {4, 1, 0.217}, {4, 2, 1}, {5, 1, 0.113}, {5, 2, 0.5064}, {5, 3, 1}};
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "published", "k\tdepth\tdepth - threshold\twithin (1)",
                          "For comparison: whole strings right of separate layers as published by Yang, Cadilhac and "
                          "Chiang (2025, figure 1): another model, width and length (201 to 250 letters)."));
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    LAT_TRY(status, lat_table_row(analysis, "%d\t%d\t%d\t%g", row[i].k, row[i].depth,
                                  row[i].depth - LAT_STAIRCASE_THRESHOLD(row[i].k), row[i].exact));
done:
  return status;
}

static int put_curves(const struct lat_merged *merged, struct lat_analysis *analysis) {
  char a[24], b[24];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "curves",
                                  "model\tk\tdepth\tseed\tupdates\tloss (nats)\twithin, longest (1)\trate (1)", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    size_t extent[3];
    const double *update = lat_merged_array(merged, "curve_update", i, extent);
    if (update == NULL) continue;
    size_t points = extent[0];
    const double *loss = lat_merged_array(merged, "curve_loss", i, extent);
    const double *exact = lat_merged_array(merged, "curve_exact", i, extent);
    if (loss == NULL || exact == NULL) continue;
    for (size_t n = 0; n < points; n++)
      LAT_TRY(status, lat_table_row(analysis, "%s\t%lld\t%lld\t%lld\t%g\t%s\t%s\t%g", lat_merged_text(merged, "model", i),
                                    (long long)lat_merged_integer(merged, "k", i),
                                    (long long)lat_merged_integer(merged, "depth", i),
                                    (long long)lat_merged_integer(merged, "seed", i), update[n], shown(a, loss[n]),
                                    shown(b, exact[n]), lat_merged_real(merged, "rate", i)));
  }
done:
  return status;
}

/* Cells at and under the threshold, of one arm, by their means at twice the length. */
struct side {
  size_t at, at_low, below, below_high, seeds, solved;
  double lowest, highest; /* mean at, below */
  size_t fewest;          /* seeds of a cell */
  int64_t last;           /* largest k */
};

static void judge(const struct cell *cell, size_t count, const char *model, int64_t first, struct side *side) {
  for (int64_t k = first; k <= CLAIMED; k++)
    for (int64_t depth = 1; depth <= LAT_STAIRCASE_THRESHOLD(k); depth++) {
      const struct cell *c = find(cell, count, model, k, depth);
      if (c == NULL || c->beyond.count == 0) continue;
      double value = mean(&c->beyond);
      side->last = k;
      if (side->at + side->below == 0 || c->points < side->fewest) side->fewest = c->points;
      if (margin(c) < 0) {
        side->highest = side->below == 0 ? value : fmax(side->highest, value);
        side->below++;
        side->below_high += !(value < 0.5);
      } else {
        side->lowest = side->at == 0 ? value : fmin(side->lowest, value);
        side->at++;
        side->at_low += !(value >= 0.5);
        side->seeds += c->points;
        side->solved += c->solved;
      }
    }
}

static void beyond_claim(const struct cell *cell, size_t count, char *text, size_t size) {
  size_t cells = 0, seeds = 0, solved = 0;
  for (size_t c = 0; c < count; c++)
    if (cell[c].chosen && cell[c].k > CLAIMED && margin(&cell[c]) == 0 && strcmp(cell[c].model, "lstm") != 0 &&
        strcmp(cell[c].model, "tanh") != 0)
      cells++, seeds += cell[c].points, solved += cell[c].solved;
  if (cells > 0)
    snprintf(text, size, " At the threshold of k > %d, where nothing is claimed, %zu of %zu fits solved their task.",
             CLAIMED, solved, seeds);
}

int lat_staircase_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct cell cell[MOST_CELLS];
  struct side untied = {0}, looped = {0};
  struct spread fewer = {0};
  char more[160] = "";
  size_t failed = 0, diverged = 0, rates = 0, points = lat_merged_points(merged);
  int status = LAT_OK;
  size_t count = find_cells(merged, cell);
  for (size_t c = 0; c < count; c++) {
    failed += cell[c].failed;
    diverged += cell[c].diverged;
    size_t alike = 0;
    for (size_t o = 0; o < count; o++)
      alike += cell[o].k == cell[c].k && cell[o].depth == cell[c].depth && strcmp(cell[o].model, cell[c].model) == 0;
    if (alike > rates) rates = alike;
    if (cell[c].chosen && strcmp(cell[c].model, "looped") == 0 && margin(&cell[c]) == 0 && cell[c].k <= CLAIMED)
      take(&fewer, mean(&cell[c].fewer));
  }
  LAT_TRY(status, put_cells(analysis, cell, count));
  LAT_TRY(status, put_equals(analysis, cell, count));
  LAT_TRY(status, put_published(analysis));
  LAT_TRY(status, put_steps(merged, analysis, cell, count));
  LAT_TRY(status, put_curves(merged, analysis));
  judge(cell, count, "untied", 3, &untied);
  judge(cell, count, "looped", 4, &looped);
  beyond_claim(cell, count, more, sizeof more);
  if (failed > 0 || untied.at == 0 || untied.below == 0 || looped.at == 0 || looped.below == 0)
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu points ran and %zu failed, with %zu models at the threshold and %zu under it: not enough to "
                         "judge",
                         points - failed, failed, untied.at + looped.at, untied.below + looped.below);
  else if (untied.fewest < SEEDS || looped.fewest < SEEDS)
    status = lat_verdict(analysis, LAT_OPEN, "A mean over %zu seeds says little about training: %d are asked for",
                         untied.fewest < looped.fewest ? untied.fewest : looped.fewest, SEEDS);
  else if (untied.solved + looped.solved == 0)
    status =
        lat_verdict(analysis, LAT_OPEN, "None of %zu fits at the threshold was solved: too little training to judge by",
                    untied.seeds + looped.seeds);
  else if (fewer.count == 0 || !(fewer.high < 0.5))
    status = lat_verdict(analysis, LAT_OPEN,
                         "The control failed: with one loop fewer than in training a looped layer still has %.3f of the "
                         "strings at twice the length",
                         fewer.count > 0 ? fewer.high : 0.0);
  else
    status = lat_verdict(
        analysis, untied.at_low + untied.below_high + looped.at_low + looped.below_high > 0 ? LAT_REFUTED : LAT_SUPPORTED,
        "At twice the length, means over seeds at the best of up to %zu rates for k up to %lld: stacks of k - 2 layers "
        "have %.3f or more of the strings "
        "(%zu of "
        "%zu under 1/2), fewer layers %.3f or less (%zu of %zu at 1/2 or above); k - 2 loops of one layer %.3f or more "
        "(%zu of "
        "%zu), fewer %.3f or less (%zu of %zu). Solved in the lengths of training at the threshold: stacks %zu of %zu, "
        "loops "
        "%zu of %zu; %zu fits diverged. One loop fewer than in training: %.3f at most.%s",
        rates, (long long)(untied.last > looped.last ? untied.last : looped.last), untied.lowest, untied.at_low, untied.at,
        untied.highest, untied.below_high, untied.below, looped.lowest, looped.at_low, looped.at, looped.highest,
        looped.below_high, looped.below, untied.solved, untied.seeds, looped.solved, looped.seeds, diverged, fewer.high,
        more);
done:
  return status;
}
