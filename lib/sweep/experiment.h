/* What an experiment is: a question, a prediction that can fail, parameters with a sweep for each size, a run, and a
 * reading of the results.
 *
 * A file experiments/NAME.c defines `const struct lat_experiment lat_experiment_NAME` and nothing else that is visible; the
 * build finds it by walking the folder. Its figure is analysis/NAME.gp. */
#ifndef LAT_SWEEP_EXPERIMENT_H
#define LAT_SWEEP_EXPERIMENT_H

#include <stddef.h>
#include <stdint.h>

#include "lib/store/merge.h"
#include "lib/store/record.h"

/* One parameter. The list of them is written once, as a macro with one line each:
 *   #define PARAMETERS(INT, REAL, TEXT, PATH)                                                              \
 *     PATH(circuit, "-", "circuit file in place of family", "", "", "")                                 \
 *     TEXT(family, "-", "circuit family NAME:SIZE", "parity:8,adder:4", "parity:64,adder:32", "parity:256")   \
 *     INT(layers, "layers", 1, 64, "layers of the block", "1,2", "1,2,3", "1,2,3,4,6,8")                \
 *     REAL(beta, "1", 0, 60, "sharpness of attention", "4", "1:8:0.5", "1:8:0.25")
 *   LAT_DEFINE_PARAMETERS(PARAMETERS)
 * which defines `struct parameters` { const char *circuit, *family; int64_t layers; double beta; } and the table
 * `parameters_table`. The last three columns are the values at sizes smoke, quick and paper: a list `a,b,c`, a range
 * `from:to:step` (both ends included) or `from:to:*factor`. TEXT values hold no comma; for TEXT a list is split at commas.
 * All combinations are run, except those that `reject` names. */
struct lat_parameter {
  const char *name, *unit, *help;
  enum lat_kind kind;
  double minimum, maximum;
  size_t offset; /* in the struct */
  const char *values[3];
};

#define LAT_FIELD_INT_(name, unit, low, high, help, a, b, c) int64_t name;
#define LAT_FIELD_REAL_(name, unit, low, high, help, a, b, c) double name;
#define LAT_FIELD_TEXT_(name, unit, help, a, b, c) const char *name;
#define LAT_ROW_INT_(name, unit, low, high, help, a, b, c) \
  {#name, unit, help, LAT_INTEGER, low, high, offsetof(struct parameters, name), {a, b, c}},
#define LAT_ROW_REAL_(name, unit, low, high, help, a, b, c) \
  {#name, unit, help, LAT_REAL, low, high, offsetof(struct parameters, name), {a, b, c}},
#define LAT_ROW_TEXT_(name, unit, help, a, b, c) \
  {#name, unit, help, LAT_TEXT, 0, 0, offsetof(struct parameters, name), {a, b, c}},
#define LAT_ROW_PATH_(name, unit, help, a, b, c) \
  {#name, unit, help, LAT_PATH, 0, 0, offsetof(struct parameters, name), {a, b, c}},
#define LAT_DEFINE_PARAMETERS(LIST)                                         \
  struct parameters {                                                       \
    LIST(LAT_FIELD_INT_, LAT_FIELD_REAL_, LAT_FIELD_TEXT_, LAT_FIELD_TEXT_) \
  };                                                                        \
  static const struct lat_parameter parameters_table[] = {                  \
      LIST(LAT_ROW_INT_, LAT_ROW_REAL_, LAT_ROW_TEXT_, LAT_ROW_PATH_){0}};

/* One result. `dimensions` is "" for a scalar, else names separated by commas, e.g. "step,level". */
struct lat_output {
  const char *name, *unit, *long_name;
  enum lat_kind kind;
  const char *dimensions;
  unsigned flags; /* LAT_MAY_BE_MISSING, LAT_IS_TIMING */
};
/* A run in progress, as the runner hands it to the experiment. */
struct lat_run;
const void *lat_run_parameters(const struct lat_run *run); /* a filled `struct parameters` */
uint64_t lat_run_seed(const struct lat_run *run);          /* parameter `seed` when there is one, else 0 */

/* Results. The name must be declared in `outputs` (assert). The data is copied. LAT_NUMERIC for a non-finite number where
 * none is allowed, LAT_MEMORY. A value put twice is an assert. */
int lat_put_integer(struct lat_run *run, const char *name, int64_t value);
int lat_put_real(struct lat_run *run, const char *name, double value);
int lat_put_text(struct lat_run *run, const char *name, const char *value);
int lat_put_integers(struct lat_run *run, const char *name, size_t rank, const size_t *extent, const int64_t *value);
int lat_put_reals(struct lat_run *run, const char *name, size_t rank, const size_t *extent, const double *value);

/* Says how far the run is, 0..1, for the progress line; LAT_INTERRUPTED when the run should put its work down (checkpoint
 * first), LAT_OK otherwise. */
int lat_run_progress(struct lat_run *run, double fraction);
/* A file that a long run may keep its state in, beside its result: there from an earlier, interrupted run or not yet there.
 * Write it by lat_file_write; the runner removes it when the point is done. Only a run that has asked for it is told
 * LAT_INTERRUPTED: the others are let finish. NULL when the runner keeps none. */
const char *lat_run_checkpoint(struct lat_run *run);

/* Merged results of an experiment, as `analyse` reads them. Points are in the order of their canonical text, numbers in it as numbers. A value that
 * is not there, as all outputs of a failed row, is INT64_MIN, NaN or "". A parameter of kind PATH is its base name, and
 * NAME_hash is the hash of its content. */
size_t lat_merged_points(const struct lat_merged *merged);
int lat_merged_failed(const struct lat_merged *merged, size_t point); /* 1 for a failed row: its outputs are missing */
int64_t lat_merged_integer(const struct lat_merged *merged, const char *name, size_t point);
double lat_merged_real(const struct lat_merged *merged, const char *name,
                       size_t point); /* integers too; NaN when missing */
const char *lat_merged_text(const struct lat_merged *merged, const char *name, size_t point);
/* An array output of one point with its own extents (not padded); NULL when missing. Integers are converted. */
const double *lat_merged_array(const struct lat_merged *merged, const char *name, size_t point, size_t extent[3]);

/* What `analyse` writes: tables (the figure's data, tab-separated files with a header, also shown in the report) and a
 * verdict. */
enum lat_verdict { LAT_OPEN, LAT_SUPPORTED, LAT_REFUTED };
struct lat_analysis;
/* Starts table NAME (file NAME/TABLE.tsv); `columns` are tab-separated names with units, e.g. "step\tcorrect (1)\tready
 * (1)". `caption` says what it shows; NULL: for the figure only, not in the report. */
int lat_table_begin(struct lat_analysis *analysis, const char *table, const char *columns, const char *caption);
/* One row, printf-like, fields separated by \t, as many as there are columns. A row "" leaves a blank line (a gap or the next
 * scan of a heat map). A number that is not finite ("nan", "inf") is LAT_NUMERIC: what is meant to be missing is written as
 * the text NaN. */
int lat_table_row(struct lat_analysis *analysis, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the results say: the status of the claim and one sentence with its numbers. */
int lat_verdict(struct lat_analysis *analysis, enum lat_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct lat_experiment {
  const char *name, *section; /* section: "A. Expressiveness" ... */
  const char *question;       /* one sentence with a question mark */
  const char *prediction;     /* written before the result */
  const char *refuted_if;     /* what would refute it */
  const char *source;         /* author, year, equation */
  const char *caption;        /* under the figure: panels a, b, ...; what lines, bands and colours mean */
  int version;                /* raise it when the meaning of a result changes: part of every point's id */
  size_t parameters_size;     /* sizeof(struct parameters) */
  const struct lat_parameter *parameters;
  const struct lat_output *outputs;              /* ended by {0} */
  const char *(*reject)(const void *parameters); /* NULL, or why this combination is not run (NULL: run it) */
  int (*check)(const void *parameters);   /* NULL, or LAT_INPUT with a sentence for values that cannot be, e.g. a text that
                                                  * names nothing: then the sweep is refused; not asked of rejected ones */
  double (*cost)(const void *parameters); /* relative cost for the ETA, NULL: all equal */
  int (*run)(struct lat_run *run);
  int (*analyse)(const struct lat_merged *merged, struct lat_analysis *analysis);
};

/* All experiments of this program, ended by NULL; made by the build. */
extern const struct lat_experiment *const lat_experiments[];

#endif
