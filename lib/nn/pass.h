/* The one transformer on a tape: the same parameters and formulas as lib/nn/transformer.h, with gradients.
 *
 * A pass is a composition: embed, steps of the block, logits; what an experiment adds (thoughts put into rows, noise, exits,
 * losses of single loops) stands between these. Tests hold the values to lat_transformer_run. Single precision only. */
#ifndef LAT_NN_PASS_H
#define LAT_NN_PASS_H

#include "lib/nn/operation.h"
#include "lib/nn/transformer.h"

struct lat_pass_linear {
  struct lat_array *weight, *bias;
};
struct lat_pass_norm {
  struct lat_array *gain, *bias;
};
struct lat_pass_layer {
  struct lat_pass_norm norm1, norm2, norm3, norm4;
  struct lat_pass_linear query, key, value, output, up, down;
};

struct lat_pass;
/* What an experiment does with the state after step t (0-based): makes it narrower, disturbs it, reads it. Returns what goes on to
 * the next step and to the logits (x itself when it only reads); NULL after a failure that the tape has. May run on many
 * threads at once with one context. */
typedef struct lat_array *lat_between(void *context, struct lat_pass *pass, size_t step, struct lat_array *x);

/* A model's parameters as leaves of a tape, and the shape of the pass. Lives on the tape until its reset. */
struct lat_pass {
  struct lat_tape *tape;
  const struct lat_transformer *model;
  size_t batch, sequence; /* B, S */
  struct lat_array *token, *position, *head;
  struct lat_array **step; /* [step_embeddings], a row each */
  struct lat_pass_norm inject_norm, final_norm;
  struct lat_pass_layer *layer; /* [L] */
  lat_real *rotary;             /* [S, key_width] or NULL */
  double dropout;               /* of what each half of a layer adds, and of the embedding; set by the caller, 0 at first */
  struct lat_random *random;    /* for dropout; the caller's */
  double stream; /* what a half of a layer keeps of its input; 1 at first, 0: no residual connection; set by the caller */
  lat_between *between; /* NULL at first; set by the caller */
  void *between_context;
  struct lat_random *channel; /* draws for `between`; the caller's */
  struct lat_array *
      extra; /* [1, 1]: what `between` adds to the loss, summed over the examples, e.g. that of lat_codebook; NULL: nothing */
};

/* `gradient` [model->count] gets the loss's gradient added, laid out as model->parameters; NULL for a pass without one. NULL when
 * memory runs out. With sinusoidal positions `position` is a table without gradient. */
struct lat_pass *lat_pass_make(struct lat_tape *tape, const struct lat_transformer *model, size_t batch, size_t sequence,
                               lat_real *gradient);

/* token [B S, fields] -> [B S, D]. LAT_INPUT (as the tape's status, and NULL) for a token outside 0..V-1. */
struct lat_array *lat_pass_embed(struct lat_pass *pass, const int32_t *token);

/* What comes before step t (0-based): the injected input and the step's embedding. `first` is the state before the first step. */
struct lat_array *lat_pass_begin_step(struct lat_pass *pass, size_t step, struct lat_array *x, struct lat_array *first);

/* One layer, one step of the block (its begin and all layers). */
struct lat_array *lat_pass_layer(struct lat_pass *pass, size_t layer, struct lat_array *x);
struct lat_array *lat_pass_step(struct lat_pass *pass, size_t step, struct lat_array *x, struct lat_array *first);

/* Steps 0 .. steps - 1; gradients go back through the last `through` steps only (truncated back-propagation, Williams and Peng
 * 1990; SIZE_MAX: through all of them, and then into the embedding). Where the input is injected, each of those steps leads to the
 * embedding too. state[t] (may be NULL) gets the state after each step and after
 * `between`. */
struct lat_array *lat_pass_run(struct lat_pass *pass, size_t steps, size_t through, struct lat_array *x,
                               struct lat_array **state);

/* Logits [rows, classes] of states [rows, D], with the final norm. */
struct lat_array *lat_pass_logits(struct lat_pass *pass, struct lat_array *x);

#endif
