/* Inside the engine: what is read off the weights before any vector is run. Not for callers of the library.
 *
 * Channels of the residual stream fall in three classes. Static: no output or down projection writes them, so they are the
 * same in every step and for every input vector. Vector: what an input bit can influence (the closure of the input's
 * channels over value, output, up and down weights). Common: mutable, but out of reach of the inputs (the ready bits), so
 * one run serves all vectors. A norm makes every channel depend on every other through its scale; then all mutable
 * channels count as vector channels. So the two parts, vector and common, never read each other, exactly.
 *
 * With a norm y = gain * (x - mean) * r + bias, a row of W y + b is r (A_i + sum over the part's channels of W gain x -
 * mean G) + B, where A_i sums the static channels of token i, G = sum W gain, B = b + sum W bias: A_i is computed once. A gain
 * that is the same for all channels is kept apart and multiplies r: sums of +-1 stay whole numbers, and where r gain is
 * exactly 1 so does everything else, which bit-exact mode needs. */
#ifndef LAT_COMPILE_ENGINE_PLAN_H
#define LAT_COMPILE_ENGINE_PLAN_H

#include "lib/compile/engine.h"

enum { LAT_LANES = 16 }; /* vectors that one instruction of the widest machines holds; on others the compiler splits it */
typedef float lat_lanes __attribute__((vector_size(4 * LAT_LANES)));

/* Rows of sparse linear functions: terms first[r] .. first[r + 1] - 1, and what the formula above calls A, G, B. */
struct lat_sparse {
  size_t rows;
  uint32_t *first;  /* [rows + 1] */
  uint32_t *column; /* local numbers of what the row reads */
  float *weight;
  size_t runs;         /* neighbouring rows with equally many terms */
  uint32_t *run_end;   /* [runs]: the row after its last */
  uint32_t *run_terms; /* [runs] */
  float *base; /* [N, rows]: A_i, plus B when there is no norm; NULL without a norm when all A are 0: then B alone */
  float gain;  /* with a norm: what r is multiplied by, 1 where the weights have the gain in them */
  float *mean; /* [rows]: G; NULL without a LayerNorm */
  float *bias; /* [rows]: B */
};

/* What one layer does to one part. Slot: one value number of one head, fetched by the attention. */
struct lat_part_layer {
  struct lat_sparse value;            /* distinct value functions ("streams") of the part's channels */
  size_t slots;                       /* distinct (head, stream) pairs that this part uses */
  uint32_t *slot_head, *slot_stream;  /* [slots] */
  struct lat_sparse output, up, down; /* channels from slots, units from channels, channels from units */
};

struct lat_part {
  size_t channels;
  uint32_t *column;             /* [channels]: where they are in the residual stream */
  struct lat_part_layer *layer; /* [kinds] */
};

/* How one kind of layer fetches: row source[h * N + i] of the mixed values, times scale. */
struct lat_mixing {
  size_t rows;      /* dense: rows of weights, a multiple of LAT_PANEL; else 0 */
  size_t *panel;    /* dense: [rows / LAT_PANEL + 1], where each panel begins in `weight` */
  uint32_t *source; /* [H * N] */
  float *scale;     /* [H * N] or NULL (all 1) */
  float *weight;    /* dense: panels [tokens that it sees, LAT_PANEL rows] */
  float *flip;      /* fast: [m], softmax weight of one wrong address bit relative to the right one; NULL for a gather */
  uint32_t *reader_first, *reader; /* gather: who fetches row j, [N + 1] and [H * N] */
};

struct lat_engine {
  const struct lat_compiled *compiled;
  enum lat_attention attention;
  size_t tokens, width, heads, layers, address_bits;
  int gather;                            /* every softmax weight is exactly 0 or 1 */
  int merged;                            /* no common part */
  size_t kinds;                          /* layers with different weights */
  uint32_t *kind;                        /* [layers] */
  struct lat_part part[2];               /* vector, common */
  struct lat_mixing *mixing;             /* [kinds] */
  float *static_sum, *static_square;     /* [N]: of the static channels; NULL without a norm */
  float *initial;                        /* [N]: nominal 1 / standard deviation by which queries and keys were scaled */
  size_t value_local[2], ready_local[2]; /* local numbers of the first value and ready columns; channels when not there */
  size_t value_part, ready_part;
  double share; /* of the last run, see lat_engine_share */
  double drift; /* of the last run, see lat_engine_scale_drift */
  size_t bytes;
};

enum { LAT_VECTOR_PART = 0, LAT_COMMON_PART = 1, LAT_PANEL = 6 };

/* Memory that is counted in engine->bytes. */
void *lat_engine_memory(struct lat_engine *engine, size_t count, size_t size);

/* Fills kinds, parts and static sums. LAT_UNSUPPORTED for models that are not of this shape, LAT_MEMORY. */
int lat_plan_make(struct lat_engine *engine);
void lat_plan_free(struct lat_engine *engine);

/* Queries [H * N, key_width] and keys [N, key_width * H] of layer kind `kind`, from the initial state. The caller frees. */
int lat_plan_queries(const struct lat_engine *engine, size_t kind, float **query, float **key);

/* The first layer of this kind. */
const struct lat_layer *lat_plan_layer(const struct lat_engine *engine, size_t kind);

/* Fill mixing[kind]. */
int lat_dense_make(struct lat_engine *engine, size_t kind);
int lat_fast_make(struct lat_engine *engine, size_t kind);

#endif
