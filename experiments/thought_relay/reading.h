/* Merged results of thought_relay, by setting: for tables.c and analyse.c. */
#ifndef LAT_EXPERIMENTS_THOUGHT_RELAY_READING_H
#define LAT_EXPERIMENTS_THOUGHT_RELAY_READING_H

#include "experiments/learned_depth/fitting.h"
#include "lib/sweep/experiment.h"

enum { LAT_RELAY_RUNS = 64, LAT_RELAY_VALUES = 64, LAT_RELAY_READERS = 3, LAT_RELAY_WAYS = 5 };

struct lat_relay_results {
  const struct lat_merged *merged;
  struct lat_analysis *analysis;
  /* By the reader's hidden layers, filled by the tables; NaN: no fit. */
  double slope[LAT_RELAY_READERS], slope_low[LAT_RELAY_READERS], slope_high[LAT_RELAY_READERS],
      intercept[LAT_RELAY_READERS];
  double widest; /* median recovered by the widest continuous thought */
  int64_t widest_width;
};

/* The runs of a setting, which differ in seed. */
struct lat_relay_key {
  const char *thought;
  int64_t bits;
  const char *arm;
};
struct lat_relay_set {
  size_t count, point[LAT_RELAY_RUNS];
};

int lat_relay_fits(const struct lat_relay_results *r, const struct lat_relay_key *key, size_t point);
/* Where several learning rates were tried, of the one whose median validation is best. */
struct lat_relay_set lat_relay_pick(const struct lat_relay_results *r, const struct lat_relay_key *key);
/* Of an output over the runs; one that failed has recovered nothing. The interval of `recovered` ends at what
 * the channel can carry. */
struct lat_spread lat_relay_spread(const struct lat_relay_results *r, const struct lat_relay_set *set, const char *name);
/* Different values of "bits", "width" or "codes" among the points whose thought begins with `kind`, sorted; how many. */
size_t lat_relay_values(const struct lat_relay_results *r, const char *kind, const char *name,
                        int64_t value[LAT_RELAY_VALUES]);
/* The number of bits whose median validation is best; *set its runs. */
int64_t lat_relay_best_bits(const struct lat_relay_results *r, struct lat_relay_key key, struct lat_relay_set *set);
/* The ways to use K codes: codebook with log2 K bits, 12 at once, 12 after log2 K; gumbel with log2 K, 12 at once. The text is the key's. */
struct lat_relay_key lat_relay_code_key(size_t way, char thought[32], int64_t codes);

int lat_relay_tables(struct lat_relay_results *r);

#endif
