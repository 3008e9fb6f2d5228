/* Inside `latentlab bench`: one function a benchmark. */
#ifndef LAT_CLI_BENCH_H
#define LAT_CLI_BENCH_H

struct lat_bench_request {
  const char *out; /* HDF5 file, or NULL */
  int json, quick;
};

/* Each prints its table (or JSON) and returns the exit status: 0 also when a goal is missed, since that depends on the
 * machine; 1 when a result is wrong. */
int lat_bench_circuits(const struct lat_bench_request *request);

/* Fused multiply-adds in registers: GF/s of one thread and of all, 2 operations each. The widest vectors that this build
 * uses; without such an instruction, a product and a sum. Takes about 0.3 s. */
void lat_bench_peak(double *one, double *all);

#endif
