/* The construction in narrow number formats: which weights stand for beta, kappa and the norm, and the bound behind the
 * certificate. Single precision does not come here.
 *
 * The scale of attention is a power of two, so that the product with it is exact, and the query weight has so few bits of
 * significand that every partial sum of a score is exact in the accumulator wherever that is possible: logits then fall by
 * exactly 2 beta for each address bit that differs. The gain of a norm is the value of the storage that gives exactly 1 back,
 * where there is one. */
#ifndef LAT_COMPILE_FORMAT_H
#define LAT_COMPILE_FORMAT_H

#include "lib/compile/certificate.h"

/* Slope of the clip when none is asked for: 2 kappa + 1 and kappa +- 1/2 have 2 bits, which every format here holds. */
#define LAT_FORMAT_KAPPA 1.0

double lat_format_scale(size_t address_bits); /* 2^round(-log2(m) / 2) */
unsigned lat_format_query_bits(struct lat_arithmetic arithmetic, size_t address_bits);
float lat_format_query_weight(struct lat_arithmetic arithmetic, double beta, size_t address_bits);
/* The largest beta whose query weight and scores the formats hold. */
double lat_format_largest_beta(struct lat_arithmetic arithmetic, size_t address_bits);
/* The query weights that can be realised and that a search for the smallest beta has to try, smallest first; 0 after the last. */
double lat_format_numbered_query(struct lat_arithmetic arithmetic, size_t address_bits, long index);
/* Half a unit in the last place of a number of at most this size; infinite beyond the range. */
double lat_format_half_unit(enum lat_dtype dtype, double size);
/* The slope of hidden units: lat_construct_activation_scale, but a smaller one where the range is as short as E4M3's. */
float lat_format_activation_scale(enum lat_activation activation, struct lat_arithmetic arithmetic);
/* Before attention (`second` = 0) or before the feed-forward part. */
float lat_format_gain(struct lat_arithmetic arithmetic, enum lat_norm norm, const struct lat_layout *layout, int second);

/* The certificate of a compiled model whose arithmetic is not plain; as lat_certify. */
void lat_format_certify(const struct lat_compiled *compiled, struct lat_certificate *certificate);

/* The bound itself, as a function of numbers. */
struct lat_format_setting {
  struct lat_arithmetic arithmetic;
  size_t tokens, address_bits, fan_in; /* N, m, K */
  double kappa, cut, query_weight;     /* cut: |argument| beyond which the activation is ReLU; 0 for ReLU */
  int exact_layer; /* rows of +-1 pass the projections and the feed-forward part without error: lat_format_layer_is_exact */
  int bounded;     /* the model is one whose errors are derived: no norm, a clip */
};
struct lat_format_bound {
  int exact, invariant;    /* every wire is exactly +-1; |v - bit| <= eta is kept */
  double weight_off, lost; /* bounds: stored softmax weight on wrong addresses; 1 - weight of the right one */
  double fetched, eta;     /* |fetched value - value| before it is stored; the invariant */
  double left, right;      /* the inequality: left <= right */
  const char *failed;      /* what cannot be derived, or NULL */
};
void lat_format_bound(const struct lat_format_setting *setting, struct lat_format_bound *bound);

/* Runs the first layer's own kernels on rows of +-1 for every pattern of fetched bits, table entry, value and ready bit. */
int lat_format_layer_is_exact(const struct lat_compiled *compiled);

#endif
