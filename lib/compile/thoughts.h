/* One thought a step, everything said before is in the cache: chain of thought and its continuous sibling, ONE construction.
 *
 * A step emits w = bits_per_step gate values. The sequence is a prompt of P = ceil(inputs / w) tokens (at least 1) with the
 * input bits, w a token, then T thoughts; thought t = 1 .. T stands at position P + t - 1 and is made at the position before
 * it, from the gates of lat_schedule_make. The circuit is in the position embedding: the row of a position holds its own
 * address (m bits), and for each of the w gates of the NEXT thought K pointers (address of the position that holds the
 * fan-in, and which of its w bits, in binary code) and the truth table; all +-1. K w heads fetch the contents of the
 * positions that are pointed at, the feed-forward part of layer 1 selects the bit by clips, that of layer 2 evaluates the
 * tables. With w = 1 there is nothing to select and one layer does both. With two layers the attention of the second is idle
 * (all its weights are 0), but it is there and is counted. Nothing is overwritten: a token passes the block once.
 *
 * Feedback, the only difference:
 *   LAT_VARIANT_COT     tokens: logits over V = 2^w, head rows = +-1 code of the token, the largest logit is the thought, and
 *                       its embedding is the +-1 bits in d = w channels. The error of a step is not carried on.
 *   LAT_VARIANT_VECTOR  vectors: the d = ceil(w / b) channels that the last layer leaves ARE the next input (with the next
 *                       position's row), no token and no choice. A channel of r <= b bits has M = 2^r levels
 *                       (2 n - M + 1) / (M - 1), n = sum_i 2^i bit_i; whoever reads it takes n apart by a staircase of
 *                       clips, which is its snap.
 *
 * Source: Wei et al. 2022 (chain of thought); Merrill and Sabharwal 2024, Feng et al. 2023 (what it can compute); Hao et al.
 * 2024 (continuous thoughts). */
#ifndef LAT_COMPILE_THOUGHTS_H
#define LAT_COMPILE_THOUGHTS_H

#include "lib/circuit/schedule.h"
#include "lib/circuit/simulate.h"
#include "lib/compile/certificate.h"
#include "lib/compile/compile.h"
#include "lib/nn/transformer.h"

enum {
  LAT_THOUGHTS_TOKEN_BITS = 17,    /* w at most for tokens: V = 131,072 */
  LAT_THOUGHTS_VECTOR_BITS = 4096, /* and for vectors, whose size sets a lower limit long before */
  LAT_THOUGHTS_CHANNEL_BITS = 12   /* b at most */
};
/* Larger models are refused with a sentence: 2 GiB. */
#define LAT_THOUGHTS_LARGEST ((size_t)1 << 29)

/* First column of each group of channels in the residual stream. */
struct lat_thoughts_layout {
  size_t address_bits, select_bits; /* m, ceil(log2 w) */
  size_t channels;                  /* d */
  size_t heads, ffn, layers, width; /* K w, F, 1 or 2, D */
  size_t address;                   /* [m] */
  size_t pointer, select;           /* [w K m], [w K select_bits], gate first */
  size_t table;                     /* [w 2^K] */
  size_t content;                   /* [d]: the thought that stands here */
  size_t fetched;                   /* [w K d] */
  size_t chosen;                    /* [w K]; = fetched when w = 1 */
  size_t next;                      /* [d]: the thought that comes next */
};

struct lat_thoughts {
  struct lat_transformer *model;
  struct lat_construction construction; /* with every automatic value filled in: layers, steps, beta, kappa, w, b */
  struct lat_schedule schedule;
  struct lat_thoughts_layout layout;
  size_t inputs, outputs, nodes;
  size_t prompt_tokens, steps, sequence; /* P, T, S = P + T - 1 (the last thought is not fed back), at least P */
  size_t vocabulary, channels;           /* V (0: vectors), d */
  uint32_t *place;                       /* [nodes]: position * w + bit; UINT32_MAX: never emitted */
  uint32_t *gate;                        /* [T w]: the node in each bit of each thought; UINT32_MAX: empty, always 0 */
  uint32_t *output;                      /* [outputs]: the node it shows */
  double beta;                           /* as the float weights realise it */
};

/* `construction`: fan_in, variant (vector or cot), norm none, activation relu, beta, kappa, arithmetic, bits_per_step (0: 1),
 * bits_per_channel (0: 1; cot: 1 only) count; mask is always causal; layers 0 or 1 mean as many as it takes; steps 0 or T.
 * LAT_INPUT or LAT_UNSUPPORTED with a sentence for what cannot be, LAT_MEMORY. The caller frees it. */
int lat_thoughts_compile(const struct lat_netlist *netlist, const struct lat_construction *construction,
                         struct lat_thoughts **thoughts);
void lat_thoughts_free(struct lat_thoughts *thoughts);

/* Parameters of such a model for a sequence of S positions, by formula. */
size_t lat_thoughts_parameters(const struct lat_construction *construction, size_t sequence);

/* Bits and levels of channel c: r and 2^r. */
unsigned lat_thoughts_channel_bits(const struct lat_thoughts *thoughts, size_t channel);
/* Writes the channels [d] of a thought whose bit j is bit[j] (0 or 1; [w]), and reads them back by the nearest level. */
void lat_thoughts_pack(const struct lat_thoughts *thoughts, const unsigned char *bit, float *channel);
void lat_thoughts_unpack(const struct lat_thoughts *thoughts, const float *channel, unsigned char *bit);

/* May change the new thoughts [batch, d] of vectors first .. first + batch - 1 after step t = 1 .. T, before the token is
 * chosen (cot) or the vector fed back (vector): this is where noise comes in. A status other than LAT_OK ends the run. */
typedef int lat_thoughts_hook(void *context, size_t step, size_t first, size_t batch, size_t channels, float *thought);

/* What a run is to record. Zero-initialise; pointers may be NULL. */
struct lat_thoughts_record {
  size_t steps;                /* in: think only so many thoughts; 0: all T. Outputs that are not thought of then are 0 */
  struct lat_vectors *outputs; /* [outputs] */
  uint64_t *step_wrong;        /* [T]: wrong gate bits in each thought, over all vectors; needs values */
  uint32_t *first_wrong;       /* [vectors]: the first thought with a wrong gate bit; T + 1: none; needs values */
  lat_thoughts_hook *hook;
  void *hook_context;
  int (*progress)(void *context, size_t done, size_t total); /* a status other than LAT_OK ends the run */
  void *context;
  /* Out. */
  size_t thoughts;     /* that were made, per vector */
  uint64_t bits;       /* gate values that were emitted, per vector: what the schedule materialises */
  uint64_t wrong_bits; /* over all vectors; needs values */
  uint64_t wrong_vectors;
  double largest_error; /* of a thought's channel against its right level, before a token is chosen; needs values */
  double flops;         /* per vector: prompt, thoughts and head */
  double cache_bytes;   /* per vector at the end, 4 bytes a number */
};

/* Runs all vectors, in batches, token by token through lat_transformer_decode. `values` (of lat_simulate for the same
 * netlist, all nodes) may be NULL. LAT_MEMORY, LAT_NUMERIC when a logit or channel is not a number. */
int lat_thoughts_run(const struct lat_thoughts *thoughts, const struct lat_vectors *inputs,
                     const struct lat_vectors *values, struct lat_thoughts_record *record);

/* What lat_thoughts_run will report as flops and cache_bytes, by formula; `steps` as in the record. */
double lat_thoughts_flops(const struct lat_thoughts *thoughts, size_t steps);
double lat_thoughts_cache_bytes(const struct lat_thoughts *thoughts, size_t steps);

/* One inequality per step for all inputs and any number of steps; in narrow formats: nothing is ever off; see DESIGN.md. Never fails: what it
 * cannot derive it calls not certified, with the reason. */
void lat_thoughts_certify(const struct lat_thoughts *thoughts, struct lat_certificate *certificate);

#endif
