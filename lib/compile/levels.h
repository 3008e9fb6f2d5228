/* Channels of M levels instead of two: a machine that does nothing but fetch and regenerate, to find out how many levels a
 * channel can have.
 *
 * N = 2^m tokens, d value channels each. Every step token i fetches the values of token i + 1 (mod N) through a pointer head
 * of sharpness beta, and a staircase of M - 1 clips takes each back to the nearest level. Level j = 0 .. M-1 is the number
 * y_j = (2 j - (M - 1)) 2^-k, 2^k the smallest power of two >= M - 1, so that y_j is exact in few bits and lies in -1 .. 1:
 *   v <- y_0 + (y_1 - y_0) sum_j clip((f - (y_(j-1) + y_j)/2) / (y_1 - y_0)),   clip(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2)
 * and f <- 0, old v <- 0 by two units each. After t steps token i holds what token i + t held.
 *
 * How many levels last (own derivation):
 *   leak      a head that leaks eps moves a value by at most eps times the range, to the other end. A step of the staircase is
 *             flat to within (1 - 1/kappa)/2 of half a spacing, so levels last exactly when
 *                (M - 1) 2 eps <= 1 - 1/kappa,     M <= 1 + (1 - 1/kappa) / (2 eps):
 *             for a steep staircase 1 + 1/(2 eps), which with eps = m exp(-2 beta) is 2/ln 2 = 2.885 bits for each unit of beta.
 *   mantissa  the units see multiples of 1/2 up to kappa (M - 3/2) + 1/2 (kappa even); with p bits of mantissa, the hidden one
 *             counted, they are exact when
 *                M <= 3/2 + (2^p - 1) / (2 kappa);
 *             beyond, the two halves of a clip round to the same number or to numbers 2 apart, and a level is lost. That takes
 *             sums in the order of the units, where the halves of a clip cancel at once. A sum in any other order can reach the
 *             sum of all sizes, kappa (M - 1)^2, and is sure to be exact only for M <= 1 + sqrt(2^(p-1) / kappa): what a BLAS
 *             gives lies between the two. */
#ifndef LAT_COMPILE_LEVELS_H
#define LAT_COMPILE_LEVELS_H

#include "lib/nn/transformer.h"

struct lat_levels_setting {
  size_t address_bits; /* m, 1 .. 16 */
  size_t levels;       /* M, >= 2 */
  size_t channels;     /* d, >= 1 */
  double beta, kappa;  /* > 0; >= 1, rounded to 12 bits of mantissa */
  struct lat_arithmetic arithmetic;
};

/* LAT_INPUT with a sentence for a setting that cannot be, LAT_MEMORY. The caller frees the model. */
int lat_levels_model(const struct lat_levels_setting *setting, struct lat_transformer **model);

/* The beta that the model's weights realise. */
double lat_levels_beta(const struct lat_levels_setting *setting);

/* y_j */
float lat_levels_value(size_t levels, size_t level);

/* Runs `batch` sequences for `steps` steps by lat_transformer_run. level [batch, N, d] are the levels that the tokens begin
 * with; *wrong counts channels that do not end nearest to the level they should hold, numbers that are not numbers among
 * them; *error (may be NULL) is the largest distance from it in spacings, infinite for those. LAT_MEMORY. */
int lat_levels_run(const struct lat_levels_setting *setting, const struct lat_transformer *model, size_t batch,
                   size_t steps, const uint32_t *level, size_t *wrong, double *error);

/* The assignment that leaks worst: token 0 holds level `level` in every channel, all others the end of the range that is
 * farther from it. level_out [N, d]. */
void lat_levels_worst(const struct lat_levels_setting *setting, size_t level, uint32_t *level_out);

/* The limits above; the first as a real number, infinite for leak 0 and 1 + 0 for kappa 1. */
double lat_levels_limit_leak(double leak, double kappa);
size_t lat_levels_limit_mantissa(unsigned mantissa_bits, double kappa); /* p, hidden bit counted */
size_t lat_levels_limit_any_order(unsigned mantissa_bits, double kappa);

#endif
