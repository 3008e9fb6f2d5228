/* Pieces of a pass that whole sequences (pass.c) and growing ones (pass_extend.c) share. */
#ifndef LAT_NN_PASS_PARTS_H
#define LAT_NN_PASS_PARTS_H

#include "lib/nn/pass.h"

/* The configured kind of norm; x itself without one. */
struct lat_array *lat_pass_norm_of(struct lat_pass *pass, struct lat_pass_norm weights, struct lat_array *x);
struct lat_array *lat_pass_drop(struct lat_pass *pass, struct lat_array *x);
/* The end of a half: stream x + scale * norm(W input + b), and around it the norm of `post`. */
struct lat_array *lat_pass_finish_half(struct lat_pass *pass, struct lat_pass_linear part, struct lat_pass_norm after,
                                       struct lat_pass_norm around, struct lat_array *input, struct lat_array *x);
/* The second half of a layer. */
struct lat_array *lat_pass_feed_forward(struct lat_pass *pass, const struct lat_pass_layer *layer, struct lat_array *x);

#endif
