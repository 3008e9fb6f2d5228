#include "experiments/gradient_flow/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/gradient_flow/judge.h"
#include "experiments/gradient_flow/series.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

/* A number of a table, or the word for none. */
struct cell {
  char text[24];
};
static struct cell cell(double value) {
  struct cell cell;
  if (isfinite(value))
    snprintf(cell.text, sizeof cell.text, "%.6g", value);
  else
    strcpy(cell.text, "NaN");
  return cell;
}

static void key_of(const struct lat_flow_series *series, char key[160]) {
  snprintf(key, 160, "%.20s/%.20s/%.20s/%.20s/%.20s/%g", series->block, series->injection, series->sharing, series->branch,
           series->weights, series->gain);
}

/* Everything that is read at one T of a series, over its seeds. */
struct column {
  double *ratio, *input, *rms, *parameters, *exponent, *step; /* [points] */
  size_t count, up, down;                                     /* exploded, or exactly 0 */
};

static int column_alloc(size_t points, struct column *column) {
  double *all = lat_calloc(6 * points + 1, sizeof *all);
  *column = (struct column){.ratio = all};
  if (all == NULL) return LAT_MEMORY;
  column->input = all + points;
  column->rms = all + 2 * points;
  column->parameters = all + 3 * points;
  column->exponent = all + 4 * points;
  column->step = all + 5 * points;
  return LAT_OK;
}

static void column_add(struct column *column, const struct lat_flow_reading *reading) {
  size_t i = column->count++;
  column->ratio[i] = reading->ratio;
  column->input[i] = reading->input;
  column->rms[i] = reading->rms;
  column->parameters[i] = reading->parameters;
  column->exponent[i] = reading->exponent;
  column->step[i] = reading->step;
  if (isfinite(reading->ratio)) return;
  if (reading->state == 3)
    column->down++;
  else
    column->up++;
}

static int flow_row(struct lat_analysis *analysis, const char *key, const char *series, int64_t steps,
                    struct column *column) {
  struct lat_flow_spread ratio = lat_flow_spread_of(column->count, column->ratio);
  return lat_table_row(analysis, "%s\t%s\t%lld\t%s\t%s\t%s\t%zu\t%zu\t%zu\t%s\t%s\t%s\t%s\t%s", key, series,
                       (long long)steps, cell(lat_flow_median(column->count, column->ratio, column->down, column->up)).text,
                       cell(ratio.low).text, cell(ratio.high).text, column->count, column->up, column->down,
                       cell(lat_flow_spread_of(column->count, column->input).mean).text,
                       cell(lat_flow_spread_of(column->count, column->rms).mean).text,
                       cell(lat_flow_spread_of(column->count, column->parameters).mean).text,
                       cell(lat_flow_spread_of(column->count, column->exponent).mean).text,
                       cell(lat_flow_spread_of(column->count, column->step).mean).text);
}

#define FLOW_COLUMNS                                                                                                       \
  "block/injection/sharing/branch/weights/gain\tpart\tloops T\tlog10 ratio of gradients, median\tlowest\thighest\tseeds\t" \
  "exploded\tzero\tlog10 ratio with injection\trms of h_T\tlog10 gradient of parameters\texponent (nats/loop)\t"           \
  "ln sigma_1 of the last loop"

/* Initial points: a row for each T, or (`last`) for the largest only. */
static int flow_table(const struct lat_merged *merged, struct lat_analysis *analysis, const struct lat_flow_series *series,
                      size_t count, int last) {
  int status = LAT_OK;
  struct column column = {0};
  char key[160];
  LAT_TRY(status, column_alloc(lat_merged_points(merged), &column));
  for (size_t s = 0; s < count; s++) {
    if (strcmp(series[s].part, "initial") != 0 || series[s].points == 0) continue;
    size_t readings = lat_flow_readings(merged, series[s].point[0]);
    key_of(&series[s], key);
    for (size_t index = last && readings > 0 ? readings - 1 : 0; index < readings; index++) {
      int64_t steps = 0;
      column.count = column.up = column.down = 0;
      for (size_t i = 0; i < series[s].points; i++) {
        struct lat_flow_reading reading = lat_flow_read(merged, series[s].point[i], index);
        if (reading.steps < 0) continue;
        steps = reading.steps;
        column_add(&column, &reading);
      }
      LAT_TRY(status, flow_row(analysis, key, series[s].part, steps, &column));
    }
    if (!last) LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
done:
  lat_free(column.ratio);
  return status;
}

/* Of the trained series of one variant (as series[s] is) the one with the smallest T above `loops`; count: none is left. */
static size_t next_trained(const struct lat_flow_series *series, size_t count, size_t s, int64_t loops) {
  char wanted[160], key[160];
  size_t best = count;
  key_of(&series[s], wanted);
  for (size_t i = 0; i < count; i++) {
    key_of(&series[i], key);
    if (strcmp(series[i].part, "trained") != 0 || strcmp(key, wanted) != 0 || series[i].loops <= loops) continue;
    if (best == count || series[i].loops < series[best].loops) best = i;
  }
  return best;
}

struct trained {
  struct column before, after;
  double *accuracy;
};

static int trained_row(const struct lat_merged *merged, struct lat_analysis *analysis, const struct lat_flow_series *series,
                       struct trained *t) {
  size_t solved = 0, diverged = 0;
  char key[160];
  t->before.count = t->after.count = 0;
  for (size_t i = 0; i < series->points; i++) {
    size_t point = series->point[i];
    struct lat_flow_reading first = lat_flow_read(merged, point, 0), second = lat_flow_read(merged, point, 1);
    column_add(&t->before, &first);
    column_add(&t->after, &second);
    t->accuracy[i] = lat_merged_real(merged, "accuracy", point);
    if (lat_flow_solved(merged, point)) solved++;
    if (strcmp(lat_merged_text(merged, "end", point), "diverged") == 0) diverged++;
  }
  struct lat_flow_spread right = lat_flow_spread_of(series->points, t->accuracy);
  key_of(series, key);
  return lat_table_row(analysis, "%s\t%lld\t%zu\t%zu\t%zu\t%zu\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s", key,
                       (long long)series->loops, series->points, solved, diverged, series->failed, cell(right.mean).text,
                       cell(right.low).text, cell(right.high).text,
                       cell(lat_flow_spread_of(t->before.count, t->before.ratio).mean).text,
                       cell(lat_flow_spread_of(t->after.count, t->after.ratio).mean).text,
                       cell(lat_flow_spread_of(t->before.count, t->before.exponent).mean).text,
                       cell(lat_flow_spread_of(t->after.count, t->after.exponent).mean).text,
                       cell(lat_flow_spread_of(t->before.count, t->before.step).mean).text,
                       cell(lat_flow_spread_of(t->after.count, t->after.step).mean).text);
}

/* Trained points by variant and T: before, after and what came of it. */
static int trained_table(const struct lat_merged *merged, struct lat_analysis *analysis,
                         const struct lat_flow_series *series, size_t count) {
  int status = LAT_OK;
  struct trained t = {.accuracy = lat_calloc(lat_merged_points(merged) + 1, sizeof *t.accuracy)};
  unsigned char *shown = lat_calloc(count + 1, 1);
  LAT_CHECK(status, t.accuracy != NULL && shown != NULL, LAT_MEMORY, "no memory for a column of accuracies");
  LAT_TRY(status, column_alloc(lat_merged_points(merged), &t.before));
  LAT_TRY(status, column_alloc(lat_merged_points(merged), &t.after));
  LAT_TRY(status,
          lat_table_begin(
              analysis, "trained",
              "block/injection/sharing/branch/weights/gain\tloops T\tseeds\tsolved\tdiverged\tfailed rows\t"
              "accuracy\tlowest\thighest\tlog10 ratio before\tafter\texponent before (nats/loop)\tafter\t"
              "ln sigma_1 of the last loop before\tafter",
              "Trained variants: fits that solve the task, accuracy on fresh strings, and the loop's Jacobian before "
              "and after training; means over seeds, NaN where no seed gives a number."));
  for (size_t s = 0; s < count; s++) {
    if (shown[s] || strcmp(series[s].part, "trained") != 0) continue;
    for (size_t next = next_trained(series, count, s, 0); next < count;
         next = next_trained(series, count, s, series[next].loops)) {
      shown[next] = 1;
      LAT_TRY(status, trained_row(merged, analysis, &series[next], &t));
    }
  }
done:
  lat_free(t.before.ratio);
  lat_free(t.after.ratio);
  lat_free(t.accuracy);
  lat_free(shown);
  return status;
}

static int exponent_table(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  LAT_TRY(status, lat_table_begin(analysis, "exponents",
                                  "block\tinjection\tloops T\texponent before (nats/loop)\tafter\tsolved\taccuracy", NULL));
  for (size_t i = 0; i < lat_merged_points(merged); i++) {
    if (lat_merged_failed(merged, i) || strcmp(lat_merged_text(merged, "part", i), "trained") != 0) continue;
    LAT_TRY(status,
            lat_table_row(analysis, "%s\t%s\t%lld\t%s\t%s\t%d\t%s", lat_merged_text(merged, "block", i),
                          lat_merged_text(merged, "injection", i), (long long)lat_merged_integer(merged, "loops", i),
                          cell(lat_flow_read(merged, i, 0).exponent).text, cell(lat_flow_read(merged, i, 1).exponent).text,
                          lat_flow_solved(merged, i), cell(lat_merged_real(merged, "accuracy", i)).text));
  }
done:
  return status;
}

int lat_gradient_flow_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status = LAT_OK;
  size_t count = 0;
  struct lat_flow_series *series = NULL;
  LAT_TRY(status, lat_flow_series_find(merged, &series, &count));
  LAT_TRY(status,
          lat_table_begin(analysis, "end", FLOW_COLUMNS,
                          "Initial values, largest T: ratio of the gradients before and behind the loop, and the loop's "
                          "Jacobian. The median over seeds counts those without a number as beyond all (exploded) or below "
                          "all (zero); the other columns are means over seeds that give a number, NaN where none does."));
  LAT_TRY(status, flow_table(merged, analysis, series, count, 1));
  LAT_TRY(status, trained_table(merged, analysis, series, count));
  LAT_TRY(status, lat_table_begin(analysis, "flow", FLOW_COLUMNS, NULL));
  LAT_TRY(status, flow_table(merged, analysis, series, count, 0));
  LAT_TRY(status, exponent_table(merged, analysis));
  LAT_TRY(status, lat_gradient_flow_judge(merged, analysis, series, count));
done:
  lat_flow_series_free(series, count);
  return status;
}
