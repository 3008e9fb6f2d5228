/* Inside `latentlab bench`: one function a benchmark. */
#ifndef LAT_CLI_BENCH_H
#define LAT_CLI_BENCH_H

#include "lib/store/record.h"

struct lat_bench_request {
  const char *out;     /* HDF5 file, or NULL */
  const char *configs; /* names with commas, or NULL */
  int json, quick;
};

/* Each prints its table (or JSON) and returns the exit status: 0 also when a goal is missed, since that depends on the
 * machine; 1 when a result is wrong. */
int lat_bench_circuits(const struct lat_bench_request *request);
int lat_bench_train(const struct lat_bench_request *request);

/* Writes the record to request->out as the one point of experiment bench_NAME; the caller keeps the record. LAT_FILE, LAT_MEMORY. */
int lat_bench_write(const struct lat_bench_request *request, const char *name, struct lat_record *record);

/* Fused multiply-adds in registers: GF/s of one thread and of all, 2 operations each. The widest vectors that this build
 * uses; without such an instruction, a product and a sum. Takes about 0.3 s. */
void lat_bench_peak(double *one, double *all);

#endif
