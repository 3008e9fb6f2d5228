/* The one transformer of the project: forward part.
 *
 * State x is [B, S, D]: B sequences of S tokens with a residual stream of width D. A block has L layers; the block is
 * applied T times with the same parameters (recurrent depth, "looped"). A layer is
 *   x <- x + W_o concat_h( softmax_j( scale * <q_i, k_j> + mask ) v_j ) + b_o,  q, k, v = W norm1(x) + b
 *   x <- x + W_down act( W_up norm2(x) + b_up ) + b_down
 * Before step t (0-based) the first state comes in again as enum lat_injection says, then x <- x + step_embedding[t] when the
 * model has one. After the last step, x <- final_norm(x) when the model has one; logits = head x. Source: Vaswani et al. 2017;
 * pre-LN as in GPT-2 (Radford et al. 2019); loops as in Dehghani et al. 2019 (Universal Transformers) and Giannou et al. 2023.
 * RMSNorm: Zhang and Sennrich 2019. GELU: Hendrycks and Gimpel 2016. Rotary: Su et al. 2021.
 *
 * That is the placement `pre`. `post`: x <- norm1(x + attention(x)), x <- norm2(x + feed(x)) (Vaswani et al. 2017); `sandwich`: x
 * <- x + norm3(attention(norm1 x)), x <- x + norm4(feed(norm2 x)) (Ding et al. 2021). What is added is multiplied by
 * residual_scale first (in `sandwich` after its norm).
 *
 * Parameters lie in ONE array `parameters` of `count` floats; the pointers below are into it. Linear weights are [out, in],
 * y = W x + b (PyTorch's convention). A pointer is NULL where the configuration has no such part. */
#ifndef LAT_NN_TRANSFORMER_H
#define LAT_NN_TRANSFORMER_H

#include <stddef.h>
#include <stdint.h>

#include "lib/nn/dtype.h"
#include "lib/nn/real.h"

enum lat_norm { LAT_NORM_NONE, LAT_NORM_RMSNORM, LAT_NORM_LAYERNORM };
enum lat_activation { LAT_ACTIVATION_RELU, LAT_ACTIVATION_GELU, LAT_ACTIVATION_GELU_TANH };
enum lat_mask { LAT_MASK_FULL, LAT_MASK_CAUSAL, LAT_MASK_WINDOW };
enum lat_placement { LAT_PLACEMENT_PRE, LAT_PLACEMENT_POST, LAT_PLACEMENT_SANDWICH };
/* Of the state x0 before the first step. add: x <- x + x0 before steps 1, 2, ..; norm: x <- inject_norm(x + x0) there, and
 * inject_norm(x0) before step 0 (Yang et al. 2024; Bai, Kolter and Koltun 2019). */
enum lat_injection { LAT_INJECTION_NONE, LAT_INJECTION_ADD, LAT_INJECTION_NORM };
enum lat_positions { LAT_POSITIONS_NONE, LAT_POSITIONS_LEARNED, LAT_POSITIONS_SINUSOIDAL, LAT_POSITIONS_ROTARY };

struct lat_transformer_config {
  size_t vocabulary; /* V; 0: no token embedding and no head, the state is given */
  size_t
      fields; /* tokens a position: the embedding is `fields` rows of the table [V, D / fields] side by side; 0 means 1 */
  size_t classes;     /* rows of the head; 0: V */
  size_t sequence;    /* S at most, for learned positions; 0 otherwise */
  size_t width;       /* D */
  size_t heads;       /* H; 0: layers without attention, key_width and value_width are then 0 too */
  size_t key_width;   /* of one head, queries and keys; even for rotary positions */
  size_t value_width; /* of one head */
  size_t ffn;         /* hidden units F */
  size_t layers;      /* L */
  size_t steps;       /* T */
  enum lat_norm norm;
  double norm_epsilon;
  enum lat_placement placement; /* where norms stand, see above */
  double residual_scale;        /* of what a half of a layer adds to the stream; 0 means 1 */
  enum lat_activation activation;
  enum lat_mask mask;
  size_t window; /* LAT_MASK_WINDOW: token i reads i-window+1 .. i */
  enum lat_positions positions;
  double attention_scale; /* usually 1 / sqrt(key_width) */
  enum lat_injection input_injection;
  size_t step_embeddings;           /* rows of the step embedding; 0: none. Step t uses row min(t, rows - 1) */
  int linear_bias;                  /* attention projections and FFN have biases */
  int tied_head;                    /* the head is the token embedding */
  int final_norm;                   /* the model ends with a norm of the same kind */
  struct lat_arithmetic arithmetic; /* all 0: single precision */
};

struct lat_linear {
  lat_real *weight, *bias;
}; /* [out, in], [out] or NULL */
struct lat_norm_weights {
  lat_real *gain, *bias;
}; /* [D], bias for LayerNorm only; both NULL without norm */
struct lat_layer {
  struct lat_norm_weights norm1, norm2, norm3, norm4; /* norm3 and norm4: of what is added, sandwich only */
  struct lat_linear query, key;                       /* [H * key_width, D] */
  struct lat_linear value;                            /* [H * value_width, D] */
  struct lat_linear output;                           /* [D, H * value_width] */
  struct lat_linear up, down;                         /* [F, D], [D, F] */
};

struct lat_transformer {
  struct lat_transformer_config config;
  size_t count;
  lat_real *parameters;              /* [count], owned */
  lat_real *token, *position, *step; /* [V, D / fields], [sequence, D], [step_embeddings, D] */
  struct lat_layer *layer;           /* [L], owned */
  struct lat_norm_weights inject_norm, final_norm;
  lat_real *head; /* [classes, D] */
};

/* What 0 means in `fields` and `classes` put in: 1 and V. */
size_t lat_transformer_fields(const struct lat_transformer_config *config);
size_t lat_transformer_classes(const struct lat_transformer_config *config);

/* A model of this shape with all parameters 0 (gains 1). LAT_INPUT with a sentence for a configuration that cannot be
 * (width 0, odd key_width with rotary positions, ...), LAT_MEMORY. The caller frees it. */
int lat_transformer_alloc(const struct lat_transformer_config *config, struct lat_transformer **model);
void lat_transformer_free(struct lat_transformer *model);

/* Rounds every parameter to config.arithmetic.storage. The emulating kernels take the parameters as they find them: whoever
 * fills a model of a narrow storage calls this once afterwards (lat_compile does). */
void lat_transformer_round(struct lat_transformer *model);

/* How many numbers a model of this shape has, without making it. */
size_t lat_transformer_count(const struct lat_transformer_config *config);

/* Called after each step t = 0 .. T-1 (and, with `per_layer`, after each layer) with the state [B, S, D]. A return other
 * than LAT_OK stops the run and is passed on. */
typedef int lat_observer(void *context, size_t step, size_t layer, const float *x);

/* Scratch for one forward pass of B sequences of S tokens; the caller owns it. A forward pass allocates nothing. */
struct lat_forward;
int lat_forward_alloc(const struct lat_transformer *model, size_t batch, size_t sequence, struct lat_forward **forward);
void lat_forward_free(struct lat_forward *forward);

/* token [B, S, fields] -> x [B, S, D]: token embedding plus positions (learned, sinusoidal). LAT_INPUT for a token outside
 * 0..V-1. */
int lat_transformer_embed(const struct lat_transformer *model, size_t batch, size_t sequence, const int32_t *token,
                          float *x);

/* Applies `steps` steps of the block to x [B, S, D] in place (steps overrides config.steps; both L and T may be 1). Rows
 * and heads are split among OpenMP threads, each output element is computed by one thread in a fixed order: same bits for
 * any number of threads. observer may be NULL. */
int lat_transformer_run(const struct lat_transformer *model, struct lat_forward *forward, size_t steps, float *x,
                        lat_observer *observer, void *context, int per_layer);

/* Applies ONE layer (0-based) to x [B, S, D] in place: the piece that everything else is made of. */
void lat_transformer_layer(const struct lat_transformer *model, struct lat_forward *forward, size_t layer, float *x);

/* logits [B * S, classes] = head final_norm(x) + 0; overwritten. */
void lat_transformer_logits(const struct lat_transformer *model, struct lat_forward *forward, const float *x,
                            float *logits);

/* Floating-point operations of one step on one sequence of S tokens, by the usual count (2 per multiply-add, attention over
 * the pairs that the mask allows). */
double lat_transformer_flops(const struct lat_transformer_config *config, size_t sequence);

const char *lat_norm_name(enum lat_norm norm);                /* "none" "rmsnorm" "layernorm" */
const char *lat_activation_name(enum lat_activation kind);    /* "relu" "gelu" "gelu-tanh" */
const char *lat_mask_name(enum lat_mask mask);                /* "full" "causal" "window" */
const char *lat_placement_name(enum lat_placement placement); /* "pre" "post" "sandwich" */
const char *lat_positions_name(enum lat_positions kind);      /* "none" "learned" "sinusoidal" "rotary" */
const char *lat_injection_name(enum lat_injection injection); /* "none" "add" "norm" */
/* The reverse; LAT_INPUT with the allowed names. */
int lat_norm_parse(const char *name, enum lat_norm *norm);
int lat_activation_parse(const char *name, enum lat_activation *kind);
int lat_mask_parse(const char *name, enum lat_mask *mask);
int lat_placement_parse(const char *name, enum lat_placement *placement);
int lat_positions_parse(const char *name, enum lat_positions *kind);
int lat_injection_parse(const char *name, enum lat_injection *injection);

#endif
