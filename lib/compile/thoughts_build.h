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

/* The query weights alone, again for another beta. */
void lat_thoughts_build_query(const struct lat_thoughts *thoughts);

/* In narrow formats, where every number that a channel holds is to be one of a finite set (thoughts_exact.c). The sizes of these numbers;
 * `failed` says what keeps a feed-forward part or the choice of a token from being exact on them, or is NULL. */
enum { LAT_THOUGHTS_EXACT_BITS = 6, LAT_THOUGHTS_SIZES = 8 << LAT_THOUGHTS_EXACT_BITS };
struct lat_thoughts_exact {
  const char *failed;
  double off; /* at most between such a number and the level that it stands for */
  size_t count;
  double size[LAT_THOUGHTS_SIZES];
};
void lat_thoughts_exact(const struct lat_thoughts *thoughts, struct lat_thoughts_exact *exact);

/* kappa and, where it is given, beta as the format has them; LAT_INPUT when it cannot hold them. */
int lat_thoughts_format_choose(struct lat_thoughts *thoughts);
/* A beta that certifies, for the weights that are there, and then the query weights for it. */
void lat_thoughts_format_settle(struct lat_thoughts *thoughts);
void lat_thoughts_format_certify(const struct lat_thoughts *thoughts, struct lat_certificate *certificate);

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
