/* The two measurements of experiments/superposition.c, and the reading of their results. */
#ifndef LAT_EXPERIMENTS_SUPERPOSITION_PARTS_H
#define LAT_EXPERIMENTS_SUPERPOSITION_PARTS_H

#include "lib/sweep/experiment.h"
#include "lib/task/graph.h"

enum { LAT_SUPERPOSITION_MOST_NODES = 512, LAT_SUPERPOSITION_MOST_EDGES = 8192 };

struct lat_superposition_search {
  double position_width, sharpness, tau_factor; /* the last: tau as a part of the machine's own choice */
  int low_threshold, narrow;                    /* controls: threshold 1 / (4 n), width n - 1 */
  uint64_t seed;
};

/* LAT_INPUT when graph number `index` is too large for a machine. */
int lat_superposition_size(const struct lat_graph *graph, size_t index);

/* One machine on all graphs: what its thoughts hold, what it answers, and what other searches need. */
int lat_superposition_search(struct lat_run *run, const struct lat_superposition_search *search,
                             const struct lat_graphs *graphs);

/* No machine: sets of k of n random directions in d < n channels, read back from their sum. */
int lat_superposition_capacity(struct lat_run *run, size_t nodes, size_t width, size_t trials, uint64_t seed);

/* log2 of n over k. */
double lat_superposition_bits(size_t n, size_t k);

int lat_superposition_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
