/* Layer 2 by its formula, in double, on sets of nodes: no matrix of the machine is read. */
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/superposition.h"

int lat_superposition_expected(const struct lat_superposition *machine, size_t edges, const uint32_t *edge, uint32_t root,
                               const uint32_t candidate[2], size_t thoughts, int *status) {
  size_t n = machine->options.nodes;
  double tau = machine->options.tau, threshold = machine->options.threshold;
  int exact = 1;
  *status = LAT_OK;
  double *received = lat_alloc(n, sizeof *received);
  unsigned char *in = lat_calloc(2 * n, 1), *next = in + n;
  LAT_CHECK(*status, received != NULL && in != NULL, LAT_MEMORY, "no memory for %zu nodes", n);
  in[root] = 1;
  for (size_t c = 0; c < thoughts && exact; c++) {
    double size = 0, total = (double)(6 + 3 * edges + c);
    for (size_t v = 0; v < n; v++) {
      size += in[v];
      received[v] = 0;
      next[v] = in[v];
    }
    /* All weights are divided by that of an edge that leaves the set, which may be too large for a double. */
    double leaving = 1, other = exp(-tau / sqrt(size));
    total *= other;
    for (size_t e = 0; e < edges; e++) {
      if (in[edge[2 * e]]) total += leaving - other;
      received[edge[2 * e + 1]] += in[edge[2 * e]] ? leaving : other;
      if (in[edge[2 * e]]) next[edge[2 * e + 1]] = 1;
    }
    for (size_t i = 0; i < 2; i++) received[candidate[i]] += other;
    for (size_t v = 0; v < n; v++) {
      double there = received[v] / total + (in[v] ? 1 / sqrt(size) : 0);
      exact &= next[v] ? there >= 1.25 * threshold : there <= 0.75 * threshold;
      in[v] = next[v];
    }
  }
done:
  lat_free(in);
  lat_free(received);
  return exact;
}
