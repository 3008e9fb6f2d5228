/* The pieces of lat_thoughts_compile, one file each. */
#ifndef LAT_COMPILE_THOUGHTS_BUILD_H
#define LAT_COMPILE_THOUGHTS_BUILD_H

#include "lib/compile/thoughts.h"

/* Channels and sizes for w, b, K of the construction and S positions. */
struct lat_thoughts_layout lat_thoughts_layout_make(const struct lat_construction *construction, size_t sequence);

/* Bits of channel c when w bits go b a channel. */
static inline unsigned lat_thoughts_bits_of(size_t w, unsigned b, size_t channel) {
  size_t left = w - channel * b;
  return left < b ? (unsigned)left : b;
}

/* Weights of the layers, embeddings and head of a model that is all 0. schedule, place and gate are set. */
void lat_thoughts_build(const struct lat_netlist *netlist, struct lat_thoughts *thoughts);

/* The bound as a function of numbers. */
struct lat_thoughts_setting {
  size_t sequence, address_bits, select_bits, bits_per_step; /* S, m, ., w */
  unsigned fan_in, channel_bits;                             /* K; b, the most in a channel */
  int tokens;
  double kappa, beta;
};
struct lat_thoughts_bound {
  double leak, content, fetch; /* eps; error of a cached channel; of a fetched one */
  double chosen, next;         /* error of a selected bit, of a new channel */
  double left, right;          /* the inequality of the first clip */
  const char *failed;          /* another condition that fails, or NULL */
};
void lat_thoughts_bound(const struct lat_thoughts_setting *setting, struct lat_thoughts_bound *bound);
/* The smallest beta that the weights can realise and that certifies; infinity when none does. */
double lat_thoughts_smallest_beta(struct lat_thoughts_setting setting);
struct lat_thoughts_setting lat_thoughts_setting_of(const struct lat_construction *construction,
                                                    const struct lat_thoughts_layout *layout, size_t sequence);

#endif
