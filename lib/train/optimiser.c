#include "lib/train/optimiser.h"

#include <math.h>
#include <string.h>

#include "lib/base/status.h"

static const char *const names[] = {"adamw", "sgd"};

const char *lat_optimiser_name(enum lat_optimiser_kind kind) { return names[kind]; }

int lat_optimiser_parse(const char *name, enum lat_optimiser_kind *kind) {
  for (unsigned i = 0; i < 2; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *kind = (enum lat_optimiser_kind)i;
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "'%.80s' is no optimiser: adamw or sgd", name);
}

int lat_optimiser_check(const struct lat_optimiser *o) {
  if (!(o->beta1 >= 0 && o->beta1 < 1))
    return LAT_FAIL(LAT_INPUT, "beta1 (momentum) is %g, and 0 <= beta1 < 1 is needed", o->beta1);
  if (!(o->weight_decay >= 0 && isfinite(o->weight_decay)))
    return LAT_FAIL(LAT_INPUT, "weight decay is %g, and 0 or a positive number is needed", o->weight_decay);
  if (o->kind == LAT_OPTIMISER_SGD) return LAT_OK;
  if (!(o->beta2 >= 0 && o->beta2 < 1)) return LAT_FAIL(LAT_INPUT, "beta2 is %g, and 0 <= beta2 < 1 is needed", o->beta2);
  if (!(o->epsilon > 0 && isfinite(o->epsilon)))
    return LAT_FAIL(LAT_INPUT, "AdamW's epsilon is %g, and a positive number is needed", o->epsilon);
  return LAT_OK;
}

void lat_optimiser_step(const struct lat_optimiser *o, double rate, uint64_t t, double scale, int decays, size_t n,
                        const float *g, float *p, float *m, float *v) {
  const float factor = (float)scale, b1 = (float)o->beta1, keep = (float)(1 - rate * (decays ? o->weight_decay : 0));
  if (o->kind == LAT_OPTIMISER_SGD) {
    const float step = (float)rate;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
      m[i] = b1 * m[i] + factor * g[i];
      p[i] = keep * p[i] - step * m[i];
    }
    return;
  }
  const double correct1 = 1 - pow(o->beta1, (double)t), correct2 = 1 - pow(o->beta2, (double)t);
  const float b2 = (float)o->beta2, a1 = (float)(1 - o->beta1), a2 = (float)(1 - o->beta2);
  const float step = (float)(rate / correct1), root = (float)(1 / sqrt(correct2)), epsilon = (float)o->epsilon;
#pragma omp simd
  for (size_t i = 0; i < n; i++) {
    float slope = factor * g[i];
    m[i] = b1 * m[i] + a1 * slope;
    v[i] = b2 * v[i] + a2 * slope * slope;
    p[i] = keep * p[i] - step * m[i] / (sqrtf(v[i]) * root + epsilon);
  }
}
