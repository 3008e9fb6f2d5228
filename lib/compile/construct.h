/* The pieces of lat_compile, one file each: the block's weights, the prompt, the embeddings of the weight-encoded variant.
 * Nothing here allocates; the model and the prompt come in the right shape, all zero (gains one). */
#ifndef LAT_COMPILE_CONSTRUCT_H
#define LAT_COMPILE_CONSTRUCT_H

#include "lib/compile/compile.h"

/* What beta becomes when it is chosen automatically and no beta short of the bit-exact mode certifies. */
#define LAT_CONSTRUCT_BIT_EXACT_BETA 53.0

enum {
  /* GELU(t x) / t with this t stands for ReLU(x). A power of two, so that scaling by it is exact; large enough that the
   * zone in which GELU differs from ReLU is narrow against the clip, and small enough that nothing leaves the range in
   * which products of a few terms keep their last bit. */
  LAT_CONSTRUCT_GELU_SCALE = 256,
  /* With pairs a channel is cleared by a unit that stays in its linear part: ReLU(x + 2) - 2. */
  LAT_CONSTRUCT_CLEAR_OFFSET = 2,
  /* Weights that are sums of the user's numbers keep this many bits of mantissa. */
  LAT_CONSTRUCT_MANTISSA_BITS = 12
};

#define LAT_CONSTRUCT_NORM_EPSILON 1e-5

/* The nearest number with LAT_CONSTRUCT_MANTISSA_BITS bits of mantissa. */
double lat_construct_round(double value);

/* The slope that the hidden units get: 1 for ReLU. */
float lat_construct_activation_scale(enum lat_activation activation);

/* The query weight for the wanted beta, and the beta that a query weight realises with m address bits: the logit of a
 * token falls by exactly 2 beta for each address bit that differs, up to one rounding of the logit. */
float lat_construct_query_weight(double beta, size_t address_bits);
double lat_construct_realised_beta(float query_weight, size_t address_bits);

/* Mean square of a row before attention (`second` = 0: scratch is 0) or before the feed-forward part (scratch is +-1); the
 * same for every row of every circuit, so one gain turns a normalised channel back into +-1. Of the floats next to the
 * exact root the gain is the first that gives 1 after rounding, so that a model with bit-exact attention stays bit-exact
 * under a norm wherever the norm's arithmetic allows it. */
double lat_construct_mean_square(const struct lat_layout *layout, int second);
float lat_construct_gain(double mean_square, double epsilon);

struct lat_transformer_config lat_construct_config(const struct lat_construction *construction,
                                                   const struct lat_layout *layout, size_t nodes);
/* The query weights alone, again for another beta. */
void lat_construct_query(const struct lat_construction *construction, const struct lat_layout *layout,
                         struct lat_layer *layer);
/* Attention, feed-forward part and norms of one layer. */
void lat_construct_layer(const struct lat_construction *construction, const struct lat_layout *layout, double norm_epsilon,
                         struct lat_layer *layer);
/* The row of node i with all inputs 0. */
void lat_construct_row(const struct lat_netlist *netlist, const struct lat_layout *layout, size_t node, float *row);
void lat_construct_prompt(const struct lat_netlist *netlist, const struct lat_layout *layout, struct lat_prompt *prompt);
/* LAT_VARIANT_WEIGHTS: position embedding = prompt state, token embedding = input delta, head = readout. */
void lat_construct_embedding(const struct lat_prompt *prompt, struct lat_transformer *model);

#endif
