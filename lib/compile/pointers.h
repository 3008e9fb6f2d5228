/* Which token each query of a layer matches best. */
#ifndef LAT_COMPILE_POINTERS_H
#define LAT_COMPILE_POINTERS_H

#include "lib/compile/probe.h"
#include "lib/nn/prompt.h"

/* pointer [N * H]: the token whose key has the largest product with the query of token i in head h. Keys must be +-
 * codes (all components of one size) that tell the tokens apart, and a query must match one of them in every sign: then
 * the best match is unique and is found in O(N log N). LAT_INPUT with a sentence otherwise; LAT_UNSUPPORTED beyond 64
 * components. Tokens are taken as the prompt gives them, all inputs 0. */
int lat_pointers_find(const struct lat_transformer *model, struct lat_probe *probe, const struct lat_prompt *prompt,
                      uint32_t *pointer);

#endif
