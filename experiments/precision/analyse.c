#include "experiments/precision/analyse.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"

#define INTEGER(name, i) lat_merged_integer(merged, name, i)
#define REAL(name, i) lat_merged_real(merged, name, i)
#define TEXT(name, i) lat_merged_text(merged, name, i)

static const char *const formats[] = {"fp32", "fp16", "bf16", "fp8-e4m3", "fp8-e5m2"};
enum { FORMATS = 5, ROWS = 3 * FORMATS, LEAK_PROMISED = 9 /* hundredths */ };

static int is(const struct lat_merged *merged, size_t i, const char *measure) {
  return strcmp(TEXT("measure", i), measure) == 0 && !lat_merged_failed(merged, i);
}

/* Pairs of formats in the order of the figure's rows: both the same, narrow storage with fp32 sums, narrow sums of fp32. */
static int pair_of(size_t row, const char **storage, const char **accumulate) {
  const char *format = formats[row % FORMATS];
  *storage = row / FORMATS == 2 ? "fp32" : format;
  *accumulate = row / FORMATS == 1 ? "fp32" : format;
  return row < FORMATS || row % FORMATS != 0;
}

static int has_pair(const struct lat_merged *merged, size_t i, const char *storage, const char *accumulate) {
  return strcmp(TEXT("storage", i), storage) == 0 && strcmp(TEXT("accumulate", i), accumulate) == 0;
}

/* The row of each pair that occurs, from 1 at the top; 0 for none. */
static void rows_of(const struct lat_merged *merged, size_t row[ROWS]) {
  size_t used = 0;
  for (size_t r = 0; r < ROWS; r++) {
    const char *storage, *accumulate;
    int real = pair_of(r, &storage, &accumulate), found = 0;
    for (size_t i = 0; i < lat_merged_points(merged) && real; i++)
      if (has_pair(merged, i, storage, accumulate)) found = 1;
    row[r] = found ? ++used : 0;
  }
}

struct counts {
  size_t runs, certified, certified_wrong, early, late, storage_broke, wrong;
  size_t uneven_majority, uneven_and; /* wrong at or below 2^p, no power of two */
};

/* What the prediction says of MAJORITY: 1 right, 0 wrong, -1 nothing. */
static int expected(const struct lat_merged *merged, size_t i) {
  int64_t n = INTEGER("fan_in", i);
  double count = exp2(REAL("accumulate_bits", i)), range = fmin(REAL("storage_largest", i), REAL("accumulate_largest", i));
  int power = (n & (n - 1)) == 0;
  if (strcmp(TEXT("accumulate", i), "fp32") == 0) return 8.0 * (double)n + 1 <= range ? 1 : -1;
  if (power && (double)n <= count && 4.0 * (double)n + 1 <= range) return 1;
  return power && (double)n >= 4 * count ? 0 : -1;
}

static int count_table(const struct lat_merged *merged, struct lat_analysis *analysis, const size_t row[ROWS],
                       struct counts *sum) {
  int status = lat_table_begin(
      analysis, "count",
      "fan-ins n\trow\tgate\tstorage\tsums\tright\tcertified\tready bits right\tn x distance of the mean (1)\t"
      "significant bits of sums\twhy not certified",
      NULL);
  for (size_t r = 0; r < ROWS; r++)
    for (size_t i = 0; i < lat_merged_points(merged) && status == LAT_OK; i++) {
      const char *storage, *accumulate;
      if (!is(merged, i, "count") || !pair_of(r, &storage, &accumulate) || !has_pair(merged, i, storage, accumulate))
        continue;
      int right = INTEGER("right", i) == 1, certified = INTEGER("certified", i) == 1;
      int majority = strcmp(TEXT("gate", i), "majority") == 0, want = majority ? expected(merged, i) : -1;
      int plain_sums = strcmp(accumulate, "fp32") == 0;
      const char *reason = TEXT("count_reason", i);
      sum->runs++;
      sum->wrong += !right;
      sum->certified += certified != 0;
      sum->certified_wrong += certified && !(right && INTEGER("ready_right", i) == 1);
      sum->storage_broke += plain_sums && want == 1 && !right;
      sum->early += !plain_sums && want == 1 && !right;
      sum->late += want == 0 && right;
      int64_t n = INTEGER("fan_in", i);
      if (!right && (n & (n - 1)) != 0 && (double)n <= exp2(REAL("accumulate_bits", i)) && !plain_sums)
        *(majority ? &sum->uneven_majority : &sum->uneven_and) += 1;
      status =
          lat_table_row(analysis, "%g\t%zu\t%s\t%s\t%s\t%d\t%d\t%d\t%.6g\t%g\t%s", REAL("fan_in", i), row[r],
                        TEXT("gate", i), storage, accumulate, right, certified, INTEGER("ready_right", i) == 1,
                        REAL("margin", i), REAL("accumulate_bits", i), reason != NULL && reason[0] != '\0' ? reason : "-");
    }
  return status;
}

/* One line for each pair of formats and gate: how far counting goes. */
static int limits(const struct lat_merged *merged, struct lat_analysis *analysis) {
  int status =
      lat_table_begin(analysis, "limits",
                      "storage\tsums\tgate\t2^p of sums\tlargest n up to which all powers of two are right\tsmallest n "
                      "that is wrong (0: none)\tlargest certified n\tlargest n run\twhy not certified at the largest",
                      "Counting gates on the worst vectors.");
  for (size_t r = 0; r < ROWS; r++)
    for (int g = 0; g < 2; g++) {
      const char *storage, *accumulate, *gate = g == 0 ? "majority" : "and", *reason = "-";
      double first_wrong = (double)INFINITY, first_power = (double)INFINITY, powers = 0, certified = 0, largest = 0,
             bits = 0;
      if (!pair_of(r, &storage, &accumulate)) continue;
      for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < lat_merged_points(merged); i++) {
          if (!is(merged, i, "count") || !has_pair(merged, i, storage, accumulate) || strcmp(TEXT("gate", i), gate) != 0)
            continue;
          double n = REAL("fan_in", i);
          int64_t whole = INTEGER("fan_in", i);
          int power = (whole & (whole - 1)) == 0, right = INTEGER("right", i) == 1;
          bits = REAL("accumulate_bits", i);
          if (!right && n < first_wrong) first_wrong = n;
          if (!right && power && n < first_power) first_power = n;
          if (right && power && pass == 1 && n < first_power && n > powers) powers = n;
          if (INTEGER("certified", i) == 1 && n > certified) certified = n;
          if (n >= largest) {
            largest = n;
            reason = TEXT("count_reason", i);
          }
        }
      if (!(largest > 0)) continue;
      if (status == LAT_OK)
        status = lat_table_row(analysis, "%s\t%s\t%s\t%g\t%g\t%g\t%g\t%g\t%s", storage, accumulate, gate, exp2(bits),
                               powers, isinf(first_wrong) ? 0 : first_wrong, certified, largest,
                               reason != NULL && reason[0] != '\0' ? reason : "-");
    }
  return status;
}

struct pointers {
  size_t betas, certified, certified_lost, promised, promised_lost, lost;
};

/* Whether the format holds the same beta for this entry of the scan and for one before it: a point that is there already. */
static int repeated(const double *beta, const double *survived, size_t b) {
  for (size_t a = 0; a < b; a++)
    if (survived[a] >= 0 && beta[a] == beta[b]) return 1;
  return 0;
}

static int pointer_table(const struct lat_merged *merged, struct lat_analysis *analysis, const size_t row[ROWS],
                         struct pointers *sum) {
  int status = lat_table_begin(
      analysis, "pointer",
      "beta (1)\trow\tK\tstorage\tsums\tsteps survived\tof steps\tcertified\tleak in exact arithmetic (1)", NULL);
  for (size_t r = 0; r < ROWS; r++)
    for (size_t i = 0; i < lat_merged_points(merged) && status == LAT_OK; i++) {
      const char *storage, *accumulate;
      size_t extent[3];
      if (!is(merged, i, "pointer") || !pair_of(r, &storage, &accumulate) || !has_pair(merged, i, storage, accumulate))
        continue;
      const double *beta = lat_merged_array(merged, "beta", i, extent), *leak = lat_merged_array(merged, "leak", i, extent);
      const double *survived = lat_merged_array(merged, "survived", i, extent);
      const double *certified = lat_merged_array(merged, "beta_certified", i, extent);
      double steps = REAL("loops", i);
      int promised = strcmp(storage, "bf16") == 0 && strcmp(accumulate, "fp32") == 0 && INTEGER("fan_in", i) == 2;
      for (size_t b = 0; b < extent[0] && status == LAT_OK; b++) {
        if (repeated(beta, survived, b)) continue;
        int lost = survived[b] >= 0 && survived[b]<steps, sure = certified[b]> 0 && survived[b] >= 0;
        int low = promised && leak[b] <= LEAK_PROMISED / 100.0 && survived[b] >= 0;
        sum->betas += survived[b] >= 0;
        sum->lost += lost != 0;
        sum->certified += sure != 0;
        sum->certified_lost += sure && lost;
        sum->promised += low != 0;
        sum->promised_lost += low && lost;
        status = lat_table_row(analysis, "%.6g\t%zu\t%g\t%s\t%s\t%g\t%g\t%d\t%.4g", beta[b], row[r], REAL("fan_in", i),
                               storage, accumulate, survived[b], steps, sure, leak[b]);
      }
    }
  return status;
}

struct horizons {
  size_t betas, unlike;
  double longest;
};

static int horizon_table(const struct lat_merged *merged, struct lat_analysis *analysis, struct horizons *sum) {
  int status =
      lat_table_begin(analysis, "horizon",
                      "beta (1)\tformat\tlayers survived\tpredicted in exact arithmetic\tlog_4(1 + 3/(8 eps))\tlayers run",
                      "Machines without a snap: layers after which every settled wire is right.");
  for (size_t f = 0; f < FORMATS; f++)
    for (size_t i = 0; i < lat_merged_points(merged) && status == LAT_OK; i++) {
      size_t extent[3];
      if (!is(merged, i, "horizon") || strcmp(TEXT("storage", i), formats[f]) != 0) continue;
      const double *beta = lat_merged_array(merged, "beta", i, extent),
                   *limit = lat_merged_array(merged, "horizon", i, extent);
      const double *survived = lat_merged_array(merged, "survived", i, extent);
      const double *predicted = lat_merged_array(merged, "predicted", i, extent);
      for (size_t b = 0; b < extent[0] && status == LAT_OK; b++) {
        if (survived[b] < 0 || repeated(beta, survived, b)) continue;
        if (f == 0) {
          sum->betas++;
          sum->unlike += !(survived[b] == predicted[b]);
          if (survived[b] > sum->longest) sum->longest = survived[b];
        }
        status = lat_table_row(analysis, "%.6g\t%s\t%g\t%g\t%.6g\t%g", beta[b], formats[f], survived[b], predicted[b],
                               limit[b], REAL("loops", i));
      }
    }
  return status;
}

/* Names and bars of the figure's rows, and its ranges. */
static int row_table(const struct lat_merged *merged, struct lat_analysis *analysis, const size_t row[ROWS]) {
  size_t used = 0;
  double widest = 2;
  int status = lat_table_begin(analysis, "rows", "row\tstorage and sums, or storage / sums\t2^p of sums", NULL);
  for (size_t r = 0; r < ROWS && status == LAT_OK; r++) {
    const char *storage, *accumulate;
    double bits = 0;
    if (row[r] == 0) continue;
    pair_of(r, &storage, &accumulate);
    for (size_t i = 0; i < lat_merged_points(merged); i++) {
      if (lat_merged_failed(merged, i) || !has_pair(merged, i, storage, accumulate)) continue;
      bits = REAL("accumulate_bits", i);
      if (is(merged, i, "count") && REAL("fan_in", i) > widest) widest = REAL("fan_in", i);
    }
    used = row[r];
    int same = strcmp(storage, accumulate) == 0;
    status =
        lat_table_row(analysis, "%zu\t%s%s%s\t%g", row[r], storage, same ? "" : " / ", same ? "" : accumulate, exp2(bits));
  }
  if (status == LAT_OK) status = lat_table_begin(analysis, "series", "rows\twidest", NULL);
  if (status == LAT_OK) status = lat_table_row(analysis, "%zu\t%g", used, widest);
  return status;
}

int lat_precision_analyse(const struct lat_merged *merged, struct lat_analysis *analysis) {
  struct counts count = {0};
  struct pointers pointer = {0};
  struct horizons horizon = {0};
  size_t row[ROWS], failed = 0;
  int status = LAT_OK;
  for (size_t i = 0; i < lat_merged_points(merged); i++) failed += lat_merged_failed(merged, i) ? 1 : 0;
  rows_of(merged, row);
  LAT_TRY(status, limits(merged, analysis));
  LAT_TRY(status, horizon_table(merged, analysis, &horizon));
  LAT_TRY(status, count_table(merged, analysis, row, &count));
  LAT_TRY(status, pointer_table(merged, analysis, row, &pointer));
  LAT_TRY(status, row_table(merged, analysis, row));
  if (count.certified == 0 || count.wrong == 0 || pointer.certified == 0 || pointer.lost == 0 || pointer.promised == 0 ||
      horizon.betas == 0 || failed > 0)
    return lat_verdict(
        analysis, LAT_OPEN,
        "%zu counting gates (%zu certified, %zu wrong), %zu pointer machines (%zu certified, %zu lost, %zu in "
        "bf16 with fp32 sums at leak up to 0.09), %zu without a snap, %zu failed points: not enough to judge",
        count.runs, count.certified, count.wrong, pointer.betas, pointer.certified, pointer.lost, pointer.promised,
        horizon.betas, failed);
  if (count.certified_wrong + count.early + count.late + count.storage_broke + pointer.certified_lost +
          pointer.promised_lost + horizon.unlike >
      0)
    return lat_verdict(
        analysis, LAT_REFUTED,
        "%zu certified counting gates and %zu certified pointer machines were wrong; of MAJORITY gates of 2^j "
        "fan-ins %zu failed at or below 2^p and %zu were right from 2^(p+2) on; %zu failed by narrow storage alone; %zu "
        "of %zu pointer machines in bf16 with fp32 sums at leak up to 0.09 lost a wire; %zu of %zu machines without a "
        "snap did not live as long as predicted",
        count.certified_wrong, pointer.certified_lost, count.early, count.late, count.storage_broke, pointer.promised_lost,
        pointer.promised, horizon.unlike, horizon.betas);
  status = lat_verdict(
      analysis, LAT_SUPPORTED,
      "Of %zu counting gates %zu were wrong, none of the %zu certified ones: MAJORITY of 2^j counts to 2^p in every "
      "accumulator and fails from 2^(p+2) on wherever that was run, and narrow storage with fp32 sums breaks it nowhere "
      "within its range; of fan-ins up to 2^p that are no powers of two rounding broke %zu ANDs and %zu MAJORITYs. "
      "Of %zu pointer machines all %zu certified ones and all %zu in bf16 with fp32 sums at leak up to 0.09 kept "
      "every wire. Without a snap %zu of %zu machines lived exactly the predicted layers, %g at most.",
      count.runs, count.wrong, count.certified, count.uneven_and, count.uneven_majority, pointer.betas, pointer.certified,
      pointer.promised, horizon.betas - horizon.unlike, horizon.betas, horizon.longest);
done:
  return status;
}
