/* The one-vector machine: all wires of a circuit in one thought.
 *
 * One token, no attention: the state is the thought and what a step gives back is the next thought. Width D = 2 N: channel i
 * holds the value of node i, channel N + i its ready bit, all +1 or -1. A layer is a feed-forward part that reads fan-ins
 * directly,
 *   v_i <- -1 + 2 sum_s clip( sum_k s_k v_(fan-in k) - (K_i - 1) )   over the sign patterns s for which gate i is true,
 *   r_i <- -1 + 2 clip( sum_k r_(fan-in k) - (K_i - 1) ),            clip(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2),
 * or +1 - 2 sum over the patterns for which it is false, when those are fewer: at most 2^(K-1) clips and one more for the
 * ready bit, 3 for K = 2. Inputs and constants read themselves. Each channel is cleared by two units. So F = sum over nodes
 * (2 patterns + 6), at most 10 N for K = 2, and after t layers every node of level <= t holds its value, r = [level <= t].
 *
 * There is no leak, for nothing is looked up by a softmax, and every sum is of whole numbers and halves of small size: exact
 * in any order, see lat_vector_certify. The price is in the parameters: 4 N F of them, nearly all 0, made for one circuit.
 * So the machine is kept sparse and run sparsely; the dense model is built on request. Source: threshold gates by ReLU
 * (McCulloch and Pitts 1943; Maass 1997); thoughts that are vectors fed back: Hao et al. 2024 (Coconut). */
#ifndef LAT_COMPILE_VECTOR_H
#define LAT_COMPILE_VECTOR_H

#include "lib/compile/engine.h"

/* The dense model is refused above this many bytes of parameters. */
#define LAT_VECTOR_DENSE_BYTES ((size_t)1 << 30)

/* Unit u adds down[u] act( bias[u] + sum over its terms weight x[column] ) to its target; the units of target c are
 * unit[c] .. unit[c + 1] - 1, the terms of unit u are term[u] .. term[u + 1] - 1. All layers are the same. */
struct lat_vector {
  struct lat_construction construction; /* with steps and kappa filled in; kappa 0 becomes 1 */
  size_t nodes, inputs, outputs;        /* N, I, O */
  size_t width, ffn, terms;             /* D, F, non-zero weights of the up projection */
  uint32_t depth;
  uint32_t *level;     /* [N] */
  uint32_t *output;    /* [O]: nodes */
  size_t *unit, *term; /* [D + 1], [F + 1] */
  float *bias, *down;  /* [F], [F] */
  uint32_t *column;    /* [terms] */
  float *weight;       /* [terms] */
  float *base;         /* [D]: bias of the down projection, +1 or -1 */
  float *state;        /* [D]: first thought, all inputs 0 */
  size_t *fan_first;   /* [N + 1]: channels that v_i and (N further) r_i depend on are fan[fan_first[i]] ... */
  uint32_t *fan;
};

/* LAT_INPUT for parameters that cannot be, LAT_UNSUPPORTED for LayerNorm (the mean of a thought is not constant), for no
 * snap and for bits_per_step (lib/compile/thoughts.h); LAT_MEMORY. Mask, beta and attention do not matter. The caller frees
 * it. */
int lat_vector_compile(const struct lat_netlist *netlist, const struct lat_construction *construction,
                       struct lat_vector **vector);
void lat_vector_free(struct lat_vector *vector);

/* F and the parameters of the dense model, by formula from the netlist. SIZE_MAX when it cannot be counted. */
size_t lat_vector_units(const struct lat_netlist *netlist);
size_t lat_vector_parameters(const struct lat_netlist *netlist, const struct lat_construction *construction);

/* The shape of the dense model. */
struct lat_transformer_config lat_vector_config(const struct lat_vector *vector);
/* The dense model and its prompt. LAT_UNSUPPORTED with the numbers above LAT_VECTOR_DENSE_BYTES, LAT_MEMORY. */
int lat_vector_dense(const struct lat_vector *vector, struct lat_transformer **model, struct lat_prompt **prompt);

/* Certified: every thought is +1 and -1 exactly, for all inputs and any depth, in the construction's arithmetic. beta_minimum
 * is NaN, for there is no softmax. Never fails. */
void lat_vector_certify(const struct lat_vector *vector, struct lat_certificate *certificate);

/* Runs all vectors sparsely, 64 at a time on one thread each: the additions of lat_transformer_run without those of zeros.
 * For certified machines only, because then their order cannot matter and the bits are the same; a channel none of whose
 * sources changed in the last layer is not computed again. LAT_UNSUPPORTED when not certified. The record is that of
 * lat_engine_run. `share` (or NULL) gets the share of channels that were computed. */
int lat_vector_run(const struct lat_vector *vector, const struct lat_vectors *inputs, const struct lat_vectors *values,
                   struct lat_engine_record *record, double *share);

/* The thought [D] of every vector after every step, 0 .. T, in order of vectors by 64 and then of steps; sparse, as above. */
int lat_vector_trace(const struct lat_vector *vector, const struct lat_vectors *inputs, size_t steps,
                     lat_engine_watch *watch, void *context);

/* The same record from lat_transformer_run itself, whatever the arithmetic. */
int lat_vector_run_dense(const struct lat_vector *vector, const struct lat_transformer *model,
                         const struct lat_prompt *prompt, const struct lat_vectors *inputs,
                         const struct lat_vectors *values, struct lat_engine_record *record);

/* Floating-point operations of one step on one thought: of the dense model, and of its weights that are not 0. */
double lat_vector_flops_dense(const struct lat_vector *vector);
double lat_vector_flops_sparse(const struct lat_vector *vector);

#endif
