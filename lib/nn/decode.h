/* Decoding with a key-value cache: the one transformer, a few tokens at a time.
 *
 * The cache keeps the keys and values of every layer at every step of the loop for the tokens that have passed, so that
 * later tokens read them without computing them again. Only causal and windowed models can be decoded. The state that comes
 * out for a token is that of lat_transformer_run over the whole sequence: within the rounding of the matrix products, whose
 * order of summation may depend on the number of rows (tests state the bound). Source: Shazeer 2019 (incremental decoding). */
#ifndef LAT_NN_DECODE_H
#define LAT_NN_DECODE_H

#include "lib/nn/transformer.h"

struct lat_cache;

/* Room for B sequences of at most S tokens and `steps` steps of the block. The model must outlive it. LAT_INPUT for a full
 * mask or sizes that cannot be, LAT_MEMORY. The caller frees it. */
int lat_cache_alloc(const struct lat_transformer *model, size_t batch, size_t sequence, size_t steps,
                    struct lat_cache **cache);
void lat_cache_free(struct lat_cache *cache);
/* Forgets all tokens after the first `tokens`. */
void lat_cache_truncate(struct lat_cache *cache, size_t tokens);
size_t lat_cache_tokens(const struct lat_cache *cache);
/* Bytes of the keys and values of the tokens that are in it, at `bytes_per_number` each. */
double lat_cache_bytes(const struct lat_cache *cache, double bytes_per_number);

/* Appends `tokens` tokens to every sequence: x [B, tokens, D] holds their embeddings and becomes their states after `steps`
 * steps (before the final norm, as lat_transformer_run leaves it). LAT_INPUT when the cache has no room. Allocates nothing. */
int lat_transformer_decode(const struct lat_transformer *model, struct lat_cache *cache, size_t tokens, float *x);

/* token [B, tokens, fields] at positions first .. first + tokens - 1 -> x [B, tokens, D]; else as lat_transformer_embed. */
int lat_transformer_embed_at(const struct lat_transformer *model, size_t batch, size_t tokens, size_t first,
                             const int32_t *token, float *x);

/* Greedy choice: the index of the largest logit, the smallest index among equals; -1 when one is NaN. */
int32_t lat_greedy(size_t vocabulary, const float *logits);

/* Floating-point operations of one step of the block for one token that reads `context` tokens (itself included), counted as
 * lat_transformer_flops counts; without embedding and head. */
double lat_decode_flops(const struct lat_transformer_config *config, size_t context);

#endif
