/* Sequences that grow on the tape: attention of the newest tokens over all, with gradients, and rows put together and taken
 * apart. The differentiable counterpart of lib/nn/decode.h: a thought is computed from keys and values that are already there.
 *
 * Conventions of lib/nn/operation.h. An array [B n, D] holds n rows of each of B sequences, sequence after sequence. */
#ifndef LAT_NN_EXTEND_H
#define LAT_NN_EXTEND_H

#include "lib/nn/operation.h"
#include "lib/nn/pass.h"

/* The last n tokens of sequences of S = shape->sequence read all that the mask allows them: q [B n, H key_width], k [B S, H
 * key_width], v [B S, H value_width] -> [B n, H value_width]. Token i of the n stands at place S - n + i. Formulas: lat_attend. */
struct lat_array *lat_attend_last(struct lat_tape *tape, const struct lat_attention_shape *shape, size_t n,
                                  struct lat_array *q, struct lat_array *k, struct lat_array *v);

/* a [B p, D] and b [B n, D] -> [B (p + n), D]: in each sequence a's rows, then b's. a may be NULL: b itself. Backward: taken apart. */
struct lat_array *lat_join_rows(struct lat_tape *tape, size_t batch, struct lat_array *a, struct lat_array *b);
/* Rows first .. first + n - 1 of each of B sequences: x [B S, D] -> [B n, D]. dx there. */
struct lat_array *lat_take_rows(struct lat_tape *tape, size_t batch, struct lat_array *x, size_t first, size_t n);

/* Keys and values of the tokens so far, in every layer of every step of the loop. Lives on the pass's tape. */
struct lat_pass_cache {
  size_t tokens, steps;            /* so far; T */
  struct lat_array **key, **value; /* [T L], [B tokens, ..]; NULL before the first token */
};
/* `steps` >= 1 loops of the block. NULL (and the tape's status) without memory. The model must be causal or windowed. */
struct lat_pass_cache *lat_pass_cache_make(struct lat_pass *pass, size_t steps);

/* token [B n, fields] at the places after the cache's -> [B n, D]; else as lat_pass_embed. */
struct lat_array *lat_pass_embed_next(struct lat_pass *pass, const struct lat_pass_cache *cache, size_t n,
                                      const int32_t *token);
/* Rows x [B n, D] at those places: x with the learned or sinusoidal positions added: for thoughts, which have no token. */
struct lat_array *lat_pass_place_next(struct lat_pass *pass, const struct lat_pass_cache *cache, size_t n,
                                      struct lat_array *x);

/* Appends n embedded tokens, x [B n, D], to every sequence and gives the states of the last `last` of them after all steps, [B last,
 * D], 1 <= last <= n: the last layer computes nothing but keys and values for the others. The same numbers as one pass over the
 * whole sequence, within rounding. `between` is not called; dropout as in a pass. */
struct lat_array *lat_pass_extend(struct lat_pass *pass, struct lat_pass_cache *cache, size_t n, size_t last,
                                  struct lat_array *x);

/* A state as the final norm leaves it, [R, D]: what a continuous thought feeds back (Hao et al. 2024). */
struct lat_array *lat_pass_final(struct lat_pass *pass, struct lat_array *x);

#endif
