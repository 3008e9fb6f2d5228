/* Number formats, emulated: what a model stores its numbers in and what it sums them in.
 *
 * A value of a narrow format is kept as the float that it equals. Rounding is to nearest, ties to even, with subnormals; what
 * is beyond the range becomes an infinity (fp16, bf16, fp8-e5m2) or NaN (fp8-e4m3, which has no infinity). Formats: IEEE
 * 754-2019 binary16 and binary32; bfloat16; OCP 8-bit floating point specification 1.0 (E4M3, E5M2), after Micikevicius et
 * al. 2022. */
#ifndef LAT_NN_DTYPE_H
#define LAT_NN_DTYPE_H

#include <stddef.h>
#include <stdint.h>

enum lat_dtype { LAT_DTYPE_FP32, LAT_DTYPE_BF16, LAT_DTYPE_FP16, LAT_DTYPE_FP8_E4M3, LAT_DTYPE_FP8_E5M2, LAT_DTYPES };

/* What the kernels compute in. Both fp32 (all zero): the ordinary, fast kernels. Anything else: the emulating ones, which
 * round every stored number (weights, activations, residual stream) to `storage` and every partial sum to `accumulate`.
 * Which number is which: lib/nn/emulate.h. */
struct lat_arithmetic {
  enum lat_dtype storage, accumulate;
};

static inline int lat_arithmetic_is_plain(struct lat_arithmetic arithmetic) {
  return arithmetic.storage == LAT_DTYPE_FP32 && arithmetic.accumulate == LAT_DTYPE_FP32;
}

/* The nearest value of the format, as a float. */
float lat_dtype_round(enum lat_dtype dtype, float x);
/* The same for a double, with one rounding. */
double lat_dtype_round_double(enum lat_dtype dtype, double x);
/* y_i = round(x_i); y may be x. */
void lat_dtype_round_all(enum lat_dtype dtype, size_t n, const float *x, float *y);

/* Facts of the format, from its widths. */
struct lat_dtype_facts {
  unsigned bits, exponent_bits, mantissa_bits; /* stored bits of mantissa: 23, 7, 10, 3, 2 */
  double unit_roundoff;                        /* 2^-(mantissa_bits + 1) */
  double smallest, smallest_normal, largest;   /* positive, finite */
  uint64_t finite;                             /* distinct finite values: +0 and -0 are one */
};
struct lat_dtype_facts lat_dtype_facts(enum lat_dtype dtype);

const char *lat_dtype_name(enum lat_dtype dtype);             /* "fp32" "bf16" "fp16" "fp8-e4m3" "fp8-e5m2" */
int lat_dtype_parse(const char *name, enum lat_dtype *dtype); /* LAT_INPUT with the allowed names */

#endif
