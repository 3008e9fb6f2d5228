#include "lib/info/softmax_channel.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

int lat_softmax_channel_matrix(const double *logits, size_t K, size_t V, double temperature, double *p) {
  if (K < 1 || V < 1 || !(temperature >= 0) || !isfinite(temperature))
    return LAT_FAIL(LAT_INPUT, "%zu states, %zu tokens, temperature %g", K, V, temperature);
  for (size_t k = 0; k < K; k++) {
    const double *z = logits + k * V;
    double largest = z[0], sum = 0;
    for (size_t v = 0; v < V; v++) {
      if (!isfinite(z[v])) return LAT_FAIL(LAT_INPUT, "logit %zu of state %zu is not finite", v, k);
      largest = fmax(largest, z[v]);
    }
    for (size_t v = 0; v < V; v++) {
      double away = z[v] - largest;
      p[k * V + v] = temperature > 0 ? exp(away / temperature) : away == 0;
      sum += p[k * V + v];
    }
    for (size_t v = 0; v < V; v++) p[k * V + v] /= sum;
  }
  return LAT_OK;
}

int lat_softmax_channel_capacity(const double *logits, size_t K, size_t V, double temperature, double tolerance,
                                 size_t most, double *input, struct lat_capacity *capacity) {
  int status = LAT_OK;
  double *p = lat_alloc(K * V, sizeof *p);
  LAT_CHECK(status, p != NULL, LAT_MEMORY, "no memory for %zu states and %zu tokens", K, V);
  LAT_TRY(status, lat_softmax_channel_matrix(logits, K, V, temperature, p));
  LAT_TRY(status, lat_blahut_capacity(p, K, V, tolerance, most, input, capacity));
done:
  lat_free(p);
  return status;
}

/* H(p) = ln Z - (e^g / Z) g with Z = e^g + V - 1, everything divided by e^g so that nothing overflows. */
double lat_softmax_channel_symmetric(size_t V, double margin, double temperature) {
  assert(V >= 1 && margin >= 0 && temperature >= 0);
  double all = log2((double)V);
  if (temperature == 0) return margin > 0 ? all : 0;
  double g = margin / temperature, others = (double)(V - 1) * exp(-g);
  double own = 1 / (1 + others), entropy = log1p(others) + (others > 0 ? g * (1 - own) : 0);
  return fmax(all - entropy / M_LN2, 0);
}
