#include "experiments/cramming/analyse.h"

#include <math.h>
#include <string.h>

#include "experiments/cramming/cram.h"
#include "experiments/learned_depth/fitting.h"
#include "lib/base/status.h"

enum { MOST_CELLS = 128, MOST_RUNS = 64, MOST_LOADS = 8, MODELS = 3, TEXTS = 2, KEPT_AT = 6 };
enum { OWN, MIXED, INITIAL };
enum { SAME = 0, INDEPENDENT = 1 }; /* texts of the model's source, independent letters */
static const char *const model_name[MODELS] = {"own", "mixed", "initial"};
static const char *const text_name[TEXTS] = {"own source", "independent letters"};
/* What is predicted: fewer bits a number than in any published model, from this width on; the published measure so many times the
 * exact one; bits per number fall by half from the narrowest to the widest; what four vectors hold of one; what rounding leaves. */
static const double published = 0.4, twofold = 2, slope = 0.5, fourfold = 2, left = 0.9;
enum { FROM_WIDTH = 32 };

/* Runs that differ in their seed alone. */
struct cell {
  size_t model;
  int64_t width, layers, vectors;
  size_t count, point[MOST_RUNS];
};
struct reading {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  size_t cells, failed, left_out;
  struct cell cell[MOST_CELLS];
};

static void gather(struct reading *r) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    struct cell own = {.width = lat_merged_integer(r->merged, "width", i),
                       .layers = lat_merged_integer(r->merged, "layers", i),
                       .vectors = lat_merged_integer(r->merged, "vectors", i)};
    size_t c = 0;
    if (lat_merged_failed(r->merged, i)) {
      r->failed++;
      continue;
    }
    while (own.model < INITIAL && strcmp(lat_merged_text(r->merged, "model", i), model_name[own.model]) != 0) own.model++;
    while (c < r->cells && (r->cell[c].model != own.model || r->cell[c].width != own.width ||
                            r->cell[c].layers != own.layers || r->cell[c].vectors != own.vectors))
      c++;
    if (c == MOST_CELLS || (c < r->cells && r->cell[c].count == MOST_RUNS)) {
      r->left_out++;
      continue;
    }
    if (c == r->cells) r->cell[r->cells++] = own;
    r->cell[c].point[r->cell[c].count++] = i;
  }
}

/* Element `index` of what was read with a text and a load; rows of `inner` numbers. */
static double value_of(const struct reading *r, const char *name, size_t point, size_t text, size_t load, size_t index) {
  size_t extent[3] = {1, 1, 1};
  const double *value = lat_merged_array(r->merged, name, point, extent);
  int deep = strcmp(name, "rounded") == 0, flat = strcmp(name, "length") == 0;
  if (value == NULL) return (double)NAN;
  if (flat) return load < extent[0] ? value[load] : (double)NAN;
  if (text >= extent[0] || load >= extent[1]) return (double)NAN;
  size_t at = text * extent[1] + load;
  if (!deep) return value[at];
  return index < extent[2] ? value[at * extent[2] + index] : (double)NAN;
}

/* `name` over the seeds of a cell; "published" is without - with. */
static struct lat_spread spread_of(const struct reading *r, const struct cell *cell, const char *name, size_t text,
                                   size_t load, size_t index) {
  double value[MOST_RUNS];
  int difference = strcmp(name, "published") == 0;
  for (size_t k = 0; k < cell->count; k++)
    value[k] = difference ? value_of(r, "without", cell->point[k], text, load, 0) -
                                value_of(r, "with", cell->point[k], text, load, 0)
                          : value_of(r, name, cell->point[k], text, load, index);
  return lat_spread_of(value, cell->count);
}

/* The load with the greatest median: it says how much is asked for, and what a vector holds is what it can be made to hold. */
static size_t best_load(const struct reading *r, const struct cell *cell, const char *name, size_t text) {
  size_t best = 0;
  double most = -HUGE_VAL;
  for (size_t load = 0; load < MOST_LOADS; load++) {
    double median = spread_of(r, cell, name, text, load, 0).median;
    if (median > most) most = median, best = load;
  }
  return best;
}
static struct lat_spread best_of(const struct reading *r, const struct cell *cell, const char *name, size_t text) {
  return spread_of(r, cell, name, text, best_load(r, cell, name, text), 0);
}

/* The text that a model was made for: both other models are read with independent letters. */
static size_t text_of(const struct cell *cell) { return cell->model == OWN ? SAME : INDEPENDENT; }
static int narrow(const struct cell *cell) { return cell->layers == 2 && cell->vectors == 1; }

static int table_of_readings(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(r->analysis, "readings",
                          "model\ttext\tD\tlayers\tvectors\tletters\tentropy (bits)\twithout vectors (bits)\tbits "
                          "held, median\tleast\tmost\ta number\tpublished measure, a number\tletters right\twithout "
                          "vectors\tfirst letter right\tin a row, greedy\tseeds",
                          "Texts crammed into input vectors, medians over seeds. Bits held: the text's entropy less "
                          "its length behind the vectors; published measure: its length without vectors less that."));
  for (size_t c = 0; c < r->cells; c++)
    for (size_t text = 0; text < TEXTS; text++)
      for (size_t load = 0; load < MOST_LOADS; load++) {
        const struct cell *cell = &r->cell[c];
        double numbers = (double)(cell->width * cell->vectors);
        struct lat_spread gain = spread_of(r, cell, "gain", text, load, 0);
        if (gain.count == 0) continue;
        LAT_TRY(status,
                lat_table_row(r->analysis,
                              "%s\t%s\t%lld\t%lld\t%lld\t%g\t%.5g\t%.5g\t%.4g\t%.4g\t%.4g\t%.3g\t%.3g\t%.3g\t%.3g\t%.3g\t%."
                              "3g\t%zu",
                              model_name[cell->model], text_name[text], (long long)cell->width, (long long)cell->layers,
                              (long long)cell->vectors, spread_of(r, cell, "length", text, load, 0).median,
                              spread_of(r, cell, "exact", text, load, 0).median,
                              spread_of(r, cell, "without", text, load, 0).median, gain.median, gain.least, gain.most,
                              gain.median / numbers, spread_of(r, cell, "published", text, load, 0).median / numbers,
                              spread_of(r, cell, "right", text, load, 0).median,
                              spread_of(r, cell, "plain_right", text, load, 0).median,
                              spread_of(r, cell, "first", text, load, 0).median,
                              spread_of(r, cell, "alone", text, load, 0).median, gain.count));
      }
done:
  return status;
}

static int table_of_bests(const struct reading *r) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(r->analysis, "best",
                                  "model (index)\ttext (index)\tD\tlayers\tvectors\tbits held, "
                                  "median\tleast\tmost\tpublished measure (bits), median\tleast\tmost\tletters for the "
                                  "first\tletters for the second\tseeds\tmodel\ttext",
                                  "The best over the lengths of text, of each measure apart."));
  for (size_t c = 0; c < r->cells; c++)
    for (size_t text = 0; text < TEXTS; text++) {
      const struct cell *cell = &r->cell[c];
      struct lat_spread gain = best_of(r, cell, "gain", text), other = best_of(r, cell, "published", text);
      if (gain.count == 0 || other.count == 0) continue;
      LAT_TRY(
          status,
          lat_table_row(r->analysis, "%zu\t%zu\t%lld\t%lld\t%lld\t%.4g\t%.4g\t%.4g\t%.4g\t%.4g\t%.4g\t%g\t%g\t%zu\t%s\t%s",
                        cell->model, text, (long long)cell->width, (long long)cell->layers, (long long)cell->vectors,
                        gain.median, gain.least, gain.most, other.median, other.least, other.most,
                        spread_of(r, cell, "length", text, best_load(r, cell, "gain", text), 0).median,
                        spread_of(r, cell, "length", text, best_load(r, cell, "published", text), 0).median, gain.count,
                        model_name[cell->model], text_name[text]));
    }
  LAT_TRY(status, lat_table_begin(r->analysis, "rounded",
                                  "model (index)\tD\tbits of a number\tbits held, median\tunrounded\tmost possible\tmodel",
                                  "Rounded numbers of one vector, at the length of text at which it holds most: own source "
                                  "in the model trained on it, independent letters in the others."));
  for (size_t c = 0; c < r->cells; c++) {
    const struct cell *cell = &r->cell[c];
    size_t load = best_load(r, cell, "gain", text_of(cell));
    double gain = spread_of(r, cell, "gain", text_of(cell), load, 0).median;
    if (!narrow(cell)) continue;
    for (size_t b = 1; b <= LAT_CRAM_ROUNDED; b++) {
      struct lat_spread rounded = spread_of(r, cell, "rounded", text_of(cell), load, b - 1);
      if (rounded.count == 0) continue;
      LAT_TRY(status,
              lat_table_row(r->analysis, "%zu\t%lld\t%zu\t%.4g\t%.4g\t%.5g\t%s", cell->model, (long long)cell->width, b,
                            rounded.median, gain, lat_cram_bound(b, (size_t)cell->vectors, (size_t)cell->width, SIZE_MAX),
                            model_name[cell->model]));
    }
  }
done:
  return status;
}

struct sums {
  size_t cells[MODELS], over, measured, alike, times, few, lossy, pairs, steep, controls, emptier, beyond, readings;
  double most, ratio, four, kept, growth, control;
};

static const struct cell *find(const struct reading *r, size_t model, int64_t width, int64_t vectors) {
  for (size_t c = 0; c < r->cells; c++) {
    const struct cell *cell = &r->cell[c];
    if (cell->model == model && cell->width == width && cell->vectors == vectors && cell->layers == 2) return cell;
  }
  return NULL;
}

/* No reading may lie above what its message can hold; all runs, texts, lengths and roundings. */
static void count_beyond(const struct reading *r, struct sums *s) {
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    size_t width = (size_t)lat_merged_integer(r->merged, "width", i),
           vectors = (size_t)lat_merged_integer(r->merged, "vectors", i),
           texts = (size_t)lat_merged_integer(r->merged, "texts", i);
    if (lat_merged_failed(r->merged, i)) continue;
    for (size_t text = 0; text < TEXTS; text++)
      for (size_t load = 0; load < MOST_LOADS; load++) {
        double exact = value_of(r, "exact", i, text, load, 0), gain = value_of(r, "gain", i, text, load, 0);
        if (isnan(gain)) continue;
        for (size_t b = 1; b <= LAT_CRAM_ROUNDED; b++) {
          double rounded = value_of(r, "rounded", i, text, load, b - 1);
          s->readings++;
          s->beyond += !(rounded <= lat_cram_bound(b, vectors, width, texts) && rounded <= exact);
        }
        s->readings++;
        s->beyond += !(gain <= lat_cram_bound(32, vectors, width, texts) && gain <= exact);
      }
  }
}

static void judge_cell(const struct reading *r, const struct cell *cell, struct sums *s) {
  size_t load = best_load(r, cell, "gain", text_of(cell));
  double gain = best_of(r, cell, "gain", text_of(cell)).median, number = gain / (double)cell->width;
  s->cells[cell->model]++;
  if (cell->model == INITIAL) {
    const struct cell *mixed = find(r, MIXED, cell->width, 1);
    if (mixed == NULL) return;
    double share = gain / best_of(r, mixed, "gain", INDEPENDENT).median;
    s->controls++, s->emptier += !(share >= 1), s->control = fmin(s->control, share);
    return;
  }
  double kept = spread_of(r, cell, "rounded", text_of(cell), load, KEPT_AT - 1).median / gain;
  s->lossy += !(kept >= left), s->kept = fmin(s->kept, kept);
  if (cell->width >= FROM_WIDTH) s->measured++, s->over += !(number < published), s->most = fmax(s->most, number);
  if (cell->model == OWN) {
    double exact = best_of(r, cell, "gain", INDEPENDENT).median, other = best_of(r, cell, "published", INDEPENDENT).median;
    s->times++, s->alike += !(other >= twofold * exact);
    if (exact > 0) s->ratio = fmin(s->ratio, other / exact);
  }
  for (size_t d = 0; d < r->cells; d++) {
    const struct cell *wide = &r->cell[d];
    if (wide->model != cell->model || !narrow(wide) || wide->width < 4 * cell->width) continue;
    double growth = best_of(r, wide, "gain", text_of(wide)).median / gain * (double)cell->width / (double)wide->width;
    s->pairs++, s->steep += !(growth <= slope), s->growth = fmax(s->growth, growth);
  }
  const struct cell *four = find(r, cell->model, cell->width, 4);
  if (four == NULL) return;
  double more = best_of(r, four, "gain", text_of(four)).median / gain;
  s->few += !(more >= fourfold), s->four = fmin(s->four, more);
}

static int verdict(const struct reading *r, const struct sums *s) {
  int whole = s->measured > 0 && s->times > 0 && s->pairs > 0 && s->controls > 0 && isfinite(s->four);
  if (r->failed > 0 || r->left_out > 0 || !whole || s->beyond > 0)
    return lat_verdict(r->analysis, LAT_OPEN,
                       "%zu points failed, %zu were left out; %zu of %zu readings lie above what their vectors can hold, "
                       "which would be a mistake; %zu trained models of width %d or more, %zu pairs of widths and %zu "
                       "controls were run, and four vectors were %s: not enough to judge",
                       r->failed, r->left_out, s->beyond, s->readings, s->measured, FROM_WIDTH, s->pairs, s->controls,
                       isfinite(s->four) ? "tried" : "not tried");
  size_t broken = s->over + s->alike + s->steep + s->few + s->lossy + s->emptier;
  return lat_verdict(
      r->analysis, broken > 0 ? LAT_REFUTED : LAT_SUPPORTED,
      "Medians over seeds, best over the lengths of text: a vector of a trained model of width %d or more holds %.3g bits "
      "a "
      "number at most (%zu of %zu reach %.1f); the published measure reads %.3g times the exact one or more of independent "
      "letters (%zu of %zu below %.0f times); four times the width or more holds %.3g times the bits a number at most (%zu "
      "of %zu above %.1f); four vectors hold %.3g times one or more (%zu below %.0f); rounded to %d bits %.3g of the bits "
      "remain at least (%zu below %.1f); as initialised %.3g times what training on such letters leaves, or more (%zu of "
      "%zu below 1). 0 of %zu readings lie above what their vectors can hold; 0 points failed",
      FROM_WIDTH, s->most, s->over, s->measured, published, s->ratio, s->alike, s->times, twofold, s->growth, s->steep,
      s->pairs, slope, s->four, s->few, fourfold, KEPT_AT, s->kept, s->lossy, left, s->control, s->emptier, s->controls,
      s->readings);
}

int lat_cramming_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct reading r = {.merged = merged, .analysis = analysis};
  struct sums s = {
      .most = -HUGE_VAL, .growth = -HUGE_VAL, .ratio = HUGE_VAL, .four = HUGE_VAL, .kept = HUGE_VAL, .control = HUGE_VAL};
  int status = LAT_OK;
  gather(&r);
  for (size_t c = 0; c < r.cells; c++)
    if (narrow(&r.cell[c])) judge_cell(&r, &r.cell[c], &s);
  count_beyond(&r, &s);
  LAT_TRY(status, table_of_readings(&r));
  LAT_TRY(status, table_of_bests(&r));
  LAT_TRY(status, verdict(&r, &s));
done:
  return status;
}
