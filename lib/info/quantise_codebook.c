#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/quantise.h"

static double apart(const float *a, const float *b, size_t d) {
  double sum = 0;
  for (size_t c = 0; c < d; c++) {
    double off = (double)a[c] - (double)b[c];
    sum += off * off;
  }
  return sum;
}

/* index and away [n]: the nearest code and its squared distance. One example, one writer. */
static void assign(const float *x, size_t n, size_t d, const float *codes, size_t K, uint32_t *index, double *away) {
#pragma omp parallel for schedule(static)
  for (size_t i = 0; i < n; i++) {
    index[i] = 0;
    away[i] = apart(x + i * d, codes, d);
    for (size_t k = 1; k < K; k++) {
      double distance = apart(x + i * d, codes + k * d, d);
      if (distance < away[i]) away[i] = distance, index[i] = (uint32_t)k;
    }
  }
}

/* k-means++: each further code is an example drawn with a probability proportional to its squared distance from the codes so far. */
static void start(const float *x, size_t n, size_t d, size_t K, uint64_t seed, float *codes, double *away) {
  struct lat_random random;
  lat_random_start(&random, seed, "codebook", 0);
  for (size_t k = 0; k < K; k++) {
    size_t chosen = (size_t)lat_random_below(&random, n);
    if (k > 0) {
      double total = 0, sum = 0;
      for (size_t i = 0; i < n; i++) total += away[i];
      double goal = lat_random_uniform(&random) * total;
      for (size_t i = 0; i < n && total > 0; i++) {
        if (!(away[i] > 0)) continue;
        chosen = i;
        sum += away[i];
        if (sum > goal) break;
      }
    }
    memcpy(codes + k * d, x + chosen * d, d * sizeof *codes);
    for (size_t i = 0; i < n; i++) {
      double distance = apart(x + i * d, codes + k * d, d);
      away[i] = k == 0 ? distance : fmin(away[i], distance);
    }
  }
}

/* Codes to the means of their vectors; one without any takes the vector that is furthest off, once each. */
static void move(const float *x, size_t n, size_t d, size_t K, const uint32_t *index, double *away, double *sum,
                 size_t *count, float *codes) {
  memset(sum, 0, K * d * sizeof *sum);
  memset(count, 0, K * sizeof *count);
  for (size_t i = 0; i < n; i++) {
    count[index[i]]++;
    for (size_t c = 0; c < d; c++) sum[index[i] * d + c] += (double)x[i * d + c];
  }
  for (size_t k = 0; k < K; k++) {
    for (size_t c = 0; c < d && count[k] > 0; c++) codes[k * d + c] = (float)(sum[k * d + c] / (double)count[k]);
    if (count[k] > 0) continue;
    size_t furthest = 0;
    for (size_t i = 1; i < n; i++)
      if (away[i] > away[furthest]) furthest = i;
    memcpy(codes + k * d, x + furthest * d, d * sizeof *codes);
    away[furthest] = 0;
  }
}

int lat_quantise_train(const float *x, size_t n, size_t d, size_t K, size_t rounds, uint64_t seed, float *codes,
                       size_t *used) {
  int status = LAT_OK;
  uint32_t *index = lat_alloc(2 * n, sizeof *index), *before = index + n;
  double *away = lat_alloc(n, sizeof *away), *sum = lat_alloc(K * d, sizeof *sum);
  size_t *count = lat_alloc(K, sizeof *count), round = 0;
  LAT_CHECK(status, index != NULL && away != NULL && sum != NULL && count != NULL, LAT_MEMORY,
            "no memory for %zu codes of %zu numbers", K, d);
  LAT_CHECK(status, K >= 1 && K <= n, LAT_INPUT, "%zu codes for %zu vectors: from 1 to the number of vectors", K, n);
  for (size_t i = 0; i < n * d; i++)
    LAT_CHECK(status, isfinite((double)x[i]), LAT_INPUT, "number %zu of vector %zu is not finite", i % d, i / d);
  start(x, n, d, K, seed, codes, away);
  for (; round < rounds; round++) {
    memcpy(before, index, n * sizeof *index);
    assign(x, n, d, codes, K, index, away);
    if (round > 0 && memcmp(before, index, n * sizeof *index) == 0) break;
    move(x, n, d, K, index, away, sum, count, codes);
  }
  if (used != NULL) *used = round;
done:
  lat_free(index);
  lat_free(away);
  lat_free(sum);
  lat_free(count);
  return status;
}

int lat_quantise_codebook(const float *x, size_t n, size_t d, const float *codes, size_t K, uint32_t *index, float *out,
                          struct lat_distortion *distortion) {
  int status = LAT_OK;
  uint32_t *nearest = lat_alloc(n, sizeof *nearest);
  double *away = lat_alloc(n, sizeof *away), sum = 0;
  LAT_CHECK(status, nearest != NULL && away != NULL, LAT_MEMORY, "no memory for %zu vectors", n);
  assign(x, n, d, codes, K, nearest, away);
  for (size_t i = 0; i < n; i++) {
    LAT_CHECK(status, isfinite(away[i]), LAT_INPUT, "vector %zu or a code is not finite", i);
    sum += away[i];
    if (index != NULL) index[i] = nearest[i];
    if (out != NULL) memcpy(out + i * d, codes + nearest[i] * d, d * sizeof *out);
  }
  *distortion = (struct lat_distortion){log2((double)K), sum / (double)(n * d)};
done:
  lat_free(nearest);
  lat_free(away);
  return status;
}
