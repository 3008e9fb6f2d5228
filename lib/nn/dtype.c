#include "lib/nn/dtype.h"

#include <math.h>

#include "lib/base/status.h"
#include "lib/nn/dtype_round.h"

static const struct {
  const char *name;
  unsigned exponent_bits, mantissa_bits;
} formats[LAT_DTYPES] = {[LAT_DTYPE_FP32] = {"fp32", 8, 23},
                         [LAT_DTYPE_BF16] = {"bf16", 8, 7},
                         [LAT_DTYPE_FP16] = {"fp16", 5, 10},
                         [LAT_DTYPE_FP8_E4M3] = {"fp8-e4m3", 4, 3},
                         [LAT_DTYPE_FP8_E5M2] = {"fp8-e5m2", 5, 2}};

double lat_dtype_round_double(enum lat_dtype dtype, double x) { return lat_dtype_nearest(lat_dtype_shape(dtype), x); }

float lat_dtype_round(enum lat_dtype dtype, float x) { return (float)lat_dtype_round_double(dtype, (double)x); }

/* Inlined once for each format, so that its constants are known. */
static inline void round_all(enum lat_dtype dtype, size_t n, const float *x, float *y) {
  const struct lat_dtype_shape shape = lat_dtype_shape(dtype);
#pragma omp simd
  for (size_t i = 0; i < n; i++) y[i] = (float)lat_dtype_nearest(shape, (double)x[i]);
}

void lat_dtype_round_all(enum lat_dtype dtype, size_t n, const float *x, float *y) {
  switch (dtype) {
    case LAT_DTYPE_BF16: round_all(LAT_DTYPE_BF16, n, x, y); break;
    case LAT_DTYPE_FP16: round_all(LAT_DTYPE_FP16, n, x, y); break;
    case LAT_DTYPE_FP8_E4M3: round_all(LAT_DTYPE_FP8_E4M3, n, x, y); break;
    case LAT_DTYPE_FP8_E5M2: round_all(LAT_DTYPE_FP8_E5M2, n, x, y); break;
    case LAT_DTYPE_FP32:
    case LAT_DTYPES:
      for (size_t i = 0; i < n; i++) y[i] = x[i];
      break;
  }
}

struct lat_dtype_facts lat_dtype_facts(enum lat_dtype dtype) {
  unsigned e = formats[dtype].exponent_bits, p = formats[dtype].mantissa_bits;
  int bias = (1 << (e - 1)) - 1;
  struct lat_dtype_facts facts = {.bits = 1 + e + p, .exponent_bits = e, .mantissa_bits = p};
  uint64_t codes = (uint64_t)1 << (e + p), fraction = (uint64_t)1 << p; /* without the sign; values of one exponent */
  facts.unit_roundoff = ldexp(1, -(int)p - 1);
  facts.smallest_normal = ldexp(1, 1 - bias);
  facts.smallest = ldexp(facts.smallest_normal, -(int)p);
  if (dtype == LAT_DTYPE_FP8_E4M3) { /* the highest exponent holds numbers too, but for one code that is NaN */
    facts.largest = ldexp(2 - 2 * ldexp(1, -(int)p), bias + 1);
    facts.finite = 2 * (codes - 1) - 1;
  } else { /* the highest exponent is kept for infinity and NaN */
    facts.largest = ldexp(2 - ldexp(1, -(int)p), bias);
    facts.finite = 2 * (codes - fraction) - 1;
  }
  return facts;
}

const char *lat_dtype_name(enum lat_dtype dtype) { return formats[dtype].name; }

int lat_dtype_parse(const char *name, enum lat_dtype *dtype) {
  for (unsigned i = 0; i < LAT_DTYPES; i++)
    if (strcmp(name, formats[i].name) == 0) {
      *dtype = (enum lat_dtype)i;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "'%.80s' is no number format: fp32, bf16, fp16, fp8-e4m3 or fp8-e5m2", name);
}
