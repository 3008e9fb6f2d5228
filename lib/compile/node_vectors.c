#include "lib/compile/node_vectors.h"

#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

/* Two normal numbers from two uniform ones (Box and Muller 1958); 1 - u is never 0. */
static void normals(struct lat_random *random, double pair[2]) {
  double radius = sqrt(-2 * log(1 - lat_random_uniform(random))), angle = 2 * M_PI * lat_random_uniform(random);
  pair[0] = radius * cos(angle);
  pair[1] = radius * sin(angle);
}

static double product(size_t n, const double *x, const double *y) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

int lat_node_vectors(size_t nodes, size_t width, uint64_t seed, uint64_t index, float *vector) {
  struct lat_random random;
  int orthogonal = width >= nodes;
  double *rows = lat_alloc(orthogonal ? nodes * width : width, sizeof *rows), pair[2] = {0, 0};
  if (rows == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for %zu vectors of %zu numbers", nodes, width);
  lat_random_start(&random, seed, "node vectors", index);
  for (size_t v = 0; v < nodes; v++) {
    double *row = rows + (orthogonal ? v * width : 0);
    for (size_t i = 0; i < width; i++) {
      if (i % 2 == 0) normals(&random, pair);
      row[i] = pair[i % 2];
    }
    for (int pass = 0; pass < 2 && orthogonal; pass++)
      for (size_t w = 0; w < v; w++) {
        double along = product(width, row, rows + w * width);
        for (size_t i = 0; i < width; i++) row[i] -= along * rows[w * width + i];
        if (w + 1 < v) continue;
        double length = sqrt(product(width, row, row));
        for (size_t i = 0; i < width; i++) row[i] /= length;
      }
    double length = sqrt(product(width, row, row));
    for (size_t i = 0; i < width; i++) {
      row[i] /= length;
      vector[v * width + i] = (float)row[i];
    }
  }
  lat_free(rows);
  return LAT_OK;
}
