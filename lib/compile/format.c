#include "lib/compile/format.h"

#include <math.h>

#include "lib/compile/construct.h"
#include "lib/compile/layout.h"
#include "lib/nn/emulate.h"

/* GELU(t x) / t with t = 32 has passed its bend at |x| = 0.41, below the 1/2 that the clip needs with slope 1. */
enum { LARGEST_WIDTH = 1024, GELU_SCALE_E4M3 = 32 };

double lat_format_scale(size_t address_bits) { return exp2(rint(-log2((double)address_bits) / 2)); }

static unsigned precision(enum lat_dtype dtype) { return lat_dtype_facts(dtype).mantissa_bits + 1; }

unsigned lat_format_query_bits(struct lat_arithmetic arithmetic, size_t address_bits) {
  unsigned bits = LAT_CONSTRUCT_MANTISSA_BITS, stored = precision(arithmetic.storage), count = 0;
  unsigned sums = precision(arithmetic.accumulate);
  while (address_bits >> count != 0) count++; /* a score is a whole number of at most m query weights */
  unsigned left = sums > count ? sums - count : 1;
  if (stored < bits) bits = stored;
  return left < bits ? left : bits;
}

float lat_format_query_weight(struct lat_arithmetic arithmetic, double beta, size_t address_bits) {
  int bits = (int)lat_format_query_bits(arithmetic, address_bits), exponent;
  double mantissa = frexp(beta / lat_format_scale(address_bits), &exponent);
  return (float)ldexp(rint(ldexp(mantissa, bits)), exponent - bits);
}

double lat_format_largest_beta(struct lat_arithmetic arithmetic, size_t address_bits) {
  double stored = lat_dtype_facts(arithmetic.storage).largest;
  double summed = lat_dtype_facts(arithmetic.accumulate).largest / (double)address_bits;
  double most = stored < summed ? stored : summed;
  return exp2(floor(log2(most))) * lat_format_scale(address_bits);
}

double lat_format_numbered_query(struct lat_arithmetic arithmetic, size_t address_bits, long index) {
  unsigned bits = lat_format_query_bits(arithmetic, address_bits);
  double scale = lat_format_scale(address_bits), most = lat_format_largest_beta(arithmetic, address_bits) / scale;
  long per_octave = 1L << (bits - 1);
  double weight = ldexp((double)(per_octave + index % per_octave), (int)(index / per_octave) - (int)bits - 3);
  return weight <= most && weight * scale <= 2 * LAT_CONSTRUCT_BIT_EXACT_BETA ? weight : 0;
}

float lat_format_activation_scale(enum lat_activation activation, struct lat_arithmetic arithmetic) {
  int short_range = arithmetic.storage == LAT_DTYPE_FP8_E4M3 || arithmetic.accumulate == LAT_DTYPE_FP8_E4M3;
  return activation != LAT_ACTIVATION_RELU && short_range ? (float)GELU_SCALE_E4M3
                                                          : lat_construct_activation_scale(activation);
}

/* What the norm makes of a channel of a row of +-1 (all +1, as only sizes count) with this gain. */
static float normed(struct lat_arithmetic arithmetic, enum lat_norm norm, const struct lat_layout *layout, int second,
                    float value) {
  float row[LARGEST_WIDTH] = {0}, gain[LARGEST_WIDTH], bias[LARGEST_WIDTH] = {0}, out[LARGEST_WIDTH];
  for (size_t c = 0; c < layout->channels; c++)
    if (second || c < layout->fetched) lat_layout_set(layout, row, c, 1.0f);
  for (size_t d = 0; d < layout->width; d++) gain[d] = value;
  lat_emulate_norm(arithmetic, norm, 1, layout->width, row, gain, norm == LAT_NORM_LAYERNORM ? bias : NULL,
                   LAT_CONSTRUCT_NORM_EPSILON, out);
  return out[0];
}

float lat_format_gain(struct lat_arithmetic arithmetic, enum lat_norm norm, const struct lat_layout *layout, int second) {
  /* The root that the formula has, and the one that these sums, which may stall, really give. */
  double wanted[2] = {sqrt(lat_construct_mean_square(layout, second) + LAT_CONSTRUCT_NORM_EPSILON),
                      1 / (double)normed(arithmetic, norm, layout, second, 1.0f)};
  double step = lat_dtype_facts(arithmetic.storage).unit_roundoff;
  for (int base = 0; base < 2; base++)
    for (int k = 0; k < 17; k++) { /* the nearest value, then those beside it on either side */
      double change = (k % 2 ? -(k + 1) / 2 : k / 2) * step;
      float value = lat_dtype_round(arithmetic.storage, (float)(wanted[base] * (1 + change)));
      if (normed(arithmetic, norm, layout, second, value) == 1.0f) return value;
    }
  return lat_dtype_round(arithmetic.storage, (float)wanted[0]);
}
