/* Merged points that no run made, for the readings of trained experiments. */
#ifndef LAT_TESTS_MADE_UP_H
#define LAT_TESTS_MADE_UP_H

#include "lib/store/merge.h"
#include "lib/sweep/analysis.h"

struct lat_merged *made_up(const char *experiment); /* no points yet; lat_merged_free */
/* Values of the last point. */
void made_up_point(struct lat_merged *merged, const char *status); /* "ok" or "failed" */
void made_up_text(struct lat_merged *merged, const char *name, const char *value);
void made_up_integer(struct lat_merged *merged, const char *name, int64_t value);
void made_up_real(struct lat_merged *merged, const char *name, double value);
void made_up_reals(struct lat_merged *merged, const char *name, size_t count, const double *value);
void made_up_grid(struct lat_merged *merged, const char *name, size_t rank, const size_t *extent, const double *value);

/* The experiment's reading; fails the test when it does not come about. */
struct lat_analysis *made_up_analyse(const char *experiment, const struct lat_merged *merged);
/* Column `column` (from 0) of row `row` (from 0, below the header) of a table, as text[64]. */
void made_up_cell(const struct lat_analysis *analysis, const char *table, size_t row, size_t column, char text[64]);
size_t made_up_rows(const struct lat_analysis *analysis, const char *table);

/* The smoke sweep, run with 1 thread and then with 3 into two folders: equal files, and every point done without failing. */
void made_up_runs_twice(const char *experiment);
/* The value refuses the sweep, before anything is run, with a sentence that holds these words. */
void made_up_refuses(const char *experiment, const char *set, const char *sentence);

#endif
