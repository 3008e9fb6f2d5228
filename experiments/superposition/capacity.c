/* How many of n random unit vectors can be read back from their sum in d < n channels. Node v counts as in the set when its product
 * with the sum t is over 1/2: what a linear layer and a step can do. |t|^2 has mean k, and a node outside sees |t| times one
 * coordinate x of a random unit vector, (1 + x) / 2 ~ Beta((d - 1) / 2, (d - 1) / 2), nearly N(0, 1 / d); a member sees 1 plus the
 * same of the k - 1 others. With |t| at its mean and the nodes independent, all n are on the right side with probability
 * (1 - Q(1 / (2 sqrt(k - 1))))^k (1 - Q(1 / (2 sqrt k)))^(n - k), Q(y) = P(x > y): about 1/2 at k = d / (8 ln n). */
#include <gsl/gsl_cdf.h>
#include <math.h>

#include "experiments/superposition/parts.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/node_vectors.h"

/* P(x > 1 / (2 sqrt k)) */
static double tail(size_t d, size_t k) {
  double half = 0.5 * ((double)d - 1), y = 0.5 / sqrt((double)k);
  return d > 1 ? gsl_cdf_beta_Q(0.5 * (1 + y), half, half) : 0.5;
}

static double estimate(size_t n, size_t d, size_t k) {
  double inside = k > 1 ? tail(d, k - 1) : 0;
  return exp((double)k * log1p(-inside) + (double)(n - k) * log1p(-tail(d, k)));
}

static int reads_back(size_t n, size_t d, size_t k, const float *vector, const uint32_t *order, const float *sum) {
  for (size_t i = 0; i < n; i++) {
    const float *u = vector + order[i] * d;
    float product = 0;
    for (size_t j = 0; j < d; j++) product += u[j] * sum[j];
    if ((product > 0.5f) != (i < k)) return 0;
  }
  return 1;
}

int lat_superposition_capacity(struct lat_run *run, size_t n, size_t d, size_t trials, uint64_t seed) {
  int status = LAT_OK;
  size_t count = 0;
  float *vector = lat_alloc(n + 1, d * sizeof *vector), *sum = vector + n * d;
  uint32_t *order = lat_alloc(n, sizeof *order);
  int64_t *integer = lat_calloc(2 * n, sizeof *integer), *size = integer, *exact = integer + n;
  double *real = lat_calloc(2 * n, sizeof *real), *theory = real, *bits = real + n;
  LAT_CHECK(status, vector != NULL && order != NULL && integer != NULL && real != NULL, LAT_MEMORY,
            "no memory for %zu vectors of %zu numbers", n, d);
  /* Sizes at most a seventh apart, up to half of the nodes, while theory gives them a chance. */
  for (size_t k = 1; k <= n / 2; k += k < 7 ? 1 : k / 7) {
    size[count] = (int64_t)k;
    theory[count] = estimate(n, d, k);
    bits[count] = lat_superposition_bits(n, k);
    if (theory[count++] < 1e-6) break;
  }
  for (size_t trial = 0; trial < trials; trial++) {
    struct lat_random random;
    LAT_TRY(status, lat_node_vectors(n, d, seed, trial, vector));
    lat_random_start(&random, seed, "frontier", trial);
    lat_random_permutation(&random, order, n);
    for (size_t j = 0; j < d; j++) sum[j] = 0;
    for (size_t i = 0, next = 0; next < count; i++) { /* the sets of one trial grow by the next nodes of its order */
      for (size_t j = 0; j < d; j++) sum[j] += vector[order[i] * d + j];
      if ((int64_t)(i + 1) == size[next]) {
        exact[next] += reads_back(n, d, i + 1, vector, order, sum);
        next++;
      }
    }
    LAT_TRY(status, lat_run_progress(run, (double)(trial + 1) / (double)trials));
  }
  LAT_TRY(status, lat_put_integers(run, "set", 1, &count, size));
  LAT_TRY(status, lat_put_integers(run, "read", 1, &count, exact));
  LAT_TRY(status, lat_put_reals(run, "read_theory", 1, &count, theory));
  LAT_TRY(status, lat_put_reals(run, "set_bits", 1, &count, bits));
done:
  lat_free(real);
  lat_free(integer);
  lat_free(order);
  lat_free(vector);
  return status;
}
