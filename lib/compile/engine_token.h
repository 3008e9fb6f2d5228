/* Inside the engine: one token of a chunk. */
#ifndef LAT_COMPILE_ENGINE_TOKEN_H
#define LAT_COMPILE_ENGINE_TOKEN_H

#include "lib/compile/engine_step.h"

/* Adds the attention output and the feed-forward part to token i by a layer of this kind, for all vectors of the chunk. True
 * when a bit of its state changed; only chunks that follow changes are told. */
int lat_token_update(struct lat_chunk *chunk, size_t kind, size_t i);

/* The values of token i that attention will mix, from its state. */
void lat_token_values(struct lat_chunk *chunk, size_t kind, size_t i);

#endif
