/* Explicit feed-forward weights, unit by unit: what the machines of lib/compile/doubling.h are put together from.
 *
 * Run once with layer = NULL it only counts units, which gives the model its ffn; run again it writes the weights. All
 * units are ReLU. On channels that hold -1, 0 and 1, and flags that hold 0 and 1, everything here is exact. */
#ifndef LAT_COMPILE_ASSEMBLY_H
#define LAT_COMPILE_ASSEMBLY_H

#include "lib/nn/transformer.h"

struct lat_assembly {
  struct lat_layer *layer; /* NULL: count only */
  size_t width, ffn, units;
};

/* A new unit ReLU(bias + what is read). */
size_t lat_assembly_unit(struct lat_assembly *assembly, float bias);
void lat_assembly_read(const struct lat_assembly *assembly, size_t unit, size_t column, float weight);
void lat_assembly_write(const struct lat_assembly *assembly, size_t unit, size_t column, float weight);

/* Takes `count` columns back to 0: x - ReLU(x) + ReLU(-x). Two units a column. */
void lat_assembly_clear(struct lat_assembly *assembly, size_t column, size_t count);
/* to += sign * from where the column `flag` is 1, nothing where it is 0: ReLU(x + flag - 1) - ReLU(-x + flag - 1). Two units
 * a column. */
void lat_assembly_gate(struct lat_assembly *assembly, size_t flag, size_t from, size_t to, size_t count, float sign);

/* Rows of a projection: row `first` + k reads column `column` + k with the weight. */
void lat_assembly_project(const struct lat_assembly *assembly, struct lat_linear *linear, size_t first, size_t column,
                          size_t count, float weight);
/* Attention's output: column `column` + k receives number `first` + k of all heads' values, of `values` in all. */
void lat_assembly_output(const struct lat_assembly *assembly, size_t values, size_t first, size_t column, size_t count);

/* Bits that tell `count` things apart, at least 1; and bit b of `number` as -1 or 1. */
size_t lat_assembly_bits(size_t count);
static inline float lat_assembly_sign(size_t number, size_t b) { return number >> b & 1 ? 1.0f : -1.0f; }

/* Query weight on +-1 address codes with attention scale 1: a wrong address falls behind by at least twice this, and exp(-128)
 * is 0 in single precision with denormals. */
#define LAT_ASSEMBLY_BETA 64.0f

#endif
