#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/word_problems/words.h"
#include "lib/base/status.h"

enum { MOST_CELLS = 512, MOST_SEEDS = 16, SEEDS = 2 }; /* SEEDS: that a mean takes at least to be judged */

struct spread {
  size_t count;
  double sum, low, high;
};

/* One task, model and learning rate. */
struct cell {
  const char *task, *model, *group;
  double rate;
  size_t points, failed, diverged, solved;
  struct spread validated, length, accuracy, updates; /* length: n* */
  double by_seed[MOST_SEEDS];                         /* validated; NaN: not run */
  double letters, layers, loops, parameters, word_flops, chance;
  int chosen; /* the best rate of its task and model by validation */
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

static const char *shown(char text[24], double value) {
  if (isfinite(value))
    snprintf(text, 24, "%.6g", value);
  else
    strcpy(text, "NaN");
  return text;
}

static struct cell *cell_of(struct cell *cell, size_t *count, const struct lat_merged *merged, size_t i) {
  const char *task = lat_merged_text(merged, "task", i), *model = lat_merged_text(merged, "model", i);
  double rate = lat_merged_real(merged, "rate", i);
  for (size_t c = 0; c < *count; c++)
    if (cell[c].rate == rate && strcmp(cell[c].model, model) == 0 && strcmp(cell[c].task, task) == 0) return &cell[c];
  if (*count == MOST_CELLS) return NULL;
  cell[*count] = (struct cell){.task = task, .model = model, .group = "", .rate = rate};
  for (size_t s = 0; s < MOST_SEEDS; s++) cell[*count].by_seed[s] = (double)NAN;
  return &cell[(*count)++];
}

/* Whether rate a has the better mean validation, over the seeds that both have; with none in common, over all. */
static int is_better(const struct cell *a, const struct cell *b) {
  struct spread first = {0}, second = {0};
  for (size_t s = 0; s < MOST_SEEDS; s++)
    if (isfinite(a->by_seed[s]) && isfinite(b->by_seed[s])) {
      take(&first, a->by_seed[s]);
      take(&second, b->by_seed[s]);
    }
  return first.count > 0 ? mean(&first) > mean(&second) : mean(&a->validated) > mean(&b->validated);
}

static void choose(struct cell *cell, size_t count) {
  for (size_t a = 0; a < count; a++) {
    cell[a].chosen = cell[a].validated.count > 0;
    for (size_t b = 0; b < count; b++)
      if (strcmp(cell[a].model, cell[b].model) == 0 && strcmp(cell[a].task, cell[b].task) == 0 && a != b &&
          cell[b].validated.count > 0 && (is_better(&cell[b], &cell[a]) || (b < a && !is_better(&cell[a], &cell[b]))))
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
    take(&at->validated, lat_merged_real(merged, "validated", i));
    int64_t seed = lat_merged_integer(merged, "seed", i);
    if (seed >= 0 && seed < MOST_SEEDS) at->by_seed[seed] = lat_merged_real(merged, "validated", i);
    take(&at->length, lat_merged_real(merged, "solved_length", i));
    take(&at->accuracy, lat_merged_real(merged, "accuracy", i));
    at->group = lat_merged_text(merged, "group", i);
    at->letters = lat_merged_real(merged, "length", i);
    at->layers = lat_merged_real(merged, "layers", i);
    at->loops = lat_merged_real(merged, "loops", i);
    at->parameters = lat_merged_real(merged, "parameters", i);
    at->word_flops = lat_merged_real(merged, "word_flops", i);
    at->chance = lat_merged_real(merged, "chance", i);
  }
  choose(cell, count);
  return count;
}

static int is_transformer(const struct cell *cell) { return strchr(cell->model, 'x') != NULL; }

/* The chosen cell of a task with so many layers and loops. */
static const struct cell *find(const struct cell *cell, size_t count, const char *task, double layers, double loops) {
  for (size_t c = 0; c < count; c++)
    if (cell[c].chosen && is_transformer(&cell[c]) && strcmp(cell[c].task, task) == 0 && cell[c].layers == layers &&
        cell[c].loops == loops)
      return &cell[c];
  return NULL;
}

static const char *kind(const struct cell *cell) {
  if (!is_transformer(cell)) return "recurrent";
  if (cell->layers > 1 && cell->loops > 1) return "both";
  return cell->loops > 1 ? "looped" : cell->layers > 1 ? "untied" : "one";
}

static int put_cells(struct lat_analysis *analysis, const struct cell *cell, size_t count) {
  char a[24], b[24], c[24], d[24], e[24], f[24];
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(
              analysis, "models",
              "group\tletters\tmodel\trate (1)\tchosen\tseeds\tfailed\tdiverged\tsolved\tupdates to solve\tn* mean "
              "(letters)\tlow\thigh\taccuracy (1)\tvalidated (1)\tchance (1)\tparameters\tone word (flops)",
              "Every task, model and learning rate: seeds that reached the stop rule, their mean updates, and n*, the "
              "longest prefix that is right with all shorter ones in 0.95 of the test's words. The rate with the best "
              "mean validation, over the seeds that the rates share, is chosen for each model."));
  for (size_t i = 0; i < count; i++) {
    const struct cell *at = &cell[i];
    if (at->length.count == 0) {
      LAT_TRY(status,
              lat_table_row(analysis, "%s\tNaN\t%s\t%g\t0\t%zu\t%zu\t0\t0\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN\tNaN",
                            at->task, at->model, at->rate, at->points, at->failed));
      continue;
    }
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%g\t%s\t%g\t%d\t%zu\t%zu\t%zu\t%zu\t%s\t%s\t%g\t%g\t%s\t%s\t%s\t%.0f\t%s",
                          at->group, at->letters, at->model, at->rate, at->chosen, at->points, at->failed, at->diverged,
                          at->solved, shown(a, mean(&at->updates)), shown(b, mean(&at->length)), at->length.low,
                          at->length.high, shown(c, mean(&at->accuracy)), shown(d, mean(&at->validated)),
                          shown(e, at->chance), at->parameters, shown(f, at->word_flops)));
  }
done:
  return status;
}

/* What the figure draws: chosen rates only. */
static int put_reach(const struct lat_merged *merged, struct lat_analysis *analysis, struct cell *cell, size_t count) {
  char a[24], b[24], c[24];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "reach",
                                  "loops or layers\tn* mean (letters)\tn* low\tn* high\tkind\tgroup\tletters", NULL));
  for (int looped = 0; looped < 2; looped++)
    for (size_t t = 0; t < count; t++) {
      size_t rows = 0;
      for (double depth = 1; depth <= 64; depth++) {
        const struct cell *at = find(cell, count, cell[t].task, looped ? 1 : depth, looped ? depth : 1);
        size_t first = 0;
        while (strcmp(cell[first].task, cell[t].task) != 0) first++;
        if (at == NULL || first != t) continue;
        rows++;
        LAT_TRY(status, lat_table_row(analysis, "%g\t%s\t%s\t%s\t%s\t%s\t%g", depth, shown(a, mean(&at->length)),
                                      shown(b, at->length.low), shown(c, at->length.high), looped ? "looped" : "untied",
                                      at->group, at->letters));
      }
      if (rows > 0) LAT_TRY(status, lat_table_row(analysis, "%s", ""));
    }
  LAT_TRY(status, lat_table_begin(analysis, "seeds", "loops or layers\tn* (letters)\tkind\tgroup\tmodel\tseed", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    size_t known = count;
    const struct cell *at = cell_of(cell, &known, merged, i);
    if (at == NULL || lat_merged_failed(merged, i) || !at->chosen) continue;
    LAT_TRY(status, lat_table_row(analysis, "%g\t%g\t%s\t%s\t%s\t%lld", at->loops > 1 ? at->loops : at->layers,
                                  lat_merged_real(merged, "solved_length", i), kind(at), at->group, at->model,
                                  (long long)lat_merged_integer(merged, "seed", i)));
  }
  char groups[256] = "groups:";
  for (size_t t = 0; t < count; t++) {
    size_t first = 0, end = strlen(groups);
    while (strcmp(cell[first].group, cell[t].group) != 0) first++;
    if (first == t && *cell[t].group) snprintf(groups + end, sizeof groups - end, " %s", cell[t].group);
  }
  LAT_TRY(status, lat_table_begin(analysis, "series", "groups", NULL));
  LAT_TRY(status, lat_table_row(analysis, "%s", groups));
  LAT_TRY(status, lat_table_begin(analysis, "lines", "loops or layers\tconstruction (letters)", NULL));
  for (int t = 1; t <= 16; t++) LAT_TRY(status, lat_table_row(analysis, "%d\t%.0f", t, exp2(t)));
  LAT_TRY(status, lat_table_begin(analysis, "published", "layers\tn* (letters)",
                                  "For comparison: letters of words over A5 by layers as fitted by Merrill and Sabharwal "
                                  "(2025), d = 4.8 log2 n* - 15.8, width 512, 100 million words, 6 to 24 layers."));
  for (int d = 6; d <= 24; d++) LAT_TRY(status, lat_table_row(analysis, "%d\t%.4g", d, exp2((d + 15.8) / 4.8)));
done:
  return status;
}

/* Every task's best depths beside each other. */
static int put_tasks(struct lat_analysis *analysis, const struct cell *cell, size_t count) {
  int status = LAT_OK;
  double place = 0;
  LAT_TRY(status, lat_table_begin(analysis, "tasks",
                                  "place\tgroup\tletters\tmodel\tkind\tn* mean (letters)\tlow\thigh\tmodel by kind", NULL));
  for (size_t t = 0; t < count; t++) {
    size_t first = 0;
    while (strcmp(cell[first].task, cell[t].task) != 0) first++;
    if (first != t) continue;
    double most[2] = {1, 1}; /* layers, loops */
    int any = 0;
    for (size_t c = 0; c < count; c++)
      if (cell[c].chosen && strcmp(cell[c].task, cell[t].task) == 0 && is_transformer(&cell[c])) {
        if (cell[c].loops == 1) most[0] = fmax(most[0], cell[c].layers);
        if (cell[c].layers == 1) most[1] = fmax(most[1], cell[c].loops);
      }
    for (size_t c = 0; c < count; c++) {
      const struct cell *at = &cell[c];
      if (!at->chosen || strcmp(at->task, cell[t].task) != 0) continue;
      int series = !is_transformer(at)                       ? (strcmp(at->model, "lstm") == 0 ? 4 : 0)
                   : at->layers == 1 && at->loops == 1       ? 1
                   : at->layers == 1 && at->loops == most[1] ? 2
                   : at->loops == 1 && at->layers == most[0] ? 3
                                                             : 0;
      if (series == 0) continue;
      place += any ? 0 : 1;
      any = 1;
      LAT_TRY(status, lat_table_row(analysis, "%g\t%s\t%g\t%s\t%s\t%g\t%g\t%g\t%d", place, at->group, at->letters,
                                    at->model, kind(at), mean(&at->length), at->length.low, at->length.high, series));
    }
  }
done:
  return status;
}

static int put_letters(const struct lat_merged *merged, struct lat_analysis *analysis, struct cell *cell, size_t count) {
  char a[24], b[24];
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "letters", "group\tmodel\tseed\tletter\taccuracy (1)\ttrivial (1)", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    size_t known = count, extent[3];
    const struct cell *at = cell_of(cell, &known, merged, i);
    const double *accuracy = lat_merged_array(merged, "accuracy_at", i, extent);
    if (at == NULL || !at->chosen || accuracy == NULL) continue;
    size_t letters = extent[0];
    const double *trivial = lat_merged_array(merged, "trivial_at", i, extent);
    for (size_t n = 0; n < letters; n++)
      LAT_TRY(status, lat_table_row(analysis, "%s\t%s\t%lld\t%zu\t%s\t%s", at->group, at->model,
                                    (long long)lat_merged_integer(merged, "seed", i), n + 1, shown(a, accuracy[n]),
                                    shown(b, trivial != NULL && n < extent[0] ? trivial[n] : (double)NAN)));
  }
done:
  return status;
}

/* What the prediction says, counted. */
struct judged {
  size_t growing, flat, pairs, apart, above, below, hard, learned, fewest, short_lstm;
  double most_hard, z60, cells; /* n*; cells: of recurrent ones on the hard groups */
  char words[400];
};

static void judge_task(const struct cell *cell, size_t count, const struct cell *task, struct judged *judged) {
  int easy = strcmp(task->group, "parity") == 0 || strcmp(task->group, "s3") == 0;
  int hard = strcmp(task->group, "a5") == 0 || strcmp(task->group, "s5") == 0;
  const struct cell *one = find(cell, count, task->task, 1, 1), *most = NULL;
  for (double depth = 2; depth <= 64; depth++) {
    const struct cell *looped = find(cell, count, task->task, 1, depth), *untied = find(cell, count, task->task, depth, 1);
    if (looped != NULL) most = looped;
    if (!easy || looped == NULL) continue;
    double n = mean(&looped->length);
    if (depth >= 4) judged->above += n >= exp2(depth);
    if (depth >= 4) judged->below++;
    if (untied == NULL) continue;
    double m = mean(&untied->length);
    judged->pairs++;
    judged->apart += !(n <= 2 * m && m <= 2 * n);
  }
  if (easy && one != NULL && most != NULL) {
    size_t end = strlen(judged->words);
    int grows = mean(&most->length) > mean(&one->length);
    judged->growing += (size_t)grows;
    judged->flat += (size_t)!grows;
    snprintf(judged->words + end, sizeof judged->words - end, "%s%s: n* %.3g with one loop, %.3g with %g, of %g letters",
             end ? "; " : "", task->group, mean(&one->length), mean(&most->length), most->loops, task->letters);
  }
  for (size_t c = 0; c < count; c++) {
    const struct cell *at = &cell[c];
    if (!at->chosen || strcmp(at->task, task->task) != 0) continue;
    if (!is_transformer(at)) {
      if (hard) judged->cells = fmax(judged->cells, mean(&at->length));
      if (easy && strcmp(at->model, "lstm") == 0) judged->short_lstm += !(mean(&at->length) >= at->letters);
      continue;
    }
    if (judged->fewest == 0 || at->length.count < judged->fewest) judged->fewest = at->length.count;
    if (hard) {
      judged->hard++;
      judged->learned += !(mean(&at->length) <= 2);
      judged->most_hard = fmax(judged->most_hard, mean(&at->length));
    }
    if (strcmp(task->group, "z60") == 0) judged->z60 = fmax(judged->z60, mean(&at->length));
  }
}

int lat_words_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct cell cell[MOST_CELLS];
  struct judged judged = {.z60 = -1, .cells = -1};
  size_t failed = 0, diverged = 0, points = lat_merged_points(merged);
  int status = LAT_OK;
  size_t count = find_cells(merged, cell);
  LAT_TRY(status, put_cells(analysis, cell, count));
  LAT_TRY(status, put_reach(merged, analysis, cell, count));
  LAT_TRY(status, put_tasks(analysis, cell, count));
  LAT_TRY(status, put_letters(merged, analysis, cell, count));
  for (size_t c = 0; c < count; c++) {
    failed += cell[c].failed;
    diverged += cell[c].diverged;
    size_t first = 0;
    while (strcmp(cell[first].task, cell[c].task) != 0) first++;
    if (first != c) continue;
    const struct cell *task = &cell[c];
    for (size_t o = c; o < count && task->length.count == 0; o++)
      if (strcmp(cell[o].task, task->task) == 0 && cell[o].length.count > 0) task = &cell[o];
    if (task->length.count > 0) judge_task(cell, count, task, &judged);
  }
  char z60[240] = "", failing[300] = "";
  if (judged.z60 >= 0) snprintf(z60, sizeof z60, ", of Z60 (solvable) %.3g", judged.z60);
  if (judged.cells >= 0)
    snprintf(z60 + strlen(z60), sizeof z60 - strlen(z60), "; of recurrent cells on A5 and S5 %.3g", judged.cells);
  if (judged.z60 >= 0 && judged.hard > 0 && judged.z60 <= judged.most_hard)
    snprintf(z60 + strlen(z60), sizeof z60 - strlen(z60),
             ": no group of that size is learned, which tells nothing of solvability");
  const struct {
    size_t broken;
    const char *what;
  } part[] = {{judged.flat, "loops do not help"},
              {judged.apart, "loops and layers differ"},
              {judged.above, "loops reach 2^T letters"},
              {judged.learned, "A5 or S5 is learned"},
              {judged.short_lstm, "an LSTM stops short"}};
  for (size_t k = 0; k < sizeof part / sizeof *part; k++)
    if (part[k].broken > 0)
      snprintf(failing + strlen(failing), sizeof failing - strlen(failing), "%s%s",
               *failing == '\0' ? " Against the prediction: " : ", ", part[k].what);
  if (failed > 0 || judged.growing + judged.flat == 0 || judged.pairs == 0)
    status = lat_verdict(analysis, LAT_OPEN,
                         "%zu points ran and %zu failed, %zu tasks have one loop beside several and %zu pairs have equal "
                         "operations: not enough to judge",
                         points - failed, failed, judged.growing + judged.flat, judged.pairs);
  else if (judged.fewest < SEEDS)
    status = lat_verdict(analysis, LAT_OPEN, "A mean over %zu seeds says little about training: %d are asked for",
                         judged.fewest, SEEDS);
  else
    status =
        lat_verdict(analysis, *failing == '\0' ? LAT_SUPPORTED : LAT_REFUTED,
                    "Means over seeds: %s. At equal operations %zu of %zu pairs of loops and layers differ by more than a "
                    "factor of 2. %zu of %zu looped models of four loops or more reach 2^T letters. Longest prefix of any "
                    "transformer on A5 and "
                    "S5: %.3g letters (%zu of %zu models above 2)%s. %zu fits diverged.%s%s",
                    judged.words, judged.apart, judged.pairs, judged.above, judged.below, judged.most_hard, judged.learned,
                    judged.hard, z60, diverged, failing, *failing == '\0' ? "" : ".");
done:
  return status;
}
