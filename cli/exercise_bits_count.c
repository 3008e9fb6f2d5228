/* Counting by brute force. Values of fp8-e4m3 are whole multiples of the smallest one, so directions are compared exactly: as
 * fractions, which differ when their nearest doubles do (numerators and denominators stay below 2^21), or as reduced
 * triples. What order and signs do to a count is worked out instead of counted again. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/exercise_bits.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

/* The value of one code, by the widths; NAN for codes that are no finite number. */
static double decode(const struct lat_dtype_facts *facts, enum lat_dtype dtype, uint64_t code) {
  unsigned M = facts->mantissa_bits, E = facts->exponent_bits;
  int bias = (1 << (E - 1)) - 1, exponent = (int)(code >> M & ((1U << E) - 1)), top = (1 << E) - 1;
  double mantissa = (double)(code & (((uint64_t)1 << M) - 1)), one = ldexp(1, (int)M), sign = code >> (E + M) & 1 ? -1 : 1;
  if (exponent == top && (dtype != LAT_DTYPE_FP8_E4M3 || mantissa == one - 1)) return (double)NAN;
  if (exponent == 0) return sign * ldexp(mantissa, 1 - bias - (int)M);
  return sign * ldexp(one + mantissa, exponent - bias - (int)M);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static uint64_t count_distinct(double *value, size_t count) {
  uint64_t distinct = count > 0;
  qsort(value, count, sizeof *value, by_value);
  for (size_t i = 1; i < count; i++) distinct += value[i] != value[i - 1]; /* -0 equals +0 */
  return distinct;
}

int lat_bits_count_finite(enum lat_dtype dtype, uint64_t *distinct, size_t *strangers) {
  struct lat_dtype_facts facts = lat_dtype_facts(dtype);
  *distinct = *strangers = 0;
  if (facts.bits > 16) return LAT_OK;
  size_t codes = (size_t)1 << facts.bits, count = 0;
  double *value = lat_alloc(codes, sizeof *value);
  if (value == NULL) return LAT_MEMORY;
  for (size_t code = 0; code < codes; code++) {
    double x = decode(&facts, dtype, code);
    if (isnan(x)) continue;
    *strangers += !((double)lat_dtype_round(dtype, (float)x) == x);
    value[count++] = x;
  }
  *distinct = count_distinct(value, count);
  lat_free(value);
  return LAT_OK;
}

enum { NON_NEGATIVE = 127 }; /* values of fp8-e4m3 that are not below 0 */

/* In units of the smallest positive one, ascending; value[0] = 0. */
static void units(double value[NON_NEGATIVE]) {
  struct lat_dtype_facts facts = lat_dtype_facts(LAT_DTYPE_FP8_E4M3);
  for (uint64_t code = 0; code < NON_NEGATIVE; code++)
    value[code] = decode(&facts, LAT_DTYPE_FP8_E4M3, code) / facts.smallest;
}

static uint64_t divisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* Directions with every entry positive. */
static int count_positive(size_t entries, uint64_t *count) {
  double value[NON_NEGATIVE];
  size_t n = NON_NEGATIVE - 1, size = entries == 2 ? n * n : n * n * n, at = 0;
  double *key = lat_alloc(size, sizeof *key);
  if (key == NULL) return LAT_MEMORY;
  units(value);
  for (size_t a = 1; a <= n; a++)
    for (size_t b = 1; b <= n; b++) {
      if (entries == 2) {
        key[at++] = value[a] / value[b];
        continue;
      }
      for (size_t c = 1; c <= n; c++) {
        uint64_t x = (uint64_t)value[a], y = (uint64_t)value[b], z = (uint64_t)value[c], d = divisor(divisor(x, y), z);
        uint64_t packed = (x / d) << 36 | (y / d) << 18 | z / d; /* each below 2^18: as bits, they never are a NaN */
        memcpy(&key[at++], &packed, sizeof packed);
      }
    }
  *count = count_distinct(key, size);
  lat_free(key);
  return LAT_OK;
}

int lat_bits_count_rmsnorm(size_t entries, uint64_t *count) {
  uint64_t pairs, triples = 0;
  int status;
  LAT_TRY(status, count_positive(2, &pairs));
  if (entries == 3) LAT_TRY(status, count_positive(3, &triples));
  /* by the number of entries that are not 0, each of them of either sign; and the zero vector */
  *count = entries == 2 ? 2 * 2 + 4 * pairs + 1 : 3 * 2 + 3 * 4 * pairs + 8 * triples + 1;
done:
  return status;
}

int lat_bits_count_layernorm(size_t entries, uint64_t *count) {
  double value[NON_NEGATIVE], all[2 * NON_NEGATIVE - 1];
  size_t n = 2 * NON_NEGATIVE - 1, at = 0;
  if (entries == 2) { /* (x, y) becomes (1, -1), (-1, 1) or nothing */
    *count = 3;
    return LAT_OK;
  }
  units(value);
  for (size_t i = 0; i < n; i++) all[i] = i < NON_NEGATIVE ? -value[NON_NEGATIVE - 1 - i] : value[i - NON_NEGATIVE + 1];
  double *key = lat_alloc(n * n * n / 6 + 1, sizeof *key);
  if (key == NULL) return LAT_MEMORY;
  /* Three different values in order x < y < z: the direction is the ratio of their distances, in 6 orders. */
  for (size_t x = 0; x < n; x++)
    for (size_t y = x + 1; y < n; y++)
      for (size_t z = y + 1; z < n; z++) key[at++] = (all[y] - all[x]) / (all[z] - all[y]);
  /* Two equal values below or above the third, in 3 orders each; all equal. */
  *count = 6 * count_distinct(key, at) + 3 + 3 + 1;
  lat_free(key);
  return LAT_OK;
}

static double gaussian(struct lat_random *random) {
  double radius = sqrt(-2 * log1p(-lat_random_uniform(random)));
  return radius * cos(2 * acos(-1.0) * lat_random_uniform(random));
}

double lat_bits_through_noise(unsigned bits, double snr, size_t samples, double *error) {
  size_t levels = (size_t)1 << bits;
  /* Levels -(M-1) .. M-1 in steps of 2 have mean square (M^2 - 1) / 3. */
  double spacing = sqrt(3 / ((double)levels * (double)levels - 1)), sum = 0, squares = 0;
  struct lat_random random;
  lat_random_start(&random, 0, "exercise noise", bits);
  for (size_t n = 0; n < samples; n++) {
    size_t sent = (size_t)lat_random_below(&random, levels);
    double noise = gaussian(&random) / sqrt(snr), likelihood = 0;
    for (size_t j = 0; j < levels; j++) {
      double off = 2 * ((double)sent - (double)j) * spacing + noise;
      likelihood += exp(-0.5 * snr * (off * off - noise * noise));
    }
    double information = (double)bits - log2(likelihood);
    sum += information;
    squares += information * information;
  }
  double mean = sum / (double)samples;
  *error = sqrt(fmax(squares / (double)samples - mean * mean, 0) / (double)samples);
  return mean;
}

double lat_bits_cover(double rows, size_t entries) {
  if (rows <= (double)entries) return rows; /* every pattern */
  double largest = 0, sum = 0;              /* of ln C(r - 1, k); C(r - 1, 0) = 1 */
  for (size_t k = 1; k < entries; k++)
    largest = fmax(largest, lgamma(rows) - lgamma((double)k + 1) - lgamma(rows - (double)k));
  for (size_t k = 1; k < entries; k++)
    sum += exp(lgamma(rows) - lgamma((double)k + 1) - lgamma(rows - (double)k) - largest);
  sum += exp(-largest);
  return 1 + (largest + log(sum)) / log(2.0);
}

/* Every region of three dimensions touches the line in which two of the planes meet, one way or the other: so the patterns
 * are those seen next to these lines. */
int lat_bits_count_patterns(size_t rows, uint64_t *count) {
  struct lat_random random;
  double row[16][3];
  uint64_t seen[1024]; /* one bit a pattern of at most 16 rows */
  memset(seen, 0, sizeof seen);
  if (rows < 2 || rows > 16) return LAT_FAIL(LAT_INPUT, "%zu rows: 2 to 16 can be counted", rows);
  lat_random_start(&random, 0, "exercise planes", rows);
  for (size_t i = 0; i < rows; i++)
    for (int k = 0; k < 3; k++) row[i][k] = gaussian(&random);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = i + 1; j < rows; j++)
      for (int way = -1; way <= 1; way += 2) {
        const double *a = row[i], *b = row[j];
        const double line[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
        size_t pattern = 0;
        for (size_t r = 0; r < rows; r++) {
          double side = way * (row[r][0] * line[0] + row[r][1] * line[1] + row[r][2] * line[2]);
          if (r != i && r != j && side > 0) pattern |= (size_t)1 << r;
        }
        for (int corner = 0; corner < 4; corner++) {
          size_t here = pattern | (size_t)(corner & 1) << i | (size_t)(corner >> 1) << j;
          seen[here / 64] |= (uint64_t)1 << (here % 64);
        }
      }
  *count = 0;
  for (size_t w = 0; w < 1024; w++) *count += (uint64_t)__builtin_popcountll(seen[w]);
  return LAT_OK;
}

int lat_bits_read_argmax(size_t rows, size_t entries, size_t samples, size_t *winners, double *entropy) {
  struct lat_random random;
  double *row = lat_alloc(rows * entries, sizeof *row), *state = lat_alloc(entries, sizeof *state);
  size_t *won = lat_calloc(rows, sizeof *won);
  int status = LAT_OK;
  LAT_CHECK(status, row != NULL && state != NULL && won != NULL, LAT_MEMORY, "no memory for a reader");
  lat_random_start(&random, 0, "exercise reader", entries);
  for (size_t i = 0; i < rows * entries; i++) row[i] = gaussian(&random);
  for (size_t n = 0; n < samples; n++) {
    size_t best = 0;
    double highest = -HUGE_VAL;
    for (size_t k = 0; k < entries; k++) state[k] = gaussian(&random);
    for (size_t r = 0; r < rows; r++) {
      double logit = 0;
      for (size_t k = 0; k < entries; k++) logit += row[r * entries + k] * state[k];
      if (logit > highest) highest = logit, best = r;
    }
    won[best]++;
  }
  *winners = 0;
  *entropy = 0;
  for (size_t r = 0; r < rows; r++) {
    double share = (double)won[r] / (double)samples;
    *winners += won[r] > 0;
    if (won[r] > 0) *entropy -= share * log2(share);
  }
done:
  lat_free(row);
  lat_free(state);
  lat_free(won);
  return status;
}
